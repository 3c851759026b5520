"""Every format: what is exported reads back equal, with units and provenance; failures leave nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin import scan as scans
from napari_scantwin.errors import Cancelled, ScanError
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


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv", ".h5"])
@pytest.mark.parametrize("make", [ragged, gridded])
def test_what_is_exported_reads_back_equal(suffix, make, tmp_path):
    scan = make()
    (path,) = write(scan, tmp_path / f"scan{suffix}")
    again = read(path)
    assert scans.axes(again) == scans.axes(scan)
    np.testing.assert_array_equal(again.values.astype(scan.dtype), scan.values)
    for name in [*scans.axes(scan), "standard_error"]:
        np.testing.assert_array_equal(np.asarray(again[name].values, scan[name].dtype), scan[name].values)
        assert again[name].attrs["units"] == scan[name].attrs["units"]
    for flag in ("masked", "extrapolated", "sweep"):
        if flag in scan.coords:
            np.testing.assert_array_equal(again[flag].values, scan[flag].values)
    assert again.attrs["units"] == scan.attrs["units"]
    if suffix != ".csv":
        assert again.attrs["source"] == scan.attrs["source"]
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


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "import numpy as np\n"
        "from napari_scantwin import scan as scans\nfrom napari_scantwin.writers import write\n"
        "from napari_scantwin.errors import ScanError\n"
        "x = np.arange(300.0)\n"
        "s = scans.gridded_scan({'a': (x, 'K'), 'b': (x, 'K')}, np.random.default_rng(0).random((300, 300)),"
        " name='moment', unit='emu')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n    write(s, sys.argv[1])\nexcept ScanError as error:\n    print(error)\n"
    )
    for suffix in (".csv", ".tif"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / f"big{suffix}")], capture_output=True, text=True, check=False
        )
        assert "was not written" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 50_000
