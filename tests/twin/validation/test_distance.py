"""Extrapolation is told by the distance from measured points."""

from __future__ import annotations

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.twin.data import prepare
from napari_scantwin.twin.validation.distance import FAR, nearest
from napari_scantwin.twin.validation.uncertainty import sample_axes


def sweeps(ends=(50.0, 50.0, 20.0, 50.0, 50.0), hole=None):
    slow = np.concatenate([np.full(91, float(k)) for k in range(len(ends))])
    fast = np.concatenate([np.linspace(5, end, 91) for end in ends])
    if hole is not None:
        kept = (fast < hole[0]) | (fast > hole[1])
        slow, fast = slow[kept], fast[kept]
    values = np.tanh((fast - 20 - 2 * slow) / 3)
    return scans.ragged_scan({"field": (slow, "T"), "temperature": (fast, "K")}, values, name="m", unit="emu")


def test_nowhere_inside_full_sweeps_is_far():
    data = prepare(sweeps(ends=(50.0,) * 5), 8)
    grid = sample_axes(data.coordinates, data.groups.knots)
    places = np.stack([axis.ravel() for axis in np.meshgrid(*grid, indexing="ij")], axis=1)
    assert nearest(data, places).max() < FAR


def test_a_sweep_that_ended_early_and_a_hole_in_all_are_far():
    data = prepare(sweeps(hole=(30, 40)), 8)
    asked = np.array([[2.0, 45.0], [2.5, 45.0], [1.0, 45.0], [2.0, 15.0], [1.0, 35.0], [2.5, 35.0]])
    assert (nearest(data, asked) > FAR).tolist() == [True, False, False, False, True, True]


def test_a_twin_flags_them_and_is_less_sure_there():
    twin = train(sweeps(hole=(30, 40)), TwinSettings(members=2), score_baselines=False)
    asked = np.array([[2.0, 45.0], [1.0, 45.0], [1.0, 35.0], [1.0, 55.0]])
    assert twin.extrapolates(asked).tolist() == [True, False, True, True]
    without = twin.uncertainty.model_uncertainty(asked, np.zeros(4))
    assert without[0] > 2 * without[1]


def test_scattered_points_are_near_each_other():
    random = np.random.default_rng(3)
    x, y = random.uniform(0, 1, (2, 400))
    scan = scans.ragged_scan({"x": (x, "mm"), "y": (y, "mm")}, x + y, name="v", unit="V")
    data = prepare(scan, 8)
    far = nearest(data, random.uniform(0.1, 0.9, (500, 2)))
    assert np.mean(far > FAR) < 0.05
    assert nearest(data, np.array([[1.4, 0.5]]))[0] > FAR
