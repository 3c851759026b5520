"""Maps of any size: what is looked at is evaluated, and it is what a map in memory holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.twin.volume import blocks

GRID = {"magnetic_field": np.linspace(0, 9, 40), "temperature": np.linspace(10, 45, 50)}


def points_of(axes) -> int:
    """How many points a grid has."""
    return math.prod(map(len, axes))


@pytest.mark.parametrize("along", [None, "temperature"])
def test_a_lazy_map_is_the_map(twin, along):
    whole = twin.simulate(GRID, along=along)
    lazy = twin.simulate(GRID, along=along, lazy=True)
    assert hasattr(lazy.data, "dask")
    assert hasattr(lazy["standard_error"].data, "dask")
    assert lazy.attrs == whole.attrs
    scale = np.abs(whole.values).max()
    np.testing.assert_allclose(lazy.values, whole.values, atol=2e-5 * scale)
    np.testing.assert_allclose(lazy["standard_error"].values, whole["standard_error"].values, atol=2e-5 * scale)
    np.testing.assert_array_equal(lazy["extrapolated"].values, whole["extrapolated"].values)


def test_a_plane_of_a_huge_map_evaluates_that_plane_only(twin, monkeypatch):
    lazy = twin.simulate({name: np.linspace(*axis[[0, -1]], 30_000) for name, axis in GRID.items()}, lazy=True)
    assert lazy.size == 900_000_000
    asked = []
    evaluate = type(twin.mixture).on_grid
    monkeypatch.setattr(
        type(twin.mixture), "on_grid", lambda self, at: asked.append(points_of(at)) or evaluate(self, at)
    )
    for plane in (lazy[15_000, ::100], lazy[::100, 15_000]):
        asked.clear()
        assert plane.values.shape == (300,)
        assert sum(asked) == 300


@pytest.mark.parametrize("shape", [(7,), (5, 9), (3, 8, 11), (1, 1, 500)])
@pytest.mark.parametrize("most", [1, 10, 100, 10_000])
def test_blocks_cover_everything_once_and_stay_small(shape, most):
    seen = np.zeros(shape, int)
    for block in blocks(shape, most):
        seen[block] += 1
        assert seen[block].size <= most
    assert (seen == 1).all()


def test_the_twin_can_be_sent_to_another_process(twin):
    import pickle

    other = pickle.loads(pickle.dumps(twin))
    assert isinstance(other, Twin)
    places = np.array([[1.0, 20.0], [4.5, 33.0]])
    np.testing.assert_array_equal(other.predict(places)[0], twin.predict(places)[0])


SIZES = {"manipulator_angle": 6, "angle": 9, "energy": 12}


@pytest.fixture(scope="module")
def twin_of_cube():
    axes = {name: (np.linspace(-1, 1, size), "deg") for name, size in SIZES.items()}
    a, b, c = np.meshgrid(*(values for values, _ in axes.values()), indexing="ij")
    cube = scans.gridded_scan(axes, np.exp(-4 * (c - b**2 + 0.3 * a) ** 2), name="intensity", unit="count")
    return train(cube, TwinSettings(members=2, time_budget=1), score_baselines=False)


@pytest.mark.parametrize("plane", [(17, slice(None), slice(None)), (slice(None), 21, slice(None))])
def test_a_dense_plane_of_a_cube_comes_from_nodes(twin_of_cube, plane, monkeypatch):
    twin = twin_of_cube
    grid = {name: np.linspace(-1, 1, 300) for name in SIZES}
    lazy, asked = twin.simulate(grid, lazy=True), []
    evaluate = type(twin.mixture).on_grid
    monkeypatch.setattr(
        type(twin.mixture), "on_grid", lambda self, at: asked.append(points_of(at)) or evaluate(self, at)
    )
    found = lazy[plane]
    values, errors = found.values, found["standard_error"].values
    assert max(asked) < 300 * 300 / 5
    axis_values = [np.atleast_1d(grid[name][one]) for name, one in zip(grid, plane, strict=True)]
    mesh = np.stack([part.ravel() for part in np.meshgrid(*axis_values, indexing="ij")], axis=1)
    mean, std = twin.predict(mesh)
    assert np.abs(values.ravel() - mean).max() < 1e-3 * np.ptp(mean)
    assert np.max(np.abs(values.ravel() - mean) / std) < 0.1
    np.testing.assert_allclose(errors.ravel(), std, rtol=0.05, atol=1e-3 * np.ptp(mean))
