"""Which scan is seen where several of other axes lie in one viewer."""

from __future__ import annotations

from napari_scantwin.viewer.canvas.frame import displayed
from napari_scantwin.viewer.session import frame_of, scan_layers

__all__ = ["bring_to_front", "show_alone"]


def bring_to_front(viewer, layer) -> None:
    """Show a scan and what shares its axes, hide scans of other axes, and draw its last two axes where the sliders of
    others would draw something else."""
    from napari_scantwin.viewer.canvas.overlay import fit_view

    frame = frame_of(layer)
    for other in scan_layers(viewer):
        if frame_of(other).axes != frame.axes:
            other.visible = False
    layer.visible = True
    viewer.layers.selection.active = layer
    if min(displayed(viewer, frame)) < 0:
        viewer.dims.order = tuple(range(viewer.dims.ndim))
    fit_view(viewer)


def show_alone(viewer, layer) -> None:
    """Show a scan that was just opened and hide every other, so that its points do not lie over another's map; the
    eyes in the layer list bring the others back."""
    for other in scan_layers(viewer):
        if other is not layer:
            other.visible = False
    bring_to_front(viewer, layer)
