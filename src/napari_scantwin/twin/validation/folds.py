"""Which sweeps are held out together, to score a twin by sweeps it never saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import in_progress, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.set_points import set_point_texts

__all__ = ["Groups", "group_points"]

_BLOCKS = 8
#: With fewer points a set point than this, on average, there are no sweeps.
_FEWEST_A_SWEEP = 4


@dataclass(frozen=True)
class Groups:
    """The groups that are held out whole.

    A group is every point at one set point of the slowest axis: a sweep of a map, a slice of a cube, both
    branches of a warming and cooling run. A scan with one axis, or whose points are scattered instead of lying in
    sweeps, is cut into blocks along the slowest axis instead.

    Parameters
    ----------
    group
        The number of the group of each point [n], ascending along the axis.
    knots
        Each group's set point [groups].
    fold
        The fold each group is held out in [groups].
    labels
        Each group's name with unit.
    sweeps
        Whether the groups are sweeps; false for blocks.
    unfinished
        The number of the group with the sweep that is still being measured; -1 where none is.
    """

    group: np.ndarray
    knots: np.ndarray
    fold: np.ndarray
    labels: tuple[str, ...]
    sweeps: bool = True
    unfinished: int = -1

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1

    @property
    def edge(self) -> np.ndarray:
        """Whether each group is not to be judged by [groups]: outermost, so that leaving it out asks for extrapolation,
        or not measured to its end. Beyond the end of such a group its neighbour is the outermost."""
        whole = np.flatnonzero(np.arange(len(self.knots)) != self.unfinished)
        edge = np.ones(len(self.knots), bool)
        edge[whole[1:-1]] = False
        return edge

    @property
    def point_fold(self) -> np.ndarray:
        """The fold in which each point is held out [n]."""
        return self.fold[self.group]


def group_points(scan: xr.DataArray, table: scans.Points, most_folds: int) -> Groups:
    """Group the points of a scan.

    Parameters
    ----------
    scan
        The scan.
    table
        Its points.
    most_folds
        At most so many folds; neighbours are never in one.
    """
    names = scans.axes(scan)
    slow = table.coordinates[:, 0]
    knots, group = np.unique(scans.set_points(slow), return_inverse=True)
    sweeps = len(names) > 1 and len(slow) >= _FEWEST_A_SWEEP * len(knots)
    if not sweeps:
        count = min(_BLOCKS, len(slow) // 2)
        edges = np.quantile(slow, np.linspace(0, 1, count + 1))
        group = np.clip(np.searchsorted(edges, slow, side="right") - 1, 0, count - 1)
        _, group = np.unique(group, return_inverse=True)
        knots = np.array([slow[group == number].mean() for number in range(group.max() + 1)])
    folds = max(2, min(most_folds, len(knots)))
    unit = units.pretty(scan[names[0]].attrs["units"])
    labels = tuple(f"{text} {unit}".strip() for text in set_point_texts(scan, names[0], knots))
    unfinished = _unfinished(scan, table, group) if sweeps else -1
    if unfinished >= 0:
        labels = (*labels[:unfinished], f"{labels[unfinished]} in progress", *labels[unfinished + 1 :])
    return Groups(group, knots, np.arange(len(knots)) % folds, labels, sweeps, unfinished)


def _unfinished(scan: xr.DataArray, table: scans.Points, group: np.ndarray) -> int:
    """The group with the sweep in progress; -1 where none is."""
    number = in_progress.number(scan)
    mine = np.flatnonzero(table.sweep == number)
    return int(group[mine[0]]) if len(mine) else -1
