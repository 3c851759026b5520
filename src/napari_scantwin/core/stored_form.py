"""The form in which a scan goes into a file: every name and attribute as any format can hold it, and back.

A netCDF variable's name holds no ``/``, a zarr array's is a folder's, and many attributes mean something to the
libraries that read them. A file therefore has names and attributes that are safe, and beside them, where those
are not all there is to say, one text with the true ones (:data:`TRUE`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from napari_scantwin.core import attributes, source_hash
from napari_scantwin.core.notes import with_left_out

__all__ = ["TRUE", "as_dataset", "dataset_names", "file_names", "from_dataset", "storable_scan"]

#: The dataset's attribute with the names and attributes that a file cannot hold as they are, as JSON.
TRUE = "true_names_and_attributes"
#: Kinds of coordinates that are stored: booleans, whole numbers, numbers, texts, dates and durations.
_KINDS = "biufUMm"
#: Characters of a name in a file: a folder's name has at most 255 bytes, and some characters take four.
_LONGEST_NAME = 50
#: Devices of Windows, whatever they end in.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{one}{number}" for one in ("com", "lpt") for number in range(10))}
#: Keys that any library keeps as they are.
_PLAIN_KEY = re.compile(r"[^\W\d_](?:[\w .+-]{0,98}\w)?")
#: Keys that mean something to xarray or to CF where they stand beside an array.
_MEANING = {
    "add_offset", "ancillary_variables", "bounds", "calendar", "cell_measures", "climatology", "coordinates", "dtype",
    "formula_terms", "geometry", "grid_mapping", "missing_value", "scale_factor",
    # and to HDF5's dimension scales
    "CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS",
}  # fmt: skip
#: Numbers of an array attribute that other programs may look for (CF's valid_range), at most.
_FEW = 64


def storable_scan(scan: xr.DataArray) -> xr.DataArray:
    """The scan with nothing in it that a file cannot hold; its notes name what is left out.

    Parameters
    ----------
    scan
        A scan with attributes and further coordinates of any kind.

    Returns
    -------
    xarray.DataArray
        The scan with attributes as :func:`napari_scantwin.core.attributes.storable` keeps them, and with coordinates of
        numbers, texts, dates and durations.
    """
    attrs, coords, dropped = attributes.storable(source_hash.with_resolved(scan.attrs)), {}, []
    for key, coord in scan.coords.items():
        about = f"of {str(key)!r}"
        dropped += [f"{one} ({about})" for one in attributes.left_out(coord.attrs)]
        own = {name: coord.attrs[name] for name in coord.attrs}
        array = _native(coord.variable.data)
        if array.dtype.kind == "O":
            array = _texts(array)
        if array is None or array.dtype.kind not in _KINDS:
            dropped.append(f"the coordinate {str(key)!r}, whose values are neither numbers, texts nor dates")
            continue
        kept = attributes.from_json(attributes.to_json(own))
        coords[key] = (coord.dims, _whole_texts(array) if array.dtype.kind == "U" else array, kept)
    name = None if scan.name is None else str(scan.name)
    return xr.DataArray(_native(scan.variable.data), coords, scan.dims, name, with_left_out(attrs, *dropped))


def _native(array):
    """An array in this machine's byte order, and of a precision that every format has; a lazy one stays one."""
    dtype = array.dtype.newbyteorder("=")
    if dtype.kind == "f" and dtype.itemsize > 8:
        dtype = np.dtype(float)
    return array if dtype == array.dtype and array.dtype.isnative else array.astype(dtype)


def _texts(array) -> np.ndarray | None:
    """An array of Python objects as texts, or None where there are others among them."""
    values = np.asarray(array)
    return values.astype(str) if all(isinstance(one, str) for one in values.ravel()) else None


def _whole_texts(array: np.ndarray) -> np.ndarray:
    """Texts without what no file of texts holds: zeros within them and halves of characters."""

    def whole(text: str) -> str:
        return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")

    flat = [whole(one) for one in array.ravel().tolist()]
    return np.array(flat, dtype=str if flat else array.dtype).reshape(array.shape)


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A name that every file can hold for each of some names, no two alike.

    Parameters
    ----------
    names
        Names of any characters.

    Returns
    -------
    dict
        True name to a name of letters, digits and ``_ + - .``, which differs from the others on disks too that do not
        tell capitals from small letters. A name of such characters stays as it is, where it can.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names), key=lambda one: (_safe(one) != one, one)):
        safe, number = _safe(name), 1
        while safe.casefold() in taken:
            number += 1
            safe = f"{_safe(name)}_{number}"
        taken.add(safe.casefold())
        found[name] = safe
    return found


