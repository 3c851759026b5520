"""What an analysis found, as a window, a terminal and a script take it: figures, curves, maps, tables, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.contrast import shades
from napari_scantwin.operations.window import Window

__all__ = ["COLORS", "Curve", "DerivedMap", "Findings", "Plot", "Strip", "Table", "gradient", "plain", "robust_range"]

#: Colours that people who see no red or no green tell apart too.
COLORS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#ffffff")
#: The colour map viridis from 0.15 to 1, in even steps; its darkest part does not stand out from a dark ground.
_VIRIDIS = (
    "#463480",
    "#3e4c8a",
    "#34618d",
    "#2c738e",
    "#24868e",
    "#1f998a",
    "#25ab82",
    "#3fbc73",
    "#67cc5c",
    "#97d83f",
    "#cbe11e",
    "#fde725",
)
#: Styles drawn as points; the band of a line in standard deviations; how far errors may stretch an axis, in ranges of
#: the values; and the air above and below.
_POINTS, _BAND, _REACH, _AIR = ("points", "triangles"), 1.96, 0.5, 0.04


@dataclass(frozen=True)
class Curve:
    """A curve of a plot.

    Parameters
    ----------
    x, y
        Places and values [n].
    errors
        One standard deviation [n], or None.
    color
        Its colour.
    style
        "points", "triangles" (a second measurement's), "line" or "dashed" (its twin's).
    sideways
        Whether the errors lie along x.
    """

    x: np.ndarray
    y: np.ndarray
    errors: np.ndarray | None
    color: str
    style: str
    sideways: bool = False


@dataclass(frozen=True)
class DerivedMap:
    """A derived scan to be shown.

    Parameters
    ----------
    key
        Names its layer among those of the scan ("entropy change of the sweeps").
    word
        What the read-out calls its values.
    scan
        The scan.
    points
        Asks for points instead of an image.
    visible
        Whether it is seen at first.
    color, size, border
        A colour with a size (in world units) and a border draws all points alike, as of a boundary.
    middle
        Asks for colours that run to either side of it, as of a difference.
    paths
        Lines to be drawn over the map in place of points, corners [n, axes of the scan] each, in its axes' units; NaN
        along an axis stands for every value of it.
    quantity, of_twin
        Maps of one quantity, the sweeps' and the one ``of_twin``, are cut together in the tab Cuts.
    """

    key: str
    word: str
    scan: xr.DataArray
    points: bool = False
    visible: bool = True
    color: str | None = None
    size: float = 2.0
    border: float = 0.15
    middle: float | None = None
    quantity: str = ""
    of_twin: bool = False
    paths: Sequence[np.ndarray] = ()

    @property
    def over(self) -> bool:
        """Whether it is drawn over the map that is shown, as a boundary is, rather than in its place."""
        return self.color is not None

    @property
    def title(self) -> str:
        """What the layer list says first: whose it is, the sweeps' or the twin's."""
        what, _, whose = self.key.partition(" of the ")
        return f"{whose}: {what}" if whose else what


@dataclass(frozen=True)
class Strip:
    """Curves that follow each other, and what says which is which: each place has a colour of its own, in order.

    Parameters
    ----------
    label
        What changes from curve to curve, with its unit.
    places
        Its value for each curve [n].
    names
        What each different place is called, ascending; by default its value.
    unit
        The places' unit, as written behind a name.
    """

    label: str
    places: np.ndarray
    names: Sequence[str] = ()
    unit: str = ""

    @property
    def numbers(self) -> np.ndarray:
        """Which of the different places, ascending, each curve's is [n]."""
        return np.unique(np.asarray(self.places, float), return_inverse=True)[1].ravel()

    @property
    def texts(self) -> list[str]:
        """The names of the different places, ascending."""
        return list(self.names) or [f"{place:.6g}" for place in np.unique(np.asarray(self.places, float))]

    def colors(self, ground: str) -> list[str]:
        """Every curve's colour, so that it stands out from a ground (``"#rrggbb"``) [n]."""
        known = shades(len(self.texts), ground)
        return [known[number] for number in self.numbers]

    def key(self, ground: str) -> list[tuple[str, str]]:
        """The different places, ascending: (name with its unit, colour) each."""
        texts = self.texts
        return [
            (f"{text} {self.unit}".strip(), color)
            for text, color in zip(texts, shades(len(texts), ground), strict=True)
        ]


