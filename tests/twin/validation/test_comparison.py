"""The baselines' rows of a score: they come after the twin, can be left out, and are kept in a file."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.interpolators.baselines import BASELINES
from napari_scantwin.twin import Twin, TwinSettings, train, with_baselines


@pytest.fixture(scope="module")
def handed_out(scan):
    """The twin as it is handed out, the twin that a training returns, and the stages it told of in between."""
    twins, stages = [], []
    whole = train(
        scan,
        TwinSettings(members=2),
        on_twin=lambda twin: (twins.append(twin), stages.clear()),
        on_progress=lambda news: stages.append((news.stage, news.fraction)),
    )
    (early,) = twins
    return early, whole, stages


def test_the_twin_is_handed_out_before_any_baseline_is_scored(handed_out):
    early, whole, stages = handed_out
    assert early.score.methods == ("twin", "network")
    assert not early.score.baselines
    assert set(whole.score.methods) - {"twin", "network"} <= set(BASELINES)
    assert len(whole.score.baselines) > 5
    np.testing.assert_array_equal(whole.score.errors[:2], early.score.errors)
    points = np.array([[3.0, 20.0], [5.0, 30.0]])
    np.testing.assert_array_equal(early.predict(points), whole.predict(points))
    named = [stage for stage, _ in stages]
    assert named[0] == f"scoring baselines, 1 of {len(BASELINES)}"
    assert named[-1] == f"scoring baselines, {len(BASELINES)} of {len(BASELINES)}"
    fractions = [fraction for _, fraction in stages]
    assert fractions == sorted(fractions)
    assert fractions[-1] < 1


def test_a_stop_keeps_the_twin_and_says_which_baselines_it_left_out(handed_out, tmp_path):
    early, whole, _ = handed_out
    stop = threading.Event()

    def press(news):
        if news.stage.startswith("scoring baselines, 4 "):
            stop.set()

    part = with_baselines(early, on_progress=press, stop=stop)
    assert part.score.methods == whole.score.methods[:5]
    assert not part.stopped
    assert "aligned interpolation, RBF" in part.notes[-1]
    again = Twin.load(part.save(tmp_path / "part.twin"))
    assert again.score.methods == part.score.methods
    assert again.notes == part.notes
    completed = with_baselines(again)
    assert completed.notes == early.notes
    assert set(completed.score.methods) == set(whole.score.methods)
    rows = [completed.score.methods.index(method) for method in whole.score.methods]
    np.testing.assert_allclose(completed.score.errors[rows], whole.score.errors, rtol=1e-6)
    assert completed.score.verdict == whole.score.verdict


def test_nothing_is_scored_twice(handed_out):
    _, whole, _ = handed_out
    stages = []
    again = with_baselines(whole, on_progress=stages.append)
    assert again.score.methods == whole.score.methods
    assert len(stages) == len(BASELINES) - len(whole.score.baselines)  # those that do not fit this scan
