"""Spreadsheets (``.xlsx``), by the same route as text."""

from __future__ import annotations

import warnings

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.tables.layout import rows_to_table
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["FORMATS", "spreadsheet_table"]


def spreadsheet_table(file: DataFile, sheet: str | None = None) -> ColumnTable:
    """The table in a sheet of a spreadsheet; formulas give their stored values.

    Parameters
    ----------
    file
        The file.
    sheet
        The sheet's name; by default the first.

    Raises
    ------
    ScanError
        Where the file is damaged, there is no such sheet, or it holds no table.
    """
    import openpyxl

    path = file.path

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles openpyxl does not know are no concern here
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as reason:  # a damaged zip or XML raises many kinds
        raise ScanError(f"{path.name} is not a whole .xlsx spreadsheet; save it again from the spreadsheet") from reason
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise ScanError(f"{path.name} has no sheet {sheet!r}; its sheets are {', '.join(book.sheetnames)}")
        rows = []
        for number, row in enumerate(book[sheet or book.sheetnames[0]].iter_rows(values_only=True), 1):
            cells = ["" if cell is None else str(cell) for cell in row]
            if any(cells):
                rows.append((number, cells))
    finally:
        book.close()
    if not rows:
        raise ScanError(f"{path.name} has an empty sheet; there is no scan in it")
    filled = [number for number in range(len(rows[-1][1])) if any(number < len(c) and c[number] for _, c in rows)]
    return rows_to_table(path.name, [(line, [cells[n] for n in filled]) for line, cells in rows])


FORMATS = (
    Format(
        name="spreadsheet",
        title="Spreadsheet",
        suffixes=(".xlsx",),
        level=Level.PLAIN,
        holds="one sheet",
        reads="The columns of one sheet, as of delimited text; formulas give the values stored with them. Other sheets "
        "are left out.",
        table=spreadsheet_table,
        asks=Asks.COLUMNS,
    ),
)
