"""NeXus: ``NXdata`` groups with a signal and its axes, among them NXmpes, NXarpes and Diamond's I05.

The rules of which dataset is which dimension's axis are those of the NeXus manual (NXdata, "Associating plottable data
with dimension scales"): the group's ``axes`` and ``AXISNAME_indices``; before 2014 the signal's ``axes`` or each
axis's own ``axis`` (and ``primary``) attribute. Nominal axes are the axes; a motor's read-backs along a scan become
further coordinates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.energies import KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_notes
from napari_scantwin.readers.arpes_axes import axis_name
from napari_scantwin.readers.arrays.hdf5_open import Tree
from napari_scantwin.readers.arrays.hdf5_tools import (
    dataset,
    in_file,
    measurement,
    number,
    numbers,
    stored_text,
    text,
    unit_of,
)
from napari_scantwin.readers.format import Asks, Format, Level
from napari_scantwin.readers.measurement import Measurement

if TYPE_CHECKING:
    import h5py

__all__ = ["FORMATS", "measurements"]


def measurements(path: Path, file: h5py.File, tree: Tree) -> Iterator[Measurement]:
    """Every ``NXdata`` group with a signal and an axis along each of its dimensions of more than one step.

    What is wrong with one group does not keep the file's default from being opened; it is said there.
    """
    default = _default_group(tree, file)
    found: list[Measurement] = []
    wrong: dict[str, tuple[int, ScanError]] = {}
    entries: dict[str, _Entry] = {}
    for name, node in tree.nodes.items():
        if not node.group or node.nx_class != "NXdata":
            continue
        group = file[name]
        data = _signal(group)
        if data is None or data.ndim < 1:
            continue
        try:
            axes = _axes(path, group, data)
            if axes is not None:
                entry = _entry_of(tree, name)
                if entry not in entries:
                    entries[entry] = _Entry(tree, file, entry)
                found.append(_measurement(path, name, entries[entry], group, data, axes, name == default))
        except ScanError as reason:
            wrong[name] = (data.size, reason)
    main = default if default in wrong else None
    if default not in wrong and not any(one.default for one in found) and wrong:
        # A scan that lacks a unit is asked about before some lesser one is opened in its place.
        largest = max(wrong, key=lambda name: wrong[name][0])
        main = largest if wrong[largest][0] > max((one.scan.size for one in found), default=0) else None
    if main is not None:
        raise wrong[main][1]
    said = [
        f"{name} is not offered: {str(reason).removeprefix(f'{path.name}: ')}" for name, (_, reason) in wrong.items()
    ]
    for one in found:
        one.scan.attrs = with_notes(one.scan.attrs, *said)
        yield one


def _default_group(tree: Tree, file: h5py.File) -> str | None:
    """The path of the group that the file itself calls its default plot, or None."""
    where = ""
    while "default" in tree.nodes[where].attributes:
        name = text((file[where] if where else file).attrs["default"]).strip("/")
        where = f"{where}/{name}".strip("/")
        if where not in tree.nodes or not tree.nodes[where].group:
            return None
    return where or None


def _entry_of(tree: Tree, name: str) -> str:
    """The path of the ``NXentry`` that a group lies in; of none the group's own."""
    parts = name.split("/")
    above = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((one for one in above if one in tree.nodes and tree.nodes[one].nx_class == "NXentry"), "")


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
    path: Path,
    name: str,
    entry: _Entry,
    group: h5py.Group,
    data: h5py.Dataset,
    found: list[_Axis | None],
    default: bool,
) -> Measurement:
    kept = [(dimension, axis) for dimension, axis in enumerate(found) if axis is not None]
    axes = []
    for dimension, axis in kept:
        column = np.asarray(axis.nominal(dimension, data.shape[dimension]))
        axes.append((_label(group, axis), _unit(axis, column), column))
    attrs, along = entry.about(data.shape, [dimension for dimension, _ in kept])
    shape = tuple(data.shape[dimension] for dimension, _ in kept)
    sources = [f"{name}/{axis.label}" for _, axis in kept]
    kinds = []
    for _, axis in kept:
        if axis_name(axis.label) == "energy":  # NXdata_mpes: type is "kinetic" or "binding"
            kinds += [text(axis.data.attrs.get(key, "")) for key in ("type", "energy_notation", "long_name")]
    kinds.append(text(group.attrs.get("energy_notation", "")))
    labels = [label for label, *_ in axes]
    electrons = _photoemission(entry, group, labels, kinds)
    positions = {dimension: position for position, (dimension, _) in enumerate(kept)}
    for dimension, axis in kept:
        shift = _shift(path, axis, dimension) if electrons else None
        if shift is not None:
            follows, energies, moved = shift
            axes[positions[dimension]] = (*axes[positions[dimension]][:2], energies)
            along["kinetic_energy_shift"] = (positions[follows], unit_of(axis.data), moved)
    moved_to = {position for position, *_ in along.values()}
    return measurement(
        path,
        name,
        data,
        axes,
        said=kinds,
        # NXarpes and I05 call the analyser's own, kinetic energies so.
        documented=(KINETIC,) if any(axis.label == "energies" for _, axis in kept) else (),
        attrs=attrs,
        along=along,
        shape=shape,
        default=default,
        scanned=[k for k in sorted(moved_to) if electrons and axis_name(labels[k]) not in _DETECTED],
        sources=sources,
        measures="photoemission_intensity" if electrons else _quantity(group, data),
    )


