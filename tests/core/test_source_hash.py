"""The SHA-256 of a large file is worked out when it is written down, and is the file's as it was opened."""

from __future__ import annotations

import hashlib
import os

import h5py
import numpy as np
import pytest

from napari_scantwin.core import source_hash
from napari_scantwin.readers import read
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.writers import FORMATS, write
from napari_scantwin.writers.tables import write_table


@pytest.fixture
def all_are_large(monkeypatch):
    monkeypatch.setattr(source_hash, "_AT_ONCE", 10)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "scan.csv"
    rows = [f"{t},{h},{float(np.tanh(h / t))!r}" for h in range(1, 6) for t in range(2, 12)]
    path.write_text("\n".join(["T (K),H (Oe),M (emu)", *rows]) + "\n")
    return path


@pytest.fixture
def counted(monkeypatch):
    seen, digest = [], source_hash.digest_of
    monkeypatch.setattr(source_hash, "digest_of", lambda path: seen.append(path) or digest(path))
    return seen


@pytest.mark.usefixtures("all_are_large")
def test_opening_reads_nothing_for_it_and_every_export_has_it(table, tmp_path, counted):
    true = hashlib.sha256(table.read_bytes()).hexdigest()
    scan = read(table)
    assert scan.attrs["sha256"].startswith(f"not worked out yet: {table.stat().st_size} bytes of 20")
    assert not counted
    for suffix in FORMATS:
        (path,) = write(scan, tmp_path / f"copy{suffix}")
        assert read(path).attrs["sha256"] == true
    about = {key: scan.attrs[key] for key in ("source", "sha256")}
    assert true in write_table(tmp_path / "table.csv", ["a"], [[1.0]], about).read_text()
    assert len(counted) == 1


@pytest.mark.usefixtures("all_are_large")
def test_a_twin_knows_it_when_it_is_trained(table, tmp_path):
    true = hashlib.sha256(table.read_bytes()).hexdigest()
    twin = train(read(table), TwinSettings(members=2, time_budget=0.5), score_baselines=False)
    table.unlink()
    assert twin.simulate({"temperature": [5.0]}).attrs["sha256"] == true
    assert Twin.load(twin.save(tmp_path / "kept.twin")).scan.attrs["sha256"] == true


@pytest.mark.usefixtures("all_are_large")
def test_a_file_that_changed_or_is_gone_is_not_passed_for_what_was_read(table, tmp_path):
    scan = read(table)
    before = table.stat()
    table.write_text(table.read_text().replace("\n2,1,", "\n3,1,"))
    os.utime(table, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    (path,) = write(scan, tmp_path / "copy.csv")
    assert read(path).attrs["sha256"].startswith("not known, the file was changed after it was opened: ")
    scan = read(table)
    table.unlink()
    (path,) = write(scan, tmp_path / "copy.csv")
    assert read(path).attrs["sha256"].startswith("not known, the file was gone")


@pytest.mark.usefixtures("all_are_large")
def test_of_several_files_each_has_its_own(tmp_path):
    texts = []
    for name in "ab":
        (tmp_path / name).write_text(name * 20)
        texts.append(source_hash.of_file(tmp_path / name))
    true = [hashlib.sha256((name * 20).encode()).hexdigest() for name in "ab"]
    assert source_hash.resolved("; ".join(texts), wait=False) == "; ".join(texts)
    assert source_hash.resolved("; ".join(texts)) == "; ".join(true)
    assert source_hash.resolved("; ".join(texts), wait=False) == "; ".join(true)


def test_a_small_files_is_there_at_once(table, counted):
    assert read(table).attrs["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()


def test_a_large_hdf5_is_opened_without_being_read_through(tmp_path, counted):
    path = tmp_path / "cube.h5"
    with h5py.File(path, "w") as file:  # two gigabytes that take no room on disk
        values = file.create_dataset("signal", (512, 1024, 1024), "f4")
        values[100] = 1.0
        values[511] = 2.0
        for name, size in zip("xyz", values.shape, strict=True):
            file[name] = np.arange(size, dtype=float)
    scan = read(path, axes=["x=x[mm]", "y=y[mm]", "z=z[mm]"], value="signal=signal[arb]")
    assert float(scan[100].max()) == 1
    assert not counted
    assert scan.attrs["sha256"].startswith("not worked out yet: 2147")
