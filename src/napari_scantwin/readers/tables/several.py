"""Files of several tables: each that says what its columns are is a measurement, any other can be asked for by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.table import ColumnTable, guess, table_to_scan

__all__ = ["picked", "plain_measurements"]


def plain_measurements(tables: Mapping[str, ColumnTable]) -> list[Measurement]:
    """A measurement of each table whose columns say what they are, the largest first.

    Parameters
    ----------
    tables
        The file's tables by their names.

    Returns
    -------
    list of Measurement
        With the tables' names as keys where there are several; none where people have to be asked.
    """
    choices = {name: guess(table) for name, table in tables.items()}
    unclear = [name for name, choice in choices.items() if choice is None]
    said = f"{', '.join(unclear)}, whose columns do not say what they are (choose it to name them)" if unclear else ""
    found = []
    for name, choice in choices.items():
        if choice is not None:
            table = tables[name]
            scan = table_to_scan(replace(table, attrs=with_left_out(table.attrs, said)), choice)
            title = f"{name}, {scan.size} points of {str(scan.name).replace('_', ' ')}"
            found.append(Measurement(name if len(tables) > 1 else "", title, scan))
    return sorted(found, key=lambda one: -one.scan.size)


def picked(file: str, tables: Mapping[str, ColumnTable], name: str | None) -> ColumnTable:
    """One table of a file, for people to say what its columns are.

    Parameters
    ----------
    file
        The file's name, for errors.
    tables
        Its tables by their names.
    name
        Which of them; by default the one with most readings.

    Raises
    ------
    ScanError
        Where there is no such table.
    """
    if name is not None:
        if name not in tables:
            raise ScanError(f"{file} has no table {name!r}; its tables are {', '.join(tables)}")
        return tables[name]
    table = tables[max(tables, key=lambda one: len(tables[one].lines) * len(tables[one].columns))]
    return replace(table, attrs={**table.attrs, "choices": "; ".join(tables)}) if len(tables) > 1 else table
