"""The plot of one axis's profile through the crosshair: the measured one, the twin's, and the draggable line."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QGraphicsPolygonItem

from napari_scantwin.operations.findings import Curve, Plot
from napari_scantwin.viewer.kit.plots import give_menu, new_plot

__all__ = ["KEY", "ProfilePlot"]

_CROSSHAIR = "#ffbe3c"
_MEASURED, _TWIN = "#56b4e9", "#e69f00"
#: What the colours mean, in words.
KEY = (("measured", _MEASURED), ("twin with its 95 % band", _TWIN))
#: So opaque is the band of a curve's error, which reaches so many standard deviations to either side.
_PALE, _WITHIN = 70, 1.96
#: The vertical range grows at once with the data, and shrinks when they fill less than this share of it.
_FILLED = 0.55


class ProfilePlot:
    """``widget`` is the plot; ``dragged(value)`` of ``line`` when the mouse moves the crosshair along the axis."""

    def __init__(self, height: int):
        self.widget = new_plot(height)
        self.widget.setMouseEnabled(x=True, y=False)
        self.widget.getPlotItem().disableAutoRange()
        self.widget.getAxis("left").setWidth(52)
        for axis in map(self.widget.getAxis, ("left", "bottom")):
            axis.setCacheMode(axis.CacheMode.DeviceCoordinateCache)  # its lines and texts seldom change: 0.2 ms a plot
        # Qt would paint each change of a scene in a turn of its own, and every turn puts the whole window together with
        # the OpenGL canvas again; so the plots are painted when asked to, all in one turn.
        self.widget.setViewportUpdateMode(self.widget.ViewportUpdateMode.NoViewportUpdate)
        self.widget.getPlotItem().vb.sigStateChanged.connect(lambda *changed: self.paint())
        self.band = pg.LinearRegionItem(movable=False, brush=(255, 190, 60, 45), pen=pg.mkPen(None))
        self.measured = pg.PlotCurveItem(pen=pg.mkPen(_MEASURED, width=1))
        self.twin = pg.PlotCurveItem(pen=pg.mkPen(_TWIN, width=1))
        #: The twin's 95 % band; one polygon is drawn sooner than what lies between two curves.
        self.error_band = QGraphicsPolygonItem()
        self.error_band.setPen(pg.mkPen(None))
        self.error_band.setBrush(pg.mkBrush(*QColor(_TWIN).getRgb()[:3], _PALE))
        self.line = _Line(self.paint)
        for item in (self.band, self.error_band, self.measured, self.twin, self.line):
            self.widget.addItem(item, ignoreBounds=True)
        self.band.setZValue(-5)
        self._labels = ("", "")
        self._shown: tuple = (None, None)
        give_menu(self.widget, self.described, name=lambda: "profile", show_all=self._show_all)
        self.widget.themed.connect(self._color)
        self._color()
        self._range: tuple[float, float] | None = None
        self._axis_range: tuple[float, float] | None = None

    def _color(self) -> None:
        """Draw the curves in colours that stand out from the ground."""
        for curve, color in ((self.measured, _MEASURED), (self.twin, _TWIN)):
            curve.setPen(pg.mkPen(self.widget.ink(color), width=1))

    def described(self) -> Plot | None:
        """What is on screen; None where nothing is drawn."""
        measured, twin = self._shown
        if measured is None:
            return None
        curves = [Curve(*_ordered(measured), _MEASURED, "line")]
        if twin is not None:
            curves.append(Curve(*_ordered(twin), _TWIN, "line"))
        return Plot(curves, *self._labels, [("measured", _MEASURED), ("twin", _TWIN)][: len(curves)])

    def _show_all(self) -> None:
        low, high = self.line.bounds()
        self.widget.setXRange(low, high if high > low else low + 1, padding=0.01)
        if self._range is not None:
            self.widget.setYRange(*self._range, padding=0)
        self.paint()

    def set_axis(self, label: str, value_label: str, column: np.ndarray) -> None:
        """Show another axis from end to end; ``label`` and ``value_label`` name it and the values."""
        self._labels = (label, value_label)
        self.widget.setLabel("bottom", label)
        self.widget.setLabel("left", value_label)
        self._range = None
        low, high = float(column.min()), float(column.max())
        self.line.setBounds((low, high))
        self.widget.setXRange(low, high if high > low else low + 1, padding=0.01)

    def paint(self) -> None:
        """Paint again, with whatever else waits to be painted."""
        self.widget.viewport().update()

    def show(self, measured, twin) -> None:
        """Draw profiles (``twin`` may be None)."""
        self._shown = (measured, twin)
        self.measured.setData(*_ordered(measured)[:2], connect="finite")
        self.twin.setVisible(twin is not None)
        reach = None
        if twin is not None:
            running, values, errors = _ordered(twin)
            self.twin.setData(running, values, connect="finite")
            reach = None if errors is None else _band(running, values, _WITHIN * errors)
        self.error_band.setVisible(reach is not None)
        if reach is not None:
            self.error_band.setPolygon(pg.functions.arrayToQPolygonF(*reach))
        self._fit([measured.values] if twin is None else [measured.values, twin.values], reach)
        self.paint()

    def show_place(self, at: float, bounds: tuple[float, float]) -> None:
        """Draw the crosshair at ``at`` and the window between ``bounds``."""
        self.line.follow(at)
        self.band.setVisible(bounds[1] > bounds[0])
        if bounds[1] > bounds[0]:
            self.band.setRegion(bounds)
        self.paint()

    def _fit(self, curves: list[np.ndarray], outline) -> None:
        """Keep the curves within the vertical range, which changes as seldom as it can: new ticks cost time."""
        ends = [(np.nanmin(values), np.nanmax(values)) for values in curves if np.isfinite(values).any()]
        if not ends:
            return
        low, high = float(min(end[0] for end in ends)), float(max(end[1] for end in ends))
        if outline is not None:  # of a band far wider than the curves a part: they are to be seen
            span = high - low
            low, high = max(outline[1].min(), low - span), min(outline[1].max(), high + span)
            low, high = min(low, *(end[0] for end in ends)), max(high, *(end[1] for end in ends))
        low = min(low, 0.0) if low < 0.3 * high else low  # counts stand on zero, a resistance need not
        if self._range is not None:
            kept_low, kept_high = self._range
            span = kept_high - kept_low
            if low >= kept_low and high <= kept_high and high - low >= _FILLED * span:
                return
        air = 0.12 * (high - low) or abs(high) or 1.0
        self._range = (low - (0.02 * (high - low) if low == 0 else air), high + air)
        self.widget.setYRange(*self._range, padding=0)


def _ordered(profile) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """A profile's places, rising, its values and its errors."""
    running, values, errors = profile.running, profile.values, profile.errors
    if running.size > 1 and not (np.diff(running) > 0).all():
        order = np.argsort(running)
        return running[order], values[order], None if errors is None else errors[order]
    return running, values, errors


