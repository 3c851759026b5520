"""Is the step fine enough? How a number read from the map converges as the simulated step is refined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import Cancelled, ScanError

__all__ = ["StepCheck", "check_steps"]

#: Into how many steps the range is divided by default, and how many samples other axes have.
_DIVISIONS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
_SAMPLES = {"slow": 97, "fast": 241}


@dataclass(frozen=True)
class StepCheck:
    """A number by the step of one axis, coarse first.

    Parameters
    ----------
    axis
        The axis's name.
    unit
        The axis's unit.
    steps
        The steps [n].
    values
        The number at each step [n]; NaN where it cannot be read.
    measured
        The number with the steps as they were measured; NaN for the fast axis of ragged sweeps.
    tolerance
        How far the number may be off, in its unit.
    coarsest
        The coarsest step that keeps the number, as every finer one does, within ``tolerance`` of its value at the
        finest; None where not even the last two steps agree.
    """

    axis: str
    unit: str
    steps: np.ndarray
    values: np.ndarray
    measured: float
    tolerance: float
    coarsest: float | None

    @property
    def verdict(self) -> str:
        """The answer as a sentence."""
        name = self.axis.replace("_", " ")
        if self.coarsest is None:
            return f"Not even steps of {self.steps[-1]:.3g} {self.unit} in {name} are fine enough."
        words = f"Steps of {self.coarsest:.3g} {self.unit} in {name} are fine enough."
        if np.isfinite(self.measured):
            within = abs(self.measured - self.values[-1]) <= self.tolerance
            words += " So are the measured ones." if within else " The measured ones are not."
        return words


def check_steps(
    twin,
    quantity: Callable[[xr.DataArray], float],
    tolerance: float,
    *,
    axis: str | None = None,
    steps: Sequence[float] | None = None,
    on_progress: Callable[[float], None] | None = None,
    stop=None,
) -> StepCheck:
    """How a number read from the map converges with the step of one axis.

    The map of ``twin`` is simulated over the measured range with ever finer even steps of that axis, the others staying
    dense.

    Parameters
    ----------
    twin
        The twin.
    quantity
        A function of a simulated scan that gives the number.
    tolerance
        How far the number may be off, in its unit.
    axis
        The axis whose step is refined (default: the slowest).
    steps
        Certain steps to try, two or more, in the axis's unit; each is brought to the next that divides the range. By
        default the range is divided into 2 to 128 steps.
    on_progress
        Called with the fraction done.
    stop
        A ``threading.Event`` that ends the work when it is set.

    Raises
    ------
    ScanError
        Where the number cannot be read at the finest step, or an option makes no sense.
    Cancelled
        Where ``stop`` is set.
    """
    names = twin.axes
    axis = names[0] if axis is None else axis
    if axis not in names:
        raise ScanError(f"the twin has no axis {axis!r}; its axes are {', '.join(names)}")
    if not tolerance > 0:
        raise ScanError(f"a tolerance of {tolerance:g} can never be kept; give a positive number")
    column = np.asarray(twin.scan[axis].values, float)
    low, high = float(column.min()), float(column.max())
    counts = _counts(high - low, steps)
    rest = {name: _dense(twin, name, names) for name in names if name != axis}
    read: list[float] = []
    for done, count in enumerate(counts):
        if stop is not None and stop.is_set():
            raise Cancelled
        grid = {axis: np.linspace(low, high, count + 1), **rest}
        # Only the finest must be readable: on a coarse one there may be nothing to read.
        read.append(_read(quantity, twin.simulate({name: grid[name] for name in names}), count == counts[-1]))
        if on_progress is not None:
            on_progress((done + 1) / len(counts))
    values = np.array(read)
    if not np.isfinite(values[-1]):
        raise ScanError("the number cannot be read even from the finest map; choose another or widen the range")
    measured = np.nan
    if axis != names[-1] or scans.is_gridded(twin.scan):
        own = np.unique(scans.set_points(column))
        measured = _read(quantity, twin.simulate({name: {axis: own, **rest}[name] for name in names}), False)
    found = (high - low) / np.array(counts)
    good = np.abs(values - values[-1]) <= tolerance
    first = len(good) - int(np.argmin(good[::-1])) if not good.all() else 0
    coarsest = float(found[first]) if first < len(good) - 1 else None
    unit = units.pretty(twin.scan[axis].attrs["units"])
    return StepCheck(axis, unit, found, values, float(measured), float(tolerance), coarsest)


def _counts(span: float, steps: Sequence[float] | None) -> list[int]:
    if steps is None:
        return list(_DIVISIONS)
    asked = np.asarray(steps, float).ravel()
    if len(asked) < 2 or not (np.isfinite(asked) & (asked > 0) & (asked <= span)).all():
        raise ScanError(f"give two or more steps, each positive and at most the range of {span:.6g}")
    counts = sorted({int(np.ceil(span / step - 1e-9)) for step in asked})
    if len(counts) < 2:
        raise ScanError("these steps divide the range into as many parts; give steps that differ more")
    return counts


def _dense(twin, name: str, names: tuple[str, ...]) -> np.ndarray:
    if name not in (names[0], names[-1]):
        return twin.default_grid()[name]
    column = np.asarray(twin.scan[name].values, float)
    return np.linspace(column.min(), column.max(), _SAMPLES["fast" if name == names[-1] else "slow"])


def _read(quantity, scan: xr.DataArray, needed: bool) -> float:
    try:
        return float(quantity(scan))
    except ScanError:
        if needed:
            raise
        return float("nan")
