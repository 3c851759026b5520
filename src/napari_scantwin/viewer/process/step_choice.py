"""The list of steps and fits, in groups, found by typing; those that do not fit a scan are greyed and say why."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QModelIndex, Qt, QTimer
from qtpy.QtWidgets import QComboBox, QCompleter, QStyledItemDelegate

from napari_scantwin import processing
from napari_scantwin.analyses import ANALYSES, FIT, Analysis
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.legible import Line
from napari_scantwin.viewer.kit.plots import theme_colors
from napari_scantwin.viewer.kit.tips import wrapped

__all__ = ["StepChoice", "fits"]

#: What of an entry is searched: its title, group, name and what it does.
_SEARCHED = Qt.UserRole + 1
_MOST_SEEN = 30


def fits() -> dict[str, Analysis]:
    """The fits of curves by name."""
    return {name: one for name, one in ANALYSES.items() if one.group == FIT}


class _Indented(QStyledItemDelegate):
    """Steps stand a little to the right of their group's heading."""

    def initStyleOption(self, option, index) -> None:
        super().initStyleOption(option, index)
        if index.data(Qt.UserRole):
            option.text = f"   {option.text}"


class _Finder(QCompleter):
    """Searches all that is told of a step, and writes its title."""

    def __init__(self, combo):
        super().__init__(combo.model(), combo)
        self.setCompletionRole(_SEARCHED)
        self.setFilterMode(Qt.MatchContains)
        self.setCaseSensitivity(Qt.CaseInsensitive)
        self.setMaxVisibleItems(_MOST_SEEN)

    def pathFromIndex(self, index) -> str:
        return str(index.data(Qt.DisplayRole) or "")

    def best(self, text: str) -> str | None:
        """The name of the step that is meant by a text: one whose title begins so, else the first that tells of it."""
        self.setCompletionPrefix(text)
        model = self.completionModel()
        found = [model.index(row, 0) for row in range(model.rowCount())]
        found = [one for one in found if one.flags() & Qt.ItemIsEnabled and one.data(Qt.UserRole)]
        found.sort(key=lambda one: not one.data(Qt.DisplayRole).lower().startswith(text.lower()))
        return found[0].data(Qt.UserRole) if found else None


class StepChoice(Combo):
    """A combo of what can be done to a scan; typing in it searches titles, groups and explanations."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setMaxVisibleItems(_MOST_SEEN)
        self.setEditable(True)
        self.setLineEdit(Line())
        self.setInsertPolicy(QComboBox.NoInsert)
        self.setItemDelegate(_Indented(self))
        self._finder = _Finder(self)
        self.setCompleter(self._finder)
        self._finder.activated[QModelIndex].connect(self._picked)
        line = self.lineEdit()
        line.setPlaceholderText("Type to find a step")
        line.setToolTip("Type to find a step, or open the list")
        line.returnPressed.connect(self._take_best)
        line.editingFinished.connect(self._write_choice)
        line.installEventFilter(self)

    @property
    def step(self):
        """The step or fit that is chosen, or None."""
        return {**processing.STEPS, **fits()}.get(self.currentData())

    @property
    def is_fit(self) -> bool:
        """Whether a fit is chosen, not a step."""
        return self.currentData() in fits()

    def choose(self, name: str) -> None:
        """Choose a step or a fit by its name."""
        self.setCurrentIndex(self.findData(name))

    def offer(self, scan) -> None:
        """List the steps again for a scan (or None), keeping the choice where it fits."""
        chosen = self.currentData()
        self.blockSignals(True)
        self._finder.popup().hide()
        self._dress()
        self.clear()
        groups = {
            group: [step for step in processing.STEPS.values() if step.group == group] for group in processing.GROUPS
        }
        for group, steps in {**groups, FIT: list(fits().values())}.items():
            if not steps:
                continue
            self.addItem(group)
            self._item().setEnabled(False)
            for step in steps:
                reason = "Open a scan first" if scan is None else step.why_not(scan)
                does = step.explanation.split("\n\n")[0]
                self.addItem(step.title, step.name)
                self._item().setEnabled(reason is None)
                self._item().setToolTip(wrapped(" ".join((reason or does).split())))
                told = (step.title, group, step.name.replace("_", " "), " ".join(does.split()))
                self._item().setData(" · ".join(told), _SEARCHED)
        self.blockSignals(False)
        row = self.findData(chosen) if chosen else -1
        if row < 0 or not self.model().item(row).isEnabled():
            row = next((n for n in range(self.count()) if self.model().item(n).isEnabled()), -1)
        self.setCurrentIndex(row)
        self._write_choice()

    def _item(self):
        return self.model().item(self.count() - 1)

    def _take_best(self) -> None:
        """Return was pressed: what is typed means the first step that it finds."""
        text = self.lineEdit().text().strip()
        if text and text != self.itemText(self.currentIndex()) and (name := self._finder.best(text)):
            self.choose(name)
        self._write_choice()

    def _picked(self, index) -> None:
        """Choose what was picked in the list of what was found, once Qt, which looks for its words, is done."""
        name = index.data(Qt.UserRole)

        def take() -> None:
            if name:
                self.choose(name)
            self._write_choice()

        QTimer.singleShot(0, take)

    def _dress(self) -> None:
        """Give what was found, in a window of its own that napari's style does not reach, the theme's colours."""
        paper, ink = theme_colors()
        self._finder.popup().setStyleSheet(f"background: {paper}; color: {ink};")

    def _write_choice(self) -> None:
        """Write the title of the step that is chosen, whatever was typed."""
        self.lineEdit().setText(self.itemText(self.currentIndex()))
        self.lineEdit().setCursorPosition(0)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.FocusIn:
            self._dress()
            QTimer.singleShot(0, self.lineEdit().selectAll)  # so that typing begins anew
        return super().eventFilter(watched, event)
