"""The points in training, as every interpolator sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.interpolators.aligned import Rows, sweep_rows
from napari_scantwin.interpolators.aligned_interpolation import DRAWS
from napari_scantwin.twin.folds import Groups, group_points
from napari_scantwin.twin.noise import Noise, measure
from napari_scantwin.twin.smoothing import smoothed

__all__ = ["Data", "prepare", "weight"]

#: Error bars far below the twin's own accuracy (this share of the spread) count alike, so that no handful of
#: points outweighs the scan.
_SMALLEST_ERROR = 0.01
#: Sets of draws of the smoothed sweeps' errors that interpolations share.
_SETS = 6


@dataclass(frozen=True)
class Data:
    """The unmasked points of a scan, slow axis first.

    ``targets`` [n] are the values scaled to mean 0 and deviation 1 (``value = target * spread + offset``),
    ``sample_weight`` [n] weights of mean 1 from their error bars (:func:`weight` over ``usual_weight``), ``noise`` in
    the value's unit, ``sweep`` [n] the sweep of each point.
    """

    coordinates: np.ndarray
    values: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray
    usual_weight: float
    sweep: np.ndarray
    groups: Groups
    noise: Noise
    offset: float
    spread: float
    _known: dict = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def axes(self) -> int:
        """How many axes were scanned."""
        return self.coordinates.shape[1]

    @property
    def group(self) -> np.ndarray:
        """The number of the sweep each point is held out with [n]."""
        return self.groups.group

    @property
    def knots(self) -> np.ndarray:
        """Those sweeps' places on the slowest axis [groups], ascending."""
        return self.groups.knots

    @property
    def sweeps(self) -> bool:
        """Whether the points lie in sweeps at all."""
        return self.groups.sweeps

    @property
    def inner(self) -> np.ndarray:
        """Whether each point lies in an inner sweep [n]; true for all where there is no inner sweep."""
        inner = ~self.groups.edge[self.groups.group]
        return inner if inner.any() else np.ones(len(inner), bool)

    def once(self, key, make: Callable):
        """``make()``, computed the first time ``key`` is asked for; safe from several threads."""
        with self._lock:
            if key not in self._known:
                self._known[key] = make()
            return self._known[key]

    def rows(self, share: float) -> Rows:
        """The targets' sweeps by level, their noise taken down, with draws of the errors left (two axes only);
        computed once, since every sweep is smoothed and re-parametrised by itself."""
        fast, group = self.coordinates[:, -1], self.groups.group
        quiet, errors = self.once(
            "quiet", lambda: smoothed(fast, self.targets, self.sweep, self.sample_weight, DRAWS * _SETS)
        )
        return self.once(share, lambda: sweep_rows(fast, quiet, group, len(self.groups.knots), share, errors))


def prepare(scan: xr.DataArray, most_folds: int) -> Data:
    """The unmasked points of ``scan``, its held-out groups and its noise."""
    table = scans.points(scan)
    used = ~table.masked
    table = scans.Points(
        table.coordinates[used],
        table.values[used],
        None if table.errors is None else table.errors[used],
        table.sweep[used],
        table.masked[used],
    )
    offset, spread = float(table.values.mean()), float(table.values.std())
    weights = weight(table.errors, spread, len(table.values))
    return Data(
        coordinates=table.coordinates,
        values=table.values,
        targets=(table.values - offset) / spread,
        sample_weight=weights / weights.mean(),
        usual_weight=float(weights.mean()),
        sweep=table.sweep,
        groups=group_points(scan, table, most_folds),
        noise=measure(table.coordinates[:, -1], table.values, table.sweep),
        offset=offset,
        spread=spread,
    )


def weight(errors: np.ndarray | None, spread: float, count: int) -> np.ndarray:
    """How much each of ``count`` points counts, from its error bar where there are error bars [n]."""
    if errors is None or not np.isfinite(errors).all() or (errors < 0).any():
        return np.ones(count)
    return 1 / (errors**2 + (_SMALLEST_ERROR * spread) ** 2)
