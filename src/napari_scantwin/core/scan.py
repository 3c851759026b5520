"""What a scan is: a plain ``xarray.DataArray`` with named axes, units, and sweeps.

A *gridded* scan has one dimension per scanned axis, slow axes first and the fast axis last. A *ragged*
scan has the single dimension ``point`` and its axes are coordinates along it, named slow first in
``attrs["axes"]``. Values and axes carry ``units`` (read by :mod:`napari_scantwin.core.units`) and
``long_name``. Further coordinates, shaped like the values, mean something everywhere:

``standard_error``  one standard deviation of the value, in the value's unit
``masked``          true where a point is kept from training (a bad point, a sweep left out)
``extrapolated``    (simulated scans) true where the point lies outside the measured region
``branch``          (ragged scans) the branch of the sample's history (:mod:`napari_scantwin.core.branches`), in words
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sweeps import find_sweeps, set_points

__all__ = [
    "POINT",
    "Points",
    "Sweep",
    "axes",
    "axis_label",
    "check",
    "check_trainable",
    "gridded_scan",
    "is_gridded",
    "is_lazy",
    "is_scan",
    "label",
    "listed_axes",
    "points",
    "points_of_sweeps",
    "ragged_scan",
    "set_points",
    "sweep_count",
    "sweep_numbers",
    "sweeps",
    "with_masked",
]

POINT = "point"

#: A scan that is read from its file in parts is never listed point by point beyond so many points (2 GB of table).
MOST_LISTED = 20_000_000


@dataclass(frozen=True)
class Points:
    """A scan as a table of n points.

    Parameters
    ----------
    coordinates
        The axes' values [n, axes], slow first, in the scan's units.
    values
        The values [n].
    errors
        One standard deviation of each value [n], or None.
    sweep
        The number of the sweep each point belongs to [n].
    masked
        Whether each point is kept from training [n].
    """

    coordinates: np.ndarray
    values: np.ndarray
    errors: np.ndarray | None
    sweep: np.ndarray
    masked: np.ndarray


@dataclass(frozen=True)
class Sweep:
    """One run along the fast axis.

    Parameters
    ----------
    number
        Its number, in the order of measuring.
    slow
        The slow axes' values by name.
    size
        How many points it has.
    first, last
        The fast axis's first and last value as measured.
    left_out
        Whether all of its points are masked.
    masked_points
        How many of its points are masked.
    """

    number: int
    slow: dict[str, float]
    size: int
    first: float
    last: float
    left_out: bool
    masked_points: int


def ragged_scan(
    axes: Mapping[str, tuple[np.ndarray, str]],
    values: np.ndarray,
    *,
    name: str,
    unit: str,
    errors: np.ndarray | None = None,
    sweep: np.ndarray | None = None,
    masked: np.ndarray | None = None,
    branch: np.ndarray | None = None,
    long_names: Mapping[str, str] | None = None,
    attrs: Mapping | None = None,
) -> xr.DataArray:
    """A ragged scan from columns of equal length.

    Parameters
    ----------
    axes
        Axis names, slow first, each with (column [n], unit).
    values
        The values [n].
    name, unit
        The name and the unit of the values.
    errors
        One standard deviation of each value [n], in the value's unit.
    sweep
        The number of each point's sweep [n], where the reader knows it; otherwise the sweeps are found from the slow
        axes.
    masked
        Whether each point is kept from training [n]; by default none is.
    branch
        The name of each point's branch [n], where the scan holds several.
    long_names
        What axes and values are called beside a plot, by name; by default the name with spaces.
    attrs
        Further attributes of the scan.

    Returns
    -------
    xarray.DataArray
        The scan, with the single dimension ``point``.

    Raises
    ------
    ScanError
        Where the columns make no scan, or a unit is not known.
    """
    size = len(values)
    coords: dict = {}
    for axis, (column, axis_unit) in axes.items():
        coords[axis] = (POINT, np.asarray(column, float), _axis_attrs(axis, axis_unit, long_names))
    if errors is not None:
        coords["standard_error"] = (POINT, np.asarray(errors, float), {"units": units.standard(unit)})
    if sweep is not None:
        coords["sweep"] = (POINT, np.asarray(sweep, np.int64))
    if branch is not None:
        coords["branch"] = (POINT, np.asarray(branch).astype(str))
    coords["masked"] = (POINT, np.zeros(size, bool) if masked is None else np.asarray(masked, bool))
    scan = xr.DataArray(
        np.asarray(values, float),
        dims=POINT,
        coords=coords,
        name=name,
        attrs={
            **(attrs or {}),
            **_axis_attrs(name, unit, long_names),
            "axes": listed_axes(axes),
        },
    )
    return check(scan)


def gridded_scan(
    axes: Mapping[str, tuple[np.ndarray, str]],
    values: np.ndarray,
    *,
    name: str,
    unit: str,
    errors: np.ndarray | None = None,
    masked: np.ndarray | None = None,
    extrapolated: np.ndarray | None = None,
    long_names: Mapping[str, str] | None = None,
    attrs: Mapping | None = None,
) -> xr.DataArray:
    """A gridded scan from its axes and an array.

    Parameters
    ----------
    axes
        Axis names, slow first, each with (values [m], unit).
    values
        The values, one dimension per axis in that order; a dask array stays one.
    name, unit
        The name and the unit of the values.
    errors, masked, extrapolated
        Arrays in the shape of the values: one standard deviation in the value's unit, whether a point is kept from
        training, and whether it lies outside the measured region.
    long_names
        What axes and values are called beside a plot, by name; by default the name with spaces.
    attrs
        Further attributes of the scan.

    Returns
    -------
    xarray.DataArray
        The scan, with one dimension per axis.

    Raises
    ------
    ScanError
        Where the arrays make no scan, or a unit is not known.
    """
    dims = tuple(axes)
    coords: dict = {}
    for axis, (column, axis_unit) in axes.items():
        coords[axis] = (axis, np.asarray(column, float), _axis_attrs(axis, axis_unit, long_names))
    for key, array in (("standard_error", errors), ("masked", masked), ("extrapolated", extrapolated)):
        if array is not None:
            attributes = {"units": units.standard(unit)} if key == "standard_error" else {}
            coords[key] = (dims, array if hasattr(array, "dask") else np.asarray(array), attributes)
    scan = xr.DataArray(
        values if hasattr(values, "dask") else np.asarray(values),
        dims=dims,
        coords=coords,
        name=name,
        attrs={**(attrs or {}), **_axis_attrs(name, unit, long_names), "axes": listed_axes(dims)},
    )
    return check(scan)


def _axis_attrs(name: str, unit: str, long_names: Mapping[str, str] | None) -> dict:
    long_name = (long_names or {}).get(name, name.replace("_", " "))
    return {"units": units.standard(unit), "long_name": long_name}


def is_scan(thing) -> bool:
    """Whether ``thing`` is a DataArray that carries what a scan needs."""
    try:
        check(thing)
    except ScanError:
        return False
    return True


def check(scan: xr.DataArray) -> xr.DataArray:
    """Return ``scan`` unchanged if it is one.

    Raises
    ------
    ScanError
        Saying what it lacks: axes with values and units, or a unit of the values.
    """
    if not isinstance(scan, xr.DataArray):
        raise ScanError(f"a scan is an xarray.DataArray, not a {type(scan).__name__}")
    names = axes(scan)
    if not names:
        raise ScanError("the array has no axes: name them in its dimensions, or in attrs['axes'] if it is ragged")
    if len(set(names)) != len(names):
        raise ScanError(f"the axes {', '.join(names)} name one axis twice; give each its own name")
    for name in names:
        if name not in scan.coords:
            raise ScanError(f"the axis {name!r} has no coordinate values")
        if "units" not in scan[name].attrs:
            raise ScanError(f"the axis {name!r} has no unit; set its attribute 'units'")
        units.standard(scan[name].attrs["units"])
        if not np.isfinite(np.asarray(scan[name].values, float)).all():
            raise ScanError(f"the axis {name!r} holds values that are not finite numbers; remove those rows")
    if "units" not in scan.attrs:
        raise ScanError(f"the values of {scan.name!r} have no unit; set the attribute 'units'")
    units.standard(scan.attrs["units"])
    return scan


def axes(scan: xr.DataArray) -> tuple[str, ...]:
    """The axis names, slow first, the fast axis last."""
    if scan.dims == (POINT,) and "axes" in scan.attrs:
        said = str(scan.attrs["axes"])
        if said.startswith("["):
            with contextlib.suppress(ValueError):
                return tuple(map(str, json.loads(said)))
        return tuple(name for name in said.split(",") if name)
    return tuple(str(dim) for dim in scan.dims if dim != POINT)


def listed_axes(names: Iterable[str]) -> str:
    """The attribute ``axes`` for axes of these names, slow first: parted by commas, or as a list of JSON where a name
    has a comma itself."""
    names = [str(name) for name in names]
    plain = all(name and "," not in name for name in names) and not "".join(names[:1]).startswith("[")
    return ",".join(names) if plain else json.dumps(names)


def is_gridded(scan: xr.DataArray) -> bool:
    """Whether the scan has one dimension per axis."""
    return scan.dims != (POINT,)


def is_lazy(scan: xr.DataArray) -> bool:
    """Whether the values stand in a file and are read only where they are looked at."""
    return hasattr(scan.variable.data, "dask")


def label(array: xr.DataArray) -> str:
    """The name and unit of an axis or of the values, as written beside a plot: ``"temperature (K)"``, and of one branch
    ``"moment, cooling (emu)"``."""
    name = array.attrs.get("long_name") or str(array.name)
    if branch := array.attrs.get("branch"):
        name = f"{name}, {branch}"
    unit = units.pretty(array.attrs["units"]) if "units" in array.attrs else ""
    return f"{name} ({unit})" if unit else str(name)


def axis_label(scan: xr.DataArray, axis: str) -> str:
    """:func:`label` of one of the scan's axes."""
    return label(scan[axis])


