"""From a line on the map of a cube to the plane under it, as a scan of its own."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.sections.lines import Cut
from napari_scantwin.sections.planes import plane_along, simulated_on
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.layers import add_layer, layer_data, layer_name, limits
from napari_scantwin.viewer.canvas.overlay import canvas_aspect
from napari_scantwin.viewer.canvas.visibility import bring_to_front
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.session import ScanLayer, scan_of

__all__ = ["PlaneMaker", "line_of"]


def line_of(scan, cut: Cut, shown: tuple[str, ...] = ()) -> tuple[dict, dict]:
    """Start and end of a cut on the two axes it runs on: those that change, filled up by the axis across it or by the
    other one ``shown`` on the map."""
    axes = [axis for axis in scans.axes(scan) if cut.start[axis] != cut.end[axis]]
    if len(axes) > 2:
        raise ScanError("this line runs on more than two axes; draw it on one map")
    candidates = (axis for axis in (*shown, cut.across, *scans.axes(scan)) if axis is not None and axis not in axes)
    while len(axes) < 2:
        axes.append(next(candidates))
    return {axis: cut.start[axis] for axis in axes}, {axis: cut.end[axis] for axis in axes}


class PlaneMaker(QObject):
    """Works out planes in the background; ``made(layer)`` when one is on screen, else ``failed(error)``."""

    made, failed = Signal(object), Signal(object)

    def __init__(self, viewer, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self.job = Job(self)
        self.job.done.connect(self._show)
        self.job.failed.connect(self.failed)

    def make(self, layer, cut: Cut, shown: tuple[str, ...] = ()) -> bool:
        """Begin the plane under a cut through a layer's scan, averaged over its band if the cut is averaged."""
        scan = scan_of(layer)
        try:
            if not scans.is_gridded(scan) or scan.ndim < 3:
                raise ScanError("a plane needs a scan on a grid of three or more axes")
            start, end = line_of(scan, cut, shown)
        except ScanError as reason:
            self.failed.emit(reason)
            return False
        width = cut.width if cut.averaged and cut.across in start else 0.0
        across = cut.across if cut.across in start else None
        name = layer_name(f"plane under {cut.name}", layer.name)
        name_of_twin = layer_name("simulated", name)
        aspect = canvas_aspect(self._viewer)

        twin = ScanLayer(layer).twin

        def work(report, stop):
            plane = plane_along(scan, start, end, width=width, across=across)
            frame, shared = Frame.of(plane, aspect), limits(plane)
            made = [layer_data(plane, frame, kind="measured", contrast=shared, name=name)]
            if twin is not None and not width:  # a band's mean is not the twin's value on the line
                map_ = simulated_on(plane, twin)
                made.append(layer_data(map_, frame, kind="simulated", contrast=shared, name=name_of_twin))
            return made

        return self.job.start(work)

    def _show(self, prepared) -> None:
        layer = add_layer(self._viewer, *prepared[0])
        bring_to_front(self._viewer, layer)
        for more in prepared[1:]:
            ScanLayer(more[1]).measured = layer
            self._viewer.layers.selection.active = add_layer(self._viewer, *more)
        self.made.emit(layer)
