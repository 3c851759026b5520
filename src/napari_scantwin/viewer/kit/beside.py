"""Results beside each other, their shares dragged by the bars between them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QWidget

__all__ = ["beside"]

#: Wider than any window: shares of it are shares of what there is.
_WIDE = 4000


def beside(*widgets: QWidget) -> QSplitter:
    """Widgets beside each other; one that is hidden leaves its room to the others."""
    splitter = QSplitter(Qt.Horizontal)
    splitter.setChildrenCollapsible(False)
    for number, widget in enumerate(widgets):
        splitter.addWidget(widget)
        splitter.setStretchFactor(number, 1)
    splitter.setSizes([_WIDE] * len(widgets))  # else each begins as wide as it asks for, a table at a column
    return splitter
