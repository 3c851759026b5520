"""Delimited text: ``.csv``, ``.tsv``, ``.txt``, ``.dat`` with any delimiter, decimal mark and header."""

from __future__ import annotations

import re
import warnings

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["FORMATS", "SUFFIXES", "decode", "numbers", "parse_number", "rows_to_table", "text_table"]

#: The suffixes of text files, whatever stands in them.
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".xy")
_COMMENTS = ("#", "%", "//", "!")
_DELIMITERS = ("\t", ";", ",")
_MISSING = {"", "nan", "na", "n/a", "-", "--", "null", "none"}


def decode(content: bytes, name: str) -> str:
    """Text from bytes in UTF-8, UTF-16 (with its byte-order mark) or Latin-1.

    Raises
    ------
    ScanError
        Where they are empty or no text; ``name`` is the file's name in its sentence.
    """
    if not content.strip():
        raise ScanError(f"{name} is empty; there is no scan in it")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as reason:
            raise ScanError(f"{name} is marked as UTF-16 text but is not; save it again as UTF-8") from reason
    head = content[:65536]
    if b"\0" in head or sum(byte < 9 or 13 < byte < 32 for byte in head) > 0.01 * len(head):
        raise ScanError(f"{name} holds binary data, not text; check that its name ends in what it really is")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def parse_number(text: str, decimal: str = ".") -> float | None:
    """The number in a cell; NaN where it is empty, None where it is a word."""
    text = text.strip().strip('"')
    if text.lower() in _MISSING:
        return np.nan
    if decimal == ",":
        text = text.replace(".", "").replace(",", ".") if text.count(",") == 1 else text.replace(",", ".")
    elif text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    try:
        return float(text)
    except ValueError:
        return None


def numbers(file: str, text: str, what: str) -> np.ndarray:
    """The numbers of a block that holds nothing else, with any white space between, in one pass without a list of
    words.

    Parameters
    ----------
    file
        The file's name, for errors.
    text
        The block.
    what
        What the error's sentence calls the block.

    Returns
    -------
    numpy.ndarray
        The numbers [n].

    Raises
    ------
    ScanError
        Where a word stands among them.
    """
    text = text.strip()
    if not text:
        return np.zeros(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy before 2.3 only warns of a word among the numbers
            return np.fromstring(text, sep=" ")
    except (ValueError, DeprecationWarning):
        words = (word for word in text.split() if parse_number(word) is None)
        raise ScanError(f"{file}, {what}: {next(words, '?')!r} is not a number; it is altered: copy it again") from None


def text_table(file: DataFile) -> ColumnTable:
    """Parse a delimited text file.

    Raises
    ------
    ScanError
        Naming the line where a word stands among numbers or a row has too many cells.
    """
    text = decode(file.content, file.name)
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith(_COMMENTS)
    ]
    if not lines:
        raise ScanError(f"{file.name} holds nothing but comments; there is no scan in it")
    delimiter, decimal = _dialect([line for _, line in lines])
    rows = [(number, _cells(line, delimiter)) for number, line in lines]
    return rows_to_table(file.name, rows, decimal)


def _cells(line: str, delimiter: str | None) -> list[str]:
    cells = line.split() if delimiter is None else [cell.strip() for cell in line.split(delimiter)]
    return [cell.strip('"') for cell in cells]


def _dialect(lines: list[str]) -> tuple[str | None, str]:
    """The delimiter (None: white space) and the decimal mark, from the last lines, which are data."""
    sample = lines[-50:]
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in sample]
        if min(counts) == 0:
            continue
        cells = [cell.strip() for line in sample for cell in line.split(delimiter)]
        if delimiter == ",":
            # "1,5 2,5" is two decimal commas with white space between; "1,5" alone stays two cells.
            if all(
                re.fullmatch(r"(-?\d+,\d+(e[+-]?\d+)?\s+)+-?\d+,\d+(e[+-]?\d+)?", line.strip(), re.I) for line in sample
            ):
                return None, ","
            return ",", "."
        commas = any(re.fullmatch(r"-?\d*,\d+(e[+-]?\d+)?", cell, re.I) for cell in cells)
        points = any(re.fullmatch(r"-?\d*\.\d+(e[+-]?\d+)?", cell, re.I) for cell in cells)
        return delimiter, "," if commas and not points else "."
    return None, "."


def rows_to_table(name: str, rows: list[tuple[int, list[str]]], decimal: str = ".") -> ColumnTable:
    """A :class:`ColumnTable` from rows of cells.

    Parameters
    ----------
    name
        The file's name.
    rows
        (line number, cells) of each. The header is the last row of words before the first row of numbers; a row of
        units below it is joined to it.
    decimal
        The decimal mark.

    Raises
    ------
    ScanError
        Where there are no rows of numbers, two columns have one name, a row has another number of cells, or a cell is
        not a number.
    """

    def numeric(cells) -> bool:
        numbers = [parse_number(cell, decimal) for cell in cells]
        return None not in numbers and any(np.isfinite(number) for number in numbers if number is not None)

    first = next((index for index, (_, cells) in enumerate(rows) if numeric(cells)), None)
    if first is None:
        raise ScanError(f"{name} holds no rows of numbers; a scan is a table with one row a point")
    width = len(rows[first][1])
    heads = [cells for _, cells in rows[:first] if len(cells) == width]
    header = _header(heads, width)
    doubled = next((head for head in header if header.count(head) > 1), None)
    if doubled is not None:
        raise ScanError(
            f"{name}, line {rows[first][0] - 1}: two columns are called {doubled!r}; give each its own name"
        )
    data = np.empty((len(rows) - first, width))
    for index, (line, cells) in enumerate(rows[first:]):
        while len(cells) > width and not cells[-1]:
            cells = cells[:-1]
        if len(cells) != width:
            raise ScanError(f"{name}, line {line}: {len(cells)} cells where the first row has {width}; mend the line")
        for position, cell in enumerate(cells):
            number = parse_number(cell, decimal)
            if number is None:
                raise ScanError(
                    f"{name}, line {line}, column {header[position]!r}: {cell!r} is not a number; "
                    "mend or remove the row"
                )
            data[index, position] = number
    return ColumnTable(
        name,
        {head: data[:, position] for position, head in enumerate(header)},
        {head: units.split_label(head)[1] for head in header},
        np.array([line for line, _ in rows[first:]]),
    )


def _header(heads: list[list[str]], width: int) -> list[str]:
    if not heads:
        return [f"column {number}" for number in range(1, width + 1)]
    header = heads[-1]
    if len(heads) > 1 and all(not cell or units.is_known(cell.strip("()[]")) for cell in header) and any(header):
        return [
            f"{head} ({unit.strip('()[]')})" if unit else head for head, unit in zip(heads[-2], header, strict=True)
        ]
    return [cell or f"column {number}" for number, cell in enumerate(header, 1)]


FORMATS = (
    Format(
        name="text",
        title="Delimited text",
        suffixes=SUFFIXES,
        level=Level.PLAIN,
        holds="one table; any delimiter, decimal comma or point",
        reads="The columns that are chosen (or that the headers make plain) as axes, value and its standard error; "
        "units from the headers, `T (K)`, or the row below them, else as they are answered. Rows without a finite "
        "value are dropped and counted in `dropped_rows`; of the other columns only `masked`, `extrapolated` and "
        "`sweep` are taken.",
        table=lambda file, sheet: text_table(file),
        asks=Asks.COLUMNS,
    ),
)
