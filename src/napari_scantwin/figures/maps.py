"""Maps for paper: true coordinates along both axes, a colour bar with its unit, points, cuts and boundaries over it."""

from __future__ import annotations

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.figures.curves import draw_curve
from napari_scantwin.figures.picture import MapPicture
from napari_scantwin.figures.style import PaperStyle

__all__ = ["edges", "map_figure"]

#: The scatter's markers, in points, for so many points; fewer are larger.
_MARKER, _MANY = 1.6, 2000
#: Lighter than the lines of a map's ticks.
_HATCH = "#808080"


def map_figure(picture: MapPicture, style: PaperStyle | None = None) -> Figure:
    """Draw a map for paper.

    Parameters
    ----------
    picture
        What is drawn.
    style
        Sizes; one column by default.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, to be changed further or saved with :func:`~napari_scantwin.figures.save_figure`. Uneven axes are
        drawn as uneven; what lies outside the measured region is hatched.

    Raises
    ------
    ScanError
        Where the scan has not the two axes.
    """
    scan, style = picture.scan, style or PaperStyle()
    names = scans.axes(scan)
    if not {picture.vertical, picture.horizontal} <= set(names) or picture.vertical == picture.horizontal:
        raise ScanError(f"a map is drawn over two of the scan's axes, which are {', '.join(names)}")
    norm = _norm(picture)
    with matplotlib.rc_context(style.settings):
        figure = Figure(figsize=style.inches, layout="constrained")
        axes = figure.add_subplot()
        if scans.is_gridded(scan):
            drawn = _image(axes, picture, norm)
        else:
            drawn = _scattered(axes, scan, picture, norm)
        if picture.points is not None:
            _scattered(axes, picture.points, picture, norm, rim=True)
        limits = (axes.get_xlim(), axes.get_ylim())
        for trace in picture.traces:
            axes.plot(trace.x, trace.y, color=trace.color, zorder=5)
            if trace.name:
                where = (float(trace.x[-1]), float(trace.y[-1]))
                looks = {"color": trace.color, "ha": "right", "zorder": 6, "annotation_clip": True}
                told = axes.annotate(trace.name, where, (-2, 2), textcoords="offset points", **looks)
                told.set_in_layout(False)
        for curve in picture.curves:
            draw_curve(axes, curve)
        axes.set_xlim(*(picture.shown_x or limits[0]))
        axes.set_ylim(*(picture.shown_y or limits[1]))
        axes.set_xlabel(scans.axis_label(scan, picture.horizontal))
        axes.set_ylabel(scans.axis_label(scan, picture.vertical))
        bar = figure.colorbar(drawn, ax=axes, pad=0.02, extend=_beyond(picture.scan, norm))
        bar.set_label(picture.title or scans.label(scan))
    return figure


def _finite(scan: xr.DataArray) -> np.ndarray:
    values = np.asarray(scan.values, float)
    values = values[np.isfinite(values)]
    if not values.size:
        raise ScanError("this map holds no value to draw")
    return values


def _norm(picture: MapPicture):
    values = _finite(picture.scan)
    low, high = picture.limits or (float(values.min()), float(values.max()))
    if picture.log:
        if high <= 0:
            raise ScanError("colours cannot be logarithmic: the map holds no positive value")
        least = float(values[values > 0].min())
        return LogNorm(low if low > 0 else least, high, clip=False)
    return Normalize(low, high if high > low else low + 1)


def _beyond(scan: xr.DataArray, norm) -> str:
    """Which ends of the colour bar are pointed: those beyond which the map holds values."""
    values = _finite(scan)
    span = 1e-6 * (norm.vmax - norm.vmin)
    below, above = values.min() < norm.vmin - span, values.max() > norm.vmax + span
    return {(True, True): "both", (True, False): "min", (False, True): "max", (False, False): "neither"}[below, above]


def _image(axes, picture: MapPicture, norm):
    scan = picture.scan
    if scan.ndim != 2:
        raise ScanError(f"a map has two axes; choose a slice of {', '.join(scans.axes(scan))} first")
    scan = scan.transpose(picture.vertical, picture.horizontal).sortby([picture.vertical, picture.horizontal])
    x, y = (np.asarray(scan[name].values, float) for name in (picture.horizontal, picture.vertical))
    # A map is a picture within the figure: a cell each would make files that no program opens.
    drawn = axes.pcolormesh(
        edges(x), edges(y), np.asarray(scan.values, float), norm=norm, cmap=picture.colormap, rasterized=True
    )
    if "extrapolated" in scan.coords and bool(scan["extrapolated"].any()):
        outside = np.where(np.asarray(scan["extrapolated"].values, bool), 1.0, np.nan)
        with matplotlib.rc_context({"hatch.linewidth": 0.4, "hatch.color": _HATCH}):
            grid = np.meshgrid(x, y)
            axes.contourf(*grid, np.nan_to_num(outside), levels=[0.5, 1.5], colors="none", hatches=["////"])
    return drawn


def edges(places: np.ndarray) -> np.ndarray:
    """The edges of cells about ascending places [n]: half way between neighbours [n + 1]."""
    if len(places) < 2:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    middle = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - middle[0]], middle, [2 * places[-1] - middle[-1]]])


def _scattered(axes, scan: xr.DataArray, picture: MapPicture, norm, rim: bool = False):
    table = scans.points(scan)
    names = scans.axes(scan)
    x, y = (table.coordinates[:, names.index(name)] for name in (picture.horizontal, picture.vertical))
    kept = ~table.masked
    size = (_MARKER if len(x) > _MANY else 2 * _MARKER) ** 2
    looks = {"norm": norm, "cmap": picture.colormap, "rasterized": len(x) > _MANY}
    if not kept.all():
        axes.plot(x[~kept], y[~kept], "x", color=_HATCH, markersize=2, zorder=3)
    return axes.scatter(
        x[kept],
        y[kept],
        size,
        table.values[kept],
        edgecolors="white" if rim else "none",
        linewidths=0.25,
        zorder=3,
        **looks,
    )
