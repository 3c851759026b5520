"""A parsed table, the choice of its columns, and the scan they make.

Shared by text files and spreadsheets, by the dialog that asks, and by Python and the command line, where a
column is given as ``"COLUMN=name[unit]"``: COLUMN is a header or a 1-based number, and ``=name`` or
``[unit]`` may be left out where the file says it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import xarray as xr

from napari_scantwin.core import energies, units, vocabulary
from napari_scantwin.core import scan as scans
from napari_scantwin.core.config import config_folder
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.core.notes import with_left_out, with_notes
from napari_scantwin.core.sweeps import find_sweeps, set_point_numbers, settled, turns

__all__ = [
    "Column",
    "ColumnChoice",
    "ColumnGroup",
    "ColumnTable",
    "choose",
    "guess",
    "is_error_column",
    "not_taken",
    "recall",
    "remember",
    "table_to_scan",
]

_ERRORS = ("std. err.", "std err", "standard error", "standard_error", "error", "sigma", "m. std. err.", "uncertainty")
#: What a column is called that numbers the rows.
_COUNTERS = (
    "index",
    "idx",
    "no",
    "no.",
    "nr",
    "nr.",
    "#",
    "n",
    "row",
    "point",
    "number",
    "step",
    "long name",
    "column 1",
)
#: Columns that are named in a note on what was left out; of more their number is said.
_MOST_NAMED = 8
#: An axis that changes in this share of the rows changes in nearly every row.
_NEARLY = 0.8
#: Up to so many passes of one axis are one measurement, such as a loop from zero; more are one that was repeated.
_MOST_PASSES = 3
#: The part of an axis's reach by which it turns back between two passes.
_TURN = 0.02
_AUXILIARY = ("masked", "extrapolated", "sweep")


@dataclass(frozen=True)
class Column:
    """One column in use: its header (or number) in the file, the scan's name for it, its unit."""

    source: str
    name: str
    unit: str

    def __str__(self) -> str:
        return f"{self.source}={self.name}[{self.unit}]"


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns are axes (any order), value and, where there is one, the value's standard error."""

    axes: tuple[Column, ...]
    value: Column
    error: Column | None = None


