"""The plot of the cuts: measured points with error bars, the twin's curve with its 95 % band."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor

from napari_scantwin.operations.findings import Curve, Plot
from napari_scantwin.viewer.kit.curves import scaled
from napari_scantwin.viewer.kit.plots import as_shown, give_menu, new_plot

__all__ = ["CutPlot"]

_STYLES = {"points": "measured", "line": "twin, 95 %"}


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

    def show(self, measured, simulated, log: tuple[bool, bool]) -> None:
        for item in (self.upper, self.lower, self.band, self.curve):
            item.setVisible(simulated is not None)  # empty ones would stretch the axes to the origin
        if simulated is not None:
            told = np.isfinite(simulated.values)  # a derived map has places without an answer
            running, values = scaled(simulated.running[told], log[0]), simulated.values[told]
            reach = 1.96 * np.nan_to_num(simulated.errors[told])
            middle, low, high = (scaled(one, log[1]) for one in (values, values - reach, values + reach))
            self.upper.setData(running, high)
            self.lower.setData(running, np.where(np.isfinite(low), low, middle))
            self.curve.setData(running, middle, connect="finite")
        used = ~measured.masked
        x, y = scaled(measured.running, log[0]), scaled(measured.values, log[1])
        self.points.setData(x[used], y[used])
        self.masked.setData(x[~used], y[~used])
        barred = used & np.isfinite(measured.errors) if measured.errors is not None else np.zeros(len(used), bool)
        if barred.any():
            centre, errors = measured.values[barred], measured.errors[barred]
            low, high = scaled(centre - errors, log[1]), scaled(centre + errors, log[1])
            low = np.where(np.isfinite(low), low, y[barred])
            self.bars.setData(x=x[barred], y=y[barred], top=high - y[barred], bottom=y[barred] - low)
        else:  # an empty one would stretch the axes to the origin; without data it is hidden
            self.bars.setData(x=None, y=None)


class CutPlot:
    """Draws any number of cuts by key; ``widget`` is the plot."""

    def __init__(self):
        self.widget = new_plot(170)
        self._legend = self.widget.addLegend(offset=(-28, 5), labelTextSize="8pt")
        self._drawn: dict[int, _Drawn] = {}
        self._names: dict[int, tuple[str, str]] = {}
        self._values: dict[int, tuple] = {}
        self._labels, self._log = ("", ""), [False, False]
        give_menu(self.widget, self.described, name=lambda: "cuts", scales=self.set_log)
        self.widget.themed.connect(self._draw_again)

    def described(self) -> Plot | None:
        """What is on screen, with its scales and the part of it that is shown; None where nothing is drawn."""
        curves, key = [], []
        for number, (measured, simulated) in self._values.items():
            name, color = self._names[number]
            key.append((name, color))
            used = ~measured.masked
            if used.any():
                errors = None if measured.errors is None else measured.errors[used]
                curves.append(Curve(measured.running[used], measured.values[used], errors, color, "points"))
            if simulated is not None:
                curves.append(Curve(simulated.running, simulated.values, simulated.errors, color, "line"))
        if not curves:
            return None
        log = (self._log[0], self._log[1])
        return Plot(curves, *self._labels, key, styles=_STYLES, log=log, **as_shown(self.widget, log))

    def _draw_again(self) -> None:
        """Draw everything in colours that stand out from another ground."""
        for key, (name, color) in list(self._names.items()):
            values = self._values[key]
            self.hide(key)
            self.show(key, name, color, *values)

    def set_log(self, axis: str, on: bool) -> None:
        """Make an axis, "x" or "y", logarithmic or not."""
        self._log["xy".index(axis)] = on
        self.widget.getPlotItem().setLogMode(*self._log)
        for key, drawn in self._drawn.items():
            drawn.show(*self._values[key], tuple(self._log))
        self.widget.getPlotItem().enableAutoRange()

    def show(self, key: int, name: str, color: str, measured, simulated) -> None:
        """Draw a cut, or give the one drawn before under this key new data."""
        if key in self._drawn and self._names[key] != (name, color):
            self.hide(key)
        if key not in self._drawn:
            self._drawn[key] = drawn = _Drawn(self.widget, self.widget.ink(color))
            self._names[key] = (name, color)
            self._legend.addItem(drawn.curve if simulated is not None else drawn.points, name)
        self._values[key] = (measured, simulated)
        self._drawn[key].show(measured, simulated, tuple(self._log))

    def hide(self, key: int) -> None:
        """Take a cut off the plot."""
        drawn = self._drawn.pop(key, None)
        if drawn is not None:
            self._names.pop(key)
            self._values.pop(key)
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
        self._labels = (bottom, left)
        self.widget.setLabel("bottom", bottom)
        self.widget.setLabel("left", left)

    def export(self, path: Path) -> None:
        """Write the plot as a figure for paper, .pdf, .svg or .png; raises :class:`ScanError` where it cannot."""
        self.widget.picture.save(path)
