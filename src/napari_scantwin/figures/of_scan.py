"""A scan as a picture for paper, where nobody has laid it out on a screen: a map, or curves where it has one axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.figures.picture import MapPicture
from napari_scantwin.operations.findings import COLORS, Curve, Plot, Strip, gradient

__all__ = ["as_curves", "as_map", "picture_of_scan"]

#: Quantities whose sign matters.
_SIGNED = ("residual", "derivative")
#: More sweeps than this have a strip of colours in place of a key.
_A_KEY = 10


def picture_of_scan(scan: xr.DataArray, at: Mapping[str, float] | None = None, **looks) -> MapPicture | Plot:
    """A scan of two axes or more as a map, of one axis as a curve.

    Parameters
    ----------
    scan
        A scan.
    at
        Where a scan of more than two axes is cut: axis name to value; the middle of those not named.
    looks
        Further fields of :class:`~napari_scantwin.figures.MapPicture`.
    """
    return as_curves(scan) if len(scans.axes(scan)) == 1 else as_map(scan, at, **looks)


def as_map(scan: xr.DataArray, at: Mapping[str, float] | None = None, **looks) -> MapPicture:
    """The plane of a scan over its two last axes, the last to the right; an energy upwards.

    Parameters
    ----------
    scan
        A scan of two axes or more.
    at
        Where further axes are cut: axis name to value; the middle of those not named.
    looks
        Further fields of :class:`~napari_scantwin.figures.MapPicture`.

    Raises
    ------
    ScanError
        Where ``at`` names what is none of the scan's further axes.
    """
    names, at = scans.axes(scan), dict(at or {})
    others = names[:-2]
    if unknown := set(at) - set(others):
        raise ScanError(f"{', '.join(sorted(unknown))}: a place is chosen along {', '.join(others) or 'no axis'} here")
    if others and not scans.is_gridded(scan):
        raise ScanError("this scan has sweeps along more than two axes; simulate its twin, and draw a slice of that")
    for name in others:
        column = np.asarray(scan[name].values, float)
        place = at.get(name, column[len(column) // 2])
        scan = scan.isel({name: int(np.argmin(np.abs(column - place)))})
    vertical, horizontal = names[-2:]
    if "energy" in horizontal:
        vertical, horizontal = horizontal, vertical
    if scan.attrs.get("kind") in _SIGNED:
        looks = {"colormap": "coolwarm", "limits": _about_zero(scan), **looks}
    return MapPicture(scan, vertical, horizontal, **looks)


def _about_zero(scan: xr.DataArray) -> tuple[float, float]:
    reach = float(np.nanmax(np.abs(np.asarray(scan.values, float))))
    return -reach, reach


def as_curves(scan: xr.DataArray) -> Plot:
    """Every sweep of a scan as a curve along the fast axis: points where it was measured, lines where it was simulated.

    Parameters
    ----------
    scan
        A scan of one axis or two.

    Raises
    ------
    ScanError
        Where it has more.
    """
    names = scans.axes(scan)
    if len(names) > 2:
        raise ScanError(f"curves are drawn of one axis or two, not of {', '.join(names)}")
    table = scans.points(scan)
    numbers = np.unique(table.sweep)
    places = np.array([np.median(table.coordinates[table.sweep == number, 0]) for number in numbers])
    style = "line" if scan.attrs.get("kind") in ("simulated", "derivative") else "points"
    colors = [COLORS[6]] if len(names) == 1 else gradient(len(numbers))
    curves = []
    for number, color in zip(numbers, colors if len(numbers) > 1 else [COLORS[6]], strict=True):
        mine = np.flatnonzero((table.sweep == number) & ~table.masked)
        mine = mine[np.argsort(table.coordinates[mine, -1])]
        errors = None if table.errors is None else table.errors[mine]
        curves.append(Curve(table.coordinates[mine, -1], table.values[mine], errors, color, style))
    about = {key: str(scan.attrs[key]) for key in ("source", "sha256") if key in scan.attrs}
    labels = (scans.axis_label(scan, names[-1]), scans.label(scan))
    if len(names) == 1:
        return Plot(curves, *labels, about=about)
    if len(numbers) > _A_KEY:
        strip = Strip(scans.axis_label(scan, names[0]), places, gradient(16))
        return Plot(curves, *labels, about=about, strip=strip)
    unit = scans.axis_label(scan, names[0]).rpartition("(")[2].rstrip(")")
    key = [(f"{place:.6g} {unit}".strip(), color) for place, color in zip(places, colors, strict=False)]
    return Plot(curves, *labels, key, about=about)
