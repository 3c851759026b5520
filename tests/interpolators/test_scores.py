"""Functions of one or two slow axes through noisy values."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.interpolators.scores import SlowAxes, interpolated

UNEVEN = np.array([0.0, 0.5, 0.8, 2.0, 3.1, 4.0, 5.5, 6.0, 8.0, 10.0])


def test_a_smooth_function_is_met_between_uneven_places():
    axes, nodes = SlowAxes.of((UNEVEN,))
    random = np.random.default_rng(0)
    exact = 100 * np.sin(nodes[0] / 2)
    found, _ = interpolated(axes, (100 * np.sin(UNEVEN / 2) + random.normal(size=10))[None], 0, random)
    line = np.interp(nodes[0], UNEVEN, 100 * np.sin(UNEVEN / 2))
    assert np.std(found[0] - exact) < 0.6 * np.std(line - exact)


def test_noise_alone_becomes_next_to_nothing():
    axes, _ = SlowAxes.of((np.linspace(0, 1, 20),))
    random = np.random.default_rng(1)
    found, _ = interpolated(axes, random.normal(size=(8, 20)), 0, random)
    assert np.sqrt(np.mean(found**2)) < 0.6


def test_draws_are_as_large_as_the_error():
    random = np.random.default_rng(2)
    places = np.linspace(0, 10, 9)
    axes, nodes = SlowAxes.of((places,))
    stated, wrong = [], []
    for phase in random.uniform(0, 6, 12):
        found, drawn = interpolated(axes, (30 * np.sin(places / 1.3 + phase) + random.normal(size=9))[None], 4, random)
        stated.append(np.mean(drawn**2))
        wrong.append(np.mean((found[0] - 30 * np.sin(nodes[0] / 1.3 + phase)) ** 2))
    assert 0.5 < np.sqrt(np.mean(stated) / np.mean(wrong)) < 2


def test_two_slow_axes_of_unequal_spacing():
    other = np.array([0.0, 0.4, 1.0, 2.2, 4.0])

    def surface(one, two):
        return 40 * np.sin(one / 3) * np.exp(-two / 3) + 5 * two

    axes, nodes = SlowAxes.of((UNEVEN, other))
    random = np.random.default_rng(3)
    values = surface(*np.meshgrid(UNEVEN, other, indexing="ij")) + random.normal(size=(10, 5))
    found, drawn = interpolated(axes, values[None], 2, random)
    wrong = np.sqrt(np.mean((found[0] - surface(*np.meshgrid(*nodes, indexing="ij"))) ** 2))
    assert wrong < 1.0
    assert drawn.shape == (2, 1, len(nodes[0]), len(nodes[1]))


@pytest.mark.parametrize("places", [2, 3])
def test_few_places_are_enough(places):
    axes, nodes = SlowAxes.of((np.arange(float(places)), UNEVEN))
    found, _ = interpolated(axes, np.ones((1, places, 10)), 0, np.random.default_rng(0))
    np.testing.assert_allclose(found, 1, atol=0.5)
    assert found.shape[1:] == (len(nodes[0]), len(nodes[1]))
