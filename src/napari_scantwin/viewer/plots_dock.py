"""Plots and tables in a dock under the canvas: each tab of the panel has its page there, which can be torn off."""

from __future__ import annotations

from collections.abc import Callable

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
        self._filled: dict[QWidget, Callable[[], bool]] = {}
        self._owner: QWidget | None = None
        self._front: QWidget | None = None
        self._cover: QWidget | None = None
        #: Whose pages are shown where the tab in front has nothing to show, the best first.
        self.instead: tuple[QWidget, ...] = ()
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

    def add(self, owner: QWidget, page: QWidget, title: str, filled: Callable[[], bool] = lambda: True) -> None:
        """Show ``page`` while the tab ``owner`` is in front and ``filled()`` says that there is something on it."""
        self._pages[owner] = (page, title)
        self._filled[owner] = filled
        self.stack.addWidget(page)

    def show_of(self, owner: QWidget | None) -> None:
        """Show the page of a tab; where it has none, or nothing on it, or is torn off, the first of
        :attr:`instead` that has something to show, and else what there was."""
        self._front = owner
        for one in (self._cover, owner, *self.instead):
            if one in self._pages and one not in self._torn and self._filled[one]():
                self._owner = one
                self.stack.setCurrentWidget(self._pages[one][0])
                return

    def cover(self, page: QWidget, title: str) -> None:
        """Show a page whatever tab is in front, until it is uncovered."""
        self.add(page, page, title)
        self._cover = page
        self.refresh()

    def uncover(self, page: QWidget) -> None:
        """Show a page that covered the others no longer, and delete it."""
        if self._cover is page:
            self._cover = None
        if page in self._torn:
            self._torn.pop(page).close()
        self._pages.pop(page, None)
        self._filled.pop(page, None)
        self.stack.removeWidget(page)
        page.deleteLater()
        self.refresh()

    def refresh(self) -> None:
        """Something was drawn, or is no longer: look again at what there is to show."""
        self.show_of(self._front)

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
            if self._torn.pop(owner, None) is not None:
                self.stack.addWidget(page)
                self.refresh()

        self.stack.removeWidget(page)
        self._torn[owner] = window = _Torn(page, title, back, self.window())
        self.refresh()
        window.show()

    def shut(self) -> None:
        """Close the windows of pages that are torn off."""
        for window in list(self._torn.values()):
            window.close()

    def sizeHint(self) -> QSize:
        return QSize(700, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 120)
