"""Stacked networks: each member learns only what its weights let it see."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.networks.network import Shape, Stack, evaluate, evaluate_slopes, initial


def _trained(targets, weights, x):
    features = np.repeat(x[None, :, None], len(weights), axis=0)
    stack = Stack(Shape(1, 2, 16), len(weights), total=400, rate=1e-2, batch=10_000, seed=3)
    stack.see(features, targets, weights)
    while stack.done < stack.total:
        stack.advance(20)
    return evaluate(stack.parameters, features)


def test_members_learn_and_a_hidden_half_stays_hidden():
    x = np.linspace(-1.5, 1.5, 80).astype(np.float32)
    targets = np.sin(2 * x)
    weights = np.ones((2, 80), np.float32)
    weights[1, x > 0] = 0
    outputs = _trained(targets, weights, x)
    assert np.sqrt(np.mean((outputs[0] - targets) ** 2)) < 0.05
    spoiled = np.where(x > 0, 99.0, targets).astype(np.float32)
    np.testing.assert_array_equal(_trained(spoiled, weights, x)[1], outputs[1])


def test_evaluation_in_chunks_changes_nothing():
    random = np.random.default_rng(0)
    parameters = [random.normal(size=s).astype(np.float32) for s in ((2, 3, 8), (2, 1, 8), (2, 8, 1), (2, 1, 1))]
    features = random.normal(size=(2, 20_000, 3)).astype(np.float32)
    whole = evaluate(parameters, features)
    np.testing.assert_allclose(
        whole[:, 17_000:17_100], evaluate(parameters, features[:, 17_000:17_100]), rtol=1e-4, atol=1e-4
    )
    assert whole.shape == (2, 20_000)


def test_a_diverged_member_starts_again_and_the_others_go_on():
    x = np.linspace(-1.7, 1.7, 64)[:, None]
    targets = np.tanh(3 * x[:, 0])
    stack = Stack(Shape(1, 2, 16), 3, total=400, rate=1e-2, batch=64, seed=0)
    stack.see(x[None], targets, np.ones((3, 64)))
    stack.advance(100)
    before = stack.parameters
    stack._parameters[0] = stack._parameters[0] * np.array([1, np.nan, 1], np.float32)[:, None, None]
    stack.restart(np.array([False, True, False]))
    for part, old in zip(stack.parameters, before, strict=True):
        assert np.isfinite(part).all()
        np.testing.assert_array_equal(part[[0, 2]], old[[0, 2]])
    assert not np.array_equal(stack.parameters[0][1], before[0][1])
    stack.advance(300)
    outputs = evaluate(stack.parameters, np.broadcast_to(x[None], (3, 64, 1)))
    assert np.sqrt(np.mean((outputs - targets) ** 2, axis=1)).max() < 0.2


@pytest.mark.parametrize("points", [300, 5000])  # by NumPy, and by TensorFlow
@pytest.mark.parametrize("order", [1, 2])
def test_slopes_are_those_of_the_networks(points, order):
    parameters = initial(Shape(2, 3, 12), 3, 0)
    where = np.random.default_rng(2).uniform(-1, 1, (points, 2))
    line = np.array([0.6, -0.8])  # features f + line t, and curved by bend t^2 / 2
    bend = np.array([0.3, 0.2])
    taylor = np.stack([where, np.broadcast_to(line, where.shape), np.broadcast_to(bend, where.shape)])[: order + 1]
    found = evaluate_slopes(parameters, taylor)

    def along(t):
        moved = where + line * t + (bend * t**2 / 2 if order == 2 else 0)
        return np.concatenate([evaluate(parameters, part[None]) for part in np.array_split(moved, 4)], axis=1)

    step = 1e-3
    if order == 1:
        expected = (along(step) - along(-step)) / (2 * step)
    else:
        expected = (along(step) - 2 * along(0.0) + along(-step)) / step**2
    np.testing.assert_allclose(found, expected, atol=3e-4 * np.abs(expected).max())
