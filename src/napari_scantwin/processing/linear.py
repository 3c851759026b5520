"""Linear operations along one axis as sparse matrices, with correct treatment of holes and errors.

A value that was not measured (NaN) takes no part. A filter whose weights add up to one is divided by the weight it
could use (normalised convolution); a derivative needs all the values its formula asks for.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.progress import tell

__all__ = ["applied", "apply_along", "cells", "first_derivative", "gaussian", "per_fwhm", "second_derivative"]

#: Standard deviations in one full width at half maximum.
per_fwhm = 1 / (2 * np.sqrt(2 * np.log(2)))
#: A Gaussian is cut off where it has fallen to 4e-6 of its height.
_REACH = 5.0
#: Values worked on at once.
_AT_ONCE = 1 << 19


def apply_along(values: np.ndarray, axis: int, function) -> np.ndarray:
    """Apply a function along one axis, in blocks of curves that stay in the processor's cache; between blocks the step
    can be stopped.

    Parameters
    ----------
    values
        An array of any number of dimensions.
    axis
        The number of the dimension.
    function
        From curves [n, m], one a column, to [n', m].

    Returns
    -------
    numpy.ndarray
        The results, with n' values along ``axis``.
    """
    front = np.moveaxis(values, axis, 0)
    rest, size = front.shape[1:], front.shape[0]
    flat = front.reshape(size, -1)
    columns = flat.shape[1]
    at_once = max(1, _AT_ONCE // size)
    done: np.ndarray | None = None
    for begin in range(0, columns, at_once):
        tell(begin / columns)
        block = function(np.ascontiguousarray(flat[:, begin : begin + at_once]))
        if done is None:
            done = np.empty((block.shape[0], columns), block.dtype)
        done[:, begin : begin + at_once] = block
    if done is None:
        raise ScanError("the scan holds no values")
    return np.moveaxis(done.reshape(done.shape[0], *rest), 0, axis)


def applied(
    matrix: sparse.csr_array,
    values: np.ndarray,
    errors: np.ndarray | None,
    axis: int,
    *,
    averaging: bool,
    keep_holes: bool = True,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Apply a matrix along one axis, and carry errors of independent values through.

    Parameters
    ----------
    matrix
        [n', n].
    values
        The values, n along ``axis``; NaN are holes.
    errors
        One standard deviation of each, or None.
    axis
        The number of the dimension.
    averaging
        Whether the weights are those of a mean: then holes are left out and the rest weighs more; otherwise a value
        whose formula meets a hole is a hole.
    keep_holes
        Whether a hole stays a hole at the same place (n' = n).

    Returns
    -------
    tuple
        The new values, n' along ``axis``, and their errors (None where there were none).
    """
    holes = ~np.isfinite(values)
    if not holes.any():
        done = apply_along(values, axis, lambda block: matrix @ block)
        return done.astype(values.dtype, copy=False), _carried(matrix, errors, axis, None)
    filled = np.where(holes, 0, values)
    done = apply_along(filled, axis, lambda block: matrix @ block)
    if averaging:
        used = apply_along((~holes).astype(float), axis, lambda block: matrix @ block)
        with np.errstate(invalid="ignore", divide="ignore"):
            done = np.where(used > 1e-12, done / used, np.nan)
            carried = _carried(matrix, errors, axis, holes)
            carried = None if carried is None else np.where(used > 1e-12, carried / used, np.nan)
    else:
        touched = apply_along(holes.astype(float), axis, lambda block: abs(matrix).sign() @ block) > 0
        done = np.where(touched, np.nan, done)
        carried = _carried(matrix, errors, axis, holes)
        carried = None if carried is None else np.where(touched, np.nan, carried)
    if keep_holes:
        done = np.where(holes, np.nan, done)
        carried = None if carried is None else np.where(holes, np.nan, carried)
    return done.astype(values.dtype, copy=False), carried


def _carried(matrix: sparse.csr_array, errors: np.ndarray | None, axis: int, holes: np.ndarray | None):
    """Errors after the matrix, each value's own error independent of its neighbours'."""
    if errors is None:
        return None
    variance = errors**2 if holes is None else np.where(holes, 0, errors**2)
    return np.sqrt(apply_along(variance, axis, lambda block: matrix.multiply(matrix).tocsr() @ block))


def cells(places: np.ndarray) -> np.ndarray:
    """The length each place of an axis [n] stands for [n]: half the way to either neighbour; never negative."""
    places = np.asarray(places, float)
    if len(places) == 1:
        return np.ones(1)
    order = np.argsort(places, kind="stable")
    sizes = np.empty(len(places))
    sizes[order] = np.gradient(places[order])
    sizes[order[0]], sizes[order[-1]] = np.diff(places[order])[[0, -1]]
    return sizes


def gaussian(places: np.ndarray, sigma: float) -> sparse.csr_array:
    """The weights of a Gaussian mean along an axis whose steps may be uneven.

    Parameters
    ----------
    places
        The axis's values [n].
    sigma
        The standard deviation in the axis's unit.

    Returns
    -------
    scipy.sparse.csr_array
        The weights [n, n]; rows add up to one.
    """
    order = np.argsort(places, kind="stable")
    ordered, size = np.asarray(places, float)[order], cells(places)
    rows, columns, weights = [], [], []
    first = np.searchsorted(ordered, ordered - _REACH * sigma)
    last = np.searchsorted(ordered, ordered + _REACH * sigma, side="right")
    for place, (low, high) in enumerate(zip(first, last, strict=True)):
        near = order[low:high]
        weight = np.exp(-0.5 * ((ordered[low:high] - ordered[place]) / sigma) ** 2) * size[near]
        rows.append(np.full(len(near), order[place]))
        columns.append(near)
        weights.append(weight / weight.sum())
    shape = (len(places), len(places))
    return sparse.csr_array((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def first_derivative(places: np.ndarray) -> sparse.csr_array:
    """The matrix [n, n] of the first derivative over ``places`` [n]: second order on uneven steps, one-sided at the
    ends."""
    return _derivative(places, 1)


def second_derivative(places: np.ndarray) -> sparse.csr_array:
    """The matrix [n, n] of the second derivative over ``places`` [n] by three points; at the ends that of the parabola
    through the last three."""
    return _derivative(places, 2)


def _derivative(places: np.ndarray, order: int) -> sparse.csr_array:
    places = np.asarray(places, float)
    if len(places) < 3:
        raise ScanError(f"a derivative needs three values or more along its axis; this one has {len(places)}")
    if (np.diff(places) == 0).any():
        raise ScanError("two neighbouring values of the axis are equal, so that there is no derivative along it")
    rows, columns, weights = [], [], []
    for place in range(len(places)):
        near = np.clip(place, 1, len(places) - 2) + np.array([-1, 0, 1])
        x = places[near] - places[place]
        # The parabola through three points: Lagrange's weights of its first or second derivative at zero.
        for number, (own, one, two) in enumerate(((0, 1, 2), (1, 0, 2), (2, 0, 1))):
            below = (x[own] - x[one]) * (x[own] - x[two])
            rows.append(place)
            columns.append(near[number])
            weights.append((-(x[one] + x[two]) if order == 1 else 2.0) / below)
    return sparse.csr_array((weights, (rows, columns)), shape=(len(places),) * 2)
