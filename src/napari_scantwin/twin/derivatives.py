"""Derivatives of a twin along its axes.

Every expert is evaluated in double precision, so a five-point difference over a ten-thousandth of an axis's range
gives the derivative to some seven digits: the twin's own derivative, not a difference of its grid::

    f' = (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12 h
    f'' = (-f(-2h) + 16 f(-h) - 30 f(0) + 16 f(h) - f(2h)) / 12 h^2
"""

from __future__ import annotations

import numpy as np

from napari_scantwin.errors import Cancelled

__all__ = ["derivative"]

_FIRST = np.array([1, -8, 0, 8, -1]) / 12
_SECOND = np.array([-1, 16, -30, 16, -1]) / 12
#: Step of the difference, as a share of the axis's range, for the first and the second derivative.
_STEPS = {1: 1e-4, 2: 5e-4}
#: So few points that networks are evaluated in double precision, five places each.
_CHUNK = 400


def derivative(mixture, coordinates: np.ndarray, axis: int, span: float, order: int, stop=None):
    """Mean [n] and experts' disagreement [n] of the ``order``-th derivative (1 or 2) along ``axis``, whose range is
    ``span``, at ``coordinates`` [n, axes]; in the mixture's unit over the axis's."""
    step = _STEPS[order] * span
    stencil = (_FIRST / step, _SECOND / step**2)[order - 1]
    means, spreads = [], []
    for start in range(0, len(coordinates), _CHUNK):
        if stop is not None and stop.is_set():
            raise Cancelled
        part = coordinates[start : start + _CHUNK]
        shifted = np.repeat(part[None], 5, axis=0)
        shifted[:, :, axis] += step * np.arange(-2, 3)[:, None]
        members, shares = mixture.members(shifted.reshape(-1, part.shape[1]))
        slopes = np.einsum("s,msn->mn", stencil, members.reshape(len(members), 5, len(part)))
        mean = shares @ slopes
        means.append(mean)
        spreads.append(np.sqrt(shares @ (slopes - mean) ** 2))
    return np.concatenate(means), np.concatenate(spreads)
