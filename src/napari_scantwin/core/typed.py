"""Numbers as people type them: with a decimal comma or point, an exponent, and any minus sign."""

from __future__ import annotations

import re

__all__ = ["NUMBER", "typed_number"]

#: A number as it may be typed, at the start of a text.
NUMBER = re.compile(r"[-+−–]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+−–]?\d+)?")


def typed_number(text: str) -> float:
    """The number that a text is.

    ``12,5`` and ``12.5`` are the same, whatever the computer's language: a number that is typed has no marks between
    its thousands.

    Parameters
    ----------
    text
        The text, with or without blanks around it.

    Returns
    -------
    float
        The number.

    Raises
    ------
    ValueError
        Where the text is none.
    """
    plain = text.strip()
    if NUMBER.fullmatch(plain) is None:
        raise ValueError(f"{text!r} is no number")
    return float(plain.translate({ord(","): ".", ord("−"): "-", ord("–"): "-"}))
