"""The one way from a path to its measurements: a file is opened, and what is asked of it is parsed once."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import xarray as xr

from napari_scantwin.core import branches
from napari_scantwin.core.errors import Cancelled, NeedsAxes, ScanError
from napari_scantwin.core.notes import with_left_out, with_notes
from napari_scantwin.readers.arrays import contents as arrays
from napari_scantwin.readers.arrays.hdf5_open import is_hdf5
from napari_scantwin.readers.arrays.hdf5_probe import refuse_dangerous
from napari_scantwin.readers.arrays.hdf5_tools import tree
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.registry import formats, formats_by_choice, suffixes
from napari_scantwin.readers.series import joining
from napari_scantwin.readers.sound import sound
from napari_scantwin.readers.tables.groups import group_measurements
from napari_scantwin.readers.tables.table import ColumnTable, choose, table_to_scan

__all__ = ["OpenedFile", "OpenedSeries", "is_series", "open_file"]

#: A note in a folder has fewer bytes.
_LONGEST_NOTE = 4096


def is_series(path: str | Path) -> bool:
    """Whether a path is a folder of files rather than a zarr store."""
    path = Path(path)
    return path.suffix.lower() != ".zarr" and path.is_dir()


def open_file(path: str | Path | Sequence[str | Path], *, sheet: str | None = None) -> OpenedFile | OpenedSeries:
    """Open a file, several files of one scan, or a folder of them.

    Parameters
    ----------
    path
        The file, or several, or a folder.
    sheet
        The sheet of a spreadsheet (default: the first).

    Returns
    -------
    OpenedFile or OpenedSeries
        What is asked of it is parsed when it is asked for the first time, and kept.

    Raises
    ------
    ScanError
        Where there is no such file, it is of no kind that can be opened, or HDF5 of a damage that would crash the
        program.
    """
    if isinstance(path, (list, tuple)):
        if not path:
            raise ScanError("no file was given")
        if len(path) > 1:
            if not all(one and os.fspath(one) for one in path):
                raise ScanError("one of the files has an empty name; leave it out")
            return OpenedSeries([Path(one) for one in path], sheet)
        (path,) = path
    if not path or not os.fspath(cast(str | Path, path)):
        raise ScanError("no file was given")
    one = Path(cast(str | Path, path))
    if is_series(one):
        files, passed_over = joining.files_of_folder(one, suffixes(), _table_suffixes(), _level)
        if len(files) > 1:
            return OpenedSeries(files, sheet, one, passed_over)
        return OpenedFile(files[0], sheet, passed_over)
    return OpenedFile(one, sheet)


def _level(path: Path) -> int | None:
    """How particular the format is that recognises a file which may hold a table; None of a short text without one,
    which is a note."""
    file = DataFile(path)
    known = [one for one in formats() if file.suffix in one.all_suffixes and one.recognises(file)]
    least = min(known, key=lambda one: one.level)
    if least.measurements is None and least.table is not None and 0 < len(file.head) < _LONGEST_NOTE:
        try:
            if len(least.table(file, None).lines) < 2:
                return None
        except ScanError:
            return None
    return least.level


def _table_suffixes() -> list[str]:
    """Suffixes of files that hold notes as often as scans."""
    return [suffix for one in formats() if one.table is not None for suffix in one.all_suffixes]


class OpenedFile:
    """A file that was opened, made by :func:`open_file`; what is asked of it is parsed once."""

    def __init__(self, path: Path, sheet: str | None = None, passed_over: Sequence[str] = ()):
        self.path = path
        self._notes = [f"left out: {one}" for one in passed_over]
        self._file = DataFile(path)
        self._sheet = sheet
        self._formats = [one for one in formats() if self._file.suffix in one.all_suffixes]
        if self._formats:
            self._must_exist()
        refuse_dangerous([path])
        if path.is_file() and is_hdf5(path):
            refuse_dangerous(tree(self._file).beside)
            self._notes += tree(self._file).notes
        self._tried: dict[tuple, list[Measurement] | NeedsAxes] = {}
        self._remembered: Measurement | None = None
        self._table: ColumnTable | None = None
        self._contents: arrays.Contents | None = None
        self._groups: list[Measurement] | None = None

    @property
    def table(self) -> ColumnTable:
        """The table in the file, before anyone says what its columns are; :class:`ScanError` where there is none."""
        if self._table is None:
            self._table = self._table_named(self._sheet)
        return self._table

    def _table_named(self, name: str | None) -> ColumnTable:
        """One of the file's tables, or its only one."""
        self._must_be_known()
        tables = [one for one in self._formats if one.table is not None]
        # One that does not recognise the file says best what it is not.
        reader = next((one for one in tables if one.recognises(self._file)), tables[-1] if tables else None)
        if reader is None or reader.table is None:
            kinds = ", ".join(dict.fromkeys(_table_suffixes()))
            raise ScanError(f"{self.path.name} cannot be opened as a table; the kinds that can are {kinds}")
        try:
            return reader.table(self._file, name)
        except ImportError as reason:
            if reader.extra is None:
                raise
            raise ScanError(reader.extra.missing(self.path.name)) from reason

    @property
    def contents(self) -> arrays.Contents | None:
        """The arrays in the file, before anyone says what they are; None for files of another kind."""
        reader = next((one.contents for one in self._formats if one.contents is not None), None)
        if self._contents is None and reader is not None:
            self._contents = reader(self._file)
        return self._contents

    @property
    def choices(self) -> list[Measurement]:
        """The measurements one can choose from, the likeliest first; none where the file holds just one scan or a
        table.

        Raises
        ------
        NeedsAxes
            Where the file's arrays have to be named first.
        """
        return [one for one in self.measurements() if one.key]

    def measurements(self, choice: str | None = None) -> list[Measurement]:
        """Every measurement of the file, the likeliest first; none of a table, but of tables side by side that say what
        they are one each.

        Parameters
        ----------
        choice
            Naming a loader, as in ``"erlab:i05"``, it gives the measurements that loader finds.

        Returns
        -------
        list of Measurement
            The measurements, with the file's name and SHA-256 in their scans' attributes.

        Raises
        ------
        NeedsAxes
            Where the file's arrays have to be named first.
        ScanError
            Where the file is damaged or of no kind that can be opened.
        """
        found, lack = self._find(choice)
        if found:
            return found
        if lack is not None and (_loader(choice) is not None or self.contents is None):
            # The labels of its axes are too few to know the layout by another time.
            raise NeedsAxes(str(lack), self._offered(lack)) from lack
        if self.contents is None:
            return self._of_groups(choice)
        if self._remembered is None:
            self._remembered = self._of_remembered_arrays(lack)
        return [self._remembered]

    def scan(self, **how) -> xr.DataArray:
        """The scan of :meth:`measurement`, with the same arguments."""
        return self.measurement(**how).scan

    def _of_groups(self, choice: str | None) -> list[Measurement]:
        """The measurements of tables side by side in one that say what they are."""
        if not any(one.table is not None for one in self._formats):
            return []
        if self._groups is None:
            try:
                self._groups = [replace(one, scan=self._sourced(one.scan)) for one in group_measurements(self.table)]
            except ScanError:  # said by whoever asks for the table
                self._groups = []
        known = choice is None or any(one.key == choice for one in self._groups)
        return self._groups if known else []

    def measurement(
        self,
        *,
        choice: str | None = None,
        axes: Sequence[str] | None = None,
        value: str | None = None,
        error: str | None = None,
        along: str | None = None,
        on_progress: Callable[[float], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Measurement:
        """One measurement of the file; arguments and errors are those of :func:`napari_scantwin.readers.read`.

        ``along``, ``on_progress`` and ``stop`` have no effect on a single file.
        """
        if not axes and not value:
            if found := self.measurements(choice):
                return self._chosen(found, choice)
        else:
            found, lack = self._find(choice, named=True)
            if found:
                return self._chosen(found, choice)
            contents = self._offered(lack) if lack is not None else self.contents
            if contents is not None:
                return self._of_arrays(contents, axes, value)
        table = self.table if choice is None else self._table_named(choice.split(" | ")[0])
        scan = table_to_scan(table, choose(table, axes, value, error))
        return Measurement("", self.path.stem, self._sourced(scan))

    def _must_exist(self) -> None:
        self._file.must_exist()

    def _must_be_known(self) -> None:
        """Refuse a file that nothing can open but a loader that is chosen for it."""
        if not self._formats:
            kinds = ", ".join(suffixes())
            raise ScanError(f"{self.path.name}: files of this kind cannot be opened; the kinds are {kinds}")

    def _find(self, choice: str | None, named: bool = False) -> tuple[list[Measurement], NeedsAxes | None]:
        """What the formats find that know the file, or what one of them lacks. Where axes are ``named``, formats are
        passed over of which the names mean a plain table's columns or bare arrays."""
        try:
            loader = _loader(choice)
            if loader is not None and choice is not None:
                self._must_exist()
                return self._by(loader, choice), None
            return self._by_level(named), None
        except NeedsAxes as reason:
            return [], reason

    def _by_level(self, named: bool) -> list[Measurement]:
        """What the most particular formats find that find anything; the file's default first, then the largest, where
        several do."""
        self._must_be_known()
        for _, level in itertools.groupby(self._formats, key=lambda one: one.level):
            asked = [one for one in level if one.measurements is not None]
            asked = [one for one in asked if not (named and one.asks in (Asks.COLUMNS, Asks.ARRAYS))]
            parts = [found for one in asked if one.recognises(self._file) and (found := self._by(one))]
            if len(parts) > 1:
                return sorted(itertools.chain(*parts), key=lambda one: (not one.default, -one.scan.size))
            if parts:
                return parts[0]
        return []

    def _by(self, reader: Format, *choice: str) -> list[Measurement]:
        """What one format finds, parsed once."""
        key = (reader.name, *choice)
        if key not in self._tried and reader.measurements is not None:
            try:
                found = reader.measurements(self._file, *choice)
                own = reader.level == Level.OWN
                self._tried[key] = [replace(one, scan=self._sourced(one.scan, own)) for one in found]
            except NeedsAxes as reason:
                self._tried[key] = reason
            except ImportError as reason:
                if reader.extra is None:
                    raise
                raise ScanError(reader.extra.missing(self.path.name)) from reason
        tried = self._tried[key]
        if isinstance(tried, NeedsAxes):
            raise tried
        return tried

    def _offered(self, lack: NeedsAxes) -> arrays.Contents:
        """What a format got of the file before an axis lacked its unit."""
        if lack.offered is None:
            raise lack
        return arrays.contents_of(self.path.name, lack.offered)

    def _of_remembered_arrays(self, lack: NeedsAxes | None) -> Measurement:
        """The measurement that the choice makes which was remembered for files of this layout.

        Raises :class:`NeedsAxes` where there is none, with what can be chosen from.
        """
        try:
            return self._of_arrays(cast(arrays.Contents, self.contents), None, None)
        except NeedsAxes as reason:
            hint = "".join(one.offer(self._file.suffix) for one in formats_by_choice() if one.offer is not None)
            raise NeedsAxes(f"{lack or reason}{hint}", self.contents) from reason

    def _of_arrays(self, contents: arrays.Contents, axes: Sequence[str] | None, value: str | None) -> Measurement:
        scan = arrays.scan_chosen(contents, arrays.chosen(contents, axes, value))
        return Measurement(self.path.stem, self.path.stem, self._sourced(scan))

    def _chosen(self, found: list[Measurement], choice: str | None) -> Measurement:
        keys = [one.key for one in found if one.key]
        if choice is not None and keys and _loader(choice) is None:
            match = [one for one in found if one.key == choice or one.key.split(" | ")[0] == choice]
            if not match:
                raise ScanError(f"{self.path.name} has no measurement {choice!r}; it has {'; '.join(keys)}")
            return match[0]
        if len(found) == 1:
            return found[0]
        return replace(found[0], scan=found[0].scan.assign_attrs(choices="; ".join(keys)))

    def _sourced(self, scan: xr.DataArray, own: bool = False) -> xr.DataArray:
        """The scan, made sound, its branches marked, with its file's name and SHA-256; one that this program wrote
        stays as it was, and an exported one keeps those of the file it came from."""
        if not (own or "napari-scantwin" in str(scan.attrs.get("versions", ""))):
            scan = branches.marked(sound(scan))
        if self._notes:
            scan = scan.assign_attrs(with_notes(scan.attrs, *self._notes))
        if scan.attrs.get("source"):
            return scan
        return scan.assign_attrs(source=self.path.name, sha256=self._file.sha256)


def _loader(choice: str | None) -> Format | None:
    """The format that a choice names, of those that are never tried unasked."""
    return next((one for one in formats_by_choice() if choice is not None and choice.startswith(one.by_choice)), None)


class OpenedSeries:
    """Several files of one sweep or cut (or a few) each that make one scan, made by :func:`open_file`. What can be
    chosen, and what has to be asked, is the first file's."""

    def __init__(
        self,
        paths: Sequence[Path],
        sheet: str | None = None,
        folder: Path | None = None,
        passed_over: Sequence[str] = (),
    ):
        refuse_dangerous(paths)  # all in one go: each alone would take as long
        self._paths = list(paths)
        self._sheet = sheet
        self._folder, self._passed_over = folder, passed_over
        self.first = open_file(self._paths[0], sheet=sheet)
        self._parts: tuple[tuple, list[xr.DataArray]] | None = None

    @property
    def table(self) -> ColumnTable:
        """The first file's table."""
        return self.first.table

    @property
    def contents(self) -> arrays.Contents | None:
        """The first file's arrays."""
        return self.first.contents

    @property
    def choices(self) -> list[Measurement]:
        """The first file's measurements; the same one is meant of every file."""
        return self.first.choices

    def measurements(self, choice: str | None = None) -> list[Measurement]:
        """The first file's measurements."""
        return self.first.measurements(choice)

    def scan(self, **how) -> xr.DataArray:
        """The scan of :meth:`measurement`, with the same arguments."""
        return self.measurement(**how).scan

    def measurement(
        self,
        *,
        choice: str | None = None,
        axes: Sequence[str] | None = None,
        value: str | None = None,
        error: str | None = None,
        along: str | None = None,
        on_progress: Callable[[float], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Measurement:
        """The files joined; arguments and errors are those of :func:`napari_scantwin.readers.read`.

        Where the axis that was scanned from file to file has to be asked for, the files are not read again for the
        answer.
        """
        told = (choice, None if axes is None else tuple(axes), value, error)
        if self._parts is None or self._parts[0] != told:
            self._parts = (told, self._read(told, on_progress, stop))
        scan = joining.joined(self._parts[1], [path.name for path in self._paths], along)
        self._parts = None
        if self._folder is not None:
            scan = scan.assign_attrs(source=f"{self._folder.name}, {len(self._paths)} files")
            scan.attrs = with_left_out(scan.attrs, *self._passed_over)
        return Measurement("", str(scan.name), scan)

    def _read(self, told: tuple, on_progress, stop) -> list[xr.DataArray]:
        how = dict(zip(("choice", "axes", "value", "error"), told, strict=True))
        parts = []
        for number, path in enumerate(self._paths):
            if stop is not None and stop.is_set():
                raise Cancelled
            if on_progress is not None:
                on_progress(number / len(self._paths))
            file = open_file(path, sheet=self._sheet) if number else self.first
            parts.append(file.scan(**how))
        return parts