#: What a file calls a measurement of electrons in its ``definition``.
_PHOTOEMISSION = re.compile(r"mpes|arpes|xps|ups|photoem", re.IGNORECASE)
#: Axes of the detector, of which every step is there in each cut.
_DETECTED = ("energy", "angle", "position")


def _photoemission(entry: _Entry, group: h5py.Group, labels: list[str], kinds: list[str]) -> bool:
    """Whether the file says that a group holds photoemission: by its definition, an electron analyser, energies that
    are said to be kinetic or binding, or energies against an angle or a momentum."""
    if entry.definition:
        return bool(_PHOTOEMISSION.search(entry.definition))
    if entry.has_analyser or re.search(r"analy[sz]er", group.name, re.IGNORECASE):
        return True
    said = " ".join((*labels, *kinds)).lower()
    names = {axis_name(label) for label in labels}
    return "kinetic" in said or "binding" in said or ("energy" in names and bool(names & {"angle", "kx", "ky", "kp"}))


def _quantity(group: h5py.Group, data: h5py.Dataset) -> str:
    """The scan's name for values that are no photoemission: the dataset's own, or its long name's."""
    own = text(group.attrs.get("signal", "")) or data.name.rsplit("/", 1)[-1]
    long_name = units.split_label(text(data.attrs.get("long_name", "")))[0]
    plain = long_name if own.lower() in _VAGUE and 0 < len(long_name) <= _LONGEST_NAME else own
    return re.sub(r"\W+", "_", plain.strip().lower()).strip("_") or "signal"


#: Names of datasets that say nothing of what they hold.
_VAGUE = ("data", "signal", "value", "values", "image")
_LONGEST_NAME = 60


def _unit(axis: _Axis, column: np.ndarray) -> str | None:
    """The unit of an axis; one that counts repetitions has none and needs none."""
    unit = unit_of(axis.data)
    unsaid = not {"units", "unit"} & set(axis.data.attrs)
    if unit is None and unsaid and _COUNTS.search(axis.label.lower()) and np.all(np.diff(column) == 1):
        return "1"
    return unit


#: What an axis is called that counts how often something was done.
_COUNTS = re.compile(r"scan|sweep|cycle|loop|repe|iteration|frame|step|index|number|point|run")


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


class _Entry:
    """An ``NXentry``: what it says of the measurements in it, looked up once for all of them."""

    def __init__(self, tree: Tree, file: h5py.File, where: str):
        inside = f"{where}/" if where else ""
        below = {name.removeprefix(inside): node for name, node in tree.nodes.items() if name.startswith(inside)}
        self.has_analyser = any(re.search(r"electronanaly[sz]er", node.nx_class.lower()) for node in below.values())
        self.definition = ""
        self._held: list[tuple[str, str | None, tuple[int, ...], str | h5py.Dataset]] = []
        if not where:
            return
        for name, node in below.items():
            match = None if node.group else next((row for row in _ABOUT if re.search(row[0], name)), None)
            if match is None:
                continue
            thing = file[f"{inside}{name}"]
            key = match[1] or name.rsplit("/", 1)[-1].lower()
            if thing.dtype.kind in "iuf":
                self._held.append((key, unit_of(thing) or match[2], thing.shape, thing))
            elif thing.size is not None and thing.size <= _LONGEST:
                said = stored_text(thing)
                self._held.append((key, None, (), said))
                if name == "definition":
                    self.definition = said

    def about(self, shape: tuple[int, ...], kept: list[int]) -> tuple[dict, dict]:
        """Attributes, and read-backs (position of the axis, unit, values) along the slowest axis of a signal of some
        shape, of which the dimensions ``kept`` have an axis."""
        attrs: dict = {}
        along: dict = {}
        for key, unit, own, thing in self._held:
            if isinstance(thing, str):
                attrs.setdefault(key, thing)
            elif (value := number(thing)) is not None:
                if key not in attrs:
                    attrs |= {key: value} | ({} if unit is None else {f"{key}_units": unit})
            elif kept and math.prod(own) == shape[kept[0]] > 1 and np.isfinite(values := numbers(thing)).all():
                along.setdefault(f"{key}_readback", (0, unit, values.ravel()))
        return attrs, along


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
        "with an axis missing are left out. What neither its definition, an electron analyser, kinetic or binding "
        "energies nor energies against angles call photoemission keeps the name of its dataset and of "
        "its axes. Steps at the end of a scan that "
        "its read-backs show were never measured are left out and said.",
        measurements=in_file(measurements),
        asks=Asks.ARRAYS,
        layout_after="NeXus manual, FAIRmat's NXmpes, erlab, peaks",
    ),
)
