"""The cuts' lines on the canvas: painted over any pair of displayed axes, dragged whatever layer is selected."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from napari_scantwin.viewer.session import frame_of

__all__ = ["CutLines"]

#: How near the mouse must be (pixels) to take hold of an end, or of the whole line.
_END, _BODY = 11.0, 7.0
#: How large the ends are drawn (pixels), of the chosen line and of others.
_CHOSEN, _OTHER = 6.0, 3.5


class CutLines:
    """Paints and drags the lines of ``lines()``, a list of objects with ``cut``, ``layer``, ``color`` and
    ``shown``; ``moved(line, start, end)`` is called with the new ends in physical values,
    ``picked(line)`` when one is taken hold of."""

    def __init__(self, viewer, overlay, lines: Callable[[], list], moved: Callable, picked: Callable):
        self._viewer, self._overlay, self._lines, self._moved = viewer, overlay, lines, moved
        self._picked = picked
        #: The line whose ends are drawn larger.
        self.chosen: object = None
        overlay.painters.append(self._paint)
        overlay.traces = self._traces
        viewer.mouse_drag_callbacks.append(self._drag)

    def remove(self) -> None:
        """Leave the canvas."""
        self._overlay.traces = lambda names: []
        if self._paint in self._overlay.painters:
            self._overlay.painters.remove(self._paint)
        if self._drag in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._drag)

    def redraw(self) -> None:
        """Paint again."""
        self._overlay.update()

    def _visible(self) -> list:
        if self._viewer.dims.ndisplay != 2:
            return []
        drawn = frame_of(self._overlay.layer)
        if drawn is None:
            return []
        lines = [line for line in self._lines() if line.shown and line.layer in self._viewer.layers]
        return [line for line in lines if drawn.axes == frame_of(line.layer).axes]

    def sees(self, line) -> bool:
        """Whether a line is on the canvas."""
        return line in self._visible()

    def _traces(self, names: tuple[str, str]) -> list[tuple]:
        """The lines on the canvas as (x, y, name, colour), for the axes drawn upwards and to the right."""
        up, right = names
        ends = [(line, (line.cut.start, line.cut.end)) for line in self._visible()]
        return [
            (np.array([end[right] for end in pair]), np.array([end[up] for end in pair]), line.cut.name, line.color)
            for line, pair in ends
        ]

    def _pixels(self, line) -> tuple[QPointF, QPointF]:
        """Where the ends lie on the canvas: their projection on the displayed axes."""
        frame = frame_of(line.layer)
        ends = frame.to_world([[end[axis] for axis in frame.axes] for end in (line.cut.start, line.cut.end)])
        vertical, horizontal = self._overlay.displayed(frame)
        return tuple(QPointF(*self._overlay.pixel(end[vertical], end[horizontal])) for end in ends)

    def _paint(self, painter: QPainter) -> None:
        for line in self._visible():
            start, end = self._pixels(line)
            # A dark line under the coloured one, so that it is seen on any map.
            painter.setPen(QPen(QColor(0, 0, 0, 160), 4, Qt.SolidLine, Qt.RoundCap))
            painter.drawLine(start, end)
            painter.setPen(QPen(QColor(line.color), 2, Qt.SolidLine, Qt.RoundCap))
            painter.drawLine(start, end)
            painter.setPen(QPen(QColor(0, 0, 0, 200), 1))
            painter.setBrush(QColor(line.color))
            size = _CHOSEN if line is self.chosen else _OTHER
            for place in (start, end):
                painter.drawEllipse(place, size, size)
            painter.setBrush(Qt.NoBrush)

    def _grab(self, world: np.ndarray):
        """The line under the mouse and what of it is held (0 start, 1 end, None the whole), or None."""
        mouse = np.array(self._overlay.pixel(*np.asarray(world)[list(self._viewer.dims.displayed[-2:])]))
        for line in reversed(self._visible()):
            ends = np.array([[point.x(), point.y()] for point in self._pixels(line)])
            away = np.linalg.norm(ends - mouse, axis=1)
            if away.min() <= _END:
                return line, int(np.argmin(away))
            along = ends[1] - ends[0]
            share = np.clip(np.dot(mouse - ends[0], along) / max(np.dot(along, along), 1e-9), 0, 1)
            if np.linalg.norm(ends[0] + share * along - mouse) <= _BODY:
                return line, None
        return None

    def _drag(self, viewer, event) -> Generator[None, None, None]:
        """Follow the mouse from press to release; with Shift an end stays level or upright."""
        free = event.button == 1 and self._overlay.holder is None
        grabbed = self._grab(event.position) if free else None
        if grabbed is None:
            return
        self._overlay.holder = self
        line, held = grabbed
        self._picked(line)
        frame = frame_of(line.layer)
        offset = viewer.dims.ndim - len(frame.axes)
        before = np.asarray(event.position, float)[offset:]
        start, end = dict(line.cut.start), dict(line.cut.end)
        shown = [frame.axes[position] for position in self._overlay.displayed(frame)]
        camera = viewer.scene.camera
        camera.mouse_pan = False
        try:
            yield
            released = False
            while not released:
                released = event.type == "mouse_release"
                now = np.asarray(event.position, float)[offset:]
                by = dict(zip(frame.axes, frame.to_physical(now) - frame.to_physical(before), strict=True))
                ends = [dict(start), dict(end)]
                for number, place in enumerate(ends):
                    if held in (None, number):
                        place.update({axis: place[axis] + by[axis] for axis in shown})
                if held is not None and "Shift" in event.modifiers:
                    _straighten(ends[held], ends[1 - held], shown, frame)
                if ends != [line.cut.start, line.cut.end]:
                    self._moved(line, *ends)
                if not released:
                    yield
        finally:
            self._overlay.holder = None
            camera.mouse_pan = True


def _straighten(held: dict, other: dict, shown: list[str], frame) -> None:
    """Level the displayed axis along which the two ends differ less on the canvas."""
    apart = [abs(held[axis] - other[axis]) / frame.step[frame.axes.index(axis)] for axis in shown]
    axis = shown[int(np.argmin(apart))]
    held[axis] = other[axis]
