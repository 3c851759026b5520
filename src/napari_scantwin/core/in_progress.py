"""The sweep still being measured, in a scan whose file grows: it is learned from, and nothing is judged by it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.scan import Sweep
from napari_scantwin.core.set_points import set_point_name

__all__ = ["IN_PROGRESS", "in_words", "last_sweep", "marked", "number"]

#: The attribute that holds the number of the sweep in progress.
IN_PROGRESS = "in_progress"
#: A sweep that has begun joins the scan with so many readings: fewer tell neither its set point nor a course.
_FEWEST = 5
#: A sweep whose reach is this many of its usual steps short of the others' is not at its end.
_SHORT = 2.5


def last_sweep(scan: xr.DataArray) -> Sweep | None:
    """The sweep in progress: the last one, where its reach along the fast axis falls short of the others'.

    Parameters
    ----------
    scan
        A scan in the order of measuring.

    Returns
    -------
    Sweep or None
        None where the last sweep is as long as the others, where there is no other to tell by, and for scans of one
        axis and of more than two, and on a grid, whose rows do not stand in the order of measuring.
    """
    if scans.is_gridded(scan) or len(scans.axes(scan)) != 2:
        return None
    *before, last = sorted(scans.sweeps(scan), key=lambda one: one.number)
    # A sweep of a reading or two is a wait or a slip of the instrument, and tells no usual reach.
    before = [one for one in before if one.size >= _FEWEST]
    if not before:
        return None
    reaches = np.array([abs(one.last - one.first) for one in before])
    step = float(np.median(reaches / [one.size - 1 for one in before]))
    return last if abs(last.last - last.first) < np.median(reaches) - _SHORT * step else None


def marked(scan: xr.DataArray) -> xr.DataArray:
    """The scan as it is learned from while it is measured.

    Parameters
    ----------
    scan
        A scan in the order of measuring.

    Returns
    -------
    xarray.DataArray
        The scan with its attribute ``in_progress`` naming the sweep in progress; without that sweep while it has fewer
        than five readings. The scan itself where none is in progress.
    """
    last = last_sweep(scan)
    if last is None:
        return scan
    if last.size < _FEWEST:
        return scan.isel({scans.POINT: np.flatnonzero(scans.sweep_numbers(scan) != last.number)})
    # Parts of the scan, such as its branches, keep the numbers.
    return scan.assign_coords(sweep=(scans.POINT, scans.sweep_numbers(scan))).assign_attrs({IN_PROGRESS: last.number})


def number(scan: xr.DataArray) -> int | None:
    """The number of the sweep in progress, as :func:`marked` left it; None where none is."""
    found = scan.attrs.get(IN_PROGRESS)
    return None if found is None else int(found)


def in_words(scan: xr.DataArray) -> str:
    """The set point of the sweep in progress, such as ``"5000 Oe"``; empty where none is."""
    name, found = scans.axes(scan)[0], number(scan)
    if found is None:
        return ""
    mine = scans.sweep_numbers(scan) == found
    if not mine.any():
        return ""
    place = float(np.median(np.asarray(scan[name].values, float)[mine]))
    return set_point_name(scan, name, place)
