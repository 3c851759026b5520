"""Scans as napari layers: images where they are gridded, points where they are ragged.

What a layer draws is stretched by its :class:`~napari_scantwin.viewer.canvas.frame.Frame` and sampled evenly; the scan
itself, with its true coordinates, stays with the layer (:mod:`napari_scantwin.viewer.session`). Points keep physical
positions as their data, which scale and translation stretch, and their axes and values with units among their features:
whatever writes the layer writes those.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pint
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.viewer.canvas.frame import EXTENT, Frame
from napari_scantwin.viewer.canvas.lazy_data import LazyPlanes, read_in_thread
from napari_scantwin.viewer.canvas.napari_private import forget_extent
from napari_scantwin.viewer.session import ScanLayer, frame_of, new_attributes, scan_layers, scan_of

__all__ = [
    "RIM",
    "add_layer",
    "add_scan",
    "draw_points",
    "give_frame",
    "give_units",
    "layer_data",
    "layer_name",
    "limits",
    "shared_frame",
    "show_slices",
    "take_units",
    "update_layer",
    "update_masked",
]

_MOST_SAMPLES = 2048
#: A move of the sliders that nobody sees, in world units.
_NUDGE = 1e-6
#: Of a scan that is read in parts, so many slices and values tell the colour limits.
_SLICES_SAMPLED, _MOST_SAMPLED = 5, 2_000_000
_LIMITS = (0.002, 0.998)
_COLORMAPS = {
    "measured": "viridis",
    "simulated": "viridis",
    "uncertainty": "magma",
    "residual": "coolwarm",
    "derivative": "coolwarm",
}
#: What the layer list calls a kind, where not by its own name.
_WORDS = {"simulated": "twin"}
#: Width of a point's white rim, of its size, and the kinds drawn without one (measured points until a map lies below).
RIM = 0.1
_RIMLESS = ("measured", "residual")
#: Kinds whose sign matters: their colours are centred on zero.
_SIGNED = ("residual", "derivative")


def limits(scan: xr.DataArray) -> tuple[float, float]:
    """The colour limits that leave out one value in 500 at either end, so that a few hot pixels do not
    darken a map; a little apart where they are equal."""
    values = np.asarray(_sample(scan).values)
    values = values[np.isfinite(values)]
    low, high = map(float, np.quantile(values, _LIMITS)) if values.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _sample(scan: xr.DataArray) -> xr.DataArray:
    """The scan itself; of one that is read in parts, a few evenly spaced slices of its slowest axis, subsampled."""
    if not scans.is_lazy(scan):
        return scan
    slow, *others = scan.dims
    chosen = scan.isel({slow: np.unique(np.linspace(0, scan.sizes[slow] - 1, _SLICES_SAMPLED).astype(int))})
    for name in others:
        chosen = chosen.isel({name: slice(None, None, max(1, -(-chosen.size // _MOST_SAMPLED)))})
    return chosen


def layer_data(scan: xr.DataArray, frame: Frame | None = None, *, kind: str | None = None, contrast=None, name=None):
    """The (data, attributes, type) tuple of a scan's layer: an image where it is gridded, points where it
    is ragged. ``contrast`` shares another layer's limits."""
    kind = kind or scan.attrs.get("kind", "measured")
    frame = frame if frame is not None and frame.fits(scan) else Frame.of(scan)
    contrast = contrast or limits(scan)
    if kind in _SIGNED:
        reach = max(abs(c) for c in contrast)
        contrast = (-reach, reach)
    labels = tuple(scans.axis_label(scan, axis) for axis in frame.axes)
    attributes = {
        "name": name or layer_name(kind, str(scan.attrs.get("source", "") or scan.name).split("; ")[0]),
        **new_attributes(scan, frame, kind),
        "axis_labels": labels,
    }
    colormap = _COLORMAPS.get(kind, "viridis")
    if scans.is_gridded(scan) and scan.ndim > 1:
        data, origin, step = _even(scan)
        attributes |= {
            "colormap": colormap,
            "contrast_limits": contrast,
            "scale": step / frame.step,
            "translate": (origin - frame.origin) / np.array(frame.step),
        }
        return data, attributes, "image"
    table = scans.points(scan)
    places, size = table.coordinates, _point_size(frame.to_world(table.coordinates)) * frame.step[-1]
    if places.shape[1] == 1:  # a single sweep is drawn as a row
        places = np.concatenate([np.zeros((len(places), 1)), places], axis=1)
        attributes["axis_labels"] = ("", *labels)
    attributes |= {
        **_stretched(frame, places.shape[1]),
        "features": _features(scan, labels, table),
        "face_color": "value",
        "face_colormap": colormap,
        "face_contrast_limits": contrast,
        # Rims of close points would hide their colours; on a map they part a point from what the twin makes of it.
        "border_width": 0.0 if kind in _RIMLESS else RIM,
        "border_color": "white",
        "size": size,
        "projection_mode": "all" if places.shape[1] > 2 else "none",  # :func:`show_slices`
    }
    return places, attributes, "points"


