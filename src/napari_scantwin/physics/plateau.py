"""Plateau pressures of pressure-composition isotherms, the plateau's limits, and hysteresis.

Both axes of an isotherm are scaled to its own range, x the composition and y the logarithm of the pressure (made to
rise with the composition by isotonic regression). The plateau is the stretch over which the isotherm gains most
composition for least pressure: from where x - y is least to where it is greatest, the two knees at which the
isotherm is as steep as its own diagonal, moved inwards to where the readings lie on the line through its core.

plateau pressure    p at the middle of the plateau's composition: of a straight line through ln p of the readings in
                    the plateau's middle 70 %, or, where fewer than three lie there (a flat plateau met by steps of
                    pressure), halfway in ln p between the two readings about the middle
its error           of that line there (or the gap's, uniform: half of it over sqrt 3), with what the middle's own error
                    makes by the plateau's slope
limits              halfway from the two knees to the next reading outwards; error: how they move when the readings'
                    scatter about the plateau is drawn again, with that gap (uniform)
slope               d ln p / dx along the plateau

A stretch that rises more than a third of what an ideal solution would (Sieverts: ln p = 2 ln x + const) is no plateau.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import isotonic_regression

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.isotherms import ABSORPTION, DESORPTION, Isotherm, isotherms

__all__ = ["GAS_CONSTANT", "Plateau", "find_plateau", "hysteresis", "plateau_pressures", "pressures_of"]

GAS_CONSTANT = 8.314462618  # J/mol/K, exact to these digits
#: Share of the plateau's width left out at either end when its line is fitted.
_ENDS = 0.15
#: Of an ideal solution's rise of ln p over the same composition, what a plateau may have at most.
_IDEAL = 1 / 3
#: Share of the width at either end that does not belong to a plateau's core; how many scatters from the core's line,
#: and how much of ln p at least, a reading lies that has left it.
_CORE, _LEAVES, _LEAST = 0.3, 3.0, 0.005
#: Readings a plateau line is fitted to.
_FEWEST = 3


@dataclass(frozen=True)
class Plateau:
    """The plateau of one isotherm.

    Parameters
    ----------
    isotherm
        The isotherm it lies on.
    pressure
        The pressure at its middle, in the isotherm's unit.
    lower, upper
        The compositions where it begins and ends (NaN where the isotherm does not go that far).
    slope
        d ln p / d composition along it.
    points
        How many readings lie in its middle.
    note
        Why one of them is missing, else empty.
    """

    isotherm: Isotherm
    pressure: Quantity
    lower: Quantity
    upper: Quantity
    slope: Quantity
    points: int
    note: str


def find_plateau(isotherm: Isotherm, *, count: int = 60, seed: int = 0) -> Plateau:
    """The plateau of one isotherm (the widest, where there are several).

    The module's text says what a plateau is and how its pressure, limits and slope are read.

    Parameters
    ----------
    isotherm
        One of :func:`napari_scantwin.physics.isotherms.isotherms`.
    count, seed
        How many draws of the readings' scatter give the limits' errors, and their seed.

    Returns
    -------
    Plateau
        All its numbers are NaN, and its ``note`` says so, where the isotherm has no plateau.
    """
    composition, height = isotherm.composition, np.log(isotherm.pressure)
    knees = _knees(composition, height)
    if knees is None:
        nothing = "no plateau within the measured range"
        return _missing(isotherm, "; ".join(note for note in (isotherm.note, nothing) if note))
    knees, scatter, met = knees[:2], knees[2], knees[2] > 0
    random = np.random.default_rng(seed)
    drawn = (_knees(composition, height + scatter * random.normal(size=len(height))) for _ in range(count))
    drawn = np.array([composition[list(found[:2])] for found in drawn if found is not None])
    ends = composition[list(knees)]
    moved = np.sqrt(np.mean((drawn - ends) ** 2, axis=0)) if len(drawn) else np.full(2, np.nan)
    first, last = knees
    # A plateau that was met reading by reading ends somewhere between its last reading and the next one outwards.
    outwards = np.array([composition[max(first - 1, 0)], composition[min(last + 1, len(composition) - 1)]]) - ends
    if met:
        ends = ends + outwards / 2
    deviation = np.hypot(moved, outwards / np.sqrt(12))
    at, error, slope, slope_error, points = _middle(composition, height, *ends)
    error = np.hypot(error, slope * 0.5 * np.hypot(*deviation))
    unit, notes = isotherm.composition_unit, [isotherm.note] if isotherm.note else []
    limits = [Quantity(float(end), float(one), unit) for end, one in zip(ends, deviation, strict=True)]
    unknown = Quantity(float("nan"), float("nan"), unit)
    if first == 0:
        limits[0] = unknown
        notes.append("the plateau begins below the measured range")
    if last == len(composition) - 1:
        limits[1] = unknown
        notes.append("the plateau goes on beyond the measured range")
    pressure = float(np.exp(at))
    return Plateau(
        isotherm,
        Quantity(pressure, float(pressure * error), isotherm.pressure_unit),
        *limits,
        Quantity(float(slope), float(slope_error), units.ratio("dimensionless", unit)),
        points,
        "; ".join(notes),
    )


def plateau_pressures(scan: xr.DataArray, **options) -> xr.DataArray:
    """The plateau pressure of every isotherm of a scan.

    Parameters
    ----------
    scan
        A scan of composition over pressure, or of pressure over composition.
    options
        The keywords of :func:`napari_scantwin.physics.isotherms.isotherms` (``temperature``, ``pressure_unit``,
        ``logarithm``, ``direction``).

    Returns
    -------
    xarray.DataArray
        A ragged scan over the temperature (K) and any further axes, NaN where an isotherm has no plateau. Coordinates:
        ``standard_error``, ``direction`` (+1 absorption, -1 desorption, 0 not known), ``lower_limit`` and
        ``upper_limit`` of composition with their errors, ``plateau_slope``, ``temperature_error`` (K, the spread of the
        readings) and ``note``.

    Raises
    ------
    ScanError
        Where the scan holds no isotherm, or something about it must be said first.
    """
    return pressures_of(scan, [find_plateau(one) for one in isotherms(scan, **options)])


def pressures_of(scan: xr.DataArray, found: Sequence[Plateau]) -> xr.DataArray:
    """Plateaus that were found in a scan, as :func:`plateau_pressures` gives them.

    Parameters
    ----------
    scan
        The scan they were found in.
    found
        One of each isotherm, at least one.

    Returns
    -------
    xarray.DataArray
        The ragged scan.
    """
    first = found[0].isotherm
    held = {
        name: (np.array([one.isotherm.held[name] for one in found]), scan[name].attrs["units"]) for name in first.held
    }
    kelvin = np.array([one.isotherm.temperature.value for one in found])
    result = scans.ragged_scan(
        {**held, "temperature": (kelvin, "K")},
        np.array([one.pressure.value for one in found]),
        name="plateau_pressure",
        unit=first.pressure_unit,
        errors=np.array([one.pressure.error for one in found]),
        sweep=np.arange(len(found)),
        attrs={
            **{key: scan.attrs[key] for key in ("source", "sha256", "title") if key in scan.attrs},
            "kind": "derived",
            "derived_from": scan.attrs.get("kind", "measured"),
        },
    )
    unit = {"units": first.composition_unit}
    return result.assign_coords(
        direction=(scans.POINT, np.array([one.isotherm.direction for one in found])),
        lower_limit=(scans.POINT, np.array([one.lower.value for one in found]), unit),
        lower_limit_error=(scans.POINT, np.array([one.lower.error for one in found]), unit),
        upper_limit=(scans.POINT, np.array([one.upper.value for one in found]), unit),
        upper_limit_error=(scans.POINT, np.array([one.upper.error for one in found]), unit),
        plateau_slope=(scans.POINT, np.array([one.slope.value for one in found]), {"units": found[0].slope.unit}),
        temperature_error=(scans.POINT, np.array([one.isotherm.temperature.error for one in found]), {"units": "K"}),
        note=(scans.POINT, np.array([one.note for one in found], dtype=str)),
    )


def hysteresis(plateaus: xr.DataArray) -> xr.DataArray:
    """The free energy lost in a cycle, R T ln(p_absorption / p_desorption), over the temperature.

    Several absorptions (or desorptions) at one temperature are averaged by their errors.

    Parameters
    ----------
    plateaus
        The plateau pressures that :func:`plateau_pressures` gives.

    Returns
    -------
    xarray.DataArray
        The loss in kJ per mol H2 over the temperature (K), with ``standard_error``.

    Raises
    ------
    ScanError
        Where no temperature has a plateau of both.
    """
    rows = np.flatnonzero(np.isfinite(plateaus.values))
    if "direction" not in plateaus.coords or not len(rows):
        raise ScanError("hysteresis needs plateau pressures of absorption and of desorption, from plateau_pressures()")
    kelvin, way = scans.set_points(plateaus["temperature"].values[rows]), plateaus["direction"].values[rows]
    height = np.log(plateaus.values[rows])
    error = plateaus["standard_error"].values[rows] / plateaus.values[rows]
    found = []
    for at in np.unique(kelvin):
        both = [
            _average(height[mine], error[mine]) for mine in (_of(kelvin, way, at, d) for d in (1, -1)) if mine.any()
        ]
        if len(both) == 2:
            (up, up_error), (down, down_error) = both
            scale = GAS_CONSTANT * at / 1000
            found.append((at, scale * (up - down), scale * np.hypot(up_error, down_error)))
    if not found:
        raise ScanError("no temperature has a plateau of absorption and one of desorption")
    at, loss, deviation = np.array(found).T
    return scans.ragged_scan(
        {"temperature": (at, "K")},
        loss,
        name="hysteresis",
        unit="kJ/mol",
        errors=deviation,
        sweep=np.arange(len(at)),
        long_names={"hysteresis": "free energy of hysteresis per mol H2"},
        attrs={"kind": "derived"},
    )


def _of(kelvin: np.ndarray, way: np.ndarray, at: float, direction: int) -> np.ndarray:
    return (kelvin == at) & (way == (ABSORPTION if direction > 0 else DESORPTION))


def _average(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    least = 1e-9 + 1e-6 * np.abs(values).max()
    weight = 1 / np.maximum(np.nan_to_num(errors), least) ** 2
    return float(np.average(values, weights=weight)), float(1 / np.sqrt(weight.sum()))


def _knees(composition: np.ndarray, height: np.ndarray) -> tuple[int, int, float] | None:
    """Places of the plateau's first and last reading and the scatter of ln p along it (zero where too few
    readings lie on it to determine it), None where there is no plateau."""
    if np.ptp(composition) == 0 or np.ptp(height) == 0:
        return None
    rising = isotonic_regression(height, increasing=True).x
    rise = np.ptp(rising) or 1.0
    above = (composition - composition[0]) / np.ptp(composition) - (rising - rising[0]) / rise
    # The widest climb of x - y from one reading to a later one.
    lowest = np.minimum.accumulate(above)
    last = int(np.argmax(above - lowest))
    first = int(np.argmin(above[: last + 1]))
    if last - first < 1 or above[last] <= above[first]:
        return None
    low, high = composition[first], composition[last]
    if low > 0 and rising[last] - rising[first] > _IDEAL * 2 * np.log(high / low):
        return None
    return _tightened(composition, height, first, last)


def _tightened(composition: np.ndarray, height: np.ndarray, first: int, last: int) -> tuple[int, int, float]:
    """The knees, moved inwards to where the readings leave the line through the plateau's middle: where the isotherm
    bends gently, the diagonal's knee lies well outside."""
    width = composition[last] - composition[first]
    core = np.flatnonzero(
        (composition >= composition[first] + _CORE * width) & (composition <= composition[last] - _CORE * width)
    )
    if len(np.unique(composition[core])) < 2 * _FEWEST:
        return first, last, 0.0
    line = np.polyfit(composition[core], height[core], 1)
    away = np.abs(height - np.polyval(line, composition))
    scatter = max(1.4826 * float(np.median(away[core])), 1e-9)
    limit = max(_LEAVES * scatter, _LEAST)
    while first < core[0] and away[first] > limit:
        first += 1
    while last > core[-1] and away[last] > limit:
        last -= 1
    return first, last, scatter


