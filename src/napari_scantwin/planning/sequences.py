"""A list of sweeps, or of single points, as text and as CSV; of sweeps as a Quantum Design MultiVu sequence.

The sequence (``.seq``, plain text) sets field and temperature and waits for them; it uses only::

    REM text
    TMP TEMP kelvin kelvin/minute approach          approach 0: fast settle
    FLD FIELD oersted oersted/second approach end   approach 0: linear; end 0: persistent
    WAI WAITFOR seconds temperature field 0 0 0     1: wait until it is stable, then the seconds

How a point is measured differs from option to option (VSM, resistivity, ...), so a remark says where that command goes
and from where to where it sweeps; the fast axis is then moved to its end all the same, so that a dry run is safe.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.magnetization import field_in_tesla
from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.points import PointPlan
from napari_scantwin.planning.proposals import Plan

__all__ = ["SUFFIXES", "as_csv", "as_sequence", "as_text", "write_plan"]

SUFFIXES = (".txt", ".csv", ".seq")
#: Rates a sequence asks for where an axis's is not limited: K/min and Oe/s.
_KELVIN_RATE, _FIELD_RATE = 3.0, 100.0


def as_text(plan: Plan | PointPlan) -> str:
    """A plan as text to read or copy, a line each: sweeps in the order of their merit, points in theirs."""
    if isinstance(plan, PointPlan):
        return _points_as_text(plan)
    lines = []
    for number, one in enumerate(plan.proposals, 1):
        minutes = f", {one.minutes:.0f} min" if np.isfinite(one.minutes) else ""
        lines.append(
            f"{number}. {one.value:g} {one.unit}: takes {100 * one.gain:.0f} % of the squared error away{minutes}"
        )
    if np.isfinite(plan.minutes):
        order = ", ".join(f"{value:g}" for value in plan.order)
        lines.append(f"In the order {order} {plan.proposals[0].unit}: {plan.minutes:.0f} min in all")
    return "\n".join(lines) + "\n"


def _points_as_text(plan: PointPlan) -> str:
    lines = []
    for number, one in enumerate(plan.proposals, 1):
        minutes = f", {one.minutes:.2g} min" if np.isfinite(one.minutes) else ""
        place = ", ".join(f"{value:g} {one.units[name]}".rstrip() for name, value in one.place.items())
        lines.append(f"{number}. {place}: takes {100 * one.gain:.1f} % of the squared error away{minutes}")
    if np.isfinite(plan.minutes):
        lines.append(f"In this order: {plan.minutes:.3g} min in all")
    return "\n".join(lines) + "\n"


def as_csv(plan: Plan | PointPlan) -> str:
    """The sweeps or points in the order they are measured, with units in the head of each column."""
    if isinstance(plan, PointPlan):
        return _points_as_csv(plan)
    best = {one.value: (number, one) for number, one in enumerate(plan.proposals, 1)}
    first = plan.proposals[0]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    heads = ["rank", f"{plan.axis} ({first.unit})", f"uncertainty ({first.value_unit})", "gain", "minutes (min)"]
    table.writerow(heads)
    for value in plan.order:
        number, one = best[value]
        minutes = f"{one.minutes:.2f}" if np.isfinite(one.minutes) else ""
        table.writerow([number, repr(value), f"{one.uncertainty:.6g}", f"{one.gain:.6g}", minutes])
    return text.getvalue()


def _points_as_csv(plan: PointPlan) -> str:
    first = plan.proposals[0]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    heads = [f"{name} ({first.units[name]})" for name in plan.axes]
    table.writerow(["rank", *heads, f"uncertainty ({first.value_unit})", "gain", "minutes (min)"])
    for number, one in enumerate(plan.proposals, 1):
        minutes = f"{one.minutes:.4g}" if np.isfinite(one.minutes) else ""
        place = [repr(one.place[name]) for name in plan.axes]
        table.writerow([number, *place, f"{one.uncertainty:.6g}", f"{one.gain:.6g}", minutes])
    return text.getvalue()


def as_sequence(plan: Plan, scan: xr.DataArray, model: TimeModel | None = None) -> str:
    """The sweeps as a MultiVu sequence, in the order they are measured.

    Every sweep runs along the fast axis as those of ``scan`` do, up and down in turn where the time model says that
    nothing returns.

    Parameters
    ----------
    plan
        The sweeps.
    scan
        The scan that goes on.
    model
        The time model, whose rates and settling time the sequence sets (default: :meth:`TimeModel.of` the scan).

    Returns
    -------
    str
        The sequence, with the line ends MultiVu expects.

    Raises
    ------
    ScanError
        Where the scan's axes are not temperature and magnetic field.
    """
    names = scans.axes(scan)
    slow, fast = (_Setting.of(scan, name) for name in (names[0], names[-1]))
    if len(names) != 2 or slow.command == fast.command:
        raise ScanError(
            "a MultiVu sequence sets one temperature and one field; save the list of sweeps as .csv instead"
        )
    model = model or TimeModel.of(scan)
    first, last = _ends(scan)
    lines = [
        "REM Sweeps proposed by napari-scantwin; put your option's measuring command below each remark that says so",
    ]
    for number, value in enumerate(plan.order):
        begin, end = (last, first) if number % 2 and not model.returns else (first, last)
        settle = round(60 * model.settle)
        lines += [
            f"REM Sweep {number + 1} of {len(plan.order)}: {slow.name} {value:g} {slow.unit}",
            slow.moved(value, model.slow_rate),
            fast.moved(begin, model.fast_rate),
            f"WAI WAITFOR {settle} 1 1 0 0 0",
            f"REM Measure here: {model.points} points, {fast.name} {begin:g} to {end:g} {fast.unit}",
            fast.moved(end, model.fast_rate),
            "WAI WAITFOR 0 1 1 0 0 0",
        ]
    return "\r\n".join(lines) + "\r\n"


def _ends(scan: xr.DataArray) -> tuple[float, float]:
    """Where a sweep usually begins and ends on the fast axis, to a hundredth of its span or finer."""
    measured = scans.sweeps(scan)
    ends = [float(np.median([getattr(one, end) for one in measured])) for end in ("first", "last")]
    place = -int(np.floor(np.log10(abs(ends[1] - ends[0]) / 100)))
    return round(ends[0], place), round(ends[1], place)


class _Setting:
    """An axis that a MultiVu command sets."""

    def __init__(self, name: str, unit: str, command: str):
        self.name, self.command = name.replace("_", " "), command
        self.unit = units.pretty(unit).replace("°", "deg ")  # MultiVu's remarks are plain ASCII
        self._unit = unit

    @classmethod
    def of(cls, scan: xr.DataArray, axis: str) -> _Setting:
        unit = scan[axis].attrs["units"]
        if is_kind(unit, "temperature"):
            return cls(axis, unit, "TMP")
        if is_kind(unit, "magnetic field"):
            return cls(axis, unit, "FLD")
        raise ScanError(
            f"a MultiVu sequence sets temperatures and fields, not {axis.replace('_', ' ')}; "
            "save the list of sweeps as .csv instead"
        )

    def _standard(self, value: float) -> float:
        """In kelvin or oersted."""
        if self.command == "TMP":
            return float(units.convert(value, self._unit, "K"))
        return 1e4 * float(field_in_tesla(np.asarray(value, float), self._unit))

    def moved(self, value: float, rate: float) -> str:
        """The command that sets ``value`` at ``rate`` (unit per minute)."""
        per_minute = self._standard(rate) - self._standard(0.0) if np.isfinite(rate) else None  # no scale's offset
        if self.command == "TMP":
            return f"TMP TEMP {self._standard(value):.4f} {per_minute or _KELVIN_RATE:.4f} 0"
        return f"FLD FIELD {self._standard(value):.4f} {per_minute / 60 if per_minute else _FIELD_RATE:.4f} 0 0"


def write_plan(path: str | Path, plan: Plan | PointPlan, scan: xr.DataArray, model: TimeModel | None = None) -> Path:
    """Write the sweeps or points to a file, whole or not at all.

    Parameters
    ----------
    path
        Where; the suffix names the format: ``.txt``, ``.csv``, or for sweeps ``.seq``.
    plan
        The sweeps or points.
    scan, model
        Those of :func:`as_sequence`, for ``.seq``.

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    ScanError
        Where nothing is proposed, or the suffix does not fit.
    """
    path = Path(path)
    if not plan.proposals:
        raise ScanError(
            f"no {'point' if isinstance(plan, PointPlan) else 'sweep'} is proposed, so there is no list to write"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise ScanError(f"{path.name}: the suffix names no list of sweeps; use one of {', '.join(SUFFIXES)}")
    kind = path.suffix.lower()
    if kind != ".seq":
        text = as_csv(plan) if kind == ".csv" else as_text(plan)
    elif isinstance(plan, PointPlan):
        raise ScanError("a MultiVu sequence lists sweeps; save the list of points as .csv or .txt instead")
    else:
        text = as_sequence(plan, scan, model)
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode("ascii" if kind == ".seq" else "utf-8", errors="replace"))
    return path
