"""Scan to file: netCDF, zarr, tidy CSV, HDF5 and TIFF, each written whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.writers import formats
from napari_scantwin.writers.provenance import with_provenance
from napari_scantwin.writers.volume import write_volume

__all__ = ["FORMATS", "write", "write_volume"]

#: Suffix to what people call the format.
FORMATS = {one.suffixes[0]: one.title for one in formats.WRITERS}
#: Scans that are read in parts and larger than this (bytes) are written in parts too.
_MOST_IN_MEMORY = 512 << 20
_WRITE = {suffix: one.write for one in formats.WRITERS for suffix in one.suffixes}


def write(
    scan: xr.DataArray,
    path: str | Path,
    *,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Path]:
    """Write a scan, measured or simulated, in the format its suffix names; returns the paths written.

    The export carries units, the source's name and SHA-256, and for a simulated scan the twin's settings,
    seed and held-out score, with the versions of the software. It is written beside the final name and
    renamed into place. ``stop`` cancels (:class:`~napari_scantwin.core.errors.Cancelled`); nothing is left then.

    Raises :class:`~napari_scantwin.core.errors.ScanError` for an unknown suffix, a scan the format cannot hold,
    a full disk or a folder that may not be written to.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _WRITE:
        raise ScanError(f"{path.name}: the suffix names no format; use one of {', '.join(FORMATS)}")
    if scans.is_lazy(scan) and suffix != ".zarr" and scan.nbytes > _MOST_IN_MEMORY:
        raise ScanError(f"{path.name}: a scan of {scan.nbytes / 1e9:.1f} GB is written in parts; export it as .zarr")
    scan = with_provenance(scans.check(scan))

    def tell(fraction: float) -> None:
        if stop is not None and stop.is_set():
            raise Cancelled
        if on_progress is not None:
            on_progress(fraction)

    tell(0.0)
    with atomic_path(path) as temporary:
        _WRITE[suffix](scan, temporary, tell)
        tell(1.0)
    return [path]
