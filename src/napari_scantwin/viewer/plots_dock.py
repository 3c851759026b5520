"""Plots and tables in a dock under the canvas: each tab of the panel has its page there, which can be torn off."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

__all__ = ["PlotsDock"]

#: The height a dock asks for.
_HEIGHT = 220


class _Torn(QDialog):
    """A window of its own for a page; closed, the page goes back."""

    def __init__(self, page: QWidget, title: str, back, parent):
        super().__init__(parent)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._back = back
        layout = QVBoxLayout(self)
        layout.addWidget(page)
        page.show()
        self.resize(720, 460)

    def closeEvent(self, event) -> None:
        self._back()
        super().closeEvent(event)


class PlotsDock(QWidget):
    """Pages by the widget of the panel they belong to, one of them seen.

    ``tear_button`` puts the page that is seen into a window of its own.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.stack = QStackedWidget()
        self._pages: dict[QWidget, tuple[QWidget, str]] = {}
        self._torn: dict[QWidget, _Torn] = {}
        self._owner: QWidget | None = None
        self.tear_button = QToolButton()
        self.tear_button.setText("↗")
        self.tear_button.setAutoRaise(True)
        self.tear_button.setToolTip("Into a window of its own; closed, it comes back")
        self.tear_button.clicked.connect(self.tear_off)
        side = QVBoxLayout()
        side.addWidget(self.tear_button)
        side.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addWidget(self.stack, 1)
        layout.addLayout(side)

    def add(self, owner: QWidget, page: QWidget, title: str) -> None:
        """Show ``page`` while the tab ``owner`` is in front."""
        self._pages[owner] = (page, title)
        self.stack.addWidget(page)

    def show_of(self, owner: QWidget | None) -> None:
        """Show the page of a tab; that of the tab before stays where it has none, or where its page is torn off."""
        if owner in self._pages and owner not in self._torn:
            self._owner = owner
            self.stack.setCurrentWidget(self._pages[owner][0])

    @property
    def page(self) -> QWidget | None:
        """The page that is seen."""
        return self.stack.currentWidget()

    def tear_off(self) -> None:
        """Put the page that is seen into a window of its own."""
        owner = self._owner
        if owner is None or owner in self._torn:
            return
        page, title = self._pages[owner]

        def back() -> None:
            self._torn.pop(owner, None)
            self.stack.addWidget(page)
            self.show_of(owner)

        self.stack.removeWidget(page)
        self._torn[owner] = window = _Torn(page, title, back, self.window())
        window.show()

    def shut(self) -> None:
        """Close the windows of pages that are torn off."""
        for window in list(self._torn.values()):
            window.close()

    def sizeHint(self) -> QSize:
        return QSize(700, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 120)
