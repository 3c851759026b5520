"""Cubes with regions the detector does not see: masked, never learned as zero, said to be extrapolated."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.interpolators.baselines import score_baselines
from napari_scantwin.processing import apply
from napari_scantwin.samples import load_sample
from napari_scantwin.twin import TwinSettings, train

SETTINGS = TwinSettings(members=2)
TILT, ANGLE, ENERGY = np.linspace(-6, 6, 7), np.linspace(-8, 8, 11), np.linspace(-1, 0, 8)


def brightness(tilt, angle, energy):
    """A band on a bright ground: nowhere near zero."""
    return 80 + 30 * np.exp(-(((energy + 0.6 - 0.004 * (tilt**2 + angle**2)) / 0.15) ** 2))


@pytest.fixture(scope="module")
def seen():
    """A round detector: the corners of tilt and angle are not seen."""
    tilt, angle, _ = np.meshgrid(TILT, ANGLE, ENERGY, indexing="ij")
    return (tilt / 7) ** 2 + (angle / 8.5) ** 2 < 1


@pytest.fixture(scope="module")
def twin(seen):
    values = brightness(*np.meshgrid(TILT, ANGLE, ENERGY, indexing="ij"))
    axes = {"manipulator_angle": (TILT, "deg"), "angle": (ANGLE, "deg"), "energy": (ENERGY, "eV")}
    cube = scans.gridded_scan(axes, np.where(seen, values, np.nan), name="photoemission_intensity", unit="count")
    return train(cube, SETTINGS, score_baselines=False)


def test_what_is_not_seen_is_not_learned_as_zero(twin, seen):
    dense = twin.simulate({"manipulator_angle": np.linspace(-6, 6, 13), "angle": ANGLE, "energy": ENERGY})
    truth = brightness(*np.meshgrid(*(dense[name].values for name in dense.dims), indexing="ij"))
    tilt, angle = np.meshgrid(dense["manipulator_angle"].values, ANGLE, indexing="ij")
    inside = (tilt / 7) ** 2 + (angle / 8.5) ** 2 < 1
    wrong = np.abs(dense.values - truth)
    assert wrong[inside].mean() < 2
    assert dense.values[~inside].min() > 40


def test_the_map_says_where_nothing_was_seen(twin, seen):
    flags = twin.simulate({"manipulator_angle": TILT, "angle": ANGLE, "energy": ENERGY})["extrapolated"].values
    assert not flags[seen].any()
    # Half a step beside what was seen is not far: the outermost corners are.
    corners = flags[np.ix_([0, -1], [0, 1, -2, -1])]
    assert corners.all()
    assert flags[~seen].mean() > 0.4
    assert np.isnan(twin.residual().values[~seen]).all()
    assert np.isfinite(twin.residual().values[seen]).all()


def test_scores_count_what_was_seen_only(twin, seen):
    assert twin.score.value_range < 31
    assert twin.score.inside[0] < 3
    assert np.isfinite(twin.score.errors).all()
    table = scans.points(twin.scan)
    slices = np.unique(table.sweep) // len(ANGLE)
    names = ["linear", "Gaussian smoothing", "PCA"]
    found = score_baselines(twin.scan, slices, names=names)
    assert list(found) == names
    for prediction in found.values():
        assert len(prediction) == seen.sum()
        assert np.abs(prediction - table.values).max() < 31  # zeros would be off by 80


def test_a_cube_in_momentum_space_is_learned_with_its_holes():
    stack = load_sample("arpes").isel(analyser_angle=slice(0, 48, 6), energy=slice(8, 56, 6))
    cube = apply(stack, "to_momentum", kinetic_energy=16.7)
    holes = np.isnan(cube.values)
    assert 0.02 < holes.mean() < 0.6
    twin = train(cube, SETTINGS, score_baselines=False)
    found = twin.simulate({name: cube[name].values for name in cube.dims})
    assert found.dims == ("ky", "kx", "energy")
    assert found["extrapolated"].values[~holes].mean() < 0.01
    assert found["extrapolated"].values[holes].any()
    assert twin.score.value_range == pytest.approx(np.nanmax(cube.values) - np.nanmin(cube.values))
    wrong = np.sqrt(np.nanmean((found.values - cube.values) ** 2))
    assert wrong < 0.5 * np.nanstd(cube.values)
    assert apply(found, "to_angle").dims == stack.dims
