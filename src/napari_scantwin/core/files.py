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
from typing import BinaryIO

from napari_scantwin.core import locks
from napari_scantwin.core.errors import NotWritten

__all__ = ["atomic_path", "is_own_store", "may_replace", "not_written", "only_store", "replace"]

#: What the names of folders begin with in which something is being written; the machine's name follows.
_PREFIX = ".scantwin-"
_TRIES = 10
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

    On any failure, and when the work is cancelled, what was written is removed and whatever stood under ``path`` stays
    as it was. What is left of writes to that folder by processes that were killed is removed too.

    Parameters
    ----------
    path
        The final name.

    Yields
    ------
    Path
        The temporary name to write to, in a folder of its own beside the final one.

    Raises
    ------
    NotWritten
        In one sentence, where the disk fails; and, before anything is done, where a folder stands under the final name
        that this program did not write (:func:`may_replace`).
    """
    path = Path(path)
    may_replace(path)
    try:
        with _workplace(path.parent) as workplace:
            temporary = workplace / "new" / path.name
            temporary.parent.mkdir()
            yield temporary
            _replace(temporary, path, workplace)
    except OSError as reason:
        raise not_written(path, reason) from reason


def replace(temporary: Path, path: Path) -> None:
    """Put what was written under its final name; an old store is moved aside first: only files replace.

    Parameters
    ----------
    temporary
        What was written.
    path
        The final name, in a folder on the same disk.

    Raises
    ------
    NotWritten
        Where that would delete what this program did not write.
    """
    with _workplace(path.parent) as workplace:
        _replace(temporary, path, workplace)


def _replace(temporary: Path, path: Path, workplace: Path) -> None:
    if temporary.is_dir() and path.is_file():
        raise NotWritten(f"{path.name} is a file and was not replaced by a folder; choose another name")
    if temporary.is_file() and path.is_dir():
        raise NotWritten(f"{path.name} is a folder and was not replaced by a file; choose another name")
    may_replace(path)
    if path.is_dir():
        aside = workplace / "old" / path.name
        aside.parent.mkdir()
        os.replace(path, aside)
        try:
            os.replace(temporary, path)
        except OSError:
            os.replace(aside, path)
            raise
    else:
        os.replace(temporary, path)


@contextlib.contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A hidden folder within another, locked as long as this process lives, and removed at the end.

    It holds ``lock``, and in ``new`` what is being written, in ``old`` what that replaces.
    """
    _clear_away(folder)
    for _ in range(_TRIES):
        workplace = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{locks.HOST}-", dir=folder))
        held = None
        try:
            held = locks.take(workplace / "lock")
        except (FileNotFoundError, locks.Busy):  # another process took it for a left-over before it was locked
            shutil.rmtree(workplace, ignore_errors=True)
            continue
        except OSError:  # a disk without locks, where left-overs are never removed
            pass
        break
    try:
        yield workplace
    finally:
        _remove(workplace, held)


def _clear_away(folder: Path) -> None:
    """Remove what writes left in a folder whose processes were killed.

    Only what this machine's processes made is looked at, since a lock may not reach across machines; what a living
    process holds is locked. A store that was moved aside and never replaced is put back.
    """
    if not locks.HOST:
        return
    with contextlib.suppress(OSError):
        for workplace in [Path(one.path) for one in os.scandir(folder) if one.is_dir(follow_symlinks=False)]:
            if workplace.name.startswith(f"{_PREFIX}{locks.HOST}-"):
                with contextlib.suppress(OSError, locks.Busy):
                    _clear_one_away(workplace)


def _clear_one_away(workplace: Path) -> None:
    holds = {one.name for one in os.scandir(workplace)}
    if not holds:
        workplace.rmdir()
    if "lock" not in holds or not holds <= {"lock", "new", "old"}:
        return  # not one of these
    lock = workplace / "lock"
    if (content := lock.read_bytes()) and not content.startswith(locks.MARK):
        return
    held = locks.take(lock)
    for aside in (workplace / "old").glob("*"):
        if not os.path.lexists(workplace.parent / aside.name):
            os.replace(aside, workplace.parent / aside.name)
        elif any((workplace / "new").glob("*")):  # nothing replaced it, and somebody took its name since
            held.close()
            return
    _remove(workplace, held)


def _remove(workplace: Path, held: BinaryIO | None) -> None:
    """Remove a workplace, its lock last, so that one in which this was cut short is still known for a left-over."""
    for part in ("new", "old"):
        shutil.rmtree(workplace / part, ignore_errors=True)
    if held is not None:
        locks.release(held, workplace / "lock")
    shutil.rmtree(workplace, ignore_errors=True)


def may_replace(path: Path) -> None:
    """Check that a write to ``path`` would delete nothing that this program did not write.

    Raises
    ------
    NotWritten
        Where ``path`` is a folder other than a zarr store of this program's: what people keep in a folder is never
        deleted by a write to its name.
    """
    if path.is_dir() and (path.is_symlink() or not is_own_store(path)):
        raise NotWritten(
            f"{path.name} is a folder that this program did not write, and a write to its name would delete what it "
            "holds; choose another name, or move the folder away first"
        )


def is_own_store(folder: Path) -> bool:
    """Whether a folder is a zarr store that this program wrote, and holds nothing else; judged by its contents."""
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
