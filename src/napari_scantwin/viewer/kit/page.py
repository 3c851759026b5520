"""A tab's page."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QScrollArea, QWidget

__all__ = ["Page"]

#: Pixels above and below what a page holds, at most.
_AIR = 3


class Page(QScrollArea):
    """A tab's page, that scrolls up and down only: it never gets narrower than what it holds and its scroll bar."""

    def __init__(self, widget: QWidget):
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.NoFrame)
        if (inside := widget.layout()) is not None:  # the room above and below is that of the rows
            about = inside.contentsMargins()
            inside.setContentsMargins(about.left(), min(about.top(), _AIR), about.right(), min(about.bottom(), _AIR))
        self.setWidget(widget)

    def minimumSizeHint(self) -> QSize:
        width = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().minimumSizeHint().height())
