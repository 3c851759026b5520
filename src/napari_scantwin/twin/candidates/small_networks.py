"""Small networks for few points that lie in no sweeps: an ensemble fitted member by member, by second-order steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_scantwin.interpolators.features import SCALE_NAMES, features_for, scales_of
from napari_scantwin.interpolators.protocol import NETWORKS, SMALL, Interpolator, TrainingPoints
from napari_scantwin.networks.small_network import fit_small
from napari_scantwin.twin.candidates.fitted_networks import FittedSmallNetworks
from napari_scantwin.twin.settings import TrainingBudget

__all__ = ["SmallNetworks"]

#: Decay, in points: enough to keep flat what the points do not say.
_DECAY = 0.03


@dataclass(frozen=True)
class SmallNetworks(Interpolator):
    """An ensemble of small networks.

    Parameters
    ----------
    scale
        The slow axis's kind of :func:`~napari_scantwin.interpolators.aligned.slow_scale`.
    nodes
        Widths of the hidden layers.
    decay
        The weight decay, in points.
    steps
        Second-order steps of a fit.
    """

    scale: str
    nodes: tuple[int, ...]
    decay: float
    steps: int

    fitted: ClassVar[type] = FittedSmallNetworks
    family: ClassVar[str] = NETWORKS
    cost: ClassVar[int] = 100

    def __str__(self) -> str:
        layers = "x".join(str(width) for width in self.nodes)
        return f"networks {layers}, decay {self.decay:g}, {SCALE_NAMES[self.scale]}"

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget: TrainingBudget) -> list[SmallNetworks]:
        if len(points.targets) > SMALL or (points.sweeps and points.axes > 1):
            return []
        return [
            cls(scale, training_budget.small_nodes, _DECAY, training_budget.small_steps)
            for scale in scales_of(points)[:2]
        ]

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedSmallNetworks:
        features = features_for(self.scale, points, kept)
        rows = kept[points.group]
        columns = (features(points.coordinates[rows]), points.targets[rows], points.sample_weight[rows])
        options = {"nodes": self.nodes, "decay": self.decay, "steps": self.steps, "stop": stop}
        fitted = [fit_small(*columns, seed=seed + 1000 * member, **options) for member in range(members)]
        return FittedSmallNetworks(features, [np.stack(parts) for parts in zip(*fitted, strict=True)])
