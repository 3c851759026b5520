"""CSV as this program exports it, which says in its first line what its columns are."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import xarray as xr

from napari_scantwin.core import attributes
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.fast import EXACT
from napari_scantwin.readers.tables.text import SUFFIXES

__all__ = ["FORMATS", "is_own_csv", "load_csv"]

_CSV_MARK = b"# scan: {"
#: Bytes that a column of texts takes in memory, at most.
_LARGEST_TEXTS = 1 << 30


def is_own_csv(file: DataFile) -> bool:
    """Whether a text file is one this program wrote and so says itself what its columns are."""
    return file.head.startswith(_CSV_MARK)


def load_csv(file: DataFile) -> xr.DataArray:
    """The scan in a CSV file as this program writes it: rows in C order, the layout in the first line."""
    content = file.content
    try:
        layout = json.loads(content[len(_CSV_MARK) - 1 : content.index(b"\n")])
        dims, shape = layout["dims"], layout["shape"]
        dtypes = {name: dtype for name, (dtype, _) in layout["coords"].items()} | {None: layout["dtype"]}
        cube = {name: column.reshape(shape) for name, column in _columns(content, layout, dtypes).items()}
        coords = {}
        for name, (_, attrs) in layout["coords"].items():
            values = cube[name]
            if name in dims:  # an axis is the same in every row of a grid
                values = np.moveaxis(values, dims.index(name), 0).reshape(shape[dims.index(name)], -1)[:, 0]
            coords[name] = ((name,) if name in dims else tuple(dims), values, attributes.from_json(attrs))
        for name, (along, said, attrs) in layout.get("further", {}).items():
            coords[name] = (tuple(along), attributes.from_json(said)["values"], attributes.from_json(attrs))
        attrs = attributes.from_json(layout["attrs"])
        return scans.check(xr.DataArray(cube[None], coords, dims, layout["name"], attrs))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError) as reason:
        raise ScanError(
            f"{file.name} is not the whole of what was exported (rows or columns are missing or changed); export it "
            "again, or delete its first line to open it as a plain table"
        ) from reason


def _columns(content: bytes, layout: dict, dtypes: dict[str | None, str]) -> dict[str | None, np.ndarray]:
    """The columns by the coordinate they hold, the values under None."""
    start = 0
    while content.startswith(b"#", start):
        start = content.index(b"\n", start) + 1
    # Before the layout named the columns, their heads did.
    names = layout.get("columns") or _names_of_heads(content[start : content.index(b"\n", start)], layout["name"])
    kinds = [np.dtype(dtypes.get(name, float)).kind for name in names]
    as_read = {"b": "int64", "M": "int64", "m": "int64", "U": "str", "f": "float64"}
    table = pd.read_csv(
        io.BytesIO(content[start:]),
        header=None,
        skiprows=1,
        names=range(len(names)),
        index_col=False,
        dtype={
            number: as_read.get(kind) or np.dtype(dtypes[name])
            for number, (name, kind) in enumerate(zip(names, kinds, strict=True))
        },
        keep_default_na=False,
        na_values={number: ["nan"] for number, kind in enumerate(kinds) if kind == "f"},
        low_memory=False,
        **EXACT,
    )
    found = {}
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        column = table[number].to_numpy()
        found[name] = _as_texts(column) if kind == "U" else column.astype(dtypes.get(name, float))
    return found


def _as_texts(column: np.ndarray) -> np.ndarray:
    """Texts, each of which takes the room of the longest, as an array."""
    if 4 * len(column) * max(map(len, column), default=0) > _LARGEST_TEXTS:
        raise ValueError("texts that are too long for so many rows")
    return column.astype(str)


def _names_of_heads(line: bytes, value: str) -> list[str | None]:
    heads = next(csv.reader([line.decode("utf-8")]))
    return [None if name == value else name for name in (head.split(" (")[0] for head in heads)]


FORMATS = (
    Format(
        name="own-csv",
        title="CSV of this program",
        suffixes=(".csv",),
        also=SUFFIXES,
        level=Level.OWN,
        holds="a whole scan with its errors and masks",
        reads="Every column, and the axes, units and attributes that the first line says.",
        measurements=lambda file: [Measurement("", file.name, load_csv(file))],
        recognises=is_own_csv,
        asks=Asks.COLUMNS,
    ),
)
