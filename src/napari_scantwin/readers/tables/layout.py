"""Where in rows of cells the table is: its columns, their names and units, and what of it is no reading."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import units, vocabulary
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out, with_notes
from napari_scantwin.readers.tables.cells import looks_numeric, parse_number
from napari_scantwin.readers.tables.groups import GroupedHeads, grouped_heads
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["Layout", "Row", "header_of", "heads_of", "make_table", "names_of", "rows_to_table", "what_columns_are"]

#: The line in the file, and the cells.
Row = tuple[int, list[str]]


#: So many rows above the readings may be the header: names, units and two of remarks.
_HEADER_ROWS = 4


@dataclass(frozen=True)
class Layout:
    """How the rows of numbers look.

    Parameters
    ----------
    width
        How many cells a row has.
    numeric
        Whether each column holds numbers [width].
    words
        Whether each column holds words, such as dates and the state of an instrument [width]; a column that is neither
        is empty.
    """

    width: int
    numeric: tuple[bool, ...]
    words: tuple[bool, ...]

    def is_reading(self, cells: list[str], decimal: str) -> bool:
        """Whether a row holds numbers in at least half of the columns of numbers, and no word in any."""
        if len(cells) < self.width or any(cells[self.width :]):
            return False
        read = [parse_number(cell, decimal) for cell, numeric in zip(cells, self.numeric, strict=False) if numeric]
        finite = sum(number is not None and number == number for number in read)
        return None not in read and 2 * finite >= len(read) and finite > 0


def what_columns_are(rows: list[Row], decimal: str) -> Layout | None:
    """The layout of the rows with numbers, or None where there are none; rows of the width that most rows of
    numbers have decide."""
    counts: Counter[int] = Counter()
    with_numbers = []
    for _, cells in rows:
        share = sum(1 for cell in cells if looks_numeric(cell)) / max(sum(map(bool, cells)), 1)
        if share:
            with_numbers.append(cells)
            counts[len(cells)] += share >= 0.5
    if not with_numbers:
        return None
    width = counts.most_common(1)[0][0]  # of equals the first
    numbers, words = np.zeros(width, int), np.zeros(width, int)
    for cells in with_numbers:
        if len(cells) == width:
            for place, cell in enumerate(cells):
                is_word = parse_number(cell, decimal) is None
                words[place] += is_word
                numbers[place] += bool(cell) and not is_word
    while width > 1 and not (numbers[width - 1] or words[width - 1]):
        width -= 1  # rows that end in the delimiter
    # A column with a few words among its numbers is a damaged one, not one of words.
    numeric = (numbers > 0) & (numbers >= words)
    return Layout(width, tuple(map(bool, numeric[:width])), tuple(map(bool, (~numeric & (words > 0))[:width])))


def rows_to_table(name: str, rows: list[Row], decimal: str = ".", remarks: list[Row] | None = None) -> ColumnTable:
    """A table from rows of cells.

    Parameters
    ----------
    name
        The file's name.
    rows
        (line number, cells) of each. What stands before the first row of numbers is a preamble of any length; the names
        are in the last row there that has one for each column, and a row of units below it is joined to it.
    decimal
        The decimal mark.
    remarks
        The lines behind a comment mark, likewise; the names may stand in one of them.

    Returns
    -------
    ColumnTable
        The columns of numbers. What was left out is in its attributes.

    Raises
    ------
    ScanError
        Where there are no rows of numbers, two columns have one name, a row has another number of cells, or a cell is
        not a number.
    """
    layout = what_columns_are(rows, decimal)
    first = None
    if layout is not None:
        first = next((at for at, (_, cells) in enumerate(rows) if layout.is_reading(cells, decimal)), None)
    if layout is None or first is None:
        raise ScanError(f"{name} holds no rows of numbers; a scan is a table with one row a point")
    line = rows[first][0]
    above = [*rows[:first], *[one for one in remarks or [] if one[0] < line]]
    heads = heads_of(above, layout.width)
    return _table_of(name, rows[first:], heads, layout, decimal)


def heads_of(rows: list[Row], width: int) -> GroupedHeads | list[str]:
    """The names of the columns from the rows above the readings: those of tables side by side, else those of
    :func:`header_of`."""
    return grouped_heads([cells for _, cells in sorted(rows, key=lambda row: row[0])], width) or header_of(rows, width)


def header_of(rows: list[Row], width: int) -> list[str]:
    """The names of the columns, empty where there are none, from the rows above the readings: the nearest row with a
    word in each cell but few. A row of units is joined to the one above it, and a row of remarks may stand below the
    two, as Origin writes them."""
    found: list[tuple[int, list[str]]] = []
    for place, (_, written) in enumerate(sorted(rows, key=lambda row: -row[0])):
        cells = _of_width(written, width)
        if cells is not None and any(re.search(r"[^\W\d]", cell) for cell in cells):
            found.append((place, cells))
        if len(found) == _HEADER_ROWS:
            break
    if not found:
        return [""] * width
    for (place, given), (above, names) in itertools.pairwise(found):
        given = _without_label(given)
        if above == place + 1 and _are_units(given) and names != given:
            stripped = (unit.strip("()[] ") for unit in given)
            return [f"{head} ({unit})" if unit else head for head, unit in zip(names, stripped, strict=True)]
    return found[0][1]


def _without_label(cells: list[str]) -> list[str]:
    """A row of units without what says that it is one, above the numbers of the rows."""
    return ["", *cells[1:]] if cells[0].strip().lower().rstrip("s:") == "unit" else cells


def _of_width(cells: list[str], width: int) -> list[str] | None:
    """A row above the readings as one cell a column: as it is, or split otherwise than they are ("T (K)  H (Oe)" above
    columns parted by single blanks); None where it is none."""
    line = " ".join(cells)
    for split in (
        cells,
        re.split(r"\s*[\t,;]\s*", line),
        re.split(r"\s{2,}", line),
        re.sub(r"\s+(?=[(\[])", "\0", line).split(),  # a unit in brackets belongs to the word before it
    ):
        split = [one.replace("\0", " ").strip() for one in split]
        while len(split) > width and not split[-1]:
            split.pop()
        filled = sum(map(bool, split))
        # Parted as the readings are, a name may stand over every other column only.
        enough = 2 * filled > width or (split == cells and 2 * filled == width > 2)
        if len(split) <= width <= len(split) + 1 and enough and max(map(len, split)) <= 80:
            return split + [""] * (width - len(split))
    return None


def _are_units(cells: list[str]) -> bool:
    return any(cells) and all(not cell or cell in ("-", "[-]") or units.is_known(cell.strip("()[] ")) for cell in cells)


def _table_of(name: str, rows: list[Row], heads: GroupedHeads | list[str], layout: Layout, decimal: str) -> ColumnTable:
    """The table of rows below their header; arguments and errors as of :func:`rows_to_table`."""
    names = names_of(name, heads, rows[0][0] - 1)
    taken = [place for place, numeric in enumerate(layout.numeric) if numeric]
    data, lines, others = [], [], 0
    for line, cells in rows:
        while len(cells) > layout.width and not cells[-1]:
            cells = cells[:-1]
        read = [parse_number(cells[place], decimal) if place < len(cells) else np.nan for place in taken]
        if not any(number is not None and number == number for number in read):
            others += any(cells)  # a second header, a footer
            continue
        if len(cells) != layout.width:
            raise ScanError(
                f"{name}, line {line}: {len(cells)} cells where the first row has {layout.width}; mend the line"
            )
        if None in read:
            place = taken[read.index(None)]
            raise ScanError(
                f"{name}, line {line}, column {names[place]!r}: {cells[place]!r} is not a number; "
                "mend or remove the row"
            )
        data.append(read)
        lines.append(line)
    columns = np.array(data, float)
    said = [_words_passed_over(names, layout)]
    if others:
        said.append(f"{others} row{'s' if others > 1 else ''} without numbers below the first reading")
    numbers = {names[place]: columns[:, at] for at, place in enumerate(taken)}
    return make_table(name, numbers, np.array(lines), said, heads)


def _words_passed_over(names: list[str], layout: Layout) -> str:
    words = [names[place] for place, is_words in enumerate(layout.words) if is_words]
    return f"{'columns' if len(words) > 1 else 'column'} of words: {', '.join(words)}" if words else ""


def names_of(file: str, heads: GroupedHeads | list[str], line: int) -> list[str]:
    """Each column's name; :class:`ScanError` where two have one. ``line`` is the line that says them."""
    if isinstance(heads, GroupedHeads):
        return heads.heads
    named = [head or f"column {number}" for number, head in enumerate(heads, 1)]
    doubled = next((head for head in named if named.count(head) > 1), None)
    if doubled is not None:
        raise ScanError(f"{file}, line {line}: two columns are called {doubled!r}; give each its own name")
    return named


