"""The map is on screen before the baselines are scored, and whatever happens meanwhile keeps the twin."""

from __future__ import annotations

import pytest

from napari_scantwin.samples import sample_path
from napari_scantwin.twin import Twin
from napari_scantwin.viewer.session import ScanLayer, scan_layers


@pytest.fixture
def scoring(panel, open_scan, qtbot):
    """The layer of a scan whose twin was just shown, its baselines being scored."""
    layer = open_scan(sample_path("ferromagnet"))
    panel.train.members.setValue(2)
    with qtbot.waitSignal(panel.simulate.simulated, timeout=240_000):
        panel.train.button.click()
    return layer


def test_the_map_comes_first_and_the_table_is_completed_later(panel, scoring, qtbot):
    train = panel.train
    assert scan_layers(panel.viewer, "simulated")
    assert train.scoring.job.running
    assert train.table.rowCount() == 2
    assert "being scored" in train.status.text()
    assert train.button.text() == "Train"
    proposals = ScanLayer(scoring).proposals
    qtbot.waitUntil(lambda: train.bar.text().startswith("scoring baselines, "), timeout=5000)
    with qtbot.waitSignal(train.scored, timeout=240_000):
        pass
    assert train.table.rowCount() > 7
    assert "baseline" in train.status.text()
    assert "being scored" not in train.status.text()
    assert ScanLayer(scoring).proposals == proposals
    qtbot.waitUntil(lambda: not train.stop_scoring.isVisible() and train.bar.text() == "", timeout=5000)


def test_skipping_keeps_the_twin_and_names_what_was_left_out(panel, scoring, qtbot, tmp_path):
    train, early = panel.train, ScanLayer(scoring).twin
    assert train.save(tmp_path / "early.twin")
    assert Twin.load(tmp_path / "early.twin").score.methods == ("twin", "network")
    qtbot.waitUntil(lambda: train.bar.text().startswith("scoring baselines, "), timeout=5000)
    with qtbot.waitSignal(train.scored, timeout=5000):
        train.stop_scoring.click()
    twin = ScanLayer(scoring).twin
    assert twin.mixture is early.mixture
    assert "Not scored" in train.status.text()
    assert train.table.rowCount() == len(twin.score.methods)


def test_removing_the_layer_drops_the_scores(panel, scoring, qtbot):
    told = []
    panel.train.scored.connect(told.append)
    panel.viewer.layers.remove(scoring)
    with qtbot.waitSignal(panel.train.scoring.job.ended, timeout=240_000):
        panel.train.scoring.stop()
    assert not told


def test_a_new_training_ends_the_scoring_of_the_last(panel, scoring, qtbot):
    train, early = panel.train, ScanLayer(scoring).twin
    with qtbot.waitSignal(train.trained, timeout=240_000):
        train.button.click()
    twin = ScanLayer(scoring).twin
    assert twin.mixture is not early.mixture
    assert train.scoring.is_of(scoring)
    with qtbot.waitSignal(train.scored, timeout=240_000):
        pass
    assert ScanLayer(scoring).twin.mixture is twin.mixture
    assert len(ScanLayer(scoring).twin.score.baselines) > 5
