"""The sweeps of a scan as the analyses need them: one direction at a time, in order, in units they ask for.

A sweep that warms and then cools (a hysteresis loop in one run) is two branches; they are never averaged.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin.validation.noise import measure

__all__ = [
    "Branch",
    "axis_in",
    "axis_of_kind",
    "branches",
    "in_direction",
    "is_kind",
    "reading_errors",
    "refuse_mixed",
    "split_runs",
]

#: Units that say what an axis is, whatever its name.
_KINDS = {
    "temperature": ("K",),
    "magnetic field": ("A/m", "T"),
    "pressure": ("Pa",),
    "time": ("s",),
}
#: A sweep turns round where it goes back by more than this share of its span.
_TURN = 0.1
#: A single sweep goes one way: its readings follow their order at least so well.
_ONE_WAY = 0.9
#: Points a branch must have.
_FEWEST = 4


@dataclass(frozen=True)
class Branch:
    """One direction of one sweep, ascending along the fast axis.

    Parameters
    ----------
    sweep
        The sweep's number.
    slow
        The slow axes' set values by name; of an axis that ran on during the sweep the median.
    direction
        +1 where the fast axis rose with time, -1 where it fell.
    fast, values
        The fast axis and the values [n], in the scan's own units.
    errors
        One standard deviation [n], from the file, else inferred from the scatter about neighbours.
    rows
        The places of the points in :func:`napari_scantwin.core.scan.points` [n].
    running
        Slow axes that ran on during the sweep (a time), by name, with their values [n].
    """

    sweep: int
    slow: dict[str, float]
    direction: int
    fast: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    rows: np.ndarray
    running: dict[str, np.ndarray] = field(default_factory=dict)

    def slow_at(self, place: float) -> dict[str, float]:
        """The slow axes' values when the fast axis passed ``place`` (NaN: nowhere, the medians)."""
        if not np.isfinite(place):
            return self.slow
        passed = {name: float(np.interp(place, self.fast, column)) for name, column in self.running.items()}
        return {**self.slow, **passed}


def is_kind(unit: str, kind: str) -> bool:
    """Whether ``unit`` measures a ``kind``: "temperature", "magnetic field", "pressure" or "time"."""
    return any(units.compatible(unit, target) for target in _KINDS[kind])


def axis_of_kind(scan: xr.DataArray, kind: str) -> str:
    """The name of the one axis that measures a ``kind`` (see :func:`is_kind`).

    Raises
    ------
    ScanError
        Where there is none or several.
    """
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

    Where a slow axis runs on from reading to reading (loading time) while the fast one is swept again and again, a
    sweep is what lies between two turns of the fast axis. Points at one fast-axis value are averaged. Errors that the
    scan does not carry are inferred from the scatter of each point about the cubic through its neighbours, over the
    whole scan, as a function of the value.

    Parameters
    ----------
    scan
        A gridded or ragged scan.

    Returns
    -------
    list of Branch
        One for each direction of each sweep.

    Raises
    ------
    ScanError
        Where no sweep is selected, or none has points enough.
    """
    scans.check(scan)
    table = scans.points(scan)
    names = scans.axes(scan)
    used = ~table.masked
    if not used.any():
        raise ScanError("no sweep is selected; tick at least one in the list of sweeps")
    numbers, running = _running(scan, table, used)
    errors = _errors(table, used, numbers)
    found = []
    for number in _in_order(numbers[used]):
        rows = np.flatnonzero(used & (numbers == number))
        slow = {name: float(np.median(table.coordinates[rows, i])) for i, name in enumerate(names[:-1])}
        for part in split_runs(table.coordinates[rows, -1]):
            mine = rows[part]
            direction = 1 if table.coordinates[mine[-1], -1] >= table.coordinates[mine[0], -1] else -1
            if scans.is_gridded(scan) and scan.attrs.get("fast_axis_ran") == "falling":
                direction = -1  # a table's grid is sorted, however it was measured
            fast, values, deviation, kept = _sorted(table, errors, mine)
            if len(fast) >= _FEWEST:
                along = {names[i]: table.coordinates[kept, i] for i in running}
                found.append(Branch(int(number), slow, direction, fast, values, deviation, kept, along))
    if not found:
        raise ScanError(f"no sweep has {_FEWEST} points or more along {names[-1]}; there is nothing to analyse")
    return found


def _running(scan: xr.DataArray, table: scans.Points, used: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The sweep of every point, and which slow axes ran on during the sweeps."""
    count = used.sum()
    if scans.is_gridded(scan) or table.coordinates.shape[1] < 2:
        return table.sweep, []
    steps = np.diff(table.coordinates[used, :-1], axis=0)
    if len(np.unique(table.sweep[used])) * _FEWEST <= count:
        within = steps[np.diff(table.sweep[used]) == 0]
        return table.sweep, np.flatnonzero((within > 0).all(axis=0) | (within < 0).all(axis=0)).tolist()
    running = np.flatnonzero((steps > 0).all(axis=0) | (steps < 0).all(axis=0)).tolist()
    parts = split_runs(table.coordinates[used, -1])
    one_way = len(parts) > 1 or abs(np.corrcoef(np.arange(count), table.coordinates[used, -1])[0, 1]) > _ONE_WAY
    if not running or not one_way or len(parts) * 2 * _FEWEST > count:
        return table.sweep, []  # readings here and there, not sweeps
    numbers = np.full(len(used), -1)
    for number, part in enumerate(parts):
        numbers[np.flatnonzero(used)[part]] = number
    return numbers, running