def _middle(composition, height, lower: float, upper: float) -> tuple[float, float, float, float, int]:
    """ln p in the middle of a plateau with its error, the slope with its error, and the readings they come from."""
    middle, width = (lower + upper) / 2, upper - lower
    inside = (composition > lower + _ENDS * width) & (composition < upper - _ENDS * width)
    points = int(inside.sum())
    if points >= _FEWEST and np.ptp(composition[inside]) > 0.3 * width:
        away = composition[inside] - middle
        design = np.stack([np.ones(points), away], axis=1)
        (level, slope), *_ = np.linalg.lstsq(design, height[inside], rcond=None)
        residual = height[inside] - design @ [level, slope]
        variance = np.sum(residual**2) / max(points - 2, 1)
        covariance = variance * np.linalg.inv(design.T @ design)
        return float(level), float(np.sqrt(covariance[0, 0])), float(slope), float(np.sqrt(covariance[1, 1])), points
    left, right = np.flatnonzero(composition <= middle)[-1], np.flatnonzero(composition > middle)[0]
    gap = abs(height[right] - height[left])
    slope = (height[right] - height[left]) / (composition[right] - composition[left])
    at = (height[left] + height[right]) / 2
    return float(at), float(gap / 2 / np.sqrt(3)), float(slope), float("nan"), points


def _missing(isotherm: Isotherm, note: str) -> Plateau:
    nothing = Quantity(float("nan"), float("nan"), isotherm.composition_unit)
    pressure = Quantity(float("nan"), float("nan"), isotherm.pressure_unit)
    slope = Quantity(float("nan"), float("nan"), units.ratio("dimensionless", isotherm.composition_unit))
    return Plateau(isotherm, pressure, nothing, nothing, slope, 0, note)
