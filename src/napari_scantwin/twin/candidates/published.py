"""The published way to a twin: a search for one fully connected network, after Terashima et al., Digital Discovery 2
(2023) 439.

Thirty trials of Optuna's TPE sampler with pruning by successive halving, each a network of ReLU layers fitted by Adam
in mini-batches; the one of highest R2 on its training points is kept. Where the text leaves numbers open, those used
here are in :data:`SPACE`. Coordinates and values are scaled to mean 0 and deviation 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.protocol import (
    NETWORKS,
    FittedFolds,
    FittedInterpolator,
    Folds,
    Interpolator,
    TrainingPoints,
)
from napari_scantwin.networks.backend import is_loaded, tensorflow
from napari_scantwin.networks.trainer import MemberTraining, TrainingData, train_members
from napari_scantwin.networks.waiting import interruptibly

__all__ = ["SPACE", "FittedPublishedSearch", "PublishedSearch", "ReluNetwork"]

#: Layers, nodes and learning rate (ends), points of a batch (choices), epochs, and epochs between looks at a trial.
SPACE = {"layers": (2, 6), "nodes": (16, 256), "rate": (1e-4, 1e-2), "batch": (16, 32, 64), "epochs": 300, "check": 25}


@dataclass(frozen=True)
class ReluNetwork:
    """A fully connected network of ReLU layers; called, it gives a new Keras model of it.

    Parameters
    ----------
    inputs
        Number of input features.
    layers, nodes
        Hidden layers, and nodes in each.
    """

    inputs: int
    layers: int
    nodes: int

    def __call__(self):
        keras = tensorflow().keras
        hidden = [keras.layers.Dense(self.nodes, "relu") for _ in range(self.layers)]
        return keras.Sequential([keras.Input((self.inputs,)), *hidden, keras.layers.Dense(1)])


@dataclass(frozen=True)
class FittedPublishedSearch(FittedInterpolator):
    """The chosen network.

    Parameters
    ----------
    middle, width
        Mean and deviation of the coordinates [axes].
    parameters
        For each layer a matrix [members, in, out] and an offset [members, out].
    """

    middle: np.ndarray
    width: np.ndarray
    parameters: list[np.ndarray]

    kind: ClassVar[str] = "published search"
    in_words: ClassVar[str] = "neural network"

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        signal = ((np.asarray(coordinates, float) - self.middle) / self.width)[None]
        for layer in range(0, len(self.parameters), 2):
            signal = signal @ self.parameters[layer].astype(float) + self.parameters[layer + 1][:, None]
            if layer < len(self.parameters) - 2:
                signal = np.maximum(signal, 0)
        return signal[..., 0]

    def to_arrays(self) -> dict[str, np.ndarray]:
        network = {f"network/{number}": part for number, part in enumerate(self.parameters)}
        return {"middle": self.middle, "width": self.width} | network

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedPublishedSearch:
        count = sum(key.startswith("network/") for key in arrays)
        return cls(arrays["middle"], arrays["width"], [arrays[f"network/{number}"] for number in range(count)])


@dataclass(frozen=True)
class PublishedSearch(Interpolator):
    """The published search.

    Parameters
    ----------
    trials
        How many networks are tried.
    """

    trials: int = 30

    fitted: ClassVar[type] = FittedPublishedSearch
    family: ClassVar[str] = NETWORKS
    cost: ClassVar[int] = 10_000

    def __str__(self) -> str:
        return f"published search of {self.trials} networks"

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget) -> list[PublishedSearch]:
        return [cls()]

    def get_ready(self, say, stop) -> None:
        if not is_loaded():
            say("starting TensorFlow")
            interruptibly(tensorflow, stop)

    def fit_folds(self, points: TrainingPoints, folds: Folds) -> FittedFolds:
        def tell(done: float) -> None:
            folds.report(done, self.trials + 2, None, None)

        chosen = self._chosen(points, folds.seed, folds.stop, tell)
        masks = [*folds.masks, np.ones(len(points.knots), bool)]
        fits = self._trained(points, chosen, masks, folds.seed, folds.stop)
        return FittedFolds(fits[:-1], self.trials, fits[-1])

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedPublishedSearch:
        chosen = self._chosen(points, seed, stop, lambda _: None)
        fits = self._trained(points, chosen, [kept] * members, seed, stop)
        stacked = [np.concatenate(parts) for parts in zip(*(fit.parameters for fit in fits), strict=True)]
        return FittedPublishedSearch(fits[0].middle, fits[0].width, stacked)

    def _chosen(self, points: TrainingPoints, seed: int, stop, tell) -> dict:
        return points.once((self, seed), lambda: self._search(points, seed, stop, tell))

    def _search(self, points: TrainingPoints, seed: int, stop, tell) -> dict:
        """The best trial's parameters, by R2 on the training points."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)  # a trial that was stopped is no warning
        inputs, targets = _scaled(points)[0], points.targets

        def objective(trial) -> float:
            tell(trial.number)
            asked = {
                "layers": trial.suggest_int("layers", *SPACE["layers"]),
                "nodes": trial.suggest_int("nodes", *SPACE["nodes"], log=True),
                "rate": trial.suggest_float("rate", *SPACE["rate"], log=True),
                "batch": trial.suggest_categorical("batch", SPACE["batch"]),
            }
            steps = _steps(len(targets), asked["batch"], SPACE["check"])
            looks = [0]

            def look(training: MemberTraining) -> None:
                if training.done < (looks[0] + 1) * steps:
                    return
                looks[0] = training.done // steps
                trial.report(_r2(training.weights, inputs, targets), looks[0] * SPACE["check"])
                if trial.should_prune():
                    raise optuna.TrialPruned

            trained = _train(points, asked, np.ones((1, len(targets))), seed, stop, look)
            return _r2(trained.weights, inputs, targets)

        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=optuna.pruners.SuccessiveHalvingPruner(),
        )
        study.optimize(objective, n_trials=self.trials)
        return study.best_params

    def _trained(self, points, chosen: dict, masks: list[np.ndarray], seed: int, stop) -> list[FittedPublishedSearch]:
        _, middle, width = _scaled(points)
        weights = np.array([mask[points.group] for mask in masks], float)
        trained = _train(points, chosen, weights, seed, stop)
        return [
            FittedPublishedSearch(middle, width, [part[number : number + 1] for part in trained.weights])
            for number in range(len(masks))
        ]


