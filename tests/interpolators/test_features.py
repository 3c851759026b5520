"""Features: axes on their scales, ranges of order one."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.interpolators.features import FeatureMap, scales

KNOTS = np.array([1.0, 10, 50, 100, 200])
COORDINATES = np.array([[slow, fast] for slow in KNOTS for fast in np.linspace(5, 60, 12)])


@pytest.mark.parametrize("scale", ["plain", "root", "log"])
def test_inputs_span_the_same_range_on_every_scale(scale):
    inputs = FeatureMap.fit(scale, COORDINATES, KNOTS)(COORDINATES)
    np.testing.assert_allclose(inputs.min(axis=0), -1.7)
    np.testing.assert_allclose(inputs.max(axis=0), 1.7)
    assert (np.diff(inputs[::12, 0]) > 0).all()


def test_a_logarithm_does_not_rest_on_a_held_out_set_point():
    without = FeatureMap.fit("log", COORDINATES, KNOTS[1:])
    assert 1.0 not in without.knots
    assert not np.allclose(without(COORDINATES), FeatureMap.fit("log", COORDINATES, KNOTS)(COORDINATES))


def test_a_map_survives_its_arrays():
    mapped = FeatureMap.fit("log", COORDINATES, KNOTS)
    np.testing.assert_array_equal(FeatureMap.from_arrays(mapped.to_arrays())(COORDINATES), mapped(COORDINATES))


def test_an_even_axis_is_not_compressed():
    assert scales(np.arange(5.0)) == ["plain"]
    assert scales(np.array([-100, -10, 0, 10, 100.0])) == ["plain", "root", "log"]
    assert scales(KNOTS) == ["plain", "root", "log"]
    assert scales(np.array([1000.0, 1001, 1005])) == ["plain"]
