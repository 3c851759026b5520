"""A scan as a picture for paper, where nobody has laid it out on a screen: a map, or curves where it has one axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import drawn_axes
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.set_points import set_point_texts
from napari_scantwin.figures.color_scale import base_colors, fitted_limits, usual_scale
from napari_scantwin.figures.picture import MapPicture
from napari_scantwin.operations.findings import COLORS, Curve, Plot, Strip

__all__ = ["as_curves", "as_map", "picture_of_scan", "strip_of"]


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
    vertical, horizontal = drawn_axes(scan)
    kind, ends = scan.attrs.get("kind"), _ends(scan)
    if not looks.get("log") and usual_scale(kind, ends) == "diverging":
        looks = {"colormap": base_colors(kind, "diverging"), "limits": fitted_limits("diverging", ends), **looks}
    return MapPicture(scan, vertical, horizontal, **looks)


def _ends(scan: xr.DataArray) -> tuple[float, float]:
    values = np.asarray(scan.values, float)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


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
    curves = []
    for number in numbers:
        mine = np.flatnonzero((table.sweep == number) & ~table.masked)
        mine = mine[np.argsort(table.coordinates[mine, -1])]
        errors = None if table.errors is None else table.errors[mine]
        curves.append(Curve(table.coordinates[mine, -1], table.values[mine], errors, COLORS[6], style))
    about = {key: str(scan.attrs[key]) for key in ("source", "sha256") if key in scan.attrs}
    labels = (scans.axis_label(scan, names[-1]), scans.label(scan))
    if len(names) == 1:
        return Plot(curves, *labels, about=about)
    return Plot(curves, *labels, about=about, strip=strip_of(scan, names[0], places))


def strip_of(scan: xr.DataArray, axis: str, places: np.ndarray) -> Strip:
    """What says which sweep is which, by their set points along an axis.

    Parameters
    ----------
    scan
        The scan.
    axis
        One of its slow axes.
    places
        Every sweep's set point, in the axis's unit [n].
    """
    # What was read of one set point, in two sweeps, is one place.
    texts = set_point_texts(scan, axis, places)
    first = {text: float(place) for text, place in zip(texts[::-1], places[::-1], strict=True)}
    places = np.array([first[text] for text in texts])
    names = [text for text, _ in sorted(first.items(), key=lambda one: one[1])]
    return Strip(scans.axis_label(scan, axis), places, names, units.pretty(scan[axis].attrs["units"]))
