"""A cube's readings on the grid of its axes' values, and functions on a grid between its places.

A grid function is the tensor product of cubic splines through its values (of lower degree along an axis of fewer than
four places). Beyond the ends of an axis it is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import BSpline, NdBSpline, make_interp_spline
from scipy.ndimage import distance_transform_edt

from napari_scantwin.interpolators.protocol import TrainingPoints

__all__ = ["GridFunctions", "MeasuredGrid", "filled"]

#: Points that fill less of the grid of all their axes' values than this share have no common grid.
_FILLED = 0.4
#: Places lie on a grid of their own where it has at most so many times as many places.
_ROOM = 4


@dataclass(frozen=True)
class MeasuredGrid:
    """Readings on a grid.

    Parameters
    ----------
    axes
        Values along each axis, ascending, slow first.
    values
        Readings [slow, ..., fast], scaled; anything where nothing was measured.
    variance
        The variance of each reading's noise [slow, ..., fast].
    seen
        Whether a reading was measured [slow, ..., fast].
    """

    axes: tuple[np.ndarray, ...]
    values: np.ndarray
    variance: np.ndarray
    seen: np.ndarray

    @classmethod
    def of(cls, points: TrainingPoints) -> MeasuredGrid | None:
        """The grid that training points lie on; None where they lie on none."""
        columns = [points.knots[points.group], *points.coordinates.T[1:]]
        found = [np.unique(column, return_inverse=True) for column in columns]
        shape = tuple(len(axis) for axis, _ in found)
        if min(shape) < 2 or np.prod([float(size) for size in shape]) * _FILLED > len(points.targets):
            return None
        place = np.ravel_multi_index([number.ravel() for _, number in found], shape)
        size = int(np.prod(shape))
        count = np.bincount(place, minlength=size)
        many = np.maximum(count, 1)
        # Places that were measured twice are known better.
        values = np.bincount(place, points.targets, minlength=size) / many
        variance = np.bincount(place, points.variance, minlength=size) / many**2
        axes = tuple(axis for axis, _ in found)
        return cls(axes, values.reshape(shape), variance.reshape(shape), (count > 0).reshape(shape))

    def kept(self, rows: np.ndarray) -> MeasuredGrid:
        """The slices of the slowest axis for which ``rows`` [slow] is true."""
        return MeasuredGrid(
            (self.axes[0][rows], *self.axes[1:]), self.values[rows], self.variance[rows], self.seen[rows]
        )


@dataclass(frozen=True)
class GridFunctions:
    """Several functions on one grid, at any place.

    Parameters
    ----------
    axes
        Values along each axis, ascending.
    values
        Their values [functions, ...] on the grid.
    """

    axes: tuple[np.ndarray, ...]
    values: np.ndarray

    @cached_property
    def _spline(self) -> tuple[list[np.ndarray], np.ndarray, list[int]]:
        """Knots, coefficients [functions, ...] and degrees."""
        knots, degrees, coefficients = [], [], np.asarray(self.values, float)
        for number, axis in enumerate(self.axes, 1):
            spline = make_interp_spline(axis, coefficients, min(3, len(axis) - 1), axis=number)
            # The axis that was gone along stands first among the coefficients.
            coefficients = np.moveaxis(spline.c, 0, number)
            knots.append(spline.t)
            degrees.append(spline.k)
        return knots, coefficients, degrees

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """The functions' values.

        Parameters
        ----------
        places
            Where, [n, axes].

        Returns
        -------
        array
            Values [functions, n].
        """
        held = [np.clip(column, axis[0], axis[-1]) for column, axis in zip(places.T, self.axes, strict=True)]
        found = [np.unique(column, return_inverse=True) for column in held]
        shape = [len(values) for values, _ in found]
        if np.prod([float(size) for size in shape]) <= _ROOM * len(places):
            number = np.ravel_multi_index([inverse.ravel() for _, inverse in found], shape)
            return self.on_grid([values for values, _ in found]).reshape(len(self.values), -1)[:, number]
        knots, coefficients, degrees = self._spline
        return NdBSpline(tuple(knots), np.moveaxis(coefficients, 0, -1), degrees)(np.stack(held, axis=1)).T

    def on_grid(self, axes: Sequence[np.ndarray]) -> np.ndarray:
        """The functions' values [functions, ...] on a grid, by one product of matrices an axis.

        Parameters
        ----------
        axes
            Values along each axis.
        """
        knots, result, degrees = self._spline
        for number, (own, asked) in enumerate(zip(self.axes, axes, strict=True), 1):
            matrix = BSpline.design_matrix(np.clip(asked, own[0], own[-1]), knots[number - 1], degrees[number - 1])
            moved = np.moveaxis(result, number, 0)
            product = matrix @ moved.reshape(len(moved), -1)
            result = np.moveaxis(product.reshape(len(asked), *moved.shape[1:]), 0, number)
        return result


def filled(slow: np.ndarray, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Slices with their holes filled along the slow axis, the ends held; places no slice saw take the nearest.

    Parameters
    ----------
    slow
        The slices' places on the slow axis [slices], ascending.
    values
        The slices [slices, ...].
    seen
        Whether each value was measured [slices, ...].

    Returns
    -------
    array
        The slices without holes; ``values`` itself where there are none.
    """
    if seen.all():
        return values
    values = values.copy()
    flat, known = values.reshape(len(slow), -1), seen.reshape(len(slow), -1)
    for column in np.flatnonzero(known.any(axis=0) & ~known.all(axis=0)):
        rows = known[:, column]
        flat[:, column] = np.interp(slow, slow[rows], flat[rows, column])
    never = ~known.any(axis=0).reshape(values.shape[1:])
    if never.any():
        nearest = distance_transform_edt(never, return_distances=False, return_indices=True)
        values = values[(slice(None), *nearest)]
    return values
