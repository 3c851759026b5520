"""The crosshair on the map: painted over the canvas, and dragged there."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QLineF, QObject, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from napari_scantwin.viewer.canvas.crosshair import Crosshair
from napari_scantwin.viewer.session import frame_of

__all__ = ["CanvasCrosshair"]

#: How near the mouse must be (pixels) to take hold of a line.
_NEAR = 8.0


class CanvasCrosshair(QObject):
    """Paints the crosshair on the map and lets the mouse drag either line, or both at their crossing; Control and a
    press bring it to the mouse. Only while ``wanted()``.

    The mouse is taken from Qt before napari hears of it: napari's way of an event through its models takes several
    milliseconds, which a crosshair that is to follow 60 times a second has not.
    """

    def __init__(self, viewer, overlay, crosshair: Crosshair, wanted: Callable[[], bool]):
        super().__init__(overlay)
        self._viewer, self._overlay, self._crosshair, self._wanted = viewer, overlay, crosshair, wanted
        self._held: tuple[str, ...] = ()
        self._gone = False
        overlay.painters.append(self._paint)
        overlay.parent().installEventFilter(self)

    def remove(self) -> None:
        """Leave the canvas, for good: a change of layers may still ask to be painted after the panel is closed."""
        if self._paint in self._overlay.painters:
            self._overlay.painters.remove(self._paint)
        self._overlay.parent().removeEventFilter(self)
        self._gone = True

    def redraw(self) -> None:
        """Paint again."""
        if not self._gone:
            self._overlay.update()

    def _axes(self) -> tuple[str, ...]:
        """The upward and the rightward axis, while the crosshair is on the canvas."""
        there = self._crosshair.layer is not None and self._crosshair.layer in self._viewer.layers
        return self._crosshair.shown() if there and self._wanted() and self._viewer.dims.ndisplay == 2 else ()

    def _pixel(self, axis: str, value: float) -> float:
        """Where a value of a displayed axis lies on the canvas: x of the rightward, y of the upward axis."""
        frame = frame_of(self._crosshair.layer)
        number = frame.axes.index(axis)
        world = (value - frame.origin[number]) / frame.step[number]
        rightward = axis == self._crosshair.shown()[1]
        return self._overlay.pixel(0.0, world)[0] if rightward else self._overlay.pixel(world, 0.0)[1]

    def _paint(self, painter: QPainter) -> None:
        axes = self._axes()
        if not axes:
            return
        width, height = self._overlay.width(), self._overlay.height()
        painter.setRenderHint(QPainter.Antialiasing, False)
        for axis, upright in zip(axes, (False, True), strict=True):
            low, high = (self._pixel(axis, value) for value in self._crosshair.bounds(axis))
            band = QRectF(low, 0, high - low, height) if upright else QRectF(0, high, width, low - high)
            if abs(high - low) > 1:
                painter.fillRect(band.normalized(), QColor(255, 190, 60, 45))
            place = self._pixel(axis, self._crosshair.at[axis])
            ends = ((place, 0), (place, height)) if upright else ((0, place), (width, place))
            line = QLineF(*ends[0], *ends[1])
            painter.setPen(QPen(QColor(0, 0, 0, 150), 3))
            painter.drawLine(line)
            painter.setPen(QPen(QColor(255, 190, 60), 1))
            painter.drawLine(line)
        painter.setRenderHint(QPainter.Antialiasing, True)

    def _grab(self, x: float, y: float, modifiers) -> tuple[str, ...]:
        """The axes whose lines are under the mouse, or both where Control is held."""
        axes = self._axes()
        if not axes or self._overlay.holder is not None:
            return ()
        if modifiers & Qt.ControlModifier:
            return axes
        away = [abs(self._pixel(axis, self._crosshair.at[axis]) - at) for axis, at in zip(axes, (y, x), strict=True)]
        return tuple(axis for axis, distance in zip(axes, away, strict=True) if distance <= _NEAR)

    def eventFilter(self, watched, event) -> bool:
        """Follow the mouse from press to release; what is taken here napari does not hear of."""
        kind = event.type()
        if kind == QEvent.MouseButtonPress and event.button() == Qt.LeftButton:
            place = event.pos()
            self._held = self._grab(place.x(), place.y(), event.modifiers())
            if self._held:
                self._overlay.holder = self
                self._to(place.x(), place.y())
            return bool(self._held)
        if not self._held or kind not in (QEvent.MouseMove, QEvent.MouseButtonRelease):
            return False
        self._to(event.pos().x(), event.pos().y())
        self._overlay.point_at(event.pos().x(), event.pos().y())
        if kind == QEvent.MouseButtonRelease:
            self._held, self._overlay.holder = (), None
        return True

    def _to(self, x: float, y: float) -> None:
        """Bring the lines that are held to a pixel."""
        axes = self._axes()
        if not axes:
            return
        frame = frame_of(self._crosshair.layer)
        to = {}
        for axis, world in zip(axes, self._overlay.world(x, y), strict=True):
            if axis in self._held:
                number = frame.axes.index(axis)
                to[axis] = world * frame.step[number] + frame.origin[number]
        self._crosshair.move(**to)
