"""Tables of instruments that scan field or temperature in segments: which axes moved, and the scan they make."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out, with_notes
from napari_scantwin.core.sweeps import find_sweeps, settled, turns
from napari_scantwin.readers.tables.qd_passes import near
from napari_scantwin.readers.tables.table import Column, ColumnTable, not_taken

__all__ = ["COUNTED", "REVERSAL", "segments_scan"]

#: The slow axis of first-order reversal curves: the field from which each rises.
REVERSAL = "reversal_field"
#: Columns that number the segments.
COUNTED = ("iteration", "segment")
#: A segment turns where it goes back by this part of its reach.
_TURN = 0.02
#: The units in which :func:`near` counts; a flux density in gauss is as large as the field in oersteds.
_COUNTED_IN = {"temperature": ("K",), "magnetic_field": ("Oe", "G"), "angle": ("deg",)}


def segments_scan(
    table: ColumnTable,
    axes: Mapping[str, Column],
    value: Column,
    error: Column | None = None,
    *,
    segment: np.ndarray | None = None,
    reversal_curves: bool = False,
) -> xr.DataArray:
    """The scan in a table of readings taken in segments.

    Parameters
    ----------
    table
        The readings.
    axes
        Columns of temperature, magnetic_field and angle, by these names. Those that were held at one set point become
        attributes; of those that moved, the one that moved within the segments is the fast axis.
    value, error
        The column that was measured, and its standard error.
    segment
        A number that changes from segment to segment [n], where the file says it. A segment in which the fast axis
        turns round is two sweeps.
    reversal_curves
        Whether the segments are first-order reversal curves: then the field at which each begins is the slow axis, and
        segments of a single reading, which follow the drift, are left out.

    Returns
    -------
    xarray.DataArray
        A ragged scan.

    Raises
    ------
    ScanError
        Where there are no readings, or no axis moved.
    """
    readings = {name: table.columns[column.source] for name, column in axes.items()}
    measured = np.isfinite(table.columns[value.source])
    placed = np.all([np.isfinite(one) for one in readings.values()], axis=0)
    good = measured & placed
    taken = [column.source for column in (*axes.values(), value, *([error] if error is not None else []))]
    counted = [head for head in table.headers if head.strip().lower() in COUNTED]
    attrs = with_left_out(table.attrs, not_taken(table, [*taken, *counted]))
    if dropped := int((~measured).sum()):
        attrs["dropped_rows"] = dropped
        attrs = with_left_out(
            attrs, f"{dropped} row{'s' if dropped > 1 else ''} in which {value.source!r} is no number"
        )
    if lost := int((measured & ~placed).sum()):
        attrs = with_left_out(attrs, f"{lost} reading{'s' if lost > 1 else ''} without a place on an axis")
    if reversal_curves and segment is not None:
        _, inverse, counts = np.unique(segment, return_inverse=True, return_counts=True)
        drift = good & (counts[inverse] == 1)
        if drift.any() and not drift[good].all():
            attrs = with_left_out(
                attrs, f"{int(drift.sum())} single readings between the curves, which follow the drift"
            )
            good &= ~drift
    if not good.any():
        raise ScanError(f"{table.name}: the column {value.source!r} holds no finite numbers")
    readings = {name: one[good] for name, one in readings.items()}
    limits = {name: _near(name, one, axes[name].unit) for name, one in readings.items()}
    fast = _fast(readings, limits, None if segment is None else segment[good])
    if fast is None:
        moved = ", ".join(name.replace("_", " ") for name in axes)
        raise ScanError(f"{table.name}: {moved} did not move; there is no scan in it")
    sweep = _sweeps(readings, fast, None if segment is None else segment[good])
    slow, attrs = _slow(readings, fast, limits, sweep, axes, attrs)
    columns = {name: (one, axes[name].unit) for name, one in slow.items()}
    if reversal_curves and fast == "magnetic_field":
        begins = np.array([readings[fast][sweep == number][0] for number in range(sweep.max() + 1)])
        columns[REVERSAL] = (begins[sweep], axes[fast].unit)
    columns[fast] = (readings[fast], axes[fast].unit)
    errors = None
    if error is not None:
        errors = np.asarray(units.convert(table.columns[error.source][good], error.unit, value.unit), float)
        errors = errors if np.isfinite(errors).all() else None
    return scans.ragged_scan(
        columns,
        table.columns[value.source][good],
        name=value.name,
        unit=value.unit,
        errors=errors,
        sweep=sweep,
        attrs=attrs,
    )


def _near(name: str, readings: np.ndarray, unit: str) -> float:
    """How far apart two set points of an axis may be and still be one, in its unit."""
    own = next(one for one in _COUNTED_IN[name] if units.compatible(unit, one))
    largest = float(np.abs(units.convert(readings, unit, own)).max())
    return near(name, largest) * abs(units.convert(1.0, own, unit) - units.convert(0.0, own, unit))


def _fast(readings: dict[str, np.ndarray], limits: dict[str, float], segment: np.ndarray | None) -> str | None:
    """The axis that moved furthest from one reading to the next, counted in what is still one set point; None where
    none moved."""
    moved = [name for name, one in readings.items() if np.ptp(one) > 2 * limits[name]]
    moved = moved or [name for name, one in readings.items() if np.ptp(one) > 0]  # a soft magnet's few oersteds
    within = np.ones(len(next(iter(readings.values()))) - 1, bool) if segment is None else np.diff(segment) == 0

    def way(name: str) -> float:
        steps = np.abs(np.diff(readings[name]))[within]
        # An axis that is set anew now and then moves in few steps only.
        return float(np.minimum(steps, np.quantile(steps, 0.9)).sum() / limits[name]) if len(steps) else 0.0

    return max(moved, key=way, default=None)


def _sweeps(readings: dict[str, np.ndarray], fast: str, segment: np.ndarray | None) -> np.ndarray:
    """The number of each reading's sweep."""
    if segment is None:
        slow = np.stack([one for name, one in readings.items() if name != fast] or [np.zeros(len(readings[fast]))], 1)
        return find_sweeps(slow, readings[fast])
    numbers = np.empty(len(segment), np.int64)
    count = 0
    for run in np.split(np.arange(len(segment)), np.flatnonzero(np.diff(segment)) + 1):
        for part, _ in turns(readings[fast][run], _TURN * float(np.ptp(readings[fast][run]))):
            numbers[run[part]] = count
            count += 1
    return numbers


def _slow(readings, fast: str, limits, sweep: np.ndarray, axes: Mapping[str, Column], attrs: dict):
    """The axes that were set to several points, settled at them, and attributes for those held at one."""
    kept: dict[str, np.ndarray] = {}
    for name in ("angle", "temperature", "magnetic_field"):
        if name == fast or name not in readings:
            continue
        middle = [np.median(readings[name][sweep == number]) for number in range(sweep.max() + 1)]
        if np.ptp(middle) > 2 * limits[name]:
            kept[name] = settled(readings[name][:, None], sweep)[:, 0]
            place = kept[name]
        else:
            place = np.full(len(sweep), float(np.median(readings[name])))
            attrs = attrs | {name: float(place[0]), f"{name}_units": units.standard(axes[name].unit)}
        off = float(np.abs(place - readings[name]).max())
        if off > limits[name]:
            said = f"{name.replace('_', ' ')} read up to {off:.2g} {units.pretty(axes[name].unit)} off its set point"
            attrs = with_notes(attrs, said)
    return kept, attrs
