"""Which other measurement stands beside the chosen one."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Signal

from napari_scantwin.operations.source import Source
from napari_scantwin.viewer.kit.layer_combo import LayerCombo
from napari_scantwin.viewer.session import ScanLayer, scan_layers, scan_of

__all__ = ["OtherScan"]


class OtherScan(LayerCombo):
    """A combo of the other measured scans that ``fits(scan, own)`` accepts beside the chosen one (all, where None);
    ``changed(layer or None)`` when another is chosen."""

    changed = Signal(object)

    def __init__(self, viewer, chooser, fits: Callable[[object, object], bool] | None, parent=None):
        self._fits, self._last = fits, None
        super().__init__(viewer, chooser, parent)
        self.setToolTip("A second measurement, opened in this window, to be shown beside the first")
        self.currentIndexChanged.connect(self._announce)

    def choose(self, layer) -> None:
        """Choose a layer, where it is offered."""
        self.refresh()
        if layer in self._layers:
            self.setCurrentIndex(self._layers.index(layer))

    def offered(self) -> list[tuple[str, object]]:
        others = [one for one in scan_layers(self._viewer, "measured") if one is not self._chooser.layer]
        own = self._chooser.scan
        if own is not None and self._fits is not None:
            others = [one for one in others if self._fits(scan_of(one), own)]
        return [("none", None), *((one.name, one) for one in others)]

    @property
    def source(self) -> Source | None:
        """What is chosen, with its twin, or None."""
        layer = self.layer
        return None if layer is None else Source(scan_of(layer), ScanLayer(layer).twin, layer.name)

    def refresh(self, *event) -> None:
        """List the other scans again, keeping the choice."""
        super().refresh()
        self._announce()

    def _announce(self, *index) -> None:
        if self.layer is not self._last:
            self._last = self.layer
            self.changed.emit(self.layer)
