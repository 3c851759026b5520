"""Components and boundaries as plots, tables and maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.operations.findings import COLORS, Curve, Plot, Table, gradient
from napari_scantwin.patterns.boundaries import Boundary, BoundaryAt
from napari_scantwin.patterns.components import Components
from napari_scantwin.patterns.counting import MARGIN, Evidence

__all__ = [
    "boundary_map",
    "boundary_paths",
    "boundary_plot",
    "boundary_table",
    "component_table",
    "evidence_plot",
    "latent_plot",
    "map_of_component",
    "residual_plot",
    "share_curves",
    "spectra_plot",
]

#: How many components beyond those that are proposed a plot of the evidence shows, as a factor.
_BEYOND = 3


def evidence_plot(evidence: Evidence) -> Plot:
    """Both tests in one plot: how far each further component stands above the limit of either, in powers of ten."""
    last = min(_BEYOND * max(evidence.proposed, 1), len(evidence.singular_values))
    number = np.arange(1, last + 1, dtype=float)
    edges = np.concatenate([evidence.noise_edge, np.full(last, evidence.noise_edge[-1])])[:last]
    above = evidence.singular_values[:last] / (MARGIN * edges)
    alike = np.full(last, np.nan)
    known = np.abs(evidence.neighbour_correlation[: last - 1]) / evidence.threshold
    alike[1 : 1 + len(known)] = np.log10(np.maximum(known, 1e-2))
    above = np.log10(np.maximum(above, 1e-2))
    curves = [
        Curve(number, above, None, COLORS[0], "points"),
        Curve(number, above, None, COLORS[0], "line"),
        Curve(number[1:], alike[1:], None, COLORS[1], "triangles"),
        Curve(number[1:], alike[1:], None, COLORS[1], "line"),
        Curve(np.array([0.5, last + 0.5]), np.zeros(2), None, COLORS[5], "dashed"),
    ]
    key = [
        ("above noise", COLORS[0]),
        ("neighbours alike", COLORS[1]),
        ("limit", COLORS[5]),
    ]
    words = f"{evidence.words[0].upper()}{evidence.words[1:]}."
    return Plot(curves, "component", "log₁₀ of times the limit", key, words)


def spectra_plot(found: Components, colors: Sequence[str] | None = None) -> Plot:
    """The spectra over the fastest axis of channels, summed over the others, with the band of those that fit too."""
    colors = colors or gradient(found.count)
    axis = found.table.channels[-1]
    others = [name for name in found.table.channels if name != axis]
    spectra = found.spectra.sum(others, skipna=True) if others else found.spectra
    band = None if others else found.band()
    curves = []
    for number in range(found.count):
        x, y = found.spectra[axis].values, spectra.values[number]
        errors = None
        if band is not None:
            # A band is drawn as an error: half of it to either side, at 1.96 deviations.
            low, high = (one.values[number] for one in band)
            errors = (high - low) / 2 / 1.96
            curves.append(Curve(x, (high + low) / 2, errors, colors[number], "dashed"))
        curves.append(Curve(x, y, None, colors[number], "line"))
    key = [(_name_of(found, number), colors[number]) for number in range(found.count)]
    styles = {"line": "component", "dashed": "band of those that fit as well"} if band is not None else {}
    notes = " ".join(f"{one[0].upper()}{one[1:]}." for one in found.notes)
    return Plot(curves, scans.axis_label(found.spectra, axis), scans.label(found.spectra), key, notes, styles)


def _name_of(found: Components, number: int) -> str:
    if found.method in ("parts", "groups"):
        mean = float(np.nanmean(found.shares.values[number]))
        return f"{number + 1} ({100 * mean:.0f} %)"
    return str(number + 1)


def share_curves(found: Components) -> Plot:
    """Shares along the places' axis, where there is one only."""
    axis = found.table.over[-1]
    colors = gradient(found.count)
    curves = [
        Curve(found.shares[axis].values, found.shares.values[number], None, colors[number], "line")
        for number in range(found.count)
    ]
    key = [(_name_of(found, number), colors[number]) for number in range(found.count)]
    return Plot(curves, scans.axis_label(found.shares, axis), scans.label(found.shares), key)


