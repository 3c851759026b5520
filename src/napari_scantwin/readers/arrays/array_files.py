"""The arrays in HDF5 (and so netCDF), zarr, TIFF and ``.npy`` files, whatever their layout.

Nothing a file holds is ever executed: ``.npy`` files of objects and zarr arrays that were pickled are refused, and so
is an HDF5 file that leads to other files (:mod:`napari_scantwin.readers.arrays.hdf5_open`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_notes
from napari_scantwin.readers.arrays.contents import Array, Contents
from napari_scantwin.readers.arrays.hdf5_open import whole_file
from napari_scantwin.readers.arrays.hdf5_tools import SUFFIXES, is_dataset, stored_text, text, things, unit_of
from napari_scantwin.readers.arrays.lazy import Stored, hdf5_array, to_array
from napari_scantwin.readers.format import Asks, Format, Level

__all__ = ["FORMATS", "contents", "not_stored", "refuse_pickles"]

_MOST_ARRAYS = 5000
_LONGEST_NOTE = 80


def contents(path: Path) -> Contents:
    """What a file of arrays holds, without reading the arrays.

    Raises
    ------
    ScanError
        Where it is damaged or of another kind.
    """
    list_arrays = {".zarr": _zarr, ".tif": _tiff, ".tiff": _tiff, ".npy": _npy}.get(path.suffix.lower(), _hdf5)
    try:
        return list_arrays(path)
    except ScanError:
        raise
    except Exception as reason:  # each library raises many kinds for damage
        raise ScanError(
            f"{path.name} is not a whole {path.suffix[1:]} file; it may be cut off: copy it again"
        ) from reason


def _hdf5(path: Path) -> Contents:
    arrays: list[Array] = []
    with whole_file(path) as file:
        for name, thing in things(file):
            if not is_dataset(thing) or len(arrays) >= _MOST_ARRAYS:
                continue
            if thing.dtype.kind in "iuf" and thing.shape is not None and thing.size > 1:
                arrays.append(Array(name, thing.shape, unit_of(thing), _scales(thing)))
            elif thing.shape is not None and thing.size == 1:
                arrays.append(Array(name, (), None, (), _note(thing)))

    def load(key: str):
        with whole_file(path) as file:
            return hdf5_array(path, file[key])

    return Contents(path.name, tuple(arrays), load)


def _note(thing) -> str:
    """A single number or text as it is shown."""
    return (stored_text(thing) if thing.dtype.kind in "OSU" else text(thing[()]))[:_LONGEST_NOTE]


def _scales(data) -> tuple[str | None, ...]:
    """The dimension scale of each dimension by path, as netCDF attaches them."""
    if "DIMENSION_LIST" not in data.attrs:
        return (None,) * data.ndim
    return tuple(dim[0].name.strip("/") if len(dim) else None for dim in data.dims)


def refuse_pickles(path: Path) -> None:
    """Raise :class:`ScanError` where a zarr folder holds pickled arrays, which would execute what they contain."""
    for name in ("zarr.json", ".zarray", ".zmetadata"):
        for file in sorted(path.rglob(name)):
            if re.search(r'"(id|name)"\s*:\s*"(numcodecs\.)?pickle"', file.read_text("utf-8", errors="replace")):
                raise ScanError(f"{path.name} holds pickled arrays, which are not opened: they can execute programs")


def _zarr(path: Path) -> Contents:
    import zarr

    refuse_pickles(path)
    arrays, missing = [], []
    whole = zarr.open(path, mode="r")
    # zarr's own types allow too much: members are arrays and groups, attributes JSON.
    members: Any = [("", whole)] if isinstance(whole, zarr.Array) else whole.members(max_depth=None)
    for name, thing in members:
        if not isinstance(thing, zarr.Array) or thing.dtype.kind not in "iuf":
            continue
        named: Any = getattr(thing.metadata, "dimension_names", None) or thing.attrs.get("_ARRAY_DIMENSIONS") or ()
        folder = name.rpartition("/")[0]
        dims = tuple(f"{folder}/{dim}".strip("/") if dim else None for dim in named)
        unit = str(thing.attrs.get("units", ""))
        arrays.append(Array(name or path.stem, thing.shape, unit if unit and units.is_known(unit) else None, dims))
        missing.append(not_stored(thing, name or path.stem))

    def load(key: str):
        found: Any = whole if isinstance(whole, zarr.Array) else whole[key]
        stored = Stored(path, "" if isinstance(whole, zarr.Array) else key, found.shape, found.dtype, _read_zarr)
        return to_array(stored, found.chunks)

    return Contents(path.name, tuple(arrays), load, with_notes({}, *missing))


def not_stored(array, key: str) -> str:
    """What to say of a zarr array some of whose chunks are not there, for a copy that was cut off looks so.

    Parameters
    ----------
    array
        What stands in the store; anything but an array has nothing to say.
    key
        What it is called.

    Returns
    -------
    str
        How many of its chunks are missing and what they read as; empty where all are there.
    """
    import zarr

    if not isinstance(array, zarr.Array) or array.nchunks_initialized >= array.nchunks:
        return ""
    missing = array.nchunks - array.nchunks_initialized
    return f"{missing} of {array.nchunks} chunks of {key} are not stored: they read as {array.fill_value}"


def _read_zarr(path: Path, key: str, slices) -> np.ndarray:
    import zarr

    found: Any = zarr.open(path, mode="r")
    return np.asarray((found[key] if key else found)[slices])


def _npy(path: Path) -> Contents:
    found = _mapped(path)
    if found.dtype.kind not in "iuf":
        raise ScanError(f"{path.name} holds {found.dtype} values; a scan's are plain numbers")
    stored = Stored(path, path.stem, found.shape, found.dtype, _read_npy)
    return Contents(path.name, (Array(path.stem, found.shape),), lambda key: to_array(stored))


def _mapped(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _read_npy(path: Path, key: str, slices) -> np.ndarray:
    return np.array(_mapped(path)[slices])


def _tiff(path: Path) -> Contents:
    import tifffile

    with tifffile.TiffFile(path) as file:
        series = [(f"series {number}", one.shape, one.dtype) for number, one in enumerate(file.series)]
    stored = {
        name: Stored(path, name, tuple(int(size) for size in shape), np.dtype(dtype), _read_tiff)
        for name, shape, dtype in series
    }
    arrays = tuple(Array(name, one.shape) for name, one in stored.items() if one.dtype.kind in "iuf")
    return Contents(path.name, arrays, lambda key: to_array(stored[key]))


def _read_tiff(path: Path, key: str, slices) -> np.ndarray:
    import tifffile
    import zarr

    number = int(key.split()[-1])
    if slices is Ellipsis:
        return tifffile.imread(path, series=number)
    store = tifffile.imread(path, series=number, aszarr=True)
    try:
        return np.asarray(zarr.open(store, mode="r")[slices])
    finally:
        store.close()


FORMATS = (
    Format(
        name="arrays",
        title="HDF5, netCDF, zarr in an unknown layout",
        suffixes=(*SUFFIXES, ".nc", ".zarr"),
        level=Level.PLAIN,
        holds="the array that is chosen",
        reads="One array against an array of the file, or a start and a step, for each of its dimensions longer than "
        "one; names and units as they are answered, the units that the file names filled in. Arrays of objects "
        "are left out; a file that leads to others is refused.",
        contents=lambda file: contents(file.path),
        asks=Asks.ARRAYS,
    ),
)
