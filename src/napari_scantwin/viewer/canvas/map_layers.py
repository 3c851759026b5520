"""An analysis's maps as layers over the scan they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.branches import BRANCH
from napari_scantwin.operations.findings import DerivedMap
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.sources import converted
from napari_scantwin.viewer.canvas.colors import limits
from napari_scantwin.viewer.canvas.layers import draw_points, give_frame, give_rim, layer_data, layer_name, update_layer
from napari_scantwin.viewer.canvas.line_layers import line_data, update_lines
from napari_scantwin.viewer.canvas.overlay import fit_view
from napari_scantwin.viewer.canvas.twin_layers import placed, take_turns
from napari_scantwin.viewer.session import ScanLayer, frame_of, made_from, scan_layers, scan_of

__all__ = [
    "bring_forward",
    "derived_layers",
    "laid_over",
    "prepare_maps",
    "send_back",
    "show_maps",
    "show_or_hide",
]

#: Pixels of a world unit, for points that are all alike, and how much larger they are in the world, so that they are
#: as large on the screen at every zoom.
_A_UNIT, _LARGER = 4, 4.0
_KINDS = ("temperature", "magnetic field", "pressure", "time")


def laid_over(measured: xr.DataArray, derived: xr.DataArray) -> xr.DataArray:
    """A derived scan with the axes of the scan it comes from: in its order, by its names, in its units, so that both
    lie over the same canvas."""
    names, order = {}, list(scans.axes(measured))
    for axis in order:
        unit = measured[axis].attrs["units"]
        kind = next((one for one in _KINDS if is_kind(unit, one)), None)
        names[axis] = next(
            name
            for name in scans.axes(derived)
            if name == axis or (kind is not None and is_kind(derived[name].attrs["units"], kind))
        )
    result = derived.rename({own: axis for axis, own in names.items() if own != axis})
    if scans.is_gridded(derived):
        result = result.transpose(*order)
    for axis in order:
        unit = measured[axis].attrs["units"]
        values = converted(np.asarray(result[axis].values, float), result[axis].attrs["units"], unit)
        result = result.assign_coords({axis: (result[axis].dims, values, dict(measured[axis].attrs))})
    return result.assign_attrs(axes=",".join(order))


def as_points(scan: xr.DataArray) -> xr.DataArray:
    """A gridded scan as a ragged one; values that are missing are left away."""
    table = scans.points(scan)
    return scans.ragged_scan(
        {name: (table.coordinates[:, i], scan[name].attrs["units"]) for i, name in enumerate(scans.axes(scan))},
        table.values,
        name=str(scan.name),
        unit=scan.attrs["units"],
        errors=table.errors,
        sweep=table.sweep,
        long_names={name: scan[name].attrs.get("long_name", name) for name in scans.axes(scan)}
        | {str(scan.name): scan.attrs.get("long_name", str(scan.name))},
        attrs={key: value for key, value in scan.attrs.items() if key not in ("units", "long_name", "axes")},
    )


def prepare_maps(layer, maps: Sequence[DerivedMap]) -> list[tuple]:
    """The (data, attributes, type) of the layers to show over the measured ``layer``; runs in any thread. They share
    the colour limits of the first that is an image, else of the first."""
    scan, frame = scan_of(layer), frame_of(layer)
    over = [laid_over(scan, one.scan) for one in maps]
    chosen = next((k for k, one in enumerate(maps) if not one.points), 0)
    contrast = limits(over[chosen]) if over else None
    made = []
    for one, derived in zip(maps, over, strict=True):
        ragged = scans.is_gridded(derived) and one.points and not scans.is_gridded(scan)
        shown = as_points(derived) if ragged else derived
        name = layer_name(one.title, layer.name, one.scan.attrs.get(BRANCH, ""))
        if len(one.paths):
            made.append(line_data(layer, one, shown, frame, name))
            continue
        of_error = one.word == "uncertainty"
        data, attributes, layer_type = layer_data(
            shown,
            frame,
            kind="derived",
            contrast=limits(shown) if of_error or one.middle is not None else contrast,
            name=name,
            middle=one.middle,
        )
        attributes["visible"] = one.visible
        if of_error:
            attributes["colormap"] = "magma"
        looks = None
        if one.color is not None:
            looks = {"face_color": one.color, "border_color": "black", "border_width": one.border}
            looks |= {"size": _LARGER * one.size * frame.step[-1], "canvas_size_limits": (0, round(_A_UNIT * one.size))}
            attributes |= looks
        ScanLayer(attributes).describe_map(layer, one, looks)
        made.append((data, attributes, layer_type))
    return made


def derived_layers(viewer, layer, key: str | None = None) -> list:
    """The layers analyses made from ``layer``: all, or the one with a ``key``."""
    found = made_from(viewer, layer, "derived")
    return found if key is None else [one for one in found if ScanLayer(one).analysis == key]


def show_maps(viewer, layer, prepared: list[tuple], done: Callable[[], None]) -> None:
    """Show prepared layers over ``layer``, those shown before under their keys with the new data, each in a turn of
    the event loop; ``done`` is called after the last."""
    take_turns(_steps(viewer, layer, prepared, done))


def show_or_hide(viewer, layer, prepared: list[tuple], wanted: bool, done: Callable[[], None]) -> None:
    """Show prepared layers in front of everything else made from ``layer``, or, not ``wanted``, put all of that behind;
    ``done`` is called once they are shown."""
    if not wanted:
        send_back(viewer, layer)
        return
    keys = [ScanLayer(attributes).analysis for _, attributes, _ in prepared]
    if keys:
        show_maps(viewer, layer, prepared, lambda: (bring_forward(viewer, layer, keys), done()))


def _steps(viewer, layer, prepared, done) -> Iterator[None]:
    place = viewer.dims.point
    for data, attributes, layer_type in prepared:
        if layer not in viewer.layers:  # removed by the user meanwhile
            return
        old = next(iter(derived_layers(viewer, layer, ScanLayer(attributes).analysis)), None)
        yield from placed(viewer, old, data, attributes, layer_type, _update)
    keys = [ScanLayer(attributes).analysis for _, attributes, _ in prepared]
    yield from _raised(viewer, layer, keys)
    viewer.dims.point = place
    done()


def _raised(viewer, layer, keys: list[str]) -> Iterator[None]:
    """Lift the layers of ``keys``, in that order, above the scan's other layers, where they are not."""
    ours = [one for key in keys for one in derived_layers(viewer, layer, key)]
    places = [viewer.layers.index(one) for one in ours]
    others = [viewer.layers.index(one) for one in scan_layers(viewer) if one not in ours]
    if places == sorted(places) and (not others or not places or max(others) < places[0]):
        return
    for one in ours:
        if one not in viewer.layers:  # removed by the user meanwhile
            return
        viewer.layers.move(viewer.layers.index(one), len(viewer.layers))
        yield


