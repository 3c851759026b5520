"""A heading that folds the settings below it away."""

from __future__ import annotations

from qtpy.QtGui import QIcon
from superqt import QCollapsible

__all__ = ["Folding"]


class Folding(QCollapsible):
    """superqt's collapsible box with its arrow written as text: drawn as an icon it stays black in a dark theme."""

    def __init__(self, title: str, parent=None):
        super().__init__(title, parent, QIcon(), QIcon())
        self._title = title
        self.layout().setContentsMargins(0, 0, 0, 0)
        self.toggled.connect(self._point)
        self._point(False)

    def _point(self, unfolded: bool) -> None:
        self.content().setVisible(unfolded)  # folded to no height, wrapped words would still ask for theirs
        self.setText(f"{'▾' if unfolded else '▸'} {self._title}")
