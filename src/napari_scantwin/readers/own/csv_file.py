"""CSV as this program exports it, which says in its first line what its columns are."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.text import SUFFIXES

__all__ = ["FORMATS", "is_own_csv", "load_csv"]

_CSV_MARK = b"# scan: {"


def is_own_csv(file: DataFile) -> bool:
    """Whether a text file is one this program wrote and so says itself what its columns are."""
    return file.head.startswith(_CSV_MARK)


def load_csv(file: DataFile) -> xr.DataArray:
    """The scan in a CSV file as this program writes it: rows in C order, the layout in the first line."""
    content = file.content
    try:
        layout = json.loads(content[len(_CSV_MARK) - 1 : content.index(b"\n")])
        # As text, because pandas's own numbers may differ from what was written in the last bit.
        table = pd.read_csv(io.BytesIO(content), comment="#", dtype=str, na_filter=False)
        texts = [name for name, (dtype, _) in layout["coords"].items() if np.dtype(dtype).kind == "U"]
        columns = {}
        for head in table:
            name, column = str(head).split(" (")[0], table[head].to_numpy(object)
            columns[name] = column if name in texts else column.astype(float)
        dims, shape = layout["dims"], layout["shape"]
        cube = {name: column.reshape(shape) for name, column in columns.items()}
        coords = {}
        for name, (dtype, attrs) in layout["coords"].items():
            values = cube[name].astype(dtype)
            if name in dims:  # an axis is the same in every row of a grid
                values = np.moveaxis(values, dims.index(name), 0).reshape(shape[dims.index(name)], -1)[:, 0]
            coords[name] = ((name,) if name in dims else tuple(dims), values, attrs)
        values = cube[layout["name"]].astype(layout["dtype"])
        return scans.check(xr.DataArray(values, coords, dims, layout["name"], layout["attrs"]))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as reason:
        raise ScanError(
            f"{file.name} is not the whole of what was exported (rows or columns are missing or changed); export it "
            "again, or delete its first line to open it as a plain table"
        ) from reason


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
