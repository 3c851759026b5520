"""Every format: what is exported reads back equal, with units and provenance; failures leave nothing."""

from __future__ import annotations

import shutil
import subprocess
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, NotWritten, ScanError
from napari_scantwin.readers import read
from napari_scantwin.writers import FORMATS, write


def ragged(values=(1.0, 2.5, np.pi, 1e-300)):
    size = len(values)
    return scans.ragged_scan(
        {"magnetic_field": (np.repeat([100.0, 5e4], [size // 2, size - size // 2]), "Oe"),
         "temperature": (np.linspace(2, 3, size) ** 1.1, "K")},
        np.array(values),
        name="moment",
        unit="emu/g",
        errors=np.full(size, 0.125),
        sweep=np.repeat([0, 1], [size // 2, size - size // 2]),
        masked=np.arange(size) == 1,
        attrs={"source": "a.dat", "sha256": "0f", "sample_mass": 0.61, "sample_mass_units": "mg"},
    )  # fmt: skip


def gridded():
    random = np.random.default_rng(0)
    return scans.gridded_scan(
        {"angle": (np.array([-1.0, 0.5, 4.0]), "deg"), "energy": (np.linspace(-1, 0, 5), "eV")},
        random.normal(size=(3, 5)).astype(np.float32),
        name="photoemission_intensity",
        unit="count",
        errors=random.random((3, 5)).astype(np.float32),
        extrapolated=random.random((3, 5)) > 0.5,
        attrs={"kind": "simulated", "seed": 3, "twin_settings": "{}", "source": "b.nc", "sha256": "ab"},
    )


def awkward():
    """A falling, uneven axis, holes, and a point outside any mask."""
    values = np.random.default_rng(1).normal(size=(3, 4, 2))
    values[1, 2, 0] = np.nan
    return scans.gridded_scan(
        {
            "temperature": (np.array([50.0, 9.5, 2.0]), "K"),
            "angle": (np.array([3.0, 1.0, 0.5, -1.0]), "deg"),
            "energy": (np.array([-1.0, 0.1]), "eV"),
        },
        values,
        name="photoemission_intensity",
        unit="count",
        errors=np.abs(values),
        masked=values > 1,
        attrs={"source": "c.nc, with a comma # and a hash", "sha256": "ab"},
    )


def derived():
    """A boundary as an analysis gives it: a direction, a limit with its own unit, and words beside each point."""
    scan = scans.ragged_scan(
        {"pressure": (np.array([0.1, 2.0, 3.0]), "GPa")},
        np.array([4.0, np.nan, 6.0]),
        name="transition_temperature",
        unit="K",
        errors=np.array([0.1, np.nan, 0.2]),
        sweep=np.arange(3),
        attrs={"kind": "derived", "criterion": "50 %"},
    )
    return scan.assign_coords(
        direction=("point", np.array([1, -1, 1])),
        lower_limit=("point", np.array([0.1, np.nan, 1 / 3]), {"units": "wt_percent"}),
        note=("point", np.array(["", 'none, said "so" # twice; µ', "2"])),
    )


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv", ".h5"])
@pytest.mark.parametrize("make", [ragged, gridded, awkward, derived])
def test_what_is_exported_reads_back_equal(suffix, make, tmp_path):
    scan = make()
    (path,) = write(scan, tmp_path / f"scan{suffix}")
    again = read(path)
    assert scans.axes(again) == scans.axes(scan)
    np.testing.assert_array_equal(again.values.astype(scan.dtype), scan.values)
    for name in [*scans.axes(scan), "standard_error"]:
        assert again[name].dims == scan[name].dims
        np.testing.assert_array_equal(np.asarray(again[name].values, scan[name].dtype), scan[name].values)
        assert again[name].attrs["units"] == scan[name].attrs["units"]
    for name in ("masked", "extrapolated", "sweep", "direction", "lower_limit", "note"):
        if name in scan.coords:
            np.testing.assert_array_equal(again[name].values, scan[name].values)
            assert again[name].attrs.get("units") == scan[name].attrs.get("units")
    assert again.attrs["units"] == scan.attrs["units"]
    assert again.dtype == scan.dtype
    for key, value in scan.attrs.items():
        assert again.attrs[key] == value
    assert "napari-scantwin" in again.attrs["versions"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=9))
def test_csv_keeps_every_bit(values, tmp_path):
    (path,) = write(ragged(values), tmp_path / "scan.csv")
    np.testing.assert_array_equal(read(path).values, values)


def test_a_tiff_carries_axes_and_units(tmp_path):
    import json

    import tifffile

    (path,) = write(gridded(), tmp_path / "scan.tif")
    with tifffile.TiffFile(path) as file:
        np.testing.assert_array_equal(file.asarray(), gridded().values)
        about = json.loads(file.pages[0].description)
    assert [axis["name"] for axis in about["axes"]] == ["angle", "energy"]
    assert about["axes"][1]["units"] == "eV"
    with pytest.raises(ScanError, match=r"use \.nc or \.csv"):
        write(ragged(), tmp_path / "ragged.tif")
    assert not (tmp_path / "ragged.tif").exists()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_cancelled_export_leaves_nothing_and_keeps_the_old_file(suffix, tmp_path):
    stop = threading.Event()
    path = tmp_path / f"scan{suffix}"
    write(gridded(), path)
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(Cancelled):
        write(gridded(), path, on_progress=lambda fraction: stop.set(), stop=stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_missing_folder_and_an_unknown_suffix_are_said(tmp_path):
    with pytest.raises(ScanError, match=r"scan\.nc was not written: the folder does not exist"):
        write(gridded(), tmp_path / "none" / "scan.nc")
    with pytest.raises(ScanError, match="names no format"):
        write(gridded(), tmp_path / "scan.docx")


@pytest.fixture(scope="module")
def tiny_disk(tmp_path_factory):
    """A disk of one megabyte, where this machine lets us mount one."""
    folder = tmp_path_factory.mktemp("tiny")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no file system can be mounted here; run as root to test a full and a read-only disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_full_disk_is_said_and_leaves_nothing_but_the_old_file(suffix, tiny_disk):
    axis = np.arange(600.0)
    noise = np.random.default_rng(0).random((600, 600))
    big = scans.gridded_scan({"a": (axis, "K"), "b": (axis, "K")}, noise, name="moment", unit="emu")
    (path,) = write(gridded(), tiny_disk / f"scan{suffix}")
    with pytest.raises(NotWritten, match="the disk is full; free some space"):
        write(big, path)
    assert [one.name for one in tiny_disk.iterdir()] == [path.name]
    if suffix != ".tif":
        np.testing.assert_array_equal(read(path).values, gridded().values)
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_folder_that_may_not_be_written_to_is_said(suffix, tiny_disk):
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    try:
        with pytest.raises(NotWritten, match="can only be read; choose another folder"):
            write(gridded(), tiny_disk / f"scan{suffix}")
    finally:
        subprocess.run(["mount", "-o", "remount,rw", tiny_disk], check=True)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_large_export_stops_at_its_next_step(suffix, tmp_path):
    axis = np.arange(700.0)
    values = np.random.default_rng(0).random((12, 700, 700), np.float32)
    axes = {"t": (np.arange(12.0), "K"), "a": (axis, "K"), "b": (axis, "K")}
    big = scans.gridded_scan(axes, values, name="moment", unit="emu")
    stop, told = threading.Event(), []

    def report(fraction):
        told.append(fraction)
        stop.set()

    with pytest.raises(Cancelled):
        write(big, tmp_path / f"scan{suffix}", on_progress=report, stop=stop)
    assert len(told) == 1
    assert told[0] < 0.2  # how long a step takes is in benchmarks/stops.py
    assert list(tmp_path.iterdir()) == []


def test_an_exported_csv_that_was_cut_says_so(tmp_path):
    (path,) = write(gridded(), tmp_path / "scan.csv")
    path.write_text("\n".join(path.read_text().splitlines()[:-3]))
    with pytest.raises(ScanError, match=r"scan\.csv is not the whole of what was exported"):
        read(path)
