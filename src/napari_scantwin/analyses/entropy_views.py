"""How an entropy change is shown: curves, words, table and maps; no widget is touched here."""

from __future__ import annotations

import numpy as np

from napari_scantwin.analyses.entropy_sides import EntropyResult, EntropySide
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.operations.findings import COLORS, Curve, DerivedMap, Plot, Strip, gradient, plain
from napari_scantwin.physics.entropy_figures import table

__all__ = ["VIEWS", "figure_rows", "maps_of", "table_of"]

_CHANGE, _EXPONENT, _ARROTT = "Entropy change ΔS(T)", "Field exponent n(T)", "Arrott plot"
#: The isotherms that are drawn at most.
_ISOTHERMS = 15
_KEY = "Points: sweeps; curves: twin with its 95 % band"


def _style(side: EntropySide) -> str:
    return (("points", "line"), ("triangles", "dashed"))[side.second][side.twin]


def _colors(result: EntropyResult) -> dict[float, str]:
    fields = sorted({abs(float(value)) for value in result.settings.fields})
    return dict(zip(fields, gradient(len(fields)), strict=True))


def _color(colors: dict[float, str], field: float) -> str:
    return colors[min(colors, key=lambda one: abs(one - abs(field)))]


def _key(result: EntropyResult) -> list[tuple[str, str]]:
    unit = units.pretty(result.field_unit)
    return [(f"{field:g} {unit}", color) for field, color in _colors(result).items()]


def _how(result: EntropyResult) -> str:
    words = _KEY if any(side.twin for side in result.sides) else "Points: sweeps. Train the scan to see its twin's"
    if any(side.second for side in result.sides):
        words += "; triangles and dashes: the second measurement"
    return words + "."


def _said(result: EntropyResult, first: str) -> str:
    return "\n".join([first, *result.refused]).strip()


def _change(result: EntropyResult) -> Plot:
    """dS(T) at the final fields."""
    colors, curves = _colors(result), []
    for side in result.sides:
        scan = side.change.scan
        kelvin, errors = scan["temperature"].values, scan["standard_error"].values
        for row, field in enumerate(np.asarray(scan["magnetic_field"].values, float)):
            curves.append(Curve(kelvin, scan.values[row], errors[row], _color(colors, field), _style(side)))
    scan = result.sides[0].change.scan
    notes = [f"{side.name}: {note}." for side in result.sides for note in side.notes]
    first = f"Integral from {scan.attrs['integral_from']}. {_how(result)}"
    return Plot(
        curves,
        "temperature (K)",
        f"ΔS ({units.pretty(scan.attrs['units'])})",
        _key(result),
        _said(result, "\n".join([first, *dict.fromkeys(notes)])),
    )


def _exponent(result: EntropyResult) -> Plot:
    """n(T) at the final fields, and what it says of the order of the transition."""
    colors, curves, words = _colors(result), [], []
    for side in result.sides:
        if side.order is not None:
            order = side.order
            words.append(
                f"{side.name}: {order.sentence} (largest n {order.largest} at {order.temperature:.4g} K, "
                f"{order.field:.4g} {units.pretty(order.field_unit)})."
            )
        if side.exponent is None:
            continue
        fields = np.asarray(side.exponent["magnetic_field"].values, float)
        for field in np.asarray(side.change.scan["magnetic_field"].values, float):
            row = int(np.argmin(np.abs(fields - field)))
            if abs(fields[row] - field) > 1e-3 * abs(field):
                continue  # the sweeps know n only at their own fields
            curve = side.exponent.isel(magnetic_field=row)
            curves.append(
                Curve(
                    curve["temperature"].values,
                    curve.values,
                    np.where(np.isfinite(curve.values), curve["standard_error"].values, np.nan),
                    _color(colors, field),
                    _style(side),
                )
            )
    if not any(side.exponent is not None for side in result.sides):
        words += [note for side in result.sides for note in side.notes]
    return Plot(
        curves,
        "temperature (K)",
        "n = d ln|ΔS| / d ln H",
        _key(result),
        _said(result, "\n".join([*words, _how(result)])),
    )