def residual_plot(found: Components, chosen: np.ndarray | None = None) -> Plot:
    """Mean spectrum of chosen places beside its model, with the residual below."""
    used = found.table.used if chosen is None else chosen
    measured, error, model = found.spectrum_of(used)
    axis = found.table.channels[-1]
    shape = found.table.kept.shape
    x = found.spectra[axis].values
    kept = found.table.kept.ravel()

    def summed(values: np.ndarray, squares: bool = False) -> np.ndarray:
        full = np.full(kept.size, np.nan)
        full[kept] = values**2 if squares else values
        full = full.reshape(shape)
        full = np.nansum(full, axis=tuple(range(full.ndim - 1))) if full.ndim > 1 else full
        return np.sqrt(full) if squares else full

    curves = [
        Curve(x, summed(measured), summed(error, True), COLORS[0], "points"),
        Curve(x, summed(model), None, COLORS[1], "line"),
        Curve(x, summed(measured - model), summed(error, True), COLORS[5], "points"),
    ]
    key = [("measured", COLORS[0]), ("model", COLORS[1]), ("residual", COLORS[5])]
    count = int(np.sum(used & found.table.used))
    return Plot(curves, scans.axis_label(found.spectra, axis), scans.label(found.table.scan), key, f"{count} places.")


def component_table(found: Components) -> Table:
    """A row for each component."""
    shares = found.shares.values.reshape(found.count, -1)
    heads = ["component", f"mean {found.shares.name}", f"largest {found.shares.name}"]
    rows: list[list[float | int | str]] = [
        [number + 1, float(np.nanmean(one)), float(np.nanmax(one))] for number, one in enumerate(shares)
    ]
    return Table(heads, rows, {"method": found.method, "gain": found.gain, "evidence": _words_of(found)})


def _words_of(found: Components) -> str:
    return "" if found.evidence is None else found.evidence.words


def map_of_component(found: Components, number: int) -> xr.DataArray:
    """The share of one component, from 0, as a scan over the places."""
    one = found.shares.isel(component=number, drop=True)
    label = found.shares.attrs["long_name"]
    return one.assign_attrs({"long_name": f"{label} {number + 1}", "axes": scans.listed_axes(one.dims)})


def latent_plot(found: Components, coordinates: Sequence[float]) -> Plot:
    """The spectrum that an autoencoder makes of latent coordinates, beside that of their middle.

    Parameters
    ----------
    found
        Components by the method "latent".
    coordinates
        One for each latent axis, in standard deviations from the middle.
    """
    axis = found.table.channels[-1]
    both = np.array([np.zeros(len(coordinates)), np.asarray(coordinates, float)])
    spectra = found.table.as_spectra(
        found.decomposer.decode(both), name="spectrum", unit="dimensionless", long_name="spectrum of unit sum"
    )
    others = [name for name in found.table.channels if name != axis]
    middle, there = spectra.sum(others).values if others else spectra.values
    x = spectra[axis].values
    curves = [Curve(x, middle, None, COLORS[1], "dashed"), Curve(x, there, None, COLORS[0], "line")]
    key = [("middle", COLORS[1]), ("at " + ", ".join(f"{one:+.1f}" for one in coordinates), COLORS[0])]
    return Plot(curves, scans.axis_label(spectra, axis), scans.label(spectra), key)


def boundary_plot(found: Boundary, number: int | None = None) -> Plot:
    """The line of the boundary with its interval, or, of one value, what speaks for it along the axis.

    Parameters
    ----------
    found
        The boundary.
    number
        Which value of ``each``; by default the line, where there is one.
    """
    along = scans.axis_label(found.scan, found.along)
    if number is None and found.each is not None and found.each != "direction":
        line = found.line
        x = line[found.each].values
        good = np.isfinite(line.values)
        errors = 2 * line["standard_error"].values
        curves = [Curve(x[good], line.values[good], errors[good], COLORS[0], "points")]
        for run in _runs(found):
            told = [np.array([getattr(one, name) for one in run], float) for name in ("value", "at")]
            curves.append(Curve(*told, None, COLORS[0], "line"))
        # Some of the claims of one value may be missing: they are shown where they would be, without an error.
        missing = [one for one in found.results if not one.found and np.isfinite(one.candidate)]
        key = [("boundary, with its interval", COLORS[0])]
        if missing:
            places = np.array([[one.value, one.candidate] for one in missing], float)
            curves.append(Curve(places[:, 0], places[:, 1], None, COLORS[7], "triangles"))
            key.append(("not claimed", COLORS[7]))
        return Plot(curves, scans.axis_label(found.scan, found.each), along, key, " ".join(found.sentences()))
    chosen = range(len(found.results)) if number is None else [number]
    words = {
        "change": "difference of the criterion",
        "confusion": "balanced accuracy",
        "regression": "slope of the prediction",
    }[found.method]
    curves, key, colors = [], [], gradient(len(list(chosen)))
    for color, k in zip(colors, chosen, strict=True):
        one = found.results[k]
        curves.append(Curve(one.places, one.curve, None, color, "line"))
        if one.found:
            low, high = float(np.nanmin(one.curve)), float(np.nanmax(one.curve))
            curves += [
                Curve(np.full(2, place), np.array([low, high]), None, color, "dashed" if place != one.at else "line")
                for place in (one.low, one.at, one.high)
            ]
        key.append((str(one.value) if isinstance(one.value, str) else _value(found, one.value), color))
    told = found.sentences() if number is None else _sentences_of(found, number)
    told = [one[0].upper() + one[1:] for one in told]
    return Plot(curves, along, words, [one for one in key if one[0]], ". ".join(told) + ".")


