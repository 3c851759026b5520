"""NeXus: ``NXdata`` groups with a signal and its axes, among them NXmpes, NXarpes and Diamond's I05.

The rules of which dataset is which dimension's axis are those of the NeXus manual (NXdata, "Associating plottable data
with dimension scales"): the group's ``axes`` and ``AXISNAME_indices``; before 2014 the signal's ``axes`` or each
axis's own ``axis`` (and ``primary``) attribute. Nominal axes are the axes; a motor's read-backs along a scan become
further coordinates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_scantwin.core.energies import KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import axis_name
from napari_scantwin.readers.arrays.hdf5_tools import (
    dataset,
    in_file,
    is_dataset,
    is_group,
    leads_out,
    measurement,
    number,
    numbers,
    stored_text,
    text,
    things,
    unit_of,
)
from napari_scantwin.readers.format import Asks, Format, Level
from napari_scantwin.readers.measurement import Measurement

if TYPE_CHECKING:
    import h5py

__all__ = ["FORMATS", "measurements"]


def measurements(path: Path, file: h5py.File) -> Iterator[Measurement]:
    """Every ``NXdata`` group with a signal and an axis along each of its dimensions of more than one step."""
    default = _default_group(file)
    for name, group in things(file):
        if not is_group(group) or _class(group) != "NXdata":
            continue
        data = _signal(group)
        if data is None or data.ndim < 1:
            continue
        found = _axes(path, group, data)
        if found is not None:
            yield _measurement(path, name, file, data, found, name == default)


def _default_group(file: h5py.File) -> str | None:
    """The path of the group that the file itself calls its default plot, or None."""
    group: h5py.Group = file
    names: list[str] = []
    while is_group(group) and "default" in group.attrs:
        name = text(group.attrs["default"])
        if name not in group or leads_out(group, name):
            return None
        group, names = group[name], [*names, name]
    return "/".join(names) or None


def _class(group: h5py.Group) -> str:
    return text(group.attrs.get("NX_class", ""))


def _signal(group: h5py.Group) -> h5py.Dataset | None:
    """The dataset of the group that holds the measured values."""
    if "signal" in group.attrs:
        return dataset(group, text(group.attrs["signal"]))
    for name in group:  # older files mark the dataset
        data = dataset(group, name)
        if data is not None and text(data.attrs.get("signal", "")) == "1":
            return data
    return None


class _Axis:
    """A dataset that may be the axis of one dimension: its ``label``, and the dimensions of the signal it spans."""

    def __init__(self, group: h5py.Group, label: str, spans: tuple[int, ...]):
        self.data, self.label, self.spans = group[label], label, spans

    def nominal(self, dimension: int, size: int) -> np.ndarray | None:
        """Its values along one dimension [size]; None where it has not so many. Bin edges give their middles; values
        on a grid give the middle one of those that jitter about each step."""
        values = numbers(self.data)
        if values.ndim > 1 and dimension in self.spans and len(self.spans) == values.ndim:
            others = tuple(position for position, spanned in enumerate(self.spans) if spanned != dimension)
            values = np.median(values, axis=others)
        values = values.reshape(-1) if values.size == size else values
        if values.shape == (size + 1,) and size > 1:
            values = (values[1:] + values[:-1]) / 2
        return values if values.shape == (size,) else None


def _axes(path: Path, group: h5py.Group, data: h5py.Dataset) -> list[_Axis | None] | None:
    """The axis of every dimension, None for one of a single step without an axis; None altogether where a longer
    dimension has none."""
    named = _listed(group, data) or _marked(group, data)
    found: list[_Axis | None] = []
    for dimension, size in enumerate(data.shape):
        axis = named.get(dimension)
        if axis is None and size > 1:
            return None
        if axis is not None and axis.nominal(dimension, size) is None:
            shape = " x ".join(map(str, axis.data.shape)) or "one"
            raise ScanError(f"{path.name}: the axis {axis.data.name} has {shape} values for {size} steps")
        found.append(axis)
    return found


def _listed(group: h5py.Group, data: h5py.Dataset) -> dict[int, _Axis]:
    """Axes by dimension as the group's (or the signal's) attribute ``axes`` lists them."""
    listed = group.attrs.get("axes", data.attrs.get("axes"))
    if listed is None:
        return {}
    names = [text(one).strip() for one in np.ravel(listed)]
    if len(names) == 1 and data.ndim > 1:
        names = re.split(r"[:,]", names[0].strip("[]"))
    if len(names) != data.ndim:
        return {}
    found = {}
    for dimension, name in enumerate(names):
        if dataset(group, name) is None:  # "." stands for no axis
            continue
        spans = np.ravel(group.attrs.get(f"{name}_indices", dimension))
        found[dimension] = _Axis(group, name, tuple(int(one) for one in spans))
    return found


def _marked(group: h5py.Group, data: h5py.Dataset) -> dict[int, _Axis]:
    """Axes by dimension as each axis's own ``axis`` attribute says, dimensions counted from 1; of several the one of
    lowest ``primary``. A motor of a scan over a grid says ``"1,2"``: it is the axis along which it moves most."""
    found: dict[int, list[tuple[int, _Axis]]] = {}
    for name in group:
        column = dataset(group, name)
        if column is None or column == data or "axis" not in column.attrs:
            continue
        spans = [int(one) - 1 for one in re.findall(r"\d+", text(column.attrs["axis"]))]
        if not spans or max(spans) >= data.ndim:
            continue
        axis = _Axis(group, name, tuple(spans))
        rank = re.findall(r"\d+", text(column.attrs.get("primary", "9")))
        found.setdefault(_direction(column, spans), []).append((int(rank[0]) if rank else 9, axis))
    return {dimension: min(axes, key=lambda one: one[0])[1] for dimension, axes in found.items()}


def _direction(column: h5py.Dataset, spans: list[int]) -> int:
    """The dimension of the signal along which the values of a motor (or of energies that follow it) vary most."""
    if len(spans) == 1 or column.ndim != len(spans) or column.size < 2:
        return spans[-1]
    values = numbers(column)
    steps = [np.abs(np.diff(values, axis=k)).mean() if values.shape[k] > 1 else 0.0 for k in range(values.ndim)]
    # Energies that move with the photon energy step further from cut to cut than within one.
    return spans[-1] if "energ" in column.name.rsplit("/", 1)[-1].lower() else spans[int(np.argmax(steps))]


def _measurement(
    path: Path, name: str, file: h5py.File, data: h5py.Dataset, found: list[_Axis | None], default: bool
) -> Measurement:
    kept = [(dimension, axis) for dimension, axis in enumerate(found) if axis is not None]
    axes = [(_label(data.parent, axis), unit_of(axis.data), axis.nominal(k, data.shape[k])) for k, axis in kept]
    attrs, along = _about(file, name, data.shape, [dimension for dimension, _ in kept])
    positions = {dimension: position for position, (dimension, _) in enumerate(kept)}
    said: list[str] = []
    for dimension, axis in kept:
        if axis_name(axis.label) == "energy":  # NXdata_mpes: type is "kinetic" or "binding"
            said += [text(axis.data.attrs.get(key, "")) for key in ("type", "energy_notation", "long_name")]
        shift = _shift(path, axis, dimension)
        if shift is not None:
            follows, energies, moved = shift
            axes[positions[dimension]] = (*axes[positions[dimension]][:2], energies)
            along["kinetic_energy_shift"] = (positions[follows], unit_of(axis.data), moved)
    said.append(text(data.parent.attrs.get("energy_notation", "")))
    # NXarpes and I05 call the analyser's own, kinetic energies so.
    documented = (KINETIC,) if any(axis.label == "energies" for _, axis in kept) else ()
    shape = tuple(data.shape[dimension] for dimension, _ in kept)
    return measurement(
        path, name, data, axes, said=said, documented=documented, attrs=attrs, along=along, shape=shape, default=default
    )


def _label(group: h5py.Group, axis: _Axis) -> str:
    """What an axis is called; I05 calls photon energies ``energy`` (or ``value``) beside the ``energies`` of the
    electrons."""
    photons = axis.label in ("energy", "value") and "energies" in group and (unit_of(axis.data) or "eV") == "eV"
    return "photon energy" if photons else axis.label


def _shift(path: Path, axis: _Axis, dimension: int) -> tuple[int, np.ndarray, np.ndarray] | None:
    """Energies that differ from cut to cut, as in a photon-energy scan: the dimension they follow, the first cut's
    energies, and how far each cut's lie above them; None where they are the same in every cut."""
    values = numbers(axis.data)
    if values.ndim != 2 or len(axis.spans) != 2 or "energ" not in axis.label.lower() or dimension not in axis.spans:
        return None
    values = values if axis.spans[1] == dimension else values.T
    follows = next(one for one in axis.spans if one != dimension)
    half = np.abs(np.diff(values[0])).min() / 2 if values.shape[1] > 1 else 0.0
    moved = np.median(values - values[0], axis=1)
    if np.abs(moved).max() <= half:
        return None
    if np.abs(values - values[0] - moved[:, None]).max() > half:
        raise ScanError(f"{path.name}: the energies of {axis.data.name} differ from cut to cut by more than a shift")
    return follows, values[0], moved


