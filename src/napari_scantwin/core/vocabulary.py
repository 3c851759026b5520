"""The quantities of this field: what each is called in a header, and what it can be measured in.

A name and a unit are read from a file each by itself; here they are held against each other. "T (K)" is a
temperature, "t (s)" a time, and "R(T)" no resistance in teslas but a function: a name whose unit measures something
else is asked for.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from napari_scantwin.core import energies, units

__all__ = ["Term", "fits", "measured_in", "split_label", "standard_name", "term"]


@dataclass(frozen=True)
class Term:
    """A quantity.

    Parameters
    ----------
    name
        As scans call it.
    spellings
        Headers (small letters, without unit) that mean it and nothing else of its unit.
    measured_in
        A unit of each dimension it is measured in; none where any is possible.
    value
        Whether it is what a scan measures rather than what it scans.
    """

    name: str
    spellings: tuple[str, ...]
    measured_in: tuple[str, ...]
    value: bool = False


_MAGNETIZATIONS = ("emu/g", "emu/cm3", "emu/mol", "µB/f.u.")
_PER_AMOUNT = ("", "/kg", "/mol", "/m^3")

#: Of two quantities with one spelling the unit decides, and without one the first is meant.
_TERMS = (
    Term("temperature", ("t", "temp", "temp.", "sample temperature", "sample temp", "sample temp."), ("K",)),
    Term("time", ("t", "time stamp", "timestamp", "elapsed time"), ("s",)),
    Term(
        "magnetic_field",
        ("h", "b", "field", "magn. field", "applied field", "h_applied", "µ0h", "μ0h", "u0h", "mu0h", "mu_0 h", "µ0 h"),
        ("Oe", "T"),
    ),
    Term("magnetization", ("m", "magnetisation"), _MAGNETIZATIONS, value=True),
    Term("moment", ("m", "long moment", "dc moment", "magnetic moment"), ("emu",), value=True),
    Term("resistance", ("r", "res", "res."), ("ohm",), value=True),
    Term("resistivity", ("rho", "ρ"), ("ohm m",), value=True),
    Term("relative_resistance", ("r/r0",), ("",), value=True),
    Term("heat_capacity", ("c", "cp", "c_p", "hc", "specific heat"), tuple(f"J/K{one}" for one in _PER_AMOUNT), True),
    Term("susceptibility", ("chi", "χ"), tuple(f"emu/Oe{one}" for one in ("", "/g", "/cm3", "/mol")), value=True),
    Term("energy", ("e",), ("eV", "J/mol")),
    Term("angle", ("theta", "phi", "analyser angle", "analyzer angle", "θ", "φ"), ("deg",)),
    Term("photoemission_intensity", ("intensity", "counts"), ("count", "count/s", "arb"), value=True),
    Term("pressure", ("p",), ("bar",)),
    Term("current", ("i",), ("A", "A/m^2")),
    Term("voltage", ("v", "u"), ("V",), value=True),
    Term("frequency", ("f", "freq", "freq."), ("Hz",)),
    Term("hydrogen_content", ("h/pd", "d/pd", "h/m", "d/m", "h/metal", "d/metal"), ("", "wt%")),
)


def _plain(header: str) -> str:
    return re.sub(r"[\s_]+", " ", header.strip().lower())


def _terms(header: str) -> list[Term]:
    """Every quantity that a header without its unit may mean."""
    # A symbol behind the name, as in "Moment (m)" and "Magnetic field (H)", says nothing that the name does not.
    plain = re.sub(r"(?<=\w\w) \(\w{1,2}\)$", "", _plain(header))
    spelled = (plain, plain.replace(" ", "_"))
    found = [one for one in _TERMS if _plain(one.name) == plain or any(word in one.spellings for word in spelled)]
    # "BE", "E - E_F", "Ekin": what is said of an energy makes it one.
    return found or [one for one in _TERMS if one.name == "energy" and energies.notation(header) is not None]


def term(name: str) -> Term | None:
    """The quantity that scans call ``name``, or None."""
    return next((one for one in _TERMS if one.name == name), None)


def _counted(unit: str) -> str:
    """Of what has no dimension: angles, counts and ratios are three things, and "per formula unit" is one too."""
    spelled = units.standard(unit)
    if re.search(r"\b(?:fu|atom|ion)\b", spelled):
        return "formula unit"
    return next((kind for kind in ("deg", "rad", "count") if kind in spelled), "ratio").replace("rad", "deg")


def _measured_in(one: Term, unit: str) -> bool:
    if one.value and units.standard(unit) in ("", "arb"):
        return True  # normalised by whoever wrote it
    return any(units.compatible(unit, known) and _counted(unit) == _counted(known) for known in one.measured_in)


def standard_name(header: str, unit: str | None = None) -> str | None:
    """The scan's name for a header.

    Parameters
    ----------
    header
        The header, without its unit.
    unit
        Its unit, where it is known.

    Returns
    -------
    str or None
        The name; None where the header means nothing certain, or nothing that is measured in ``unit``.
    """
    found = _terms(header)
    if unit is not None:
        found = [one for one in found if _measured_in(one, unit)]
    return found[0].name if found else None


def fits(header: str, unit: str) -> bool:
    """Whether a quantity of this name can be measured in ``unit``; true of names that are not known.

    Parameters
    ----------
    header
        A header without its unit, or a scan's name.
    unit
        A known unit.
    """
    found = _terms(header)
    return not found or any(_measured_in(one, unit) for one in found)


#: "M(T)", "C(T)", "I(V)": a letter or two and a variable, with no blank between.
_FUNCTION = re.compile(r"\s*[^\W\d]{1,3}[\d']?\((?:T|V|A|s|m)\)\s*")


@functools.cache
def split_label(label: str) -> tuple[str, str | None]:
    """Split a column header into its name and its unit, where the two fit.

    ``"T (K)"``, ``"H [Oe]"``, ``"Moment/emu"`` and ``"Temperature, K"`` give ``("T", "K")`` and so on.

    Parameters
    ----------
    label
        The header.

    Returns
    -------
    name
        The header without its unit.
    unit
        None where the header names no known unit, where its name is measured in something else ("T (emu)"), and where
        it may be a function ("M(T)", "I(V)"); nothing is guessed.
    """
    name, unit = units.split_label(label)
    if unit is None:
        before, comma, after = label.rpartition(",")
        if comma and after.strip() and units.is_known(after) and _terms(before) and fits(before, after):
            return before.strip(), units.standard(after)
        return name, None
    known = _terms(name)
    if known and not fits(name, unit):
        return label.strip(), None
    if not known and _FUNCTION.fullmatch(label):
        return label.strip(), None
    if not known and "(" not in label and "[" not in label and len(name) <= 2 and len(unit) <= 1:
        return label.strip(), None  # "S/V", "G/s": a quotient as likely as a unit
    return name, unit


def measured_in(unit: str) -> str | None:
    """The scanned quantity of which ``unit`` is a usual unit, such as the field of oersteds; None where several are."""
    scanned = ("temperature", "magnetic_field", "pressure", "time", "frequency", "energy", "angle", "current")
    found = [one.name for one in _TERMS if one.name in scanned and _measured_in(one, unit)]
    return found[0] if len(found) == 1 else None