def reading_errors(scan: xr.DataArray) -> np.ndarray:
    """One standard deviation of every reading of a scan.

    Parameters
    ----------
    scan
        A gridded or ragged scan.

    Returns
    -------
    numpy.ndarray
        The errors, shaped like the scan and in its unit: the file's where it gives one, else inferred from the scatter
        about neighbours along the sweep; NaN where the reading is.
    """
    table = scans.points(scan)
    used = ~table.masked if not table.masked.all() else np.ones(len(table.values), bool)
    errors = np.full(scan.shape, np.nan)
    errors[np.isfinite(np.asarray(scan.values, float))] = _errors(table, used, table.sweep)
    return errors


def _errors(table: scans.Points, used: np.ndarray, sweep: np.ndarray) -> np.ndarray:
    errors = table.errors
    if errors is None or not np.isfinite(errors[used]).all():
        noise = measure(table.coordinates[used, -1], table.values[used], sweep[used])
        told = noise(table.values)
        errors = told if errors is None else np.where(np.isfinite(errors), errors, told)
    return errors


def in_direction(rows: list[Branch], direction: str | None) -> list[Branch]:
    """The branches of one direction.

    Parameters
    ----------
    rows
        Branches of :func:`branches`.
    direction
        "rising" or "falling"; None keeps all.

    Returns
    -------
    list of Branch
        Those kept.

    Raises
    ------
    ScanError
        Where there is none, or the direction is neither.
    """
    if direction not in (None, "rising", "falling"):
        raise ScanError(f"a branch is 'rising' or 'falling', not {direction!r}")
    wanted = {None: (1, -1), "rising": (1,), "falling": (-1,)}[direction]
    kept = [row for row in rows if row.direction in wanted]
    if not kept:
        raise ScanError(f"no sweep was measured with the fast axis {direction}")
    return kept


def refuse_mixed(group: list[Branch]) -> None:
    """Check that all branches of one set point have the same direction.

    Raises
    ------
    ScanError
        Where they go both ways.
    """
    if len({row.direction for row in group}) > 1:
        name, value = next(iter(group[0].slow.items()))
        raise ScanError(
            f"the sweep at {name} {value:.6g} goes up and down; choose direction='rising' or 'falling', so that the "
            "branches are not mixed"
        )


def _in_order(numbers: np.ndarray) -> np.ndarray:
    kept, first = np.unique(numbers, return_index=True)
    return kept[np.argsort(first)]


def split_runs(fast: np.ndarray) -> list[np.ndarray]:
    """Split a sweep where its fast axis reverses; jitter and shuffled readings are no reversal.

    A sweep is only split where each part is ordered: a loop has few reversals, a random order has many.

    Parameters
    ----------
    fast
        The fast axis [n], in the order of measuring.

    Returns
    -------
    list of numpy.ndarray
        The rows of each part.
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
