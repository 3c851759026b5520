"""An analysed scan together with samples of what it might be instead, so that any number read from it has an error.

Measured scans are sampled by drawing their readings again within their errors; twins by their members, whose
distance from the mean is stretched as the twin's own calibration on held-out sweeps asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.core.quantity import Quantity, weighted_mean, weighted_std

__all__ = ["Ensemble", "twin_members"]

#: Points looked at between two looks at ``stop``.
_CHUNK = 1 << 13


@dataclass(frozen=True)
class Ensemble:
    """``scan`` is the analysis's answer; ``samples`` [s, *scan.shape] with ``weights`` [s] (adding up to one) are
    what it would have been for other draws of the noise, or by other members of the twin."""

    scan: xr.DataArray
    samples: np.ndarray
    weights: np.ndarray

    @classmethod
    def equal(cls, scan: xr.DataArray, samples: np.ndarray) -> Ensemble:
        """Samples that count alike."""
        return cls(scan, samples, np.full(len(samples), 1 / len(samples)))

    @classmethod
    def of(cls, scan: xr.DataArray, *, count: int = 200, seed: int = 0) -> Ensemble:
        """Samples from the scan's own ``standard_error``, each point by itself; without one, no spread at all."""
        errors = np.asarray(scan["standard_error"].values, float) if "standard_error" in scan.coords else 0.0
        draws = np.random.default_rng(seed).normal(size=(count, *scan.shape))
        return cls.equal(scan, np.asarray(scan.values, float) + draws * errors)

    def number(self, function: Callable[[np.ndarray], float], unit: str) -> Quantity:
        """``function(values [*shape]) -> float`` with the standard deviation of what it gives on the samples; NaN
        where fewer than half of them have an answer."""
        value = float(function(np.asarray(self.scan.values, float)))
        return Quantity(value, spread(np.array([function(sample) for sample in self.samples]), self.weights), unit)


def spread(found: np.ndarray, weights: np.ndarray) -> float:
    """Weighted standard deviation of what samples ``found`` [s]; those without an answer are NaN."""
    good = np.isfinite(found)
    if weights[good].sum() < 0.5:
        return float("nan")
    share = weights[good] / weights[good].sum()
    return float(weighted_std(found[good], share))


def twin_members(twin, coordinates: np.ndarray, axis: str | None = None, *, stop=None):
    """Values of a twin's members, or their derivatives along ``axis``: (mean [n], samples [s, n], weights [s]) at
    ``coordinates`` [n, axes], in the scan's unit (over the axis's).

    The samples are stretched about the mean by the twin's calibrated factor, never shrunk, and each stands for two:
    with what all members may get wrong together between sweeps (its
    :meth:`~napari_scantwin.twin.uncertainty.Uncertainty.model_uncertainty`)
    added and taken away, as one smooth error of the whole map. Without it a twin of a single interpolator had no error.
    """
    coordinates = np.asarray(coordinates, float)
    parts, common, shares = [], [], None
    for start in range(0, len(coordinates), _CHUNK):
        if stop is not None and stop.is_set():
            raise Cancelled
        part = coordinates[start : start + _CHUNK]
        if axis is None:
            members, shares = twin.mixture.members(part, stop)
            common.append(twin.uncertainty.model_uncertainty(part, np.zeros(len(part))))
        else:
            position = twin.axes.index(axis)
            span = float(np.ptp(twin.uncertainty.grid[position]))
            members, shares = twin.mixture.slopes(part, position, span, 1, stop)
            common.append(twin.uncertainty.shared_slope(part, position))
        parts.append(members)
    samples = np.concatenate(parts, axis=1) * twin.spread + (twin.offset if axis is None else 0.0)
    mean = weighted_mean(samples, shares)
    samples = mean + max(twin.uncertainty.factor, 1.0) * (samples - mean)
    together = np.concatenate(common)
    return mean, np.concatenate([samples + together, samples - together]), np.tile(shares, 2) / 2