#: Ends of paths below an entry, what they hold, and the unit where the file names none (those that NeXus fixes).
_ABOUT = (
    (r"(monochromator/energy|incident_energy|photon_energy)$", "photon_energy", "eV"),
    (r"(^|/)(sample/temperature|sample_temperature)$", "sample_temperature", "K"),
    (r"pass_energy$", "pass_energy", "eV"),
    (r"lens_mode$", "lens_mode", None),
    (r"acquisition_mode$", "acquisition_mode", None),
    (r"^scan_command$", "scan_command", None),
    (r"^title$", "title", None),
    (r"^start_time$", "start_time", None),
    (r"^definition$", "definition", None),
    (r"^sample/name$", "sample", None),
    (r"manipulator/[^/]+$", "", None),
)
_LONGEST = 1000


def _about(file: h5py.File, name: str, shape: tuple[int, ...], kept: list[int]) -> tuple[dict, dict]:
    """What the entry says of the measurement: attributes, and read-backs (position of the axis, unit, values) along
    its slowest axis."""
    entry = next((part for part in _parents(file, name) if _class(part) == "NXentry"), None)
    attrs: dict = {}
    along: dict = {}
    if entry is None:
        return attrs, along
    for where, thing in things(entry):
        if not is_dataset(thing) or thing.size > max(_LONGEST, *shape):
            continue
        match = next((row for row in _ABOUT if re.search(row[0], where)), None)
        if match is None:
            continue
        key = match[1] or where.rsplit("/", 1)[-1].lower()
        if thing.dtype.kind not in "iuf":
            attrs.setdefault(key, stored_text(thing))
            continue
        unit = unit_of(thing) or match[2]
        if (value := number(thing)) is not None:
            if key not in attrs:
                attrs |= {key: value} | ({} if unit is None else {f"{key}_units": unit})
        elif kept and thing.size == shape[kept[0]] > 1 and np.isfinite(values := numbers(thing)).all():
            along.setdefault(f"{key}_readback", (0, unit, values.ravel()))
    return attrs, along


