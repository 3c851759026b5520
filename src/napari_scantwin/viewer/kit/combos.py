"""Combo boxes that fit where there is little room."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QToolTip

__all__ = ["Combo"]

#: The least that is left of the words, and the air about them (pixels).
_LEAST, _AIR = 36, 4


class Combo(QComboBox):
    """A combo box as wide as the words chosen, or narrower: then these end in "…" and a tip has them whole.

    Qt's own asks for the width of its longest words, and cuts letters through where it does not get it.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.currentIndexChanged.connect(lambda index: self.updateGeometry())

    @property
    def shown(self) -> str:
        """The words chosen, as far as there is room for them."""
        return self.fontMetrics().elidedText(self._words, Qt.ElideRight, self._room() - _AIR)

    @property
    def _words(self) -> str:
        return self.currentText().strip()

    def _option(self) -> QStyleOptionComboBox:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return option

    def _room(self) -> int:
        """Pixels between the frame and the arrow."""
        return (
            self.style().subControlRect(QStyle.CC_ComboBox, self._option(), QStyle.SC_ComboBoxEditField, self).width()
        )

    def _wide(self, words: int) -> int:
        """Width of the box with so many pixels for the words."""
        return words + 2 * _AIR + self.width() - self._room()

    def sizeHint(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self._words)
        return QSize(self._wide(max(words, _LEAST)), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._wide(_LEAST), super().minimumSizeHint().height())

    def showPopup(self) -> None:
        self.view().setMinimumWidth(self._wide(self.view().sizeHintForColumn(0)))
        super().showPopup()

    def event(self, event) -> bool:
        if event.type() != QEvent.ToolTip or self.shown == self._words:
            return super().event(event)
        QToolTip.showText(event.globalPos(), "\n".join(filter(None, (self._words, self.toolTip()))), self)
        return True

    def paintEvent(self, event) -> None:
        painter, option = QStylePainter(self), self._option()
        option.currentText = self.shown
        painter.drawComplexControl(QStyle.CC_ComboBox, option)
        painter.drawControl(QStyle.CE_ComboBoxLabel, option)
