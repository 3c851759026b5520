"""Weights: never negative, chosen on what was not seen, and not on the sweep they are scored on."""

from __future__ import annotations

import numpy as np

from napari_scantwin.twin.stacking import HeldOut, choose, cross_fitted

GROUP = np.repeat(np.arange(6), 20)
INNER = (GROUP > 0) & (GROUP < 5)


def _held_out(*predictions, targets=None) -> HeldOut:
    held = HeldOut(np.zeros(len(GROUP)) if targets is None else targets, GROUP, INNER, np.ones(len(GROUP)))
    for prediction in predictions:
        held.add(np.asarray(prediction, float), {}, np.zeros(len(GROUP)))
    return held


def test_opposite_errors_cancel_and_a_bad_expert_gets_nothing():
    wave = np.sin(np.arange(len(GROUP)))
    weights = choose(_held_out(wave, -wave, 5 * np.cos(np.arange(len(GROUP)))).errors())
    np.testing.assert_allclose(weights, [0.5, 0.5, 0], atol=1e-6)


def test_an_expert_that_diverged_is_left_out():
    wave = np.sin(np.arange(len(GROUP)))
    weights = choose(_held_out(wave, np.full(len(GROUP), np.nan)).errors())
    np.testing.assert_array_equal(weights, [1, 0])


def test_edges_take_no_part_in_the_choice():
    right_inside = np.where(INNER, 0.0, 9.0)
    right_outside = np.where(INNER, 1.0, 0.0)
    np.testing.assert_allclose(choose(_held_out(right_inside, right_outside).errors()), [1, 0], atol=1e-6)


def test_the_score_of_a_sweep_does_not_profit_from_it():
    """Each interpolator is right on two sweeps: chosen with a sweep in sight, the stacking looks better than
    without."""
    random = np.random.default_rng(0)
    interpolators = [
        np.where(np.isin(GROUP, mine), 0.1, 1.0) * random.normal(size=len(GROUP)) for mine in ((1, 2), (3, 4))
    ]
    held = _held_out(*interpolators)
    weights = choose(held.errors())
    seen = (np.stack(interpolators, axis=1) @ weights)[INNER]
    honest = cross_fitted(held, weights)[INNER]
    assert np.mean(honest**2) > 1.1 * np.mean(seen**2)
    spoiled = [np.where(GROUP == 1, 100.0, interpolator) for interpolator in interpolators]
    again = cross_fitted(_held_out(*spoiled), weights)
    # Sweep 1's own points keep the weights they had: nothing of sweep 1 was used for them.
    share = honest[GROUP[INNER] == 1] @ np.linalg.pinv(np.stack([e[GROUP == 1] for e in interpolators], axis=0))
    np.testing.assert_allclose(again[GROUP == 1], 100 * share.sum(), rtol=1e-6)


def test_neighbours_are_judged_without_the_sweep():
    held = HeldOut(np.zeros(len(GROUP)), GROUP, INNER, np.ones(len(GROUP)))
    held.add(np.ones(len(GROUP)), {(1, 2): np.full(20, 7.0)}, np.zeros(len(GROUP)))
    assert held.errors(without=1)[:20].tolist() == [[7.0]] * 20
    assert held.errors(without=2).max() == 1


def test_the_spread_is_that_of_all_members():
    held = HeldOut(np.zeros(len(GROUP)), GROUP, INNER, np.ones(len(GROUP)))
    held.add(np.full(len(GROUP), 1.0), {}, np.full(len(GROUP), 4.0))
    held.add(np.full(len(GROUP), 3.0), {}, np.zeros(len(GROUP)))
    np.testing.assert_allclose(held.spread(np.array([0.5, 0.5])), np.sqrt(0.5 * 4 + 1))
