"""Names of cuts: no two alike, for in keys, columns and files nothing else tells them apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection

__all__ = ["LINE", "free_name"]

#: What a line across the map is called, before its number.
LINE = "line"
_NUMBERED = re.compile(r"(.*) \((\d+)\)")


def free_name(name: str, taken: Collection[str]) -> str:
    """A name that is not taken: ``name`` itself, else that of the next line, or the name with a number behind it.

    Parameters
    ----------
    name
        What a cut would be called.
    taken
        What others are called.

    Returns
    -------
    str
        "line 2" in place of "line 1"; "5 K (2)" in place of "5 K", whose number means something.
    """
    if name not in taken:
        return name
    word, _, number = name.rpartition(" ")
    if word == LINE and number.isdecimal():
        return next(one for n in itertools.count(int(number) + 1) if (one := f"{LINE} {n}") not in taken)
    found = _NUMBERED.fullmatch(name)
    stem, first = (found[1], int(found[2]) + 1) if found else (name, 2)
    return next(one for n in itertools.count(first) if (one := f"{stem} ({n})") not in taken)
