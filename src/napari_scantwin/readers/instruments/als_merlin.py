"""HDF5 as the beamline Merlin of the ALS writes it: arrays that carry the step and offset of every axis."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_scantwin.core.energies import KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import analyser_attrs
from napari_scantwin.readers.arrays.hdf5_open import Tree
from napari_scantwin.readers.arrays.hdf5_tools import SUFFIXES, in_file, measurement, text
from napari_scantwin.readers.format import Asks, Format, Level
from napari_scantwin.readers.measurement import Measurement

if TYPE_CHECKING:
    import h5py

__all__ = ["FORMATS", "scaled_arrays"]


def scaled_arrays(path: Path, file: h5py.File, tree: Tree) -> Iterator[Measurement]:
    """Arrays with the step and offset of every axis as attributes (ALS, Merlin). The file's axes are listed from the
    fastest of Igor's order, which is the last of the array's."""
    for name, node in tree.nodes.items():
        thing = None if node.group or "AxisScaling" not in node.attributes else file[name]
        if thing is None or thing.ndim < 1:
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
        said = (about.get("Energy Scale"),)
        yield measurement(path, name, thing, axes, said=said, documented=(KINETIC,), attrs=analyser_attrs(about))


def _settings(group: h5py.Group) -> dict[str, str]:
    """The attributes of a group and of its children, by name."""
    found: dict[str, str] = {}
    for child in (group, *group.values()):
        for key, value in child.attrs.items():
            found.setdefault(key, text(value))
    return found | {"Excitation Energy": found.get("Exc Energy", found.get("BL Energy", ""))}


FORMATS = (
    Format(
        name="als-merlin",
        title="ALS Merlin",
        suffixes=(".h5",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="arrays with `AxisScaling`",
        reads="Every dataset with `AxisScaling` (step and offset of each axis, the fastest first), `AxisNames` and "
        "`AxisUnits`. Energies are binding energies, turned round, where `Energy Scale` says so, else kinetic. The "
        "settings beside the dataset become attributes; other datasets are left out.",
        measurements=in_file(scaled_arrays),
        asks=Asks.ARRAYS,
        layout_after="real file",
    ),
)
