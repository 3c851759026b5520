"""Noise told from the scan alone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.twin.validation.noise import measure

FAST = np.tile(np.linspace(0, 50, 120), 8)
SWEEP = np.repeat(np.arange(8), 120)
CURVE = 10 + 8 * np.tanh((FAST - 20 - SWEEP) / 3)


@pytest.mark.parametrize("level", [0.01, 0.1, 1.0])
def test_the_noise_under_a_transition_is_found(level):
    values = CURVE + level * np.random.default_rng(2).normal(size=len(CURVE))
    assert np.median(measure(FAST, values, SWEEP).deviations) == pytest.approx(level, rel=0.2)


def test_counts_are_noisier_where_there_are_more():
    counts = np.random.default_rng(2).poisson(10 * CURVE).astype(float)
    noise = measure(FAST, counts, SWEEP)
    np.testing.assert_allclose(noise(np.array([20.0, 180.0])), np.sqrt([20.0, 180.0]), rtol=0.25)


def test_three_points_have_no_noise_to_tell():
    assert measure(np.arange(3.0), np.arange(3.0), np.zeros(3, int))(np.zeros(1)) == 0
