"""Dragging the crosshair: one repaint of the window for each move, and planes from a transposed copy."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QObject, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.transposed_copy import TransposedCopy
from napari_scantwin.viewer.session import scan_of

SHAPE = (12, 15, 20)


@pytest.fixture
def cube(panel, qtbot):
    """The Cube tab on a cube whose planes across its last dimension are drawn."""
    axes = {
        "manipulator_angle": (np.linspace(-6, 6, SHAPE[0]), "deg"),
        "analyser_angle": (np.linspace(-7, 7, SHAPE[1]), "deg"),
        "energy": (np.linspace(-1, 0.1, SHAPE[2]), "eV"),
    }
    values = np.random.default_rng(0).normal(50, 5, SHAPE).astype(np.float32)
    layer = add_scan(panel._viewer, gridded_scan(axes, values, name="photoemission_intensity", unit="count"))
    panel.show_tab(panel.cube)
    panel.chooser.choose(layer)
    panel.cube.show_plane("manipulator_angle", "analyser_angle")
    qtbot.wait(300)
    return panel.cube


class Paints(QObject):
    """Counts the times a widget is painted."""

    def __init__(self, widget):
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Paint
        return False


def test_every_view_is_painted_once_for_a_move(cube, panel, monkeypatch, qtbot):
    monkeypatch.setattr(
        "napari_scantwin.viewer.canvas.crosshair._REST", 60_000
    )  # however slow the machine, it never rests
    block = cube.blocks["energy"].plot
    target, picture = block.widget.viewport(), []
    column = cube.crosshair.column("energy")

    def send(kind, value, button=Qt.NoButton):
        scene = block.widget.getPlotItem().vb.mapViewToScene(QPointF(value, 0))
        place = QPointF(block.widget.mapFromScene(scene).x(), 60.0)
        everywhere = QPointF(target.mapToGlobal(place.toPoint()))
        held = Qt.NoButton if kind == QEvent.MouseButtonRelease else Qt.LeftButton
        QApplication.sendEvent(target, QMouseEvent(kind, place, everywhere, button, held, Qt.NoModifier))

    cube.crosshair.move(energy=column[3])
    qtbot.wait(300)
    send(QEvent.MouseButtonPress, column[3], Qt.LeftButton)
    send(QEvent.MouseMove, column[5])
    qtbot.waitUntil(lambda: not cube._timer.isActive(), timeout=5000)
    qtbot.wait(300)
    views = [panel.overlay, *(other.plot.widget.viewport() for other in cube.blocks.values())]
    counted = [Paints(view) for view in views]
    canvas = panel._viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda event: picture.append(event))
    for number in range(6, 12):
        send(QEvent.MouseMove, column[number])
        turn = [one.count + 1 for one in counted]
        qtbot.waitUntil(lambda turn=turn: [one.count for one in counted] >= turn, timeout=2000)
        for _ in range(5):
            QApplication.processEvents()
        assert cube.crosshair.at["energy"] == column[number]
    send(QEvent.MouseButtonRelease, column[11], Qt.LeftButton)
    assert [one.count for one in counted] == [6, 6, 6, 6]
    assert len(picture) == 6


def test_planes_across_the_last_dimension_come_from_a_transposed_copy(cube, panel, qtbot):
    crosshair, values = cube.crosshair, scan_of(cube.crosshair.layer).values
    picture = panel._viewer.window._qt_viewer.canvas.layer_to_visual[crosshair.layer].node
    column = crosshair.column("energy")

    def shown_at(number):
        crosshair.move(dragged=True, energy=column[number])
        crosshair.show()
        return np.array(picture._data)

    for expected_in in ("the array", "its copy"):
        np.testing.assert_array_equal(shown_at(4), values[:, :, 4], err_msg=expected_in)
        np.testing.assert_array_equal(shown_at(7), values[:, :, 7], err_msg=expected_in)
        crosshair.transposed.wait()
    assert crosshair.transposed.of(crosshair.layer.data).shape == (20, 12, 15)
    crosshair.average("energy", 4.2 * (column[1] - column[0]))
    np.testing.assert_allclose(shown_at(10), values[:, :, 8:13].mean(axis=2), rtol=1e-6)
    np.testing.assert_allclose(shown_at(1), values[:, :, 0:4].mean(axis=2), rtol=1e-6)
    cube.show_plane("analyser_angle", "manipulator_angle")
    np.testing.assert_allclose(shown_at(10), values[:, :, 8:13].mean(axis=2).T, rtol=1e-6)


def test_only_the_array_asked_for_last_is_kept():
    copy = TransposedCopy()
    one, other = (np.random.default_rng(seed).random((7, 3, 5)).astype(np.float32) for seed in (0, 1))
    copy.of(one)
    copy.wait()
    np.testing.assert_array_equal(copy.of(one), np.moveaxis(one, -1, 0))
    copy.of(other)
    copy.wait()
    np.testing.assert_array_equal(copy.of(other), np.moveaxis(other, -1, 0))
    copy.drop()
    assert copy._made is None
    assert copy.of(range(3)) is None
