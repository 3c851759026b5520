"""Rulers, colour bar and read-out painted over the canvas, in physical units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, Qt, QTimer
from qtpy.QtGui import QBrush, QColor, QFont, QLinearGradient, QPainter, QPainterPath, QPen, QPixmap
from qtpy.QtWidgets import QWidget

from napari_scantwin import scan as scans
from napari_scantwin import units
from napari_scantwin.viewer.layers import frame_of, scan_layers, scan_of
from napari_scantwin.viewer.readout import describe, speak_physical
from napari_scantwin.viewer.refill import refill
from napari_scantwin.viewer.sliders import Sliders

__all__ = ["Overlay", "attach", "canvas_aspect", "fit_view"]

_LEFT, _BOTTOM, _RIGHT, _TOP = 76, 44, 14, 50
#: Space between the map and the rulers, in pixels.
_AIR = 16


def attach(viewer) -> Overlay | None:
    """The viewer's overlay, made on first call; None where the viewer has no window (a headless model)."""
    window = getattr(viewer, "window", None)
    canvas = getattr(getattr(window, "_qt_viewer", None), "canvas", None)  # napari has no public way to it
    if canvas is None:
        return None
    found = canvas.native.findChild(Overlay)
    return found or Overlay(viewer, canvas.native)


def fit_view(viewer) -> None:
    """Show all layers inside the rulers."""
    viewer.reset_view()
    overlay = attach(viewer)
    if overlay is None:
        return
    camera = viewer.scene.camera
    width, height = max(overlay.width(), 1), max(overlay.height(), 1)
    layers = scan_layers(viewer)
    if not layers:
        return
    shown = list(viewer.dims.displayed)[-2:]
    low = np.min(
        [layer.extent.world[0][-2:] if layer.ndim == 2 else layer.extent.world[0][shown] for layer in layers], 0
    )
    high = np.max(
        [layer.extent.world[1][-2:] if layer.ndim == 2 else layer.extent.world[1][shown] for layer in layers], 0
    )
    room = np.array(_room(width, height))
    zoom = float(np.min(room / np.maximum(high - low, 1e-9)))
    camera.zoom = zoom
    middle = (low + high) / 2 + np.array([-(_BOTTOM - _TOP) / 2, (_RIGHT - _LEFT) / 2]) / zoom
    camera.center = (0.0, *middle)
    overlay.fitted = (camera.zoom, *camera.center[-2:])


def canvas_aspect(viewer) -> float:
    """Height over width of the room for a map on the canvas; 1 where there is no window."""
    overlay = attach(viewer)
    if overlay is None:
        return 1.0
    height, width = _room(overlay.width(), overlay.height())
    return height / width


def _room(width: int, height: int) -> tuple[float, float]:
    """Height and width left for the map between the rulers, in pixels."""
    return max(height - _TOP - _BOTTOM - 2 * _AIR, 50.0), max(width - _LEFT - _RIGHT - 2 * _AIR, 50.0)


