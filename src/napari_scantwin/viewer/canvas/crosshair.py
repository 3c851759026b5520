"""The crosshair through a cube: one place and its averaging windows, shared by the map, the sliders and the plots."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_scantwin import sections
from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.canvas.fast_planes import draw_planes
from napari_scantwin.viewer.canvas.frame import displayed
from napari_scantwin.viewer.canvas.transposed_copy import TransposedCopy
from napari_scantwin.viewer.session import frame_of, scan_of

__all__ = ["Crosshair"]

#: So long after the last move (ms) a crosshair that is dragged has come to rest.
_REST = 150
#: So long after it has come to rest (ms) the transposed copy of its cube is given up.
_IDLE = 30_000


class Crosshair(QObject):
    """A place in a gridded scan: ``at`` every axis's value, ``widths`` the full averaging windows (axis's unit).

    The place lies on samples of the scan. Where an axis is not drawn on the canvas, its value is where napari's slider
    stands, and its window is the slice's thickness there. ``moved()`` after any change.
    """

    moved = Signal()

    def __init__(self, viewer, overlay, parent=None):
        super().__init__(parent)
        self._viewer, self._overlay = viewer, overlay
        self.layer = None
        self.at: dict[str, float] = {}
        self.widths: dict[str, float] = {}
        self._columns: dict[str, np.ndarray] = {}
        self._setting, self._dragged = False, False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.settle)
        self.transposed = TransposedCopy()
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(_IDLE)
        self._idle.timeout.connect(self.transposed.drop)
        viewer.dims.events.point.connect(self._slid)
        viewer.dims.events.order.connect(self._plane_changed)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the scan, slow first; none without a scan."""
        return tuple(self._columns)

    def column(self, axis: str) -> np.ndarray:
        """The axis's values [n]."""
        return self._columns[axis]

    def choose(self, layer) -> None:
        """Go through another layer's scan (None, or a ragged one: through nothing), where the sliders stand."""
        scan = scan_of(layer)
        if scan is None or not scans.is_gridded(scan) or scan.ndim < 2:
            self.layer, self.at, self.widths, self._columns = None, {}, {}, {}
            self.moved.emit()
            return
        kept = self.at if self.layer is layer else {}
        self.layer = layer
        self._columns = {axis: np.asarray(scan[axis].values, float) for axis in scans.axes(scan)}
        self.widths = {axis: self.widths.get(axis, 0.0) if kept else 0.0 for axis in self.axes}
        frame = frame_of(layer)
        there = frame.to_physical(self._viewer.dims.point[-len(frame.axes) :])
        shown = self.shown()
        for axis, value in zip(frame.axes, there, strict=True):
            column = self._columns[axis]
            middle = column[len(column) // 2]
            self.at[axis] = self.nearest(axis, kept.get(axis, middle) if axis in shown else value)
        self.at = {axis: self.at[axis] for axis in self.axes}
        self._thicken()
        self.moved.emit()

    def shown(self) -> tuple[str, ...]:
        """The axes drawn upwards and to the right; none while the sliders belong to other layers."""
        frame = frame_of(self.layer)
        if frame is None:
            return ()
        pair = displayed(self._viewer, frame)
        return () if min(pair) < 0 else tuple(frame.axes[number] for number in pair)

    def nearest(self, axis: str, value: float) -> float:
        """The axis's sample nearest to ``value``."""
        column = self._columns[axis]
        return float(column[np.argmin(np.abs(column - value))])

    def move(self, dragged: bool = False, **to: float) -> None:
        """Go to values of some axes; sliders follow where those are not drawn, if ``dragged`` when it rests: until then
        :meth:`show` puts the plane on the canvas."""
        to = {axis: self.nearest(axis, value) for axis, value in to.items()}
        if all(self.at[axis] == value for axis, value in to.items()):
            return
        self.at |= to
        shown = self.shown()
        hidden = [axis for axis in to if axis not in shown]
        if hidden and dragged:
            self._dragged = True
            self._rest.start(_REST)
        elif hidden:
            self._slide(hidden)
        self.moved.emit()

    def show(self) -> None:
        """Put the plane it was dragged to on the canvas; nothing where it has not."""
        if not self._dragged:
            return
        self._dragged = False
        if draw_planes(self._viewer, self.layer, self.bounds, self.transposed):
            if self._overlay is not None:
                self._overlay.sliders.show(self.at)
        else:
            self.settle()

    def settle(self) -> None:
        """Bring napari's sliders to where the crosshair was dragged."""
        self._rest.stop()
        self._idle.start()
        self._dragged = False
        if self.layer is not None and self.layer in self._viewer.layers:
            self._slide([axis for axis in self.axes if axis not in self.shown()])

    def step(self, axis: str, by: int) -> None:
        """Go ``by`` samples along an axis, from its end on at its beginning."""
        ordered = np.sort(self._columns[axis])
        here = int(np.argmin(np.abs(ordered - self.at[axis])))
        self.move(**{axis: float(ordered[(here + by) % len(ordered)])})

    def average(self, axis: str, width: float) -> None:
        """Average over a window of full ``width`` about the place on an axis."""
        self.widths[axis] = max(float(width), 0.0)
        self._thicken()
        self.moved.emit()

    def bounds(self, axis: str) -> tuple[float, float]:
        """The first and last value of the samples within an axis's window."""
        inside = self._columns[axis][sections.window(self._columns[axis], self.at[axis], self.widths[axis])]
        return float(inside.min()), float(inside.max())

    def _dimension(self, axis: str) -> int:
        frame = frame_of(self.layer)
        return frame.axes.index(axis) + self._viewer.dims.ndim - len(frame.axes)

    def _slide(self, axes) -> None:
        """Put napari's sliders where the crosshair is."""
        frame = frame_of(self.layer)
        point = list(self._viewer.dims.point)
        for axis in axes:
            number, dimension = frame.axes.index(axis), self._dimension(axis)
            world = (self.at[axis] - frame.origin[number]) / frame.step[number]
            # The very number that the slider's own step has: one a digit away would be sliced twice.
            steps = self._viewer.dims.range[dimension]
            point[dimension] = steps.start + round((world - steps.start) / steps.step) * steps.step
        self._setting = True
        try:
            self._viewer.dims.point = tuple(point)
        finally:
            self._setting = False
        self._thicken()

    def _thicken(self) -> None:
        """Make napari's slice as thick as the windows of the axes that are not drawn."""
        dims = self._viewer.dims
        left, right = [0.0] * dims.ndim, [0.0] * dims.ndim
        frame = frame_of(self.layer)
        shown = self.shown()
        for axis in self.axes if shown else ():
            if axis in shown or self.widths[axis] <= 0:
                continue
            number, dimension = frame.axes.index(axis), self._dimension(axis)
            low, high = self.bounds(axis)
            left[dimension] = (self.at[axis] - low) / frame.step[number]
            right[dimension] = (high - self.at[axis]) / frame.step[number]
        if tuple(left) != tuple(dims.margin_left) or tuple(right) != tuple(dims.margin_right):
            dims.margin_left, dims.margin_right = left, right

    def _slid(self, event=None) -> None:
        """Follow a slider that was moved, or that plays."""
        stretching = self._overlay is not None and self._overlay.stretching
        quiet = self._setting or stretching or self._rest.isActive()
        if quiet or self.layer is None or self.layer not in self._viewer.layers:
            return
        frame, shown = frame_of(self.layer), self.shown()
        if not shown:
            return
        there = frame.to_physical(self._viewer.dims.point[-len(frame.axes) :])
        changed = False
        for axis, value in zip(frame.axes, there, strict=True):
            if axis not in shown and self.nearest(axis, value) != self.at[axis]:
                self.at[axis] = self.nearest(axis, value)
                changed = True
        if changed:
            self._thicken()
            self.moved.emit()

    def _plane_changed(self, event=None) -> None:
        """Another plane is drawn: the axes that left it stay where the crosshair was."""
        if self.layer is not None and self.layer in self._viewer.layers:
            self._slide([axis for axis in self.axes if axis not in self.shown()])
            self.moved.emit()
