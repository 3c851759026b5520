"""The one menu that every picture has: copy it, copy its numbers, export it for paper, change its scales, show all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QApplication, QMenu, QToolButton, QWidget

from napari_scantwin.core.errors import ScanError
from napari_scantwin.figures import MapPicture, PaperStyle
from napari_scantwin.operations.findings import Plot

__all__ = ["PictureMenu", "as_text"]

_BUTTON = "Copy this picture or its numbers, export it for paper, change its scales"


def as_text(picture: Plot | MapPicture) -> str:
    """A picture's numbers as columns parted by tabs, as spreadsheets take them."""
    columns = picture.columns()
    length = max((len(column) for _, column in columns), default=0)
    texts = [[repr(float(one)) if np.isfinite(one) else "" for one in column] for _, column in columns]
    rows = [[text[row] if row < len(text) else "" for text in texts] for row in range(length)]
    return "\n".join("\t".join(cells) for cells in [[head for head, _ in columns], *rows])


class PictureMenu(QObject):
    """The menu of a picture and the button in its corner that opens it.

    Parameters
    ----------
    widget
        What shows the picture.
    describe
        Tells what is on screen now, or None where there is nothing.
    name
        Says what the picture is, for the name of its file.
    scales
        Called with "x" or "y" and whether that axis is to be logarithmic; without it there is no such choice.
    show_all
        Called to show everything again; without it there is no such choice.
    numbers
        Tells the numbers behind the picture as text; by default those that are drawn.
    """

    def __init__(
        self,
        widget: QWidget,
        describe: Callable[[], Plot | MapPicture | None],
        *,
        name: Callable[[], str] = lambda: "plot",
        scales: Callable[[str, bool], None] | None = None,
        show_all: Callable[[], None] | None = None,
        numbers: Callable[[], str] | None = None,
        button: bool = True,
    ):
        super().__init__(widget)
        self._widget, self.describe, self._name, self.show_all = widget, describe, name, show_all
        self._numbers = numbers
        self.dialog = None
        self.menu = QMenu(widget)
        self.menu.aboutToShow.connect(self._enable)
        self.copy_picture = self.menu.addAction("Copy picture", self._copy_picture)
        self.copy_data = self.menu.addAction("Copy data", self._copy_data)
        self.export = self.menu.addAction("Export for paper…", self.ask_export)
        self.log: dict[str, object] = {}
        if scales is not None:
            self.menu.addSeparator()
            for axis, words in (("x", "Logarithmic axis below"), ("y", "Logarithmic axis on the left")):
                action = self.menu.addAction(words)
                action.setCheckable(True)
                action.toggled.connect(lambda on, axis=axis: scales(axis, on))
                self.log[axis] = action
        if show_all is not None:
            self.menu.addSeparator()
            self.menu.addAction("Show all (double-click)", show_all)
        self.button = QToolButton(widget) if button else None
        if self.button is not None:
            self.button.setText("⋮")
            self.button.setAutoRaise(True)
            self.button.setPopupMode(QToolButton.InstantPopup)
            self.button.setStyleSheet("QToolButton::menu-indicator { image: none; } QToolButton { font-size: 12pt; }")
            self.button.setFixedSize(20, 20)
            self.button.setToolTip(_BUTTON)
            self.button.setCursor(Qt.ArrowCursor)
            self.button.setMenu(self.menu)
            widget.installEventFilter(self)
            self._place()

    def _place(self) -> None:
        self.button.move(self._widget.width() - self.button.width() - 1, 1)
        self.button.raise_()

    def eventFilter(self, watched, event) -> bool:
        if event.type() in (QEvent.Resize, QEvent.Show) and self.button is not None:
            self._place()
        return False

    def popup(self, where) -> None:
        """Open the menu at a place on the screen."""
        self.menu.popup(where)

    def _enable(self) -> None:
        there = self.describe() is not None
        for action in (self.copy_picture, self.copy_data, self.export):
            action.setEnabled(there)

    def _copy_picture(self) -> None:
        if self.button is not None:
            self.button.hide()
        QApplication.clipboard().setPixmap(self._widget.grab())
        if self.button is not None:
            self.button.show()

    def numbers(self) -> str:
        """The numbers behind the picture as columns parted by tabs; empty where nothing is drawn."""
        if (picture := self.describe()) is None:
            return ""
        return as_text(picture) if self._numbers is None else self._numbers()

    def _copy_data(self) -> None:
        if text := self.numbers():
            QApplication.clipboard().setText(text)

    def save(self, path: Path, style: PaperStyle | None = None) -> Path:
        """Write what is on screen as a figure for paper, by its suffix; raises :class:`ScanError` in words."""
        if (picture := self.describe()) is None:
            raise ScanError("there is nothing to export: nothing is drawn")
        from napari_scantwin.figures import save_picture  # matplotlib takes long to import

        return save_picture(picture, path, style, title=self._name())

    def ask_export(self) -> None:
        """Open the dialog that exports what is on screen for paper."""
        if (picture := self.describe()) is None:
            return
        from napari_scantwin.viewer.kit.paper_dialog import PaperDialog

        self.dialog = PaperDialog(picture, self._name(), self._widget.window())
        self.dialog.show()
