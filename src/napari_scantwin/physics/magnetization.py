"""Magnetization per sample, mass, volume or mole: what a moment and a sample's numbers allow, and nothing else.

All conversions are pint's: 1 emu = 1e-3 A m^2, so 1 emu/g = 1 A m^2/kg and 1 emu/cm^3 = 1000 A/m; a field H is
mu0 H in tesla, so 1 Oe is 1e-4 T.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = ["ENTROPY_UNITS", "Sample", "field_in_tesla", "in_field_unit", "numbers_needed", "per_basis"]

#: What a magnetization can be counted by, with its SI unit.
_BASES = {"sample": "A*m**2", "mass": "A*m**2/kg", "volume": "A/m", "mole": "A*m**2/mol"}
#: SI unit of M times mu0 H over T, and the unit it is shown in.
_SI_ENTROPY = {"sample": "J/K", "mass": "J/kg/K", "volume": "J/m**3/K", "mole": "J/mol/K"}
ENTROPY_UNITS = {"sample": "J/K", "mass": "J/kg/K", "volume": "mJ/cm**3/K", "mole": "J/mol/K"}
_PLAIN = {"mass": "mg", "density": "g/cm**3", "molar_mass": "g/mol", "volume": "mm**3"}
_SI = {"mass": "kg", "density": "kg/m**3", "molar_mass": "kg/mol", "volume": "m**3"}
_AS = {"mass": "0.61 mg", "density": "9.1 g/cm3", "molar_mass": "285 g/mol", "volume": "0.1 mm3"}


@dataclass(frozen=True)
class Sample:
    """A sample's numbers.

    Each is a text with its unit ("0.61 mg"), a pair (0.61, "mg"), a plain number in the unit named here, or None where
    it is not known.

    Parameters
    ----------
    mass
        In mg.
    density
        In g/cm^3.
    molar_mass
        In g/mol.
    volume
        In mm^3.

    Raises
    ------
    ScanError
        Where a number has no unit or is not positive.
    """

    mass: float | str | tuple[float, str] | None = None
    density: float | str | tuple[float, str] | None = None
    molar_mass: float | str | tuple[float, str] | None = None
    volume: float | str | tuple[float, str] | None = None

    @classmethod
    def of(cls, scan: xr.DataArray, **known) -> Sample:
        """The sample's numbers from the scan's file.

        Parameters
        ----------
        scan
            A scan whose attributes may hold ``sample_mass``, ``density``, ``molar_mass`` and ``sample_volume``, each
            with its ``..._units``.
        known
            Numbers of :class:`Sample` that replace the file's; None leaves the file's.

        Returns
        -------
        Sample
            The numbers; None where neither says it.
        """
        told = {}
        for name, key in (
            ("mass", "sample_mass"),
            ("density", "density"),
            ("molar_mass", "molar_mass"),
            ("volume", "sample_volume"),
        ):
            if key in scan.attrs and f"{key}_units" in scan.attrs:
                told[name] = (float(scan.attrs[key]), scan.attrs[f"{key}_units"])
        return cls(**{**told, **{name: value for name, value in known.items() if value is not None}})

    @classmethod
    def of_both(cls, scan: xr.DataArray, sample: Sample | None) -> Sample:
        """The numbers of ``sample``, and where it has none, those of the scan's file."""
        return cls.of(scan, **({one.name: getattr(sample, one.name) for one in fields(cls)} if sample else {}))

    def si(self, name: str) -> float | None:
        """One of the numbers in SI units (kg, kg/m^3, kg/mol, m^3), or None where it is not known.

        Raises
        ------
        ScanError
            Where it has no unit or is not positive.
        """
        given = getattr(self, name)
        if given is None:
            return None
        if isinstance(given, int | float):
            given = (given, _PLAIN[name])
        number, unit = _parsed(given) if isinstance(given, str) else given
        what = name.replace("_", " ")
        if number is None or not unit:
            raise ScanError(f"the sample's {what} {given!r} needs a number and a unit, such as {_AS[name]}")
        value = float(units.convert(float(number), unit, _SI[name]))
        if not value > 0:
            raise ScanError(f"the sample's {what} must be positive, not {given!r}")
        return value

    def __post_init__(self):
        for one in fields(self):
            self.si(one.name)


def _parsed(text: str) -> tuple[float | None, str]:
    found = re.match(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$", text)
    return (float(found[1]), found[2]) if found else (None, "")


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
    amounts = _amounts(sample)
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


def _amounts(sample: Sample) -> dict[str, float]:
    """How much of each basis one sample, or where its size is not known one kilogram, holds."""
    mass, density, molar, volume = (sample.si(name) for name in ("mass", "density", "molar_mass", "volume"))
    if mass is None and volume is not None and density is not None:
        mass = density * volume
    if mass is not None:
        known = {"sample": 1.0, "mass": mass}
    else:
        known = {"mass": 1.0}
    if volume is not None and "sample" in known:
        known["volume"] = volume
    elif density is not None:
        known["volume"] = known["mass"] / density
    elif volume is not None:  # no mass: only per sample and per volume are connected
        return {"sample": 1.0, "volume": volume}
    if molar is not None:
        known["mole"] = known["mass"] / molar
    return known


def _missing(source: str, per: str, sample: Sample) -> str:
    needed = [] if sample.mass is not None or "sample" not in (source, per) else ["mass"]
    if "volume" in (source, per) and sample.density is None and sample.volume is None:
        needed.append("density")
    if "mole" in (source, per) and sample.molar_mass is None:
        needed.append("molar_mass")
    names = " and ".join(f"{name.replace('_', ' ')} (such as {_AS[name]})" for name in needed or ["mass"])
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
