"""Locks between processes, which the operating system releases when their process ends, however it ends.

A file is locked, not merely made: what a killed process leaves behind holds nothing. Linux and macOS lock by ``flock``,
Windows by ``msvcrt``; both refuse a second lock within one process too, and both reach across machines where the shared
disk has locks at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["HOST", "MARK", "Busy", "release", "take", "taken"]

#: This machine's name as it may stand in a file's name; empty where it has none.
HOST = re.sub(r"[^\w-]+", "-", platform.node())[:40].strip("-")
#: What a lock's file begins with; the process and its machine follow.
MARK = b"napari-scantwin"
_BUSY = {errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.EWOULDBLOCK}
#: The place of the byte that is locked on Windows, which keeps locked bytes from being read: beyond what is written.
_BYTE = 1 << 20


class Busy(Exception):
    """Another process, or another thread, holds the lock; the message says which, as far as is known."""


def take(path: Path) -> BinaryIO:
    """Lock a file, which is made where there is none.

    Parameters
    ----------
    path
        The lock's file, in a folder that exists.

    Returns
    -------
    file
        To be given to :func:`release`.

    Raises
    ------
    Busy
        Where it is locked.
    OSError
        Where it cannot be made, or the disk has no locks.
    """
    while True:
        file = path.open("a+b")
        try:
            _lock(file)
            if not _is_at(file, path):  # whoever held it took it away between the two
                file.close()
                continue
            file.truncate(0)
            file.write(b"%s %d %s\n" % (MARK, os.getpid(), HOST.encode()))
            file.flush()
            return file
        except OSError as reason:
            holder = _holder(path)
            file.close()
            if reason.errno in _BUSY:
                raise Busy(holder) from reason
            raise
        except BaseException:
            file.close()
            raise


def release(file: BinaryIO, path: Path) -> None:
    """Release a lock and remove its file."""
    if sys.platform == "win32":  # an open file cannot be removed there
        file.close()
    with contextlib.suppress(OSError):
        path.unlink()
    file.close()


@contextlib.contextmanager
def taken(path: Path) -> Iterator[None]:
    """Hold the lock of a file; on a disk without locks nothing is held.

    Raises
    ------
    Busy
        Where it is locked.
    """
    try:
        file = take(path)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        release(file, path)


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    """Who holds a lock, in words."""
    with contextlib.suppress(OSError, ValueError):
        mark, process, host = path.read_bytes().split()
        if mark == MARK:
            return f"process {int(process)} on {host.decode()}"
    return "another process"
