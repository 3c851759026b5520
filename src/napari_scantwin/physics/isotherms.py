"""Pressure-composition isotherms of a metal-hydrogen system, told apart by temperature and by direction.

A scan of composition (H/M, wt%, ...) over pressure, or of pressure over composition, with the temperature along a
further axis or given by the caller. The order in which the points were measured tells absorption (pressure and
composition rise) from desorption; the two are never mixed. The unit of pressure is never guessed, nor whether a
column holds a logarithm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.branches import is_kind, split_runs

__all__ = ["ABSORPTION", "DESORPTION", "NOT_TOLD", "Isotherm", "isotherms", "labels_of", "pressure_name"]

#: An isotherm's direction.
ABSORPTION, DESORPTION, NOT_TOLD = 1, -1, 0
_DIRECTIONS = {"absorption": ABSORPTION, "desorption": DESORPTION}
_BASES = {10: 10.0, "10": 10.0, "e": float(np.e)}
#: Points an isotherm must have.
_FEWEST = 5
#: A zero of the gauge: pressures that are not positive but smaller than this share of the highest are left out.
_ZERO = 0.01
#: Points whose order follows their composition by less than this (Spearman's coefficient) do not tell a direction.
_ORDER = 0.5


@dataclass(frozen=True)
class Isotherm:
    """One isotherm: ``pressure`` [n] in ``pressure_unit`` and ``composition`` [n] in ``composition_unit``, sorted by
    composition; its ``temperature`` (K, the error being the spread of its readings), the values ``held`` of further
    axes, the ``direction`` (ABSORPTION, DESORPTION or NOT_TOLD) and a ``note`` on points left out."""

    temperature: Quantity
    held: dict[str, float]
    direction: int
    pressure: np.ndarray
    composition: np.ndarray
    pressure_unit: str
    composition_unit: str
    note: str


def isotherms(
    scan: xr.DataArray,
    *,
    temperature: Quantity | str | tuple | None = None,
    pressure_unit: str | None = None,
    logarithm: int | str | bool | None = None,
    direction: str | None = None,
) -> list[Isotherm]:
    """The isotherms of a scan by rising temperature; masked points take no part.

    ``temperature`` ("298 K") is needed where no axis of the scan is one. ``pressure_unit`` is needed where the
    pressure's column is a plain number (a logarithm, or p over a standard pressure). ``logarithm`` is 10 or "e" where
    the column holds log10(p) or ln(p), False where its name says so and it does not. ``direction`` ("absorption" or
    "desorption") says what isotherms are whose order of measuring is lost (a gridded or simulated scan), and picks
    those of a scan that tells.

    Raises :class:`ScanError` where one of these must be said, and where no isotherm has five points.
    """
    scans.check(scan)
    if direction is not None and direction not in _DIRECTIONS:
        raise ScanError(f"an isotherm is of 'absorption' or 'desorption', not {direction!r}")
    name = pressure_name(scan)
    pressure, unit, note = _pressures(scan, name, pressure_unit, logarithm)
    kelvin, thermometer = _temperatures(scan, temperature)
    fast, composition, composition_unit = _compositions(scan, name, thermometer)
    others = [axis for axis in scans.axes(scan) if axis not in (name, thermometer, fast)]
    table = scans.points(scan)
    used = ~table.masked & np.isfinite(pressure) & np.isfinite(composition)
    columns = {axis: table.coordinates[:, scans.axes(scan).index(axis)] for axis in others}
    groups = [scans.set_points(kelvin), *(scans.set_points(column) for column in columns.values())]
    if "sweep" in scan.coords:
        groups.append(table.sweep)
    keys = np.unique(np.stack(groups, axis=1), axis=0, return_inverse=True)[1].ravel()
    found = []
    for key in np.unique(keys[used]):
        rows = np.flatnonzero(used & (keys == key))
        held = {axis: float(np.median(column[rows])) for axis, column in columns.items()}
        for part, way in _directions(pressure[rows], composition[rows], _order_of(scan)):
            mine = rows[part]
            mine = mine[np.argsort(composition[mine], kind="stable")]
            way = _DIRECTIONS[direction] if direction is not None and way == NOT_TOLD else way
            spread = float(np.std(kelvin[mine])) if thermometer else temperature_error(temperature)
            at = Quantity(float(np.median(kelvin[mine])), spread, "K")
            one = Isotherm(at, held, way, pressure[mine], composition[mine], unit, composition_unit, note)
            if direction is None or way == _DIRECTIONS[direction]:
                found.append(one)
    if not found:
        raise ScanError(
            f"no isotherm of {direction} has {_FEWEST} points or more"
            if direction
            else f"no isotherm has {_FEWEST} points or more; there is nothing to analyse"
        )
    return sorted(found, key=lambda one: (tuple(one.held.values()), one.temperature.value, -one.direction))


def temperature_error(temperature: Quantity | str | tuple) -> float:
    """The error (K) of a temperature given by the caller, zero where it has none."""
    error = Quantity.of(temperature, "the temperature", "298 K").to("K").error
    return error if np.isfinite(error) else 0.0


_PRESSURE = re.compile(r"(?:^|[^a-z]|lo?g|ln)(?:p|p_?h2|pressure)(?:$|[^a-z])", re.IGNORECASE)


def labels_of(scan: xr.DataArray, name: str) -> list[str]:
    """What an axis (or the value) is called: its name, its long name, its column in the file."""
    array = scan if name == scan.name else scan[name]
    return [str(array.name), *(str(array.attrs[key]) for key in ("long_name", "column") if key in array.attrs)]


def pressure_name(scan: xr.DataArray) -> str:
    """The axis that is a pressure, or the value's name; by its unit, else by its name where it is a plain number."""
    names = [*scans.axes(scan), str(scan.name)]
    unit = {name: (scan if name == scan.name else scan[name]).attrs["units"] for name in names}
    found = [name for name in names if is_kind(unit[name], "pressure")]
    if not found:
        plain = [name for name in names if units.compatible(unit[name], "dimensionless")]
        found = [name for name in plain if any(_PRESSURE.search(label) for label in labels_of(scan, name))]
    if len(found) != 1:
        has = ", ".join([*(scans.axis_label(scan, name) for name in scans.axes(scan)), scans.label(scan)])
        raise ScanError(
            f"an isotherm needs one column of pressure, but the scan has {'none' if not found else 'several'} ({has}); "
            "open it with its unit, for example 2=pressure[bar]"
        )
    return found[0]


