"""Files that hold arrays and do not say which of them is the scan: what is in them, and the scan a choice makes.

A choice is a :class:`~napari_scantwin.readers.tables.table.ColumnChoice` as for a table, whose columns are arrays by
their paths: ``value="entry/counts=photoemission_intensity[count]"`` and one axis for every dimension longer than one,
in the array's order, ``axes=["entry/tilt=manipulator_angle[deg]", "16:0.01=energy[eV]"]``. An axis that stands
nowhere in the file is given as ``start:step``. The name ``binding_energy`` turns an axis round to energies from the
Fermi level, ``kinetic_energy`` says that they are kinetic, ``energy_from_fermi_level`` that they are E - E_F; with the
name ``energy`` the array's own name may say it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from napari_scantwin.core import energies, units, vocabulary
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.core.notes import notes, with_notes
from napari_scantwin.readers.arpes_axes import axis_labels, axis_name, rising_scan
from napari_scantwin.readers.tables.table import Column, ColumnChoice, recall

__all__ = [
    "Array",
    "Contents",
    "chosen",
    "contents_of",
    "named_energy",
    "proposal",
    "remembered",
    "scan_chosen",
    "spaced",
]

_SPEC = re.compile(r"^(?P<column>.*?)(?:=(?P<name>[^\[\]=/]*))?(?:\[(?P<unit>[^\[\]]*)\])?$")
_SPACED = re.compile(r"^\s*([-+.\deE]+)\s*:\s*([-+.\deE]+)\s*$")
_MOST_OF_AN_AXIS = 4_000_000
_MOST_LISTED = 6


@dataclass(frozen=True)
class Array:
    """One array of a file.

    Parameters
    ----------
    path
        Its path in the file.
    shape
        Its shape.
    unit
        Its unit; None where the file names none that is known.
    axes
        The paths of the axes that the file itself gives its dimensions; None where it does not say.
    note
        A text or a single number, as it is shown.
    """

    path: str
    shape: tuple[int, ...]
    unit: str | None = None
    axes: tuple[str | None, ...] = ()
    note: str = ""

    @property
    def role(self) -> str:
        """What it is likely to be: ``"scan"``, ``"axis"`` or ``"note"``."""
        long = [size for size in self.shape if size > 1]
        return "scan" if len(long) > 1 else "axis" if long and not self.note else "note"

    @property
    def lengths(self) -> tuple[int, ...]:
        """Its dimensions longer than one."""
        return tuple(size for size in self.shape if size > 1)


@dataclass(frozen=True)
class Contents:
    """The arrays of a file.

    Parameters
    ----------
    name
        The file's name.
    arrays
        Its arrays.
    load
        Reads the array at a path, lazily where it is large.
    attrs
        What the file says of the scan.
    """

    name: str
    arrays: tuple[Array, ...]
    load: Callable[[str], np.ndarray]
    attrs: dict = field(default_factory=dict)

    @property
    def headers(self) -> tuple[str, ...]:
        """What files of the same layout have in common, by which a choice is remembered."""
        layout = sorted(f"{array.path}:{len(array.shape)}" for array in self.arrays)
        return ("arrays", hashlib.sha256("\n".join(layout).encode()).hexdigest())

    def find(self, path: str) -> Array:
        """The array at a path; :class:`ScanError` where there is none."""
        found = next((array for array in self.arrays if array.path == path.strip("/") or array.path == path), None)
        if found is None:
            scans = [array.path for array in self.arrays if array.role == "scan"]
            listed = ", ".join(scans[:_MOST_LISTED]) + (", …" if len(scans) > _MOST_LISTED else "")
            raise ScanError(
                f"{self.name}: there is no array {path!r}; those of more than one axis are {listed or 'none'}"
            )
        return found


def contents_of(file: str, offered: tuple) -> Contents:
    """The arrays that a reader found before an axis lacked its unit, to choose from.

    Parameters
    ----------
    file
        The file's name.
    offered
        Values, axes and attributes, as :attr:`NeedsAxes.offered` holds them.

    Returns
    -------
    Contents
        The array ``intensity``, and its axes by the labels the file has for them.
    """
    values, axes, attrs = offered
    held = {"intensity": values}
    paths, arrays = [], []
    for path, (label, unit, column) in zip(axis_labels(axes), axes, strict=True):
        found = vocabulary.split_label(label)[1]
        known = next((one for one in (unit, found) if one is not None and units.is_known(one)), None)
        held[path] = np.asarray(column, float)
        paths.append(path)
        arrays.append(Array(path, (len(column),), known))
    return Contents(file, (Array("intensity", values.shape, None, tuple(paths)), *arrays), held.__getitem__, attrs)


def spaced(source: str) -> tuple[float, float] | None:
    """Start and step of an axis given as ``start:step``; None where ``source`` is a path."""
    found = _SPACED.match(source)
    try:
        return (float(found[1]), float(found[2])) if found else None
    except ValueError:
        return None


def proposal(contents: Contents, path: str | None = None) -> ColumnChoice | None:
    """What the file suggests for one of its arrays.

    Parameters
    ----------
    contents
        The file's arrays.
    path
        The array; by default the largest.

    Returns
    -------
    ColumnChoice or None
        The axes the file names itself, else the first array of the right length, the nearest in the tree first; names
        and units are empty where nothing says them. None where the file holds no array of numbers.
    """
    candidates = [array for array in contents.arrays if array.role != "note"]
    if not candidates:
        return None
    value = contents.find(path) if path is not None else max(candidates, key=lambda one: math.prod(one.shape))
    axes: list[Column] = []
    for dimension, size in enumerate(value.shape):
        if size == 1:
            continue
        said = value.axes[dimension] if dimension < len(value.axes) else None
        used = [column.source for column in axes]
        fitting = [one for one in contents.arrays if one.lengths == (size,) and one != value and one.path not in used]
        fitting.sort(key=lambda one: (one.path != said, -_shared(one.path, value.path)))
        source = fitting[0] if fitting else None
        taken = [column.name for column in axes]
        axes.append(
            Column("", "", "") if source is None else Column(source.path, _name(source, taken), source.unit or "")
        )
    name = "photoemission_intensity" if {"energy", "angle"} & {column.name for column in axes} else ""
    return ColumnChoice(tuple(axes), Column(value.path, name, value.unit or ""))


def _shared(one: str, other: str) -> int:
    """How many groups two paths have in common."""
    pairs = zip(one.split("/")[:-1], other.split("/")[:-1], strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(one.count("/"), other.count("/")))


def _name(array: Array, taken: Sequence[str] = ()) -> str:
    """What an array would be called as an axis beside others of some names."""
    name = axis_name(array.path.rsplit("/", 1)[-1])
    while name in taken:
        name += "_2"
    return name


def remembered(contents: Contents) -> ColumnChoice | None:
    """The choice kept for files of this layout, or None. One with axes given as numbers is not returned: they may
    differ from file to file and are only proposed."""
    kept = recall(contents)
    if kept is None or any(spaced(column.source) is not None for column in kept.axes):
        return None
    return kept


def chosen(contents: Contents, axes: Sequence[str] | None, value: str | None) -> ColumnChoice:
    """The choice of arrays: from arguments, else remembered for this layout.

    Parameters
    ----------
    contents
        The file's arrays.
    axes
        The axes as ``"PATH=name[unit]"`` or ``"start:step=name[unit]"``, one for every dimension longer than one.
    value
        The array of values as ``"PATH=name[unit]"``; by default what the file suggests.

    Returns
    -------
    ColumnChoice
        The arrays in use, by their paths.

    Raises
    ------
    NeedsAxes
        Where neither settles it, or a name or unit is missing.
    ScanError
        Where there is no such array.
    """
    if not axes and not value:
        kept = remembered(contents)
        if kept is not None:
            return kept
        listed = [f"{one.path} ({' x '.join(map(str, one.shape))})" for one in contents.arrays if one.role == "scan"]
        more = ", …" if len(listed) > _MOST_LISTED else ""
        held = f"the arrays {', '.join(listed[:_MOST_LISTED])}{more}" if listed else "no array of several axes"
        raise NeedsAxes(
            f"{contents.name} holds {held}, but nothing in a layout that says what their axes are; name them, for "
            "example --value 'PATH=photoemission_intensity[count]' --axis 'PATH=angle[deg]' "
            "--axis '16:0.01=energy[eV]'",
            contents,
        )
    suggested = proposal(contents, None if not value else _parts(contents, value)[0])
    if suggested is None:
        raise ScanError(f"{contents.name} holds no array of numbers")
    if not axes:
        axes = [column.source for column in suggested.axes]
    columns: list[Column] = []
    for spec in axes:
        columns.append(_column(contents, spec, [column.name for column in columns]))
    return ColumnChoice(tuple(columns), _column(contents, value or suggested.value.source, value=True))


def _parts(contents: Contents, spec: str) -> tuple[str, str | None, str | None]:
    """Path, name and unit of a specification; a path may itself look like one."""
    if any(array.path == spec.strip() for array in contents.arrays):
        return spec.strip(), None, None
    found = _SPEC.match(spec.strip())
    if found is None:  # a line break within
        raise ScanError(f"{contents.name}: {spec!r} names no array; write PATH=name[unit]")
    return found["column"].strip(), found["name"], found["unit"]


def _column(contents: Contents, spec: str, taken: Sequence[str] = (), value: bool = False) -> Column:
    source, name, unit = _parts(contents, spec)
    if not source:
        raise NeedsAxes(f"{contents.name}: say where each axis stands, as a path or as start:step", contents)
    array = None if not value and spaced(source) is not None else contents.find(source)
    unit = unit or (array.unit if array is not None else None)
    name = (name or "").strip() or (_name(array, taken) if array is not None else "")
    if not unit or not name:
        raise NeedsAxes(f"{contents.name}: {source} needs a name and a unit; write it as {source}=name[unit]", contents)
    return Column(source if array is None else array.path, name, units.standard(unit))


def scan_chosen(contents: Contents, choice: ColumnChoice) -> xr.DataArray:
    """The scan a choice makes of the file's arrays.

    Raises
    ------
    ScanError
        Where an axis does not fit the array, two axes have one name, or the values are not plain numbers.
    """
    array = contents.find(choice.value.source)
    if len(choice.axes) != len(array.lengths):
        size = " x ".join(map(str, array.lengths)) or "one value"
        raise ScanError(
            f"{contents.name}: {array.path} is {size}, which are {len(array.lengths)} axes, not {len(choice.axes)}"
        )
    attrs = dict(contents.attrs)
    axes = []
    for column, length in zip(choice.axes, array.lengths, strict=True):
        name, values, said = named_energy(
            column.name, _values(contents, column, length), column.source.rsplit("/", 1)[-1]
        )
        attrs = with_notes({**attrs, **said}, *notes(attrs), *notes(said))
        axes.append((name, column.unit, values))
    if len({name for name, *_ in axes}) != len(axes):
        names = ", ".join(column.name for column in choice.axes)
        raise ScanError(f"{contents.name}: the axes {names} name one axis twice; give each its own name")
    values = contents.load(array.path)
    if values.dtype.kind not in "iuf":
        raise ScanError(f"{contents.name}: {array.path} holds {values.dtype} values; a scan's are plain numbers")
    return rising_scan(values.reshape(array.lengths), axes, name=choice.value.name, unit=choice.value.unit, attrs=attrs)


def named_energy(name: str, values: np.ndarray, *said: str | None) -> tuple[str, np.ndarray, dict]:
    """An axis whose name may say what kind of energy it holds.

    Parameters
    ----------
    name
        The axis's name, such as ``binding_energy`` (which is turned round), ``kinetic_energy``, ``energy`` or
        ``energy_from_fermi_level``.
    values
        The axis [n].
    said
        What the file says of it, as in :func:`napari_scantwin.core.energies.notation`.

    Returns
    -------
    tuple
        The scan's name for the axis, its values [n], and the attributes that follow from its name.
    """
    if name == "photon_energy" or (name != "energy" and energies.notation(name) is None):
        return name, values, {}
    found = energies.counted(values, name, *said)
    attrs = {} if found.notation is None else {"energy_notation": found.notation}
    return "energy", found.values, with_notes(attrs, found.note)


def _values(contents: Contents, column: Column, size: int) -> np.ndarray:
    numbers = spaced(column.source)
    if numbers is not None:
        if numbers[1] == 0:
            raise ScanError(f"{contents.name}: the axis {column.name} has a step of 0; give the distance of its values")
        return numbers[0] + numbers[1] * np.arange(size)
    array = contents.find(column.source)
    if array.lengths != (size,) or size > _MOST_OF_AN_AXIS:
        shape = " x ".join(map(str, array.shape)) or "one"
        raise ScanError(f"{contents.name}: {array.path} has {shape} values, the axis {column.name} has {size} steps")
    return np.asarray(contents.load(array.path), float).reshape(-1)
