"""Simulating: grids, their checks, cancelling, residuals."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError


def test_a_simulated_scan_is_a_scan_with_errors_flags_and_provenance(twin):
    fields, temperatures = np.linspace(0, 12, 25), np.linspace(10, 40, 31)
    dense = twin.simulate({"magnetic_field": fields, "temperature": temperatures})
    assert scans.is_scan(dense)
    assert dense.shape == (25, 31)
    assert dense.dtype == np.float32
    assert dense.attrs["kind"] == "simulated"
    assert bool(dense["extrapolated"].sel(magnetic_field=12.0).all())
    assert not bool(dense["extrapolated"].sel(magnetic_field=6.0).any())
    points = np.array([[6.0, 20.0]])
    row = dense.sel(magnetic_field=6.0, temperature=20.0)
    np.testing.assert_allclose(row.values, twin.predict(points)[0][0], rtol=1e-5)
    # The members' spread is a small difference of single-precision numbers.
    np.testing.assert_allclose(row["standard_error"].values, twin.predict(points)[1][0], rtol=1e-3)


def test_a_large_map_is_the_same_twin(twin):
    """Its costly interpolators are splined from row to row: the difference is far below the uncertainty."""
    fields, temperatures = np.linspace(-1, 11, 400), np.linspace(10, 40, 350)
    dense = twin.simulate({"magnetic_field": fields, "temperature": temperatures})
    rows = np.random.default_rng(0).integers(0, [400, 350], (800, 2))
    mean, std = twin.predict(np.stack([fields[rows[:, 0]], temperatures[rows[:, 1]]], axis=1))
    assert (np.abs(dense.values[rows[:, 0], rows[:, 1]] - mean) / std).max() < 0.1
    np.testing.assert_allclose(dense["standard_error"].values[rows[:, 0], rows[:, 1]], std, rtol=0.05)


def test_progress_reaches_one_and_a_stop_cancels(twin):
    seen = []
    twin.simulate(on_progress=seen.append)
    assert seen[-1] == 1
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        twin.simulate(stop=stop)


def test_the_residual_is_measured_minus_simulated(twin, scan):
    table = scans.points(scan)
    np.testing.assert_allclose(twin.residual().values, table.values - twin.predict(table.coordinates)[0])


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"pressure": [1.0]}, "no axis 'pressure'"),
        ({"temperature": [np.nan]}, "finite numbers in K"),
        ({"temperature": []}, "finite numbers in K"),
        ({"temperature": [10.0, 10.0]}, "one place twice"),
        ({"temperature": np.arange(1e5), "magnetic_field": np.arange(1e5)}, "too large"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_in_words(twin, grid, words):
    with pytest.raises(ScanError, match=words):
        twin.simulate(grid)
