"""Which readings are one sweep: by their values, and by the order in which they were measured.

A slow axis is held while the fast one runs, but what is read of it wanders: temperatures by millikelvins, fields by an
oersted. How far is told by the readings themselves, from one to the next. A sweep ends where a slow axis is set anew or
the fast one turns round, so that up and down, warming and cooling, zero-field-cooled and field-cooled stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["find_sweeps", "least_apart", "set_point_numbers", "set_points", "settled", "turns", "wander"]

#: However still a slow axis is held, two readings closer than this are one set point: part of the axis's span, part of
#: the reading. MPMS3 and PPMS set points jitter by a few parts in 1e6 and by up to half an oersted about zero field.
_JITTER_OF_SPAN = 1e-4
_JITTER_OF_VALUE = 5e-4
#: Of normal noise a third of all steps are below 0.6 standard deviations, and no two of ten thousand readings lie 8
#: apart. A third, because with three readings a sweep every third step is one to the next set point.
_SMALL_STEPS = 1 / 3
_FURTHEST = 13.0
#: From fewer steps nothing is told of how an axis wanders.
_FEWEST_STEPS = 11
#: The part of a run's reach by which the fast axis has to turn back to have turned round.
_TURN = 0.02
#: With fewer readings a sweep, on average, the order of the readings is not that of measuring.
_FEWEST_A_SWEEP = 3
#: The part of its value over which an axis that is held may wander.
_HELD = 0.05
#: The share of steps in one direction above which an axis runs on.
_ONE_WAY = 0.9
#: A gap between set points is so many times the largest among the readings of one.
_OUTSTANDING = 8.0


def _least(readings: np.ndarray) -> np.ndarray:
    """How far readings of one set point may lie apart however still it is held."""
    return least_apart(readings, float(np.ptp(readings)))


def least_apart(values: np.ndarray, span: float) -> np.ndarray:
    """How far readings of a set point may lie apart however still it is held.

    Parameters
    ----------
    values
        Set points or readings [n].
    span
        From the lowest to the highest reading of the axis.

    Returns
    -------
    numpy.ndarray
        The distance for each, in their unit [n].
    """
    return np.maximum(_JITTER_OF_SPAN * span, _JITTER_OF_VALUE * np.abs(values))


def wander(readings: np.ndarray) -> float:
    """How far apart two readings of one set point may lie, told by the small steps from one reading to the next.

    Parameters
    ----------
    readings
        Readings of a slow axis in the order of measuring [n].

    Returns
    -------
    float
        The distance, in the readings' unit; 0 where there are too few to tell.
    """
    steps = np.abs(np.diff(readings))
    if len(steps) < _FEWEST_STEPS:
        return 0.0
    place = int(_SMALL_STEPS * len(steps))
    return _FURTHEST * float(np.partition(steps, place)[place])


def turns(fast: np.ndarray, threshold: float) -> list[tuple[np.ndarray, bool]]:
    """Split a run where its fast axis turns round, or jumps back to its start.

    Parameters
    ----------
    fast
        Readings of the fast axis in the order of measuring [n].
    threshold
        How far it has to turn back, in the readings' unit; less is noise.

    Returns
    -------
    list of (numpy.ndarray, bool)
        The rows of each part, and whether it rises.
    """
    # Only where it changes direction can it have turned, which spares looking at every reading.
    ways = np.sign(np.diff(fast))
    moving = np.flatnonzero(ways)
    # Of an extreme that is read twice the first reading ends the part, the second begins the next.
    places = [*(moving[:-1][ways[moving[1:]] != ways[moving[:-1]]] + 1).tolist(), len(fast) - 1]
    parts, start, extreme = [], 0, 0
    rising: bool | None = None
    at = 0
    while at < len(places):
        row = places[at]
        step = fast[row] - fast[extreme]
        if rising is None:
            if abs(step) > threshold:
                rising, extreme = bool(step > 0), row
        elif step and (step > 0) == rising:  # the end read twice, once a sweep, belongs to both in turn
            extreme = row
        elif abs(step) > threshold:
            parts.append((np.arange(start, extreme + 1), rising))
            start = extreme + 1
            if abs(fast[start] - fast[extreme]) > 25 * threshold:
                # After a jump back (a second run from the start) the direction is not known yet.
                extreme, rising = start, None
                continue
            extreme, rising = row, not rising
        at += 1
    parts.append((np.arange(start, len(fast)), True if rising is None else rising))
    return parts


def find_sweeps(slow: np.ndarray, fast: np.ndarray) -> np.ndarray:
    """The number of the sweep each reading belongs to.

    Parameters
    ----------
    slow
        Readings of the slow axes [n, axes], in the order of measuring; there may be none.
    fast
        Readings of the fast axis [n].

    Returns
    -------
    numpy.ndarray
        Numbers from 0, as the sweeps come [n]. Where the readings do not stand in the order of measuring (sorted by the
        fast axis, shuffled), every set point is one sweep.
    """
    parts = _passes(slow, fast)
    # In shuffled rows the fast axis turns at every reading or two; in rows sorted by it, the slow ones go to and fro.
    shuffled = len(fast) < _FEWEST_A_SWEEP * len(parts)
    if shuffled or any(_to_and_fro(column) > _to_and_fro(fast) and not _held(column) for column in slow.T):
        return _together([set_points(column) for column in slow.T] or [np.zeros(len(fast))])
    numbers = np.empty(len(fast), np.int64)
    for number, rows in enumerate(parts):
        numbers[rows] = number
    return numbers


def _to_and_fro(readings: np.ndarray) -> float:
    """How many times an axis is gone through."""
    return float(np.abs(np.diff(readings)).sum() / (np.ptp(readings) or 1.0))


def _held(readings: np.ndarray) -> bool:
    """Whether an axis was held at one set point throughout: it wanders over a small part of it and leaves no gaps."""
    return np.ptp(readings) <= _HELD * np.abs(np.median(readings)) and _outstanding(readings) is None


def settled(slow: np.ndarray, sweep: np.ndarray) -> np.ndarray:
    """The slow axes' set points in place of their readings.

    Parameters
    ----------
    slow
        Readings of the slow axes [n, axes], in the order of measuring.
    sweep
        The number of each reading's sweep [n].

    Returns
    -------
    numpy.ndarray
        The set points [n, axes]: the median of all sweeps at one. An axis that runs on during the sweeps, as a time
        does, keeps its readings.
    """
    result = np.array(slow, float)
    _, inverse = np.unique(sweep, return_inverse=True)
    within = np.flatnonzero(np.diff(sweep) == 0)
    for position, readings in enumerate(slow.T):
        if _runs_on(np.diff(readings)[within]):
            continue
        middle = _medians(readings, inverse)
        place = _joined(middle, np.maximum(_least(middle), wander(readings) / 4))[inverse]
        result[:, position] = _medians(readings, place)[place]
    return result


def _runs_on(steps: np.ndarray) -> bool:
    """Whether steps from reading to reading go one way rather than to and fro."""
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    return up + down >= _FEWEST_STEPS and max(up, down) > _ONE_WAY * (up + down)


def _passes(slow: np.ndarray, fast: np.ndarray) -> list[np.ndarray]:
    """Runs with every slow axis held and the fast one going one way; a reading or two astray do not end one."""
    limits = [np.maximum(_least(column), wander(column)) for column in slow.T]
    steps = np.zeros(len(fast), bool)
    for column, limit in zip(slow.T, limits, strict=True):
        steps[1:] |= np.abs(np.diff(column)) > limit[1:]
    runs = np.split(np.arange(len(fast)), np.flatnonzero(steps))
    parts = []
    for run in _without_strays(runs, slow, limits, fast):
        threshold = _TURN * np.ptp(fast[run])
        parts += [run[part] for part, _ in turns(fast[run], threshold)]
    return parts


def _without_strays(runs: Sequence[np.ndarray], slow, limits, fast) -> list[np.ndarray]:
    """Runs joined across one or two readings astray: before and after them the slow axes are the same, and the fast one
    goes on through them."""
    result: list[np.ndarray] = []
    waiting: np.ndarray | None = None
    for run in runs:
        if result and waiting is None and len(run) <= 2 and len(result[-1]) >= 2 * len(run):
            waiting = run
            continue
        if waiting is not None:
            before = result[-1]
            same = all(
                abs(np.median(column[before]) - np.median(column[run])) <= limit[run[0]]
                for column, limit in zip(slow.T, limits, strict=True)
            )
            across = np.diff(fast[[before[-2], before[-1], *waiting, run[0]]]) if len(before) > 1 else np.array([0.0])
            if same and ((across > 0).all() or (across < 0).all()):
                result[-1] = np.concatenate([before, waiting, run])
                waiting = None
                continue
            result.append(waiting)
            waiting = None
        result.append(run)
    return result if waiting is None else [*result, waiting]


def _together(columns: Sequence[np.ndarray]) -> np.ndarray:
    """One number for each combination of set points, as they come."""
    _, first, inverse = np.unique(np.stack(columns, axis=1), axis=0, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.ravel()]


def set_points(readings: np.ndarray) -> np.ndarray:
    """The set point that each reading wanders around, told by the values alone.

    Parameters
    ----------
    readings
        Readings of a slow axis [n].

    Returns
    -------
    numpy.ndarray
        The median reading of each one's set point [n], in the readings' unit.
    """
    readings = np.asarray(readings, float)
    groups = set_point_numbers(readings)
    return _medians(readings, groups)[groups]


def set_point_numbers(readings: np.ndarray) -> np.ndarray:
    """The number of the set point that each reading wanders around [n], from the lowest; see :func:`set_points`."""
    return _mended(readings, _joined(readings, _least(readings)))


def _medians(readings: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The median of each group's readings, by its number."""
    order = np.argsort(groups, kind="stable")
    parts = np.split(readings[order], np.flatnonzero(np.diff(groups[order])) + 1)
    return np.array([np.median(part) for part in parts])


