"""TensorFlow and the OpenGL driver in one process: each order crashed before its loading was tamed."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import threading, sys
import numpy as np
from napari_scantwin.networks.backend import tensorflow

def train():
    tf = tensorflow()
    product = tf.function(lambda x: tf.reduce_sum(tf.matmul(x, x)), jit_compile=True)
    for _ in range(50):
        answers.append(float(product(tf.ones((64, 64)))))

answers = []
thread = threading.Thread(target=train)
if {first}:
    train()
import napari
from qtpy.QtCore import QTimer
viewer = napari.Viewer()
layer = viewer.add_image(np.random.default_rng(0).random((50, 50)))
drawn = []

def redraw():
    layer.data = layer.data[::-1]
    drawn.append(viewer.screenshot().std())
    if not thread.is_alive() and len(answers) >= 50 and len(drawn) > 5:
        viewer.close()

timer = QTimer()
timer.timeout.connect(redraw)
timer.start(50)
if not {first}:
    thread.start()
napari.run()
assert set(answers) == {{64.0**3}}, answers
assert min(drawn) > 0
print("both lived")
"""


@pytest.mark.parametrize("first", [True, False], ids=["tensorflow-first", "window-first"])
def test_tensorflow_computes_while_a_window_draws(first):
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(first=first)], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "both lived" in done.stdout
