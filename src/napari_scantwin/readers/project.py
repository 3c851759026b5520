"""The project's own files that no other module reads: CSV with its layout, HDF5, twin."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError

__all__ = ["is_own_csv", "is_own_hdf5", "load_csv", "load_hdf5", "load_twin"]


def load_twin(path: Path) -> xr.DataArray:
    """The scan a twin was trained on, also where the twin itself cannot be opened any more."""
    from napari_scantwin.twin.storage import load_scan

    return load_scan(path)


_CSV_MARK = b"# scan: {"


def is_own_csv(content: bytes) -> bool:
    """Whether a text file is one this program wrote and so says itself what its columns are."""
    return content.startswith(_CSV_MARK)


def load_csv(path: Path, content: bytes) -> xr.DataArray:
    """The scan in a CSV file as this program writes it: rows in C order, the layout in the first line."""
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
            f"{path.name} is not the whole of what was exported (rows or columns are missing or changed); export it "
            "again, or delete its first line to open it as a plain table"
        ) from reason


def is_own_hdf5(path: Path) -> bool:
    """Whether an HDF5 file is one this program wrote; False also where it cannot be read at all."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return "scan" in file.attrs and "layout" in file.attrs
    except OSError:
        return False


def _column(data) -> np.ndarray:
    """A coordinate's values; texts as texts."""
    import h5py

    return np.asarray(data.asstr()[...], str) if h5py.check_string_dtype(data.dtype) else np.asarray(data)


def load_hdf5(path: Path) -> xr.DataArray:
    """The scan in an HDF5 file as this project writes it."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "scan" not in file.attrs:
                raise ScanError(f"{path.name} is an HDF5 file, but not one this program wrote; export it as netCDF")
            name = file.attrs["scan"]
            about = json.loads(file.attrs["layout"])
            coords = {
                key: (
                    dims,
                    _column(file[f"coordinates/{key}"]),
                    json.loads(file[f"coordinates/{key}"].attrs["attrs"]),
                )
                for key, dims in about["coords"].items()
            }
            array = xr.DataArray(
                np.asarray(file["values"]), dims=about["dims"], coords=coords, name=name, attrs=about["attrs"]
            )
    except ScanError:
        raise
    except Exception as reason:  # damaged HDF5 raises many kinds
        raise ScanError(f"{path.name} is not a whole HDF5 file; it may be cut off: save or copy it again") from reason
    return scans.check(array)
