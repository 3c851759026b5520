"""Which branch of a scan the window shows, where its twin knows several."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["BranchChoice"]


class BranchChoice(QWidget):
    """A combo of the branches of the chosen scan's twin, hidden where there are none; ``chosen(layer)`` once another is
    shown. The choice is the layer's: every tab, and every combo like this one, follows it."""

    chosen = Signal(object)

    def __init__(self, chooser, parent=None):
        super().__init__(parent)
        self._chooser = chooser
        self.combo = Combo()
        self.combo.setToolTip("Simulations, cuts and analyses are of this branch of the scan")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Branch"))
        row.addWidget(self.combo, 1)
        self.combo.activated.connect(lambda index: self.choose(self.combo.itemText(index)))
        chooser.changed.connect(self.refresh)
        self.refresh()

    def choose(self, branch: str) -> None:
        """Show another branch."""
        layer = self._chooser.layer
        if ScanLayer(layer).twin is not None and ScanLayer(layer).twin.branch != branch:
            ScanLayer(layer).show_branch(branch)
            self.chosen.emit(layer)

    def refresh(self, *changed) -> None:
        """Offer the twin's branches, the one that is shown chosen."""
        twin = ScanLayer(self._chooser.layer).twin
        known = () if twin is None else twin.branches
        self.combo.clear()
        self.combo.addItems(known)
        if known:
            self.combo.setCurrentText(twin.branch)
        self.setVisible(len(known) > 0)
