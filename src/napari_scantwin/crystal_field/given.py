"""A crystal field whose parameters are given rather than found: its levels and states, and what it shows at the places
of a measured curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.observables import (
    g_tensor,
    heat_capacity,
    level_groups,
    magnetization,
    powder_magnetization,
    powder_quadrature,
    powder_susceptibility,
    states_in_field,
    states_of,
    susceptibility,
    susceptibility_in_field,
)
from napari_scantwin.crystal_field.sites import Site
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.solution import Solution

__all__ = ["predicted", "solution_of"]

#: Zeeman over thermal energy up to which a susceptibility is that of small fields.
_LINEAR = 0.05


def solution_of(
    ion: str | Ion,
    site: str | Site,
    parameters: Mapping[str, float],
    errors: Mapping[str, float] | None = None,
) -> Solution:
    """The solution that given parameters are, without a fit.

    Parameters
    ----------
    ion, site
        Such as "Er3+" and "D3d".
    parameters
        Stevens parameters by name in K; those not given are zero.
    errors
        One standard deviation of each, in K; by default they are exact.

    Returns
    -------
    Solution
        With no readings, χ² = 0 and probability 1.

    Raises
    ------
    ScanError
        Where the ion or the site is not known, or a parameter is zero by symmetry.
    """
    ion = ion_of(ion)
    site = site_of(site).for_J(ion.J)
    values = site.values_of(dict(parameters))
    states = states_of(ion, site, values)
    levels, sizes = level_groups(states.energies[0], ion.kramers)
    factors = axes = None
    if sizes[0] == 2:
        factors, axes = g_tensor(ion, states.vectors[0][:, :2])
    names = site.parameters
    return Solution(
        ion.name,
        site.name,
        dict(zip(names, map(float, values), strict=True)),
        {name: float((errors or {}).get(name, 0.0)) for name in names},
        np.eye(len(names)),
        0.0,
        0,
        1.0,
        states.above_ground[0],
        states.vectors[0],
        levels,
        sizes,
        factors,
        axes,
    )


def predicted(ion: Ion, site: Site, values, curve: IonCurve) -> np.ndarray:
    """What a crystal field shows where a curve was measured.

    Parameters
    ----------
    ion, site
        The ion and its site.
    values
        The site's parameters [k] in K.
    curve
        A measured curve, whose places, direction, field and temperature are taken.

    Returns
    -------
    numpy.ndarray
        The values [n] in the curve's unit, without any scale, molecular field or background. Of level energies, each
        measured one's nearest level.
    """
    if curve.kind == "levels":
        levels, _ = level_groups(states_of(ion, site, values).energies[0], ion.kramers)
        excited = levels[1:] if len(levels) > 1 else levels
        return excited[np.argmin(np.abs(excited[None] - curve.value[:, None]), axis=1)]
    if curve.kind == "magnetization":
        temperature = [curve.temperature]
        if curve.direction == "powder":
            return powder_magnetization(ion, site, values, curve.x, temperature)[0, :, 0]
        return magnetization(ion, site, values, curve.direction, curve.x, temperature)[0, :, 0]
    if curve.kind == "heat_capacity":
        if not curve.field:
            return heat_capacity(states_of(ion, site, values).energies, curve.x)[0]
        if curve.direction == "powder":
            directions, weights = powder_quadrature(site)
            parts = [
                heat_capacity(states_in_field(ion, site, values, one, [curve.field]).energies, curve.x)[0]
                for one in directions
            ]
            return np.tensordot(weights, parts, 1)
        return heat_capacity(states_in_field(ion, site, values, curve.direction, [curve.field]).energies, curve.x)[0]
    return _susceptibility(ion, site, values, curve)


def _susceptibility(ion: Ion, site: Site, values, curve: IonCurve) -> np.ndarray:
    from napari_scantwin.crystal_field.constants import MU_B

    states = states_of(ion, site, values)
    if curve.direction == "powder":
        small = powder_susceptibility(states, curve.x)[0]
    else:
        small = susceptibility(states, curve.direction, curve.x)[0]
    cold = curve.x < ion.saturation_moment * MU_B * curve.field / _LINEAR
    if not cold.any():
        return small
    high = susceptibility_in_field(ion, site, values, curve.direction, curve.field, curve.x[cold])[0]
    return np.where(cold, np.interp(curve.x, curve.x[cold], high), small)
