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

__all__ = ["glide"]


def glide(viewer, layer, bounds: Callable[[str], tuple[float, float]]) -> bool:
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
        plane = _plane(viewer, other, frame, bounds) if other.__class__.__name__ == "Image" else None
        if plane is None or other not in visuals:
            return False
        planes.append(plane)
    for other, plane in zip(alike, planes, strict=True):
        node = visuals[other].node
        node.set_data(plane)
        node.update()
    return bool(alike)


def _plane(viewer, layer, frame, bounds) -> np.ndarray | None:
    """The layer's picture [up, right], float32; None where the place lies beyond the layer."""
    shown = [axis - viewer.dims.ndim + layer.ndim for axis in viewer.dims.displayed]
    view, means = layer.data, []
    for axis, name in enumerate(frame.axes):
        if axis in shown:
            continue
        ends = (np.array(bounds(name)) - frame.origin[axis]) / frame.step[axis]
        first, last = (int(np.round(end)) for end in (ends - layer.translate[axis]) / layer.scale[axis])
        if first < 0 or last >= view.shape[axis]:
            return None
        view = view[(slice(None),) * axis + (slice(first, last + 1),)]
        means.append(axis)
    if all(view.shape[axis] == 1 for axis in means):
        plane = np.asarray(view[tuple(0 if axis in means else slice(None) for axis in range(view.ndim))])
    else:
        plane = np.asarray(view).mean(axis=tuple(means))
    return np.ascontiguousarray(plane if shown[0] < shown[1] else plane.T, dtype=np.float32)
