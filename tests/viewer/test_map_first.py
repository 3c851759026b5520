"""The map has the room, the path says where one is, and the card stays."""

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.napari_private import own_docks
from napari_scantwin.viewer.canvas.overlay import attach


def share(panel):
    return attach(panel.viewer).width() / panel.viewer.window._qt_window.width()


def test_the_data_have_more_than_half_of_the_width(panel, open_scan, qtbot):
    open_scan(sample_path("ferromagnet"))
    qtbot.waitUntil(lambda: share(panel) >= 0.55)
    panel.viewer.window._qt_window.resize(1000, 700)
    qtbot.waitUntil(lambda: share(panel) >= 0.5)


def test_a_tick_brings_naparis_lists_back(panel, qtbot):
    qtbot.waitUntil(lambda: panel._arranged)
    window, docks = panel.viewer.window._qt_window, own_docks(panel.viewer)
    assert len(docks) == 2
    assert all(window.dockWidgetArea(dock) == Qt.RightDockWidgetArea for dock in docks)
    panel.menu.lists.trigger()
    assert all(window.dockWidgetArea(dock) == Qt.LeftDockWidgetArea for dock in docks)
    panel.menu.lists.trigger()
    assert all(window.dockWidgetArea(dock) == Qt.RightDockWidgetArea for dock in docks)


def test_a_closed_panel_leaves_naparis_window_as_it_was(panel, qtbot):
    window, docks = panel.viewer.window._qt_window, own_docks(panel.viewer)
    qtbot.waitUntil(lambda: panel._arranged)
    panel.shut()
    assert all(window.dockWidgetArea(dock) == Qt.LeftDockWidgetArea for dock in docks)
    assert not any(dock.windowTitle() == "Plots" for dock in window.findChildren(QDockWidget) if dock.isVisible())


def test_steps_are_greyed_with_the_reason_then_ticked(panel, open_scan, train_scan, qtbot, tmp_path):
    steps = panel.path.steps
    assert not steps["Train"].isEnabled()
    assert steps["Train"].toolTip() == "Open a scan first"
    open_scan(sample_path("palladium_hydride"))
    qtbot.waitUntil(lambda: steps["Train"].isEnabled() and steps["Open"].text().startswith("✓"))
    assert "press Train" in panel.card.words
    assert not panel.card.learned.isVisible()
    assert not steps["Train"].text().startswith("✓")
    twin = train_scan()
    assert twin is not None
    qtbot.waitUntil(lambda: all(steps[one].text().startswith("✓") for one in ("Train", "Explore")))
    assert "Made of" in panel.card.words
    assert panel.card.unsaved.text()
    height = panel.card.height()
    assert panel.train.save(tmp_path / "one.twin")
    qtbot.waitUntil(lambda: not panel.card.unsaved.text() and steps["Export"].text().startswith("✓"))
    assert "Made of" in panel.card.words
    assert panel.card.height() == height
    # The line that leads to what it has learned, which nothing waits for; once asked, it says what was found.
    qtbot.mouseClick(panel.card.learned, Qt.LeftButton)
    now = panel.analyse.current
    assert panel.tabs.tabText(panel.tabs.currentIndex()) == "Analyse"
    assert now.analysis.name == "what_it_learned"
    assert now.result is None
    assert not now.job.running
    now.form.fields["question"].setCurrentText("How inputs' errors change it")
    now.run(asked=True)
    qtbot.waitUntil(lambda: now.result is not None and not now.job.running, timeout=60_000)
    qtbot.waitUntil(lambda: "errors of the inputs" in panel.card.learned.text())


def test_plots_stand_under_the_canvas_and_can_be_torn_off(panel, open_scan, qtbot):
    open_scan(sample_path("ferromagnet"))
    panel.show_tab(panel.cuts)
    panel.cuts.add_sweep(2)
    plot = panel.cuts.plot.widget
    qtbot.waitUntil(plot.isVisible)
    below = plot.mapToGlobal(plot.rect().topLeft()).y()
    canvas = attach(panel.viewer)
    assert below >= canvas.mapToGlobal(canvas.rect().bottomLeft()).y()
    assert plot.width() > 0.8 * panel.viewer.window._qt_window.width()
    panel.plots.tear_button.click()
    assert plot.window() is not panel.viewer.window._qt_window
    panel.cuts.add_sweep(3)
    assert len(panel.cuts.plot.keys) == 2
    plot.window().close()
    qtbot.waitUntil(lambda: plot.window() is panel.viewer.window._qt_window and plot.isVisible())
    assert np.isfinite(plot.width())
