"""Starts from the table, and least squares of many starts at once.

A scan compares curves with every direction of the table at every scale. On the table's logarithmic grid a scale is a
shift, so all scales of all directions are a few matrix products; the unknown scale factor of each group is solved in
closed form, s = (Σwym + 1/d²)/(Σwm² + 1/d²).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.crystal_field.model import LeastSquares
from napari_scantwin.crystal_field.observables import curie_constant
from napari_scantwin.crystal_field.table import LOG_STEP, REDUCED, DirectionTable

__all__ = ["distance", "diverse", "perturbed", "refine", "scan"]

#: Sizes Σ|x_i| that are tried, in K, every second step of the grid.
SMALLEST, LARGEST = 0.3, 1000.0
_STRIDE = 2
#: So many directions are compared between two looks at whether to stop.
_DIRECTIONS = 4000
#: Scales of one direction so many steps of the scan apart (a factor of two) are two valleys.
_ANOTHER_VALLEY = 7
#: A start from the table is off by the table's spacing; errors are widened by these shares of value and maximum.
_BETWEEN_VALUES, _BETWEEN_MAXIMA = 0.03, 0.01
#: A start this far above the best whose last steps each gained less than this share is left.
_FAR, _SLOW, _SLOW_STEPS = 50.0, 0.02, 4
_FIRST_DAMPING, _MOST_DAMPING = 1e-3, 1e10


def scan(model: LeastSquares, table: DirectionTable, stop: threading.Event | None = None, most: int = 4000):
    """Compare curves with every direction and scale of a table.

    Parameters
    ----------
    model
        Whose heat capacities without a field, susceptibilities and levels are compared.
    table
        Of the model's J and site.
    stop
        Setting it raises :class:`Cancelled`.
    most
        How many to return.

    Returns
    -------
    sized
        The best parameters [m, k] in K, at most two scales of each direction, best first.
    chi2
        [m], with widened errors.
    """
    shifts = np.arange(0, np.log(LARGEST / SMALLEST) / LOG_STEP, _STRIDE)
    scales = SMALLEST * np.exp(shifts * LOG_STEP)
    groups: dict[str, list] = {}
    for curve in model.curves:
        if curve.kind == "susceptibility" or (curve.kind == "heat_capacity" and not curve.field):
            groups.setdefault(model.group_of(curve), []).append((curve, _weights(model, curve, scales)))
    best, chi2 = np.empty((2, len(table)), int), np.empty((2, len(table)), np.float32)
    for begin in range(0, len(table), _DIRECTIONS):
        if stop is not None and stop.is_set():
            raise Cancelled
        part = slice(begin, begin + _DIRECTIONS)
        total = _compared(model, table, part, groups, scales)
        # The best scale of each direction, and the best of those that are another valley.
        for number in range(2):
            best[number, part] = total.argmin(axis=0)
            chi2[number, part] = np.take_along_axis(total, best[number : number + 1, part], axis=0)[0]
            near = np.abs(np.arange(len(scales))[:, None] - best[number, part]) < _ANOTHER_VALLEY
            total[near] = np.inf
    order = np.argsort(chi2.ravel(), kind="stable")[:most]
    return table.sized[order % len(table)] * scales[best.ravel()[order], None], chi2.ravel()[order]


def _compared(model, table, part, groups, scales) -> np.ndarray:
    """χ² [s, n] of a part of the table's directions at every scale."""
    total = np.zeros((len(scales), len(table.energies[part])), np.float32)
    for key, curves in groups.items():
        deviation = model.priors.heat_capacity_scale if key.startswith("heat") else model.priors.moment_scale
        mixed = square = np.float32(0)
        own = 0.0
        for curve, weights in curves:
            more, more_square, more_own = _sums(model, curve, table, part, weights)
            mixed, square, own = mixed + more, square + more_square, own + more_own
        if deviation > 0:
            held = np.float32(1 / deviation**2)
            total += own + held - (mixed + held) ** 2 / (square + held)
        else:
            total += own - 2 * mixed + square
    for curve in model.curves:
        if curve.kind == "levels":
            for value, error in zip(curve.value, np.hypot(curve.error, 0.05 * curve.value), strict=True):
                off = np.full(total.shape, np.inf, np.float32)
                for level in table.energies[part].T:
                    np.minimum(off, np.abs(scales[:, None].astype(np.float32) * level - np.float32(value)), out=off)
                total += (off / error) ** 2
    return total


def _weights(model, curve, scales):
    """What a curve's Σwym and Σwm² weigh the table's places with [s, t], and Σwy²; errors widened, linear between."""
    factor = np.ones_like(curve.x) if curve.kind == "heat_capacity" else curve.x / curie_constant(model.ion)
    error = np.sqrt(
        curve.error**2 + (_BETWEEN_VALUES * curve.value) ** 2 + (_BETWEEN_MAXIMA * np.abs(curve.value).max()) ** 2
    )
    y, weight = curve.value * factor, 1 / (error * factor) ** 2
    place = (np.log(curve.x)[None, :] - np.log(scales)[:, None] - np.log(REDUCED[0])) / LOG_STEP
    low = np.clip(np.floor(place).astype(int), 0, len(REDUCED) - 2)
    share = np.clip(place - low, 0.0, 1.0)
    rows = np.broadcast_to(np.arange(len(scales))[:, None], low.shape)
    first, diagonal, beside = (np.zeros((len(scales), len(REDUCED)), np.float32) for _ in range(3))
    np.add.at(first, (rows, low), weight * y * (1 - share))
    np.add.at(first, (rows, low + 1), weight * y * share)
    np.add.at(diagonal, (rows, low), weight * (1 - share) ** 2)
    np.add.at(diagonal, (rows, low + 1), weight * share**2)
    np.add.at(beside, (rows, low), 2 * weight * share * (1 - share))
    used = slice(int(low.min()), int(low.max()) + 2)
    return used, first[:, used], diagonal[:, used], beside[:, used][:, :-1], float(np.sum(weight * y * y))


