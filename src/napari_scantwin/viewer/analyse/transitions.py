"""Transitions: the criterion, the boundary over the map, the table, and the critical field."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QSlider, QWidget

from napari_scantwin import writers
from napari_scantwin.analyses.transitions import TransitionSettings, calculate, gives_critical_field
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.findings import DerivedMap
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.critical_field import MODELS
from napari_scantwin.physics.transition_curve import CRITERIA
from napari_scantwin.viewer.analyse.base import Analysis, new_combo, said_no
from napari_scantwin.viewer.analyse.second import SecondScan
from napari_scantwin.viewer.analyse.sources import sources_of
from napari_scantwin.viewer.analyse.transitions_views import (
    as_layer_scan,
    color_of,
    drawn,
    head_of,
    rows_of,
    said,
    table_of,
)
from napari_scantwin.viewer.canvas.map_layers import derived_layers, prepare_maps, show_maps
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.tables import Table, fill
from napari_scantwin.writers.tables import write_table

__all__ = ["TransitionsAnalysis"]

_BASES = (("as the quantity asks", None), ("one for all sweeps", "shared"), ("each sweep's own", "own"))
_BRANCHES = (("all", None), ("rising", "rising"), ("falling", "falling"))
_SHARE = "share of the way"
_SWEEPS, _TWIN = "boundary of the sweeps", "boundary of the twin"


class TransitionsAnalysis(Analysis):
    """Where every sweep, and the twin between them, passes from its low to its normal state."""

    title = "Transitions"

    @staticmethod
    def why_not(scan) -> str:
        def check() -> None:
            names = scans.axes(scan)
            if len(names) < 2:
                raise ScanError("a phase boundary needs a slow axis; this scan has one axis only")
            unit = scan[names[-1]].attrs["units"]
            if not any(is_kind(unit, kind) for kind in ("temperature", "magnetic field")):
                raise ScanError(f"its sweeps run along {names[-1].replace('_', ' ')}, not a temperature or a field")

        return said_no(check)

    def build(self) -> None:
        self._kept: dict = {}
        self.criterion = new_combo(
            *((name, name) for name in CRITERIA), (_SHARE, None), tip="Where on its way a sweep counts as passed"
        )
        self.criterion.setCurrentText("50 %")
        self.share = QSlider(Qt.Horizontal)
        self.share.setRange(2, 98)
        self.share.setValue(50)
        self.share.setToolTip("Move it, and the boundary over the map follows")
        self.model = new_combo(("none", None), *((name, name) for name in MODELS), tip="Model of the critical field")
        self.base = new_combo(*_BASES, tip="The low state: zero resistance, or the instrument's offset")
        self.direction = new_combo(*_BRANCHES, tip="Warming and cooling are read by themselves, never averaged")
        self.second = SecondScan(self._viewer, self._chooser, self._alike)
        self.on_map = QCheckBox("on the map")
        self.on_map.setChecked(True)
        self.on_map.setToolTip("Draw the boundary over the map")
        self.plot = CurvePlot()
        self.table = Table()
        self._lay_out()
        self.criterion.currentIndexChanged.connect(self._follow)
        self.share.valueChanged.connect(self._slid)
        for combo in (self.model, self.base, self.direction):
            combo.currentIndexChanged.connect(self.refresh)
        self.second.changed.connect(self.refresh)
        self.on_map.toggled.connect(self.put_on_map)

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setVerticalSpacing(3)
        row = QHBoxLayout()
        row.addWidget(self.criterion, 1)
        row.addWidget(self.on_map)
        self.form.addRow("Criterion", row)
        self.form.addRow("Share", self.share)
        self.form.addRow("Critical field", self.model)
        inner = QWidget()
        more = QFormLayout(inner)
        more.setContentsMargins(0, 0, 0, 0)
        more.addRow("Second scan", self.second)
        more.addRow("Low state", self.base)
        more.addRow("Branches", self.direction)
        self.settings = Folding("Second scan, settings")
        self.settings.layout().setContentsMargins(0, 0, 0, 0)
        self.settings.addWidget(inner)
        self.body.addLayout(self.form)
        self.body.addWidget(self.settings)
        self.body.addWidget(self.plot.widget, 3)
        self.body.addWidget(self.table, 2)

    def _alike(self, scan) -> bool:
        """Whether a second scan has the same kind of axes, so that both boundaries fit in one plot."""
        own = self._chooser.scan
        if own is None or self.why_not(scan):
            return False
        return scans.axes(scan) == scans.axes(own) and all(
            units.compatible(scan[name].attrs["units"], own[name].attrs["units"]) for name in scans.axes(own)
        )

    def chosen(self) -> None:
        self._kept.clear()
        scan = self._chooser.scan
        if scan is None or self.why_not(scan):
            return
        fits = gives_critical_field(scan)
        self.model.blockSignals(True)
        self.model.setEnabled(fits)
        resistive = any(units.compatible(scan.attrs["units"], one) for one in ("ohm", "ohm*m", "dimensionless"))
        self.model.setCurrentIndex(1 if fits and resistive else 0)
        self.model.setToolTip(
            "Model of the critical field" if fits else "A critical field needs one axis of field, one of temperature"
        )
        self.model.blockSignals(False)

    def refresh(self, *changed) -> None:
        if changed == ():  # the scan or its twin, not a setting of this form
            self._kept.clear()
        super().refresh()

    # the criterion

    def _slid(self, percent: int) -> None:
        self.criterion.blockSignals(True)
        self.criterion.setCurrentText(_SHARE)
        self.criterion.blockSignals(False)
        self._follow()

    def _follow(self, *index) -> None:
        """The criterion was moved: the boundary follows as fast as it is worked out, nothing being thrown away."""
        self._stale = True
        if self.job.running:
            self._again = True
        elif self.isVisible():
            self._timer.stop()
            self.run()

    def chosen_criterion(self) -> str | float:
        """The criterion as the form has it: a name, or a share between 0 and 1."""
        name = self.criterion.currentData()
        return self.share.value() / 100 if name is None else name

    def prepare(self):
        settings = TransitionSettings(
            self.chosen_criterion(), self.base.currentData(), self.direction.currentData(), self.model.currentData()
        )
        layer, kept = self.layer, self._kept
        sources = sources_of((self.layer, self.second.layer))

        def work(report, stop):
            result = calculate(sources, settings, kept, stop=stop)
            return result, prepare_maps(layer, boundary_maps(result))

        return work

    # the result

    def show_result(self, result) -> None:
        found, self._prepared = result
        fill(self.table, *rows_of(found))
        self.plot.show(*drawn(found))
        self.said.setText(said(found))
        self.put_on_map()

    def show_maps(self) -> None:
        layer, shown = self.layer, self.on_map.isChecked()

        def done() -> None:
            for key in (_SWEEPS, _TWIN):
                for one in derived_layers(self._viewer, layer, key):
                    one.visible = shown

        active = self._viewer.layers.selection.active
        if shown:
            show_maps(self._viewer, layer, self._prepared, lambda: (done(), self._keep_active(active)))
        else:
            done()

    def _keep_active(self, active) -> None:
        """The rulers and the colour bar stay those of the map."""
        if active in self._viewer.layers:
            self._viewer.layers.selection.active = active

    def exports(self):
        if self.result is None:
            return {}
        found = self.result[0]
        offered = {"Table": lambda path, stop=None: write_table(path, *table_of(found)), "Plot": self.plot.export}
        for side in found.sides:
            offered[f"Map: boundary of {side.name}"] = lambda path, stop=None, side=side: writers.write(
                side.boundary, path, stop=stop
            )
            for model, fit in side.fits.items():
                if model == found.settings.model:
                    offered[f"Map: {model} curve of {side.name}"] = lambda path, stop=None, fit=fit: writers.write(
                        fit.curve, path, stop=stop
                    )
        return offered


def boundary_maps(found) -> list[DerivedMap]:
    """The boundaries of the chosen scan as layers."""
    maps = []
    for side in found.sides:
        if side.second:
            continue
        key, size = (_TWIN, 1.3) if side.twin else (_SWEEPS, 2.6)
        maps.append(
            DerivedMap(
                key,
                f"{head_of(found.settings.criterion)} transition ({side.name})",
                as_layer_scan(found.scan, side.boundary),
                points=True,
                color="white" if side.twin else color_of(side),
                size=size,
            )
        )
    return maps[::-1]  # the sweeps' above the twin's
