"""A twin's simulated map of any size as dask arrays: what is looked at is evaluated, nothing else.

The arrays are cut into chunks, but a plane through a chunk evaluates that plane only, since dask asks for the part it
needs, so that every direction of slicing costs the same.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

__all__ = ["CHUNK", "Part", "blocks", "lazy_arrays"]

#: Bytes of one chunk of float32 values.
CHUNK = 8 << 20


@dataclass(frozen=True)
class Part:
    """One of the arrays of a simulated map, evaluated where it is indexed: ``what`` is 0 for the values, 1 for their
    standard deviation, 2 for whether they are extrapolated. ``along`` and ``order`` ask for a derivative."""

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
        return self._evaluated([np.atleast_1d(one) for one in picked]).reshape(shape)

    def _evaluated(self, axes: list[np.ndarray]) -> np.ndarray:
        mesh = np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)
        if self.what == 2:
            return self.twin.extrapolates(mesh)
        if self.along is None and self.what == 0:
            return (self.twin.mixture(mesh)[0] * self.twin.spread + self.twin.offset).astype(np.float32)
        if self.along is None:
            return self.twin.predict(mesh)[1].astype(np.float32)
        return self.twin.derivative(mesh, self.along, order=self.order)[self.what].astype(np.float32)


def lazy_arrays(twin, axes: dict[str, np.ndarray], along: str | None = None, order: int = 1):
    """Values, standard deviations and extrapolation flags on the grid ``axes`` as three dask arrays."""
    import dask.array

    shape = tuple(len(axis) for axis in axes.values())
    sizes = dask.array.core.normalize_chunks("auto", shape=shape, limit=CHUNK, dtype=np.float32)
    parts = [Part(twin, tuple(axes.values()), what, along, order) for what in range(3)]
    return [dask.array.from_array(part, chunks=sizes, name=False, asarray=True) for part in parts]


def blocks(shape: tuple[int, ...], most: int) -> list[tuple[slice, ...]]:
    """The grid of ``shape`` cut into boxes of at most about ``most`` values, all of one size but the last along each
    axis: whole along the fastest axes, cut along the slowest."""
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
