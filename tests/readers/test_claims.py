"""What is claimed when another program offers a path, and what is left to others."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from napari_scantwin.readers import readable
from napari_scantwin.samples import sample_path

NUMBERS = "T (K),H (Oe),M (emu)\n" + "".join(f"{t},{h},{t * h}\n" for h in (1, 2) for t in range(5))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("points.csv", "index,axis-0,axis-1\n0.0,1.5,2.5\n1.0,3.5,4.5\n"),
        ("points.csv", "index,axis-0,axis-1,axis-2,confidence\n0.0,1.5,2.5,3.0,0.2\n"),
        ("shapes.csv", "index,shape-type,vertex-index,axis-0,axis-1\n0,rectangle,0,1.0,2.0\n"),
        ("notes.txt", "cooled to 2 K over night\nsample 3, not 4\n"),
        ("README.txt", ""),
        ("list.csv", "name,colour\nfirst,red\nsecond,blue\n"),
        ("x.h5", "this is no HDF5 file\n"),
        ("a.png", "\x89PNG"),
    ],
)
def test_what_others_read_is_left_to_them(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert not readable(tmp_path / name)


@pytest.mark.parametrize("name", ["ferromagnet", "palladium_hydride", "arpes"])
def test_scans_are_claimed(name):
    assert readable(sample_path(name))


@pytest.mark.parametrize("text", [NUMBERS, "# a\n# b\n" + NUMBERS, NUMBERS.replace(",", "\t"), "x\n" * 9000 + NUMBERS])
def test_tables_are_claimed(tmp_path, text):
    (tmp_path / "scan.csv").write_text(text)
    assert readable(tmp_path / "scan.csv")


def test_arrays_are_claimed(tmp_path):
    with h5py.File(tmp_path / "map.h5", "w") as file:
        file["signal"] = np.zeros((4, 5))
    assert readable(tmp_path / "map.h5")


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr_is_left_to_others(tmp_path, version):
    store = tmp_path / "cells.zarr"
    store.mkdir()
    scales = [{"axes": [], "datasets": []}]
    if version == 2:
        (store / ".zgroup").write_text('{"zarr_format": 2}')
        (store / ".zattrs").write_text(json.dumps({"multiscales": scales}))
    else:
        about = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"multiscales": scales}}}
        (store / "zarr.json").write_text(json.dumps(about))
    assert not readable(store)


def test_a_folder_of_pictures_with_notes_is_left_to_others_and_one_of_sweeps_is_not(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        (pictures / f"{number}.png").write_bytes(b"\x89PNG")
        (pictures / f"{number}.tif").write_bytes(b"II*\0")
    (pictures / "notes.txt").write_text("taken in May\n")
    assert not readable(pictures)
    (pictures / "sweep.csv").write_text(NUMBERS)
    assert readable(pictures)
    assert not readable(tmp_path / "nowhere.abc")
    assert readable("a.csv")  # of what does not exist, the name decides
