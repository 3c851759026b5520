"""The dialog about columns: usual measurements at a click, words, lists that open, answers that are not lost."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QApplication, QDialog, QDialogButtonBox, QMessageBox

from napari_scantwin.readers import read_table
from napari_scantwin.readers.tables.table import ColumnTable, remember, table_to_scan
from napari_scantwin.viewer.open.open_dialog import ColumnDialog


class Clicks(QObject):
    """Counts the presses of the mouse in a dialog."""

    def __init__(self, dialog):
        super().__init__(dialog)
        self.count, self._window = 0, dialog
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.MouseButtonPress and hasattr(watched, "window") and watched.isWidgetType():
            self.count += watched.window() is self._window and not event.spontaneous() and watched.isEnabled()
        return False


@pytest.fixture
def dialog(qtbot):
    """Show the dialog about a table."""

    def shown(table) -> ColumnDialog:
        dialog = ColumnDialog(table)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return shown


def bare(*headers: str) -> ColumnTable:
    columns = {name: np.linspace(2.0 + k, 9.0 * (k + 1) ** 4, 12) for k, name in enumerate(headers)}
    return ColumnTable("bare.csv", columns, dict.fromkeys(columns), np.arange(12) + 2)


def test_the_published_file_is_opened_with_two_clicks(dialog, qtbot, measured):
    table = read_table(measured / "erco2_magnetization.csv")
    asked = dialog(table)
    ok = asked.buttons.button(QDialogButtonBox.Ok)
    assert not ok.isEnabled()  # its heads say nothing
    clicks = Clicks(asked)
    qtbot.mouseClick(asked.templates["M(T, H)"], Qt.LeftButton)
    assert ok.isEnabled()
    with qtbot.waitSignal(asked.accepted):
        qtbot.mouseClick(ok, Qt.LeftButton)
    assert clicks.count <= 3
    scan = table_to_scan(table, asked.choice())
    assert scan.name == "moment"
    assert (scan["temperature"].attrs["units"], scan["magnetic_field"].attrs["units"]) == ("K", "Oe")


def test_templates_that_do_not_fit_say_why_and_one_that_is_named_is_chosen(dialog):
    asked = dialog(bare("T", "H", "M"))
    assert asked.templates["M(T, H)"].isChecked()
    assert asked.objection() is None
    assert not asked.templates["R(T, H)"].isEnabled()
    assert "resistance" in asked.templates["R(T, H)"].toolTip()
    asked.names[2].setCurrentText("magnetization")
    assert not asked.templates["M(T, H)"].isChecked()  # it is no longer as that has it


def test_names_are_words_and_the_usual_unit_stands_on_top(dialog, qtbot):
    asked = dialog(bare("a", "b", "c"))
    assert not [text for text in map(asked.names[0].itemText, range(asked.names[0].count())) if "_" in text]
    for name, unit in (("magnetic field", "Oe"), ("heat capacity", "J/K"), ("time", "s"), ("temperature", "K")):
        asked.names[0].setCurrentText(name)
        assert asked.unit_boxes[0].itemText(0) == unit
        assert asked.unit_boxes[0].currentText() == ""  # offered, not guessed
    asked.names[1].setCurrentText("magnetic field")
    asked.names[2].setCurrentText("moment")
    for box, unit in zip(asked.unit_boxes, ("K", "Oe", "emu"), strict=True):
        box.setCurrentText(unit)
    assert [axis.name for axis in asked.choice().axes] == ["temperature", "magnetic_field"]


def test_one_click_opens_a_list(dialog, qtbot):
    asked = dialog(bare("a", "b", "c"))
    box = asked.names[0]
    qtbot.mouseClick(box.lineEdit(), Qt.LeftButton)
    qtbot.waitUntil(lambda: box.view().isVisible(), timeout=2000)
    box.hidePopup()


@pytest.mark.parametrize(("reply", "stays"), [(QMessageBox.Cancel, True), (QMessageBox.Discard, False)])
def test_escape_asks_before_answers_are_thrown_away(dialog, qtbot, monkeypatch, reply, stays):
    asked, questions = dialog(bare("a", "b", "c")), []
    monkeypatch.setattr(QMessageBox, "question", lambda *args: (questions.append(args[2]), reply)[1])
    asked.names[0].setCurrentText("temperature")
    qtbot.keyClick(asked, Qt.Key_Escape)
    assert len(questions) == 1
    assert asked.isVisible() is stays


def test_escape_without_answers_asks_nothing(dialog, qtbot, monkeypatch):
    monkeypatch.setattr(QMessageBox, "question", lambda *args: pytest.fail("asked"))
    asked = dialog(bare("T", "H", "M"))
    qtbot.keyClick(asked, Qt.Key_Escape)
    assert asked.result() == QDialog.Rejected


def test_what_was_answered_before_is_remembered(dialog):
    first = dialog(bare("a", "b", "c"))
    first.templates["R(T, H)"].click()
    remember(first.choice(), bare("a", "b", "c"))
    again = dialog(bare("a", "b", "c"))
    assert again.choice() == first.choice()
