"""Waterfall: EDCs or MDCs above each other, each lifted by an offset and coloured by the place it was taken at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
)

from napari_scantwin import sections
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.figures.formats import FORMATS
from napari_scantwin.operations.contrast import shades
from napari_scantwin.operations.findings import Curve, Plot, Strip
from napari_scantwin.viewer.canvas.readout import decimals_of, written
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import PICTURES, ask_path
from napari_scantwin.viewer.kit.latest_job import LatestJob, not_read
from napari_scantwin.viewer.kit.numbers import CountBox
from napari_scantwin.viewer.kit.plots import as_shown, give_menu, new_plot
from napari_scantwin.viewer.kit.reasons import Reason

__all__ = ["Waterfall"]

_EVERY = 30


class Waterfall(QDialog):
    """A window beside the map: profiles along one axis for many places on another, at the crosshair's place on the
    remaining ones and averaged over its windows there. It follows the crosshair while it is open."""

    def __init__(self, crosshair, cube_of, parent=None):
        super().__init__(parent)
        self.setWindowTitle("Waterfall")
        self.resize(560, 640)
        self._crosshair, self._cube_of = crosshair, cube_of
        self.stacked: sections.Stack | None = None
        self._curves: list[pg.PlotCurveItem] = []
        self._bar = None
        self._axes: tuple[str, ...] = ()
        self._reader = LatestJob(self)
        self._reader.found.connect(self._show)
        self._reader.failed.connect(self._missed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_EVERY)
        self._timer.timeout.connect(self.redraw)
        self._build()
        crosshair.moved.connect(self._later)
        self.refresh()

    def _build(self) -> None:
        self.axis, self.across = Combo(), Combo()
        self.axis.setToolTip("The axis along the curves: an energy gives EDCs, an angle or a momentum MDCs")
        self.across.setToolTip("The axis from curve to curve")
        self.count = CountBox(low=2, high=500)
        self.count.setValue(30)
        self.count.setToolTip("At most so many curves; neighbours are averaged together")
        self.offset = QSlider(Qt.Horizontal)
        self.offset.setRange(0, 200)
        self.offset.setValue(25)
        self.offset.setToolTip("How far each curve is lifted above the one before")
        self.offset_label = QLabel()
        self.plot = new_plot(300)
        self.plot.setMouseEnabled(x=True, y=True)
        give_menu(self.plot, self.described, name=lambda: "waterfall")
        self.export_button = QPushButton("Export…")
        self.export_button.setToolTip("The numbers as CSV (without offset), or the picture as PDF, SVG or PNG")
        self.export_button.setAutoDefault(False)
        self.export_button.clicked.connect(self._ask_export)
        self.said = QLabel()
        self.axis.activated.connect(lambda index: self._chosen(self.axis, self.across))
        self.across.activated.connect(lambda index: self._chosen(self.across, self.axis))
        self.count.valueChanged.connect(lambda value: self.redraw())
        self.offset.valueChanged.connect(lambda value: self._lift())
        form = QGridLayout()
        for row, (title, *widgets) in enumerate(
            (
                ("Curves along", self.axis, QLabel("one for each"), self.across),
                ("At most", self.count, QLabel("offset"), self.offset),
            )
        ):
            form.addWidget(QLabel(title), row, 0)
            for column, widget in enumerate(widgets, start=1):
                form.addWidget(widget, row, column)
        form.setColumnStretch(1, 1)
        form.setColumnStretch(3, 2)
        foot = QHBoxLayout()
        foot.addWidget(self.said, 1)
        foot.addWidget(self.offset_label)
        foot.addWidget(self.export_button)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.plot, 1)
        self.reason = Reason()
        layout.addWidget(self.reason)
        layout.addLayout(foot)

    def _later(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.redraw()

    def refresh(self) -> None:
        """List the axes of the crosshair's scan again: EDCs across the upward axis of the map, to begin with."""
        axes = self._crosshair.axes
        if axes == self._axes or not axes:
            return
        self._axes = axes
        scan = self._cube_of(self._crosshair.layer).scan
        for combo in (self.axis, self.across):
            combo.clear()
            for axis in axes:
                kind = sections.kind_of(scan, axis)
                name = axis.replace("_", " ")
                combo.addItem(f"{name} ({kind}s)" if combo is self.axis and kind != "profile" else name, axis)
        shown = self._crosshair.shown() or axes[-2:]
        self.axis.setCurrentIndex(self.axis.findData(axes[-1]))
        self.across.setCurrentIndex(self.across.findData(next(axis for axis in (*shown, *axes) if axis != axes[-1])))

    def _chosen(self, combo, other) -> None:
        """Two different axes, always: choosing the other's gives it another."""
        if combo.currentData() == other.currentData():
            other.setCurrentIndex((other.currentIndex() + 1) % other.count())
        self.redraw()

    def redraw(self) -> None:
        """Take the profiles again."""
        self.refresh()
        cube = self._cube_of(self._crosshair.layer)
        if cube is None or self.axis.currentData() not in cube.columns:
            return
        axis, across, count = self.axis.currentData(), self.across.currentData(), self.count.value()
        at, widths = dict(self._crosshair.at), dict(self._crosshair.widths)
        held = self._held(cube.scan, axis, across)

        def work() -> tuple:
            return cube.scan, sections.stack(cube, axis, across, at, widths, count), held

        if scans.is_lazy(cube.scan):
            self._reader.ask(work)
        else:
            self._reader.forget()
            self._show(work())

    def _show(self, found) -> None:
        scan, self.stacked, held = found
        self._paint(scan, self.stacked)
        self.said.setText(held)
        self._lift()

    def _missed(self, reason) -> None:
        self.said.setText(not_read("The curves", reason))

    def _held(self, scan, *along: str) -> str:
        """Where the crosshair holds the axes that are not ``along`` the stack."""
        held = []
        for axis, value in self._crosshair.at.items():
            if axis in along:
                continue
            unit = units.pretty(scan[axis].attrs["units"])
            text = f"{axis.replace('_', ' ')} {written(value, decimals_of(self._crosshair.column(axis)))} {unit}"
            width = self._crosshair.widths[axis]
            held.append(f"{text}, over {width:.4g} {unit}" if width > 0 else text)
        return "; ".join(held)

    def _paint(self, scan, stacked) -> None:
        while len(self._curves) > len(stacked.places):
            self.plot.removeItem(self._curves.pop())
        while len(self._curves) < len(stacked.places):
            self._curves.append(pg.PlotCurveItem())
            self.plot.addItem(self._curves[-1])
        low, high = float(stacked.places.min()), float(stacked.places.max())
        colors = pg.ColorMap(np.linspace(0, 1, 64), shades(64, self.plot.ground))
        for curve, place in zip(self._curves, stacked.places, strict=True):
            color = colors.map((place - low) / ((high - low) or 1.0), mode="qcolor")
            curve.setPen(pg.mkPen(color, width=1))
        if self._bar is None:
            self._bar = pg.ColorBarItem(interactive=False, width=12)
            self._bar.setImageItem([], insert_in=self.plot.getPlotItem())
            self._bar.getAxis("right").enableAutoSIPrefix(False)
        self._bar.setColorMap(colors)
        self._bar.setLevels((low, high if high > low else low + 1))
        ruler = self._bar.getAxis("right")
        ruler.setPen(self.plot.getAxis("left").pen())
        ruler.setTextPen(self.plot.getAxis("left").textPen())
        ruler.setLabel(scans.axis_label(scan, stacked.across))
        self.plot.setLabel("bottom", scans.axis_label(scan, stacked.axis))
        self.plot.setLabel("left", f"{scans.label(scan)}, lifted")
        self._unit = units.pretty(scan.attrs["units"])

    def described(self) -> Plot | None:
        """What is on screen, every curve at its offset; None where nothing is drawn."""
        if self.stacked is None or not len(self.stacked.places):
            return None
        rising, scan = np.argsort(self.stacked.running), self._cube_of(self._crosshair.layer).scan
        drawn = [
            Curve(
                self.stacked.running[rising],
                values[rising] + number * self.lift,
                None,
                curve.opts["pen"].color().name(),
                "line",
            )
            for number, (curve, values) in enumerate(zip(self._curves, self.stacked.values, strict=True))
        ]
        label = scans.axis_label(scan, self.stacked.across)
        strip = Strip(label, self.stacked.places)
        bottom, left = scans.axis_label(scan, self.stacked.axis), f"{scans.label(scan)}, lifted"
        return Plot(drawn, bottom, left, strip=strip, **as_shown(self.plot))

    @property
    def lift(self) -> float:
        """The offset from curve to curve, in the values' unit."""
        values = self.stacked.values
        finite = values[np.isfinite(values)]
        return float(np.ptp(finite)) * self.offset.value() / 500 if finite.size else 0.0

    def _lift(self) -> None:
        """Draw every curve at its offset; the first lowest, and over the one behind it."""
        if self.stacked is None:
            return
        rising = np.argsort(self.stacked.running)
        for number, (curve, values) in enumerate(zip(self._curves, self.stacked.values, strict=True)):
            curve.setData(self.stacked.running[rising], values[rising] + number * self.lift, connect="finite")
            curve.setZValue(-number)
        self.offset_label.setText(f"offset {self.lift:.3g} {self._unit}")

    def _ask_export(self) -> None:
        path, _ = ask_path(self, "Export waterfall", "waterfall.csv", f"CSV (*.csv);;{PICTURES}")
        if path is not None:
            self.export(path)

    def export(self, path) -> bool:
        """Write the profiles as CSV, or the plot as PDF, SVG or PNG; False, and a sentence, where it fails."""
        path = Path(path)
        try:
            if self.stacked is None:
                raise ScanError("there is nothing to export; open a scan on a grid first")
            if path.suffix == ".csv":
                sections.write_stack(path, self._cube_of(self._crosshair.layer).scan, self.stacked)
            elif path.suffix in FORMATS:
                self.plot.picture.save(path)
            else:
                raise ScanError(f"{path.name}: write a waterfall as .csv, .pdf, .svg or .png")
        except Exception as reason:
            self.said.setText("")
            return self.reason.say(reason)
        self.reason.clear()
        self.said.setText(f"Wrote {path.name}")
        return True
