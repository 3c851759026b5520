"""Small letters stand out from their ground by 4.5 to one, in both themes, and when the theme changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QApplication, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget

import napari_scantwin.viewer
from napari_scantwin.operations.contrast import TEXT, contrast
from napari_scantwin.operations.findings import COLORS
from napari_scantwin.viewer.kit.legible import KeyLabel, Line, PressedButton, hint_ink, theme_color
from napari_scantwin.viewer.kit.numbers import NumberLine
from napari_scantwin.viewer.kit.tables import NumberTable, fill
from napari_scantwin.viewer.open.asking import WordList


@pytest.fixture
def page(make_napari_viewer):
    """A dock of everything whose letters napari's style leaves faint."""
    viewer, page = make_napari_viewer(show=True), QWidget()
    page.viewer = viewer
    page.words = WordList(("K", "Oe"), "choose a unit")
    page.lines = [Line(), NumberLine(), page.words.lineEdit()]
    page.table, page.pressed = NumberTable(), PressedButton("Explore", "QPushButton { font-size: 8pt; }")
    page.key = KeyLabel([(color, color) for color in COLORS])
    layout = QVBoxLayout(page)
    for one in (*page.lines[:2], page.words, page.table, page.pressed, page.key):
        layout.addWidget(one)
    for line in page.lines:
        line.setPlaceholderText("needed")
    fill(page.table, ("T", "M"), [(str(number), "1") for number in range(len(COLORS))], COLORS)
    page.pressed.setChecked(True)
    viewer.window.add_dock_widget(page, name="Page", area="right")
    QApplication.processEvents()
    return page


def colors_on(image):
    """Every colour of a picture."""
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def test_hints_rows_keys_and_what_is_pressed_can_be_read_in_both_themes(page):
    for theme in ("dark", "light", "dark"):
        page.viewer.theme = theme
        QApplication.processEvents()
        ground = theme_color("primary")
        for line in page.lines:
            assert line.palette().color(QPalette.PlaceholderText) == QColor(hint_ink())
            # As it is painted: a hint that no style sheet has made paler again.
            seen = max(contrast(one, ground) for one in colors_on(line.grab().toImage()))
            assert TEXT <= seen < contrast(theme_color("text"), ground)
        for row in range(page.table.rowCount()):
            color = page.table.item(row, 0).foreground().color().name()
            assert contrast(color, theme_color("foreground")) >= TEXT
        ink = max(contrast(one, theme_color("current")) for one in colors_on(page.pressed.grab().toImage()))
        assert ink >= TEXT
        for one in page.key.text().split("color:")[1:]:
            assert contrast(one[:7], theme_color("background")) >= TEXT


def test_every_line_that_may_have_a_hint_is_one_whose_hint_can_be_read(panel, qtbot):
    bare = [one for one in panel.findChildren(QLineEdit) if not isinstance(one, Line)]
    assert [one for one in bare if not isinstance(one.parent(), QSpinBox) and one.placeholderText()] == []
    assert all(isinstance(one, PressedButton) for one in panel.path.findChildren(QPushButton))
    room = Path(napari_scantwin.viewer.__file__).parent
    makers = {path.name for path in room.rglob("*.py") if " QLineEdit(" in path.read_text(encoding="utf-8")}
    assert makers == set()