def _band(running: np.ndarray, values: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The outline of what lies within ``reach`` of a curve; None where nothing of it is known."""
    known = np.isfinite(values) & np.isfinite(reach)
    if not known.any():
        return None
    running, values, reach = running[known], values[known], reach[known]
    return np.concatenate([running, running[::-1]]), np.concatenate([values + reach, (values - reach)[::-1]])


class _Line(pg.InfiniteLine):
    """The crosshair in a plot; ``dragged(value)`` when the mouse moves it, not when it is put somewhere."""

    dragged = Signal(float)

    def __init__(self, paint):
        self._paint = paint
        super().__init__(angle=90, movable=True, pen=pg.mkPen(_CROSSHAIR), hoverPen=pg.mkPen(_CROSSHAIR, width=3))
        self._following = False
        self.sigPositionChanged.connect(self._moved)

    def follow(self, at: float) -> None:
        """Stand at a value, without saying that it was dragged there."""
        self._following = True
        self.setValue(at)
        self._following = False

    def setMouseHover(self, hover: bool) -> None:
        """Thicken the line under the mouse; while it is dragged it is painted with everything else that follows."""
        super().setMouseHover(hover)
        if not self.moving:
            self._paint()

    def _moved(self) -> None:
        if not self._following:
            self.dragged.emit(float(self.value()))