def _stretched(frame: Frame, ndim: int) -> dict[str, np.ndarray]:
    """The scale and translation that draw physical positions of ``ndim`` columns in a frame."""
    more = ndim - len(frame.axes)
    scale, shift = 1 / np.array(frame.step), -np.array(frame.origin) / frame.step
    return {"scale": np.append(np.ones(more), scale), "translate": np.append(np.zeros(more), shift)}


def _features(scan: xr.DataArray, labels: Sequence[str], table: scans.Points) -> dict[str, np.ndarray]:
    """The values, by which points are coloured, and all that is known of each under its name and unit."""
    name, unit = str(scan.attrs.get("long_name") or scan.name), units.pretty(scan.attrs["units"])
    named = dict(zip(labels, table.coordinates.T, strict=True)) | {f"{name} ({unit})": table.values}
    if table.errors is not None:
        named[f"standard error of {name} ({unit})"] = table.errors
    return {"value": table.values, **named}


def _napari_units(frame: Frame | None, ndim: int) -> tuple[str, ...]:
    """The units of a layer's axes as napari writes them; pixels where there is no frame."""
    known = () if frame is None else tuple(map(_napari_unit, frame.units))
    return ("pixel",) * (ndim - len(known)) + known


def _napari_unit(unit: str) -> str:
    """A unit as napari writes it; a pixel where its registry means something else by it, or counts it from elsewhere
    than the SI does."""
    known = pint.get_application_registry()
    try:
        ours, theirs = units.registry().Quantity(1.0, unit), known.Quantity(1.0, unit)
        nought = known.Quantity(0.0, unit).to_base_units().magnitude
    except (pint.errors.PintError, AttributeError, ValueError):
        return "pixel"
    same = str(ours.dimensionality) == str(theirs.dimensionality) or str(theirs.units) in ("oersted", "gauss")
    return str(theirs.units) if same and nought == 0 else "pixel"


def show_slices(viewer) -> None:
    """Have the sliders of scans of sweeps with more than two axes step, and show points, by a hundredth of an axis.

    napari steps by a unit of the data, and shows what lies within half of one; physical data have any unit. The canvas
    shares one such unit of world coordinates among all axes.
    """
    if not any(layer.ndim > 2 and layer.__class__.__name__ == "Points" for layer in scan_layers(viewer)):
        return
    dims = viewer.dims
    ranges = tuple((low, high, min(step, 1.0)) for low, high, step in dims.range)
    if ranges != tuple(map(tuple, dims.range)):
        dims.range = ranges
    half = (0.5,) * dims.ndim
    if tuple(dims.margin_left) != half or tuple(dims.margin_right) != half:
        dims.margin_left = dims.margin_right = half


