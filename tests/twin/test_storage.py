"""The .twin file: round trip, and damage."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin import Twin, storage


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


@pytest.mark.parametrize(
    ("version", "words"),
    [(99, r"other\.twin was written by napari-scantwin 9\.9"), (1, r"other\.twin is a twin of an older kind")],
)
def test_a_file_from_another_version_says_so(saved, tmp_path, version, words):
    path = tmp_path / "other.twin"
    with zipfile.ZipFile(saved) as archive:
        entries = {name: archive.read(name) for name in archive.namelist() if name != "sha256"}
    about = json.loads(entries["twin.json"])
    entries["twin.json"] = json.dumps({**about, "format": version, "written_by": "9.9"}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        archive.writestr("sha256", storage._digest(entries))
    with pytest.raises(ScanError, match=words):
        Twin.load(path)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(ScanError, match="no such file"):
        Twin.load(tmp_path / "none.twin")
