"""Clouds are looked through: what is wrong is told in one sentence, what is left out is counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.core.errors import ScanError
from napari_scantwin.samples import load_sample
from napari_scantwin.structures.cloud import atoms_of, from_atom_probe, with_images


def of(places, unit="nm", **more):
    return cloud_scan(places, unit, np.ones(len(places)), name=more.pop("name", "atom_type"), **more)


def grid(count=6):
    return np.stack(np.meshgrid(*[np.arange(float(count))] * 3), axis=-1).reshape(-1, 3)


def test_what_is_no_cloud_or_too_small_or_flat_is_refused():
    with pytest.raises(ScanError, match="clouds of atoms"):
        atoms_of(load_sample("ferromagnet"))
    with pytest.raises(ScanError, match="too few atoms to tell: 23; 40 or more"):
        atoms_of(of(grid()[:23]))
    flat = grid(10)[grid(10)[:, 2] == 0]
    with pytest.raises(ScanError, match=r"the cloud is flat \(0 nm thick, 0\.0 nearest distances\)"):
        atoms_of(of(flat))
    tilted = flat @ np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    with pytest.raises(ScanError, match="flat"):
        atoms_of(of(tilted))


def test_atoms_on_each_other_are_named_and_counted():
    places = np.concatenate([grid(), grid()[[10, 20]] + [0.05, 0, 0], grid()[[30]]])
    found = atoms_of(of(places))
    assert found.own == 216
    assert "left out: 3 atoms nearer than 0.3 nearest distances" in found.notes[0]
    assert "(the first: atom 217 on atom 11)" in found.notes[0]
    assert cKDTree(found.places).query(found.places, 2)[0][:, 1].min() > 0.9


def test_species_units_and_atom_probe_are_spoken_of():
    species = np.where(np.arange(216) % 2, "Na", "Cl")
    notes = atoms_of(of(grid(), unit="", species=species)).notes
    assert any("species are not looked at (Cl, Na): rock salt is simple cubic" in one for one in notes)
    assert any("the unit of length is not known" in one for one in notes)
    probe = of(grid(), name="mass_to_charge_ratio", value_unit="Da")
    assert from_atom_probe(probe)
    assert any("lateral resolution of atom-probe data hides the lattice" in one for one in atoms_of(probe).notes)


def test_masked_atoms_are_not_looked_at():
    scan = of(grid())
    masked = np.zeros(216, bool)
    masked[:16] = True
    found = atoms_of(scan.assign_coords(masked=("point", masked)))
    assert found.own == 200
    assert list(found.rows[:2]) == [16, 17]
    assert "left out: 16 masked atoms" in found.notes


def test_a_small_periodic_cell_is_repeated_and_its_first_atoms_are_its_own():
    scan = of(np.array([[0, 0, 0], [0.5, 0.5, 0.5]]) * 2.8, "angstrom", cell=2.8 * np.eye(3), periodic=(True,) * 3)
    found = atoms_of(scan)
    assert found.own == 2
    assert 200 <= len(found.places) <= 330
    np.testing.assert_array_equal(found.places[:2], [[0, 0, 0], [1.4, 1.4, 1.4]])
    apart = cKDTree(found.places).query(found.places, 2)[0][:, 1]
    np.testing.assert_allclose(apart, 2.8 * np.sqrt(3) / 2)


@pytest.mark.parametrize("sheared", [0.0, 0.4])
def test_images_complete_every_neighbourhood_of_a_periodic_cell(sheared):
    cell = np.array([[7.0, 0, 0], [sheared * 7, 7.0, 0], [0, sheared * 7, 7.0]])
    fractions = grid(7) / 7
    scan = of(fractions @ cell + 50.0, cell=cell, periodic=(True,) * 3)
    cloud = atoms_of(scan)
    whole = with_images(cloud, scan, 2.5)
    assert whole.own == cloud.own == 343
    counts = [len(one) for one in cKDTree(whole.places).query_ball_point(whole.places[:343], 2.3)]
    assert len(set(counts)) == 1
    assert cKDTree(whole.places).query(whole.places, 2)[0][:, 1].min() > 0.5
    only_z = scan.assign_attrs(periodic=[False, False, True])
    images = with_images(atoms_of(only_z), only_z, 2.5)
    assert 343 < len(images.places) < len(whole.places)
