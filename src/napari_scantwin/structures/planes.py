"""Lattice planes along one direction: what atom-probe data can still show where its lateral resolution hides the
lattice.

The depths z of the atoms in a column are a sum of waves; its power |sum_k exp(2 pi i q z_k)|^2 / n is exponentially
distributed with mean 1 for atoms without order, and of the order of n where planes of spacing 1 / q lie across the
column. After Gault et al., *Atom Probe Microscopy* (Springer 2012), chapter 7, where Fourier transforms of depths
near a pole calibrate the reconstruction.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core.clouds import is_cloud, positions
from napari_scantwin.core.errors import Cancelled, ScanError

__all__ = ["Planes", "lattice_planes"]

#: Spacings that are looked for, in mean distances of atoms; waves a column's depth, and columns along each side.
_SPACINGS, _SIDE = (0.3, 3.0), 7
#: Fewer atoms in a column tell nothing; of more a column of the middle depth is looked at.
_FEWEST, _MOST = 100, 20_000
#: The part of columns without order in which any wave is taken for planes.
_CHANCE = 0.01


@dataclass(frozen=True)
class Planes:
    """Lattice planes across the best of the columns.

    Parameters
    ----------
    spacing
        Their spacing; NaN where there are none.
    width
        What it is told to: half of the spacing over the number of planes in the column.
    power
        The power of their wave, and the power that one column in a hundred without order reaches.
    centre
        x and y of the column, and its radius.
    atoms
        Atoms in it.
    waves, spectrum
        Waves in cycles a unit of length, and their powers [n].
    """

    spacing: float
    width: float
    power: tuple[float, float]
    centre: tuple[float, float, float]
    atoms: int
    waves: np.ndarray
    spectrum: np.ndarray


def lattice_planes(scan: xr.DataArray, *, radius: float | None = None, stop: threading.Event | None = None) -> Planes:
    """Look for lattice planes along z in columns all over a cloud.

    Parameters
    ----------
    scan
        The cloud.
    radius
        Of the columns; by default of some 2000 atoms.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    Planes
        Of the column with the strongest wave.

    Raises
    ------
    ScanError
        Where it is no cloud, or no column holds 100 atoms.
    """
    if not is_cloud(scan):
        raise ScanError("lattice planes need a cloud of atoms, a scan along x, y and z, such as a .pos file")
    places = positions(scan)
    extent = np.maximum(np.ptp(places, axis=0), 1e-12)
    mean = float((extent.prod() / max(len(places), 1)) ** (1 / 3))
    if radius is None:
        radius = float(np.sqrt(min(2000 / max(len(places), 1), 0.25) * extent[0] * extent[1] / np.pi))
    low = places.min(axis=0)
    best: Planes | None = None
    for i, j in np.ndindex(_SIDE, _SIDE):
        if stop is not None and stop.is_set():
            raise Cancelled
        centre = low[:2] + extent[:2] * (np.array([i, j]) + 0.5) / _SIDE
        inside = ((places[:, :2] - centre) ** 2).sum(axis=1) <= radius**2
        depths = np.sort(places[inside, 2])
        if len(depths) > _MOST:
            first = (len(depths) - _MOST) // 2
            depths = depths[first : first + _MOST]
        if len(depths) < _FEWEST:
            continue
        found = _of_column(depths, mean, (float(centre[0]), float(centre[1]), radius))
        if best is None or found.power[0] > best.power[0]:
            best = found
    if best is None:
        raise ScanError(f"no column of radius {radius:.3g} holds {_FEWEST} atoms; choose a larger radius")
    return best


def _of_column(depths: np.ndarray, mean: float, centre: tuple[float, float, float]) -> Planes:
    depth = max(float(np.ptp(depths)), 1e-12)
    waves = np.arange(1 / (_SPACINGS[1] * mean), 1 / (_SPACINGS[0] * mean), 0.5 / depth)
    spectrum = np.empty(len(waves))
    # Tapered to both ends, where the specimen's own edges would else be waves too.
    weights = np.sin(np.pi * (depths - depths[0]) / depth) ** 2
    for start in range(0, len(waves), 256):
        part = np.exp(2j * np.pi * np.outer(waves[start : start + 256], depths - depths[0]))
        spectrum[start : start + 256] = np.abs(part @ weights) ** 2 / (weights**2).sum()
    # The greatest of so many exponential deviates, over all columns.
    limit = float(np.log(_SIDE**2 * len(waves) / _CHANCE))
    top = int(np.argmax(spectrum))
    there = spectrum[top] > limit
    spacing = float(1 / waves[top]) if there else float("nan")
    width = 0.5 * spacing**2 / depth
    return Planes(spacing, width, (float(spectrum[top]), limit), centre, len(depths), waves, spectrum)
