"""How transitions are shown: the boundary's curves, words, table and layers; no widget is touched here."""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.analyses.fit_window import window_over_temperature
from napari_scantwin.analyses.transition_sides import TransitionSide, TransitionsResult, gives_critical_field
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.set_points import set_point_texts
from napari_scantwin.operations.findings import COLORS, Curve, plain
from napari_scantwin.operations.window import Window
from napari_scantwin.physics.critical_field import CriticalField
from napari_scantwin.physics.temperature_window import window_in_words

__all__ = ["as_layer_scan", "color_of", "drawn", "head_of", "rows_of", "said", "table_of", "window_of"]

#: Of the sweeps, the twin, the second measurement and its twin; and of the fitted critical field.
_SIDES, _FIT = (COLORS[0], COLORS[1], COLORS[4], COLORS[5]), COLORS[2]
_ARROWS = {1: "rising", -1: "falling"}


def color_of(side: TransitionSide) -> str:
    """The colour of a side's points and curve."""
    return _SIDES[2 * side.second + side.twin]


def _pieces(boundary: xr.DataArray) -> list[xr.DataArray]:
    """The boundary by direction, each in the order of the slow axis."""
    way = np.asarray(boundary["direction"].values)
    return [boundary.isel(point=np.flatnonzero(way == one)) for one in np.unique(way)]


def drawn(result: TransitionsResult) -> tuple:
    """The arguments of :meth:`CurvePlot.show`: the boundary of every side and the fitted critical field.

    Where the transition is a temperature, as in critical fields, it lies to the right and the field upwards; otherwise
    the transition lies upwards.
    """
    scan = result.scan
    slow, fast = scans.axes(scan)[0], scans.axes(scan)[-1]
    sideways = _sideways(result)
    curves, key = [], []
    for side in result.sides:
        style = (("points", "line"), ("triangles", "dashed"))[side.second][side.twin]
        key.append((side.name, color_of(side)))
        for piece in _pieces(side.boundary):
            place, at = np.asarray(piece[slow].values, float), np.asarray(piece.values, float)
            errors = np.asarray(piece["standard_error"].values, float)
            x, y = (at, place) if sideways else (place, at)
            curves.append(Curve(x, y, errors, color_of(side), style, sideways))
        fit = side.fits.get(result.settings.model or "")
        if fit is not None and not side.second:
            curves.append(_fitted(fit, side.twin, _temperature_unit(result)))
    if any(side.fits for side in result.sides):
        key.append((f"{result.settings.model} fits", _FIT))
    boundary = result.sides[0].boundary
    labels = [
        scans.axis_label(scan, slow),
        f"transition {fast.replace('_', ' ')} ({units.pretty(boundary.attrs['units'])})",
    ]
    return (curves, *(labels[::-1] if sideways else labels), key)


def _sideways(result: TransitionsResult) -> bool:
    return units.compatible(result.sides[0].boundary.attrs["units"], "K")


def _temperature_unit(result: TransitionsResult) -> str:
    """The unit of the boundary's temperatures, which lie along the axis below either way."""
    if _sideways(result):
        return result.sides[0].boundary.attrs["units"]
    return result.scan[scans.axes(result.scan)[0]].attrs["units"]


def _fitted(fit: CriticalField, twin: bool, unit: str) -> Curve:
    at = units.convert(np.asarray(fit.curve["temperature"].values, float), "K", unit)
    # The fitted field's own band lies along the field, whichever way the points' errors lie.
    return Curve(at, fit.curve.values, fit.curve["standard_error"].values, _FIT, "dashed" if twin else "line")


def window_of(result: TransitionsResult) -> Window | None:
    """The window that critical fields are fitted in, over the axis below, the temperature; None where none is."""
    if result.settings.model is None or not gives_critical_field(result.scan):
        return None
    kelvin, unit, slow = [], _temperature_unit(result), scans.axes(result.scan)[0]
    for side in result.sides:
        known = side.boundary if _sideways(result) else side.boundary[slow]
        found = np.isfinite(side.boundary.values)
        kelvin.append(units.convert(np.asarray(known.values, float)[found], unit, "K"))
    return window_over_temperature(np.concatenate(kelvin), result.settings.window, unit)


def said(result: TransitionsResult) -> str:
    """The words below the plot: missing transitions, fits with their errors, and which model is the likeliest."""
    lines, fitted = [], window_in_words(*result.settings.window).replace(" ", ", fitted ", 1)
    for side in result.sides:
        missing = int(np.isnan(side.boundary.values).sum())
        if missing and not side.twin:
            lines.append(f"{side.name}: {missing} of {side.boundary.size} have none within the measured range.")
        fit = side.fits.get(result.settings.model or "")
        if fit is not None:
            lines.append(
                f"{side.name}: µ₀Hc2(0) = {fit.critical_field}, Tc = {fit.critical_temperature}, slope at Tc "
                f"−{fit.slope}, ξ = {fit.coherence_length}{fitted}."
            )
            if fit.reduced_chi_square > 2:
                lines[-1] += f" Points scatter {np.sqrt(fit.reduced_chi_square):.1f} times their errors."
            if len(side.fits) > 1 and not side.twin:
                best = min(side.fits.values(), key=lambda one: one.akaike)
                lines[-1] += f" Likeliest model: {best.model}."
        lines += [f"{side.name}: {note}." for note in side.notes]
    return "\n".join([*lines, *result.refused])