def give_units(viewer) -> None:
    """Give scans the units of their axes where all layers have the same, else none: beside others napari would convert
    some, as meV beside eV. What lies where on the canvas is the frame's matter, by which every number is read."""
    ours = scan_layers(viewer)
    own = {layer: _napari_units(frame_of(layer), layer.ndim) for layer in ours}
    theirs = [tuple(map(str, layer.units)) for layer in viewer.layers if layer not in ours]
    every = [*theirs, *own.values()]
    one_kind = all(a == b for units in every[1:] for a, b in zip(every[0][::-1], units[::-1], strict=False))
    if _set_units(own if one_kind else {layer: _napari_units(None, layer.ndim) for layer in ours}):
        viewer.layers.units = None  # napari works out again what all have in common


def take_units(viewer) -> None:
    """Leave scans without units while a layer is added: napari draws at once, and says where units do not fit."""
    if forget_extent(viewer):
        _set_units({layer: _napari_units(None, layer.ndim) for layer in scan_layers(viewer)})
        forget_extent(viewer)


def _set_units(wanted: dict) -> bool:
    """Give layers their units; whether any had others."""
    changed = {layer: units for layer, units in wanted.items() if tuple(map(str, layer.units)) != units}
    for layer, new in changed.items():
        layer.units = new
    return bool(changed)


def layer_name(kind: str, title: str, branch: str = "") -> str:
    """The name of a layer: what it is, and of which branch, comes first, as the layer list cuts long names at their
    ends."""
    said = ", ".join(filter(None, (_WORDS.get(kind, kind), branch)))
    return title if kind == "measured" else f"{said}: {title}"


def _point_size(world: np.ndarray) -> float:
    """World size at which neighbours along the fast axis just touch."""
    return float(np.clip(1.5 * EXTENT / max(len(np.unique(np.round(world[:, -1], 1))), 1), 1.8, 3.0))


def _even(scan: xr.DataArray) -> tuple[np.ndarray | LazyPlanes, np.ndarray, np.ndarray]:
    """Values on evenly spaced axes (float32), with each axis's first value and step [axes].

    An uneven axis is sampled at its smallest step by the nearest measured value, so that nothing is drawn
    where it was not measured; read-outs and cuts use the true coordinates in the scan.
    """
    # A scan that is read in parts stays one: napari asks for the plane it shows, and must not wait for it.
    data = scan.variable.data.astype(np.float32) if scans.is_lazy(scan) else np.asarray(scan.values, np.float32)
    origin, step = [], []
    for position, name in enumerate(scans.axes(scan)):
        axis = np.asarray(scan[name].values, float)
        if len(axis) == 1:
            origin.append(axis[0])
            step.append(1.0)
            continue
        if axis[0] > axis[-1]:
            data, axis = np.flip(data, position), axis[::-1]
        gaps = np.diff(axis)
        if np.ptp(gaps) > 1e-3 * np.abs(gaps).mean():
            order = np.argsort(axis)
            data, axis = np.take(data, order, axis=position), axis[order]
            count = int(np.clip(np.ptp(axis) / np.diff(axis).min(), len(axis), _MOST_SAMPLES)) + 1
            even = np.linspace(axis[0], axis[-1], count)
            middles = (axis[1:] + axis[:-1]) / 2
            data, axis = np.take(data, np.searchsorted(middles, even), axis=position), even
        origin.append(axis[0])
        step.append((axis[-1] - axis[0]) / (len(axis) - 1))
    data = LazyPlanes(data) if scans.is_lazy(scan) else data
    return data, np.array(origin), np.array(step)


def add_scan(
    viewer, scan: xr.DataArray, *, kind: str | None = None, contrast=None, name=None, frame=None, aspect: float = 1.0
):
    """Show a scan in the viewer and return its layer; it shares the frame of a layer with the same axes."""
    scans.check(scan)
    frame = frame or shared_frame(viewer, scan) or Frame.of(scan, aspect)
    data, attributes, layer_type = layer_data(scan, frame, kind=kind, contrast=contrast, name=name)
    return add_layer(viewer, data, attributes, layer_type)