def make_table(
    name: str,
    columns: dict[str, np.ndarray],
    lines: np.ndarray,
    said: list[str],
    heads: GroupedHeads | list[str] | None = None,
) -> ColumnTable:
    """The table of columns; one with a column for each sweep ("T (K), 100 Oe, 1000 Oe") is made long, tables side by
    side keep their groups."""
    if isinstance(heads, GroupedHeads) and len(columns) == len(heads.heads):
        attrs = with_notes(with_left_out({}, *said), *heads.said)
        return ColumnTable(name, columns, heads.units, lines, attrs, heads.groups)
    columns, lines = _long(columns, lines)
    known = {head: vocabulary.split_label(head)[1] for head in columns}
    return ColumnTable(name, columns, known, lines, with_left_out({}, *said))


#: What a column holds of each sweep, and where the sweep was: "100 Oe", "M (emu) 5 T", "R @ 2 K", "H=100 Oe".
_SWEEP = re.compile(
    r"(?P<what>.*?)(?:[\s@,_]|\bat\b|\bfor\b)*(?:(?P<axis>[^\W\d]\w*) ?= ?)?"
    r"(?P<place>[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?) ?(?P<unit>[^\W\d][^\s()\[\]]*|)[)\]]?(?P<rest>\s*[(\[].*)?"
)


