"""Hydrogen content from the resistance, by a calibration curve the user chooses and names the source of."""

from __future__ import annotations

import contextlib
from pathlib import Path

from qtpy.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_scantwin import writers
from napari_scantwin.analyses.hydrogen import drawn, maps_of, rows_of, table_of, worked_out
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.calibration import Calibration, read_calibration
from napari_scantwin.viewer.analyse.base import Analysis, new_combo, said_no
from napari_scantwin.viewer.analyse.second import SecondScan
from napari_scantwin.viewer.analyse.sources import sources_of
from napari_scantwin.viewer.canvas.layers import scan_of
from napari_scantwin.viewer.canvas.map_layers import prepare_maps, show_or_hide
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.tables import Table, fill
from napari_scantwin.writers.tables import write_table

__all__ = ["HydrogenAnalysis"]

_NOT_SAID = "not said"


class HydrogenAnalysis(Analysis):
    """H/Pd at every reading and over the twin's map, beside those of a second measurement."""

    title = "Hydrogen content"

    @staticmethod
    def why_not(scan) -> str:
        def check() -> None:
            if not any(units.compatible(scan.attrs["units"], one) for one in ("ohm", "dimensionless")):
                raise ScanError(f"it needs a resistance or R/R0, and these values are {scans.label(scan)}")

        return said_no(check)

    def build(self) -> None:
        self.path: Path | None = None
        self.curve: Calibration | None = None
        self.choose_button = QPushButton("Choose…")
        self.choose_button.setToolTip("A table of H/Pd and R/R0, as published or measured; none is built in")
        self.choose_button.clicked.connect(self._ask_curve)
        self.source, self.content, self.relative, self.unloaded = (QLineEdit() for _ in range(4))
        self.source.setPlaceholderText("authors, journal, year, figure")
        self.source.setToolTip("Where the curve comes from; it goes with every result")
        self.unloaded.setPlaceholderText("such as 12.30 ± 0.02 mohm")
        self.unloaded.setToolTip(
            "The unloaded sample's resistance at the same temperature; empty where the scan is R/R0"
        )
        self.unloaded_scan = SecondScan(self._viewer, self._chooser, lambda scan: len(scans.axes(scan)) == 1)
        self.unloaded_scan.setToolTip("Or a scan of the unloaded sample along one axis, opened in this window")
        self.second = SecondScan(self._viewer, self._chooser, self._alike)
        self.second_unloaded = QLineEdit()
        self.second_unloaded.setPlaceholderText("as of the first")
        self.second_unloaded.setToolTip("The second sample's unloaded resistance; empty: that of the first")
        self.branch = new_combo((_NOT_SAID, None), tip="Which side of the curve the readings lie on")
        self.on_map = QCheckBox("on the map")
        self.on_map.setChecked(True)
        self.plot, self.table = CurvePlot(), Table()
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(3)
        form.addRow("Curve", self.choose_button)
        form.addRow("Its source", self.source)
        form.addRow("Unloaded R₀", self.unloaded)
        row = QHBoxLayout()
        row.addWidget(self.branch, 1)
        row.addWidget(self.on_map)
        form.addRow("Branch", row)
        inner = QWidget()
        more = QFormLayout(inner)
        more.setContentsMargins(0, 0, 0, 0)
        more.addRow("Second scan", self.second)
        more.addRow("Its R₀", self.second_unloaded)
        more.addRow("R₀ from scan", self.unloaded_scan)
        more.addRow("H/Pd column", self.content)
        more.addRow("R/R₀ column", self.relative)
        settings = Folding("Second scan, unloaded scan, columns")
        settings.layout().setContentsMargins(0, 0, 0, 0)
        settings.addWidget(inner)
        self.body.addLayout(form)
        self.body.addWidget(settings)
        self.body.addWidget(self.plot.widget, 3)
        self.body.addWidget(self.table, 2)
        for edit in (self.source, self.content, self.relative):
            edit.textChanged.connect(self._read_curve)
        for edit in (self.unloaded, self.second_unloaded):
            edit.textChanged.connect(self.refresh)
        self.branch.currentIndexChanged.connect(self.refresh)
        for combo in (self.second, self.unloaded_scan):
            combo.changed.connect(self.refresh)
        self.on_map.toggled.connect(self.put_on_map)

    def _alike(self, scan) -> bool:
        """Whether a second scan has the same axes, so that both fit in one plot."""
        own = self._chooser.scan
        if own is None or self.why_not(scan) or scans.axes(scan) != scans.axes(own):
            return False
        return all(
            units.standard(scan[name].attrs["units"]) == units.standard(own[name].attrs["units"])
            for name in scans.axes(own)
        )

    # the curve

    def _ask_curve(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Calibration curve", "", "Tables (*.csv *.txt *.dat *.xlsx);;All (*)"
        )
        if path:
            self.choose_curve(path)

    def choose_curve(self, path) -> None:
        """Take the calibration curve from a table."""
        self.path = Path(path)
        self.choose_button.setText(self.path.name)
        self._read_curve()

    def _read_curve(self, *changed) -> None:
        """Read the curve with the source and the columns named so far, and offer its branches."""
        self.curve = None
        with contextlib.suppress(ScanError):  # said when the analysis is prepared
            self.curve = self._curve()
        names = [] if self.curve is None else [piece.name for piece in self.curve.pieces()]
        before = self.branch.currentText()
        self.branch.blockSignals(True)
        self.branch.clear()
        self.branch.addItem(_NOT_SAID, None)
        for name in names:
            self.branch.addItem(name, name)
        self.branch.setCurrentText(before)
        self.branch.blockSignals(False)
        self.refresh()

    def _curve(self) -> Calibration:
        if self.path is None:
            raise ScanError("Choose a calibration curve: a table of H/Pd and R/R0; none is built in, for none fits all")
        columns = {
            key: int(text) if text.isdigit() else text
            for key, text in (("content", self.content.text().strip()), ("relative", self.relative.text().strip()))
            if text
        }
        return read_calibration(self.path, source=self.source.text(), **columns)

    def prepare(self):
        layer, curve = self.layer, self.curve or self._curve()
        sources = sources_of((layer, self.second.layer))
        given = self.unloaded_scan.layer
        own = scan_of(given) if given is not None else self.unloaded.text().strip() or None
        unloaded, branch = (own, self.second_unloaded.text().strip() or own), self.branch.currentData()

        def work(report, stop):
            found = worked_out(sources, curve, unloaded, branch, stop)
            return found, prepare_maps(layer, maps_of(found))

        return work

    # the result

    def show_result(self, result) -> None:
        found, self._prepared = result
        self.plot.show(*drawn(found))
        fill(self.table, *rows_of(found))
        words = [f"H/Pd by the curve of {found.first.attrs['calibration']}."]
        notes = [(side, side.content.attrs.get("note", "")) for side in found.sides if not side.twin]
        words += [f"{side.name}: {note}." if side.second else f"{note}." for side, note in notes if note]
        self.said.setText("\n".join([*words, *found.refused]))
        self.put_on_map()

    def show_maps(self) -> None:
        show_or_hide(self._viewer, self.layer, self._prepared, self.on_map.isChecked(), self.mapped.emit)

    def exports(self):
        if self.result is None:
            return {}
        found = self.result[0]
        offered = {"Table": lambda path, stop=None: write_table(path, *table_of(found)), "Plot": self.plot.export}
        for side in found.sides:
            scan = side.map if side.twin else side.content
            words = f"Map: H/Pd of {'' if side.second else 'the '}{side.name}"
            offered[words] = lambda path, stop=None, scan=scan: writers.write(scan, path, stop=stop)
        return offered
