"""HDF5 as this program exports it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import attributes
from napari_scantwin.core import scan as scans
from napari_scantwin.readers.arrays.hdf5_open import whole_file
from napari_scantwin.readers.arrays.hdf5_tools import tree
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "is_own_hdf5", "load_hdf5"]


def is_own_hdf5(file: DataFile) -> bool:
    """Whether an HDF5 file is one this program wrote."""
    return {"scan", "layout"} <= tree(file).nodes[""].attributes


def _column(data, dtype: str | None) -> np.ndarray:
    """A coordinate's values; texts as texts, dates as dates."""
    import h5py

    if h5py.check_string_dtype(data.dtype):
        return np.asarray(data.asstr()[...], str)
    return np.asarray(data) if dtype is None else np.asarray(data, np.int64).astype(_date(dtype))


def _date(dtype: str) -> np.dtype:
    found = np.dtype(dtype)
    if found.kind not in "Mm":
        raise ValueError(dtype)
    return found


def load_hdf5(path: Path) -> xr.DataArray:
    """The scan in an HDF5 file as this project writes it."""
    with whole_file(path) as file:
        about = json.loads(file.attrs["layout"])
        names, dtypes = about.get("names", {}), about.get("dtypes", {})
        coords = {}
        for key, dims in about["coords"].items():
            data = file[f"coordinates/{names.get(key, key)}"]
            attrs = attributes.from_json(json.loads(data.attrs["attrs"]))
            coords[key] = (dims, _column(data, dtypes.get(key)), attrs)
        array = xr.DataArray(
            np.asarray(file["values"]),
            dims=about["dims"],
            coords=coords,
            name=about.get("name", file.attrs["scan"]),
            attrs=attributes.from_json(about["attrs"]),
        )
    return scans.check(array)


FORMATS = (
    Format(
        name="own-hdf5",
        title="HDF5 of this program",
        suffixes=(".h5",),
        level=Level.OWN,
        holds="a whole scan with its errors and masks",
        reads="The values, every coordinate and attribute, with the units they were exported with.",
        measurements=lambda file: [Measurement("", file.name, load_hdf5(file.path))],
        recognises=is_own_hdf5,
        asks=Asks.ARRAYS,
    ),
)