def _joined(readings: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Number the groups of sorted readings whose gaps are within the limit [n]."""
    order = np.argsort(readings, kind="stable")
    groups = np.empty(len(readings), np.int64)
    groups[order] = np.concatenate([[0], np.cumsum(np.diff(readings[order]) > limit[order][1:])])
    return groups


def _mended(readings: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Set points that wander further than thought fall into several groups; where fewer gaps stand out from all others
    and part the readings into groups that are filled throughout, those are the set points."""
    largest = _outstanding(readings)
    if largest is None or groups.max() == 0:
        return groups
    ordered = np.sort(readings)
    for part in np.split(ordered, np.flatnonzero(np.diff(ordered) > largest) + 1):
        inner = np.diff(part)
        if len(inner) and np.median(inner) < inner.max() / 100:
            return groups  # a few values each read many times: those are the set points
    return _joined(readings, np.maximum(_least(readings), largest * (1 + 1e-9)))


def _outstanding(readings: np.ndarray) -> float | None:
    """The largest gap between sorted readings that does not stand out from those below it, or None where none does."""
    most = len(readings) // _FEWEST_A_SWEEP
    if len(readings) < _FEWEST_STEPS or most < 2:
        return None
    gaps = np.sort(np.diff(np.sort(readings)))[::-1]
    # Of several outstanding gaps the least, so that no two set points are taken for one.
    found = np.flatnonzero(gaps[: most - 1] >= _OUTSTANDING * gaps[1:most])
    return float(gaps[found[-1] + 1]) if len(found) else None
