"""Which sweeps to measure next: those expected to take most of the error away, per minute where minutes count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.model_uncertainty import ModelUncertainty
from napari_scantwin.planning.quantity_error import QuantityError

__all__ = ["Plan", "Proposal", "next_sweeps", "plan_sweeps"]

#: Without a number of sweeps, a budget or an error to reach, and at the very most with one.
_USUAL, _MOST = 3, 200
#: A sweep that takes less than this share of a derived quantity's squared error away is none to propose.
_LEAST_GAIN = 1e-3


@dataclass(frozen=True)
class Proposal:
    """A sweep worth measuring.

    Parameters
    ----------
    value
        The slowest axis's value, in ``unit``.
    unit
        The slowest axis's unit.
    uncertainty
        The twin's own uncertainty there now, without the noise, root mean square along the sweep, in ``value_unit``.
    value_unit
        The value's unit.
    gain
        The share of the squared error as it is now (0 to 1) that measuring it is expected to take away of what those
        proposed before it leave.
    minutes
        What it adds to the list; NaN without a time model.
    """

    value: float
    unit: str
    uncertainty: float
    value_unit: str
    gain: float = float("nan")
    minutes: float = float("nan")


@dataclass(frozen=True)
class Plan:
    """Proposals in the order of their merit.

    Parameters
    ----------
    axis
        The name of the slowest axis.
    proposals
        The sweeps, best first.
    errors
        The expected error before and after each [n + 1]: of the map, root mean square in the value's unit, or of the
        derived quantity, one standard deviation in its own.
    candidates, gains
        The curve behind the first proposal: shares of the squared error [m] (per minute with a time model) over values
        of the slowest axis [m].
    order
        The values in the order to measure in.
    minutes
        What all take; NaN without a time model.
    reason
        Why the list ends where it does.
    """

    axis: str
    proposals: tuple[Proposal, ...]
    errors: np.ndarray
    candidates: np.ndarray
    gains: np.ndarray
    order: tuple[float, ...]
    minutes: float
    reason: str


def next_sweeps(twin, count: int = _USUAL, **options) -> list[Proposal]:
    """The sweeps worth measuring next, best first.

    Parameters
    ----------
    twin
        The twin of what was measured so far.
    count
        How many; three by default.
    options
        Those of :func:`plan_sweeps`.
    """
    return list(plan_sweeps(twin, count, **options).proposals)


def plan_sweeps(
    twin,
    count: int | None = None,
    *,
    among: np.ndarray | None = None,
    within: tuple[float, float] | None = None,
    cost: TimeModel | None = None,
    budget: float | None = None,
    target: float | None = None,
    of: Callable[[xr.DataArray], float] | None = None,
    stop=None,
) -> Plan:
    """The values of the slowest axis where a sweep is expected to reduce the error most, chosen one after the other.

    A sweep that is proposed counts as measured, so that a batch spreads over the gaps
    (:mod:`napari_scantwin.planning.model_uncertainty` has the law). The list ends with ``count`` sweeps, with the
    ``budget`` of minutes, or once the expected error is down to ``target``, whichever is first; without any of them
    after three.

    Parameters
    ----------
    twin
        The twin of what was measured so far.
    count
        The most sweeps.
    among
        The values that can be measured [m], in the axis's unit; then the error meant is that over these sweeps, and
        values are proposed as they stand there. By default everything within the range can, the error meant is that of
        the map as drawn, and values are round numbers.
    within
        The range to measure in, in the axis's unit (default: the measured one).
    cost
        A time model; with it sweeps are ranked by what they take away per minute.
    budget
        Minutes in all; needs ``cost``.
    target
        The expected error to reach, in the value's unit, or in that of the number ``of``.
    of
        A function of a simulated scan that gives a number, to reduce the error of that number instead of the map's.
    stop
        A ``threading.Event`` that ends the work when it is set.

    Raises
    ------
    ScanError
        For a scan of one axis, which has no sweeps, and where an option makes no sense.
    Cancelled
        Where ``stop`` is set while a derived number is worked out.
    """
    if count is None:
        count = _USUAL if budget is None and target is None else _MOST
    _check(count, cost, budget, target)
    listed = _listed(among, within)
    now = ModelUncertainty.of(twin, listed, within)
    quantity = None if of is None else QuantityError.of(twin, of, within, stop)
    axis = twin.scan[twin.axes[0]]
    unit, value_unit = units.pretty(axis.attrs["units"]), units.pretty(twin.scan.attrs["units"])
    whole = (now.error if quantity is None else quantity.error(now.known)) ** 2
    curve: tuple[np.ndarray, np.ndarray] | None = None
    found: list[Proposal] = []
    errors, chosen = [float(np.sqrt(whole))], list[float]()
    reason = f"the {count} sweeps asked for"
    while len(found) < count:
        if target is not None and errors[-1] <= target:
            reason = "the expected error is down to the target"
            break
        if quantity is None:
            places, gains = now.rows, now.gains(now.rows)
        else:
            places, gains = quantity.worth(now.known, now.rows)
            gains = np.where(gains > _LEAST_GAIN * whole, gains, 0)
        minutes = _minutes(cost, chosen, places)
        spent = 0.0 if cost is None else cost.minutes(chosen)
        merit = gains / minutes
        curve = (places, merit / (whole or 1.0)) if curve is None else curve
        if budget is not None:
            merit = np.where(spent + minutes <= budget, merit, 0)
        if not (merit > 0).any():
            over = budget is not None and (gains > 0).any()
            reason = "no further sweep fits the budget" if over else "no further sweep is expected to tell anything"
            break
        best = int(np.argmax(merit))
        value = float(places[best]) if listed is not None else _rounded(now.rows, float(places[best]), chosen)
        took = _added(cost, chosen, value)
        if budget is not None and spent + took > budget:
            value = float(places[best])  # the round number is a little too far
            took = _added(cost, chosen, value)
        uncertainty = float(np.sqrt(np.interp(value, now.rows, now.variance)))
        now = now.measured(value)
        left = now.error if quantity is None else quantity.error(now.known)
        gain = (errors[-1] ** 2 - left**2) / whole
        found.append(Proposal(value, unit, uncertainty, value_unit, float(gain), took))
        chosen.append(value)
        errors.append(float(left))
    places, gains = curve or (now.rows, np.zeros(len(now.rows)))
    order = tuple(sorted(chosen) if cost is None else cost.order(chosen))
    whole_time = float("nan") if cost is None else cost.minutes(chosen)
    return Plan(str(axis.name), tuple(found), np.array(errors, float), places, gains, order, whole_time, reason)


def _check(count: int, cost, budget, target) -> None:
    if count < 1:
        raise ScanError(f"{count} sweeps cannot be proposed; ask for one or more")
    if budget is not None and not budget > 0:
        raise ScanError(f"a budget of {budget:g} minutes leaves no time to measure; give a positive number")
    if budget is not None and cost is None:
        raise ScanError("a budget needs a time model that says how long a sweep takes")
    if target is not None and not target > 0:
        raise ScanError(f"an error of {target:g} cannot be reached; give a positive number")


def _listed(among, within) -> np.ndarray | None:
    if among is None:
        return None
    listed = np.unique(np.asarray(among, float))
    if within is not None:
        listed = listed[(listed >= min(within)) & (listed <= max(within))]
    if not (len(listed) and np.isfinite(listed).all()):
        raise ScanError("the values to choose among must be finite numbers, at least one of them within the range")
    return listed


def _minutes(cost: TimeModel | None, chosen: list[float], places: np.ndarray) -> np.ndarray:
    """Minutes that a sweep at each of ``places`` [m] adds to those ``chosen`` [m]; ones without a time model."""
    if cost is None:
        return np.ones(len(places))
    spent = cost.minutes(chosen)
    return np.array([cost.minutes([*chosen, float(place)]) - spent for place in places])


def _added(cost: TimeModel | None, chosen: list[float], value: float) -> float:
    """Minutes that a sweep at ``value`` adds; NaN without a time model."""
    return float("nan") if cost is None else float(_minutes(cost, chosen, np.array([value]))[0])


def _rounded(candidates: np.ndarray, value: float, chosen: list[float]) -> float:
    """``value`` as a person would set it: the roundest number no further away than the next candidate but one."""
    best = int(np.argmin(np.abs(candidates - value)))
    low, high = candidates[max(best - 2, 0)], candidates[min(best + 2, len(candidates) - 1)]
    for digits in range(1, 7):
        rounded = float(f"{value:.{digits}g}")
        if low <= rounded <= high and rounded not in chosen:
            return rounded
    return value
