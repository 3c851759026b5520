"""A table of numbers to CSV, with where it came from in ``#`` lines."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_scantwin.core import source_hash
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path

__all__ = ["write_table"]


def write_table(
    path: str | Path,
    heads: Sequence[str],
    rows: Sequence[Sequence[float | int | str]],
    about: Mapping[str, object] | None = None,
) -> Path:
    """Write a table of numbers as CSV, whole or not at all.

    Numbers are written in full, so that they read back to the last bit; NaN is an empty cell.

    Parameters
    ----------
    path
        The file, with the suffix ``.csv``.
    heads
        The columns' heads, each with its unit in parentheses.
    rows
        The rows, one cell a head.
    about
        Where the numbers came from; one ``# key: value`` line each.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ScanError
        For another suffix than ``.csv``, or no rows.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise ScanError(f"{path.name}: a table is written as .csv")
    if not rows:
        raise ScanError(f"{path.name}: the table has no rows yet; there is nothing to write")
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        for key, value in (about or {}).items():
            file.write(f"# {key}: {' '.join(source_hash.resolved(str(value)).split())}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows([_cell(one) for one in row] for row in rows)
    return path


def _cell(value: float | int | str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return str(int(value))
    return "" if np.isnan(value) else repr(float(value))
