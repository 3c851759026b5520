"""Which second measurement stands beside the chosen one."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QTimer, Signal

from napari_scantwin.viewer.combos import Combo
from napari_scantwin.viewer.layers import scan_layers, scan_of

__all__ = ["SecondScan"]


class SecondScan(Combo):
    """A combo of the other measured scans that ``fits`` accepts; ``changed(layer or None)`` when another is chosen."""

    changed = Signal(object)

    def __init__(self, viewer, chooser, fits: Callable[[object], bool], parent=None):
        super().__init__(parent)
        self._viewer, self._chooser, self._fits = viewer, chooser, fits
        self._layers: list = [None]
        self._last = None
        self.setToolTip("A second measurement, opened in this window, to be shown beside the first")
        self.currentIndexChanged.connect(self._announce)
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(lambda event: QTimer.singleShot(0, self.refresh))
        chooser.changed.connect(self.refresh)
        self.refresh()

    @property
    def layer(self):
        """The second measurement's layer, or None."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def choose(self, layer) -> None:
        """Choose a layer, where it is offered."""
        self.refresh()
        if layer in self._layers:
            self.setCurrentIndex(self._layers.index(layer))

    def refresh(self, *event) -> None:
        """List the other scans anew, keeping the choice."""
        chosen = self.layer
        others = [one for one in scan_layers(self._viewer, "measured") if one is not self._chooser.layer]
        self._layers = [None, *(one for one in others if self._fits(scan_of(one)))]
        self.blockSignals(True)
        self.clear()
        self.addItems(["none", *(one.name for one in self._layers[1:])])
        self.setCurrentIndex(self._layers.index(chosen) if chosen in self._layers else 0)
        self.blockSignals(False)
        self._announce()

    def _announce(self, *index) -> None:
        if self.layer is not self._last:
            self._last = self.layer
            self.changed.emit(self.layer)