def _sums(model, curve, table, part, weights):
    """Σwym and Σwm² [s, n] of a part of the table's directions, and Σwy²."""
    used, first, diagonal, beside, own = weights
    if curve.kind == "heat_capacity":
        curves = table.curves["heat_capacity"][used, part]
    else:
        names = [name for name in ("a", "b", "c") if name in table.curves]
        columns = {name: table.curves[name][used, part] for name in names}
        if curve.direction != "powder":
            curves = columns[curve.direction if len(names) == 3 else model.axis_of(curve.direction)]
        elif len(names) == 2:
            curves = (2 * columns["a"] + columns["c"]) / 3
        else:
            curves = sum(columns.values()) / len(names)
    curves = np.ascontiguousarray(curves)
    square = diagonal @ (curves * curves)
    square += beside @ (curves[:-1] * curves[1:])
    return first @ curves, square, own


def distance(one: np.ndarray, others: np.ndarray, turns=()) -> np.ndarray:
    """How far parameters [k] are from others [n, k], as a share of the larger's size, the nearest turn counting."""
    nearest = np.full(len(others), np.inf)
    size = np.maximum(np.abs(one).sum(), np.abs(others).sum(axis=1))
    for matrix in (np.eye(len(one)), *turns):
        nearest = np.minimum(nearest, np.abs(matrix @ one - others).sum(axis=1))
    return nearest / np.maximum(size, 1e-12)


def diverse(sized: np.ndarray, count: int, apart: float, turns=()) -> np.ndarray:
    """The first ``count`` of rows, best first, that lie further than ``apart`` from each other; their numbers."""
    chosen: list[int] = []
    free = np.ones(len(sized), bool)
    while len(chosen) < count and free.any():
        number = int(np.argmax(free))
        chosen.append(number)
        free &= distance(sized[number], sized, turns) > apart
    return np.array(chosen, int)


def perturbed(sized: np.ndarray, copies: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Copies of parameters [n, k], moved by a share of their size in every direction."""
    many = np.repeat(sized, copies, axis=0)
    size = np.abs(many).sum(axis=1, keepdims=True)
    return many + share * size * rng.normal(size=many.shape)


def refine(
    model: LeastSquares,
    start: np.ndarray,
    *,
    iterations: int = 60,
    tolerance: float = 1e-7,
    give_up: bool = False,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levenberg and Marquardt's least squares of n starts side by side.

    Parameters
    ----------
    model
        The problem.
    start
        Unknowns [n, width].
    iterations
        At most so many evaluations.
    tolerance
        A start has ended when a step lowers χ² by less than this share.
    give_up
        Whether to leave starts that lie far above the best and hardly fall any more.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled`.

    Returns
    -------
    unknowns, chi2, curvature
        [n, width], [n] and JᵀJ [n, width, width].
    """
    x = start.copy()
    n, width = x.shape
    chi2, normal, gradient = np.empty(n), np.empty((n, width, width)), np.empty((n, width))
    damping, active, quiet = np.full(n, _FIRST_DAMPING), np.ones(n, bool), np.zeros(n, int)
    slow = np.zeros(n, int)

    def evaluated(unknowns):
        if stop is not None and stop.is_set():
            raise Cancelled
        residuals, slopes = model.evaluate(unknowns)
        return (
            np.einsum("nr,nr->n", residuals, residuals),
            np.swapaxes(slopes, 1, 2) @ slopes,
            np.matmul(np.swapaxes(slopes, 1, 2), residuals[:, :, None])[:, :, 0],
        )

    for rows in _chunks(np.arange(n)):
        chi2[rows], normal[rows], gradient[rows] = evaluated(x[rows])
    for iteration in range(iterations):
        now = np.flatnonzero(active)
        if not len(now):
            break
        for rows in _chunks(now):
            diagonal = np.einsum("nii->ni", normal[rows])
            floor = 1e-9 * diagonal.max(axis=1, keepdims=True) + 1e-300
            damped = normal[rows] + (damping[rows, None] * np.maximum(diagonal, floor))[:, :, None] * np.eye(width)
            step = np.linalg.solve(damped, gradient[rows][:, :, None])[:, :, 0]
            tried = x[rows] - step
            new = evaluated(tried)
            better = np.isfinite(new[0]) & (new[0] < chi2[rows])
            gained = np.where(better, (chi2[rows] - new[0]) / np.maximum(chi2[rows], 1e-300), 0.0)
            at = rows[better]
            x[at] = tried[better]
            chi2[at], normal[at], gradient[at] = new[0][better], new[1][better], new[2][better]
            damping[rows] = np.where(better, np.maximum(damping[rows] / 6, 1e-14), damping[rows] * 5)
            quiet[rows] = np.where(better & (gained < tolerance), quiet[rows] + 1, np.where(better, 0, quiet[rows]))
            ended = (quiet[rows] >= 2) | (damping[rows] > _MOST_DAMPING) | (chi2[rows] < 1e-14 * max(model.points, 1))
            slow[rows] = np.where(gained < _SLOW, slow[rows] + 1, 0)
            active[rows] = ~ended
        if give_up:
            far = chi2 > chi2.min() + _FAR * max(1.0, chi2.min() / max(model.points, 1))
            active &= ~(far & (slow >= _SLOW_STEPS))
        if on_progress is not None:
            on_progress(max((iteration + 1) / iterations, 1 - active.mean()))
    return x, chi2, normal


def _chunks(rows: np.ndarray, most: int = 32):
    return [rows[i : i + most] for i in range(0, len(rows), most)]
