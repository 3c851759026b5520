"""The training points, as every interpolator sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.interpolators.aligned import Rows, sweep_rows
from napari_scantwin.interpolators.aligned_interpolation import DRAWS
from napari_scantwin.twin.candidates.smoothing import smoothed
from napari_scantwin.twin.validation.consistency import spikes
from napari_scantwin.twin.validation.folds import Groups, group_points
from napari_scantwin.twin.validation.noise import Noise, measure

__all__ = ["Data", "prepare", "weight"]

#: Error bars far below the twin's own accuracy (this share of the spread) count alike, so that no handful of
#: points outweighs the scan.
_SMALLEST_ERROR = 0.01
#: The weight of a spike beside another reading's.
_SPIKE = 1e-6
#: Sets of draws of the smoothed sweeps' errors that interpolations share.
_SETS = 6


@dataclass(frozen=True)
class Data:
    """The unmasked points of a scan, slow axis first.

    Parameters
    ----------
    coordinates
        Places [n, axes] in the scan's units.
    values
        What was measured [n], in the value's unit.
    targets
        Values [n] scaled to mean 0 and deviation 1: ``value = target * spread + offset``.
    sample_weight
        Sample weights [n] of mean 1 from the error bars: :func:`weight` over ``usual_weight``.
    usual_weight
        The mean of what :func:`weight` gives.
    sweep
        The number of the sweep of each point [n].
    groups
        The groups that are held out whole.
    noise
        The measurement's noise, in the value's unit.
    offset, spread
        Mean and standard deviation of the values, in the value's unit.
    spikes
        Readings far off their neighbours [n]: they have next to no weight and are not judged by.
    shared
        The points of all branches (:class:`~napari_scantwin.twin.candidates.shared_points.SharedPoints`) where these
        are one of several, else None.
    branch
        Which of those they are.
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
    spikes: np.ndarray
    shared: Any = None
    branch: int = 0
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
    def variance(self) -> np.ndarray:
        """The variance of each target's noise [n]: as measured, shared out by error bars if there are any."""
        noise = self.noise(self.values) / self.spread
        if np.ptp(self.sample_weight) == 0:
            return noise**2
        return float(np.median(noise)) ** 2 / self.sample_weight

    @property
    def inner(self) -> np.ndarray:
        """Whether each point lies in an inner sweep and is no spike [n]; of all sweeps where none is inside."""
        inner = ~self.groups.edge[self.groups.group] & ~self.spikes
        return inner if inner.any() else ~self.spikes

    @property
    def quiet(self) -> tuple[np.ndarray, np.ndarray]:
        """The targets [n] with every sweep's noise taken down, and draws [draws, n] of the errors left."""
        columns = self.coordinates[:, -1], self.targets, self.sweep, self.sample_weight
        return self.once("quiet", lambda: smoothed(*columns, DRAWS * _SETS))

    def once(self, key, make: Callable):
        """Compute something the first time it is asked for and keep it; safe from several threads.

        Parameters
        ----------
        key
            What it is kept under.
        make
            Called without arguments where nothing is kept yet.

        Returns
        -------
        object
            What ``make()`` returned.
        """
        with self._lock:
            if key not in self._known:
                self._known[key] = make()
            return self._known[key]

    def rows(self, share: float) -> Rows:
        """The targets' sweeps by level, their noise taken down, with draws of the errors left (two axes only).

        It is computed once, since every sweep is smoothed and re-parametrised by itself.

        Parameters
        ----------
        share
            The share of the plain fast axis in the level (:mod:`napari_scantwin.interpolators.aligned`), 0 to 1.
        """
        fast, group = self.coordinates[:, -1], self.groups.group
        quiet, errors = self.quiet
        return self.once(share, lambda: sweep_rows(fast, quiet, group, len(self.groups.knots), share, errors))


def prepare(scan: xr.DataArray, most_folds: int) -> Data:
    """The unmasked points of a scan, its held-out groups and its noise.

    Parameters
    ----------
    scan
        A checked scan.
    most_folds
        At most so many folds are held out.
    """
    table = scans.points(scan)
    used = ~table.masked
    table = scans.Points(
        table.coordinates[used],
        table.values[used],
        None if table.errors is None else table.errors[used],
        table.sweep[used],
        table.masked[used],
    )
    noise = measure(table.coordinates[:, -1], table.values, table.sweep)
    groups = group_points(scan, table, most_folds)
    far = np.zeros(len(table.values), bool)
    if groups.sweeps and table.coordinates.shape[1] == 2:  # counts of a cube have peaks of one channel
        far = spikes(table.coordinates[:, -1], table.values, table.sweep, noise)
    offset, spread = float(table.values[~far].mean()), float(table.values[~far].std())
    weights = np.where(far, _SPIKE, 1.0) * weight(table.errors, spread, len(table.values))
    return Data(
        coordinates=table.coordinates,
        values=table.values,
        targets=(table.values - offset) / spread,
        sample_weight=weights / weights.mean(),
        usual_weight=float(weights.mean()),
        sweep=table.sweep,
        groups=groups,
        noise=noise,
        offset=offset,
        spread=spread,
        spikes=far,
    )


def weight(errors: np.ndarray | None, spread: float, count: int) -> np.ndarray:
    """How much each point counts in a fit: ``1 / (error^2 + (0.01 spread)^2)``.

    Error bars far below the twin's own accuracy count alike, so that no handful of points outweighs the scan.

    Parameters
    ----------
    errors
        Error bars [n] in the value's unit; None, or where one is negative or not finite, for equal weights.
    spread
        The values' standard deviation.
    count
        How many points there are.

    Returns
    -------
    array
        Sample weights [n], not normalised; ones without error bars.
    """
    if errors is None or not np.isfinite(errors).all() or (errors < 0).any():
        return np.ones(count)
    return 1 / (errors**2 + (_SMALLEST_ERROR * spread) ** 2)
