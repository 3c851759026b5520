"""Numbers as people type them: with a decimal point or a decimal comma, whatever the computer's language."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["leading_number", "typed_number"]

_MANTISSA = (
    r"(?:[1-9]\d{0,2}(?P<group>[.,' ])\d{3}(?:(?P=group)\d{3})*(?!\d)(?:(?!(?P=group))(?P<decimal>[.,])\d*)?"
    r"|\d+(?:[.,]\d*)?|[.,]\d+)"
)
_NUMBER = re.compile(
    rf"(?P<sign>[-+]?)(?P<mantissa>{_MANTISSA})(?:(?:[eEdD]|\s?[×·*]\s?10\^)(?P<exponent>[-+]?\d+))?", re.ASCII
)
#: Other forms of the characters a number is made of: minus signs, apostrophes, the separators of Arabic.
_SAME = str.maketrans({"−": "-", "‒": "-", "–": "-", "’": "'", "ʼ": "'", "٫": ".", "٬": "'"})


def typed_number(text: str) -> float:
    """The number that a text is.

    One comma or one point is the decimal separator: ``"12,5"`` and ``"12.5"`` are the same number, and ``"1,234"`` is a
    little more than one. Where both stand, the last is decimal and the other parts thousands, and so does a separator
    that comes more than once, a blank or an apostrophe: ``"1.234,5"``, ``"1,234,567"``, ``"1 234.5"``, ``"1'234"``.
    Exponents are written ``e-3``, ``D-3`` or ``×10^-3``; every script's digits and the typographic minus are read.

    Parameters
    ----------
    text
        The text; blanks around it are left away.

    Returns
    -------
    float
        The number, which is finite.

    Raises
    ------
    ValueError
        Where the text is no number, or one of which it is not clear what its separators mean.
    """
    number, rest = leading_number(text)
    if rest:
        raise ValueError(f"{text!r} is no number")
    return number


def leading_number(text: str) -> tuple[float, str]:
    """The number that a text begins with, and what comes behind it, such as a unit.

    Parameters
    ----------
    text
        A text such as ``"12,5 meV"``; numbers are written as for :func:`typed_number`.

    Returns
    -------
    tuple of float and str
        The number, which is finite, and the rest without blanks around it.

    Raises
    ------
    ValueError
        Where the text does not begin with a number.
    """
    plain = "".join(map(_plain, text)).strip()
    found = _NUMBER.match(plain)
    if found is None:
        raise ValueError(f"{text!r} does not begin with a number")
    mantissa, group, decimal = found["mantissa"], found["group"], found["decimal"]
    if group is not None and (group not in ".," or decimal is not None or mantissa.count(group) > 1):
        mantissa = mantissa.replace(group, "")
    number = float(f"{found['sign']}{mantissa.replace(',', '.')}e{found['exponent'] or 0}")
    if abs(number) == float("inf"):
        raise ValueError(f"{text!r} is beyond all numbers")
    return number, plain[found.end() :].strip()


def _plain(letter: str) -> str:
    if letter.isspace():
        return " "
    return str(unicodedata.decimal(letter, letter)).translate(_SAME)
