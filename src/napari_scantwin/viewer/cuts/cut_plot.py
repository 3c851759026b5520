"""The plot of the cuts: measured points with error bars, the twin's curve with its 95 % band."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor

from napari_scantwin.viewer.kit.plots import export_plot, new_plot

__all__ = ["CutPlot"]


class _Drawn:
    """The plot items of one cut, kept so that a dragged line only gives them new data."""

    def __init__(self, plot: pg.PlotWidget, color: str):
        color = QColor(color)
        pale = QColor(color)
        pale.setAlpha(60)
        self.upper, self.lower = (pg.PlotCurveItem(pen=pg.mkPen(None)) for _ in range(2))
        self.band = pg.FillBetweenItem(self.upper, self.lower, brush=pale)
        self.curve = pg.PlotCurveItem(pen=pg.mkPen(color, width=2))
        self.bars = pg.ErrorBarItem(pen=color)
        seen_through = QColor(color)
        seen_through.setAlpha(130)  # hundreds of points would hide the curve
        self.points = pg.ScatterPlotItem(size=5, brush=seen_through, pen=pg.mkPen(None))
        self.masked = pg.ScatterPlotItem(size=6, brush=None, pen=pg.mkPen(color), symbol="x")
        self.items = (self.upper, self.lower, self.band, self.bars, self.points, self.masked, self.curve)
        for item in self.items:
            plot.addItem(item)

    def show(self, measured, simulated) -> None:
        empty = np.empty(0)
        if simulated is None:
            for curve in (self.upper, self.lower, self.curve):
                curve.setData(empty, empty)
        else:
            told = np.isfinite(simulated.values)  # a derived map has places without an answer
            running, values = simulated.running[told], simulated.values[told]
            reach = 1.96 * np.nan_to_num(simulated.errors[told])
            self.upper.setData(running, values + reach)
            self.lower.setData(running, values - reach)
            self.curve.setData(running, values)
        used = ~measured.masked
        self.points.setData(measured.running[used], measured.values[used])
        self.masked.setData(measured.running[~used], measured.values[~used])
        barred = used & np.isfinite(measured.errors) if measured.errors is not None else np.zeros(len(used), bool)
        if barred.any():
            self.bars.setData(x=measured.running[barred], y=measured.values[barred], height=2 * measured.errors[barred])
        else:  # an empty one would stretch the axes to the origin; without data it is hidden
            self.bars.setData(x=None, y=None)


class CutPlot:
    """Draws any number of cuts by key; ``widget`` is the plot."""

    def __init__(self):
        self.widget = new_plot(170)
        self._legend = self.widget.addLegend(offset=(-5, 5), labelTextSize="8pt")
        self._drawn: dict[int, _Drawn] = {}
        self._names: dict[int, tuple[str, str]] = {}

    def show(self, key: int, name: str, color: str, measured, simulated) -> None:
        """Draw a cut, or give the one drawn before under this key new data."""
        if key in self._drawn and self._names[key] != (name, color):
            self.hide(key)
        if key not in self._drawn:
            self._drawn[key] = drawn = _Drawn(self.widget, color)
            self._names[key] = (name, color)
            self._legend.addItem(drawn.curve if simulated is not None else drawn.points, name)
        self._drawn[key].show(measured, simulated)

    def hide(self, key: int) -> None:
        """Take a cut off the plot."""
        drawn = self._drawn.pop(key, None)
        if drawn is not None:
            self._names.pop(key)
            for item in (drawn.curve, drawn.points):
                self._legend.removeItem(item)
            for item in drawn.items:
                self.widget.removeItem(item)

    @property
    def keys(self) -> list[int]:
        """The keys of the cuts that are drawn."""
        return list(self._drawn)

    def points_of(self, key: int) -> int:
        """How many measured points are drawn for a cut."""
        drawn = self._drawn.get(key)
        return 0 if drawn is None else len(drawn.points.data) + len(drawn.masked.data)

    def set_labels(self, bottom: str, left: str) -> None:
        """Label the axes."""
        self.widget.setLabel("bottom", bottom)
        self.widget.setLabel("left", left)

    def export(self, path: Path) -> None:
        """Write the plot as .svg or .png; raises :class:`ScanError` where it cannot be written."""
        export_plot(self.widget, path)