def _arrott(result: EntropyResult) -> Plot:
    """Isotherms, coloured by their temperature, and what the straight lines through them say."""
    curves, words, places, labels = [], [], [], ("", "")
    drawn = [side for side in result.sides if side.plot is not None]
    for side in result.sides:
        if side.lines is not None:
            slope = side.lines.most_negative_slope
            tells = f"the least slope is {slope:.2g} errors: of first order by Banerjee's criterion"
            if slope >= -2:
                tells = "no line has a negative slope"
            words.append(
                f"{side.name}: of the lines through the upper half of every isotherm, the intercept is zero at "
                f"{side.lines.curie_temperature}; {tells}."
            )
        if side.plot is None:
            continue
        found = scans.points(side.plot)
        labels = (
            f"(µ₀H/M)^(1/γ) ({units.pretty(side.plot['field_over_magnetization'].attrs['units'])})",
            f"M^(1/β) ({units.pretty(side.plot.attrs['units'])})",
        )
        numbers = np.unique(found.sweep)
        for number in numbers[:: max(1, -(-len(numbers) // _ISOTHERMS))]:
            mine = found.sweep == number
            places.append(float(found.coordinates[mine, 0][0]))
            curves.append(Curve(found.coordinates[mine, 1], found.values[mine], None, COLORS[0], _style(side)))
    if not drawn:
        words += [note for side in result.sides for note in side.notes]
    told = _said(result, "\n".join([*words, _how(result).replace(" with its 95 % band", "")]))
    strip = Strip("temperature (K)", np.array(places), unit="K") if places else None
    return Plot(curves, *labels, words=told, strip=strip)


#: Title to the function that draws a view.
VIEWS = {_CHANGE: _change, _EXPONENT: _exponent, _ARROTT: _arrott}


def maps_of(result: EntropyResult, view: str) -> list[DerivedMap]:
    """The maps of the first measurement that belong to a view, one of :data:`VIEWS`: the twin's, its error, the
    sweeps'."""
    of = {"twin": [], "sweeps": []}
    what = "field exponent" if view == _EXPONENT else "entropy change"
    for side in result.sides:
        scan = side.exponent if view == _EXPONENT else side.map
        if side.second or scan is None:
            continue
        if side.twin:
            error = scan.copy(data=np.where(np.isfinite(scan.values), scan["standard_error"].values, np.nan))
            error = error.drop_vars("standard_error")
            error.attrs["long_name"] = f"uncertainty of the {what}"
            of["twin"] = [
                DerivedMap(f"{what} of the twin", what, scan, quantity=what, of_twin=True),
                DerivedMap(f"{what} of the twin, error", "uncertainty", error, visible=False),
            ]
        else:
            of["sweeps"] = [
                DerivedMap(f"{what} of the sweeps", f"{what} of the sweeps", scan, points=True, quantity=what)
            ]
    return [*of["twin"], *of["sweeps"]]


def figure_rows(result: EntropyResult) -> tuple[list[str], list[list[str]], list[str]]:
    """The table on screen: heads, rows field by field with the sides below each other, each row's colour."""
    colors, rows, shades = _colors(result), [], []
    found = [(abs(one.field), k, side, one) for k, side in enumerate(result.sides) for one in side.figures]
    if not found:
        return ["no figures"], [], []
    one = found[-1][3]
    unit, heat = units.pretty(one.peak.unit), units.pretty(one.cooling_power.unit)
    heads = [f"H\n({units.pretty(result.field_unit)})", "of", f"peak\n({unit})", "at T\n(K)", "FWHM\n(K)"]
    heads += [f"RCP\n({heat})", f"RC\n({heat})", *(f"TEC({lift:g} K)\n({unit})" for lift in one.average)]
    for field, _, side, one in sorted(found, key=lambda entry: entry[:2]):
        numbers = [one.peak, one.peak_temperature, one.width, one.cooling_power, one.capacity, *one.average.values()]
        rows.append([f"{field:g}", side.name, *map(plain, numbers)])
        shades.append(_color(colors, field))
    return heads, rows, shades


def table_of(result: EntropyResult) -> tuple[list[str], list[list], dict[str, str]]:
    """The table as it is written: heads, rows with every number in full, and what it rests on."""
    heads, rows, about = [], [], {}
    for side in result.sides:
        if not side.figures:
            continue
        own, numbers = table(side.figures)
        heads = ["of", *own, "integral starts at"]
        rows += [[side.name, *row, side.map.attrs["integral_from"]] for row in numbers]
        about |= {f"{side.name} {key}": side.map.attrs[key] for key in ("source", "sha256") if key in side.map.attrs}
        about[f"{side.name} counted per"] = side.map.attrs["counted_per"]
    about["sign"] = "negative where the field lowers the entropy (conventional effect)"
    return heads, rows, about
