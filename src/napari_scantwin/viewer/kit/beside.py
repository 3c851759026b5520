"""Results beside each other, their shares dragged by the bars between them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QWidget

__all__ = ["beside"]


def beside(*widgets: QWidget) -> QSplitter:
    """Widgets beside each other; one that is hidden leaves its room to the others."""
    splitter = QSplitter(Qt.Horizontal)
    splitter.setChildrenCollapsible(False)
    for number, widget in enumerate(widgets):
        splitter.addWidget(widget)
        splitter.setStretchFactor(number, 1)
    return splitter
