"""Maps: every atom is told by its neighbourhood, grains of different sizes each by their own, and a map is a scan."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin import writers
from napari_scantwin.core.clouds import cloud_scan, is_cloud
from napari_scantwin.core.errors import Cancelled
from napari_scantwin.readers import read
from napari_scantwin.structures import maps
from napari_scantwin.structures.maps import local_scales, map_scan, only, structure_map, whole_cloud
from napari_scantwin.structures.prototypes import PROTOTYPES, block, turned

BY_LABEL = {one.label: one for one in PROTOTYPES}


@pytest.fixture(scope="module")
def two_grains():
    """Fcc of 2.5 Å on the left, bcc of 3.6 Å on the right, their middles far from each other."""
    random = np.random.default_rng(0)
    left = 2.5 * turned(block(*BY_LABEL["fcc"].scaled_cell(), 7.5), random)
    right = 3.6 * turned(block(*BY_LABEL["bcc"].scaled_cell(), 7.5), random)
    places = np.concatenate([left[left[:, 0] < 0] - [0.5, 0, 0], right[right[:, 0] > 0] + [0.5, 0, 0]])
    scan = cloud_scan(places, "angstrom", np.ones(len(places)), name="atom_type")
    return scan, places[:, 0] < 0


def test_scales_are_told_region_by_region(two_grains):
    scan, left = two_grains
    places = np.stack([scan[axis].values for axis in "xyz"], axis=1)
    found = local_scales(places)
    deep = np.abs(places[:, 0]) > 9
    assert np.median(found[deep & left]) == pytest.approx(2.5, rel=0.03)
    assert np.median(found[deep & ~left]) == pytest.approx(3.6 * 1.058, rel=0.03)


def test_each_grain_is_told_by_its_own_structure(two_grains, small):
    scan, left = two_grains
    found = structure_map(scan, small, window=100, every=5)
    label = np.array(found.answer.labels)[found.answer.probabilities.argmax(axis=1)]
    places = np.stack([scan[axis].values for axis in "xyz"], axis=1)[found.rows]
    deep, left = np.abs(places[:, 0]) > 9, left[found.rows]
    inner = np.linalg.norm(places[:, 1:], axis=1) < 12
    assert (label[deep & inner & left] == "fcc").mean() > 0.8
    assert (label[deep & inner & ~left] == "bcc").mean() > 0.8
    assert found.surface.mean() > 0.2  # small grains are mostly surface
    inside = np.linalg.norm(places - [-8, 0, 0], axis=1) < 3
    assert inside.any()
    assert not found.surface[inside].any()


def test_a_map_does_not_depend_on_blocks_or_on_how_many_are_asked(two_grains, small, monkeypatch):
    scan, _ = two_grains
    scan = scan.isel(point=np.abs(scan["x"].values) < 7)
    every = structure_map(scan, small, window=80)
    monkeypatch.setattr(maps, "_BLOCK", 150)
    monkeypatch.setattr(maps, "_ROWS", 33)
    third = structure_map(scan, small, window=80, every=3)
    np.testing.assert_array_equal(third.rows, every.rows[::3])
    np.testing.assert_allclose(third.answer.probabilities, every.answer.probabilities[::3], atol=2e-4)
    assert any("every 3th" in one for one in third.notes)


def test_the_first_window_of_a_large_crystal_is_that_of_the_whole(small, crystal):
    scan = crystal("fcc", 120, sigma=0.02)
    whole, local = whole_cloud(scan, small), structure_map(scan, small, window=10_000)
    # All windows are the whole cloud; only the share of pairs that leave a ball is another.
    assert np.ptp(local.answer.probabilities, axis=0).max() < 0.2
    assert local.answer.probabilities[0].argmax() == whole.answer.probabilities[0].argmax()


def test_a_periodic_cell_has_no_surface(small):
    places = 4.0 * np.stack(np.meshgrid(*[np.arange(5.0)] * 3), axis=-1).reshape(-1, 3)
    scan = cloud_scan(places, "angstrom", np.ones(125), name="atom_type", cell=20 * np.eye(3), periodic=(True,) * 3)
    found = structure_map(scan, small, window=100)
    assert len(found.rows) == 125
    assert not found.surface.any()
    assert np.ptp(found.answer.probabilities, axis=0).max() < 1e-3  # every atom is alike
    bare = structure_map(scan.drop_attrs().assign_attrs({**scan.attrs, "cell": None}), small, window=100)
    assert bare.surface.any()


@pytest.mark.parametrize("suffix", [".nc", ".csv"])
def test_a_map_is_a_scan_that_is_written_and_read_again(two_grains, small, tmp_path, suffix):
    scan = two_grains[0].isel(point=np.abs(two_grains[0]["x"].values) < 5)
    found = only(structure_map(scan, small, window=60), np.arange(scan.size) % 2 == 0)
    made = map_scan(scan, found)
    assert is_cloud(made)
    assert made.size == scan.size // 2 + scan.size % 2
    assert "-1=unlike anything known" in made.attrs["classes"]
    assert made["p_fcc"].size == made.size
    writers.write(made, tmp_path / f"map{suffix}")
    back = read(tmp_path / f"map{suffix}")
    np.testing.assert_array_equal(back.values, made.values)
    np.testing.assert_array_equal(back["class"].values, made["class"].values)
    np.testing.assert_allclose(back["probability"].values, made["probability"].values)


def test_a_map_is_stopped_within_a_block(two_grains, small):
    stop = threading.Event()
    told = []

    def progress(fraction):
        told.append(fraction)
        stop.set()

    with pytest.raises(Cancelled):
        structure_map(two_grains[0], small, window=60, stop=stop, on_progress=progress)
    assert len(told) < 5