def _parents(file: h5py.File, name: str) -> Iterator[h5py.Group]:
    """The groups that hold a group, the innermost first."""
    parts = name.split("/")
    for count in range(len(parts), 0, -1):
        thing = file["/".join(parts[:count])]
        if is_group(thing):
            yield thing


FORMATS = (
    Format(
        name="nexus",
        title="NeXus, NXmpes, NXarpes, Diamond I05",
        suffixes=(".nxs", ".h5", ".hdf5"),
        level=Level.INSTRUMENT,
        holds="every `NXdata` with signal and axes, the file's default first; cuts, maps, photon-energy scans",
        reads="The signal of every `NXdata` group against the axes that `axes` and `AXISNAME_indices` (in older files "
        "the signal's `axes`, or each axis's `axis` and `primary`) give it; units are the datasets' own. Nominal "
        "positions are the axis, a motor's read-backs stand beside it as a coordinate. Energies are what the "
        "label, `energy@type` or `energy_notation` says; binding energies are turned round; `energies` (NXarpes, I05) "
        "are kinetic. Where the "
        "kinetic energies of a photon-energy scan move from cut to cut, the axis holds those of the first cut and the "
        "coordinate `kinetic_energy_shift` how far each cut lies above it. Of the entry photon energy, sample "
        "temperature, pass energy, lens and acquisition mode, manipulator, title, sample and start are kept; groups "
        "with an axis missing are left out.",
        measurements=in_file(measurements),
        asks=Asks.ARRAYS,
        layout_after="NeXus manual, FAIRmat's NXmpes, erlab, peaks",
    ),
)
