"""What the HDF5 layouts share: going through a file, attributes as text, units, and the measurement they make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out, with_notes
from napari_scantwin.readers.arpes_axes import arpes_scan, size_words
from napari_scantwin.readers.arrays.hdf5_open import Tree, tree_of, whole_file
from napari_scantwin.readers.arrays.lazy import hdf5_array
from napari_scantwin.readers.arrays.stopped_maps import without_unmeasured
from napari_scantwin.readers.format import DataFile
from napari_scantwin.readers.measurement import Measurement

if TYPE_CHECKING:
    import h5py

__all__ = [
    "SUFFIXES",
    "dataset",
    "in_file",
    "is_dataset",
    "is_group",
    "measurement",
    "number",
    "numbers",
    "stored_text",
    "text",
    "things",
    "tree",
    "unit_of",
]

#: The suffixes of HDF5 files, whatever their layout.
SUFFIXES = (".h5", ".hdf5", ".nxs")

_MOST_OF_AN_AXIS = 4_000_000
_LONGEST_TEXT = 1_000_000


def tree(file: DataFile) -> Tree:
    """What stands in an HDF5 file; it is gone through once, whoever asks."""
    if "hdf5 tree" not in file.kept:
        file.kept["hdf5 tree"] = tree_of(file.path)
    return file.kept["hdf5 tree"]


def in_file(
    layout: Callable[[Path, h5py.File, Tree], Iterable[Measurement]],
) -> Callable[[DataFile], list[Measurement]]:
    """The function that lists the measurements of an HDF5 layout.

    Parameters
    ----------
    layout
        Gives measurements from the path, the open file and what stands in it.

    Returns
    -------
    Callable
        From a file to its measurements: first the file's default, then the largest.
    """

    def measurements(file: DataFile) -> list[Measurement]:
        found_there = tree(file)
        with whole_file(file.path) as opened:
            found = list(layout(file.path, opened, found_there))
        return sorted(found, key=lambda one: (not one.default, -one.scan.size))

    return measurements


def is_group(thing) -> bool:
    """Whether an object of a file is a group."""
    import h5py

    return isinstance(thing, h5py.Group)


def is_dataset(thing) -> bool:
    """Whether an object of a file is a dataset."""
    import h5py

    return isinstance(thing, h5py.Dataset)


def things(file: h5py.File) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Every group and dataset by path; links out of the file are not followed."""
    names: list[str] = []
    file.visit(names.append)
    for name in names:
        yield name, file[name]


def dataset(group: h5py.Group, name: str) -> h5py.Dataset | None:
    """A dataset of numbers by its path from ``group``; None where there is none."""
    if name == ".":  # NeXus's word for none; HDF5's for the group itself
        return None
    try:
        found = group.get(name)
    except (KeyError, ValueError, TypeError, RuntimeError):
        return None
    return found if found is not None and is_dataset(found) and found.dtype.kind in "iuf" else None


def numbers(data: h5py.Dataset) -> np.ndarray:
    """The values of an axis or a read-back as floats; :class:`ScanError` where they are far more than any axis has, as
    in an altered file."""
    if data.size > _MOST_OF_AN_AXIS:
        raise ScanError(
            f"{Path(data.file.filename).name}: {data.name} says it holds {data.size} values, too many for an axis; the "
            "file is altered: copy it again"
        )
    return np.asarray(data, float)


def text(value) -> str:
    """An attribute's or dataset's text, however it was stored."""
    value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def stored_text(data: h5py.Dataset) -> str:
    """A dataset's one text, at most a thousand characters of it; empty where the file declares an absurd length,
    because HDF5 allocates all the memory that a text is declared to take."""
    import h5py

    if h5py.check_string_dtype(data.dtype) is not None and h5py.check_string_dtype(data.dtype).length is None:
        offset = data.id.get_offset()
        if offset is not None:
            with Path(data.file.filename).open("rb") as raw:
                raw.seek(offset)
                if int.from_bytes(raw.read(4), "little") > _LONGEST_TEXT:
                    return ""
    elif data.dtype.itemsize > _LONGEST_TEXT:
        return ""
    return text(data[()]).strip()[:1000]


def number(thing) -> float | None:
    """A dataset's or an attribute's one number; None where it holds none, or several."""
    try:
        values = np.asarray(thing[()] if is_dataset(thing) else thing, float).ravel()
    except (TypeError, ValueError, OSError):
        return None
    return float(values[0]) if values.size == 1 and np.isfinite(values[0]) else None


def unit_of(column) -> str | None:
    """The unit a dataset names, where it is known."""
    unit = text(column.attrs.get("units", column.attrs.get("unit", "")))
    return unit if unit and units.is_known(unit) else None


def measurement(
    path: Path,
    name: str,
    data: h5py.Dataset,
    axes,
    *,
    said: Sequence[str | None] = (),
    documented: Collection[str] = (),
    attrs: Mapping | None = None,
    along: Mapping | None = None,
    shape: tuple[int, ...] | None = None,
    default: bool = False,
    scanned: Sequence[int] = (),
    sources: Sequence[str] | None = None,
    measures: str = "photoemission_intensity",
) -> Measurement:
    """The measurement that a dataset and its axes make.

    Parameters
    ----------
    path
        The file.
    name
        The key of the measurement.
    data
        The dataset.
    axes
        (label, unit, values) of each dimension.
    said, documented, attrs, along
        As in :func:`~napari_scantwin.readers.arpes_axes.arpes_scan`.
    shape
        The shape without dimensions of one step that have no axis; by default the dataset's own.
    default
        Whether it is the file's default.
    scanned
        The dimensions that a beamline fills step by step, of which the last may never have been measured.
    sources
        What ``--axis`` may call each axis; by default its start and step.
    measures
        As in :func:`~napari_scantwin.readers.arpes_axes.arpes_scan`.
    """
    values = hdf5_array(path, data)
    values = values if shape is None else values.reshape(shape)
    values, axes, along, stopped = without_unmeasured(path.name, values, axes, dict(along or {}), scanned)
    unit = text(data.attrs.get("units", data.attrs.get("unit", ""))) or None
    unknown = "" if unit is None or units.is_known(unit) else f"the unit {unit!r} of the values is not known"
    scan = arpes_scan(
        path.name,
        values,
        axes,
        unit=unit,
        value_source=data.name.strip("/"),
        sources=sources or [_start_and_step(column) for *_, column in axes],
        measures=measures,
        said=said,
        documented=documented,
        attrs=attrs,
        along=along,
    )
    scan.attrs = with_notes(with_left_out(scan.attrs, *stopped), unknown)
    return Measurement(name, f"{name}: {size_words(scan)}", scan, default=default)


def _start_and_step(column) -> str:
    column = np.asarray(column, float)
    return f"{column[0]:.9g}:{column[1] - column[0]:.9g}" if len(column) > 1 else f"{column[0]:.9g}:1"
