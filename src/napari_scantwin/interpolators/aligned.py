"""Aligned interpolation: sweeps are lined up feature by feature (curve registration) before anything is interpolated.

Sweep k gives a curve v_k(x) over the fast axis x. Its *level* u_k(x), from 0 to 1, is the change
accumulated along it::

    u_k(x) = (1 - share) * A_k(x) / A_k(end) + share * (x - start) / (end - start),   A_k(x) = int |v_k'| dx

so that equal levels of two sweeps are the same place of the same feature, wherever that feature has moved
to. Positions x_k(u) and values v_k(u) are then interpolated along the slow axis at constant level, each over
its own scale of that axis. With ``share`` 1 the level is the fast axis itself and nothing moves: the usual
spline along the slow axis.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

__all__ = ["SPLINES", "CurveRegistration", "Rows", "rank", "read_rows", "slow_scale", "sweep_rows"]

SPLINES = {"monotone": PchipInterpolator, "cubic": CubicSpline}
#: Samples of a sweep's curve and of its levels: twice its points, within these bounds.
_FEWEST, _MOST = 600, 2000
#: The closest two levels may come between sweeps, as a share of the closer of their distances in the two beside.
_CLOSEST = 0.6
#: The least width of a cell, as a share of the fast range: levels carried past each other leave none, a jump.
_TINY = 1e-9
#: Slow-axis values whose mesh is held at once.
_ROWS = 512
#: Width over which a curve is smoothed before its changes are added up, as a share of the fast range.
_WINDOW = 0.03


def slow_scale(kind: str, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The slow axis on a scale of its own.

    Parameters
    ----------
    kind
        "plain" as it is, "root" for its cube root, or "log" for ``asinh(value / smallest)`` with the smallest size of a
        set point that is not zero; signs and zeros survive.
    knots
        The set points of the slow axis.
    values
        Values of the slow axis [n], in its unit.

    Returns
    -------
    array
        The values on that scale [n].
    """
    values = np.asarray(values, float)
    if kind == "plain":
        return values
    if kind == "root":
        return np.cbrt(values)
    return np.arcsinh(values / np.abs(knots[knots != 0]).min())


