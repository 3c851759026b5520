"""Places of atoms as a plain table: columns x, y and z and what each atom is, and nothing that was measured there."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from napari_scantwin.core import vocabulary
from napari_scantwin.core.clouds import AXES, cloud_scan
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out, with_notes
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.table import not_taken
from napari_scantwin.readers.tables.text import SUFFIXES, decode, text_table

__all__ = ["FORMATS"]

#: What may stand beside the places without making the table one of values measured in space.
_SPECIES = ("species", "element", "symbol", "atom")
_TYPES = ("type", "atom_type", "atom type", "atomic_number", "atomic number", "z number")
_COUNTERS = ("id", "index", "no", "no.", "nr", "number", "mass")


def _heads(file: DataFile) -> list[str]:
    """The cells of the first line that says what columns are; empty where it is none."""
    for line in file.head.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        cells = [cell.strip().strip("\"'") for cell in _parted(line.strip().lstrip("#%! "))]
        if any(cells):
            return cells
    return []


def _parted(line: str) -> list[str]:
    delimiter = next((one for one in ("\t", ";", ",") if one in line), None)
    return line.split(delimiter)


def _plain(head: str) -> str:
    return vocabulary.split_label(head)[0].strip().lower()


def _is_places(file: DataFile) -> bool:
    """Whether the columns are x, y and z and none but what an atom is."""
    names = [_plain(one) for one in _heads(file)]
    others = [name for name in names if name not in AXES and name not in (*_SPECIES, *_TYPES, *_COUNTERS)]
    return all(names.count(axis) == 1 for axis in AXES) and not others


def _measurements(file: DataFile) -> list[Measurement]:
    table = text_table(file)
    by_name = {_plain(head): head for head in table.headers}
    if not set(AXES) <= by_name.keys():
        raise ScanError(f"{file.name}: the columns x, y and z are not all numbers; mend or remove the rows with words")
    chosen = [by_name[axis] for axis in AXES]
    named = {table.units[head] for head in chosen}
    if len(named) > 1:
        raise ScanError(f"{file.name}: x, y and z have different units; write the same behind each, such as x (nm)")
    unit = named.pop()
    size = len(table.lines)
    kind = next((by_name[name] for name in _TYPES if name in by_name), None)
    values = np.ones(size) if kind is None else table.columns[kind]
    species = _species(file, size)
    attrs = with_left_out(dict(table.attrs), not_taken(table, [*chosen, *([kind] if kind else [])]))
    if unit is None:
        attrs = with_notes(attrs, "the file does not name its unit of length; places are its own numbers")
    places = np.stack([table.columns[head] for head in chosen], axis=1)
    name = "atom_type" if kind is None or "number" not in _plain(kind) else "atomic_number"
    cloud = cloud_scan(places, unit or "", values, name=name, species=species, attrs=attrs)
    return [Measurement("", file.path.stem, cloud)]


def _species(file: DataFile, size: int) -> np.ndarray | None:
    """The column that says in words what each atom is; None where there is none of the table's length."""
    heads = _heads(file)
    place = next((number for number, head in enumerate(heads) if _plain(head) in _SPECIES), None)
    if place is None:
        return None
    lines = [line for line in decode(file.content, file.name).text.splitlines() if line.strip()]
    delimiter = next((one for one in ("\t", ";", ",") if one in lines[0]), r"\s+")
    try:
        column = pd.read_csv(io.StringIO("\n".join(lines[1:])), sep=delimiter, header=None, usecols=[place], dtype=str)
    except (ValueError, pd.errors.ParserError):
        return None
    texts = column.iloc[:, 0].fillna("").str.strip().to_numpy(str)
    return texts if len(texts) == size else None


FORMATS = (
    Format(
        name="places-of-atoms",
        title="Table of places",
        suffixes=(".csv",),
        also=SUFFIXES,
        level=Level.PROGRAM,
        holds="columns x, y, z and at most what each atom is",
        reads="The places, in the unit that the headers name (`x (nm)`) or else as plain numbers; `species`, `element` "
        "or `symbol` as words, `type` or `atomic_number` as the value. A table with any other column is a plain one.",
        measurements=_measurements,
        recognises=_is_places,
        asks=Asks.COLUMNS,
    ),
)
