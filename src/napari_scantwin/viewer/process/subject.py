"""What is processed: the chosen scan, or a map that was made of it."""

from __future__ import annotations

from qtpy.QtCore import QTimer, Signal

from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.session import ScanLayer, made_from, scan_of

__all__ = ["Subject"]


class Subject(Combo):
    """A combo of the chosen scan and the maps on a grid that its twin or an analysis made of it, hidden while there are
    none. Sweeps that lie on no grid give way to the twin's map. ``changed(layer or None)`` when another is chosen, or
    when the chooser says so."""

    changed = Signal(object)

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self._layers: list = []
        self._last = None
        self.setToolTip("What is processed: the measured scan, or a map made of it")
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(lambda event: QTimer.singleShot(0, self.refresh))
        chooser.changed.connect(lambda layer: self._follow())
        self.currentIndexChanged.connect(lambda index: self._announce())
        self.refresh()

    @property
    def layer(self):
        """The layer that is processed, or None."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else self._chooser.layer

    @property
    def scan(self):
        """Its scan, or None."""
        return scan_of(self.layer)

    @property
    def is_map(self) -> bool:
        """Whether a map is processed, which the result may not replace."""
        return self.layer is not self._chooser.layer

    def _follow(self) -> None:
        """Another scan was chosen, or the same layer shows another: say so, whatever the combo had."""
        self._layers = []
        self._last = None
        self.refresh()
        if self._last is None:  # no scan is open
            self.changed.emit(None)

    def refresh(self) -> None:
        """List the maps again, keeping the choice."""
        chosen, measured = (self.layer if self._layers else None), self._chooser.layer
        made = list(reversed(made_from(self._viewer, measured)))
        maps = [one for one in made if scans.is_gridded(scan_of(one)) and scan_of(one).ndim > 1]
        self._layers = [] if measured is None else [measured, *maps]
        self.blockSignals(True)
        self.clear()
        self.addItems([one.name for one in self._layers])
        if chosen in self._layers and (chosen is not measured or scans.is_gridded(scan_of(measured)) or not maps):
            self.setCurrentIndex(self._layers.index(chosen))
        elif maps and not scans.is_gridded(scan_of(measured)):
            twins = [one for one in maps if ScanLayer(one).kind == "simulated"]
            self.setCurrentIndex(self._layers.index((twins or maps)[0]))
        self.blockSignals(False)
        self.setVisible(bool(maps))
        self._announce()

    def _announce(self) -> None:
        if self.layer is not self._last:
            self._last = self.layer
            self.changed.emit(self.layer)
