"""The one unit registry, the usual spellings of units, and how a unit is shown.

Magnetometry's cgs units are defined through SI (1 emu = 1e-3 A m^2, 1 Oe = 1000/(4 pi) A/m,
1 G = 1e-4 T), so that every conversion between them is pint's and none is written by hand.
Units are never guessed: an unknown spelling raises.
"""

from __future__ import annotations

import functools
import re
from typing import Any

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
    """The project's pint registry: pint's own units, with emu, oersted, gauss, arb, wt% and f.u. added. It converts;
    what a text means is decided by :func:`standard`."""
    units: pint.UnitRegistry = pint.UnitRegistry(on_redefinition="ignore", cache_folder=None)
    units.define("emu = 1e-3 ampere * meter ** 2")
    # Pint's own oersted and gauss live in Gaussian dimensions, apart from SI; redefine them through it.
    units.define("oersted = 79.57747154594767 * ampere / meter = Oe")
    units.define("gauss = 1e-4 tesla = G")
    units.define("arbitrary_unit = [arbitrary] = arb")
    units.define("weight_percent = 0.01 = wt_percent")
    # What a moment is counted for: µB/f.u., µB/atom.
    units.define("formula_unit = 1 = fu")
    units.define("atom = 1")
    # A cubic centimetre of ideal gas at 273.15 K and 101.325 kPa (R = 8.314462618 J/(mol K)), as sorption counts it;
    # the standard pressure of chemistry, 100 kPa, is another.
    units.define("cubic_centimeter_stp = 101325 / 8.31446261815324 / 273.15 * 1e-6 * mole = ccSTP")
    units.define("ion = 1")
    # Pint works out every unit's root once, before these lines; without this 1 Oe keeps its Gaussian one.
    units._build_cache()
    return units


#: Symbols as they are written, case and all, each with pint's name and the prefixes it is met with in this field. What
#: is not here is no unit: a lone ``k``, ``B`` or ``H`` in a header is a slip, a symbol or an argument.
_SYMBOLS = {
    "K": ("kelvin", "mµn"),
    "T": ("tesla", "mµnp"),
    "G": ("gauss", "kmµ"),
    "Gs": ("gauss", "km"),
    "Oe": ("oersted", "km"),
    "emu": ("emu", "kmµn"),
    "A": ("ampere", "kmµnpf"),
    "V": ("volt", "kmµnp"),
    "W": ("watt", "kmµnp"),
    "J": ("joule", "kMmµnp"),
    "N": ("newton", "kmµnp"),
    "C": ("coulomb", "mµnp"),
    "F": ("farad", "mµnpf"),
    "S": ("siemens", "kMmµn"),
    "Wb": ("weber", "mµn"),
    "Ω": ("ohm", "GMkmµn"),
    "Pa": ("pascal", "GMkhmµ"),
    "bar": ("bar", "kmµ"),
    "atm": ("atmosphere", ""),
    "torr": ("torr", "mµ"),
    "psi": ("psi", ""),
    "mmHg": ("mmHg", ""),
    "eV": ("electron_volt", "MkmµnG"),
    "erg": ("erg", ""),
    "Da": ("dalton", "k"),
    "cal": ("calorie", "km"),
    "m": ("meter", "kcdmµnpf"),
    "Å": ("angstrom", ""),
    "g": ("gram", "kmµn"),
    "mol": ("mole", "kmµn"),
    "L": ("liter", "mµ"),
    "l": ("liter", "mµ"),
    "cc": ("cm^3", ""),
    "s": ("second", "mµnpf"),
    "min": ("minute", ""),
    "h": ("hour", ""),
    "d": ("day", ""),
    "Hz": ("hertz", "TGMkmµ"),
    "rad": ("radian", "mµ"),
    "sr": ("steradian", ""),
    "°": ("degree", ""),
    "arcmin": ("arcminute", ""),
    "arcsec": ("arcsecond", ""),
    "%": ("percent", ""),
    "arb": ("arbitrary_unit", ""),
    "cts": ("count", "kM"),
    "ct": ("count", ""),
    "px": ("pixel", ""),
    "fu": ("formula_unit", ""),
    "wt_percent": ("weight_percent", ""),
    "ccSTP": ("cubic_centimeter_stp", ""),
    "µB": ("bohr_magneton", ""),
    "µ_B": ("bohr_magneton", ""),
    "Δ°C": ("kelvin", ""),
}

