"""The read-out follows the mouse, pressed or not, keeps off it, and goes with it; spectra stand upright."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.napari_private import canvas_of
from napari_scantwin.viewer.canvas.visibility import axes_shown, bring_to_front
from napari_scantwin.viewer.session import frame_of


def spectra():
    axes = {"angle": (np.linspace(-5, 5, 21), "deg"), "energy": (np.linspace(-1, 0.2, 61), "eV")}
    values = np.add.outer(np.arange(21.0), np.arange(61.0))
    return scans.gridded_scan(axes, values, name="photoemission_intensity", unit="count")


def moved_to(canvas, x, y, button=Qt.NoButton):
    place = QPointF(x, y)
    event = QMouseEvent(
        QEvent.MouseMove, place, canvas.mapToGlobal(place.toPoint()) * 1.0, button, button, Qt.NoModifier
    )
    QApplication.sendEvent(canvas, event)


def test_spectra_stand_upright_are_read_and_exported_right_and_can_be_turned(panel, qtbot):
    viewer, overlay = panel.viewer, panel.overlay
    scan = spectra()
    layer = add_scan(viewer, scan)
    bring_to_front(viewer, layer)
    panel.chooser.choose(layer)
    assert axes_shown(viewer, layer) == ("energy", "angle")
    frame = frame_of(layer)
    world = frame.to_world([[2.0, -0.5]])[0]
    x, y = overlay.pixel(world[1], world[0])  # energy upwards, angle to the right
    moved_to(canvas_of(viewer), x, y)
    row, column = 14, int(np.argmin(abs(scan["energy"].values + 0.5)))
    assert f"measured {scan.values[row, column]:.5g} count" in overlay.text
    picture = overlay.picture.describe()
    assert (picture.vertical, picture.horizontal) == ("energy", "angle")
    assert picture.shown_x[0] < -4.9 < 4.9 < picture.shown_x[1]
    panel.cuts.add_line()
    assert panel.cuts.lines[0].cut.running == "angle"
    overlay.view_menu.turn.trigger()
    assert axes_shown(viewer, layer) == ("angle", "energy")
    other = add_scan(viewer, spectra().rename("other"))
    bring_to_front(viewer, other)
    assert axes_shown(viewer, other) == ("energy", "angle")
    bring_to_front(viewer, layer)
    assert axes_shown(viewer, layer) == ("angle", "energy")  # as the user had turned it


def test_the_read_out_follows_drags_keeps_off_the_mouse_and_goes(panel, qtbot):
    viewer, overlay, canvas = panel.viewer, panel.overlay, canvas_of(panel.viewer)
    bring_to_front(viewer, add_scan(viewer, spectra()))
    qtbot.wait(50)
    seen = []
    for share in (0.2, 0.5, 0.8):
        moved_to(canvas, share * overlay.width(), 0.5 * overlay.height(), Qt.LeftButton)
        seen.append(tuple(overlay.text))
    assert len(set(seen)) == 3
    for x in np.linspace(90, overlay.width() - 5, 9):
        for y in np.linspace(80, overlay.height() - 50, 9):
            moved_to(canvas, float(x), float(y))
            assert not overlay.box_of(180, 60).contains(QPointF(float(x), float(y)))
    moved_to(canvas, 20, 200)  # on the ruler
    assert overlay.text == []
    moved_to(canvas, 300, 200)
    assert overlay.text
    QApplication.sendEvent(canvas, QEvent(QEvent.Leave))
    assert overlay.text == []


def test_points_keep_their_size_on_the_screen(panel, qtbot):
    field = np.repeat([0.0, 1000.0, 50000.0], 30)
    axes = {"magnetic_field": (field, "Oe"), "temperature": (np.tile(np.linspace(2, 60, 30), 3), "K")}
    scan = scans.ragged_scan(axes, np.sin(np.arange(90.0)), name="moment", unit="emu")
    viewer = panel.viewer
    layer = add_scan(viewer, scan)
    bring_to_front(viewer, layer)
    most = layer.canvas_size_limits[1]
    zoom = viewer.scene.camera.zoom
    for factor in (0.25, 1, 20):
        # In the world every point is larger than the limit on the screen, which then is its size.
        assert layer.size.min() * layer.scale[-1] * zoom * factor >= most
    assert most < 10
    marks = panel.overlay._marks.of(layer)
    assert [round(place) for place, _ in marks] == [0, 1000, 50000]
    assert len({color for _, color in marks}) == 3
