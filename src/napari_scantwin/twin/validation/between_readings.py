"""What a twin may be off by between the readings of a sweep.

Sweeps that are held out are read where the others were, or nearly: how far the curve between two readings is off, none
of them tells. A curve that is resolved says it itself: a reading is foretold well by the cubic through its four
neighbours. Where the twin's own curve, taken at the readings' spacing, is missed by that cubic, the curve between two
readings is off by about a fifth of the miss. The share is 0.14 in the middle between readings of a smooth curve
(Taylor: 3/128 over 1/6), up to a half where a jump or a kink lies between them; a fifth was chosen on steps, peaks and
kinks of 12 to 40 readings that play no part in any test.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d

from napari_scantwin.interpolators.aligned import rank
from napari_scantwin.twin.data import Data
from napari_scantwin.twin.validation.noise import by_sweep

__all__ = ["missed_between"]

#: The share of the cubic's miss that the curve between readings is off by.
_SHARE = 0.2
#: A hole is no spacing: what lies in it is known from how far it is from every reading.
_WIDEST = 3.0


def missed_between(data: Data, grid: tuple[np.ndarray, ...], mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the twin may be off by between readings, and their spacing.

    Parameters
    ----------
    data
        The points it was trained on.
    grid
        Sampling places over the measured range, one array an axis; the fast one is evenly spaced.
    mean
        The twin's mean on ``grid``, in the value's unit.

    Returns
    -------
    tuple of arrays
        One standard deviation in the value's unit, and the spacing of readings in the fast axis's unit, both on
        ``grid``. The first is zero for cubes, whose detectors sample finely, and for points that lie in no sweeps.
    """
    fast = grid[-1]
    step = (fast[-1] - fast[0]) / (len(fast) - 1)
    spacing = np.full(mean.shape, step)
    if len(grid) > 2 or not data.sweeps:
        return np.zeros(mean.shape), spacing
    rows = mean.reshape(-1, len(fast))
    spacing = _spacings(data, grid).reshape(rows.shape)
    # What is read more finely than the grid is judged at the grid's step: the cubic's miss goes with its fourth power.
    taken = np.maximum(spacing, step)
    index = np.arange(len(fast))
    reach = 2 * taken / step
    inside = (index - reach >= 0) & (index + reach <= len(fast) - 1)
    near, far = (sum(_at(rows, index + sign * share * reach) for sign in (-1, 1)) for share in (0.5, 1.0))
    missed = np.abs(rows - (4 * near - far) / 6) * np.minimum(1, spacing / taken) ** 4
    missed = np.where(inside, missed, 0.0)
    # The miss changes its sign across a step, where the curve is no better known.
    window = 2 * int(np.ceil(np.median(taken) / step)) + 1
    return _SHARE * maximum_filter1d(missed, window, axis=1).reshape(mean.shape), spacing.reshape(mean.shape)


def _at(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Every row of ``rows`` at places of its own, both [rows, fast], in steps of the grid."""
    index = np.arange(rows.shape[1])
    return np.stack([np.interp(mine, index, row) for mine, row in zip(places, rows, strict=True)])


def _spacings(data: Data, grid: tuple[np.ndarray, ...]) -> np.ndarray:
    """The distance from one reading to the next on ``grid``, by the sweep with most readings at each set point."""
    fast = grid[-1]
    longest: dict[int, np.ndarray] = {}
    for sweep in by_sweep(data.coordinates[:, -1], data.sweep):
        group = int(data.group[sweep[0]])
        if len(sweep) > len(longest.get(group, ())):
            longest[group] = data.coordinates[sweep, -1]
    found = np.full((len(data.knots), len(fast)), np.ptp(fast))
    for group, places in longest.items():
        places = np.unique(places)
        if len(places) > 1:
            gaps = np.diff(places)
            gaps = np.minimum(gaps, _WIDEST * np.median(gaps))
            found[group] = gaps[np.clip(np.searchsorted(places, fast) - 1, 0, len(gaps) - 1)]
    if len(grid) == 1:
        return found[:1]
    at = np.clip(rank(data.knots, grid[0]), 0, len(data.knots) - 1)
    return np.stack([np.interp(at, np.arange(len(data.knots)), column) for column in found.T], axis=1)
