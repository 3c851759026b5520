"""One function a format: (scan, path, tell) where ``tell(fraction)`` reports progress and may cancel."""

from __future__ import annotations

import io
import json
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = ["WRITERS", "Writer", "as_dataset", "write_csv", "write_hdf5", "write_netcdf", "write_tiff", "write_zarr"]


_ROWS_AT_ONCE = 20_000
_BYTES_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Writer:
    """A format scans are written in: its ``title``, its ``suffixes`` (the usual one first), the function ``write`` of
    (scan, path, tell), and whether it holds ``gridded`` scans only."""

    title: str
    suffixes: tuple[str, ...]
    write: Callable[[xr.DataArray, Path, Callable[[float], None]], None]
    gridded: bool = False


def as_dataset(scan: xr.DataArray) -> xr.Dataset:
    """The scan as CF has it: its values by name, flags as integers."""
    name = str(scan.name)
    dataset = scan.to_dataset(name=name)
    dataset.attrs = {"Conventions": "CF-1.11", "scan": name}
    for flag in ("masked", "extrapolated"):
        if flag in dataset.coords:  # CF knows no booleans
            dataset = dataset.assign_coords({flag: dataset[flag].astype("int8")})
    return dataset


def write_netcdf(scan: xr.DataArray, path: Path, tell) -> None:
    """CF netCDF 4 through h5netcdf, compressed without loss."""
    dataset = as_dataset(scan)
    encoding = {name: {"zlib": True, "complevel": 4} for name in dataset.data_vars}
    _by_memory(path, tell, lambda image: dataset.to_netcdf(image, engine="h5netcdf", encoding=encoding))


def _by_memory(path: Path, tell, build) -> None:
    """Write what ``build(file)`` makes in memory: HDF5 reports a full disk only while it closes, where the
    error is lost or crashes. It cannot be stopped either, so it runs in a thread whose work is dropped when
    ``tell`` cancels."""
    image, failure = io.BytesIO(), []

    def run() -> None:
        try:
            build(image)
        except BaseException as reason:
            failure.append(reason)

    # Not a daemon: a thread that dies inside HDF5 with the interpreter leaves it waiting for a lock for ever.
    builder = threading.Thread(target=run)
    builder.start()
    while builder.is_alive():
        builder.join(0.1)
        tell(0.3)
    if failure:
        raise failure[0]
    content = image.getbuffer()
    with path.open("wb") as file:
        for start in range(0, len(content), _BYTES_AT_ONCE):
            file.write(content[start : start + _BYTES_AT_ONCE])
            tell(0.6 + 0.39 * start / len(content))


