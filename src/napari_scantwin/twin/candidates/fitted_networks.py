"""Fitted ensembles of networks over a scan's features, small and large."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from napari_scantwin.interpolators.difference import difference
from napari_scantwin.interpolators.features import FeatureMap
from napari_scantwin.interpolators.grid import GridFunctions
from napari_scantwin.interpolators.protocol import FittedInterpolator
from napari_scantwin.networks.dense import evaluate, evaluate_slopes
from napari_scantwin.networks.small_network import evaluate_small

__all__ = ["FittedLargeNetworks", "FittedSmallNetworks"]


@dataclass(frozen=True)
class _FittedNetworks(FittedInterpolator):
    """Networks stacked by member: matrices [members, in, out] and offsets over the ``features``."""

    features: FeatureMap
    parameters: list[np.ndarray]

    def to_arrays(self) -> dict[str, np.ndarray]:
        return self.features.to_arrays() | {f"network/{i}": tensor for i, tensor in enumerate(self.parameters)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]):
        count = sum(key.startswith("network/") for key in arrays)
        return cls(FeatureMap.from_arrays(arrays), [arrays[f"network/{number}"] for number in range(count)])


@dataclass(frozen=True)
class FittedSmallNetworks(_FittedNetworks):
    """Small networks, evaluated by NumPy in double precision."""

    kind: ClassVar[str] = "small networks"
    in_words: ClassVar[str] = "neural network"

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        return evaluate_small(self.parameters, self.features(coordinates))


@dataclass(frozen=True)
class FittedLargeNetworks(_FittedNetworks):
    """Large networks, evaluated by TensorFlow where there are many points, and differentiated exactly.

    ``sums``, a function of the slowest axis, is added to what they say of a cube, so that sums over its slices are kept
    (:mod:`napari_scantwin.interpolators.sums`); None for none.
    """

    sums: GridFunctions | None = None

    kind: ClassVar[str] = "networks"
    in_words: ClassVar[str] = "neural network"

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        features = self.features(coordinates)
        values = evaluate(
            self.parameters, np.broadcast_to(features, (len(self.parameters[0]), *features.shape)), stop=stop
        )
        return values if self.sums is None else values + self.sums(coordinates[:, :1])

    def to_arrays(self) -> dict[str, np.ndarray]:
        if self.sums is None:
            return super().to_arrays()
        return super().to_arrays() | {"sums/slow": self.sums.axes[0], "sums/values": self.sums.values}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedLargeNetworks:
        plain = super().from_arrays(arrays)
        if "sums/slow" not in arrays:
            return plain
        return replace(plain, sums=GridFunctions((arrays["sums/slow"],), arrays["sums/values"]))

    def slopes(self, coordinates: np.ndarray, axis: int, span: float, order: int, stop=None) -> np.ndarray:
        def columns(places):
            return self.features(places).T

        orders = range(1, order + 1)
        slopes = [difference(columns, coordinates, axis, span, number).T for number in orders]
        found = evaluate_slopes(self.parameters, np.stack([self.features(coordinates), *slopes]), stop=stop)
        if self.sums is None or axis > 0:
            return found
        ends = (float(self.sums.axes[0][0]), float(self.sums.axes[0][-1]))
        return found + difference(self.sums, coordinates[:, :1], 0, span, order, ends)