def _safe(name: str) -> str:
    text = unicodedata.normalize("NFC", name)
    text = "".join(one if one.isalnum() or one in "_+-." else "_" for one in text)[:_LONGEST_NAME]
    # Letters may come apart anew where they are cut; a leading underscore is for the libraries, and Windows drops a
    # last dot.
    text = unicodedata.normalize("NFC", text).strip(".").lstrip("_+-.") or "name"
    return f"{text}_" if text.split(".")[0].casefold() in _DEVICES or text == "zarr.json" else text


def dataset_names(scan: xr.DataArray) -> tuple[str, dict[str, str]]:
    """The names that :func:`as_dataset` gives the values, and each coordinate and dimension by its true name."""
    value, others = str(scan.name), {str(name) for name in (*scan.coords, *scan.dims)}
    # The values may be called as one of their axes is, which no dataset allows.
    while value in others:
        value += " values"
    names = file_names({*others, value})
    safe = names.pop(value)
    return safe, names


def as_dataset(scan: xr.DataArray) -> xr.Dataset:
    """The scan as a dataset in CF form: its values by name, flags as integers.

    Parameters
    ----------
    scan
        A scan that :func:`storable_scan` gave.

    Returns
    -------
    xarray.Dataset
        Its variables and attributes have names that every format holds; :func:`from_dataset` gives back the true ones.
    """
    value, (safe_value, names) = str(scan.name), dataset_names(scan)
    coords = {
        names[str(key)]: (tuple(names[str(dim)] for dim in coord.dims), coord.variable.data, _kept(coord.attrs))
        for key, coord in scan.coords.items()
    }
    for flag in ("masked", "extrapolated"):
        if flag in coords:  # CF knows no booleans
            dims, data, attrs = coords[flag]
            coords[flag] = (dims, data.astype("int8"), attrs)
    dims = tuple(names[str(dim)] for dim in scan.dims)
    array = xr.DataArray(scan.variable.data, coords, dims, safe_value, _kept(scan.attrs))
    dataset = array.to_dataset()
    dataset.attrs = {"Conventions": "CF-1.11", "scan": safe_value}
    true = {
        "name": value if value != safe_value else None,
        "names": {safe: name for name, safe in names.items() if safe != name},
        "attrs": _unkept(scan.attrs),
        "coords": {names[str(key)]: more for key, coord in scan.coords.items() if (more := _unkept(coord.attrs))},
    }
    true = {key: said for key, said in true.items() if said is not None and said != {}}
    if true:
        dataset.attrs[TRUE] = json.dumps(true)
    return dataset


def _is_kept(key: str, value) -> bool:
    """Whether a file holds the attribute as it is, so that it comes back as it was."""
    plain = _PLAIN_KEY.fullmatch(key) is not None and key == unicodedata.normalize("NFC", key)
    return plain and key not in _MEANING and attributes.is_plain(value)


def _kept(attrs: Mapping) -> dict:
    """What stands beside an array for any program to read."""
    kept = {key: value for key, value in attrs.items() if _is_kept(key, value)}
    for key, value in attrs.items():
        few = isinstance(value, np.ndarray) and value.ndim == 1 and 0 < value.size <= _FEW and value.dtype.kind in "iuf"
        if few and _PLAIN_KEY.fullmatch(key) and key not in _MEANING and value.dtype.itemsize > 2:
            kept[key] = value
    return kept


def _unkept(attrs: Mapping) -> dict:
    """The attributes of which :func:`_kept` is not the whole truth, as JSON holds them."""
    return attributes.to_json({key: value for key, value in attrs.items() if not _is_kept(key, value)})


def from_dataset(dataset: xr.Dataset, array: xr.DataArray) -> xr.DataArray:
    """The array with its true names and attributes, where the dataset has any to say.

    Parameters
    ----------
    dataset
        A dataset as it was read.
    array
        Its variable.

    Returns
    -------
    xarray.DataArray
        The array; as it is where this program did not write the dataset.
    """
    try:
        true = json.loads(dataset.attrs.get(TRUE, "{}"))
        if not true or dataset.attrs.get("scan") != array.name:
            return array
        names = {str(safe): str(name) for safe, name in true.get("names", {}).items()}
        said = {str(key): attributes.from_json(more) for key, more in true.get("coords", {}).items()}
        attrs = {**array.attrs, **attributes.from_json(true.get("attrs", {}))}
        name = str(true.get("name", array.name))
    except (ValueError, TypeError, KeyError, AttributeError):
        return array  # a text of that name that is not ours
    coords = {
        names.get(str(key), str(key)): (
            tuple(names.get(str(dim), str(dim)) for dim in coord.dims),
            coord.variable.data,
            {**coord.attrs, **said.get(str(key), {})},
        )
        for key, coord in array.coords.items()
    }
    dims = [names.get(str(dim), str(dim)) for dim in array.dims]
    return xr.DataArray(array.variable.data, coords, dims, name, attrs)
