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

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from napari_scantwin.interpolators import row_curves

__all__ = ["SPLINES", "CurveRegistration", "Rows", "rank", "slow_scale", "sweep_rows"]

SPLINES = {"monotone": PchipInterpolator, "cubic": CubicSpline}
#: Samples of a sweep's curve and of its levels: twice its points, within these bounds.
_FEWEST, _MOST = 600, 2000
#: The closest two levels may come between sweeps, as a share of the closer of their distances in the two beside.
_CLOSEST = 0.6
#: Slow-axis values whose mesh is held at once; of a grid, levels of the mesh, few enough for the processor's cache.
_ROWS, _LEVELS = 512, 1 << 14
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
            positions, values = self._mesh_at(mine)
            rows = order[start:end]
            row, fast = inverse[rows] - part * _ROWS, coordinates[rows, -1]
            result[0, rows] = row_curves.read_rows(positions, values, row, fast)
            if len(errors):
                result[1:, rows] = self._errors_at(errors, positions, mine[row], row, fast)
        return result

    def on_grid(self, slow: np.ndarray, fast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values on a grid and the mean square of the draws of their errors, as :meth:`with_errors` has them.

        Parameters
        ----------
        slow, fast
            The grid's axes, in their units.

        Returns
        -------
        tuple of arrays
            Values and mean squares [slow, fast], in single precision.
        """
        if (np.diff(fast) < 0).any():
            back = np.argsort(np.argsort(fast))
            return tuple(one[:, back] for one in self.on_grid(slow, np.sort(fast)))  # type: ignore[return-value]
        held = np.clip(slow, self.knots[0], self.knots[-1])
        values, squares = (np.zeros((len(held), len(fast)), np.float32) for _ in range(2))
        several = max(1, _LEVELS // self.rows.positions.shape[1])
        for first in range(0, len(held), several):
            part = slice(first, first + several)
            positions, curves = self._mesh_at(held[part])
            step = row_curves.steps(positions)
            parts = row_curves.cubics(step.astype(np.float32), curves.astype(np.float32))
            parts += row_curves.squares(self._errors_along(held[part]))
            share, (a, b, c, d, e, f, g) = row_curves.on_grid(positions, step, fast, parts)
            values[part] = ((a * share + b) * share + c) * share + d
            squares[part] = (e * share + f) * share + g
        return values, squares

    def _mesh_at(self, slow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions and values by level at ``slow`` [m]: each [m, levels]."""
        positions = self._along(self._position_spline, self.position_scale, slow)
        least = self._least[np.maximum(self._between(slow)[0] - 1, 0)]
        return _in_order(positions, least), self._along(self._value_spline, self.value_scale, slow)

    def _errors_along(self, slow: np.ndarray) -> np.ndarray:
        """Draws of the errors by level at ``slow`` [m]: [draws, m, levels], in single precision."""
        after, far = self._between(slow)
        errors, far = self.rows.errors.astype(np.float32), far[:, None].astype(np.float32)
        return (1 - far) * errors[:, np.maximum(after - 1, 0)] + far * errors[:, after]

    def _between(self, slow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sweep after each of ``slow`` [m], and how far it lies from the one before to that, 0 to 1."""
        if len(self.knots) == 1:
            return np.zeros(len(slow), int), np.zeros(len(slow))
        after = np.clip(np.searchsorted(self.knots, slow), 1, len(self.knots) - 1)
        return after, (slow - self.knots[after - 1]) / (self.knots[after] - self.knots[after - 1])

    def _errors_at(self, errors, positions, slow, row, fast) -> np.ndarray:
        """Draws [draws, n] of the errors at ``slow`` [n] and ``fast`` [n], which lies in row ``row`` [n]."""
        cell, _, share = row_curves.cells(positions, row, fast)
        after, far = self._between(slow)
        at = [
            errors[:, number, cell] * (1 - share) + errors[:, number, cell + 1] * share
            for number in (np.maximum(after - 1, 0), after)
        ]
        return (1 - far) * at[0] + far * at[1]

    @functools.cached_property
    def _least(self) -> np.ndarray:
        """How far each level has to lie from the first, in each gap between two sweeps [gaps, levels]: a share of what
        neighbouring levels are apart in the sweep where they are closer."""
        gaps = np.diff(self.rows.positions, axis=1)
        closer = np.minimum(gaps[:-1], gaps[1:]) if len(gaps) > 1 else gaps
        return np.concatenate([np.zeros((len(closer), 1)), np.cumsum(_CLOSEST * closer, axis=1)], axis=1)

    @functools.cached_property
    def _position_spline(self):
        return self._spline(self.position_scale, self.rows.positions)

    @functools.cached_property
    def _value_spline(self):
        return self._spline(self.value_scale, self.rows.values)

    def _spline(self, scale: str, table: np.ndarray):
        """``table`` [sweeps, levels] as a function of the slow axis on its scale; of one sweep, the table itself."""
        if len(self.knots) == 1:
            return table
        return SPLINES[self.spline](slow_scale(scale, self.knots, self.knots), table, axis=0)

    def _along(self, spline, scale: str, slow: np.ndarray) -> np.ndarray:
        """A spline at ``slow`` [m]: [m, levels]."""
        if len(self.knots) == 1:
            return np.repeat(spline, len(slow), axis=0)
        return spline(slow_scale(scale, self.knots, slow))


def _in_order(positions: np.ndarray, least: np.ndarray) -> np.ndarray:
    """``positions`` [m, levels] with no level passing another nor coming closer to it than ``least`` [m, levels] tells:
    at the foot of a feature they move at different speeds, and where they piled up the curve would jump."""
    return np.maximum.accumulate(positions - least, axis=1) + least