def _scaled(points: TrainingPoints) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    middle, width = points.coordinates.mean(axis=0), points.coordinates.std(axis=0)
    width = np.where(width > 0, width, 1.0)
    return (points.coordinates - middle) / width, middle, width


def _steps(points: int, batch: int, epochs: int) -> int:
    return epochs * -(-points // batch)


def _r2(weights: list[np.ndarray], inputs: np.ndarray, targets: np.ndarray) -> float:
    axes = inputs.shape[1]
    found = FittedPublishedSearch(np.zeros(axes), np.ones(axes), weights).outputs(inputs)[0]
    score = 1 - np.mean((found - targets) ** 2) / np.var(targets)
    return float(score) if np.isfinite(score) else -1e9


def _train(points: TrainingPoints, asked: dict, weights: np.ndarray, seed: int, stop, look=None):
    inputs = _scaled(points)[0]
    data = TrainingData(inputs[None], points.targets[None, :, None], weights)
    trained = train_members(
        ReluNetwork(inputs.shape[1], asked["layers"], asked["nodes"]),
        data,
        members=len(weights),
        steps=_steps(len(inputs), asked["batch"], SPACE["epochs"]),
        rate=asked["rate"],
        batch=asked["batch"],
        seed=seed,
        stop=stop,
        on_steps=look,
    )
    if trained.stopped:
        raise Cancelled
    return trained
