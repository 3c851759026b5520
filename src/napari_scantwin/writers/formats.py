"""One function a format: (scan, path, tell), where ``tell(fraction)`` reports progress and may cancel by raising."""

from __future__ import annotations

import io
import json
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import attributes, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.stored_form import as_dataset, file_names

__all__ = ["WRITERS", "Writer", "write_csv", "write_hdf5", "write_netcdf", "write_tiff", "write_zarr"]


_ROWS_AT_ONCE = 20_000
_BYTES_AT_ONCE = 1 << 24
#: Values of a coordinate that stands in the first line of a CSV, and characters of a comment, at most.
_MOST_ASIDE, _LONGEST_COMMENT = 100_000, 10_000
_PLAIN_HEAD = re.compile(r"[^\W\d_][\w .()/*^+-]*")


@dataclass(frozen=True)
class Writer:
    """A format scans are written in.

    Parameters
    ----------
    title
        What people call it.
    suffixes
        The names' endings, the usual one first.
    write
        The function of (scan, path, tell); the scan is one of
        :func:`napari_scantwin.core.stored_form.storable_scan`.
    gridded
        Whether it holds gridded scans only.
    leaves_out
        What of a scan it does not hold, in words.
    """

    title: str
    suffixes: tuple[str, ...]
    write: Callable[[xr.DataArray, Path, Callable[[float], None]], None]
    gridded: bool = False
    leaves_out: Callable[[xr.DataArray], list[str]] = lambda scan: []