def points(scan: xr.DataArray) -> Points:
    """Every measured point of a scan as a table; points whose value is not finite are left out.

    Parameters
    ----------
    scan
        A gridded or ragged scan.

    Returns
    -------
    Points
        Coordinates [n, axes], values, errors, sweep numbers and masks [n].

    Raises
    ------
    ScanError
        Where the scan is read in parts because it is too large for that.
    """
    if is_lazy(scan) and scan.size > MOST_LISTED:
        raise ScanError(
            f"{scan.attrs.get('source', scan.name)} has {scan.size} values, too many to list one by one; take a part "
            "of it, or every n-th value, first"
        )
    names = axes(scan)
    values = np.asarray(scan.values, float).ravel()
    if is_gridded(scan):
        mesh = np.meshgrid(*(scan[name].values for name in names), indexing="ij")
        coordinates = np.stack([m.ravel() for m in mesh], axis=1).astype(float)
    else:
        coordinates = np.stack([np.asarray(scan[name].values, float) for name in names], axis=1)
    errors = np.asarray(scan["standard_error"].values, float).ravel() if "standard_error" in scan.coords else None
    masked = np.asarray(scan["masked"].values, bool).ravel() if "masked" in scan.coords else np.zeros(len(values), bool)
    good = np.isfinite(values)
    return Points(
        coordinates[good],
        values[good],
        None if errors is None else errors[good],
        sweep_numbers(scan)[good],
        masked[good],
    )