def write_zarr(scan: xr.DataArray, path: Path, tell) -> None:
    """A zarr (version 3) folder, written slab by slab along the slowest axis."""
    dataset = as_dataset(scan)
    slow = scan.dims[0]
    slab = max(1, int(_BYTES_AT_ONCE // max(scan.nbytes // scan.sizes[slow], 1)))
    sizes = {slow: min(slab, scan.sizes[slow])}
    chunks = {
        name: {"chunks": tuple(sizes.get(dim, size) for dim, size in variable.sizes.items())}
        for name, variable in dataset.variables.items()
        if variable.ndim
    }
    options = {"consolidated": False, "zarr_format": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr's word that string attributes may change their form
        whole = {**dict.fromkeys(scan.dims, -1), slow: slab}  # one read in parts comes in chunks of its own
        dataset.chunk(whole).to_zarr(path, mode="w", compute=False, encoding=chunks, **options)
        for start in range(0, scan.sizes[slow], slab):
            part = dataset.isel({slow: slice(start, start + slab)})
            part = part.drop_vars([name for name, variable in part.variables.items() if slow not in variable.dims])
            part.compute().to_zarr(path, region={slow: slice(start, min(start + slab, scan.sizes[slow]))}, **options)
            tell(0.99 * min(1.0, (start + slab) / scan.sizes[slow]))


def write_csv(scan: xr.DataArray, path: Path, tell) -> None:
    """One row a point; numbers in full so that they read back to the last bit; provenance in ``#`` lines,
    the first of which tells this program how the columns make a scan again."""
    heads = _heads(scan)
    layout = {
        "name": str(scan.name),
        "dims": list(scan.dims),
        "shape": list(scan.shape),
        "attrs": scan.attrs,
        "coords": {
            str(key): [str(coord.dtype), coord.attrs] for key, coord in scan.coords.items() if key in heads.values()
        },
        "dtype": str(scan.dtype),
    }
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# scan: {json.dumps(layout)}\n")
        for key, value in scan.attrs.items():
            if key not in ("units", "axes"):
                file.write(f"# {key}: {' '.join(str(value).split())}\n")
        file.write(",".join(heads) + "\n")
        for start in range(0, scan.size, _ROWS_AT_ONCE):
            rows = np.arange(start, min(start + _ROWS_AT_ONCE, scan.size))
            parts = [_part(scan, key, rows) for key in heads.values()]
            file.writelines(",".join(map(repr, row)) + "\n" for row in zip(*parts, strict=True))
            tell(0.99 * (rows[-1] + 1) / scan.size)


def _heads(scan: xr.DataArray) -> dict[str, str]:
    """Header of each column and the coordinate it holds: axes slow first, the value, then what else every
    point carries."""
    heads = {f"{name} ({scan[name].attrs['units']})": name for name in scans.axes(scan)}
    heads[f"{scan.name} ({scan.attrs['units']})"] = ""
    if "standard_error" in scan.coords:
        heads[f"standard_error ({scan.attrs['units']})"] = "standard_error"
    further = [
        key for key, coord in scan.coords.items() if coord.dims == scan.dims and coord.dtype.kind in "biufU"
    ]  # read-backs, and what an analysis says of each point: its direction, a note
    usual = [key for key in ("masked", "extrapolated", "sweep") if key in further]
    return heads | {_head(scan[key]): key for key in (*usual, *further) if key not in heads.values()}


def _head(coord: xr.DataArray) -> str:
    unit = coord.attrs.get("units", "")
    return f"{coord.name} ({unit})" if unit else str(coord.name)


def _part(scan: xr.DataArray, key: str, rows: np.ndarray) -> list:
    """One column's numbers in the given rows (C order); the empty key is the value itself."""
    array = scan if key == "" else scan[key]
    if array.dims == scan.dims:
        values = array.values.reshape(-1)[rows]
    else:  # an axis of a grid
        values = array.values[np.unravel_index(rows, scan.shape)[scan.dims.index(key)]]
    if values.dtype.kind == "U":
        return [_Quoted(" ".join(text.split())) for text in values.tolist()]
    return (values.astype(int) if values.dtype == bool else values).tolist()


class _Quoted(str):
    """A text as it stands in a cell."""

    def __repr__(self) -> str:
        return '"' + self.replace('"', '""') + '"'


def write_hdf5(scan: xr.DataArray, path: Path, tell) -> None:
    """Plain HDF5: ``values`` with dimension scales, ``coordinates/*`` with their units."""
    import h5py

    def build(image) -> None:
        with h5py.File(image, "w") as file:
            fill(file)

    def fill(file) -> None:
        values = file.create_dataset("values", data=scan.values, compression="gzip" if scan.size > 1000 else None)
        values.attrs["units"] = scan.attrs["units"]
        group = file.create_group("coordinates")
        for key, coord in scan.coords.items():
            column = coord.values
            if column.dtype.kind == "U":  # notes in words
                column = column.astype(object)
            data = group.create_dataset(str(key), data=column)
            data.attrs["attrs"] = json.dumps(coord.attrs)
            if "units" in coord.attrs:
                data.attrs["units"] = coord.attrs["units"]
            if coord.dims == (key,):
                data.make_scale(str(key))
                values.dims[scan.dims.index(key)].attach_scale(data)
        file.attrs["scan"] = str(scan.name)
        layout = {
            "dims": list(scan.dims),
            "attrs": scan.attrs,
            "coords": {str(key): list(coord.dims) for key, coord in scan.coords.items()},
        }
        file.attrs["layout"] = json.dumps(layout)

    _by_memory(path, tell, build)


def write_tiff(scan: xr.DataArray, path: Path, tell) -> None:
    """A float32 TIFF stack (slowest axes first); axes, units and provenance as JSON in its description."""
    import tifffile

    if not scans.is_gridded(scan) or scan.ndim < 2:
        raise ScanError(
            f"{path.name}: a TIFF holds gridded scans of two or more axes only; use .nc or .csv for this one"
        )
    about = {
        "axes": [
            {
                "name": name,
                "units": units.pretty(scan[name].attrs["units"]),
                "values": np.asarray(scan[name].values, float).tolist(),
            }
            for name in scans.axes(scan)
        ],
        "value": {"name": str(scan.name), "units": scan.attrs["units"]},
        "attrs": dict(scan.attrs),
    }
    pages = np.asarray(scan.values, np.float32).reshape(-1, *scan.shape[-2:])

    def one_by_one():
        for number, page in enumerate(pages):
            tell(0.99 * number / len(pages))
            yield page

    tifffile.imwrite(
        path, one_by_one(), shape=scan.shape, dtype=np.float32, description=json.dumps(about), metadata=None
    )


#: Every format, in the order of a dialog.
WRITERS = (
    Writer("netCDF (CF)", (".nc",), write_netcdf),
    Writer("zarr", (".zarr",), write_zarr),
    Writer("tidy CSV", (".csv",), write_csv),
    Writer("HDF5", (".h5",), write_hdf5),
    Writer("TIFF stack", (".tif", ".tiff"), write_tiff, gridded=True),
)
