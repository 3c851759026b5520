"""A slice's total intensity, kept: a function of the slow axes that is added to an interpolator of a cube.

What is summed over a slice is known far better than any of its readings. It is interpolated by itself, and what an
interpolator's slices sum up to beside it is spread evenly over the slice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from napari_scantwin.interpolators.grid import GridFunctions, MeasuredGrid, filled
from napari_scantwin.interpolators.scores import SlowAxes, interpolated

__all__ = ["correction", "means"]

#: Folds in which inner slices are left out, the fewest of those, and the share of a straight line's error that is
#: clearly better.
_FOLDS, _FEWEST, _CLEARLY = 4, 6, 0.5


def means(grid: MeasuredGrid, slow: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean of every slice and the variance of its noise.

    Parameters
    ----------
    grid
        The readings.
    slow
        How many axes are slow ones; slices are over the rest.

    Returns
    -------
    tuple of arrays
        Means and variances [slow axes].
    """
    inside = tuple(range(slow, len(grid.axes)))
    size = np.prod(grid.values.shape[slow:])
    values = filled(grid.axes[0], grid.values, grid.seen)
    return values.mean(axis=inside), grid.variance.mean(axis=inside) / size


def correction(grid: MeasuredGrid, axes: SlowAxes, nodes: tuple[np.ndarray, ...], mean: Callable) -> GridFunctions:
    """What is to be added to an interpolator of a cube.

    Sums are interpolated by straight lines along the slow axes, unless sums left out are foretold clearly better by a
    Gaussian process, or are too few to tell.

    Parameters
    ----------
    grid
        The readings it was fitted to.
    axes
        The slow axes on their scales, with ``nodes``.
    nodes
        The slow axes' values at which the correction is worked out.
    mean
        Gives the interpolator's mean over the slice at each node [slow axes].

    Returns
    -------
    GridFunctions
        One function of the slow axes.
    """
    own, variance = means(grid, len(nodes))
    unit = np.sqrt(max(float(variance.mean()), (1e-6 * float(np.std(grid.values))) ** 2, 1e-30))
    centre = float(own.mean())
    slow, sums = grid.axes[: len(nodes)], (own - centre) / unit
    found = _curved(axes, sums) if _bent(slow, sums) else _straight(slow, sums, nodes)
    return GridFunctions(nodes, (found * unit + centre - mean())[None])


def _curved(axes: SlowAxes, sums: np.ndarray) -> np.ndarray:
    return interpolated(axes, sums[None], 0, np.random.default_rng(0))[0][0]


def _straight(slow: tuple[np.ndarray, ...], sums: np.ndarray, nodes: tuple[np.ndarray, ...]) -> np.ndarray:
    return RegularGridInterpolator(slow, sums)(np.stack(np.meshgrid(*nodes, indexing="ij"), axis=-1))


def _bent(slow: tuple[np.ndarray, ...], sums: np.ndarray) -> bool:
    """Whether a process is clearly better than straight lines on slices left out."""
    inner, wrong = np.arange(1, len(sums) - 1), np.zeros(2)
    if len(inner) < _FEWEST:  # nothing tells; a process goes straight where it is not told otherwise
        return True
    for first in range(_FOLDS):
        held = inner[first::_FOLDS]
        kept = np.setdiff1d(np.arange(len(sums)), held)
        known, asked = (slow[0][kept], *slow[1:]), (slow[0][held], *slow[1:])
        axes, nodes = SlowAxes.of(known)
        curved = GridFunctions(nodes, _curved(axes, sums[kept])[None]).on_grid(asked)[0]
        both = np.stack([curved, _straight(known, sums[kept], asked)])
        wrong += np.sum((both - sums[held]) ** 2, axis=tuple(range(1, both.ndim)))
    return bool(wrong[0] < _CLEARLY**2 * wrong[1])
