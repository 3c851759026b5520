"""A processed scan on screen: in place of the one it came from, or as a layer beside it."""

from __future__ import annotations

from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.layers import add_layer, layer_data, update_layer
from napari_scantwin.viewer.canvas.shown_slice import ShownSlice
from napari_scantwin.viewer.canvas.visibility import bring_to_front
from napari_scantwin.viewer.session import ScanLayer, frame_of, let_go, scan_of

__all__ = ["prepare", "put_beside", "put_in_place"]


def prepare(aspect: float, layer, scan, name: str | None = None) -> tuple:
    """The (data, attributes, type) of a processed scan, in the layer's frame where it fits, else in
    one for a canvas ``aspect`` times as high as wide; runs in any thread.

    It keeps the scan that the first step began with, from which steps are undone.
    """
    frame = frame_of(layer)
    frame = frame if frame.fits(scan) else Frame.of(scan, aspect)
    prepared = layer_data(scan, frame, kind="measured", name=name or layer.name)
    ScanLayer(prepared[1]).continue_from(layer)
    return prepared


def put_beside(viewer, prepared: tuple, shown: ShownSlice | None = None):
    """Show a processed scan as a layer of its own, at the slice that was ``shown`` of another; returns the layer."""
    layer = add_layer(viewer, *prepared)
    bring_to_front(viewer, layer)
    if shown is not None:
        shown.show(viewer, layer)
        bring_to_front(viewer, layer)  # the view is fitted to the axes that are drawn
    return layer


def put_in_place(viewer, layer, prepared: tuple):
    """Show a processed scan in the layer it came from, or, where its axes are others, in one that takes its place;
    returns the layer. A twin trained on what stood there before goes with it, and its maps are hidden."""
    data, attributes, layer_type = prepared
    let_go(viewer, layer)
    viewer.layers.selection.active = layer
    same_axes = frame_of(layer).fits(scan_of(attributes))
    if same_axes and update_layer(layer, data, attributes, layer_type):
        layer.refresh()
        return layer
    shown = ShownSlice.of(viewer, layer)
    viewer.layers.remove(layer)
    return put_beside(viewer, prepared, shown)
