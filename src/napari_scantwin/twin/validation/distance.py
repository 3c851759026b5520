"""How far a place is from the nearest measured point, in the scan's own steps.

Along the slowest axis a step is the way from one set point to the next, along the others a gap between neighbouring
points that few exceed. The farthest axis counts, so that in the middle between two sweeps a point is half a step away,
wherever both were measured; in a hole, and beside a sweep that ended earlier, it is further.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from napari_scantwin.interpolators.aligned import rank
from napari_scantwin.twin.data import Data

__all__ = ["FAR", "nearest"]

#: Places further than this many steps from every measured point are extrapolated: between sweeps it is half a step.
FAR = 0.8
#: A gap narrower than this share of an axis's range is not a hole, however close the other points lie.
_NARROW = 1 / 50
#: This share of the gaps is usual, and the widest of them is widened by this, since points are not evenly spaced.
_USUAL, _ROOM = 0.95, 1.5


def nearest(data: Data, places: np.ndarray) -> np.ndarray:
    """Distance of places from the nearest measured point, in steps.

    Parameters
    ----------
    data
        The measured points.
    places
        Where, [n, axes], in the scan's units, slow axis first.

    Returns
    -------
    array
        Distance [n]; beyond :data:`FAR` a place is extrapolated.
    """
    own, asked = data.coordinates.copy(), np.array(places, float)
    for axis in range(data.axes):
        if axis == 0 and data.axes > 1 and data.groups.sweeps:
            own[:, 0], asked[:, 0] = data.groups.group, rank(data.groups.knots, asked[:, 0])
        else:
            gap = _gap(data, axis)
            own[:, axis], asked[:, axis] = own[:, axis] / gap, asked[:, axis] / gap
    return cKDTree(own).query(asked, p=np.inf)[0]


def _gap(data: Data, axis: int) -> float:
    """The widest usual gap along an axis; where there are no sweeps, that of as many points evenly spread."""
    column = data.coordinates[:, axis]
    span = float(np.ptp(column))
    if data.axes > 1 and not data.groups.sweeps:
        return max(_ROOM * span / len(column) ** (1 / data.axes), _NARROW * span)
    if axis == data.axes - 1:
        order = np.lexsort((column, data.sweep))
        parts = np.split(column[order], np.flatnonzero(np.diff(data.sweep[order])) + 1)
    else:  # a further slow axis: its set points within each value of the slowest
        order = np.lexsort((column, data.groups.group))
        parts = np.split(column[order], np.flatnonzero(np.diff(data.groups.group[order])) + 1)
    gaps = np.concatenate([np.diff(part) for part in parts])
    gaps = gaps[gaps > 0]
    return max(_ROOM * float(np.quantile(gaps, _USUAL)) if len(gaps) else span, _NARROW * span)
