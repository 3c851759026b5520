"""Bare arrays (TIFF, ``.npy``) whose axes are given in JSON: in a file beside them, or in a TIFF's own description.

The JSON is what this program writes into a TIFF's description::

    {"axes": [{"name": "angle", "units": "deg", "values": [-1.0, 0.0, 1.0]},
              {"name": "kinetic_energy", "units": "eV", "start": 16.0, "step": 0.01}],
     "value": {"name": "photoemission_intensity", "units": "count"}}

with one entry in ``axes`` for each dimension in the array's order. The side file of ``map.npy`` is ``map.json`` or
``map.npy.json``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import attributes, units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import rising_scan
from napari_scantwin.readers.arrays.array_files import contents as arrays_in
from napari_scantwin.readers.arrays.contents import Contents, named_energy
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "described"]

_LONGEST = 50_000_000


def described(path: Path, contents: Contents) -> xr.DataArray | None:
    """The scan that the side file or the TIFF's description makes of an array; None where there is neither.

    Raises
    ------
    ScanError
        Where what they say does not fit the array, or lacks a name or a unit.
    """
    where, about = _about(path)
    if about is None:
        return None
    try:
        names = [str(axis["name"]) for axis in about["axes"]]
        axis_units = [str(axis["units"]) for axis in about["axes"]]
        value, unit = str(about["value"]["name"]), str(about["value"]["units"])
    except (KeyError, TypeError) as reason:
        raise ScanError(f"{where} lacks {reason}; it needs axes and value, each with name and units") from reason
    for one in (*axis_units, unit):
        if not units.is_known(one):
            raise ScanError(f"{where}: the unit {one!r} is not known; write one such as eV, deg, K, count or arb")
    if len(set(names)) != len(names) or not names:
        raise ScanError(f"{where}: the axes {', '.join(names) or 'none'} must be one for each dimension, each its own")
    if not contents.arrays:
        raise ScanError(f"{path.name} holds no array of numbers")
    array = contents.arrays[0]
    sizes = _sizes(where, about["axes"], array.shape)
    try:
        attrs = attributes.from_json(dict(about.get("attrs") or {}))
    except (ValueError, TypeError, KeyError) as reason:
        raise ScanError(f"{where}: its attributes (attrs) are not what this program writes") from reason
    for key in ("units", "axes", "long_name"):
        attrs.pop(key, None)
    axes = []
    for axis, name, axis_unit, size in zip(about["axes"], names, axis_units, sizes, strict=True):
        name, column, said = named_energy(name, _column(where, axis, size), str(attrs.get("energy_notation", "")))
        attrs |= {key: text for key, text in said.items() if key not in attrs}
        axes.append((name, axis_unit, column))
    return rising_scan(contents.load(array.path).reshape(sizes), axes, name=value, unit=unit, attrs=attrs)


def _about(path: Path) -> tuple[str, dict | None]:
    """Where the description stands, and what it says; None where there is none."""
    for side in (path.with_suffix(".json"), path.with_name(path.name + ".json")):
        if side.is_file():
            if side.stat().st_size > _LONGEST:
                raise ScanError(f"{side.name} is too long for a description of axes")
            try:
                said = json.loads(side.read_text("utf-8"))
            except (ValueError, RecursionError, OSError) as reason:
                raise ScanError(f"{side.name} is not JSON: {str(reason).splitlines()[0]}") from reason
            if not isinstance(said, dict):
                raise ScanError(f"{side.name} must be a JSON object with axes and value")
            return side.name, said
    if path.suffix.lower() in (".tif", ".tiff"):
        import tifffile

        with tifffile.TiffFile(path) as file:
            text = getattr(file.pages[0], "description", "")
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):  # some other program's words
            return path.name, None
        if isinstance(said, dict) and "axes" in said and "value" in said:
            return path.name, said
    return path.name, None


def _sizes(where: str, axes: list[dict], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The steps of every axis. A TIFF's pages are one dimension, however many axes were scanned over them."""
    if len(axes) == len(shape):
        return tuple(shape)
    sizes = tuple(len(axis["values"]) if isinstance(axis.get("values"), list) else 0 for axis in axes)
    if math.prod(sizes) != math.prod(shape):
        raise ScanError(f"{where} has {len(axes)} axes, the array is {' x '.join(map(str, shape))}")
    return sizes


def _column(where: str, axis: dict, size: int) -> np.ndarray:
    """The values of an axis [size]."""
    try:
        if "values" in axis:
            values = np.asarray(axis["values"], float)
        else:
            values = float(axis["start"]) + float(axis["step"]) * np.arange(size)
    except (KeyError, TypeError, ValueError) as reason:
        raise ScanError(f"{where}: the axis {axis['name']} needs values, or a start and a step, in numbers") from reason
    if values.shape != (size,):
        raise ScanError(f"{where}: the axis {axis['name']} has {values.size} values for {size} steps")
    if not np.isfinite(values).all() or (size > 1 and values[0] == values[-1]):
        raise ScanError(f"{where}: the axis {axis['name']} must be finite numbers that differ")
    return values


def _measurements(file: DataFile) -> list[Measurement]:
    scan = described(file.path, arrays_in(file.path))
    return [] if scan is None else [Measurement(file.path.stem, file.path.stem, scan)]


FORMATS = (
    Format(
        name="bare-array",
        title="TIFF stack, `.npy`",
        suffixes=(".tif", ".tiff", ".npy"),
        level=Level.PLAIN,
        holds="the axes from a side file or the TIFF's description, else asked for",
        reads="The one array (of a TIFF the first series) against the axes that `NAME.json` beside it, or the TIFF's "
        "own description, gives with names and units; `binding_energy` is turned round. Any other "
        "description is left out.",
        measurements=_measurements,
        contents=lambda file: arrays_in(file.path),
        asks=Asks.ARRAYS,
        layout_after="below",
        often_pictures=True,
    ),
)
