"""Which scan is seen: one at a time owns the canvas, with what was made from it."""

from __future__ import annotations

from napari_scantwin.viewer.canvas.frame import displayed
from napari_scantwin.viewer.session import ScanLayer, frame_of, made_from, scan_layers

__all__ = ["VIEWS", "bring_to_front", "family_of", "show_alone", "show_view", "view_shown", "why_no_view"]

#: What of a scan is looked at: the switch's words, and the kind of its layer.
VIEWS = {"measured": "measured", "map": "simulated", "±": "uncertainty", "residual": "residual"}


def family_of(viewer, layer) -> list:
    """A measured layer with what was made from it; the layer alone where it was made from none."""
    head = ScanLayer(layer).measured or layer
    return [head, *made_from(viewer, head)]


def bring_to_front(viewer, layer) -> None:
    """Show a scan, as it was last seen, and hide every other scan's layers; draw its last two axes where the sliders of
    others would draw something else."""
    from napari_scantwin.viewer.canvas.overlay import fit_view

    ours = family_of(viewer, layer)
    for other in scan_layers(viewer):
        if other not in ours and other.visible:
            head = ScanLayer(other).measured or other
            ScanLayer(head).seen = [one for one in family_of(viewer, head) if one.visible]
            for one in family_of(viewer, head):
                one.visible = False
    if not any(one.visible for one in ours):
        for one in [kept for kept in ScanLayer(ours[0]).seen if kept in ours] or [layer]:
            one.visible = True
    viewer.layers.selection.active = layer
    if min(displayed(viewer, frame_of(layer))) < 0:
        viewer.dims.order = tuple(range(viewer.dims.ndim))
    fit_view(viewer)


def show_alone(viewer, layer) -> None:
    """Show a scan that was just opened and hide every other, so that its points do not lie over another's map."""
    layer.visible = True
    bring_to_front(viewer, layer)


def _of_view(viewer, layer, view: str):
    """The layer that a view of a scan shows, or None."""
    if view == "measured":
        return layer
    return next(iter(made_from(viewer, layer, VIEWS[view])), None)


def why_no_view(viewer, layer, view: str) -> str:
    """Why a view of a scan cannot be shown; empty where it can."""
    if layer is None:
        return "Open a scan first"
    if _of_view(viewer, layer, view) is not None:
        return ""
    return "Train the scan first" if ScanLayer(layer).twin is None else "Simulate the twin first"


def show_view(viewer, layer, view: str) -> None:
    """Show one of :data:`VIEWS` of a measured layer; its sweeps stay over the map, where they are points."""
    from napari_scantwin.viewer.canvas.overlay import fit_view

    wanted = _of_view(viewer, layer, view)
    if wanted is None:
        return
    points = layer.__class__.__name__ == "Points" and view in ("map", "measured")
    for one in family_of(viewer, layer):
        seen = one is wanted or (one is layer and points)
        if one.visible != seen:  # napari draws all again at every setting
            one.visible = seen
    viewer.layers.selection.active = wanted
    fit_view(viewer)


def view_shown(viewer, layer) -> str:
    """Which of :data:`VIEWS` of a measured layer is on the canvas; empty where it is something else, such as an
    analysis's map."""
    seen = [one for one in family_of(viewer, layer) if one.visible]
    others = [one for one in seen if one is not layer]
    if not others:
        return "measured" if seen else ""
    found = [view for view in VIEWS if view != "measured" and others == [_of_view(viewer, layer, view)]]
    return found[0] if found else ""