class Overlay(QWidget):
    """A sheet over the canvas that lets the mouse through and paints what napari's canvas lacks."""

    def __init__(self, viewer, canvas):
        super().__init__(canvas)
        self._viewer = viewer
        self._text: list[str] = []
        self.fitted: tuple | None = None
        #: Functions of the painter that draw on the map, between the map and the rulers.
        self.painters: list[Callable[[QPainter], None]] = []
        #: What holds the mouse while it is dragged on the map, so that nothing else takes hold of it too.
        self.holder: object = None
        #: True while axes are stretched anew: sliders then stand for moments where nobody put them.
        self.refilling = False
        self._kept: tuple | None = None
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self._refit)
        self.setAttribute(Qt.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WA_NoSystemBackground)
        viewer.scene.camera.orientation2d = ("up", "right")
        canvas.installEventFilter(self)
        self.resize(canvas.size())
        viewer.scene.camera.events.connect(self._refresh)
        viewer.dims.events.connect(self._refresh)
        viewer.layers.events.connect(self._refresh)
        viewer.layers.events.inserted.connect(lambda event: speak_physical(event.value))
        for layer in viewer.layers:
            speak_physical(layer)
        viewer.layers.selection.events.connect(self._refresh)
        viewer.mouse_move_callbacks.append(self._follow)
        # napari fits its own view after these; the axes are stretched once that is done.
        viewer.dims.events.order.connect(lambda event: self._late.start(0))
        self.sliders = Sliders(viewer, lambda: self.layer)
        self.show()

    def _refresh(self, event=None) -> None:
        self.update()

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Resize:
            self.resize(watched.size())
            camera = self._viewer.scene.camera
            if self.fitted is not None and np.allclose(self.fitted, (camera.zoom, *camera.center[-2:])):
                # The user has not moved the map: keep it filling the canvas as that changes.
                self._late.start(0)
        return False

    def _refit(self) -> None:
        self.refilling = True
        try:
            refill(self._viewer, canvas_aspect(self._viewer))
        finally:
            self.refilling = False
        fit_view(self._viewer)

    @property
    def text(self) -> list[str]:
        """The read-out's lines as they stand on the screen."""
        return list(self._text)

    def _follow(self, viewer, event) -> None:
        """Show what lies under the mouse."""
        self.show_at(np.asarray(event.position, float))

    def show_at(self, world: np.ndarray) -> None:
        """Show what lies at world coordinates [axes]."""
        layer = self.layer
        self._text = [] if layer is None else describe(self._viewer, frame_of(layer), world)
        self.update()

    @property
    def layer(self):
        """The scan whose axes the rulers show: the selected one, else the topmost visible."""
        active = self._viewer.layers.selection.active
        if scan_of(active) is not None:
            return active
        visible = [layer for layer in scan_layers(self._viewer) if layer.visible]
        return visible[-1] if visible else None

    def world(self, x: float, y: float) -> tuple[float, float]:
        """World (row, column) at a pixel of the canvas."""
        camera = self._viewer.scene.camera
        row = camera.center[-2] - (y - self.height() / 2) / camera.zoom
        return row, camera.center[-1] + (x - self.width() / 2) / camera.zoom

    def pixel(self, row: float, column: float) -> tuple[float, float]:
        """The (x, y) pixel of the canvas at world (row, column)."""
        camera = self._viewer.scene.camera
        x = self.width() / 2 + (column - camera.center[-1]) * camera.zoom
        return x, self.height() / 2 - (row - camera.center[-2]) * camera.zoom

    def displayed(self, frame) -> tuple[int, int]:
        """Which of the frame's axes are drawn upwards and to the right."""
        offset = self._viewer.dims.ndim - len(frame.axes)
        vertical, horizontal = self._viewer.dims.displayed[-2:]
        return vertical - offset, horizontal - offset

    def paintEvent(self, event) -> None:
        layer = self.layer
        if layer is None or self._viewer.dims.ndisplay != 2:
            return
        frame = frame_of(layer)
        if len(frame.axes) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setFont(QFont("DejaVu Sans", 9))
        dark = self._viewer.theme != "light"
        self._ink = QColor(230, 230, 230) if dark else QColor(20, 20, 20)
        self._paper = QColor(20, 22, 26, 225) if dark else QColor(250, 250, 250, 225)
        vertical, horizontal = self.displayed(frame)
        if min(vertical, horizontal) < 0:  # sliders of other layers: none of this scan's axes to draw
            painter.end()
            return
        self._extrapolation(painter, layer)
        for paint in self.painters:
            paint(painter)
        self._rulers(painter, layer, vertical, horizontal)
        painter.setPen(QPen(self._ink, 1))
        self._read_out(painter)
        painter.end()

    def _rulers(self, painter, layer, vertical: int, horizontal: int) -> None:
        """The rulers and the colour bar, painted anew only where something about them has changed."""
        scan, frame, camera = scan_of(layer), frame_of(layer), self._viewer.scene.camera
        colormap = layer.colormap if hasattr(layer, "colormap") else layer.face_colormap
        limits = layer.contrast_limits if hasattr(layer, "contrast_limits") else layer.face_contrast_limits
        view = (camera.zoom, *camera.center[-2:], self.width(), self.height(), vertical, horizontal)
        look = (self._viewer.theme, colormap.name, tuple(limits), layer.metadata["kind"], self.devicePixelRatioF())
        key = (view, look, frame, id(scan), colormap.colors.tobytes())
        if self._kept is None or self._kept[0] != key:
            sheet = QPixmap(self.size() * self.devicePixelRatioF())
            sheet.setDevicePixelRatio(self.devicePixelRatioF())
            sheet.fill(Qt.transparent)
            on_sheet = QPainter(sheet)
            on_sheet.setRenderHint(QPainter.Antialiasing)
            on_sheet.setFont(painter.font())
            self._paint_rulers(on_sheet, layer, scan, frame, vertical, horizontal)
            on_sheet.end()
            self._kept = (key, sheet)
        painter.drawPixmap(0, 0, self._kept[1])

    def _paint_rulers(self, painter, layer, scan, frame, vertical: int, horizontal: int) -> None:
        width, height = self.width(), self.height()
        painter.setPen(QPen(self._ink, 1))
        painter.fillRect(QRectF(0, 0, _LEFT, height), self._paper)
        painter.fillRect(QRectF(_LEFT, height - _BOTTOM, width - _LEFT, _BOTTOM), self._paper)
        self._ruler_below(painter, scan, frame, horizontal)
        self._ruler_left(painter, scan, frame, vertical)
        self._color_bar(painter, layer, scan)

    def _extrapolation(self, painter, layer) -> None:
        """Hatch what lies outside the measured range of the axes, and draw that range's edge."""
        scan, frame = scan_of(layer), frame_of(layer)
        measured = layer.metadata.get("measured")
        if (
            measured is None
            or "extrapolated" not in scan.coords
            or not layer.metadata.setdefault("extrapolates", bool(scan["extrapolated"].any()))
        ):
            return
        inner, outer = ([] for _ in range(2))
        hidden = False
        for position, name in enumerate(frame.axes):
            kept = [float(end(scan_of(measured)[name].values)) for end in (np.min, np.max)]
            drawn = [float(end(scan[name].values)) for end in (np.min, np.max)]
            inner.append([(value - frame.origin[position]) / frame.step[position] for value in kept])
            outer.append([(value - frame.origin[position]) / frame.step[position] for value in drawn])
            if position not in self.displayed(frame):
                at = self._viewer.dims.point[position - len(frame.axes)]
                hidden |= not inner[-1][0] - 1e-6 <= at <= inner[-1][1] + 1e-6
        box = self._rectangle(outer, frame)
        path = QPainterPath()
        path.addRect(box)
        if not hidden:
            inside = self._rectangle(inner, frame)
            path.addRect(box & inside)
            painter.setPen(QPen(QColor(255, 255, 255, 190), 1, Qt.DashLine))
            painter.drawRect(box & inside)
        painter.fillPath(path, QBrush(QColor(255, 255, 255, 120), Qt.BDiagPattern))

    def _rectangle(self, ranges, frame) -> QRectF:
        """The canvas's rectangle of (low, high) world ranges of the frame's axes."""
        vertical, horizontal = self.displayed(frame)
        low = QPointF(*self.pixel(ranges[vertical][0], ranges[horizontal][0]))
        return QRectF(low, QPointF(*self.pixel(ranges[vertical][1], ranges[horizontal][1]))).normalized()

    def _ruler_below(self, painter, scan, frame, axis) -> None:
        width, height = self.width(), self.height()
        left = self.world(_LEFT, 0)[1]
        right = self.world(width, 0)[1]
        base = height - _BOTTOM
        painter.setPen(QPen(self._ink, 1))
        painter.drawLine(QPointF(_LEFT, base), QPointF(width, base))
        origin, step = frame.origin[axis], frame.step[axis]
        for value, text in ticks(left * step + origin, right * step + origin, width - _LEFT, 90):
            x = _LEFT + ((value - origin) / step - left) / (right - left) * (width - _LEFT)
            painter.drawLine(QPointF(x, base), QPointF(x, base + 5))
            painter.drawText(QRectF(x - 45, base + 5, 90, 16), Qt.AlignCenter, text)
        label = scans.axis_label(scan, frame.axes[axis])
        painter.drawText(QRectF(_LEFT, height - 22, width - _LEFT, 20), Qt.AlignCenter, label)

    def _ruler_left(self, painter, scan, frame, axis) -> None:
        height = self.height()
        base = height - _BOTTOM
        top, bottom = self.world(0, 0)[0], self.world(0, base)[0]
        painter.drawLine(QPointF(_LEFT, 0), QPointF(_LEFT, base))
        origin, step = frame.origin[axis], frame.step[axis]
        for value, text in ticks(bottom * step + origin, top * step + origin, base, 50):
            y = (top - (value - origin) / step) / (top - bottom) * base
            painter.drawLine(QPointF(_LEFT - 5, y), QPointF(_LEFT, y))
            painter.drawText(QRectF(18, y - 8, _LEFT - 26, 16), Qt.AlignRight | Qt.AlignVCenter, text)
        painter.save()
        painter.translate(2, base / 2 + 150)
        painter.rotate(-90)
        painter.drawText(QRectF(0, 0, 300, 16), Qt.AlignCenter, scans.axis_label(scan, frame.axes[axis]))
        painter.restore()

    def _color_bar(self, painter, layer, scan) -> None:
        colormap = layer.colormap if hasattr(layer, "colormap") else layer.face_colormap
        low, high = layer.contrast_limits if hasattr(layer, "contrast_limits") else layer.face_contrast_limits
        painter.fillRect(QRectF(_LEFT, 0, self.width() - _LEFT, _TOP), self._paper)
        kind = layer.metadata["kind"]
        title = kind if kind in ("uncertainty", "residual") else scan.attrs.get("long_name", str(scan.name))
        unit = units.pretty(scan.attrs["units"])
        title = fitted_title(painter.fontMetrics(), str(title), unit, max(self.width() - _LEFT - 170, 60))
        left = _LEFT + painter.fontMetrics().horizontalAdvance(title) + 22
        length = max(60, min(360, self.width() - left - 30))
        gradient = QLinearGradient(left, 0, left + length, 0)
        for share, color in zip(np.linspace(0, 1, 17), colormap.map(np.linspace(0, 1, 17)), strict=True):
            gradient.setColorAt(float(share), QColor.fromRgbF(*(float(c) for c in color)))
        painter.fillRect(QRectF(left, 10, length, 12), gradient)
        painter.setPen(QPen(self._ink, 1))
        painter.drawText(QRectF(_LEFT + 10, 8, left - _LEFT, 16), Qt.AlignLeft | Qt.AlignVCenter, title)
        marks = ticks(low, high, length, 52)
        if len(marks) < 2:  # a short bar between round numbers: its ends say more than one tick
            marks = [(low, f"{low:.3g}"), (high, f"{high:.3g}")]
        for value, text in marks:
            x = left + length * (value - low) / (high - low)
            painter.drawLine(QPointF(x, 22), QPointF(x, 26))
            half = painter.fontMetrics().horizontalAdvance(text) / 2 + 2
            painter.drawText(QRectF(min(x, self.width() - half) - 40, 27, 80, 16), Qt.AlignCenter, text)

    def _read_out(self, painter) -> None:
        lines = self._text or self.sliders.held()
        if not lines:
            return
        metrics = painter.fontMetrics()
        width = max(metrics.horizontalAdvance(line) for line in lines) + 16
        box = QRectF(_LEFT + 8, _TOP + 6, width, 17 * len(lines) + 8)
        painter.fillRect(box, self._paper)
        for number, line in enumerate(lines):
            painter.drawText(QRectF(box.x() + 8, box.y() + 4 + 17 * number, width, 16), Qt.AlignLeft, line)


def ticks(low: float, high: float, pixels: float, apart: float) -> list[tuple[float, str]]:
    """Round values between ``low`` and ``high`` about ``apart`` pixels from each other, with their texts."""
    if not np.isfinite([low, high]).all() or high <= low:
        return []
    rough = (high - low) * apart / max(pixels, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= rough)
    values = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return [(float(value), f"{value:.6g}") for value in np.where(np.abs(values) < step * 1e-9, 0, values)]


def fitted_title(metrics, title: str, unit: str, width: float) -> str:
    """The colour bar's title in ``width`` pixels: its name is cut where it must be, never its unit."""
    ending = f" ({unit})" if unit else ""
    return metrics.elidedText(title, Qt.ElideRight, max(int(width) - metrics.horizontalAdvance(ending), 40)) + ending
