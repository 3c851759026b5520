"""Igor waves as scans, whatever file they come from. An axis is the wave's scaling, its unit the dimension's label;
a dimension without a label takes the one-dimensional wave beside it that fits, which may be unevenly spaced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import analyser_attrs, arpes_scan, size_words
from napari_scantwin.readers.measurement import Measurement

__all__ = ["Wave", "unit_of", "wave_measurements"]

#: A label with the unit before the name, as Prodigy writes it: ``deg (theta_y)``.
_UNIT_FIRST = re.compile(r"(?P<unit>[^()]*)\((?P<name>[^()]+)\)\s*")

#: Units of what is measured rather than scanned; a wave in one of these is no axis.
_MEASURED = {units.standard(unit) for unit in ("count", "count/s", "arb", "")}


@dataclass(frozen=True)
class Wave:
    """An Igor wave.

    Parameters
    ----------
    name
        Its name.
    values
        Its numbers.
    axes
        (label, offset, step) of each dimension.
    unit
        That of its data, or None.
    settings
        The analyser's settings in its note.
    """

    name: str
    values: np.ndarray
    axes: Sequence[tuple[str, float, float]]
    unit: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def wave_measurements(path: Path, waves: Sequence[Wave]) -> list[Measurement]:
    """The waves that are scans, those of most dimensions first; of one dimension only where there is nothing else.

    Parameters
    ----------
    path
        The file.
    waves
        All its waves.

    Raises
    ------
    ScanError
        Where no wave is a scan, saying what the first lacks.
    """
    lines = [wave for wave in waves if wave.values.ndim == 1 and wave.values.size > 1]
    axes: dict[int, list[Wave]] = {}
    others = []
    for line in lines:
        if _is_axis(line):
            axes.setdefault(line.values.size, []).append(line)
        else:
            others.append(line)
    found = sorted((wave for wave in waves if _breadth(wave) > 1), key=lambda wave: -_breadth(wave))
    good, wrong = [], []
    for wave in found or (lines if len(lines) == 1 else others):
        try:
            good.append(_measurement(path, wave, axes))
        except ScanError as reason:  # a scratch wave beside the data does not keep the data from being opened
            wrong.append(reason)
    if not good:
        raise wrong[0] if wrong else ScanError(f"{path.name} holds no wave of numbers")
    return good


def _breadth(wave: Wave) -> int:
    """How many dimensions have more than one value."""
    return sum(size > 1 for size in wave.values.shape)


def _is_axis(line: Wave) -> bool:
    """Whether a one-dimensional wave can be the places of another's points: distinct, in a unit one scans in."""
    known = line.unit is not None and units.is_known(line.unit) and units.standard(line.unit) not in _MEASURED
    return known and np.isfinite(line.values).all() and len(np.unique(line.values)) == line.values.size


def _measurement(path: Path, wave: Wave, axes_of: Mapping[int, Sequence[Wave]]) -> Measurement:
    """A wave as a measurement; ``axes_of`` lists the one-dimensional waves that can be an axis of so many places."""
    axes = []
    count = wave.values.ndim
    for number, ((label, offset, step), size) in enumerate(zip(wave.axes, wave.values.shape, strict=True)):
        label = " ".join(label.split())  # a damaged label may hold anything
        fitting = [line for line in axes_of.get(size, ())[:3] if line is not wave]
        if not label and len(fitting) == 1:
            axes.append((fitting[0].name, fitting[0].unit, np.asarray(fitting[0].values, float)))
        else:
            axes.append((*_named(label, number, count), offset + step * np.arange(size)))
    attrs = analyser_attrs(wave.settings)
    said = (wave.settings.get("Energy Scale"), wave.settings.get("Energy Unit"))
    scan = arpes_scan(path.name, wave.values, axes, unit=wave.unit, said=said, attrs=attrs)
    return Measurement(wave.name, f"{wave.name}: {size_words(scan)}", scan)


def _named(label: str, number: int, count: int) -> tuple[str, str | None]:
    """The name and, where it does not stand behind the name, the unit of an axis. A label that names only a unit
    gets the name that unit has in photoemission."""
    if found := _UNIT_FIRST.fullmatch(label):
        unit, name = found["unit"].strip(), found["name"].strip()
        if unit and units.is_known(unit) and not units.is_known(name):
            return name, unit
        if not unit and name.lower() in ("loop", "cycle", "step"):
            return name, "1"
    if units.split_label(label)[1] is None and label and units.is_known(label):
        if units.registry().Unit(units.standard(label)).is_compatible_with("eV"):
            return "energy", label
        if units.registry().Unit(units.standard(label)).is_compatible_with("degree"):
            return "angle" if number < 2 or count < 3 else "manipulator angle", label
        return f"axis {number + 1}", label
    return label or f"axis {number + 1}", None


def unit_of(label: str) -> str | None:
    """The unit in a data label such as ``Counts [a.u.]`` or ``cps (Intensity)``."""
    found = _UNIT_FIRST.fullmatch(label)
    if found and found["unit"].strip() and units.is_known(found["unit"]):
        return found["unit"].strip()
    return units.split_label(label)[1] or (label if label and units.is_known(label) else None)
