"""The strip of colours beside a plot that says which of its curves is which."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg

from napari_scantwin.operations.findings import Strip

__all__ = ["StripBar"]

#: Pixels of the strip's width, and from one name to the next at least.
_WIDTH, _APART = 10, 15
#: What the label of the strip needs beside the names, and the button of the plot's menu at the right.
_LABEL, _BUTTON = 34, 18


class StripBar:
    """Stands right of a plot of :func:`~napari_scantwin.viewer.kit.plots.new_plot`, a step for each place, the highest
    uppermost."""

    def __init__(self, plot: pg.PlotWidget):
        self._plot = plot
        self._bar: pg.ColorBarItem | None = None
        self.strip: Strip | None = None
        plot.getPlotItem().vb.sigResized.connect(lambda *told: self._name())

    @property
    def named(self) -> list[str]:
        """The names that stand beside the strip, from below."""
        return [text for _, text in self._stops()]

    def show(self, strip: Strip | None) -> None:
        """Show a strip, or none."""
        self.strip = strip
        if strip is None or len(strip.texts) < 2:
            if self._bar is not None:
                self._bar.setVisible(False)
                self._bar.setMaximumWidth(0)
            return
        if self._bar is None:
            self._bar = pg.ColorBarItem(interactive=False, width=_WIDTH, colorMap="viridis")
            self._bar.setImageItem([], insert_in=self._plot.getPlotItem())
            self._bar.getAxis("right").enableAutoSIPrefix(False)
        bar, colors = self._bar, [color for _, color in strip.key(self._plot.ground)]
        bar.setMaximumWidth(16_777_215)
        bar.setVisible(True)
        edges = np.linspace(0, 1, len(colors) + 1)
        places = np.stack([edges[:-1], np.nextafter(edges[1:], 0)], axis=1).ravel()
        bar.setColorMap(pg.ColorMap(places, np.repeat(colors, 2).tolist()))
        bar.setLevels((0, len(colors)))
        ruler = bar.getAxis("right")
        ruler.setPen(self._plot.getAxis("left").pen())
        ruler.setTextPen(self._plot.getAxis("left").textPen())
        ruler.setLabel(strip.label)
        self._plot.getPlotItem().layout.setContentsMargins(1, 1, _BUTTON, 6)
        self._name()

    def _stops(self) -> list[tuple[float, str]]:
        """The places that have room for their names, the ends among them: (height, name) each."""
        if self.strip is None:
            return []
        texts = self.strip.texts
        room = max(2, int(self._plot.getPlotItem().vb.height() // _APART))
        chosen = np.unique(np.linspace(0, len(texts) - 1, min(room, len(texts))).round().astype(int))
        return [(float(number) + 0.5, texts[number]) for number in chosen]

    def _name(self) -> None:
        if self._bar is not None and self._bar.isVisible():
            ruler, stops = self._bar.getAxis("right"), self._stops()
            ruler.setTicks([stops])
            widest = max(self._plot.fontMetrics().horizontalAdvance(text) for _, text in stops)
            ruler.setWidth(widest + _LABEL)