def rows_of(result: TransitionsResult) -> tuple[list[str], list[list[str]], list[str]]:
    """The table on screen, sweep by sweep the transition by every criterion, the sides below each other: heads, rows,
    colours."""
    scan = result.scan
    names, fast = scans.axes(scan)[:-1], scans.axes(scan)[-1]
    unit = units.pretty(result.sides[0].boundary.attrs["units"])
    heads = [scans.axis_label(scan, name).replace(" ", "\n", 1) for name in names]
    chosen = result.settings.criterion
    criteria = sorted(result.criteria, key=lambda one: one != chosen)  # the one asked for is seen without scrolling
    heads += ["of", f"{fast.replace('_', ' ')}\nwas", *(f"{head_of(one)}\n({unit})" for one in criteria), "note"]
    found = [(tuple(one.slow.values()), k, one) for k, side in enumerate(result.sides) for one in side.sweeps]
    rows, colors = [], []
    found = sorted(found, key=lambda entry: (entry[0], entry[1], entry[2].direction))
    texts = [set_point_texts(scan, name, [slow[k] for slow, _, _ in found]) for k, name in enumerate(names)]
    for places, (_, k, one) in zip(zip(*texts, strict=True), found, strict=True):
        side = result.sides[k]
        numbers = [plain(one.at.get(criterion)) for criterion in criteria]
        way = "" if side.twin else _ARROWS[one.direction]
        rows.append([*places, side.name, way, *numbers, one.note])
        colors.append(color_of(side))
    return heads, rows, colors


def head_of(criterion: str | float) -> str:
    """A criterion as it stands over its column."""
    return criterion if isinstance(criterion, str) else f"{100 * criterion:g} %"


def table_of(result: TransitionsResult) -> tuple[list[str], list[list], dict[str, str]]:
    """The table as it is written: heads, rows with numbers in full and their errors, and what it rests on with the
    fits."""
    scan = result.scan
    names = scans.axes(scan)[:-1]
    unit = result.sides[0].boundary.attrs["units"]
    heads = [*(f"{name} ({scan[name].attrs['units']})" for name in names), "of", "direction"]
    for one in result.criteria:
        heads += [f"{head_of(one)} ({unit})", f"{head_of(one)} error ({unit})"]
    rows = []
    for side in result.sides:
        for one in side.sweeps:
            numbers = [part for c in result.criteria for part in (one.at[c].value, one.at[c].error)]
            rows.append([*one.slow.values(), side.name, one.direction, *numbers, one.note])
    about = {key: scan.attrs[key] for key in ("source", "sha256") if key in scan.attrs}
    fitted = window_in_words(*result.settings.window).replace(" ", "; fitted ", 1)
    about["base of the low state"] = result.settings.base or "inferred from the quantity"
    for side in result.sides:
        for model, fit in side.fits.items():
            about[f"{model} fit, {side.name}, by {head_of(result.settings.criterion)}"] = (
                f"mu0 Hc2(0) = {fit.critical_field}; Tc = {fit.critical_temperature}; -slope at Tc = {fit.slope}; "
                f"coherence length = {fit.coherence_length}; reduced chi square {fit.reduced_chi_square:.4g}; "
                f"AIC {fit.akaike:.4g}{fitted}"
            )
    return [*heads, "note"], rows, about


def as_layer_scan(scan: xr.DataArray, boundary: xr.DataArray) -> xr.DataArray:
    """The boundary as points over the scan's map, so that read-out, cuts and writers treat it as any other scan.

    Parameters
    ----------
    scan
        The scan the boundary is of.
    boundary
        The boundary, in any unit of the fast axis.

    Returns
    -------
    xarray.DataArray
        A ragged scan over the same axes, whose values are the places along the fast axis.
    """
    names, fast = scans.axes(scan)[:-1], scans.axes(scan)[-1]
    good = np.isfinite(boundary.values)
    own = scan[fast].attrs["units"]
    at = units.convert(np.asarray(boundary.values, float)[good], boundary.attrs["units"], own)
    axes = {name: (np.asarray(boundary[name].values, float)[good], scan[name].attrs["units"]) for name in names}
    return scans.ragged_scan(
        {**axes, fast: (at, own)},
        np.asarray(boundary.values, float)[good],
        name=str(boundary.name),
        unit=boundary.attrs["units"],
        errors=np.asarray(boundary["standard_error"].values, float)[good],
        sweep=np.asarray(boundary["sweep"].values)[good],
        long_names={name: scan[name].attrs.get("long_name", name) for name in scans.axes(scan)},
        attrs={key: value for key, value in boundary.attrs.items() if key not in ("units", "long_name", "axes")},
    )