#: Words, in whichever case; a plural's s and a prefix written out may be added.
_WORDS = {
    **{word: word for word in (
        "kelvin", "tesla", "gauss", "oersted", "emu", "ampere", "volt", "watt", "joule", "newton", "coulomb", "farad",
        "siemens", "weber", "ohm", "pascal", "bar", "atmosphere", "torr", "erg", "calorie", "meter", "angstrom", "gram",
        "mole", "liter", "second", "minute", "hour", "day", "hertz", "radian", "degree", "percent", "count", "pixel",
        "formula_unit", "atom", "ion", "dimensionless", "weight_percent", "bohr_magneton", "arbitrary_unit",
    )},
    "oe": "oersted",
    "hz": "hertz",
    "ev": "electron_volt",
    "electronvolt": "electron_volt",
    "electron_volt": "electron_volt",
    "amp": "ampere",
    "metre": "meter",
    "litre": "liter",
    "gramme": "gram",
    "micron": "micrometer",
    "ang": "angstrom",
    "ångström": "angstrom",
    "ångstrom": "angstrom",
    "deg": "degree",
    "sec": "second",
    "hr": "hour",
    "mol": "mole",
    "cps": "count/second",
    "kcps": "kilocount/second",
    "counts_per_second": "count/second",
    "sccm": "cm^3/minute",
    "mub": "bohr_magneton",
    "mu_b": "bohr_magneton",
}  # fmt: skip

_PREFIXES = {
    "T": "tera", "G": "giga", "M": "mega", "k": "kilo", "h": "hecto", "d": "deci", "c": "centi", "m": "milli",
    "µ": "micro", "n": "nano", "p": "pico", "f": "femto",
}  # fmt: skip
#: Symbols that people write run together: ``Am2``, ``Ωcm``, ``Vs``.
_RUN_TOGETHER = re.compile(r"(?P<first>[kmµun]?(?:A|V|N|J|Ω|[oO]hm))(?P<second>[cm]?m|s)")
#: Words that take a prefix's letter: ``kgauss``, ``mTorr``.
_PREFIXED_WORDS = ("gauss", "torr", "count", "counts")
#: Letters of one meaning and several codes, and those instruments cannot print.
_SAME = str.maketrans({
    "μ": "µ", "Ω": "Ω", "Å": "Å", "º": "°", "˚": "°", "℃": "°C", "∙": "·", "⋅": "·", "•": "·", "×": "*", "−": "-",
    "–": "-", "∕": "/", "⁄": "/", "÷": "/", "\N{NO-BREAK SPACE}": " ",
    "\N{THIN SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ",
})  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
#: Whole texts that mean one unit, whatever their blanks, full stops and capitals.
_WHOLE = (
    (r"(?:arb(?:itrary)?\.?[ _]*(?:u\.?|units?\.?)?|a\. ?u\.?)", "arb"),
    (r"(?:wt|weight|mass)\.?[ -]*(?:%|percent|per cent)", "weight_percent"),
    (r"(?:%|percent) ?(?:wt|weight|mass)\.?", "weight_percent"),
    (r"(?:at|atomic|mole?)\.?[ -]*(?:%|percent|per cent)", "percent"),
    (r"(?:(?:°|deg\.?|degrees?)[ _]?c(?:elsius)?|celsius|degc|c)", "degC"),
    (r"1?", "dimensionless"),
    # Of an ampere's inverse nobody has need; the Å is missing on most keyboards.
    (r"(?:1/a|a\^?-1|a\^\(-1\))", "1/angstrom"),
)
#: A volume of gas at standard temperature and pressure, written behind the volume or behind all of the unit.
_STP = (
    re.compile(r"(?:cm\^?3|cc|ml) ?(?:\(? ?[@,]? ?s\.?t\.?p\.?(?: ?\))?|_stp)", re.IGNORECASE),
    re.compile(r"(?:cm\^?3|cc|ml)(?=[ /·.])(?P<rest>.*?)[ ,]*\(? ?@? ?s\.?t\.?p\.? ?\)?$", re.IGNORECASE),
)
_WORD = re.compile(r"[A-Za-zµΩÅåö°%Δ_]+")
_POWER = re.compile(r"\^\(?(?P<power>[-+]?\d+(?:\.\d+)?)\)?|(?P<digit>-?[1-9])(?!\.?\d)|")
_BETWEEN = re.compile(r"\*|[ .·-]+")

