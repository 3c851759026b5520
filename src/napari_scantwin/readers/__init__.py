"""File to scan: one module a format, one registry."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from napari_scantwin.core.errors import Cancelled, NeedsAxes, ScanError
from napari_scantwin.readers import project
from napari_scantwin.readers.arrays import array_files, side_file, xarray_files
from napari_scantwin.readers.arrays import contents as array_contents
from napari_scantwin.readers.arrays.hdf5_probe import refuse_dangerous
from napari_scantwin.readers.instruments import (
    als_fits,
    beamline_hdf5,
    erlab_files,
    igor,
    igor_text,
    mbs,
    prodigy,
    scienta,
)
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.series import joining
from napari_scantwin.readers.tables import quantum_design
from napari_scantwin.readers.tables.spreadsheet import spreadsheet_table
from napari_scantwin.readers.tables.table import Table, choose, table_to_scan
from napari_scantwin.readers.tables.text import text_table

__all__ = ["SUFFIXES", "is_series", "open_choices", "read", "read_table", "readable"]

_TEXT = (".csv", ".tsv", ".txt", ".dat", ".xy")


@dataclass(frozen=True)
class _Format:
    """A format of the project's own: what people call it and how it is loaded."""

    title: str
    load: Callable[[Path], xr.DataArray]


_WHOLE = {
    ".h5": _Format("HDF5", project.load_hdf5),
    ".twin": _Format("twin", project.load_twin),
}

#: Formats that may hold several measurements, by suffix.
_SEVERAL: dict[str, Callable[[Path], list[Measurement]]] = {
    ".zip": scienta.zip_measurements,
    ".ibw": igor.binary_measurements,
    ".pxt": igor.binary_measurements,
    ".pxp": igor.binary_measurements,
    ".itx": lambda path: igor_text.text_measurements(path, _bytes(path)),
    ".krx": mbs.binary_measurements,
    ".fits": als_fits.measurements,
    ".hdf5": beamline_hdf5.measurements,
    ".nxs": beamline_hdf5.measurements,
}

#: Formats of bare arrays, which need a choice of axes.
_ARRAYS = (".tif", ".tiff", ".npy")
#: Formats that xarray writes.
_XARRAY = (".nc", ".zarr")

#: Every suffix that can be opened.
SUFFIXES = (*dict.fromkeys((*_TEXT, ".xlsx", *_WHOLE, *_SEVERAL, *array_files.SUFFIXES)),)


def readable(path: str | Path) -> bool:
    """Whether the name is of a kind that can be opened, or a folder of scans (one of mere pictures is not)."""
    path = Path(path)
    if is_series(path):
        return joining.holds(path, [one for one in SUFFIXES if one not in _ARRAYS])
    return path.suffix.lower() in SUFFIXES


def is_series(path: Path) -> bool:
    """Whether a path is a folder of files rather than a zarr store."""
    return path.suffix.lower() != ".zarr" and path.is_dir()


