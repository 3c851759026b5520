"""The cube's linked views: one crosshair in the map, the sliders and every plot."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of


@pytest.fixture
def cube(panel, qtbot, open_scan):
    """The Cube tab on the sample cube."""
    open_scan(sample_path("arpes"))
    panel.show_tab(panel.cube)
    assert panel.cube.crosshair.shown() == ("energy", "analyser_angle")  # spectra stand upright
    panel.cube.show_plane("analyser_angle", "energy")
    qtbot.wait(100)
    return panel.cube


@pytest.fixture
def values(cube):
    return scan_of(cube.crosshair.layer).values


def index(cube, axis):
    return int(np.argmin(np.abs(cube.crosshair.column(axis) - cube.crosshair.at[axis])))


def drawn(cube, axis):
    return cube.blocks[axis].plot.measured.yData


def check_all_views(cube, panel, values):
    """Every plot shows the profile through the crosshair, and the map the plane through it."""
    at = {axis: index(cube, axis) for axis in cube.crosshair.axes}
    for position, axis in enumerate(cube.crosshair.axes):
        place = [at[other] if other != axis else slice(None) for other in cube.crosshair.axes]
        np.testing.assert_allclose(drawn(cube, axis), values[tuple(place)])
        assert cube.blocks[axis].plot.line.value() == pytest.approx(cube.crosshair.at[axis])
        assert cube.blocks[axis].value.value() == pytest.approx(cube.crosshair.at[axis])
        if axis not in cube.crosshair.shown():
            shown = panel._viewer.dims.displayed
            plane = np.take(values, at[axis], axis=position)
            plane = plane if shown[0] < shown[1] else plane.T
            np.testing.assert_allclose(cube.crosshair.layer._data_view, plane)


def press_and_drag(qtbot, target, path, modifiers=Qt.NoModifier):
    for kind, place, button, held in (
        (QEvent.MouseButtonPress, path[0], Qt.LeftButton, Qt.LeftButton),
        *((QEvent.MouseMove, place, Qt.NoButton, Qt.LeftButton) for place in path[1:]),
        (QEvent.MouseButtonRelease, path[-1], Qt.LeftButton, Qt.NoButton),
    ):
        everywhere = QPointF(target.mapToGlobal(QPointF(*place).toPoint()))
        QApplication.sendEvent(target, QMouseEvent(kind, QPointF(*place), everywhere, button, held, modifiers))
        qtbot.wait(10)


def test_all_views_move_together(cube, panel, values, qtbot):
    crosshair = cube.crosshair
    assert crosshair.shown() == ("analyser_angle", "energy")
    crosshair.move(energy=-0.2, analyser_angle=7.3)
    qtbot.wait(30)
    check_all_views(cube, panel, values)
    crosshair.move(manipulator_angle=6.2)
    qtbot.wait(30)
    assert crosshair.at["manipulator_angle"] == 6.0
    assert panel.overlay.sliders.texts() == {"manipulator angle": "6 deg"}
    check_all_views(cube, panel, values)
    panel._viewer.dims.set_current_step(0, 1)  # napari's slider leads
    qtbot.wait(30)
    assert crosshair.at["manipulator_angle"] == -9.0
    check_all_views(cube, panel, values)


def test_the_crosshair_is_dragged_on_the_map(cube, panel, values, qtbot):
    crosshair, canvas = cube.crosshair, panel.overlay.parent()
    center = tuple(panel._viewer.scene.camera.center)

    def pixel(place):
        frame = frame_of(crosshair.layer)
        world = frame.to_world([[{**crosshair.at, **place}[axis] for axis in frame.axes]])[0]
        return np.array(panel.overlay.pixel(world[1], world[2]))

    goal = {"energy": -0.5, "analyser_angle": -8.0}
    press_and_drag(qtbot, canvas, [pixel({}), pixel(goal)])  # both lines at their crossing
    assert abs(crosshair.at["energy"] + 0.5) < 0.015
    assert abs(crosshair.at["analyser_angle"] + 8.0) < 0.6
    check_all_views(cube, panel, values)
    before = crosshair.at["analyser_angle"]
    press_and_drag(qtbot, canvas, [pixel({"analyser_angle": 5.0}), pixel({"analyser_angle": 9.0, "energy": -0.1})])
    assert crosshair.at["analyser_angle"] == before  # only the upright line was held
    assert abs(crosshair.at["energy"] + 0.1) < 0.015
    press_and_drag(qtbot, canvas, [pixel({"energy": -0.6, "analyser_angle": 10.0})], Qt.ControlModifier)
    assert abs(crosshair.at["energy"] + 0.6) < 0.015
    assert tuple(panel._viewer.scene.camera.center) == center
    assert panel.overlay.holder is None


def test_the_crosshair_lets_go_of_the_map_in_other_tabs(cube, panel, qtbot):
    at = dict(cube.crosshair.at)
    panel.tabs.setCurrentIndex(0)
    press_and_drag(qtbot, panel.overlay.parent(), [(220, 300), (260, 340)], Qt.ControlModifier)
    assert cube.crosshair.at == at


@pytest.mark.parametrize("axis", ["energy", "manipulator_angle"])
def test_the_crosshair_is_dragged_in_every_plot(axis, cube, panel, values, qtbot):
    plot = cube.blocks[axis].plot.widget

    def pixel(value):
        scene = plot.getPlotItem().vb.mapViewToScene(QPointF(value, 0))
        return (plot.mapFromScene(scene).x(), 60.0)

    column = cube.crosshair.column(axis)
    target = float(column[2])
    press_and_drag(
        qtbot, plot.viewport(), [pixel(cube.crosshair.at[axis]), pixel((column[0] + target) / 2), pixel(target)]
    )
    assert cube.crosshair.at[axis] == target
    qtbot.wait(30)
    check_all_views(cube, panel, values)


def test_a_dragged_slice_is_shown_at_once_and_the_slider_follows(cube, panel, values, qtbot):
    crosshair, viewer = cube.crosshair, panel._viewer
    crosshair.average("manipulator_angle", 6.0)
    picture = viewer.window._qt_viewer.canvas.layer_to_visual[crosshair.layer].node
    for up, right in (("analyser_angle", "energy"), ("energy", "analyser_angle")):
        cube.show_plane(up, right)
        qtbot.wait(50)
        crosshair.move(manipulator_angle=0.0)
        before = viewer.dims.point
        crosshair.move(dragged=True, manipulator_angle=6.0)
        crosshair.show()  # as the next drawing of all views does
        expected = values[5:8].mean(axis=0)
        expected = expected if up == "analyser_angle" else expected.T
        np.testing.assert_allclose(picture._data, expected, rtol=1e-6)
        assert viewer.dims.point == before
        assert panel.overlay.sliders.texts() == {"manipulator angle": "6 deg"}
        qtbot.waitUntil(lambda before=before: viewer.dims.point != before, timeout=2000)
        np.testing.assert_allclose(crosshair.layer._data_view, expected, rtol=1e-6)
        assert crosshair.at["manipulator_angle"] == 6.0


def test_windows_average_the_profiles_and_the_map(cube, panel, values, qtbot):
    cube.crosshair.move(manipulator_angle=3.0, energy=-0.2, analyser_angle=5.0)
    cube.blocks["analyser_angle"].width.setValue(1.8)
    cube.blocks["manipulator_angle"].width.setValue(6.0)
    qtbot.wait(30)
    at = {axis: index(cube, axis) for axis in cube.crosshair.axes}
    m, a = at["manipulator_angle"], at["analyser_angle"]
    np.testing.assert_allclose(drawn(cube, "energy"), values[m - 1 : m + 2, a - 1 : a + 2].mean(axis=(0, 1)))
    np.testing.assert_allclose(cube.crosshair.layer._data_view, values[m - 1 : m + 2].mean(axis=0), rtol=1e-6)
    cube.show_plane("manipulator_angle", "analyser_angle")
    cube.crosshair.average("energy", 0.06)
    qtbot.wait(100)
    inside = np.abs(cube.crosshair.column("energy") - cube.crosshair.at["energy"]) <= 0.03
    assert inside.sum() == 5
    np.testing.assert_allclose(cube.crosshair.layer._data_view, values[:, :, inside].mean(axis=2), rtol=1e-5)
    cube.blocks["energy"].width.setValue(0)
    qtbot.wait(30)
    np.testing.assert_allclose(cube.crosshair.layer._data_view, values[:, :, index(cube, "energy")])


def test_any_pair_of_axes_is_the_map_and_the_crosshair_stays(cube, panel, values, qtbot):
    cube.crosshair.move(energy=-0.3, analyser_angle=-4.0, manipulator_angle=3.0)
    at = dict(cube.crosshair.at)
    for up, right in (("manipulator_angle", "analyser_angle"), ("energy", "manipulator_angle")):
        cube.show_plane(up, right)
        qtbot.wait(100)
        assert cube.crosshair.shown() == (up, right)
        assert cube.crosshair.at == at
        assert (cube.up.currentData(), cube.right.currentData()) == (up, right)
        check_all_views(cube, panel, values)
    cube.right.setCurrentIndex(cube.right.findData("energy"))  # both the same: they change places
    cube.right.activated.emit(cube.right.currentIndex())
    assert cube.crosshair.shown() == ("manipulator_angle", "energy")


def test_playing_runs_along_an_axis_from_its_end_on_at_its_beginning(cube, panel, qtbot):
    cube.crosshair.move(manipulator_angle=9.0)
    cube.blocks["manipulator_angle"].play_button.click()
    qtbot.waitUntil(lambda: cube.crosshair.at["manipulator_angle"] == -12.0, timeout=3000)
    cube.blocks["manipulator_angle"].play_button.click()
    at = cube.crosshair.at["manipulator_angle"]
    qtbot.wait(250)
    assert cube.crosshair.at["manipulator_angle"] == at
    assert panel.overlay.sliders.texts()["manipulator angle"] == f"{at:g} deg"


def test_boxes_go_to_values_and_their_arrows_to_neighbours(cube):
    box = cube.blocks["energy"].value
    box.setValue(-0.33)
    column = cube.crosshair.column("energy")
    here = int(np.argmin(np.abs(column + 0.33)))
    assert cube.crosshair.at["energy"] == column[here]
    box.stepBy(1)
    assert cube.crosshair.at["energy"] == column[here + 1]


def test_the_twins_profile_has_its_band(cube, panel, values, qtbot):
    plot = cube.blocks["energy"].plot
    assert not plot.error_band.isVisible()
    assert not cube.key.isVisible()
    layer = cube.crosshair.layer
    errors = np.full(values.shape, 5.0)
    simulated = scan_of(layer).copy().assign_coords(standard_error=(scan_of(layer).dims, errors))
    made = add_scan(panel._viewer, simulated.assign_attrs(kind="simulated"))
    ScanLayer(made).measured = layer
    cube.refresh()
    qtbot.wait(50)
    assert plot.error_band.isVisible()
    assert cube.key.isVisible()
    outline = plot.error_band.polygon()
    upper = np.array([outline.at(number).y() for number in range(outline.size() // 2)])
    np.testing.assert_allclose(upper, drawn(cube, "energy") + 1.96 * 5, rtol=1e-6)
    low, high = plot.widget.viewRange()[1]
    assert low <= outline.boundingRect().top()
    assert high >= outline.boundingRect().bottom()


def test_the_tab_is_no_wider_than_the_panel(cube, panel):
    assert cube.minimumSizeHint().width() <= panel.tabs.currentWidget().viewport().width()


def test_every_tab_is_reached_by_its_button_and_none_is_cut_off(cube, panel):
    for number, button in panel.path.buttons.items():
        panel.tabs.setCurrentIndex(number)  # its step, whose row has the button
        panel.tabs.setCurrentIndex(0 if number else 1)
        step = next(one for one, pages in panel.path._pages.items() if number in pages)
        panel.path.steps[step].click()
        button.click()
        assert panel.tabs.currentIndex() == number
        assert button.isChecked()
        assert button.width() >= button.fontMetrics().horizontalAdvance(button.text()) + 2
    panel.tabs.setCurrentIndex(0)
    assert panel.path.steps["Open"].isChecked()


def test_sweeps_on_no_grid_are_told_and_nothing_is_lost(cube, panel, open_scan, qtbot):
    first = cube.crosshair.layer
    open_scan(sample_path("ferromagnet"))
    assert cube.crosshair.layer is None
    assert "no grid" in cube.said.text()
    panel.chooser.choose(first)
    assert cube.crosshair.layer is first
    panel._viewer.layers.remove(first)
    qtbot.wait(50)
    assert cube.crosshair.layer is None