def _long(columns: dict[str, np.ndarray], lines: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """One row a point where the columns but the first are one quantity at several places of a slow axis, told by a
    number with a unit (or by bare numbers) in each head; else the columns as they are."""
    first, *rest = columns
    found = [_SWEEP.fullmatch(head.strip()) for head in rest]
    if len(rest) < 2 or None in found or _SWEEP.fullmatch(first.strip()):
        return columns, lines
    parts = [one.groupdict() for one in found if one is not None]
    unit = parts[0]["unit"]
    what = parts[0]["what"].rstrip("([ ")
    alike = {(one["what"], one["axis"], one["unit"], one["rest"]) for one in parts}
    places = [float(one["place"]) for one in parts]
    if len(alike) > 1 or len(set(places)) < len(places) or (unit and not units.is_known(unit)):
        return columns, lines
    if not unit and what:
        return columns, lines  # "Ch1, Ch2": numbered, not measured at 1 and 2
    axis = parts[0]["axis"] or (vocabulary.measured_in(unit) if unit else None) or "place of each column"
    value = f"{what or 'value'} {parts[0]['rest'] or ''}".strip()
    count = len(lines)
    long = {
        first: np.tile(columns[first], len(rest)),
        f"{axis} ({unit})" if unit else axis: np.repeat(places, count),
        value: np.concatenate([columns[head] for head in rest]),
    }
    return long, np.tile(lines, len(rest))
