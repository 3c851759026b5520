"""The canvas shows the maps of the analysis on screen, and the form the figures of the scan chosen."""

from __future__ import annotations

from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.map_layers import derived_layers


def test_the_maps_of_an_analysis_leave_with_it_and_come_back(panel, open_scan, analysed, qtbot):
    layer = open_scan(sample_path("ferromagnet"))
    entropy = analysed("Entropy change")
    qtbot.waitUntil(lambda: any(one.visible for one in derived_layers(panel._viewer, layer)))
    (map_,) = derived_layers(panel._viewer, layer)
    assert map_.name.startswith("sweeps: ")
    qtbot.waitUntil(lambda: not layer.visible)
    panel.analyse.choose("Compare two scans")
    qtbot.waitUntil(lambda: not map_.visible)
    assert layer.visible
    panel.tabs.setCurrentIndex(4)  # another tab is no other analysis
    panel.tabs.setCurrentIndex(5)
    assert not map_.visible
    panel.analyse.choose("Entropy change")
    qtbot.waitUntil(lambda: map_.visible)
    assert panel.analyse.current is entropy
    panel.tabs.setCurrentIndex(4)
    assert map_.visible


def test_the_figures_of_another_scan_are_not_left_standing(panel, open_scan, analysed, qtbot):
    open_scan(sample_path("ferromagnet"))
    entropy = analysed("Entropy change")
    assert entropy.table.rowCount() > 0
    open_scan(sample_path("palladium_hydride"))  # it has no entropy change
    assert entropy.result is None
    assert entropy.table.rowCount() == 0
    assert not entropy.export_button.isEnabled()
