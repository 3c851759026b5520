"""A cube in the Sweeps tab: slices instead of thousands of sweeps, chosen by the values of a slow axis."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_scantwin.core import scan as scans
from napari_scantwin.core.training_mask import used
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.session import scan_of


@pytest.fixture
def tab(panel, open_scan):
    """The Sweeps tab on the sample cube of nine tilts."""
    open_scan(sample_path("arpes"))
    panel.show_tab(panel.sweeps)
    return panel.sweeps


def kept(tab, axis="manipulator_angle"):
    return list(np.flatnonzero(used(tab._chooser.scan, axis)))


def test_every_second_slice_is_two_clicks(tab, qtbot):
    assert tab.table.rowCount() == 9
    assert tab.table.horizontalHeaderItem(0).text().split() == ["manipulator", "angle", "(deg)"]
    tab.choice.every.setValue(2)
    qtbot.mouseClick(tab.choice.button, Qt.LeftButton)
    assert kept(tab) == [0, 2, 4, 6, 8]
    assert "9 slices, 4 left out" in tab.said.text()
    assert [tab.table.item(row, 0).checkState() == Qt.Checked for row in range(9)] == [True, False] * 4 + [True]
    assert [len(tab.drawn._curves[row].xData) for row in range(9)] == [64, 0] * 4 + [64]
    tab.unmask_all()
    assert kept(tab) == list(range(9))


def test_a_range_single_slices_and_another_axis(tab, qtbot, spoken):
    tab.choice.low.setText("-6")
    qtbot.keyClick(tab.choice.low, Qt.Key_Return)
    assert kept(tab) == [2, 3, 4, 5, 6, 7, 8]
    tab.table.item(4, 0).setCheckState(Qt.Unchecked)
    tab.table.item(0, 0).setCheckState(Qt.Checked)
    assert kept(tab) == [0, 2, 3, 5, 6, 7, 8]
    tab.choice.axis.setCurrentIndex(1)
    tab.choice.axis.activated.emit(1)
    assert tab.table.rowCount() == 48
    tab.choice.low.clear()
    tab.choice.every.setValue(3)
    assert tab.choice._ordinal.text() == "rd"
    tab.choice.button.click()
    assert kept(tab, "analyser_angle") == list(range(0, 48, 3))
    assert kept(tab) == [0, 2, 3, 5, 6, 7, 8]
    for low, words in (("90", "leaves 0 of the 48"), ("abc", "is no value")):
        tab.choice.low.setText(low)
        assert not tab.choice.apply()
        assert words in str(spoken.pop())
    assert kept(tab, "analyser_angle") == list(range(0, 48, 3))


def test_a_range_of_energies_is_masked_in_the_selected_slices(tab):
    tab.mask_range(-0.2, 0.2, {1, 2})
    scan = tab._chooser.scan
    inside = (scan["energy"].values >= -0.2) & (scan["energy"].values <= 0.2)
    expected = np.zeros(scan.shape, bool)
    expected[1:3, :, inside] = True
    np.testing.assert_array_equal(scan["masked"].values, expected)
    assert len(tab.drawn._curves[1].xData) == (~inside).sum()


def test_a_large_cube_is_listed_at_once(panel, qtbot):
    axes = {"tilt": (np.arange(120.0), "deg"), "angle": (np.arange(200.0), "deg"), "energy": (np.arange(200.0), "eV")}
    values = np.ones((120, 200, 200), np.float32)
    layer = add_scan(panel._viewer, scans.gridded_scan(axes, values, name="counts", unit="count"))
    panel.chooser.choose(layer)
    panel.show_tab(panel.sweeps)
    assert panel.sweeps.table.rowCount() == 120
    assert len(panel.sweeps.drawn.numbers) == 60
    panel.sweeps.choice.every.setValue(10)
    panel.sweeps.choice.button.click()
    assert used(scan_of(layer), "tilt").sum() == 12
