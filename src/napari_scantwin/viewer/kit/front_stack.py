"""A stack of pages that asks for the room of the page in front alone; Qt's asks for that of the largest."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QStackedWidget

__all__ = ["FrontStack"]


class FrontStack(QStackedWidget):
    """Pages, one of them seen, as high as that one."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.currentChanged.connect(lambda number: self.updateGeometry())

    def sizeHint(self) -> QSize:
        page = self.currentWidget()
        return super().sizeHint() if page is None else page.sizeHint()

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return super().minimumSizeHint() if page is None else page.minimumSizeHint()
