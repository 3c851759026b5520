"""The dock Patterns in a real window: components of a stack, linked views, latent sliders, layers, a boundary."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from napari_scantwin.samples import load_sample
from napari_scantwin.viewer.canvas.fit_axes import fill_canvas
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.layers import add_layer, layer_data
from napari_scantwin.viewer.canvas.map_layers import derived_layers
from napari_scantwin.viewer.canvas.on_paper import picture_of
from napari_scantwin.viewer.session import frame_of, scan_of

from ...patterns.mixtures import mixture

WAIT = 60_000


@pytest.fixture
def dock(make_napari_viewer):
    from napari_scantwin.viewer.patterns.dock import Patterns

    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1200, 800)
    dock = Patterns(viewer)
    viewer.window.add_dock_widget(dock, name="Patterns", area="right")
    yield dock
    dock.shut()


def put(dock, scan, name):
    return add_layer(dock._viewer, *layer_data(scan, Frame.of(scan, 1.0), kind="measured", name=name))


def test_a_stack_is_taken_apart_and_what_is_outlined_in_one_view_is_shown_in_the_other(dock, qtbot):
    scan, _, _ = mixture(100, shape=(24, 20), channels=40)
    tab = dock.components
    layer = put(dock, scan, "stack")
    qtbot.waitUntil(lambda: tab.found is not None, timeout=WAIT)
    assert tab.found.count == 3
    fields = tab.analysis.form.fields
    assert fields["over"].currentText() == "y, x"
    assert "measured" in fields["gain"].placeholderText()
    assert fields["number"].placeholderText() == "3 (by two tests)"
    # An outline around the upper left quarter of the map, and the same places among their scores.
    y, x = scan["y"].values, scan["x"].values
    left, right, low, high = x[0] - 1, x[9] + 0.1, y[0] - 1, y[11] + 0.1
    tab.views.map.draw([(left, low), (right, low), (right, high), (left, high)])
    expected = np.zeros((24, 20), bool)
    expected[:12, :10] = True
    np.testing.assert_array_equal(tab.views.places, expected)
    assert tab.views.scores.over.image is not None
    measured = tab.analysis.plot.drawn[0]
    np.testing.assert_allclose(measured.y, scan.values[:12, :10].mean(axis=(0, 1)))
    # Scores of the first component above a half.
    tab.views.scores.draw([(0.5, -1), (2, -1), (2, 2), (0.5, 2)])
    first = tab.found.shares.values[0]
    np.testing.assert_array_equal(tab.views.places, first > 0.5)
    tab.views.clear.click()
    assert tab.views.places is None
    # Layers that are scans; the stack stays chosen and is not taken apart again.
    with qtbot.waitSignal(tab.layered, timeout=WAIT) as signal:
        tab.add_layer("shares")
    np.testing.assert_array_equal(scan_of(signal.args[0]), tab.found.shares)
    qtbot.wait(50)
    assert dock.chooser.layer is layer
    assert not tab.analysis.job.running
    tab.copy.click()
    assert "amounts *= " in QApplication.clipboard().text()
    # Another gain is taken from the field.
    fields["gain"].setText("4")
    qtbot.waitUntil(lambda: tab.found is not None and tab.found.gain == 4, timeout=WAIT)


def in_world(layer, corners):
    """Corners (y, x) of a stack's map in world coordinates, in the middle of the other axis."""
    frame = frame_of(layer)
    energy = frame.origin[2] + 50 * frame.step[2]
    return frame.to_world([[y, x, energy] for y, x in corners])