#: Metals, which hydrogen and moments are counted for.
_METALS = (
    "Li|Be|Na|Mg|Al|K|Ca|Sc|Ti|V|Cr|Mn|Fe|Co|Ni|Cu|Zn|Ga|Rb|Sr|Y|Zr|Nb|Mo|Tc|Ru|Rh|Pd|Ag|Cd|In|Sn|Cs|Ba|La|Ce|Pr|Nd|"
    "Pm|Sm|Eu|Gd|Tb|Dy|Ho|Er|Tm|Yb|Lu|Hf|Ta|W|Re|Os|Ir|Pt|Au|Pb|Bi|Th|U|Np|Pu|Am"
)


class _Unknown(ValueError):
    """A text is no unit of this field."""


@functools.cache
def _parse(text: str) -> pint.Unit:
    """The unit a text means, by the tables above alone; pint's own parser knows units of every field, and reads one
    into nearly every pair of letters."""
    plain = re.sub(r"\s+", " ", text.translate(_SAME)).strip()
    for pattern, meant in _WHOLE:
        if re.fullmatch(pattern, plain, re.IGNORECASE):
            return registry().parse_units(meant)
    plain = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), plain).replace("**", "^")
    plain = _STP[1].sub(r"ccSTP\g<rest>", _STP[0].sub("ccSTP", plain))
    plain = re.sub(r"\bper\b", "/", plain, flags=re.IGNORECASE)
    plain = re.sub(r" ?([/*^()]) ?", r"\1", plain).replace("^(1/2)", "^0.5")
    plain = re.sub(r"(?:√\(?|sqrt\(|rt(?=Hz))(\w+)\)?", r"\1^0.5", plain)
    plain = re.sub(r"\b(?:f\. ?u\.|formula unit)", "fu", plain, flags=re.IGNORECASE)
    if re.match(r"(?:[µu]|mu)_?B/", plain):
        plain = re.sub(rf"/(?!(?:K|V|W)$)(?:{_METALS})$", "/atom", plain)  # those are units too
    return _quotient(plain.rstrip(". "))


def _quotient(text: str) -> pint.Unit:
    """The unit of a quotient: what follows a slash stands below the bar to the end, be it parted by a blank, a full
    stop, a middle dot, a hyphen or another slash, for nobody writes J/kg K for J K/kg."""
    above, *below = _outside_brackets(text)
    unit = registry().dimensionless if above == "1" and below else _product(above)
    for part in below:
        unit = unit / _product(part, below=True)
    return unit


def _outside_brackets(text: str) -> list[str]:
    """A text split at the slashes that stand in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "/" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _bracket(text: str, start: int) -> str:
    """What stands in the brackets that open at ``start``."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if not depth:
            return text[start + 1 : at]
    raise _Unknown(text)


def _product(text: str, below: bool = False) -> pint.Unit:
    """The unit of a product. Below a bar, a product sign and a negative power may be meant either way: neither is
    read."""
    unit, at = registry().dimensionless, 0
    while at < len(text):
        if text[at] == "(":
            inside, word = _bracket(text, at), None
            at += len(inside) + 2
        else:
            word = _WORD.match(text, at)
            if word is None:
                break
            inside, at = "", word.end()
        found = _POWER.match(text, at)
        power = float(found["power"] or found["digit"] or 1) if found else 1.0
        at = found.end() if found else at
        if below and power < 0:
            break
        exact = int(power) if power.is_integer() else power
        unit = unit * (_quotient(inside) ** exact if inside else _factor(word[0] if word else "", exact))
        if at == len(text):
            return unit
        between = _BETWEEN.match(text, at)
        if between is None or (below and between[0] == "*"):
            break
        at = between.end()
    raise _Unknown(text)


