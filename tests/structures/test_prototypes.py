"""The prototypes are what they say, held against spglib, and their defects are what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import spglib
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from napari_scantwin.core.errors import ScanError
from napari_scantwin.structures.prototypes import (
    CLASSES,
    DEGENERATE,
    PROTOTYPES,
    block,
    displaced,
    fluid,
    own_prototype,
    rhombohedral,
    turned,
    with_vacancies,
)


def ends(prototype):
    """Parameters at both ends of every range and at its middle."""
    names = list(prototype.ranges)
    if not names:
        return [{}]
    found = []
    for number in range(max(len(one) for one in prototype.ranges.values())):
        for place in (0.0, 0.5, 1.0):
            chosen = {}
            for name in names:
                low, high = prototype.ranges[name][min(number, len(prototype.ranges[name]) - 1)]
                chosen[name] = low + place * (high - low)
            found.append(chosen)
    return found


@pytest.mark.parametrize("prototype", PROTOTYPES, ids=lambda one: one.name)
def test_spglib_finds_the_stated_group_all_over_the_ranges(prototype):
    for parameters in ends(prototype):
        lattice, places = prototype.scaled_cell(**parameters)
        for symprec in (1e-4, 1e-2):
            told = spglib.get_spacegroup((lattice, places, np.ones(len(places), int)), symprec=symprec)
            assert f"({CLASSES[prototype.label][1]})" in told, parameters


@pytest.mark.parametrize("prototype", PROTOTYPES, ids=lambda one: one.name)
def test_the_nearest_distance_is_one(prototype):
    random = np.random.default_rng(1)
    places = block(*prototype.scaled_cell(**prototype.drawn(random)), 3.0)
    assert cKDTree(places).query(places, 2)[0][:, 1].min() == pytest.approx(1.0, abs=1e-9)


def test_every_class_has_a_prototype_and_there_are_fourteen():
    assert {one.label for one in PROTOTYPES} == set(CLASSES)
    assert len(PROTOTYPES) == 14


@pytest.mark.parametrize(("ratio", "label"), DEGENERATE["rhombohedral c/a"])
def test_where_the_rhombohedral_family_is_cubic(ratio, label):
    lattice, places = rhombohedral(ratio)
    told = spglib.get_spacegroup((lattice, places, np.ones(3, int)), symprec=1e-4)
    assert f"({CLASSES[label][1]})" in told


def test_a_ball_holds_every_atom_of_a_crystal_within_it():
    lattice, places = next(one for one in PROTOTYPES if one.label == "rh").scaled_cell(ca=1.8)
    ball = block(lattice, places, 4.0, np.array([0.3, 0.2, 0.7]))
    steps = np.stack(np.meshgrid(*[np.arange(-15, 16)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    every = ((steps[:, None] + places).reshape(-1, 3) - [0.3, 0.2, 0.7]) @ lattice
    assert len(ball) == (np.linalg.norm(every, axis=1) <= 4.0).sum()


@given(share=st.floats(0, 1), count=st.integers(1, 200), seed=st.integers(0, 9))
def test_as_many_atoms_are_missing_as_were_asked_for(share, count, seed):
    places = np.arange(3.0 * count).reshape(-1, 3)
    left = with_vacancies(places, share, np.random.default_rng(seed))
    assert len(left) == max(count - round(share * count), 1)
    assert {tuple(one) for one in left} <= {tuple(one) for one in places}


def test_displacements_have_the_spread_that_was_asked_for():
    moved = displaced(np.zeros((4000, 3)), [0.1, 0.2, 0.0], np.random.default_rng(0))
    np.testing.assert_allclose(moved.std(axis=0), [0.1, 0.2, 0.0], rtol=0.05)


def test_turning_changes_no_distance():
    places = np.random.default_rng(0).normal(size=(20, 3))
    moved = turned(places, np.random.default_rng(1))
    np.testing.assert_allclose(moved @ moved.T, places @ places.T, atol=1e-12)
    assert not np.allclose(moved, places)


def test_a_fluid_has_hard_cores_and_no_order():
    places = fluid(600, 0.8, np.random.default_rng(0))
    nearest = cKDTree(places).query(places, 2)[0][:, 1]
    assert np.quantile(nearest, 0.02) > 0.8


def test_a_class_of_ones_own():
    cell = np.diag([3.0, 3.0, 5.0])
    one = own_prototype("mine", cell, np.array([[0, 0, 0], [1.5, 1.5, 1.0]]))
    lattice, places = one.scaled_cell()
    assert one.label == "mine"
    assert block(lattice, places, 2.0).shape[1] == 3
    with pytest.raises(ScanError, match="needs a name of its own"):
        own_prototype("fcc", cell, np.zeros((1, 3)))
    with pytest.raises(ScanError, match="a cell with a volume"):
        own_prototype("mine", np.zeros((3, 3)), np.zeros((1, 3)))
    with pytest.raises(ScanError, match="1 pairs of atoms of the cell lie on each other"):
        own_prototype("mine", cell, np.array([[0, 0, 0], [0.01, 0, 0], [1.5, 1.5, 2.5]]))
