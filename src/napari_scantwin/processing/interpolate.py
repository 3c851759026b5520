"""Linear interpolation on uneven grids that knows holes and carries errors; outside the grid is a hole."""

from __future__ import annotations

import itertools

import numpy as np

__all__ = ["Corners", "fraction"]

#: A place nearer to a grid line than this share of a step lies on it, so that a hole beyond does it no harm.
_ON = 1e-7


def fraction(places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where some places lie among an axis's values, in steps from the first.

    Parameters
    ----------
    places
        The axis's values [n], rising or falling.
    wanted
        The places, of any shape.

    Returns
    -------
    numpy.ndarray
        From 0 to n - 1, shaped like ``wanted``; NaN outside the axis.
    """
    places = np.asarray(places, float)
    if len(places) == 1:
        return np.where(np.isfinite(wanted), 0.0, np.nan)
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    slack = _ON * np.abs(np.diff(ordered)).min()
    inside = (wanted >= ordered[0] - slack) & (wanted <= ordered[-1] + slack)
    found = np.interp(wanted, ordered, order.astype(float))
    return np.where(inside, found, np.nan)


class Corners:
    """The corners of the grid cells around some places, and their weights in a linear interpolation.

    Parameters
    ----------
    fractions
        Those of :func:`fraction`, one array [...] for each gridded axis.
    sizes
        The lengths n1, n2, ... of these axes; blocks are [batch, n1, n2, ...].
    """

    def __init__(self, fractions: tuple[np.ndarray, ...], sizes: tuple[int, ...]):
        self.inside = np.all([np.isfinite(one) for one in fractions], axis=0)
        self.parts = []
        base, share = [], []
        for one, size in zip(fractions, sizes, strict=True):
            filled = np.where(self.inside, one, 0.0)
            low = np.clip(np.floor(filled).astype(np.intp), 0, max(size - 2, 0))
            above = filled - low
            base.append(low)
            share.append(np.where(above < _ON, 0.0, np.where(above > 1 - _ON, 1.0, above)))
        for corner in itertools.product((0, 1), repeat=len(sizes)):
            weight = np.ones(self.inside.shape)
            index = []
            for up, low, part, size in zip(corner, base, share, sizes, strict=True):
                weight = weight * (part if up else 1 - part)
                index.append(np.minimum(low + up, size - 1))
            if (weight > 0).any():
                self.parts.append((np.ravel_multi_index(tuple(index), sizes), weight))

    def values(self, block: np.ndarray) -> np.ndarray:
        """The interpolated block [batch, ...]; a hole among the corners that count makes a hole."""
        return self._sum(block, 1)

    def variances(self, block: np.ndarray) -> np.ndarray:
        """Variances [batch, ...] of the interpolated values, from variances of independent values."""
        return self._sum(block, 2)

    def _sum(self, block: np.ndarray, power: int) -> np.ndarray:
        flat = block.reshape(block.shape[0], -1)
        total = np.zeros((block.shape[0], *self.inside.shape))
        for index, weight in self.parts:
            # Where a corner does not count its hole must not either: 0 * NaN is NaN.
            total += np.where(weight > 0, weight**power * flat[:, index], 0.0)
        return np.where(self.inside, total, np.nan)
