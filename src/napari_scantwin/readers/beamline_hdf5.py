"""HDF5 as beamlines write it: NeXus (``NXdata`` with signal and axes), and the ALS layout whose array carries
``AxisScaling``, ``AxisUnits`` and ``AxisNames``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from napari_scantwin import units
from napari_scantwin.errors import ScanError
from napari_scantwin.readers.arpes import analyser_attrs, arpes_scan
from napari_scantwin.readers.measurement import Measurement

__all__ = ["measurements"]


def measurements(path: Path) -> list[Measurement]:
    """Every array of the file whose layout says what its axes are, the largest first.

    Raises :class:`ScanError` naming the arrays where none does.
    """
    try:
        with h5py.File(path, "r") as file:
            found = [*_scaled_arrays(path, file), *_nexus(path, file)]
            arrays = [name for name, thing in _things(file) if isinstance(thing, h5py.Dataset) and thing.ndim > 1]
    except ScanError:
        raise
    except Exception as reason:  # damaged HDF5 raises many kinds
        raise ScanError(f"{path.name} is not a whole HDF5 file; it may be cut off: copy it again") from reason
    if not found:
        listed = ", ".join(arrays[:6]) + (", …" if len(arrays) > 6 else "")
        raise ScanError(
            f"{path.name} holds {f'the arrays {listed}' if arrays else 'no array'}, but nothing in a layout that says "
            "what their axes are (NeXus NXdata with signal and axes, or AxisScaling)"
        )
    return sorted(found, key=lambda one: -one.scan.size)


def _things(file: h5py.File) -> Iterator[tuple[str, object]]:
    """Every group and dataset by path; links out of the file are not followed."""
    names: list[str] = []
    file.visit(names.append)
    for name in names:
        yield name, file[name]


def _text(value) -> str:
    """An attribute as text, however it was stored."""
    value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def _scaled_arrays(path: Path, file: h5py.File) -> Iterator[Measurement]:
    """Arrays with the step and offset of every axis as attributes. The file's axes are listed from the fastest
    of Igor's order, which is the last of the array's."""
    for name, thing in _things(file):
        if not isinstance(thing, h5py.Dataset) or "AxisScaling" not in thing.attrs or thing.ndim < 1:
            continue
        scaling = thing.attrs["AxisScaling"]
        if isinstance(scaling, (bytes, str)):
            scaling = ast.literal_eval(_text(scaling))
        scaling = np.atleast_2d(np.asarray(scaling, float))
        labels = [part.strip() for part in _text(thing.attrs.get("AxisNames", "")).split(",")]
        axis_units = [part.strip() for part in _text(thing.attrs.get("AxisUnits", "")).split(",")]
        if not len(scaling) == len(labels) == len(axis_units) == thing.ndim:
            raise ScanError(f"{path.name}: {name} has {thing.ndim} dimensions, but names {len(labels)} axes")
        axes = [
            (label, unit, offset + step * np.arange(size))
            for label, unit, (step, offset), size in zip(labels, axis_units, scaling, thing.shape[::-1], strict=True)
        ][::-1]
        about = _settings(thing.parent)
        binding = about.get("Energy Scale", "").lower().startswith("bind")
        yield _measurement(path, name, thing, axes, binding, about)


def _settings(group: h5py.Group) -> dict[str, str]:
    """The attributes of a group and of its children, by name."""
    found: dict[str, str] = {}
    for child in (group, *group.values()):
        for key, value in child.attrs.items():
            found.setdefault(key, _text(value))
    return found | {"Excitation Energy": found.get("Exc Energy", found.get("BL Energy", ""))}


def _nexus(path: Path, file: h5py.File) -> Iterator[Measurement]:
    """Every ``NXdata`` group with a signal and axes along its dimensions."""
    for name, group in _things(file):
        if not isinstance(group, h5py.Group) or _text(group.attrs.get("NX_class", "")) != "NXdata":
            continue
        signal = _text(group.attrs["signal"]) if "signal" in group.attrs else _old_signal(group)
        if signal not in group or not isinstance(group[signal], h5py.Dataset) or group[signal].ndim < 1:
            continue
        data = group[signal]
        labels = _axis_labels(group, data)
        if labels is None:
            continue
        axes = []
        for label, size in zip(labels, data.shape, strict=True):
            column = group[label]
            # A motor's read-back over a grid: its mean along the other dimensions is no nominal axis.
            values = np.asarray(column, float)
            if values.shape != (size,):
                raise ScanError(f"{path.name}: the axis {name}/{label} has {values.shape} values for {size} steps")
            axes.append((label, _unit(column), values))
        notation = _text(group.attrs.get("energy_notation", "")).lower()
        binding = "bind" in notation or any("binding" in label.lower() for label in labels)
        yield _measurement(path, name, data, axes, binding, {})


def _old_signal(group: h5py.Group) -> str:
    """The dataset marked ``signal=1``, as older NeXus files have it."""
    marked = [name for name, thing in group.items() if _text(thing.attrs.get("signal", "")) == "1"]
    return marked[0] if marked else ""


def _axis_labels(group: h5py.Group, data: h5py.Dataset) -> list[str] | None:
    """The dataset that holds each dimension's axis, or None where one is not named."""
    listed = group.attrs.get("axes")
    if listed is not None:
        listed = [_text(one) for one in np.atleast_1d(listed)]
        listed = listed[0].split(":") if len(listed) == 1 and ":" in listed[0] else listed
    if listed is None or len(listed) != data.ndim or any(one not in group for one in listed):
        listed = []
        for dimension in range(data.ndim):  # older files: each axis says which dimension it is, from 1
            match = [name for name, thing in group.items() if _text(thing.attrs.get("axis", "")) == str(dimension + 1)]
            match.sort(key=lambda name: _text(group[name].attrs.get("primary", "2")))
            if not match:
                return None
            listed.append(match[0])
    return listed


def _unit(column: h5py.Dataset) -> str | None:
    unit = _text(column.attrs.get("units", column.attrs.get("unit", "")))
    return unit if unit and units.is_known(unit) else None


def _measurement(path: Path, name: str, data: h5py.Dataset, axes, binding: bool, about: dict[str, str]) -> Measurement:
    unit = _text(data.attrs.get("units", "")) or None
    scan = arpes_scan(path.name, data[()], axes, unit=unit, binding=binding, attrs=analyser_attrs(about))
    size = " x ".join(f"{scan.sizes[dim]} {str(dim).replace('_', ' ')}" for dim in scan.dims)
    return Measurement(name, f"{name}: {size}", scan)
