"""Rings around the readings that a twin found far off their neighbours, painted over the canvas."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from napari_scantwin.viewer.session import ScanLayer, frame_of

__all__ = ["SPIKE_COLOR", "SpikeMarks"]

#: Of spikes on the canvas and in plots: no colour of the colour maps or of the sweeps.
SPIKE_COLOR = "#ff4fd8"
_RADIUS = 5


class SpikeMarks:
    """Painted while the chosen scan, or what was made of it, is the layer that is ruled."""

    def __init__(self, overlay, chooser):
        self._overlay, self._chooser = overlay, chooser
        overlay.painters.append(self._paint)

    def remove(self) -> None:
        """Leave the canvas."""
        if self._paint in self._overlay.painters:
            self._overlay.painters.remove(self._paint)

    def pixels(self) -> np.ndarray:
        """Where the spikes lie on the canvas: (x, y) [k, 2]; none where another scan is ruled."""
        layer, drawn = self._chooser.layer, self._overlay.layer
        twin = ScanLayer(layer).twin
        if twin is None or not len(twin.spikes) or drawn is None or frame_of(drawn).axes != frame_of(layer).axes:
            return np.zeros((0, 2))
        frame = frame_of(layer)
        world = (twin.spikes - np.asarray(frame.origin)) / np.asarray(frame.step)
        vertical, horizontal = self._overlay.displayed(frame)
        return np.array([self._overlay.pixel(place[vertical], place[horizontal]) for place in world])

    def _paint(self, painter: QPainter) -> None:
        painter.setBrush(Qt.NoBrush)
        for place in self.pixels():
            for color, width in ((QColor(0, 0, 0, 160), 4), (QColor(SPIKE_COLOR), 2)):
                painter.setPen(QPen(color, width))
                painter.drawEllipse(QPointF(*place), _RADIUS, _RADIUS)
