"""Filling the canvas: when another plane of a cube is shown, or the canvas changes its shape, the axes are stretched
again, so that no plane is a strip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_scantwin.core.clouds import is_cloud
from napari_scantwin.viewer.canvas.frame import ASPECTS, EXTENT, Frame, displayed
from napari_scantwin.viewer.canvas.layers import give_frame
from napari_scantwin.viewer.session import frame_of, scan_layers, scan_of

__all__ = ["fill_canvas"]

#: The least change worth drawing.
_LEAST = 0.02


def fill_canvas(viewer, aspect: float) -> bool:
    """Stretch every scan's axes so that the displayed plane is ``aspect`` times as high as wide; whether any changed.

    Of scans that share their axes those that are seen fill it. The sliders stay at their physical values.
    """
    changed = False
    groups: dict[Frame, list] = {}
    for layer in scan_layers(viewer):
        # Atoms keep their shape: one scale for all axes.
        if len(frame_of(layer).axes) > 1 and not is_cloud(scan_of(layer)):
            groups.setdefault(frame_of(layer), []).append(layer)
    for frame, layers in groups.items():
        shown = list(displayed(viewer, frame))
        if min(shown) < 0:
            continue
        seen = [layer for layer in layers if layer.visible] or layers
        steps = _steps(frame, seen, shown, float(np.clip(aspect, *ASPECTS)))
        ratio = np.array(steps) / frame.step
        if np.abs(np.log(ratio[shown])).max() < _LEAST:
            continue
        _move(viewer, layers, replace(frame, step=tuple(steps)))
        changed = True
    return changed


def _steps(frame: Frame, layers, shown: list[int], aspect: float) -> list[float]:
    """Physical value per world unit of every axis; those not shown stay as they are."""
    steps = list(frame.step)
    for axis, extent in zip(shown, (EXTENT * aspect, EXTENT), strict=True):
        columns = [np.asarray(scan_of(layer)[frame.axes[axis]].values, float) for layer in layers]
        reach = max(column.max() for column in columns) - min(column.min() for column in columns)
        steps[axis] = float(reach or extent) / extent
    return steps


def _move(viewer, layers, frame: Frame) -> None:
    old = frame_of(layers[0])
    point = np.array(viewer.dims.point)
    physical = old.to_physical(point[-len(frame.axes) :])
    for layer in layers:
        give_frame(layer, frame)
    point[-len(frame.axes) :] = frame.to_world(physical)
    viewer.dims.point = tuple(point)
