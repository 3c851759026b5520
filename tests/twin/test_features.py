"""Features: axes scaled, sweeps aligned, held-out sweeps unseen."""

from __future__ import annotations

import numpy as np

from napari_scantwin.twin.features import Candidate, FeatureMap, candidates, fit_features, slow_scale


def _steps():
    """Five sweeps of one step that moves by 3 a sweep."""
    fast = np.linspace(0, 50, 101)
    coordinates = np.array([[slow, t] for slow in range(5) for t in fast])
    group = coordinates[:, 0].astype(int)
    values = np.tanh((coordinates[:, 1] - 15 - 3 * coordinates[:, 0]) / 2)
    return coordinates, values, group


def test_the_aligned_coordinate_is_the_same_at_the_step_of_every_sweep():
    coordinates, values, group = _steps()
    everything = np.ones(len(values), bool)
    mapped = fit_features(Candidate("rank", True), coordinates, values, group, np.arange(5.0), everything)
    at_step = mapped(np.array([[slow, 15 + 3 * slow] for slow in np.linspace(0, 4, 9)]))[:, -1]
    assert np.ptp(at_step) < 0.1 * np.ptp(mapped(coordinates)[:, -1])


def test_a_held_out_sweep_does_not_shape_the_features():
    coordinates, values, group = _steps()
    used = group != 2
    spoiled = np.where(used, values, 1e3 * np.sin(coordinates[:, 1]))
    one = fit_features(Candidate("rank", True), coordinates, values, group, np.arange(5.0), used)
    other = fit_features(Candidate("rank", True), coordinates, spoiled, group, np.arange(5.0), used)
    np.testing.assert_array_equal(one(coordinates), other(coordinates))


def test_rank_is_exact_at_set_points_and_linear_outside():
    knots = np.array([100.0, 1000.0, 5000.0])
    np.testing.assert_allclose(
        slow_scale("rank", knots, np.array([100, 1000, 3000, 9000.0, -800.0])), [0, 1, 1.5, 3, -1]
    )


def test_a_map_survives_its_arrays():
    coordinates, values, group = _steps()
    mapped = fit_features(Candidate("plain", True), coordinates, values, group, np.arange(5.0), group >= 0)
    again = FeatureMap.from_arrays(mapped.candidate, mapped.to_arrays())
    np.testing.assert_array_equal(again(coordinates), mapped(coordinates))


def test_signed_and_even_axes_are_not_compressed():
    coordinates, _, _ = _steps()
    assert {c.slow for c in candidates(coordinates, np.arange(5.0))} == {"plain"}
    assert {c.slow for c in candidates(coordinates, np.array([-5.0, 0, 1, 9, 100]))} == {"plain", "rank"}
    assert {c.slow for c in candidates(coordinates, np.array([1.0, 5, 10, 100, 900]))} == {"plain", "rank", "root"}
