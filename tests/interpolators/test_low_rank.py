"""Cubes as a few pictures with heights over their slow axes."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.fitted_low_rank import FittedLowRank
from napari_scantwin.interpolators.low_rank import LowRank
from napari_scantwin.interpolators.protocol import Folds

from .cubes import ANGLE, ENERGY, SLOW, cube, mesh, moving, staying

EVERY_SECOND = np.arange(len(SLOW)) % 2 == 0
SCATTERED = np.random.default_rng(7).uniform([0, -3, -1], [7, 3, 0.2], (400, 3))


def error(points, function, fitted, places) -> float:
    wrong = fitted.outputs(places).mean(axis=0) - points.truth(function, places)
    return float(np.sqrt(np.mean(wrong**2)))


def line_error(points, function) -> float:
    """The error of straight lines between the slices kept, at those hidden inside."""
    values = points.targets.reshape(len(SLOW), -1)
    hidden = np.flatnonzero(~EVERY_SECOND)[:-1]
    line = np.stack([np.interp(SLOW[hidden], SLOW[EVERY_SECOND], one[EVERY_SECOND]) for one in values.T], axis=1)
    exact = points.truth(function, mesh(SLOW[hidden], ANGLE, ENERGY))
    return float(np.sqrt(np.mean((line.ravel() - exact) ** 2)))


HIDDEN = mesh(SLOW[~EVERY_SECOND][:-1], ANGLE, ENERGY)


def test_hidden_slices_are_better_than_a_straight_line_by_far():
    points = cube()
    fitted = LowRank().fit(points, EVERY_SECOND)
    assert error(points, staying, fitted, HIDDEN) < 0.6 * line_error(points, staying)


def test_nothing_is_taken_from_slices_that_are_hidden():
    points, other = cube(), cube()
    other.targets = np.where(EVERY_SECOND[other.group], other.targets, 99.0)
    one, two = (LowRank().fit(each, EVERY_SECOND).outputs(HIDDEN) for each in (points, other))
    np.testing.assert_array_equal(one, two)


def test_members_scatter_as_far_as_the_mean_is_off():
    points = cube()
    fitted = LowRank().fit(points, EVERY_SECOND)
    stated = np.sqrt(np.mean(fitted.outputs(HIDDEN).var(axis=0)))
    assert 0.5 < stated / error(points, staying, fitted, HIDDEN) < 2


def test_a_band_that_moves_by_many_widths_is_followed():
    kept = np.arange(len(SLOW)) % 3 != 1
    points = cube(moving)
    places = mesh(SLOW[~kept], ANGLE, ENERGY)
    still, follows = (LowRank(1, axis).fit(points, kept) for axis in (None, 2))
    assert error(points, moving, follows, places) < 0.5 * error(points, moving, still, places)
    assert LowRank(1, 2) in LowRank.candidates(points, None)
    assert LowRank(1, 2) not in LowRank.candidates(cube(), None)


@pytest.mark.parametrize("every", [2, 3])
@pytest.mark.parametrize("function", [staying, moving])
def test_sums_over_slices_are_no_further_off_than_a_straight_line_s(function, every):
    kept = (np.arange(len(SLOW)) % every != 1) | (np.arange(len(SLOW)) == len(SLOW) - 1)
    exact = function(*mesh(SLOW[~kept], ANGLE, ENERGY).T).reshape((~kept).sum(), -1).mean(axis=1)
    wrong: list[list] = [[], [], []]
    for seed in range(4):
        points = cube(function, seed=seed)
        sums = points.targets.reshape(len(SLOW), -1).mean(axis=1)
        found = [np.interp(SLOW[~kept], SLOW[kept], sums[kept])]
        for one in (LowRank(), LowRank(1, 2)):
            means = one.fit(points, kept).outputs(mesh(SLOW[~kept], ANGLE, ENERGY)).mean(axis=0)
            found.append(means.reshape(len(exact), -1).mean(axis=1))
        for errors, one in zip(wrong, found, strict=True):
            errors.append(one * points.spread + points.offset - exact)
    line, *others = [np.sqrt(np.mean(np.square(errors))) for errors in wrong]
    assert max(others) < 1.02 * line


def test_readings_that_are_missing_are_bridged():
    points = cube()
    random = np.random.default_rng(2)
    block = (points.group == 4) & (points.coordinates[:, 2] > -0.5)
    rows = np.flatnonzero((random.random(len(points.targets)) > 0.15) & ~block)
    whole = error(points, staying, LowRank().fit(points, np.ones(12, bool)), points.coordinates)
    holes = cube()
    for name in ("coordinates", "targets", "variance", "group"):
        setattr(holes, name, getattr(holes, name)[rows])
    fitted = LowRank().fit(holes, np.ones(12, bool))
    assert error(points, staying, fitted, points.coordinates) < 1.4 * whole
    assert error(points, staying, fitted, points.coordinates[block]) < 3 * whole


def test_two_slow_axes_of_unequal_spacing():
    field = np.array([0.0, 0.3, 1.0, 2.5, 4.0])

    def both(slow, magnetic, energy):
        return (1 + slow * np.exp(-magnetic / 2) / 4) / (1 + ((energy + 0.4) / 0.2) ** 2) + 0.1 * magnetic

    axes = (SLOW, field, np.linspace(-1, 0.2, 61))
    points = cube(both, 0.1, axes)
    assert LowRank(2) in LowRank.candidates(points, None)
    places = mesh(SLOW[~EVERY_SECOND][:-1], field, axes[2])
    found = error(points, both, LowRank(2).fit(points, EVERY_SECOND), places)
    assert found < 0.5 * 0.1 / points.spread  # of the noise
    assert error(points, both, LowRank(2).fit(points, np.ones(12, bool)), mesh(SLOW, np.array([0.6, 3.0]), axes[2])) < (
        0.5 * 0.1 / points.spread
    )


@pytest.mark.parametrize("one", [LowRank(), LowRank(2), LowRank(1, 2)], ids=str)
def test_a_file_holds_all_of_it(one):
    fitted = one.fit(cube(moving), np.ones(12, bool))
    again = FittedLowRank.from_arrays(fitted.to_arrays())
    np.testing.assert_array_equal(again.outputs(SCATTERED), fitted.outputs(SCATTERED))


@pytest.mark.parametrize("one", [LowRank(), LowRank(1, 2)], ids=str)
def test_places_on_a_grid_and_alone_say_the_same(one):
    fitted = one.fit(cube(moving), np.ones(12, bool))
    grid = mesh(np.array([0.3, 2.0, 2.2, 6.0]), np.linspace(-3, 3, 7), np.linspace(-1, 0.2, 9))
    together = fitted.outputs(grid)
    alone = np.concatenate([fitted.outputs(grid[number : number + 1]) for number in range(0, len(grid), 17)], axis=1)
    np.testing.assert_allclose(alone, together[:, ::17], atol=1e-9)


@pytest.mark.parametrize("one", [LowRank(), LowRank(1, 2)], ids=str)
def test_slopes_are_those_of_the_outputs(one):
    fitted = one.fit(cube(moving), np.ones(12, bool))
    for axis, span in ((0, 8.0), (1, 6.0), (2, 1.2)):
        shift = 1e-4 * span * np.eye(3)[axis]
        inside = SCATTERED[(SCATTERED[:, 0] > 0.1)]
        chord = (fitted.outputs(inside + shift) - fitted.outputs(inside - shift)) / (2e-4 * span)
        slopes = fitted.slopes(inside, axis, span, 1)
        assert np.median(np.abs(slopes - chord)) < 1e-4 * np.abs(chord).max()


def test_beyond_the_outermost_slice_it_is_held():
    fitted = LowRank().fit(cube(), np.ones(12, bool))
    assert fitted.held_range(0) == (0.0, 8.0)
    far, end = (fitted.outputs(np.array([[slow, 0.0, -0.4]])) for slow in (11.0, 8.0))
    np.testing.assert_array_equal(far, end)


def test_a_fold_says_what_a_fit_without_it_says():
    points = cube()
    found = LowRank().fit_folds(points, Folds([EVERY_SECOND, ~EVERY_SECOND], workers=2))
    assert found.whole is None
    for mask, fit in zip((EVERY_SECOND, ~EVERY_SECOND), found.fits, strict=True):
        np.testing.assert_array_equal(fit.outputs(SCATTERED), LowRank().fit(points, mask).outputs(SCATTERED))


def test_readings_without_noise_are_met():
    points = cube(staying, 1e-12)
    assert error(points, staying, LowRank().fit(points, np.ones(12, bool)), points.coordinates) < 1e-3


def test_scattered_points_and_few_slices_are_left_to_others():
    points = cube()
    points.sweeps = False
    assert LowRank.candidates(points, None) == []
    assert LowRank.candidates(cube(axes=(SLOW[:4], ANGLE, ENERGY)), None) == []


def test_it_ends_when_told_to():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        LowRank().fit(cube(), EVERY_SECOND, stop=stop)
