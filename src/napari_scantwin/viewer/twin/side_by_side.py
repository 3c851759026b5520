"""The measured slice, the same slice simulated, and what is left between them, side by side in linked plots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QRectF, QTimer
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.figures import MapPicture
from napari_scantwin.figures.color_scale import share_of
from napari_scantwin.viewer.canvas.colors import base_of, limits_of, scale_of
from napari_scantwin.viewer.canvas.on_paper import plane_of
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.canvas.visibility import axes_shown
from napari_scantwin.viewer.kit.plots import as_shown, give_menu, new_plot
from napari_scantwin.viewer.session import frame_of, scan_of

__all__ = ["SideBySide"]

_KINDS = ("measured", "simulated", "residual")
_HEIGHT = 200


class SideBySide(QWidget):
    """Three plots of the slice that the canvas shows; they follow the sliders, zoom together and have the layers'
    colours."""

    def __init__(self, viewer, measured, parent=None):
        super().__init__(parent)
        self._viewer, self._measured = viewer, measured
        self.plots = {kind: new_plot(_HEIGHT) for kind in _KINDS}
        self.images = {kind: pg.ImageItem(axisOrder="row-major") for kind in _KINDS}
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        first = self.plots["measured"]
        for kind, plot in self.plots.items():
            plot.addItem(self.images[kind])
            plot.setMenuEnabled(True)
            plot.setTitle(kind, size="9pt")
            give_menu(plot, lambda kind=kind: self._described(kind), name=lambda kind=kind: kind)
            if plot is not first:
                plot.setXLink(first)
                plot.setYLink(first)
            row.addWidget(plot, 1)
        self._shown: QRectF | None = None
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self.redraw)
        self._events = [viewer.dims.events.point, viewer.dims.events.order, viewer.layers.events]
        for event in self._events:
            event.connect(self._later)
        self.redraw()

    def show_of(self, measured) -> None:
        """Show another measured layer and its twin."""
        self._measured = measured
        self.redraw()

    def shut(self) -> None:
        """Follow the viewer no longer."""
        for event in self._events:
            event.disconnect(self._later)
        self._events = []

    def _later(self, event=None) -> None:
        if self._events:
            self._late.start(0)

    def redraw(self) -> None:
        """Draw the slice where the sliders stand now."""
        for kind in _KINDS:
            layer = self._layer(kind)
            self.images[kind].setVisible(layer is not None)
            if layer is not None and hasattr(layer, "colormap"):
                self._draw(kind, layer)

    def _draw(self, kind: str, layer) -> None:
        frame, scan, dims = frame_of(layer), scan_of(layer), self._viewer.dims
        offset = dims.ndim - layer.ndim
        shown = [axis - offset for axis in dims.displayed[-2:]]
        if min(shown) < 0:
            return
        at = np.asarray(dims.point, float)[offset:]
        places = np.round((at - np.asarray(layer.translate)) / np.asarray(layer.scale)).astype(int)
        places = np.clip(places, 0, np.array(layer.data.shape) - 1)
        part = tuple(slice(None) if axis in shown else places[axis] for axis in range(layer.ndim))
        # Of a file, the plane follows when it has been read: the layer then changes, and this is drawn again.
        plane = np.asarray(layer.data[part])
        plane = plane if shown[0] < shown[1] else plane.T
        image, ends = self.images[kind], limits_of(layer)
        image.setLookupTable((255 * base_of(layer).map(np.linspace(0, 1, 256))).astype(np.uint8))
        logarithmic = scale_of(layer) == "logarithmic"
        drawn, levels = (share_of(plane, ends, "logarithmic"), (0, 1)) if logarithmic else (plane, ends)
        image.setImage(drawn, levels=levels, autoLevels=False)
        step = np.asarray(layer.scale) * frame.step
        start = np.asarray(layer.translate) * frame.step + frame.origin - step / 2
        up, right = shown
        place = QRectF(start[right], start[up], step[right] * plane.shape[1], step[up] * plane.shape[0])
        image.setRect(place)
        plot = self.plots[kind]
        if kind == "measured" and place != self._shown:  # other axes; else the zoom stays as it is
            self._shown = place
            plot.setRange(place, padding=0)
        plot.setLabel("bottom", scans.axis_label(scan, frame.axes[right]))
        if kind == "measured":
            plot.setLabel("left", scans.axis_label(scan, frame.axes[up]))
        plot.setTitle(self._title(kind, scan, plane), size="9pt")

    def _described(self, kind: str) -> MapPicture | None:
        """One of the three as it is on screen; None where it is not there."""
        layer, viewer = self._layer(kind), self._viewer
        if layer is None or layer not in viewer.layers or not hasattr(layer, "contrast_limits"):
            return None
        names = axes_shown(viewer, layer)
        return None if names is None else replace(plane_of(viewer, layer, names), **as_shown(self.plots[kind]))

    def _layer(self, kind: str):
        return self._measured if kind == "measured" else result_of(self._measured, kind, self._viewer)

    @staticmethod
    def _title(kind: str, scan, plane: np.ndarray) -> str:
        if kind != "residual" or not np.isfinite(plane).any():
            return kind
        unit = units.pretty(scan.attrs["units"])
        return f"residual, rms {np.sqrt(np.nanmean(plane**2)):.3g} {unit}".rstrip()
