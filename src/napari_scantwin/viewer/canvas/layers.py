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
from napari.utils.colormaps.standardize_color import transform_color

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.clouds import is_cloud
from napari_scantwin.viewer.canvas.colors import first_colors, fit_scale, limits, scale_of, update_masked
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.lazy_data import LazyPlanes, read_in_thread
from napari_scantwin.viewer.canvas.line_layers import draw_lines
from napari_scantwin.viewer.canvas.napari_private import forget_extent
from napari_scantwin.viewer.session import ScanLayer, frame_of, new_attributes, scan_layers, scan_of

__all__ = [
    "add_layer",
    "add_scan",
    "draw_points",
    "give_frame",
    "give_rim",
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
#: What the layer list calls a kind, where not by its own name.
_WORDS = {"simulated": "twin"}
#: Width of a point's rim, of its size; its colour on the bare canvas, which stands out from a dark and a light one as
#: the ends of a colour map do not, and on a map, where it parts a point from what the twin makes of it. So many points
#: have one: rims of closer ones would hide their colours.
_RIM, _ON_CANVAS, _ON_MAP, _RIMS = 0.15, "#8a8a8a", "white", 3000
#: The size of points in world units, larger than on the screen at any zoom that shows something, and on the screen, in
#: pixels, of so many at most. A least size on the screen would give every point a rim, as vispy draws them.
_SIZE = 8.0
_PIXELS = ((500, 7), (3000, 6), (20_000, 5), (np.inf, 4))
#: Atoms, which have a size in space, may be of any on the screen.
_MOST_PIXELS = 10_000


def layer_data(
    scan: xr.DataArray,
    frame: Frame | None = None,
    *,
    kind: str | None = None,
    contrast=None,
    name=None,
    middle: float | None = None,
):
    """The (data, attributes, type) tuple of a scan's layer: an image where it is gridded, points where it
    is ragged. ``contrast`` shares another layer's limits; ``middle`` asks for colours to either side of it."""
    kind = kind or scan.attrs.get("kind", "measured")
    frame = frame if frame is not None and frame.fits(scan) else Frame.of(scan)
    scale, colormap, contrast = first_colors(kind, contrast or limits(scan), middle)
    labels = tuple(scans.axis_label(scan, axis) for axis in frame.axes)
    attributes = {
        "name": name or layer_name(kind, str(scan.attrs.get("source", "") or scan.name).split("; ")[0]),
        **new_attributes(scan, frame, kind),
        "axis_labels": labels,
    }
    ScanLayer(attributes).set_color_scale(scale, middle or 0.0)
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
    places, size, pixels = table.coordinates, _SIZE * frame.step[-1], point_pixels(len(table.coordinates))
    cloud = is_cloud(scan)
    if cloud:  # atoms have a size in space, and are small enough to see through
        size, pixels = _atom_size(places), _MOST_PIXELS
    if places.shape[1] == 1:  # a single sweep is drawn as a row
        places = np.concatenate([np.zeros((len(places), 1)), places], axis=1)
        attributes["axis_labels"] = ("", *labels)
    attributes |= {
        **_stretched(frame, places.shape[1]),
        "features": _features(scan, labels, table),
        "face_color": "value",
        "face_colormap": colormap,
        "face_contrast_limits": contrast,
        "border_width": _RIM if len(places) <= _RIMS and not cloud else 0.0,
        "border_color": _ON_CANVAS,
        "size": size,
        "shading": "spherical" if cloud else "none",
        # As large on the screen at every zoom, and as round however the axes are stretched.
        "canvas_size_limits": (0, pixels),
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


def point_pixels(count: int) -> int:
    """How large measured points are on the screen, in pixels: smaller where there are many."""
    return next(size for most, size in _PIXELS if count <= most)


def _atom_size(places: np.ndarray) -> float:
    """Size of a cloud's points: 0.6 of the nearest distance, so that close atoms do not hide those behind them."""
    from scipy.spatial import cKDTree

    if len(places) < 2:
        return 1.0
    # A box about the middle atom tells as much as a million atoms do, and at once.
    middle = places[len(places) // 2]
    away = np.abs(places - middle).max(axis=1)
    near = places[away <= np.partition(away, min(2000, len(places) - 1))[min(2000, len(places) - 1)]]
    apart = cKDTree(near).query(near, 2)[0][:, 1]
    return 0.6 * float(np.median(apart)) or 1.0


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


def give_rim(layer, on_map: bool) -> None:
    """Give measured points the rim they have over a map, or on the bare canvas."""
    if layer.__class__.__name__ != "Points" or ScanLayer(layer).looks is not None or not len(layer.data):
        return
    if is_cloud(scan_of(layer)):  # atoms have none
        return
    width, color = _RIM if on_map or len(layer.data) <= _RIMS else 0.0, _ON_MAP if on_map else _ON_CANVAS
    if layer.border_width[0] != width:  # napari goes through every point for each
        layer.border_width = width
    if not np.allclose(layer.border_color[0], transform_color(color)[0]):
        layer.border_color = color


def give_frame(layer, frame: Frame) -> None:
    """Draw a layer in another frame of the same axes."""
    old = frame_of(layer)
    if old == frame:
        ScanLayer(layer).frame = frame
        return
    old_step, step = np.array(old.step), np.array(frame.step)
    shift = (np.array(old.origin) - frame.origin) / step
    if ScanLayer(layer).paths is not None:
        draw_lines(layer, frame)
    elif layer.__class__.__name__ == "Points":
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
        if len(layer.data) != len(data):  # new points get what is current
            layer.current_size = attributes["size"]
        layer.data = data
        draw_points(layer, ScanLayer(attributes).frame)
        layer.features = attributes["features"]
        # Only what differs: napari goes through every point for each.
        for name in ("border_width", "size"):
            if not np.all(getattr(layer, name) == attributes[name]):
                setattr(layer, name, attributes[name])
        border = transform_color(attributes["border_color"])[0]
        if not np.allclose(layer.border_color, border):
            layer.border_color = attributes["border_color"]
        layer.face_contrast_limits = attributes["face_contrast_limits"]
        layer.face_color = attributes["face_color"]  # by value again: fading what is masked gave each point its own
    else:
        read_in_thread(data, layer.refresh)
        layer.data = data
        layer.scale, layer.translate = attributes["scale"], attributes["translate"]
        layer.contrast_limits_range = attributes["contrast_limits"]
        layer.contrast_limits = attributes["contrast_limits"]
    frame, scale = frame_of(layer), scale_of(layer)
    ScanLayer(layer).take_over(attributes)
    if scale != scale_of(layer):  # the user's choice stays
        ScanLayer(layer).set_color_scale(scale)
        fit_scale(layer)
    if frame is not None and frame.fits(scan_of(layer)):
        give_frame(layer, frame)
    return True


def shared_frame(viewer, scan: xr.DataArray) -> Frame | None:
    """The frame of a layer with the scan's axes and units, so that both lie over each other; else None."""
    return next((frame_of(layer) for layer in scan_layers(viewer) if frame_of(layer).fits(scan)), None)
