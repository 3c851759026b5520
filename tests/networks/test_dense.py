"""Fully connected networks from plain arrays: many points as few, slopes as differences."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.networks.dense import DenseNetwork, evaluate, evaluate_slopes, plain
from napari_scantwin.networks.trainer import TrainedMembers


def test_evaluation_in_chunks_changes_nothing():
    random = np.random.default_rng(0)
    parameters = [random.normal(size=s).astype(np.float32) for s in ((2, 3, 8), (2, 1, 8), (2, 8, 1), (2, 1, 1))]
    features = random.normal(size=(2, 20_000, 3)).astype(np.float32)
    whole = evaluate(parameters, features)
    np.testing.assert_allclose(
        whole[:, 17_000:17_100], evaluate(parameters, features[:, 17_000:17_100]), rtol=1e-4, atol=1e-4
    )
    assert whole.shape == (2, 20_000)


@pytest.mark.parametrize("points", [300, 5000])  # by NumPy, and by TensorFlow
def test_plain_arrays_give_what_the_keras_model_gives(points):
    network = DenseNetwork(2, 3, 12)
    weights = network.initial(3, 0)
    where = np.random.default_rng(2).uniform(-1, 1, (1, points, 2))
    by_keras = TrainedMembers(network, weights).predict(where)[..., 0]
    np.testing.assert_allclose(evaluate(plain(weights), np.repeat(where, 3, axis=0)), by_keras, atol=2e-6)
    alone = TrainedMembers(network, weights).keras_model(1)(where[0]).numpy()[:, 0]
    np.testing.assert_allclose(by_keras[1], alone, atol=2e-6)


@pytest.mark.parametrize("points", [300, 5000])  # by NumPy, and by TensorFlow
@pytest.mark.parametrize("order", [1, 2])
def test_slopes_are_those_of_the_networks(points, order):
    parameters = plain(DenseNetwork(2, 3, 12).initial(3, 0))
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
