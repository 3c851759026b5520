"""From measured curves to curves per ion, in the units the room computes in.

Constants (CODATA 2018): C [J/(mol K)] = R c with R = 8.314462618; M [emu/mol] = N_A µ_B = 5584.9379 M [µ_B];
χ [emu/mol] = 0.55849379 χ [µ_B/T]. A susceptibility written in emu/mol, emu/g or cm³/mol is the cgs one, emu/(mol Oe)
and so on; one in m³/mol is SI's, 4π·10⁻⁶ times as large.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import EXAMPLES, Sample
from napari_scantwin.crystal_field.constants import KELVIN_PER_MEV, KELVIN_PER_WAVENUMBER
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.measured.data import MeasuredCurve
from napari_scantwin.physics.magnetization import field_in_tesla
from napari_scantwin.twin.validation.noise import measure

__all__ = ["RELATIVE_ERROR", "UNITS", "ion_curve", "ion_values", "needs"]

#: Units that people choose from, of each kind, the usual one first.
UNITS = {
    "heat_capacity": ("J/mol/K", "mJ/mol/K", "J/g/K", "J/kg/K", "J/K", "mJ/K", "µJ/K"),
    "susceptibility": ("emu/mol/Oe", "emu/g/Oe", "emu/Oe", "emu/mol", "µB/T/ion", "m^3/mol"),
    "moment": ("emu", "emu/g", "emu/mol", "µB/ion", "µB/f.u.", "A m^2", "A m^2/kg"),
    "inverse_susceptibility": ("mol Oe/emu", "g Oe/emu", "Oe/emu", "T/µB", "mol/m^3"),
    "magnetization": ("µB/ion", "µB/f.u.", "emu/mol", "emu/g", "emu", "A m^2/kg", "A m^2/mol"),
    "levels": ("meV", "K", "1/cm"),
}
#: What no file tells: how well a reading is known beside its scatter and the scales that its curve shares (thermometers
#: and demagnetisation bend a curve), as a part of it; and of a magnetization's largest reading.
RELATIVE_ERROR, _OF_LARGEST = 0.03, 0.003
_AVOGADRO, _BOHR, _BOLTZMANN, _MU0 = 6.02214076e23, 9.2740100783e-24, 1.380649e-23, 1.25663706212e-6
#: What values are counted by: SI units to stand behind that of the whole.
_COUNTED = {"sample": "", "mass": "/kg", "mole": "/mol", "volume": "/m^3"}
#: Curves of so many readings are averaged in bins: nothing is gained from more.
_MOST = {"magnetization": 40}
_BINS = 60


def needs(curve: MeasuredCurve) -> tuple[str, ...]:
    """Which of the sample's numbers lead from the curve's unit to values per ion: some of "mass", "molar_mass" and
    "density"."""
    if curve.y_unit is None or curve.kind in (None, "levels"):
        return ()
    per = _counted_by(curve)[0]
    return {"sample": ("mass", "molar_mass"), "mass": ("molar_mass",), "volume": ("density", "molar_mass")}.get(per, ())


def ion_curve(
    curve: MeasuredCurve,
    *,
    group: str = "",
    x_range: tuple[float, float] | None = None,
    relative_error: float = RELATIVE_ERROR,
    most: int | None = None,
) -> IonCurve:
    """A measured curve per ion.

    Parameters
    ----------
    curve
        The curve, nothing of which is missing.
    group
        Curves of one group share a scale factor; by default all heat capacities one, and the moments along each
        direction one, since each is another crystal or another mounting.
    x_range
        The part that is used, in K (of a magnetization in T); by default all of it.
    relative_error
        How well values are known beside their scatter. The error is that of the file, or else the scatter about
        neighbours, in quadrature with this part of the value and, of a magnetization, 0.3 % of the largest one.
    most
        How many readings are kept; more are averaged in bins (of equal width in log T, in the root of the field). By
        default 60, of a magnetization 40.

    Returns
    -------
    IonCurve
        Sorted along x. A magnetization in negative fields is turned round: M(-H) = -M(H).

    Raises
    ------
    ScanError
        In one sentence: what is missing, which number of the sample, or what is wrong with the unit.
    """
    if curve.missing:
        raise ScanError(f"{curve.title} does not say {' and '.join(curve.missing)}; choose it in the list of curves")
    kind = "susceptibility" if curve.kind in ("inverse_susceptibility", "moment") else str(curve.kind)
    x, y, errors = ion_values(curve)
    order = np.argsort(x, kind="stable")
    x, y, errors = x[order], y[order], None if errors is None else errors[order]
    if kind == "levels":
        sigma = errors if errors is not None else 0.02 * y
        return IonCurve(kind, "powder", x, y, sigma, label=curve.label)
    if kind != "magnetization" and (cold := x <= 0).any():
        x, y, errors = x[~cold], y[~cold], None if errors is None else errors[~cold]
    if not len(x):
        raise ScanError(
            f"{curve.title} has no reading above 0 K; its temperatures may be in degrees Celsius: choose °C"
        )
    scatter = _scatter(x, y) if errors is None else errors
    x, y, scatter = _binned(x, y, scatter, most or _MOST.get(kind, _BINS), kind)
    # Only a magnetization has readings at zero, whose errors are those of the whole curve.
    floor = _OF_LARGEST * np.abs(y).max() if kind == "magnetization" else 0.0
    sigma = np.sqrt(scatter**2 + (relative_error * y) ** 2 + floor**2)
    if not (sigma > 0).all():
        raise ScanError(f"all values of {curve.title} are zero; check its column")
    return IonCurve(
        kind,
        curve.direction or "powder",
        x,
        y,
        sigma,
        temperature=curve.temperature if kind == "magnetization" else None,
        field=0.0 if kind == "magnetization" else float(curve.field or 0.0),
        group=group,
        label=curve.label,
        x_range=x_range,
    )


def ion_values(curve: MeasuredCurve) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Places and values of a curve per ion, every reading, in the file's order.

    Parameters
    ----------
    curve
        A curve of which units, kind and, where its unit asks for them, the sample's numbers are known.

    Returns
    -------
    x
        In K, of a magnetization in T, not below zero.
    y, errors
        In k_B, µ_B/T, µ_B or, of levels, K; the errors are None where the curve has none.

    Raises
    ------
    ScanError
        Saying what is missing or does not fit.
    """
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    errors = None if curve.errors is None else np.abs(np.asarray(curve.errors, float))
    if curve.kind == "levels":
        factor = _energy_factor(curve)
        return x, y * factor, None if errors is None else errors * factor
    if curve.kind == "magnetization":
        x = np.asarray(field_in_tesla(x, str(curve.x_unit)), float)
    else:
        x = np.asarray(units.convert(x, str(curve.x_unit), "K"), float)
    if curve.kind == "inverse_susceptibility":
        if (y == 0).any():
            raise ScanError(f"{curve.title} has values of zero, which no inverse susceptibility is; check its column")
        errors = None if errors is None else errors / y**2
        y = 1 / y
    factor = _factor(curve)
    y = y * factor
    if curve.kind == "magnetization":
        y, x = np.where(x < 0, -y, y), np.abs(x)
    return x, y, None if errors is None else errors * factor


