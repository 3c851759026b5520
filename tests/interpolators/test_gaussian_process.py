"""The Gaussian process: scikit-learn's, with weights, draws from its posterior and a stop added."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.gaussian_process import FittedGaussianProcess, GaussianProcess
from napari_scantwin.interpolators.posterior import conditioned, learned

from .conftest import points, slanted_step

EVERYTHING = np.ones(6, bool)


def _places(count: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).uniform([0, 6], [9, 49], (count, 2))


def test_a_step_is_followed_between_its_points(step):
    fitted = GaussianProcess("plain").fit(step, EVERYTHING)
    places = np.stack([step.coordinates[:, 0], step.coordinates[:, 1] + 0.3], axis=1)
    assert np.std(fitted.outputs(places).mean(axis=0) - slanted_step(*places.T)) < 0.05


def test_draws_scatter_as_the_posterior_of_scikit_learn_does():
    scan = points()
    # Where points lie dense, a draw's few waves of the highest frequencies decide.
    few = np.random.default_rng(2).permutation(240)[:40]
    scan.coordinates, scan.targets, scan.group = scan.coordinates[few], scan.targets[few], scan.group[few]
    scan.sample_weight = scan.sample_weight[few]
    kernel = ConstantKernel(2.0) * Matern([0.7, 1.3], nu=1.5) + WhiteKernel(0.01)
    scan.known["gaussian process", "plain"] = kernel
    fits = [GaussianProcess("plain").fit(scan, EVERYTHING, seed=seed) for seed in range(60)]
    features = fits[0].features
    exact = GaussianProcessRegressor(kernel, optimizer=None, alpha=2e-9)
    exact.fit(features(scan.coordinates), scan.targets)
    places = np.random.default_rng(5).uniform([-3, -12], [12, 67], (60, 2))
    mean, deviation = exact.predict(features(places), return_std=True)
    deviation = np.sqrt(deviation**2 - 0.01)  # theirs has the noise of a new point in it
    drawn = np.concatenate([fit.outputs(places) for fit in fits])
    np.testing.assert_allclose(drawn[:8].mean(axis=0), mean, atol=1e-6)
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.25)
    np.testing.assert_allclose(np.mean(drawn.std(axis=0) / deviation), 1, atol=0.05)


def test_a_point_of_twice_the_weight_counts_as_two():
    random = np.random.default_rng(3)
    x, y = random.uniform(-1, 1, (30, 2)), random.normal(size=30)
    kernel = learned(x, y)
    weights = np.where(np.arange(30) < 10, 2.0, 1.0)
    twice = np.concatenate([np.arange(30), np.arange(10)])
    one, other = conditioned(kernel, x, y, weights), conditioned(kernel, x[twice], y[twice])
    at = random.uniform(-1, 1, (20, 2))
    np.testing.assert_allclose(one.predict(at), other.predict(at), atol=1e-5)


def test_noise_is_learned_by_the_points_weights():
    random = np.random.default_rng(4)
    x = random.uniform(-1, 1, (300, 1))
    weights = np.where(np.arange(300) % 2, 25.0, 1.0)
    y = np.sin(3 * x[:, 0]) + 0.3 * random.normal(size=300) / np.sqrt(weights)
    # A point of weight one has the noise that was put in; told nothing, it would be taken for that of all.
    np.testing.assert_allclose(np.sqrt(learned(x, y, weights).k2.noise_level), 0.3, rtol=0.15)
    assert np.sqrt(learned(x, y).k2.noise_level) < 0.25


def test_a_held_out_sweep_is_not_seen_but_in_the_scales(step):
    kept = np.arange(6) != 2
    spoiled = points()
    spoiled.targets = np.where(spoiled.group == 2, 50.0, spoiled.targets)
    whole = GaussianProcess("log").fit(step, kept)
    spoiled.known.update(step.known)  # the scales alone are learned from all
    again = GaussianProcess("log").fit(spoiled, kept)
    np.testing.assert_array_equal(whole.outputs(_places(50)), again.outputs(_places(50)))


def test_a_process_kept_as_arrays_rounds_alike(step):
    fitted = GaussianProcess("root").fit(step, EVERYTHING)
    arrays = {name: np.ascontiguousarray(array) for name, array in fitted.to_arrays().items() if np.ndim(array)}
    again = FittedGaussianProcess.from_arrays(fitted.to_arrays() | arrays)
    np.testing.assert_array_equal(again.outputs(_places(50)), fitted.outputs(_places(50)))


def test_a_stop_is_heard(step):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        GaussianProcess("plain").fit(step, EVERYTHING, stop=stop)
