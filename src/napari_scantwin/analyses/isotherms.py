"""Pressure-composition isotherms, their plateaus and the van 't Hoff line, of every side."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.analyses.fit_window import temperature_window, window_over_temperature
from napari_scantwin.analyses.sides import Side, sides_of
from napari_scantwin.analyses.transition_sides import used_set_points
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.findings import Curve, Findings, Plot, Table, gradient, plain
from napari_scantwin.operations.operation import reason_of
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.source import Source
from napari_scantwin.operations.window import Window
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.isotherms import ABSORPTION, DESORPTION, isotherms, labels_of, pressure_name
from napari_scantwin.physics.plateau import Plateau, find_plateau, hysteresis, pressures_of
from napari_scantwin.physics.temperature_window import window_in_words
from napari_scantwin.physics.van_t_hoff import VanTHoff, fit_van_t_hoff, standard_pressure_of

__all__ = ["VIEWS", "IsothermSide", "IsothermsResult", "calculate", "rows_of", "said", "table_of"]

_WAYS = {ABSORPTION: "absorption", DESORPTION: "desorption", 0: "not told"}
#: Pressures at which a twin's isotherms are read.
_PRESSURES = 240


@dataclass(frozen=True)
class IsothermSide(Side):
    """One side's isotherms.

    Parameters
    ----------
    plateaus
        The plateau of every isotherm.
    pressures
        The same as a scan over the temperature.
    fits
        The van 't Hoff fits by direction (0: not known).
    loss
        The hysteresis, or None.
    notes
        What could not be worked out, and why.
    """

    plateaus: list[Plateau]
    pressures: xr.DataArray
    fits: dict[int, VanTHoff]
    loss: xr.DataArray | None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class IsothermsResult:
    """The isotherms of every side.

    Parameters
    ----------
    sides
        Those that could be worked out.
    refused
        A sentence for each that could not.
    source
        The chosen scan.
    standard
        The standard pressure.
    window
        The temperatures in K between which plateaus were fitted; None leaves a side open.
    """

    sides: list[IsothermSide]
    refused: list[str]
    source: xr.DataArray
    standard: Quantity
    window: tuple[float | None, float | None] = (None, None)


def calculate(
    sources: Sequence[Source],
    options: dict,
    standard: str,
    window: tuple[float | None, float | None] = (None, None),
    *,
    kept: MutableMapping | None = None,
    stop=None,
) -> IsothermsResult:
    """Work out plateaus, van 't Hoff fits and hysteresis of every side.

    Parameters
    ----------
    sources
        The chosen measurement and, where there is one, the second.
    options
        Those of :func:`napari_scantwin.physics.isotherms.isotherms`.
    standard
        The standard pressure as text with its unit.
    window
        The temperatures in K between which plateaus are fitted; None leaves a side open.
    kept
        Keeps the plateaus from call to call on the same scan.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    IsothermsResult
        The sides and the refusals.

    Raises
    ------
    ScanError
        Where no side could be worked out, or the standard pressure is none.
    """
    kept = {} if kept is None else kept

    def work(name, source, twin, second):
        return _side(name, twin is not None, second, *_plateaus(source, twin, options, kept, stop), (p0, window))

    try:
        p0 = standard_pressure_of(standard)
    except ScanError as reason:
        raise WrongParameter(str(reason), "standard") from None
    return IsothermsResult(*sides_of(sources, work, measured="measured", stop=stop), sources[0].scan, p0, window)


def _simulated(twin, stop) -> xr.DataArray:
    """The twin's isotherms at the measured set points of the slow axis."""
    if len(twin.axes) != 2:
        raise ScanError("the twin's isotherms are drawn for scans of two axes; this one has another number")
    column = np.asarray(twin.scan[twin.axes[1]].values, float)
    return twin.simulate(
        {twin.axes[0]: used_set_points(twin.scan), twin.axes[1]: np.linspace(column.min(), column.max(), _PRESSURES)},
        stop=stop,
    )


