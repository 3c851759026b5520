"""Small networks and Gaussian processes: gradients right, fits close, weights heeded, a stop heard."""

from __future__ import annotations

import threading
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.kernel import Kernel, _likelihood, fit_kernel, learn_scales
from napari_scantwin.networks.small_network import _initial, _loss, evaluate_small, fit_small

RANDOM = np.random.default_rng(4)
X = RANDOM.uniform(-1.7, 1.7, (300, 2))
Y = np.tanh(3 * X[:, 1] - 2 * X[:, 0])
ONES = np.ones(300)


def _numerical(function, at):
    steps = 1e-5 * np.eye(len(at))
    return np.array([(function(at + step) - function(at - step)) / 2e-5 for step in steps])


def test_the_networks_gradient_is_the_losses():
    start = _initial((2, 5, 4, 1), 0)
    cuts = np.cumsum([part.size for part in start])[:-1]

    def loss(flat):
        parts = [p.reshape(s.shape) for p, s in zip(np.split(flat, cuts), start, strict=True)]
        return _loss(parts, X, Y, ONES, 0.3)

    flat = np.concatenate([part.ravel() for part in start])
    np.testing.assert_allclose(loss(flat)[1], _numerical(lambda at: loss(at)[0], flat), atol=1e-7)


def test_the_likelihoods_gradient_is_its_own():
    logs = np.array([0.2, -0.1, 0.3, -3.0])
    some = (X[:60], Y[:60], ONES[:60])
    found = _likelihood(logs, *some)[1]
    np.testing.assert_allclose(found, _numerical(lambda at: _likelihood(at, *some)[0], logs), rtol=1e-4, atol=1e-4)


def test_both_fit_a_slanted_step():
    parameters = fit_small(X, Y, ONES, nodes=(12, 12), decay=0.01, steps=200, seed=0, stop=None)
    assert np.std(evaluate_small([p[None] for p in parameters], X)[0] - Y) < 0.02
    assert np.std(fit_kernel(X, Y, ONES, learn_scales(X, Y, ONES, None), 0).predict(X).mean(axis=0) - Y) < 0.05


def test_draws_scatter_as_the_posterior_of_scikit_learn_does():
    logs = np.log([0.7, 1.3, 2.0, 0.01])
    kernel = 2.0 * Matern([0.7, 1.3], nu=1.5) + WhiteKernel(0.01)
    some = slice(0, 40)
    exact = GaussianProcessRegressor(kernel, optimizer=None, alpha=2e-9).fit(X[some], Y[some])
    places = np.random.default_rng(5).uniform(-3, 3, (60, 2))
    mean, deviation = exact.predict(places, return_std=True)
    deviation = np.sqrt(deviation**2 - 0.01)  # theirs has the noise of a new point in it
    drawn = np.concatenate([fit_kernel(X[some], Y[some], ONES[some], logs, seed).predict(places) for seed in range(60)])
    np.testing.assert_allclose(drawn[:8].mean(axis=0), mean, atol=1e-6)
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.25)
    np.testing.assert_allclose(np.mean(drawn.std(axis=0) / deviation), 1, atol=0.05)


def test_a_kernel_kept_row_by_row_rounds_alike():
    kernel = fit_kernel(X, Y, ONES, learn_scales(X, Y, ONES, None), 0)
    kept = Kernel(**{name: np.ascontiguousarray(array) for name, array in asdict(kernel).items()})
    np.testing.assert_array_equal(kept.predict(X[:50]), kernel.predict(X[:50]))


def test_points_without_weight_are_not_seen():
    seen = X[:, 0] < 0
    weights = seen.astype(float)
    options = {"nodes": (8,), "decay": 0.1, "steps": 50, "seed": 0, "stop": None}
    one = fit_small(X, Y, weights, **options)
    other = fit_small(X, np.where(seen, Y, 50), weights, **options)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_stop_is_heard():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        fit_small(X, Y, ONES, nodes=(8,), decay=0.1, steps=50, seed=0, stop=stop)
    with pytest.raises(Cancelled):
        learn_scales(X, Y, ONES, stop)
