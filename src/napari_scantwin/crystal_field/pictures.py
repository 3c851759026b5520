"""Curves and levels as plots: measured points with what solutions give there, in the units that people publish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_scantwin.crystal_field.constants import C_JOULE_PER_MOL, CHI_EMU_PER_MOL
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.report import in_energy_unit
from napari_scantwin.crystal_field.solution import Solution
from napari_scantwin.operations.findings import COLORS, Curve, Plot, gradient

if TYPE_CHECKING:
    from napari_scantwin.crystal_field.distinction import Distinction

__all__ = ["VIEWS", "Modelled", "curve_plots", "distinction_plot", "level_plot", "modelled"]

_GREY = "#909090"
#: A line's band is drawn so many of its errors wide.
_BAND = 1.96


@dataclass(frozen=True)
class _View:
    """How curves of a kind are shown: which, the labels, and what becomes of x, value and error."""

    kind: str
    bottom: str
    left: str
    turn: object


def _straight(factor: float):
    return lambda x, y, e: (x, factor * y, None if e is None else factor * e)


def _times_t(x, y, e):
    return x, CHI_EMU_PER_MOL * y * x, None if e is None else CHI_EMU_PER_MOL * e * x


def _inverse(x, y, e):
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = np.where(y > 0, 1 / (CHI_EMU_PER_MOL * y), np.nan)
        return x, turned, None if e is None else turned * e / np.abs(y)


#: The views, in the order of a list.
VIEWS = {
    "C(T)": _View("heat_capacity", "temperature (K)", "C per mole of ions (J/mol/K)", _straight(C_JOULE_PER_MOL)),
    "χT": _View("susceptibility", "temperature (K)", "χT per mole of ions (emu K/mol)", _times_t),
    "χ(T)": _View("susceptibility", "temperature (K)", "χ per mole of ions (emu/mol)", _straight(CHI_EMU_PER_MOL)),
    "1/χ": _View("susceptibility", "temperature (K)", "1/χ (mol/emu)", _inverse),
    "M(H)": _View("magnetization", "field (T)", "M (µB per ion)", _straight(1.0)),
}


@dataclass(frozen=True, eq=False)
class Modelled:
    """What a crystal field gives at the used readings of curves.

    Parameters
    ----------
    values
        Of each curve its values [n], or None where there are none.
    style
        "line" or "dashed".
    color
        One colour for all, or None for each curve's own.
    """

    values: Sequence[np.ndarray | None]
    style: str = "line"
    color: str | None = None


def modelled(solution: Solution, curves: Sequence[IonCurve]) -> list[np.ndarray | None]:
    """A solution's values at the used readings of each curve; parts of a susceptibility that were fitted apart are
    put together."""
    left = list(solution.curves)
    found: list[np.ndarray | None] = []
    for curve in curves:
        used = curve.trimmed()
        if used is None:
            found.append(None)
            continue
        parts: list[np.ndarray] = []
        while left and sum(map(len, parts)) < len(used.x):
            parts.append(np.asarray(left.pop(0), float))
        whole = np.concatenate(parts) if parts else np.zeros(0)
        found.append(whole if len(whole) == len(used.x) and curve.kind != "levels" else None)
    return found


def curve_plots(
    curves: Sequence[IonCurve],
    models: Sequence[Modelled] = (),
    words: str = "",
    bands: Sequence[tuple[IonCurve, np.ndarray, np.ndarray]] = (),
) -> dict[str, Plot]:
    """A plot of each view that the curves fill.

    Parameters
    ----------
    curves
        The measured curves.
    models
        What crystal fields give there.
    words
        What is said below.
    bands
        Grey bands: each a curve at whose places it stands, its lower and its upper edge [n].

    Returns
    -------
    dict of Plot
        By the names of :data:`VIEWS`. Readings that are not used are drawn as triangles.
    """
    plots = {}
    for title, view in VIEWS.items():
        mine = [place for place, one in enumerate(curves) if one.kind == view.kind]
        if not mine:
            continue
        colors = gradient(len(mine))
        drawn = [_band(view, *one) for one in bands if one[0].kind == view.kind]
        for place, color in zip(mine, colors, strict=True):
            curve = curves[place]
            used = curve.used
            for part, style in ((~used, "triangles"), (used, "points")):
                if part.any():
                    x, y, e = view.turn(curve.x[part], curve.value[part], curve.error[part])  # type: ignore[operator]
                    drawn.append(Curve(x, y, e, color if style == "points" else _GREY, style))
            for model in models:
                value = model.values[place] if place < len(model.values) else None
                if value is not None and len(value):
                    order = np.argsort(curve.x[used], kind="stable")
                    x, y, _ = view.turn(curve.x[used][order], value[order], None)  # type: ignore[operator]
                    drawn.append(Curve(x, y, None, model.color or color, model.style))
        key = [(_named(curves[place]), color) for place, color in zip(mine, colors, strict=True)]
        log = (view.kind != "magnetization", False)
        plots[title] = Plot(drawn, view.bottom, view.left, key=key, words=words, log=log)
    return plots


def _band(view: _View, curve: IonCurve, low: np.ndarray, high: np.ndarray) -> Curve:
    """A grey band between two edges."""
    x, y, e = view.turn(curve.x, (low + high) / 2, (high - low) / 2 / _BAND)  # type: ignore[operator]
    return Curve(x, y, e, _GREY, "line")


def _named(curve: IonCurve) -> str:
    """A short name in a key: direction and what was held."""
    held = f"{curve.temperature:.3g} K" if curve.kind == "magnetization" and curve.temperature else ""
    held = held or (f"{curve.field:.3g} T" if curve.field > 0.05 else "")
    where = "powder" if curve.direction == "powder" else f"∥ {curve.direction}"
    if curve.kind == "heat_capacity" and not curve.field:
        where = "0 T"
    return ", ".join(one for one in (where, held) if one)


def level_plot(solutions: Sequence[Solution], unit: str = "meV", known: Sequence[float] = ()) -> Plot:
    """Levels as bars beside each other, a column for each solution.

    Parameters
    ----------
    solutions
        The solutions, the first on the left.
    unit
        The unit of energy.
    known
        Known energies in K, drawn dashed across all columns.
    """
    drawn = []
    for number, one in enumerate(solutions):
        color = COLORS[number % (len(COLORS) - 1)]
        for energy in one.levels:
            shown = float(in_energy_unit(energy, unit))
            drawn.append(Curve(np.array([number + 0.6, number + 1.4]), np.array([shown, shown]), None, color, "line"))
    for energy in known:
        shown = float(in_energy_unit(energy, unit))
        across = np.array([0.5, max(len(solutions), 1) + 0.5])
        drawn.append(Curve(across, np.array([shown, shown]), None, _GREY, "dashed"))
    key = [(f"solution {number + 1}", COLORS[number % (len(COLORS) - 1)]) for number in range(len(solutions))]
    return Plot(drawn, "solution", f"energy ({unit})", key=key)


def distinction_plot(one: Distinction) -> Plot:
    """What each solution predicts for a measurement.

    Parameters
    ----------
    one
        An entry of :func:`~napari_scantwin.crystal_field.distinction.which_measurement`.
    """
    measurement = one.measurement
    view = next((view for view in VIEWS.values() if view.kind == measurement.kind), None)
    drawn = []
    for number, values in enumerate(one.curves):
        color = COLORS[number % (len(COLORS) - 1)]
        x, y = measurement.x, np.asarray(values, float)
        if view is None:
            drawn.append(Curve(x, in_energy_unit(y, "meV"), None, color, "points"))
        else:
            x, y, _ = view.turn(x, y, None)  # type: ignore[operator]
            drawn.append(Curve(x, y, None, color, "line"))
    bottom, left = ("level", "energy (meV)") if view is None else (view.bottom, view.left)
    key = [(f"solution {number + 1}", COLORS[number % (len(COLORS) - 1)]) for number in range(len(one.curves))]
    return Plot(drawn, bottom, left, key=key, log=(measurement.kind == "heat_capacity", False))