def _energy_factor(curve: MeasuredCurve) -> float:
    unit = units.standard(str(curve.y_unit))
    if unit == "K":
        return 1.0
    if units.compatible(unit, "1/m"):
        return float(units.convert(1.0, unit, "1/cm")) * KELVIN_PER_WAVENUMBER
    if not units.compatible(unit, "meV"):
        raise ScanError(f"{units.pretty(unit)} is no unit of a level's energy; use meV, K or 1/cm")
    return float(units.convert(1.0, unit, "meV")) * KELVIN_PER_MEV


def _factor(curve: MeasuredCurve) -> float:
    """From a curve's unit to that per ion."""
    per, factor, moment = _counted_by(curve)
    if moment and curve.kind == "moment":
        factor *= _MU0 / float(curve.field or np.nan)
    return factor if per == "ion" else factor / ions_in(curve, per)


def _counted_by(curve: MeasuredCurve) -> tuple[str, float, bool]:
    """:func:`_counted` of a curve, or an error that names it."""
    try:
        return _counted(str(curve.kind), units.standard(str(curve.y_unit)))
    except ScanError as reason:
        raise ScanError(f"{curve.title}: {reason}") from None


@functools.cache
def _counted(kind: str, unit: str) -> tuple[str, float, bool]:
    """What values in a unit are counted by ("sample", "mass", "volume", "mole", "formula", "ion"), the factor to k_B,
    µ_B or µ_B/T of as much, and whether they are moments that a field in tesla and µ0 turn into a susceptibility."""
    direct = units.ratio("dimensionless", unit) if kind == "inverse_susceptibility" else unit
    words = direct.replace("*", "/").split("/")
    by = "ion" if {"ion", "atom"} & set(words) else "formula" if "fu" in words or "µ_B" in words else "sample"
    in_si = 1 / {"heat_capacity": _BOLTZMANN, "magnetization": _BOHR}.get(kind, _BOHR * _MU0)
    if kind.endswith("susceptibility") and units.compatible(direct, "µB/T"):
        return by, float(units.convert(1.0, direct, "µB/T")), False
    wholes = {"heat_capacity": ("J/K",), "magnetization": ("A*m**2",), "moment": ("A*m**2",)}
    for whole in wholes.get(kind, ("m**3", "A*m**2")):
        for per, amount in _COUNTED.items():
            plain = per == "volume" and whole == "m**3" and "emu" not in direct  # any pure number would be one
            if plain or not units.compatible(direct, f"{whole}{amount}"):
                continue
            factor = float(units.convert(1.0, direct, f"{whole}{amount}")) * in_si
            if whole == "m**3" and "emu" not in direct and ("cm" in direct or "cc" in direct):
                factor *= 4 * np.pi  # cm³/mol is the cgs unit, another spelling of emu/(mol Oe)
            if whole == "A*m**2" and kind.endswith("susceptibility"):
                if per == "sample":
                    raise ScanError(
                        f"{units.pretty(unit)} is the unit of a moment; choose M(T), and say the field it was measured "
                        f"in"
                    )
                factor /= float(units.convert(1.0, "Oe", "A/m"))  # emu/mol for emu/(mol Oe)
            return (by if per == "sample" else per), factor, kind == "moment"
    usual = ", ".join(units.pretty(one) for one in UNITS[kind][:4])
    what = "an inverse susceptibility" if kind.startswith("inverse") else f"a {kind.replace('_', ' ')}"
    raise ScanError(f"{units.pretty(unit) or 'a plain number'} is no unit of {what}; use {usual}")


