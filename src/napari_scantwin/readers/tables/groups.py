"""Tables side by side in one: pairs (or threes …) of columns, each with its own scanned column, as plotting programs
export several curves.

Two ways of writing heads are read. Either the scanned column has a head that comes back with every group ("T (K)  C
(J/mol/K)  T (K)  C (J/mol/K)"), what differs standing in a row above; or it has none, and there are as many heads as
measured columns ("_  0.5 K  _  2 K"), which may have lost their places above them but not their order. A unit that
stands once, in a row of its own, is that of all measured columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units, vocabulary
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.table import ColumnGroup, ColumnTable

__all__ = ["GroupedHeads", "group_measurements", "grouped_heads", "readings"]

#: What inverts the quantity behind it.
_INVERSE = re.compile(r"\s*(?:1\s*/|inverse\b|inv\.)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class GroupedHeads:
    """What each column of tables side by side is called.

    Parameters
    ----------
    heads
        Each column's header, all different [width].
    units
        Each header's unit, or None.
    groups
        Which columns are one table.
    said
        Sentences on what was taken for granted.
    """

    heads: list[str]
    units: dict[str, str | None]
    groups: tuple[ColumnGroup, ...]
    said: tuple[str, ...] = ()


def grouped_heads(rows: Sequence[list[str]], width: int) -> GroupedHeads | None:
    """The heads of tables side by side.

    Parameters
    ----------
    rows
        The cells of the rows above the readings, in their order.
    width
        How many columns the readings have.

    Returns
    -------
    GroupedHeads or None
        None where the rows do not show that there are several tables.
    """
    rows = [cells for cells in rows if any(cells)]
    for number in range(len(rows) - 1, -1, -1):
        found = _repeated(rows, number, width) or _unnamed(rows, number, width)
        if found is not None:
            return found
    return None


def _is_word(cell: str) -> bool:
    return re.search(r"[^\W\d]", cell) is not None


def _repeated(rows: Sequence[list[str]], number: int, width: int) -> GroupedHeads | None:
    """Heads of which the first comes back with every group."""
    cells = [*rows[number], *[""] * (width - len(rows[number]))][:width]
    if any(rows[number][width:]) or not all(_is_word(cell) for cell in cells):
        return None
    places = [place for place, cell in enumerate(cells) if cell == cells[0]]
    size = width // len(places)
    if len(places) < 2 or size < 2 or places != list(range(0, width, size)):
        return None
    above = [row for row in rows[:number] if len(row) <= width + 1 and not _all_units(row)]
    titles = []
    for place in places:
        said = [cell for row in above for cell in row[place : place + size] if cell]
        titles.append(" ".join(dict.fromkeys(said)))
    below = [[*row, *[""] * width][:width] for row in rows[number + 1 :] if _all_units(row) and len(row) <= width]
    known = {place: unit for row in below for place, unit in enumerate(row) if unit}
    labels = [[cells[place + k] for k in range(size)] for place in places]
    unit_of = [[known.get(place + k) for k in range(size)] for place in places]
    return _named(titles, labels, unit_of, ())


def _unnamed(rows: Sequence[list[str]], number: int, width: int) -> GroupedHeads | None:
    """As many heads as measured columns, none above the first scanned one."""
    cells = rows[number]
    words = [cell for cell in cells if cell]
    count = width - len(words)
    if cells[0] or not all(map(_is_word, words)) or count < 2 or width % count or width // count < 2:
        return None
    if _all_units(cells):
        return None
    size = width // count
    in_place = [bool(cell) for cell in [*cells, *[""] * (width - len(cells))]] == [False, *[True] * (size - 1)] * count
    if not in_place and len(cells) <= width:
        return None
    alone = {row_words[0] for row in rows if _all_units(row) and len(row_words := [one for one in row if one]) == 1}
    said: tuple[str, ...] = ()
    unit: str | None = None
    if len(alone) == 1:
        unit = alone.pop()
        said = (f"the unit {unit}, which stands once above all columns, is taken for each",)
    labels = [["", *words[at : at + size - 1]] for at in range(0, len(words), size - 1)]
    unit_of = [[None, *[_inverted(unit, word) for word in group[1:]]] for group in labels]
    return _named([""] * count, labels, unit_of, said)


def _all_units(cells: Sequence[str]) -> bool:
    words = [cell.strip("()[] ") for cell in cells if cell]
    return bool(words) and all(units.is_known(word) for word in words)


def _inverted(unit: str | None, head: str) -> str | None:
    """The unit of a column whose head says that it holds the inverse of what the unit is for."""
    if unit is None or _INVERSE.match(head) is None:
        return unit
    return units.ratio("dimensionless", units.standard(unit))


def _named(titles: list[str], labels: list[list[str]], unit_of, said: tuple[str, ...]) -> GroupedHeads:
    """Each column with a name of its own."""
    heads: list[str] = []
    known: dict[str, str | None] = {}
    groups = []
    for number, (title, words, given) in enumerate(zip(titles, labels, unit_of, strict=True), 1):
        mine = []
        for word, unit in zip(words, given, strict=True):
            head = f"{title}: {word}" if title and word else word or f"x of {words[1]}"
            if head in known:
                head = f"{number}. {head}"
            split = vocabulary.split_label(word)[1]
            known[head] = split if split is not None or unit is None else units.standard(unit.strip("()[] "))
            mine.append(head)
        heads += mine
        groups.append(ColumnGroup(title, mine[0], tuple(mine[1:])))
    return GroupedHeads(heads, known, tuple(groups), said)


def readings(table: ColumnTable, group: ColumnGroup, value: str) -> tuple[np.ndarray, np.ndarray, int]:
    """The readings of one measured column of a group.

    Parameters
    ----------
    table
        The table.
    group
        One of its groups.
    value
        The header of one of the group's measured columns.

    Returns
    -------
    x, y
        Places and values [n], those rows in which both are finite.
    lost
        How many rows hold only one of the two.
    """
    x, y = table.columns[group.x], table.columns[value]
    both = np.isfinite(x) & np.isfinite(y)
    return x[both], y[both], int((np.isfinite(x) ^ np.isfinite(y)).sum())


def group_measurements(table: ColumnTable) -> list[Measurement]:
    """A measurement of each measured column whose group says what it is and in which units.

    Parameters
    ----------
    table
        A table.

    Returns
    -------
    list of Measurement
        In the order of the file; none where there are no groups, or any unit is open: then people have to say what the
        columns are.
    """
    if any(table.units[head] is None for group in table.groups for head in (group.x, *group.values)):
        return []
    found = []
    for group in table.groups:
        for value in group.values:
            x, y, lost = readings(table, group, value)
            if not len(y):
                raise ScanError(f"{table.name}: the column {value!r} holds no readings")
            names = [_name(group, head, table.units[head]) for head in (group.x, value)]
            reason = f"{lost} row{'s' if lost > 1 else ''} in which one of {group.x!r} and {value!r} is missing"
            scan = scans.ragged_scan(
                {names[0]: (x, str(table.units[group.x]))},
                y,
                name=names[1],
                unit=str(table.units[value]),
                attrs=with_left_out({**table.attrs, "title": group.title or value}, reason if lost else ""),
            )
            found.append(Measurement(value, f"{value}, {scan.size} points", scan))
    return found


def _name(group: ColumnGroup, head: str, unit: str | None) -> str:
    plain = vocabulary.split_label(re.sub(r"^\d+\. ", "", head).removeprefix(f"{group.title}: "))[0]
    return vocabulary.standard_name(plain, unit) or re.sub(r"\W+", "_", plain.lower()).strip("_")
