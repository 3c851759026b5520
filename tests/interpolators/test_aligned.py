"""The aligned interpolation: sweeps lined up by accumulated change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.core.grids import mesh as points_of
from napari_scantwin.interpolators.aligned import SPLINES, CurveRegistration, rank, slow_scale, sweep_rows
from napari_scantwin.interpolators.row_curves import read_rows

KNOTS = np.arange(0.0, 6.0)


def _peak(slow, fast):
    return (1 + 0.2 * slow) * np.exp(-(((fast - 10 - 6 * slow) / 1.5) ** 2))


def _mesh(share: float, function=_peak, **kinds) -> CurveRegistration:
    fast = np.tile(np.linspace(0, 50, 201), len(KNOTS))
    group = np.repeat(np.arange(len(KNOTS)), 201)
    return CurveRegistration(KNOTS, sweep_rows(fast, function(KNOTS[group], fast), group, len(KNOTS), share), **kinds)


def _dense():
    slow, fast = np.meshgrid(np.linspace(0, 5, 21), np.linspace(0, 50, 301), indexing="ij")
    return np.stack([slow.ravel(), fast.ravel()], axis=1)


def test_a_peak_that_moves_further_than_it_is_wide_stays_one_peak():
    points = _dense()
    exact = _peak(*points.T)
    moving, standing = (np.abs(_mesh(share).predict(points) - exact) for share in (0.1, 1.0))
    assert moving.max() < 0.08
    assert standing.max() > 0.5


@pytest.mark.parametrize("spline", ["monotone", "cubic"])
def test_measured_sweeps_come_back(spline):
    points = _dense()
    points = points[points[:, 0] == np.round(points[:, 0])]
    assert np.abs(_mesh(0.1, spline=spline).predict(points) - _peak(*points.T)).max() < 5e-3


def test_the_prediction_is_smooth_enough_for_a_derivative():
    line = np.stack([np.full(20_001, 2.5), np.linspace(23, 27, 20_001)], axis=1)
    slope = np.gradient(_mesh(0.1).predict(line), line[:, 1])
    assert np.abs(np.diff(slope)).max() < 0.02 * np.ptp(slope)


def test_levels_that_cross_do_no_harm():
    def wild(slow, fast):
        return np.tanh(fast - 25 + 20 * np.cos(2.5 * slow))

    points = _dense()
    points = np.concatenate([points, points + np.array([0, 80]), points - np.array([9, 80])])
    assert np.abs(_mesh(0.02, wild, spline="cubic").predict(points)).max() < 3


@pytest.mark.parametrize("spline", ["monotone", "cubic"])
def test_levels_that_would_pile_up_make_no_jump(spline):
    def martensite(slow, fast):
        """A step that moves down while what is above it grows and falls with the fast axis: levels below and above
        it move at speeds of their own."""
        field = 0.04 * 3**slow
        above = np.tanh(0.35 * field + 0.3 * np.cbrt(field)) * (1 - (fast / 120) ** 2)
        low = 0.2 * np.tanh(0.3 * field) * (1 - 0.001 * fast)
        share = 1 / (1 + np.exp(-(fast - 40 + 2.5 * field) / 1.2))
        return share * above + (1 - share) * low

    fine = np.linspace(0, 50, 20_001)

    def steepest(slow):
        line = np.stack([np.full(len(fine), slow), fine], axis=1)
        return np.abs(np.diff(mesh.predict(line))).max()

    mesh = _mesh(0.1, martensite, position_scale="root", value_scale="root", spline=spline)
    measured = max(steepest(slow) for slow in KNOTS)
    assert max(steepest(slow) for slow in np.linspace(0, 5, 51)) < 3 * measured


def test_a_single_sweep_is_held_everywhere():
    fast = np.linspace(0, 1, 30)
    mesh = CurveRegistration(np.array([3.0]), sweep_rows(fast, fast**2, np.zeros(30, int), 1, 0.1))
    np.testing.assert_allclose(mesh.predict(np.array([[-9, 0.5], [3, 0.5], [9, 0.5]])), 0.25, atol=1e-3)


def test_a_jump_is_not_overshot():
    x, y = np.array([[0.0, 1, 1.1, 3, 4]]), np.array([[0.0, 0, 1, 1, 1]])
    inside = read_rows(x, y, np.zeros(200, int), np.linspace(-1, 5, 200))
    assert inside.min() >= 0
    assert inside.max() <= 1


def test_scales_keep_sign_and_order():
    knots = np.array([-100.0, -1, 0, 1, 100])
    for kind in ("plain", "root", "log"):
        scaled = slow_scale(kind, knots, knots)
        assert (np.diff(scaled) > 0).all()
        np.testing.assert_allclose(scaled, -scaled[::-1])


def test_rank_is_exact_at_set_points_and_linear_outside():
    knots = np.array([100.0, 1000.0, 5000.0])
    np.testing.assert_allclose(rank(knots, np.array([100, 1000, 3000, 9000.0, -800.0])), [0, 1, 1.5, 3, -1])


def test_a_sweep_goes_on_straight_to_the_end_of_a_slightly_longer_one():
    # Ends that jitter by less than a step must not flatten the sweeps that end first.
    fast, group = np.concatenate([np.linspace(0.3, 9.8, 40), np.linspace(0, 10, 40)]), np.repeat([0, 1], 40)
    mesh = CurveRegistration(np.array([0.0, 1.0]), sweep_rows(fast, 2 * fast + group, group, 2, 1.0))
    at = np.linspace(0.08, 9.99, 50)
    np.testing.assert_allclose(mesh.predict(np.stack([np.zeros(50), at], axis=1)), 2 * at, atol=0.02)


def test_two_noisy_readings_close_together_at_an_end_have_no_slope():
    fast = np.concatenate([np.linspace(0, 9, 31), [9.0001], np.linspace(0, 10, 31)])
    values = np.concatenate([np.zeros(31), [0.01], np.zeros(31)])
    group = np.repeat([0, 1], [32, 31])
    rows = sweep_rows(fast, values, group, 2, 0.1)
    assert np.abs(rows.values).max() < 0.05


def test_a_sweep_that_ends_early_is_held_beyond_a_step():
    fast, group = np.concatenate([np.linspace(0, 5, 26), np.linspace(0, 10, 51)]), np.repeat([0, 1], [26, 51])
    mesh = CurveRegistration(np.array([0.0, 1.0]), sweep_rows(fast, fast, group, 2, 1.0))
    np.testing.assert_allclose(mesh.predict(np.array([[0.0, 6.0], [0.0, 9.0]])), 5.2, atol=0.02)


def test_errors_are_carried_from_sweep_to_sweep_along_the_mesh():
    fast, group = np.tile(np.linspace(0, 50, 201), len(KNOTS)), np.repeat(np.arange(len(KNOTS)), 201)
    values, errors = _peak(KNOTS[group], fast), np.stack([0.1 * group, np.full(len(group), 0.3)])
    mesh = CurveRegistration(KNOTS, sweep_rows(fast, values, group, len(KNOTS), 0.1, errors))
    points = _dense()
    found, *drawn = mesh.with_errors(points)
    np.testing.assert_allclose(found, mesh.predict(points))
    np.testing.assert_allclose(drawn[0], 0.1 * points[:, 0], atol=1e-9)
    np.testing.assert_allclose(drawn[1], 0.3, atol=1e-9)


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 7),
    share=st.sampled_from([0.02, 0.1, 1.0]),
    spline=st.sampled_from(list(SPLINES)),
    scales=st.tuples(*[st.sampled_from(["plain", "root", "log"])] * 2),
    places=st.sampled_from(["even", "uneven", "falling", "one"]),
)
def test_a_grid_has_what_its_points_have(seed, count, share, spline, scales, places):
    """Whatever the sweeps look like: jumps, peaks, flat ones, ends that differ; inside, at and beyond them."""
    random = np.random.default_rng(seed)
    knots = np.cumsum(random.uniform(0.05, 3, count))
    fast = np.concatenate([np.sort(random.uniform(*np.sort(random.uniform(0, 50, 2)), 30)) for _ in knots])
    group = np.repeat(np.arange(count), 30)
    values = np.sign(fast - 25 - 2 * group) * random.choice([0, 1]) + np.exp(
        -((fast - 20) ** 2) / random.uniform(0.01, 9)
    )
    errors = 0.1 * random.normal(size=(random.choice([0, 2]), len(fast)))
    rows = sweep_rows(fast, values, group, count, share, errors)
    registration = CurveRegistration(knots, rows, *scales, spline)
    slow = np.concatenate([knots, random.uniform(0.01, knots[-1] + 1, 6)])
    at = {
        "even": np.linspace(-5, 55, 61),
        "uneven": np.sort(random.uniform(-5, 55, 61)),
        "falling": np.linspace(55, -5, 61),
        "one": random.uniform(0, 50, 1),
    }[places]
    found, *drawn = registration.with_errors(points_of((slow, at)))
    grid, squares = registration.on_grid(slow, at)
    tolerance = 1e-5 * max(np.ptp(values), 1.0)  # what is learned has a deviation of one
    np.testing.assert_allclose(grid.ravel(), found, rtol=0, atol=tolerance)
    expected = np.sqrt(np.mean(np.square(drawn), axis=0)) if drawn else np.zeros(len(found))
    np.testing.assert_allclose(np.sqrt(squares.ravel()), expected, rtol=0, atol=tolerance)
