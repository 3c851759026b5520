"""The plot of an analysis: measured points with error bars, simulated curves with their 95 % band."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor

from napari_scantwin.operations.findings import Curve
from napari_scantwin.viewer.kit.plots import export_plot, new_plot

__all__ = ["CurvePlot"]

_WITHIN = 1.96  # standard deviations of the 95 % band
_PALE, _BARS = 60, 150
_MARKERS = {"points": "o", "triangles": "t"}
#: So many names stand in a line of the key.
_A_LINE = 5


class CurvePlot:
    """Draws curves again each time; ``widget`` is the plot."""

    def __init__(self, height: int = 140):
        self.widget = new_plot(height)
        self.drawn: list[Curve] = []

    def show(self, curves: Sequence[Curve], bottom: str, left: str, key: Sequence[tuple[str, str]] = ()) -> None:
        """Draw ``curves`` with the axes' labels; ``key`` names colours, (words, colour) each, above the plot: a legend
        inside would lie over the curves."""
        plot = self.widget
        plot.clear()
        self.drawn = list(curves)
        # Points above bands and lines.
        for curve in sorted(curves, key=lambda one: one.style in _MARKERS):
            self._draw(curve)
        plot.setLabel("bottom", bottom)
        plot.setLabel("left", left)
        named = [f"<span style='color:{color}'>{text}</span>" for text, color in key]
        lines = [" · ".join(named[start : start + _A_LINE]) for start in range(0, len(named), _A_LINE)]
        plot.setTitle("<br>".join(lines) or None, size="8pt")
        plot.getPlotItem().enableAutoRange()

    def _draw(self, curve: Curve) -> None:
        color = QColor(curve.color)
        good = np.isfinite(curve.x) & np.isfinite(curve.y)
        x, y = np.asarray(curve.x, float)[good], np.asarray(curve.y, float)[good]
        if not len(x):
            return
        errors = None if curve.errors is None else np.nan_to_num(np.asarray(curve.errors, float)[good])
        if curve.style in _MARKERS:
            self._points(x, y, errors, color, _MARKERS[curve.style], curve.sideways)
            return
        if errors is not None:
            pale = QColor(color)
            pale.setAlpha(_PALE)
            away = [
                (side * _WITHIN * errors * curve.sideways, side * _WITHIN * errors * (not curve.sideways))
                for side in (1, -1)
            ]
            edges = [pg.PlotCurveItem(x + dx, y + dy, pen=pg.mkPen(None)) for dx, dy in away]
            for edge in edges:
                self.widget.addItem(edge)
            self.widget.addItem(pg.FillBetweenItem(*edges, brush=pale))
        # Where values are missing between, the line is broken.
        whole = np.isfinite(curve.y)
        pen = pg.mkPen(color, width=2)
        if curve.style == "dashed":
            pen.setDashPattern([4, 3])
        self.widget.addItem(
            pg.PlotCurveItem(np.asarray(curve.x, float), np.where(whole, curve.y, np.nan), pen=pen, connect="finite")
        )

    def _points(self, x, y, errors, color: QColor, symbol: str, sideways: bool) -> None:
        faint = QColor(color)
        faint.setAlpha(_BARS)
        if errors is not None and (errors > 0).any():
            self.widget.addItem(
                pg.ErrorBarItem(x=x, y=y, pen=pg.mkPen(faint), **{"width" if sideways else "height": 2 * errors})
            )
        self.widget.addItem(
            pg.ScatterPlotItem(x, y, size=5 if symbol == "o" else 7, brush=faint, pen=pg.mkPen(None), symbol=symbol)
        )

    def export(self, path: Path) -> None:
        """Write the plot as .svg or .png."""
        export_plot(self.widget, path)
