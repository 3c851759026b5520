"""Features: axes scaled, sweeps aligned, held-out sweeps unseen."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.moving_mesh import sweep_rows
from napari_scantwin.twin.features import Candidate, FeatureMap, scales

KNOTS = np.array([1.0, 10, 50, 100, 200])


def _steps():
    """Five sweeps of one step that moves by 3 a sweep."""
    fast = np.linspace(0, 50, 101)
    coordinates = np.array([[slow, t] for slow in KNOTS for t in fast])
    group = np.repeat(np.arange(5), 101)
    return coordinates, np.tanh((coordinates[:, 1] - 15 - 3 * group) / 2), group


def _mapped(values, kept, slow="log"):
    coordinates, _, group = _steps()
    rows = sweep_rows(coordinates[:, 1], values, group, 5, 0.1)
    return FeatureMap.fit(Candidate(slow, True), coordinates, KNOTS, kept, rows)


def test_the_level_is_the_same_at_the_step_of_every_sweep():
    coordinates, values, _ = _steps()
    mapped = _mapped(values, np.ones(5, bool))
    at_step = mapped(np.stack([KNOTS, 15 + 3.0 * np.arange(5)], axis=1))[:, -1]
    assert np.ptp(at_step) < 0.05 * np.ptp(mapped(coordinates)[:, -1])


@pytest.mark.parametrize("slow", ["plain", "root", "log"])
def test_a_held_out_sweep_shapes_no_feature(slow):
    coordinates, values, group = _steps()
    kept = np.arange(5) != 0
    spoiled = np.where(kept[group], values, 1e3 * np.sin(coordinates[:, 1]))
    one, other = _mapped(values, kept, slow), _mapped(spoiled, kept, slow)
    np.testing.assert_array_equal(one(coordinates), other(coordinates))
    assert 1.0 not in one.knots  # not even the place of the smallest set point, which the logarithm rests on


def test_a_map_survives_its_arrays():
    coordinates, values, _ = _steps()
    mapped = _mapped(values, np.ones(5, bool))
    again = FeatureMap.from_arrays(mapped.candidate, mapped.to_arrays())
    np.testing.assert_array_equal(again(coordinates), mapped(coordinates))
    assert again.width == mapped(coordinates).shape[1] == 3


def test_an_even_axis_is_not_compressed():
    assert scales(np.arange(5.0)) == ["plain"]
    assert scales(np.array([-100, -10, 0, 10, 100.0])) == ["plain", "root", "log"]
    assert scales(KNOTS) == ["plain", "root", "log"]
    assert scales(np.array([1000.0, 1001, 1005])) == ["plain"]