@functools.cache
def _factor(word: str, power: float) -> Any:
    """One word to a power: a symbol, a name, each with its prefix, or two symbols run together, of which the second is
    meant by the power."""
    if word in _SYMBOLS:
        return registry().parse_units(_SYMBOLS[word][0]) ** power
    if word in ("uB", "muB"):
        return registry().bohr_magneton ** power
    for name in (word.lower(), word.lower().removesuffix("s")):
        if name in _WORDS:
            return registry().parse_units(_WORDS[name]) ** power
        for spelled in _PREFIXES.values():
            if name.startswith(spelled) and name.removeprefix(spelled) in _WORDS:
                return registry().parse_units(spelled + _WORDS[name.removeprefix(spelled)]) ** power
    prefix, rest = ("µ" if word[0] == "u" else word[0]), word[1:]
    symbol = "Ω" if rest.lower() in ("ohm", "ohms") else rest
    name, prefixes = _SYMBOLS.get(symbol) or (rest.lower(), "kMmµ" if rest.lower() in _PREFIXED_WORDS else "")
    if prefix in prefixes:
        return registry().parse_units(_PREFIXES[prefix] + name) ** power
    if together := _RUN_TOGETHER.fullmatch(word):
        return _factor(together["first"], 1) * _factor(together["second"], power)
    raise _Unknown(word)


def standard(text: str) -> str:
    """The unit spelled as scans store it, e.g. ``"Oe"``, ``"emu/g"``, ``"Ω"``.

    Raises
    ------
    ScanError
        Where this field has no such unit, or the text can be read in two ways.
    """
    try:
        unit = _parse(str(text))
    except Exception as reason:
        raise ScanError(
            f"the unit {text!r} is not known; write one such as K, Oe, T, emu, emu/g, J/(kg K), ohm, deg, eV or arb"
        ) from reason
    return f"{unit:~C}"


def is_known(text: str) -> bool:
    """Whether ``text`` is a unit of this field, in a spelling that means one only."""
    try:
        standard(text)
    except ScanError:
        return False
    return True


def pretty(text: str) -> str:
    """The unit as a person reads it, e.g. ``"A·m²"``; empty for a pure number."""
    return f"{_parse(str(text)):~P}".replace("µ_B", "µB").replace("/fu", "/f.u.").replace("ccSTP", "cm³(STP)")


def compatible(one: str, other: str) -> bool:
    """Whether two units measure the same thing."""
    return _parse(str(one)).is_compatible_with(_parse(str(other)))


def ratio(one: str, other: str, power: int = 1) -> str:
    """The unit of a quantity in unit ``one`` for each ``other`` to the ``power``, e.g. ``"K/bar"``.

    Differences of degrees Celsius are kelvins.
    """
    below = _parse(str(other))
    below = registry().kelvin if below == registry().degC else below
    return f"{_parse(str(one)) / below**power:~C}"


def convert(values, source: str, target: str):
    """Convert values from one unit to another.

    Parameters
    ----------
    values
        A number or an array, in unit ``source``.
    source, target
        The unit the values are in, and the one they are converted to.

    Returns
    -------
    float or numpy.ndarray
        The values in unit ``target``.

    Raises
    ------
    ScanError
        Where the two units measure different things, or one is not known.
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
_PER_METAL = re.compile(rf"[HD]/(M|Me|Metal|{_METALS})")


def split_label(label: str) -> tuple[str, str | None]:
    """Split a column header into its name and its unit.

    ``"T (K)"``, ``"H [Oe]"`` and ``"Moment/emu"`` give ``("T", "K")`` and so on.

    Parameters
    ----------
    label
        The header.

    Returns
    -------
    name
        The header without its unit.
    unit
        None where the header names no known unit; nothing is guessed. A logarithm has no unit: ``"log10(p) (bar)"`` is
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