def _pressures(scan: xr.DataArray, name: str, unit: str | None, logarithm) -> tuple[np.ndarray, str, str]:
    """Pressures [points], their unit, and a note on those left out (NaN)."""
    table = scans.points(scan)
    array = scan if name == scan.name else scan[name]
    values = table.values if name == scan.name else table.coordinates[:, scans.axes(scan).index(name)]
    own = array.attrs["units"]
    plain = units.compatible(own, "dimensionless")
    if logarithm is None and any(units.is_logarithm(label) for label in labels_of(scan, name)):
        raise ScanError(
            f"{scans.label(array)} looks like a logarithm of the pressure; say so with logarithm=10 (or 'e') and "
            "pressure_unit='bar' (or Pa, atm, ...), or logarithm=False if it is the pressure itself"
        )
    if logarithm not in (None, False) and (logarithm is True or logarithm not in _BASES):
        raise ScanError(f"the logarithm of a pressure is to the base 10 or 'e', not {logarithm!r}")
    if unit is None:
        if plain:
            raise ScanError(f"{scans.label(array)} is a plain number; say what it counts with pressure_unit='bar'")
        unit = own
    if not is_kind(unit, "pressure"):
        raise ScanError(f"{unit!r} is no unit of pressure; write one such as bar, Pa, MPa, atm or torr")
    if logarithm:
        with np.errstate(over="ignore"):
            pressure = _BASES[logarithm] ** np.asarray(values, float)
        if not np.isfinite(pressure).all():
            raise ScanError(f"{scans.label(array)} reaches {np.max(values):.4g}; that is no logarithm of a pressure")
        return pressure, units.standard(unit), ""
    pressure = np.array(values if plain else units.convert(values, own, unit), float)
    wrong = pressure <= 0
    if wrong.any() and (wrong.all() or -pressure.min() > _ZERO * pressure.max()):
        raise ScanError(
            f"{wrong.sum()} of {len(pressure)} pressures are not positive, down to {pressure.min():.4g} "
            f"{units.pretty(unit)}; if the column is a logarithm say logarithm=10 and pressure_unit='bar', else take "
            "the gauge's offset off"
        )
    pressure[wrong] = np.nan
    note = f"{wrong.sum()} readings at zero pressure left out" if wrong.any() else ""
    return pressure, units.standard(unit), note


