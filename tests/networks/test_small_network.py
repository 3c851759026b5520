"""Small networks: gradients right, fits close, weights heeded, a stop heard."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.small_network import _initial, _loss, evaluate_small, fit_small

RANDOM = np.random.default_rng(4)
X = RANDOM.uniform(-1.7, 1.7, (300, 2))
Y = np.tanh(3 * X[:, 1] - 2 * X[:, 0])
ONES = np.ones(300)


def _numerical(function, at):
    steps = 1e-5 * np.eye(len(at))
    return np.array([(function(at + step) - function(at - step)) / 2e-5 for step in steps])


def test_the_gradient_is_the_losses():
    start = _initial((2, 5, 4, 1), 0)
    cuts = np.cumsum([part.size for part in start])[:-1]

    def loss(flat):
        parts = [p.reshape(s.shape) for p, s in zip(np.split(flat, cuts), start, strict=True)]
        return _loss(parts, X, Y, ONES, 0.3)

    flat = np.concatenate([part.ravel() for part in start])
    np.testing.assert_allclose(loss(flat)[1], _numerical(lambda at: loss(at)[0], flat), atol=1e-7)


def test_a_slanted_step_is_fitted():
    parameters = fit_small(X, Y, ONES, nodes=(12, 12), decay=0.01, steps=200, seed=0, stop=None)
    assert np.std(evaluate_small([p[None] for p in parameters], X)[0] - Y) < 0.02


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
