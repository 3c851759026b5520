"""The plane of a cube under a straight line at any angle: every remaining axis against the distance along the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy import sparse

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = ["plane_along", "simulated_on"]

_MOST = 4000


def plane_along(
    scan: xr.DataArray,
    start: Mapping[str, float],
    end: Mapping[str, float],
    *,
    width: float = 0.0,
    across: str | None = None,
    count: int | None = None,
) -> xr.DataArray:
    """The plane under a line across two axes of a gridded scan.

    Values between samples are bilinear in the two axes. Errors of the samples count as independent. Outside the scan,
    and where less than half of the weight lies on finite values, the result is NaN.

    Parameters
    ----------
    scan
        A gridded scan of at least three axes.
    start, end
        Where the line starts and ends: each a value of the same two axes.
    width
        The full width of a band, along the axis ``across``, that values are averaged over, sampled at its steps; 0
        takes those on the line.
    across
        One of the line's two axes; by default the one with the smaller share of its range.
    count
        The number of places along the line; by default by the finer step of the two axes.

    Returns
    -------
    xarray.DataArray
        A scan with the axis ``distance`` (0 at the start, in the first axis's unit) and then the remaining axes; where
        the line ran on both its axes is kept as further coordinates along it. Two axes that do not measure the same
        thing have no distance: then the axis with the larger share of its range takes that place.

    Raises
    ------
    ScanError
        Where the scan is ragged or has no axis left, or the line has no length or runs along other axes.
    """
    pair = tuple(axis for axis in scans.axes(scan) if axis in start)
    if not scans.is_gridded(scan):
        raise ScanError("planes are taken from gridded scans; simulate this one on a grid first")
    if len(pair) != 2 or set(start) != set(end) or set(start) != set(pair):
        raise ScanError("a line through a cube runs on two of its axes; name a start and an end on the same two")
    if len(scans.axes(scan)) < 3:
        raise ScanError("this scan has two axes only, so that a line leaves no plane; look at its cut instead")
    columns = {axis: np.asarray(scan[axis].values, float) for axis in pair}
    spans = {axis: end[axis] - start[axis] for axis in pair}
    if not any(spans.values()):
        raise ScanError("the line begins where it ends; draw it longer")
    shares = {axis: abs(spans[axis]) / (np.ptp(columns[axis]) or 1.0) for axis in pair}
    main = max(pair, key=lambda axis: shares[axis])
    across = across or next(axis for axis in pair if axis != main)
    if across not in pair:
        raise ScanError(
            f"the band is measured along one of the line's own axes, {pair[0]} or {pair[1]}, not {across!r}"
        )

    steps = {axis: float(np.median(np.abs(np.diff(np.sort(columns[axis]))))) or 1.0 for axis in pair}
    count = count or int(np.clip(np.ceil(max(abs(spans[axis]) / steps[axis] for axis in pair)), 1, _MOST)) + 1
    share = np.linspace(0, 1, count)
    places = {axis: start[axis] + share * spans[axis] for axis in pair}
    offsets = np.zeros(1)
    if width > 0:
        offsets = np.linspace(-width / 2, width / 2, 2 * int(np.clip(np.ceil(width / steps[across] / 2), 1, 500)) + 1)
    weights, numbers = _weights(columns, places, offsets, across)
    values, errors, masked = _weighted(scan, pair, weights, numbers)
    return _as_scan(scan, pair, main, places, spans, values, errors, masked, (width, across))


def _weights(columns, places, offsets, across):
    """The weight [places, used columns] of every grid column of the two axes, and those columns' two numbers."""
    count = len(next(iter(places.values())))
    found = []
    for axis, column in columns.items():
        at = np.repeat(places[axis][None], len(offsets), axis=0)
        at = at + offsets[:, None] if axis == across else at
        order = np.argsort(column)
        ordered = column[order]
        slack = 1e-9 * (np.ptp(column) or 1.0)
        inside = (at >= ordered[0] - slack) & (at <= ordered[-1] + slack)
        where = np.interp(at, ordered, np.arange(len(column), dtype=float))
        low = np.minimum(np.floor(where).astype(int), max(len(column) - 2, 0))
        high = np.minimum(low + 1, len(column) - 1)
        found.append((order[low], order[high], where - low, inside))
    (low0, high0, part0, in0), (low1, high1, part1, in1) = found
    inside = in0 & in1
    parts: list[tuple[np.ndarray, ...]] = []
    for i, w0 in ((low0, 1 - part0), (high0, part0)):
        for j, w1 in ((low1, 1 - part1), (high1, part1)):
            corner = (np.broadcast_to(np.arange(count), i.shape), i, j, w0 * w1)
            parts.append(tuple(one[inside] for one in corner))
    rows, first, second, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    size = len(list(columns.values())[1])
    used, number = np.unique(first * size + second, return_inverse=True)
    matrix = sparse.csr_matrix((weight, (rows, number.ravel())), shape=(count, len(used)))
    total = np.full(count, float(len(offsets)))  # a place whose band is half outside has half its weight
    matrix = sparse.diags(1 / total) @ matrix
    return matrix, (used // size, used % size)


def _weighted(scan, pair, weights, numbers):
    """Weighted values, errors and masks [places, remaining axes]."""

    def columns_of(array: xr.DataArray) -> np.ndarray:
        rest = [axis for axis in scan.dims if axis not in pair]
        picked = [xr.DataArray(part, dims="column") for part in numbers]
        found = array.isel({pair[0]: picked[0], pair[1]: picked[1]}).transpose("column", *rest)
        return np.asarray(found.values, float).reshape(len(numbers[0]), -1)

    shape = [scan.sizes[axis] for axis in scan.dims if axis not in pair]
    values = columns_of(scan.reset_coords(drop=True))
    finite = np.isfinite(values)
    total = weights @ finite.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(total >= 0.5 - 1e-9, (weights @ np.where(finite, values, 0.0)) / total, np.nan)
    errors = None
    if "standard_error" in scan.coords and scan["standard_error"].dims == scan.dims:
        squares = np.where(finite, columns_of(scan["standard_error"].reset_coords(drop=True)) ** 2, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.sqrt(weights.power(2) @ squares) / total
        errors = np.where(np.isfinite(means), errors, np.nan).reshape(-1, *shape)
    masked = None
    if "masked" in scan.coords and scan["masked"].dims == scan.dims:
        masked = (weights @ columns_of(scan["masked"].reset_coords(drop=True)) > 0.5).reshape(-1, *shape)
    return means.reshape(-1, *shape), errors, masked


def _as_scan(scan, pair, main, places, spans, values, errors, masked, band) -> xr.DataArray:
    unit = scan[pair[0]].attrs["units"]
    alike = units.compatible(unit, scan[pair[1]].attrs["units"])
    if alike:
        other = units.convert(1.0, scan[pair[1]].attrs["units"], unit)
        length = float(np.hypot(spans[pair[0]], spans[pair[1]] * other))
        name, running = "distance", np.linspace(0, length, len(values))
        attrs = {"units": unit, "long_name": "distance along the line"}
    else:
        name, running, attrs = main, places[main], dict(scan[main].attrs)
    rest = [axis for axis in scan.dims if axis not in pair]
    coords: dict[str, Any] = {name: (name, running, attrs)}
    coords |= {axis: (name, places[axis], dict(scan[axis].attrs)) for axis in pair if axis != name}
    for key, coordinate in scan.coords.items():
        if set(coordinate.dims) <= set(rest):
            coords[key] = coordinate.variable
    for key, array in (("standard_error", errors), ("masked", masked)):
        if array is not None:
            coords[key] = ((name, *rest), array, dict(scan[key].attrs))
    ends = (
        ", ".join(f"{axis} {value:.6g} {scan[axis].attrs['units']}" for axis, value in place.items())
        for place in ({axis: at[0] for axis, at in places.items()}, {axis: at[-1] for axis, at in places.items()})
    )
    line = " to ".join(ends)
    width, across = band
    line += f", averaged over {width:.6g} {scan[across].attrs['units']} of {across}" if width > 0 else ""
    attrs = {key: value for key, value in scan.attrs.items() if key != "kind"}
    attrs |= {"axes": scans.listed_axes((name, *rest)), "line": line}
    return scans.check(xr.DataArray(values, dims=(name, *rest), coords=coords, name=scan.name, attrs=attrs))


def simulated_on(plane: xr.DataArray, twin) -> xr.DataArray:
    """What a twin predicts at every place of a plane.

    Parameters
    ----------
    plane
        A plane of :func:`plane_along`, from a scan the twin was trained on.
    twin
        The twin.

    Returns
    -------
    xarray.DataArray
        The prediction in the plane's shape, with ``standard_error``.
    """
    spread = xr.broadcast(*(plane[axis] for axis in twin.axes), plane.reset_coords(drop=True))[:-1]
    places = np.stack([part.transpose(*plane.dims).values.ravel() for part in spread], axis=1).astype(float)
    mean, std = twin.predict(places)
    found = plane.drop_vars([key for key in ("standard_error", "masked") if key in plane.coords])
    found = found.copy(data=mean.reshape(plane.shape)).assign_attrs(kind="simulated")
    error = (plane.dims, std.reshape(plane.shape), {"units": plane.attrs["units"]})
    return scans.check(found.assign_coords(standard_error=error))
