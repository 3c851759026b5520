"""A mixture density network learns two answers where there are two, and how sure it may be."""

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.mixture_density import MixtureDensity, fit_mixture_density


def two_answers(n, seed):
    """y1 = ±x with either sign, y2 = x y1, both with noise of 0.05."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.5, 1.5, size=(n, 1))
    first = x * rng.choice([-1.0, 1.0], size=(n, 1))
    return x, np.concatenate([first, x * first], axis=1) + 0.05 * rng.normal(size=(n, 2))


@pytest.fixture(scope="module")
def network():
    shares = []
    made = fit_mixture_density(
        *two_answers(4000, 0), components=4, layers=2, nodes=32, steps=600, rate=1e-2, on_progress=shares.append
    )
    assert shares[-1] == 1.0
    return made


def test_the_density_is_that_of_the_loss(network):
    """NumPy's density, by its definition, is a density: it integrates to one."""
    axis = np.linspace(-4, 4, 321)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    inputs = np.full((len(grid), 1), 1.0)
    total = np.exp(network.log_density(inputs, grid)).sum() * (axis[1] - axis[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.01)


def test_both_answers_are_drawn_and_no_mean_of_them(network):
    drawn = network.samples(np.array([[1.0]]), 2000, np.random.default_rng(0))[0]
    up = drawn[:, 0] > 0
    assert 0.35 < up.mean() < 0.65
    np.testing.assert_allclose(drawn[up].mean(axis=0), [1, 1], atol=0.06)
    np.testing.assert_allclose(drawn[~up].mean(axis=0), [-1, -1], atol=0.06)
    assert np.mean(np.abs(drawn[:, 0]) < 0.5) < 0.03


def test_its_likelihood_nears_that_of_the_truth(network):
    x, y = two_answers(2000, 9)
    off = [np.sum((y - sign * np.concatenate([x, x * x], axis=1)) ** 2, axis=1) / (2 * 0.05**2) for sign in (-1, 1)]
    truth = np.log(0.5 * (np.exp(-off[0]) + np.exp(-off[1]))) - np.log(2 * np.pi * 0.05**2)
    assert network.log_density(x, y).mean() > truth.mean() - 0.5


def test_draws_follow_the_covariance():
    """One Gaussian whose whitening matrix is known."""
    whiten = np.array([[2.0, 0.0], [1.5, 0.5]])
    outputs = np.array([0.0, 3.0, -1.0, *(8 * np.arctanh(np.log([2.0, 0.5]) / 8)), 1.5])
    made = MixtureDensity((np.zeros((1, 6)), outputs), 1, 2)
    drawn = made.samples(np.zeros((1, 1)), 40_000, np.random.default_rng(1))[0]
    np.testing.assert_allclose(drawn.mean(axis=0), [3.0, -1.0], atol=0.1)
    expected = np.linalg.inv(whiten.T @ whiten)
    np.testing.assert_allclose(np.cov(drawn.T), expected, rtol=0.05, atol=0.05)


def test_a_stopped_training_leaves_nothing():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        fit_mixture_density(*two_answers(100, 0), components=2, layers=1, nodes=8, steps=50, stop=stop)
