"""Training on a part of a scan: every n-th value of a slow axis, a range of it, or some of its values.

What is not chosen is masked, not removed: a twin does not learn from it, and its residual is still worked out there. ::

    coarse = train_on(cube, every=2)  # every second slice
    coarse = train_on(coarse, axis="angle", within=(-5, 5))  # and of these a window of another axis
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.scan import Sweep

__all__ = [
    "leave_out",
    "mask_points",
    "nearest_values",
    "pick",
    "points_at",
    "slices",
    "slow_axes",
    "train_on",
    "use",
    "used",
    "value_numbers",
    "values_of",
]


def slow_axes(scan: xr.DataArray) -> tuple[str, ...]:
    """The axes whose values can be chosen: all but the fast one."""
    return scans.axes(scan)[:-1]


def values_of(scan: xr.DataArray, axis: str) -> np.ndarray:
    """The values of an axis that can be chosen.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        One of :func:`slow_axes`.

    Returns
    -------
    numpy.ndarray
        The values [m] as they lie in a gridded scan; of a ragged scan its set points, ascending.
    """
    column = np.asarray(scan[axis].values, float)
    return column if scans.is_gridded(scan) else np.unique(scans.set_points(column))


def used(scan: xr.DataArray, axis: str) -> np.ndarray:
    """Whether anything of each value of :func:`values_of` is learned from [m]."""
    size = len(values_of(scan, axis))
    if "masked" not in scan.coords:
        return np.ones(size, bool)
    masked = np.asarray(scan["masked"].values, bool)
    if scans.is_gridded(scan):
        return np.logical_not(masked.all(axis=_others(scan, axis)))
    return np.bincount(_numbers(scan, axis), ~masked, minlength=size) > 0


def use(scan: xr.DataArray, axis: str, chosen: np.ndarray) -> xr.DataArray:
    """The scan with all values of an axis masked but the chosen ones.

    Points masked in a chosen slice stay masked. A slice that was wholly left out comes back with what is masked in
    every slice that was not, such as what another axis leaves out.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        A slow axis.
    chosen
        Whether each value of :func:`values_of` is learned from (bool [m]).

    Returns
    -------
    xarray.DataArray
        A copy with another ``masked`` coordinate.

    Raises
    ------
    ScanError
        Where ``chosen`` is not as long as the axis has values.
    """
    chosen = np.asarray(chosen, bool)
    before = used(scan, axis)
    if chosen.shape != before.shape:
        raise ScanError(f"{len(before)} values of {axis} need a choice each, but {chosen.size} were given")
    masked = np.array(scan["masked"].values, bool) if "masked" in scan.coords else np.zeros(scan.shape, bool)
    if scans.is_gridded(scan):
        along = np.moveaxis(masked, scan.dims.index(axis), 0)  # a view
        along[chosen & ~before] = along[before].all(axis=0) if before.any() else False
        along[~chosen] = True
    else:
        number = _numbers(scan, axis)
        masked = np.where((chosen & ~before)[number], False, masked) | ~chosen[number]
    return scans.with_masked(scan, masked)


def pick(
    values: np.ndarray,
    *,
    every: int = 1,
    within: tuple[float, float] | None = None,
    among: Sequence[float] | None = None,
    name: str = "the axis",
) -> np.ndarray:
    """Choose values: those within a range or nearest to given ones, and of these every n-th, the lowest first.

    Parameters
    ----------
    values
        The values of an axis [m].
    every
        Keeps every n-th; 1 keeps all.
    within
        A range (lowest, highest), ends included; by default all.
    among
        Values; the nearest of the axis to each is kept.
    name
        What the axis is called in a :class:`ScanError`.

    Returns
    -------
    numpy.ndarray
        Which of the values are chosen (bool [m]).

    Raises
    ------
    ScanError
        Where fewer than two are left, a value asked for is further than half a step from all, or ``every`` is no whole
        number.
    """
    values = np.asarray(values, float)
    if every < 1 or every % 1:
        raise ScanError(f"every {every:g}th value of {name} is not possible; give a whole number, 1 for all")
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    left = np.ones(len(values), bool)
    if within is not None:
        low, high = sorted(float(end) for end in within)
        margin = 1e-6 * np.ptp(values)  # a typed end is that value, whatever its last digit
        left &= (ascending >= low - margin) & (ascending <= high + margin)
    if among is not None:
        left &= _near(ascending, np.asarray(among, float), name)
    numbers = np.flatnonzero(left)[:: int(every)]
    if len(numbers) < 2:
        raise ScanError(
            f"this leaves {len(numbers)} of the {len(values)} values of {name} "
            f"({ascending[0]:.6g} to {ascending[-1]:.6g}); a twin needs at least two"
        )
    chosen = np.zeros(len(values), bool)
    chosen[order[numbers]] = True
    return chosen


def train_on(
    scan: xr.DataArray,
    axis: str | None = None,
    *,
    every: int = 1,
    within: tuple[float, float] | None = None,
    among: Sequence[float] | None = None,
) -> xr.DataArray:
    """The scan with all masked but some values of a slow axis.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        A slow axis; by default the slowest.
    every, within, among
        Which of its values are kept, see :func:`pick`.

    Returns
    -------
    xarray.DataArray
        A copy with another ``masked`` coordinate, for :func:`napari_scantwin.train`.

    Raises
    ------
    ScanError
        Where the scan has no such slow axis, or fewer than two values are left.
    """
    scans.check(scan)
    names = slow_axes(scan)
    if not names:
        raise ScanError("a scan with one axis has no slices to choose from")
    axis = names[0] if axis is None else axis
    if axis not in names:
        raise ScanError(f"{axis!r} is no slow axis of this scan; choose from {', '.join(names)}")
    name = axis.replace("_", " ")
    return use(scan, axis, pick(values_of(scan, axis), every=every, within=within, among=among, name=name))


def slices(scan: xr.DataArray, axis: str) -> list[Sweep]:
    """The slices of a gridded scan along a slow axis, in the form of a list of sweeps; holes count as points."""
    masked = np.zeros(scan.sizes[axis], int)
    if "masked" in scan.coords:
        masked = np.asarray(scan["masked"].values, bool).sum(axis=_others(scan, axis))
    size = scan.size // scan.sizes[axis]
    fast = np.asarray(scan[scans.axes(scan)[-1]].values, float)
    return [
        Sweep(number, {axis: float(value)}, size, float(fast[0]), float(fast[-1]), bool(count == size), int(count))
        for number, (value, count) in enumerate(zip(values_of(scan, axis), masked, strict=True))
    ]


def nearest_values(scan: xr.DataArray, axis: str, wanted: Sequence[float]) -> np.ndarray:
    """Which of :func:`values_of` an axis are the nearest to given ones (bool [m]).

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        A slow axis.
    wanted
        Values in the axis's unit.

    Raises
    ------
    ScanError
        Where one lies further than half a step from all.
    """
    values = np.asarray(values_of(scan, axis), float)
    order = np.argsort(values, kind="stable")
    found = np.zeros(len(values), bool)
    found[order] = _near(values[order], np.asarray(wanted, float), axis.replace("_", " "))
    return found


def leave_out(scan: xr.DataArray, axis: str, values: Sequence[float]) -> xr.DataArray:
    """The scan with the sweeps or slices nearest to some values of a slow axis masked as well.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        A slow axis.
    values
        Values in the axis's unit.
    """
    return use(scan, axis, used(scan, axis) & ~nearest_values(scan, axis, values))


def points_at(scan: xr.DataArray, places: np.ndarray) -> np.ndarray:
    """Which readings were taken at some places (bool [n], in the order of the scan's values).

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    places
        Where, [k, axes], slow axis first, exactly as measured.
    """
    columns = [np.asarray(scan[name].values, float) for name in scans.axes(scan)]
    if scans.is_gridded(scan):
        columns = [column.ravel() for column in np.meshgrid(*columns, indexing="ij")]
    found = np.zeros(scan.size, bool)
    for place in np.asarray(places, float):
        found |= np.all([column == at for column, at in zip(columns, place, strict=True)], axis=0)
    return found


def mask_points(scan: xr.DataArray, places: np.ndarray) -> xr.DataArray:
    """The scan with the readings at some places masked as well, as :func:`points_at` finds them."""
    masked = points_at(scan, places)
    if "masked" in scan.coords:
        masked |= np.asarray(scan["masked"].values, bool).ravel()
    return scans.with_masked(scan, masked)


def value_numbers(scan: xr.DataArray, axis: str) -> np.ndarray:
    """The number, among :func:`values_of`, of the slow axis's value that each reading was measured at [n]."""
    if not scans.is_gridded(scan):
        return _numbers(scan, axis)
    along = scan.dims.index(axis)
    shape = [-1 if number == along else 1 for number in range(scan.ndim)]
    return np.broadcast_to(np.arange(scan.shape[along]).reshape(shape), scan.shape).ravel()


def _others(scan: xr.DataArray, axis: str) -> tuple[int, ...]:
    return tuple(number for number, name in enumerate(scan.dims) if name != axis)


def _numbers(scan: xr.DataArray, axis: str) -> np.ndarray:
    """The number of each point's set point among :func:`values_of` [n], of a ragged scan."""
    return np.unique(scans.set_points(np.asarray(scan[axis].values, float)), return_inverse=True)[1].ravel()


def _near(ascending: np.ndarray, wanted: np.ndarray, name: str) -> np.ndarray:
    nearest = np.abs(ascending[:, None] - wanted).argmin(axis=0)
    steps = np.diff(ascending)
    reach = np.minimum(np.append(steps, np.inf), np.insert(steps, 0, np.inf))[nearest] / 2
    far = ~(np.abs(ascending[nearest] - wanted) <= reach)
    if far.any():
        raise ScanError(
            f"{wanted[far][0]:.6g} is no value of {name}; the nearest is {ascending[nearest[far][0]]:.6g} of "
            f"{len(ascending)} from {ascending[0]:.6g} to {ascending[-1]:.6g}"
        )
    return np.isin(np.arange(len(ascending)), nearest)