@dataclass(frozen=True)
class Plot:
    """Curves in one plot.

    Parameters
    ----------
    curves
        What is drawn.
    bottom, left
        The axes' labels with their units.
    key
        What a colour stands for: (words, colour) each.
    words
        What is said below the plot.
    styles
        What the curves' styles stand for, style to words ("line": "twin"), where that is the same for all colours.
    log
        Whether the axes below and on the left are logarithmic.
    shown_x, shown_y
        The ends of the axes; by default the curves' own.
    about
        Where the numbers came from (``source``, ``sha256``).
    ticks
        What stands below the lower axis in place of numbers: (place, words) each.
    strip
        What the curves follow, whose colours then are the strip's, in place of a key.
    window
        From where to where along the axis below something was fitted, to be dragged; None where nothing was.
    """

    curves: Sequence[Curve]
    bottom: str
    left: str
    key: Sequence[tuple[str, str]] = ()
    words: str = ""
    styles: Mapping[str, str] = field(default_factory=dict)
    log: tuple[bool, bool] = (False, False)
    shown_x: tuple[float, float] | None = None
    shown_y: tuple[float, float] | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    strip: Strip | None = None
    window: Window | None = None
    ticks: Sequence[tuple[float, str]] = ()

    def columns(self) -> list[tuple[str, np.ndarray]]:
        """The curves as columns of numbers, for a spreadsheet: of each its places, its values and, where it has any,
        their standard errors; heads say whose they are."""
        names, result = {color: text for text, color in self.key}, []
        for number, curve in enumerate(self.curves, start=1):
            name = names.get(curve.color, "")
            if self.strip is not None:
                name = f"{self.strip.label} = {self.strip.texts[self.strip.numbers[number - 1]]}"
            whose = ", ".join(one for one in (name, self.styles.get(curve.style, "")) if one)
            whose = whose or (f"curve {number}" if len(self.curves) > 1 else "")
            ending = f", {whose}" if whose else ""
            result.append((self.bottom + ending, np.asarray(curve.x, float)))
            result.append((self.left + ending, np.asarray(curve.y, float)))
            if curve.errors is not None:
                about = self.bottom if curve.sideways else self.left
                result.append((f"standard error of {about}{ending}", np.asarray(curve.errors, float)))
        return result


@dataclass(frozen=True)
class Table:
    """A table of numbers.

    Parameters
    ----------
    heads, rows, about
        As they are written: heads with their units, numbers in full, and what they rest on.
    shown
        As they are looked at, where that is not the same: heads (broken into lines), rows of texts, a colour or None a
        row.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[float | int | str]]
    about: Mapping[str, object] = field(default_factory=dict)
    shown: tuple[Sequence[str], Sequence[Sequence[str]], Sequence[str | None]] | None = None

    @property
    def in_words(self) -> tuple[Sequence[str], Sequence[Sequence[str]], Sequence[str | None]]:
        """Heads, rows of texts and the rows' colours, to be looked at."""
        if self.shown is not None:
            return self.shown
        texts = [[one if isinstance(one, str) else f"{one:.5g}" for one in row] for row in self.rows]
        return [head.replace(" (", "\n(") for head in self.heads], texts, [None] * len(texts)


@dataclass(frozen=True)
class Findings:
    """What an analysis found.

    Parameters
    ----------
    figures
        Labels and values, in the order of a list.
    scans
        Derived scans by title, to be shown, written or analysed again.
    notes
        Sentences.
    then
        A processing step and its parameters that use the result, or None.
    plots
        By the title of the view; the first is shown first.
    tables
        By title; the first is shown.
    maps
        What lies over the scan's map, by the title of the view (``""``: in every view).
    text
        A list to be read and copied, where there is one.
    writers
        Further exports: words, and a function ``(path, *, stop=None)``.
    result
        The typed result, for scripts.
    """

    figures: Sequence[tuple[str, Quantity | float | int]] = ()
    scans: Mapping[str, xr.DataArray] = field(default_factory=dict)
    notes: Sequence[str] = ()
    then: tuple[str, dict[str, Any]] | None = None
    plots: Mapping[str, Plot] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    maps: Mapping[str, Sequence[DerivedMap]] = field(default_factory=dict)
    text: str = ""
    writers: Mapping[str, Callable[..., Path]] = field(default_factory=dict)
    result: Any = None

    def maps_in(self, view: str) -> list[DerivedMap]:
        """What lies over the map in a view."""
        return [*self.maps.get("", ()), *self.maps.get(view, ())]


def robust_range(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """The vertical range in which curves are seen.

    All values lie in it; error bars and bands do as far as they reach no further than :data:`_REACH` times the values'
    own range to either side, so that one that knows nothing does not flatten the rest.

    Parameters
    ----------
    curves
        What is drawn.

    Returns
    -------
    tuple of float or None
        Its ends, with a little air; None where nothing is drawn.
    """
    finite = [np.asarray(one.y, float)[np.isfinite(one.y)] for one in curves]
    values = np.concatenate(finite) if finite else np.empty(0)
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    span = (high - low) or abs(high) or 1.0
    ends = [low, high]
    for one in curves:
        if one.errors is None or one.sideways:
            continue
        y, errors = np.asarray(one.y, float), np.asarray(one.errors, float)
        known = np.isfinite(y) & np.isfinite(errors)
        reach = (1.0 if one.style in _POINTS else _BAND) * errors[known]
        ends += [*(y[known] - reach), *(y[known] + reach)]
    bottom, top = max(min(ends), low - _REACH * span), min(max(ends), high + _REACH * span)
    air = _AIR * (top - bottom)
    return bottom - air, top + air


def gradient(count: int) -> list[str]:
    """Colours in order, for curves that follow each other.

    Parameters
    ----------
    count
        How many.

    Returns
    -------
    list of str
        The first of :data:`COLORS` where these are enough, else colours along viridis without its darkest part.
    """
    if count <= len(COLORS) - 1:
        return list(COLORS[:count])
    known = np.array([[int(color[k : k + 2], 16) for k in (1, 3, 5)] for color in _VIRIDIS])
    places, even = np.linspace(0, 1, count), np.linspace(0, 1, len(known))
    mixed = np.stack([np.interp(places, even, channel) for channel in known.T], axis=1)
    return ["#" + "".join(f"{round(channel):02x}" for channel in color) for color in mixed]


def plain(quantity: Quantity | None) -> str:
    """Value and error without the unit, which stands in the column's head; a dash where there is none."""
    if quantity is None or np.isnan(quantity.value):
        return "–"
    return str(replace(quantity, unit="dimensionless"))