def give_frame(layer, frame: Frame) -> None:
    """Draw a layer in another frame of the same axes."""
    old = frame_of(layer)
    if old == frame:
        ScanLayer(layer).frame = frame
        return
    old_step, step = np.array(old.step), np.array(frame.step)
    shift = (np.array(old.origin) - frame.origin) / step
    if layer.__class__.__name__ == "Points":
        draw_points(layer, frame)
        if step[-1] != old_step[-1]:
            layer.size = layer.size * (step[-1] / old_step[-1])
    elif layer.ndim == len(step):
        scale, translate = layer.scale * (old_step / step), layer.translate * (old_step / step) + shift
        layer.scale, layer.translate = scale, translate
    ScanLayer(layer).frame = frame


def draw_points(layer, frame: Frame) -> None:
    """Stretch a layer of points as a frame does."""
    for name, wanted in _stretched(frame, layer.ndim).items():
        if not np.array_equal(getattr(layer, name), wanted):  # napari draws everything anew for each
            setattr(layer, name, wanted)


def add_layer(viewer, data, attributes: dict, layer_type: str):
    """Add what :func:`layer_data` made to the viewer and return the layer."""
    shared = shared_frame(viewer, scan_of(attributes))
    read_in_thread(data)
    layer = getattr(viewer, f"add_{layer_type}")(data, **attributes)
    read_in_thread(data, layer.refresh)
    if shared is not None:  # the others may have been drawn again since the data were made
        give_frame(layer, shared)
    if layer_type == "points":
        update_masked(layer)
    elif layer.ndim > 2:
        _slice_anew(viewer)
    return layer


def _slice_anew(viewer) -> None:
    """Have napari slice a cube that was just added where the sliders stand: it has done so before the layer had its
    units, of nothing, and would not again until a slider moves."""
    at = tuple(viewer.dims.point)
    viewer.dims.point = tuple(place + _NUDGE for place in at)
    viewer.dims.point = at


def update_layer(layer, data, attributes: dict, layer_type: str) -> bool:
    """Give a layer new contents from :func:`layer_data`; False where it is of another kind or has
    other axes and must be made again. Its visibility, opacity and colormap stay as the user set them."""
    same_kind = layer.__class__.__name__.lower() == layer_type
    if not same_kind or layer.ndim != (data.shape[1] if layer_type == "points" else data.ndim):
        return False
    if layer_type == "points":
        new_looks = len(layer.data) != len(data) or frame_of(layer).step[-1] != ScanLayer(attributes).frame.step[-1]
        layer.data = data
        draw_points(layer, ScanLayer(attributes).frame)
        layer.features = attributes["features"]
        if new_looks:  # napari gives points that are new its own; sizes are in the unit of the last axis
            for name in ("border_width", "border_color", "size"):
                setattr(layer, name, attributes[name])
        layer.face_color = attributes["face_color"]  # by value again: fading what is masked gave each point its own
        layer.face_contrast_limits = attributes["face_contrast_limits"]
        layer.refresh_colors()
    else:
        read_in_thread(data, layer.refresh)
        layer.data = data
        layer.scale, layer.translate = attributes["scale"], attributes["translate"]
        layer.contrast_limits_range = attributes["contrast_limits"]
        layer.contrast_limits = attributes["contrast_limits"]
    frame = frame_of(layer)
    ScanLayer(layer).take_over(attributes)
    if frame is not None and frame.fits(scan_of(layer)):
        give_frame(layer, frame)
    return True


def shared_frame(viewer, scan: xr.DataArray) -> Frame | None:
    """The frame of a layer with the scan's axes and units, so that both lie over each other; else None."""
    return next((frame_of(layer) for layer in scan_layers(viewer) if frame_of(layer).fits(scan)), None)


def update_masked(layer) -> None:
    """Fade the points that are kept from training."""
    if layer.__class__.__name__ != "Points":
        return
    masked = scans.points(scan_of(layer)).masked
    colors = np.array(layer.face_color)
    if len(colors) == len(masked):
        colors[:, 3] = np.where(masked, 0.15, 1.0)
        layer.face_color = colors
