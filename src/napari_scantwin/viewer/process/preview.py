"""A step's result as it would be, over the map, without changing the scan."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer, Signal

from napari_scantwin import processing
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.layers import add_layer, layer_data
from napari_scantwin.viewer.canvas.overlay import canvas_aspect
from napari_scantwin.viewer.canvas.shown_slice import ShownSlice
from napari_scantwin.viewer.canvas.visibility import bring_to_front
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.session import frame_of, scan_of

__all__ = ["Preview"]

#: Milliseconds without a change after which the preview follows.
_REST = 250


class Preview(QObject):
    """Works out one step at a time in a thread and shows it as a layer that is nobody's scan and goes again.

    ``ended(error or None)`` when it is on screen or cannot be.
    """

    ended = Signal(object)

    def __init__(self, viewer, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self.layer = self._of = self._view = None
        self._next: tuple | None = None
        self.job = Job(self)
        self.job.done.connect(self._show)
        self.job.failed.connect(lambda reason: self.ended.emit(reason) if self._next is None else None)
        self.job.ended.connect(self._go_on)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._begin)

    def ask(self, layer, work: Callable, *, at_once: bool = False) -> None:
        """Show what ``work()`` makes of a layer's scan, in place of what is shown or worked out."""
        self._next = (layer, work)
        if self.job.running:
            self.job.stop()
        elif at_once:
            self._begin()
        else:
            self._rest.start()

    def clear(self) -> None:
        """Show the scan as it is."""
        self._next = None
        self._rest.stop()
        if self.job.running:
            self.job.stop()
        self._remove()

    def shut(self) -> None:
        """Stop what is worked out and leave the canvas."""
        self.clear()
        self.job.abandon()

    def _begin(self) -> None:
        if self._next is None or self.job.running:
            return
        (layer, work), self._next = self._next, None
        aspect, frame = canvas_aspect(self._viewer), frame_of(layer)

        def run(report, stop):
            with processing.reporting(report, stop):
                scan = work()
            own = frame if frame.fits(scan) else Frame.of(scan, aspect)
            return layer, layer_data(scan, own, kind="preview", name=f"preview · {layer.name}"), stop

        self.job.start(run)

    def _go_on(self) -> None:
        if self._next is not None:
            self._begin()

    def _show(self, found) -> None:
        layer, prepared, stop = found
        if self._next is not None or stop.is_set() or layer not in self._viewer.layers:
            return
        viewer = self._viewer
        shown = ShownSlice.of(viewer, self.layer or layer)
        if self.layer is None:
            self._view = (
                viewer.scene.camera.center,
                viewer.scene.camera.zoom,
                tuple(viewer.dims.order),
                tuple(viewer.dims.point),
            )
        self._take_off()
        self._of = layer
        self.layer = add_layer(viewer, *prepared)
        bring_to_front(viewer, self.layer)
        if frame_of(layer).fits(scan_of(self.layer)):  # the same axes, so the same view
            self._look_as_before()
        elif shown is not None:
            shown.show(viewer, self.layer)
            bring_to_front(viewer, self.layer)
        self.ended.emit(None)

    def _look_as_before(self) -> None:
        center, zoom, order, point = self._view
        dims = self._viewer.dims
        if len(order) == dims.ndim:
            dims.order = order
            for axis, place in enumerate(point):
                dims.set_point(axis, place)
        self._viewer.scene.camera.center, self._viewer.scene.camera.zoom = center, zoom

    def _take_off(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def _remove(self) -> None:
        if self.layer is None:
            return
        self._take_off()
        if self._of in self._viewer.layers:
            bring_to_front(self._viewer, self._of)
            self._look_as_before()
        self._of = None
