"""Networks whose features move (:mod:`napari_scantwin.networks.moving_features`) as interpolators of a scan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from napari_scantwin.core.grids import mesh
from napari_scantwin.interpolators.features import GAIN, SCALE_NAMES, FeatureMap, features_for, scales_of
from napari_scantwin.interpolators.protocol import (
    NETWORKS,
    SMALL,
    FittedFolds,
    FittedInterpolator,
    Folds,
    Interpolator,
    TrainingPoints,
)
from napari_scantwin.networks.backend import is_loaded, tensorflow
from napari_scantwin.networks.moving_features import (
    MovingFeatures,
    Sweeps,
    evaluate_moving,
    evaluate_moving_on_grid,
    fit_moving,
)
from napari_scantwin.networks.waiting import interruptibly
from napari_scantwin.twin.settings import TrainingBudget

__all__ = ["FittedMovingNetwork", "MovingNetwork"]

#: What no network follows anyway, in spreads of the values: less noise than this counts as this.
_FLOOR = 0.005
#: Members of a held-out fold: two, so that how far they differ can be held against how wrong they are.
_OF_A_FOLD = 2
#: Steps between two reports of progress.
_STEPS_A_REPORT = 20


@dataclass(frozen=True)
class FittedMovingNetwork(FittedInterpolator):
    """Members stacked: arrays [members, ...] over the ``features``, as ``fit_moving`` gives them."""

    features: FeatureMap
    parameters: list[np.ndarray]

    kind: ClassVar[str] = "moving features"
    in_words: ClassVar[str] = "neural network"
    instant: ClassVar[bool] = True

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        return evaluate_moving(self.parameters, *_split(self.features, coordinates))

    def moments_on_grid(self, axes, stop=None) -> tuple[np.ndarray, np.ndarray]:
        *slow, fast = axes
        if not slow:
            return super().moments_on_grid(axes, stop)
        rows, _ = _split(self.features, mesh([*slow, fast[:1]]))
        _, along = _split(self.features, mesh([*(axis[:1] for axis in slow), fast]))
        shape = [len(axis) for axis in axes]
        mean, variance = evaluate_moving_on_grid(self.parameters, rows, along)
        return mean.reshape(shape), variance.reshape(shape)

    def to_arrays(self) -> dict[str, np.ndarray]:
        return self.features.to_arrays() | {f"network/{i}": part for i, part in enumerate(self.parameters)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedMovingNetwork:
        count = sum(key.startswith("network/") for key in arrays)
        return cls(FeatureMap.from_arrays(arrays), [arrays[f"network/{number}"] for number in range(count)])


def _split(features: FeatureMap, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slow axes [n, slow] and the fast one [n], from -1 to 1; of a scan with one axis a slow axis of zeros."""
    columns = features(coordinates) / GAIN
    return (columns[:, :-1] if columns.shape[1] > 1 else np.zeros((len(columns), 1))), columns[:, -1]


@dataclass(frozen=True)
class MovingNetwork(Interpolator):
    """An ensemble of networks whose features move.

    Parameters
    ----------
    scale
        The slow axis's kind of :func:`~napari_scantwin.interpolators.aligned.slow_scale`.
    features
        How many features.
    steps
        The most steps of a fit.
    """

    scale: str
    features: int
    steps: int

    fitted: ClassVar[type] = FittedMovingNetwork
    family: ClassVar[str] = NETWORKS
    cost: ClassVar[int] = 1000

    def __str__(self) -> str:
        return f"network, {self.features} moving features, {SCALE_NAMES[self.scale]}"

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget: TrainingBudget) -> list[MovingNetwork]:
        if len(points.targets) > SMALL or not points.sweeps or points.axes < 2:
            return []
        return [cls(scale, training_budget.features, training_budget.feature_steps) for scale in scales_of(points)[:2]]

    def get_ready(self, say, stop) -> None:
        if not is_loaded():
            say("starting TensorFlow")
            interruptibly(tensorflow, stop)

    def compile_for(self, points: TrainingPoints, folds: Folds) -> None:
        replace(self, steps=0).fit_folds(points, folds)

    def fit_folds(self, points: TrainingPoints, folds: Folds) -> FittedFolds:
        masks = [mask for mask in folds.masks for _ in range(_OF_A_FOLD)]
        masks += [np.ones(len(points.knots), bool)] * folds.members

        def tell(step: int) -> None:
            if step % _STEPS_A_REPORT == 0:
                folds.report(step, self.steps, None, None)

        features, stacked = self._fit(points, masks, folds.seed, folds.stop, tell)
        fits = [
            FittedMovingNetwork(features, [part[first : first + _OF_A_FOLD] for part in stacked])
            for first in range(0, _OF_A_FOLD * len(folds.masks), _OF_A_FOLD)
        ]
        whole = FittedMovingNetwork(features, [part[-folds.members :] for part in stacked])
        return FittedFolds(fits, self.steps, whole)

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedMovingNetwork:
        return FittedMovingNetwork(*self._fit(points, [kept] * members, seed, stop))

    def _fit(self, points: TrainingPoints, masks: list[np.ndarray], seed: int, stop, on_step=None):
        """The features, and the parameters of a member for each mask, stacked."""
        # One map for all folds: they are fitted as one. A logarithm's unit is the smallest set point of all.
        features = features_for(self.scale, points, np.ones(len(points.knots), bool))
        slow, fast = _split(features, points.coordinates)
        weights = np.array([mask[points.group] for mask in masks]) / (points.variance + _FLOOR**2)
        sweeps = Sweeps(slow, fast, points.targets, weights, points.sweep, _step(fast, points.sweep))
        network = MovingFeatures(self.features, slow=slow.shape[1])
        return features, fit_moving(network, sweeps, steps=self.steps, seed=seed, stop=stop, on_step=on_step)


def _step(fast: np.ndarray, sweep: np.ndarray) -> float:
    """The usual step of the fast axis within a sweep."""
    steps = [np.median(np.diff(np.unique(fast[sweep == number]))) for number in np.unique(sweep)]
    return max(float(np.nanmedian(steps)), 1e-3)
