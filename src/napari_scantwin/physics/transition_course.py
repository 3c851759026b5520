"""The course of a transition along any slow axis: loading time, hydrogen content, pressure, current, field.

One course for every combination of the other slow axes' values and for each direction of the fast axis: warming and
cooling are never mixed. A weighted straight line says how fast the transition moves::

    transition = level + slope * (slow - mean of slow)

Each sweep weighs by the error of its transition; where the points scatter more than these errors say
(``reduced_chi_square`` above one: a curved course, or unknown thermometer errors) the slope's error is scaled up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.transitions import phase_boundary

__all__ = ["TransitionCourse", "transition_courses"]

#: Transitions a slope needs at least.
_FEWEST = 3


@dataclass(frozen=True)
class TransitionCourse:
    """One course of a transition along a slow axis.

    Parameters
    ----------
    along
        The slow axis it runs along.
    held
        The other slow axes' values, in the scan's units.
    direction
        +1 where the fast axis rose, -1 where it fell.
    boundary
        A ragged scan over ``along``, ascending, with ``standard_error``, ``sweep`` and ``note``; NaN where a sweep has
        no transition.
    slope
        The slope of the straight line (NaN below three transitions at different places).
    reduced_chi_square
        That of the straight line.
    points
        How many transitions it was fitted to.
    """

    along: str
    held: dict[str, float]
    direction: int
    boundary: xr.DataArray
    slope: Quantity
    reduced_chi_square: float
    points: int


def transition_courses(
    scan: xr.DataArray, criterion: str | float = "50 %", *, along: str | None = None, **options
) -> list[TransitionCourse]:
    """The courses of the transition along one slow axis of a scan, measured or simulated.

    Sweeps repeated at one value of the slow axis stay points of their own, told apart by ``sweep``.

    Parameters
    ----------
    scan
        A scan with at least one slow axis.
    criterion
        See :func:`napari_scantwin.physics.transitions.phase_boundary`.
    along
        The slow axis; it may be left out where the scan has only one.
    options
        The further keywords of :func:`napari_scantwin.physics.transitions.phase_boundary`.

    Returns
    -------
    list of TransitionCourse
        One for every combination of the other slow axes' values and each direction.

    Raises
    ------
    ScanError
        Where ``along`` is missing or is no slow axis of the scan.
    """
    scans.check(scan)
    slow = scans.axes(scan)[:-1]
    if along is None:
        if len(slow) > 1:
            raise ScanError(f"the scan has the slow axes {', '.join(slow)}; say which one with along='...'")
        along = slow[0] if slow else ""
    if slow and along not in slow:
        raise ScanError(f"{along!r} is no slow axis of this scan; its slow axes are {', '.join(slow)}")
    boundary = phase_boundary(scan, criterion, **options)
    others = [name for name in slow if name != along]
    # Set points, so that a jittering field of one and the same value is one course.
    settings = [scans.set_points(boundary[name].values) for name in others]
    keys = list(zip(*settings, boundary["direction"].values, strict=True))
    courses = []
    for key in sorted(set(keys)):
        rows = np.array([k for k, one in enumerate(keys) if one == key])
        rows = rows[np.argsort(boundary[along].values[rows], kind="stable")]
        held = {name: float(value) for name, value in zip(others, key[:-1], strict=True)}
        mine = boundary.isel(point=rows).drop_vars(others).assign_attrs(axes=along)
        courses.append(TransitionCourse(along, held, int(key[-1]), mine, *_line(mine, along)))
    return courses


def _line(boundary: xr.DataArray, along: str) -> tuple[Quantity, float, int]:
    """Slope with its error, reduced chi-square and number of points of the weighted straight line."""
    slow_unit = boundary[along].attrs["units"]
    place = np.asarray(boundary[along].values, float)
    if is_kind(slow_unit, "temperature"):  # a slope per degree Celsius is one per kelvin
        place, slow_unit = units.convert(place, slow_unit, "K"), "K"
    unit = units.ratio(boundary.attrs["units"], slow_unit)
    value = np.asarray(boundary.values, float)
    error = np.asarray(boundary["standard_error"].values, float)
    good = np.isfinite(value)
    if len(np.unique(place[good])) < _FEWEST:
        return Quantity(float("nan"), float("nan"), unit), float("nan"), int(good.sum())
    place, value, error = place[good], value[good], error[good]
    known = np.isfinite(error) & (error > 0)
    usual = np.median(error[known]) if known.any() else 1.0
    error = np.where(known, error, usual)
    weight = 1 / error**2
    away = place - np.average(place, weights=weight)
    spread = float(np.sum(weight * away**2))
    level = np.average(value, weights=weight)
    slope = float(np.sum(weight * away * value) / spread)
    chi = float(np.sum(weight * (value - level - slope * away) ** 2) / (len(place) - 2))
    # Without any known error the scatter is all there is to go by.
    scale = max(chi, 1.0) if known.any() else chi
    return Quantity(slope, float(np.sqrt(scale / spread)), unit), chi, len(place)
