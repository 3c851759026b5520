"""What the plugin uses of napari's private parts is there; where it is not, its feature is left out and no more."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtGui import QOpenGLContext
from qtpy.QtWidgets import QDockWidget, QLabel, QLineEdit, QMainWindow
from vispy.gloo import glir

import napari_scantwin.viewer
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.viewer.canvas import napari_private as private
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.session import frame_of

#: Words of napari's own for what it does not offer, and anything that begins with an underscore on one of its objects.
_PRIVATE = re.compile(
    r"_qt_|_scene_canvas|_clean_cache|flush_commands|layer_to_visual|slider_widgets|get_status|_get_source_info|destroyOnClose|__wrapped__|_vispy|_data_view"
    r"|(?:viewer|window|layer|canvas|dock|dims|camera|layers)\._(?!_)\w+|_getframe"
)


@pytest.fixture(autouse=True)
def nothing_left_out_before(monkeypatch):
    monkeypatch.setattr(private, "_left_out", set())


@pytest.fixture
def told(caplog):
    """The log's lines."""
    caplog.set_level(logging.WARNING, logger="napari_scantwin")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "napari_scantwin"]


@pytest.fixture
def cube(panel, qtbot):
    """A cube's layer in the window, the panel's Cube tab open on it."""
    axes = {
        "tilt": (np.linspace(-3, 3, 5), "deg"),
        "angle": (np.linspace(-7, 7, 6), "deg"),
        "energy": (np.linspace(-1, 0, 8), "eV"),
    }
    values = np.random.default_rng(0).random((5, 6, 8))
    layer = add_scan(panel._viewer, gridded_scan(axes, values, name="photoemission_intensity", unit="count"))
    panel.chooser.choose(layer)
    panel.show_tab(panel.cube)
    qtbot.wait(50)
    return layer


def test_no_other_file_reaches_into_napari():
    room = Path(napari_scantwin.viewer.__file__).parent
    found = {
        f"{path.relative_to(room).as_posix()}: {hit[0]}"
        for path in room.rglob("*.py")
        if path.name != "napari_private.py"
        for hit in _PRIVATE.finditer(path.read_text("utf-8"))
    }
    assert found == set()


# what is there, in the napari that is installed


def test_the_window_and_its_canvas_are_found(panel, told):
    viewer = panel._viewer
    assert private.window_of(viewer) is panel.window()
    canvas = private.canvas_of(viewer)
    assert canvas is panel.overlay.parent()
    assert private.window_of(viewer).isAncestorOf(canvas)
    assert told() == []


def test_a_removed_layer_is_deleted_in_the_context_that_drew_it(panel, qtbot, monkeypatch, told):
    """Also one of another plugin; from any other context, Mesa takes the others' shader away and the process dies."""
    viewer, contexts = panel._viewer, []
    for kind in (glir.GlirProgram, glir.GlirTexture2D, glir.GlirVertexBuffer):
        delete = kind.delete

        def noted(thing, delete=delete):
            contexts.append(QOpenGLContext.currentContext())
            delete(thing)

        monkeypatch.setattr(kind, "delete", noted)
    image = viewer.add_image(np.random.default_rng(0).random((52, 150)))
    viewer.add_points(np.random.default_rng(0).random((80, 2)) * 50)
    qtbot.wait(300)  # drawn
    contexts.clear()
    viewer.layers.remove(image)
    assert len(contexts) > 3
    assert all(one is private.canvas_of(viewer).context() for one in contexts)
    assert private.draw_in_own_context(viewer)  # once is enough
    assert told() == []


_REMOVE_AND_RESIZE = """
import os, sys, warnings
warnings.simplefilter("ignore")
import napari, numpy as np
from qtpy.QtTest import QTest
from napari_scantwin.viewer.canvas.overlay import attach
viewer = napari.Viewer(show=True)
viewer.window.resize(1200, 800)
if "guarded" in sys.argv:
    attach(viewer)
random = np.random.default_rng(0)
QTest.qWait(500)
image = viewer.add_image(random.random((52, 150)))
QTest.qWait(300)
viewer.add_points(random.random((808, 2)) * 50)
QTest.qWait(500)
viewer.layers.remove(image)
QTest.qWait(500)
for step in range(4):
    viewer.window.resize(1000 + 20 * step, 800 - 10 * step)
    QTest.qWait(150)
print("SURVIVED", flush=True)
os._exit(0)
"""


