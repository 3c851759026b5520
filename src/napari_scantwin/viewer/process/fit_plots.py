"""What a fit saw and found, as plots in the dock: data, curve, and the window, which is dragged."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_scantwin.operations.findings import Plot
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.curves import CurvePlot

__all__ = ["FitPlots"]

_EMPTY = "Choose a fit to see the curve it is made to; steps show on the map."


class FitPlots(QWidget):
    """Plots by the title of their view; ``dragged(given)`` when the window was, with what its
    parameters have become."""

    dragged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._plots: Mapping[str, Plot] = {}
        self.view = Combo()
        self.view.currentIndexChanged.connect(self._draw)
        self.plot = CurvePlot(name=lambda: self.view.currentText() or "fit")
        self.plot.on_window = self.dragged.emit
        self.empty = QLabel(_EMPTY)
        self.empty.setStyleSheet("font-size: 8pt")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.view)
        layout.addWidget(self.empty)
        layout.addWidget(self.plot.widget, 1)
        layout.addStretch(0)
        self.show_plots({})

    def show_plots(self, plots: Mapping[str, Plot]) -> None:
        """Show these, keeping the view that is looked at; none clears the page."""
        before, self._plots = self.view.currentText(), plots
        self.view.blockSignals(True)
        self.view.clear()
        self.view.addItems(list(plots))
        self.view.setCurrentIndex(max(self.view.findText(before), 0 if plots else -1))
        self.view.blockSignals(False)
        self.view.setVisible(len(plots) > 1)
        self.empty.setVisible(not plots)
        self.plot.widget.setVisible(bool(plots))
        self._draw()

    def _draw(self, *index) -> None:
        plot = self._plots.get(self.view.currentText())
        if plot is not None:
            self.plot.show(plot)
