"""Ctrl+Z takes back what was done by hand."""

import numpy as np
from qtpy.QtCore import Qt

from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.session import scan_of


def test_a_deleted_cut_and_a_mask_come_back(panel, open_scan, qtbot):
    layer = open_scan(sample_path("ferromagnet"))
    panel.show_tab(panel.cuts)
    panel.cuts.add_sweep(2)
    panel.cuts.add_sweep(3)
    cut = panel.cuts.lines[0].cut
    panel.cuts.list.setCurrentRow(0)
    panel.cuts.list.setFocus()
    qtbot.keyClick(panel.cuts.list, Qt.Key_Delete)
    assert [line.cut.name for line in panel.cuts.lines] != [cut.name]
    assert len(panel.cuts.lines) == 1
    before = scan_of(layer)["masked"].values.copy()
    panel.sweeps.mask_range(20, 30)
    assert scan_of(layer)["masked"].values.sum() > before.sum()
    panel.undo.undo()
    assert np.array_equal(scan_of(layer)["masked"].values, before)
    panel.undo.undo()
    assert panel.cuts.lines[0].cut == cut
    assert len(panel.cuts.plot.keys) == 2
    panel.undo.redo()
    assert len(panel.cuts.lines) == 1


def test_nothing_is_taken_back_from_a_layer_that_is_gone(panel, open_scan, qtbot):
    layer = open_scan(sample_path("ferromagnet"))
    panel.cuts.add_sweep(2)
    panel.cuts.delete(0)
    panel.sweeps.mask_range(20, 30)
    panel.viewer.layers.remove(layer)
    for _ in range(3):
        panel.undo.undo()
    assert not panel.cuts.lines
