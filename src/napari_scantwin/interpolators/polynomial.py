"""A polynomial through all points: a mean where there is only noise, a plane or a quadratic where there is a trend."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from napari_scantwin.interpolators.protocol import FittedInterpolator, Interpolator, TrainingPoints

__all__ = ["FittedPolynomial", "Polynomial"]

_NAMES = ("mean", "plane", "quadratic")


@dataclass(frozen=True)
class FittedPolynomial(FittedInterpolator):
    """A fitted polynomial of the axes, scaled to ±1.

    Parameters
    ----------
    low, high
        The range of each axis [axes].
    powers
        The power of each axis in each term [terms, axes].
    coefficients
        The terms' coefficients [terms].
    """

    low: np.ndarray
    high: np.ndarray
    powers: np.ndarray
    coefficients: np.ndarray

    kind: ClassVar[str] = "polynomial"
    in_words: ClassVar[str] = "polynomial"
    instant: ClassVar[bool] = True

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        return (_terms(coordinates, self.low, self.high, self.powers) @ self.coefficients)[None]

    def to_arrays(self) -> dict[str, np.ndarray]:
        return asdict(self)

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedPolynomial:
        return cls(**arrays)


@dataclass(frozen=True)
class Polynomial(Interpolator):
    """Weighted least squares of a polynomial over all axes.

    Parameters
    ----------
    degree
        0, 1 or 2.
    """

    degree: int

    fitted: ClassVar[type] = FittedPolynomial
    family: ClassVar[str] = "polynomial"
    instant: ClassVar[bool] = True
    learns: ClassVar[bool] = False

    def __str__(self) -> str:
        return _NAMES[self.degree]

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget) -> list[Polynomial]:
        return [cls(degree) for degree in range(len(_NAMES))]

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedPolynomial:
        low, high = points.coordinates.min(axis=0), points.coordinates.max(axis=0)
        powers = itertools.product(range(self.degree + 1), repeat=points.axes)
        powers = np.array([power for power in powers if sum(power) <= self.degree])
        rows = kept[points.group]
        root = np.sqrt(points.sample_weight[rows])
        terms = _terms(points.coordinates[rows], low, high, powers)
        solved = np.linalg.lstsq(root[:, None] * terms, root * points.targets[rows], rcond=1e-8)
        return FittedPolynomial(low, high, powers, solved[0])


def _terms(coordinates, low, high, powers) -> np.ndarray:
    scaled = 2 * (coordinates - low) / (high - low) - 1
    return np.stack([np.prod(scaled**power, axis=1) for power in powers], axis=1)
