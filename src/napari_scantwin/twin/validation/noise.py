"""How noisy a scan is, inferred from the scan alone.

A point is compared with the cubic through the two neighbours on either side of it along the sweep. For independent
noise of standard deviation s the difference has variance s^2 (1 + sum w^2), where w are the neighbours' weights;
what a cubic cannot follow is met in few points only, and the median does not see those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

__all__ = ["Noise", "by_sweep", "measure", "robust_noise"]

#: Bins of readings, points a bin needs, and neighbours a reading is averaged over before it is sorted into one.
_BINS, _FEWEST_A_BIN, _SMEARED = 8, 40, 11


@dataclass(frozen=True)
class Noise:
    """Standard deviation of the noise against the value measured, linear between the levels.

    Counts and instruments with a relative error are noisier where they read more.

    Parameters
    ----------
    levels
        Values measured [bins], ascending, in the value's unit.
    deviations
        The noise [bins] there, one standard deviation, in the value's unit.
    """

    levels: np.ndarray
    deviations: np.ndarray

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The noise [n] at points that read ``values`` [n]."""
        return np.interp(values, self.levels, self.deviations)


def measure(fast: np.ndarray, values: np.ndarray, sweep: np.ndarray) -> Noise:
    """Infer the noise of a scan from neighbouring points, as the module describes.

    Parameters
    ----------
    fast
        Places on the fast axis [n].
    values
        Readings [n].
    sweep
        The number of the sweep of each point [n].

    Returns
    -------
    Noise
        By the value read; zero where sweeps are too short to tell.
    """
    found, levels = [], []
    for rows in by_sweep(fast, sweep):
        found.append(_deviations(fast[rows], values[rows]))
        # Sorted by the point's own reading, the noisiest points would gather in bins of their own.
        levels.append(uniform_filter1d(values[rows], _SMEARED)[2 : 2 + len(found[-1])])
    found, levels = np.concatenate(found), np.concatenate(levels)
    good = np.isfinite(found)
    found, levels = found[good], levels[good]
    if len(found) == 0:
        return Noise(np.zeros(1), np.zeros(1))
    order = np.argsort(levels, kind="stable")
    parts = np.array_split(order, int(np.clip(len(order) // _FEWEST_A_BIN, 1, _BINS)))
    return Noise(
        np.array([np.median(levels[part]) for part in parts]), np.array([_robust(found[part]) for part in parts])
    )


def by_sweep(fast: np.ndarray, sweep: np.ndarray) -> list[np.ndarray]:
    """Sort points by sweep.

    Parameters
    ----------
    fast
        Places on the fast axis [n].
    sweep
        The number of the sweep of each point [n].

    Returns
    -------
    list of arrays
        Indices of each sweep's points in order along the fast axis.
    """
    order = np.lexsort((fast, sweep))
    return np.split(order, np.flatnonzero(np.diff(sweep[order])) + 1)


def robust_noise(x: np.ndarray, y: np.ndarray) -> float:
    """The standard deviation of the noise of one sweep, by the median absolute deviation from local cubics.

    Parameters
    ----------
    x
        Places [n], ascending.
    y
        Readings [n].

    Returns
    -------
    float
        In the unit of ``y``; 0 for fewer than five points.
    """
    return _robust(_deviations(x, y))


def _deviations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Each inner point's distance from the cubic through its four neighbours, scaled to the noise's deviation; not
    a number where two of them stand at one place."""
    count = len(x) - 4
    if count < 1:
        return np.zeros(0)
    places = [slice(shift, shift + count) for shift in (0, 1, 3, 4)]
    centre = x[2:-2]
    predicted, weights = np.zeros(count), np.zeros(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        for mine in places:
            others = [x[other] for other in places if other is not mine]
            weight = np.prod([(centre - other) / (x[mine] - other) for other in others], axis=0)
            predicted += weight * y[mine]
            weights += weight**2
        found = (y[2:-2] - predicted) / np.sqrt(1 + weights)
    return np.where(np.isfinite(found), found, np.nan)


def _robust(deviations: np.ndarray) -> float:
    good = np.abs(deviations[np.isfinite(deviations)])
    return float(1.4826 * np.median(good)) if len(good) else 0.0
