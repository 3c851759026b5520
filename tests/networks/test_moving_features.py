"""Networks whose features move: what they learn, that a member sees its own points only, and what a hole says."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.moving_features import MovingFeatures, Sweeps, evaluate_moving, fit_moving

SLOW = np.linspace(-1, 1, 7)
FAST = np.linspace(-1, 1, 60)


def step(slow, fast):
    """A step of a tenth of the range that moves by most of it."""
    return np.tanh((fast - 0.6 * slow) / 0.1)


def sweeps(weights=None, hole=None) -> Sweeps:
    slow, fast = (axis.ravel() for axis in np.meshgrid(SLOW, FAST, indexing="ij"))
    kept = np.ones(len(slow), bool) if hole is None else ~((slow == 0) & (np.abs(fast - hole) < 0.2))
    number = np.repeat(np.arange(7), 60)[kept]
    slow, fast = slow[kept], fast[kept]
    weights = np.full((1, len(slow)), 1e4) if weights is None else weights(number)
    return Sweeps(slow[:, None], fast, step(slow, fast), weights, number, 0.03)


def places(slow):
    return np.full((200, 1), slow), np.linspace(-1, 1, 200)


def test_it_finds_a_step_that_moves_further_than_it_is_wide():
    fitted = fit_moving(MovingFeatures(4), sweeps(), steps=400)
    for slow in (-0.8, -0.15, 0.5):  # between sweeps
        at, fast = places(slow)
        wrong = evaluate_moving(fitted, at, fast)[0] - step(slow, fast)
        between = [step(SLOW[np.searchsorted(SLOW, slow) - one], fast) for one in (0, 1)]
        linear = np.mean(between, axis=0) - step(slow, fast)
        assert np.sqrt(np.mean(wrong**2)) < 0.1 * np.sqrt(np.mean(linear**2))


def test_a_member_learns_nothing_of_what_it_must_not_see():
    def without(number):
        weights = np.full((2, len(number)), 1e4)
        weights[1, number == 3] = 0
        return weights

    data = sweeps(without)
    spoiled = Sweeps(data.slow, data.fast, np.where(data.sweep == 3, 9.0, data.targets), *list(vars(data).values())[3:])
    one, other = (fit_moving(MovingFeatures(4), each, steps=60) for each in (data, spoiled))
    np.testing.assert_array_equal(evaluate_moving(one, *places(0.1))[1], evaluate_moving(other, *places(0.1))[1])


def test_the_same_seed_gives_the_same_network_and_another_another():
    one, same, other = (fit_moving(MovingFeatures(3), sweeps(), steps=30, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(np.concatenate([p.ravel() for p in one]), np.concatenate([p.ravel() for p in same]))
    assert not np.array_equal(one[0], other[0])


def test_in_a_hole_across_the_step_members_differ_more_than_beside_it():
    fitted = fit_moving(MovingFeatures(4), sweeps(lambda n: np.full((4, len(n)), 1e4), hole=0.0), steps=300)
    at, fast = places(0.0)
    spread = evaluate_moving(fitted, at, fast).std(axis=0)
    inside = np.abs(fast) < 0.15
    assert spread[inside].max() > 3 * spread[~inside & (np.abs(fast) < 0.9)].max()


def test_no_feature_is_narrower_than_a_step():
    fitted = fit_moving(MovingFeatures(4), sweeps(), steps=30)
    np.testing.assert_allclose(np.exp(fitted[-1]), [[0.03, 2.0]])


def test_several_slow_axes():
    random = np.random.default_rng(0)
    slow = random.uniform(-1, 1, (40, 2)).repeat(30, axis=0)
    fast = np.tile(np.linspace(-1, 1, 30), 40)
    true = np.tanh((fast - 0.4 * slow[:, 0] - 0.3 * slow[:, 1]) / 0.2)
    data = Sweeps(slow, fast, true, np.full((1, len(fast)), 1e4), np.arange(40).repeat(30), 0.05)
    fitted = fit_moving(MovingFeatures(3, slow=2), data, steps=400)
    at = np.tile([[0.2, -0.5]], (50, 1))
    along = np.linspace(-1, 1, 50)
    np.testing.assert_allclose(evaluate_moving(fitted, at, along)[0], np.tanh((along + 0.07) / 0.2), atol=0.05)


def test_it_ends_when_it_is_stopped():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        fit_moving(MovingFeatures(3), sweeps(), steps=10_000, stop=stop)
