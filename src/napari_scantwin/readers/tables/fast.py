"""The quick way through a plain table: pandas's parser in C, where it and the careful way must agree."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pandas as pd

from napari_scantwin.readers.tables.layout import Row, header_of, make_table, names_of, what_columns_are
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["fast_table"]

#: Shorter tables are read the careful way at once.
_FEWEST = 500
#: The first lines show preamble and layout.
_HEAD = 200
#: pandas before 3 rounds the last bit of a number unless told not to.
_EXACT = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}


def fast_table(
    name: str,
    lines: list[str],
    delimiter: str | None,
    decimal: str,
    row: Callable[[int, str, str | None], Row],
    is_remark: Callable[[str], bool],
) -> ColumnTable | None:
    """The table of lines that are all readings below the header, or None where any is not: then every cell has to be
    looked at.

    Parameters
    ----------
    name
        The file's name.
    lines
        Its lines.
    delimiter, decimal
        As of :func:`napari_scantwin.readers.tables.cells.split_line` and ``parse_number``.
    row, is_remark
        The row of a line, and whether it is a comment.
    """
    if len(lines) < _FEWEST:
        return None
    head = [(number, line, is_remark(line)) for number, line in enumerate(lines[:_HEAD], 1) if line.strip()]
    rows = [row(number, line, delimiter) for number, line, remark in head if not remark]
    layout = what_columns_are(rows, decimal)
    if layout is None or not all(layout.numeric):
        return None
    first = next((line for line, cells in rows if layout.is_reading(cells, decimal)), None)
    if first is None:
        return None
    numbers = np.array([number for number, line in enumerate(lines[first - 1 :], first) if line.strip()])
    body = "\n".join(lines[number - 1] for number in numbers)  # blank lines part blocks
    marks = layout.width - 1 if delimiter is None else body.count(delimiter) / len(numbers)
    if '"' in body or marks != layout.width - 1:
        return None  # quoted cells, or rows that are short or long, which pandas would fill without a word
    try:
        read = pd.read_csv(
            io.StringIO(body),
            header=None,
            sep=r"\s+" if delimiter is None else delimiter,
            decimal=decimal,
            skip_blank_lines=False,
            na_values=["", "-"],
            low_memory=False,
            **_EXACT,
        )
    except (ValueError, pd.errors.ParserError):
        return None
    columns = [read[one] for one in read]
    whole = read.shape == (len(numbers), layout.width) and all(one.dtype.kind in "if" for one in columns)
    if not whole or read.isna().all(axis=1).any() or (delimiter is None and read.iloc[:, -1].isna().any()):
        return None
    above = [(number, row(number, line, delimiter)[1]) for number, line, _ in head if number < first]
    names = names_of(name, header_of(above, layout.width), first - 1)
    arrays = (np.asarray(one, float) for one in columns)
    return make_table(name, dict(zip(names, arrays, strict=True)), numbers, [])
