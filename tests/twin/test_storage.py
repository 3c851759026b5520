"""The .twin file: round trip, and damage."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import napari_scantwin
from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin import Twin, storage

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def saved(twin, tmp_path_factory):
    return twin.save(tmp_path_factory.mktemp("twin") / "kept")


def test_a_saved_twin_returns_whole(twin, saved):
    again = Twin.load(saved)
    points = np.random.default_rng(0).uniform(0, 40, (200, 2))
    for one, other in zip(again.predict(points), twin.predict(points), strict=True):
        np.testing.assert_array_equal(one, other)
    xr.testing.assert_identical(again.scan, twin.scan)
    assert again.settings == twin.settings
    assert again.score.to_dict() == twin.score.to_dict()
    np.testing.assert_array_equal(again.history["step"], twin.history["step"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_or_altered_file_is_refused_in_one_sentence(saved, tmp_path, data):
    whole = saved.read_bytes()
    damaged = bytearray(whole)
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        damaged[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.twin"
    path.write_bytes(damaged)
    try:
        again = Twin.load(path)
    except ScanError as error:
        refused = str(error)
        assert refused.startswith("damaged.twin")
        return
    # A flipped byte in a zip's unused fields changes nothing that is read.
    np.testing.assert_array_equal(again.scan.values, Twin.load(saved).scan.values)


def _rewritten(saved, path, **changes):
    """The file ``saved`` with another description, whole again."""
    with zipfile.ZipFile(saved) as archive:
        entries = {name: archive.read(name) for name in archive.namelist() if name != "sha256"}
    about = json.loads(entries["twin.json"])
    entries["twin.json"] = json.dumps({**about, **changes}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        archive.writestr("sha256", storage._digest(entries))
    return path


def test_a_file_from_a_newer_version_says_so(saved, tmp_path):
    path = _rewritten(saved, tmp_path / "other.twin", format=99, written_by="9.9")
    with pytest.raises(ScanError, match=r"other\.twin was written by napari-scantwin 9\.9"):
        Twin.load(path)


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6, 7])
def test_a_file_of_an_older_format_opens_and_says_what_it_said(version, tmp_path):
    """``data`` holds files that the code of that time wrote, and what its twin said at some places."""
    twin, said = Twin.load(DATA / f"format{version}.twin"), np.load(DATA / f"format{version}.npz")
    again = Twin.load(twin.save(tmp_path / "again.twin"))
    kinds = ["aligned", "polynomial", "gaussian process"]
    kinds += ["moving features"] if version >= 6 else ["small networks", "networks"][: 2 if version >= 4 else 1]
    assert [one.kind for one in again.mixture.interpolators] == kinds
    for opened in (twin, again):
        mean, deviation = opened.predict(said["places"])
        np.testing.assert_allclose(mean, said["mean"], rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(deviation, said["std"], rtol=1e-8)
    # Later versions know more of their error, and an older twin says that it does not.
    assert any("older format" in note for note in twin.notes) == (version < 4)


@pytest.mark.parametrize("version", [4, 5, 6, 7])
def test_derivatives_and_extrapolation_are_recalled_too(version):
    twin, said = Twin.load(DATA / f"format{version}.twin"), np.load(DATA / f"format{version}.npz")
    np.testing.assert_array_equal(twin.extrapolates(said["places"]), said["extrapolated"])
    for axis in twin.axes:
        found = twin.derivative(said["places"], axis)
        for slope, name in zip(found, (f"slope_{axis}", f"slope_std_{axis}"), strict=True):
            np.testing.assert_allclose(slope, said[name], rtol=1e-5, atol=1e-6 * np.abs(said[name]).max())


def test_a_twin_of_the_first_format_gives_its_scan_back():
    with pytest.raises(ScanError, match=r"format1\.twin holds a twin .* that cannot be opened any more") as refused:
        Twin.load(DATA / "format1.twin")
    scan = napari_scantwin.read(DATA / "format1.twin")
    xr.testing.assert_equal(refused.value.scan, scan)
    assert scan.attrs["units"] == "emu"
    # All these files are of one scan.
    np.testing.assert_array_equal(scan.values, Twin.load(DATA / "format4.twin").scan.values)


def test_a_kind_unknown_here_is_said_in_a_sentence(saved, tmp_path):
    strange = [{"name": "x", "kind": "quantum", "weight": 1.0}]
    path = _rewritten(saved, tmp_path / "strange.twin", interpolators=strange, written_by="0.3")
    with pytest.raises(ScanError, match=r"strange\.twin cannot be opened: .*'quantum'.* from 0\.3"):
        Twin.load(path)
    assert napari_scantwin.read(path).size == 240


def test_a_twin_too_large_for_a_file_is_refused_before_anything_is_written(twin, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_LARGEST", 50_000)
    kept = tmp_path / "kept.twin"
    kept.write_bytes(b"what stood here")
    with pytest.raises(ScanError, match=r"kept\.twin: the twin and its scan of 240 points take .* GB"):
        twin.save(kept)
    assert kept.read_bytes() == b"what stood here"
    assert list(tmp_path.iterdir()) == [kept]


def test_a_scan_on_disk_is_not_read_to_find_that_it_is_too_large(twin, tmp_path):
    dask_array = pytest.importorskip("dask.array")

    def read(block):
        raise AssertionError("the scan was read")

    values = dask_array.zeros((400_000, 1000), chunks=(1000, 1000)).map_blocks(read, dtype=float, meta=np.zeros((0, 0)))
    coords = {"magnetic_field": np.arange(400_000.0), "temperature": np.arange(1000.0)}
    scan = xr.DataArray(values, coords, ("magnetic_field", "temperature"), "moment", twin.scan.attrs)
    with pytest.raises(ScanError, match="scan of 400,000,000 points"):
        dataclasses.replace(twin, scan=scan).save(tmp_path / "large.twin")


def test_a_file_that_unpacks_to_too_much_is_not_called_cut_off(saved, monkeypatch):
    monkeypatch.setattr(storage, "_LARGEST", 50_000)
    with pytest.raises(ScanError, match=r"kept\.twin unpacks to .* GB"):
        Twin.load(saved)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(ScanError, match="no such file"):
        Twin.load(tmp_path / "none.twin")