def points_of_sweeps(scan: xr.DataArray, numbers) -> Points:
    """:func:`points` of some sweeps only; of a gridded scan nothing else is read.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    numbers
        The numbers of the sweeps.

    Returns
    -------
    Points
        The points of these sweeps.
    """
    if not is_gridded(scan):
        table = points(scan)
        mine = np.isin(table.sweep, numbers)
        errors = None if table.errors is None else table.errors[mine]
        return Points(table.coordinates[mine], table.values[mine], errors, table.sweep[mine], table.masked[mine])
    parts = []
    for number in numbers:
        cell = np.unravel_index(int(number), scan.shape[:-1])
        row = points(scan.isel({name: [int(k)] for name, k in zip(scan.dims, cell, strict=False)}))
        parts.append(Points(row.coordinates, row.values, row.errors, np.full_like(row.sweep, number), row.masked))
    if not parts:
        return points(scan.isel({scan.dims[0]: []}))
    known = [p.errors for p in parts if p.errors is not None]
    return Points(
        np.concatenate([p.coordinates for p in parts]),
        np.concatenate([p.values for p in parts]),
        np.concatenate(known) if known else None,
        np.concatenate([p.sweep for p in parts]),
        np.concatenate([p.masked for p in parts]),
    )


def sweep_count(scan: xr.DataArray) -> int:
    """How many sweeps a scan has."""
    return scan.size // scan.shape[-1] if is_gridded(scan) else len(np.unique(sweep_numbers(scan)))