def test_napari_s_lasso_chooses_places_and_what_is_chosen_is_marked_on_the_canvas(dock, qtbot):
    scan, _, _ = mixture(100, shape=(24, 20), channels=40)
    tab, viewer = dock.components, dock._viewer
    layer = put(dock, scan, "stack")
    qtbot.waitUntil(lambda: tab.found is not None, timeout=WAIT)
    tab.views.on_canvas.click()
    shapes = tab.canvas.outlines
    assert shapes.mode == "add_polygon_lasso"
    assert viewer.layers.selection.active is shapes
    assert tuple(viewer.dims.displayed) == (0, 1)
    qtbot.wait(50)
    assert tab.views.on_canvas.isChecked()
    y, x = scan["y"].values, scan["x"].values
    low, high, left, right = y[0] - 1, y[11] + 0.01, x[0] - 1, x[9] + 0.01
    shapes.add(in_world(layer, [(low, left), (low, right), (high, right), (high, left)]), shape_type="polygon")
    expected = np.zeros((24, 20), bool)
    expected[:12, :10] = True
    np.testing.assert_array_equal(tab.views.places, expected)
    assert tab.views.scores.over.image is not None
    marks = tab.canvas.marks
    np.testing.assert_array_equal(marks.data[..., 0], expected)
    # The axes are stretched for another canvas: outlines and marks stay with their places.
    fill_canvas(viewer, 0.4)
    qtbot.wait(50)
    here = frame_of(layer)
    np.testing.assert_allclose(here.to_physical(marks.data_to_world((11, 9, 0)))[:2], [y[11], x[9]], atol=1e-6)
    corner = shapes.data_to_world(shapes.data[0][2])
    np.testing.assert_allclose(here.to_physical(corner)[:2], [high, right], atol=1e-6)
    # Further outlines add up; one that is taken away takes its places with it.
    low, left = y[20] - 0.01, x[18] - 0.01
    shapes.add(in_world(layer, [(low, left), (low, 99), (99, 99), (99, left)]), shape_type="polygon")
    assert tab.views.places.sum() == expected.sum() + 4 * 2
    shapes.selected_data = {1}
    shapes.remove_selected()
    np.testing.assert_array_equal(tab.views.places, expected)
    # Scores that are outlined are marked in the place of that, whatever plane the sliders show.
    tab.views.scores.draw([(0.5, -1), (2, -1), (2, 2), (0.5, 2)])
    assert len(shapes.data) == 0
    np.testing.assert_array_equal(marks.data[..., 0], tab.found.shares.values[0] > 0.5)
    for end in viewer.dims.range[2][:2]:
        viewer.dims.set_point(2, end)
        assert marks.get_value(marks.data_to_world((*np.argwhere(marks.data[..., 0])[0], 0)), world=True) == 1
    # The lasso is laid down when another layer is taken up, and all goes with the choice and the dock.
    viewer.layers.selection.active = layer
    assert not tab.views.on_canvas.isChecked()
    viewer.layers.remove(marks)
    assert tab.views.places is None
    tab.views.scores.draw([(0.5, -1), (2, -1), (2, 2), (0.5, 2)])
    assert len(viewer.layers) == 3
    dock.shut()
    assert list(viewer.layers) == [layer]


def test_a_boundary_is_drawn_over_the_map_of_its_scan(dock, qtbot):
    scan = load_sample("palladium_hydride")
    layer = put(dock, scan, "palladium")
    dock.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: dock.boundary.result is not None, timeout=WAIT)
    found = dock.boundary.result.result
    assert found.each == "magnetic_field"
    qtbot.waitUntil(lambda: len(derived_layers(dock._viewer, layer, "boundary")) == 1, timeout=WAIT)
    points = derived_layers(dock._viewer, layer, "boundary")[0]
    np.testing.assert_allclose(np.sort(points.data[:, -1]), np.sort(found.at), rtol=1e-5)
    # The line through them, with a bar over each interval, whatever frame the map is drawn in.
    line = derived_layers(dock._viewer, layer, "boundary line")[0]
    fill_canvas(dock._viewer, 0.5)
    drawn = [frame_of(layer).to_physical(one) for one in line.data[: len(line.data) // 2]]
    values = [one.value for one in found.results]
    np.testing.assert_allclose(drawn[0], np.transpose([values, found.at]), atol=1e-6)
    for one, bar in zip(found.results, drawn[1:], strict=True):
        np.testing.assert_allclose(bar, [(one.value, one.low), (one.value, one.high)], atol=1e-6)
    # Rulers stay the map's, and paper has the line too.
    dock._viewer.layers.selection.active = line
    assert dock.overlay.layer is layer
    on_paper = picture_of(dock._viewer, dock.overlay)
    assert on_paper.scan.attrs["units"] == scan.attrs["units"]
    np.testing.assert_allclose(sorted(on_paper.curves[0].x), sorted(found.at))
    # Another result is drawn in the same layer, as many lines as it has.
    dock.boundary.form.fields["method"].setCurrentText("regression")
    qtbot.waitUntil(lambda: dock.boundary.result.result.method == "regression", timeout=WAIT)
    learned = dock.boundary.result.result
    qtbot.waitUntil(lambda: len(line.data) == 2 * (1 + len(learned.results)), timeout=WAIT)
    qtbot.waitUntil(lambda: np.allclose(np.sort(points.data[:, -1]), np.sort(learned.at), rtol=1e-5), timeout=WAIT)
    assert derived_layers(dock._viewer, layer, "boundary line") == [line]
    assert set(line.shape_type) == {"path"}
    drawn = frame_of(layer).to_physical(line.data[0])
    np.testing.assert_allclose(drawn, np.transpose([values, learned.at]), atol=1e-6)
    assert dock.plots.page is dock.boundary.results
    dock.tabs.setCurrentIndex(0)
    assert "gridded scan" in dock.components.analysis.said.text()


@pytest.mark.slow
def test_latent_sliders_move_the_decoded_spectrum(dock, qtbot):
    scan, _, _ = mixture(100, shape=(20, 20), channels=30)
    tab = dock.components
    put(dock, scan, "stack")
    qtbot.waitUntil(lambda: tab.found is not None, timeout=WAIT)
    tab.analysis.form.fields["method"].setCurrentText("latent")
    qtbot.waitUntil(lambda: tab.found is not None and tab.found.method == "latent", timeout=2 * WAIT)
    assert len(tab.sliders) == 2
    tab.sliders[0].setValue(20)
    drawn = tab.analysis.plot.drawn[1]
    np.testing.assert_allclose(drawn.y, tab.found.decomposer.decode(np.array([[2.0, 0.0]]))[0])
