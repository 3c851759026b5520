"""From a path to a scan, asking the user where the file does not say."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, replace
from pathlib import Path

import xarray as xr

from napari_scantwin.core.errors import NeedsAxes, NeedsColumns, NeedsScannedAxis, ScanError
from napari_scantwin.readers import is_series, open_choices, read, read_table
from napari_scantwin.readers.arrays import array_files
from napari_scantwin.readers.arrays.contents import Contents
from napari_scantwin.readers.arrays.hdf5_probe import refuse_dangerous
from napari_scantwin.readers.tables.table import ColumnChoice, Table, remember
from napari_scantwin.viewer.canvas.layers import limits
from napari_scantwin.viewer.open.arrays_dialog import ask_arrays
from napari_scantwin.viewer.open.open_dialog import ask_choice, ask_columns
from napari_scantwin.viewer.open.series_dialog import ask_scanned_axis

__all__ = ["Opened", "Plan", "Question", "answer", "load", "open_now"]


@dataclass(frozen=True)
class Plan:
    """How to read some files, or a folder of them, as one scan: the columns where they had to be asked, the
    measurement chosen, what was scanned from file to file, and whether to ask (``ask``) what the file's columns or
    arrays are although the file, or an earlier answer, says it."""

    paths: list[Path]
    columns: ColumnChoice | None = None
    key: str | None = None
    along: str | None = None
    ask: bool = False


@dataclass(frozen=True)
class Question:
    """What has to be asked before a plan can be carried out: a table's columns, one of several choices, which of a
    file's arrays is the scan, or what was scanned from file to file."""

    plan: Plan
    table: Table | None = None
    choices: list | None = None
    contents: Contents | None = None
    series: NeedsScannedAxis | None = None


@dataclass(frozen=True)
class Opened:
    """A scan, its twin where the file is one, and what is to be said beside."""

    scan: xr.DataArray
    twin: object = None
    note: str = ""

    @functools.cached_property
    def contrast(self) -> tuple[float, float]:
        """The colour limits of the scan."""
        return limits(self.scan)


def load(plan: Plan, on_progress=None, stop=None) -> Opened | Question:
    """Carry out a plan, or say what must be asked first; runs in any thread and touches no widget. ``on_progress`` is
    told the fraction of files read, ``stop`` (a ``threading.Event``) is looked at between two.

    Raises :class:`ScanError` where a file cannot be read.
    """
    refuse_dangerous(plan.paths)
    found = _load(plan, on_progress, stop)
    if isinstance(found, Opened):
        _ = found.contrast  # worked out here, where it may take its time
    return found


def _load(plan: Plan, on_progress, stop) -> Opened | Question:
    first = plan.paths[0]
    if first.suffix.lower() == ".twin":
        from napari_scantwin.twin import Twin
        from napari_scantwin.twin.storage import TooOld

        if len(plan.paths) > 1:
            raise ScanError("open one .twin file at a time")
        try:
            twin = Twin.load(first)
        except TooOld as reason:
            return Opened(reason.scan, note=f"Only its scan was opened: {reason}.")
        return Opened(twin.scan, twin)
    if plan.ask and plan.columns is None:
        if first.suffix.lower() in array_files.SUFFIXES and first.exists():
            return Question(plan, contents=array_files.contents(first))
        with contextlib.suppress(ScanError):  # no table: it is opened as it is
            return Question(plan, table=read_table(first))
    told = {"along": plan.along, "on_progress": on_progress, "stop": stop}
    try:
        if plan.columns is not None:
            columns = plan.columns
            error = None if columns.error is None else str(columns.error)
            axes = [str(axis) for axis in columns.axes]
            return Opened(read(plan.paths, axes=axes, value=str(columns.value), error=error, **told))
        if plan.key is None and plan.along is None:
            choices = open_choices(first)
            alone = len(plan.paths) == 1 and not is_series(first)
            # Of several files of spectra the same region of each is meant.
            if len(choices) > 1 and (alone or choices[0].scan.name == "photoemission_intensity"):
                return Question(plan, choices=choices)
            if choices and alone:
                return Opened(choices[0].scan)
        return Opened(read(plan.paths, choice=plan.key, **told))
    except NeedsScannedAxis as question:
        return Question(plan, series=question)
    except NeedsColumns as question:
        if plan.columns is not None:
            raise
        table = question.table if question.table is not None else read_table(first)
        return Question(plan, table=table)
    except NeedsAxes as question:
        if question.contents is None or plan.columns is not None:
            raise
        return Question(plan, contents=question.contents)


def answer(question: Question, parent=None) -> Plan | None:
    """Ask the user (in the main thread); None where they cancel."""
    if question.choices is not None:
        chosen = ask_choice(question.plan.paths[0].name, question.choices, parent)
        return None if chosen is None else replace(question.plan, key=chosen.key)
    if question.series is not None:
        along = ask_scanned_axis(question.series, parent)
        return None if along is None else replace(question.plan, along=along)
    asked = question.contents if question.contents is not None else question.table
    columns = (ask_arrays if question.contents is not None else ask_columns)(asked, parent)
    if columns is None:
        return None
    remember(columns, asked)
    return replace(question.plan, columns=columns)


def open_now(paths: list[Path], parent=None) -> Opened | None:
    """Load and ask in turns, all in this thread, as napari's own File > Open does; None where cancelled."""
    plan: Plan | None = Plan(paths)
    while plan is not None:
        found = load(plan)
        if isinstance(found, Opened):
            return found
        plan = answer(found, parent)
    return None
