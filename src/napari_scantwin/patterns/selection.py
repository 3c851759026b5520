"""Places chosen by a line around them, on the map or among their scores, and scores as a density."""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.patterns.components import Components

__all__ = ["chosen_among_scores", "chosen_on_map", "density", "inside", "scores_of"]

_BINS = 256
#: With fewer places the density has fewer cells, so that each is seen.
_FEWEST_BINS, _PLACES_PER_CELL = 48, 0.5


def inside(outline: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Whether places lie inside a closed outline, by the even-odd rule.

    Parameters
    ----------
    outline
        Corners [m, 2].
    places
        Places [n, 2].

    Returns
    -------
    numpy.ndarray
        Bool [n].
    """
    found = np.zeros(len(places), bool)
    x, y = places.T
    for (x1, y1), (x2, y2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        found ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return found


def scores_of(found: Components, number: int) -> np.ndarray:
    """What the used places hold of a component, from 0 [n]."""
    return found.shares.values[number][found.table.used]


def density(found: Components, first: int, second: int, chosen: np.ndarray | None = None) -> xr.DataArray:
    """How many places have which scores of two components, a scan over the second and the first.

    Parameters
    ----------
    found
        The components.
    first, second
        Which two, from 0.
    chosen
        Places that count, bool in their shape; all by default. The cells are always those of all places.

    Returns
    -------
    xarray.DataArray
        Counts [cells, cells].
    """
    one, other = scores_of(found, first), scores_of(found, second)
    cells = int(np.clip(np.sqrt(len(one) / _PLACES_PER_CELL), _FEWEST_BINS, _BINS))
    ends = [_ends(values) for values in (one, other)]
    taken = slice(None) if chosen is None else np.asarray(chosen, bool)[found.table.used]
    counts, *edges = np.histogram2d(one[taken], other[taken], cells, ends)
    of_first, of_second = ((edge[1:] + edge[:-1]) / 2 for edge in edges)
    what, unit = found.shares.attrs["long_name"], found.shares.attrs["units"]
    names = [f"{found.shares.name}_{number + 1}" for number in (first, second)]
    return scans.gridded_scan(
        {f"{names[1]}_": (of_second, unit), names[0]: (of_first, unit)},
        counts.T,
        name="places",
        unit="dimensionless",
        long_names={f"{names[1]}_": f"{what} {second + 1}", names[0]: f"{what} {first + 1}", "places": "places"},
    )


def _ends(values: np.ndarray) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    air = 0.02 * ((high - low) or 1.0)
    return low - air, high + air


def chosen_among_scores(found: Components, first: int, second: int, outline: np.ndarray) -> np.ndarray:
    """Places whose scores of two components lie inside an outline, bool in the places' shape."""
    scores = np.stack([scores_of(found, first), scores_of(found, second)], axis=1)
    chosen = np.zeros(found.table.used.shape, bool)
    chosen[found.table.used] = inside(outline, scores)
    return chosen


def chosen_on_map(found: Components, outline: np.ndarray) -> np.ndarray:
    """Places inside an outline on the map of the last two axes of places, bool in the places' shape.

    ``outline`` has the last axis first [m, 2], in the axes' units; what it encloses is chosen at every value of
    further axes.
    """
    down, across = found.table.over[-2:]
    y, x = (np.asarray(found.shares[axis].values, float) for axis in (down, across))
    grid = np.stack([one.ravel() for one in np.meshgrid(x, y)], axis=1)
    flat = inside(outline, grid).reshape(len(y), len(x))
    return np.broadcast_to(flat, found.table.used.shape) & found.table.used
