"""Before there is a twin the plots show the sweeps, by set point, then the cuts; keys on the map work."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest

from napari_scantwin.operations.contrast import contrast
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.napari_private import canvas_of
from napari_scantwin.viewer.session import scan_of


def test_sweeps_then_cuts_and_keys_on_the_map(panel, open_scan, qtbot):
    layer = open_scan(sample_path("ferromagnet"))
    drawn = panel.sweeps.drawn
    qtbot.waitUntil(lambda: panel.plots.page is panel.sweeps.results and len(drawn.numbers) == 8)
    assert panel.tabs.tabText(panel.tabs.currentIndex()) == "Train"
    # Every sweep in the colour of its set point, which the ruler of the map and the strip beside the plot have too.
    ground = drawn.widget.ground
    colors = [QColor(curve.opts["pen"].color()).name() for curve in drawn._curves.values()]
    assert len(set(colors)) == 8
    assert min(contrast(color, ground) for color in colors) >= 3
    assert [color for _, color in panel.overlay._marks.of(layer)] == [color for _, color in drawn.strip.key(ground)]
    assert drawn.strip.texts[:3] == ["100", "1000", "5000"]
    assert {"100", "50000"} <= set(drawn.bar.named)
    described = drawn.described()
    assert described.strip.unit == "Oe"
    # A cut takes the place; Delete on the map deletes it, Ctrl+Z brings it back.
    panel.cuts.add_sweep(6)
    qtbot.waitUntil(lambda: panel.plots.page is panel.cuts.results)
    assert panel.cuts.lines[0].cut.name == "1000 Oe"
    canvas = canvas_of(panel.viewer)
    panel.window().activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    QTest.keyClick(canvas, Qt.Key_Delete)
    assert not panel.cuts.lines
    assert panel.plots.page is panel.sweeps.results
    assert layer in panel.viewer.layers
    QTest.keyClick(canvas, Qt.Key_Z, Qt.ControlModifier)
    assert len(panel.cuts.lines) == 1
    # Sweeps left out by Delete in their list come back too.
    panel.show_tab(panel.sweeps)
    qtbot.waitUntil(lambda: panel.sweeps.table.rowCount() == 8)
    panel.sweeps.table.setFocus()
    panel.sweeps.table.selectRow(2)
    QTest.keyClick(panel.sweeps.table, Qt.Key_Delete)
    assert panel.sweeps.table.item(2, 0).checkState() == Qt.Unchecked
    assert scan_of(layer)["masked"].values.any()
    panel.undo.undo()
    assert not np.asarray(scan_of(layer)["masked"].values).any()
    assert panel.sweeps.table.item(2, 0).checkState() == Qt.Checked
