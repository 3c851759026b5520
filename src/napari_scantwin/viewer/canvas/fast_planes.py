"""A cube's plane put on the canvas without napari's models, for a crosshair that is being dragged.

Moving a slider takes napari about 20 ms of validating, announcing and transforming, of which slicing the array is one;
the eye wants a plane every 16 ms. While the mouse moves, the plane is therefore handed to the layer's picture itself;
the slider follows when the mouse rests, and napari slices the same plane again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from napari_scantwin.viewer.canvas.lazy_data import LazyPlanes
from napari_scantwin.viewer.canvas.napari_private import can_draw, draw_plane
from napari_scantwin.viewer.canvas.transposed_copy import TransposedCopy
from napari_scantwin.viewer.session import frame_of, scan_layers

__all__ = ["draw_planes"]


def draw_planes(viewer, layer, bounds: Callable[[str], tuple[float, float]], transposed: TransposedCopy) -> bool:
    """Show, for every visible image drawn in the layer's frame, the plane averaged over ``bounds(axis)`` (first and
    last value) of the axes that are not drawn; what stands in a file follows when it has been read. False, with nothing
    shown, where that cannot be done this way. ``transposed`` keeps the copy of the layer's array."""
    frame = frame_of(layer)
    if viewer.dims.ndisplay != 2:
        return False
    alike = [other for other in scan_layers(viewer) if other.visible and frame_of(other) == frame]
    parts = []
    for other in alike:
        if other.__class__.__name__ != "Image" or not can_draw(viewer, other):
            return False
        part = _part(viewer, other, frame, bounds)
        if part is None:
            return False
        parts.append(part)
    drawn = bool(alike)
    for other, part in zip(alike, parts, strict=True):
        means = tuple(axis for axis in range(other.ndim) if axis not in _shown(viewer, other))
        show = functools.partial(_show, viewer, other, tuple(viewer.dims.displayed))
        if isinstance(other.data, LazyPlanes):
            other.data.bring(part, means, show)
        else:
            drawn &= show(_plane(other.data, part, means, transposed if other is layer else None))
    return drawn


def _shown(viewer, layer) -> list[int]:
    """The layer's dimensions that are drawn upwards and to the right."""
    return [axis - viewer.dims.ndim + layer.ndim for axis in viewer.dims.displayed]


def _part(viewer, layer, frame, bounds) -> tuple[tuple[int, int], ...] | None:
    """The first and the end of every dimension of what is to be drawn; None where the place lies beyond the layer."""
    shown, part = _shown(viewer, layer), []
    for axis, name in enumerate(frame.axes):
        if axis in shown:
            part.append((0, layer.data.shape[axis]))
            continue
        ends = (np.array(bounds(name)) - frame.origin[axis]) / frame.step[axis]
        first, last = (int(np.round(end)) for end in (ends - layer.translate[axis]) / layer.scale[axis])
        if first < 0 or last >= layer.data.shape[axis]:
            return None
        part.append((first, last + 1))
    return tuple(part)


def _plane(data, part, means: tuple[int, ...], transposed: TransposedCopy | None) -> np.ndarray:
    """The mean of an array's part over the dimensions ``means``."""
    if transposed is not None and data.ndim - 1 in means and (copy := transposed.of(data)) is not None:
        data, part = copy, (part[-1], *part[:-1])
        means = tuple((axis + 1) % copy.ndim for axis in means)
    view = np.asarray(data[tuple(slice(*ends) for ends in part)])
    if all(view.shape[axis] == 1 for axis in means):
        return view.squeeze(means)
    return view.mean(axis=means)


def _show(viewer, layer, displayed: tuple[int, ...], plane: np.ndarray) -> bool:
    """Put a plane, its dimensions in the array's order, on the canvas, unless others are drawn by now."""
    if layer not in viewer.layers or tuple(viewer.dims.displayed) != displayed:
        return False
    up, right = displayed
    return draw_plane(viewer, layer, plane if up < right else plane.T)
