"""An array that is read in parts, as napari slices it, without making the window wait for the file."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from qtpy.QtWidgets import QApplication

from napari_scantwin.viewer.kit.latest_job import LatestJob, not_read
from napari_scantwin.viewer.kit.reasons import say_error

__all__ = ["LazyPlanes", "read_in_thread"]

#: A part of an array: the first and the end of every dimension.
Part = tuple[tuple[int, int], ...]
#: So many parts are kept: napari's, and one of whoever else shows the layer.
_HELD = 2


class LazyPlanes:
    """What the layer of a lazily opened scan holds as its data: an array whose planes come when they have been read.

    It is given to the layer alone, for napari's slicing in the main thread must not wait for a file: a plane sliced out
    of it is a :meth:`glimpse`. Everyone else asks ``array``, the dask array itself; ``numpy.asarray`` of the whole, and
    whatever is no plane, are read and true.

    Parameters
    ----------
    array
        The dask array [..., any number of axes].
    """

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, array.ndim, array.size
        self._job: LatestJob | None = None
        self._refresh: list[Callable[[], None]] = []
        self._then: Callable[[np.ndarray], None] = lambda mean: None
        self._wanted: Part | None = None
        self._means: tuple[int, ...] = ()
        self._held: OrderedDict[Part, np.ndarray] = OrderedDict()
        self._stands_in, self._told = False, False

    def __deepcopy__(self, memo) -> LazyPlanes:
        """For a duplicate of the layer: the same file, read for that layer on its own."""
        copy = LazyPlanes(self.array)
        if self._job is not None:
            copy.read_in_thread()
        return copy

    def __len__(self) -> int:
        return self.shape[0]

    def read_in_thread(self, refresh: Callable[[], None] | None = None) -> None:
        """Read in a thread from now on, and call ``refresh()`` when something has come; nothing without a window."""
        if self._job is None and QApplication.instance() is not None:
            self._job = LatestJob()
            self._job.found.connect(self._came)
            self._job.failed.connect(self._failed)
        if refresh is not None and refresh not in self._refresh:
            self._refresh.append(refresh)

    @property
    def waiting(self) -> bool:
        """Whether what was glimpsed last stands in place of something that has not come yet."""
        return self._stands_in or self._wanted is not None

    def __getitem__(self, key) -> np.ndarray:
        return self.glimpse(key)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self.array, dtype)

    def glimpse(self, key) -> np.ndarray:
        """A part, or what stands in for it until it has been read: the part of its size read last, or NaN. Then every
        layer that shows it is told to look again. Before :meth:`read_in_thread`, as in a viewer without a window, parts
        are read at once.
        """
        part = self._part(key)
        if self._job is None or part is None:
            return np.asarray(self.array[key])
        if part not in self._held:
            self.bring(part, (), lambda values: [refresh() for refresh in self._refresh])
        size = tuple(stop - start for start, stop in part)
        self._stands_in = part not in self._held
        alike = [values for values in self._held.values() if values.shape == size]
        values = self._held.get(part, alike[-1] if alike else np.full(size, np.nan, self.dtype))
        return values[tuple(0 if isinstance(one, (int, np.integer)) else slice(None) for one in key)]

    def bring(self, part: Part, means: tuple[int, ...], then: Callable[[np.ndarray], None]) -> None:
        """Read a part and call ``then(mean)`` with its mean over the dimensions ``means``; likewise with an older one,
        averaged alike, that comes before it."""
        self._then, self._means = then, means
        if part in self._held:
            self._job.skip()
            self._wanted = None
            then(_mean(self._held[part], means))
        elif part != self._wanted:
            self._wanted, array = part, self.array
            self._job.ask(lambda: _read(array, part, means))

    def _came(self, found) -> None:
        part, means, values, mean = found
        self._told = False
        self._held[part] = values
        self._held.move_to_end(part)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)
        if part == self._wanted:
            self._wanted = None
            self._then(mean if means == self._means else _mean(values, self._means))
        elif means == self._means and self._wanted is not None:
            self._then(mean)

    def _failed(self, reason) -> None:
        if not self._job.busy:  # else something newer may still come
            self._wanted = None
        if not self._told:  # once, not for every place the mouse goes through
            self._told = True
            say_error(not_read("The plane", reason))

    def _part(self, key) -> Part | None:
        """What a key asks for; None where it is no block of the array."""
        if not isinstance(key, tuple) or len(key) != self.ndim:
            return None
        ends = []
        for one, length in zip(key, self.shape, strict=True):
            if isinstance(one, (int, np.integer)):
                one = slice(int(one), int(one) + 1) if one >= 0 else slice(int(one) + length, int(one) + length + 1)
            if not isinstance(one, slice):
                return None
            start, stop, step = one.indices(length)
            if step != 1 or stop <= start:
                return None
            ends.append((start, stop))
        return tuple(ends)


def read_in_thread(data, refresh: Callable[[], None] | None = None) -> None:
    """:meth:`LazyPlanes.read_in_thread` of a layer's data where they are read in parts."""
    if isinstance(data, LazyPlanes):
        data.read_in_thread(refresh)


def _read(array, part: Part, means: tuple[int, ...]) -> tuple:
    values = np.asarray(array[tuple(slice(*ends) for ends in part)])
    return part, means, values, _mean(values, means)


def _mean(values: np.ndarray, means: tuple[int, ...]) -> np.ndarray:
    if all(values.shape[axis] == 1 for axis in means):
        return values.squeeze(means)
    return values.mean(axis=means)