def write_netcdf(scan: xr.DataArray, path: Path, tell) -> None:
    """CF netCDF 4 through h5netcdf, compressed without loss."""
    dataset = as_dataset(scan)
    for name, variable in dataset.variables.items():  # netCDF has no half precision
        if variable.dtype == np.float16:
            dataset[name] = dataset[name].astype(np.float32)
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
    slow = next(iter(dataset.data_vars.values())).dims[0]
    slab = max(1, int(_BYTES_AT_ONCE // max(scan.nbytes // dataset.sizes[slow], 1)))
    sizes = {slow: min(slab, dataset.sizes[slow])}
    chunks = {
        name: {"chunks": tuple(sizes.get(dim, size) for dim, size in variable.sizes.items())}
        for name, variable in dataset.variables.items()
        if variable.ndim
    }
    options = {"consolidated": False, "zarr_format": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr's word that string attributes may change their form
        whole = {**dict.fromkeys(dataset.sizes, -1), slow: slab}  # one read in parts comes in chunks of its own
        chunked(dataset, whole, slow).to_zarr(path, mode="w", compute=False, encoding=chunks, **options)
        for start in range(0, dataset.sizes[slow], slab):
            part = dataset.isel({slow: slice(start, start + slab)})
            part = part.drop_vars([name for name, variable in part.variables.items() if slow not in variable.dims])
            part.compute().to_zarr(path, region={slow: slice(start, min(start + slab, dataset.sizes[slow]))}, **options)
            tell(0.99 * min(1.0, (start + slab) / dataset.sizes[slow]))


def chunked(dataset: xr.Dataset, sizes: dict, slow: str) -> xr.Dataset:
    """The dataset with all in chunks that is written later, part by part along ``slow``; what has no such dimension
    stays as it is, and is written with the layout."""
    later = {name: one.chunk({dim: sizes[dim] for dim in one.dims}) for name, one in dataset.variables.items()
             if slow in one.dims and name not in dataset.dims}  # fmt: skip
    return dataset.assign_coords({name: one for name, one in later.items() if name in dataset.coords}).assign(
        {name: one for name, one in later.items() if name in dataset.data_vars}
    )


def write_csv(scan: xr.DataArray, path: Path, tell) -> None:
    """Tidy CSV, one row a point; numbers in full so that they read back to the last bit; provenance in ``#`` lines, the
    first of which tells this program how the columns make a scan again."""
    heads, further = _heads(scan), {}
    for key, coord in scan.coords.items():
        if key not in heads and coord.size <= _MOST_ASIDE:
            forms = attributes.to_json({"values": coord.values}), attributes.to_json(coord.attrs)
            further[str(key)] = [list(coord.dims), *forms]
    layout = {
        "name": str(scan.name),
        "dims": list(scan.dims),
        "shape": list(scan.shape),
        "attrs": attributes.to_json(scan.attrs),
        "columns": list(heads),
        "coords": {
            str(key): [_dtype_name(coord.dtype), attributes.to_json(coord.attrs)]
            for key, coord in scan.coords.items()
            if key in heads
        },
        "further": further,
        "dtype": str(scan.dtype),
    }
    # What is for people to read may lack what no text file holds: the first line has it all, in plain letters.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write(f"# scan: {json.dumps(layout)}\n")
        for key, value in scan.attrs.items():
            if key not in ("units", "axes"):
                file.write(f"# {_one_line(key)}: {_one_line(str(value))}\n")
        file.write(",".join(_quoted_if_odd(head) for head in heads.values()) + "\n")
        for start in range(0, scan.size, _ROWS_AT_ONCE):
            some = np.arange(start, min(start + _ROWS_AT_ONCE, scan.size))
            parts = [_part(scan, key, some) for key in heads]
            file.writelines(",".join(map(repr, row)) + "\n" for row in zip(*parts, strict=True))
            tell(0.99 * (some[-1] + 1) / scan.size)


def _one_line(text: str) -> str:
    """A text as it stands in a comment's line."""
    text = " ".join(text.replace("\0", " ").split())
    return text if len(text) <= _LONGEST_COMMENT else f"{text[:_LONGEST_COMMENT]} ..."


def _quoted_if_odd(head: str) -> str:
    return head if _PLAIN_HEAD.fullmatch(head) else repr(_Quoted(_one_line(head)))


def _heads(scan: xr.DataArray) -> dict[str | None, str]:
    """Head of each column by the coordinate it holds: axes slow first, the value under None, then what else every point
    carries."""
    heads: dict[str | None, str] = {name: f"{name} ({scan[name].attrs['units']})" for name in scans.axes(scan)}
    heads[None] = f"{scan.name} ({scan.attrs['units']})"
    if "standard_error" in scan.coords:
        heads["standard_error"] = f"standard_error ({scan.attrs['units']})"
    further = [
        str(key) for key, coord in scan.coords.items() if coord.dims == scan.dims
    ]  # read-backs, and what an analysis says of each point: its direction, a note
    usual = [key for key in ("masked", "extrapolated", "sweep") if key in further]
    return heads | {key: _head(scan[key]) for key in (*usual, *further) if key not in heads}


def _head(coord: xr.DataArray) -> str:
    unit = coord.attrs.get("units", "")
    return f"{coord.name} ({unit})" if unit else str(coord.name)


def _dtype_name(dtype: np.dtype) -> str:
    return "str" if dtype.kind == "U" else str(dtype)


def _part(scan: xr.DataArray, key: str | None, rows: np.ndarray) -> list:
    """One column's numbers in the given rows (C order); None is the value itself."""
    array = scan if key is None else scan[key]
    if array.dims == scan.dims:
        values = array.values.reshape(-1)[rows]
    else:  # an axis of a grid
        values = array.values[np.unravel_index(rows, scan.shape)[scan.dims.index(key)]]
    if values.dtype.kind == "U":
        return [_Quoted(text) for text in values.tolist()]
    if values.dtype.kind in "bMm":
        values = values.astype(np.int64)
    return values.tolist()


class _Quoted(str):
    """A text as it stands in a cell."""

    def __repr__(self) -> str:
        return '"' + self.replace('"', '""') + '"'


def _not_in_csv(scan: xr.DataArray) -> list[str]:
    large = [key for key, coord in scan.coords.items() if coord.dims != scan.dims and coord.size > _MOST_ASIDE]
    return [
        f"the coordinate {str(key)!r}, which has too many values for the first line of a CSV"
        for key in large
        if key not in scans.axes(scan)
    ]


def write_hdf5(scan: xr.DataArray, path: Path, tell) -> None:
    """Plain HDF5: ``values`` with dimension scales, ``coordinates/*`` with their units."""
    import h5py

    names = file_names([str(key) for key in scan.coords])

    def build(image) -> None:
        with h5py.File(image, "w") as file:
            fill(file)

    def fill(file) -> None:
        values = file.create_dataset("values", data=scan.values, compression="gzip" if scan.size > 1000 else None)
        values.attrs["units"] = scan.attrs["units"]
        group = file.create_group("coordinates")
        dtypes = {}
        for key, coord in scan.coords.items():
            name, column = names[str(key)], coord.values
            if column.dtype.kind == "U":  # notes in words
                data = group.create_dataset(name, data=column.astype(object), dtype=h5py.string_dtype())
            elif column.dtype.kind in "Mm":  # HDF5 has no dates
                dtypes[str(key)] = column.dtype.str
                data = group.create_dataset(name, data=column.astype(np.int64))
            else:
                data = group.create_dataset(name, data=column)
            data.attrs["attrs"] = json.dumps(attributes.to_json(coord.attrs))
            if attributes.is_plain(unit := coord.attrs.get("units")):
                data.attrs["units"] = unit
            if coord.dims == (key,):
                data.make_scale(name)
                values.dims[scan.dims.index(key)].attach_scale(data)
        file.attrs["scan"] = _one_line(str(scan.name)).encode("utf-8", "backslashreplace").decode("utf-8")
        layout = {
            "name": str(scan.name),
            "dims": list(scan.dims),
            "attrs": attributes.to_json(scan.attrs),
            "coords": {str(key): list(coord.dims) for key, coord in scan.coords.items()},
            "names": {name: safe for name, safe in names.items() if safe != name},
            "dtypes": dtypes,
        }
        file.attrs["layout"] = json.dumps(layout)

    _by_memory(path, tell, build)


def write_tiff(scan: xr.DataArray, path: Path, tell) -> None:
    """A float32 TIFF stack (slowest axes first); axes, units and provenance as JSON in its description.

    Raises
    ------
    ScanError
        Where the scan is not gridded or has fewer than two axes.
    """
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
        "attrs": attributes.to_json(scan.attrs),
    }
    pages = np.asarray(scan.values, np.float32).reshape(-1, *scan.shape[-2:])

    def one_by_one():
        for number, page in enumerate(pages):
            tell(0.99 * number / len(pages))
            yield page

    # With a blank before the colon, or tifffile takes a text that says "shape": for a description of its own.
    described = json.dumps(about, separators=(", ", " : "))
    tifffile.imwrite(path, one_by_one(), shape=scan.shape, dtype=np.float32, description=described, metadata=None)


def _not_in_tiff(scan: xr.DataArray) -> list[str]:
    further = [str(key) for key in scan.coords if key not in scans.axes(scan)]
    said = [f"{', '.join(map(repr, further))}: a TIFF holds the values and their axes"] if further else []
    if scan.dtype.itemsize > 4 or scan.dtype.kind != "f":
        said.append("what single precision does not hold of the values")
    return said


#: Every format, in the order of a dialog.
WRITERS = (
    Writer("netCDF (CF)", (".nc",), write_netcdf),
    Writer("zarr", (".zarr",), write_zarr),
    Writer("tidy CSV", (".csv",), write_csv, leaves_out=_not_in_csv),
    Writer("HDF5", (".h5",), write_hdf5),
    Writer("TIFF stack", (".tif", ".tiff"), write_tiff, gridded=True, leaves_out=_not_in_tiff),
)
