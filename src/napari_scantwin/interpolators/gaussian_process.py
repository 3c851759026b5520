"""A Gaussian process over the scan's axes, kept as the points it knows and their coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_scantwin.interpolators.features import SCALE_NAMES, FeatureMap, features_for, scales_of
from napari_scantwin.interpolators.protocol import SMALL, FittedInterpolator, Interpolator, TrainingPoints

__all__ = ["FittedGaussianProcess", "GaussianProcess"]

#: Points of the fit.
_MOST = 1000
#: Draws from the posterior, and waves in each: the waves' share of a draw's variance scatters by 1 / sqrt(waves).
_DRAWS, _WAVES = 4, 200
#: Places evaluated at once.
_CHUNK = 2048


@dataclass(frozen=True)
class FittedGaussianProcess(FittedInterpolator):
    """Weighted sums of covariances with the known points, and draws from the posterior.

    Parameters
    ----------
    features
        Turns coordinates into features.
    centres
        The known points [m, axes], features over ``scales``.
    coefficients
        [m, 1 + draws]: the first give the mean, the others what draws from the posterior add to it, together with their
        waves.
    scales
        Length scales of the features [axes].
    waves, phases, heights
        The draws' waves: vectors [axes, w], phases [w] and heights [w, draws].
    """

    features: FeatureMap
    centres: np.ndarray
    coefficients: np.ndarray
    scales: np.ndarray
    waves: np.ndarray
    phases: np.ndarray
    heights: np.ndarray

    kind: ClassVar[str] = "gaussian process"
    in_words: ClassVar[str] = "Gaussian process"

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        """The mean plus each draw and minus it, so that they average to the mean and scatter as the posterior does."""
        from napari_scantwin.interpolators.posterior import Draws, covariances  # scikit-learn takes long to load

        scaled = self.features(coordinates) / self.scales
        parts = np.array_split(scaled, max(1, -(-len(scaled) // _CHUNK)))
        sums = np.concatenate([covariances(part, self.centres) @ self.coefficients for part in parts])
        if not self.heights.shape[1]:
            return sums.T
        drawn = sums[:, 1:] + Draws(self.waves, self.phases, self.heights)(scaled)
        return np.concatenate([sums[:, 0] + drawn.T, sums[:, 0] - drawn.T])

    def to_arrays(self) -> dict[str, np.ndarray]:
        return self.features.to_arrays() | {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedGaussianProcess:
        return cls(FeatureMap.from_arrays(arrays), **{name: arrays[name] for name in _ARRAYS})


_ARRAYS = ("centres", "coefficients", "scales", "waves", "phases", "heights")


@dataclass(frozen=True)
class GaussianProcess(Interpolator):
    """A Gaussian process.

    Its few scales are learned once, from the whole scan: learning them for every fold costs much. That they have seen
    the held-out sweep makes its error look a little smaller, most on a sharp step (0.53 for 0.60 % of the range by
    ``benchmarks/accuracy.py --nested``); the baselines' is treated alike.

    Parameters
    ----------
    scale
        The slow axis's kind of :func:`~napari_scantwin.interpolators.aligned.slow_scale`.
    """

    scale: str

    fitted: ClassVar[type] = FittedGaussianProcess
    family: ClassVar[str] = "Gaussian process"
    cost: ClassVar[int] = 100

    def __str__(self) -> str:
        return f"Gaussian process, {SCALE_NAMES[self.scale]}"

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget) -> list[GaussianProcess]:
        return [cls(scales_of(points)[:2][-1])] if len(points.targets) <= SMALL else []

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedGaussianProcess:
        from napari_scantwin.interpolators.posterior import Draws, conditioned, learned

        def once():
            everything = features_for(self.scale, points, np.ones(len(points.knots), bool))
            return learned(everything(points.coordinates), points.targets, points.sample_weight, stop=stop)

        kernel = points.once(("gaussian process", self.scale), once)
        features = features_for(self.scale, points, kept)
        rows = np.flatnonzero(kept[points.group])
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, _MOST).astype(int))]
        scales = np.broadcast_to(kernel.k1.k2.length_scale, points.axes).astype(float)
        x, weights = features(points.coordinates[rows]), points.sample_weight[rows]
        random = np.random.default_rng(seed)
        draws = Draws.of(kernel, points.axes, _WAVES, _DRAWS, random)
        noises = np.sqrt(kernel.k2.noise_level / weights)[:, None] * random.normal(size=(len(rows), _DRAWS))
        targets = np.column_stack([points.targets[rows], -(draws(x / scales) + noises)])
        process = conditioned(kernel, x, targets, weights)
        # Row by row, as a saved twin holds them, the products round alike after loading.
        coefficients = np.ascontiguousarray(kernel.k1.k1.constant_value * process.alpha_)
        return FittedGaussianProcess(
            features, x / scales, coefficients, scales, draws.waves, draws.phases, draws.heights
        )
