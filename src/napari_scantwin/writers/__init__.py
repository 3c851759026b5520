"""Scan to file: netCDF, zarr, tidy CSV, HDF5 and TIFF, each written whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.core.notes import notes, with_left_out
from napari_scantwin.writers import formats
from napari_scantwin.writers.provenance import with_provenance
from napari_scantwin.writers.volume import write_volume

__all__ = ["FORMATS", "left_out", "write", "write_volume"]

#: Suffix to what people call the format.
FORMATS = {one.suffixes[0]: one.title for one in formats.WRITERS}
#: Scans that are read in parts and larger than this (bytes) are written in parts too.
_MOST_IN_MEMORY = 512 << 20
_WRITERS = {suffix: one for one in formats.WRITERS for suffix in one.suffixes}


def write(
    scan: xr.DataArray,
    path: str | Path,
    *,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Path]:
    """Write a scan, measured or simulated, in the format its suffix names.

    The export carries units, the source's name and SHA-256, and for a simulated scan the twin's settings, seed and
    held-out score, with the versions of the software. Names and attributes may be any. What the format does not hold
    is left out and named in the notes of what is written (:func:`left_out`). It is written beside the final name and
    renamed into place.

    Parameters
    ----------
    scan
        The scan.
    path
        The file, or the folder of a ``.zarr``; its suffix is one of :data:`FORMATS` (or ``.tiff``).
    on_progress
        Called with the fraction that is written.
    stop
        Setting it cancels; nothing is left behind.

    Returns
    -------
    list of Path
        The paths written.

    Raises
    ------
    ScanError
        For an unknown suffix, a scan the format cannot hold, a full disk or a folder that may not be written to.
    Cancelled
        Where ``stop`` was set.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise ScanError(f"{path.name}: the suffix names no format; use one of {', '.join(FORMATS)}")
    if scans.is_lazy(scan) and suffix != ".zarr" and scan.nbytes > _MOST_IN_MEMORY:
        raise ScanError(f"{path.name}: a scan of {scan.nbytes / 1e9:.1f} GB is written in parts; export it as .zarr")
    scan = _as_written(scan, suffix)

    def tell(fraction: float) -> None:
        if stop is not None and stop.is_set():
            raise Cancelled
        if on_progress is not None:
            on_progress(fraction)

    tell(0.0)
    with atomic_path(path) as temporary:
        _WRITERS[suffix].write(scan, temporary, tell)
        tell(1.0)
    return [path]


def left_out(scan: xr.DataArray, path: str | Path) -> list[str]:
    """What a file of this name would not hold of a scan.

    Parameters
    ----------
    scan
        The scan.
    path
        The file's name, with a suffix of :data:`FORMATS`.

    Returns
    -------
    list of str
        The notes, one each, that stand in the file and not in the scan.
    """
    known = notes(scan.attrs)
    return [note for note in notes(_as_written(scan, Path(path).suffix.lower()).attrs) if note not in known]


def _as_written(scan: xr.DataArray, suffix: str) -> xr.DataArray:
    stored = with_provenance(scans.check(scan))
    return stored.assign_attrs(with_left_out(stored.attrs, *_WRITERS[suffix].leaves_out(stored)))
