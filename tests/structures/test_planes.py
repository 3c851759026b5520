"""Lattice planes along z: found where they are, and not found where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.core.errors import ScanError
from napari_scantwin.samples import load_sample
from napari_scantwin.structures.planes import lattice_planes


def of(places):
    return cloud_scan(places, "nm", np.ones(len(places)), name="mass_to_charge_ratio", value_unit="Da")


@pytest.mark.parametrize("spacing", [0.2, 0.31])
def test_planes_blurred_sideways_are_found_near_their_pole(spacing):
    random = np.random.default_rng(0)
    places = random.uniform([0, 0, 0], [12, 12, 10], (20_000, 3))
    near = np.hypot(*(places[:, :2] - [3, 9]).T) < 2.5
    places[near, 2] = spacing * np.round(places[near, 2] / spacing) + random.normal(size=near.sum()) * 0.02
    found = lattice_planes(of(places))
    assert found.spacing == pytest.approx(spacing, abs=found.width + 1e-9)
    assert np.hypot(found.centre[0] - 3, found.centre[1] - 9) < 2.5
    assert found.power[0] > 5 * found.power[1]


def test_atoms_without_order_have_no_planes():
    for seed in range(5):
        places = np.random.default_rng(seed).uniform(0, [8, 8, 8], (6000, 3))
        found = lattice_planes(of(places))
        assert np.isnan(found.spacing)
        assert 0.5 < found.spectrum.mean() < 2


def test_what_will_not_do_is_said():
    with pytest.raises(ScanError, match="need a cloud"):
        lattice_planes(load_sample("ferromagnet"))
    with pytest.raises(ScanError, match=r"no column of radius 0\.001 holds 100 atoms"):
        lattice_planes(of(np.random.default_rng(0).uniform(0, 5, (500, 3))), radius=1e-3)