def _temperatures(scan: xr.DataArray, given) -> tuple[np.ndarray, str | None]:
    """Temperatures [points] in kelvin and the axis they stand in, None where the caller gave one for all."""
    table = scans.points(scan)
    names = scans.axes(scan)
    found = [name for name in names if is_kind(scan[name].attrs["units"], "temperature")]
    if found and given is None:
        column = table.coordinates[:, names.index(found[0])]
        kelvin = np.asarray(units.convert(column, scan[found[0]].attrs["units"], "K"), float)
    elif given is not None and not found:
        one = Quantity.of(given, "the temperature", "298 K").to("K")
        kelvin = np.full(len(table.values), one.value)
    elif found:
        raise ScanError(f"the scan has temperatures of its own along {found[0]!r}; leave temperature= away")
    else:
        raise ScanError("the scan does not say at what temperature it was measured; give it, temperature='298 K'")
    if (kelvin <= 0).any():
        raise ScanError(f"a temperature of {kelvin.min():.4g} K is not possible; check the unit of the temperature")
    return kelvin, found[0] if found else None


def _compositions(scan: xr.DataArray, pressure: str, thermometer: str | None) -> tuple[str, np.ndarray, str]:
    """The column that is the composition: its name, values [points] and unit."""
    table = scans.points(scan)
    if pressure != scan.name:
        return str(scan.name), table.values, scan.attrs["units"]
    left = [name for name in scans.axes(scan) if name != thermometer]
    if not left:
        raise ScanError("an isotherm needs a column of composition (H/M, wt%) beside the pressure; the scan has none")
    return left[-1], table.coordinates[:, scans.axes(scan).index(left[-1])], scan[left[-1]].attrs["units"]


def _order_of(scan: xr.DataArray) -> int | None:
    """The direction of a gridded scan (NOT_TOLD where nobody kept how it was measured), None where the order of the
    points tells."""
    if not scans.is_gridded(scan):
        return None
    return {"rising": ABSORPTION, "falling": DESORPTION}.get(scan.attrs.get("fast_axis_ran"), NOT_TOLD)


def _directions(pressure: np.ndarray, composition: np.ndarray, known: int | None) -> list[tuple[np.ndarray, int]]:
    """The rows of each absorption and desorption among points in the order they were measured."""
    everything = np.arange(len(pressure))
    if len(everything) < _FEWEST:
        return []
    if known is not None:
        return [(everything, known)]
    height = np.log(pressure)
    # Along a plateau only the composition moves, beside it mostly the pressure: their sum rises throughout.
    course = (composition - composition.min()) / (np.ptp(composition) or 1.0)
    course = course + (height - height.min()) / (np.ptp(height) or 1.0)
    parts = [part for part in split_runs(course) if len(part) >= _FEWEST]
    found = []
    for part in parts:
        rank = np.argsort(np.argsort(course[part], kind="stable"))
        order = np.corrcoef(rank, np.arange(len(part)))[0, 1]
        found.append((part, int(np.sign(order)) if abs(order) > _ORDER else NOT_TOLD))
    return found
