"""What every scan is after reading, whichever reader it came from: axes of a grid rise, and what cannot be is said.

An axis that was scanned downwards, or in no order, is sorted with the values; how the fast one ran stays in
``fast_axis_ran``, since warming and cooling may differ. Values that an axis has twice, and error bars below zero, are
named in the notes.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.notes import with_left_out, with_notes

__all__ = ["sound"]

#: Repeated values that are named one by one.
_NAMED = 3


def sound(scan: xr.DataArray) -> xr.DataArray:
    """The scan with rising axes and no impossible error bars; its notes say what was mended, and what repeats.

    Parameters
    ----------
    scan
        A scan as a reader gave it. A lazy one stays lazy.

    Returns
    -------
    xarray.DataArray
        The scan itself where nothing is amiss.
    """
    attrs = dict(scan.attrs)
    if scans.is_gridded(scan):
        for name in scans.axes(scan):
            values = np.asarray(scan[name].values, float)
            steps = np.diff(values)
            if (steps < 0).any():
                falling = bool((steps < 0).all())
                order = slice(None, None, -1) if falling else np.argsort(values, kind="stable")
                scan = scan.isel({name: order})
                attrs = with_notes(attrs, _sorted_words(scan, name, values, falling))
                if falling and name == scan.dims[-1]:
                    attrs.setdefault("fast_axis_ran", "falling")
            attrs = with_notes(attrs, _repeated(scan, name))
    scan, dropped = _with_possible_errors(scan)
    attrs = with_left_out(attrs, dropped)
    return scan if attrs == scan.attrs else scan.assign_attrs(attrs)


def _sorted_words(scan: xr.DataArray, name: str, values: np.ndarray, falling: bool) -> str:
    ran = f"from {_at(scan, name, values[0])} to {_at(scan, name, values[-1])}" if falling else "in no order"
    return f"{_words(name)} was scanned {ran} and is sorted to rise"


def _repeated(scan: xr.DataArray, name: str) -> str:
    values, counts = np.unique(np.asarray(scan[name].values, float), return_counts=True)
    twice = values[counts > 1]
    if not len(twice):
        return ""
    named = ", ".join(_at(scan, name, value) for value in twice[:_NAMED])
    more = f" and {len(twice) - _NAMED} more" if len(twice) > _NAMED else ""
    return f"{_words(name)} has the same value more than once: {named}{more}"


def _with_possible_errors(scan: xr.DataArray) -> tuple[xr.DataArray, str]:
    """The scan without error bars below zero, and how many there were; lazy ones are not read for it."""
    if "standard_error" not in scan.coords or hasattr(scan["standard_error"].variable.data, "dask"):
        return scan, ""
    errors = scan["standard_error"]
    below = np.asarray(errors.values) < 0
    if not below.any():
        return scan, ""
    mended = errors.copy(data=np.where(below, np.nan, errors.values))
    words = f"{below.sum()} error bar{'s' if below.sum() > 1 else ''} below zero, so that all points count alike"
    return scan.assign_coords(standard_error=mended.variable), words


def _at(scan: xr.DataArray, name: str, value: float) -> str:
    return f"{value:.6g} {units.pretty(scan[name].attrs['units'])}".strip()


def _words(name: str) -> str:
    return str(name).replace("_", " ")
