"""The menu of every picture: what is copied and exported is what is on screen."""

import numpy as np
import pyqtgraph as pg
import pytest
from matplotlib.image import imread
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication

from napari_scantwin.operations.findings import Curve, Plot
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.folders import file_name

X = np.array([1.0, 10, 100])


def a_plot():
    return Plot([Curve(X, X**2, 0.1 * X, "#e69f00", "points")], "field (T)", "moment (emu)", [("2 K", "#e69f00")])


@pytest.fixture
def shown(qtbot):
    plot = CurvePlot()
    qtbot.addWidget(plot.widget)
    plot.widget.resize(400, 300)
    plot.show(a_plot())
    plot.widget.show()
    qtbot.waitExposed(plot.widget)
    return plot


def test_copied_numbers_are_those_drawn(shown):
    shown.widget.picture.copy_data.trigger()
    lines = [line.split("\t") for line in QApplication.clipboard().text().split("\n")]
    assert lines[0] == ["field (T), 2 K", "moment (emu), 2 K", "standard error of moment (emu), 2 K"]
    assert np.allclose(np.array(lines[1:], float), np.transpose([X, X**2, 0.1 * X]))


def test_copied_picture_has_its_size(shown):
    shown.widget.picture.copy_picture.trigger()
    assert QApplication.clipboard().pixmap().width() == 400 * shown.widget.devicePixelRatioF()


def test_logarithmic_axes_are_drawn_and_told(shown):
    shown.widget.picture.log["y"].setChecked(True)
    (points,) = [one for one in shown.widget.getPlotItem().items if isinstance(one, pg.ScatterPlotItem)]
    assert np.allclose(points.data["y"], [0, 2, 4])
    assert shown.described().log == (False, True)
    low, high = shown.described().shown_y
    assert low <= 1
    assert high >= 1e4


def test_a_double_click_shows_all(shown, qtbot):
    shown.widget.setRange(xRange=(400, 500), yRange=(0, 1), padding=0)
    place = shown.widget.mapFromScene(shown.widget.getPlotItem().vb.sceneBoundingRect().center())
    viewport = shown.widget.viewport()
    qtbot.mouseClick(viewport, Qt.LeftButton, pos=QPoint(place))
    qtbot.mouseDClick(viewport, Qt.LeftButton, pos=QPoint(place))
    qtbot.waitUntil(lambda: shown.described().shown_x[0] < 1 and shown.described().shown_x[1] > 100)


def test_export_for_paper(shown, qtbot, tmp_path):
    shown.widget.picture.ask_export()
    dialog = shown.widget.picture.dialog
    qtbot.waitUntil(lambda: dialog.preview.pixmap() is not None and not dialog.preview.pixmap().isNull(), timeout=20000)
    dialog.columns.setCurrentText("two")
    dialog.height_mm.setValue(100)
    assert dialog.save(tmp_path / "one.png")
    qtbot.waitUntil(lambda: dialog.said.text() == "Wrote one.png", timeout=20000)
    assert imread(tmp_path / "one.png").shape[:2] == (1181, 2102)  # 100 and 178 mm at 300 dots an inch
    assert dialog.save(tmp_path / "one.tif")
    assert not dialog.copy_button.isEnabled()
    qtbot.waitUntil(lambda: "write a figure as" in dialog.said.text(), timeout=20000)
    assert dialog.copy()
    qtbot.waitUntil(lambda: dialog.said.text() == "Copied", timeout=20000)
    assert QApplication.clipboard().pixmap().width() == 2102
    dialog.close()


def test_names_of_files():
    assert file_name("moment of 5 K, run 7.dat", "map") == "moment_of_5_K_run_7.dat_map"
    assert file_name("///") == "scan"
