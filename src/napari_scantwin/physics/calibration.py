"""Calibration curves: relative resistance R/R0 against hydrogen content, as published or measured by the user.

None is built in: a curve holds for one form of the metal (wire, foil, film), one way of loading and one temperature,
so it is the user's to choose, and its source is named in everything that comes from it. Between the curve's points
it is a straight line.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import read_table

__all__ = ["Calibration", "Piece", "read_calibration"]

#: A reversal of the curve that is less than this many of its own errors is scatter, not a branch.
_ERRORS = 2.0


@dataclass(frozen=True)
class Piece:
    """A stretch of the curve along which R/R0 only rises or only falls with the hydrogen content.

    Parameters
    ----------
    name
        "rising", "falling", or "rising 2" where the curve has several.
    content
        H/Pd [m], ascending.
    relative
        R/R0 [m].
    """

    name: str
    content: np.ndarray
    relative: np.ndarray

    @property
    def lowest(self) -> float:
        """The least R/R0 the stretch holds."""
        return float(self.relative.min())

    @property
    def highest(self) -> float:
        """The greatest R/R0 the stretch holds."""
        return float(self.relative.max())

    def covers(self, relative: np.ndarray) -> np.ndarray:
        """Which values of R/R0 the stretch holds."""
        return (relative >= self.lowest) & (relative <= self.highest)

    def read(self, relative: np.ndarray) -> np.ndarray:
        """The hydrogen content at R/R0; beyond the stretch that of its end."""
        order = 1 if self.relative[-1] > self.relative[0] else -1
        return np.interp(relative, self.relative[::order], self.content[::order])


@dataclass(frozen=True)
class Calibration:
    """A calibration curve: R/R0 against hydrogen content.

    Parameters
    ----------
    content
        H/Pd [n], ascending.
    relative
        R/R0 [n] there.
    source
        Where the curve was taken from.
    errors
        One standard deviation of R/R0 [n], where known; a single number for all will do.

    Raises
    ------
    ScanError
        Where the source is missing, or the columns are too short, not finite, not positive or hold a content twice.
    """

    content: np.ndarray
    relative: np.ndarray
    source: str
    errors: np.ndarray | float = 0.0

    def __post_init__(self):
        content, relative = (np.asarray(one, float).ravel() for one in (self.content, self.relative))
        if not str(self.source).strip():
            raise ScanError("a calibration curve needs its source: source='authors, journal, year' or 'own, run 12'")
        if len(content) != len(relative) or len(content) < 2:
            raise ScanError(
                f"a calibration curve needs two columns of equal length and two points at least; it has {len(content)} "
                f"contents and {len(relative)} values of R/R0"
            )
        if not (np.isfinite(content).all() and np.isfinite(relative).all()):
            raise ScanError("the calibration curve holds numbers that are not finite; remove those rows")
        if (relative <= 0).any():
            raise ScanError("R/R0 of the calibration curve must be positive; are its columns exchanged?")
        order = np.argsort(content, kind="stable")
        if (np.diff(content[order]) == 0).any():
            twice = content[order][:-1][np.diff(content[order]) == 0][0]
            raise ScanError(
                f"the calibration curve has two values of R/R0 at the hydrogen content {twice:g}; where loading and "
                "unloading differ, give them as two curves"
            )
        errors = np.broadcast_to(np.asarray(self.errors, float), content.shape)
        if not (np.isfinite(errors).all() and (errors >= 0).all()):
            raise ScanError("the calibration curve's errors must be finite and not negative")
        for name, column in (("content", content), ("relative", relative), ("errors", errors)):
            column = column[order]
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    def pieces(self) -> list[Piece]:
        """The curve's stretches, in order of hydrogen content; reversals within its errors are smoothed over."""
        turns = self._turns()
        found = []
        for start, end in itertools.pairwise(turns):
            content, relative = self.content[start : end + 1], self.relative[start : end + 1]
            rises = relative[-1] > relative[0]
            smooth = isotonic_regression(relative, increasing=bool(rises)).x
            # A level stretch determines no content: its middle stands for it.
            level, inverse = np.unique(smooth, return_inverse=True)
            middle = np.bincount(inverse, content) / np.bincount(inverse)
            order = np.argsort(middle)
            found.append((("falling", "rising")[int(rises)], middle[order], level[order]))
        names = [name for name, *_ in found]
        number = {name: 0 for name in names}
        pieces = []
        for name, content, relative in found:
            number[name] += 1
            pieces.append(Piece(f"{name} {number[name]}" if names.count(name) > 1 else name, content, relative))
        return pieces

    def _turns(self) -> list[int]:
        """Places of the curve's ends and of the extremes between which it turns round."""
        turns, extreme, direction = [0], 0, 0
        for place in range(1, len(self.relative)):
            change = self.relative[place] - self.relative[extreme]
            told = abs(change) > _ERRORS * np.hypot(self.errors[place], self.errors[extreme])
            if direction == 0:
                if told:
                    direction, extreme = np.sign(change), place
            elif change * direction >= 0:
                extreme = place
            elif told:
                turns.append(extreme)
                direction, extreme = -direction, place
        if direction == 0:
            raise ScanError("R/R0 of the calibration curve does not change beyond its errors; it tells no content")
        return [*turns, len(self.relative) - 1]