def read(
    path: str | Path | Sequence[str | Path],
    *,
    axes: Sequence[str] | None = None,
    value: str | None = None,
    error: str | None = None,
    choice: str | None = None,
    sheet: str | None = None,
    along: str | None = None,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> xr.DataArray:
    """The scan in a file, or in several files of one sweep (or a few) each, or of a folder of such files.

    ``axes``, ``value`` and ``error`` name columns of a table as ``"COLUMN=name[unit]"``, for example
    ``axes=["X2=magnetic_field[Oe]", "X1=temperature[K]"], value="Y=moment[emu]"``; COLUMN is a header or a
    1-based number, and parts the file says itself may be left out. ``choice`` picks one of several
    measurements by its key (see :func:`open_choices`); without it the likeliest is taken and all keys
    stand in ``attrs["choices"]``. A choice such as ``"erlab:i05"`` reads the file by
    that one of erlab's loaders. ``sheet`` names a spreadsheet's sheet. Of HDF5, netCDF, zarr, TIFF and ``.npy``,
    ``value`` and ``axes`` name arrays by their paths, as in :mod:`napari_scantwin.readers.arrays.contents`; so they do
    where an ARPES file leaves out an axis's unit.

    Cuts and maps of several files are joined along what was scanned from file to file, as their metadata or a number
    with its unit in their names say; ``along`` says it where they do not, ``"20, 35, 50=sample_temperature[K]"`` or
    ``"P=manipulator_angle[deg]"`` for a setting (:mod:`napari_scantwin.readers.series.scanned_axis`). ``on_progress``
    is told the fraction of files that were read, ``stop`` is looked at between two.

    Raises :class:`~napari_scantwin.core.errors.NeedsColumns` where a table does not say what its columns are,
    :class:`~napari_scantwin.core.errors.NeedsAxes` where a file of arrays does not say what its axes are,
    :class:`~napari_scantwin.core.errors.NeedsScannedAxis` where several files do not say along what they were scanned,
    and :class:`~napari_scantwin.core.errors.ScanError` for anything else that is wrong with the file.
    """
    told = {"axes": axes, "value": value, "error": error, "choice": choice, "sheet": sheet}
    if isinstance(path, (list, tuple)) and len(path) != 1:
        if not path:
            raise ScanError("no file was given")
        refuse_dangerous([Path(one) for one in path])  # all in one go: each alone would take as long
        parts = []
        for number, one in enumerate(path):
            if stop is not None and stop.is_set():
                raise Cancelled
            if on_progress is not None:
                on_progress(number / len(path))
            parts.append(read(one, **told))
        return joining.joined(parts, [Path(one).name for one in path], along)
    path = Path(path[0] if isinstance(path, (list, tuple)) else path)
    if is_series(path):
        files = joining.files_of_folder(path, SUFFIXES)
        scan = read(files, **told, along=along, on_progress=on_progress, stop=stop)
        return scan.assign_attrs(source=f"{path.name}, {len(files)} files") if len(files) > 1 else scan
    refuse_dangerous([path])
    suffix = path.suffix.lower()
    if choice is not None and choice.startswith(erlab_files.PREFIX):
        _must_exist(path)
        found = _asking(path, lambda: erlab_files.measurements(path, choice), axes, value)
        return _sourced(_chosen(path, found, None), path)
    if suffix in array_files.SUFFIXES and (axes or value):
        _must_exist(path)
        contents = array_files.contents(path)
        return _sourced(array_contents.scan_of(contents, array_contents.chosen(contents, axes, value)), path)
    if _may_hold_several(path):
        _must_exist(path)
        return _sourced(_chosen(path, _several(path, axes, value), choice), path)
    if suffix in _WHOLE:
        _must_exist(path)
        return _sourced(_WHOLE[suffix].load(path), path)
    if suffix in _TEXT:
        content = _bytes(path)
        if axes is None and value is None and project.is_own_csv(content):
            return project.load_csv(path, content)
        if found := _in_text(path, content, axes, value):
            return _sourced(_chosen(path, found, choice), path, content)
    table = read_table(path, sheet)
    return _sourced(table_to_scan(table, choose(table, axes, value, error)), path)


def read_table(path: str | Path, sheet: str | None = None) -> Table:
    """The table in a text file or spreadsheet, before anyone says what its columns are."""
    path = Path(path)
    if path.suffix.lower() == ".xlsx":
        _must_exist(path)
        return spreadsheet_table(path, sheet)
    if path.suffix.lower() not in _TEXT:
        raise ScanError(f"{path.name}: files of this kind cannot be opened; the kinds are {', '.join(SUFFIXES)}")
    return text_table(path, _bytes(path))


def open_choices(path: str | Path) -> list[Measurement]:
    """The measurements in an instrument's file, likeliest first; empty where a file holds just one scan. Of a folder
    those of its first file."""
    path = Path(path)
    if is_series(path):
        path = joining.files_of_folder(path, SUFFIXES)[0]
    refuse_dangerous([path])
    suffix = path.suffix.lower()
    if _may_hold_several(path):
        _must_exist(path)
        return [Measurement(one.key, one.title, _sourced(one.scan, path)) for one in _several(path)]
    if suffix not in _TEXT:
        return []
    content = _bytes(path)
    return [Measurement(one.key, one.title, _sourced(one.scan, path, content)) for one in _in_text(path, content)]


def _may_hold_several(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in (*_SEVERAL, *_ARRAYS, *_XARRAY) or (suffix == ".h5" and not project.is_own_hdf5(path))


def _several(path: Path, axes: Sequence[str] | None = None, value: str | None = None) -> list[Measurement]:
    """The measurements of a file whose format may hold several; of arrays that do not say what they are, the one
    that was chosen for files of the same layout before."""
    suffix = path.suffix.lower()
    if suffix not in array_files.SUFFIXES:
        return _asking(path, lambda: _SEVERAL[suffix](path), axes, value)
    lack = None
    try:
        found = _known_arrays(path)
    except NeedsAxes as reason:
        found, lack = [], reason
    if found:
        return found
    contents = array_files.contents(path)
    if suffix in _ARRAYS and (described := side_file.described(path, contents)) is not None:
        return [Measurement(path.stem, path.stem, described)]
    try:
        return [_whole(path, contents, None, None)]
    except NeedsAxes as reason:
        raise NeedsAxes(f"{lack or reason}{_also_by_erlab(suffix)}", contents) from reason


def _whole(path: Path, contents, axes: Sequence[str] | None, value: str | None) -> Measurement:
    """The one measurement that a choice makes of a file of arrays."""
    scan = array_contents.scan_of(contents, array_contents.chosen(contents, axes, value))
    return Measurement(path.stem, path.stem, scan)


def _also_by_erlab(suffix: str) -> str:
    """A word on erlab's loaders for files of unknown layout."""
    if suffix not in (".h5", ".hdf5", ".nxs"):
        return ""
    if not erlab_files.installed():
        return "; with pip install napari-scantwin[arpes] erlab's loaders of beamlines can be chosen too"
    fitting = [loader.key for loader in erlab_files.loaders() if suffix in loader.suffixes]
    return f"; or choose one of erlab's loaders ({', '.join(fitting)})" if fitting else ""


def _known_arrays(path: Path) -> list[Measurement]:
    """The measurements of an array file in a layout that says what they are."""
    suffix = path.suffix.lower()
    if suffix in _ARRAYS:
        return []
    if suffix in _XARRAY:
        return xarray_files.measurements(path)
    found = beamline_hdf5.measurements(path)
    return found if found or not xarray_files.is_xarray_hdf5(path) else xarray_files.measurements(path)


def _asking(
    path: Path, load: Callable[[], list[Measurement]], axes: Sequence[str] | None, value: str | None
) -> list[Measurement]:
    """What ``load`` finds. Where an axis lacks its unit, ``axes`` and ``value`` say it, or else the error tells what
    is there to choose from."""
    try:
        return load()
    except NeedsAxes as reason:
        if reason.offered is None:
            raise
        contents = array_contents.contents_of(path.name, reason.offered)
        if not axes and not value:
            raise NeedsAxes(str(reason), contents) from reason
        return [_whole(path, contents, axes, value)]


#: ARPES text formats: how each is told, and how it is loaded.
_ARPES_TEXT = (
    (scienta.is_ses_text, scienta.text_measurements),
    (mbs.is_mbs_text, mbs.text_measurements),
    (prodigy.is_prodigy_text, prodigy.measurements),
)


def _in_text(
    path: Path, content: bytes, axes: Sequence[str] | None = None, value: str | None = None
) -> list[Measurement]:
    """The measurements of an instrument's text file; empty where it is a plain table, or is to be read as one."""
    for is_it, load in _ARPES_TEXT:
        if is_it(content):
            return _asking(path, lambda load=load: load(path, content), axes, value)
    if axes is None and value is None and quantum_design.is_quantum_design(content):
        return quantum_design.measurements(path, content)
    return []


def _chosen(path: Path, found: list[Measurement], choice: str | None) -> xr.DataArray:
    keys = [one.key for one in found]
    if choice is not None:
        match = [one for one in found if one.key == choice or one.key.split(" | ")[0] == choice]
        if not match:
            raise ScanError(f"{path.name} has no measurement {choice!r}; it has {'; '.join(keys)}")
        return match[0].scan
    return found[0].scan.assign_attrs(choices="; ".join(keys)) if len(found) > 1 else found[0].scan


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise ScanError(f"{path.name}: there is no such file in {path.parent}")


def _bytes(path: Path) -> bytes:
    _must_exist(path)
    try:
        return path.read_bytes()
    except OSError as reason:
        raise ScanError(f"{path.name} cannot be read: {reason.strerror}") from reason


def _sourced(scan: xr.DataArray, path: Path, content: bytes | None = None) -> xr.DataArray:
    """The scan with its file's name and SHA-256 (of all files in a folder, by name); one that was exported keeps
    those of the file it came from."""
    if scan.attrs.get("source"):
        return scan
    digest = hashlib.sha256()
    if content is not None:
        digest.update(content)
    else:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                with file.open("rb") as opened:
                    while block := opened.read(1 << 24):
                        digest.update(block)
    return scan.assign_attrs(source=path.name, sha256=digest.hexdigest())
