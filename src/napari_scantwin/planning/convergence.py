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
    """One look at the scan.

    Parameters
    ----------
    sweeps
        How many sweeps (or points) it held.
    new
        The new values of the slowest axis (places, for points).
    surprises
        How far each new one lay from its prediction, in the value's unit; NaN where there was no twin before.
    expected
        The expected error of the map, in the value's unit.
    held_out
        The twin's held-out error on inner sweeps, in the value's unit.
    """

    sweeps: int
    new: tuple[float | tuple[float, ...], ...]
    surprises: tuple[float, ...]
    expected: float
    held_out: float


@dataclass(frozen=True)
class Course:
    """The course of the error as a scan goes on, and whether it has converged.

    Parameters
    ----------
    unit
        The value's unit.
    target
        The error to reach, in that unit.
    in_a_row
        How many new sweeps in a row must have been predicted to within it.
    steps
        The looks at the scan, oldest first.
    of
        What was measured one by one: "sweeps", or single "points".

    Raises
    ------
    ScanError
        Where the target is not positive, or ``in_a_row`` below one.
    """

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
    """How far the readings of a sweep lie from what a twin that has not seen them predicts.

    Root mean square of the difference, the noise taken off: ``sqrt(max(mean((reading - mean)^2) - mean(noise^2), 0))``.

    Parameters
    ----------
    twin
        The twin, trained before the sweep was measured.
    scan
        The scan that holds the sweep.
    value
        The sweep's value of the slowest axis, in its unit; the nearest set point counts.

    Returns
    -------
    float
        In the value's unit; NaN where all the sweep's points are masked.
    """
    table = scans.points(scan)
    settled = scans.set_points(table.coordinates[:, 0])
    mine = (settled == settled[np.argmin(np.abs(settled - value))]) & ~table.masked
    if not mine.any():
        return float("nan")
    mean, _ = twin.predict(table.coordinates[mine])
    noise = twin.uncertainty.noise(mean)
    return float(np.sqrt(max(np.mean((table.values[mine] - mean) ** 2) - np.mean(noise**2), 0.0)))