def test_the_window_survives_the_removal_of_a_layer():
    """In a process of its own, which without the guard dies of a segmentation fault, with Mesa."""
    command = [sys.executable, "-c", _REMOVE_AND_RESIZE, "guarded"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "SURVIVED"


def test_the_sliders_are_found_with_their_own_words(cube, panel, told):
    (shown,) = (one for one in private.sliders_of(panel._viewer) if not one.isHidden())
    assert shown.axis == 0
    assert len(private.own_words(shown)) == 4  # label, index, stroke, count
    assert any(
        isinstance(word, QLineEdit) and word.text() == str(panel._viewer.dims.current_step[0])
        for word in private.own_words(shown)
    )
    assert any(isinstance(word, QLabel) and word.text() == "4" for word in private.own_words(shown))
    assert told() == []


def test_a_plane_is_drawn_on_the_canvas(cube, panel, qtbot, told):
    viewer = panel._viewer
    assert private.can_draw(viewer, cube)
    assert not private.can_draw(viewer, Image(np.zeros((4, 4))))  # of no viewer

    def center():
        shot = viewer.screenshot(canvas_only=True, flash=False)
        return shot[shot.shape[0] // 2, shot.shape[1] // 2, :3].astype(int)

    low, high = cube.contrast_limits
    for value in (low, high):
        assert private.draw_plane(viewer, cube, np.full((6, 8), value))
        qtbot.wait(20)
        np.testing.assert_allclose(center(), 255 * cube.colormap.map(float(value == high))[0][:3], atol=3)
    assert told() == []


def test_the_status_bar_says_what_it_is_given(cube, panel, told):
    layer = panel._viewer.add_image(np.zeros((5, 6, 8)), name="one")
    panel._viewer.layers.selection.active = layer
    assert private.speak_status(layer, lambda position: {"coordinates": f"at {position}", "coords": "", "value": "7"})
    panel._viewer.cursor.position = (1, 2, 3)
    status = panel._viewer._calc_status_from_cursor()[0]
    assert status["coordinates"] == "at (1.0, 2.0, 3.0)"
    assert status["layer_base"] == "one"
    assert told() == []


def test_where_a_layer_came_from_is_as_napari_says(told):
    layer = Image(np.zeros((4, 4)), name="one")
    assert private.source_of(layer) == layer._get_source_info()
    plain = SimpleNamespace(name="one")
    assert private.source_of(plain) == layer._get_source_info()  # of a layer from nowhere, both say the same
    assert len(told()) == 1


def test_a_dock_is_closed_by_its_cross_once_it_may(make_napari_viewer, told):
    viewer = make_napari_viewer()
    dock = viewer.window.add_dock_widget(QLabel("one"), name="one")
    answers, asked = [False, True], []
    for _ in range(2):  # a panel that is shown twice asks once
        assert private.ask_before_closing(dock, lambda: asked.append(1) or answers.pop(0))
    dock.title.close_button.click()
    assert "one" in viewer.window.dock_widgets
    dock.title.close_button.click()
    assert "one" not in viewer.window.dock_widgets
    assert len(asked) == 2
    assert told() == []


def test_the_proxy_that_napari_hands_to_plugins_is_taken_off(make_napari_viewer):
    from napari.utils._proxies import PublicOnlyProxy

    viewer = make_napari_viewer()
    proxy = PublicOnlyProxy(viewer)
    assert proxy is not viewer
    assert private.unwrapped(proxy) is viewer
    assert private.unwrapped(viewer) is viewer


# what is left out where it is not there


def test_a_viewer_without_a_window_has_none_of_it_and_nothing_is_said(told):
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((4, 4)))
    assert private.window_of(viewer) is None
    assert private.canvas_of(viewer) is None
    assert private.sliders_of(viewer) == []
    assert not private.draw_in_own_context(viewer)
    assert not private.can_draw(viewer, layer)
    assert not private.draw_plane(viewer, layer, np.zeros((4, 4)))
    assert told() == []


@pytest.mark.parametrize(
    "window",
    [
        SimpleNamespace(),
        SimpleNamespace(_qt_window="renamed", _qt_viewer=SimpleNamespace()),
        SimpleNamespace(
            _qt_window=None,
            _qt_viewer=SimpleNamespace(
                canvas=SimpleNamespace(native=3, layer_to_visual=[]), dims=SimpleNamespace(slider_widgets=[3])
            ),
        ),
    ],
)
def test_a_window_made_otherwise_is_done_without(window):
    viewer, layer = SimpleNamespace(window=window), Image(np.zeros((4, 4)))
    assert private.window_of(viewer) is None
    assert private.canvas_of(viewer) is None
    assert private.sliders_of(viewer) == []
    assert not private.draw_in_own_context(viewer)
    assert not private.can_draw(viewer, layer)
    assert not private.draw_plane(viewer, layer, np.zeros((4, 4)))


def test_what_is_left_out_is_logged_once(told):
    viewer = SimpleNamespace(window=SimpleNamespace())
    for _ in range(3):
        private.sliders_of(viewer)
    assert len(told()) == 1
    assert told()[0].startswith("This napari does not allow values beside the sliders, which is left out (")


def test_a_picture_that_takes_planes_otherwise_is_left_alone(told):
    class Picture:
        def set_data(self, plane, more):
            raise AssertionError

    layer = Image(np.zeros((4, 4)))
    canvas = SimpleNamespace(layer_to_visual={layer: SimpleNamespace(node=Picture())})
    viewer = SimpleNamespace(window=SimpleNamespace(_qt_viewer=SimpleNamespace(canvas=canvas)))
    assert not private.draw_plane(viewer, layer, np.zeros((4, 4)))
    assert len(told()) == 1


def test_a_layer_or_a_dock_made_otherwise_keeps_what_it_has(qtbot, told):
    class Frozen:
        __slots__ = ()

        def get_status(self):
            return "its own"

    assert not private.speak_status(SimpleNamespace(), lambda position: {})
    frozen = Frozen()
    assert not private.speak_status(frozen, lambda position: {})
    assert frozen.get_status() == "its own"
    window = QMainWindow()
    qtbot.addWidget(window)
    assert not private.ask_before_closing(QDockWidget(window), lambda: False)
    assert len(told()) == 2


def test_the_panel_works_in_a_napari_that_hides_everything(make_napari_viewer, monkeypatch, qtbot, spoken, told):
    """Rulers, cuts and values beside the sliders are missing; scans are opened, dragged through and removed."""
    from napari_scantwin.viewer.panel import Panel

    def hidden(feature, thing, *names):
        private._leave_out(feature, "renamed")

    monkeypatch.setattr(private, "_reached", hidden)
    viewer = make_napari_viewer(show=True)
    panel = Panel(viewer)
    viewer.window.add_dock_widget(panel, name="Scan twin", area="right")
    assert panel.overlay is None
    axes = {"tilt": (np.arange(5.0), "deg"), "angle": (np.arange(6.0), "deg"), "energy": (np.arange(8.0), "eV")}
    layer = add_scan(viewer, gridded_scan(axes, np.ones((5, 6, 8)), name="photoemission_intensity", unit="count"))
    panel.chooser.choose(layer)
    for tab in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(tab)
        qtbot.wait(20)
    viewer.dims.set_current_step(0, 3)
    assert panel.cuts.add_line()
    panel.process.choose("smooth")
    status = layer.get_status(frame_of(layer).to_world([[1.0, 2.0, 3.0]])[0], world=True)
    assert status is not None
    viewer.layers.remove(layer)
    qtbot.wait(20)
    panel.shut()
    assert spoken == []
    assert any("rulers over the canvas" in line for line in told())
