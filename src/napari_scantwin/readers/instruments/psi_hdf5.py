"""The two HDF5 layouts of the Swiss Light Source (PSI): SIS and ADRESS.

Written after what the open-source loaders of arpys (kuadrat/arpys) and piva (pudeIko/piva, MIT) say of them; at both
beamlines energies count from the Fermi level, occupied states negative (piva: E_kin = energy + hv - work function),
unless the file says that they are kinetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.energies import FERMI, KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import analyser_attrs
from napari_scantwin.readers.arrays.hdf5_open import Tree
from napari_scantwin.readers.arrays.hdf5_tools import SUFFIXES, dataset, in_file, is_group, measurement, number, text
from napari_scantwin.readers.format import Asks, Format, Level
from napari_scantwin.readers.measurement import Measurement

if TYPE_CHECKING:
    import h5py

__all__ = ["FORMATS", "adress", "sis"]

_SIS_IMAGE = "Electron Analyzer/Image Data"
#: Attributes of SIS's image and what settings of SES mean the same.
_SIS_SETTINGS = {
    "Excitation Energy (eV)": "Excitation Energy",
    "Pass Energy (eV)": "Pass Energy",
    "Lens Mode": "Lens Mode",
    "Acquisition Mode": "Acquisition Mode",
    "Sweeps on Last Image": "Number of Sweeps",
    "Dwell Time (ms)": "Step Time",
    "Region Name": "Region Name",
    "Comments": "Comments",
}


def sis(path: Path, file: h5py.File, tree: Tree) -> Iterator[Measurement]:
    """SIS: the image ``Electron Analyzer/Image Data`` with ``Axis0.Scale`` (start, step), ``Axis0.Description`` and
    ``Axis0.Units`` and so on; the motors under ``Other Instruments``, one value each or one a step of the scan."""
    image = dataset(file, _SIS_IMAGE) if _SIS_IMAGE in tree.nodes else None
    if image is None or "Axis0.Scale" not in image.attrs:
        return
    axes = []
    for dimension, size in enumerate(image.shape):
        label = (
            text(image.attrs.get(f"Axis{dimension}.Description", "")) or ("energy", "angle", "scan")[min(dimension, 2)]
        )
        unit = text(image.attrs.get(f"Axis{dimension}.Units", ""))
        scale = np.asarray(image.attrs.get(f"Axis{dimension}.Scale", ()), float).ravel()
        if scale.size != 2:
            raise ScanError(f"{path.name}: {_SIS_IMAGE} has no start and step for its axis {dimension} ({label})")
        axes.append((label, unit or None, scale[0] + scale[1] * np.arange(size)))
    attrs = analyser_attrs(
        {new: text(image.attrs[old]) for old, new in _SIS_SETTINGS.items() if old in image.attrs}
        | {"Comments": text(file.attrs.get("Comments", "")), "Sample": text(file.attrs.get("Sample", ""))}
    )
    work_function = number(image.attrs.get("Work Function (eV)", ()))
    if work_function is not None:
        attrs |= {"work_function": work_function, "work_function_units": "eV"}
    motors = file.get("Other Instruments")
    alone, along = _motors(motors, image.shape) if is_group(motors) else ({}, {})
    yield measurement(
        path,
        _SIS_IMAGE,
        image,
        axes,
        said=(text(image.attrs.get("Energy Scale", "")),),
        documented=(FERMI,),
        attrs=attrs | alone,
        along=along,
        scanned=range(2, image.ndim),
    )


def _motors(group: h5py.Group, shape: tuple[int, ...]) -> tuple[dict, dict]:
    """Motors that stood still, as attributes, and read-backs along the scanned axis, as (dimension, unit, values)."""
    alone: dict[str, float | str] = {}
    along: dict[str, tuple] = {}
    for name in group:
        motor = dataset(group, name)
        if motor is None:
            continue
        key = "_".join(name.lower().replace("(", "").replace(")", "").replace(".", "").split())
        unit = text(motor.attrs.get("Units", motor.attrs.get("units", "")))
        known = units.standard(unit) if unit and units.is_known(unit) else None
        if (still := number(motor)) is not None:
            alone[key] = still
            alone |= {} if known is None else {f"{key}_units": known}
        elif len(shape) > 2 and motor.shape == (shape[2],):
            along[f"{key}_readback"] = (2, known, np.asarray(motor, float))
    return alone, along


_ADRESS_MATRIX = "Matrix"
#: What ADRESS's note calls a quantity, the scan's name for it, and its unit.
_ADRESS_NOTE = {
    "hv": ("photon_energy", "eV"),
    "tilt": ("manipulator_angle", "deg"),
    "adef": ("deflector_angle", "deg"),
    "theta": ("theta", "deg"),
    "azimuth": ("azimuth", "deg"),
    "x": ("x", "mm"),
    "y": ("y", "mm"),
    "z": ("z", "mm"),
    "temp": ("sample_temperature", "K"),
    "epass": ("pass_energy", "eV"),
}
#: The axis a range (start:step:end) of one of these quantities scans.
_ADRESS_SCANNED = {"hv": "photon energy", "tilt": "tilt", "adef": "deflector", "theta": "polar", "azimuth": "azimuth"}


def adress(path: Path, file: h5py.File, tree: Tree) -> Iterator[Measurement]:
    """ADRESS: ``Matrix`` as Igor saves a wave, [angle, energy] or [angle, energy, scanned], with
    ``IGORWaveScaling`` (step, start of the data and of every dimension), ``IGORWaveUnits`` and ``IGORWaveNote``, lines
    ``name = value``, a scanned quantity as ``start:step:end``."""
    matrix = dataset(file, _ADRESS_MATRIX) if _ADRESS_MATRIX in tree.nodes else None
    if matrix is None or "IGORWaveScaling" not in matrix.attrs or "IGORWaveNote" not in matrix.attrs:
        return
    scaling = np.atleast_2d(np.asarray(matrix.attrs["IGORWaveScaling"], float))
    if scaling.shape[0] <= matrix.ndim or scaling.shape[1] != 2 or not 2 <= matrix.ndim <= 3:
        raise ScanError(f"{path.name}: {_ADRESS_MATRIX} has {matrix.ndim} dimensions, but scales {len(scaling) - 1}")
    named = [text(one) for one in np.ravel(matrix.attrs.get("IGORWaveUnits", ()))][1:]
    note = _note(text(matrix.attrs["IGORWaveNote"]))
    scanned = next((key for key in _ADRESS_SCANNED if ":" in note.get(key, "")), None)
    axes = []
    for dimension, size in enumerate(matrix.shape):
        unit = named[dimension].strip() if dimension < len(named) else ""
        if dimension == 2 and scanned is not None:
            label, unit = _ADRESS_SCANNED[scanned], unit if units.is_known(unit) and unit else _ADRESS_NOTE[scanned][1]
        else:
            label = ("angle", "energy", "scan")[dimension]
        step, start = scaling[dimension + 1]
        axes.append((label, unit or None, start + step * np.arange(size)))
    attrs: dict[str, float | str] = {"lens_mode": note["mode"]} if note.get("mode") else {}
    attrs |= {"polarization": note["pol"]} if note.get("pol") else {}
    for key, (name, unit) in _ADRESS_NOTE.items():
        if (value := number(_first_number(note.get(key, "")))) is not None:
            attrs |= {name: value, f"{name}_units": unit}
    said = (KINETIC,) if "ek" in note and "eb" not in note else ()
    steps = range(2, matrix.ndim)
    yield measurement(path, _ADRESS_MATRIX, matrix, axes, said=said, documented=(FERMI,), attrs=attrs, scanned=steps)


def _note(lines: str) -> dict[str, str]:
    """The note's ``name = value`` lines, names in lower case without what follows their first word."""
    found: dict[str, str] = {}
    for line in lines.replace("\r", "\n").split("\n"):
        name, equals, value = line.partition("=")
        if equals and name.split():
            found.setdefault(name.split()[0].lower(), value.strip())
    return found


