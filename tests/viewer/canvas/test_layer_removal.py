"""Layers removed under redraws: napari alone dies of it where OpenGL is software (docs/upstream.md)."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from napari_scantwin.viewer.canvas.napari_private import outlive_removal

#: In a process of its own: what fails here is no exception.
_SCRIPT = """
import time, warnings
warnings.simplefilter("ignore")
import napari, numpy as np, os
from qtpy.QtWidgets import QApplication
from napari_scantwin.viewer.canvas.napari_private import outlive_removal
viewer = napari.Viewer(show=True)
outlive_removal(viewer)
app, random = QApplication.instance(), np.random.default_rng(0)
def pump(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        app.processEvents(); time.sleep(0.01)
for shape in ((52, 150),):
    image = viewer.add_image(random.random(shape))
    viewer.add_points(random.random((808, 2)) * 50)
    pump(0.5)
    viewer.layers.remove(image)
    for step in range(8):
        viewer.window.resize(1000 + 20 * step, 800 - 10 * step); pump(0.15)
print("SURVIVED", flush=True)
os._exit(0)
"""


def test_an_image_removed_from_under_points_is_survived():
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=120)
    assert "SURVIVED" in done.stdout, done.stderr[-2000:]


def test_of_a_removed_picture_one_pixel_is_kept(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    assert outlive_removal(viewer)
    assert outlive_removal(viewer)  # a second panel adds no second guard
    image = viewer.add_image(np.random.default_rng(0).random((300, 400)))
    node = viewer.window._qt_viewer.canvas.layer_to_visual[image].node
    qtbot.wait(100)
    assert node._data.size == 300 * 400
    viewer.layers.remove(image)
    qtbot.wait(100)
    assert node._data.size == 1
