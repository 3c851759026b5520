"""Scans stand as graphs do, and other people's pictures as they stood."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QImage

from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.viewer.canvas import hatching
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import fit_view
from napari_scantwin.viewer.canvas.rulers import LEFT, TOP
from napari_scantwin.viewer.session import frame_of


def a_scan():
    axes = {"magnetic_field": (np.linspace(1, 7, 7), "T"), "temperature": (np.linspace(2, 50, 6), "K")}
    return gridded_scan(axes, np.arange(42.0).reshape(7, 6), name="moment", unit="emu")


def standing(viewer):
    return tuple(str(one) for one in viewer.scene.camera.orientation2d)


def test_a_viewer_of_scans_is_a_graph_until_the_last_one_goes(panel):
    viewer = panel._viewer
    assert standing(viewer) == ("down", "right")
    first, second = add_scan(viewer, a_scan()), add_scan(viewer, a_scan())
    assert standing(viewer) == ("up", "right")
    viewer.add_shapes()  # drawn over them, it does not turn them over
    viewer.layers.remove(first)
    assert standing(viewer) == ("up", "right")
    viewer.layers.remove(second)
    assert standing(viewer) == ("down", "right")


def test_a_camera_turned_by_somebody_meanwhile_stays_so(panel):
    viewer = panel._viewer
    layer = add_scan(viewer, a_scan())
    viewer.scene.camera.orientation2d = ("up", "left")
    viewer.layers.remove(layer)
    assert standing(viewer) == ("up", "left")


def test_a_viewer_that_shows_a_picture_stays_as_it_was(panel):
    viewer = panel._viewer
    picture = viewer.add_image(np.zeros((8, 8)))
    add_scan(viewer, a_scan())
    assert standing(viewer) == ("down", "right")
    viewer.layers.remove(picture)
    assert standing(viewer) == ("up", "right")


@pytest.fixture(params=[("up", "right"), ("down", "right"), ("up", "left"), ("down", "left")])
def turned(request, panel, qtbot):
    viewer = panel._viewer
    viewer.add_image(np.zeros((8, 8)), visible=False)
    viewer.scene.camera.orientation2d = request.param
    layer = add_scan(viewer, a_scan())
    fit_view(viewer)
    qtbot.wait(50)
    return layer, request.param


def test_rulers_know_where_napari_draws_whichever_way_it_turns(turned, panel):
    layer, (vertical, horizontal) = turned
    overlay, canvas = panel.overlay, panel._viewer.window._qt_viewer.canvas
    for x, y in ((200.0, 150.0), (320.0, 260.0)):
        np.testing.assert_allclose(overlay.world(x, y), canvas._map_canvas2world((x, y), canvas.view), atol=1e-3)
        np.testing.assert_allclose(overlay.pixel(*overlay.world(x, y)), (x, y), atol=1e-6)
    low, high = layer.extent.world
    left, top = np.min([overlay.pixel(*low), overlay.pixel(*high)], axis=0)
    right, bottom = np.max([overlay.pixel(*low), overlay.pixel(*high)], axis=0)
    # The map lies between the rulers, and as far from one as from the other.
    assert left - LEFT == pytest.approx(overlay.width() - 14 - right, abs=1)
    assert top - TOP == pytest.approx(overlay.height() - 44 - bottom, abs=1)
    frame = frame_of(layer)
    (x, y), (x_more, y_more) = (overlay.pixel(*place) for place in frame.to_world([[1, 2], [7, 50]]))
    assert bool(y_more < y) is (vertical == "up")
    assert bool(x_more > x) is (horizontal == "right")


def test_ticks_stand_beside_their_values_whichever_way_the_axis_runs(turned, panel):
    overlay, frame = panel.overlay, frame_of(turned[0])
    written = {}

    class Painter:
        """Keeps where each text is written."""

        def __getattr__(self, name):
            return lambda *given: None

        def drawText(self, box, flags, text):
            written[text] = box.center()

        def fontMetrics(self):
            return overlay.fontMetrics()

    overlay._rulers._ink = overlay._rulers._paper = overlay.palette().text().color()
    overlay._rulers._ruler_left(Painter(), a_scan(), frame, 0)
    for value in (2, 6):
        assert written[f"{value}"].y() == pytest.approx(overlay.pixel((value - frame.origin[0]) / frame.step[0], 0)[1])
    written.clear()
    overlay._rulers._ruler_below(Painter(), a_scan(), frame, 1)
    for value in (20, 40):
        assert written[f"{value}"].x() == pytest.approx(overlay.pixel(0, (value - frame.origin[1]) / frame.step[1])[0])


def test_a_hole_is_hatched_where_it_lies_whichever_way_the_axes_run(turned, panel):
    """The hole is in the corner of the lowest field and the highest temperature."""
    layer, _ = turned
    overlay, scan = panel.overlay, a_scan()
    flags = np.zeros(scan.shape, bool)
    flags[:2, -2:] = True
    scan = scan.assign_coords(extrapolated=(scan.dims, flags))
    sheet = QImage(overlay.size(), QImage.Format_ARGB32_Premultiplied)
    sheet.fill(0)
    painter = hatching.QPainter(sheet)
    overlay._hatching.paint(painter, add_scan(panel._viewer, scan))
    painter.end()
    coarse = sheet.scaled(sheet.size() / 8, transformMode=hatching.Qt.SmoothTransformation)
    size = range(coarse.height()), range(coarse.width())
    rows, columns = np.nonzero([[coarse.pixelColor(x, y).alpha() for x in size[1]] for y in size[0]])
    x, y = overlay.pixel(*frame_of(layer).to_world([[1.5, 45.0]])[0])
    assert abs(8 * columns.mean() - x) < 0.1 * overlay.width()
    assert abs(8 * rows.mean() - y) < 0.1 * overlay.height()
