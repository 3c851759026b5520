"""Rulers and colour bar beside the map, in physical units, for the overlay to paint."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter, QPen, QPixmap

from napari_scantwin.core import units
from napari_scantwin.figures.color_scale import share_of
from napari_scantwin.viewer.canvas.colors import base_of, limits_of, scale_of
from napari_scantwin.viewer.canvas.view_switch import HEIGHT
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of

__all__ = ["BOTTOM", "LEFT", "RIGHT", "TOP", "Rulers", "log_ticks", "ticks"]

#: Pixels that the rulers take from the canvas on each side, and those of the switch above the colour bar.
LEFT, BOTTOM, RIGHT, BAR = 76, 44, 14, 50
TOP = HEIGHT + BAR


class Rulers:
    """Paints on ``sheet``, the overlay, which knows where the world lies on it."""

    def __init__(self, viewer, sheet):
        self._viewer, self._sheet = viewer, sheet
        self._kept: tuple | None = None

    def paint(self, painter, layer, vertical: int, horizontal: int, ink: QColor, paper: QColor, held: str = "") -> None:
        """Paint the rulers of a layer's axes and its colour bar, again only where something about them has changed;
        ``held`` tells where the sliders stand."""
        self._ink, self._paper, self._held = ink, paper, held
        scan, frame, camera = scan_of(layer), frame_of(layer), self._viewer.scene.camera
        colormap, limits = base_of(layer), limits_of(layer)
        view = (camera.zoom, *camera.center[-2:], self._sheet.width(), self._sheet.height(), vertical, horizontal)
        view += self._sheet.orientation.signs
        ratio = self._sheet.devicePixelRatioF()
        look = (self._viewer.theme, colormap.name, tuple(limits), ScanLayer(layer).kind, scale_of(layer), held, ratio)
        key = (view, look, frame, id(scan), colormap.colors.tobytes())
        if self._kept is None or self._kept[0] != key:
            sheet = QPixmap(self._sheet.size() * ratio)
            sheet.setDevicePixelRatio(ratio)
            sheet.fill(Qt.transparent)
            on_sheet = QPainter(sheet)
            on_sheet.setRenderHint(QPainter.Antialiasing)
            on_sheet.setFont(painter.font())
            self._paint(on_sheet, layer, scan, frame, vertical, horizontal)
            on_sheet.end()
            self._kept = (key, sheet)
        painter.drawPixmap(0, 0, self._kept[1])

    def _paint(self, painter, layer, scan, frame, vertical: int, horizontal: int) -> None:
        width, height = self._sheet.width(), self._sheet.height()
        painter.setPen(QPen(self._ink, 1))
        painter.fillRect(QRectF(0, 0, LEFT, height), self._paper)
        painter.fillRect(QRectF(LEFT, height - BOTTOM, width - LEFT, BOTTOM), self._paper)
        self._ruler_below(painter, scan, frame, horizontal)
        self._ruler_left(painter, scan, frame, vertical)
        self._color_bar(painter, layer, scan)

    def _ruler_below(self, painter, scan, frame, axis) -> None:
        width, height = self._sheet.width(), self._sheet.height()
        left = self._sheet.world(LEFT, 0)[1]
        right = self._sheet.world(width, 0)[1]
        base = height - BOTTOM
        painter.setPen(QPen(self._ink, 1))
        painter.drawLine(QPointF(LEFT, base), QPointF(width, base))
        origin, step = frame.origin[axis], frame.step[axis]
        ends = sorted((left * step + origin, right * step + origin))
        marks = ticks(*ends, width - LEFT, 90)
        for value, text in marks if len(marks) > 1 else ticks(*ends, width - LEFT, 45):
            x = LEFT + ((value - origin) / step - left) / (right - left) * (width - LEFT)
            painter.drawLine(QPointF(x, base), QPointF(x, base + 5))
            painter.drawText(QRectF(x - 45, base + 5, 90, 16), Qt.AlignCenter, text)
        label = self._axis_title(painter, scan, frame, axis, width - LEFT - RIGHT)
        painter.drawText(QRectF(LEFT, height - 22, width - LEFT, 20), Qt.AlignCenter, label)

    @staticmethod
    def _axis_title(painter, scan, frame, axis: int, room: float) -> str:
        name, unit = frame.axes[axis], units.pretty(frame.units[axis])
        title = str(scan[name].attrs.get("long_name") or name.replace("_", " "))
        return fitted_title(painter.fontMetrics(), title, unit, room)

    def _ruler_left(self, painter, scan, frame, axis) -> None:
        height = self._sheet.height()
        base = height - BOTTOM
        top, bottom = self._sheet.world(0, 0)[0], self._sheet.world(0, base)[0]
        painter.drawLine(QPointF(LEFT, 0), QPointF(LEFT, base))
        origin, step = frame.origin[axis], frame.step[axis]
        ends = sorted((bottom * step + origin, top * step + origin))
        for value, text in ticks(*ends, base, 50):
            y = (top - (value - origin) / step) / (top - bottom) * base
            if y < HEIGHT + 8:  # under the switch
                continue
            painter.drawLine(QPointF(LEFT - 5, y), QPointF(LEFT, y))
            painter.drawText(QRectF(18, y - 8, LEFT - 26, 16), Qt.AlignRight | Qt.AlignVCenter, text)
        painter.save()
        painter.translate(2, base)
        painter.rotate(-90)
        label = self._axis_title(painter, scan, frame, axis, base)
        painter.drawText(QRectF(0, 0, base, 16), Qt.AlignCenter, label)
        painter.restore()

    def _color_bar(self, painter, layer, scan) -> None:
        colormap, scale, (low, high) = base_of(layer), scale_of(layer), limits_of(layer)
        painter.fillRect(QRectF(0, 0, self._sheet.width(), HEIGHT), self._paper)
        painter.fillRect(QRectF(LEFT, HEIGHT, self._sheet.width() - LEFT, BAR), self._paper)
        painter.translate(0, HEIGHT)
        kind = ScanLayer(layer).kind
        title = kind if kind in ("uncertainty", "residual") else scan.attrs.get("long_name", str(scan.name))
        unit = units.pretty(scan.attrs["units"])
        title = fitted_title(painter.fontMetrics(), str(title), unit, max(self._sheet.width() - LEFT - 170, 60))
        left = LEFT + painter.fontMetrics().horizontalAdvance(title) + 22
        told = painter.fontMetrics().horizontalAdvance(self._held) + 26 if self._held else 0
        length = max(60, min(360, self._sheet.width() - left - 30 - told))
        gradient = QLinearGradient(left, 0, left + length, 0)
        for share, color in zip(np.linspace(0, 1, 17), colormap.map(np.linspace(0, 1, 17)), strict=True):
            gradient.setColorAt(float(share), QColor.fromRgbF(*(float(c) for c in color)))
        painter.fillRect(QRectF(left, 10, length, 12), gradient)
        painter.setPen(QPen(self._ink, 1))
        painter.drawText(QRectF(LEFT + 10, 8, left - LEFT, 16), Qt.AlignLeft | Qt.AlignVCenter, title)
        if self._held:
            room = QRectF(left + length + 14, 8, self._sheet.width() - left - length - 20, 16)
            held = painter.fontMetrics().elidedText(self._held, Qt.ElideMiddle, int(room.width()))
            painter.drawText(room, Qt.AlignRight | Qt.AlignVCenter, held)
        marks = log_ticks(low, high, length, 52) if scale == "logarithmic" else ticks(low, high, length, 52)
        if len(marks) < 2:  # a short bar between round numbers: its ends say more than one tick
            marks = [(low, f"{low:.3g}"), (high, f"{high:.3g}")]
        for value, text in marks:
            x = left + length * float(share_of(value, (low, high), scale))
            painter.drawLine(QPointF(x, 22), QPointF(x, 26))
            half = painter.fontMetrics().horizontalAdvance(text) / 2 + 2
            painter.drawText(QRectF(min(x, self._sheet.width() - half) - 40, 27, 80, 16), Qt.AlignCenter, text)


def log_ticks(low: float, high: float, pixels: float, apart: float) -> list[tuple[float, str]]:
    """Powers of ten between ``low`` and ``high``, and 2 and 5 times those where there is room, with their texts."""
    if not 0 < low < high < np.inf:
        return []
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    for steps in ((1, 2, 5), (1, 3), (1,)):
        for every in range(1, 40) if steps == (1,) else (1,):
            marks = [step * 10.0**power for power in range(first, last + 1, every) for step in steps]
            marks = [mark for mark in marks if low * (1 - 1e-9) <= mark <= high * (1 + 1e-9)]
            if len(marks) * apart <= pixels:
                return [(mark, f"{mark:g}") for mark in marks]
    return []


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
    """A title of the colour bar or of an axis in ``width`` pixels: its name is cut where it must be, never its unit."""
    ending = f" ({unit})" if unit else ""
    return metrics.elidedText(title, Qt.ElideRight, max(int(width) - metrics.horizontalAdvance(ending), 40)) + ending
