"""What the head of a column, a file's name or a title says of a curve: what was measured, along which direction, in
which field, at which temperature."""

from __future__ import annotations

import re
from dataclasses import dataclass

from napari_scantwin.core import units
from napari_scantwin.crystal_field.measured.formula import Formula, formula_in
from napari_scantwin.physics.magnetization import field_in_tesla

__all__ = ["Told", "told_by"]

_NUMBER = r"(?<![\w.,])(\d+(?:[.,]\d+)?)"
_TEMPERATURE = re.compile(rf"{_NUMBER} ?(K|mK)(?![A-Za-z0-9])")
_FIELD = re.compile(rf"{_NUMBER} ?(mT|T|kOe|Oe|kG|G)(?![A-Za-z0-9/])")
#: Behind "H ∥", "//", "along" or "||": an axis, a plane or a direction of the lattice.
_ALONG = re.compile(
    r"(?:∥|\|\||//|\balong\b|\bparallel(?: to)?\b)\s*(?:the )?\s*"
    r"(?P<axis>\[\s*-?\d[\s,]*-?\d[\s,]*-?\d\s*\]|abc?|[abc]\*?)(?![A-Za-z])",
    re.IGNORECASE,
)
_AXIS = re.compile(
    r"(?<![A-Za-z])(?P<axis>ab|[abc])[ _-]?(?:axis|plane)\b|\b(?P<plane>(?:in|out[ -]of)[ -]plane)\b", re.IGNORECASE
)
_POWDER = re.compile(r"\b(?:powder|poly(?:crystal(?:line)?)?|average)\b", re.IGNORECASE)
_KINDS = (
    ("inverse_susceptibility", r"1\s*/\s*(?:χ|chi)|inverse (?:χ|chi|suscept)|inv\.? ?chi|(?:χ|chi)\^?-1"),
    ("susceptibility", r"χ|\bchi\b|suscept|\bM ?/ ?[HB]\b"),
    ("heat_capacity", r"\bhc\b|\bc[ _]?p\b|specific heat|heat[ _]?capacity"),
    ("magnetization", r"magneti[sz]ation|\bm ?\(? ?[hb]\)?\b|\bmh\b"),
    ("levels", r"\blevels?\b|excitation"),
)


@dataclass(frozen=True)
class Told:
    """What words say of a curve; None where they do not.

    Parameters
    ----------
    kind
        "heat_capacity", "susceptibility", "inverse_susceptibility", "magnetization" or "levels".
    direction
        "a", "b", "c" or "powder".
    temperature
        In K.
    field
        In T.
    formula
        The compound.
    """

    kind: str | None = None
    direction: str | None = None
    temperature: float | None = None
    field: float | None = None
    formula: Formula | None = None


def told_by(*texts: str) -> Told:
    """What texts say, the first that says a thing being believed.

    Parameters
    ----------
    texts
        Heads, titles, file names, the most particular first.
    """
    found: dict = {}
    for text in texts:
        words = text.replace("_", " ")
        kind = next((kind for kind, pattern in _KINDS if re.search(pattern, words, re.IGNORECASE)), None)
        temperature = _first(_TEMPERATURE, words, lambda number, unit: float(units.convert(number, unit, "K")))
        field = _first(_FIELD, words, lambda number, unit: float(field_in_tesla(number, unit)))
        said = {
            "kind": kind,
            "direction": _direction(words),
            "temperature": temperature,
            "field": field,
            "formula": formula_in(words),
        }
        found = {**{name: one for name, one in said.items() if one is not None}, **found}
    return Told(**found)


def _first(pattern: re.Pattern, text: str, convert) -> float | None:
    match = pattern.search(text)
    return None if match is None else convert(float(match[1].replace(",", ".")), match[2])


def _direction(text: str) -> str | None:
    if _POWDER.search(text):
        return "powder"
    match = _ALONG.search(text) or _AXIS.search(text)
    if match is None:
        return None
    named = match.groupdict()
    axis = (named.get("axis") or ("c" if "out" in named["plane"].lower() else "ab")).lower()
    if axis.startswith("["):
        whole = [abs(int(number)) for number in re.findall(r"-?\d", axis)]
        return {(0, 0, 1): "c", (1, 0, 0): "a", (0, 1, 0): "b"}.get(tuple(whole))
    return {"ab": "a", "abc": None}.get(axis, axis[0])
