"""Weights: never negative, chosen on what was not seen, by no single sweep, and not on the sweep they are scored on."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.interpolators.protocol import ALIGNED, NETWORKS, SPLINE
from napari_scantwin.twin.validation.stacking import HeldOut, cross_fitted

GROUP = np.repeat(np.arange(6), 20)
INNER = (GROUP > 0) & (GROUP < 5)
WAVE = np.sin(np.arange(len(GROUP)))


def held_out(*predictions, families=None, group=GROUP, inner=INNER) -> HeldOut:
    held = HeldOut(np.zeros(len(group)), group, inner, np.ones(len(group)))
    for number, prediction in enumerate(predictions):
        family = "spline" if families is None else families[number]
        held.add(np.asarray(prediction, float), np.zeros(len(group)), family)
    return held


@pytest.mark.parametrize("families", [("a", "a", "a"), ("a", "b", "c")])
def test_opposite_errors_cancel_and_a_bad_interpolator_gets_nothing(families):
    weights = held_out(WAVE, -WAVE, 5 * np.cos(np.arange(len(GROUP))), families=families).weights()
    np.testing.assert_allclose(weights, [0.5, 0.5, 0], atol=1e-3)


@pytest.mark.parametrize("spoiled", [np.nan, np.inf, 1e200])
def test_an_interpolator_that_diverged_is_left_out(spoiled):
    held = held_out(WAVE, np.full(len(GROUP), spoiled))
    np.testing.assert_array_equal(held.weights(), [1, 0])
    assert np.isfinite(cross_fitted(held, held.weights())).all()


def test_edges_take_no_part_in_the_choice():
    right_inside = np.where(INNER, 0.0, 9.0)
    right_outside = np.where(INNER, 1.0, 0.0)
    np.testing.assert_allclose(held_out(right_inside, right_outside).weights(), [1, 0], atol=1e-6)


def test_one_sweep_does_not_decide():
    """One is ten times worse than the other on nine sweeps of ten; the other loses more than that on the tenth."""
    group = np.repeat(np.arange(12), 20)
    inner = (group > 0) & (group < 11)
    wave = np.sin(np.arange(len(group)))
    nearly_always = np.where(group == 5, 20 * wave, 0.1 * wave)
    else_ = np.where(group == 5, 5 * np.cos(np.arange(len(group))), np.cos(np.arange(len(group))))
    held = held_out(nearly_always, else_, group=group, inner=inner)
    by_squares = np.array([np.mean(held.errors()[:, 0] ** 2), np.mean(held.errors()[:, 1] ** 2)])
    assert by_squares[0] > 10 * by_squares[1]  # to the sum of squares the sweep is all there is
    assert held.weights()[0] > 0.4


def test_many_of_a_kind_do_not_win_by_being_many():
    """Of forty that guess one is right by chance on the sweeps at hand; it is not what is trusted."""
    random = np.random.default_rng(0)
    per_sweep = random.normal(size=(40, 6))
    guessing = [2 * np.abs(level)[GROUP] for level in per_sweep]  # all of one sign: nothing cancels
    steady = np.full(len(GROUP), 0.7)
    held = held_out(*guessing, steady, families=["guess"] * 40 + ["steady"])
    assert held.weights()[-1] > 0.5


def test_with_few_sweeps_no_family_goes_that_is_nearly_as_good():
    """One is best on both inner sweeps by a hair; nobody knows by two."""
    few, many = (np.repeat(np.arange(count), 20) for count in (4, 30))
    shares = []
    for group in (few, many):
        inner = (group > 0) & (group < group.max())
        best, hardly = np.full(len(group), 0.1), np.full(len(group), 0.11)  # of one sign: nothing cancels
        families = [ALIGNED, SPLINE]
        shares.append(held_out(best, hardly, families=families, group=group, inner=inner).weights())
    assert shares[0][1] > 0.2
    assert shares[1][1] < 0.05
    poor = np.full(len(few), 10.0)
    inner = (few == 1) | (few == 2)
    assert held_out(0.01 * poor, poor, families=[ALIGNED, NETWORKS], group=few, inner=inner).weights()[1] < 0.02


def test_one_inner_sweep_decides_nothing_by_a_hair():
    """A network that is a little better on the one sweep anyone can be judged by does not take the place of what goes
    through the sweeps."""
    group = np.repeat(np.arange(3), 20)
    families = [ALIGNED, SPLINE, NETWORKS]
    errors = [np.full(len(group), error) for error in (0.10, 0.11, 0.08)]
    weights = held_out(*errors, families=families, group=group, inner=group == 1).weights()
    assert weights[0] > weights[1] > 0.25
    assert weights[2] < 0.1


def test_the_score_of_a_sweep_does_not_profit_from_it():
    """Each interpolator is right on two sweeps: chosen with a sweep in sight, the stacking looks better than
    without."""
    random = np.random.default_rng(0)
    interpolators = [
        np.where(np.isin(GROUP, mine), 0.1, 1.0) * random.normal(size=len(GROUP)) for mine in ((1, 2), (3, 4))
    ]
    held = held_out(*interpolators)
    weights = held.weights()
    seen = (np.stack(interpolators, axis=1) @ weights)[INNER]
    honest = cross_fitted(held, weights)[INNER]
    assert np.mean(honest**2) > 1.1 * np.mean(seen**2)
    spoiled = [np.where(GROUP == 1, 100.0, interpolator) for interpolator in interpolators]
    again = cross_fitted(held_out(*spoiled), weights)
    # Sweep 1's own points keep the weights they had: nothing of sweep 1 was used for them.
    np.testing.assert_allclose(again[GROUP == 1], 100, rtol=1e-6)
    np.testing.assert_allclose(
        held_out(*spoiled).weights(without=np.array([1])), held.weights(without=np.array([1])), atol=1e-12
    )


def test_the_spread_is_that_of_all_members():
    held = HeldOut(np.zeros(len(GROUP)), GROUP, INNER, np.ones(len(GROUP)))
    held.add(np.full(len(GROUP), 1.0), np.full(len(GROUP), 4.0), "a")
    held.add(np.full(len(GROUP), 3.0), np.zeros(len(GROUP)), "a")
    np.testing.assert_allclose(held.spread(np.array([0.5, 0.5])), np.sqrt(0.5 * 4 + 1))
