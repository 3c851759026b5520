"""What lies about one atom: its window, the distances in it, and the picture that the paper's network looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.clouds import positions
from napari_scantwin.operations.findings import COLORS, Curve, Plot
from napari_scantwin.structures.fingerprint import fingerprint

__all__ = ["Neighbourhood", "neighbourhood"]

#: The histogram of distances: how far, in nearest distances, and the step.
_REACH, _STEP = 3.6, 0.04
#: Neighbours nearer than so many nearest distances are in the first shell.
_FIRST = 1.2


@dataclass(frozen=True)
class Neighbourhood:
    """The window of an atom.

    Parameters
    ----------
    rows
        The numbers of its atoms in the scan, the nearest first [n].
    neighbours
        How many atoms lie in the first shell, within 1.2 nearest distances.
    reach
        The window's radius, in the unit of the cloud.
    distances
        The mean number of neighbours of the window's atoms by distance.
    picture
        The diffraction picture of the window, in the orientation that the cloud has [64, 64, 3].
    """

    rows: np.ndarray
    neighbours: int
    reach: float
    distances: Plot
    picture: np.ndarray


def neighbourhood(scan: xr.DataArray, row: int, scale: float, window: int) -> Neighbourhood:
    """What lies about an atom.

    Parameters
    ----------
    scan
        The cloud.
    row
        The atom's number in it.
    scale
        The nearest distance.
    window
        Atoms of its window.

    Returns
    -------
    Neighbourhood
        Without periodic images.
    """
    from scipy.spatial import cKDTree

    places = positions(scan)
    away = np.linalg.norm(places - places[row], axis=1)
    window = min(window, len(places))
    rows = np.argpartition(away, window - 1)[:window]
    rows = rows[np.argsort(away[rows], kind="stable")]
    inside = places[rows]
    pairs = cKDTree(inside).query_pairs(_REACH * scale, output_type="ndarray")
    lengths = np.linalg.norm(inside[pairs[:, 0]] - inside[pairs[:, 1]], axis=1)
    edges = np.arange(0.5, _REACH + _STEP, _STEP) * scale
    counts = 2 * np.histogram(lengths, edges)[0] / len(rows)
    unit = units.pretty(scan["x"].attrs.get("units", ""))
    plot = Plot(
        [Curve((edges[1:] + edges[:-1]) / 2, counts, None, COLORS[1], "line")],
        f"distance ({unit})" if unit else "distance",
        "neighbours",
    )
    neighbours = int(((away > 1e-9) & (away < _FIRST * scale)).sum())
    return Neighbourhood(rows, neighbours, float(away[rows[-1]]), plot, fingerprint(inside, scale))
