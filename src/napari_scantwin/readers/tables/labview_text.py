"""LabVIEW measurement files (``.lvm``): a header of tags, then segments with a header each and a column a channel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from napari_scantwin.core import units, vocabulary
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import notes, with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.tables.cells import parse_number
from napari_scantwin.readers.tables.several import picked, plain_measurements
from napari_scantwin.readers.tables.table import ColumnTable
from napari_scantwin.readers.tables.text import decode, whole_lines

__all__ = ["FORMATS", "channel_unit", "labview_tables"]

_END = "***End_of_Header***"
#: With fewer readings a segment is no sweep but one of many calls that wrote a few readings each.
_FEWEST = 3


@dataclass
class _Segment:
    """One segment: its tags' cells, the names of its columns, and the rows with their line numbers."""

    tags: dict[str, list[str]]
    heads: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def channel_unit(name: str, said: str) -> str | None:
    """The unit of a channel, from its name ("T (K)") and from what is said of it ("Kelvin").

    Parameters
    ----------
    name, said
        The channel's name, and its unit as the file gives it; empty where it gives none.

    Returns
    -------
    str or None
        None where neither says a known one, where the two contradict each other, and where the name is that of a
        quantity which is not measured in it.
    """
    plain, unit = vocabulary.split_label(name)
    given = units.standard(said) if said.strip() and units.is_known(said) else None
    if given is not None and not vocabulary.fits(plain, given):
        return None
    if unit is not None and given is not None and units.standard(unit) != given:
        return None
    return unit if unit is not None else given


def labview_tables(file: DataFile) -> dict[str, ColumnTable]:
    """Every table of a file, by its name: segments of the same columns together, each a sweep.

    Raises
    ------
    ScanError
        Where there are no readings, or a word stands among them.
    """
    text = decode(file.content, file.name)
    lines, cut = whole_lines(text.text)
    tags, segments = _segments(lines)
    attrs = {"instrument": "LabVIEW"}
    if tags.get("Description"):
        attrs["title"] = tags["Description"]
    attrs = with_left_out(attrs, *text.left_out, cut)
    groups: dict[tuple, list[ColumnTable]] = {}
    for segment in segments:
        for table in _tables(file.name, segment, tags, attrs):
            groups.setdefault((table.headers, tuple(table.units.values())), []).append(table)
    if not groups:
        raise ScanError(f"{file.name} has no readings below {_END}; it was saved before anything was measured")
    found: dict[str, ColumnTable] = {}
    for parts in groups.values():
        table = _together(parts)
        name = ", ".join(head for head in table.headers[1:] if head != "sweep") or table.headers[0]
        found[name if name not in found else f"{name} {len(found) + 1}"] = table
    return found


def _segments(lines: list[str]) -> tuple[dict[str, str], list[_Segment]]:
    """The tags of the file, and its segments."""
    comma = any(re.match(r"Separator\W+comma\b", line, re.IGNORECASE) for line in lines[:40])
    mark = "," if comma else "\t"
    tags: dict[str, str] = {}
    segments: list[_Segment] = []
    own: dict[str, list[str]] = {}
    in_file, special, heading, current = True, False, False, None
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.split(mark)]
        first = cells[0]
        if special or first == "***Start_Special***":
            special = first != "***End_Special***"
        elif first == _END:
            heading, in_file = not in_file, False
        elif heading or (first == "X_Value" and current is None):
            if any(cells):
                current = _Segment(own, cells)
                segments.append(current)
                own, heading = {}, False
        elif in_file:
            tags[first] = cells[1] if len(cells) > 1 else ""
        elif first == "Channels":
            own, current = {first: cells}, None
        elif current is None:
            own[first] = cells
        elif any(cells):
            current.rows.append(cells)
            current.lines.append(number)
    return tags, segments


def _tables(file: str, segment: _Segment, tags: dict[str, str], attrs: dict) -> list[ColumnTable]:
    """The tables of a segment: one, but of channels with x values of their own one a channel."""
    decimal = tags.get("Decimal_Separator") or _decimal(segment.rows)
    count = len(segment.heads)
    comment = next((at for at, head in enumerate(segment.heads) if head == "Comment"), None)
    count = comment if comment is not None else count
    while count and not segment.heads[count - 1]:
        count -= 1
    values = np.full((len(segment.rows), count), np.nan)
    marks = str.maketrans({",": ".", ".": "?"} if decimal == "," else {})  # a point is none of its numbers' marks
    for row, (line, cells) in enumerate(zip(segment.lines, segment.rows, strict=True)):
        for at, cell in enumerate(cells[:count]):
            try:
                values[row, at] = float(cell.translate(marks))
            except ValueError:
                number = parse_number(cell, decimal)
                if number is None:
                    place = f"{file}, line {line}, column {segment.heads[at]!r}"
                    raise ScanError(f"{place}: {cell!r} is not a number; mend or remove the row") from None
                values[row, at] = number
    if not len(values):
        return []
    remarks = sum(any(cells[count:]) for cells in segment.rows)
    attrs = with_left_out(
        attrs, f"{remarks} comment{'s' if remarks > 1 else ''} beside the readings" if remarks else ""
    )
    made = []
    for x, channels in _by_axis(segment.heads[:count], values):
        named = _named([segment.heads[at] for at in channels])
        title, unit = _axis(segment, channels[0] if channels else x)
        column: np.ndarray | None = values[:, x]
        if tags.get("X_Columns", "").lower() == "no" or np.isnan(values[:, x]).all():
            column = _counted(segment, channels, len(values), decimal)
        columns = {} if column is None else {title: column}
        known: dict[str, str | None] = {} if column is None else {title: unit}
        for at, name in zip(channels, named, strict=True):
            columns[name] = values[:, at]
            known[name] = channel_unit(name, _tag(segment, "Y_Unit_Label", at))
        filled = np.any([np.isfinite(values[:, at]) for at in channels], axis=0) if channels else np.array([], bool)
        if filled.any():
            rows = {name: one[filled] for name, one in columns.items()}
            made.append(ColumnTable(file, rows, known, np.array(segment.lines)[filled], attrs))
    return made


