"""The one unit registry, the usual spellings of units, and how a unit is shown.

Magnetometry's cgs units are defined through SI (1 emu = 1e-3 A m^2, 1 Oe = 1000/(4 pi) A/m,
1 G = 1e-4 T), so that every conversion between them is pint's and none is written by hand.
Units are never guessed: an unknown spelling raises.
"""

from __future__ import annotations

import functools
import re

import pint

from napari_scantwin.core.errors import ScanError

__all__ = [
    "compatible",
    "convert",
    "is_known",
    "is_logarithm",
    "pretty",
    "ratio",
    "registry",
    "split_label",
    "standard",
]


@functools.cache
def registry() -> pint.UnitRegistry:
    """The project's pint registry: pint's own units, with emu, oersted, gauss, arb and wt% added."""
    units: pint.UnitRegistry = pint.UnitRegistry(on_redefinition="ignore", cache_folder=None)
    units.define("emu = 1e-3 ampere * meter ** 2")
    # Pint's own oersted and gauss live in Gaussian dimensions, apart from SI; redefine them through it.
    units.define("oersted = 79.57747154594767 * ampere / meter = Oe")
    units.define("gauss = 1e-4 tesla = G")
    units.define("arbitrary_unit = [arbitrary] = arb")
    units.define("weight_percent = 0.01 = wt_percent")
    # Pint works out every unit's root once, before these lines; without this 1 Oe keeps its Gaussian one.
    units._build_cache()
    return units


# Spellings instruments and people use that pint does not read, or reads as something else.
_SPELLINGS = {
    "ohms": "ohm",
    "Ohms": "ohm",
    "OHM": "ohm",
    "Ω": "ohm",
    "oe": "Oe",
    "OE": "Oe",
    "Gauss": "gauss",
    "Tesla": "tesla",
    "Kelvin": "kelvin",
    "kelvins": "kelvin",
    "a.u.": "arb",
    "a. u.": "arb",
    "arb. u.": "arb",
    "arb. units": "arb",
    "arb.units": "arb",
    "arb.": "arb",
    "arb units": "arb",
    "wt%": "weight_percent",
    "wt.%": "weight_percent",
    "°": "degree",
    "degrees": "degree",
    "Degrees": "degree",
    "Deg": "degree",
    "°C": "degC",
    "C": "degC",
    "cts": "count",
    "cps": "count/second",
    "counts": "count",
    "Counts": "count",
    "sec": "second",
    "Sec": "second",
    "secs": "second",
    "Å": "angstrom",
    "A^-1": "1/angstrom",
    "Å^-1": "1/angstrom",
    "1/A": "1/angstrom",
    "": "dimensionless",
    "1": "dimensionless",
}


@functools.cache
def _parse(text: str) -> pint.Unit:
    spelled = _SPELLINGS.get(text.strip(), text.strip())
    if re.search(r"[!?@#$&=<>\[\]{}|;:,'\"\\]", spelled):  # pint's parser passes over some of these
        raise ValueError(f"{text!r} holds a character no unit has")
    spelled = re.sub(r"(?<=[A-Za-zµμΩ])-(?=[A-Za-z])", "*", spelled)  # ohm-cm is a product
    spelled = re.sub(r"\bohms\b", "ohm", spelled, flags=re.IGNORECASE)
    return registry().parse_units(spelled)


def standard(text: str) -> str:
    """The unit spelled as scans store it, e.g. ``"Oe"``, ``"emu/g"``, ``"Ω"``.

    Raises :class:`ScanError` where pint does not know the unit.
    """
    try:
        unit = _parse(str(text))
    except Exception as reason:
        raise ScanError(
            f"the unit {text!r} is not known; write one such as K, Oe, T, emu, emu/g, ohm, deg, eV or arb"
        ) from reason
    return f"{unit:~C}"


def is_known(text: str) -> bool:
    """Whether pint, with this project's additions, reads ``text`` as a unit."""
    try:
        standard(text)
    except ScanError:
        return False
    return True


def pretty(text: str) -> str:
    """The unit as a person reads it, e.g. ``"A·m²"``; empty for a pure number."""
    return f"{_parse(str(text)):~P}"


def compatible(one: str, other: str) -> bool:
    """Whether two units measure the same thing."""
    return _parse(str(one)).is_compatible_with(_parse(str(other)))


def ratio(one: str, other: str, power: int = 1) -> str:
    """The unit of a quantity in unit ``one`` for each ``other`` to the ``power``, e.g. ``"K/bar"``; differences of
    degrees Celsius are kelvins."""
    below = _parse(str(other))
    below = registry().kelvin if below == registry().degC else below
    return f"{_parse(str(one)) / below**power:~C}"


def convert(values, source: str, target: str):
    """``values`` (number or array) in unit ``source``, converted to unit ``target``.

    Raises :class:`ScanError` where the two measure different things.
    """
    try:
        return registry().Quantity(values, _parse(source)).to(_parse(target)).magnitude
    except pint.errors.DimensionalityError as reason:
        raise ScanError(f"{source!r} cannot be converted to {target!r}: they measure different things") from reason


_LABEL = re.compile(r"^\s*(?P<name>.*?)\s*(?:\((?P<round>[^()]*(?:\([^()]*\)[^()]*)*)\)|\[(?P<square>[^\]]*)\])\s*$")


_LOGARITHM = re.compile(r"(?:log_?(?:10|e)?|lg|ln)(?:[\W_]|$|p(?:ressure|_?h2)?(?:\W|_|$))", re.IGNORECASE)


def is_logarithm(label: str) -> bool:
    """Whether a header says that its column holds a logarithm: ``"log10(p/bar)"``, ``"lg p"``, ``"ln(R)"``."""
    return _LOGARITHM.match(label.strip()) is not None


#: Hydrogen per metal atom: a ratio of atoms, not a field in petadays, volts or megagrams.
_PER_METAL = re.compile(
    r"[HD]/(M|Me|Metal|Li|Be|Mg|Al|Ca|Sc|Ti|V|Cr|Mn|Fe|Co|Ni|Y|Zr|Nb|Mo|Pd|La|Ce|Pr|Nd|Sm|Gd|Tb|Dy|Ho|Er|Tm|Yb|Lu|"
    r"Hf|Ta|Th|U|Pu)"
)


def split_label(label: str) -> tuple[str, str | None]:
    """Split a column header into its name and its unit.

    ``"T (K)"``, ``"H [Oe]"`` and ``"Moment/emu"`` give ``("T", "K")`` and so on. The unit is ``None``
    where the header names none that is known; nothing is guessed. A logarithm has no unit: ``"log10(p) (bar)"`` is
    no number of bars.
    """
    if is_logarithm(label):
        return label.strip(), None
    found = _LABEL.match(label)
    if found:
        unit = found["round"] if found["round"] is not None else found["square"]
        if _PER_METAL.fullmatch(unit.strip()):
            return found["name"], standard("dimensionless")
        if unit.strip() and is_known(unit):
            return found["name"], standard(unit)
        return label.strip(), None
    if _PER_METAL.fullmatch(label.strip()):
        return label.strip(), standard("dimensionless")
    name, slash, unit = label.partition("/")
    quotient = name.strip().replace(".", "").isdigit()  # 1000/T is an inverse temperature, not a number of teslas
    if slash and name.strip() and not quotient and unit.strip() and is_known(unit):
        return name.strip(), standard(unit)
    return label.strip(), None
