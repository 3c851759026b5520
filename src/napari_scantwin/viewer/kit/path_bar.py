"""The way through the panel: one button a step, ticked when done and greyed with the reason while it cannot be gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qtpy.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from napari_scantwin.viewer.kit.legible import PressedButton

__all__ = ["PathBar"]

_TICK = "✓ "
_STYLE = "QPushButton { padding: 4px 0px; font-size: 8pt; }"
_SMALL = "QPushButton { padding: 2px 4px; min-height: 15px; }"
_SECOND_ROW = 24


class PathBar(QWidget):
    """Buttons for the pages of a tab widget, in place of its own bar, which is hidden.

    Parameters
    ----------
    tabs
        The tab widget.
    steps
        The titles of the steps, with the titles of their pages; those of a step of several pages stand in a second row
        while it is gone.
    state
        Tells of each step whether it is done and why it cannot be gone (empty where it can).
    """

    def __init__(
        self,
        tabs: QTabWidget,
        steps: Mapping[str, Sequence[str]],
        state: Callable[[], Mapping[str, tuple[bool, str]]],
        parent=None,
    ):
        super().__init__(parent)
        self._tabs, self._state = tabs, state
        tabs.tabBar().hide()
        tabs.setDocumentMode(True)
        numbers = {tabs.tabText(number): number for number in range(tabs.count())}
        self._pages = {step: [numbers[title] for title in titles] for step, titles in steps.items()}
        self._last = {step: pages[0] for step, pages in self._pages.items()}
        self.steps: dict[str, QPushButton] = {}
        #: The button of every page, by its number: that of its step where it is the only one there.
        self.buttons: dict[int, QPushButton] = {}
        first, second = QGridLayout(), QWidget()
        first.setSpacing(2)
        self._second = QVBoxLayout(second)
        self._second.setContentsMargins(0, 0, 0, 0)
        second.setFixedHeight(_SECOND_ROW)  # so that nothing below moves
        self._rows: dict[str, QWidget] = {}
        group = QButtonGroup(self)
        for column, (step, pages) in enumerate(self._pages.items()):
            button = self.steps[step] = _button(step, _STYLE)
            group.addButton(button)
            first.addWidget(button, 0, column)
            first.setColumnStretch(column, 1)
            button.clicked.connect(lambda on, step=step: tabs.setCurrentIndex(self._last[step]))
            if len(pages) > 1:
                self._add_row(step, pages)
            else:
                self.buttons[pages[0]] = button
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(first)
        layout.addWidget(second)
        tabs.currentChanged.connect(self._show)
        self._show(tabs.currentIndex())
        self.refresh()

    def _add_row(self, step: str, pages: Sequence[int]) -> None:
        row = self._rows[step] = QWidget()
        grid = QGridLayout(row)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        group = QButtonGroup(row)
        for column, page in enumerate(pages):
            button = self.buttons[page] = _button(self._tabs.tabText(page), _SMALL)
            group.addButton(button)
            grid.addWidget(button, 0, column)
            button.clicked.connect(lambda on, page=page: self._tabs.setCurrentIndex(page))
        self._second.addWidget(row)

    def _show(self, number: int) -> None:
        for step, pages in self._pages.items():
            here = number in pages
            if here:
                self._last[step] = number
                self.steps[step].setChecked(True)
            if step in self._rows:
                self._rows[step].setVisible(here)
        if number in self.buttons:
            self.buttons[number].setChecked(True)
        self.refresh()

    def refresh(self) -> None:
        """Tick what is done, and grey what cannot be gone yet."""
        for step, (done, reason) in self._state().items():
            button = self.steps[step]
            button.setText(f"{_TICK if done else ''}{step}")
            button.setEnabled(not reason)
            button.setToolTip(reason or self._tabs.tabToolTip(self._pages[step][0]))


def _button(text: str, style: str) -> QPushButton:
    button = PressedButton(text, style)
    button.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
    return button