def _plateaus(source: Source, twin, options: dict, kept: MutableMapping, stop) -> tuple[list[Plateau], xr.DataArray]:
    """The plateaus of one side and their pressures, which no window or standard pressure changes."""
    key = (id(source.scan), id(twin), *options.items())
    if key not in kept:
        scan = source.scan if twin is None else _simulated(twin, stop)
        found = [find_plateau(one) for one in isotherms(scan, **options)]
        kept[key] = (source, found, pressures_of(scan, found))  # the source, so that its id is not given out again
    return kept[key][1:]


def _side(name, twin: bool, second: bool, plateaus, pressures, how: tuple) -> IsothermSide:
    standard, (start, stop) = how
    fits, notes, loss = {}, [], None
    for way in sorted({one.isotherm.direction for one in plateaus}, reverse=True):
        mine = pressures.isel(point=np.flatnonzero(pressures["direction"].values == way))
        try:
            fits[way] = fit_van_t_hoff(mine, standard_pressure=standard, start=start, stop=stop)
        except ScanError as reason:
            notes.append(f"{_WAYS[way]}: {reason}")
    if {ABSORPTION, DESORPTION} <= {one.isotherm.direction for one in plateaus}:
        try:
            loss = hysteresis(pressures)
        except ScanError as reason:
            notes.append(str(reason))
    return IsothermSide(name, twin, second, plateaus, pressures, fits, loss, notes)


def _style(side: IsothermSide, way: int) -> str:
    if side.twin:
        return "line" if not side.second else "dashed"
    return "triangles" if way == DESORPTION else "points"


def _shades(result: IsothermsResult) -> dict[float, str]:
    kelvin = sorted({round(one.isotherm.temperature.value, 1) for side in result.sides for one in side.plateaus})
    return dict(zip(kelvin, gradient(len(kelvin)), strict=True))


def _isotherms(result: IsothermsResult) -> tuple:
    """log10 p against the composition, with every plateau as a dashed stretch."""
    shades, curves = _shades(result), []
    first = result.sides[0].plateaus[0].isotherm
    for side in result.sides:
        for one in side.plateaus:
            isotherm, color = one.isotherm, shades[round(one.isotherm.temperature.value, 1)]
            height = np.log10(units.convert(isotherm.pressure, isotherm.pressure_unit, first.pressure_unit))
            curves.append(Curve(isotherm.composition, height, None, color, _style(side, isotherm.direction)))
            if np.isfinite(one.pressure.value) and not side.twin:
                ends = np.array([one.lower.value, one.upper.value])
                ends = np.where(np.isnan(ends), [isotherm.composition[0], isotherm.composition[-1]], ends)
                level = np.log10(one.pressure.to(first.pressure_unit).value)
                curves.append(Curve(ends, np.full(2, level), None, "#ffffff", "dashed"))
    key = [(f"{kelvin:g} K", color) for kelvin, color in shades.items()]
    pressure = units.pretty(first.pressure_unit)
    return curves, f"composition ({units.pretty(first.composition_unit) or 'H/M'})", f"log₁₀ p ({pressure})", key


def _van_t_hoff(result: IsothermsResult) -> tuple:
    """ln(p/p0) against 1000/T with the fitted lines, and the window they were fitted in."""
    curves, key, colors = [], [], gradient(7)
    for side in result.sides:
        ways = side.pressures["direction"].values
        for way in sorted(set(ways), reverse=True):  # those that were not fitted too, so that the window can be moved
            color = colors[len(key) % len(colors)]
            key.append((f"{side.name}, {_WAYS[way]}", color))
            mine = side.pressures.isel(point=np.flatnonzero(ways == way))
            curves.append(_against(mine, result.standard, color, "triangles" if way == DESORPTION else "points"))
            if way in side.fits:
                curves.append(_against(side.fits[way].curve, result.standard, color, "dashed" if side.twin else "line"))
    return curves, "1000 / T (1/K)", "ln (p / p₀)", key


def _against(scan: xr.DataArray, standard: Quantity, color: str, style: str) -> Curve:
    kelvin = np.asarray(scan["temperature"].values, float)
    pressure = units.convert(np.asarray(scan.values, float), scan.attrs["units"], standard.unit)
    errors = np.asarray(scan["standard_error"].values, float) / np.asarray(scan.values, float)
    return Curve(_inverse(kelvin), np.log(pressure / standard.value), errors, color, style)


