"""Sliders speak values with units; a transposed plane fills the canvas; plots follow the theme."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QColor

from napari_scantwin.core import scan as scans
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.napari_private import sliders_of
from napari_scantwin.viewer.canvas.overlay import fit_view
from napari_scantwin.viewer.canvas.readout import decimals_of, written
from napari_scantwin.viewer.canvas.sliders import drawn_at
from napari_scantwin.viewer.session import frame_of, scan_of

TEMPERATURES = np.array([2.0, 4.0, 10.0, 50.0])


@pytest.fixture
def uneven(panel, qtbot):
    """The layer of a cube whose slowest axis is uneven."""
    values = np.broadcast_to(TEMPERATURES[:, None, None], (4, 6, 8)).copy()
    values[:, 0, 0] += 1
    scan = gridded_scan(
        {
            "sample_temperature": (TEMPERATURES, "K"),
            "angle": (np.linspace(-10, 10, 6), "deg"),
            "energy": (np.linspace(-0.5, 0.1, 8), "eV"),
        },
        values,
        name="photoemission_intensity",
        unit="count",
    )
    layer = add_scan(panel._viewer, scan)
    fit_view(panel._viewer)
    qtbot.wait(50)
    return layer


def drawn_in(layer, frame, places) -> bool:
    """Whether a layer of points has physical places as its data and draws them in a frame."""
    world = [layer.data_to_world(place) for place in layer.data]
    return np.allclose(layer.data, places, rtol=1e-12) and np.allclose(world, frame.to_world(places), atol=1e-9)


def extent_in_pixels(panel, layer):
    low, high = layer.extent.world
    vertical, horizontal = panel._viewer.dims.displayed[-2:]
    left, bottom = panel.overlay.pixel(low[vertical], low[horizontal])
    right, top = panel.overlay.pixel(high[vertical], high[horizontal])
    return right - left, bottom - top


def test_a_slider_shows_the_value_and_unit_of_the_slice_that_is_drawn(uneven, panel, qtbot):
    dims = panel._viewer.dims
    assert panel.overlay.sliders.texts().keys() == {"sample temperature"}
    shown = set()
    for step in range(dims.nsteps[0]):
        dims.set_current_step(0, step)
        text = panel.overlay.sliders.texts()["sample temperature"]
        drawn = uneven._data_view[3, 3]  # the cube holds its own temperature
        assert text == f"{drawn:g} K"
        shown.add(text)
    assert shown == {"2 K", "4 K", "10 K", "50 K"}


def test_a_typed_value_is_gone_to_in_the_unit_that_is_typed(uneven, panel, qtbot):
    widget = sliders_of(panel._viewer)[0]
    for text, drawn in (("48", 50), ("3.2 K", 4), ("9500 mK", 10), ("nonsense", 10)):
        widget.scan_value.setText(text)
        widget.scan_value.editingFinished.emit()
        assert uneven._data_view[3, 3] == drawn
        assert widget.scan_value.text() == f"{drawn} K"


def test_napari_keeps_its_own_words_for_layers_that_are_no_scans(panel, qtbot):
    panel._viewer.add_image(np.zeros((5, 6, 7)))
    qtbot.wait(20)
    assert panel.overlay.sliders.texts() == {}
    assert not sliders_of(panel._viewer)[0].curslice_label.isHidden()


def test_a_transposed_plane_fills_the_canvas_and_sliders_keep_their_values(panel, qtbot, open_scan):
    layer = open_scan(sample_path("arpes"))
    viewer = panel._viewer
    qtbot.wait(100)
    viewer.dims.set_current_step(0, 6)
    width, height = extent_in_pixels(panel, layer)
    viewer.dims.order = (1, 0, 2)  # manipulator angle against energy
    qtbot.wait(100)
    assert panel.overlay.sliders.texts().keys() == {"analyser angle"}
    np.testing.assert_allclose(extent_in_pixels(panel, layer), (width, height), rtol=0.15)
    viewer.dims.order = (2, 0, 1)  # a constant-energy map
    qtbot.wait(100)
    np.testing.assert_allclose(extent_in_pixels(panel, layer), (width, height), rtol=0.15)
    physical = frame_of(layer).to_physical(viewer.dims.point)
    np.testing.assert_allclose(physical[0], scan_of(layer)["manipulator_angle"].values[6], atol=1e-9)
    # The picture lies where the rulers say.
    low = frame_of(layer).to_physical(layer.extent.world[0])
    first = np.array([scan_of(layer)[axis].values[0] for axis in frame_of(layer).axes])
    np.testing.assert_allclose(low, first, rtol=1e-6)


def test_ragged_sweeps_move_with_their_axes(panel, qtbot, open_scan):
    layer = open_scan(sample_path("ferromagnet"))
    qtbot.wait(100)
    places = scans.points(scan_of(layer)).coordinates
    assert drawn_in(layer, frame_of(layer), places)
    frame = frame_of(layer)
    panel._viewer.window._qt_window.resize(1500, 700)
    qtbot.waitUntil(lambda: frame_of(layer) != frame, timeout=2000)
    assert drawn_in(layer, frame_of(layer), places)


def test_plots_follow_the_theme(panel, qtbot):
    plot = panel.cuts.plot.widget
    panel.tabs.setCurrentIndex(4)
    seen = []
    for theme in ("dark", "light"):
        panel._viewer.theme = theme
        qtbot.wait(50)
        color = QColor(plot.backgroundBrush().color())
        ink = QColor(plot.getPlotItem().getAxis("left").textPen().color())
        seen.append((color.lightness(), ink.lightness()))
    assert seen[0][0] < 80 < 150 < seen[0][1]
    assert seen[1][0] > 180 > 80 > seen[1][1]


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (-0.2978723, np.linspace(-14, 14, 48), "-0.3"),
        (-0.07222, np.linspace(-0.75, 0.15, 64), "-0.072"),
        (1e4, np.array([100.0, 1000.0, 50_000.0]), "10000"),
        (-1e-17, np.linspace(-1, 1, 5), "0"),
        (5.25, np.array([5.25]), "5.25"),
    ],
)
def test_values_have_as_many_decimals_as_tell_neighbours_apart(value, column, text):
    assert written(value, decimals_of(column)) == text


def test_the_slice_drawn_of_an_uneven_axis_is_the_nearest_measured(uneven):
    assert drawn_at(scan_of(uneven), "sample_temperature", 30.5) == 50.0
    assert drawn_at(scan_of(uneven), "sample_temperature", 29.5) == 10.0
