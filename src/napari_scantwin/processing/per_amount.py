"""Values per mass, volume or mole: what a sample's numbers allow, of every quantity that grows with the sample."""

from __future__ import annotations

import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import EXAMPLES, Sample
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.steps import step

__all__ = ["per_amount"]

#: Units of what grows with the sample: heat capacity, moment, susceptibility of a sample.
_WHOLE = ("J/K", "J", "emu", "emu/Oe")
#: What values are counted by, each with the unit of its amount.
_PER = {"sample": "", "mass": "kg", "volume": "m^3", "mole": "mol"}
#: The unit a result is given in, as the field writes it.
_SHOWN = {"mass": "g", "volume": "cm^3", "mole": "mol"}


def _counted_by(unit: str) -> str | None:
    """What values in ``unit`` are counted by; None where they are no quantity that grows with the sample."""
    if units.compatible(unit, "1") and "emu" not in unit:
        return None  # a susceptibility by volume has no dimension, but few plain numbers are one
    return next(
        (
            per
            for per, amount in _PER.items()
            for whole in _WHOLE
            if units.compatible(unit, f"({whole})/{amount}" if amount else whole)
        ),
        None,
    )


def _counts(unit: str) -> str:
    """:func:`_counted_by`, or :class:`ScanError`."""
    now = _counted_by(unit)
    if now is None:
        raise ScanError(
            f"values in {units.pretty(unit) or 'plain numbers'} do not grow with the sample: this step is for heat "
            "capacities, moments and susceptibilities"
        )
    return now


def _other(scan: xr.DataArray) -> str:
    return "mole" if Sample.of(scan).molar_mass is not None and _counted_by(scan.attrs["units"]) != "mole" else "mass"


def _known(number: str):
    def known(scan: xr.DataArray) -> str | None:
        value = getattr(Sample.of(scan), number)
        return None if value is None else f"{value[0]:g} {units.pretty(value[1])}"

    return known


@step(
    "per_amount",
    "Per mass, volume or mole",
    "Normalise",
    parameters=(
        Parameter(
            "per",
            "Per",
            "choice",
            _other,
            choices=("mole", "mass", "volume"),
            explanation="What the values are counted by afterwards: a mole of formula units, a gram, a cubic "
            "centimetre.",
        ),
        *(
            Parameter(
                name,
                title,
                "text",
                _known(name),
                optional=True,
                example=EXAMPLES[name],
                explanation=f"The sample's {title.lower()} with its unit; by default what the file says.",
            )
            for name, title in (("mass", "Mass"), ("molar_mass", "Molar mass"), ("density", "Density"))
        ),
    ),
    gridded=False,
    refuses=lambda scan: _counts(scan.attrs["units"]),
)
def per_amount(scan, *, per, mass, molar_mass, density):
    """Divide by the amount of substance, the mass or the volume: C [J/K] M / m is C [J/(mol K)].

    Of a heat capacity, a moment or a susceptibility of the whole sample, or counted by another of the three.
    """
    unit = scan.attrs["units"]
    now = _counts(unit)
    if now == per:
        raise ScanError(f"the values are per {per} already; choose another amount")
    sample = Sample.of(scan, mass=mass or None, molar_mass=molar_mass or None, density=density or None)
    amounts = sample.amounts()
    missing = [one for one in (now, per) if one not in amounts]
    if missing:
        needed = {"sample": "mass", "volume": "density", "mole": "molar_mass"}[missing[0]]
        raise ScanError(
            f"values per {per} from values per {now} need the sample's {needed.replace('_', ' ')}, such as "
            f"{EXAMPLES[needed]!r}"
        )
    whole = next(one for one in _WHOLE if units.compatible(unit, f"({one})/{_PER[now]}" if now != "sample" else one))
    target = f"({whole})/{_SHOWN[per]}"
    factor = float(units.convert(1.0, unit, f"({whole})/{_PER[now]}" if now != "sample" else whole))
    factor *= amounts[now] / amounts[per]
    factor = float(units.convert(factor, f"({whole})/{_PER[per]}", target))
    done = scan.copy(data=scan.values * factor).assign_attrs(units=units.standard(target))
    if "standard_error" in scan.coords:
        error = scan["standard_error"]
        done = done.assign_coords(standard_error=(error * factor).assign_attrs(units=units.standard(target)))
    if scan.name == "moment":
        done = done.rename("magnetization").assign_attrs(long_name="magnetization")
    return done
