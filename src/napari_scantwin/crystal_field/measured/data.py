"""From files and scans to curves as they were measured: each with its kind, direction and units, before it is counted
per ion.

A curve here is one run along temperature or field. A file of several tables side by side, a Quantum Design file, a scan
of many sweeps give several. What a file does not say is left open (None) and asked for; nothing is guessed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units, vocabulary
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.core.notes import notes
from napari_scantwin.core.sample import Sample
from napari_scantwin.crystal_field.measured.formula import Formula
from napari_scantwin.crystal_field.measured.labels import Told, told_by

__all__ = ["MEASURED_KINDS", "MeasuredCurve", "curve_named", "curves_in", "curves_of_scan", "level_energies"]

#: What a measured curve may be, with the words for people.
MEASURED_KINDS = {
    "heat_capacity": "C(T)",
    "susceptibility": "χ(T)",
    "moment": "M(T)",
    "inverse_susceptibility": "1/χ(T)",
    "magnetization": "M(H)",
    "levels": "level energies",
}
_OVER_TEMPERATURE = ("heat_capacity", "susceptibility", "inverse_susceptibility", "moment")
_KELVIN = "the file does not say the unit of its temperatures; K is taken"
#: A run with fewer readings is none.
_FEWEST = 3
_FIELDS, _TEMPERATURES = ("magnetic_field",), ("temperature",)


@dataclass(frozen=True, eq=False)
class MeasuredCurve:
    """One curve as it was measured; what is None nobody has said yet.

    Parameters
    ----------
    label
        What it is called in its file.
    source
        The file's name.
    x, y
        Places and values [n], in their own units.
    errors
        One standard deviation of each value [n], or None.
    x_unit, y_unit
        The units.
    kind
        One of :data:`MEASURED_KINDS`.
    direction
        "a", "b", "c" or "powder", of the field.
    temperature
        Of a magnetization, in K.
    field
        In which a heat capacity or susceptibility was measured, in T; 0 for small fields.
    formula
        The compound, where the file says it.
    sample
        Mass, molar mass and density, as far as they are known.
    ions
        Magnetic ions in a formula unit.
    notes
        What was left out or taken for granted, a sentence each.
    path
        Where the file is, for scripts; empty of a scan without one.
    """

    label: str
    source: str
    x: np.ndarray
    y: np.ndarray
    errors: np.ndarray | None = None
    x_unit: str | None = None
    y_unit: str | None = None
    kind: str | None = None
    direction: str | None = None
    temperature: float | None = None
    field: float | None = None
    formula: Formula | None = None
    sample: Sample = dataclasses.field(default_factory=Sample)
    ions: float = 1.0
    notes: tuple[str, ...] = ()
    path: str = ""

    @property
    def title(self) -> str:
        """Its label, with the file's name where that is not the same."""
        return self.label if self.label == self.source or not self.source else f"{self.source}: {self.label}"

    @property
    def is_lattice(self) -> bool:
        """Whether it is the heat capacity of a compound without a moment, which serves as a lattice."""
        return self.kind in (None, "heat_capacity") and self.formula is not None and self.formula.is_analogue

    @property
    def missing(self) -> tuple[str, ...]:
        """What has to be said before it can be used."""
        lacks = [
            ("what it is", self.kind is None),
            ("its unit", self.y_unit is None),
            ("the unit of its " + ("field" if self.kind == "magnetization" else "x"), self.x_unit is None),
            ("the direction of the field", self.direction is None and self._needs_direction),
            ("its temperature", self.kind == "magnetization" and self.temperature is None),
            ("the field it was measured in", self.kind == "moment" and not self.field),
        ]
        return tuple(what for what, lacking in lacks if lacking)

    @property
    def _needs_direction(self) -> bool:
        return self.kind in ("susceptibility", "moment", "inverse_susceptibility", "magnetization") or (
            self.kind == "heat_capacity" and bool(self.field)
        )

    def told(self, **said) -> MeasuredCurve:
        """The curve with what was said of it; None leaves what is known. A unit may say what it is, and what it is may
        say that its axis is a temperature, which then is in K."""
        made = replace(self, **{name: one for name, one in said.items() if one is not None})
        if made.kind is None and made.y_unit is not None:
            made = replace(made, kind=_kind("", made.y_unit, None, Told(temperature=made.temperature)))
        if made.x_unit is None and made.kind in _OVER_TEMPERATURE:
            made = replace(made, x_unit="K", notes=(*made.notes, _KELVIN))
        return made


