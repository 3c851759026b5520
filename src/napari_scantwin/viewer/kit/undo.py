"""What was done by hand and can be taken back: masks, sweeps left out, cuts."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QWidget

__all__ = ["Undo"]

_MOST = 100


class Undo(QObject):
    """Changes in the order they were made; Ctrl+Z and Ctrl+Shift+Z, in the widgets that are given, take the last one
    back and do it again."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._done: list[tuple[Callable, Callable]] = []
        self._undone: list[tuple[Callable, Callable]] = []

    def listen(self, *widgets: QWidget) -> None:
        """Take the shortcuts wherever in ``widgets`` the keyboard is."""
        for widget in widgets:
            for keys, act in ((QKeySequence.Undo, self.undo), (QKeySequence.Redo, self.redo)):
                shortcut = QShortcut(QKeySequence(keys), widget)
                shortcut.setContext(Qt.WidgetWithChildrenShortcut)
                shortcut.activated.connect(act)

    def did(self, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Remember how something that was done is taken back and done again."""
        self._done = [*self._done[1 - _MOST :], (undo, redo)]
        self._undone.clear()

    def undo(self) -> None:
        """Take the last change back."""
        if self._done:
            change = self._done.pop()
            self._undone.append(change)
            change[0]()

    def redo(self) -> None:
        """Do again what was taken back last."""
        if self._undone:
            change = self._undone.pop()
            self._done.append(change)
            change[1]()
