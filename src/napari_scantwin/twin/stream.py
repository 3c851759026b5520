"""Scans too large to be held as a table of points: a subsampled scan for everything that is judged, and draws from the
whole of it for the networks to learn from."""

from __future__ import annotations

import threading

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.grid import MeasuredGrid
from napari_scantwin.twin.data import Data, weight

__all__ = ["MOST", "OwnPoints", "Stream", "subsampled"]

#: Scans of more points are subsampled to so many for the trials, the score and the uncertainty.
MOST = 100_000
#: No axis is subsampled to fewer values.
_LEAST = 8
#: Of a scan that is read from its file in parts, so many values at most are kept to draw from (12 bytes each), and so
#: many bytes are read at once.
RESIDENT = 20_000_000
_AT_ONCE = 64 << 20


def subsampled(scan: xr.DataArray, most: int = MOST) -> xr.DataArray:
    """The scan at no more than about so many points.

    Every value of the slowest axis is kept, and of the other axes evenly spaced ones, the same in every slice and the
    outermost among them; of a ragged scan, every n-th point of each sweep. What is masked as a whole is left out.

    Parameters
    ----------
    scan
        A checked scan, of any size.
    most
        About the most points; a smaller scan is returned as it is.

    Returns
    -------
    xarray.DataArray
        The subsampled scan, in memory.
    """
    if scan.size <= most:
        return scan.compute() if scans.is_lazy(scan) else scan
    if not scans.is_gridded(scan):
        order = np.argsort(scans.sweep_numbers(scan), kind="stable")
        return scan.isel({scans.POINT: np.sort(order[:: -(-scan.size // most)])})
    # What is left out of training as a whole, a slice of a cube perhaps, takes no room.
    kept = {str(name): _used(scan, number) for number, name in enumerate(scan.dims)}
    sizes = {name: len(places) for name, places in kept.items()}
    inner = list(kept)[1:] or list(kept)
    while np.prod([float(size) for size in sizes.values()]) > most:
        longest = max(inner, key=lambda name: sizes[name])
        if sizes[longest] <= _LEAST:
            break
        sizes[longest] = max(_LEAST, int(0.9 * sizes[longest]))
    for name in inner:
        places = kept[name]
        kept[name] = places[np.unique(np.linspace(0, len(places) - 1, sizes[name]).round().astype(int))]
    thin = scan.isel({name: places for name, places in kept.items() if len(places) < scan.sizes[name]})
    return thin.compute() if scans.is_lazy(thin) else thin


def _used(scan: xr.DataArray, number: int) -> np.ndarray:
    """Indices along the axis ``number`` of a gridded scan at which something is learned from; all, where nothing is."""
    if "masked" not in scan.coords:
        return np.arange(scan.shape[number])
    others = tuple(other for other in range(scan.ndim) if other != number)
    used = np.flatnonzero(~np.asarray(scan["masked"].values, bool).all(axis=others))
    return used if len(used) else np.arange(scan.shape[number])


class Stream:
    """Random draws from the unmasked points of a scan: only what is drawn is ever made a table of.

    Of a scan that is read in parts the file is gone through once, and at most :data:`RESIDENT` values, chosen at random
    and always the same, are kept.

    Parameters
    ----------
    scan
        The whole scan.
    data
        Its subsampled points, which set scale, weights and groups.
    stop
        Ends the reading when it is set.

    Raises
    ------
    Cancelled
        Where ``stop`` is set while the scan is read.
    """

    def __init__(self, scan: xr.DataArray, data: Data, stop: threading.Event | None = None):
        self._scan, self._data = scan, data
        # Numbers (in C order) of the values that are kept; None where all are.
        self._kept: np.ndarray | None = None
        if scans.is_lazy(scan):
            self._values, self._kept = _resident(scan, stop)
        else:
            self._values = np.asarray(scan.values).ravel()
        self._errors = self._beside("standard_error")
        good = np.isfinite(self._values)
        if "masked" in scan.coords:
            good &= ~self._beside("masked").astype(bool)
        self._usable = None if good.all() else np.flatnonzero(good)
        slow, group = data.coordinates[:, 0], data.groups.group
        count = len(data.groups.knots)
        low, high = (np.array([limit(slow[group == k]) for k in range(count)]) for limit in (np.min, np.max))
        self._between = (high[:-1] + low[1:]) / 2

    def _beside(self, name: str) -> np.ndarray | None:
        """A coordinate in the scan's shape, for the values that are kept."""
        if name not in self._scan.coords:
            return None
        if self._kept is None:
            return np.asarray(self._scan[name].values).ravel()
        return np.asarray(self._scan[name].variable.data.reshape(-1)[self._kept])

    def __len__(self) -> int:
        return len(self._values) if self._usable is None else len(self._usable)

    def draw(self, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Draw points at random, or all in order where there are no more than asked for.

        Parameters
        ----------
        random
            The generator.
        count
            How many, drawn with replacement.

        Returns
        -------
        tuple of arrays
            Coordinates [n, axes], targets [n], sample weights [n] and held-out groups [n], as in :class:`Data`.
        """
        rows = np.arange(len(self)) if len(self) <= count else random.integers(0, len(self), count)
        rows = rows if self._usable is None else self._usable[rows]
        names = scans.axes(self._scan)
        numbers = rows if self._kept is None else self._kept[rows]
        if scans.is_gridded(self._scan):
            places = np.unravel_index(numbers, self._scan.shape)
        else:
            places = (numbers,) * len(names)
        columns = [np.asarray(self._scan[name].values, float)[place] for name, place in zip(names, places, strict=True)]
        targets = (self._values[rows].astype(float) - self._data.offset) / self._data.spread
        errors = None if self._errors is None else self._errors[rows]
        sample_weight = weight(errors, self._data.spread, len(rows)) / self._data.usual_weight
        return np.stack(columns, axis=1), targets, sample_weight, np.searchsorted(self._between, columns[0])

    def grid(self, most: int) -> MeasuredGrid | None:
        """The scan, or evenly spaced places of every slice, on its grid; None where the scan is not gridded.

        Parameters
        ----------
        most
            About the most readings.
        """
        if not scans.is_gridded(self._scan):
            return None
        data, scan = self._data, subsampled(self._scan, most)
        seen = np.isfinite(scan.values)
        if "masked" in scan.coords:
            seen = seen & ~scan["masked"].values.astype(bool)
        values = np.where(seen, (scan.values - data.offset) / data.spread, 0).astype(np.float32)
        noise = data.noise(np.where(seen, scan.values, data.offset)) / data.spread
        variance = np.square(noise, dtype=np.float32)
        if "standard_error" in scan.coords:
            errors = scan["standard_error"].values.ravel()
            shares = weight(errors, data.spread, scan.size).reshape(scan.shape) / data.usual_weight
            variance = (float(np.median(noise)) ** 2 / shares).astype(np.float32)
        axes = tuple(np.asarray(scan[name].values, float) for name in scans.axes(scan))
        order = tuple(np.argsort(axis) for axis in axes)
        axes = tuple(axis[number] for axis, number in zip(axes, order, strict=True))
        values, variance, seen = (part[np.ix_(*order)] for part in (values, variance, seen))
        # A slice of which nothing is used is no slice.
        return MeasuredGrid(axes, values, variance, seen).kept(seen.any(axis=tuple(range(1, seen.ndim))))


class OwnPoints:
    """A :class:`Stream` of nothing but the points of ``data``."""

    def __init__(self, data: Data):
        self._data = data

    def __len__(self) -> int:
        return len(self._data.targets)

    def draw(self, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As :meth:`Stream.draw`."""
        data, size = self._data, len(self)
        rows = np.arange(size) if size <= count else random.integers(0, size, count)
        return data.coordinates[rows], data.targets[rows], data.sample_weight[rows], data.group[rows]


def _resident(scan: xr.DataArray, stop: threading.Event | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Values of a scan that is read in parts [at most RESIDENT], and their numbers in C order; None where all are kept.
    The same share of every slab of the slowest dimension is kept."""
    random = np.random.default_rng(0)
    inner = scan.size // scan.shape[0]
    step = max(1, int(_AT_ONCE // max(scan.nbytes // scan.shape[0], 1)))
    values, numbers = [], []
    for start in range(0, scan.shape[0], step):
        if stop is not None and stop.is_set():
            raise Cancelled
        slab = np.asarray(scan.variable.data[start : start + step]).ravel()
        if scan.size > RESIDENT:
            count = int(RESIDENT * (slab.size / scan.size))
            places = np.sort(random.integers(0, slab.size, count))
            values.append(slab[places])
            numbers.append(start * inner + places)
        else:
            values.append(slab)
    return np.concatenate(values), np.concatenate(numbers) if numbers else None