def _inverse(kelvin):
    """1000/T of T, and T of 1000/T."""
    return 1000 / kelvin


#: Title to the function that draws a view.
VIEWS = {"Isotherms": _isotherms, "van 't Hoff": _van_t_hoff}


def _plots(result: IsothermsResult, words: str) -> dict[str, Plot]:
    plots = {title: Plot(*draw(result), words) for title, draw in VIEWS.items()}
    known = [side.pressures["temperature"].values[np.isfinite(side.pressures.values)] for side in result.sides]
    along = window_over_temperature(np.concatenate(known), result.window)
    if along is not None and _has_temperatures(result.source):
        names, (low, high) = along.parameters, along.ends
        window = Window(names[::-1], (_inverse(high), _inverse(low)), _inverse)
        plots["van 't Hoff"] = replace(plots["van 't Hoff"], window=window)
    return plots


def said(result: IsothermsResult) -> str:
    """The words below the plot: heats with their errors, and the energy lost in a cycle."""
    lines, told = [], window_in_words(*result.window).replace(" ", ", fitted ", 1)
    for side in result.sides:
        for way, fit in side.fits.items():
            lines.append(
                f"{side.name}, {_WAYS[way]}: ΔH = {fit.enthalpy}, ΔS = {fit.entropy} of H₂ "
                f"(p₀ {fit.standard_pressure}, χ² {fit.reduced_chi_square:.2g}{told})."
            )
        if side.loss is not None:
            told = side.loss.values[np.isfinite(side.loss.values)]
            if len(told):
                lines.append(f"{side.name}: hysteresis {told.min():.3g} to {told.max():.3g} kJ per mol H₂.")
        lines += [f"{side.name}: {note}." for note in side.notes]
    return "\n".join([*lines, *result.refused])


def rows_of(result: IsothermsResult) -> tuple[list[str], list[list[str]], list[str]]:
    """The table on screen: heads, rows, colours."""
    first = result.sides[0].plateaus[0]
    shades, rows, colors = _shades(result), [], []
    unit, other = units.pretty(first.isotherm.pressure_unit), units.pretty(first.isotherm.composition_unit)
    heads = ["T\n(K)", "of", "branch", f"plateau\n({unit})", f"from\n({other or 'H/M'})", f"to\n({other or 'H/M'})"]
    found = [(one.isotherm.temperature.value, k, one) for k, side in enumerate(result.sides) for one in side.plateaus]
    for kelvin, k, one in sorted(found, key=lambda entry: (round(entry[0], 1), entry[1], -entry[2].isotherm.direction)):
        numbers = [plain(number) for number in (one.pressure, one.lower, one.upper, one.slope)]
        rows.append([f"{kelvin:.5g}", result.sides[k].name, _WAYS[one.isotherm.direction], *numbers, one.note])
        colors.append(shades[round(kelvin, 1)])
    return [*heads, "slope\n(d ln p/dx)", "note"], rows, colors


def table_of(result: IsothermsResult) -> tuple[list[str], list[list], dict[str, str]]:
    """The table as it is written: heads, rows, and where the numbers came from, with the fits."""
    first = result.sides[0].plateaus[0]
    unit, other = first.isotherm.pressure_unit, first.isotherm.composition_unit or "H/M"
    heads = ["temperature (K)", "temperature error (K)", "of", "direction"]
    for name, of in (("plateau pressure", unit), ("lower limit", other), ("upper limit", other), ("slope", "1")):
        heads += [f"{name} ({of})", f"{name} error ({of})"]
    rows = []
    for side in result.sides:
        for one in side.plateaus:
            at = one.isotherm.temperature
            numbers = [
                part
                for number in (one.pressure, one.lower, one.upper, one.slope)
                for part in (number.value, number.error)
            ]
            rows.append([at.value, at.error, side.name, _WAYS[one.isotherm.direction], *numbers, one.note])
    about = {key: result.source.attrs[key] for key in ("source", "sha256") if key in result.source.attrs}
    told = window_in_words(*result.window).replace(" ", "; fitted ", 1)
    for side in result.sides:
        for way, fit in side.fits.items():
            about[f"van 't Hoff, {side.name}, {_WAYS[way]}"] = (
                f"enthalpy {fit.enthalpy}; entropy {fit.entropy} per mol H2; p0 {fit.standard_pressure}; correlation "
                f"{fit.correlation:.3f}; reduced chi square {fit.reduced_chi_square:.4g}{told}"
            )
    return [*heads, "note"], rows, about


