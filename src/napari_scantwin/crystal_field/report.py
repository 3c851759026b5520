"""A solution as tables and sentences: parameters in every convention, levels, states, g factors, nuisances, each number
with its error.

Errors of what follows from the parameters are carried over from their covariance by derivatives, taken as differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.crystal_field import conventions
from napari_scantwin.crystal_field.constants import KELVIN_PER_MEV, KELVIN_PER_WAVENUMBER
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.observables import states_of
from napari_scantwin.crystal_field.sites import Site
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.solution import Answer, Nuisance, Solution
from napari_scantwin.crystal_field.stevens import angular_momentum

__all__ = [
    "CONVENTIONS",
    "ENERGY_UNITS",
    "EnergyLevel",
    "answer_text",
    "compact",
    "conventions_for",
    "in_energy_unit",
    "levels_of",
    "parameters_in",
    "plain_states",
    "pulled",
    "solution_text",
    "state_text",
]

#: Conventions by name, with the words for people.
CONVENTIONS = {
    "stevens": "Stevens B_kq",
    "wybourne": "Wybourne B_kq",
    "radial": "A_kq⟨r^k⟩",
    "lea_leask_wolf": "Lea, Leask, Wolf W, x",
    "walter": "Walter x0, x_i",
}
#: Energy units in kelvin.
ENERGY_UNITS = {"K": 1.0, "meV": KELVIN_PER_MEV, "1/cm": KELVIN_PER_WAVENUMBER}
#: A nuisance pulled further than so many standard deviations is said.
_PULLED = 2.0
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STEP = 1e-4


@dataclass(frozen=True)
class EnergyLevel:
    """A level above the ground level.

    Parameters
    ----------
    energy, error
        In K; the error is 0 of the ground level.
    degeneracy
        How many states it has.
    states
        The numbers of its states.
    """

    energy: float
    error: float
    degeneracy: int
    states: tuple[int, ...]


def in_energy_unit(kelvin, unit: str):
    """An energy in K in another of :data:`ENERGY_UNITS`."""
    if unit not in ENERGY_UNITS:
        raise ScanError(f"{unit!r} is no unit of energy here; use {', '.join(ENERGY_UNITS)}")
    return kelvin / ENERGY_UNITS[unit]


def conventions_for(ion: Ion, site: Site) -> tuple[str, ...]:
    """The conventions in which the parameters of an ion at a site can be written."""
    found = ["stevens"]
    if ion.theta is not None:
        ranks = {int(name[1]) for name in site.for_J(ion.J).parameters}
        if all(ion.theta[rank // 2 - 1] for rank in ranks):
            found += ["wybourne", "radial"]
    if site.laue == "Oh" and float(ion.J) in conventions.LLW_FACTORS:
        found.append("lea_leask_wolf")
    return (*found, "walter")


def covariance(solution: Solution) -> np.ndarray:
    """The parameters' covariance [k, k] in K²."""
    sigma = np.array([solution.errors[name] for name in solution.parameters])
    return np.asarray(solution.correlations, float) * np.outer(sigma, sigma)


