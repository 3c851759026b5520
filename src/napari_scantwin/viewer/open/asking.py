"""What the dialogs that ask about a file have in common: lists that open at a click, and answers that are not lost."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QComboBox, QDialog, QMessageBox

from napari_scantwin.viewer.kit.legible import Line

__all__ = ["AskingDialog", "WordList", "stored", "words"]


def words(name: str) -> str:
    """A name as people read it: "magnetic field"."""
    return name.replace("_", " ")


def stored(text: str) -> str:
    """A name as scans keep it: "magnetic_field"."""
    return text.strip().replace(" ", "_")


class WordList(QComboBox):
    """A list of words that opens at a click anywhere on it, in which others may be typed."""

    def __init__(self, listed: Sequence[str] = (), placeholder: str = "", parent=None):
        super().__init__(parent)
        self.setEditable(True)
        self.setLineEdit(Line())
        self.setInsertPolicy(QComboBox.NoInsert)
        self.setMaxVisibleItems(20)
        self.addItems(listed)
        self.setCurrentText("")
        self.lineEdit().setPlaceholderText(placeholder)
        self.lineEdit().installEventFilter(self)

    def offer(self, listed: Sequence[str]) -> None:
        """List other words, keeping what is written."""
        if listed != [self.itemText(number) for number in range(self.count())]:
            kept = self.currentText()
            self.blockSignals(True)
            self.clear()
            self.addItems(listed)
            self.setCurrentText(kept)
            self.blockSignals(False)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.MouseButtonPress and event.button() == Qt.LeftButton and self.isEnabled():
            self.lineEdit().setFocus()
            self.showPopup()
            return True
        return super().eventFilter(watched, event)


class AskingDialog(QDialog):
    """A dialog that asks before it throws answers away; ``answered()`` when the user gives one."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._answers = 0

    def answered(self, *what) -> None:
        """An answer was given by the user."""
        self._answers += 1

    def forget_answers(self) -> None:
        """What stands in the form now is no answer of the user's."""
        self._answers = 0

    def reject(self) -> None:
        if self._answers:
            reply = QMessageBox.question(
                self,
                "Throw the answers away?",
                "What you have answered will be lost, and the file is not opened.",
                QMessageBox.Discard | QMessageBox.Cancel,
                QMessageBox.Cancel,
            )
            if reply != QMessageBox.Discard:
                return
        super().reject()
