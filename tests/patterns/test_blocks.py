"""Stacks of many places: tiles are looked at, and the shares of all come part by part, whatever holds the stack."""

from __future__ import annotations

import threading

import dask.array as da
import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.patterns import blocks, components, decompose, matrix
from napari_scantwin.patterns.matrix import observation_table

from .mixtures import mixture, share_error


@pytest.fixture
def small_parts(monkeypatch):
    """A stack of a thousand places is a large one."""
    monkeypatch.setattr(matrix, "_PART", 4000)
    few = blocks.chosen_places
    monkeypatch.setattr(components, "chosen_places", lambda table, seed=0: few(table, 800, seed))


def test_tiles_are_spread_evenly_and_neighbours_stay_together():
    scan, _, _ = mixture(5, shape=(64, 48), channels=4)
    table = observation_table(scan, gain=1)
    chosen = blocks.chosen_places(table, 640)
    assert chosen is not None
    assert len(chosen) == pytest.approx(640, abs=130)
    y, x = np.divmod(chosen, 48)
    assert len(np.unique(y // 8)) >= 5
    assert len(np.unique(x // 8)) >= 4
    assert blocks.chosen_places(table, 5000) is None
    np.testing.assert_array_equal(chosen, blocks.chosen_places(table, 640))


@pytest.mark.parametrize("lazy", [False, True])
def test_shares_of_a_large_stack_are_those_of_all_its_places(small_parts, lazy):
    scan, shares, _ = mixture(100, shape=(48, 40), channels=30)
    given = scan.copy(data=da.from_array(scan.values, chunks=(16, 20, 30))) if lazy else scan
    found = decompose(given, gain=1)
    assert found.count == 3
    assert np.isfinite(found.shares.values).all()
    assert share_error(found.shares, shares) < 0.04
    np.testing.assert_allclose(found.total, scan.sum("energy"), rtol=1e-5)


def test_principal_components_of_a_large_stack_are_those_of_all_its_places(small_parts):
    scan, _, _ = mixture(100, shape=(48, 40), channels=30)
    found = decompose(scan, method="variance", k=3, gain=1)
    rows = scan.values.reshape(-1, 30)
    of_places = np.sqrt(np.maximum(rows.mean(axis=1), 0.01 * rows.mean()))
    weighted = rows / of_places[:, None] / found.decomposer.weigh.of_channels
    exact = np.linalg.svd(weighted, full_matrices=False)[2][:3]
    together = np.abs(exact @ found.decomposer.loadings.T)
    np.testing.assert_allclose(np.diag(together), 1, atol=1e-3)


@pytest.fixture(scope="module")
def cluster():
    """The address of a cluster that is talked to over sockets, as one of other machines is."""
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    options = {"processes": False, "n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(protocol="tcp", host="127.0.0.1", **options) as started:
        yield started.scheduler_address


@pytest.mark.parametrize("method", ["parts", "variance", "groups"])
def test_a_cluster_gives_the_same(small_parts, cluster, tmp_path, method):
    scan, shares, _ = mixture(100, shape=(48, 40), channels=30)
    path = tmp_path / "stack.zarr"
    da.from_array(scan.values, chunks=(16, 20, 30)).to_zarr(path)
    stored = scan.copy(data=da.from_zarr(path))
    here = decompose(stored, method=method, k=3, gain=1)
    parts: list[float] = []
    there = decompose(stored, method=method, k=3, gain=1, scheduler=cluster, on_progress=parts.append)
    np.testing.assert_allclose(there.shares, here.shares, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.spectra, here.spectra, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.misfit, here.misfit, rtol=1e-6)
    assert np.isfinite(there.shares.values).all()
    assert len({share for share in parts if share > 0.6}) >= 3
    if method == "parts":
        assert share_error(there.shares, shares) < 0.04


def test_work_on_a_cluster_ends_when_it_is_stopped_and_no_scheduler_is_said(small_parts, cluster, monkeypatch):
    scan, _, _ = mixture(100, shape=(48, 40), channels=30)
    table = observation_table(scan, gain=1)
    stop = threading.Event()
    done = blocks.in_blocks(table, _Sum(), scheduler=cluster, stop=stop)
    numbers, total = next(done)
    np.testing.assert_allclose(total, scan.values.reshape(-1, 30)[numbers].sum())
    stop.set()
    with pytest.raises(Cancelled):
        list(done)
    pytest.importorskip("distributed")
    import distributed

    monkeypatch.setattr(distributed, "Client", _nobody)
    with pytest.raises(ScanError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        next(blocks.in_blocks(table, _Sum(), scheduler="tcp://127.0.0.1:1"))


class _Sum:
    def __call__(self, rows):
        return rows.sum()


def _nobody(address, **how):
    raise OSError(address)