def _carried(solution: Solution, of: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A function of the parameters [k] and the errors of what it gives."""
    values = solution.values
    sigma = np.array([solution.errors[name] for name in solution.parameters])
    step = np.where(sigma > 0, _STEP * sigma, _STEP * np.maximum(np.abs(values), 1e-9))
    there = np.asarray(of(values), float)
    slopes = []
    for place in range(len(values)):
        moved = np.zeros_like(values)
        moved[place] = step[place]
        above, below = (np.asarray(of(one), float) for one in (values + moved, values - moved))
        slopes.append((above - below) / (2 * step[place]))
    slope = np.array(slopes)
    variance = np.einsum("ka,kl,la->a", slope, covariance(solution), slope)
    return there, np.sqrt(np.maximum(variance, 0.0))


def parameters_in(solution: Solution, convention: str = "stevens", unit: str = "K") -> list[tuple[str, Quantity]]:
    """A solution's parameters in a convention.

    Parameters
    ----------
    solution
        The solution.
    convention
        One of :data:`CONVENTIONS` that :func:`conventions_for` lists.
    unit
        One of :data:`ENERGY_UNITS`; numbers that are none of energy stay.

    Returns
    -------
    list of (str, Quantity)
        Names and values with errors, in the order of the site.

    Raises
    ------
    ScanError
        Where the parameters cannot be written so.
    """
    ion, site = ion_of(solution.ion), site_of(solution.site).for_J(ion_of(solution.ion).J)
    known = conventions_for(ion, site)
    if convention not in known:
        words = ", ".join(CONVENTIONS[one] for one in known)
        raise ScanError(f"the parameters of {ion.name} at {site.name} are written in {words}, not in {convention!r}")
    one = in_energy_unit(1.0, unit)
    if convention in ("stevens", "wybourne", "radial"):
        turn = {
            "stevens": lambda given: given,
            "wybourne": lambda given: conventions.wybourne(ion, given),
            "radial": lambda given: conventions.radial(ion, given),
        }[convention]
        values, errors = turn(solution.parameters), turn(solution.errors)
        spelled = {"stevens": lambda name: name, "wybourne": lambda name: name, "radial": _radial_name}[convention]
        return [(spelled(name), Quantity(values[name] * one, abs(errors[name]) * one, unit)) for name in values]
    if convention == "lea_leask_wolf":
        cubic = list(solution.parameters)

        def llw(given: np.ndarray) -> np.ndarray:
            named = dict(zip(cubic, given, strict=True))
            return np.array(conventions.lea_leask_wolf(float(ion.J), named["B40"], named.get("B60", 0.0)))

        (w, x), (w_error, x_error) = _carried(solution, llw)
        return [("W", Quantity(w * one, w_error * one, unit)), ("x", Quantity(x, x_error, ""))]

    def sized(given: np.ndarray) -> np.ndarray:
        size, shares = conventions.walter(ion, site, given)
        return np.concatenate([size, shares[0]])

    values, errors = _carried(solution, sized)
    names = ["x0", *(f"x({name[1:]})" for name in solution.parameters)]
    unit_of = [unit, *[""] * len(solution.parameters)]
    factor = [one, *[1.0] * len(solution.parameters)]
    return [
        (name, Quantity(value * times, error * times, its))
        for name, value, error, times, its in zip(names, values, errors, factor, unit_of, strict=True)
    ]


def compact(quantity: Quantity) -> str:
    """A value and its error without the unit; of numbers far from one with a power of ten behind."""
    value, error = quantity.value, quantity.error
    largest = max(abs(value), error if np.isfinite(error) else 0.0)
    if largest == 0 or 1e-2 <= largest < 1e5:
        return str(Quantity(value, error, ""))
    power = math.floor(math.log10(largest))
    scaled = Quantity(value / 10.0**power, error / 10.0**power, "")
    raised = str(power).translate(_RAISED)
    return f"({scaled})·10{raised}" if np.isfinite(error) and error > 0 else f"{scaled}·10{raised}"


def _radial_name(name: str) -> str:
    return f"A{name[1:]}⟨r^{name[1]}⟩"


def levels_of(solution: Solution) -> list[EnergyLevel]:
    """A solution's levels with their errors, the ground level first."""
    ion, site = ion_of(solution.ion), site_of(solution.site).for_J(ion_of(solution.ion).J)
    ends = np.cumsum(solution.degeneracies)
    starts = ends - np.asarray(solution.degeneracies)

    def energies(values: np.ndarray) -> np.ndarray:
        above = states_of(ion, site, values).above_ground[0]
        middle = np.array([above[start:end].mean() for start, end in zip(starts, ends, strict=True)])
        return middle - middle[0]

    _, errors = _carried(solution, energies)
    return [
        EnergyLevel(float(energy), float(error), int(size), tuple(range(start, end)))
        for energy, error, size, start, end in zip(
            solution.levels, errors, solution.degeneracies, starts, ends, strict=True
        )
    ]


def plain_states(solution: Solution) -> np.ndarray:
    """A solution's states as columns [2J+1, 2J+1], those of one level turned among themselves so that J_z is diagonal
    between them (largest ⟨J_z⟩ first); otherwise which states of a level a computer gives is chance."""
    states = np.array(solution.states)
    j_z = np.asarray(angular_momentum((len(states) - 1) / 2)[2])
    start = 0
    for size in solution.degeneracies:
        mine = states[:, start : start + size]
        _, turned = np.linalg.eigh(mine.conj().T @ j_z @ mine)
        states[:, start : start + size] = mine @ turned[:, ::-1]
        start += int(size)
    return states


def magnetic_numbers(J: float) -> list[str]:
    """m = J … -J as people write them: "15/2", "-1"."""
    return [str(Fraction(round(2 * J) - 2 * step, 2)) for step in range(round(2 * J) + 1)]


def state_text(state: np.ndarray, least: float = 0.05) -> str:
    """A state [2J+1] as a sum of |m⟩, its largest coefficient made real and positive.

    Parameters
    ----------
    state
        Coefficients over m = J … -J.
    least
        Coefficients smaller than this are left out, and an ellipsis says so.
    """
    state = np.asarray(state, complex)
    largest = state[np.argmax(np.abs(state))]
    state = state * np.conj(largest) / abs(largest)
    names = magnetic_numbers((len(state) - 1) / 2)
    parts = []
    for place in np.argsort(-np.abs(state), kind="stable"):
        one = state[place]
        if abs(one) < least:
            parts += ["…"] if abs(one) > 1e-6 else []
            break
        real = abs(one.imag) < 1e-6
        number = f"{abs(one.real):.3f}" if real else f"({one.real:.3f}{one.imag:+.3f}i)"
        sign = "−" if real and one.real < 0 else "+" if parts else ""
        parts.append(f"{sign} {number}|{names[place]}⟩".strip())
    return " ".join(parts)


def pulled(nuisances: Sequence[Nuisance]) -> list[str]:
    """A sentence for each nuisance that a fit pulled further from what is expected than twice its deviation."""
    return [
        f"{one.name} is {one.value:.3g}{' ' + one.unit if one.unit else ''}, {abs(one.pull):.1f} standard deviations "
        f"from "
        f"the {one.prior:.3g} ± {one.prior_error:.2g} that is expected: check what it stands for"
        for one in nuisances
        if one.prior_error > 0 and abs(one.pull) > _PULLED
    ]


def _level_text(level: EnergyLevel) -> str:
    several = f" ({level.degeneracy})" if level.degeneracy > 1 else ""
    return f"{in_energy_unit(level.energy, 'meV'):.3g}{several}"


def solution_text(solution: Solution, number: int = 1) -> str:
    """A solution in a few lines."""
    levels = levels_of(solution)[1:]
    shown = ", ".join(_level_text(one) for one in levels)
    lines = [
        f"Solution {number}: {100 * solution.probability:.3g} % probable, χ²/n {solution.chi2_per_point:.3g} of "
        f"{solution.points} readings",
        "  " + ", ".join(f"{name} = {compact(value)} {value.unit}".rstrip() for name, value in parameters_in(solution)),
        f"  levels above the ground level (meV; how many states): {shown}",
        f"  ground state: {state_text(plain_states(solution)[:, 0])}",
    ]
    if solution.g_factors is not None:
        lines.append("  g factors of the ground doublet: " + ", ".join(f"{one:.3g}" for one in solution.g_factors))
    lines += [f"  {one.name}: {Quantity(one.value, one.error, one.unit or '')}" for one in solution.nuisances]
    lines += [f"  {one}" for one in pulled(solution.nuisances)]
    lines += [f"  equivalent: {one}" for one in solution.equivalent]
    return "\n".join(lines)


def answer_text(answer: Answer) -> str:
    """All solutions, with warnings and hints."""
    count = len(answer.solutions)
    head = f"{count} solution{'s' if count != 1 else ''} of {answer.points} readings"
    parts = [head, *(solution_text(one, number) for number, one in enumerate(answer.solutions, 1))]
    parts += [f"warning: {one}" for one in answer.warnings]
    parts += [f"hint: {one}" for one in answer.hints]
    return "\n".join(parts)
