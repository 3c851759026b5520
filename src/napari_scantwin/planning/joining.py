"""A longer scan beside the one before: which of its sweeps, or points, are known, and both joined into one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

from napari_scantwin.core import branches, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError

__all__ = ["Longer", "LongerPoints", "joined", "joined_points", "longer", "longer_points"]

#: Readings that differ by less than this share of their span are the same; files round differently.
_SAME = 1e-5


@dataclass(frozen=True)
class Longer:
    """How a scan goes on from an earlier one, as values of the slowest axis in the earlier scan's unit.

    Parameters
    ----------
    known
        Sweeps that both hold.
    again
        Sweeps measured again with other readings.
    new
        Sweeps that only the later scan holds.
    missing
        Sweeps that only the earlier scan holds.
    """

    known: tuple[float, ...]
    again: tuple[float, ...]
    new: tuple[float, ...]
    missing: tuple[float, ...]

    def __str__(self) -> str:
        def listed(values):
            return ", ".join(f"{value:.6g}" for value in values)

        words = [f"{len(self.known)} known"]
        words += [f"{len(self.new)} new ({listed(self.new)})"] if self.new else ["none new"]
        words += [f"{len(self.again)} measured again ({listed(self.again)})"] if self.again else []
        words += [f"{len(self.missing)} not in it ({listed(self.missing)})"] if self.missing else []
        return "Sweeps: " + ", ".join(words) + "."


def longer(before: xr.DataArray, after: xr.DataArray) -> Longer:
    """Which sweeps of a scan are known from an earlier one.

    Known are sweeps at one set point of the slowest axis with the same readings, in whatever order and unit they stand.

    Parameters
    ----------
    before, after
        The earlier and the later scan.

    Raises
    ------
    ScanError
        Where the two hold different quantities or axes.
    """
    old, new = scans.points(before), scans.points(_like(before, after))
    set_points = scans.set_points(np.concatenate([old.coordinates[:, 0], new.coordinates[:, 0]]))
    old_slow, new_slow = np.split(set_points, [len(old.values)])
    found: dict[str, list[float]] = {"known": [], "again": [], "new": []}
    spans = np.ptp(np.concatenate([old.coordinates, new.coordinates]), axis=0)
    scale = np.append(spans[1:], np.ptp(old.values)) * _SAME
    for value in np.unique(new_slow):
        if not (old_slow == value).any():
            found["new"].append(float(value))
        elif _same(_readings(old, old_slow == value), _readings(new, new_slow == value), scale):
            found["known"].append(float(value))
        else:
            found["again"].append(float(value))
    missing = [float(value) for value in np.setdiff1d(old_slow, new_slow)]
    return Longer(tuple(found["known"]), tuple(found["again"]), tuple(found["new"]), tuple(missing))


@dataclass(frozen=True)
class LongerPoints:
    """How a scan of single points goes on from an earlier one.

    Parameters
    ----------
    known
        How many points both hold.
    again
        Places [n, axes] measured again with other readings, in the earlier scan's units.
    new
        Places [n, axes] that only the later scan holds, in the earlier scan's units.
    """

    known: int
    again: np.ndarray
    new: np.ndarray

    def __str__(self) -> str:
        words = [f"{self.known} known", f"{len(self.new)} new"]
        words += [f"{len(self.again)} measured again"] if len(self.again) else []
        return "Points: " + ", ".join(words) + "."


def longer_points(before: xr.DataArray, after: xr.DataArray) -> LongerPoints:
    """Which points of a scan are known from an earlier one: readings at the same place, however they stand in sweeps.

    Parameters
    ----------
    before, after
        The earlier and the later scan.

    Raises
    ------
    ScanError
        Where the two hold different quantities or axes.
    """
    old, new = scans.points(before), scans.points(_like(before, after))
    there = _same_place(old, new)
    met = there >= 0
    span = np.ptp(np.concatenate([old.values, new.values]))
    same = met & (np.abs(new.values - old.values[there]) <= _SAME * span)
    return LongerPoints(int(same.sum()), new.coordinates[met & ~same], new.coordinates[~met])


def joined_points(before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """Both scans' points as one ragged scan.

    Parameters
    ----------
    before, after
        The earlier and the later scan; the readings of the later count where both hold one place, masked where they
        were.

    Returns
    -------
    xarray.DataArray
        In the axes' and the value's units of ``before``.

    Raises
    ------
    ScanError
        Where the two hold different quantities or axes.
    """
    after = _like(before, after)
    old, new = scans.points(before), scans.points(after)
    there = _same_place(old, new)
    met = there >= 0
    masked = new.masked.copy()
    masked[met] |= old.masked[there[met]]
    kept = np.ones(len(old.values), bool)
    kept[there[met]] = False
    return _both(before, after, (old, kept), (new, masked))


def _same_place(old: scans.Points, new: scans.Points) -> np.ndarray:
    """For each point of ``new`` the number of the one of ``old`` at its place, -1 where there is none."""
    scale = np.ptp(np.concatenate([old.coordinates, new.coordinates]), axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    far, there = cKDTree(old.coordinates / scale).query(new.coordinates / scale)
    return np.where(far <= _SAME, there, -1)


def _readings(table: scans.Points, rows: np.ndarray) -> np.ndarray:
    """Faster axes and value of the points ``rows`` [n, columns], sorted."""
    rows = np.flatnonzero(rows)
    return np.column_stack([table.coordinates[rows, 1:], table.values[rows]])[_order(table, rows)]


def _same(one: np.ndarray, other: np.ndarray, scale: np.ndarray) -> bool:
    return one.shape == other.shape and bool((np.abs(one - other) <= scale).all())


def joined(before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """Both scans as one.

    A longer file that holds every earlier sweep is taken as it is, with what was masked in those. Otherwise the result
    is ragged: the sweeps of ``before`` that ``after`` does not hold too, then all of ``after``, whose readings count
    where a sweep was measured again.

    Parameters
    ----------
    before, after
        The earlier and the later scan.

    Returns
    -------
    xarray.DataArray
        In the axes' and the value's units of ``before``.

    Raises
    ------
    ScanError
        Where the two hold different quantities or axes.
    """
    change, after = longer(before, after), _like(before, after)
    after = _masked_alike(before, after, change.known)
    if not change.missing:
        return after
    old, new = scans.points(before), scans.points(after)
    kept = np.isin(scans.set_points(old.coordinates[:, 0]), change.missing)
    return _both(before, after, (old, kept), (new, new.masked))


def _both(
    before: xr.DataArray,
    after: xr.DataArray,
    first: tuple[scans.Points, np.ndarray],
    second: tuple[scans.Points, np.ndarray],
) -> xr.DataArray:
    """The points of ``first`` (and which are kept) and of ``second`` (and which are masked) as one ragged scan; the
    branches of both, or what is found where they are not told."""
    (old, kept), (new, masked) = first, second
    names = scans.axes(before)
    columns = np.concatenate([old.coordinates[kept], new.coordinates])
    errors = None
    if old.errors is not None and new.errors is not None:
        errors = np.concatenate([old.errors[kept], new.errors])
    numbers = np.unique(old.sweep[kept], return_inverse=True)[1]
    after_numbers = np.unique(new.sweep, return_inverse=True)[1] + (numbers.max() + 1 if len(numbers) else 0)
    was, now = branches.told(before), branches.told(after)
    branch = None if was is None or now is None else np.concatenate([was[kept], now])
    both = scans.ragged_scan(
        {name: (columns[:, place], before[name].attrs["units"]) for place, name in enumerate(names)},
        np.concatenate([old.values[kept], new.values]),
        name=str(before.name),
        unit=before.attrs["units"],
        errors=errors,
        sweep=np.concatenate([numbers, after_numbers]),
        masked=np.concatenate([old.masked[kept], masked]),
        branch=branch,
        long_names={name: before[name].attrs.get("long_name", name) for name in names},
        attrs=before.attrs,
    )
    return branches.marked(both)


def _masked_alike(before: xr.DataArray, after: xr.DataArray, known: tuple[float, ...]) -> xr.DataArray:
    """``after`` with the masks of the sweeps it shares with ``before``."""
    old, new = scans.points(before), scans.points(after)
    if not old.masked.any():
        return after
    old_slow, new_slow = scans.set_points(old.coordinates[:, 0]), scans.set_points(new.coordinates[:, 0])
    masked = new.masked.copy()
    for value in known:
        there = np.flatnonzero(old_slow == old_slow[np.argmin(np.abs(old_slow - value))])
        here = np.flatnonzero(new_slow == new_slow[np.argmin(np.abs(new_slow - value))])
        masked[here[_order(new, here)]] = old.masked[there[_order(old, there)]]
    whole = np.zeros(after.size, bool)
    whole[np.isfinite(np.asarray(after.values, float).ravel())] = masked
    return scans.with_masked(after, whole)


def _order(table: scans.Points, rows: np.ndarray) -> np.ndarray:
    """The order that sorts the readings of the points ``rows`` (indices) [n]."""
    return np.lexsort(np.column_stack([table.coordinates[rows, 1:], table.values[rows]]).T[::-1])


def _like(before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """``after`` in the units of ``before``."""
    scans.check(after)
    names = scans.axes(before)
    if scans.axes(after) != names:
        had, has = (", ".join(scans.axes(one)) for one in (before, after))
        raise ScanError(f"the scan goes on with the axes {has}, but it began with {had}; open it with the same columns")
    if not units.compatible(before.attrs["units"], after.attrs["units"]):
        raise ScanError(f"the scan goes on with {scans.label(after)}, but it began with {scans.label(before)}")
    unit, own = before.attrs["units"], after.attrs["units"]
    result = after
    if unit != own:
        result = result.copy(data=units.convert(np.asarray(after.values, float), own, unit))
        result.attrs["units"] = unit
        if "standard_error" in result.coords:
            factor = float(units.convert(1.0, own, unit)) - float(units.convert(0.0, own, unit))
            result = result.assign_coords(standard_error=abs(factor) * result["standard_error"])
            result["standard_error"].attrs["units"] = unit
    for name in names:
        axis_unit, own_axis = before[name].attrs["units"], after[name].attrs["units"]
        if axis_unit != own_axis:
            column = after[name].copy(data=units.convert(np.asarray(after[name].values, float), own_axis, axis_unit))
            column.attrs["units"] = axis_unit
            result = result.assign_coords({name: column})
    return result
