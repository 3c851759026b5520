"""The cells of a spreadsheet's sheet as text, found by a process of its own: ``python -P sheet_cells.py FILE [SHEET]``.

The library that reads spreadsheets asks for the room of a sheet's whole rectangle: of a damaged file, or one with a
single cell in the last row and column, for more memory than there is, which ends the process. Here that process is
not the one that holds somebody's work.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

__all__ = ["Unreadable", "cells_of"]

#: Characters of a cell that are read: Excel holds no more.
_LONGEST = 32_767
_SECONDS = 300
#: Memory a sheet may take: so much, and this many times its file's size.
_ADDRESS_SPACE, _TIMES = 2 << 30, 200


class Unreadable(Exception):
    """The cells cannot be read; the message is what follows the file's name in a sentence."""


def cells_of(path: Path, sheet: str | None = None) -> tuple[str, list[str], list[tuple[int, list[str]]]]:
    """The cells of one sheet.

    Parameters
    ----------
    path
        The file.
    sheet
        The sheet's name; by default the first that holds anything.

    Returns
    -------
    tuple
        The name of the sheet, the names of all sheets, and its rows that hold anything, as (number, cells). Numbers
        have all their digits; empty cells and those that show an error are empty texts.

    Raises
    ------
    Unreadable
        Where the file is damaged or protected, too large, or has no such sheet.
    """
    command = [sys.executable, "-P", __file__, str(path), *([] if sheet is None else [sheet])]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as reason:
        raise Unreadable(f"took more than {_SECONDS // 60} minutes to read; save its table as .csv") from reason
    except OSError:  # where no other process can be started
        found = list(_found(str(path), sheet))
    else:
        if done.returncode:
            raise Unreadable(
                "cannot be read: it is damaged, or a cell far from the others makes it larger than memory; copy its "
                "table alone into a new spreadsheet, or save it as .csv"
            )
        found = [json.loads(line) for line in done.stdout.splitlines()]
    head, rows = found[0], found[1:]
    if "refused" in head:
        raise Unreadable(head["refused"])
    return head["sheet"], head["sheets"], [(line, cells) for line, cells in rows]


def _found(path: str, sheet: str | None):
    """First what is said of the file, then each row that holds anything, as JSON has them."""
    import python_calamine

    kind = Path(path).suffix.lower()
    try:
        with python_calamine.load_workbook(path) as book:
            tables = [one.name for one in book.sheets_metadata if one.typ == python_calamine.SheetTypeEnum.WorkSheet]
            if sheet is not None and sheet not in tables:
                yield {"refused": f"has no sheet {sheet!r}; its sheets are {', '.join(tables)}"}
                return
            for name in tables if sheet is None else [sheet]:
                rows = list(_rows(book.get_sheet_by_name(name)))
                if rows:
                    yield {"sheet": name, "sheets": tables}
                    yield from rows
                    return
        yield {"refused": "has an empty sheet; there is no scan in it"}
    except python_calamine.PasswordError:
        yield {"refused": "is protected by a password; save it without one"}
    except Exception:  # a damaged zip, XML or record raises many kinds
        yield {"refused": f"is not a whole {kind} spreadsheet; save it again from the spreadsheet"}


def _rows(sheet):
    for number, row in enumerate(sheet.iter_rows(), (sheet.start or (0, 0))[0] + 1):
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield number, cells


def _text(cell) -> str:
    """A cell as text: a number with all its digits, a date in words."""
    return (repr(cell) if isinstance(cell, float) else str(cell))[:_LONGEST]


if __name__ == "__main__":
    try:
        import resource
    except ImportError:  # not on Windows
        pass
    else:
        most = _ADDRESS_SPACE + _TIMES * Path(sys.argv[1]).stat().st_size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for part in _found(*(sys.argv[1:3] if len(sys.argv) > 2 else (sys.argv[1], None))):
        print(json.dumps(part))
