"""Polynomials and interpolation along the slow axis, as the protocol has them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.interpolators.aligned_interpolation import AlignedInterpolation
from napari_scantwin.interpolators.gaussian_process import GaussianProcess
from napari_scantwin.interpolators.polynomial import Polynomial
from napari_scantwin.interpolators.protocol import Folds

from .conftest import KNOTS, points, slanted_step

EVERYTHING = np.ones(6, bool)
PLACES = np.random.default_rng(5).uniform([0.5, 8], [8.5, 47], (80, 2))
SOME = [
    Polynomial(2),
    AlignedInterpolation("plain", "plain", "monotone", 0.1),
    AlignedInterpolation("plain", "root", "cubic", 1.0),
    GaussianProcess("plain"),
]


def test_a_quadratic_is_found_by_least_squares(step):
    slow, fast = step.coordinates.T
    step.targets = 1 + 0.2 * slow - 0.01 * fast + 0.003 * slow * fast
    found = Polynomial(2).fit(step, EVERYTHING).outputs(PLACES)[0]
    np.testing.assert_allclose(found, 1 + 0.2 * PLACES[:, 0] - 0.01 * PLACES[:, 1] + 0.003 * PLACES.prod(axis=1))


def test_a_step_that_moves_is_followed_by_aligned_sweeps_and_smeared_by_a_spline(step):
    kept, mine = np.arange(6) != 3, step.group == 3
    exact = slanted_step(KNOTS[3], step.coordinates[mine, 1])
    errors = [
        np.std(AlignedInterpolation("plain", "plain", "monotone", share).fit(step, kept).outputs(
            step.coordinates[mine]).mean(axis=0) - exact)
        for share in (0.1, 1.0)
    ]  # fmt: skip
    assert errors[0] < 0.3 * errors[1]


def test_names_tell_a_spline_from_aligned_interpolation():
    assert str(SOME[1]) == "aligned interpolation, monotone, plain/plain"
    assert str(SOME[2]) == "spline, cubic, root"


@pytest.mark.parametrize("interpolator", SOME, ids=str)
def test_slopes_are_those_of_the_outputs(step, interpolator):
    fitted = interpolator.fit(step, EVERYTHING)
    for axis, span in ((0, 9.0), (1, 45.0)):
        shift = 1e-4 * span * np.eye(2)[axis]
        inside = PLACES[::4]
        chord = (fitted.outputs(inside + shift) - fitted.outputs(inside - shift)) / (2e-4 * span)
        slopes = fitted.slopes(inside, axis, span, 1)
        # Where a spline has a knot between, the chord is off.
        assert np.median(np.abs(slopes - chord)) < 1e-5 * np.abs(chord).max()


def test_a_slope_at_the_end_of_what_was_measured_is_the_one_inside(step):
    step.targets = 0.1 * step.coordinates[:, 0]
    fitted = AlignedInterpolation("plain", "plain", "monotone", 1.0).fit(step, EVERYTHING)
    assert fitted.held_range(0) == (0.0, 9.0)
    ends = np.array([[0.0, 20.0], [9.0, 20.0], [12.0, 20.0]])
    np.testing.assert_allclose(fitted.slopes(ends, 0, 9.0, 1).mean(axis=0), [0.1, 0.1, 0.0], atol=1e-9)


@pytest.mark.parametrize("interpolator", SOME, ids=str)
def test_a_fold_says_what_a_fit_without_it_says(step, interpolator):
    masks = [np.arange(6) != number for number in (1, 4)]
    found = interpolator.fit_folds(step, Folds(masks, workers=2))
    assert found.whole is None
    for mask, fit in zip(masks, found.fits, strict=True):
        np.testing.assert_array_equal(fit.outputs(PLACES), interpolator.fit(step, mask).outputs(PLACES))


def test_what_does_not_apply_to_a_scan_is_not_tried():
    scattered = points()
    scattered.sweeps = False
    assert AlignedInterpolation.candidates(scattered, None) == []
    assert len(AlignedInterpolation.candidates(points(), None)) == 24  # 3 scales: 6 splines, 18 aligned
