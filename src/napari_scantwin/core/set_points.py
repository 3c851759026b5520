"""What a set point is called: rounded by how far it wanders, so that 999.998 Oe is 1000 Oe wherever it is named."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.sweeps import least_apart

__all__ = ["at_set_points", "set_point_name", "set_point_texts", "written_within"]

#: Of what readings of one set point may lie apart, so much may be rounded away; and of the step of a grid.
_OF_JITTER, _OF_STEP = 0.25, 2e-3
#: No set point is rounded by more than this part of the way to the next.
_OF_GAP = 0.25
#: Beyond these powers of ten numbers are written with an exponent.
_POWERS = (-4, 7)


def written_within(value: float, within: float) -> str:
    """A number with the fewest digits that are no further from it than ``within``.

    Parameters
    ----------
    value
        The number.
    within
        How far the text may be from it; with 0, six significant digits.

    Returns
    -------
    str
        The text, without zeros behind the decimals.
    """
    value = float(value)
    if not np.isfinite(value) or not within > 0:
        return f"{value:.6g}"
    if abs(value) <= within:
        return "0"
    first = -int(np.floor(np.log10(abs(value))))
    for decimals in range(first - 1, first + 13):
        rounded = round(value, decimals)
        if rounded and abs(rounded - value) <= within:
            break
    power = np.floor(np.log10(abs(rounded)))
    if not _POWERS[0] <= power < _POWERS[1]:
        return f"{rounded:.{max(decimals - first + 1, 1)}g}"
    text = f"{rounded:.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def set_point_texts(scan: xr.DataArray, axis: str, values: Iterable[float] | None = None) -> list[str]:
    """Set points of an axis as they are named, without their unit.

    What instruments read of a set point is rounded by a quarter of how far readings of one may lie apart, or by their
    standard deviation where that is more; what stands on a grid by a five hundredth of its step. Different set points
    keep different names.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        One of its axes.
    values
        The set points, in the axis's unit; by default each of the axis, ascending.

    Returns
    -------
    list of str
        A text for each.
    """
    column = np.asarray(scan[axis].values, float)
    gridded = scans.is_gridded(scan)
    known = np.unique(column) if gridded else np.unique(scans.set_points(column))
    wanted = known if values is None else np.array([float(value) for value in values])
    if not len(wanted):
        return []
    span = float(np.ptp(column))
    same = 1e-9 * np.maximum(span, np.abs(wanted)) if gridded else least_apart(wanted, span)
    gaps = _gaps(known, wanted, same)
    if gridded:
        within = np.where(np.isfinite(gaps), _OF_STEP * gaps, 1e-6 * np.abs(wanted))
    else:
        within = np.maximum(_OF_JITTER * same, _spread(np.sort(column), wanted, np.minimum(gaps / 2, span or 1.0)))
    return [written_within(*one) for one in zip(wanted, np.minimum(within, _OF_GAP * gaps), strict=True)]


def _gaps(known: np.ndarray, wanted: np.ndarray, same: np.ndarray) -> np.ndarray:
    """How far the next set point is from each wanted value, infinite where there is none; what is closer than ``same``
    is no other one."""
    ends = np.concatenate([[-np.inf], known, [np.inf]])
    below = ends[np.searchsorted(known, wanted - same)]
    above = ends[np.searchsorted(known, wanted + same, side="right") + 1]
    return np.minimum(wanted - below, above - wanted)


def _spread(ordered: np.ndarray, wanted: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The standard deviation of the readings about each wanted value, no further from it than ``reach``."""
    ends = np.searchsorted(ordered, [wanted - reach, wanted + reach]).T
    return np.array([float(np.std(ordered[low:high])) if high - low > 1 else 0.0 for low, high in ends])


def set_point_name(scan: xr.DataArray, axis: str, value: float) -> str:
    """A set point with its unit, such as ``"1000 Oe"``; see :func:`set_point_texts`."""
    return f"{set_point_texts(scan, axis, [value])[0]} {units.pretty(scan[axis].attrs['units'])}".strip()


def at_set_points(scan: xr.DataArray, at: dict[str, float]) -> str:
    """Where slow axes are held, in words: ``"1000 Oe, 20 K"``."""
    return ", ".join(set_point_name(scan, axis, value) for axis, value in at.items())
