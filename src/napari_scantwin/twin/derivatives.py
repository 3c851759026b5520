"""Derivatives of a twin along its axes.

Large networks are differentiated exactly, by forward differentiation. Every other expert is evaluated in double
precision, so a five-point difference over a ten-thousandth of an axis's range gives its derivative to some seven
digits: the twin's own derivative, not a difference of its grid::

    f' = (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12 h
    f'' = (-f(-2h) + 16 f(-h) - 30 f(0) + 16 f(h) - f(2h)) / 12 h^2
"""

from __future__ import annotations

import numpy as np

from napari_scantwin.core.errors import Cancelled

__all__ = ["derivative", "difference"]

_FIRST = np.array([1, -8, 0, 8, -1]) / 12
_SECOND = np.array([-1, 16, -30, 16, -1]) / 12
#: Step of the difference, as a share of the axis's range, for the first and the second derivative.
_STEPS = {1: 1e-4, 2: 5e-4}
_CHUNK = 1 << 13


def derivative(mixture, coordinates: np.ndarray, axis: int, span: float, order: int, stop=None):
    """Mean [n] and experts' disagreement [n] of the ``order``-th derivative (1 or 2) along ``axis``, whose range is
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


def difference(
    function, coordinates: np.ndarray, axis: int, span: float, order: int, held: tuple[float, float] | None = None
) -> np.ndarray:
    """The ``order``-th derivative [..., n] along ``axis``, whose range is ``span``, of a ``function`` that turns
    coordinates [m, axes] into values [..., m] in double precision, at ``coordinates`` [n, axes].

    ``held`` are the ends beyond which the function stays what it is there: at them the difference is taken just inside,
    or it would be half of the derivative.
    """
    step = _STEPS[order] * span
    if held is not None:
        (low, high), column = held, coordinates[:, axis]
        inside = (column >= low - 1e-9 * span) & (column <= high + 1e-9 * span)
        coordinates = coordinates.copy()
        coordinates[inside, axis] = np.clip(column[inside], low + 2 * step, high - 2 * step)
    shifted = np.repeat(coordinates[None], 5, axis=0)
    shifted[:, :, axis] += step * np.arange(-2, 3)[:, None]
    values = function(shifted.reshape(-1, coordinates.shape[1]))
    values = values.reshape(*values.shape[:-1], 5, len(coordinates))
    return np.einsum("s,...sn->...n", (_FIRST / step, _SECOND / step**2)[order - 1], values)
