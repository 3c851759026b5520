"""Damage that crashes the HDF5 library is found by another process, once for each file."""

from __future__ import annotations

import contextlib
import os

import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import open_choices, read
from napari_scantwin.readers.arrays import hdf5_probe

#: A process that dies as HDF5 does, at the last of its files.
_DIES = "import os, sys\n[print(path, flush=True) for path in sys.argv[1:]]; os.abort()"


@pytest.fixture
def sound(tmp_path, writers, monkeypatch):
    """A map as I05 writes it, never looked at before."""
    monkeypatch.setattr(hdf5_probe, "_sound", None)
    writers("test_beamline_hdf5").i05(tmp_path / "sound.nxs")
    return tmp_path / "sound.nxs"


def test_a_file_that_crashes_hdf5_is_refused_and_sound_ones_are_not(sound, tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text("T (K),H (Oe)\n1,2\n")
    (tmp_path / "cut.nxs").write_bytes(sound.read_bytes()[:3000])
    hdf5_probe.refuse_dangerous([tmp_path / name for name in ("sound.nxs", "table.csv", "cut.nxs", "none.nxs")])
    (tmp_path / "other.nxs").write_bytes(sound.read_bytes())
    monkeypatch.setattr(hdf5_probe, "_LOOK", _DIES)
    with pytest.raises(ScanError, match=r"^other\.nxs is damaged in a way that would crash"):
        hdf5_probe.refuse_dangerous([sound, tmp_path / "other.nxs"])


def test_every_way_to_read_looks_first_and_only_once(sound, tmp_path, monkeypatch):
    read(sound)
    monkeypatch.setattr(hdf5_probe, "_LOOK", _DIES)
    read(sound)  # remembered
    monkeypatch.setattr(hdf5_probe, "_sound", None)
    read(sound)  # by the next run too
    copy = tmp_path / "copy.nxs"
    copy.write_bytes(sound.read_bytes())
    for look in (read, open_choices, lambda path: read([sound, path])):
        with pytest.raises(ScanError, match=r"^copy\.nxs is damaged in a way that would crash"):
            look(copy)
    os.utime(sound, ns=(1, 1))  # written again
    with pytest.raises(ScanError, match=r"^sound\.nxs is damaged"):
        read(sound)


def test_many_files_are_looked_at_by_one_process(sound, tmp_path, monkeypatch):
    started, run = [], hdf5_probe.subprocess.run
    monkeypatch.setattr(hdf5_probe.subprocess, "run", lambda *args, **kwargs: started.append(1) or run(*args, **kwargs))
    copies = [tmp_path / f"{number} K.nxs" for number in (10, 20, 30)]
    for copy in copies:
        copy.write_bytes(sound.read_bytes())
    with contextlib.suppress(ScanError):  # whether they can be joined is another matter
        read(copies)
    assert len(started) == 1


def test_a_list_of_sound_files_that_is_damaged_or_long_does_no_harm(sound, tmp_path, monkeypatch):
    folder = hdf5_probe.config_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sound_hdf5.json").write_text("{")
    monkeypatch.setattr(hdf5_probe, "_MOST", 1)
    read(sound)
    (tmp_path / "copy.nxs").write_bytes(sound.read_bytes())
    read(tmp_path / "copy.nxs")
    assert [mark.endswith("copy.nxs") for mark in hdf5_probe._sound] == [True]


def test_a_look_that_takes_too_long_is_no_damage_and_can_be_skipped(sound, monkeypatch):
    monkeypatch.setattr(hdf5_probe, "_LOOK", "import sys, time\nprint(sys.argv[1], flush=True); time.sleep(20)")
    monkeypatch.setenv(hdf5_probe.PATIENCE, "0.3")
    with pytest.raises(ScanError, match=r"^sound\.nxs took longer than 0\.3 s .*SCANTWIN_HDF5_SECONDS") as told:
        read(sound)
    assert "damaged in a way" not in str(told.value)
    monkeypatch.setenv(hdf5_probe.PATIENCE, "0")
    assert read(sound).size
