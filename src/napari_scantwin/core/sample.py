"""A sample's numbers: its mass, density, molar mass and volume, and how much of each kind one sample holds."""

from __future__ import annotations

from dataclasses import dataclass, fields

import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.typed import leading_number

__all__ = ["EXAMPLES", "Sample"]

_PLAIN = {"mass": "mg", "density": "g/cm**3", "molar_mass": "g/mol", "volume": "mm**3"}
_SI = {"mass": "kg", "density": "kg/m**3", "molar_mass": "kg/mol", "volume": "m**3"}
#: Each number as people write it.
EXAMPLES = {"mass": "0.61 mg", "density": "9.1 g/cm3", "molar_mass": "285 g/mol", "volume": "0.1 mm3"}


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
            raise ScanError(f"the sample's {what} {given!r} needs a number and a unit, such as {EXAMPLES[name]}")
        value = float(units.convert(float(number), unit, _SI[name]))
        if not value > 0:
            raise ScanError(f"the sample's {what} must be positive, not {given!r}")
        return value

    def amounts(self) -> dict[str, float]:
        """How much of each basis ("sample", "mass" in kg, "volume" in m^3, "mole") one sample holds.

        Where its size is not known, of one kilogram.
        """
        mass, density, molar, volume = (self.si(name) for name in ("mass", "density", "molar_mass", "volume"))
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

    def __post_init__(self):
        for one in fields(self):
            self.si(one.name)


def _parsed(text: str) -> tuple[float | None, str]:
    try:
        return leading_number(text)
    except ValueError:
        return None, ""
