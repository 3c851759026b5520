"""Large networks for large scans: members and held-out folds trained by Adam in one compiled pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.features import SCALE_NAMES, FeatureMap, features_for, scales_of
from napari_scantwin.interpolators.grid import MeasuredGrid
from napari_scantwin.interpolators.protocol import NETWORKS, SMALL, FittedFolds, Folds, Interpolator, TrainingPoints
from napari_scantwin.interpolators.scores import SlowAxes
from napari_scantwin.interpolators.sums import correction
from napari_scantwin.networks.backend import is_loaded, tensorflow
from napari_scantwin.networks.dense import DenseNetwork, evaluate, plain
from napari_scantwin.networks.trainer import MemberTraining, TrainingData, train_members, warm_cosine
from napari_scantwin.networks.waiting import interruptibly
from napari_scantwin.twin.candidates.fitted_networks import FittedLargeNetworks
from napari_scantwin.twin.data import Data
from napari_scantwin.twin.settings import TrainingBudget
from napari_scantwin.twin.stream import OwnPoints, Stream

__all__ = ["LargeNetworks"]

#: Steps between held-out errors, which cost an evaluation of every watched point.
_STEPS_A_REPORT = 100
#: Held-out errors while training are taken on at most this many points.
_WATCHED = 4000
#: Points held in the compiled loop at once; a larger scan streams through it, a fresh draw every so many steps.
_POOL, _STEPS_A_POOL = 1 << 18, 200
#: Of fewer slices sums say too little.
_FEWEST_SLICES = 4


@dataclass(frozen=True)
class LargeNetworks(Interpolator):
    """An ensemble of large networks.

    Parameters
    ----------
    scale
        The slow axis's kind of :func:`~napari_scantwin.interpolators.aligned.slow_scale`.
    training_budget
        Layers, nodes, steps, batch and learning rate.
    """

    scale: str
    training_budget: TrainingBudget

    fitted: ClassVar[type] = FittedLargeNetworks
    family: ClassVar[str] = NETWORKS
    cost: ClassVar[int] = 2000

    def __str__(self) -> str:
        return f"networks {self.training_budget.layers}x{self.training_budget.nodes}, {SCALE_NAMES[self.scale]}"

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget: TrainingBudget) -> list[LargeNetworks]:
        return [cls(scales_of(points)[:2][-1], training_budget)] if len(points.targets) > SMALL else []

    def get_ready(self, say, stop) -> None:
        if not is_loaded():
            say("starting TensorFlow")
            interruptibly(tensorflow, stop)

    def fit_folds(self, points: Data, folds: Folds) -> FittedFolds:
        options = (folds.members, folds.seed, folds.budget, folds.stop, folds.report)
        whole, fits, notes = self.train(points, folds.stream, folds.masks, *options)
        everything = np.ones(len(points.groups.knots), bool)
        masks = [everything, *folds.masks]
        whole, *fits = [_sums_kept(one, points, mask) for one, mask in zip((whole, *fits), masks, strict=True)]
        return FittedFolds(fits, self.training_budget.steps, whole, tuple(notes))

    def fit(self, points: Data, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedLargeNetworks:
        # The trainer makes an ensemble of everything and one network for each fold: here every fold is the same.
        masks = [kept] * max(members, points.groups.folds)
        _, fits, _ = self.train(points, OwnPoints(points), masks, 1, seed, None, stop, lambda *_: None)
        stacked = zip(*(fit.parameters for fit in fits[:members]), strict=True)
        networks = FittedLargeNetworks(fits[0].features, [np.concatenate(parts) for parts in stacked])
        return _sums_kept(networks, points, kept)

    def train(
        self,
        data: Data,
        stream: Stream,
        kept: list[np.ndarray],
        members: int,
        seed: int,
        budget: float | None,
        stop,
        report,
    ) -> tuple[FittedLargeNetworks, list[FittedLargeNetworks], list[str]]:
        """Train an ensemble on everything and one network for each held-out fold, in one pass.

        A network that diverges is started again.

        Parameters
        ----------
        data
            The points everything is judged by.
        stream
            Draws from the whole scan.
        kept
            For each further network the sweeps it sees, bool [groups], the held-out folds first.
        members
            Networks that see every point of ``stream``.
        seed
            Fixes every random choice.
        budget
            Seconds after which the training ends early, with what is learned; None for no limit.
        stop
            A ``threading.Event`` that ends it early, with what is learned.
        report
            Called with (done, total, train_error, held_out_error); errors in the value's unit, or None.

        Returns
        -------
        tuple
            The ensemble, the held-out networks, and what is to be said, a note each.

        Raises
        ------
        Cancelled
            Where ``stop`` is set before anything was learned.
        """
        everything = np.ones(len(data.groups.knots), bool)
        masks = [everything] * members + list(kept)
        maps = [features_for(self.scale, data, everything)] * members
        maps += [features_for(self.scale, data, mask) for mask in kept]
        random = np.random.default_rng(seed)

        def drawn() -> TrainingData:
            coordinates, targets, sample_weight, group = stream.draw(random, _POOL)
            weights = np.stack([sample_weight * mask[group] for mask in masks])
            return TrainingData(_stacked(maps, coordinates), targets[None, :, None], weights)

        watched = np.random.default_rng(seed).permutation(len(data.targets))[:_WATCHED]
        seen = _stacked(maps, data.coordinates[watched])
        reported = False

        def tell(training: MemberTraining) -> None:
            nonlocal reported
            errors = (None, None)
            if training.done >= training.total or training.done % _STEPS_A_REPORT == 0:
                errors, reported = _errors(plain(training.weights), seen, data, watched, members), True
            report(training.done, training.total, *errors)

        trained = train_members(
            DenseNetwork(data.axes, self.training_budget.layers, self.training_budget.nodes),
            drawn,
            members=len(masks),
            steps=self.training_budget.steps,
            rate=warm_cosine(self.training_budget.rate),
            batch=self.training_budget.batch,
            refresh=_STEPS_A_POOL if len(stream) > _POOL else None,
            budget=budget,
            seed=seed,
            stop=stop,
            on_steps=tell,
        )
        if not reported:
            raise Cancelled
        parameters = plain(trained.weights)
        folds = [
            FittedLargeNetworks(maps[row], [part[row : row + 1] for part in parameters])
            for row in range(members, len(masks))
        ]
        # A member that diverged late is left out; a fold that did makes its interpolator lose every comparison.
        good = ~trained.diverged[:members]
        left_out = int((~good).sum()) if good.any() else 0
        good = good if good.any() else ~good
        notes = [f"{_counted(trained.restarted)} diverged and started again"] if trained.restarted else []
        notes += [f"{_counted(left_out)} diverged and left out"] if left_out else []
        return FittedLargeNetworks(maps[0], [part[:members][good] for part in parameters]), folds, notes


def _sums_kept(networks: FittedLargeNetworks, points: Data, kept: np.ndarray) -> FittedLargeNetworks:
    """The networks with the sums over a cube's slices kept; as they are where the scan is no cube."""
    grid = points.once("grid", lambda: MeasuredGrid.of(points)) if points.axes > 2 and points.sweeps else None
    if grid is None or kept.sum() < _FEWEST_SLICES:
        return networks
    grid = grid.kept(kept)
    axes, nodes = SlowAxes.of(grid.axes[:1])

    def mean() -> np.ndarray:
        mesh = np.meshgrid(nodes[0], *grid.axes[1:], indexing="ij")
        places = np.stack([axis.ravel() for axis in mesh], axis=1)
        return networks.outputs(places).mean(axis=0).reshape(len(nodes[0]), -1).mean(axis=1)

    return replace(networks, sums=correction(grid, axes, nodes, mean))


def _counted(networks: int) -> str:
    return "1 network" if networks == 1 else f"{networks} networks"


def _stacked(maps: list[FeatureMap], coordinates: np.ndarray) -> np.ndarray:
    """Features [members, n, inputs], or [1, n, inputs] where all members see the same."""
    # Maps differ only where a held-out set point was the unit of a logarithm.
    own = (
        maps if any((each.low != maps[0].low).any() or (each.high != maps[0].high).any() for each in maps) else maps[:1]
    )
    return np.stack([each(coordinates).astype(np.float32) for each in own])


def _errors(parameters, features, data: Data, watched, members: int) -> tuple[float, float]:
    """Root mean square training and held-out error on the watched points."""
    difference = (evaluate(parameters, features) - data.targets[watched]) * data.spread
    held_out = difference[members + data.groups.point_fold[watched], np.arange(len(watched))]
    inner = data.inner[watched]
    trained = difference[:members].mean(axis=0)
    return float(np.sqrt(np.mean(trained**2))), float(np.sqrt(np.mean(held_out[inner] ** 2)))
