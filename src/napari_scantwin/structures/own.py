"""Classes of one's own from files of one cell, such as a cif."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_scantwin.core.clouds import cell_of, is_cloud, positions
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import read
from napari_scantwin.structures.prototypes import Prototype, own_prototype

__all__ = ["own_classes"]


def own_classes(paths: Sequence[str | Path]) -> tuple[Prototype, ...]:
    """Classes named as their files are.

    Parameters
    ----------
    paths
        Files that hold the cell of a crystal: cif, POSCAR, extended xyz with a lattice.

    Returns
    -------
    tuple of Prototype
        One a file; species are not looked at.

    Raises
    ------
    ScanError
        Where a file has no cell, or its name is that of another class.
    """
    found: list[Prototype] = []
    for path in map(Path, paths):
        scan = read(path)
        cell = cell_of(scan) if is_cloud(scan) else None
        if cell is None or not all(cell[1]):
            raise ScanError(f"{path.name} has no periodic cell; a class is made from one, as a cif or POSCAR has it")
        if path.stem in {one.name for one in found}:
            raise ScanError(f"two files are called {path.stem}, which names the class; rename one")
        found.append(own_prototype(path.stem, cell[0], positions(scan)))
    return tuple(found)
