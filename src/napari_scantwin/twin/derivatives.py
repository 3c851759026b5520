"""Derivatives of a twin along its axes.

Every interpolator knows its own (:meth:`~napari_scantwin.interpolators.protocol.FittedInterpolator.slopes`): large
networks exactly, the others by five-point differences. It is the twin's derivative, not a difference of its grid.
"""

from __future__ import annotations

import numpy as np

from napari_scantwin.core.errors import Cancelled

__all__ = ["derivative"]

_CHUNK = 1 << 13


def derivative(mixture, coordinates: np.ndarray, axis: int, span: float, order: int, stop=None):
    """A derivative of a mixture along one axis, with its interpolators' disagreement.

    Parameters
    ----------
    mixture
        The weighted interpolators.
    coordinates
        Where, [n, axes], in the scan's units, slow axis first.
    axis
        The number of the axis, 0 being the slowest.
    span
        The axis's range, in its unit.
    order
        1 for the first derivative, 2 for the second.
    stop
        A ``threading.Event`` that ends the work when it is set.

    Returns
    -------
    tuple of arrays
        Mean [n] and the members' disagreement [n], in the mixture's unit over the axis's (squared, for the second).

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    means, spreads = [], []
    for start in range(0, len(coordinates), _CHUNK):
        if stop is not None and stop.is_set():
            raise Cancelled
        part = coordinates[start : start + _CHUNK]
        slopes, shares = mixture.slopes(part, axis, span, order, stop)
        mean = shares @ slopes
        means.append(mean)
        spreads.append(np.sqrt(shares @ (slopes - mean) ** 2))
    return np.concatenate(means), np.concatenate(spreads)
