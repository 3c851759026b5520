"""A fit's dispersion over the map it was fitted to: peak positions with error bars, and the fitted lines."""

from __future__ import annotations

import numpy as np
import xarray as xr
from qtpy.QtCore import QLineF, QPointF
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from napari_scantwin.viewer.session import frame_of, scan_of

__all__ = ["FitMarks"]

_COLORS = ("#ff4d4d", "#ffffff", "#ffbe3c", "#ff7ad9", "#9df06b", "#5fd3ff")


class FitMarks:
    """Painted over the map while the layer that was fitted, with the scan it held then, is the one that is ruled."""

    def __init__(self, overlay):
        self._overlay = overlay
        self._layer = self._scan = None
        self._along = ""
        self.positions: xr.DataArray | None = None
        self.lines: list[xr.DataArray] = []
        overlay.painters.append(self._paint)

    def show(self, layer, along: str, positions: xr.DataArray, lines: list[xr.DataArray]) -> None:
        """Show positions [peak, other axis] on the axis ``along``, with ``standard_error``, and lines [other axis]."""
        self._layer, self._scan, self._along = layer, scan_of(layer), along
        self.positions, self.lines = positions, lines
        self._overlay.update()

    def clear(self) -> None:
        """Show nothing."""
        if self.positions is None and not self.lines:
            return
        self._layer, self.positions, self.lines = None, None, []
        self._overlay.update()

    def remove(self) -> None:
        """Leave the canvas."""
        if self._paint in self._overlay.painters:
            self._overlay.painters.remove(self._paint)

    def pixels(self, array: xr.DataArray, shift: np.ndarray | float = 0.0) -> np.ndarray:
        """Where values on the axis ``along``, moved by ``shift``, lie on the canvas: (x, y) [n, 2] for a curve [n]."""
        frame = frame_of(self._layer)
        other = str(array.dims[-1])
        at = {self._along: array.values + shift, other: array[other].values}
        world = [(at[axis] - frame.origin[n]) / frame.step[n] for n, axis in enumerate(frame.axes)]
        vertical, horizontal = self._overlay.displayed(frame)
        return np.array([self._overlay.pixel(*place) for place in zip(world[vertical], world[horizontal], strict=True)])

    def _paint(self, painter: QPainter) -> None:
        drawn = self._overlay.layer
        there = self._layer is not None and scan_of(self._layer) is self._scan and drawn is not None
        if not there or frame_of(drawn).axes != frame_of(self._layer).axes:
            return
        for number, line in enumerate(self.lines):
            painter.setPen(QPen(QColor(_COLORS[number % len(_COLORS)]), 1.5))
            points = self.pixels(line)
            painter.drawPolyline(QPolygonF([QPointF(*place) for place in points[np.isfinite(points).all(axis=1)]]))
        for number in range(self.positions.sizes["peak"]):
            self._paint_peak(painter, self.positions.isel(peak=number), QColor(_COLORS[number % len(_COLORS)]))

    def _paint_peak(self, painter: QPainter, peak: xr.DataArray, color: QColor) -> None:
        error = np.nan_to_num(peak["standard_error"].values)
        low, places, high = (self.pixels(peak, shift) for shift in (-error, 0.0, error))
        painter.setBrush(color)
        for start, place, end in zip(low, places, high, strict=True):
            if np.isfinite(place).all():
                painter.setPen(QPen(color, 1))
                painter.drawLine(QLineF(*start, *end))
                painter.setPen(QPen(QColor(0, 0, 0, 160), 1))
                painter.drawEllipse(QPointF(*place), 3, 3)
        painter.setBrush(QColor(0, 0, 0, 0))
