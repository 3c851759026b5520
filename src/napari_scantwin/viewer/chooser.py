"""Which measured scan the panel works on."""

from __future__ import annotations

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_scantwin.viewer.canvas.visibility import bring_to_front
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.session import scan_layers, scan_of

__all__ = ["Chooser"]


class Chooser(QWidget):
    """A combo box of the viewer's measured scans; ``changed(layer or None)`` when another is chosen."""

    changed = Signal(object)

    def __init__(self, viewer, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self._layers: list = []
        self._last = None
        self.combo = Combo()
        self.combo.setToolTip("The measured scan that every tab below works on")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Scan"))
        row.addWidget(self.combo, 1)
        self.combo.currentIndexChanged.connect(self._announce)
        self.combo.activated.connect(self._picked)
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(self._later)
        self.refresh()

    @property
    def layer(self):
        """The chosen layer, or None."""
        index = self.combo.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    @property
    def scan(self):
        """The chosen layer's scan, or None."""
        return scan_of(self.layer)

    def choose(self, layer) -> None:
        """Choose a layer, if it is a measured scan."""
        self.refresh()
        if layer in self._layers:
            self.combo.setCurrentIndex(self._layers.index(layer))

    def _picked(self, index: int) -> None:
        """Show what the user has picked, where scans of other axes lie over it."""
        if self.layer is not None:
            bring_to_front(self._viewer, self.layer)

    def _later(self, event=None) -> None:
        # The layer list is still changing when its event comes.
        QTimer.singleShot(0, self.refresh)

    def refresh(self) -> None:
        """List the measured scans again, keeping the choice, unless one was opened since: then that is chosen."""
        chosen, before = self.layer, self._layers
        self._layers = scan_layers(self._viewer, "measured")
        chosen = next((layer for layer in reversed(self._layers) if layer not in before), chosen)
        self.combo.blockSignals(True)
        self.combo.clear()
        self.combo.addItems([layer.name for layer in self._layers])
        if chosen in self._layers:
            self.combo.setCurrentIndex(self._layers.index(chosen))
        elif self._layers:
            self.combo.setCurrentIndex(len(self._layers) - 1)
        self.combo.blockSignals(False)
        self._announce()

    def _announce(self, index=None) -> None:
        if self.layer is not self._last:
            self._last = self.layer
            self.changed.emit(self.layer)