def read_calibration(
    path: str | Path,
    *,
    source: str,
    content: str | int | None = None,
    relative: str | int | None = None,
    errors: str | int | None = None,
    sheet: str | None = None,
) -> Calibration:
    """A calibration curve from a table (text or spreadsheet).

    Parameters
    ----------
    path
        The table's file.
    source
        Where the curve comes from; it is not optional.
    content, relative
        The columns of H/Pd and of R/R0, by header or 1-based number. Without them a table of two columns is read by its
        headers: one that begins with H/ or D/ and one that begins with R/. A column in per cent is converted.
    errors
        The column of the standard deviations of R/R0, if there is one.
    sheet
        The sheet of a spreadsheet.

    Returns
    -------
    Calibration
        The curve, without rows that are not finite.

    Raises
    ------
    ScanError
        Where the columns cannot be found or are no plain ratios, or the curve will not do.
    """
    table = read_table(path, sheet)
    if content is None and relative is None:
        plain = {header: units.split_label(header)[0].replace(" ", "").upper() for header in table.headers}
        contents = [header for header, name in plain.items() if name.startswith(("H/", "D/"))]
        relatives = [header for header, name in plain.items() if name.startswith("R/")]
        if len(contents) != 1 or len(relatives) != 1:
            raise ScanError(
                f"{table.name}: the columns {', '.join(table.headers)} do not say which is H/Pd and which R/R0; name "
                "them with content='...' and relative='...'"
            )
        content, relative = contents[0], relatives[0]
    elif content is None or relative is None:
        raise ScanError(f"{table.name}: name both columns, content='...' and relative='...'")
    columns = [_column(table, one) for one in (content, relative)]
    deviation = 0.0 if errors is None else _column(table, errors)
    kept = np.isfinite(columns[0]) & np.isfinite(columns[1])
    if errors is not None:
        deviation = deviation[kept]
    return Calibration(columns[0][kept], columns[1][kept], source, deviation)


def _column(table, wanted: str | int) -> np.ndarray:
    header = wanted
    if isinstance(wanted, int) and 1 <= wanted <= len(table.headers):
        header = table.headers[wanted - 1]
    if header not in table.columns:
        raise ScanError(f"{table.name}: there is no column {wanted!r}; the file has {', '.join(table.headers)}")
    unit = table.units[header]
    if unit is None:
        return table.columns[header]
    if not units.compatible(unit, "dimensionless"):
        raise ScanError(f"{table.name}: the column {header!r} is in {units.pretty(unit)}; it must be a plain ratio")
    return units.convert(table.columns[header], unit, "dimensionless")
