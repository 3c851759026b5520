"""The plot of a scan's sweeps, coloured by set point, with the strip that says which is which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

from napari_scantwin.core import scan as scans
from napari_scantwin.core import training_mask
from napari_scantwin.figures.of_scan import strip_of
from napari_scantwin.operations.findings import COLORS, Curve, Plot, Strip
from napari_scantwin.viewer.kit.plots import as_shown, give_menu, new_plot
from napari_scantwin.viewer.kit.strip_bar import StripBar
from napari_scantwin.viewer.twin.spike_marks import SPIKE_COLOR

__all__ = ["SweepsPlot", "evenly", "is_cube"]

#: More curves than this are not drawn than the eye can part; these are spread evenly.
_MOST_DRAWN = 60
#: Of a file that is read in parts so many slices are read.
_MOST_READ = 6
#: Of a cube the mean of a slice is drawn, over at most so many of its curves.
_MOST_AVERAGED = 500
_MASKED = "#d55e00"


def is_cube(scan) -> bool:
    """Whether slices are listed instead of sweeps, of which a cube has thousands."""
    return scans.is_gridded(scan) and scan.ndim > 2


def evenly(size: int, most: int) -> np.ndarray:
    """At most ``most`` of ``size`` indices, evenly spread, the ends among them."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int)) if size else np.zeros(0, int)


