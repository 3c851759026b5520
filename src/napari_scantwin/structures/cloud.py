"""A cloud of atoms as the recogniser takes it: its places, looked through, and gone on beyond a periodic cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.clouds import cell_of, is_cloud, positions
from napari_scantwin.core.errors import ScanError
from napari_scantwin.structures.invariant import nearest_distance

__all__ = ["FEWEST", "Cloud", "atoms_of", "from_atom_probe", "with_images"]

#: Fewer atoms tell nothing.
FEWEST = 40
#: Atoms nearer than this part of the nearest distance lie on each other.
_OVERLAP = 0.3
#: A cloud thinner than so many nearest distances is flat.
_FLAT = 1.5
#: Atoms that a small periodic cell is repeated to.
_REPEATED = 250
_PROBE = "mass_to_charge_ratio"


@dataclass(frozen=True)
class Cloud:
    """The atoms that are looked at.

    Parameters
    ----------
    places
        Their places [n, 3].
    rows
        The number of each in the scan [n]; of a periodic image that of the atom it is an image of.
    own
        How many of them, from the first, are atoms of the scan; the others are periodic images.
    unit
        The unit of the places; empty where nobody knows it.
    notes
        Sentences on what was left out, and what to beware of.
    """

    places: np.ndarray
    rows: np.ndarray
    own: int
    unit: str
    notes: tuple[str, ...] = ()


def from_atom_probe(scan: xr.DataArray) -> bool:
    """Whether a cloud comes from atom-probe tomography."""
    return scan.name == _PROBE


def atoms_of(scan: xr.DataArray) -> Cloud:
    """The atoms of a cloud, looked through.

    Masked ones and, of atoms on each other, all but one are left out; a small periodic cell is repeated until it has
    some 250 atoms.

    Parameters
    ----------
    scan
        A cloud (:mod:`napari_scantwin.core.clouds`).

    Returns
    -------
    Cloud
        With its notes.

    Raises
    ------
    ScanError
        Where it is no cloud, holds fewer than 40 atoms, or is flat.
    """
    if not is_cloud(scan):
        raise ScanError(
            "structures are told of clouds of atoms: a scan along x, y and z in one unit, such as an xyz file"
        )
    name = str(scan.attrs.get("source", "the cloud"))
    places = positions(scan)
    masked = np.asarray(scan["masked"].values, bool) if "masked" in scan.coords else np.zeros(len(places), bool)
    rows = np.flatnonzero(~masked)
    notes = [f"left out: {masked.sum()} masked atoms"] if masked.any() else []
    cell = cell_of(scan)
    periodic = cell is not None and any(cell[1])
    if len(rows) < FEWEST and not (periodic and len(rows)):
        raise ScanError(f"{name}: too few atoms to tell: {len(rows)}; {FEWEST} or more are needed")
    places = places[rows]
    own = len(places)
    if periodic and cell is not None and len(places) < _REPEATED and all(cell[1]):
        places, repeats = _repeated(places, cell[0])
        rows = np.tile(rows, repeats)
        notes.append(f"the periodic cell of {own} atoms was repeated to {len(places)}")
    places, rows, own, said = _apart(places, rows, own)
    notes += said
    if len(places) < FEWEST:
        raise ScanError(f"{name}: too few atoms to tell: {len(places)}; {FEWEST} or more are needed")
    scale = nearest_distance(places)
    unit = str(scan["x"].attrs.get("units", ""))
    if not periodic:
        _refuse_flat(places, scale, name, unit)
    species = np.unique(scan["species"].values[rows]) if "species" in scan.coords else np.zeros(0)
    if len(species) > 1:
        notes.append(
            f"species are not looked at ({', '.join(map(str, species[:6]))}): rock salt is simple cubic, zinc blende "
            "is diamond"
        )
    if not unit:
        notes.append("the unit of length is not known; structures are told by ratios of distances alone")
    if from_atom_probe(scan):
        notes.append(
            "the lateral resolution of atom-probe data hides the lattice; classes mean something near a pole at most: "
            "ask for the lattice planes along z instead"
        )
    return Cloud(places, rows, own, unit, tuple(notes))


def _repeated(places: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, int]:
    """A periodic cell repeated about evenly in all directions, the first one its own, and how often."""
    lengths = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)  # distances of the cell's faces
    side = (_REPEATED / len(places) * np.prod(lengths)) ** (1 / 3)
    times = np.maximum(np.ceil(side / lengths).astype(int), 1)
    steps = np.stack(np.meshgrid(*map(np.arange, times), indexing="ij"), axis=-1).reshape(-1, 3)
    return (places[None] + (steps @ cell)[:, None]).reshape(-1, 3), len(steps)


def _apart(places: np.ndarray, rows: np.ndarray, own: int):
    """The atoms without those that lie on an earlier one."""
    from scipy.spatial import cKDTree

    tree = cKDTree(places)
    # Atoms of one place first, so that they do not count as neighbours of each other.
    apart = tree.query(places, 2)[0][:, 1]
    typical = np.median(apart[apart > 0]) if (apart > 0).any() else 0.0
    pairs = tree.query_pairs(_OVERLAP * typical, output_type="ndarray")
    if not len(pairs):
        return places, rows, own, []
    pairs = np.sort(pairs, axis=1)
    gone = np.unique(pairs[:, 1])
    first = pairs[np.lexsort(pairs.T[::-1])][0]
    kept = np.ones(len(places), bool)
    kept[gone] = False
    said = (
        f"left out: {len(gone)} atom{'s' if len(gone) > 1 else ''} nearer than {_OVERLAP} nearest distances to another "
        f"one (the first: atom {rows[first[1]] + 1} on atom {rows[first[0]] + 1})"
    )
    return places[kept], rows[kept], int(kept[:own].sum()), [said]


def _refuse_flat(places: np.ndarray, scale: float, name: str, unit: str) -> None:
    spread = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)[1] / np.sqrt(len(places))
    thickness = float(spread[-1] * np.sqrt(12))  # of an evenly filled slab
    if thickness < _FLAT * scale:
        told = f"{thickness:.3g} {units.pretty(unit)}".strip()
        raise ScanError(
            f"{name}: the cloud is flat ({told} thick, {thickness / scale:.1f} nearest distances); only three-"
            "dimensional crystals are told apart"
        )


def with_images(cloud: Cloud, scan: xr.DataArray, reach: float) -> Cloud:
    """The cloud with the periodic images of its atoms within a distance of its cell, behind the atoms themselves.

    Parameters
    ----------
    cloud
        The atoms.
    scan
        The scan they are of, which knows the cell.
    reach
        The distance.

    Returns
    -------
    Cloud
        The cloud itself where it does not go on.
    """
    cell = cell_of(scan)
    if cell is None or not any(cell[1]):
        return cloud
    lattice, periodic = cell
    inverse = np.linalg.inv(lattice)
    margin = reach * np.linalg.norm(inverse, axis=0)
    rows = cloud.rows[: cloud.own]  # a small cell that was repeated is begun with again
    fractions = cloud.places[: cloud.own] @ inverse
    low, high = np.floor(fractions.min(axis=0)), np.floor(fractions.min(axis=0)) + 1
    wrapped = np.where(periodic, fractions - np.floor(fractions - low), fractions)
    shift = (wrapped - fractions) @ lattice
    ranges = [
        np.arange(-np.ceil(m), np.ceil(m) + 1) if on else np.zeros(1) for m, on in zip(margin, periodic, strict=True)
    ]
    places, whose = [cloud.places[: cloud.own] + shift], [rows]
    for step in np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3):
        if not step.any():
            continue
        moved = wrapped + step
        near = ((moved > low - margin) & (moved < high + margin) | ~np.array(periodic)).all(axis=1)
        places.append(moved[near] @ lattice)
        whose.append(rows[near])
    return Cloud(np.concatenate(places), np.concatenate(whose), cloud.own, cloud.unit, cloud.notes)
