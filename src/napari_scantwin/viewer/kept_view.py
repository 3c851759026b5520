"""How a scan is looked at, as plain values: kept in a session, and brought back when it is opened again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_scantwin.viewer.canvas.colors import apply_scale, scale_of
from napari_scantwin.viewer.canvas.frame import displayed
from napari_scantwin.viewer.canvas.overlay import fit_view, show_part
from napari_scantwin.viewer.canvas.visibility import family_of, show_view, view_shown
from napari_scantwin.viewer.session import ScanLayer, frame_of

__all__ = ["bring_back", "view_of"]


def view_of(panel) -> dict[str, Any]:
    """What is looked at of the chosen scan: which view, which axes, how far zoomed, where the sliders stand, the
    colours and the tab in front."""
    viewer, layer = panel.viewer, panel.chooser.layer
    frame = frame_of(layer)
    shown = displayed(viewer, frame)
    about: dict[str, Any] = {
        "view": view_shown(viewer, layer),
        "tab": panel.tabs.tabText(panel.tabs.currentIndex()),
        "at": dict(zip(frame.axes, map(float, frame.to_physical(viewer.dims.point[-len(frame.axes) :])), strict=True)),
    }
    if min(shown) >= 0 and len(frame.axes) > 1:
        about["axes"] = [frame.axes[axis] for axis in shown]
    picture = None if panel.overlay is None else panel.overlay.picture.describe()
    if picture is not None:
        if not panel.overlay.untouched:  # else it is fitted again, to whatever room there is
            about |= {"shown_x": list(picture.shown_x), "shown_y": list(picture.shown_y)}
        about |= {"limits": list(picture.limits), "colormap": picture.colormap}
        about["scale"] = scale_of(panel.overlay.layer)
    return about


def bring_back(panel, view: Mapping[str, Any]) -> None:
    """Look at the chosen scan as it was looked at, as far as it still can be."""
    viewer, layer = panel.viewer, panel.chooser.layer
    frame = frame_of(layer)
    if view.get("view"):
        show_view(viewer, layer, view["view"])
    axes = view.get("axes", [])
    if len(axes) == 2 and set(axes) <= set(frame.axes) and viewer.dims.ndim == len(frame.axes):
        numbers = [frame.axes.index(axis) for axis in axes]
        viewer.dims.order = (*(n for n in range(viewer.dims.ndim) if n not in numbers), *numbers)
    at = view.get("at", {})
    if set(at) == set(frame.axes) and viewer.dims.ndim == len(frame.axes):
        viewer.dims.point = tuple(frame.to_world(np.array([[at[axis] for axis in frame.axes]]))[0])
    fit_view(viewer)
    if "shown_x" in view and panel.overlay is not None:
        show_part(viewer, layer, view["shown_x"], view["shown_y"])
    for one in family_of(viewer, layer):
        if one.visible and "limits" in view:
            _color(one, view)
    for number in range(panel.tabs.count()):
        if panel.tabs.tabText(number) == view.get("tab"):
            panel.tabs.setCurrentIndex(number)


def _color(layer, view: Mapping[str, Any]) -> None:
    prefix = "" if hasattr(layer, "contrast_limits") else "face_"
    setattr(layer, f"{prefix}colormap", view["colormap"])
    setattr(layer, f"{prefix}contrast_limits", tuple(view["limits"]))
    ScanLayer(layer).set_color_scale(view.get("scale", scale_of(layer)))
    apply_scale(layer)
