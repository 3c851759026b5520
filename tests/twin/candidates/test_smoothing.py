"""Sweeps with their noise taken down."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.twin.candidates import smoothing

PLACES = np.linspace(0, 50, 120)
FAST, SWEEP = np.tile(PLACES, 8), np.repeat(np.arange(8), 120)
ALIKE = np.ones(len(FAST))


def smoothed(*columns):
    return smoothing.smoothed(*columns)[0]


def noise(level, seed=2):
    return level * np.random.default_rng(seed).normal(size=len(FAST))


def test_a_scan_without_noise_is_left_as_it_is():
    curve = 10 + 8 * np.tanh((FAST - 20 - SWEEP) / 3)
    np.testing.assert_allclose(smoothed(FAST, curve, SWEEP, ALIKE), curve, atol=1e-4)


@pytest.mark.parametrize("size", [8, 10, 15])
def test_few_exact_points_across_a_transition_are_left_as_they_are(size):
    fast = np.linspace(0, 50, size)
    curve = np.tanh((fast - 23) / 4)
    np.testing.assert_allclose(smoothed(fast, curve, np.zeros(size, int), np.ones(size)), curve, atol=0.002)


def test_noise_about_a_line_leaves_the_line_of_least_squares():
    values = (3 - 0.2 * PLACES) + noise(0.5)[:120]
    quiet = smoothed(PLACES, values, np.zeros(120, int), np.ones(120))
    np.testing.assert_allclose(quiet, np.polyval(np.polyfit(PLACES, values, 1), PLACES), atol=0.02)


def test_a_jump_stays_and_the_noise_beside_it_goes():
    exact = np.where(FAST > 25.1, 1.0, -1.0)
    noisy = exact + noise(0.05)
    quiet = smoothed(FAST, noisy, SWEEP, ALIKE)
    away = np.abs(FAST - 25.1) > 2
    assert np.std((quiet - exact)[away]) < 0.5 * np.std((noisy - exact)[away])
    assert np.abs(quiet - exact).max() < 0.2


def test_a_transition_a_few_points_wide_stays_and_the_noise_beside_it_goes():
    exact = 1 / (1 + np.exp((FAST - 22 - SWEEP) / 0.6))
    noisy = exact + noise(0.003)
    wrong = smoothed(FAST, noisy, SWEEP, ALIKE) - exact
    near = np.abs(FAST - 22 - SWEEP) < 3
    assert np.std(wrong[~near]) < 0.45 * 0.003
    assert np.std(wrong[near]) < 0.003


def test_slopes_of_a_smooth_curve_come_out_of_its_noise():
    exact = np.tanh((FAST - 20 - SWEEP) / 8)
    quiet = smoothed(FAST, exact + noise(0.02), SWEEP, ALIKE)
    slopes = np.gradient(quiet.reshape(8, -1), PLACES, axis=1)
    true = np.gradient(exact.reshape(8, -1), PLACES, axis=1)
    assert np.std(slopes - true) < 0.05 * np.abs(true).max()


def test_points_with_small_error_bars_are_followed_closer():
    errors = np.where(np.arange(len(FAST)) % 2, 0.01, 0.2)
    exact = np.sin(FAST / 8)
    quiet = smoothed(FAST, exact + errors * noise(1.0), SWEEP, np.mean(errors**2) / errors**2)
    assert np.std(quiet - exact) < 0.01


def test_readings_at_one_place_are_one_reading():
    twice = np.repeat(PLACES, 2) + np.tile([0, 1e-9], 120)
    exact = np.cos(twice / 8)
    quiet = smoothed(twice, exact + noise(0.05)[:240], np.zeros(240, int), np.ones(240))
    np.testing.assert_allclose(quiet[::2], quiet[1::2], atol=1e-12)
    assert np.std(quiet - exact) < 0.02


def test_fewer_than_eight_points_are_left_as_they_are():
    values = np.array([0.0, 1, 0, 1, 0, 1, 0])
    np.testing.assert_array_equal(smoothed(np.arange(7.0), values, np.zeros(7, int), np.ones(7)), values)


def test_draws_about_a_line_scatter_as_least_squares_says():
    values = (3 - 0.2 * PLACES) + noise(0.5)[:120]
    quiet, errors = smoothing.smoothed(PLACES, values, np.zeros(120, int), np.ones(120), 2000)
    centred = PLACES - PLACES.mean()
    exact = np.std(values - quiet, ddof=2) * np.sqrt(1 / 120 + centred**2 / np.sum(centred**2))
    np.testing.assert_allclose(errors.std(axis=0), exact, rtol=0.15)
    assert np.abs(errors.mean(axis=0)).max() < 0.1 * exact.max()


def test_draws_tell_how_far_the_smoothed_sweeps_are_off():
    exact = np.tanh((FAST - 20 - SWEEP) / 4)
    quiet, errors = smoothing.smoothed(FAST, exact + noise(0.03), SWEEP, ALIKE, 100)
    within = np.mean(np.abs(quiet - exact) < errors.std(axis=0))
    assert 0.55 < within < 0.85


def test_a_scan_without_noise_has_no_draws():
    curve = 10 + 8 * np.tanh((FAST - 20 - SWEEP) / 3)
    assert np.abs(smoothing.smoothed(FAST, curve, SWEEP, ALIKE, 5)[1]).max() < 1e-3
