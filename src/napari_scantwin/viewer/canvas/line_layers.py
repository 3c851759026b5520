"""Lines over a map, such as that of a boundary: shapes of napari, drawn in world units, as pens are round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_scantwin.operations.findings import DerivedMap
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.session import ScanLayer, new_attributes, scan_of

__all__ = ["draw_lines", "line_data", "update_lines"]

#: Widths of a line and of the dark one below it, by which it is seen on any map, in world units.
_THIN, _WIDE, _BELOW = 0.55, 1.3, "black"
#: How much further than the axis itself a line reaches along an axis at every value of which it lies.
_BEYOND = 1.002


def line_data(measured, one: DerivedMap, scan, frame: Frame, name: str) -> tuple[list, dict, str]:
    """The (data, attributes, type) of the layer of a map's lines over the layer ``measured``; ``scan`` is the map's in
    the axes of the frame."""
    attributes = {"name": name, **new_attributes(scan, frame, "derived")}
    count = len(one.paths)
    color = one.color or "white"
    ScanLayer(attributes).describe_map(measured, one, {"edge_color": color})
    data, scale, shift = _stretched(ScanLayer(attributes), frame)
    attributes |= {
        "shape_type": "path",
        "edge_width": [_WIDE] * count + [_THIN] * count,
        "edge_color": [_BELOW] * count + [color] * count,
        "face_color": "transparent",
        "opacity": 1.0,
        "scale": scale,
        "translate": shift,
        "visible": one.visible,
    }
    return data, attributes, "shapes"


def update_lines(layer, data: list, attributes: dict) -> bool:
    """Give a layer of lines others, from :func:`line_data`; False where it is of another kind or has other axes."""
    if ScanLayer(layer).paths is None or layer.ndim != len(attributes["scale"]):
        return False
    frame = ScanLayer(layer).frame
    layer.data = (data, attributes["shape_type"])
    for name in ("edge_width", "edge_color", "scale", "translate"):
        setattr(layer, name, attributes[name])
    ScanLayer(layer).take_over(attributes)
    if frame != ScanLayer(layer).frame:  # it was drawn again since the data were made
        draw_lines(layer, frame)
        ScanLayer(layer).frame = frame
    return True


def draw_lines(layer, frame: Frame) -> None:
    """Draw a layer of lines in another frame."""
    data, scale, shift = _stretched(ScanLayer(layer), frame)
    layer.data = data
    layer.scale, layer.translate = scale, shift


def _stretched(shown: ScanLayer, frame: Frame) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Lines in world coordinates, twice, with scale and translation: along an axis at every value of which they lie
    (NaN) one step is the whole axis, so that no slider hides them."""
    paths: Sequence[np.ndarray] = shown.paths or ()
    everywhere = np.all([np.isnan(path).all(axis=0) for path in paths], axis=0)
    scale, shift = np.ones(len(frame.axes)), np.zeros(len(frame.axes))
    for number in np.flatnonzero(everywhere):
        column = np.asarray(scan_of(shown.measured)[frame.axes[number]].values, float)
        ends = (np.array([column.min(), column.max()]) - frame.origin[number]) / frame.step[number]
        scale[number], shift[number] = max(_BEYOND * (ends[1] - ends[0]), 1.0), ends.mean()
    drawn = [np.where(everywhere, 0.0, frame.to_world(path)) for path in paths]
    return [*drawn, *drawn], scale, shift
