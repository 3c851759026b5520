"""What the networks see of a point: scaled axes, and the coordinate that aligns the sweeps.

A transition that moves with the slow axis is what makes a sparse scan hard to fill. The *aligned*
coordinate takes the movement out: each sweep is re-parametrised by the accumulated change of its own
value, and the positions of equal accumulated change are interpolated along the slow axis. Networks that
see it beside the plain axes need not learn the movement from a handful of sweeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

__all__ = ["Candidate", "FeatureMap", "candidates", "fit_features"]

#: Share of the accumulated change that is given to the plain fast axis, so that flat stretches keep a length.
_PLAIN_SHARE = 0.1
_LEVELS = 201
_POSITIONS = 400
#: Inputs span +-this, which lets the first layer bend sharply enough for a transition.
_GAIN = 1.7


@dataclass(frozen=True)
class Candidate:
    """One way to describe a point: the slowest axis "plain", by cube root ("root") or by "rank" among
    the measured set points; with or without the aligned coordinate."""

    slow: str
    aligned: bool

    def __str__(self) -> str:
        name = {"plain": "slow axis as it is", "root": "cube root of the slow axis", "rank": "rank of the slow axis"}
        return name[self.slow] + (", sweeps aligned" if self.aligned else "")


@dataclass(frozen=True)
class FeatureMap:
    """Turns coordinates [n, axes] (slow first) into network inputs [n, features].

    ``low``, ``high`` [axes]: range of each (transformed) axis. ``knots``: set points of the slowest axis,
    ascending. ``mesh`` [knots, levels]: fast-axis position of each level of accumulated change, or None.
    """

    candidate: Candidate
    low: np.ndarray
    high: np.ndarray
    knots: np.ndarray
    mesh: np.ndarray | None

    def __call__(self, coordinates: np.ndarray) -> np.ndarray:
        columns = np.array(coordinates, float)
        columns[:, 0] = slow_scale(self.candidate.slow, self.knots, columns[:, 0])
        scaled = 2 * (columns - self.low) / (self.high - self.low) - 1
        if self.mesh is not None:
            aligned = 2 * self._aligned(coordinates) - 1
            scaled = np.concatenate([scaled, aligned[:, None]], axis=1)
        return (_GAIN * scaled).astype(np.float32)

    def _aligned(self, coordinates: np.ndarray) -> np.ndarray:
        """The level of accumulated change, 0 to 1, at each point [n]."""
        position = slow_scale("rank", self.knots, coordinates[:, 0])
        slow, inverse = np.unique(np.clip(position, 0, len(self.knots) - 1), return_inverse=True)
        between = PchipInterpolator(np.arange(len(self.knots)), self.mesh, axis=0)
        # Few distinct slow values (a sweep, a row of a grid) are exact; a slanted line has as many as points.
        levels = np.linspace(0, 1, self.mesh.shape[1])
        fast = coordinates[:, -1]
        result = np.empty(len(fast))
        order = np.argsort(inverse, kind="stable")
        bounds = np.searchsorted(inverse[order], np.arange(len(slow) + 1))
        for start in range(0, len(slow), 512):
            edges = between(slow[start : start + 512])
            for row, edge in enumerate(edges, start):
                rows = order[bounds[row] : bounds[row + 1]]
                result[rows] = np.interp(fast[rows], edge, levels)
        return result

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as plain arrays, for saving."""
        arrays = {"low": self.low, "high": self.high, "knots": self.knots}
        return arrays if self.mesh is None else {**arrays, "mesh": self.mesh}

    @classmethod
    def from_arrays(cls, candidate: Candidate, arrays: dict[str, np.ndarray]) -> FeatureMap:
        """The inverse of :meth:`to_arrays`."""
        return cls(candidate, arrays["low"], arrays["high"], arrays["knots"], arrays.get("mesh"))


def slow_scale(kind: str, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The slowest axis "plain", by its cube root, or by rank among ``knots`` (continued linearly outside)."""
    if kind == "plain":
        return np.asarray(values, float)
    if kind == "root":
        return np.cbrt(values)
    ranks = np.interp(values, knots, np.arange(len(knots)))
    first, last = knots[1] - knots[0], knots[-1] - knots[-2]
    ranks = np.where(values < knots[0], (values - knots[0]) / first, ranks)
    return np.where(values > knots[-1], len(knots) - 1 + (values - knots[-1]) / last, ranks)


def candidates(coordinates: np.ndarray, knots: np.ndarray) -> list[Candidate]:
    """The descriptions worth comparing for a scan with these coordinates [n, axes] and set points."""
    gaps = np.diff(knots)
    scales = ["plain"]
    if len(knots) > 2 and gaps.max() > 1.5 * gaps.min() and coordinates.shape[1] > 1:
        scales.append("rank")
        if (knots >= 0).all() and knots[-1] > 20 * knots[knots > 0].min():
            scales.append("root")
    # Alignment needs one slow axis, and enough sweeps for positions to be interpolated between them.
    alignments = [False, True] if coordinates.shape[1] == 2 and len(knots) >= 3 else [False]
    return [Candidate(scale, aligned) for scale in scales for aligned in alignments]


def fit_features(candidate: Candidate, coordinates, values, group, knots, used) -> FeatureMap:
    """Fit a :class:`FeatureMap` to the points where ``used`` [n] is true.

    ``group`` [n] numbers the set point of the slowest axis (ascending, as in ``knots``). Ranges come from
    all points, since where a sweep was measured is known even when its values are held out.
    """
    columns = np.array(coordinates, float)
    columns[:, 0] = slow_scale(candidate.slow, knots, columns[:, 0])
    low, high = columns.min(axis=0), columns.max(axis=0)
    mesh = _mesh(coordinates[:, -1], values, group, len(knots), used) if candidate.aligned else None
    return FeatureMap(candidate, low, high, np.asarray(knots, float), mesh)


def _mesh(fast, values, group, count, used) -> np.ndarray:
    """Fast-axis positions [sweeps, levels] of equal accumulated change; a sweep not used is filled in
    from its neighbours along the rank of the slow axis."""
    grid = np.linspace(fast.min(), fast.max(), _POSITIONS)
    plain = (grid - grid[0]) / np.ptp(grid)
    levels = np.linspace(0, 1, _LEVELS)
    known = [number for number in range(count) if (used & (group == number)).sum() >= 2]
    rows = []
    for number in known:
        mine = used & (group == number)
        rows.append(np.interp(levels, _accumulated(fast[mine], values[mine], grid, plain), grid))
    if len(known) == count:
        return np.array(rows)
    if len(known) == 1:
        return np.repeat(np.array(rows), count, axis=0)
    inside = np.clip(np.arange(count), known[0], known[-1])
    return PchipInterpolator(known, np.array(rows), axis=0)(inside)


def _accumulated(fast, values, grid, plain) -> np.ndarray:
    """Accumulated absolute change of one sweep along ``grid``, 0 to 1, strictly increasing."""
    order = np.argsort(fast, kind="stable")
    curve = np.interp(grid, fast[order], values[order])
    window = np.hanning(13)[1:-1]
    curve = np.convolve(np.pad(curve, 5, mode="edge"), window / window.sum(), "valid")
    change = np.concatenate([[0], np.cumsum(np.abs(np.diff(curve)))])
    if change[-1] == 0:
        return plain
    return (1 - _PLAIN_SHARE) * change / change[-1] + _PLAIN_SHARE * plain
