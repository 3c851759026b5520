"""A scan whose file has grown, as it was shown before: processed by the same steps, masked at the same places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

from napari_scantwin import processing
from napari_scantwin.core import scan as scans

__all__ = ["grown", "masked_as"]

#: Readings closer along an axis than this share of its span are one.
_SAME = 1e-5
#: Of two readings at one place, as of warming and cooling, the one of the nearer value is meant.
_TIE = 1e-3 * _SAME


def grown(shown: xr.DataArray, steps: Sequence[Mapping[str, Any]], found: xr.DataArray) -> xr.DataArray:
    """What to show in place of a scan whose file has grown.

    Parameters
    ----------
    shown
        The scan as it was, processed and masked.
    steps
        What was done to it since it was opened.
    found
        What the file holds now, as it was measured.

    Returns
    -------
    xarray.DataArray
        ``found`` after the same steps, with the same readings and the same sweeps masked; in sweeps or on a grid as
        before, where it can be.

    Raises
    ------
    ScanError
        Where a step does not fit the longer scan.
    """
    return masked_as(shown, _laid_as(shown, processing.replay(found, steps)))


def masked_as(before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """A longer scan with what is masked in the one before it.

    Parameters
    ----------
    before
        The earlier scan.
    after
        The later one, in the same axes and units.

    Returns
    -------
    xarray.DataArray
        ``after``, every reading of ``before`` masked as it is there, and so all that has joined a sweep that is left
        out; what is new is masked as the file says.
    """
    old, new = scans.points(before), scans.points(after)
    if not len(old.values) or not len(new.values) or scans.axes(before) != scans.axes(after):
        return after
    there = _same_readings(old, new)
    known = there >= 0
    masked = new.masked.copy()
    masked[known] = old.masked[there[known]]
    left_out = [number for number in np.unique(old.sweep) if old.masked[old.sweep == number].all()]
    for number in np.unique(new.sweep[known][np.isin(old.sweep[there[known]], left_out)]):
        mine = new.sweep == number
        if masked[mine & known].all():
            masked |= mine
    if not masked.any() and "masked" not in after.coords:
        return after
    whole = _mask_of(after)
    whole[np.isfinite(np.asarray(after.values, float).ravel())] = masked
    return scans.with_masked(after, whole)


def _mask_of(scan: xr.DataArray) -> np.ndarray:
    """Whether each value is masked, in C order [size]."""
    return np.array(scan["masked"].values, bool).ravel() if "masked" in scan.coords else np.zeros(scan.size, bool)


def _same_readings(old: scans.Points, new: scans.Points) -> np.ndarray:
    """For each point of ``new`` the number of the one of ``old`` that is the same reading; -1 where there is none.

    Set points are medians of what was read, which move a little as a sweep goes on: they are told apart as set points,
    the other axes as numbers.
    """
    set_points = scans.set_points(np.concatenate([old.coordinates[:, 0], new.coordinates[:, 0]]))
    if old.coordinates.shape[1] > 1:
        numbers = np.unique(set_points, return_inverse=True)[1].astype(float)
        rest = np.concatenate([old.coordinates[:, 1:], new.coordinates[:, 1:]])
    else:
        numbers = np.zeros(len(set_points))
        rest = np.concatenate([old.coordinates, new.coordinates])
    values = np.concatenate([old.values, new.values])
    columns = [rest / _span(rest), numbers[:, None], _TIE * values[:, None] / _span(values[:, None])]
    places = np.concatenate(columns, axis=1)
    far, there = cKDTree(places[: len(old.values)]).query(places[len(old.values) :])
    return np.where(far <= _SAME, there, -1)


def _span(columns: np.ndarray) -> np.ndarray:
    span = np.ptp(columns, axis=0)
    return np.where(span > 0, span, 1.0)


def _laid_as(before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """A longer scan in sweeps where the one before it was, and on a grid where that was and the last row is all that
    is not filled: a table is a grid or not as its last row is complete."""
    if scans.is_gridded(before) == scans.is_gridded(after) or scans.axes(before) != scans.axes(after):
        return after
    return _as_sweeps(after) if scans.is_gridded(after) else _on_grid(after)


def _as_sweeps(scan: xr.DataArray) -> xr.DataArray:
    table, names = scans.points(scan), scans.axes(scan)
    return scans.ragged_scan(
        {name: (table.coordinates[:, place], scan[name].attrs["units"]) for place, name in enumerate(names)},
        table.values,
        name=str(scan.name),
        unit=scan.attrs["units"],
        errors=table.errors,
        sweep=table.sweep,
        masked=table.masked,
        long_names=_long_names(scan),
        attrs=scan.attrs,
    )


def _on_grid(scan: xr.DataArray) -> xr.DataArray:
    """The scan on the grid its readings lie on; the scan itself where they fill less than all but one of its rows."""
    table, names = scans.points(scan), scans.axes(scan)
    found = [np.unique(column, return_inverse=True) for column in table.coordinates.T]
    shape = tuple(len(values) for values, _ in found)
    flat = np.ravel_multi_index([places for _, places in found], shape)
    size = int(np.prod(shape))
    if size - len(flat) >= size // shape[0] or len(np.unique(flat)) != len(flat):
        return scan

    def laid(column, empty):
        if column is None:
            return None
        array = np.full(size, empty, column.dtype)
        array[flat] = column
        return array.reshape(shape)

    attrs = {name: value for name, value in scan.attrs.items() if name != "in_progress"}
    return scans.gridded_scan(
        {name: (values, scan[name].attrs["units"]) for name, (values, _) in zip(names, found, strict=True)},
        laid(table.values, np.nan),
        name=str(scan.name),
        unit=scan.attrs["units"],
        errors=laid(table.errors, np.nan),
        masked=laid(table.masked, False) if table.masked.any() else None,
        long_names=_long_names(scan),
        attrs=attrs,
    )


def _long_names(scan: xr.DataArray) -> dict[str, str]:
    """What axes and values are called beside a plot."""
    names = {name: scan[name].attrs.get("long_name", name.replace("_", " ")) for name in scans.axes(scan)}
    return names | {str(scan.name): scan.attrs.get("long_name", str(scan.name))}
