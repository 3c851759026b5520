"""Spreadsheets (``.xlsx``, ``.xls``, ``.ods``), by the same route as text."""

from __future__ import annotations

from dataclasses import replace

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.tables.layout import rows_to_table
from napari_scantwin.readers.tables.sheet_cells import Unreadable, cells_of
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["FORMATS", "spreadsheet_table"]

#: How a zip archive begins, and the files of Office before 2007; text is often called .xls too.
_BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def is_spreadsheet(file: DataFile) -> bool:
    """Whether a file is a spreadsheet, not text that is called one."""
    return file.suffix != ".xls" or file.head.startswith(_BEGINNINGS)


def spreadsheet_table(file: DataFile, sheet: str | None = None) -> ColumnTable:
    """The table in a sheet of a spreadsheet; formulas give their stored values.

    Parameters
    ----------
    file
        The file.
    sheet
        The sheet's name; by default the first that holds anything.

    Raises
    ------
    ScanError
        Where the file is damaged, there is no such sheet, or it holds no table.
    """
    file.must_exist()
    try:
        name, sheets, rows = cells_of(file.path, sheet)
    except Unreadable as reason:
        raise ScanError(f"{file.name} {reason}") from reason
    width = max(len(cells) for _, cells in rows)
    rows = [(line, cells + [""] * (width - len(cells))) for line, cells in rows]
    filled = [number for number in range(width) if any(cells[number] for _, cells in rows)]
    table = rows_to_table(file.name, [(line, [cells[n] for n in filled]) for line, cells in rows])
    others = [f"the sheet {one!r}" for one in sheets if one != name]
    return replace(table, attrs=with_left_out(table.attrs, *others))


FORMATS = (
    Format(
        name="spreadsheet",
        title="Spreadsheet",
        suffixes=(".xlsx", ".xls", ".ods"),
        also=(".xlsm", ".xlsb"),
        level=Level.PLAIN,
        holds="one sheet",
        reads="The columns of one sheet, the one that is chosen or the first that holds anything, as of delimited "
        "text; formulas give the values stored with them, cells that show an error (`#N/A`) are missing. Other sheets "
        "are left out, and said in the scan's `notes`.",
        table=spreadsheet_table,
        recognises=is_spreadsheet,
        asks=Asks.COLUMNS,
    ),
)
