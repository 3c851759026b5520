"""A session in one file: the scan with its twin, the recipe, and how it was looked at.

The file is a zip archive of two entries, stored as they are: ``session.json``, and the scan as ``scan.twin`` or
``scan.nc``. A scan that is read in parts stays in its own file, and is read from there again.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.readers import open_file, read
from napari_scantwin.recipes.recipe import Recipe
from napari_scantwin.twin import Twin
from napari_scantwin.writers import write

__all__ = ["SUFFIX", "Session", "load_session", "recipe_of_session", "save_session"]

SUFFIX = ".scansession"
_ABOUT, _FORMAT = "session.json", 1
_MOST_TEXT = 50_000_000


@dataclass(frozen=True)
class Session:
    """What is kept of a session.

    Parameters
    ----------
    recipe
        What was done to the scan.
    scan
        The scan as it was left, processed and masked.
    twin
        Its twin, or None.
    view
        How it was looked at, as plain values.
    name
        What the scan is called in lists.
    """

    recipe: Recipe
    scan: xr.DataArray
    twin: Twin | None = None
    view: Mapping[str, Any] | None = None
    name: str = ""


def save_session(session: Session, path: str | Path) -> Path:
    """Write a session.

    Parameters
    ----------
    session
        What is kept.
    path
        Where; the suffix ``.scansession`` is added where there is none.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ScanError
        Where a scan that is read in parts was processed, so that its file does not hold it.
    NotWritten
        Where the disk fails; what stood under the name before still does.
    """
    path = Path(path)
    path = path if path.suffix else path.with_suffix(SUFFIX)
    lazy = scans.is_lazy(session.scan)
    if lazy and (session.recipe.opening is None or session.recipe.steps):
        raise ScanError(
            f"{path.name}: this scan is too large to be kept along; export it as .zarr, and open that first"
        )
    about = {
        "format": _FORMAT,
        "name": session.name,
        "recipe": session.recipe.to_dict(),
        "view": dict(session.view or {}),
        "attributes": list(session.scan.attrs),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        archive.writestr(_ABOUT, json.dumps(about, indent=1))
        if session.twin is not None:
            archive.write(session.twin.save(Path(folder) / "scan.twin"), "scan.twin")
        if not lazy:
            (kept,) = write(session.scan, Path(folder) / "scan.nc")
            archive.write(kept, "scan.nc")
    return path


def load_session(path: str | Path) -> Session:
    """Read a session.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Session
        What was kept.

    Raises
    ------
    ScanError
        Where the file is missing, cut off, of another kind or of a newer version, or where a scan that stayed in its
        own file is not there any more.
    """
    path = Path(path)
    with _opened(path) as (archive, entries), tempfile.TemporaryDirectory() as folder:
        about = _about(path, archive, entries)
        recipe = Recipe.from_dict(about["recipe"])
        there = [name for name in ("scan.twin", "scan.nc") if name in entries]
        kept = {name: Path(archive.extract(name, folder)) for name in there}
        twin = Twin.load(kept["scan.twin"]) if "scan.twin" in kept else None
        if "scan.nc" in kept:
            scan = read(kept["scan.nc"]).load()
            # Writers add to a scan where it came from; what it was is what was kept.
            scan.attrs = {name: scan.attrs[name] for name in about["attributes"] if name in scan.attrs}
        else:
            scan = open_file(list(recipe.opening.paths)).scan(**recipe.opening.answers)
        return Session(recipe, scan, twin, about["view"], about["name"])


def recipe_of_session(path: str | Path) -> Recipe:
    """The recipe in a session; its scan and twin are not read.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Recipe
        What was done.

    Raises
    ------
    ScanError
        Where the file is missing, cut off, of another kind or of a newer version.
    """
    path = Path(path)
    with _opened(path) as (archive, entries):
        return Recipe.from_dict(_about(path, archive, entries)["recipe"])


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """The archive and its entries; what goes wrong within is said in a sentence."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, {entry.filename: entry for entry in archive.infolist()}
    except ScanError as reason:
        raise reason if str(reason).startswith(path.name) else ScanError(f"{path.name}: {reason}") from None
    except FileNotFoundError:
        raise ScanError(f"{path.name}: there is no such file in {path.parent}") from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, OSError) as reason:
        raise ScanError(f"{path.name} is no session, or is cut off: {reason}") from reason


def _about(path: Path, archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]) -> dict[str, Any]:
    """What a session says of itself."""
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
        raise ScanError(f"{path.name} is no session of this program")
    if _ABOUT not in entries or entries[_ABOUT].file_size > _MOST_TEXT:
        raise ScanError(f"{path.name} is no session of this program")
    about = json.loads(archive.read(_ABOUT))
    if about["format"] > _FORMAT:
        raise ScanError(f"{path.name} was written by a newer version of napari-scantwin; update it to open this")
    return about
