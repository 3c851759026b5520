"""Which readings are one sweep, where set points wander and in whatever order they were measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core.sweeps import find_sweeps, set_points, settled


def isotherms(temperatures, count, jitter, seed):
    """(true number of the isotherm, temperature, field) of each reading, in the order of measuring."""
    random = np.random.default_rng(seed)
    number = np.repeat(np.arange(len(temperatures)), count)
    temperature = np.asarray(temperatures, float)[number] + random.normal(0, jitter, len(number))
    field = np.tile(np.linspace(0, 50_000, count), len(temperatures)) + random.normal(0, 0.5, len(number))
    return number, temperature, field


@settings(max_examples=60, deadline=None)
@given(
    jitter=st.floats(0, 0.03),
    count=st.integers(15, 60),
    step=st.floats(0.8, 5),
    isotherm_count=st.integers(2, 10),
    order=st.sampled_from(["measured", "shuffled", "by field"]),
    seed=st.integers(0, 1000),
)
def test_isotherms_that_wander_stay_whole_in_every_order(jitter, count, step, isotherm_count, order, seed):
    number, temperature, field = isotherms(2 + step * np.arange(isotherm_count), count, jitter, seed)
    rows = np.arange(len(number))
    if order == "shuffled":
        rows = np.random.default_rng(seed).permutation(rows)
    elif order == "by field":
        rows = np.argsort(field, kind="stable")
    found = find_sweeps(temperature[rows, None], field[rows])
    pairs = {(true, mine) for true, mine in zip(number[rows].tolist(), found.tolist(), strict=True)}
    assert len(pairs) == isotherm_count == len(np.unique(found))


@pytest.mark.parametrize("way", [1, -1])
def test_warming_and_cooling_and_a_second_warming_stay_apart(way):
    field = np.repeat([100.0, 1000.0], 90) + np.random.default_rng(0).normal(0, 0.4, 180)
    up = np.linspace(2, 300, 30)
    temperature = np.concatenate([up, up[::-1][::way], up, up, up[::-1][::way], up])
    assert len(np.unique(find_sweeps(field[:, None], temperature))) == 6


def test_a_hysteresis_loop_is_its_branches():
    temperature = 2 + np.random.default_rng(1).normal(0, 0.01, 100)
    field = np.concatenate([np.linspace(0, 7, 20), np.linspace(7, -7, 40), np.linspace(-7, 7, 40)])
    assert len(np.unique(find_sweeps(temperature[:, None], field))) == 3


def test_one_reading_astray_ends_no_sweep():
    _, temperature, field = isotherms([2, 4, 6], 30, 0.003, 0)
    temperature[40] += 0.3
    assert len(np.unique(find_sweeps(temperature[:, None], field))) == 3


def test_close_set_points_that_are_held_stay_apart():
    random = np.random.default_rng(0)
    fields = np.array([0, 10, 20, 30, 100, 1000, 10_000, 50_000.0])
    field = np.repeat(fields, 30) + random.normal(0, 0.3, 240)
    temperature = np.tile(np.linspace(2, 60, 30), 8)
    found = find_sweeps(field[:, None], temperature)
    assert len(np.unique(found)) == 8
    places = np.unique(settled(field[:, None], found))
    np.testing.assert_allclose(places, fields, atol=0.5)
    assert len(np.unique(set_points(np.tile(fields, 5)))) == 8


def test_points_measured_anywhere_are_no_sweeps():
    random = np.random.default_rng(2)
    found = find_sweeps(random.uniform(2, 60, (200, 1)), random.uniform(0, 5e4, 200))
    assert len(np.unique(found)) > 100


def test_two_slow_axes_are_held_together():
    angle = np.repeat([0, 15, 30.0], 60)
    field = np.tile(np.repeat([100, 1000, 5000.0], 20), 3) + np.random.default_rng(0).normal(0, 0.3, 180)
    temperature = np.tile(np.linspace(2, 50, 20), 9)
    assert len(np.unique(find_sweeps(np.stack([angle, field], axis=1), temperature))) == 9
