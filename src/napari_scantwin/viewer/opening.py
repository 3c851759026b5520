"""From a path to a scan, asking the user where the file does not say."""

from __future__ import annotations

from pathlib import Path

from napari_scantwin.errors import NeedsColumns, ScanError
from napari_scantwin.readers import open_choices, read, read_table
from napari_scantwin.readers.table import ColumnChoice, remember
from napari_scantwin.viewer.open_dialog import ask_choice, ask_columns

__all__ = ["Plan", "load", "plan"]


class Plan:
    """How to read some files: the paths, the columns where they had to be asked, the measurement chosen."""

    def __init__(self, paths: list[Path], columns: ColumnChoice | None = None, key: str | None = None):
        self.paths, self.columns, self.key = paths, columns, key


def plan(paths: list[Path], parent=None) -> Plan | None:
    """Ask what has to be asked (in the main thread); None where the user cancels.

    Raises :class:`ScanError` where the first file cannot be read at all.
    """
    first = paths[0]
    choices = open_choices(first)
    if len(choices) > 1 and len(paths) == 1:
        chosen = ask_choice(first.name, choices, parent)
        return None if chosen is None else Plan(paths, key=chosen.key)
    if choices or first.suffix.lower() not in (".csv", ".tsv", ".txt", ".dat", ".xlsx"):
        return Plan(paths)
    try:
        read(first)
    except NeedsColumns as question:
        table = question.table if question.table is not None else read_table(first)
        columns = ask_columns(table, parent)
        if columns is None:
            return None
        remember(columns, table)
        return Plan(paths, columns)
    return Plan(paths)


def load(made: Plan):
    """The scan a plan describes, and the twin where the file is one; runs in any thread."""
    if made.paths[0].suffix.lower() == ".twin":
        from napari_scantwin.twin import Twin

        if len(made.paths) > 1:
            raise ScanError("open one .twin file at a time")
        twin = Twin.load(made.paths[0])
        return twin.scan, twin
    if made.columns is None:
        return read(made.paths, choice=made.key), None
    columns = made.columns
    error = None if columns.error is None else str(columns.error)
    return read(made.paths, axes=[str(axis) for axis in columns.axes], value=str(columns.value), error=error), None