def ions_in(curve: MeasuredCurve, per: str) -> float:
    """How many magnetic ions one sample, kilogram, cubic metre, mole or formula unit of a curve holds.

    Raises
    ------
    ScanError
        Where the sample's mass, molar mass or density is needed and not known.
    """
    if not curve.ions > 0:
        raise ScanError(f"{curve.title}: a formula unit holds {curve.ions:g} magnetic ions; give a number above zero")
    if per == "formula":
        return curve.ions
    if per == "mole":
        return curve.ions * _AVOGADRO
    sample = curve.sample
    if sample.molar_mass is None and curve.formula is not None:
        sample = replace(sample, molar_mass=curve.formula.molar_mass)
    lacks = [name for name in needs(curve) if getattr(sample, name) is None]
    if lacks:
        said = " and ".join(f"{name.replace('_', ' ')} (such as {EXAMPLES[name]})" for name in lacks)
        raise ScanError(
            f"{curve.title} is in {units.pretty(str(curve.y_unit))}; values per ion need the sample's {said}"
        )
    amounts = Sample(sample.mass, sample.density, sample.molar_mass, None).amounts()
    return curve.ions * _AVOGADRO * amounts["mole"] / amounts[per]


def _scatter(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The scatter of each reading about its neighbours, by how large it is."""
    place, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, y) / counts
    sweep = np.zeros(len(place), int)
    if (place > 0).all() and (mean > 0).all() and (y > 0).all():
        # What falls over decades, as a susceptibility does, scatters by a part of itself.
        return y * measure(np.log(place), np.log(mean), sweep)(np.log(y))
    return measure(place, mean, sweep)(y)


def _binned(x: np.ndarray, y: np.ndarray, scatter: np.ndarray, most: int, kind: str):
    """At most so many readings: those in one bin made their mean, with the mean's scatter."""
    if len(x) <= most:
        return x, y, scatter
    scale = np.sqrt if kind == "magnetization" else np.log
    scaled = scale(x)
    edges = np.linspace(scaled[0], scaled[-1], most + 1)
    place = np.clip(np.searchsorted(edges, scaled, side="right") - 1, 0, most - 1)
    _, inverse, counts = np.unique(place, return_inverse=True, return_counts=True)
    mean = [np.bincount(inverse, column) / counts for column in (x, y)]
    return mean[0], mean[1], np.sqrt(np.bincount(inverse, scatter**2)) / counts


def ion_curves(curves: Sequence[MeasuredCurve]) -> list[IonCurve]:
    """:func:`ion_curve` of each."""
    return [ion_curve(one) for one in curves]
