"""Has it converged? How well each new sweep was predicted before it was measured, and when to stop.

The *surprise* of a sweep is the root mean square difference between what the twin said of it before it was measured and
its readings, the readings' noise taken off: an error nobody can flatter. Sweeps are proposed where the twin
knows least, so that the map's error is smaller. The rule: enough, once the last ``in_a_row`` new sweeps were each
predicted to within the target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = ["Course", "CourseStep", "surprise"]


@dataclass(frozen=True)
class CourseStep:
    """One look at the scan: how many ``sweeps`` (or points) it held, the ``new`` values of the slowest axis (places),
    their ``surprises`` (NaN where there was no twin before), the ``expected`` error of the map and the twin's
    ``held_out`` error on inner sweeps, all in the value's unit."""

    sweeps: int
    new: tuple[float | tuple[float, ...], ...]
    surprises: tuple[float, ...]
    expected: float
    held_out: float


@dataclass(frozen=True)
class Course:
    """The error's course over the ``steps``, oldest first, in ``unit``; ``target`` is the error to reach, ``in_a_row``
    how many new sweeps in a row must have been predicted to within it. ``of`` is what was measured one by one: sweeps,
    or single points."""

    unit: str
    target: float
    in_a_row: int = 2
    steps: tuple[CourseStep, ...] = ()
    of: str = "sweeps"

    def __post_init__(self):
        if not self.target > 0:
            raise ScanError(f"an error of {self.target:g} cannot be reached; give a positive number")
        if self.in_a_row < 1:
            raise ScanError(f"some new {self.of} must be predicted before a scan can be called converged")

    def with_step(self, step: CourseStep) -> Course:
        """The course with one more step."""
        return replace(self, steps=(*self.steps, step))

    @property
    def surprises(self) -> np.ndarray:
        """The surprises of all new sweeps in their order."""
        every = np.array([one for step in self.steps for one in step.surprises], float)
        return every[np.isfinite(every)]

    @property
    def converged(self) -> bool:
        """Whether the last ``in_a_row`` new sweeps were each predicted to within the target."""
        last = self.surprises[-self.in_a_row :]
        return len(last) == self.in_a_row and bool((last <= self.target).all())

    @property
    def verdict(self) -> str:
        """The state of things, and the rule, as a sentence."""
        unit = units.pretty(self.unit)
        last = self.surprises[-self.in_a_row :]
        told = ", ".join(f"{one:.2g}" for one in last)
        if self.converged:
            return f"Converged: the last {self.in_a_row} new {self.of} were predicted to within {told} {unit}."
        words = f"{self.target:.2g} {unit} for {self.in_a_row} new {self.of} in a row"
        if not len(last):
            return f"Not known yet: measure on until new {self.of} are predicted to within {words}."
        return f"Not converged: the last new {self.of} were predicted to within {told} {unit}, it takes {words}."


def surprise(twin, scan: xr.DataArray, value: float) -> float:
    """How far the readings of ``scan`` at ``value`` of the slowest axis lie from what ``twin``, which has not seen
    them, says there: root mean square in the value's unit, without the noise."""
    table = scans.points(scan)
    settled = scans.set_points(table.coordinates[:, 0])
    mine = (settled == settled[np.argmin(np.abs(settled - value))]) & ~table.masked
    if not mine.any():
        return float("nan")
    mean, _ = twin.predict(table.coordinates[mine])
    noise = twin.uncertainty.noise(mean)
    return float(np.sqrt(max(np.mean((table.values[mine] - mean) ** 2) - np.mean(noise**2), 0.0)))
