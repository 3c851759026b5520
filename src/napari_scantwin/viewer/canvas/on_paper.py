"""What the canvas shows, described for paper: the map that is seen, points and boundaries over it, the cuts' lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.figures import MapPicture, Trace
from napari_scantwin.operations.findings import Curve
from napari_scantwin.viewer.canvas.colors import base_of, limits_of, scale_of
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_layers, scan_of

__all__ = ["picture_of", "plane_of"]

#: Layers that say something other than their scan's quantity.
_OTHER = ("uncertainty", "residual")


def picture_of(viewer, overlay) -> MapPicture | None:
    """The map on the canvas, or None where there is none: nothing open, a view in three dimensions, or a single sweep.

    What lies uppermost and fills the canvas is the map; points of the same quantity lie over it in its colours, points
    that share one colour, as a boundary, as marks of that colour.
    """
    chosen = overlay.layer
    if chosen is None or viewer.dims.ndisplay != 2:
        return None
    frame = frame_of(chosen)
    seen = [one for one in scan_layers(viewer) if one.visible and frame_of(one) == frame]
    vertical, horizontal = overlay.displayed(frame)
    if not seen or min(vertical, horizontal) < 0 or len(frame.axes) < 2:
        return None
    maps = [one for one in seen if hasattr(one, "contrast_limits")]
    plain = [one for one in seen if ScanLayer(one).looks is None] or seen
    base = chosen if chosen in maps else maps[-1] if maps else plain[-1]
    names = (frame.axes[vertical], frame.axes[horizontal])
    drawn = plane_of(viewer, base, names)
    scan = drawn.scan
    points, curves = None, []
    for one in seen:
        if one is base or hasattr(one, "contrast_limits"):
            continue
        if (paths := ScanLayer(one).paths) is not None:
            columns = [frame.axes.index(name) for name in names]
            color = str(ScanLayer(one).looks["edge_color"])
            ends = [path[:, columns].T for path in paths]
            curves += [Curve(x, y, None, color, "line") for y, x in ends if np.isfinite([x, y]).all()]
        elif (looks := ScanLayer(one).looks) is not None:
            curves.append(_marks(scan_of(one), names, str(looks["face_color"])))
        elif scan_of(one).attrs["units"] == scan.attrs["units"]:
            points = scan_of(one)
    low_row, left = overlay.world(*_inside(overlay)[0])
    high_row, right = overlay.world(*_inside(overlay)[1])
    ends = [
        tuple(value * frame.step[axis] + frame.origin[axis] for value in pair)
        for axis, pair in ((horizontal, (left, right)), (vertical, (low_row, high_row)))
    ]
    ends = [_within(pair, scan[name]) for pair, name in zip(ends, (names[1], names[0]), strict=True)]
    return replace(
        drawn,
        points=points,
        traces=[Trace(*trace) for trace in overlay.traces(names)],
        curves=curves,
        shown_x=ends[0],
        shown_y=ends[1],
    )


def plane_of(viewer, layer, names: tuple[str, str]) -> MapPicture:
    """One layer over two of its axes, upwards and to the right, where the sliders stand, in the colours it has."""
    frame = frame_of(layer)
    at = dict(zip(frame.axes, _place(viewer, frame), strict=True))
    scan = _slice(scan_of(layer), names, at)
    return MapPicture(
        scan,
        *names,
        title=_title(layer, scan),
        limits=limits_of(layer),
        colormap=base_of(layer).name,
        log=scale_of(layer) == "logarithmic",
    )


def _place(viewer, frame: Frame) -> np.ndarray:
    """Where the sliders stand, in physical values."""
    return frame.to_physical(np.asarray(viewer.dims.point, float)[-len(frame.axes) :])


def _slice(scan: xr.DataArray, names: tuple[str, str], at: dict[str, float]) -> xr.DataArray:
    """The plane of a cube over two axes where the sliders stand; a map or a scan of points as it is."""
    if not scans.is_gridded(scan):
        return scan
    return scan.sel({axis: at[axis] for axis in scan.dims if axis not in names}, method="nearest")


def _inside(overlay) -> tuple[tuple[float, float], tuple[float, float]]:
    """The pixels of the map's lower left and upper right corner, inside the rulers."""
    from napari_scantwin.viewer.canvas.rulers import BOTTOM, LEFT, RIGHT, TOP

    return (LEFT, overlay.height() - BOTTOM), (overlay.width() - RIGHT, TOP)


def _within(ends: tuple[float, float], column: xr.DataArray) -> tuple[float, float]:
    """What of the axis is on screen: no further than half a step beyond its values."""
    values = np.unique(np.asarray(column.values, float))
    half = np.diff(values[[0, 1]])[0] / 2 if len(values) > 1 and scans.POINT not in column.dims else 0.0
    last = np.diff(values[[-2, -1]])[0] / 2 if half else 0.0
    air = 0.0 if half else 0.04 * float(np.ptp(values))
    low, high = values[0] - half - air, values[-1] + last + air
    first, second = (float(np.clip(end, low, high)) for end in ends)
    return (first, second) if first != second else (low, high)


def _title(layer, scan: xr.DataArray) -> str:
    kind, unit = ScanLayer(layer).kind, units.pretty(scan.attrs["units"])
    if kind not in _OTHER:
        return scans.label(scan)
    return f"{kind} of {scan.attrs.get('long_name', scan.name)} ({unit})"


def _marks(scan: xr.DataArray, names: tuple[str, str], color: str) -> Curve:
    table, axes = scans.points(scan), scans.axes(scan)
    y, x = (table.coordinates[:, axes.index(name)] for name in names)
    return Curve(x, y, None, color, "points")
