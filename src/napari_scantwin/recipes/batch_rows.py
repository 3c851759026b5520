"""What a batch found of its files: a row each, the table of all, and how both are kept from one run to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.findings import Table
from napari_scantwin.writers.tables import write_table

__all__ = ["BatchRow", "Store", "results_table"]

_FORMAT = 1
_ERROR = "held-out error"
_MOST_TEXT = 200_000_000


@dataclass(frozen=True)
class BatchRow:
    """What was found of one file.

    Parameters
    ----------
    file
        Its name.
    sweeps
        How many sweeps it holds; 0 where it could not be read.
    verdict
        The score of its twin in a sentence; empty where none was trained.
    made_of
        What its twin is made of, in a sentence.
    error
        The twin's held-out error, on inner sweeps; None where none was trained.
    share
        That error in per cent of the range of the values.
    figures
        What the analyses found: a label with the analysis's name, and the figure.
    written
        The names of the files written for it.
    notes
        Sentences about it.
    reason
        Why it, or a part of what was asked of it, could not be done; empty where all was.
    kept
        Whether the row is that of an earlier run.
    """

    file: str
    sweeps: int = 0
    verdict: str = ""
    made_of: str = ""
    error: Quantity | None = None
    share: float = np.nan
    figures: tuple[tuple[str, Quantity], ...] = ()
    written: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    kept: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values, for JSON."""
        told = asdict(self)
        del told["kept"]
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> BatchRow:
        """The inverse of :meth:`to_dict`."""
        error = told["error"]
        figures = tuple((label, Quantity(**one)) for label, one in told["figures"])
        lists = {name: tuple(told[name]) for name in ("written", "notes")}
        return cls(**{**told, **lists, "error": error and Quantity(**error), "figures": figures})


def results_table(rows: Sequence[BatchRow], about: Mapping[str, object] | None = None) -> Table:
    """All rows as a table.

    Parameters
    ----------
    rows
        A row a file.
    about
        What the table says of itself when it is written.

    Returns
    -------
    Table
        A column for every figure and its standard error, each with its unit; a figure that files have in different
        units has a column for each unit.
    """
    figures = [_numbered(row) for row in rows]
    told = [(label, one) for row in figures for label, one in row.items()]
    columns = sorted(dict.fromkeys((label, one.unit) for label, one in told), key=lambda column: column[0] != _ERROR)
    uncertain = {(label, one.unit) for label, one in told if np.isfinite(one.error)}
    heads: list[str] = ["file", "sweeps"]
    for label, unit in columns:
        title = _titled(label, unit)
        heads += [title, f"standard error of {title}"] if (label, unit) in uncertain else [title]
    heads += ["held-out error (% of range)", "verdict", "made of", "notes", "not done because"]
    cells: list[list[float | int | str]] = []
    texts: list[list[str]] = []
    for row, found in zip(rows, figures, strict=True):
        numbers: list[float] = []
        shown = []
        for label, unit in columns:
            one = found.get(label)
            one = Quantity(np.nan, np.nan, unit) if one is None or one.unit != unit else one
            numbers += [one.value, one.error] if (label, unit) in uncertain else [one.value]
            shown.append("" if np.isnan(one.value) else str(replace(one, unit="dimensionless")))
        words = [_line(row.verdict), _line(row.made_of), " ".join(row.notes), row.reason]
        cells.append([row.file, row.sweeps or "", *numbers, row.share, *words])
        texts.append([row.file, str(row.sweeps or ""), row.reason or _line(row.verdict) or "done", *shown])
    titles = [_titled(label, unit).replace(" (", "\n(") for label, unit in columns]
    short = ["file", "sweeps", "verdict, or why not done", *titles]
    return Table(heads, cells, dict(about or {}), (short, texts, [None] * len(texts)))


def _titled(label: str, unit: str) -> str:
    shown = units.pretty(unit)
    return f"{label} ({shown})" if shown else label


def _numbered(row: BatchRow) -> dict[str, Quantity]:
    """A row's figures by label, those of one label numbered."""
    found = {} if row.error is None else {_ERROR: row.error}
    for label, one in row.figures:
        name, number = label, 2
        while name in found:
            name, number = f"{label} {number}", number + 1
        found[name] = one
    return found


def _line(text: str) -> str:
    return " ".join(text.split())


class Store:
    """The rows in a folder, written whole after every file: ``results.csv`` to be read, ``results.json`` to go on from.

    Parameters
    ----------
    folder
        Where.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._recipe: dict[str, Any] = {}
        self._about: dict[str, str] = {}
        self._entries: dict[str, dict[str, Any]] = {}

    @property
    def table(self) -> Path:
        """The table that is read."""
        return self.folder / "results.csv"

    @property
    def _file(self) -> Path:
        return self.folder / "results.json"

    def begin(self, recipe: Mapping[str, Any], about: Mapping[str, str], afresh: bool) -> None:
        """Take up what an earlier run left.

        Parameters
        ----------
        recipe
            What is to be done, as plain values: rows of another recipe are not mixed with these.
        about
            What the table says of itself.
        afresh
            Whether to begin anew in any case.

        Raises
        ------
        ScanError
            Where the folder holds the results of another recipe, or a file of that name is something else.
        """
        self._recipe, self._about = dict(recipe), dict(about)
        if afresh or not self._file.exists():
            return
        try:
            if self._file.stat().st_size > _MOST_TEXT:
                raise ValueError
            told = json.loads(self._file.read_text(encoding="utf-8"))
            if told["format"] != _FORMAT:
                raise ValueError
            before, self._entries = told["recipe"], dict(told["files"])
            for entry in self._entries.values():
                BatchRow.from_dict(entry["row"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ScanError(
                f"{self._file} is no table of results of this program; choose another folder, or begin afresh"
            ) from None
        if before != json.loads(json.dumps(self._recipe)):
            raise ScanError(
                f"{self.folder} holds the results of another recipe; choose another folder, or begin afresh"
            )

    def known(self, key: str, mark: Any) -> BatchRow | None:
        """The row of a file that has not changed since, of which all was done and all that was written is there."""
        entry = self._entries.get(key)
        if entry is None or entry["mark"] != json.loads(json.dumps(mark)):
            return None
        row = BatchRow.from_dict(entry["row"])
        there = all((self.folder / name).exists() for name in row.written)
        return replace(row, kept=True) if there and not row.reason else None

    @property
    def taken(self) -> dict[str, str]:
        """What the files written for each file are called, by its key."""
        return {key: entry["stem"] for key, entry in self._entries.items()}

    def keep(self, key: str, stem: str, mark: Any, row: BatchRow) -> None:
        """Keep a row, and write both files.

        Raises
        ------
        NotWritten
            Where the disk fails.
        """
        self._entries[key] = {"stem": stem, "mark": mark, "row": row.to_dict()}
        with atomic_path(self._file) as temporary:
            told = {"format": _FORMAT, "recipe": self._recipe, "files": self._entries}
            temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        table = results_table([BatchRow.from_dict(one["row"]) for one in self._entries.values()], self._about)
        write_table(self.table, table.heads, table.rows, table.about)
