"""Files that are being written, as they stood at their last whole line: half a number is no reading."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["files_of", "marks_of", "whole_lines"]

#: So much of a file tells whether it is text.
_HEAD = 4096


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files among some paths, and those in the folders among them; files that begin with a dot, and what is gone
    meanwhile, left out."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [one for one in sorted(path.rglob("*")) if not one.name.startswith(".") and one.is_file()]
        elif path.exists():
            found.append(path)
    return found


def marks_of(paths: Sequence[Path]) -> tuple | None:
    """What distinguishes files from their later states: name, size and time of each; None where one of ``paths`` is
    not there."""
    if not all(path.exists() for path in paths):
        return None
    marks = []
    for file in files_of(paths):
        with contextlib.suppress(FileNotFoundError):  # gone between being listed and being asked
            about = file.stat()
            marks.append((str(file), about.st_size, about.st_mtime_ns))
    return tuple(marks)


@contextlib.contextmanager
def whole_lines(paths: Sequence[Path]) -> Iterator[tuple[list[Path], str]]:
    """Paths to read in place of files that may be in the middle of being written.

    Where the last line of the file that was written last has no end, and it is text, it is read from a copy that ends
    with the line before, under the same name; every other file is read where it lies.

    Parameters
    ----------
    paths
        Files, or a folder of files.

    Yields
    ------
    tuple
        The paths to read, good while the context lasts, and the name of the file that was cut; empty where none was.
    """
    newest = max(files_of(paths), key=lambda file: file.stat().st_mtime_ns, default=None)
    size = None if newest is None else _whole(newest)
    if newest is None or size is None:
        yield list(paths), ""
        return
    with tempfile.TemporaryDirectory(prefix="scantwin-") as folder:
        result = []
        for number, path in enumerate(paths):
            place = Path(folder, str(number), path.name)
            if path.is_dir():
                for file in files_of([path]):
                    _put(file, place / file.relative_to(path), size if file == newest else None)
            elif path == newest:
                _put(path, place, size)
            else:
                place = path
            result.append(place)
        yield result, newest.name


def _put(file: Path, place: Path, size: int | None) -> None:
    """Copy the first ``size`` bytes of a file; of the whole of it a link does."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if size is not None:
        with file.open("rb") as whole:
            place.write_bytes(whole.read(size))
        return
    try:
        os.link(file, place)
    except OSError:  # another disk, or one without links
        shutil.copyfile(file, place)


def _whole(file: Path) -> int | None:
    """How many bytes of a text are whole lines; None where all are, or it is no text."""
    with contextlib.suppress(OSError), file.open("rb") as opened:
        if b"\0" in opened.read(_HEAD):
            return None
        size = opened.seek(0, os.SEEK_END)
        place, tail = size, b""
        while place > 0:
            start = max(0, place - _HEAD)
            opened.seek(start)
            tail, place = opened.read(place - start), start
            end = tail.rfind(b"\n")
            if end >= 0:
                whole = start + end + 1
                return None if whole == size else whole
        # Lines that end as on the first Macintosh, or one line alone.
    return None
