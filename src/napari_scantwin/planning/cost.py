"""How long measuring takes: per point, per change of the slow axis, per return of the fast axis.

A sweep at s, coming from s0, takes::

    minutes = |s - s0| / slow_rate + settle + max(points * point, span / fast_rate) + back

where ``back`` is the fast axis's return to its start, span / fast_rate, or nothing where sweeps are measured up and
down in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = ["TimeModel"]

#: What an axis's kind usually allows, where the user says nothing: a superconducting magnet's and a cryostat's rates.
_USUAL = (("K", "3 K/min"), ("Oe", "100 Oe/s"), ("T", "0.01 T/s"))


@dataclass(frozen=True)
class TimeModel:
    """The times of one kind of sweep, all in minutes (the module has the formula).

    Parameters
    ----------
    point
        Minutes for each point.
    points
        Points of a sweep.
    settle
        Minutes after each change of the slow axis.
    slow_rate, fast_rate
        Rates in the axis's unit per minute, infinite where moving takes no time that counts.
    span
        The length of a sweep along the fast axis, in its unit.
    returns
        Whether the fast axis goes back to its start before each sweep; otherwise sweeps run up and down in turn.
    start
        Where the slow axis stands now; None where the way to the first sweep does not count.

    Raises
    ------
    ScanError
        Where a number makes no sense, or a sweep would take no time at all.
    """

    point: float
    points: int
    settle: float
    slow_rate: float
    fast_rate: float
    span: float
    returns: bool = True
    start: float | None = None

    def __post_init__(self):
        numbers = {"point": self.point, "settle": self.settle, "span": self.span}
        for name, value in numbers.items():
            if not (np.isfinite(value) and value >= 0):
                raise ScanError(f"the time model's {name} must be a number that is not negative, not {value:g}")
        for name in ("slow_rate", "fast_rate"):
            if not getattr(self, name) > 0:
                raise ScanError(f"the time model's {name} must be positive, not {getattr(self, name):g}")
        if self.points < 1:
            raise ScanError("the time model needs at least one point a sweep")
        if self.sweep <= 0:
            raise ScanError("the time model lets a sweep take no time at all; give the time of a point or a rate")

    @classmethod
    def of(
        cls,
        scan: xr.DataArray,
        *,
        point: str = "10 s",
        settle: str = "1 min",
        slow_rate: str | None = None,
        fast_rate: str | None = None,
        points: int | None = None,
        returns: bool = True,
        start: float | None = None,
    ) -> TimeModel:
        """The time model of sweeps like those of a scan: their usual number of points and span.

        Times and rates are written with units ("10 s", "100 Oe/s", "3 K/min").

        Parameters
        ----------
        scan
            The scan.
        point
            The time of a point.
        settle
            The time after each change of the slow axis.
        slow_rate, fast_rate
            Rates of the axes. A rate that is not given is 100 Oe/s (0.01 T/s) for a magnetic field and 3 K/min for a
            temperature; other axes, such as angles, take no time.
        points
            Points of a sweep (default: the median of the scan's sweeps).
        returns
            Whether the fast axis goes back to its start before each sweep.
        start
            Where the slow axis stands now, in its unit; by default the way to the first sweep does not count.

        Raises
        ------
        ScanError
            Where a unit does not fit, or a number makes no sense.
        """
        names = scans.axes(scan)
        sweeps = scans.sweeps(scan)
        spans = [abs(sweep.last - sweep.first) for sweep in sweeps]
        return cls(
            point=_minutes(point, "the time of a point"),
            points=points if points is not None else int(np.median([sweep.size for sweep in sweeps])),
            settle=_minutes(settle, "the settling time"),
            slow_rate=_rate(scan, names[0], slow_rate),
            fast_rate=_rate(scan, names[-1], fast_rate),
            span=float(np.median(spans)),
            returns=returns,
            start=start,
        )

    @property
    def sweep(self) -> float:
        """Minutes of one sweep, without the way of the slow axis to it."""
        along = self.span / self.fast_rate
        return self.settle + max(self.points * self.point, along) + (along if self.returns else 0.0)

    def minutes(self, values: Sequence[float]) -> float:
        """Minutes of several sweeps, measured in :meth:`order`.

        Parameters
        ----------
        values
            The sweeps' values of the slow axis, in its unit.
        """
        if not len(values):
            return 0.0
        ordered = self.order(values)
        way = ordered if self.start is None else [self.start, *ordered]
        return float(np.abs(np.diff(way)).sum() / self.slow_rate + len(values) * self.sweep)

    def order(self, values: Sequence[float]) -> list[float]:
        """The values in the order of the shortest way: to the nearer end first, then along.

        Parameters
        ----------
        values
            Values of the slow axis, in its unit.
        """
        ordered = sorted(float(value) for value in values)
        if self.start is not None and ordered and abs(ordered[-1] - self.start) < abs(ordered[0] - self.start):
            ordered.reverse()
        return ordered


def _minutes(text: str, what: str) -> float:
    return _quantity(text, "min", what, "10 s")


def _rate(scan: xr.DataArray, axis: str, text: str | None) -> float:
    """A rate in the axis's unit per minute."""
    unit = scan[axis].attrs["units"]
    usual = next((rate for kind, rate in _USUAL if units.compatible(unit, kind)), None)
    asked = text or usual
    if asked is None:
        return float("inf")
    what, example = f"the rate of {axis}", usual or f"1 {units.pretty(unit)}/min"
    if not units.compatible(unit, "K"):
        return _quantity(asked, f"({unit})/min", what, example)
    # Degrees of any scale are differences here.
    step = units.convert(1.0, unit, "K") - units.convert(0.0, unit, "K")
    return _quantity(asked, "K/min", what, example) / float(step)


def _quantity(text: str, unit: str, what: str, example: str) -> float:
    """The number that ``text``, a number with a unit, is in ``unit``."""
    number, _, own = str(text).strip().partition(" ")
    try:
        value = float(number)
        if not own.strip():
            raise ValueError(text)
        return float(units.convert(value, own.strip(), unit))
    except (ValueError, ScanError) as reason:
        raise ScanError(f"{what} is a number and a unit, such as {example}, not {text!r}") from reason
