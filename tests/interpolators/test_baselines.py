"""Baselines: each fits what it claims to, and sees no held-out sweep."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.interpolators.baselines import BASELINES, score_baselines

FIELDS = np.array([0.0, 1, 2, 4, 6, 9])


def _scan(function) -> scans.xr.DataArray:
    temperature = np.tile(np.linspace(5, 50, 40), len(FIELDS))
    field = np.repeat(FIELDS, 40)
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}
    return scans.ragged_scan(axes, function(field, temperature), name="moment", unit="emu")


def _smooth(field, temperature):
    return np.sin(temperature / 9) + 0.1 * field


@pytest.mark.parametrize("name", BASELINES)
def test_every_rival_returns_a_smooth_scan(name):
    scan = _scan(_smooth)
    table = scans.points(scan)
    baseline = BASELINES[name]()
    found = baseline.fit(scan, np.ones(len(table.values), bool), baseline.settings(scan)).predict(table.coordinates)
    assert np.sqrt(np.mean((found - table.values) ** 2)) < 0.1 * np.ptp(table.values)


@pytest.mark.parametrize("name", BASELINES)
def test_a_held_out_sweep_is_not_fitted(name):
    scan = _scan(_smooth)
    table = scans.points(scan)
    held = table.sweep == 2
    spoiled = scan.copy(data=np.where(held, 1e3, scan.values))
    settings = BASELINES[name]().settings(scan)
    one, other = (BASELINES[name]().fit(s, ~held, settings).predict(table.coordinates) for s in (scan, spoiled))
    np.testing.assert_array_equal(one, other)


def test_the_moving_mesh_follows_a_transition_that_others_smear():
    scan = _scan(lambda h, t: np.tanh(t - 10 - 3 * h))
    errors = {}
    for name in ("aligned interpolation", "monotone spline"):
        found = score_baselines(scan, np.arange(6), names=[name])[name]
        errors[name] = np.sqrt(np.nanmean((found - scan.values)[40:-40] ** 2))
    assert errors["aligned interpolation"] < 0.3 * errors["monotone spline"]


def test_masked_points_and_spared_sweeps_are_not_scored():
    scan = _scan(_smooth)
    scan = scans.with_masked(scan, scans.sweep_numbers(scan) == 3)
    found = score_baselines(scan, np.array([0, 1, -1, 2, 3]), names=["linear"])["linear"]
    assert np.isnan(found[scans.sweep_numbers(scan) == 3]).all()
    assert np.isnan(found[scans.sweep_numbers(scan) == 2]).all()
    assert np.isfinite(found[scans.sweep_numbers(scan) == 1]).all()


def test_a_method_that_does_not_apply_is_missing():
    axes = {"tilt": (np.arange(3.0), "deg"), "angle": (np.arange(4.0), "deg"), "energy": (np.arange(5.0), "eV")}
    cube = scans.gridded_scan(axes, np.random.default_rng(0).normal(size=(3, 4, 5)), name="counts", unit="count")
    found = score_baselines(cube, np.repeat(np.arange(3), 4), names=["aligned interpolation", "cubic spline", "linear"])
    assert set(found) == {"linear"}


def _cube(function, noise=0.0, holes=None):
    """Nine tilts, 20 angles, 30 energies; ``holes`` [9, 20, 30] says what the detector did not see."""
    tilt, angle, energy = np.arange(9.0), np.linspace(-5, 5, 20), np.linspace(-1, 0, 30)
    values = function(*np.meshgrid(tilt, angle, energy, indexing="ij"))
    values = values + noise * np.random.default_rng(0).normal(size=values.shape)
    values = values if holes is None else np.where(holes, np.nan, values)
    axes = {"tilt": (tilt, "deg"), "angle": (angle, "deg"), "energy": (energy, "eV")}
    return scans.gridded_scan(axes, values, name="counts", unit="count")


def _three_parts(tilt, angle, energy):
    """Slices that are a mean and two further pictures, in amounts that are a line and a parabola of the tilt."""
    return np.cos(angle) + tilt * np.sin(3 * energy) + (tilt - 4) ** 2 * 0.1 * angle * energy


def _errors(scan, truth, names):
    slices = np.unique(scans.points(scan).sweep) // 20
    found = score_baselines(scan, slices, names=names)
    inner = np.zeros(truth.shape, bool)
    inner[1:-1] = True
    inner = inner[np.isfinite(scan.values)]
    return {name: np.sqrt(np.mean((one - truth[np.isfinite(scan.values)])[inner] ** 2)) for name, one in found.items()}


def test_pca_finds_how_many_pictures_a_cube_is_made_of():
    scan = _cube(_three_parts)
    assert BASELINES["PCA"]().settings(scan) == {"components": 2, "spline": True}
    assert _errors(scan, scan.values, ["PCA"])["PCA"] < 1e-9


@pytest.mark.parametrize("holes", [False, True])
def test_slices_that_are_smoothed_or_cut_down_forget_their_noise(holes):
    tilt, angle, _ = np.meshgrid(np.arange(9), np.arange(20), np.arange(30), indexing="ij")
    unseen = (angle < 4 - tilt) | (angle < 1) if holes else None
    truth = _cube(_three_parts).values
    found = _errors(_cube(_three_parts, 1.0, unseen), truth, ["linear", "Gaussian smoothing", "PCA"])
    assert found["Gaussian smoothing"] < 0.5 * found["linear"]
    assert found["PCA"] < 0.9 * found["linear"]


def test_a_hole_is_filled_from_the_slices_beside_it():
    holes = np.zeros((9, 20, 30), bool)
    holes[3, :5] = True
    scan = _cube(lambda tilt, angle, energy: tilt + angle, holes=holes)
    table = scans.points(scan)
    everything = np.ones(len(table.values), bool)
    for name in ("Gaussian smoothing", "PCA"):
        baseline = BASELINES[name]()
        baseline.fit(scan, everything, {"width": 0.0, "components": 2, "spline": False})
        np.testing.assert_allclose(
            baseline.predict(np.array([[3.0, -5.0, -0.5], [3.5, 0.0, 0.0]])), [-2, 3.5], atol=1e-9
        )


def test_sweeps_without_a_common_grid_are_no_slices():
    axes = {"magnetic_field": (np.repeat(FIELDS, 40), "T"), "temperature": (np.linspace(5, 50, 240), "K")}
    scan = scans.ragged_scan(axes, np.arange(240.0), name="moment", unit="emu")
    assert not score_baselines(scan, np.arange(6), names=["Gaussian smoothing", "PCA"])


def test_a_stop_and_wrong_folds_are_told():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        score_baselines(_scan(_smooth), np.arange(6), stop=stop)
    with pytest.raises(ScanError, match="6 sweeps need a fold each"):
        score_baselines(_scan(_smooth), np.arange(5))
