"""Small cubes of counts with their truth, as an interpolator is given them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SLOW = np.array([0.0, 0.6, 1.0, 1.7, 2.5, 3.0, 3.8, 5.0, 5.6, 6.4, 7.0, 8.0])
ANGLE, ENERGY = np.linspace(-3, 3, 18), np.linspace(-1, 0.2, 31)


def staying(slow, angle, energy):
    """A band that grows along a parabola of the slow axis, on another that fades."""
    growing = (1 + 0.3 * slow - 0.02 * slow**2) / (1 + ((energy + 0.4 - 0.05 * angle**2) / 0.12) ** 2)
    return growing + (1.5 - 0.1 * slow) / (1 + ((energy + 0.7) / 0.2) ** 2) + 0.5


def moving(slow, angle, energy):
    """A narrow band that moves by half a unit of energy, several times its width, and one that stays."""
    place = -0.75 + 0.5 * (slow / 8) ** 0.8 + 0.02 * angle
    return 2 / (1 + ((energy - place) / 0.06) ** 2) + 1 / (1 + ((energy + 0.1) / 0.05) ** 2) + 0.5


@dataclass
class Points:
    """A cube's points, scaled to mean 0 and deviation 1: ``value = target * spread + offset``."""

    coordinates: np.ndarray
    targets: np.ndarray
    variance: np.ndarray
    group: np.ndarray
    knots: np.ndarray
    offset: float
    spread: float
    sweeps: bool = True
    axes: int = 3
    known: dict = field(default_factory=dict)

    def once(self, key, make):
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]

    def truth(self, function, coordinates) -> np.ndarray:
        return (function(*np.transpose(coordinates)) - self.offset) / self.spread


def mesh(*axes) -> np.ndarray:
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def cube(function=staying, deviation=0.1, axes=(SLOW, ANGLE, ENERGY), seed=0) -> Points:
    """The function measured on a grid, with normal noise."""
    coordinates = mesh(*axes)
    random = np.random.default_rng(seed)
    values = function(*coordinates.T) + deviation * random.normal(size=len(coordinates))
    offset, spread = values.mean(), values.std()
    variance = np.full(len(values), (deviation / spread) ** 2)
    group = np.searchsorted(axes[0], coordinates[:, 0])
    targets = (values - offset) / spread
    return Points(coordinates, targets, variance, group, axes[0], offset, spread, axes=len(axes))
