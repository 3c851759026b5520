"""Which single points to measure next, for instruments that set every point by itself.

Distances are counted in lengths over which knowing one place informs about another: along the slow axis the usual gap
between set points, along the others the width of a feature (the ratio of the map's first to its second derivative), and
never less than the usual distance between points. A point then leaves of the variance at a place the share (d' / d)^3,
d being the distance to the nearest measured point before and d' with it, as far as its reading is not noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.model_uncertainty import shrunk

__all__ = ["PointPlan", "PointProposal", "expected_error", "next_points", "plan_points", "way"]

#: Points without a number of them, a budget or an error to reach, and at the very most with one.
_USUAL, _MOST = 5, 500
#: Places the map's error is evaluated at; as many candidates, the same ones (a power of two for the sequence).
_PLACES = 1024
#: Step of the derivatives that give a feature's width, as a share of the axis.
_STEP = 0.005


@dataclass(frozen=True)
class PointProposal:
    """A point worth measuring.

    Parameters
    ----------
    place
        Its place by axis, slow first.
    units
        The axes' units by axis.
    uncertainty
        The twin's own uncertainty there now, without the noise, in ``value_unit``.
    value_unit
        The value's unit.
    gain
        The share of the map's squared error as it is now (0 to 1) that measuring it is expected to take away after
        those before it.
    minutes
        What it takes from where the one before it was; NaN without a time model.
    """

    place: dict[str, float]
    units: dict[str, str]
    uncertainty: float
    value_unit: str
    gain: float
    minutes: float = float("nan")


@dataclass(frozen=True)
class PointPlan:
    """Proposals in the order they are chosen.

    That is the order to measure in where a time model counts the way from each to the next.

    Parameters
    ----------
    axes
        The axes' names, slow first.
    proposals
        The points.
    errors
        The expected error of the map before and after each [n + 1], root mean square, in the value's unit.
    minutes
        What all take; NaN without a time model.
    reason
        Why the list ends where it does.
    """

    axes: tuple[str, ...]
    proposals: tuple[PointProposal, ...]
    errors: np.ndarray
    minutes: float
    reason: str


def next_points(twin, count: int = _USUAL, **options) -> list[PointProposal]:
    """The points worth measuring next, in the order they are chosen.

    Parameters
    ----------
    twin
        The twin of what was measured so far.
    count
        How many; five by default.
    options
        Those of :func:`plan_points`.
    """
    return list(plan_points(twin, count, **options).proposals)


def plan_points(
    twin,
    count: int | None = None,
    *,
    among: np.ndarray | None = None,
    within: tuple[float, float] | None = None,
    cost: TimeModel | None = None,
    budget: float | None = None,
    target: float | None = None,
    at: dict[str, float] | None = None,
    stop=None,
) -> PointPlan:
    """The points expected to reduce the squared error of the twin's map most, chosen one after the other.

    The list ends with ``count`` points, with the ``budget`` of minutes, or once the expected error is down to
    ``target``, whichever is first; without any of them after five.

    Parameters
    ----------
    twin
        The twin of what was measured so far.
    count
        The most points.
    among
        The points that can be measured [m, axes], in the scan's units, slow axis first, or [m] the values of the
        slowest axis, anywhere along the others; by default all within the measured range can.
    within
        A range of the slowest axis, in its unit, to measure in instead of the measured one.
    cost
        A time model; with it points count by what they take away per minute from the place before.
    budget
        Minutes in all; needs ``cost``.
    target
        The expected error of the map to reach, root mean square, in the value's unit.
    at
        The place by axis from which the way to the first point is counted; by default it does not count.
    stop
        A ``threading.Event`` that ends the work when it is set.

    Raises
    ------
    ScanError
        Where an option makes no sense.
    Cancelled
        Where ``stop`` is set.
    """
    if count is None:
        count = _USUAL if budget is None and target is None else _MOST
    names = twin.axes
    _check(names, count, cost, budget, target, at)
    table = scans.points(twin.scan)
    measured = table.coordinates[~table.masked]
    low, high = _box(measured, within)
    cells = low + (high - low) * _even(len(names))
    places = _candidates(among, cells)
    kept = 0 if among is None else 1 if np.ndim(among) == 1 else len(names)
    lengths = _lengths(twin, measured, cells)
    before = cKDTree(measured / lengths).query(cells / lengths)[0]
    variance, (own, noise) = _own(twin, cells)[0], _own(twin, places)
    trust = own / np.maximum(own + noise, np.finfo(float).tiny)
    whole, spent = variance.sum(), 0.0
    here = None if at is None else np.array([at[name] for name in names], float)
    found: list[PointProposal] = []
    errors = [np.sqrt(variance.mean())]
    unit = {name: units.pretty(twin.scan[name].attrs["units"]) for name in names}
    reason = f"the {count} points asked for"
    far = np.sqrt((((cells[None] - places[:, None]) / lengths) ** 2).sum(axis=2))  # [candidates, cells]
    while len(found) < count:
        if stop is not None and stop.is_set():
            raise Cancelled
        if target is not None and errors[-1] <= target:
            reason = "the expected error is down to the target"
            break
        gains = trust * ((1 - shrunk(before, far)) @ variance)
        minutes = way(cost, places, here)
        merit = gains / minutes
        if budget is not None:
            merit = np.where(spent + minutes <= budget, merit, 0)
        best = int(np.argmax(merit))
        if not merit[best] > 0:
            over = budget is not None and (gains > 0).any()
            reason = "no further point fits the budget" if over else "no further point is expected to tell anything"
            break
        place = _round(places[best], high - low, kept)
        took = float("nan") if cost is None else float(minutes[best])
        uncertainty, value_unit = float(np.sqrt(own[best])), units.pretty(twin.scan.attrs["units"])
        named = dict(zip(names, (float(value) for value in place), strict=True))
        found.append(PointProposal(named, unit, uncertainty, value_unit, float(gains[best] / whole), took))
        variance = variance * (1 - trust[best] * (1 - shrunk(before, far[best])))
        errors.append(np.sqrt(variance.mean()))
        before, here, spent = np.minimum(before, far[best]), places[best], spent + (took if cost is not None else 0.0)
    return PointPlan(names, tuple(found), np.array(errors), float("nan") if cost is None else spent, reason)


def expected_error(twin, within: tuple[float, float] | None = None) -> float:
    """The expected error of the whole map, root mean square, in the value's unit.

    Parameters
    ----------
    twin
        The twin.
    within
        A range of the slowest axis, in its unit (default: the measured one).
    """
    table = scans.points(twin.scan)
    low, high = _box(table.coordinates[~table.masked], within)
    return float(np.sqrt(_own(twin, low + (high - low) * _even(len(twin.axes)))[0].mean()))


def _check(names, count: int, cost, budget, target, at) -> None:
    if count < 1:
        raise ScanError(f"{count} points cannot be proposed; ask for one or more")
    if budget is not None and (cost is None or not budget > 0):
        raise ScanError(
            "a budget is a positive number of minutes, and needs a time model that says how long a point takes"
        )
    if target is not None and not target > 0:
        raise ScanError(f"an error of {target:g} cannot be reached; give a positive number")
    if at is not None and set(at) != set(names):
        raise ScanError(f"the place to start from names every axis: {', '.join(names)}")


def _box(measured: np.ndarray, within: tuple[float, float] | None) -> tuple[np.ndarray, np.ndarray]:
    """The lower and upper corner of where points are proposed."""
    low, high = measured.min(axis=0), measured.max(axis=0)
    if within is not None:
        low[0], high[0] = min(within), max(within)
        if not low[0] < high[0]:
            raise ScanError("the range to measure within is empty; give its lower and its upper end")
    return low, high


def _even(axes: int) -> np.ndarray:
    """Places spread evenly over the unit cube [n, axes]."""
    if axes == 1:
        return ((np.arange(_PLACES) + 0.5) / _PLACES)[:, None]
    from scipy.stats import qmc  # takes a second to import, and the window needs it only here

    return qmc.Sobol(axes, scramble=False).random(_PLACES) + 0.5 / _PLACES


def _candidates(among, cells: np.ndarray) -> np.ndarray:
    """The points that can be proposed [m, axes]."""
    if among is None:
        return cells
    listed, axes = np.asarray(among, float), cells.shape[1]
    if listed.ndim == 1 and len(listed) and np.isfinite(listed).all():
        if axes == 1:
            return listed[:, None]
        few = cells[:: max(1, len(listed) // 2), 1:]
        return np.concatenate([np.column_stack([np.full(len(few), value), few]) for value in np.unique(listed)])
    if listed.ndim != 2 or listed.shape[1] != axes or not len(listed) or not np.isfinite(listed).all():
        raise ScanError(f"the points to choose among are rows of {axes} finite numbers, one for each axis")
    return listed


def _own(twin, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The twin's own variance and the noise's at ``places`` [n]."""
    mean, deviation = twin.predict(places)
    noise = twin.uncertainty.noise(mean) ** 2
    return np.clip(deviation**2 - noise, 0, None), noise


