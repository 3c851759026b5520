"""Writing so that nothing half-written ever stands under the final name."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from napari_scantwin.errors import NotWritten

__all__ = ["atomic_path", "in_words", "replace"]

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
    ``path`` stays as it was. Failures of the disk become one-sentence :class:`NotWritten`.
    """
    path = Path(path)
    try:
        workplace = Path(tempfile.mkdtemp(prefix=".scantwin-", dir=path.parent))
    except OSError as reason:
        raise in_words(path, reason) from reason
    try:
        temporary = workplace / path.name
        yield temporary
        replace(temporary, path)
    except OSError as reason:
        raise in_words(path, reason) from reason
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def replace(temporary: Path, path: Path) -> None:
    """Put ``temporary`` under the final name beside it; an old folder is moved aside first: only files replace."""
    if path.is_dir() and not path.is_symlink():
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


def in_words(path: Path, reason: OSError) -> NotWritten:
    """A failure of the disk as one sentence."""
    if reason.errno is None:  # a library noticed that less was written than it asked for
        reason = OSError(errno.ENOSPC, str(reason))
    why = _REASONS.get(reason.errno, reason.strerror or str(reason))
    return NotWritten(f"{path.name} was not written: {why}")
