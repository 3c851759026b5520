"""Hatching over what is extrapolated: beyond the measured range of an axis, and in holes far from every point."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen, QPixmap

from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of

__all__ = ["Hatching", "flags_on"]

_BRUSH = QBrush(QColor(255, 255, 255, 120), Qt.BDiagPattern)
#: The form's own digits are no step beyond the range: less than this share of it.
_MARGIN = 1e-3
#: Flags along each axis of a plane at the most; of a volume that is evaluated where it is looked at, that many.
_MOST, _MOST_EVALUATED = 512, 96


class Hatching:
    """Paints on ``sheet``, the overlay, which knows where the world lies on it."""

    def __init__(self, viewer, sheet):
        self._viewer, self._sheet = viewer, sheet
        self._job = Job(sheet)
        self._job.done.connect(self._evaluated)
        self._plane: tuple | None = None  # what is shown, and its flags
        self._sought: tuple | None = None
        self._kept: tuple | None = None

    def paint(self, painter, layer) -> None:
        """Hatch what lies beyond the measured range, draw that range's edge, and hatch the holes within it."""
        scan = scan_of(layer)
        if "extrapolated" not in scan.coords:
            return
        # Of a map from a file only the flags tell what was measured.
        beyond, whole, inside = self._ranges(layer, scan, scan_of(ScanLayer(layer).measured or layer))
        if beyond:
            path = QPainterPath()
            path.addRect(whole)
            if inside is not None:
                path.addRect(inside)
                painter.setPen(QPen(QColor(255, 255, 255, 190), 1, Qt.DashLine))
                painter.drawRect(inside)
            painter.fillPath(path, _BRUSH)
        if inside is not None and scans.is_gridded(scan):
            self._holes(painter, layer, scan, inside)

    def _ranges(self, layer, scan, measured) -> tuple[bool, QRectF, QRectF | None]:
        """Whether the map goes beyond what was measured, the map on the canvas, and the measured range in it (None
        where a slider stands beyond it)."""
        frame = frame_of(layer)
        inner, outer, beyond, outside = [], [], False, False
        for position, name in enumerate(frame.axes):
            kept, drawn = (np.asarray(one[name].values, float) for one in (measured, scan))
            kept, drawn = (np.array([column.min(), column.max()]) for column in (kept, drawn))
            margin = _MARGIN * np.ptp(kept)
            beyond |= bool(drawn[0] < kept[0] - margin or drawn[1] > kept[1] + margin)
            inner.append((kept - frame.origin[position]) / frame.step[position])
            outer.append((drawn - frame.origin[position]) / frame.step[position])
            if position not in self._sheet.displayed(frame):
                at = self._viewer.dims.point[position - len(frame.axes)]
                outside |= not inner[-1][0] - 1e-6 <= at <= inner[-1][1] + 1e-6
        whole = self._rectangle(outer, frame)
        return beyond, whole, None if outside else whole & self._rectangle(inner, frame)

    def _rectangle(self, ranges, frame) -> QRectF:
        """The canvas's rectangle of (low, high) world ranges of the frame's axes."""
        vertical, horizontal = self._sheet.displayed(frame)
        low = QPointF(*self._sheet.pixel(ranges[vertical][0], ranges[horizontal][0]))
        return QRectF(low, QPointF(*self._sheet.pixel(ranges[vertical][1], ranges[horizontal][1]))).normalized()

    # holes

    def _holes(self, painter, layer, scan, inside: QRectF) -> None:
        flags = self._flags(layer, scan)
        if flags is None or not flags.any():
            return
        frame = frame_of(layer)
        ranges = []
        for position, name in enumerate(frame.axes):
            column = np.asarray(scan[name].values, float)
            half = np.ptp(column) / max(len(column) - 1, 1) / 2
            ends = np.array([column.min() - half, column.max() + half])
            ranges.append((ends - frame.origin[position]) / frame.step[position])
        target = self._rectangle(ranges, frame)
        size, ratio = self._sheet.size(), self._sheet.devicePixelRatioF()
        down, right = self._sheet.orientation.signs
        key = (id(flags), down, right, target.getRect(), inside.getRect(), size.width(), size.height(), ratio)
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, _hatched(flags[::down, ::right], target, inside, size, ratio))
        painter.drawPixmap(0, 0, self._kept[1])

    def _flags(self, layer, scan) -> np.ndarray | None:
        """What is extrapolated on the plane that is shown [upwards, rightwards]; None until that is known."""
        frame = frame_of(layer)
        shown = tuple(frame.axes[number] for number in self._sheet.displayed(frame))
        there = frame.to_physical(self._viewer.dims.point[-len(frame.axes) :])
        held = {
            name: int(np.argmin(np.abs(np.asarray(scan[name].values, float) - value)))
            for name, value in zip(frame.axes, there, strict=True)
            if name not in shown
        }
        key = (id(scan), shown, tuple(held.items()))
        if self._plane is not None and self._plane[0] == key:
            return self._plane[1]
        if not scans.is_lazy(scan):
            self._plane = (key, flags_on(scan, shown, held, _MOST), scan)
            return self._plane[1]
        self._sought = (key, scan, shown, held)
        self._seek()
        return None

    def _seek(self) -> None:
        """Have the flags of a plane evaluated in the background: they take a moment."""
        if self._sought is not None and not self._job.running:
            (key, scan, shown, held), self._sought = self._sought, None
            self._job.start(lambda report, stop: (key, flags_on(scan, shown, held, _MOST_EVALUATED), scan))

    def _evaluated(self, plane) -> None:
        self._plane = plane
        self._sheet.update()
        if self._sought is not None and self._sought[0] != plane[0]:
            self._seek()


def flags_on(scan, shown: tuple[str, str], held: dict[str, int], most: int) -> np.ndarray:
    """The flags ``extrapolated`` of a gridded scan on the plane of two axes [upwards, rightwards], both rising in even
    steps, at most ``most`` along each; ``held`` are the others' indices."""
    picked = {}
    for name in shown:
        column = np.asarray(scan[name].values, float)
        order = np.argsort(column)
        even = np.linspace(column.min(), column.max(), min(len(column), most))
        middles = (column[order][1:] + column[order][:-1]) / 2
        picked[name] = order[np.searchsorted(middles, even)]
    return np.asarray(scan["extrapolated"].isel(held).isel(picked).transpose(*shown).values, bool)


def _hatched(flags: np.ndarray, target: QRectF, inside: QRectF, size, ratio: float) -> QPixmap:
    """Hatching of the flagged cells, which fill ``target`` row by row from its top, within ``inside``."""
    alpha = np.ascontiguousarray(np.where(flags, 255, 0).astype(np.uint8))
    height, width = alpha.shape
    image = QImage(alpha.tobytes(), width, height, width, QImage.Format_Alpha8).copy()
    stencil = QPixmap(size * ratio)
    stencil.setDevicePixelRatio(ratio)
    stencil.fill(Qt.transparent)
    painter = QPainter(stencil)
    painter.drawImage(target, image)
    painter.end()
    sheet = QPixmap(size * ratio)
    sheet.setDevicePixelRatio(ratio)
    sheet.fill(Qt.transparent)
    painter = QPainter(sheet)
    painter.fillRect(inside, _BRUSH)
    painter.setCompositionMode(QPainter.CompositionMode_DestinationIn)
    painter.drawPixmap(0, 0, stencil)
    painter.end()
    return sheet
