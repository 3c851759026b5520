"""erlab's loaders, where they are installed: the same scan as our own reader's, and no Qt."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.readers import read
from napari_scantwin.readers.instruments import erlab_files

needs_erlab = pytest.mark.skipif(
    not erlab_files.installed(), reason="erlab is not installed; pip install napari-scantwin[arpes] adds it"
)


def unknown(path):
    with h5py.File(path, "w") as file:
        file["lab/counts"] = np.ones((4, 6))


def i05(path):
    """A map as Diamond I05 writes it, as far as erlab's loader looks."""
    rng = np.random.default_rng(3)
    polar, angles, energies = np.arange(4.0), np.linspace(-14, 14, 7), np.linspace(16, 16.8, 9)
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry1")
        entry.attrs.update({"NX_class": "NXentry", "default": "analyser"})
        for place in ("analyser", "instrument", "instrument/analyser", "instrument/manipulator"):
            entry.require_group(place)
        kinds = {"analyser": "NXdata", "instrument": "NXinstrument", "instrument/analyser": "NXdetector"}
        for place, kind in {**kinds, "instrument/manipulator": "NXcollection"}.items():
            entry[place].attrs["NX_class"] = kind
        data = entry["analyser"]
        data["data"] = rng.poisson(20, (4, 7, 9)).astype("f4")
        data["data"].attrs["signal"] = 1
        for name, column, where, unit in (
            ("sapolar", polar, "manipulator", "deg"),
            ("angles", angles, "analyser", "deg"),
            ("energies", energies, "analyser", "eV"),
        ):
            stored = entry.create_dataset(f"instrument/{where}/{name}", data=column)
            number = ("sapolar", "angles", "energies").index(name) + 1
            stored.attrs.update({"axis": number, "primary": 1, "units": unit, "target": stored.name})
            data[name] = stored


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(erlab_files, "installed", lambda: False)
    unknown(tmp_path / "x.h5")
    with pytest.raises(ScanError, match=r"pip install napari-scantwin\[arpes\]$"):
        read(tmp_path / "x.h5", choice="erlab:maestro")
    with pytest.raises(NeedsAxes, match=r"; with pip install napari-scantwin\[arpes\] erlab's loaders"):
        read(tmp_path / "x.h5")


@needs_erlab
def test_every_loader_is_offered():
    found = {loader.key: loader for loader in erlab_files.loaders()}
    assert len(found) >= 15
    assert found["erlab:i05"].suffixes == (".nxs",)
    assert found["erlab:maestro"].title == "ALS Beamline 7.0.2.1 MAESTRO, by erlab"


@needs_erlab
def test_loaders_are_named_where_a_layout_is_unknown(tmp_path):
    unknown(tmp_path / "x.h5")
    with pytest.raises(NeedsAxes, match=r"erlab's loaders \(erlab:maestro, erlab:ssrl52\)"):
        read(tmp_path / "x.h5")


@needs_erlab
@pytest.mark.parametrize(
    ("file", "loader"),
    [("arpes_bloch_da30_cut.zip", "da30"), ("arpes_hers_cut.pxt", "da30"), ("arpes_cassiopee_ses_cut.txt", "da30")],
)
def test_real_files_are_the_same_by_either_reader(file, loader, instrument):
    ours, theirs = read(instrument / file), read(instrument / file, choice=f"erlab:{loader}")
    assert scans.axes(theirs) == scans.axes(ours) == ("angle", "energy")
    assert theirs.attrs["source"] == file
    for axis in scans.axes(ours):
        np.testing.assert_allclose(theirs[axis].values, ours[axis].values, rtol=1e-6, atol=1e-6)
        assert theirs[axis].attrs["units"] == ours[axis].attrs["units"]
    np.testing.assert_allclose(theirs.values, ours.values, rtol=1e-6)


@needs_erlab
def test_an_i05_map_is_the_same_by_either_reader(tmp_path):
    i05(tmp_path / "map.nxs")
    ours, theirs = read(tmp_path / "map.nxs"), read(tmp_path / "map.nxs", choice="erlab:i05")
    assert scans.axes(theirs) == scans.axes(ours)
    np.testing.assert_allclose(theirs.values, ours.values)


@needs_erlab
def test_a_wrong_loader_or_a_damaged_file_is_told_in_one_sentence(tmp_path):
    unknown(tmp_path / "x.h5")
    with pytest.raises(ScanError, match="erlab has no loader 'nobody'; it has da30"):
        read(tmp_path / "x.h5", choice="erlab:nobody")
    for name in ("maestro", "ssrl52", "i05"):
        with pytest.raises(ScanError, match=f"erlab's loader {name} cannot read it") as told:
            read(tmp_path / "x.h5", choice=f"erlab:{name}")
        assert "\n" not in str(told.value)


@needs_erlab
def test_no_qt_is_loaded(tmp_path):
    i05(tmp_path / "map.nxs")
    script = (
        "import sys; from napari_scantwin.readers import read\n"
        f"read({str(tmp_path / 'map.nxs')!r}, choice='erlab:i05')\n"
        "print([name for name in sys.modules if name.lower().split('.')[0] in ('qtpy', 'pyqt5', 'pyqt6', 'pyside6')])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
