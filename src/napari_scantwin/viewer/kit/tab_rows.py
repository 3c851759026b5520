"""Tabs in rows: eight of them do not fit beside each other in a panel that leaves the map its room."""

from __future__ import annotations

from qtpy.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QTabWidget, QWidget

__all__ = ["TabRows"]


class TabRows(QWidget):
    """Buttons for the pages of a tab widget, in rows, in place of its own bar, which is hidden."""

    def __init__(self, tabs: QTabWidget, in_row: int = 4, parent=None):
        super().__init__(parent)
        self._tabs = tabs
        self.buttons: list[QPushButton] = []
        tabs.tabBar().hide()
        tabs.setDocumentMode(True)
        group = QButtonGroup(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for number in range(tabs.count()):
            button = QPushButton(tabs.tabText(number))
            button.setCheckable(True)
            button.setToolTip(tabs.tabToolTip(number))
            group.addButton(button, number)
            grid.addWidget(button, number // in_row, number % in_row)
            self.buttons.append(button)
        group.buttonClicked.connect(lambda button: tabs.setCurrentIndex(group.id(button)))
        tabs.currentChanged.connect(self._show)
        self._show(tabs.currentIndex())

    def _show(self, number: int) -> None:
        if 0 <= number < len(self.buttons):
            self.buttons[number].setChecked(True)
