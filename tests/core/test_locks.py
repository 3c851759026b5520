"""What killed processes leave behind is removed by the next write; what living ones and other people keep is not."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_scantwin.core import locks
from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.writers import write

_WRITER = """
import sys, time
import numpy as np
from napari_scantwin.core import scan as scans
from napari_scantwin.writers import write
axes = {"temperature": (np.linspace(2, 50, 6), "K"), "magnetic_field": (np.linspace(0, 9, 5), "T")}
def tell(fraction):
    if fraction > 0:
        print(fraction, flush=True)
        time.sleep(600)
write(scans.gridded_scan(axes, np.ones((6, 5)), name="moment", unit="emu"), sys.argv[1], on_progress=tell)
"""


def grid(value=1.0):
    axes = {"temperature": (np.linspace(2, 50, 6), "K"), "magnetic_field": (np.linspace(0, 9, 5), "T")}
    return scans.gridded_scan(axes, np.full((6, 5), value), name="moment", unit="emu")


def writing(path) -> subprocess.Popen:
    """A process that stands still in the middle of a write."""
    running = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline()
    return running


def kill(running: subprocess.Popen) -> None:
    running.kill()
    running.wait()


def test_a_killed_writers_left_overs_go_with_the_next_write_and_a_living_ones_stay(tmp_path):
    dead, living = writing(tmp_path / "dead.zarr"), writing(tmp_path / "living.csv")
    try:
        kill(dead)
        places = set(tmp_path.glob(".scantwin-*"))
        assert len(places) == 2
        write(grid(), tmp_path / "next.h5")
        (left,) = tmp_path.glob(".scantwin-*")
        assert (left / "new" / "living.csv").exists()
    finally:
        kill(living)
    write(grid(), tmp_path / "next.h5")
    assert [one.name for one in tmp_path.iterdir()] == ["next.h5"]


def test_what_others_keep_under_such_a_name_stays(tmp_path):
    kept = []
    for name, inside in {
        ".scantwin-another-host-abc": "lock",  # of a process that may live on another machine of this disk
        f".scantwin-{locks.HOST}-thesis": "thesis.txt",
        f".scantwin-{locks.HOST}-mine": "lock",
        ".scantwin-k3j4": "map.zarr",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / inside).write_text("five years")
        kept.append(tmp_path / name / inside)
    (tmp_path / f".scantwin-{locks.HOST}-file").write_text("a file")
    (tmp_path / f".scantwin-{locks.HOST}-link").symlink_to(tmp_path / ".scantwin-k3j4")
    write(grid(), tmp_path / "next.csv")
    assert all(one.read_text() == "five years" for one in kept)
    assert len(list(tmp_path.iterdir())) == 7


def test_a_store_that_was_moved_aside_by_a_killed_process_is_put_back(tmp_path):
    """Killed between moving the old store aside and putting the new one in its place."""
    (store,) = write(grid(7.0), tmp_path / "map.zarr")
    aside = tmp_path / f".scantwin-{locks.HOST}-x1"
    for part in ("old", "new"):
        (aside / part).mkdir(parents=True)
    (aside / "lock").write_bytes(locks.MARK + b" 1 here\n")
    store.rename(aside / "old" / "map.zarr")
    write(grid(), aside / "new" / "map.zarr")
    write(grid(), tmp_path / "next.csv")
    assert float(read(store).max()) == 7
    assert {one.name for one in tmp_path.iterdir()} == {"map.zarr", "next.csv"}


def test_a_lock_is_held_once_says_by_whom_and_is_gone_at_the_end(tmp_path):
    path = tmp_path / "x.lock"
    with locks.taken(path), pytest.raises(locks.Busy, match="process"):
        locks.take(path)
    assert not path.exists()
    locks.release(locks.take(path), path)
    assert not path.exists()


def test_a_disk_without_locks_is_written_to_all_the_same(tmp_path, monkeypatch):
    def refused(file):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(locks, "_lock", refused)
    write(grid(), tmp_path / "a.csv")
    with locks.taken(tmp_path / "x.lock"):
        pass
    assert {one.name for one in tmp_path.iterdir()} <= {"a.csv", "x.lock"}