def _update(layer, data, attributes: dict, layer_type: str) -> bool:
    """Give a layer other data, where it can take them."""
    if layer_type == "shapes":
        return update_lines(layer, data, attributes)
    return _update_plain(layer, data, attributes) or update_layer(layer, data, attributes, layer_type)


def _update_plain(layer, data, attributes: dict) -> bool:
    """Give a layer of points that are all alike other places, however many, where it is one."""
    looks = ScanLayer(attributes).looks
    if looks is None or ScanLayer(layer).looks is None:
        return False
    frame = frame_of(layer)
    layer.data = data
    draw_points(layer, ScanLayer(attributes).frame)
    layer.features = attributes["features"]
    for name, value in looks.items():
        setattr(layer, name, value)
    ScanLayer(layer).take_over(attributes)
    if frame != frame_of(layer):  # it was drawn again since the data were made
        give_frame(layer, frame)
    return True


def bring_forward(viewer, layer, keys: Sequence[str]) -> None:
    """Show the derived layers of ``keys`` and hide what lies on the same canvas under them."""
    ours = [one for one in derived_layers(viewer, layer) if ScanLayer(one).analysis in keys]
    seen = [one for one in ours if ScanLayer(one).word != "uncertainty"]
    for one in seen:
        give_rim(one, on_map=any(hasattr(other, "contrast_limits") for other in seen))
    for other in scan_layers(viewer):
        if frame_of(other) == frame_of(layer):
            other.visible = other in seen
    if seen:
        viewer.layers.selection.active = seen[0]
    fit_view(viewer)


def send_back(viewer, layer) -> None:
    """Show the scan and its simulation again, and hide what analyses made from it."""
    layer.visible = True
    for other in made_from(viewer, layer):
        other.visible = ScanLayer(other).kind == "simulated"
    viewer.layers.selection.active = layer
