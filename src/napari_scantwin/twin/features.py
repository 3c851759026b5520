"""What the networks see of a point: scaled axes, and the level that lines the sweeps up.

A transition that moves with the slow axis is what makes a sparse scan hard to fill. The *level* of
:mod:`napari_scantwin.moving_mesh` takes the movement out; networks that see it beside the plain axes need
not learn the movement from a handful of sweeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.moving_mesh import MovingMesh, Rows, slow_scale

__all__ = ["Candidate", "FeatureMap", "scales"]

#: Inputs span +-this, which lets the first layer bend sharply enough for a transition.
_GAIN = 1.7
_NAMES = {
    "plain": "slow axis as it is",
    "root": "cube root of the slow axis",
    "log": "logarithm of the slow axis",
}


@dataclass(frozen=True)
class Candidate:
    """One way to describe a point: the slowest axis on a scale of :func:`slow_scale`, with or without the
    level that aligns the sweeps."""

    slow: str
    aligned: bool

    def __str__(self) -> str:
        return _NAMES[self.slow] + (", sweeps aligned" if self.aligned else "")


@dataclass(frozen=True)
class FeatureMap:
    """Turns coordinates [n, axes] (slow first) into network inputs [n, features].

    ``low``, ``high`` [axes]: range of each axis, the slowest transformed. ``knots``: set points of the
    slowest axis that are known, ascending. ``mesh``: where the level is read, or None.
    """

    candidate: Candidate
    low: np.ndarray
    high: np.ndarray
    knots: np.ndarray
    mesh: MovingMesh | None

    def __call__(self, coordinates: np.ndarray) -> np.ndarray:
        columns = np.array(coordinates, float)
        columns[:, 0] = slow_scale(self.candidate.slow, self.knots, columns[:, 0])
        scaled = 2 * (columns - self.low) / (self.high - self.low) - 1
        if self.mesh is not None:
            scaled = np.concatenate([scaled, 2 * self.mesh.level(coordinates)[:, None] - 1], axis=1)
        return _GAIN * scaled

    @property
    def width(self) -> int:
        """How many inputs a network sees."""
        return len(self.low) + (self.mesh is not None)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as plain arrays, for saving."""
        arrays = {"low": self.low, "high": self.high, "knots": self.knots}
        if self.mesh is None:
            return arrays
        return {**arrays, "positions": self.mesh.rows.positions}

    @classmethod
    def from_arrays(cls, candidate: Candidate, arrays: dict[str, np.ndarray]) -> FeatureMap:
        """The inverse of :meth:`to_arrays`."""
        mesh = None
        if "positions" in arrays:
            mesh = _level_mesh(arrays["knots"], arrays["positions"])
        return cls(candidate, arrays["low"], arrays["high"], arrays["knots"], mesh)

    @classmethod
    def fit(cls, candidate: Candidate, coordinates: np.ndarray, knots: np.ndarray, kept, rows: Rows) -> FeatureMap:
        """Fit to a scan's ``coordinates`` [n, axes], knowing the sweeps ``kept`` (bool [knots]) of ``rows``.

        Ranges come from all points, but a logarithm's unit from the kept set points only: the place of a held-out
        one, often chosen where something happens, would tell more than a new place ever can.
        """
        knots = knots[kept]
        columns = np.array(coordinates, float)
        columns[:, 0] = slow_scale(candidate.slow, knots, columns[:, 0])
        mesh = _level_mesh(knots, rows.positions[kept]) if candidate.aligned else None
        return cls(candidate, columns.min(axis=0), columns.max(axis=0), knots, mesh)


def _level_mesh(knots, positions) -> MovingMesh:
    """A mesh that is only asked for levels; it carries no values."""
    return MovingMesh(knots, Rows(positions, np.zeros((len(knots), 1))))


def scales(knots: np.ndarray) -> list[str]:
    """The scales of the slowest axis worth comparing, given its set points."""
    gaps = np.diff(knots)
    spans = np.abs(knots).max() / np.abs(knots[knots != 0]).min()
    return ["plain", "root", "log"] if len(knots) > 2 and gaps.max() > 1.5 * gaps.min() and spans > 5 else ["plain"]
