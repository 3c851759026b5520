"""The plot of an analysis: measured points with error bars, simulated curves with their 95 % band."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor

from napari_scantwin.operations.contrast import TEXT
from napari_scantwin.operations.findings import Curve, Plot, robust_range
from napari_scantwin.viewer.kit.plots import as_shown, give_menu, new_plot
from napari_scantwin.viewer.kit.strip_bar import StripBar

__all__ = ["CurvePlot", "scaled"]

_WITHIN = 1.96  # standard deviations of the 95 % band
_PALE, _BARS = 60, 150
_MARKERS = {"points": "o", "triangles": "t"}
#: So many names stand in a line of the key.
_A_LINE = 5


def scaled(values: np.ndarray, log: bool) -> np.ndarray:
    """Values as an axis draws them: their logarithm to base 10 where it is logarithmic, NaN where there is none."""
    values = np.asarray(values, float)
    if not log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)


class CurvePlot:
    """Draws a plot again each time; ``widget`` is what draws it, ``drawn`` the curves.

    ``window`` is a region over the plot, shown where the plot has one and ``on_window(given)`` is there to be called
    when it was dragged, with what the two parameters have become, as texts by their names.
    """

    def __init__(self, height: int = 140, name=lambda: "plot"):
        self.widget = new_plot(height)
        self._plot: Plot | None = None
        self._log = [False, False]
        self.window = pg.LinearRegionItem(brush=(86, 180, 233, 36), hoverBrush=(86, 180, 233, 64))
        self.window.setZValue(-10)
        self.window.sigRegionChangeFinished.connect(self._dragged)
        self.on_window = None
        self._placing = False
        give_menu(self.widget, self.described, name=name, scales=self.set_log, show_all=self.show_all)
        self._bar = StripBar(self.widget)
        self.widget.themed.connect(self._draw_all)

    @property
    def drawn(self) -> list[Curve]:
        """The curves on screen."""
        return [] if self._plot is None else list(self._plot.curves)

    def described(self) -> Plot | None:
        """What is on screen, with its scales and the part of it that is shown; None where nothing is drawn."""
        if not self.drawn:
            return None
        log = (self._log[0], self._log[1])
        return replace(self._plot, log=log, **as_shown(self.widget, log))

    def set_log(self, axis: str, on: bool) -> None:
        """Make an axis, "x" or "y", logarithmic or not."""
        self._log["xy".index(axis)] = on
        self._draw_all()

    def show(self, plot: Plot) -> None:
        """Draw a plot; its key stands above it: a legend inside would lie over the curves."""
        self._plot = plot
        self._draw_all()

    def clear(self) -> None:
        """Draw nothing."""
        self._plot = None
        self._draw_all()

    def _draw_all(self) -> None:
        plot, drawn = self.widget, self._plot
        plot.clear()
        if drawn is None:
            plot.setTitle(None)
            return
        plot.getPlotItem().setLogMode(*self._log)
        curves, strip = list(drawn.curves), drawn.strip
        if strip is not None:
            curves = [replace(one, color=color) for one, color in zip(curves, strip.colors(plot.ground), strict=True)]
        self._bar.show(strip)
        # Points above bands and lines.
        for curve in sorted(curves, key=lambda one: one.style in _MARKERS):
            self._draw(curve)
        plot.setLabel("bottom", drawn.bottom)
        plot.setLabel("left", drawn.left)
        named = [f"<span style='color:{plot.ink(color, TEXT)}'>{text}</span>" for text, color in drawn.key]
        lines = [" · ".join(named[start : start + _A_LINE]) for start in range(0, len(named), _A_LINE)]
        plot.setTitle("<br>".join(lines) or None, size="8pt")
        if drawn.window is not None and self.on_window is not None:
            self.place_window(drawn.window.ends)
            plot.addItem(self.window, ignoreBounds=True)
        self.show_all()

    def place_window(self, ends: tuple[float, float]) -> None:
        """Lay the window between two values of the axis below, as they are, not as they are drawn."""
        self._placing = True
        self.window.setRegion([float(one) for one in scaled(np.array(ends), self._log[0])])
        self._placing = False

    def _dragged(self) -> None:
        if self._placing or self._plot is None or self._plot.window is None or self.on_window is None:
            return
        low, high = self.window.getRegion()
        ends = (10**low, 10**high) if self._log[0] else (low, high)
        self.on_window(self._plot.window.given(ends))

    def show_all(self) -> None:
        """Show every value, and of error bars and bands what does not flatten the rest."""
        view = self.widget.getPlotItem()
        view.enableAutoRange()
        if not self._log[1] and (ends := robust_range(self.drawn)):
            view.setYRange(*ends, padding=0)

    def _draw(self, curve: Curve) -> None:
        color = QColor(self.widget.ink(curve.color))
        x, y = scaled(curve.x, self._log[0]), scaled(curve.y, self._log[1])
        good = np.isfinite(x) & np.isfinite(y)
        if not good.any():
            return
        errors = None if curve.errors is None else np.nan_to_num(np.asarray(curve.errors, float))
        points = curve.style in _MARKERS
        ends = None if errors is None else self._ends(curve, errors * (1.0 if points else _WITHIN), good)
        if points:
            self._points(x[good], y[good], ends, color, _MARKERS[curve.style], curve.sideways)
            return
        if ends is not None:
            pale = QColor(color)
            pale.setAlpha(_PALE)
            low, high = ends
            fixed = (y if curve.sideways else x)[good]
            edges = [
                pg.PlotCurveItem(*((side, fixed) if curve.sideways else (fixed, side)), pen=pg.mkPen(None))
                for side in (high, low)
            ]
            for edge in edges:
                self.widget.addItem(edge)
            self.widget.addItem(pg.FillBetweenItem(*edges, brush=pale))
        pen = pg.mkPen(color, width=2)
        if curve.style == "dashed":
            pen.setDashPattern([4, 3])
        # Where values are missing between, the line is broken.
        self.widget.addItem(pg.PlotCurveItem(x, np.where(good, y, np.nan), pen=pen, connect="finite"))

    def _ends(self, curve: Curve, reach: np.ndarray, good: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where error bars or a band end, as their axis draws them; below a logarithmic axis at the value itself."""
        centre, log = (curve.x, self._log[0]) if curve.sideways else (curve.y, self._log[1])
        centre = np.asarray(centre, float)
        low, high = scaled(centre - reach, log)[good], scaled(centre + reach, log)[good]
        return np.where(np.isfinite(low), low, scaled(centre, log)[good]), high

    def _points(self, x, y, ends, color: QColor, symbol: str, sideways: bool) -> None:
        faint = QColor(color)
        faint.setAlpha(_BARS)
        if ends is not None and (ends[1] > ends[0]).any():
            low, high = ends
            named = {"left": x - low, "right": high - x} if sideways else {"bottom": y - low, "top": high - y}
            self.widget.addItem(pg.ErrorBarItem(x=x, y=y, pen=pg.mkPen(faint), **named))
        self.widget.addItem(
            pg.ScatterPlotItem(x, y, size=5 if symbol == "o" else 7, brush=faint, pen=pg.mkPen(None), symbol=symbol)
        )

    def export(self, path: Path) -> None:
        """Write the plot as a figure for paper, .pdf, .svg or .png; raises :class:`ScanError` where it cannot."""
        self.widget.picture.save(path)
