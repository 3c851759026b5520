"""A window of an axis from one value to another, as many steps take it, and the parameters that describe one."""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter

__all__ = ["few_steps", "window_parameters", "within"]


def window_parameters(axis: str = "axis", what: str = "") -> tuple[Parameter, Parameter]:
    """The parameters ``start`` and ``stop``: a window of the axis that the parameter ``axis`` names; empty: all."""
    about = f"the window {what}".strip()
    return (
        Parameter("start", "From", unit_of=axis, optional=True, explanation=f"Lower end of {about}; empty: no limit."),
        Parameter("stop", "To", unit_of=axis, optional=True, explanation=f"Upper end of {about}; empty: no limit."),
    )


def within(scan: xr.DataArray, axis: str, start: float | None, stop: float | None, fewest: int = 1) -> np.ndarray:
    """Which values of an axis lie between ``start`` and ``stop`` [n]; :class:`ScanError` where too few do."""
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
    """Three median steps of an axis: a width that shows what smoothing does."""
    steps = np.abs(np.diff(np.asarray(scan[axis].values, float)))
    return float(f"{3 * np.median(steps):.3g}") if len(steps) and np.median(steps) > 0 else None