@dataclass(frozen=True)
class ColumnGroup:
    """Columns side by side that are a table of their own: what was scanned, and what was measured there.

    Parameters
    ----------
    title
        What stands above them, such as the sample; empty where nothing does.
    x
        The header of the column that was scanned.
    values
        The headers of those that were measured.
    """

    title: str
    x: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ColumnTable:
    """A parsed table.

    Parameters
    ----------
    name
        The file's name.
    columns
        The numbers [rows] of each column, by header.
    units
        Each header's unit, or None.
    lines
        Each row's line in the file [rows].
    attrs
        What the file says of itself.
    groups
        Where several tables stand side by side, each with its own scanned column: which columns are one. A row holds
        readings of each that have nothing to do with each other, and the shorter ones end in missing values.
    """

    name: str
    columns: dict[str, np.ndarray]
    units: dict[str, str | None]
    lines: np.ndarray
    attrs: dict = field(default_factory=dict)
    groups: tuple[ColumnGroup, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns' headers in file order."""
        return tuple(self.columns)


def guess(table: ColumnTable) -> ColumnChoice | None:
    """The choice that the headers make plain: known names with units; None where anything is open or two columns may be
    the value."""
    axes, value, error = [], None, None
    for header, unit in table.units.items():
        plain = vocabulary.split_label(header)[0]
        if plain.lower() in _ERRORS:
            error = (header, unit)
            continue
        if plain.lower() in _AUXILIARY or (plain.lower() in _COUNTERS and _counts(table.columns[header])):
            continue
        name = vocabulary.standard_name(plain, unit)
        if name is None or unit is None:
            if plain != header and unit is not None and header == table.headers[-1] and value is None:
                value = Column(header, _snake(plain), unit)
                continue
            return None
        column = Column(header, name, unit)
        term = vocabulary.term(name)
        if term is None or not term.value:
            axes.append(column)
        elif value is None:
            value = column
        else:
            return None
    if value is None and {"pressure", "hydrogen_content"} <= {axis.name for axis in axes}:
        value = next(axis for axis in axes if axis.name == "hydrogen_content")  # a pressure-composition isotherm
        axes.remove(value)
    axes = _without_a_clock(table, axes)
    if value is None or not axes or len({axis.name for axis in axes}) != len(axes):
        return None
    if value.name == "photoemission_intensity" and not {"energy", "angle"} & {axis.name for axis in axes}:
        return None  # an intensity, but of what?
    if value.name == "voltage" and "current" in {axis.name for axis in axes}:
        return None  # either may be set and the other measured
    return ColumnChoice(tuple(axes), value, error and Column(error[0], "standard_error", error[1] or value.unit))


def is_error_column(header: str) -> bool:
    """Whether a header says that its column holds the standard errors of another."""
    return vocabulary.split_label(header)[0].lower() in _ERRORS


def _counts(column: np.ndarray) -> bool:
    """Whether a column only numbers the rows."""
    return column[0] in (0, 1) and bool((np.diff(column) == 1).all())


def _without_a_clock(table: ColumnTable, axes: list[Column]) -> list[Column]:
    """The axes without a time that only runs on while another one is scanned: it says when, not at what, each reading
    was taken. Where one axis is gone through again and again, the time tells its passes apart and is kept."""
    others = [axis for axis in axes if axis.name != "time"]
    scanned = [column for axis in others if _changes(column := table.columns[axis.source]) >= _NEARLY]
    clocks = [axis for axis in axes if axis.name == "time" and (np.diff(table.columns[axis.source]) >= 0).all()]
    if not scanned or not clocks:
        return axes
    if len(others) == 1 and len(turns(scanned[0], _TURN * float(np.ptp(scanned[0])))) > _MOST_PASSES:
        return axes
    return others


def _changes(column: np.ndarray) -> float:
    """The share of the rows at which a column changes from one set point to another."""
    settled = scans.set_points(column) if len(column) > 1 and np.isfinite(column).all() else column
    return np.count_nonzero(np.diff(settled)) / max(len(column) - 1, 1)


_SPEC = re.compile(r"^(?P<column>.*?)(?:=(?P<name>[^\[\]=]*))?(?:\[(?P<unit>[^\[\]]*)\])?$")


def _column(table: ColumnTable, spec: str) -> Column:
    """The column a specification names."""
    said: tuple[str, str | None, str | None] = (spec, None, None)
    if spec not in table.columns and (match := _SPEC.match(spec.strip())) is not None:
        said = (match["column"], match["name"], match["unit"])
    wanted = said[0].strip()
    header = wanted
    if wanted not in table.columns:
        alike = [known for known in table.headers if vocabulary.split_label(known)[0] == wanted]
        if len(alike) == 1:
            header = alike[0]
        elif wanted.isdigit() and 1 <= int(wanted) <= len(table.columns):
            header = table.headers[int(wanted) - 1]
        else:
            raise ScanError(f"{table.name}: there is no column {wanted!r}; the file has {', '.join(table.headers)}")
    plain = vocabulary.split_label(header)[0]
    unit = said[2] if said[2] is not None else table.units[header]
    unit = None if unit is None else units.standard(unit)
    name = (said[1] or "").strip() or vocabulary.standard_name(plain, unit) or _snake(plain)
    if unit is None:
        raise NeedsColumns(f"{table.name}: the column {header!r} has no unit; write it as {header}={name}[unit]", table)
    if not units.is_logarithm(header) and not vocabulary.fits(name, unit):
        raise ScanError(
            f"{table.name}: {header!r} cannot be a {name.replace('_', ' ')} in {units.pretty(unit)}; give it another "
            "name or unit"
        )
    return Column(header, name, unit)


def _snake(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def choose(table: ColumnTable, axes: Sequence[str] | None, value: str | None, error: str | None) -> ColumnChoice:
    """The choice of columns: from arguments, else remembered for this header, else made plain by the file.

    Parameters
    ----------
    table
        The table.
    axes, value, error
        Columns as ``"COLUMN=name[unit]"``; COLUMN is a header or a 1-based number, and ``=name`` or ``[unit]`` may be
        left out where the file says it.

    Returns
    -------
    ColumnChoice
        The columns in use.

    Raises
    ------
    NeedsColumns
        Where none of them settles it, or a column has no unit.
    ScanError
        Where there is no such column, or only one of axes and value is named.
    """
    if axes or value:
        if not axes or not value:
            raise ScanError(f"{table.name}: name both the axes and the value column")
        return ColumnChoice(
            tuple(_column(table, spec) for spec in axes),
            _column(table, value),
            None if error is None else _column(table, error),
        )
    found = recall(table) or guess(table)
    if found is None:
        raise NeedsColumns(
            f"{table.name}: the columns {', '.join(table.headers)} do not say which are axes, which is the value, and "
            f"in what units{_not_clear(table)}; name them, for example --axis '{table.headers[0]}=temperature[K]'"
            + (f"; of its tables ({table.attrs['choices']}) choose another" if "choices" in table.attrs else ""),
            table,
        )
    return found


def _not_clear(table: ColumnTable) -> str:
    """The units in the headers that nobody knows, or that do not fit what they stand with."""
    found = []
    for header, unit in table.units.items():
        written = re.search(r"[(\[]([^()\[\]]+)[)\]]\s*$", header)
        if unit is None and written:
            fault = "does not fit" if units.is_known(written[1]) else "is not known"
            found.append(f"{written[1]!r} in {header!r} {fault}")
    return f" ({', '.join(found)})" if found else ""


def table_to_scan(table: ColumnTable, choice: ColumnChoice) -> xr.DataArray:
    """The scan in a table.

    Parameters
    ----------
    table
        The table.
    choice
        Its columns in use. Rows whose value is not finite are dropped and counted in ``attrs["dropped_rows"]``.

    Returns
    -------
    xarray.DataArray
        Gridded where the rows are every combination of the axes' values once, otherwise ragged.

    Raises
    ------
    ScanError
        Where an axis is not finite, since nobody knows where that was; a column is missing or used twice; there are no
        finite values; or a logarithm is given a unit.
    """
    names = [axis.name for axis in choice.axes]
    sources = [column.source for column in (*choice.axes, choice.value)]
    if len(set(names)) != len(names) or len(set(sources)) != len(sources):
        raise ScanError(f"{table.name}: the axes and value {', '.join(sources)} name a column or an axis twice")
    for column in (*choice.axes, choice.value, *([choice.error] if choice.error else [])):
        if column.source not in table.columns:
            raise ScanError(f"{table.name}: there is no column {column.source!r}; it has {', '.join(table.headers)}")
        if units.is_logarithm(column.source) and not units.compatible(column.unit, "dimensionless"):
            raise ScanError(
                f"{table.name}: {column.source!r} holds a logarithm, not {units.pretty(column.unit)}; open it as a "
                "plain number, with the unit 1"
            )
    value = table.columns[choice.value.source]
    good = np.isfinite(value)
    for axis in choice.axes:
        bad = good & ~np.isfinite(table.columns[axis.source])
        if bad.any():
            line = table.lines[np.flatnonzero(bad)[0]]
            raise ScanError(
                f"{table.name}, line {line}: {axis.source!r} is not a finite number; mend or remove the row"
            )
    if not good.any():
        raise ScanError(f"{table.name}: the column {choice.value.source!r} holds no finite numbers")
    columns = {axis.name: (table.columns[axis.source][good], axis.unit) for axis in choice.axes}
    columns = {name: columns[name] for name in _slow_first({name: column for name, (column, _) in columns.items()})}
    errors = None
    if choice.error is not None:
        errors = units.convert(table.columns[choice.error.source][good], choice.error.unit, choice.value.unit)
        errors = errors if np.isfinite(errors).all() else None
    extra = {
        plain: table.columns[header][good] for header in table.headers
        if (plain := vocabulary.split_label(header)[0].lower()) in _AUXILIARY
    }  # fmt: skip
    attrs = dict(table.attrs)
    if dropped := int((~good).sum()):
        attrs["dropped_rows"] = dropped
        reason = f"{dropped} row{'s' if dropped > 1 else ''} in which {choice.value.source!r} is no finite number"
        attrs = with_left_out(attrs, reason)
    attrs = with_left_out(attrs, not_taken(table, [*sources, *([choice.error.source] if choice.error else [])]))
    gridded = _gridded(columns, value[good], errors, choice.value, extra, attrs)
    if gridded is not None:
        return _with_headers(gridded, choice)
    sweep = extra.get("sweep")
    if sweep is None:
        columns, sweep, attrs = _settled(columns, attrs)
    scan = scans.ragged_scan(
        columns,
        value[good],
        name=choice.value.name,
        unit=choice.value.unit,
        errors=errors,
        sweep=sweep,
        masked=extra.get("masked"),
        attrs=attrs,
    )
    return _with_headers(scan, choice)


def not_taken(table: ColumnTable, taken: Collection[str]) -> str:
    """The columns of a table that are no part of the scan, for a note; empty where there are none.

    Parameters
    ----------
    table
        The table.
    taken
        The headers that were read.
    """
    others = [
        header
        for header in table.headers
        if header not in taken and vocabulary.split_label(header)[0].lower() not in _AUXILIARY
    ]
    if not others:
        return ""
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return f"column{'s' if len(others) > 1 else ''} {', '.join(others[:_MOST_NAMED])}{more}"


def _with_headers(scan: xr.DataArray, choice: ColumnChoice) -> xr.DataArray:
    """The scan with what the headers say of energies, and the header of every logarithm in ``attrs["column"]``,
    whatever it has been called since."""
    scan = energies.named(scan, {column.name: (column.name, column.source) for column in choice.axes})
    for column in choice.axes:
        if units.is_logarithm(column.source):
            scan = scan.assign_coords({column.name: scan[column.name].assign_attrs(column=column.source)})
    return scan.assign_attrs(column=choice.value.source) if units.is_logarithm(choice.value.source) else scan


def _slow_first(columns: dict[str, np.ndarray]) -> list[str]:
    """Axis names ordered by how seldom they change from row to row; of two that change in nearly every row the one
    that is gone through more often is the faster (a temperature swept again and again while the time runs on)."""

    def changes(name: str) -> tuple[int, float]:
        column = columns[name]
        count = int(np.count_nonzero(np.diff(set_point_numbers(column)))) if len(column) > 1 else 0
        if count < _NEARLY * (len(column) - 1):
            return count, 0.0
        return len(column), float(np.abs(np.diff(column)).sum() / (np.ptp(column) or 1.0))

    return sorted(columns, key=changes)


def _gridded(columns, value, errors, chosen: Column, extra, attrs) -> xr.DataArray | None:
    """A gridded scan where the rows are every combination of the axes' values, once; otherwise None."""
    axes, places = {}, []
    for name, (column, unit) in columns.items():
        axis, place = np.unique(column, return_inverse=True)
        axes[name] = (axis, unit)
        places.append(place)
    shape = tuple(len(axis) for axis, _ in axes.values())
    if len(shape) < 2 or float(np.prod(np.array(shape, float))) != len(value) or "sweep" in extra:
        return None
    flat = np.ravel_multi_index(places, shape)
    if len(np.unique(flat)) != len(flat):
        return None

    def grid(column):
        array = np.empty(len(flat), np.asarray(column).dtype)
        array[flat] = column
        return array.reshape(shape)

    return scans.gridded_scan(
        axes,
        grid(value),
        name=chosen.name,
        unit=chosen.unit,
        errors=None if errors is None else grid(errors),
        masked=grid(extra["masked"].astype(bool)) if "masked" in extra else None,
        extrapolated=grid(extra["extrapolated"].astype(bool)) if "extrapolated" in extra else None,
        attrs={**attrs, **_order(list(columns.values())[-1][0], shape[-1])},
    )


def _settled(columns: dict, attrs: dict) -> tuple[dict, np.ndarray, dict]:
    """The columns with the slow axes' set points in place of readings that wander about them, the sweeps' numbers, and
    a word on how far they wandered."""
    readings = np.stack([column for column, _ in columns.values()], axis=1)
    sweep = find_sweeps(readings[:, :-1], readings[:, -1])
    places = settled(readings[:, :-1], sweep)
    said = []
    for position, (name, (_, unit)) in enumerate(list(columns.items())[:-1]):
        off = float(np.abs(places[:, position] - readings[:, position]).max())
        if off > 0:
            said.append(
                f"{name.replace('_', ' ')} within a sweep: read up to {off:.2g} {units.pretty(unit)} off the set "
                "point (the median) that stands for it"
            )
            columns = columns | {name: (places[:, position], unit)}
    return columns, sweep, with_notes(attrs, *said)


def _order(fast: np.ndarray, count: int) -> dict[str, str]:
    """How the fast axis ran when it was measured, where every sweep of ``count`` rows ran alike; a grid is sorted and
    would forget it."""
    steps = np.diff(fast.reshape(-1, count), axis=1)
    for word, ran in (("rising", steps > 0), ("falling", steps < 0)):
        if steps.size and ran.all():
            return {"fast_axis_ran": word}
    return {}


def _memory() -> Path:
    return config_folder() / "columns.json"


def _remembered() -> dict:
    try:
        return json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def remember(choice: ColumnChoice, table: ColumnTable) -> None:
    """Keep the choice for the next file with the same header."""
    path = _memory()
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {**_remembered(), "\t".join(table.headers): asdict(choice)}
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")


class HasHeaders(Protocol):
    """What a choice is remembered by: a table, or the contents of a file of arrays."""

    @property
    def headers(self) -> Sequence[str]: ...


def recall(table: HasHeaders) -> ColumnChoice | None:
    """The choice kept for this header, or None."""
    kept = _remembered().get("\t".join(table.headers))
    if kept is None:
        return None
    error = kept["error"] and Column(**kept["error"])
    return ColumnChoice(tuple(Column(**axis) for axis in kept["axes"]), Column(**kept["value"]), error)
