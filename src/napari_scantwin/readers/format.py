"""What a module says of the format it reads: one record, from which the dispatcher, the window, the plugin's manifest
and the pages of documentation know it."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_scantwin.core import source_hash
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.measurement import Measurement

__all__ = ["Asks", "DataFile", "Extra", "Format", "Level", "ending"]

#: A format is recognised by at most so many of its first bytes.
_HEAD = 1 << 14


def ending(path: Path) -> str:
    """What a file's name ends in, in small letters, such as ``".csv"``; of a name without an ending, such as
    ``POSCAR``, the whole of it behind a dot."""
    return path.suffix.lower() or f".{path.name.lower()}"


@dataclass(frozen=True)
class DataFile:
    """A file (or zarr store) while it is opened; its content is read once."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its folder, as sentences and titles show it."""
        return self.path.name

    @property
    def suffix(self) -> str:
        """The name's :func:`ending`."""
        return ending(self.path)

    @functools.cached_property
    def kept(self) -> dict:
        """What one reader found in it that others need too, by keys of their own."""
        return {}

    def must_exist(self) -> None:
        """Raise :class:`ScanError` where it is neither a file nor a folder: reading a pipe may never end."""
        if not self.path.exists():
            raise ScanError(f"{self.name}: there is no such file in {self.path.parent}")
        if not self.path.is_file() and not self.path.is_dir():
            raise ScanError(f"{self.name} is a pipe or a device, not a file; save what it gives to a file first")

    @functools.cached_property
    def head(self) -> bytes:
        """Its first 16 kilobytes; empty for a folder."""
        if self.path.is_dir():
            return b""
        if "content" in self.__dict__:
            return self.content[:_HEAD]
        return self._read(_HEAD)

    @functools.cached_property
    def content(self) -> bytes:
        """All of its bytes; :class:`ScanError` where it cannot be read."""
        return self._read(-1)

    def _read(self, size: int) -> bytes:
        self.must_exist()
        try:
            with self.path.open("rb") as file:
                return file.read(size)
        except OSError as reason:
            raise ScanError(f"{self.name} cannot be read: {reason.strerror}") from reason

    @functools.cached_property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, of a folder those of all files in it; of a large one what stands for it until it is
        written down (:mod:`napari_scantwin.core.source_hash`)."""
        return source_hash.of_file(self.path, self.__dict__.get("content"))


class Level(enum.IntEnum):
    """How particular a format is. Of formats with one suffix the more particular is tried first; those of one level
    are tried together, and what they find is put together."""

    #: This program wrote the file, and says in it what it is.
    OWN = 0
    #: The layout of one instrument or beamline.
    INSTRUMENT = 1
    #: The layout of a program, whatever it was used for.
    PROGRAM = 2
    #: A bare table or bare arrays.
    PLAIN = 3


class Asks(enum.Enum):
    """What people may be asked, and may say beforehand by ``axes`` and ``value``."""

    #: Nothing: the file says it all.
    NOTHING = "nothing"
    #: The unit of an axis, where the file leaves it out.
    UNITS = "the units left out"
    #: Which columns are axes and value; then the file is read as a plain table.
    COLUMNS = "columns"
    #: Which arrays are axes and value; then the file is read as plain arrays.
    ARRAYS = "arrays"


@dataclass(frozen=True)
class Extra:
    """An optional dependency (extra) a format needs.

    Parameters
    ----------
    name
        As in ``pip install napari-scantwin[name]``.
    package
        The package it installs.
    what
        What cannot be read without it.
    """

    name: str
    package: str
    what: str

    def missing(self, file: str) -> str:
        """The error's sentence where it is not installed; ``file`` is the name of the file that needs it."""
        return (
            f"{file}: {self.what} need the package {self.package}; install it with: "
            f"pip install napari-scantwin[{self.name}]"
        )


def _always(file: DataFile) -> bool:
    return True


@dataclass(frozen=True)
class Format:
    """A format that can be read. A module names its own in ``FORMATS``; nothing else needs to know of it.

    Parameters
    ----------
    name
        A word no other format has.
    title
        What people call it.
    suffixes
        What its files' names end in, each with its dot, in small letters.
    level
        How particular it is.
    holds
        What can be found in a file, in a few words.
    reads
        What of it becomes the scan: the columns or arrays taken, units, signs, and what is left out. Markdown.
    measurements
        Every measurement of a file, the likeliest first. It may find none; then the file is of another format. Raises
        :class:`~napari_scantwin.core.errors.NeedsAxes` where an axis has no unit, and
        :class:`~napari_scantwin.core.errors.ScanError` where the file is damaged.
    table
        The :class:`~napari_scantwin.readers.tables.table.ColumnTable` in a file and, of a spreadsheet, in one of its
        sheets, for people to say what its columns are.
    contents
        The :class:`~napari_scantwin.readers.arrays.contents.Contents` of a file, for people to say what its arrays are.
    recognises
        A quick look at the first bytes, or the structure, whether a file may be of this format; one that decides by
        ``measurements`` alone leaves it out.
    asks
        What people may be asked.
    extra
        What has to be installed besides the program.
    layout_after
        Whose description of the layout the reader follows. Markdown.
    also
        Further suffixes under which a file is recognised, though such files are seldom called so.
    names
        Whole names of files that have no ending.
    often_pictures
        Files with its suffixes are pictures more often than scans: napari's own readers open them unless this
        program's window is asked to.
    by_choice
        How the keys that choose it begin (``"erlab:"``); it is never tried unasked then, and ``measurements`` is given
        the key too.
    offer
        Of such a format, a word on it for files with a suffix that nothing else knows; empty where it is none for
        those.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    level: Level
    holds: str
    reads: str
    measurements: Callable[..., list[Measurement]] | None = None
    table: Callable[[DataFile, str | None], Any] | None = None
    contents: Callable[[DataFile], Any] | None = None
    recognises: Callable[[DataFile], bool] = _always
    asks: Asks = Asks.NOTHING
    extra: Extra | None = None
    layout_after: str = ""
    also: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    often_pictures: bool = False
    by_choice: str = ""
    offer: Callable[[str], str] | None = None

    @property
    def all_suffixes(self) -> tuple[str, ...]:
        """Every suffix under which a file is recognised."""
        return tuple(dict.fromkeys((*self.suffixes, *self.also, *(f".{name.lower()}" for name in self.names))))

    def __post_init__(self) -> None:
        if self.measurements is None and self.table is None and self.contents is None:
            raise ValueError(f"the format {self.name} says neither measurements nor table nor contents")
