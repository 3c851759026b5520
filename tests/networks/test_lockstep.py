"""Many functions made least side by side: each as if it were alone."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.lockstep import minimised


def rosenbrocks(places):
    return np.array([rosen(place) for place in places]), np.array([rosen_der(place) for place in places])


def test_each_finds_what_it_would_find_alone():
    start = np.random.default_rng(0).normal(size=(6, 8))
    found, values = minimised(rosenbrocks, start, 2000)
    alone = [minimize(rosen, place, jac=rosen_der, method="L-BFGS-B", options={"maxiter": 2000}) for place in start]
    np.testing.assert_allclose(values, [rosen(place) for place in found])
    assert all(value <= one.fun + 1e-5 for value, one in zip(values, alone, strict=True))


def test_a_neighbour_changes_nothing():
    start = np.random.default_rng(1).normal(size=(3, 4))
    together, _ = minimised(rosenbrocks, start, 40)
    alone, _ = minimised(rosenbrocks, start[1:2], 40)
    np.testing.assert_array_equal(together[1], alone[0])


def test_values_that_are_not_finite_are_stepped_back_from():
    def walled(places):
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(places[:, 0] > 0, places[:, 0] - np.log(places[:, 0]), np.nan), 1 - 1 / places

    found, values = minimised(walled, np.array([[8.0], [0.01]]), 100)
    np.testing.assert_allclose(found, 1, atol=1e-3)
    np.testing.assert_allclose(values, 1, atol=1e-6)


def test_it_ends_when_it_is_stopped():
    stop = threading.Event()
    with pytest.raises(Cancelled):
        minimised(rosenbrocks, np.zeros((1, 4)), 100, stop=stop, on_step=lambda step: step == 3 and stop.set())
