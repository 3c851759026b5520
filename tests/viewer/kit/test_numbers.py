"""The fields for numbers: right in every language, and nothing is rounded that nobody touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qtpy.QtCore import QLocale, Qt
from qtpy.QtTest import QTest

import napari_scantwin.viewer
from napari_scantwin.viewer.cube.axis_block import AxisBlock
from napari_scantwin.viewer.kit.numbers import CountBox, NumberBox, NumberLine

LANGUAGES = ["C", "en_US", "de_DE", "de_CH", "fr_FR", "fr_CH", "sv_SE", "ar_EG", "fa_IR", "hi_IN"]
#: Qt's and its relatives' fields for numbers, and numbers read past the one rule.
_OTHERS = re.compile(
    r"\bQ\w*SpinBox|Q\w+Validator|FloatSpinBox|(?<!\w)SpinBox\(|getDouble|getInt\b|magicgui|float\([^()]*\.text\(\)"
    r"|float\(text"
)


@pytest.fixture(params=LANGUAGES)
def language(request):
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield request.param
    QLocale.setDefault(before)


def typed(box, text: str, returns: int = 2) -> float:
    """The box's value after ``text`` was put in its place and Return pressed."""
    box.lineEdit().selectAll()
    box.lineEdit().insert(text)
    for _ in range(returns):
        QTest.keyClick(box, Qt.Key_Return)
    return box.value()


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_number_is_what_was_typed_in_every_language(language, decimal, qtbot):
    """With one Return and with two, with a unit behind it, through the keyboard letter by letter."""
    box = NumberBox(low=-1e300, high=1e300)
    qtbot.addWidget(box)
    for suffix in ("", " Oe"):
        box.setSuffix(suffix)

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(st.floats(-1e300, 1e300))
        def comes_back(number):
            text = repr(number).replace(".", decimal)
            assert [typed(box, text, 1), typed(box, text, 2)] == [number, number]

        comes_back()
    box.setSuffix("")
    box.selectAll()
    QTest.keyClicks(box.lineEdit(), f"12{decimal}5e1")
    QTest.keyClick(box, Qt.Key_Return)
    assert (box.value(), box.text()) == (125.0, "125")


def test_nothing_is_rounded_that_was_not_touched(language, qtbot):
    box, seen = NumberBox(), []
    qtbot.addWidget(box)
    box.valueChanged.connect(seen.append)
    for number in (12.5, 1234567.8, 1 / 3, 1e-12 / 3, 123456789.123456789, 6.02214076e11):
        box.setValue(number)
        seen.clear()
        for key in (Qt.Key_Return, Qt.Key_Tab, Qt.Key_Return):
            QTest.keyClick(box, key)
        box.clearFocus()
        assert {box.value(), *seen} == {number}
    assert typed(box, "1234567,8") == 1234567.8
    assert box.text() == "1234567.8"


def test_what_is_no_number_leaves_the_box_as_it_was(language, qtbot):
    box = NumberBox(low=0, high=100)
    qtbot.addWidget(box)
    box.setValue(12.5)
    for text in ("1,2,3", "1.2.3", "-1", "1e5", "e", "1 2", "five", ""):
        assert typed(box, text) == 12.5, text


def test_whole_numbers_and_words_in_place_of_nought(language, qtbot):
    box = CountBox(high=64)
    qtbot.addWidget(box)
    box.setSpecialValueText("as preset")
    assert (box.value(), box.text()) == (0, "as preset")
    assert typed(box, "12") == 12
    assert isinstance(box.value(), int)
    assert typed(box, "1.5") == 12  # not 15
    QTest.keyClick(box, Qt.Key_Up)
    assert box.value() == 13
    assert typed(box, "0") == 0
    assert typed(box, "as preset") == 0
    assert box.text() == "as preset"


def test_a_cube_axis_takes_both_separators(language, qtbot):
    block = AxisBlock()
    qtbot.addWidget(block)
    block.value._decimals = 2
    assert typed(block.value, "-12,55") == -12.55
    assert typed(block.value, "-12.55") == -12.55


def test_a_line_knows_what_it_was_shown_for(qtbot):
    line = NumberLine()
    qtbot.addWidget(line)
    line.show_held("0.33", 1 / 3)
    assert line.held == 1 / 3
    line.setText("0.34")
    assert line.held is None
    assert line.number(7.0) == 0.34
    line.clear()
    assert line.number(7.0) == 7.0


def test_no_other_field_takes_numbers():
    room = Path(napari_scantwin.viewer.__file__).parent
    found = {
        f"{path.relative_to(room).as_posix()}: {hit[0]}"
        for path in room.rglob("*.py")
        if path != room / "kit" / "numbers.py"
        for hit in _OTHERS.finditer(path.read_text("utf-8"))
    }
    assert found == set()
