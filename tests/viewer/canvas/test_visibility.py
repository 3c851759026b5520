"""One scan at a time owns the canvas, and fills it."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.canvas.rulers import LEFT
from napari_scantwin.viewer.canvas.view_switch import ViewSwitch
from napari_scantwin.viewer.canvas.visibility import show_view, view_shown, why_no_view
from napari_scantwin.viewer.session import ScanLayer, frame_of


def a_map(top=10.0, name="moment", unit="emu", first="magnetic_field", first_unit="T"):
    axes = {first: (np.linspace(0, top, 6), first_unit), "temperature": (np.linspace(top, 5 * top, 40), "K")}
    return scans.gridded_scan(axes, np.random.default_rng(0).random((6, 40)), name=name, unit=unit)


def opened(panel, qtbot, scan):
    layer = add_scan(panel.viewer, scan)
    panel.chooser.choose(layer)
    from napari_scantwin.viewer.canvas.visibility import show_alone

    show_alone(panel.viewer, layer)
    qtbot.wait(50)
    return layer


def width_of(panel, layer):
    """Pixels from the first to the last value of the horizontal axis, and the room there is."""
    overlay, frame = attach(panel.viewer), frame_of(layer)
    column = layer.metadata["scan"]["temperature"].values
    ends = [(value - frame.origin[1]) / frame.step[1] for value in (column[0], column[-1])]
    left, right = (overlay.pixel(0, end)[0] for end in ends)
    return left, right, overlay.width()


@pytest.mark.parametrize("top", [0.2, 10, 4000])
def test_a_second_scan_fills_the_canvas_whatever_was_open(panel, qtbot, top):
    first = opened(panel, qtbot, a_map())
    second = opened(panel, qtbot, a_map(top))
    assert not first.visible
    left, right, width = width_of(panel, second)
    assert left > LEFT
    assert right < width
    assert right - left > 0.7 * (width - LEFT)


def test_home_and_a_double_click_bring_the_map_back_between_the_rulers(panel, qtbot):
    opened(panel, qtbot, a_map(0.2, "resistance", "ohm", "pressure", "GPa"))
    layer = opened(panel, qtbot, a_map())
    camera = panel.viewer.scene.camera
    fitted = (camera.zoom, *camera.center)
    camera.zoom *= 7
    panel.viewer.reset_view()  # what the button Home does
    qtbot.waitUntil(lambda: np.allclose((camera.zoom, *camera.center), fitted))
    camera.zoom *= 7
    canvas = attach(panel.viewer).parent()
    qtbot.mouseDClick(canvas, Qt.LeftButton, pos=canvas.rect().center())
    qtbot.waitUntil(lambda: np.allclose((camera.zoom, *camera.center), fitted))
    assert layer.visible


def test_each_scan_is_seen_again_as_it_was(panel, qtbot):
    viewer, first = panel.viewer, opened(panel, qtbot, a_map())
    made = add_scan(viewer, a_map().assign_attrs(kind="simulated"))
    ScanLayer(made).measured = first
    show_view(viewer, first, "map")
    assert [first.visible, made.visible] == [False, True]
    second = opened(panel, qtbot, a_map(3.0))
    assert [first.visible, made.visible, second.visible] == [False, False, True]
    from napari_scantwin.viewer.canvas.visibility import bring_to_front

    bring_to_front(viewer, first)
    assert [first.visible, made.visible, second.visible] == [False, True, False]


def test_the_switch_says_what_is_seen_and_why_not(panel, qtbot):
    layer = opened(panel, qtbot, a_map())
    switch = panel.switch
    assert isinstance(switch, ViewSwitch)
    qtbot.waitUntil(lambda: switch.isVisible() and switch.buttons["measured"].isChecked())
    assert not switch.buttons["map"].isEnabled()
    assert switch.buttons["map"].toolTip() == "Train the scan first"
    made = add_scan(panel.viewer, a_map().assign_attrs(kind="simulated"))
    ScanLayer(made).measured = layer
    qtbot.waitUntil(lambda: switch.buttons["map"].isEnabled())
    qtbot.mouseClick(switch.buttons["map"], Qt.LeftButton)
    assert made.visible
    assert not layer.visible
    assert view_shown(panel.viewer, layer) == "map"
    assert why_no_view(panel.viewer, layer, "residual")
