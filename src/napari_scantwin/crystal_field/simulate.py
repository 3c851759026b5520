"""A solution as a twin: dense maps of what its ion shows, as ordinary scans for cuts, analyses, figures and files."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.crystal_field import observables
from napari_scantwin.crystal_field.constants import C_JOULE_PER_MOL, MOMENT_EMU_PER_MOL
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.solution import Solution

__all__ = ["QUANTITIES", "simulated"]

#: What can be simulated: what it is called beside a plot, and its units, the usual one first.
QUANTITIES = {
    "magnetization": ("magnetization", ("µB/ion", "emu/mol")),
    "heat_capacity": ("heat capacity", ("J/mol/K", "mJ/mol/K")),
    "entropy": ("entropy", ("J/mol/K",)),
    "entropy_change": ("entropy change", ("J/mol/K",)),
}
_FIELDS_AT_ONCE = 16


def simulated(
    solution: Solution,
    quantity: str,
    temperature,
    field,
    direction: str = "c",
    *,
    unit: str | None = None,
    molecular_field: bool = True,
    ion: Ion | None = None,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> xr.DataArray:
    """A dense map of a solution over temperature and field.

    Parameters
    ----------
    solution
        The crystal field.
    quantity
        One of :data:`QUANTITIES`. The entropy change is S(T, H) - S(T, 0), negative where the field orders.
    temperature, field
        The axes, [t] in K above 0 and [f] in T, rising.
    direction
        Of the field: "a", "b", "c" or "powder".
    unit
        One of the quantity's units, per mole of ions; by default the first.
    molecular_field
        Whether a magnetization is that of ions in the molecular field that was fitted, m = M(H + λm). The others are
        those of single ions in the field H.
    ion
        The ion, where it is not one of the list.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled`.

    Returns
    -------
    xarray.DataArray
        A gridded scan: (temperature, magnetic_field) of a magnetization, (magnetic_field, temperature) of the others.

    Raises
    ------
    ScanError
        Where the quantity, the unit or the direction is not known, or an axis makes no sense.
    """
    if quantity not in QUANTITIES:
        raise ScanError(f"{quantity} cannot be simulated; choose one of {', '.join(QUANTITIES)}")
    called, known = QUANTITIES[quantity]
    unit = unit or known[0]
    if not any(units.standard(unit) == units.standard(one) for one in known):
        raise ScanError(f"a simulated {called} is per mole of ions, in {' or '.join(known)}, which {unit} is not")
    if direction not in (*observables.AXES, "powder"):
        raise ScanError(f"{direction} is no direction of the field; choose a, b, c or powder")
    temperature, field = (np.atleast_1d(np.asarray(one, float)) for one in (temperature, field))
    if (temperature <= 0).any():
        raise ScanError("temperatures to simulate have to lie above 0 K")
    ion = ion_of(ion or solution.ion)
    place = site_of(solution.site).for_J(ion.J)
    values = solution.values
    if direction == "powder":
        directions, weights = observables.powder_quadrature(place)
    else:
        directions, weights = [direction], [1.0]
    total = np.zeros((len(field), len(temperature)))
    begins = range(0, len(field), _FIELDS_AT_ONCE)
    steps = [(i, slice(begin, begin + _FIELDS_AT_ONCE)) for i in range(len(weights)) for begin in begins]
    for number, (i, part) in enumerate(steps):
        if stop is not None and stop.is_set():
            raise Cancelled
        if quantity == "magnetization":
            strength = _strength(solution, directions[i], place) if molecular_field else 0.0
            total[part] += weights[i] * _moment(ion, place, values, directions[i], field[part], temperature, strength)
        else:
            energies = observables.states_in_field(ion, place, values, directions[i], field[part]).energies
            compute = observables.heat_capacity if quantity == "heat_capacity" else observables.entropy
            total[part] += weights[i] * compute(energies, temperature)
        if on_progress is not None:
            on_progress((number + 1) / len(steps))
    if quantity == "entropy_change":
        total -= observables.entropy(observables.states_of(ion, place, values).energies, temperature)
    if quantity != "magnetization":
        total = total * C_JOULE_PER_MOL
    factor = units.convert(1.0, known[0], unit) if units.compatible(known[0], unit) else MOMENT_EMU_PER_MOL
    where = "powder" if direction == "powder" else f"field along {direction}"
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}
    if quantity == "magnetization":
        axes, total = dict(reversed(axes.items())), total.T
    return gridded_scan(
        axes,
        total * factor,
        name=quantity,
        unit=unit,
        long_names={quantity: f"{called} of {solution.ion}, {where}"},
        attrs={"ion": solution.ion, "site": solution.site, "direction": direction},
    )


def _strength(solution: Solution, direction, place) -> float:
    """λ along a direction in T/µ_B, as it was fitted."""
    n = observables.AXES[direction] if isinstance(direction, str) else direction
    by_axis = {}
    for one in solution.nuisances:
        if one.name.startswith("molecular field"):
            by_axis[one.name.rsplit(" ", 1)[-1] if " along " in one.name else "a"] = one.value
    total = 0.0
    for axis, part in zip("abc", n, strict=True):
        of = "a" if place.cubic or (place.uniaxial and axis == "b") else axis
        total += part**2 * by_axis.get(of, 0.0)
    return total


def _moment(ion, place, values, direction, field, temperature, strength: float) -> np.ndarray:
    """M [f, t]; in a molecular field by Newton's steps on m = M(H + λm), each temperature by itself."""
    if strength == 0:
        return observables.magnetization(ion, place, values, direction, field, temperature)[0]
    found = np.empty((len(field), len(temperature)))
    for column, one in enumerate(temperature):
        moment = observables.magnetization(ion, place, values, direction, field, [one])[0, :, 0]
        for _ in range(40):
            acting = field + strength * moment
            up = observables.magnetization(ion, place, values, direction, acting + 1e-4, [one])[0, :, 0]
            at = observables.magnetization(ion, place, values, direction, acting, [one])[0, :, 0]
            steep = np.clip(1 - strength * (up - at) / 1e-4, 0.1, None)
            step = (at - moment) / steep
            moment = moment + step
            if np.abs(step).max() < 1e-8:
                break
        found[:, column] = moment
    return found
