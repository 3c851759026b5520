"""The linear steps of the Maxwell relation: derivatives at unevenly spaced places and running integrals."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

__all__ = ["derivative_matrix", "interpolation_matrix", "running_integral"]


def derivative_matrix(x: np.ndarray, points: int = 3) -> csr_array:
    """The sparse matrix that takes values at ascending places to their first derivatives there.

    Each row is the slope, at its place, of the parabola fitted by least squares to the ``points`` nearest in order.

    Parameters
    ----------
    x
        The places [n], ascending, however uneven.
    points
        How many places a parabola is fitted to. With three (the default) it passes through them, which is accurate to
        second order however uneven the steps and at the ends too; with more (odd) the noise is averaged down and sharp
        changes are rounded.

    Returns
    -------
    scipy.sparse.csr_array
        The matrix [n, n]; the derivatives are in the values' unit over that of ``x``.

    Raises
    ------
    ValueError
        Where there are fewer than three places.
    """
    size = len(x)
    if size < 3:
        raise ValueError("a derivative needs at least three places")
    count = min(points, size)
    starts = np.clip(np.arange(size) - count // 2, 0, size - count)
    near = starts[:, None] + np.arange(count)
    scale = np.ptp(x[near], axis=1)
    shifted = (x[near] - x[:, None]) / scale[:, None]
    weights = np.linalg.pinv(shifted[..., None] ** np.arange(3))[:, 1] / scale[:, None]
    rows = np.repeat(np.arange(size), count)
    return csr_array((weights.ravel(), (rows, near.ravel())), shape=(size, size))


def interpolation_matrix(x: np.ndarray, at: np.ndarray) -> csr_array:
    """The sparse matrix that interpolates values linearly.

    Parameters
    ----------
    x
        The places of the values [n], ascending.
    at
        Where they are interpolated [m].

    Returns
    -------
    scipy.sparse.csr_array
        The matrix [m, n].
    """
    right = np.clip(np.searchsorted(x, at), 1, len(x) - 1)
    share = (at - x[right - 1]) / (x[right] - x[right - 1])
    rows, columns = np.tile(np.arange(len(at)), 2), np.concatenate([right - 1, right])
    return csr_array((np.concatenate([1 - share, share]), (rows, columns)), shape=(len(at), len(x)))


def running_integral(x: np.ndarray, first: float, at: np.ndarray, zero_at_first: bool = False) -> np.ndarray:
    """The matrix that integrates values, linear between their places, from one place to each of several.

    Parameters
    ----------
    x
        The places of the values [n], ascending.
    first
        Where the integral starts; it must lie within ``x`` unless ``zero_at_first``.
    at
        Where it ends [m].
    zero_at_first
        Takes the values to be zero at ``first``, below the least of ``x``, and to rise from there along a straight
        line.

    Returns
    -------
    numpy.ndarray
        The matrix [m, n]; the integrals are in the values' unit times that of ``x``.
    """
    places = np.concatenate([[first], x]) if zero_at_first else x
    steps = np.diff(places)
    size = len(places)
    # Integral from the first place to every place: the trapezoid rule.
    trapezoids = np.zeros((size, size))
    rows = np.arange(1, size)
    trapezoids[rows, rows - 1] = trapezoids[rows, rows] = steps / 2
    running = np.cumsum(trapezoids, axis=0)

    def to(end: np.ndarray) -> np.ndarray:
        right = np.clip(np.searchsorted(places, end), 1, size - 1)
        rows, left = np.arange(len(end)), right - 1
        width = end - places[left]
        share = width / steps[left]
        matrix = running[left].copy()
        matrix[rows, left] += width * (1 - share / 2)
        matrix[rows, right] += width * share / 2
        return matrix

    whole = to(np.asarray(at, float)) - to(np.array([first], float))
    return whole[:, 1:] if zero_at_first else whole