def is_moment(unit: str) -> bool:
    """Whether a unit is one of a magnetic moment or magnetization, and of nothing else."""
    return any(units.compatible(unit, one) for one in ("A*m**2", "A*m**2/kg", "A*m**2/mol"))


def curves_in(path: str | Path | Sequence[str | Path], choice: str | None = None) -> list[MeasuredCurve]:
    """Every curve in a file.

    Parameters
    ----------
    path
        Any file the readers open.
    choice
        One of its measurements, where it holds several.

    Returns
    -------
    list of MeasuredCurve
        The curves, in the order of the file.

    Raises
    ------
    ScanError
        Where the file cannot be read, or holds no curve.
    """
    from napari_scantwin.readers import open_file

    file = open_file(path)
    name = Path(path if isinstance(path, str | Path) else path[0]).name
    measurements = file.measurements(choice)
    if measurements:
        found = [curve for one in _without_repeats(measurements, choice) for curve in curves_of_scan(one.scan, name)]
    else:
        try:
            found = curves_of_scan(file.scan(choice=choice), name)
        except NeedsColumns:
            found = _of_table(file.table, name)
    if not found:
        raise ScanError(
            f"{name} holds no curve over temperature or field; open a heat capacity C(T), susceptibility χ(T), moment "
            "or magnetization M(H)"
        )
    where = str(path if isinstance(path, str | Path) else path[0])
    return _named_apart([replace(one, path=where) for one in found])


def curve_named(curves: Sequence[MeasuredCurve], label: str) -> MeasuredCurve:
    """The curve of a label among those of a file; :class:`ScanError` where there is none."""
    for one in curves:
        if one.label == label:
            return one
    file = curves[0].source if curves else "the file"
    raise ScanError(f"{file} has no curve {label!r}; it has {', '.join(one.label for one in curves)}")


def _named_apart(found: list[MeasuredCurve]) -> list[MeasuredCurve]:
    """The curves, those of one label with a number behind it."""
    labels = [one.label for one in found]
    counts: dict[str, int] = {}
    named = []
    for one in found:
        counts[one.label] = counts.get(one.label, 0) + 1
        several = labels.count(one.label) > 1
        named.append(replace(one, label=f"{one.label} ({counts[one.label]})") if several else one)
    return named


def _without_repeats(measurements, choice: str | None) -> list:
    """Measurements of which none holds another's readings: of an instrument's passes those together, and of several
    evaluations of one moment the first."""
    if choice is not None:
        return measurements[:1]
    taken: dict[tuple, object] = {}
    for one in measurements:
        kind, _, column = one.key.partition(" | ")
        if not column:
            taken[(one.key,)] = one
            continue
        quantity = kind.split(" ")[0]
        known = taken.get((quantity, column))
        if any(key[0] == quantity and key != (quantity, column) for key in taken if len(key) == 2):
            continue
        if known is None or "all branches" in kind:
            taken[(quantity, column)] = one
    return list(taken.values())


