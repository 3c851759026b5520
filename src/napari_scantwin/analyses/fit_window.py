"""The window of temperatures that an analysis fits in: its parameters, and the region on the plot that is dragged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.window import Window

__all__ = ["NAMES", "temperature_window", "window_over_temperature"]

#: The parameters' names.
NAMES = ("start", "stop")


def temperature_window(
    what: str, shown: Callable[[xr.DataArray, Mapping[str, Any]], bool] | None = None
) -> tuple[Parameter, Parameter]:
    """From which to which temperature something is fitted, both in kelvin, each open where it is left empty.

    Parameters
    ----------
    what
        What is fitted, as the beginning of a sentence ("the line").
    shown
        Whether a form asks for it, as :class:`~napari_scantwin.operations.parameters.Parameter` takes it.

    Returns
    -------
    tuple of Parameter
        ``start`` and ``stop``.
    """
    how: dict[str, Any] = {
        "unit": "K",
        "minimum": 0,
        "optional": True,
        "further": True,
        "shown": shown,
        "example": "empty: all",
    }
    return (
        Parameter("start", "Fit from", explanation=f"The lowest temperature at which {what} is fitted.", **how),
        Parameter(
            "stop", "Fit to", ends="start", explanation=f"The highest temperature at which {what} is fitted.", **how
        ),
    )


def window_over_temperature(
    kelvin: np.ndarray, window: tuple[float | None, float | None], unit: str = "K"
) -> Window | None:
    """The window on a plot over the temperature.

    Parameters
    ----------
    kelvin
        Temperatures of what may be fitted, in K, NaN among them.
    window
        The ends asked for, in K; an open one lies at the outermost of ``kelvin``.
    unit
        The unit of the axis below.

    Returns
    -------
    Window or None
        None where there are no two temperatures to lay a window between.
    """
    known = np.asarray(kelvin, float)
    known = known[np.isfinite(known)]
    if len(np.unique(known)) < 2:
        return None
    ends = [
        float(known.min() if window[0] is None else window[0]),
        float(known.max() if window[1] is None else window[1]),
    ]
    low, high = (float(units.convert(end, "K", unit)) for end in ends)
    return Window(NAMES, (low, high), lambda place: float(units.convert(place, unit, "K")))
