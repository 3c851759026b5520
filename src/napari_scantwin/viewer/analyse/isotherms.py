"""Isotherms: plateaus and heats of hydride formation, the unit of pressure and logarithms asked for."""

from __future__ import annotations

from qtpy.QtWidgets import QFormLayout, QLineEdit

from napari_scantwin import writers
from napari_scantwin.analyses.isotherms import VIEWS, calculate, rows_of, said, table_of
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.isotherms import _labels, _pressure_name
from napari_scantwin.viewer.analyse.base import Analysis, new_combo, said_no
from napari_scantwin.viewer.analyse.second import SecondScan
from napari_scantwin.viewer.analyse.sources import sources_of
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.tables import Table, fill
from napari_scantwin.writers.tables import write_table

__all__ = ["IsothermsAnalysis"]

_LOGARITHMS = (("not said", None), ("the pressure itself", False), ("log₁₀ of it", 10), ("ln of it", "e"))
_DIRECTIONS = (("as measured", None), ("absorption", "absorption"), ("desorption", "desorption"))


class IsothermsAnalysis(Analysis):
    """Pressure-composition isotherms of the scan, its twin and a second measurement."""

    title = "Isotherms (pressure, composition)"

    @staticmethod
    def why_not(scan) -> str:
        return said_no(lambda: _pressure_name(scan))

    def build(self) -> None:
        self.temperature, self.unit, self.standard = QLineEdit(), QLineEdit(), QLineEdit("1 bar")
        self.temperature.setPlaceholderText("such as 298 K")
        self.unit.setPlaceholderText("such as bar; never guessed")
        self.standard.setToolTip("The standard pressure the entropy counts from")
        self.logarithm = new_combo(*_LOGARITHMS, tip="What the column of pressures holds")
        self.direction = new_combo(*_DIRECTIONS, tip="Says what isotherms are whose order is lost, or picks some")
        self.second = SecondScan(self._viewer, self._chooser, lambda scan: not self.why_not(scan))
        self.view = new_combo(*((title, None) for title in VIEWS))
        self.plot, self.table = CurvePlot(), Table()
        self.form = QFormLayout()
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setVerticalSpacing(3)
        for label, widget in (
            ("Temperature", self.temperature),
            ("Pressure unit", self.unit),
            ("The column is", self.logarithm),
            ("Branches", self.direction),
            ("Standard p₀", self.standard),
            ("Second scan", self.second),
        ):
            self.form.addRow(label, widget)
        self.body.addLayout(self.form)
        self.body.addWidget(self.view)
        self.body.addWidget(self.plot.widget, 3)
        self.body.addWidget(self.table, 2)
        for combo in (self.logarithm, self.direction):
            combo.currentIndexChanged.connect(self.refresh)
        for edit in (self.temperature, self.unit, self.standard):
            edit.textChanged.connect(self.refresh)
        self.second.changed.connect(self.refresh)
        self.view.currentIndexChanged.connect(self._show_view)

    def chosen(self) -> None:
        """Ask for what the scan does not say: a temperature, a unit, whether the column is a logarithm."""
        scan = self._chooser.scan
        if scan is None or self.why_not(scan):
            return
        name = _pressure_name(scan)
        array = scan if name == scan.name else scan[name]
        plain = units.compatible(array.attrs["units"], "dimensionless")
        asked = plain or any(units.is_logarithm(label) for label in _labels(scan, name))
        has = any(is_kind(scan[axis].attrs["units"], "temperature") for axis in scans.axes(scan))
        for widget, shown in ((self.temperature, not has), (self.unit, plain), (self.logarithm, asked)):
            widget.setVisible(shown)
            self.form.labelForField(widget).setVisible(shown)

    def prepare(self):
        options = {
            "temperature": self.temperature.text().strip() or None,
            "pressure_unit": self.unit.text().strip() or None,
            "logarithm": self.logarithm.currentData(),
            "direction": self.direction.currentData(),
        }
        standard = self.standard.text().strip() or "1 bar"
        sources = sources_of((self.layer, self.second.layer))
        return lambda report, stop: calculate(sources, options, standard, stop=stop)

    def show_result(self, result) -> None:
        fill(self.table, *rows_of(result))
        self.said.setText(said(result))
        self._show_view()

    def _show_view(self, *index) -> None:
        if self.result is not None:
            self.plot.show(*VIEWS[self.view.currentText()](self.result))

    def exports(self):
        if self.result is None:
            return {}
        found = self.result
        offered = {"Table": lambda path, stop=None: write_table(path, *table_of(found)), "Plot": self.plot.export}
        for side in found.sides:
            offered[f"Map: plateau pressures, {side.name}"] = lambda path, stop=None, side=side: writers.write(
                side.pressures, path, stop=stop
            )
        return offered
