"""From a path to a scan, asking the user where the file does not say."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, field, replace
from pathlib import Path

import xarray as xr

from napari_scantwin.core.errors import NeedsAxes, NeedsColumns, NeedsScannedAxis, ScanError
from napari_scantwin.readers import OpenedFile, OpenedSeries, open_file
from napari_scantwin.readers.arrays.contents import Contents
from napari_scantwin.readers.tables.table import ColumnChoice, ColumnTable, remember
from napari_scantwin.recipes import Opening
from napari_scantwin.viewer.canvas.layers import limits
from napari_scantwin.viewer.open.arrays_dialog import ask_arrays
from napari_scantwin.viewer.open.open_dialog import ask_choice, ask_columns
from napari_scantwin.viewer.open.series_dialog import ask_scanned_axis

__all__ = ["Opened", "OpeningPlan", "Question", "answer", "load", "open_now"]


@dataclass(frozen=True)
class OpeningPlan:
    """How to read some files, or a folder of them, as one scan: the columns where they had to be asked, the
    measurement chosen, what was scanned from file to file, and whether to ask (``ask``) what the file's columns or
    arrays are although the file, or an earlier answer, says it. ``file`` is what was opened and parsed before a
    question was asked."""

    paths: list[Path]
    columns: ColumnChoice | None = None
    key: str | None = None
    along: str | None = None
    ask: bool = False
    file: OpenedFile | OpenedSeries | None = field(default=None, compare=False, repr=False)

    @property
    def opening(self) -> Opening:
        """How the files are read, for a script or a session to read them so again."""
        paths, columns = tuple(str(path.absolute()) for path in self.paths), self.columns
        if columns is None:
            return Opening(paths, choice=self.key, along=self.along)
        axes, error = tuple(map(str, columns.axes)), None if columns.error is None else str(columns.error)
        return Opening(paths, axes, str(columns.value), error, self.key, self.along)


@dataclass(frozen=True)
class Question:
    """What has to be asked before a plan can be carried out: a table's columns, one of several choices, which of a
    file's arrays is the scan, or what was scanned from file to file."""

    plan: OpeningPlan
    table: ColumnTable | None = None
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


def load(plan: OpeningPlan, on_progress=None, stop=None) -> Opened | Question:
    """Carry out a plan, or say what must be asked first; runs in any thread and touches no widget. ``on_progress`` is
    told the fraction of files read, ``stop`` (a ``threading.Event``) is looked at between two.

    Raises :class:`ScanError` where a file cannot be read.
    """
    found = _load(plan, on_progress, stop)
    if isinstance(found, Opened):
        _ = found.contrast  # worked out here, where it may take its time
    return found


def _load(plan: OpeningPlan, on_progress, stop) -> Opened | Question:
    first = plan.paths[0]
    if first.suffix.lower() == ".twin" and len(plan.paths) > 1:
        raise ScanError("open one .twin file at a time")
    file = open_file(plan.paths) if plan.file is None else plan.file
    plan = replace(plan, file=file)
    if plan.ask and plan.columns is None:
        with contextlib.suppress(ScanError):  # neither arrays nor a table: it is opened as it is
            contents = file.contents
            # The answer speaks of what the file holds, whatever loader was to read it.
            plain = replace(plan, key=None)
            return Question(plain, contents=contents, table=file.table if contents is None else None)
    try:
        return _measured(plan, file, on_progress, stop)
    except NeedsScannedAxis as question:
        return Question(plan, series=question)
    except NeedsColumns as question:
        if plan.columns is not None:
            raise
        return Question(plan, table=question.table if question.table is not None else file.table)
    except NeedsAxes as question:
        if question.contents is None or plan.columns is not None:
            raise
        return Question(plan, contents=question.contents)


def _measured(plan: OpeningPlan, file: OpenedFile | OpenedSeries, on_progress, stop) -> Opened | Question:
    """The measurement the plan names, or the question which one is meant."""
    told = {"choice": plan.key, "along": plan.along, "on_progress": on_progress, "stop": stop}
    if plan.columns is not None:
        columns = plan.columns
        told["error"] = None if columns.error is None else str(columns.error)
        told |= {"axes": [str(axis) for axis in columns.axes], "value": str(columns.value)}
    elif plan.key is None and plan.along is None:
        choices, alone = file.choices, isinstance(file, OpenedFile)
        # Of several files of spectra the same region of each is meant.
        if len(choices) > 1 and (alone or choices[0].scan.name == "photoemission_intensity"):
            return Question(plan, choices=choices)
    found = file.measurement(**told)
    if found.twin is None:
        return Opened(found.scan, note=found.note)
    return Opened(found.scan, found.twin)


def answer(question: Question, parent=None) -> OpeningPlan | None:
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
    plan: OpeningPlan | None = OpeningPlan(paths)
    while plan is not None:
        found = load(plan)
        if isinstance(found, Opened):
            return found
        plan = answer(found, parent)
    return None
