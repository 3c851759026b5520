"""Whether a path is one to claim when another program offers it: a name alone is shared with others' files, so that a
quick look inside decides."""

from __future__ import annotations

import zipfile
from pathlib import Path

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.format import DataFile, Level, ending
from napari_scantwin.readers.opened import is_series
from napari_scantwin.readers.registry import formats, suffixes
from napari_scantwin.readers.tables.cells import looks_numeric, split_line
from napari_scantwin.readers.tables.text import SUFFIXES as TEXT
from napari_scantwin.readers.tables.text import decode

__all__ = ["readable"]

#: napari's own tables of points and shapes begin so.
_NAPARI = ("index,axis-", "index,shape-type")
#: The first bytes of HDF5 (also behind a user block) and of classic netCDF.
_HDF5, _NETCDF = b"\x89HDF\r\n\x1a\n", b"CDF"
#: What OME-Zarr's description of its pictures holds.
_OME = ('"multiscales"', '"ome"', '"plate"', '"bioformats2raw')
#: So many files of a folder are looked into.
_MOST = 50


def readable(path: str | Path) -> bool:
    """Whether a path holds what can be opened here, told by its name and a quick look inside.

    napari's own points and shapes, pictures, OME-Zarr and texts without numbers are left to others.

    Parameters
    ----------
    path
        A file, a zarr store or a folder; of one that does not exist the name decides.
    """
    path = Path(path)
    if is_series(path):
        try:
            files = [one for one in path.iterdir() if not one.name.startswith(".")]
        except OSError:
            return False
        pictures = {suffix for one in formats() if one.often_pictures for suffix in one.all_suffixes}
        endings = set(suffixes()) - pictures
        asked = [one for one in sorted(files) if ending(one) in endings and not is_series(one)]
        return any(readable(one) for one in asked[:_MOST])
    suffix = ending(path)
    if suffix not in suffixes():
        return False
    if not path.exists():
        return True
    try:
        return _looks_readable(DataFile(path), suffix)
    except (ScanError, OSError):
        return True  # opening it says what is wrong


def _looks_readable(file: DataFile, suffix: str) -> bool:
    if suffix == ".zarr":
        return not _is_ome(file.path)
    if suffix in TEXT:
        known = (one for one in formats() if suffix in one.all_suffixes and one.level < Level.PLAIN)
        return any(one.recognises(file) for one in known) or _holds_numbers(file)
    if suffix in (".h5", ".hdf5", ".nxs", ".nc"):
        at = (0, 512, 1024, 2048, 4096, 8192)
        return file.head.startswith(_NETCDF) or any(file.head[start:].startswith(_HDF5) for start in at)
    if suffix == ".zip":
        if not zipfile.is_zipfile(file.path):
            return True  # opening it says what is wrong
        with zipfile.ZipFile(file.path) as archive:
            return any(name.lower().endswith(".ini") for name in archive.namelist())
    return True


def _holds_numbers(file: DataFile) -> bool:
    """Whether a text has a row of numbers among its first lines, and is none of napari's own tables."""
    if not file.head.strip():
        return False
    text = decode(file.head, file.name).text
    if text.lower().startswith(_NAPARI):
        return False
    for line in text.splitlines():
        for delimiter in ("\t", ";", ",", None):
            cells = [cell for cell in split_line(line, delimiter) if cell]
            if len(cells) > 1 and 3 * sum(map(looks_numeric, cells)) >= 2 * len(cells):
                return True
    # A long preamble: what follows it decides when the file is opened.
    return len(file.head) >= 1 << 14


def _is_ome(store: Path) -> bool:
    for name in (".zattrs", "zarr.json"):
        about = store / name
        if about.is_file() and any(word in about.read_text(encoding="utf-8", errors="replace") for word in _OME):
            return True
    return False