def _array(scan: xr.DataArray) -> xr.DataArray:
    name = pressure_name(scan)
    return scan if name == scan.name else scan[name]


def _plain(scan: xr.DataArray, given=None) -> bool:
    """Whether the column of pressures is a plain number, so that its unit is asked for."""
    return units.compatible(_array(scan).attrs["units"], "dimensionless")


def _asked_logarithm(scan: xr.DataArray, given=None) -> bool:
    return _plain(scan) or any(units.is_logarithm(label) for label in labels_of(scan, pressure_name(scan)))


def _no_temperature(scan: xr.DataArray, given=None) -> bool:
    return not _has_temperatures(scan)


def _has_temperatures(scan: xr.DataArray, given=None) -> bool:
    return any(is_kind(scan[axis].attrs["units"], "temperature") for axis in scans.axes(scan))


_LOGARITHMS = {"not said": None, "the pressure itself": False, "log₁₀ of it": 10, "ln of it": "e"}
_DIRECTIONS = ("as measured", "absorption", "desorption")
_PARAMETERS = (
    Parameter("temperature", "Temperature", "text", optional=True, example="such as 298 K", shown=_no_temperature),
    Parameter(
        "pressure_unit",
        "Pressure unit",
        "text",
        optional=True,
        example="such as bar; never guessed",
        shown=_plain,
    ),
    Parameter(
        "logarithm",
        "The column is",
        "choice",
        "not said",
        choices=tuple(_LOGARITHMS),
        shown=_asked_logarithm,
        explanation="What the column of pressures holds",
    ),
    Parameter(
        "direction",
        "Branches",
        "choice",
        _DIRECTIONS[0],
        choices=_DIRECTIONS,
        explanation="Says what isotherms are whose order is lost, or picks some",
    ),
    Parameter(
        "standard",
        "Standard p₀",
        "text",
        "1 bar",
        explanation="The standard pressure the entropy counts from",
    ),
    Parameter(
        "second",
        "Second scan",
        "scan",
        optional=True,
        fits=lambda scan, own: reason_of(pressure_name, scan) is None,
        explanation="A second measurement, to be shown beside the first",
    ),
    *temperature_window("the van 't Hoff line", shown=_has_temperatures),
)


@analysis(
    "isotherms",
    "Isotherms (pressure, composition)",
    "Hydrogen",
    parameters=_PARAMETERS,
    refuses=pressure_name,
    place=70,
)
def pressure_composition(
    source,
    *,
    temperature,
    pressure_unit,
    logarithm,
    direction,
    standard,
    second,
    start,
    stop,
    on_progress,
    stop_event,
    cache,
) -> Findings:
    """Plateaus, hysteresis, and the heat and entropy of hydride formation by a van 't Hoff fit."""
    options = {
        "temperature": temperature,
        "pressure_unit": pressure_unit,
        "logarithm": _LOGARITHMS[logarithm] if logarithm is not None else None,
        "direction": None if direction == _DIRECTIONS[0] else direction,
    }
    sources = [source, *([second] if second is not None else [])]
    found = calculate(sources, options, standard, (start, stop), kept=cache, stop=stop_event)
    words = said(found)
    figures = []
    for side in found.sides:
        for way, fit in side.fits.items():
            figures += [
                (f"ΔH, {side.name}, {_WAYS[way]}", fit.enthalpy),
                (f"ΔS, {side.name}, {_WAYS[way]}", fit.entropy),
            ]
    return Findings(
        figures,
        {f"plateau pressures, {side.name}": side.pressures for side in found.sides},
        words.splitlines(),
        plots=_plots(found, words),
        tables={"Table": Table(*table_of(found), rows_of(found))},
        result=found,
    )
