"""Ions of atom-probe tomography: ``.pos`` and ``.epos`` by their few lines of layout, ``.apt`` by a package.

A ``.pos`` file is nothing but big-endian single-precision numbers, four an ion: x, y, z in nanometres and the
mass-to-charge ratio in daltons; an ``.epos`` file has eleven four-byte numbers an ion, which begin with these four.
After Gault, Moody, Cairney, Ringer, *Atom Probe Microscopy* (Springer 2012), appendix A.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import DataFile, Extra, Format, Level
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "PROBE"]

#: The value of a cloud from atom-probe tomography, by which others know where it comes from.
PROBE = "mass_to_charge_ratio"


def _ions(file: DataFile, numbers: int) -> np.ndarray:
    """The rows of a file of so many four-byte numbers an ion, their first four [ions, 4]."""
    content = file.content
    size = 4 * numbers
    if not content or len(content) % size:
        raise ScanError(
            f"{file.name} is not whole: such a file has {size} bytes an ion, and this one has {len(content)}; "
            "copy it again"
        )
    rows = np.frombuffer(content, ">f4").reshape(-1, numbers)[:, :4].astype(float)
    if not np.isfinite(rows).any() or np.nanmax(np.abs(rows[:, :3])) > 1e6:
        raise ScanError(f"{file.name} holds places beyond a millimetre; it is no {file.suffix} file, or is damaged")
    return rows


def _cloud(rows: np.ndarray, left_out: str = "") -> xr.DataArray:
    return cloud_scan(
        rows[:, :3],
        "nm",
        rows[:, 3],
        name=PROBE,
        value_unit="Da",
        long_name="mass-to-charge ratio",
        attrs=with_left_out({}, left_out),
    )


def _pos(file: DataFile) -> list[Measurement]:
    return [Measurement("", file.path.stem, _cloud(_ions(file, 4)))]


def _epos(file: DataFile) -> list[Measurement]:
    said = "time of flight, voltages, detector places and pulses of every ion"
    return [Measurement("", file.path.stem, _cloud(_ions(file, 11), said))]


def _apt(file: DataFile) -> list[Measurement]:
    from ifes_apt_tc_data_modeling.apt.apt6_reader import ReadAptFileFormat

    file.must_exist()
    try:
        reader = ReadAptFileFormat(str(file.path))
        places, ratio = (reader.get_named_quantity(name).magnitude for name in ("Position", "Mass"))
        rows = np.concatenate([np.asarray(places), np.asarray(ratio).reshape(-1, 1)], axis=1)
    except ImportError:
        raise
    except Exception as reason:
        words = " ".join(str(reason).split()) or type(reason).__name__
        raise ScanError(f"{file.name} cannot be read as an .apt file: {words[:200]}") from None
    return [Measurement("", file.path.stem, _cloud(rows, "all else that is known of every ion"))]


_NOTE = (
    "The places in nanometres, and the mass-to-charge ratio in daltons as the value, which is what ranges are told by"
)

FORMATS = (
    Format(
        name="pos",
        title="Atom probe, .pos",
        suffixes=(".pos",),
        level=Level.INSTRUMENT,
        holds="ions of atom-probe tomography",
        reads=f"{_NOTE}.",
        measurements=_pos,
        layout_after="Gault et al., *Atom Probe Microscopy*",
    ),
    Format(
        name="epos",
        title="Atom probe, .epos",
        suffixes=(".epos",),
        level=Level.INSTRUMENT,
        holds="ions of atom-probe tomography with their flight",
        reads=f"{_NOTE}; times of flight, voltages, detector places and pulses are left out.",
        measurements=_epos,
        layout_after="Gault et al., *Atom Probe Microscopy*",
    ),
    Format(
        name="apt",
        title="Atom probe, .apt",
        suffixes=(".apt",),
        level=Level.INSTRUMENT,
        holds="ions of atom-probe tomography",
        reads=f"{_NOTE}; all else is left out.",
        measurements=_apt,
        extra=Extra("atom-probe", "ifes-apt-tc-data-modeling", ".apt files"),
        layout_after="ifes_apt_tc_data_modeling",
    ),
)