def _lengths(twin, measured: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Length along each axis over which a reading tells about its surroundings [axes], in the axis's unit."""
    count, axes = measured.shape
    spans = np.ptp(measured, axis=0)
    found = []
    for position in range(axes):
        gaps = np.diff(np.unique(scans.set_points(measured[:, position])))
        least = max(float(np.median(gaps)) if len(gaps) else 0.0, spans[position] / count ** (1 / axes))
        found.append(least if position == 0 and axes > 1 else max(least, _feature(twin, cells, position, spans)))
    return np.array(found)


def _feature(twin, cells: np.ndarray, position: int, spans: np.ndarray) -> float:
    """The width of what changes along an axis: first over second derivative, root mean square."""
    step = _STEP * spans[position]
    shift = np.zeros(cells.shape[1])
    shift[position] = step
    back, here, ahead = (twin.predict(cells + sign * shift)[0] for sign in (-1, 0, 1))
    slope, bend = (ahead - back) / (2 * step), (ahead - 2 * here + back) / step**2
    return float(np.sqrt(np.mean(slope**2) / max(np.mean(bend**2), np.finfo(float).tiny)))


def way(cost: TimeModel | None, places: np.ndarray, here: np.ndarray | None) -> np.ndarray:
    """Minutes to move to each of several places and to measure there.

    Parameters
    ----------
    cost
        The time model, or None.
    places
        Where to measure [n, axes], in the scan's units, slow axis first.
    here
        Where the axes stand now [axes]; None where the way does not count.

    Returns
    -------
    array
        Minutes [n]; ones without a time model.
    """
    if cost is None:
        return np.ones(len(places))
    minutes = np.full(len(places), cost.point)
    if here is not None:
        slow, fast = np.abs(places[:, 0] - here[0]), np.abs(places[:, -1] - here[-1])
        minutes = minutes + fast / cost.fast_rate
        if places.shape[1] > 1:
            minutes = minutes + slow / cost.slow_rate + np.where(slow > 0, cost.settle, 0.0)
    return np.maximum(minutes, 1e-6)


def _round(place: np.ndarray, spans: np.ndarray, kept: int) -> list[float]:
    """The place to a thousandth of the axes' ranges, as a person would set it; its first ``kept`` numbers stay."""
    digits = 3 - np.floor(np.log10(np.maximum(spans, np.finfo(float).tiny))).astype(int)
    told = [round(float(value), int(digit)) for value, digit in zip(place, digits, strict=True)]
    return [*(float(value) for value in place[:kept]), *told[kept:]]
