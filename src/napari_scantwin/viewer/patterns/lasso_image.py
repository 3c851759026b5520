"""An image in physical units on which a line is drawn around what is chosen."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import xarray as xr
from qtpy.QtCore import QObject, QRectF, Qt, Signal

from napari_scantwin.core import scan as scans
from napari_scantwin.figures import MapPicture
from napari_scantwin.viewer.kit.plots import give_menu, new_plot

__all__ = ["LassoImage"]

_CHOSEN = "#ff3355"
_LEAST = 3


def _edges(values: np.ndarray) -> tuple[float, float]:
    """Where the first and the last of evenly drawn places end."""
    half = (values[-1] - values[0]) / max(2 * (len(values) - 1), 1) or 0.5
    return float(values[0] - half), float(values[-1] + half)


class LassoImage(QObject):
    """An image with what is chosen in red over it; ``lassoed(outline [m, 2])`` when a line was drawn around something
    with the left button, ``cleared`` after a click beside it. ``widget`` is what draws it."""

    lassoed = Signal(object)
    cleared = Signal()

    def __init__(self, name: str, colormap: str = "viridis", parent=None):
        super().__init__(parent)
        self.widget = new_plot(150)
        self._name = name
        self.image, self.over = pg.ImageItem(axisOrder="row-major"), pg.ImageItem(axisOrder="row-major")
        self.image.setColorMap(pg.colormap.get(colormap))
        self.line = pg.PlotCurveItem(pen=pg.mkPen(_CHOSEN, width=2))
        for item in (self.image, self.over, self.line):
            self.widget.addItem(item)
        self._scan: xr.DataArray | None = None
        self._axes: tuple = ()
        self._drawn: list[tuple[float, float]] = []
        box = self.widget.getPlotItem().vb
        box.mouseDragEvent = self._drag
        box.mouseClickEvent = self._click
        give_menu(self.widget, self.described, name=lambda: self._name)

    def show(self, scan: xr.DataArray, log: bool = False) -> None:
        """Show a scan of two axes, the first upwards; with ``log`` coloured by the logarithm of one more."""
        y, x = (np.asarray(scan[axis].values, float) for axis in scan.dims)
        new = not self._axes or any(
            len(a) != len(b) or not np.array_equal(a, b) for a, b in zip((x, y), self._axes, strict=True)
        )
        self._scan, self._axes = scan, (x, y)
        values = np.log1p(np.asarray(scan.values, float)) if log else np.asarray(scan.values, float)
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        self.image.setImage(self._upright(values), levels=(low, high if high > low else low + 1.0))
        (left, right), (bottom, top) = (sorted(_edges(one)) for one in (x, y))
        place = QRectF(left, bottom, right - left, top - bottom)
        self.image.setRect(place)
        self.widget.setLabel("bottom", scans.axis_label(scan, str(scan.dims[1])))
        self.widget.setLabel("left", scans.axis_label(scan, str(scan.dims[0])))
        self.widget.setTitle(scans.label(scan), size="8pt")
        if new:
            self.over.clear()
            self.widget.getPlotItem().vb.setRange(place, padding=0.02)

    def _upright(self, values: np.ndarray) -> np.ndarray:
        x, y = self._axes
        values = values[:, ::-1] if len(x) > 1 and x[-1] < x[0] else values
        return values[::-1] if len(y) > 1 and y[-1] < y[0] else values

    def mark(self, chosen: np.ndarray | None) -> None:
        """Show what is chosen [y, x]; None for nothing."""
        if chosen is None or self._scan is None:
            self.over.clear()
            self.line.setData([], [])
            return
        color = np.zeros((*chosen.shape, 4), np.uint8)
        color[chosen > 0] = (255, 51, 85, 190)
        self.over.setImage(self._upright(color), levels=(0, 255))
        rect = self.image.mapRectToParent(self.image.boundingRect())
        self.over.setRect(rect)

    def described(self) -> MapPicture | None:
        """What is on screen, for paper."""
        if self._scan is None:
            return None
        return MapPicture(self._scan, str(self._scan.dims[0]), str(self._scan.dims[1]))

    def draw(self, outline) -> None:
        """Draw a line around something, as the mouse does."""
        self._drawn = [tuple(map(float, one)) for one in outline]
        self._end()

    def _drag(self, event, axis=None) -> None:
        if event.button() != Qt.LeftButton:
            event.ignore()
            return
        event.accept()
        box = self.widget.getPlotItem().vb
        if event.isStart():
            start = box.mapSceneToView(event.buttonDownScenePos())
            self._drawn = [(start.x(), start.y())]
        here = box.mapSceneToView(event.scenePos())
        self._drawn.append((here.x(), here.y()))
        x, y = np.array([*self._drawn, self._drawn[0]]).T
        self.line.setData(x, y)
        if event.isFinish():
            self._end()

    def _end(self) -> None:
        if len(self._drawn) >= _LEAST:
            self.lassoed.emit(np.array(self._drawn))

    def _click(self, event) -> None:
        if event.button() == Qt.LeftButton:
            event.accept()
            self.cleared.emit()
