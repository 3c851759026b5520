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
    """Mean [n] and members' disagreement [n] of the ``order``-th derivative (1 or 2) along ``axis``, whose range is
    ``span``, at ``coordinates`` [n, axes]; in the mixture's unit over the axis's."""
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
