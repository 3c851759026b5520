"""Plots of curves for paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from napari_scantwin.figures.style import PaperStyle
from napari_scantwin.operations.contrast import readable
from napari_scantwin.operations.findings import Curve, Plot, Strip, robust_range

__all__ = ["curves_figure", "draw_curve"]

_WHITE = "#ffffff"
#: Standard deviations of the 95 % band, and how opaque it is.
_WITHIN, _PALE = 1.96, 0.22
_MARKERS = {"points": "o", "triangles": "^"}
_DASHED = (0, (4, 2))
#: A legend beside the plot has so many names at most in a column.
_A_COLUMN = 16
#: Names beside a strip of colours.
_STOPS = 6


def curves_figure(plot: Plot, style: PaperStyle | None = None) -> Figure:
    """Draw curves for paper: points with their error bars, lines with their 95 % band, the legend beside the data.

    Parameters
    ----------
    plot
        What is drawn; axes are logarithmic where it says so, and show what it says.
    style
        Sizes; one column by default.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, to be changed further or saved with :func:`~napari_scantwin.figures.save_figure`.
    """
    style = style or PaperStyle()
    with matplotlib.rc_context(style.settings):
        figure = Figure(figsize=style.inches, layout="constrained")
        axes = figure.add_subplot()
        for curve in sorted(_colored(plot), key=lambda one: one.style in _MARKERS):
            draw_curve(axes, curve)
        axes.set_xlabel(plot.bottom)
        axes.set_ylabel(plot.left)
        if plot.ticks:
            axes.set_xticks(*zip(*plot.ticks, strict=True))
            axes.minorticks_off()
        log_x, log_y = plot.log
        if log_x:
            axes.set_xscale("log", nonpositive="mask")
        if log_y:
            axes.set_yscale("log", nonpositive="mask")
        if plot.shown_x:
            axes.set_xlim(*plot.shown_x)
        limits = plot.shown_y or (None if log_y else robust_range(plot.curves))
        if limits:
            axes.set_ylim(*limits)
        axes.grid(style.grid)
        _legend(figure, axes, plot)
    return figure


def _colored(plot: Plot) -> list[Curve]:
    """The curves in the colours they have on white paper."""
    if plot.strip is None:
        return list(plot.curves)
    return [replace(one, color=color) for one, color in zip(plot.curves, plot.strip.colors(_WHITE), strict=True)]


def draw_curve(axes, curve: Curve) -> None:
    """Draw one curve into axes of matplotlib, its colour made dark enough for white paper.

    Parameters
    ----------
    axes
        Axes of matplotlib.
    curve
        The curve.
    """
    color = readable(curve.color, _WHITE)
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    errors = None if curve.errors is None else np.nan_to_num(np.asarray(curve.errors, float))
    if curve.style in _MARKERS:
        if errors is not None and (errors > 0).any():
            key = "xerr" if curve.sideways else "yerr"
            axes.errorbar(x, y, **{key: errors}, fmt="none", ecolor=color, elinewidth=0.6, alpha=0.6, zorder=2)
        axes.plot(x, y, _MARKERS[curve.style], color=color, markeredgewidth=0, zorder=3)
        return
    if errors is not None:
        fill = axes.fill_betweenx if curve.sideways else axes.fill_between
        along, across = (y, x) if curve.sideways else (x, y)
        fill(along, across - _WITHIN * errors, across + _WITHIN * errors, color=color, alpha=_PALE, linewidth=0)
    axes.plot(x, y, color=color, linestyle=_DASHED if curve.style == "dashed" else "-", zorder=4)


def _legend(figure, axes, plot: Plot) -> None:
    """Outside the data, where it covers none: what colours stand for, and what styles do where there are several."""
    strip, drawn = plot.strip, _colored(plot)
    if strip is not None and len(strip.texts) > _A_COLUMN:
        _strip(figure, axes, strip)
        return
    key = plot.key if strip is None else [(text, color) for text, color in strip.key(_WHITE)][::-1]
    handles = [_patch(color, text, drawn) for text, color in key]
    styles = list(dict.fromkeys(curve.style for curve in plot.curves))
    if plot.styles and len(styles) > 1:
        handles += [_sample(one, plot.styles[one]) for one in styles if one in plot.styles]
    if not handles:
        return
    columns = -(-len(handles) // _A_COLUMN)
    figure.legend(handles=handles, loc="outside right upper", ncols=columns, handlelength=1.4, borderaxespad=0.2)


def _strip(figure, axes, strip: Strip) -> None:
    """A colour bar in place of a legend of many names."""
    colors = [color for _, color in strip.key(_WHITE)]
    scale = ScalarMappable(BoundaryNorm(np.arange(len(colors) + 1), len(colors)), ListedColormap(colors))
    bar = figure.colorbar(scale, ax=axes, pad=0.02, spacing="uniform")
    stops = np.unique(np.linspace(0, len(colors) - 1, _STOPS).round().astype(int))
    bar.set_ticks(stops + 0.5, labels=[strip.texts[stop] for stop in stops], minor=False)
    bar.minorticks_off()
    bar.set_label(strip.label)


def _patch(color: str, text: str, curves: Sequence[Curve]) -> Line2D:
    """How the legend shows a colour: as a line where a line has it, else as a point."""
    styles = {curve.style for curve in curves if curve.color == color}
    ink = readable(color, _WHITE)
    if styles and styles <= set(_MARKERS):
        return Line2D([], [], color=ink, linestyle="none", marker=_MARKERS[sorted(styles)[0]], label=text)
    return Line2D([], [], color=ink, linestyle=_DASHED if styles == {"dashed"} else "-", label=text)


def _sample(style: str, text: str) -> Line2D:
    if style in _MARKERS:
        return Line2D([], [], color="#555555", linestyle="none", marker=_MARKERS[style], label=text)
    return Line2D([], [], color="#555555", linestyle=_DASHED if style == "dashed" else "-", label=text)
