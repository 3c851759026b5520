"""What a cloud of atoms is: a ragged scan whose axes are the places x, y and z, with no order among its points.

Further coordinates along ``point``: ``species``, what each atom is, in words. Attributes: ``cell``, three lattice
vectors as rows of a list in the unit of the axes, and ``periodic``, whether the cloud goes on along each; both are
plain lists of numbers and flags, which every format keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.notes import with_left_out

__all__ = ["AXES", "cell_of", "cloud_scan", "is_cloud", "positions"]

#: The axes of a cloud.
AXES = ("x", "y", "z")


def is_cloud(scan: xr.DataArray) -> bool:
    """Whether a scan is a cloud of atoms: ragged, along x, y and z in one unit."""
    if scan.dims != (scans.POINT,) or scans.axes(scan) != AXES:
        return False
    return len({scan[axis].attrs.get("units") for axis in AXES}) == 1


def cloud_scan(
    places: np.ndarray,
    unit: str,
    values: np.ndarray,
    *,
    name: str,
    value_unit: str = "",
    long_name: str | None = None,
    species: np.ndarray | None = None,
    cell: np.ndarray | None = None,
    periodic: Sequence[bool] = (False, False, False),
    attrs: Mapping | None = None,
) -> xr.DataArray:
    """A cloud from the places of its atoms; those that are not finite are left out and counted in a note.

    Parameters
    ----------
    places
        x, y and z of every atom [n, 3].
    unit
        Their unit; empty where nobody knows it.
    values
        A number an atom [n]: its atomic number, its mass-to-charge ratio, its class.
    name, value_unit, long_name
        What the number is.
    species
        What each atom is, in words [n].
    cell
        Lattice vectors as rows [3, 3], where there is a cell.
    periodic
        Whether the cloud goes on along each lattice vector.
    attrs
        Further attributes.

    Returns
    -------
    xarray.DataArray
        The cloud.
    """
    places, values = np.asarray(places, float).reshape(-1, 3), np.asarray(values, float)
    good = np.isfinite(places).all(axis=1) & np.isfinite(values)
    dropped = int((~good).sum())
    said = f"{dropped} atom{'s' if dropped > 1 else ''} whose place or value is no finite number" if dropped else ""
    told = with_left_out(attrs or {}, said)
    if cell is not None:
        told["cell"] = np.asarray(cell, float).tolist()
        told["periodic"] = [bool(one) for one in periodic]
    scan = scans.ragged_scan(
        {axis: (places[good, number], unit) for number, axis in enumerate(AXES)},
        values[good],
        name=name,
        unit=value_unit,
        sweep=np.zeros(int(good.sum()), np.int64),  # one measurement; nothing to look for
        long_names=None if long_name is None else {name: long_name},
        attrs=told,
    )
    if species is not None:
        scan = scan.assign_coords(species=(scans.POINT, np.asarray(species).astype(str)[good]))
    return scan


def positions(scan: xr.DataArray) -> np.ndarray:
    """x, y and z of every atom [n, 3]."""
    return np.stack([np.asarray(scan[axis].values, float) for axis in AXES], axis=1)


def cell_of(scan: xr.DataArray) -> tuple[np.ndarray, tuple[bool, bool, bool]] | None:
    """Lattice vectors as rows [3, 3] and whether the cloud goes on along each; None where no cell has a volume."""
    said = scan.attrs.get("cell")
    try:
        cell = np.asarray(said, float).reshape(3, 3)
    except (TypeError, ValueError):
        return None
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 1e-12:
        return None
    flags = np.broadcast_to(np.asarray(scan.attrs.get("periodic", True), bool), 3)
    return cell, (bool(flags[0]), bool(flags[1]), bool(flags[2]))
