"""Maps that were stopped: a beamline makes room for every step beforehand, and what it never measured stays filled with
zeros, which are no counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_scantwin.core.errors import ScanError

__all__ = ["steps_measured", "without_unmeasured"]

#: The part of a step by which a read-back that is no more than the planned position differs from it.
_PLANNED = 1e-9


def steps_measured(values, dimension: int, planned: np.ndarray, read_backs: Sequence[np.ndarray]) -> int:
    """How many steps of a scanned dimension were measured.

    A step was measured where something was counted in it or in a later one, and where a read-back shows that its motor
    went on to it.

    Parameters
    ----------
    values
        The counts, numpy or dask.
    dimension
        The scanned one.
    planned
        Its planned positions [n].
    read_backs
        Read-backs along it [n].

    Returns
    -------
    int
        The number of steps, at most n.
    """
    reached = max((_reached(one) for one in read_backs if not _is_plan(one, planned)), default=0)
    for step in reversed(range(reached, values.shape[dimension])):
        counts = np.asarray(values[(slice(None),) * dimension + (step,)])
        if np.any(np.nan_to_num(counts)):
            return step + 1
    return reached


def _is_plan(read_back: np.ndarray, planned: np.ndarray) -> bool:
    """Whether a read-back is the plan, written down before the scan."""
    step = np.abs(np.diff(planned)).min() if len(planned) > 1 else 1.0
    return bool(np.all(np.abs(read_back - planned) <= _PLANNED * step))


def _reached(read_back: np.ndarray) -> int:
    """How many steps a motor certainly went: where it stopped, what follows is one value over and over."""
    last = read_back[-1]
    same = np.isnan(read_back) if np.isnan(last) else read_back == last
    run = len(same) if same.all() else int(np.argmin(same[::-1]))
    return len(read_back) if run == 1 and np.isfinite(last) and last != 0 else len(read_back) - run


def without_unmeasured(file: str, values, axes: Sequence[tuple], along: dict, scanned: Sequence[int]) -> tuple:
    """A map without the steps at its end that were never measured.

    Parameters
    ----------
    file
        The file's name, for errors.
    values
        The counts, numpy or dask, one dimension an axis.
    axes
        (label, unit, planned positions) of each dimension.
    along
        Read-backs by name, as (dimension, unit, values).
    scanned
        The dimensions that were scanned; those of the detector are whole in any case. Of a grid of several, cuts
        that are missing in its last line become NaN.

    Returns
    -------
    values, axes, along
        As given, shorter where steps are missing.
    said
        What is to be said of those left out.

    Raises
    ------
    ScanError
        Where nothing was measured at all.
    """
    axes, along, said = list(axes), dict(along), []
    for dimension in scanned:
        label, unit, planned = axes[dimension]
        read_backs = [np.asarray(one[2], float) for one in along.values() if one[0] == dimension]
        count = steps_measured(values, dimension, np.asarray(planned, float), read_backs)
        if count == len(planned):
            continue
        if count == 0:
            raise ScanError(f"{file}: the scan was stopped before anything was measured; every count is zero")
        values = values[(slice(None),) * dimension + (slice(count),)]
        axes[dimension] = (label, unit, planned[:count])
        along |= {name: (d, u, column[:count]) for name, (d, u, column) in along.items() if d == dimension}
        missing = len(planned) - count
        said.append(
            f"{missing} of {len(planned)} steps of {label.strip()}, which were never measured: the scan was stopped"
        )
    grid = [dimension for dimension in scanned if values.shape[dimension] > 1]
    if len(grid) > 1 and not hasattr(values, "dask"):
        others = tuple(dimension for dimension in range(values.ndim) if dimension not in grid)
        empty = ~np.any(np.nan_to_num(values), axis=others, keepdims=True)
        if empty.any():
            values = np.where(empty, np.nan, values)
            said.append(f"{int(empty.sum())} places of the grid, which were never measured")
    return values, axes, along, said
