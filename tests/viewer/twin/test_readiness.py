"""What a training takes is ready before the click."""

from __future__ import annotations

import gc

import pytest

from napari_scantwin.networks import backend, moving_features
from napari_scantwin.samples import sample_path
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.viewer.session import scan_of
from napari_scantwin.viewer.twin import readiness


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(readiness, "DELAY", 100)


def test_a_training_compiles_nothing_that_was_compiled_while_the_panel_was_idle(panel, open_scan, qtbot):
    qtbot.waitUntil(backend.is_loaded, timeout=120_000)
    layer = open_scan(sample_path("ferromagnet"))
    compiled = moving_features._compiled(moving_features.MovingFeatures(TwinSettings().training_budget.features))
    qtbot.waitUntil(lambda: panel.readiness.ready, timeout=240_000)
    known = compiled.experimental_get_tracing_count()
    assert known > 0
    train(scan_of(layer), TwinSettings(), score_baselines=False)
    assert compiled.experimental_get_tracing_count() == known


def test_what_tensorflow_made_is_looked_through_again_once_the_panel_is_shut(panel, open_scan, qtbot):
    open_scan(sample_path("ferromagnet"))
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0, timeout=240_000)
    panel.shut()
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()
