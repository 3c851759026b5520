"""Cells of a table: which are numbers, with which decimal mark, and how a line falls into cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

import numpy as np

from napari_scantwin.core.errors import ScanError

__all__ = ["decimal_mark", "looks_numeric", "parse_number", "split_line"]

#: What instruments and spreadsheets write where there is no number.
_MISSING = {
    "", "nan", "na", "n/a", "#n/a", "#na", "-", "--", "---", "–", "—", "null", "none", "1.#qnan", "-1.#ind", "#value!",
    "#div/0!", "#ref!", "#num!",
}  # fmt: skip
_MINUS = str.maketrans({"−": "-", "–": "-", "‐": "-"})
_GROUP = "[  \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'\N{RIGHT SINGLE QUOTATION MARK}]"
_GROUPED = re.compile(rf"[-+]?\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?|[-+]?inf(?:inity)?", re.IGNORECASE)
_THOUSANDS = {
    mark: re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+(?![\d{re.escape(mark)}])") for mark in ",."
}
_POWER = r"(?:[eEdD][-+]?\d+)?"


def parse_number(text: str, decimal: str = ".") -> float | None:
    """The number in a cell.

    Thousands may be parted by the mark that is not the decimal one, by blanks and by apostrophes; an exponent may be
    Fortran's (``1.5D-03``) and a minus sign a printer's.

    Parameters
    ----------
    text
        The cell.
    decimal
        The decimal mark, ``"."`` or ``","``.

    Returns
    -------
    float or None
        NaN where the cell is empty or says that there is no number, None where it is a word.
    """
    text = text.strip().strip('"').strip()
    if text.lower() in _MISSING:
        return np.nan
    text = text.translate(_MINUS)
    if grouped := _GROUPED.match(text):
        text = re.sub(_GROUP, "", grouped[0]) + text[grouped.end() :]
    other = "." if decimal == "," else ","
    if grouped := _THOUSANDS[other].match(text):
        text = grouped[0].replace(other, "") + text[grouped.end() :]
    if decimal == ",":
        if "." in text:
            return None  # a decimal point among decimal commas is a slip that nobody should decide
        text = text.replace(",", ".")
    if _NUMBER.fullmatch(text) is None:
        return float(text.lower() == "true") if text.lower() in ("true", "false") else None
    return float(re.sub("[dD]", "e", text) if "inf" not in text.lower() else text)


def looks_numeric(text: str) -> bool:
    """Whether a cell is a number with one decimal mark or the other; an empty one is not."""
    text = text.strip().strip('"')
    return any((number := parse_number(text, mark)) is not None and number == number for mark in ".,")


def _shows(mark: str, cell: str) -> bool:
    """Whether a cell can only be read with this decimal mark: with the other it would be badly grouped thousands."""
    other = "." if mark == "," else ","
    digits = rf"[-+]?(?:\d{{1,3}}(?:{re.escape(other)}\d{{3}})+|\d*){re.escape(mark)}\d*{_POWER}"
    return bool(re.fullmatch(digits, cell) and any(map(str.isdigit, cell)) and not _THOUSANDS[mark].fullmatch(cell))


def decimal_mark(name: str, cells: Iterable[str]) -> str:
    """The decimal mark of a table.

    ``0,5``, ``12,34`` and ``1.000,5`` can only have a decimal comma, ``0.5`` and ``1,000.5`` only a decimal point;
    ``10,000`` may be ten or ten thousand.

    Parameters
    ----------
    name
        The file's name.
    cells
        Its cells.

    Returns
    -------
    str
        ``"."`` or ``","``.

    Raises
    ------
    ScanError
        Where the cells show both, or where commas could be either.
    """
    comma, point, open_one = None, None, None
    for cell in cells:
        if "," not in cell and "." not in cell:
            continue
        plain = cell.strip().strip('"').strip().translate(_MINUS)
        if comma is None and "," in plain and _shows(",", plain):
            comma = plain
        elif point is None and "." in plain and _shows(".", plain):
            point = plain
        elif open_one is None and _THOUSANDS[","].fullmatch(plain):
            open_one = plain
    if comma and point:
        raise ScanError(
            f"{name} has numbers with a decimal comma ({comma}) and with a decimal point ({point}); save it with "
            "one of them"
        )
    if open_one and not comma and not point:
        whole = open_one.replace(",", "")
        raise ScanError(
            f"{name}: {open_one} may be {float(open_one.replace(',', '.', 1).replace(',', '')):g} or {whole}; save the "
            "file with decimal points and without marks for thousands"
        )
    return "," if comma else "."


def split_line(line: str, delimiter: str | None) -> list[str]:
    """The cells of a line; a quoted one may hold the delimiter. None as delimiter stands for white space."""
    if '"' in line:
        # A line by itself, so that a stray quotation mark cannot swallow those below it.
        cells = next(csv.reader([line], delimiter=delimiter or " ", skipinitialspace=True), [])
        return [cell.strip() for cell in cells if cell or delimiter is not None]
    return line.split() if delimiter is None else [cell.strip() for cell in line.split(delimiter)]