def curves_of_scan(scan: xr.DataArray, source: str | None = None) -> list[MeasuredCurve]:
    """The curves of a scan: a sweep each, those at one set point together.

    Parameters
    ----------
    scan
        A scan over temperature, field or both, measured or simulated, of a heat capacity, susceptibility, moment or
        magnetization. Masked points are left out, and said.
    source
        What it is called; by default what its attributes say.

    Returns
    -------
    list of MeasuredCurve
        None where it is a scan of something else.
    """
    scans.check(scan)
    names = scans.axes(scan)
    name = source or str(scan.attrs.get("source") or scan.attrs.get("title") or scan.name)
    if not names or names[-1] not in (*_FIELDS, *_TEMPERATURES):
        return []
    unit = scan.attrs["units"]
    told = told_by(str(scan.attrs.get("title", "")), str(scan.name).replace("_", " "), name)
    fast = names[-1]
    kind = _kind(str(scan.name), unit, fast, told)
    if kind is None:
        return []
    table = scans.points(scan)
    said = notes(scan.attrs)
    if lost := int(table.masked.sum()):
        said.append(f"{lost} masked reading{'s' if lost > 1 else ''} left out")
    formula = Formula.of(str(scan.attrs.get("formula", ""))) or told.formula
    sample = Sample.of(scan)
    found = []
    for slow, rows in _runs(scan, table, names):
        if len(rows) < _FEWEST:
            said.append(f"a run of {len(rows)} readings left out")
            continue
        where = _held(scan, slow)
        field = where.get("magnetic_field", told.field)
        found.append(
            MeasuredCurve(
                _label(scan, kind, slow),
                name,
                table.coordinates[rows, -1],
                table.values[rows],
                None if table.errors is None else table.errors[rows],
                units.standard(scan[fast].attrs["units"]),
                units.standard(unit),
                kind,
                _direction_of(scan) or told.direction,
                where.get("temperature", told.temperature) if kind == "magnetization" else None,
                None if kind == "magnetization" else field,
                formula,
                sample,
                notes=tuple(said),
            )
        )
    return found


def _runs(scan: xr.DataArray, table: scans.Points, names: tuple[str, ...]):
    """The readings at each set point of the slow axes, and where that is."""
    used = np.flatnonzero(~table.masked)
    if len(names) == 1:
        yield {}, used
        return
    places = np.stack([scans.set_points(table.coordinates[:, k]) for k in range(len(names) - 1)], axis=1)
    for place in np.unique(places[used], axis=0):
        rows = used[(places[used] == place).all(axis=1)]
        yield dict(zip(names, map(float, place), strict=False)), rows


def _held(scan: xr.DataArray, slow: dict[str, float]) -> dict[str, float]:
    """Temperature in K and field in T at which a run was taken: of the slow axes, or of what was held throughout."""
    from napari_scantwin.physics.magnetization import field_in_tesla

    where = {}
    for name in ("temperature", "magnetic_field"):
        if name in slow:
            value, unit = slow[name], scan[name].attrs["units"]
        elif name in scan.attrs and f"{name}_units" in scan.attrs:
            value, unit = float(scan.attrs[name]), scan.attrs[f"{name}_units"]
        else:
            continue
        where[name] = float(units.convert(value, unit, "K") if name == "temperature" else field_in_tesla(value, unit))
    if "magnetic_field" in where:
        where["magnetic_field"] = abs(where["magnetic_field"])
    return where


def _label(scan: xr.DataArray, kind: str, slow: dict[str, float]) -> str:
    at = [f"{value:.4g} {units.pretty(scan[name].attrs['units'])}" for name, value in slow.items()]
    return ", ".join([str(scan.attrs.get("title") or MEASURED_KINDS[kind]), *at])


def _direction_of(scan: xr.DataArray) -> str | None:
    said = str(scan.attrs.get("direction", ""))
    return said if said in ("a", "b", "c", "powder") else None


def _kind(name: str, unit: str | None, fast: str | None, told: Told) -> str | None:
    """What a curve is: by its name and unit, which axis was scanned, and words."""
    if unit is not None:
        if any(units.compatible(unit, f"J/K{per}") for per in ("", "/kg", "/mol", "/m^3")):
            return "heat_capacity"
        inverse = any(units.compatible(unit, one) for one in ("mol/m^3", "kg/m^3", "mol/m^3", "1/m^3", "T/µB"))
        if inverse:
            return "inverse_susceptibility"
        if is_moment(unit):
            susceptible = told.kind == "susceptibility" and name not in ("moment", "magnetization")
            return "magnetization" if fast in _FIELDS else "susceptibility" if susceptible else "moment"
        if any(units.compatible(unit, one) for one in ("m^3", "m^3/mol", "m^3/kg", "µB/T")) and fast != _FIELDS[0]:
            return "susceptibility"
    if name in ("heat_capacity", "susceptibility"):
        return name
    if name == "magnetization" and fast is None:
        return name
    if name in ("moment", "magnetization"):
        return "magnetization" if fast in _FIELDS else "moment"
    if told.kind is not None:
        return told.kind
    return "magnetization" if told.temperature is not None and fast is None else None


