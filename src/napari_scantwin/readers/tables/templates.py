"""Usual measurements that a table of unnamed columns may be: which column would be what, to be confirmed by people."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import vocabulary
from napari_scantwin.readers.tables.table import Column, ColumnChoice, ColumnTable, is_error_column

__all__ = ["TEMPLATES", "Fitted", "Template", "clearly", "usual_units"]

#: Temperatures end here (K) as far as anything is measured against them; fields above the second are no teslas.
_HOTTEST, _MOST_TESLA = 2000.0, 25.0


@dataclass(frozen=True)
class Template:
    """A usual measurement.

    Parameters
    ----------
    title
        What people call it.
    axes
        The quantities scanned, as scans call them.
    values
        The quantities it may have measured, the usual one first.
    """

    title: str
    axes: tuple[str, ...]
    values: tuple[str, ...]

    def fit(self, table: ColumnTable) -> Fitted | str:
        """The columns as this measurement has them, or, in a sentence, why they are none.

        Names and units in the headers count first; what they leave open is told from the numbers: a temperature is
        above zero and below 2000 K, an angle within 180 degrees, and of two columns that may be either the one with
        more values is the temperature, and the one that changes more often the angle along the slit.
        """
        errors = [header for header in table.headers if is_error_column(header)]
        free = [header for header in table.headers if header not in errors]
        if len(free) <= len(self.axes):
            return f"{self.title} needs {len(self.axes) + 1} columns or more; this table has {len(free)}"
        value = self._value_column(table, free)
        if value is None:
            return f"no column can be the {self.values[0].replace('_', ' ')}: their heads say other things"
        others = [header for header in free if header != value]
        found = [
            order
            for order in itertools.permutations(others, len(self.axes))
            if all(_may_be(table, header, axis) for header, axis in zip(order, self.axes, strict=True))
        ]
        if not found:
            named = " and ".join(axis.replace("_", " ") for axis in self.axes)
            return f"no columns can be {named}: their numbers or heads say other things"
        order = max(found, key=lambda one: self._likely(table, one))
        axes = tuple(_column(table, header, axis) for header, axis in zip(order, self.axes, strict=True))
        column = _column(table, value, self._quantity(table, value))
        error = Column(errors[0], "standard_error", table.units[errors[0]] or column.unit) if errors else None
        says_so = _says(table, value) in self.values and all(_says(table, one.source) == one.name for one in axes)
        return Fitted(self, ColumnChoice(axes, column, error), says_so)

    def _quantity(self, table: ColumnTable, header: str) -> str:
        """Which of the values a column is: what its unit or head says, else the usual one."""
        unit = table.units[header]
        if unit is not None:
            plain = vocabulary.split_label(header)[0]
            own = vocabulary.standard_name(plain, unit)
            fitting = [one for one in self.values if vocabulary.fits(one, unit)]
            return own if own in self.values else (fitting or [self.values[0]])[0]
        return self.values[0]

    def _value_column(self, table: ColumnTable, free: list[str]) -> str | None:
        said = [header for header in free if _says(table, header) in self.values]
        unknown = [header for header in free if _says(table, header) is None]
        return said[0] if said else unknown[-1] if unknown else None

    def _likely(self, table: ColumnTable, order: tuple[str, ...]) -> tuple:
        said = sum(_says(table, header) == axis for header, axis in zip(order, self.axes, strict=True))
        first = table.columns[order[0]]
        settings = len(np.unique(first)) if self.axes[0] == "temperature" else int(np.count_nonzero(np.diff(first)))
        return (said, settings, [-table.headers.index(header) for header in order])


@dataclass(frozen=True)
class Fitted:
    """A template with the columns of a table.

    Parameters
    ----------
    template
        The template.
    choice
        Its columns, with the units that stand in the headers, else the usual ones.
    named
        Whether the headers themselves say what every column is, so that only units are open.
    """

    template: Template
    choice: ColumnChoice
    named: bool


#: What is offered, in this order.
TEMPLATES = (
    Template("M(T, H)", ("temperature", "magnetic_field"), ("moment", "magnetization")),
    Template("R(T, H)", ("temperature", "magnetic_field"), ("resistance", "resistivity")),
    Template("C(T)", ("temperature",), ("heat_capacity",)),
    Template("ARPES map", ("angle", "manipulator_angle"), ("photoemission_intensity",)),
    Template("ARPES cut", ("angle", "energy"), ("photoemission_intensity",)),
)


def clearly(table: ColumnTable) -> Fitted | None:
    """The one template that the headers of a table name; None where there is none, or more than one.

    Parameters
    ----------
    table
        The table.
    """
    found = [one for one in (template.fit(table) for template in TEMPLATES) if isinstance(one, Fitted) and one.named]
    used = [one for one in found if len(one.choice.axes) == max(len(other.choice.axes) for other in found)]
    return used[0] if len(used) == 1 else None


_USUAL: dict[str, tuple[str, ...]] = {
    "temperature": ("K", "mK"),
    "magnetic_field": ("Oe", "T", "kOe"),
    "moment": ("emu", "A m^2"),
    "magnetization": ("emu/g", "emu/cm3", "A/m", "µB/f.u."),
    "resistance": ("ohm", "mohm"),
    "resistivity": ("ohm cm", "ohm m", "µohm cm"),
    "heat_capacity": ("J/K", "J/(K mol)", "J/(K kg)"),
    "angle": ("deg", "rad"),
    "manipulator_angle": ("deg", "rad"),
    "energy": ("eV", "meV"),
    "photoemission_intensity": ("count", "count/s", "arb"),
    "time": ("s", "min", "h"),
    "pressure": ("bar", "Pa", "mbar"),
    "current": ("A", "mA"),
    "voltage": ("V", "mV"),
    "frequency": ("Hz", "kHz"),
    "hydrogen_content": ("1", "wt%"),
}


def usual_units(name: str) -> tuple[str, ...]:
    """The units a quantity is usually given in, the most usual first; empty where nothing is known of it.

    Parameters
    ----------
    name
        As scans call it.
    """
    known = vocabulary.term(name)
    return _USUAL.get(name) or (() if known is None else tuple(one or "1" for one in known.measured_in))


def _says(table: ColumnTable, header: str) -> str | None:
    """What a header says its column is, or None."""
    plain, unit = vocabulary.split_label(header)
    return vocabulary.standard_name(plain, table.units[header] if unit is None else unit)


def _temperature(column: np.ndarray) -> bool:
    return bool(column.min() > 0 and column.max() <= _HOTTEST)


def _angle(column: np.ndarray) -> bool:
    return bool(np.abs(column).max() <= 180)


#: What the numbers of a quantity look like, where anything can be said.
_LOOKS: dict[str, Callable[[np.ndarray], bool]] = {
    "temperature": _temperature,
    "angle": _angle,
    "manipulator_angle": _angle,
}


def _may_be(table: ColumnTable, header: str, quantity: str) -> bool:
    said, unit = _says(table, header), table.units[header]
    if said == quantity:
        return True
    if said is not None and not {said, quantity} <= {"angle", "manipulator_angle"}:
        return False
    if unit is not None and not vocabulary.fits(quantity, unit):
        return False
    column = table.columns[header]
    column = column[np.isfinite(column)]
    if not column.size or column.min() == column.max():
        return False
    return quantity not in _LOOKS or _LOOKS[quantity](column)


def _column(table: ColumnTable, header: str, quantity: str) -> Column:
    unit = table.units[header]
    if unit is None:
        unit = usual_units(quantity)[0]
        column = table.columns[header]
        if quantity == "magnetic_field" and np.nanmax(np.abs(column)) <= _MOST_TESLA:
            unit = "T"
    return Column(header, quantity, unit or "1")
