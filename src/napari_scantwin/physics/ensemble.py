"""An analysed scan together with samples of what it might be instead, so that any number read from it has an error.

Measured scans are sampled by drawing their readings again within their errors; twins by their members, whose
distance from the mean is stretched by the twin's own calibration on held-out sweeps.
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
    """An analysed scan and samples of it.

    Parameters
    ----------
    scan
        The analysis's answer.
    samples
        What it would have been for other draws of the noise, or by other members of the twin, in shape [s, ...].
    weights
        The samples' weights [s], which add up to one.
    """

    scan: xr.DataArray
    samples: np.ndarray
    weights: np.ndarray

    @classmethod
    def equal(cls, scan: xr.DataArray, samples: np.ndarray) -> Ensemble:
        """An ensemble whose samples all have the same weight."""
        return cls(scan, samples, np.full(len(samples), 1 / len(samples)))

    @classmethod
    def of(cls, scan: xr.DataArray, *, count: int = 200, seed: int = 0) -> Ensemble:
        """An ensemble drawn from the scan's own ``standard_error``, each point independently.

        Parameters
        ----------
        scan
            A scan; without a ``standard_error`` its samples have no spread at all.
        count, seed
            How many samples are drawn, and their seed.

        Returns
        -------
        Ensemble
            The scan and its samples, all of the same weight.
        """
        errors = np.asarray(scan["standard_error"].values, float) if "standard_error" in scan.coords else 0.0
        draws = np.random.default_rng(seed).normal(size=(count, *scan.shape))
        return cls.equal(scan, np.asarray(scan.values, float) + draws * errors)

    def number(self, function: Callable[[np.ndarray], float], unit: str) -> Quantity:
        """A number read from the scan, with the standard deviation of what it is on the samples.

        Parameters
        ----------
        function
            From values, in the scan's shape, to a number.
        unit
            The number's unit.

        Returns
        -------
        Quantity
            Its error is NaN where fewer than half of the samples have an answer.
        """
        value = float(function(np.asarray(self.scan.values, float)))
        return Quantity(value, spread(np.array([function(sample) for sample in self.samples]), self.weights), unit)


def spread(found: np.ndarray, weights: np.ndarray) -> float:
    """The weighted standard deviation of a number on samples.

    Parameters
    ----------
    found
        The number on each sample [s]; those without an answer are NaN.
    weights
        The samples' weights [s].

    Returns
    -------
    float
        One standard deviation; NaN where less than half of the weight lies on samples with an answer.
    """
    good = np.isfinite(found)
    if weights[good].sum() < 0.5:
        return float("nan")
    share = weights[good] / weights[good].sum()
    return float(weighted_std(found[good], share))


def twin_members(twin, coordinates: np.ndarray, axis: str | None = None, *, stop=None):
    """Values of a twin's members, or their derivatives along an axis.

    The samples are stretched about the mean by the twin's calibrated factor, never shrunk, and each stands for two:
    with the error all members may share between sweeps (its
    :meth:`~napari_scantwin.twin.validation.uncertainty.Uncertainty.model_uncertainty`) added and subtracted, as one
    smooth error of the whole map. Without it a twin of a single interpolator would have no error.

    Parameters
    ----------
    twin
        A trained twin.
    coordinates
        Places [n, axes], in the scan's units.
    axis
        The axis the derivatives are taken along; by default the values themselves are read.
    stop
        A ``threading.Event``; setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    mean
        The members' weighted mean [n], in the scan's unit (over the axis's).
    samples
        The samples [s, n], in the same unit.
    weights
        Their weights [s], which add up to one.
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