def _of_table(table, name: str) -> list[MeasuredCurve]:
    """The curves of a table that does not say all: groups of columns, or the first column and each of the others."""
    from napari_scantwin.readers.tables.groups import readings
    from napari_scantwin.readers.tables.table import ColumnGroup

    groups = table.groups or (ColumnGroup("", table.headers[0], table.headers[1:]),)
    found = []
    for group in groups:
        for head in group.values:
            if vocabulary.split_label(head)[0].lower() in ("error", "std. err.", "masked", "sweep", "standard_error"):
                continue
            x, y, lost = readings(table, group, head)
            if len(y) < _FEWEST:
                continue
            said = [*notes(table.attrs)]
            if lost:
                said.append(f"{lost} row{'s' if lost > 1 else ''} with one of two numbers left out")
            found.append(_of_columns(name, group, head, table.units, x, y, said))
    return _each_once(found)


def _of_columns(name: str, group, head: str, known, x, y, said: list[str]) -> MeasuredCurve:
    told = told_by(head, group.title, Path(name).stem)
    x_name, x_unit = vocabulary.split_label(group.x)[0], known[group.x]
    fast = vocabulary.standard_name(x_name, x_unit)
    # "chi (emu/mol)" is no unit of a susceptibility to the tables, and the one that most people write.
    y_unit = known[head] or units.split_label(head)[1]
    name_of = vocabulary.standard_name(units.split_label(head)[0]) or ""
    kind = _kind(name_of, y_unit, fast, told)
    return MeasuredCurve(
        re.sub(r"^K (?=\d)", "", head.strip()),
        name,
        x,
        y,
        None,
        x_unit,
        y_unit,
        kind,
        told.direction,
        told.temperature if kind == "magnetization" else None,
        None if kind == "magnetization" else told.field,
        told.formula,
        notes=tuple(said),
    ).told()


def _each_once(found: list[MeasuredCurve]) -> list[MeasuredCurve]:
    """The curves without those that are only the inverse of another, which says so."""
    given = {id(other): _inverse_of(other, found) for other in found}
    said = {id(other): one.label for one in found if (other := given[id(one)]) is not None}
    return [
        replace(one, notes=(*one.notes, f"{said[id(one)]} is its inverse and is not taken a second time"))
        if id(one) in said
        else one
        for one in found
        if given[id(one)] is None
    ]


def _inverse_of(one: MeasuredCurve, found: list[MeasuredCurve]) -> MeasuredCurve | None:
    """The susceptibility of which a curve is the inverse."""
    if one.kind != "inverse_susceptibility":
        return None
    alike = (other for other in found if other.kind == "susceptibility" and len(other.y) == len(one.y))
    return next((other for other in alike if np.allclose(other.y * one.y, 1.0, rtol=1e-3)), None)


def level_energies(energies: Sequence[float], unit: str, errors: Sequence[float] | float | None = None):
    """Known energies of excited levels as a curve, of neutron or Raman scattering.

    Parameters
    ----------
    energies
        Above the ground level, in ``unit``.
    unit
        Such as meV, K or 1/cm.
    errors
        One standard deviation, of each or of all, in the same unit; by default 2 % of each.

    Returns
    -------
    MeasuredCurve
        The curve.

    Raises
    ------
    ScanError
        Where an energy is not above zero.
    """
    y = np.sort(np.asarray(energies, float).ravel())
    if not y.size or (y <= 0).any() or not np.isfinite(y).all():
        raise ScanError("level energies lie above the ground level; give those of the excited levels, above zero")
    order = np.argsort(np.asarray(energies, float).ravel())
    sigma = 0.02 * y if errors is None else np.broadcast_to(np.asarray(errors, float), y.shape)[order]
    return MeasuredCurve("level energies", "", np.arange(1.0, len(y) + 1), y, sigma, "1", unit, "levels", "powder")
