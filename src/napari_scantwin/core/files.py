"""Writing so that nothing half-written ever stands under the final name."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from napari_scantwin.core.errors import NotWritten

__all__ = ["atomic_path", "is_own_store", "may_replace", "not_written", "only_store", "replace"]

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another disk",
    errno.EDQUOT: "your quota is used up; free some space or choose another disk",
    errno.EFBIG: "the file would be larger than this disk or account allows",
    errno.EACCES: "you have no permission to write there; choose another folder",
    errno.EPERM: "you have no permission to write there; choose another folder",
    errno.EROFS: "that disk can only be read; choose another folder",
    errno.ENOENT: "the folder does not exist; make it first or choose another",
    errno.ENOTDIR: "the folder does not exist; make it first or choose another",
}


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write a file or a folder to; rename it into place on success.

    On any failure, and when the work is cancelled, what was written is removed and whatever stood under
    ``path`` stays as it was. Failures of the disk become one-sentence :class:`NotWritten`, and so does a folder
    under the final name that this program did not write (:func:`may_replace`), before anything is done.
    """
    path = Path(path)
    may_replace(path)
    try:
        workplace = Path(tempfile.mkdtemp(prefix=".scantwin-", dir=path.parent))
    except OSError as reason:
        raise not_written(path, reason) from reason
    try:
        temporary = workplace / path.name
        yield temporary
        replace(temporary, path)
    except OSError as reason:
        raise not_written(path, reason) from reason
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def replace(temporary: Path, path: Path) -> None:
    """Put ``temporary`` under the final name beside it; an old store is moved aside first: only files replace.

    Raises :class:`NotWritten` where that would delete what this program did not write.
    """
    if temporary.is_dir() and path.is_file():
        raise NotWritten(f"{path.name} is a file and was not replaced by a folder; choose another name")
    if temporary.is_file() and path.is_dir():
        raise NotWritten(f"{path.name} is a folder and was not replaced by a file; choose another name")
    may_replace(path)
    if path.is_dir():
        workplace = Path(tempfile.mkdtemp(prefix=".scantwin-", dir=path.parent))
        try:
            os.replace(path, workplace / path.name)
            try:
                os.replace(temporary, path)
            except OSError:
                os.replace(workplace / path.name, path)
                raise
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
    else:
        os.replace(temporary, path)


def may_replace(path: Path) -> None:
    """Raise :class:`NotWritten` where ``path`` is a folder other than a zarr store of this program's: what people keep
    in a folder is never deleted by a write to its name."""
    if path.is_dir() and (path.is_symlink() or not is_own_store(path)):
        raise NotWritten(
            f"{path.name} is a folder that this program did not write, and a write to its name would delete what it "
            "holds; choose another name, or move the folder away first"
        )


def is_own_store(folder: Path) -> bool:
    """Whether a folder is a zarr store that this program wrote, and holds nothing else; told by what is in it."""
    try:
        root = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))
        name = root["attributes"]["scan"]
        about = json.loads((folder / name / "zarr.json").read_text(encoding="utf-8"))
        return "versions" in about["attributes"] and only_store(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def only_store(folder: Path, also: tuple[str, ...] = ()) -> bool:
    """Whether a folder holds the files of a zarr store (version 3) and, beside those named in ``also``, no others."""
    for place, _, files in os.walk(folder):
        parts = Path(place).relative_to(folder).parts
        # A chunk lies in its array's folder "c" and is named by its numbers; where the array has no dimension, "c".
        chunks = "c" in parts[1:] and all(one.isdigit() for one in parts[parts.index("c", 1) + 1 :])
        known = {"zarr.json", *(("c",) if parts and "zarr.json" in files else ()), *(() if parts else also)}
        if any(file not in known and not (chunks and file.isdigit()) for file in files):
            return False
    return True


def not_written(path: Path, reason: OSError) -> NotWritten:
    """A failure of the disk as one sentence."""
    if reason.errno is None:  # a library noticed that less was written than it asked for
        reason = OSError(errno.ENOSPC, str(reason))
    why = _REASONS.get(reason.errno or 0, reason.strerror or str(reason))
    return NotWritten(f"{path.name} was not written: {why}")