def _value(found: Boundary, value) -> str:
    return "" if value is None else f"{value:.5g} {units.pretty(found.scan[found.each].attrs['units'])}"


def _sentences_of(found: Boundary, number: int) -> list[str]:
    from dataclasses import replace

    return replace(found, results=(found.results[number],)).sentences()


def boundary_table(found: Boundary) -> Table:
    """A row for each value of the other axis."""
    unit = units.pretty(found.unit)
    first = [] if found.each is None else [found.each if found.each == "direction" else _head(found)]
    along = found.along.replace("_", " ")
    heads = [*first, f"{along} ({unit})", f"from ({unit})", f"to ({unit})", "speaks for it", "said"]
    rows: list[list[float | int | str]] = []
    for one in found.results:
        value = [] if found.each is None else [one.value]
        said = one.why_not or "; ".join(f"suspect: {warning}" for warning in one.warnings)
        rows.append([*value, one.at, one.low, one.high, one.delta_bic, said])
    return Table(heads, rows, {"method": found.method, "along": found.along})


def _head(found: Boundary) -> str:
    return scans.axis_label(found.scan, found.each)


def boundary_map(found: Boundary) -> xr.DataArray | None:
    """The boundary as points over the map of the scan's axes, to be drawn over it; None where there is no map."""
    names = scans.axes(found.scan)
    good = [one for one in found.results if one.found]
    if found.each == "direction" or len(names) < 2 or not good:
        return None
    places = {found.along: np.array([one.at for one in good])}
    if found.each is not None:
        places[found.each] = np.array([one.value for one in good], float)
    for name in names:  # channels: all of them
        ends = [float(pick(found.scan[name].values)) for pick in (np.min, np.max)]
        places.setdefault(name, np.full(len(good), sum(ends) / 2))
    return scans.ragged_scan(
        {name: (places[name], found.scan[name].attrs["units"]) for name in names},
        places[found.along],
        name=f"{found.along}_of_boundary",
        unit=found.unit,
        errors=np.array([(one.high - one.low) / 4 for one in good]),
        sweep=np.arange(len(good)),
    )


def boundary_paths(found: Boundary) -> list[np.ndarray]:
    """The boundary as lines over the map, corners [n, axes of the scan] each; NaN along the axes of channels.

    For every value of another axis: through neighbouring values that have a boundary, with a bar over each one's
    interval, and gaps where there is no evidence. Else across the map, along the last of the other axes.
    """
    names = scans.axes(found.scan)
    across = found.each or [name for name in names if name != found.along][-1]
    columns = [names.index(across), names.index(found.along)]

    def path(corners) -> np.ndarray:
        line = np.full((len(corners), len(names)), np.nan)
        line[:, columns] = corners
        return line

    good = [one for one in found.results if one.found]
    if found.each is None:
        ends = [float(pick(found.scan[across].values)) for pick in (np.min, np.max)]
        lines = [[(end, one.at) for end in ends] for one in good]
        bars = [[(sum(ends) / 2, one.low), (sum(ends) / 2, one.high)] for one in good]
    else:
        lines = [[(one.value, one.at) for one in run] for run in _runs(found) if len(run) > 1]
        bars = [[(one.value, one.low), (one.value, one.high)] for one in good]
    return [path(corners) for corners in (*lines, *bars)]


def _runs(found: Boundary) -> list[list[BoundaryAt]]:
    """Neighbouring values that have a boundary, together."""
    runs: list[list[BoundaryAt]] = [[]]
    for one in sorted(found.results, key=lambda one: one.value):
        if one.found:
            runs[-1].append(one)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
