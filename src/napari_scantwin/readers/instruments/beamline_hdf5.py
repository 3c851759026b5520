"""HDF5 as beamlines write it, each layout recognised by its structure, whatever the file is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arrays.hdf5_tools import measurement, text, things
from napari_scantwin.readers.instruments import nexus, psi_hdf5
from napari_scantwin.readers.instruments.arpes import analyser_attrs
from napari_scantwin.readers.measurement import Measurement

__all__ = ["measurements"]


def measurements(path: Path) -> list[Measurement]:
    """Every array of the file whose layout says what its axes are: what the file calls its default first, then the
    largest first.

    None where no layout is known. Raises :class:`ScanError` where the file is damaged, and
    :class:`~napari_scantwin.core.errors.NeedsAxes` where a known layout lacks a unit.
    """
    try:
        with h5py.File(path, "r") as file:
            found = [
                *_scaled_arrays(path, file),
                *psi_hdf5.sis(path, file),
                *psi_hdf5.adress(path, file),
                *nexus.measurements(path, file),
            ]
            default = nexus.default_group(file)
    except ScanError:
        raise
    except Exception as reason:  # damaged HDF5 raises many kinds
        raise ScanError(f"{path.name} is not a whole HDF5 file; it may be cut off: copy it again") from reason
    return sorted(found, key=lambda one: (one.key != default, -one.scan.size))


def _scaled_arrays(path: Path, file: h5py.File) -> Iterator[Measurement]:
    """Arrays with the step and offset of every axis as attributes (ALS, Merlin). The file's axes are listed from the
    fastest of Igor's order, which is the last of the array's."""
    for name, thing in things(file):
        if not isinstance(thing, h5py.Dataset) or "AxisScaling" not in thing.attrs or thing.ndim < 1:
            continue
        scaling = thing.attrs["AxisScaling"]
        if isinstance(scaling, (bytes, str)):
            scaling = ast.literal_eval(text(scaling))
        scaling = np.atleast_2d(np.asarray(scaling, float))
        labels = [part.strip() for part in text(thing.attrs.get("AxisNames", "")).split(",")]
        axis_units = [part.strip() for part in text(thing.attrs.get("AxisUnits", "")).split(",")]
        if not len(scaling) == len(labels) == len(axis_units) == thing.ndim:
            raise ScanError(f"{path.name}: {name} has {thing.ndim} dimensions, but names {len(labels)} axes")
        axes = [
            (label, unit, offset + step * np.arange(size))
            for label, unit, (step, offset), size in zip(labels, axis_units, scaling, thing.shape[::-1], strict=True)
        ][::-1]
        about = _settings(thing.parent)
        binding = about.get("Energy Scale", "").lower().startswith("bind")
        yield measurement(path, name, thing, axes, binding=binding, attrs=analyser_attrs(about))


def _settings(group: h5py.Group) -> dict[str, str]:
    """The attributes of a group and of its children, by name."""
    found: dict[str, str] = {}
    for child in (group, *group.values()):
        for key, value in child.attrs.items():
            found.setdefault(key, text(value))
    return found | {"Excitation Energy": found.get("Exc Energy", found.get("BL Energy", ""))}
