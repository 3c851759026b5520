"""A processed scan on screen: in place of the one it came from, or as a layer beside it."""

from __future__ import annotations

from napari_scantwin.viewer.canvas.layers import (
    Frame,
    add_layer,
    frame_of,
    layer_data,
    scan_layers,
    scan_of,
    update_layer,
)
from napari_scantwin.viewer.canvas.visibility import bring_to_front

__all__ = ["prepare", "put_beside", "put_in_place"]


def prepare(aspect: float, layer, scan, name: str | None = None) -> tuple:
    """The (data, attributes, type) of a processed scan, in the layer's frame where it fits, else in
    one for a canvas ``aspect`` times as high as wide; runs in any thread.

    ``metadata["raw"]`` keeps the scan that the first step began with, from which steps are undone.
    """
    frame = frame_of(layer)
    frame = frame if frame.fits(scan) else Frame.of(scan, aspect)
    prepared = layer_data(scan, frame, kind="measured", name=name or layer.name)
    prepared[1]["metadata"]["raw"] = layer.metadata.get("raw", scan_of(layer))
    return prepared


def put_beside(viewer, prepared: tuple):
    """Show a processed scan as a layer of its own; returns the layer."""
    layer = add_layer(viewer, *prepared)
    bring_to_front(viewer, layer)
    return layer


def put_in_place(viewer, layer, prepared: tuple):
    """Show a processed scan in the layer it came from, or, where its axes are others, in one that takes its place;
    returns the layer. A twin trained on what stood there before goes with it, and its maps are hidden."""
    data, attributes, layer_type = prepared
    for other in scan_layers(viewer):
        if other.metadata.get("measured") is layer:
            del other.metadata["measured"]
            other.visible = False
    viewer.layers.selection.active = layer
    same_axes = frame_of(layer).fits(attributes["metadata"]["scan"])
    if same_axes and update_layer(layer, data, attributes, layer_type):
        layer.refresh()
        return layer
    viewer.layers.remove(layer)
    return put_beside(viewer, prepared)
