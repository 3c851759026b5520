"""A window of an axis from one value to another, as many steps take it, and the parameters that describe one."""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter

__all__ = ["few_steps", "window_parameters", "within"]


def window_parameters(axis: str = "axis", what: str = "") -> tuple[Parameter, Parameter]:
    """The parameters ``start`` and ``stop`` of a window of an axis; left empty, all of it.

    Parameters
    ----------
    axis
        The name of the axis parameter whose window it is.
    what
        What the window is for, in words that follow "the window".
    """
    about = f"the window {what}".strip()
    return (
        Parameter("start", "From", unit_of=axis, optional=True, explanation=f"Lower end of {about}; empty: no limit."),
        Parameter("stop", "To", unit_of=axis, optional=True, explanation=f"Upper end of {about}; empty: no limit."),
    )


def within(scan: xr.DataArray, axis: str, start: float | None, stop: float | None, fewest: int = 1) -> np.ndarray:
    """Which values of an axis lie in a window, both ends included.

    Parameters
    ----------
    scan
        The scan.
    axis
        The axis.
    start, stop
        The ends in the axis's unit; None: no limit.
    fewest
        How many values must lie inside.

    Returns
    -------
    numpy.ndarray
        True inside [n].

    Raises
    ------
    ScanError
        Where fewer than ``fewest`` values lie inside.
    """
    places = np.asarray(scan[axis].values, float)
    low, high = (-np.inf if start is None else start), (np.inf if stop is None else stop)
    inside = (places >= low) & (places <= high)
    if inside.sum() < fewest:
        unit, label = scan[axis].attrs["units"], scans.axis_label(scan, axis)
        raise ScanError(
            f"the window from {low:g} to {high:g} {unit} holds {inside.sum()} values of {label}, and {fewest} "
            f"are needed; the axis runs from {places.min():g} to {places.max():g} {unit}"
        )
    return inside


def few_steps(scan: xr.DataArray, axis: str) -> float | None:
    """Three median steps of an axis, a width at which smoothing shows; None where the axis has no step."""
    steps = np.abs(np.diff(np.asarray(scan[axis].values, float)))
    return float(f"{3 * np.median(steps):.3g}") if len(steps) and np.median(steps) > 0 else None
