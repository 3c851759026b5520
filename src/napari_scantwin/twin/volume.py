"""A twin's simulated map of any size as dask arrays: what is looked at is evaluated, nothing else.

Each array is one chunk, but only what is asked of it is evaluated, since dask hands slices on to where an array comes
from (those that go upwards: the axes of a lazy map ascend), so that every direction of slicing costs the same.

A plane far denser than what was measured is evaluated at nodes, several between neighbouring measured values, and cubic
splines do the rest: the twin is smooth between them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RectBivariateSpline

from napari_scantwin.core import scan as scans
from napari_scantwin.core.grids import mesh

__all__ = ["Part", "blocks", "lazy_arrays"]

#: Values evaluated at once.
_PART = 1 << 20
#: Planes of more points than this are evaluated at some so many nodes: from one measured value to the next there are
#: this many (least, most); along the slowest axis, whose values lie furthest apart, some ``_SLOW`` in all. On the
#: sample ARPES stack the splines between them are off by at most 2e-4 of the range across the slowest axis.
_DENSE, _NODES, _NODES_A_STEP, _SLOW = 20_000, 40_000, (4, 12), 200


@dataclass(frozen=True)
class Part:
    """One of the arrays of a simulated map, evaluated where it is indexed.

    Parameters
    ----------
    twin
        The twin to simulate.
    axes
        Values of every axis, slow first.
    what
        0 for the values, 1 for their standard deviation, 2 for whether they are extrapolated.
    along, order
        The axis and order of a derivative; the values themselves where ``along`` is None.
    """

    twin: object
    axes: tuple[np.ndarray, ...]
    what: int
    along: str | None = None
    order: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Values along each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.axes)

    @property
    def dtype(self) -> np.dtype:
        """float32, or bool."""
        return np.dtype(bool if self.what == 2 else np.float32)

    def __getitem__(self, index) -> np.ndarray:
        index = index if isinstance(index, tuple) else (index,)
        index = (*index, *[slice(None)] * (self.ndim - len(index)))
        picked = [axis[one] for axis, one in zip(self.axes, index, strict=True)]
        shape = tuple(len(one) for one in picked if np.ndim(one))
        axes = [np.atleast_1d(one) for one in picked]
        result = np.empty([len(axis) for axis in axes], self.dtype)
        for part in blocks(result.shape, _PART):
            asked = [axis[one] for axis, one in zip(axes, part, strict=True)]
            result[part] = self._evaluated(asked).reshape([len(axis) for axis in asked])
        return result.reshape(shape)

    def _evaluated(self, axes: list[np.ndarray]) -> np.ndarray:
        if self.what == 2:
            return self.twin.uncertainty.extrapolates(axes)
        if self.along is not None:
            return self.twin.derivative(mesh(axes), self.along, order=self.order)[self.what].astype(np.float32)
        mean, spread = self._by_nodes(axes) or self.twin.mixture.on_grid(axes)
        if self.what == 0:
            return (np.asarray(mean, float) * self.twin.spread + self.twin.offset).astype(np.float32)
        return self.twin.calibrated(axes, mean, spread)[1].astype(np.float32)

    def _by_nodes(self, axes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
        """The mixture's mean and spread on a plane from far fewer places; None where that saves little."""
        two = [position for position, axis in enumerate(axes) if len(axis) > 1]  # ascending
        if len(two) != 2 or not scans.is_gridded(self.twin.scan) or len(axes[two[0]]) * len(axes[two[1]]) < _DENSE:
            return None
        nodes, least, most = list(axes), *_NODES_A_STEP
        known = {k: np.unique(np.asarray(self.twin.scan[self.twin.axes[k]].values, float)) for k in two}
        a_step = int(np.clip(np.sqrt(_NODES / np.prod([len(values) for values in known.values()])), least, most))
        for position, measured in known.items():
            a_gap = int(np.clip(_SLOW / (len(measured) - 1), least, most)) if position == 0 else a_step
            places = np.linspace(0, len(measured) - 1, a_gap * (len(measured) - 1) + 1)
            low, high = axes[position].min(), axes[position].max()
            between = np.interp(places, np.arange(len(measured)), measured)
            nodes[position] = np.unique([low, *between[(between > low) & (between < high)], high])
        if np.prod([len(nodes[k]) for k in two]) > len(axes[two[0]]) * len(axes[two[1]]) / 2:
            return None
        if min(len(nodes[k]) for k in two) < 4:
            return None
        found = []
        for values in self.twin.mixture.on_grid(nodes):
            spline = RectBivariateSpline(nodes[two[0]], nodes[two[1]], values.reshape(len(nodes[two[0]]), -1), s=0)
            found.append(spline(axes[two[0]], axes[two[1]]).reshape([len(axis) for axis in axes]))
        return found[0], np.maximum(found[1], 0)


def lazy_arrays(twin, axes: dict[str, np.ndarray], along: str | None = None, order: int = 1, chunks=-1):
    """A simulated map as dask arrays, of which only what is looked at is evaluated.

    Parameters
    ----------
    twin
        The twin to simulate.
    axes
        Axis name to values, slow first; only ascending ones can be sliced without evaluating the rest.
    along, order
        The axis and order of a derivative; the values themselves where ``along`` is None.
    chunks
        The arrays' chunks; one by default.

    Returns
    -------
    list of dask arrays
        Values, standard deviations and extrapolation flags, each [slow, ..., fast].
    """
    import dask.array

    parts = [Part(twin, tuple(axes.values()), what, along, order) for what in range(3)]
    return [dask.array.from_array(part, chunks=chunks, name=False, asarray=True) for part in parts]


def blocks(shape: tuple[int, ...], most: int) -> list[tuple[slice, ...]]:
    """Cut a grid into boxes, whole along the fastest axes and cut along the slowest.

    Parameters
    ----------
    shape
        The grid's shape, slow axis first.
    most
        About the most values of a box.

    Returns
    -------
    list of tuples of slices
        The boxes in C order, all of one size but the last along each axis.
    """
    sizes, left = [], most
    for length in reversed(shape):
        size = max(1, min(length, left))
        sizes.append(size)
        left //= size
    cuts = [
        [slice(start, min(start + size, length)) for start in range(0, length, size)]
        for length, size in zip(shape, reversed(sizes), strict=True)
    ]
    return list(itertools.product(*cuts))
