"""The box for numbers, typed into as people do, in every language."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from qtpy.QtCore import QLocale, Qt

import napari_scantwin.viewer
from napari_scantwin.viewer.kit.numbers import NumberBox


@pytest.fixture(params=["C", "de_DE", "fr_CH", "sv_SE", "en_IN", "ar_EG"])
def locale(request):
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield request.param
    QLocale.setDefault(before)


def typed(qtbot, box, text):
    box.setFocus()
    box.lineEdit().selectAll()
    qtbot.keyClicks(box.lineEdit(), text)
    qtbot.keyClick(box, Qt.Key_Return)
    qtbot.keyClick(box, Qt.Key_Return)
    return box.value()


@pytest.mark.parametrize(
    ("text", "number"),
    [("12,5", 12.5), ("12.5", 12.5), ("1e-9", 1e-9), ("2,5E3", 2500), (",5", 0.5), ("1234567.8", 1234567.8), ("7", 7)],
)
def test_a_number_is_what_was_typed_also_after_a_second_return(qtbot, locale, text, number):
    box = NumberBox()
    qtbot.addWidget(box)
    box.show()
    assert typed(qtbot, box, text) == number


def test_a_number_that_nobody_retyped_keeps_every_digit(qtbot, locale):
    box = NumberBox()
    qtbot.addWidget(box)
    box.setSuffix(" K")
    box.show()
    for number in (1234567.8, 1 / 3, 1e-12, 123456789012.345):
        box.setValue(number)
        qtbot.keyClick(box, Qt.Key_Return)
        box.clearFocus()
        assert box.value() == number


def test_letters_are_not_taken_and_what_is_outside_is_not_either(qtbot):
    box = NumberBox()
    qtbot.addWidget(box)
    box.setRange(0, 100)
    box.show()
    box.setValue(5)
    assert typed(qtbot, box, "abc") == 5
    assert typed(qtbot, box, "500") <= 100


def test_there_is_no_other_box_for_numbers():
    """Qt's own box reads 12,5 as 125 where the language has a decimal point, and the other way round."""
    folder = Path(napari_scantwin.viewer.__file__).parent
    users = [
        path.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Name, ast.alias)) and getattr(node, "id", getattr(node, "name", "")) in
        ("QDoubleSpinBox", "FloatSpinBox", "QDoubleValidator", "QLabeledDoubleSlider")
    ]  # fmt: skip
    assert set(users) <= {"numbers.py"}
