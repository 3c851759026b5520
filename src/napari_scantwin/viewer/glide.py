"""A cube's plane put on the canvas without napari's models, for a crosshair that is being dragged.

Moving a slider takes napari about 20 ms of validating, announcing and transforming, of which slicing the array is one;
the eye wants a plane every 16 ms. While the mouse moves, the plane is therefore handed to the layer's picture itself
(``canvas.layer_to_visual``, private, used here only); the slider follows when the mouse rests, and napari slices the
same plane again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_scantwin.viewer.layers import frame_of, scan_layers
from napari_scantwin.viewer.turned import Turned

__all__ = ["glide"]


def glide(viewer, layer, bounds: Callable[[str], tuple[float, float]], turned: Turned) -> bool:
    """Show, for every visible image drawn in the layer's frame, the plane averaged over ``bounds(axis)`` (first and
    last value) of the axes that are not drawn. False, with nothing shown, where that cannot be done this way."""
    canvas = getattr(getattr(viewer.window, "_qt_viewer", None), "canvas", None)
    visuals = getattr(canvas, "layer_to_visual", None)
    frame = frame_of(layer)
    if visuals is None or viewer.dims.ndisplay != 2:
        return False
    alike = [other for other in scan_layers(viewer) if other.visible and frame_of(other) == frame]
    planes = []
    for other in alike:
        if other.__class__.__name__ != "Image" or other not in visuals:
            return False
        plane = _plane(viewer, other, frame, bounds, turned if other is layer else None)
        if plane is None:
            return False
        planes.append(plane)
    for other, plane in zip(alike, planes, strict=True):
        node = visuals[other].node
        node.set_data(plane)
        node.update()
    return bool(alike)


def _plane(viewer, layer, frame, bounds, turned: Turned | None) -> np.ndarray | None:
    """The layer's picture [up, right], float32; None where the place lies beyond the layer."""
    shown = [axis - viewer.dims.ndim + layer.ndim for axis in viewer.dims.displayed]
    view = layer.data
    part: list[slice | int] = [slice(None)] * view.ndim
    for axis, name in enumerate(frame.axes):
        if axis in shown:
            continue
        ends = (np.array(bounds(name)) - frame.origin[axis]) / frame.step[axis]
        first, last = (int(np.round(end)) for end in (ends - layer.translate[axis]) / layer.scale[axis])
        if first < 0 or last >= view.shape[axis]:
            return None
        part[axis] = first if first == last else slice(first, last + 1)
    if turned is not None and view.ndim - 1 not in shown and (copy := turned.of(view)) is not None:
        view, part = copy, [part[-1], *part[:-1]]
    left = [one for one in part if not isinstance(one, int)]
    means = tuple(number for number, one in enumerate(left) if one != slice(None))
    plane = np.asarray(view[tuple(part)])
    plane = plane.mean(axis=means) if means else plane
    return np.ascontiguousarray(plane if shown[0] < shown[1] else plane.T, dtype=np.float32)