def _first_number(value: str) -> float | str:
    """The number a value begins with; the text itself where it is a range or none."""
    try:
        return float(value.split()[0])
    except (IndexError, ValueError):
        return value


FORMATS = (
    Format(
        name="psi-sis",
        title="PSI SIS",
        suffixes=(".h5",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="cuts and scans of any motor",
        reads="`Electron Analyzer/Image Data` against its axes' `Axis0.Scale` (start and step), "
        "`Axis0.Description` and `Axis0.Units`. "
        "Energies count from the Fermi level unless a label or `Energy Scale` says kinetic. Motors under "
        "`Other Instruments` become attributes, those that moved with the scan a coordinate `…_readback`; a motor with "
        "another number of values is left out, and so are steps at the end of a scan that were never measured.",
        measurements=in_file(sis),
        asks=Asks.ARRAYS,
        layout_after="arpys, piva",
    ),
    Format(
        name="psi-adress",
        title="PSI ADRESS",
        suffixes=(".h5",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="cuts and scans of tilt, deflector, photon energy",
        reads="`Matrix`, angle by energy, a third axis from the quantity that `IGORWaveNote` gives as "
        "`start:step:end`; steps from `IGORWaveScaling`, units from `IGORWaveUnits` (of the scanned one those of the "
        "beamline where it names none). Energies count from the Fermi level unless the note has `Ek` and no `Eb`. Of "
        "the note photon energy, tilt, deflector, azimuth, positions, temperature, pass energy, lens mode and "
        "polarization are kept, the rest is left out, and so are steps at the end that hold nothing but zeros.",
        measurements=in_file(adress),
        asks=Asks.ARRAYS,
        layout_after="arpys, piva",
    ),
)
