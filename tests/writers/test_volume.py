"""Volumes larger than memory: whole or not there, resumed after a stop or a kill, the same on a cluster."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.writers import volume, write_volume

GRID = {"magnetic_field": np.linspace(1000, 40_000, 30), "temperature": np.linspace(10, 60, 40)}


@pytest.fixture(scope="module")
def twin():
    return train(load_sample("ferromagnet"), TwinSettings(members=2, time_budget=1.5), score_rivals=False)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(volume, "_PART", 200)  # six parts of five rows


def same(path, twin):
    scan, expected = read(path), twin.simulate(GRID)
    np.testing.assert_allclose(scan.values, expected.values, rtol=1e-5)
    np.testing.assert_allclose(scan["standard_error"].values, expected["standard_error"].values, rtol=1e-5)
    np.testing.assert_array_equal(scan["extrapolated"].values, expected["extrapolated"].values)
    assert scan.attrs["twin_score"] == expected.attrs["twin_score"]
    assert scan["temperature"].attrs["units"] == "K"


def test_a_volume_reads_back_as_the_map(twin, tmp_path):
    seen = []
    assert write_volume(twin, GRID, tmp_path / "map.zarr", on_progress=seen.append) == [tmp_path / "map.zarr"]
    assert seen == sorted(seen)
    assert len(seen) == 6
    assert seen[-1] == 1
    assert [one.name for one in tmp_path.iterdir()] == ["map.zarr"]
    same(tmp_path / "map.zarr", twin)


def test_a_stopped_volume_goes_on_where_it_was(twin, tmp_path, monkeypatch):
    stop, written = threading.Event(), []
    put = volume._put
    monkeypatch.setattr(volume, "_put", lambda *about: written.append(about[2]) or put(*about))

    def tell(fraction):
        if fraction >= 0.5:
            stop.set()

    with pytest.raises(Cancelled):
        write_volume(twin, GRID, tmp_path / "map.zarr", on_progress=tell, stop=stop)
    assert not (tmp_path / "map.zarr").exists()
    assert len(written) == 3
    write_volume(twin, GRID, tmp_path / "map.zarr")
    assert len(written) == 6
    same(tmp_path / "map.zarr", twin)


def test_another_grid_or_a_damaged_journal_begins_anew(twin, tmp_path):
    def stopped(grid, after):
        stop = threading.Event()

        def tell(fraction):
            if fraction > after:
                stop.set()

        with pytest.raises(Cancelled):
            write_volume(twin, grid, tmp_path / "map.zarr", on_progress=tell, stop=stop)

    stopped({**GRID, "temperature": np.linspace(10, 50, 40)}, 0.5)
    write_volume(twin, GRID, tmp_path / "map.zarr")
    same(tmp_path / "map.zarr", twin)
    shutil.rmtree(tmp_path / "map.zarr")
    stopped(GRID, 0.5)
    journal = tmp_path / ".map.zarr.unfinished" / "parts.txt"
    journal.write_bytes(journal.read_bytes()[:-1])  # killed within its last line
    write_volume(twin, GRID, tmp_path / "map.zarr")
    same(tmp_path / "map.zarr", twin)


def test_a_killed_run_leaves_nothing_under_the_name_and_resumes(twin, tmp_path):
    kept = twin.save(tmp_path / "kept.twin")
    program = f"""
import time, numpy as np
from napari_scantwin.twin import Twin
from napari_scantwin.writers import volume
volume._PART = 200
grid = {{"magnetic_field": np.linspace(1000, 40_000, 30), "temperature": np.linspace(10, 60, 40)}}
def tell(fraction):
    print(fraction, flush=True)
    time.sleep(0.3 if fraction < 0.5 else 60)
volume.write_volume(Twin.load({str(kept)!r}), grid, {str(tmp_path / "map.zarr")!r}, on_progress=tell)
"""
    running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    while float(running.stdout.readline()) < 0.5:
        time.sleep(0.05)
    running.kill()
    running.wait()
    assert not (tmp_path / "map.zarr").exists()
    fractions = []
    write_volume(twin, GRID, tmp_path / "map.zarr", on_progress=fractions.append)
    assert len(fractions) == 3
    same(tmp_path / "map.zarr", twin)


def test_a_cluster_gives_the_same(twin, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    with distributed.LocalCluster(protocol="tcp", host="127.0.0.1", **options) as cluster:
        write_volume(twin, GRID, tmp_path / "map.zarr", scheduler=cluster.scheduler_address)
    same(tmp_path / "map.zarr", twin)


def test_what_cannot_be_is_said(twin, tmp_path):
    with pytest.raises(ScanError, match=r"written as \.zarr"):
        write_volume(twin, GRID, tmp_path / "map.nc")
    with pytest.raises(ScanError, match="folder does not exist"):
        write_volume(twin, GRID, tmp_path / "nowhere" / "map.zarr")