class SweepsPlot:
    """Draws values along the fast axis, a curve for each sweep (of a cube the mean of each slice); ``widget`` is the
    plot, ``region`` the range of the fast axis that points are masked in."""

    def __init__(self):
        self.widget = new_plot(150)
        self.bar = StripBar(self.widget)
        self.region = pg.LinearRegionItem(brush=(230, 159, 0, 40))
        self.region.setVisible(False)
        self._curves: dict[int, pg.PlotCurveItem] = {}
        self._scan, self._along = None, ""
        self.strip: Strip | None = None
        give_menu(self.widget, self.described, name=lambda: "sweeps")
        self.widget.themed.connect(self._color)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the sweeps that are drawn."""
        return list(self._curves)

    def clear(self) -> None:
        """Draw nothing."""
        self.widget.clear()
        self._curves, self._scan, self.strip = {}, None, None
        self.bar.show(None)

    def show(self, scan, listed: Sequence, along: str, twin=None) -> None:
        """Draw the sweeps (or, of a cube, the slices along an axis) that are listed.

        Parameters
        ----------
        scan
            The scan.
        listed
            Its sweeps, or its slices.
        along
            The slow axis that they are coloured by.
        twin
            Its twin, whose spikes are ringed; None where it has none.
        """
        self.clear()
        self._scan, self._along = scan, along
        fast = scans.axes(scan)[-1]
        places = evenly(len(listed), self.most(scan))
        drawn = [listed[place] for place in places]
        masked = self._draw_means(scan, drawn) if is_cube(scan) else self._draw_sweeps(scan, drawn)
        if len(scans.axes(scan)) > 1 and drawn:
            self.strip = strip_of(scan, along, np.array([sweep.slow[along] for sweep in drawn]))
        self._color()
        self.bar.show(self.strip)
        if masked is not None:
            self.widget.addItem(pg.ScatterPlotItem(*masked, symbol="x", size=7, pen=self.widget.ink(_MASKED)))
            self._ring_spikes(scan, twin)
        self.widget.setLabel("bottom", scans.axis_label(scan, fast))
        self.widget.setLabel("left", scans.label(scan))
        column = np.asarray(scan[fast].values, float)
        low, high = column.min(), column.max()
        self.region.setRegion((low + 0.45 * (high - low), low + 0.55 * (high - low)))
        self.region.setVisible(False)
        self.widget.addItem(self.region)
        self.widget.getPlotItem().enableAutoRange()

    @staticmethod
    def most(scan) -> int:
        """How many sweeps are drawn at most."""
        return _MOST_READ if is_cube(scan) and scans.is_lazy(scan) else _MOST_DRAWN

    def _draw_sweeps(self, scan, drawn) -> tuple[np.ndarray, np.ndarray]:
        """Draw every sweep's used points; returns those that are masked in sweeps that are used."""
        numbers = [one.number for one in drawn]
        table = scans.points_of_sweeps(scan, numbers) if scans.is_lazy(scan) else scans.points(scan)
        order = np.argsort(table.sweep, kind="stable")
        ends = (
            np.searchsorted(table.sweep[order], numbers, side="left"),
            np.searchsorted(table.sweep[order], numbers, side="right"),
        )
        for number, first, end in zip(numbers, *ends, strict=True):
            rows = order[first:end]
            rows = rows[~table.masked[rows]]
            self._add(number, table.coordinates[rows, -1], table.values[rows])
        crossed = table.masked & np.isin(table.sweep, [one.number for one in drawn if not one.left_out])
        return table.coordinates[crossed, -1], table.values[crossed]

    def _draw_means(self, scan, drawn) -> None:
        for one in drawn:
            self._add(one.number, *_mean(scan, one, self._along))

    def _add(self, number: int, fast: np.ndarray, values: np.ndarray) -> None:
        self._curves[number] = pg.PlotCurveItem(fast, values)
        self.widget.addItem(self._curves[number])

    def _color(self) -> None:
        """Give every curve the colour of its set point, on the ground there is."""
        ground = self.widget.ground
        colors = [self.widget.ink(COLORS[1])] * len(self._curves) if self.strip is None else self.strip.colors(ground)
        for curve, color in zip(self._curves.values(), colors, strict=True):
            curve.setPen(pg.mkPen(color, width=1.5))
        self.bar.show(self.strip)

    def highlight(self, chosen: set[int]) -> None:
        """Draw some sweeps thicker than the others, and above them."""
        for number, curve in self._curves.items():
            pen = pg.mkPen(curve.opts["pen"])
            pen.setWidthF(3.5 if number in chosen else 1.5)
            curve.setPen(pen)
            curve.setZValue(1 if number in chosen else 0)

    def _ring_spikes(self, scan, twin) -> None:
        """Ring the readings that the twin found far off their neighbours."""
        if twin is None or not len(twin.spikes) or scans.is_lazy(scan):
            return
        far = training_mask.points_at(scan, twin.spikes)
        fast = np.broadcast_to(np.asarray(scan[scans.axes(scan)[-1]].values, float), scan.shape).ravel()
        values = np.asarray(scan.values, float).ravel()
        ring = pg.mkPen(SPIKE_COLOR, width=2)
        self.widget.addItem(pg.ScatterPlotItem(fast[far], values[far], symbol="o", size=10, pen=ring, brush=None))

    def described(self) -> Plot | None:
        """The sweeps on the plot; None where there is none."""
        if self._scan is None or not self._curves:
            return None
        curves = [Curve(*curve.getData(), None, COLORS[6], "line") for curve in self._curves.values()]
        labels = (scans.axis_label(self._scan, scans.axes(self._scan)[-1]), scans.label(self._scan))
        return Plot(curves, *labels, strip=self.strip, **as_shown(self.widget))


def _mean(scan, one, along: str) -> tuple[np.ndarray, np.ndarray]:
    """A slice's mean over its other axes, against the fast one; nothing where it is left out."""
    fast = np.asarray(scan[scans.axes(scan)[-1]].values, float)
    if one.left_out:
        return fast[:0], fast[:0]
    part = scan.isel({along: one.number})
    each = max(1, round(_MOST_AVERAGED ** (1 / (part.ndim - 1))))
    part = part.isel({name: evenly(part.sizes[name], each) for name in part.dims[:-1]})
    values = np.asarray(part.values, float).reshape(-1, len(fast))
    good = np.isfinite(values)
    if "masked" in part.coords:
        good &= ~np.asarray(part["masked"].values, bool).reshape(good.shape)
    seen = good.any(axis=0)
    return fast[seen], np.where(good, values, 0.0).sum(axis=0)[seen] / good.sum(axis=0)[seen]
