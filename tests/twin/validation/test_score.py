"""Scores: honest about baselines and edges."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import norm

from napari_scantwin.twin.validation.folds import Groups
from napari_scantwin.twin.validation.score import Score, log_score, score_predictions

GROUPS = Groups(np.repeat(np.arange(4), 5), np.arange(4.0), np.arange(4), ("0 T", "1 T", "2 T", "3 T"))
VALUES = np.linspace(0, 10, 20)


def test_inside_leaves_the_outermost_sweeps_out():
    wrong_at_edges = VALUES + np.where(GROUPS.edge[GROUPS.group], 3.0, 0.5)
    score = score_predictions({"twin": wrong_at_edges}, VALUES, GROUPS, "emu")
    np.testing.assert_allclose(score.errors, [[3, 0.5, 0.5, 3]])
    np.testing.assert_allclose(score.inside, [0.5])
    np.testing.assert_allclose(score.overall, [np.sqrt((9 + 0.25) / 2)])


def test_a_better_rival_is_named_in_the_verdict():
    score = score_predictions({"twin": VALUES + 1, "monotone spline": VALUES + 0.1}, VALUES, GROUPS, "emu")
    assert score.best == "monotone spline"
    assert score.verdict.startswith("Monotone spline is better on this scan: 0.1 emu (1 % of the range)")
    ahead = score_predictions({"twin": VALUES + 0.1, "linear": VALUES + 1}, VALUES, GROUPS, "emu")
    assert ahead.verdict.startswith("The twin is best: 0.1 emu")


def test_a_score_survives_json_with_missing_baselines():
    score = score_predictions({"twin": VALUES + 1, "RBF": np.full(20, np.nan)}, VALUES, GROUPS, "emu")
    again = Score.from_dict(json.loads(json.dumps(score.to_dict())))
    assert again.to_dict() == score.to_dict()
    assert again.best == "twin"


def test_methods_that_differ_by_chance_are_level():
    sign = np.where(GROUPS.group == 1, 1.0, -1.0)
    twin, baseline = VALUES + 0.3 + 0.05 * sign, VALUES + 0.3 - 0.04 * sign
    score = score_predictions({"twin": twin, "RBF": baseline}, VALUES, GROUPS, "emu")
    assert score.level(1)
    assert score.verdict.startswith("The twin and the best baseline (RBF) are level on this scan")


def test_a_scan_of_noise_is_said_to_be_too_noisy():
    noise = np.random.default_rng(0).normal(size=20)
    score = score_predictions({"twin": np.zeros(20), "linear": 0.1 * noise[::-1]}, noise, GROUPS, "emu")
    assert not score.learned
    assert score.verdict.startswith("This scan is too noisy or too coarse to learn")
    assert "Until then linear does as well as anything" in score.verdict


def test_the_log_score_is_the_mean_log_density_of_shares_of_the_range():
    random = np.random.default_rng(1)
    mean, std = random.normal(size=50), random.uniform(0.1, 1, 50)
    values = mean + std * random.normal(size=50)
    expected = np.mean(norm.logpdf(values / 7, mean / 7, std / 7))
    assert log_score(values, mean, std, 7.0) == pytest.approx(expected)


@pytest.mark.parametrize("stated", [0.3, 0.7, 1.4, 3])
def test_error_bars_too_large_or_too_small_are_worth_less(stated):
    values = 0.01 * np.random.default_rng(2).normal(size=4000)
    honest = log_score(values, np.zeros(4000), np.full(4000, 0.01), 1.0)
    assert honest == pytest.approx(-np.log(0.01) - 1.42, abs=0.05)
    assert log_score(values, np.zeros(4000), np.full(4000, 0.01 * stated), 1.0) < honest - 0.02


def test_a_score_saved_before_there_was_a_log_score_has_none():
    said = score_predictions({"twin": VALUES + 1}, VALUES, GROUPS, "emu").to_dict()
    del said["log_score"]
    again = Score.from_dict(said)
    assert np.isnan(again.log_score)
    assert again.to_dict()["log_score"] is None
