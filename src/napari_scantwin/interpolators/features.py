"""What networks and Gaussian processes see of a point: its axes, scaled to order one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.interpolators.aligned import slow_scale

__all__ = ["GAIN", "SCALE_NAMES", "FeatureMap", "features_for", "scales", "scales_of"]

#: Inputs span +-this, which lets the first layer bend sharply enough for a transition.
GAIN = 1.7
SCALE_NAMES = {
    "plain": "slow axis as it is",
    "root": "cube root of the slow axis",
    "log": "logarithm of the slow axis",
}


@dataclass(frozen=True)
class FeatureMap:
    """Turns coordinates [n, axes] (slow first) into inputs [n, axes] of order one.

    Parameters
    ----------
    scale
        The slowest axis's kind of :func:`slow_scale`.
    low, high
        The range of each axis on its scale [axes].
    knots
        The slowest axis's set points that are known, ascending.
    """

    scale: str
    low: np.ndarray
    high: np.ndarray
    knots: np.ndarray

    def __call__(self, coordinates: np.ndarray) -> np.ndarray:
        columns = self._on_scale(self.scale, self.knots, coordinates)
        return GAIN * (2 * (columns - self.low) / (self.high - self.low) - 1)

    @staticmethod
    def _on_scale(scale: str, knots: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
        columns = np.array(coordinates, float)
        columns[:, 0] = slow_scale(scale, knots, columns[:, 0])
        return columns

    @classmethod
    def fit(cls, scale: str, coordinates: np.ndarray, knots: np.ndarray) -> FeatureMap:
        """Fit to the points of a scan.

        Ranges come from all points, but a logarithm's unit from the known set points only: the place of a held-out
        one, often chosen where something happens, would tell more than a new place ever can.

        Parameters
        ----------
        scale
            The slowest axis's kind of :func:`slow_scale`.
        coordinates
            The scan's places [n, axes], slow axis first.
        knots
            The set points that are known.
        """
        columns = cls._on_scale(scale, knots, coordinates)
        return cls(scale, columns.min(axis=0), columns.max(axis=0), np.asarray(knots, float))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as plain arrays, for saving, in a folder of their own beside what is fitted over the features."""
        arrays = {"scale": np.array(self.scale), "low": self.low, "high": self.high, "knots": self.knots}
        return {f"features/{name}": array for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FeatureMap:
        """The inverse of :meth:`to_arrays`; other arrays may stand beside."""
        scale, *rest = (arrays[f"features/{name}"] for name in ("scale", "low", "high", "knots"))
        return cls(str(scale), *rest)


def features_for(scale: str, points, kept: np.ndarray) -> FeatureMap:
    """The feature map of training points of which some sweeps are known.

    Parameters
    ----------
    scale
        The slowest axis's kind of :func:`slow_scale`.
    points
        :class:`~napari_scantwin.interpolators.protocol.TrainingPoints`.
    kept
        Which sweeps are known, bool [groups].
    """
    return FeatureMap.fit(scale, points.coordinates, points.knots[kept])


def scales_of(points) -> list[str]:
    """The scales of the slowest axis worth comparing for training points; of a scan with one axis, as it is."""
    return scales(points.knots) if points.axes > 1 else ["plain"]


def scales(knots: np.ndarray) -> list[str]:
    """The scales of the slowest axis worth comparing, given its set points.

    Parameters
    ----------
    knots
        The set points, ascending. Only "plain" is worth it where they are evenly spaced, few, or span less than a
        factor of five.
    """
    gaps = np.diff(knots)
    spans = np.abs(knots).max() / np.abs(knots[knots != 0]).min()
    return ["plain", "root", "log"] if len(knots) > 2 and gaps.max() > 1.5 * gaps.min() and spans > 5 else ["plain"]
