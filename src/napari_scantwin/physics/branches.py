"""The sweeps of a scan as the analyses need them: one direction at a time, in order, in units they ask for.

A sweep that warms and then cools (a hysteresis loop in one run) is two branches; they are never averaged.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin import scan as scans
from napari_scantwin import units
from napari_scantwin.errors import ScanError
from napari_scantwin.twin.noise import measure

__all__ = ["Branch", "axis_in", "branches", "find_axis", "is_kind", "reading_errors", "split_runs"]

#: Units that tell what an axis is, whatever its name.
_KINDS = {
    "temperature": ("K",),
    "magnetic field": ("A/m", "T"),
    "pressure": ("Pa",),
    "time": ("s",),
}
#: A sweep turns round where it goes back by more than this share of its span.
_TURN = 0.1
#: Points a branch must have.
_FEWEST = 4


@dataclass(frozen=True)
class Branch:
    """One direction of one sweep, ascending along the fast axis.

    ``slow`` maps the slow axes to their set values, ``fast`` [n] and ``values`` [n] are in the scan's own units,
    ``errors`` [n] one standard deviation (from the file, else told from the scatter about neighbours),
    ``direction`` is +1 where the fast axis rose with time, -1 where it fell; ``rows`` [n] are the places of the
    points in :func:`napari_scantwin.scan.points`.
    """

    sweep: int
    slow: dict[str, float]
    direction: int
    fast: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    rows: np.ndarray


def is_kind(unit: str, kind: str) -> bool:
    """Whether ``unit`` measures a ``kind``: "temperature", "magnetic field", "pressure" or "time"."""
    return any(units.compatible(unit, target) for target in _KINDS[kind])


def find_axis(scan: xr.DataArray, kind: str) -> str:
    """The name of the one axis that measures a ``kind``; :class:`ScanError` where there is none or several."""
    found = [name for name in scans.axes(scan) if is_kind(scan[name].attrs["units"], kind)]
    if len(found) != 1:
        has = ", ".join(scans.axis_label(scan, name) for name in scans.axes(scan))
        count = "no" if not found else "more than one"
        raise ScanError(f"this needs one axis of {kind}, but the scan has {count} such axis (its axes are {has})")
    return found[0]


def axis_in(scan: xr.DataArray, axis: str, values, unit: str):
    """``values`` of ``axis``, in the scan's unit, converted to ``unit``."""
    return units.convert(np.asarray(values, float), scan[axis].attrs["units"], unit)


def branches(scan: xr.DataArray) -> list[Branch]:
    """The branches of a scan in the order of its sweeps; masked points take no part.

    Points at one fast-axis value are averaged. Errors that the scan does not carry are told from the scatter of
    each point about the cubic through its neighbours, over the whole scan, as a function of the value.
    """
    scans.check(scan)
    table = scans.points(scan)
    names = scans.axes(scan)
    used = ~table.masked
    if not used.any():
        raise ScanError("no sweep is selected; tick at least one in the list of sweeps")
    errors = _errors(table, used)
    found = []
    for number in _in_order(table.sweep[used]):
        rows = np.flatnonzero(used & (table.sweep == number))
        slow = {name: float(np.median(table.coordinates[rows, i])) for i, name in enumerate(names[:-1])}
        for part in split_runs(table.coordinates[rows, -1]):
            mine = rows[part]
            direction = 1 if table.coordinates[mine[-1], -1] >= table.coordinates[mine[0], -1] else -1
            if scans.is_gridded(scan) and scan.attrs.get("fast_axis_ran") == "falling":
                direction = -1  # a table's grid is sorted, however it was measured
            fast, values, deviation, kept = _sorted(table, errors, mine)
            if len(fast) >= _FEWEST:
                found.append(Branch(int(number), slow, direction, fast, values, deviation, kept))
    if not found:
        raise ScanError(f"no sweep has {_FEWEST} points or more along {names[-1]}; there is nothing to analyse")
    return found


def reading_errors(scan: xr.DataArray) -> np.ndarray:
    """One standard deviation of every reading, shaped like the scan: the file's where it gives one, else told from
    the scatter about neighbours along the sweep; NaN where the reading is."""
    table = scans.points(scan)
    used = ~table.masked if not table.masked.all() else np.ones(len(table.values), bool)
    errors = np.full(scan.shape, np.nan)
    errors[np.isfinite(np.asarray(scan.values, float))] = _errors(table, used)
    return errors


def _errors(table: scans.Points, used: np.ndarray) -> np.ndarray:
    errors = table.errors
    if errors is None or not np.isfinite(errors[used]).all():
        noise = measure(table.coordinates[used, -1], table.values[used], table.sweep[used])
        told = noise(table.values)
        errors = told if errors is None else np.where(np.isfinite(errors), errors, told)
    return errors


def _in_order(numbers: np.ndarray) -> np.ndarray:
    kept, first = np.unique(numbers, return_index=True)
    return kept[np.argsort(first)]


def split_runs(fast: np.ndarray) -> list[np.ndarray]:
    """Rows of each part of a sweep, split where its ``fast`` axis [n] turns round; jitter and shuffled readings are
    no turn.

    A sweep is only split where each part is ordered: a loop has few turns, a random order has many.
    """
    limit = _TURN * np.ptp(fast)
    turns, extreme, direction = [], 0, 0
    for place in range(1, len(fast)):
        change = fast[place] - fast[extreme]
        if direction == 0:
            if abs(change) > limit:
                direction, extreme = np.sign(change), place
        elif change * direction >= 0:
            extreme = place
        elif abs(change) > limit:
            turns.append(extreme)
            direction, extreme = -direction, place
    if len(turns) > max(3, len(fast) // 10):
        return [np.arange(len(fast))]
    edges = [0, *(turn + 1 for turn in turns), len(fast)]
    return [np.arange(start, end) for start, end in itertools.pairwise(edges)]


def _sorted(table: scans.Points, errors: np.ndarray, rows: np.ndarray):
    """A branch in ascending order, readings at one place averaged with their errors."""
    order = rows[np.argsort(table.coordinates[rows, -1], kind="stable")]
    fast, first, inverse, count = np.unique(
        table.coordinates[order, -1], return_index=True, return_inverse=True, return_counts=True
    )
    values = np.bincount(inverse, table.values[order]) / count
    deviation = np.sqrt(np.bincount(inverse, errors[order] ** 2)) / count
    return fast, values, deviation, order[first]