def rank(knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The place of values among set points, linear between them and beyond.

    Parameters
    ----------
    knots
        Set points [k], ascending, two or more.
    values
        Values [n] in their unit.

    Returns
    -------
    array
        Places [n]: 0 at the first set point, k - 1 at the last.
    """
    first, last = knots[1] - knots[0], knots[-1] - knots[-2]
    ranks = np.interp(values, knots, np.arange(len(knots)))
    ranks = np.where(values < knots[0], (values - knots[0]) / first, ranks)
    return np.where(values > knots[-1], len(knots) - 1 + (values - knots[-1]) / last, ranks)


@dataclass(frozen=True)
class Rows:
    """Sweeps by level.

    Parameters
    ----------
    positions
        Places on the fast axis [sweeps, levels], in its unit.
    values
        Values there [sweeps, levels].
    errors
        Draws of what the values may be off by [draws, sweeps, levels].
    """

    positions: np.ndarray
    values: np.ndarray
    errors: np.ndarray


def sweep_rows(
    fast: np.ndarray, values: np.ndarray, group: np.ndarray, count: int, share: float, errors: np.ndarray | None = None
) -> Rows:
    """Re-parametrise sweeps by accumulated change (the module has the formula).

    Parameters
    ----------
    fast, values
        Places on the fast axis and values of the points [n].
    group
        The sweep each point belongs to [n], 0 to ``count`` - 1.
    count
        How many sweeps there are.
    share
        The share of the plain fast axis in the level, 0 to 1.
    errors
        Draws of what the values may be off by [draws, n]; none by default.
    """
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count + 1))
    size = int(np.clip(2 * np.diff(starts).max(), _FEWEST, _MOST))
    grid, levels = np.linspace(fast.min(), fast.max(), size), np.linspace(0, 1, size)
    columns = values[None] if errors is None else np.concatenate([values[None], errors])
    positions, curves = np.empty((count, size)), np.empty((len(columns), count, size))
    for number in range(count):
        mine = order[starts[number] : starts[number + 1]]
        found = _curves(fast[mine], columns[:, mine], grid)
        positions[number] = np.interp(levels, _accumulated(found[0], share), grid)
        for draw, curve in enumerate(found):
            curves[draw, number] = np.interp(positions[number], grid, curve)
    return Rows(positions, curves[0], curves[1:])


def _curves(fast: np.ndarray, columns: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """One sweep's ``columns`` [c, n] on ``grid`` [c, m], monotone between its points; readings at one place averaged.
    It goes on straight for one of its steps beyond its ends, since no two sweeps end at one place and the longest
    sets the grid, and is held there."""
    places, inverse = np.unique(fast, return_inverse=True)
    means = np.stack([np.bincount(inverse, column) for column in columns]) / np.bincount(inverse)
    if len(places) == 1:
        return np.repeat(means, len(grid), axis=1)
    curve, (first, last) = PchipInterpolator(places, means, axis=1), places[[0, -1]]
    step = (last - first) / (len(places) - 1)
    # Over a whole step: two noisy readings that lie close together have any slope.
    ends = curve([first, first + step, last - step, last])
    slopes = np.stack([ends[:, 1] - ends[:, 0], ends[:, 3] - ends[:, 2]], axis=1) / step
    before, after = np.clip(grid - first, -step, 0), np.clip(grid - last, 0, step)
    return curve(np.clip(grid, first, last)) + slopes[:, :1] * before + slopes[:, 1:] * after


def _accumulated(curve: np.ndarray, share: float) -> np.ndarray:
    """The level along one sweep's even samples, 0 to 1, strictly increasing."""
    plain = np.linspace(0, 1, len(curve))
    half = max(1, int(_WINDOW * len(curve) / 2))
    window = np.hanning(2 * half + 3)[1:-1]
    smooth = np.convolve(np.pad(curve, half, mode="edge"), window / window.sum(), "valid")
    change = np.concatenate([[0], np.cumsum(np.abs(np.diff(smooth)))])
    if change[-1] == 0:
        return plain
    return (1 - share) * change / change[-1] + share * plain


@dataclass(frozen=True)
class CurveRegistration:
    """Positions and values by level, interpolated along the slow axis; outside the sweeps the outermost is held.

    Parameters
    ----------
    knots
        Set points of the sweeps [sweeps], ascending.
    rows
        The sweeps by level, in that order.
    position_scale, value_scale
        Kinds of :func:`slow_scale` over which positions and values are interpolated.
    spline
        A key of :data:`SPLINES`.
    """

    knots: np.ndarray
    rows: Rows
    position_scale: str = "plain"
    value_scale: str = "plain"
    spline: str = "monotone"

    def predict(self, coordinates: np.ndarray) -> np.ndarray:
        """Values [n] at ``coordinates`` [n, 2], slow axis first."""
        return self.with_errors(coordinates, draws=0)[0]

    def with_errors(self, coordinates: np.ndarray, draws: int | None = None) -> np.ndarray:
        """Values and draws of their errors, the errors carried linearly from sweep to sweep.

        Parameters
        ----------
        coordinates
            Where, [n, 2], slow axis first.
        draws
            How many draws (default: all).

        Returns
        -------
        array
            Values and then each draw [1 + draws, n].
        """
        held = np.clip(coordinates[:, 0], self.knots[0], self.knots[-1])
        slow, inverse = np.unique(held, return_inverse=True)
        errors = self.rows.errors[:draws]
        result = np.empty((1 + len(errors), len(held)))
        # A row of a grid shares one row of the mesh; a slanted line has as many as points, so they go in parts.
        order = np.argsort(inverse, kind="stable")
        bounds = np.searchsorted(inverse[order], np.arange(0, len(slow) + _ROWS, _ROWS))
        for part, (start, end) in enumerate(itertools.pairwise(bounds)):
            mine = slow[part * _ROWS : (part + 1) * _ROWS]
            positions = _in_order(self._along(self.position_scale, self.rows.positions, mine), self._gaps_at(mine))
            values = self._along(self.value_scale, self.rows.values, mine)
            rows = order[start:end]
            row, fast = inverse[rows] - part * _ROWS, coordinates[rows, -1]
            result[0, rows] = read_rows(positions, values, row, fast)
            if len(errors):
                result[1:, rows] = self._errors_at(errors, positions, mine[row], row, fast)
        return result

    def _errors_at(self, errors, positions, slow, row, fast) -> np.ndarray:
        """Draws [draws, n] of the errors at ``slow`` [n] and ``fast`` [n], which lies in row ``row`` [n]."""
        cell, _, share = _cells(positions, row, fast)
        if len(self.knots) == 1:
            return errors[:, 0, cell] * (1 - share) + errors[:, 0, cell + 1] * share
        after = np.clip(np.searchsorted(self.knots, slow), 1, len(self.knots) - 1)
        far = (slow - self.knots[after - 1]) / (self.knots[after] - self.knots[after - 1])
        at = [
            errors[:, number, cell] * (1 - share) + errors[:, number, cell + 1] * share for number in (after - 1, after)
        ]
        return (1 - far) * at[0] + far * at[1]

    def _gaps_at(self, slow: np.ndarray) -> np.ndarray:
        """The closer of the distances of neighbouring levels in the two sweeps about ``slow`` [m]: [m, levels - 1]."""
        gaps = np.diff(self.rows.positions, axis=1)
        after = np.clip(np.searchsorted(self.knots, slow), min(1, len(gaps) - 1), len(gaps) - 1)
        return np.minimum(gaps[np.maximum(after - 1, 0)], gaps[after])

    def _along(self, scale: str, table: np.ndarray, slow: np.ndarray) -> np.ndarray:
        """``table`` [sweeps, levels] interpolated along the slow axis at ``slow`` [m]: [m, levels]."""
        if len(self.knots) == 1:
            return np.repeat(table, len(slow), axis=0)
        at = slow_scale(scale, self.knots, self.knots)
        return SPLINES[self.spline](at, table, axis=0)(slow_scale(scale, self.knots, slow))


def _in_order(positions: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """``positions`` [m, levels] with no level passing another nor coming too close to it, measured by ``gaps``
    [m, levels - 1], what neighbours are apart in the sweeps: at the foot of a feature they move at different speeds,
    and where they piled up the curve would jump."""
    least = np.concatenate([np.zeros((len(gaps), 1)), np.cumsum(_CLOSEST * gaps, axis=1)], axis=1)
    return np.maximum.accumulate(positions - least, axis=1) + least


def read_rows(x: np.ndarray, y: np.ndarray, row: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Read smooth curves through points, one row each.

    Cubic between neighbours, with the slope of the parabola through three at each, but at most three times (at a
    turning point, once) the flatter of the two chords, so that a jump beside flat ground is not overshot. The
    ends are held.

    Parameters
    ----------
    x
        Ascending places [rows, levels].
    y
        Values there [rows, levels].
    row
        The row to read each point in [n].
    at
        Where to read [n].

    Returns
    -------
    array
        Values [n].
    """
    step = np.maximum(np.diff(x, axis=1), _TINY * _extent(x)[1])
    chord = np.diff(y, axis=1) / step
    slope = np.empty(x.shape)
    before, after, left, right = chord[:, :-1], chord[:, 1:], step[:, :-1], step[:, 1:]
    most = np.minimum(np.abs(before), np.abs(after)) * np.where(before * after > 0, 3.0, 1.0)
    slope[:, 1:-1] = np.clip((before * right + after * left) / (left + right), -most, most)
    slope[:, 0], slope[:, -1] = chord[:, 0], chord[:, -1]
    cell, wide, t = _cells(x, row, at)
    s = 1 - t
    ends = y[row, cell] * s * s * (1 + 2 * t) + y[row, cell + 1] * t * t * (1 + 2 * s)
    return ends + wide * s * t * (slope[row, cell] * s - slope[row, cell + 1] * t)


def _cells(x: np.ndarray, row: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cell of row ``row`` [n] of ``x`` [rows, levels] that each of ``at`` [n] lies in, its width, and how far into
    it, 0 to 1."""
    low, span = _extent(x)
    # All rows are searched at once, each moved to a stretch of its own.
    shifted = (x - low) / span + 3 * np.arange(len(x))[:, None]
    inside = np.clip((at - low) / span, -0.5, 1.5)
    cell = np.searchsorted(shifted.ravel(), inside + 3 * row, side="right") - 1 - row * x.shape[1]
    cell = np.clip(cell, 0, x.shape[1] - 2)
    wide = np.maximum(x[row, cell + 1] - x[row, cell], _TINY * span)
    return cell, wide, np.clip((at - x[row, cell]) / wide, 0, 1)


def _extent(x: np.ndarray) -> tuple[float, float]:
    low = x[:, :1].min()
    return low, max(float(x[:, -1].max() - low), np.finfo(float).tiny)
