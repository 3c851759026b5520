"""Networks whose features move (:mod:`napari_scantwin.networks.moving_features`) as interpolators of a scan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    """Members stacked: arrays [members, ...] over the ``features``, as ``fit_moving`` gives them. Of a network that
    learned several branches, ``switch`` are the inputs that name this one, and ``scale`` is the factor and the shift
    from what it gives to this branch's targets."""

    features: FeatureMap
    parameters: list[np.ndarray]
    switch: np.ndarray = field(default_factory=lambda: np.zeros(0))
    scale: tuple[float, float] = (1.0, 0.0)

    kind: ClassVar[str] = "moving features"
    in_words: ClassVar[str] = "neural network"
    instant: ClassVar[bool] = True

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        factor, shift = self.scale
        return factor * evaluate_moving(self.parameters, *self._places(coordinates)) + shift

    def moments_on_grid(self, axes, stop=None) -> tuple[np.ndarray, np.ndarray]:
        *slow, fast = axes
        if not slow:
            return super().moments_on_grid(axes, stop)
        rows, _ = self._places(mesh([*slow, fast[:1]]))
        _, along = self._places(mesh([*(axis[:1] for axis in slow), fast]))
        shape = [len(axis) for axis in axes]
        mean, variance = evaluate_moving_on_grid(self.parameters, rows, along)
        factor, shift = self.scale
        return (factor * mean + shift).reshape(shape), (factor**2 * variance).reshape(shape)

    def _places(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The network's slow inputs [n, ...] at coordinates [n, axes], and the fast one [n]."""
        return _split(self.features, coordinates, np.tile(self.switch, (len(coordinates), 1)))

    def to_arrays(self) -> dict[str, np.ndarray]:
        own = {f"network/{i}": part for i, part in enumerate(self.parameters)}
        if len(self.switch):
            own |= {"switch": self.switch, "scale": np.array(self.scale)}
        return self.features.to_arrays() | own

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedMovingNetwork:
        count = sum(key.startswith("network/") for key in arrays)
        parameters = [arrays[f"network/{number}"] for number in range(count)]
        factor, shift = arrays.get("scale", (1.0, 0.0))
        switch = arrays.get("switch", np.zeros(0))
        return cls(FeatureMap.from_arrays(arrays), parameters, switch, (float(factor), float(shift)))


def _split(features: FeatureMap, coordinates: np.ndarray, switches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slow axes and the ``switches`` [n, slow + switches], and the fast axis [n], from -1 to 1; of a scan with one
    axis a slow axis of zeros."""
    columns = features(coordinates) / GAIN
    slow = columns[:, :-1] if columns.shape[1] > 1 else np.zeros((len(columns), 1))
    return np.concatenate([slow, switches], axis=1), columns[:, -1]


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
        if points.shared is None:
            masks, mine = [mask[points.group] for mask in folds.masks], list(range(len(folds.masks)))
        else:
            masks, mine = points.shared.folds(points.branch)

        def tell(step: int) -> None:
            if step % _STEPS_A_REPORT == 0:
                folds.report(step, self.steps, None, None)

        def fitted() -> tuple[FeatureMap, list[np.ndarray]]:
            asked = [mask for mask in masks for _ in range(_OF_A_FOLD)]
            asked += [np.ones(len(masks[0]), bool)] * folds.members
            return self._fit(points, asked, folds.seed, folds.stop, tell)

        # All branches are fitted as one, when the first of them asks.
        key = (self, folds.seed, folds.members)
        features, stacked = fitted() if points.shared is None else points.shared.once(key, fitted)
        fits = [
            self._of_branch(points, features, [part[_OF_A_FOLD * one : _OF_A_FOLD * (one + 1)] for part in stacked])
            for one in mine
        ]
        whole = self._of_branch(points, features, [part[-folds.members :] for part in stacked])
        return FittedFolds(fits, self.steps, whole)

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedMovingNetwork:
        seen = kept[points.group] if points.shared is None else points.shared.seen(points.branch, kept)
        return self._of_branch(points, *self._fit(points, [seen] * members, seed, stop))

    def _fit(self, points: TrainingPoints, masks: list[np.ndarray], seed: int, stop, on_step=None):
        """The features, and the parameters of a member for each mask of points, stacked."""
        learned = points if points.shared is None else points.shared
        switches = np.zeros((len(learned.targets), 0)) if points.shared is None else points.shared.switches
        # One map for all folds: they are fitted as one. A logarithm's unit is the smallest set point of all.
        features = features_for(self.scale, learned, np.ones(len(learned.knots), bool))
        slow, fast = _split(features, learned.coordinates, switches)
        weights = np.array(masks) / (learned.variance + _FLOOR**2)
        step = _step(fast, learned.sweep)
        sweeps = Sweeps(slow, fast, learned.targets, weights, learned.sweep, step, switches.shape[1])
        network = MovingFeatures(self.features, slow=slow.shape[1])
        return features, fit_moving(network, sweeps, steps=self.steps, seed=seed, stop=stop, on_step=on_step)

    @staticmethod
    def _of_branch(points: TrainingPoints, features: FeatureMap, parameters: list[np.ndarray]) -> FittedMovingNetwork:
        if points.shared is None:
            return FittedMovingNetwork(features, parameters)
        switch, scale = points.shared.switch(points.branch), points.shared.scale(points.branch)
        return FittedMovingNetwork(features, parameters, switch, scale)


def _step(fast: np.ndarray, sweep: np.ndarray) -> float:
    """The usual step of the fast axis within a sweep."""
    steps = [np.median(np.diff(np.unique(fast[sweep == number]))) for number in np.unique(sweep)]
    return max(float(np.nanmedian(steps)), 1e-3)
