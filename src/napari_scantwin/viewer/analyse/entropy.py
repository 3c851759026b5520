"""Entropy change: the form, the plot, the table of figures and the maps."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from napari_scantwin import writers
from napari_scantwin.analyses.entropy import EntropySettings, calculate, measured_fields
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.branches import find_axis
from napari_scantwin.physics.magnetization import numbers_needed
from napari_scantwin.viewer.analyse.base import Analysis, new_combo, said_no
from napari_scantwin.viewer.analyse.entropy_views import VIEWS, figure_rows, maps_of, table_of
from napari_scantwin.viewer.analyse.sample_form import SampleForm
from napari_scantwin.viewer.analyse.second import SecondScan
from napari_scantwin.viewer.analyse.sources import sources_of
from napari_scantwin.viewer.canvas.map_layers import prepare_maps, show_or_hide
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.tables import Table, fill
from napari_scantwin.writers.tables import write_table

__all__ = ["EntropyAnalysis"]

_PER = (("by itself", None), ("per mass", "mass"), ("per volume", "volume"), ("per mole", "mole"))
_PER += (("per sample", "sample"),)
_STARTS = (("the lowest measured field", False), ("zero field, with M = 0 there", True))
_BRANCHES = (("all", None), ("rising", "rising"), ("falling", "falling"))
#: Critical exponents of Arrott plots: mean field; S. N. Kaul, J. Magn. Magn. Mater. 53, 5 (1985).
_EXPONENTS = (
    ("mean field (β 0.5, γ 1)", (0.5, 1.0)),
    ("3D Heisenberg (β 0.365, γ 1.386)", (0.365, 1.386)),
    ("3D Ising (β 0.325, γ 1.241)", (0.325, 1.241)),
    ("tricritical (β 0.25, γ 1)", (0.25, 1.0)),
)


class EntropyAnalysis(Analysis):
    """The magnetocaloric entropy change of the sweeps, the twin and a second measurement side by side."""

    title = "Entropy change"

    @staticmethod
    def why_not(scan) -> str:
        def check() -> None:
            if len(scans.axes(scan)) != 2:
                raise ScanError("it needs a scan with two axes, temperature and magnetic field")
            find_axis(scan, "temperature")
            find_axis(scan, "magnetic field")
            numbers_needed(scan.attrs["units"])
            if len(scans.sweeps(scan)) < 2:
                raise ScanError(
                    "the derivative over temperature and the integral over field need two sweeps or more; this scan "
                    "has one: open its sweeps together as one scan"
                )

        return said_no(check)

    def build(self) -> None:
        self.per = new_combo(
            *_PER, tip="What the result is counted by; by itself: per mass where it is known, else as measured"
        )
        self.start = new_combo(*_STARTS, tip="Where the integral over the field starts")
        self.second = SecondScan(self._viewer, self._chooser, lambda scan: not self.why_not(scan))
        self.sample, self.second_sample = SampleForm(), SampleForm("Second:")
        self.fields = QLineEdit()
        self.fields.setToolTip("The fields the entropy change is shown and its figures are read at: a list or a range")
        self.direction = new_combo(*_BRANCHES, tip="Sweeps that go up and down are two branches, which are never mixed")
        self.points = new_combo(
            *((f"{count} points", count) for count in (3, 5, 7, 9)),
            tip="Width of the derivative of measured sweeps: more points, less noise, rounder peaks",
        )
        self.view = new_combo(*((title, None) for title in VIEWS))
        self.exponents = new_combo(*_EXPONENTS, tip="Critical exponents of the Arrott plot")
        self.on_map = QCheckBox("on the map")
        self.on_map.setChecked(True)
        self.on_map.setToolTip("Show the result's maps instead of the scan's own")
        self.plot = CurvePlot()
        self.table = Table()
        self._lay_out()
        for combo in (self.per, self.start, self.direction, self.points, self.exponents):
            combo.currentIndexChanged.connect(self.refresh)
        self.per.currentIndexChanged.connect(self._ask)
        self.fields.textChanged.connect(self.refresh)
        self.second.changed.connect(lambda layer: (self._ask(), self.refresh()))
        for form in (self.sample, self.second_sample):
            form.changed.connect(self.refresh)
        self.view.currentIndexChanged.connect(self._show_view)
        self.on_map.toggled.connect(self.put_on_map)

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setVerticalSpacing(3)
        self.form.addRow("Result", self.per)
        self.form.addRow("Integral from", self.start)
        self.form.addRow("Final fields", self.fields)
        inner = QWidget()
        more = QFormLayout(inner)
        more.setContentsMargins(0, 0, 0, 0)
        more.addRow("Second scan", self.second)
        more.addRow("Branches", self.direction)
        more.addRow("Derivative over", self.points)
        self.settings = Folding("Second scan, settings")
        self.settings.layout().setContentsMargins(0, 0, 0, 0)
        self.settings.addWidget(inner)
        self.body.addLayout(self.form)
        for widget in (self.sample, self.second_sample, self.settings):
            self.body.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(self.view, 1)
        row.addWidget(self.on_map)
        self.body.addLayout(row)
        self.body.addWidget(self.exponents)
        self.body.addWidget(self.plot.widget, 3)
        self.body.addWidget(self.table, 2)
        self.exponents.hide()

    # the form

    def chosen(self) -> None:
        scan = self._chooser.scan
        self._ask()
        if scan is None or self.why_not(scan):
            return
        unit = units.pretty(scan[find_axis(scan, "magnetic field")].attrs["units"])
        self.form.labelForField(self.fields).setText(f"Final fields ({unit})")
        self.fields.setText(", ".join(f"{value:g}" for value in _few(measured_fields(scan))))
        self.fields.setCursorPosition(0)

    def _ask(self, *changed) -> None:
        """Ask for the numbers of each sample that its result needs."""
        self.sample.ask(self.layer, self.per.currentData())
        self.second_sample.ask(self.second.layer, self.per.currentData())

    def prepare(self):
        settings = EntropySettings(
            parse_values(self.fields.text(), "final fields"),
            self.per.currentData(),
            self.start.currentData(),
            self.direction.currentData(),
            self.points.currentData(),
            *self.exponents.currentData(),
        )
        layer = self.layer
        sources = sources_of((layer, self.second.layer), SampleForm.sample)

        def work(report, stop):
            result = calculate(sources, settings, stop=stop)
            return result, {view: prepare_maps(layer, maps_of(result, view)) for view in VIEWS}

        return work

    # the result

    def show_result(self, result) -> None:
        found, self._prepared = result
        heads, rows, colors = figure_rows(found)
        fill(self.table, heads, rows, colors)
        self._show_view()

    def _show_view(self, *index) -> None:
        view = self.view.currentText()
        self.exponents.setVisible(view == "Arrott plot")
        if self.result is None:
            return
        drawn = VIEWS[view](self.result[0])
        self.plot.show(*drawn.plot)
        self.said.setText(drawn.words)
        self.put_on_map()

    def show_maps(self) -> None:
        wanted, prepared = self.on_map.isChecked(), self._prepared[self.view.currentText()]
        show_or_hide(self._viewer, self.layer, prepared, wanted, self.mapped.emit)

    def exports(self):
        if self.result is None:
            return {}
        found, view = self.result[0], self.view.currentText()
        offered = {
            "Table of figures": lambda path, stop=None: write_table(path, *table_of(found)),
            "Plot": self.plot.export,
        }
        for one in maps_of(found, view):
            offered[f"Map of {one.key}"] = lambda path, stop=None, one=one: writers.write(one.scan, path, stop=stop)
        return offered


def _few(values):
    """At most seven of the fields, the highest among them, so that their curves can be told apart."""
    step = max(1, -(-len(values) // 7))
    return values[::-1][::step][::-1]
