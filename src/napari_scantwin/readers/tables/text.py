"""Delimited text: ``.csv``, ``.tsv``, ``.txt``, ``.dat`` with any delimiter, decimal mark and header."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace

import numpy as np

from napari_scantwin.core import units, vocabulary
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.tables.cells import decimal_mark, looks_numeric, parse_number, split_line
from napari_scantwin.readers.tables.fast import fast_table
from napari_scantwin.readers.tables.layout import Row, rows_to_table
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["FORMATS", "SUFFIXES", "Text", "decode", "numbers", "table_of_lines", "text_table", "whole_lines"]

#: The suffixes of text files, whatever stands in them.
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".xy")
_COMMENTS = ("#", "%", "//", "!")
_DELIMITERS = ("\t", ";", ",", "|", None)
#: So many lines show the dialect: the last ones, which are readings, and as many from the middle.
_SAMPLE = 60


@dataclass(frozen=True)
class Text:
    """The text of a file, and what was left out of its bytes."""

    text: str
    left_out: tuple[str, ...] = ()


def decode(content: bytes, name: str) -> Text:
    """Text from bytes in UTF-8, UTF-16 or a Windows code page; zero bytes that fill up its end are left out.

    Parameters
    ----------
    content
        The bytes.
    name
        The file's name, for errors.

    Returns
    -------
    Text
        The text.

    Raises
    ------
    ScanError
        Where they are empty or no text.
    """
    if not content.strip(b"\0 \t\r\n"):
        raise ScanError(f"{name} is empty; there is no scan in it")
    wide = _utf16(content)
    if wide is not None:
        try:
            return Text(content.decode(wide).lstrip("\ufeff").rstrip("\0"))
        except UnicodeDecodeError as reason:
            raise ScanError(f"{name} is marked as UTF-16 text but is not; save it again as UTF-8") from reason
    plain = content.rstrip(b"\0")
    padding = len(content) - len(plain)
    head = plain[:65536]
    if b"\0" in plain or sum(byte < 9 or 13 < byte < 32 for byte in head) > 0.01 * len(head):
        raise ScanError(f"{name} holds binary data, not text; check that its name ends in what it really is")
    said = (f"{padding} zero byte{'s' if padding > 1 else ''} that fill up the end of the file",) if padding else ()
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return Text(plain.decode(encoding), said)
        except UnicodeDecodeError:
            continue
    return Text(plain.decode("latin-1"), said)


def _utf16(content: bytes) -> str | None:
    """UTF-16 by its mark, or without one by the zero in every other byte of plain letters and figures."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = content[:4096].rstrip(b"\0")
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[offset::2].count(0), head[1 - offset :: 2].count(0)
        if len(head) > 8 and zeros > 0.7 * (len(head) // 2) and others < 0.1 * zeros:
            return encoding
    return None


def whole_lines(text: str) -> tuple[list[str], str]:
    """The lines of a text, and what to say where the last one was left out: without a line end it may have been cut
    inside a number.

    Such a line is kept where it is shown to be whole: it has as many cells as the one before it, and its last number
    has ended (empty cells follow it) or is written with as many decimals as those above it.

    Parameters
    ----------
    text
        A text.

    Returns
    -------
    lines
        Its lines.
    said
        The sentence; empty where all lines are whole.
    """
    lines = text.splitlines()
    if len(lines) < 2 or text.endswith(("\n", "\r")):
        return lines, ""
    *above, last = lines[-6:]
    shapes = {_shape(line) for line in above[-4:]}
    alike = len(above) > 1 and len({len(re.findall(r"[,;\t|]| +", line.strip(" "))) for line in (above[-1], last)}) == 1
    if alike and (last.rstrip(" ").endswith((",", ";", "\t", "|")) or (shapes == {_shape(last)} != {None})):
        return lines, ""
    return lines[:-1], f"line {len(lines)}, the last one, which has no line end and may be cut"


#: The number that ends a line, parted from those before it by anything but a comma (which may be its decimal mark),
#: or by a comma or semicolon.
_ENDINGS = tuple(
    re.compile(rf"{before}[-+]?(?:\d*{mark}(?P<decimals>\d+)|\d+)(?P<power>[eEdD][-+]?\d+)?\"?$")
    for before, mark in ((r"(?:^|[^\d.,eE+-])", "[.,]"), ("[,;]", r"\."))
)


def _shape(line: str) -> tuple[int, int] | None:
    """How the number that ends a line is written, its decimals and its exponent; None where it could be cut unseen."""
    for ending in _ENDINGS:
        found = ending.search(line.rstrip())
        if found and (found["decimals"] or found["power"]):
            return len(found["decimals"] or ""), len(found["power"] or "")
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
    table = fast_table(
        file.name,
        file.content,
        whole_lines=whole_lines,
        dialect=lambda lines: _dialect(file.name, lines),
        row=_row,
        is_remark=_is_remark,
    )
    if table is not None:
        return table
    text = decode(file.content, file.name)
    lines, cut = whole_lines(text.text)
    table = table_of_lines(file.name, lines)
    return replace(table, attrs=with_left_out(table.attrs, *text.left_out, cut))


def table_of_lines(name: str, lines: list[str]) -> ColumnTable:
    """The table in lines of text, with its delimiter, decimal mark and header found.

    Parameters
    ----------
    name
        The file's name, for errors.
    lines
        The file's lines from the first; those of a part of it come below as many empty ones as stand above it, so
        that errors name the right line.

    Returns
    -------
    ColumnTable
        The columns of numbers.

    Raises
    ------
    ScanError
        Where there is no table, or a word stands among its numbers.
    """
    readings = [line for line in lines if line.strip() and not _is_remark(line)]
    if not readings:
        raise ScanError(f"{name} holds nothing but comments; there is no scan in it")
    middle = len(readings) // 2
    sample = readings[middle : middle + _SAMPLE] + readings[max(middle + _SAMPLE, len(readings) - _SAMPLE) :]
    delimiter, decimal = _dialect(name, sample)
    rows: list[Row] = []
    remarks: list[Row] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            (remarks if _is_remark(line) else rows).append(_row(number, line, delimiter))
    _refuse_split_decimals(name, rows, delimiter)
    return _with_settings(rows_to_table(name, rows, decimal, remarks), remarks, decimal)


def _dialect(name: str, lines: list[str]) -> tuple[str | None, str]:
    """The delimiter and the decimal mark of a table, told by lines of readings."""
    delimiter = _delimiter([line for line in lines if not _is_remark(line)])
    return delimiter, decimal_mark(name, (cell for line in lines for cell in split_line(line, delimiter)))


#: What a remark above a block of readings says of it: "T = 10 K", "Field: 100 Oe".
_SETTING = re.compile(r"(?P<name>[^\W\d][\w ]*?) *[=:] *(?P<value>[-+\d][-+\d.,eE]*) *(?P<unit>[^\s\d][^\s,;]*)?")


def _with_settings(table: ColumnTable, remarks: list[Row], decimal: str) -> ColumnTable:
    """The table with a column for what remarks among its readings set, each for the readings below it; that there are
    other remarks among them is said."""
    inside = [number for number, _ in remarks if table.lines[0] < number < table.lines[-1]]
    if not inside:
        return table
    set_at: dict[tuple[str, str], dict[int, float]] = {}
    for number, cells in remarks:
        found = _SETTING.fullmatch(" ".join(cells).strip())
        value = parse_number(found["value"], decimal) if found else None
        if found and value is not None and np.isfinite(value):
            set_at.setdefault((found["name"], found["unit"] or ""), {})[number] = value
    columns, said = dict(table.columns), set(inside)
    for (name, unit), values in set_at.items():
        lines = np.array(list(values))
        place = np.searchsorted(lines, table.lines) - 1
        head = f"{name} ({unit})" if unit else name
        if place.min() < 0 or not said & set(values) or head in columns:
            continue  # it does not say where the first readings were taken, or stands above all of them
        columns[head] = np.array(list(values.values()))[place]
        said -= set(values)
    known = {head: table.units[head] if head in table.units else vocabulary.split_label(head)[1] for head in columns}
    other = f"{len(said)} remark{'s' if len(said) > 1 else ''} among the readings" if said else ""
    return replace(table, columns=columns, units=known, attrs=with_left_out(table.attrs, other))


def _is_remark(line: str) -> bool:
    return line.lstrip().startswith(_COMMENTS)


def _row(number: int, line: str, delimiter: str | None) -> Row:
    return number, split_line(line.strip().lstrip("#%!/").strip() if _is_remark(line) else line, delimiter)


def _delimiter(lines: list[str]) -> str | None:
    """The delimiter by which most of the cells are numbers; of equals the one listed first. None is white space."""

    def share(delimiter: str | None) -> float:
        rows = [split_line(line, delimiter) for line in lines]
        if sum(len(row) > 1 for row in rows) < len(rows) / 2:
            return 0.0
        cells = [cell for row in rows for cell in row if cell]
        return sum(map(looks_numeric, cells)) / max(len(cells), 1)

    shares = [share(delimiter) for delimiter in _DELIMITERS]
    return _DELIMITERS[int(np.argmax(np.round(shares, 3)))] if max(shares) > 0 else ","


def _refuse_split_decimals(name: str, rows: list[Row], delimiter: str | None) -> None:
    """Decimal commas in a table parted by commas cannot be told from it: the rows have more cells than the header."""
    if delimiter != ",":
        return
    widths = [len(cells) for _, cells in rows]
    for (line, cells), below in zip(rows, widths[1:], strict=False):
        words = [bool(cell) and not looks_numeric(cell) for cell in cells]
        doubled = len(words) > 1 and len(cells) < below <= 2 * len(cells) and below == widths[-1]
        if doubled and all(words) and any(units.split_label(cell)[1] is not None for cell in cells):
            raise ScanError(
                f"{name}, line {line}: {len(cells)} names stand above {below} cells; decimal commas between commas "
                "cannot be told apart: save the file with decimal points or with semicolons"
            )


FORMATS = (
    Format(
        name="text",
        title="Delimited text",
        suffixes=SUFFIXES,
        also=(".xls",),  # as many instruments call text
        level=Level.PLAIN,
        holds="one table; any delimiter, decimal comma or point",
        reads="The columns that are chosen (or that the headers make plain) as axes, value and its standard error; "
        "units from the headers, `T (K)`, or the row below them, else as they are answered. Preambles of any length "
        "and names behind `#` are understood; a column for each sweep (`T (K), 100 Oe, 1000 Oe`) is put one below the "
        "other; tables side by side, each with its own scanned column, are a measurement each. Left out, and said in "
        "the scan's `notes`: rows without a finite value (counted in `dropped_rows`), "
        "columns of words and dates, rows of words among the readings, and a last row that may be cut. Of the other "
        "columns only `masked`, `extrapolated` and `sweep` are taken.",
        table=lambda file, sheet: text_table(file),
        asks=Asks.COLUMNS,
    ),
)
