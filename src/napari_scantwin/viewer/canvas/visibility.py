"""Which scan is seen: one at a time owns the canvas, with what was made from it."""

from __future__ import annotations

from napari_scantwin.core import scan as scans
from napari_scantwin.core.axis_roles import drawn_axes
from napari_scantwin.core.clouds import is_cloud
from napari_scantwin.viewer.canvas.frame import displayed
from napari_scantwin.viewer.canvas.layers import give_rim
from napari_scantwin.viewer.session import ScanLayer, frame_of, made_from, scan_layers, scan_of

__all__ = [
    "VIEWS",
    "axes_shown",
    "bring_to_front",
    "family_of",
    "fit_rims",
    "one_quantity",
    "show_alone",
    "show_axes",
    "show_view",
    "view_shown",
    "why_no_view",
]

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

    ours, left = family_of(viewer, layer), False
    clouds = any(is_cloud(scan_of(one)) for one in scan_layers(viewer) if one.visible)
    for other in scan_layers(viewer):
        if other not in ours and other.visible:
            head, left = ScanLayer(other).measured or other, True
            ScanLayer(head).seen = [one for one in family_of(viewer, head) if one.visible]
            if (pair := axes_shown(viewer, head)) and ScanLayer(head).drawn:
                ScanLayer(head).drawn = pair
            for one in family_of(viewer, head):
                one.visible = False
    if not any(one.visible for one in ours):
        for one in [kept for kept in ScanLayer(ours[0]).seen if kept in ours] or [layer]:
            one.visible = True
    viewer.layers.selection.active = layer
    head = ScanLayer(ours[0])
    if is_cloud(head.scan):
        viewer.dims.ndisplay = 3
    elif clouds:  # which the view was turned for
        viewer.dims.ndisplay = 2
    drawn_flat = len(scans.axes(head.scan)) > 1 and not is_cloud(head.scan)
    if drawn_flat and (left or head.drawn is None or not axes_shown(viewer, layer)):
        # Only when it comes to the front: the user may have turned it since.
        head.drawn = head.drawn or drawn_axes(head.scan)
        show_axes(viewer, layer, *head.drawn)
    fit_view(viewer)


def axes_shown(viewer, layer) -> tuple[str, str] | None:
    """The axes of a layer's scan that the canvas draws upwards and to the right; None where it draws others."""
    frame = frame_of(layer)
    pair = displayed(viewer, frame)
    return None if min(pair) < 0 else (frame.axes[pair[0]], frame.axes[pair[1]])


def show_axes(viewer, layer, up: str, right: str) -> None:
    """Draw two axes of a layer's scan upwards and to the right; sliders stand for the others."""
    frame, count = frame_of(layer), viewer.dims.ndim
    pair = tuple(frame.axes.index(axis) + count - len(frame.axes) for axis in (up, right))
    viewer.dims.order = (*(axis for axis in range(count) if axis not in pair), *pair)


def show_alone(viewer, layer) -> None:
    """Show a scan that was just opened and hide every other, so that its points do not lie over another's map."""
    layer.visible = True
    bring_to_front(viewer, layer)


def one_quantity(viewer, layer) -> None:
    """Hide what was made from the same scan and is of another quantity than a layer that is seen: it would show through
    holes, under a colour bar that is not its own. What is drawn in one colour, as a boundary is, lies over any."""
    if layer not in viewer.layers or not layer.visible or scan_of(layer) is None:
        return
    if ScanLayer(layer).looks is not None:
        return
    for other in family_of(viewer, layer):
        apart = other is not layer and _quantity(other) != _quantity(layer) and ScanLayer(other).looks is None
        if apart and other.visible:
            other.visible = False


def fit_rims(viewer, layer) -> None:
    """Give the points of a layer's scan that are seen the rim for a map below them, or for the bare canvas."""
    if layer not in viewer.layers or scan_of(layer) is None:
        return
    seen = [one for one in family_of(viewer, layer) if one.visible]
    on_map = any(hasattr(one, "contrast_limits") for one in seen)
    for one in seen:
        give_rim(one, on_map)


def _quantity(layer) -> tuple[str, str]:
    shown = ScanLayer(layer)
    kind = "values" if shown.kind in ("measured", "simulated") else str(shown.kind)
    return (shown.quantity or shown.analysis or kind), str(scan_of(layer).attrs["units"])


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
    if points:
        give_rim(layer, on_map=view == "map")
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
