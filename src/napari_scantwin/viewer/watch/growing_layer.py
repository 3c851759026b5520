"""A layer whose file has grown, on screen: new data in the same layer, the view, the colours and the choice as they
were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.canvas.layers import add_layer, layer_data, limits, update_layer, update_masked
from napari_scantwin.viewer.canvas.napari_private import drawn_once
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.session import ScanLayer, frame_of, let_go, scan_of

__all__ = ["keep_colours", "prepare_grown", "put_grown", "usual_colours"]

#: What the user may have set of a layer of points and napari makes anew with new points.
_LOOKS = ("border_width", "border_color")


def prepare_grown(layer, scan) -> tuple:
    """The (data, attributes, type) of the longer scan of a layer; runs in any thread."""
    return layer_data(scan, frame_of(layer), kind="measured", name=layer.name)


def put_grown(viewer, layer, prepared: tuple, measured):
    """Show the longer scan of a layer, whose file holds ``measured`` now, in the layer, or, where it has become an
    image or points, in one in its place; returns the layer."""
    data, attributes, layer_type = prepared
    ScanLayer(attributes).go_on_from(layer, measured)
    overlay, place = attach(viewer), viewer.dims.point
    untouched = overlay is not None and overlay.untouched and layer.visible
    camera = (viewer.scene.camera.zoom, tuple(viewer.scene.camera.center))
    for name in _LOOKS:
        if layer_type == "points" and len(getattr(layer, name, ())):
            attributes[name] = getattr(layer, name)[0]
    wider, shown = _ranges(scan_of(layer)) != _ranges(scan_of(attributes)), layer
    with drawn_once(viewer, layer):
        updated = update_layer(layer, data, attributes, layer_type)
        if updated:
            update_masked(layer)
    if not updated:
        shown = _in_its_place(viewer, layer, prepared)
    viewer.dims.point = place
    viewer.scene.camera.zoom, viewer.scene.camera.center = camera
    if untouched and wider:  # what is new lies outside the view, which nobody chose
        overlay.fit_soon()
    return shown


def _ranges(scan) -> list[tuple[float, float]]:
    """Where a scan's axes begin and end."""
    return [(float(scan[name].min()), float(scan[name].max())) for name in scans.axes(scan)]


def _in_its_place(viewer, layer, prepared: tuple):
    let_go(viewer, layer)
    number, visible = viewer.layers.index(layer), layer.visible
    selected = viewer.layers.selection.active is layer
    active = viewer.layers.selection.active
    viewer.layers.remove(layer)
    shown = add_layer(viewer, *prepared)
    viewer.layers.move(viewer.layers.index(shown), number)
    shown.visible = visible
    viewer.layers.selection.active = shown if selected else active
    return shown


def usual_colours(viewer, layer) -> dict[str, tuple[float, float]]:
    """The colour limits that the values tell, by kind of layer: of the measured layer and of what a twin made of it.
    Where a layer has others, the user set them. Runs in any thread."""
    twin, found = ScanLayer(layer).twin, {"measured": limits(scan_of(layer))}
    for kind in ("simulated", "uncertainty", "residual"):
        one = result_of(layer, kind, viewer)
        if one is not None:
            scan = twin.whole if kind == "simulated" and twin is not None else scan_of(one)
            low, high = limits(scan)
            reach = max(abs(low), abs(high))
            found[kind] = (-reach, reach) if kind == "residual" else (low, high)
    return found


def keep_colours(viewer, layer, prepared: Sequence[tuple], usual: Mapping[str, tuple[float, float]]) -> None:
    """Give what is prepared to take the place of a layer, or of what was made of it, the colour limits that the user
    set there; those are others than the ``usual`` ones."""
    for _, attributes, layer_type in prepared:
        kind = ScanLayer(attributes).kind
        there = layer if kind == "measured" else result_of(layer, kind, viewer)
        if there is None or kind not in usual:
            continue
        image, (low, high) = layer_type == "image", usual[kind]
        now = tuple(there.contrast_limits if hasattr(there, "contrast_limits") else there.face_contrast_limits)
        if not np.allclose(now, (low, high), rtol=1e-3, atol=1e-3 * (high - low)):
            attributes["contrast_limits" if image else "face_contrast_limits"] = now