def _decimal(rows: list[list[str]]) -> str:
    """The decimal mark of files older than its tag."""
    return "," if any("," in cell for cells in rows[:20] for cell in cells) else "."


def _by_axis(heads: list[str], values: np.ndarray) -> list[tuple[int, list[int]]]:
    """The columns of x values, each with the channels that belong to it."""
    places = [at for at, head in enumerate(heads) if head == "X_Value"] or [0]
    parts = [
        (at, list(range(at + 1, after)))
        for at, after in zip(places, [*places[1:], len(heads)], strict=True)
        if after > at + 1
    ]
    if len(parts) > 1 and all(np.array_equal(values[:, x], values[:, places[0]], equal_nan=True) for x, _ in parts):
        return [(places[0], [at for _, channels in parts for at in channels])]
    return parts


def _named(names: list[str]) -> list[str]:
    """The channels' names; one that is given twice gets a number, as LabVIEW gives it to those without a name."""
    return [name if names.count(name) == 1 else f"{name} {names[:at].count(name) + 1}" for at, name in enumerate(names)]


def _tag(segment: _Segment, tag: str, at: int) -> str:
    cells = segment.tags.get(tag, [])
    return cells[at] if at < len(cells) else ""


def _axis(segment: _Segment, channel: int) -> tuple[str, str | None]:
    """What the x values are, and their unit: of a time it is the second."""
    name = _tag(segment, "X_Dimension", channel).replace("_", " ")
    said = _tag(segment, "X_Unit_Label", channel)
    unit = channel_unit(name, said) if said else ("s" if name.lower() == "time" else None)
    return name or "X_Value", unit


def _counted(segment: _Segment, channels: list[int], size: int, decimal: str) -> np.ndarray | None:
    """The x values of a file that leaves them out, from where they begin and the step."""
    said = [{parse_number(_tag(segment, tag, at), decimal) for at in channels} for tag in ("X0", "Delta_X")]
    begin, step = (one.pop() if len(one) == 1 else None for one in said)
    if begin is None or step is None or not np.isfinite([begin, step]).all():
        return None
    return begin + step * np.arange(size)


def _together(parts: list[ColumnTable]) -> ColumnTable:
    """Segments of the same columns, one below the other; of several the number of the segment is the sweep's."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    said = [note.removeprefix("left out: ") for part in parts for note in notes(part.attrs)]
    columns = {head: np.concatenate([part.columns[head] for part in parts]) for head in first.headers}
    known = dict(first.units)
    if min(len(part.lines) for part in parts) >= _FEWEST:
        columns["sweep"] = np.repeat(np.arange(float(len(parts))), [len(part.lines) for part in parts])
        known["sweep"] = None
    return ColumnTable(
        first.name, columns, known, np.concatenate([part.lines for part in parts]), with_left_out(first.attrs, *said)
    )


def _is_labview(file: DataFile) -> bool:
    return re.match(rb"(?:\xef\xbb\xbf)?\s*LabVIEW Measurement", file.head.replace(b"\0", b"")) is not None


def _tables_of(file: DataFile) -> dict[str, ColumnTable]:
    if not _is_labview(file):
        raise ScanError(
            f"{file.name} does not begin with 'LabVIEW Measurement'; if it is a plain table, give it a name that ends "
            "in .txt"
        )
    return labview_tables(file)


FORMATS = (
    Format(
        name="labview-text",
        title="LabVIEW measurement",
        suffixes=(".lvm",),
        also=(".txt", ".dat"),
        level=Level.PROGRAM,
        holds="a column a channel, in segments",
        reads="The channels by their names, units from `Y_Unit_Label` or the name; x values from their column or from "
        "`X0` and `Delta_X`, a time in seconds. Segments with the same channels are put one below the other, each a "
        "sweep; channels with x values of their own are tables of their own. What the channels do not say is asked "
        "for. Comments and special blocks are left out.",
        measurements=lambda file: plain_measurements(_tables_of(file)),
        table=lambda file, name: picked(file.name, _tables_of(file), name),
        recognises=_is_labview,
        asks=Asks.COLUMNS,
        layout_after="National Instruments",
    ),
)
