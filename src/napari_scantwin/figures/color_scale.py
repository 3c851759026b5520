"""How values become colours, on screen and on paper: evenly, by their logarithm, or to either side of a middle."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["SCALES", "base_colors", "fitted_limits", "least_positive", "share_of", "usual_scale", "why_not"]

#: The scales, as a menu names them.
SCALES = {
    "linear": "Linear colours",
    "logarithmic": "Logarithmic colours",
    "diverging": "Diverging colours, about zero",
}
#: Kinds of scans whose sign matters, and what draws them.
_SIGNED, _DIVERGING = ("residual", "derivative", "difference"), "coolwarm"
#: A quantity goes to both sides of zero where the smaller side has this share of the larger one.
_BOTH = 0.05
#: A logarithmic scale spans this factor at most where it has to begin somewhere above zero.
_SPAN = 1e3
_COLORS = {"uncertainty": "magma"}


def usual_scale(kind: str | None, limits: tuple[float, float]) -> str:
    """The scale that a scan is drawn in where nobody has chosen one.

    Parameters
    ----------
    kind
        The scan's kind: ``"residual"``, ``"derivative"``, ``"difference"`` are diverging whatever they hold,
        ``"derived"`` ones where they go to both sides of zero; all others are linear.
    limits
        The lowest and the highest value, without a few hot ones.
    """
    low, high = limits
    both = low < 0 < high and min(-low, high) >= _BOTH * max(-low, high)
    return "diverging" if kind in _SIGNED or (kind == "derived" and both) else "linear"


def why_not(scale: str, limits: tuple[float, float]) -> str:
    """Why values between these limits are not drawn in a scale; empty where they are."""
    low, high = limits
    if scale == "logarithmic" and (low < 0 or high <= 0):
        return "Some values are negative, and have no logarithm"
    return ""


def fitted_limits(
    scale: str, limits: tuple[float, float], middle: float = 0.0, least: float | None = None
) -> tuple[float, float]:
    """The ends of the colours in a scale.

    Parameters
    ----------
    scale
        One of :data:`SCALES`.
    limits
        The lowest and the highest value to be told apart.
    middle
        The value that a diverging scale has in its middle.
    least
        The least positive value, where a logarithmic scale cannot begin at ``limits``; by default, and at least, a
        thousandth of the highest.

    Returns
    -------
    tuple of float
        As they are where linear; as far to either side of the middle where diverging; above zero where logarithmic.
    """
    low, high = map(float, limits)
    if scale == "diverging":
        reach = max(abs(low - middle), abs(high - middle)) or 1.0
        return middle - reach, middle + reach
    if scale == "logarithmic" and high > 0:
        if low <= 0:
            low = max(least or 0.0, high / _SPAN)
        return (low, high) if low < high else (high / 10, high)
    return low, high


def share_of(values, limits: tuple[float, float], scale: str) -> np.ndarray:
    """How far along the colours values lie: 0 at the lower limit, 1 at the upper, beyond and not a number as they
    are."""
    low, high = limits
    values = np.asarray(values, float)
    if scale != "logarithmic":
        return (values - low) / (high - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.where(values > 0, values, np.nan) / low) / np.log(high / low)


def base_colors(kind: str | None, scale: str) -> str:
    """The colour map of a kind of scan in a scale, by the name that matplotlib and napari know it by."""
    return _DIVERGING if scale == "diverging" else _COLORS.get(kind or "", "viridis")


def least_positive(scan: xr.DataArray) -> float | None:
    """The value that one in 500 of a scan's positive values lies below; None where none is positive."""
    values = np.asarray(scan.values, float)
    values = values[values > 0]
    return float(np.quantile(values, 0.002)) if values.size else None
