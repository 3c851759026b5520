"""Training points without a twin: what an interpolator is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from napari_scantwin.interpolators.aligned import sweep_rows

KNOTS = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 9.0])


def slanted_step(slow, fast):
    """A step that moves with the slow axis, of mean 0 and deviation about 1."""
    return np.tanh((fast - 20 - 2 * slow) / 4)


@dataclass
class Points:
    """Six sweeps of 40 points of a step that moves."""

    coordinates: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray
    group: np.ndarray
    knots: np.ndarray = field(default_factory=lambda: KNOTS)
    sweeps: bool = True
    axes: int = 2
    known: dict = field(default_factory=dict)

    def once(self, key, make):
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]

    def rows(self, share):
        draws = 0.01 * np.random.default_rng(2).normal(size=(4, len(self.targets)))
        return sweep_rows(self.coordinates[:, 1], self.targets, self.group, len(self.knots), share, draws)


def points(noise: float = 0.0) -> Points:
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(len(KNOTS)), 40)
    fast = np.concatenate([np.sort(random.uniform(5, 50, 40)) for _ in KNOTS])
    targets = slanted_step(KNOTS[group], fast) + noise * random.normal(size=len(fast))
    return Points(np.stack([KNOTS[group], fast], axis=1), targets, np.ones(len(fast)), group)


@pytest.fixture
def step() -> Points:
    return points()
