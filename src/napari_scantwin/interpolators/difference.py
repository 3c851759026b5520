"""Derivatives of a function along one axis of its coordinates.

In double precision a five-point difference over a ten-thousandth of an axis's range gives the derivative to some seven
digits::

    f' = (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12 h
    f'' = (-f(-2h) + 16 f(-h) - 30 f(0) + 16 f(h) - f(2h)) / 12 h^2
"""

from __future__ import annotations

import numpy as np

__all__ = ["difference"]

_FIRST = np.array([1, -8, 0, 8, -1]) / 12
_SECOND = np.array([-1, 16, -30, 16, -1]) / 12
#: Step of the difference, as a share of the axis's range, for the first and the second derivative.
_STEPS = {1: 1e-4, 2: 5e-4}


def difference(
    function, coordinates: np.ndarray, axis: int, span: float, order: int, held: tuple[float, float] | None = None
) -> np.ndarray:
    """Differentiate a function along one axis by five-point differences.

    Parameters
    ----------
    function
        Turns coordinates [m, axes] into values [..., m] in double precision.
    coordinates
        Where, [n, axes].
    axis
        The number of the axis.
    span
        The range of that axis, in its unit.
    order
        Which derivative, 1 or 2.
    held
        The ends beyond which the function stays what it is there: at them the difference is taken just inside, or it
        would be half of the derivative. None by default, where the function goes on.

    Returns
    -------
    array
        Derivatives [..., n], per unit of the axis (squared, for the second).
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