def sweep_numbers(scan: xr.DataArray) -> np.ndarray:
    """The number of the sweep each value belongs to, for the values in C order [size]."""
    names = axes(scan)
    if is_gridded(scan):
        return np.repeat(np.arange(scan.size // scan.shape[-1]), scan.shape[-1])
    if "sweep" in scan.coords:
        return np.asarray(scan["sweep"].values, np.int64)
    if len(names) == 1:
        return np.zeros(scan.size, np.int64)
    columns = np.stack([np.asarray(scan[name].values, float) for name in names], axis=1)
    return find_sweeps(columns[:, :-1], columns[:, -1])


def sweeps(scan: xr.DataArray) -> list[Sweep]:
    """The sweeps of a scan in the order they were measured.

    Of a scan that is read in parts no value is read, so that values that are not finite count as points there.

    Parameters
    ----------
    scan
        A gridded or ragged scan.

    Returns
    -------
    list of Sweep
        One for each sweep.
    """
    if is_lazy(scan) and is_gridded(scan):
        return _sweeps_of_grid(scan)
    table = points(scan)
    names = axes(scan)
    # One stable sort instead of a mask a sweep, so that a cube of thousands of sweeps stays quick.
    order = np.argsort(table.sweep, kind="stable")
    numbers, starts = np.unique(table.sweep[order], return_index=True)
    found = []
    for number, start, end in zip(numbers, starts, itertools.chain(starts[1:], [len(order)]), strict=True):
        rows = order[start:end]
        fast = table.coordinates[rows, -1]
        slow = {name: float(np.median(table.coordinates[rows, i])) for i, name in enumerate(names[:-1])}
        masked = int(table.masked[rows].sum())
        found.append(Sweep(int(number), slow, len(rows), float(fast[0]), float(fast[-1]), masked == len(rows), masked))
    return found


def _sweeps_of_grid(scan: xr.DataArray) -> list[Sweep]:
    """The sweeps of a grid from its axes and its mask alone."""
    *slow, fast = (np.asarray(scan[name].values, float) for name in axes(scan))
    masked = np.zeros(sweep_count(scan), int)
    if "masked" in scan.coords:
        masked = np.asarray(scan["masked"].values, bool).reshape(-1, len(fast)).sum(axis=1)
    found = []
    for number, places in enumerate(itertools.product(*slow)):
        at = dict(zip(axes(scan), map(float, places), strict=False))
        left, size = int(masked[number]), len(fast)
        found.append(Sweep(number, at, size, float(fast[0]), float(fast[-1]), left == size, left))
    return found


def with_masked(scan: xr.DataArray, masked: np.ndarray) -> xr.DataArray:
    """A copy of the scan with another mask.

    Parameters
    ----------
    scan
        A scan.
    masked
        The new ``masked`` coordinate: booleans in C order, in any shape of the scan's size.

    Returns
    -------
    xarray.DataArray
        The copy.
    """
    return scan.assign_coords(masked=(scan.dims, np.asarray(masked, bool).reshape(scan.shape)))


def check_trainable(scan: xr.DataArray) -> None:
    """Check that a twin can be trained on a scan.

    Raises
    ------
    ScanError
        Where fewer than two sweeps or eight points are selected, the values are all equal, or an axis has one value
        only.
    """
    check(scan)
    table = points(scan)
    used = ~table.masked
    if not used.any():
        raise ScanError("no sweep is selected for training; tick at least two in the list of sweeps")
    if used.sum() < 8:
        raise ScanError(f"only {used.sum()} points are selected for training; a twin needs at least 8")
    if np.ptp(table.values[used]) == 0:
        raise ScanError("all selected values are equal; there is nothing to learn from a constant")
    for position, name in enumerate(axes(scan)):
        if np.ptp(table.coordinates[used, position]) == 0:
            raise ScanError(f"the axis {name!r} has one value only; a twin needs at least two along each axis")
    if len(axes(scan)) > 1 and len(np.unique(table.sweep[used])) < 2:
        raise ScanError("only one sweep is selected; a twin needs at least two sweeps to fill the space between")
