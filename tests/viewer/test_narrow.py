"""What happens where the window is narrow: nothing makes it grow, words are cut with an ellipsis or broken."""

from __future__ import annotations

from qtpy.QtWidgets import QApplication

from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.numbers import NumberBox
from napari_scantwin.viewer.kit.tables import NumberTable, fill, shared_out


def test_a_cube_does_not_widen_a_window_of_1000_pixels(panel, open_scan, qtbot):
    window = panel._viewer.window._qt_window
    window.resize(1000, 700)
    open_scan(sample_path("arpes"))
    for number in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(number)
        qtbot.wait(50)
        assert window.width() == 1000, panel.tabs.tabText(number)
    assert window.minimumSizeHint().width() < 1000


def test_the_dock_forgets_the_width_it_had_before_the_style(panel, qtbot):
    qtbot.waitUntil(lambda: panel.parent().minimumWidth() <= panel.minimumSizeHint().width())


def test_a_combo_cuts_its_words_with_an_ellipsis_and_asks_for_what_they_need(qtbot):
    combo = Combo()
    qtbot.addWidget(combo)
    combo.addItems(["one", "the disagreement in sigmas", "   indented"])
    short = combo.sizeHint().width()
    combo.setCurrentIndex(1)
    assert combo.sizeHint().width() > short
    combo.resize(combo.sizeHint())
    assert combo.shown == "the disagreement in sigmas"
    combo.resize(combo.minimumSizeHint())
    assert combo.shown.endswith("…")
    combo.setCurrentIndex(2)
    combo.resize(combo.sizeHint())
    assert combo.shown == "indented"


def test_a_table_breaks_heads_and_words_before_it_scrolls_sideways(qtbot):
    table = NumberTable()
    qtbot.addWidget(table)
    table.resize(260, 200)
    table.show()
    words = "none within the range that was measured, neither rising nor falling"
    fill(table, ["manipulator angle (deg)", "points"], [(words, "12 ± 3")])
    QApplication.processEvents()
    assert sum(table.columnWidth(column) for column in range(2)) <= table.viewport().width()
    assert table.rowHeight(0) >= 2 * table.fontMetrics().height()
    table.resize(140, 200)
    QApplication.processEvents()
    assert table.horizontalHeaderItem(0).text() != "manipulator angle (deg)"
    table.resize(900, 200)
    QApplication.processEvents()
    assert table.horizontalHeaderItem(0).text() == "manipulator angle (deg)"


def test_width_is_shared_among_columns():
    assert shared_out([50, 70], [20, 30], 200) == [90, 110]
    narrow = shared_out([100, 60], [40, 60], 130)
    assert narrow == [70, 60]
    assert shared_out([100, 100], [80, 90], 100) == [80, 90]  # less than needed: it scrolls


def test_a_number_box_writes_no_noughts(qtbot):
    box = NumberBox()
    qtbot.addWidget(box)
    box.setSuffix(" Oe")
    for value, text in ((900.0, "900 Oe"), (0.0035, "0.0035 Oe"), (0.0, "0 Oe")):
        box.setValue(value)
        assert box.text() == text
