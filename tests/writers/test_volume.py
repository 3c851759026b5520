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
    return train(load_sample("ferromagnet"), TwinSettings(members=2, time_budget=1.5), score_baselines=False)


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


def stopped_after(parts: int, twin, path, grid, **derivative) -> None:
    """Write so many further parts of a volume, then stop."""
    stop, seen = threading.Event(), []

    def tell(fraction):
        seen.append(fraction)
        if len(seen) == parts:
            stop.set()

    with pytest.raises(Cancelled):
        write_volume(twin, grid, path, on_progress=tell, stop=stop, **derivative)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({}, {"along": "temperature"}),
        ({"along": "temperature"}, {"along": "magnetic_field"}),
        ({"along": "temperature"}, {"along": "temperature", "order": 2}),
        ({"along": "temperature"}, {}),
    ],
)
def test_another_derivative_begins_anew(twin, tmp_path, first, then):
    stopped_after(3, twin, tmp_path / "map.zarr", GRID, **first)
    fractions = []
    write_volume(twin, GRID, tmp_path / "map.zarr", on_progress=fractions.append, **then)
    assert len(fractions) == 6
    written, expected = read(tmp_path / "map.zarr"), twin.simulate(GRID, **then)
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(written.values, expected.values, rtol=1e-4, atol=1e-5 * scale)
    assert written.attrs["units"] == expected.attrs["units"]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_journal_cut_within_its_last_line_tells_of_no_part_that_is_not_there(twin, tmp_path, monkeypatch, lost):
    """Killed while it noted a part, gone on with, stopped and gone on with again: with thirty parts, the end of a line
    cut off ("2") and the next one ("3") would read as a part that was never written ("23")."""
    monkeypatch.setattr(volume, "_PART", 40)
    path = tmp_path / "map.zarr"
    stopped_after(3, twin, path, GRID)
    journal = tmp_path / ".map.zarr.unfinished" / "parts.txt"
    journal.write_bytes(journal.read_bytes()[:-lost])
    stopped_after(2, twin, path, GRID)
    write_volume(twin, GRID, path)
    same(path, twin)


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


def test_a_second_process_is_told_and_the_first_ends_whole(twin, tmp_path):
    kept = twin.save(tmp_path / "kept.twin")
    path = tmp_path / "map.zarr"
    program = f"""
import numpy as np
from napari_scantwin.twin import Twin
from napari_scantwin.writers import volume
volume._PART = 200
grid = {{"magnetic_field": np.linspace(1000, 40_000, 30), "temperature": np.linspace(10, 60, 40)}}
def tell(fraction):
    print(fraction, flush=True)
    if fraction < 0.2:
        input()
volume.write_volume(Twin.load({str(kept)!r}), grid, {str(path)!r}, on_progress=tell)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    first = subprocess.Popen([sys.executable, "-c", program], **pipes)
    try:
        assert first.stdout.readline()  # one part is written, and it waits
        second = subprocess.run(
            [sys.executable, "-c", program], input="\n", capture_output=True, text=True, check=False
        )
        assert f"map.zarr is being simulated by process {first.pid} on " in second.stderr
        assert second.returncode
        with pytest.raises(ScanError, match=r"map\.zarr is being simulated by process"):
            write_volume(twin, GRID, path)
        first.communicate("\n", timeout=60)
    finally:
        first.kill()
        first.wait()
    assert first.returncode == 0
    same(path, twin)
    assert {one.name for one in tmp_path.iterdir()} == {"kept.twin", "map.zarr"}


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
