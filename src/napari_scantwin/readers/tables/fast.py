"""The quick way through a large plain table: pandas's parser in C, where it and the careful way must agree."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.tables.layout import Row, heads_of, make_table, names_of, what_columns_are
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["EXACT", "fast_table"]

#: Smaller tables are read the careful way at once.
_SMALLEST = 1 << 14
#: So many bytes at either end show preamble, layout, dialect and whether the last line is whole.
_ENDS = 1 << 13
#: pandas before 3 rounds the last bit of a number unless told not to.
EXACT: dict = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}


def fast_table(
    name: str,
    content: bytes,
    *,
    whole_lines: Callable[[str], tuple[list[str], str]],
    dialect: Callable[[list[str]], tuple[str | None, str]],
    row: Callable[[int, str, str | None], Row],
    is_remark: Callable[[str], bool],
) -> ColumnTable | None:
    """The table in a file of which all is readings below the header, or None where anything is not: then every cell has
    to be looked at.

    Parameters
    ----------
    name
        The file's name.
    content
        Its bytes.
    whole_lines
        The lines of a text and what to say of a last one that may be cut.
    dialect
        The delimiter and decimal mark that lines have.
    row, is_remark
        The row of a line, and whether it is a comment.
    """
    head, tail = content[:_ENDS], content[-_ENDS:]
    plain = b"\0" not in head and b"\0" not in tail and (b"\r" not in head or b"\r\n" in head)
    if len(content) < _SMALLEST or not plain or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        lines = head.decode("utf-8-sig").splitlines()[:-1]
        ending, cut = whole_lines(tail.decode("utf-8", errors="replace"))
    except UnicodeDecodeError:
        return None
    delimiter, decimal = dialect([line for line in [*lines[-30:], *ending[-30:]] if line.strip()])
    rows = [
        row(number, line, delimiter) for number, line in enumerate(lines, 1) if line.strip() and not is_remark(line)
    ]
    layout = what_columns_are(rows, decimal)
    if layout is None or not all(layout.numeric):
        return None
    first = next((line for line, cells in rows if layout.is_reading(cells, decimal)), None)
    if first is None:
        return None
    start = _line_start(content, first)
    body = content[start : content.rfind(b"\n") + 1] if cut else content[start:]
    body = body.replace(b"\r\n", b"\n")
    numbers = np.arange(first, first + body.count(b"\n") + (not body.endswith(b"\n")))
    if b"\n\n" in body:  # blank lines part blocks
        numbers = numbers[[bool(line.strip()) for line in body.splitlines()]]
    marks = 0 if delimiter is None else body.count(delimiter.encode())
    if b'"' in body or (delimiter is not None and marks != len(numbers) * (layout.width - 1)):
        return None  # quoted cells, or rows that are short or long, which pandas would fill without a word
    columns = _columns(body, delimiter, decimal, layout.width, len(numbers))
    if columns is None:
        return None
    above = [row(number, line, delimiter) for number, line in enumerate(lines[: first - 1], 1) if line.strip()]
    heads = heads_of(above, layout.width)
    names = names_of(name, heads, first - 1)
    table = make_table(name, dict(zip(names, columns, strict=True)), numbers, [], heads)
    return replace(table, attrs=with_left_out(table.attrs, cut))


def _line_start(content: bytes, line: int) -> int:
    """The place of the first byte of a line, counted from 1."""
    start = 0
    for _ in range(line - 1):
        start = content.index(b"\n", start) + 1
    return start


def _columns(body: bytes, delimiter: str | None, decimal: str, width: int, count: int) -> list[np.ndarray] | None:
    """The columns of numbers [count], or None where they are not all numbers."""
    try:
        read = pd.read_csv(
            io.BytesIO(body),
            header=None,
            sep=r"\s+" if delimiter is None else delimiter,
            decimal=decimal,
            na_values=["", "-"],
            low_memory=False,
            encoding="utf-8",
            **EXACT,
        )
    except (ValueError, pd.errors.ParserError):
        return None
    if read.shape != (count, width) or any(read[one].dtype.kind not in "if" for one in read):
        return None
    missing = read.isna().to_numpy()
    if missing.all(axis=1).any() or (delimiter is None and missing[:, -1].any()):
        return None  # a blank line, or a short one
    return [read[one].to_numpy(float) for one in read]
