"""Many functions of the same form made least side by side, by L-BFGS steps that all of them take together.

An ensemble's members and its held-out folds are such functions. Each has its own memory and its own step length; what
they share is the evaluation, one call for all of them (Nocedal & Wright, Numerical Optimization, algorithms 7.4, 3.1).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from napari_scantwin.core.errors import Cancelled

__all__ = ["minimised"]

#: Steps remembered, shortenings of a step before it is given up, and the decrease that a step has to bring, as a share
#: of what the slope promises.
_MEMORY, _SHORTENINGS, _DECREASE = 10, 12, 1e-4
#: A function has settled when so many steps in a row each took less than this share off it.
_SETTLED, _IN_A_ROW = 1e-6, 15


def minimised(
    function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    start: np.ndarray,
    steps: int,
    *,
    stop: threading.Event | None = None,
    on_step: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The places where each of several functions is least, and their values there.

    Parameters
    ----------
    function
        Turns places [functions, size] into values [functions] and gradients [functions, size].
    start
        Where each begins [functions, size].
    steps
        The most steps.
    stop
        Ends the work at the next step when it is set.
    on_step
        Called with the steps done after each.

    Returns
    -------
    tuple of arrays
        Places [functions, size] and values [functions].

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    place = np.array(start, float)
    value, slope = function(place)
    moves, changes, curvatures = [], [], []
    quiet = np.zeros(len(place), int)
    for step in range(steps):
        if stop is not None and stop.is_set():
            raise Cancelled
        direction = _direction(slope, moves, changes, curvatures)
        descent = _dot(direction, slope)
        uphill = ~(descent < 0)
        if uphill.any():
            direction[uphill] = -slope[uphill] / _length(slope[uphill])
            descent = _dot(direction, slope)
        going = quiet < _IN_A_ROW
        new = _searched(function, place, value, slope, direction, descent, going)
        move, change = new[0] - place, new[2] - slope
        curvature = _dot(move, change)
        curved = curvature > 1e-10 * _dot(change, change)
        # Functions that did not move remember nothing of this step: their share of it is zero.
        moves.append(np.where(curved[:, None], move, 0))
        changes.append(np.where(curved[:, None], change, 0))
        curvatures.append(np.where(curved, curvature, np.inf))
        del moves[:-_MEMORY], changes[:-_MEMORY], curvatures[:-_MEMORY]
        quiet = np.where(value - new[1] <= _SETTLED * np.abs(new[1]), quiet + 1, 0)
        place, value, slope = new
        if on_step is not None:
            on_step(step + 1)
        if (quiet >= _IN_A_ROW).all():
            break
    return place, value


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("mp,mp->m", one, other)


def _length(slope: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(slope).sum(axis=1, keepdims=True), 1e-300)


def _direction(slope: np.ndarray, moves, changes, curvatures) -> np.ndarray:
    """Minus the inverse Hessian, as the remembered steps tell it, times the gradient."""
    if not moves:
        return -slope / _length(slope)
    result = slope.copy()
    shares = []
    for move, change, curvature in zip(reversed(moves), reversed(changes), reversed(curvatures), strict=True):
        share = _dot(move, result) / curvature
        result -= share[:, None] * change
        shares.append(share)
    square = _dot(changes[-1], changes[-1])
    known = np.isfinite(curvatures[-1]) & (square > 0)
    result *= np.where(known, curvatures[-1], 1.0)[:, None] / np.where(known, square, 1.0)[:, None]
    for move, change, curvature, share in zip(moves, changes, curvatures, reversed(shares), strict=True):
        result += (share - _dot(change, result) / curvature)[:, None] * move
    return -result


def _searched(function, place, value, slope, direction, descent, going):
    """Each function's step along its direction, shortened until it goes down far enough; one that finds none stays."""
    found = [place.copy(), value.copy(), slope.copy()]
    length, done = np.ones(len(place)), ~going
    for _ in range(_SHORTENINGS):
        tried = np.where(done[:, None], found[0], place + length[:, None] * direction)
        reached, there = function(tried)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            good = ~done & np.isfinite(reached) & (reached <= value + _DECREASE * length * descent)
            shorter = -descent * length**2 / (2 * (reached - value - descent * length))
        for old, new in zip(found, (tried, reached, there), strict=True):
            old[good] = new[good]
        done |= good
        if done.all():
            break
        shorter = np.where(np.isfinite(shorter), shorter, 0.1 * length)
        length = np.where(done, length, np.clip(shorter, 0.1 * length, 0.5 * length))
    return tuple(found)
