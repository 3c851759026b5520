"""Large scans: subsampled for judging, drawn from for learning."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.twin.data import prepare
from napari_scantwin.twin.stream import Stream, subsampled


def cube(shape=(6, 40, 50), errors: bool = False):
    axes = {name: (np.linspace(0, 1, size), "deg") for name, size in zip("abc", shape, strict=True)}
    mesh = np.meshgrid(*(column for column, _ in axes.values()), indexing="ij")
    values = mesh[0] + np.sin(4 * mesh[1]) * np.exp(-(((mesh[2] - 0.3 - 0.3 * mesh[0]) / 0.2) ** 2))
    return scans.gridded_scan(
        axes, values.astype(np.float32), name="signal", unit="1", errors=0.1 + mesh[1] if errors else None
    )


def test_thinning_keeps_every_slice_and_the_outermost_places():
    whole = cube()
    thin = subsampled(whole, 2000)
    assert 1000 < thin.size <= 2000
    assert thin.sizes["a"] == 6
    for name in "bc":
        assert {float(whole[name][0]), float(whole[name][-1])} <= set(thin[name].values)
    np.testing.assert_array_equal(thin.values, whole.sel({name: thin[name] for name in "abc"}).values)
    assert subsampled(whole, whole.size) is whole


def test_a_ragged_scan_is_thinned_in_every_sweep():
    fast = np.tile(np.linspace(0, 1, 500), 4)
    slow = np.repeat(np.arange(4.0), 500)
    scan = scans.ragged_scan({"s": (slow, "T"), "f": (fast, "K")}, fast, name="m", unit="emu")
    thin = subsampled(scan, 400)
    assert thin.size == 400
    assert [sweep.size for sweep in scans.sweeps(thin)] == [100] * 4


def test_draws_are_points_of_the_scan_with_their_group_and_weight():
    whole = cube(errors=True)
    masked = np.zeros(whole.shape, bool)
    masked[2] = True
    whole = scans.with_masked(whole, masked)
    values = whole.values.copy()
    values[:, :5] = np.nan
    whole = whole.copy(data=values)
    data = prepare(subsampled(whole, 2000), 8)
    stream = Stream(whole, data)
    assert len(stream) == 5 * 35 * 50
    coordinates, targets, sample_weight, group = stream.draw(np.random.default_rng(0), 3000)
    assert coordinates.shape == (3000, 3)
    places = [np.searchsorted(whole[name].values, column) for name, column in zip("abc", coordinates.T, strict=True)]
    np.testing.assert_allclose(targets * data.spread + data.offset, values[tuple(places)], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(data.groups.knots[group], coordinates[:, 0])
    assert 0.4 not in coordinates[:, 0]
    assert sample_weight.mean() == pytest.approx(1, rel=0.1)
    assert np.corrcoef(sample_weight, coordinates[:, 1])[0, 1] < -0.5


def test_all_points_come_in_order_where_there_are_few():
    whole = cube((4, 10, 12))
    data = prepare(whole, 8)
    coordinates, targets, sample_weight, group = Stream(whole, data).draw(np.random.default_rng(0), 10_000)
    np.testing.assert_array_equal(coordinates, data.coordinates)
    np.testing.assert_array_equal(targets, data.targets)
    np.testing.assert_array_equal(sample_weight, data.sample_weight)
    np.testing.assert_array_equal(group, data.groups.group)


def test_a_large_scan_is_learned_whole_and_judged_in_part_and_says_so(monkeypatch):
    monkeypatch.setattr("napari_scantwin.twin.training.subsampled", lambda scan: subsampled(scan, 6000))
    whole = cube((8, 50, 60))
    twin = train(whole, TwinSettings(members=2, time_budget=6), score_baselines=False)
    assert any("learned from all 24000 points" in note for note in twin.notes)
    middle = whole.isel(a=4)
    mesh = np.meshgrid(whole["a"][4], whole["b"], whole["c"], indexing="ij")
    mean, _ = twin.predict(np.stack([axis.ravel() for axis in mesh], axis=1))
    assert np.sqrt(np.mean((mean - middle.values.ravel()) ** 2)) < 0.2 * float(whole.std())


def test_the_whole_scan_comes_on_its_grid_scaled_like_the_points_and_without_what_is_masked():
    whole = cube(errors=True)
    masked = np.zeros(whole.shape, bool)
    masked[2], masked[4, 3, 7] = True, True
    masked_whole = scans.with_masked(whole, masked)
    data = prepare(subsampled(masked_whole, 2000), 4)
    grid = Stream(masked_whole, data).grid(10**6)
    np.testing.assert_array_equal(grid.axes[0], whole["a"].values[[0, 1, 3, 4, 5]])
    assert not grid.seen[3, 3, 7]
    assert grid.seen.sum() == grid.seen.size - 1
    kept = grid.values * data.spread + data.offset
    np.testing.assert_allclose(kept[0], whole.values[0], atol=1e-6)
    # Twice the error bar is four times the variance, but for what all points share.
    low, high = grid.variance[0, 0, 0], grid.variance[0, -1, 0]
    assert high / low == pytest.approx((1.1 / 0.1) ** 2, rel=0.1)
    assert Stream(masked_whole, data).grid(3000).values.size <= 3000
