"""Magnetization per sample, mass, volume or mole: what a moment and a sample's numbers allow, and nothing else.

All conversions are pint's: 1 emu = 1e-3 A m^2, so 1 emu/g = 1 A m^2/kg and 1 emu/cm^3 = 1000 A/m; a field H is
mu0 H in tesla, so 1 Oe is 1e-4 T.
"""

from __future__ import annotations

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import EXAMPLES, Sample

__all__ = ["ENTROPY_UNITS", "field_in_tesla", "in_field_unit", "numbers_needed", "per_basis"]

#: What a magnetization can be counted by, with its SI unit.
_BASES = {"sample": "A*m**2", "mass": "A*m**2/kg", "volume": "A/m", "mole": "A*m**2/mol"}
#: SI unit of M times mu0 H over T, and the unit it is shown in.
_SI_ENTROPY = {"sample": "J/K", "mass": "J/kg/K", "volume": "J/m**3/K", "mole": "J/mol/K"}
ENTROPY_UNITS = {"sample": "J/K", "mass": "J/kg/K", "volume": "mJ/cm**3/K", "mole": "J/mol/K"}


def basis_of(unit: str) -> str:
    """What values in ``unit`` are counted by: "sample" (a moment), "mass", "volume" or "mole".

    Raises
    ------
    ScanError
        Where the unit is none of a magnetic moment or magnetization.
    """
    for basis, target in _BASES.items():
        if units.compatible(unit, target):
            return basis
    raise ScanError(
        f"values in {units.pretty(unit)} are no magnetic moment or magnetization; their unit must be one such as emu, "
        "emu/g, emu/cm**3 or emu/mol"
    )


def per_basis(unit: str, sample: Sample, per: str | None = None) -> tuple[float, str]:
    """The factor that turns values into SI magnetization counted by a basis.

    Parameters
    ----------
    unit
        The unit of the values, of a moment or a magnetization.
    sample
        The sample's numbers.
    per
        "sample", "mass", "volume" or "mole"; by default a moment is counted by mass where the sample's mass is known
        and by sample otherwise, and a magnetization stays as it is.

    Returns
    -------
    factor
        From ``unit`` to the SI unit: A m^2 per sample, A m^2/kg, A/m or A m^2/mol.
    per
        The basis.

    Raises
    ------
    ScanError
        Saying which number of the sample is missing.
    """
    source = basis_of(unit)
    factor = float(units.convert(1.0, unit, _BASES[source]))
    if per is None:
        per = "mass" if source == "sample" and sample.mass is not None else source
    if per not in _BASES:
        raise ScanError(f"a magnetization is counted per {', '.join(_BASES)}, not per {per!r}")
    amounts = sample.amounts()
    if source == per:
        return factor, per
    if source in amounts and per in amounts:
        return factor * amounts[source] / amounts[per], per
    raise ScanError(_missing(source, per, sample))


def numbers_needed(unit: str, per: str | None = None) -> tuple[str, ...]:
    """The sample's numbers that lead from values in a unit to a result per basis.

    Parameters
    ----------
    unit
        The unit of the values, of a moment or a magnetization.
    per
        The basis of the result; by default, of a moment, the mass, which is what it is usually counted by.

    Returns
    -------
    tuple of str
        Some of "mass", "density" and "molar_mass".
    """
    source = basis_of(unit)
    ends = {source, per or ("mass" if source == "sample" else source)}
    if len(ends) == 1:
        return ()
    by = {"sample": "mass", "volume": "density", "mole": "molar_mass"}
    return tuple(by[end] for end in ("sample", "volume", "mole") if end in ends)


def _missing(source: str, per: str, sample: Sample) -> str:
    needed = [] if sample.mass is not None or "sample" not in (source, per) else ["mass"]
    if "volume" in (source, per) and sample.density is None and sample.volume is None:
        needed.append("density")
    if "mole" in (source, per) and sample.molar_mass is None:
        needed.append("molar_mass")
    names = " and ".join(f"{name.replace('_', ' ')} (such as {EXAMPLES[name]})" for name in needed or ["mass"])
    return (
        f"a result per {per} from values per {source} needs the sample's {names}; give it, or ask for it per {source}"
    )


def entropy_factor(per: str) -> float:
    """From the SI unit of M mu0 H / T to the unit the entropy change is shown in."""
    return float(units.convert(1.0, _SI_ENTROPY[per], ENTROPY_UNITS[per]))


def field_in_tesla(values, unit: str):
    """mu0 H in tesla.

    Parameters
    ----------
    values
        Fields, in ``unit``.
    unit
        That of a field strength, as Oe or A/m, or of a flux density, as T or G.

    Returns
    -------
    float or numpy.ndarray
        The fields in T.

    Raises
    ------
    ScanError
        Where it is no unit of magnetic field.
    """
    return values * _tesla_per(unit)


def in_field_unit(tesla, unit: str):
    """The inverse of :func:`field_in_tesla`."""
    return tesla / _tesla_per(unit)


def _tesla_per(unit: str) -> float:
    registry = units.registry()
    quantity = registry.Quantity(1.0, units.standard(unit))
    if quantity.is_compatible_with("A/m"):
        quantity = quantity * registry.vacuum_permeability
    try:
        return float(quantity.to("tesla").magnitude)
    except Exception as reason:
        raise ScanError(f"{units.pretty(unit)} is no unit of magnetic field; use Oe, T or A/m") from reason
