"""The predictive deviation: the measurement's noise is in it, the factor scales all of the rest, and it covers what
it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.twin.validation.noise import Noise
from napari_scantwin.twin.validation.uncertainty import Uncertainty, calibrated_factor

from ..conftest import FIELDS, moving_step, truth

NOISE = 0.05


@pytest.fixture(scope="module")
def noisy():
    return train(moving_step(NOISE), TwinSettings(members=2), score_baselines=False)


@pytest.fixture(scope="module")
def places():
    """Places on the sweeps themselves, away from the ends [n, 2]."""
    mesh = np.meshgrid(FIELDS[1:-1], np.linspace(8, 48, 60), indexing="ij")
    return np.stack([axis.ravel() for axis in mesh], axis=1)


def test_new_readings_lie_within_the_deviation_as_often_as_it_says(noisy, places):
    """On the sweeps the twin itself is known well: without the measurement's noise hardly one reading would be."""
    mean, deviation = noisy.predict(places)
    readings = truth(*places.T) + NOISE * np.random.default_rng(7).normal(size=(50, len(places)))
    off = np.abs(readings - mean)
    assert 0.6 < np.mean(off < deviation) < 0.9
    assert np.mean(off < 1.96 * deviation) > 0.9
    assert np.mean(off < noisy.uncertainty.model_uncertainty(places, np.zeros(len(places)))) < 0.5


@pytest.fixture(scope="module")
def stated():
    """An uncertainty whose every part is stated: five sweeps, the slope 2 at the first and 1 at the last."""
    grid = (np.linspace(0, 4, 17), np.linspace(5, 50, 10))
    slope = np.broadcast_to(np.linspace(2, 1, 17)[:, None], (17, 10))
    noise = Noise(np.array([0.0, 1.0]), np.array([0.02, 0.08]))
    return Uncertainty(
        noise,
        np.ones(1),
        np.ones(1),
        grid,
        slope,
        np.arange(5.0),
        np.zeros((17, 10)),
        np.zeros((17, 10)),
        np.ones((17, 10)),
    )


BETWEEN = np.array([[0.5, 25.0], [1.5, 20.0], [2.25, 33.0], [6.0, 30.0]])


def test_noise_and_ignorance_add_in_squares(stated):
    mean, spread = np.array([0.0, 1.0, 0.5, 9.0]), np.array([0.0, 0.01, 0.1, 1.0])
    noise = np.array([0.02, 0.08, 0.05, 0.08])
    found = stated.std(BETWEEN, mean, spread)
    np.testing.assert_allclose(found**2, noise**2 + stated.model_uncertainty(BETWEEN, spread) ** 2)
    on_a_sweep = np.array([[2.0, 30.0]])
    np.testing.assert_allclose(stated.std(on_a_sweep, np.zeros(1), np.zeros(1)), 0.02)


def test_the_factor_scales_the_disagreement_and_what_experts_share(stated):
    threefold, nothing, spread = replace(stated, factors=np.full(1, 3.0)), np.zeros(4), np.full(4, 0.2)
    shared = stated.model_uncertainty(BETWEEN, nothing)
    assert (shared > 0.05).all()
    np.testing.assert_allclose(threefold.model_uncertainty(BETWEEN, nothing), 3 * shared)
    np.testing.assert_allclose(threefold.model_uncertainty(BETWEEN, spread), 3 * np.hypot(0.2, shared))
    slope = stated.shared_slope(BETWEEN, 0)
    assert np.abs(slope).max() > 0.05
    np.testing.assert_allclose(threefold.shared_slope(BETWEEN, 0), 3 * slope)


def drawn(kind: str) -> np.ndarray:
    random = np.random.default_rng(11)
    return {"normal": random.normal(size=4000), "long tails": random.standard_t(2, size=4000)}[kind]


@pytest.mark.parametrize("kind", ["normal", "long tails"])
@pytest.mark.parametrize("true", [0.8, 3.0])
def test_the_factor_is_the_least_that_covers_68_and_95_percent(kind, true):
    """Two thirds within one deviation and 95 % within 1.96 are what an error bar means."""
    residual = 0.1 * true * drawn(kind)
    common = np.full(len(residual), 0.1)
    factor = calibrated_factor(residual, np.zeros(len(residual)), np.zeros(len(residual)), common)
    within = [np.mean(np.abs(residual) <= width * factor * common) for width in (1.0, 1.96)]
    assert within[0] >= 0.6827
    assert within[1] >= 0.95
    less = [np.mean(np.abs(residual) <= width * 0.97 * factor * common) for width in (1.0, 1.96)]
    assert less[0] < 0.6827 or less[1] < 0.95
    if kind == "normal":
        assert factor == pytest.approx(true, rel=0.05)


def test_what_the_noise_explains_already_needs_no_ignorance():
    random = np.random.default_rng(3)
    residual, ones = 0.1 * random.normal(size=4000), np.ones(4000)
    assert calibrated_factor(residual, 0.11 * ones, 0 * ones, 0.01 * ones) < 0.1


def test_the_factor_goes_with_the_steepness(stated):
    """One at a slope of 1 a step, four at 2; between them evenly in the logarithms, outside as at the ends."""
    apart = replace(stated, factors=np.array([1.0, 4.0]), steepness=np.array([1.0, 2.0]))
    np.testing.assert_allclose(apart.factor_at(np.array([0.1, 1.0, np.sqrt(2), 2.0, 9.0])), [1, 1, 2, 4, 4])
    places = np.array([[0.5, 20.0], [3.5, 20.0]])
    steep = apart.slope_at(places)
    ratio = apart.model_uncertainty(places, np.zeros(2)) / stated.model_uncertainty(places, np.zeros(2))
    np.testing.assert_allclose(ratio, steep**2)
