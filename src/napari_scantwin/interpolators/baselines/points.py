"""Points as baselines take them: those that may be used, sweep by sweep, evenly picked, an uneven axis as its root."""

from __future__ import annotations

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError

__all__ = ["CHUNK", "evenly", "merged", "parts", "root_of", "uneven", "usable"]

#: Points predicted at once.
CHUNK = 4096


def usable(rows: np.ndarray, table: scans.Points) -> np.ndarray:
    """The points that may be used: those chosen that are not masked.

    Parameters
    ----------
    rows
        Which points are chosen, bool [n].
    table
        All points.

    Raises
    ------
    ScanError
        Where none is left.
    """
    rows = np.asarray(rows, bool) & ~table.masked
    if not rows.any():
        raise ScanError("no point is left to fit; keep at least one sweep")
    return rows


def merged(fast: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One sweep in rising order, readings closer than a tenth of the usual step averaged.

    Splines through near-coincident noisy points swing wildly.

    Parameters
    ----------
    fast, values
        The sweep's places and readings [n].

    Returns
    -------
    tuple of arrays
        Places and readings [m], m at most n.
    """
    order = np.argsort(fast, kind="stable")
    fast, values = fast[order], values[order]
    steps = np.diff(fast)
    usual = np.median(steps[steps > 0]) if (steps > 0).any() else 1.0
    group = np.concatenate([[0], np.cumsum(steps > 0.1 * usual)])
    counts = np.bincount(group)
    return np.bincount(group, fast) / counts, np.bincount(group, values) / counts


def parts(numbers: np.ndarray) -> list[np.ndarray]:
    """Indices of the points of each number, ascending; one sort instead of a mask a sweep."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def uneven(column: np.ndarray) -> bool:
    """Whether a slow axis has steps so uneven that its square root is the better coordinate."""
    steps = np.diff(np.unique(scans.set_points(column)))
    return len(steps) > 1 and steps.max() > 3.5 * steps.min()


def root_of(column: np.ndarray) -> np.ndarray:
    """The square root, with its sign."""
    return np.sign(column) * np.sqrt(np.abs(column))


def evenly(numbers: np.ndarray, most: int) -> np.ndarray:
    """Pick points evenly out of each sweep in turn.

    Parameters
    ----------
    numbers
        The number of the sweep of each point [n].
    most
        At most so many are picked.

    Returns
    -------
    array
        Indices of the points, by sweep.
    """
    order = np.argsort(numbers, kind="stable")
    if len(order) <= most:
        return order
    return order[np.unique(np.linspace(0, len(order) - 1, most).round().astype(int))]
