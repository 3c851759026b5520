"""Places of atoms in the formats of simulations and crystallography, read by ASE: xyz, POSCAR, cif, LAMMPS.

ASE names its formats; each is asked for by its name here and never guessed, so that no reader runs that executes what a
file holds.
"""

from __future__ import annotations

import re
import warnings

import numpy as np
import xarray as xr

from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out, with_notes
from napari_scantwin.readers.format import DataFile, Extra, Format, Level
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS"]

_EXTRA = Extra("structures", "ase", "files of atoms")
#: What ASE keeps of every atom besides its place; the rest is named as left out.
_KNOWN = (
    "numbers",
    "positions",
    "masses",
    "id",
    "type",
    "tags",
    "initial_magmoms",
    "spacegroup_kinds",
    "castep_labels",
)
#: LAMMPS's unit styles that measure lengths in ångström, and those in other known units.
_LENGTHS = {
    "metal": "angstrom",
    "real": "angstrom",
    "electron": "bohr",
    "si": "m",
    "cgs": "cm",
    "micro": "um",
    "nano": "nm",
}


def _frames(file: DataFile, kind: str, **how) -> list:
    import ase.io

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ase.io.read(file.path, index=":", format=kind, **how)
    except ImportError:
        raise
    except KeyError as reason:
        raise ScanError(f"{file.name}: {reason} is no chemical element; write X for what is none") from reason
    except Exception as reason:
        words = " ".join(str(reason).split()) or type(reason).__name__
        raise ScanError(
            f"{file.name} cannot be read as {kind}: {words[:200]}; it may be cut off: copy it again"
        ) from None
    frames = [one for one in found if len(one)]
    if not frames:
        raise ScanError(f"{file.name} holds no atoms")
    return frames


def _scan(atoms, unit: str, *, by_type: bool, said: str = "") -> xr.DataArray:
    """One frame as a cloud."""
    left_out = sorted(set(atoms.arrays) - set(_KNOWN))
    attrs = with_left_out({}, f"of every atom {', '.join(left_out)}" if left_out else "")
    attrs = with_notes(attrs, said)
    if by_type:
        types = np.asarray(atoms.arrays.get("type", atoms.numbers), int)
        species, values, name = np.array([f"type {one}" for one in types]), types, "atom_type"
    else:
        species, values, name = np.array(atoms.get_chemical_symbols()), atoms.numbers, "atomic_number"
    cell = np.asarray(atoms.cell)
    return cloud_scan(
        atoms.positions,
        unit,
        values,
        name=name,
        species=species,
        cell=cell if abs(np.linalg.det(cell)) > 0 else None,
        periodic=atoms.pbc,
        attrs=attrs,
    )


def _measurements(
    file: DataFile, frames: list, unit: str, *, by_type: bool = False, said: str = ""
) -> list[Measurement]:
    if len(frames) == 1:
        return [Measurement("", file.path.stem, _scan(frames[0], unit, by_type=by_type, said=said))]
    found = [
        Measurement(
            f"frame {number}", f"frame {number}, {len(one)} atoms", _scan(one, unit, by_type=by_type, said=said)
        )
        for number, one in enumerate(frames, 1)
    ]
    return found[::-1]  # the last frame of a run is its outcome


def _xyz(file: DataFile) -> list[Measurement]:
    return _measurements(file, _frames(file, "extxyz"), "angstrom")


def _is_xyz(file: DataFile) -> bool:
    return re.match(rb"\s*\d+\s*\r?\n", file.head) is not None


def _poscar(file: DataFile) -> list[Measurement]:
    return _measurements(file, _frames(file, "vasp"), "angstrom")


def _cif(file: DataFile) -> list[Measurement]:
    return _measurements(file, _frames(file, "cif"), "angstrom")


def _is_cif(file: DataFile) -> bool:
    return re.search(rb"(?mi)^\s*data_", file.head) is not None


_NO_UNIT = "the file does not name its unit of length; places are its own numbers"


def _dump(file: DataFile) -> list[Measurement]:
    style = re.search(r"ITEM: UNITS\s+(\w+)", file.head.decode("ascii", "replace"))
    unit = _LENGTHS.get(style[1]) if style else None
    columns = re.search(rb"ITEM: ATOMS([^\r\n]*)", file.head)
    named = columns is not None and b"element" in columns[1].split()
    frames = _frames(file, "lammps-dump-text")
    return _measurements(file, frames, unit or "", by_type=not named, said="" if unit else _NO_UNIT)


def _is_dump(file: DataFile) -> bool:
    return b"ITEM: " in file.head


def _data(file: DataFile) -> list[Measurement]:
    head = file.head.decode("ascii", "replace")
    style = re.search(r"\bunits\s*=?\s*(\w+)", head.splitlines()[0])
    unit = _LENGTHS.get(style[1]) if style else None
    frames = _frames(file, "lammps-data", **({"atom_style": found[1]} if (found := _ATOM_STYLE.search(head)) else {}))
    by_type = re.search(r"(?m)^\s*Masses", head) is None
    return _measurements(file, frames, unit or "", by_type=by_type, said="" if unit else _NO_UNIT)


_ATOM_STYLE = re.compile(r"(?m)^\s*Atoms\s*#\s*(\w+)")


def _is_data(file: DataFile) -> bool:
    return re.search(rb"(?m)^\s*\d+\s+atoms\b", file.head) is not None


FORMATS = (
    Format(
        name="xyz",
        title="xyz, extended xyz",
        suffixes=(".xyz", ".extxyz"),
        level=Level.PROGRAM,
        holds="atoms, their species and perhaps a cell; a frame or several",
        reads="The places in ångström and the species, the lattice and its periodic directions where the second line "
        "says them; several frames are offered one by one, the last first. Velocities, forces and other columns are "
        "left out, and named.",
        measurements=_xyz,
        recognises=_is_xyz,
        extra=_EXTRA,
    ),
    Format(
        name="poscar",
        title="VASP POSCAR, CONTCAR",
        suffixes=(".poscar", ".contcar", ".vasp"),
        names=("POSCAR", "CONTCAR"),
        level=Level.PROGRAM,
        holds="atoms in a periodic cell",
        reads="The places in ångström, the species and the cell.",
        measurements=_poscar,
        extra=_EXTRA,
    ),
    Format(
        name="cif",
        title="Crystallographic information file",
        suffixes=(".cif",),
        level=Level.PROGRAM,
        holds="the cell of a crystal",
        reads="The atoms of one whole cell in ångström, made from the symmetry the file states, and the cell. Of sites "
        "that are partly occupied the likeliest species is taken.",
        measurements=_cif,
        recognises=_is_cif,
        extra=_EXTRA,
    ),
    Format(
        name="lammps-dump",
        title="LAMMPS dump",
        suffixes=(".dump", ".lammpstrj"),
        level=Level.PROGRAM,
        holds="atoms of a simulation, a frame or several",
        reads="The places, in the unit that `ITEM: UNITS` names or else as plain numbers; the element or the type; the "
        "box. Several frames are offered one by one, the last first.",
        measurements=_dump,
        recognises=_is_dump,
        extra=_EXTRA,
    ),
    Format(
        name="lammps-data",
        title="LAMMPS data",
        suffixes=(".lmp", ".data"),
        level=Level.PROGRAM,
        holds="atoms of a simulation",
        reads="The places, in the unit that the first line names or else as plain numbers; the element, by its mass, "
        "or the type; the box.",
        measurements=_data,
        recognises=_is_data,
        extra=_EXTRA,
    ),
)
