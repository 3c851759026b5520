"""A combo of layers that follows what is opened, removed and chosen."""

from __future__ import annotations

from qtpy.QtCore import QTimer

from napari_scantwin.viewer.kit.combos import Combo

__all__ = ["LayerCombo"]


class LayerCombo(Combo):
    """Subclasses list the layers in :meth:`offered`, the first being what is meant where none is chosen; it is listed
    again when layers come and go and when another scan is chosen."""

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self._layers: list = []
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(lambda event: QTimer.singleShot(0, self.refresh))
        chooser.changed.connect(self.refresh)
        self.refresh()

    def offered(self) -> list[tuple[str, object]]:
        """Words and layer (or None) of every entry."""
        raise NotImplementedError

    @property
    def layer(self):
        """The chosen layer, or None."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def refresh(self, *event) -> None:
        """List the layers again, keeping the choice."""
        words, layer = self.currentText(), self.layer
        listed = self.offered()
        self._layers = [one for _, one in listed]
        self.blockSignals(True)
        self.clear()
        self.addItems([one for one, _ in listed])
        self.setCurrentIndex(self.kept(words, layer))
        self.blockSignals(False)

    def kept(self, words: str, layer) -> int:
        """Which entry is the one chosen before, by its ``words`` and its ``layer``; the first where none is."""
        return self._layers.index(layer) if layer in self._layers else 0
