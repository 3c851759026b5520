"""Nothing in the panel is cut off, in the narrowest window it allows."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex
from qtpy.QtGui import QFontMetrics
from qtpy.QtWidgets import QApplication, QLabel

from napari_scantwin.operations.contrast import contrast
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.rulers import fitted_title


@pytest.mark.parametrize("width", [1000, 1200])
def test_every_tab_has_the_width_it_needs_beside_its_scroll_bar(panel, open_scan, train_scan, qtbot, width):
    panel._viewer.window._qt_window.resize(width, 700)
    open_scan(sample_path("palladium_hydride"))
    if width == 1200:
        train_scan()
    panel.train.settings.expand(animate=False)
    for number in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(number)
        QApplication.processEvents()
        page = panel.tabs.widget(number)
        assert page.widget().minimumSizeHint().width() <= page.viewport().width(), panel.tabs.tabText(number)
    assert panel.width() <= 400


def test_before_training_the_tab_says_what_to_do_in_place_of_empty_boxes(panel, open_scan):
    assert "Open a scan" in panel.train.status.text()
    open_scan(sample_path("palladium_hydride"))
    panel.show_tab(panel.train)
    assert "press Train" in panel.train.status.text()
    assert not panel.train.table.isVisible()
    assert not panel.train.plot.isVisible()


def test_a_scan_just_opened_is_seen_alone_and_described(panel, open_scan, instrument):
    first = open_scan(sample_path("palladium_hydride"))
    second = open_scan(sample_path("ferromagnet"))
    assert second.visible
    assert not first.visible
    assert "8 sweeps" in panel.open.said.text()
    third = add_scan(panel._viewer, read([instrument / "mpms3_fc_sweep_a.dat"]))  # as napari's own File > Open does
    panel.chooser.choose(third)
    said = panel.open.said.text()
    assert "1 sweep\n" in said
    field = next(line for line in said.splitlines() if line.startswith("magnetic field"))
    assert " to " not in field


def test_points_stand_out_from_the_canvas_and_from_the_map(open_scan, train_scan):
    layer = open_scan(sample_path("palladium_hydride"))
    bare = to_hex(layer.border_color[0])
    assert min(contrast(bare, "#000000"), contrast(bare, "#ffffff")) >= 3  # in the dark theme and in the light one
    train_scan()
    assert to_hex(layer.border_color[0]) == "#ffffff"
    assert (layer.border_width > 0).all()


def test_the_colour_bar_never_loses_its_unit(qtbot):
    metrics = QFontMetrics(QApplication.font())
    name = "isothermal entropy change"
    wide, narrow = (fitted_title(metrics, name, "J/K/kg", width) for width in (1000, 150))
    assert wide == "isothermal entropy change (J/K/kg)"
    assert narrow.endswith("… (J/K/kg)")
    assert metrics.horizontalAdvance(narrow) <= 150
    assert fitted_title(metrics, "ratio", "", 100) == "ratio"


def test_an_analysis_fits_a_window_of_800_pixels_without_scrolling(panel, open_scan):
    panel._viewer.window._qt_window.resize(1200, 800)
    open_scan(sample_path("ferromagnet"))
    panel.show_tab(panel.analyse)
    panel.analyse.choose("Entropy change")
    QApplication.processEvents()
    page = panel.tabs.currentWidget()
    assert panel.analyse.minimumSizeHint().height() <= page.viewport().height()
    assert "does not fit" in panel.analyse.others.text()


def test_a_simulation_says_what_was_made_and_offers_it_for_export(panel, open_scan, train_scan):
    layer = open_scan(sample_path("palladium_hydride"))
    train_scan()
    said = panel.simulate.said.text()
    assert said.startswith("Simulated resistance (Ω) at ")
    assert "typically ± " in said
    assert "hidden in the layer list" in said
    assert panel.simulate.export_choice.currentText() == f"twin: {layer.name}"


def test_process_export_and_analyse_need_no_scrolling(panel, qtbot, open_scan):
    open_scan(sample_path("palladium_hydride"))

    def is_whole(widget) -> bool:
        """Whether all of a tab's page is seen, once it is laid out."""
        panel.show_tab(widget)
        page = next(page for page in map(panel.tabs.widget, range(panel.tabs.count())) if page.widget() is widget)
        needed = widget.minimumSizeHint().height()
        qtbot.waitUntil(lambda: page.verticalScrollBar().maximum() == max(0, needed - page.viewport().height()))
        return page.verticalScrollBar().maximum() == 0

    assert is_whole(panel.export)
    panel.show_tab(panel.analyse)
    high = panel.analyse.choose("Critical field")
    high.form.further.expand(animate=False)
    low = panel.analyse.choose("Transitions")
    qtbot.waitUntil(lambda: panel.analyse.stack.currentWidget() is low)
    # What is behind asks for no room.
    assert panel.analyse.stack.minimumSizeHint().height() == low.minimumSizeHint().height()
    assert low.minimumSizeHint().height() < high.minimumSizeHint().height()
    assert is_whole(panel.analyse)
    open_scan(sample_path("arpes"))
    for step in ("fermi_edge", "smooth", "take_slice"):
        panel.process.choose(step)
        assert is_whole(panel.process)
    # Both ends of a range stand in one row, each in its own field.
    panel.process.choose("fermi_edge")
    start, stop = (panel.process.form.fields[name] for name in ("start", "stop"))
    assert start.mapTo(panel, start.rect().topLeft()).y() == stop.mapTo(panel, stop.rect().topLeft()).y()
    assert min(start.width(), stop.width()) > 50
    stop.setText("x")
    assert not panel.process.apply()
    assert panel.process.reason.marked == [stop]
    QApplication.processEvents()
    label = next(one for one in panel.process.findChildren(QLabel) if one.text() == panel.process.reason.words)
    assert label.width() > start.width() + stop.width()  # below the row, over the whole of it
