"""Marks on the ruler of the slow axis, a colour for each set point: those of the sweeps in the plot below the map."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from napari_scantwin.core import scan as scans
from napari_scantwin.figures.of_scan import strip_of
from napari_scantwin.viewer.canvas.rulers import BOTTOM, LEFT, TOP
from napari_scantwin.viewer.kit.plots import theme_colors
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of

__all__ = ["SetPointMarks"]

#: With more set points the marks would be a bar without gaps.
_MOST = 60
_LONG, _THICK = 7.0, 3.0


class SetPointMarks:
    """Painted for scans of two axes, measured ones and what was made of them."""

    def __init__(self, overlay):
        self._overlay = overlay
        self._kept: tuple = (None, None)

    def of(self, layer) -> list[tuple[float, str]]:
        """The set points of the scan that a layer shows or was made from, each with its colour."""
        head = ScanLayer(layer).measured or layer
        scan, (_, ground) = scan_of(head), (None, theme_colors()[0])
        if self._kept[0] != (id(scan), ground):
            self._kept = ((id(scan), ground), self._found(scan, ground))
        return self._kept[1]

    @staticmethod
    def _found(scan, ground: str) -> list[tuple[float, str]]:
        names = scans.axes(scan)
        if len(names) != 2:
            return []
        column = np.asarray(scan[names[0]].values, float)
        places = np.unique(column if scans.is_gridded(scan) else scans.set_points(column))
        if not 1 < len(places) <= _MOST:
            return []
        strip = strip_of(scan, names[0], places)
        return list(zip(map(float, strip.places), strip.colors(ground), strict=True))

    def paint(self, painter: QPainter, layer, vertical: int, horizontal: int) -> None:
        """Paint the marks beside the ruler of the slow axis, which is the frame's first."""
        frame, sheet = frame_of(layer), self._overlay
        base = sheet.height() - BOTTOM
        for place, color in self.of(layer):
            world = (place - frame.origin[0]) / frame.step[0]
            painter.setPen(QPen(QColor(color), _THICK, Qt.SolidLine, Qt.FlatCap))
            if vertical == 0:
                y = sheet.pixel(world, 0)[1]
                if TOP <= y <= base:
                    painter.drawLine(QPointF(LEFT - _LONG, y), QPointF(LEFT, y))
            elif horizontal == 0:
                x = sheet.pixel(0, world)[0]
                if x >= LEFT:
                    painter.drawLine(QPointF(x, base), QPointF(x, base + _LONG))
