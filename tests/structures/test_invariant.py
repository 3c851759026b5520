"""The descriptor: no view changes it, the harmonics are scipy's, the nearest distance survives noise and vacancies."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.special import eval_legendre, sph_harm_y

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.structures.invariant import (
    CUTOFF,
    FEATURES,
    coefficients,
    descriptors,
    harmonics,
    nearest_distance,
    whole_descriptor,
    window_descriptors,
)
from napari_scantwin.structures.prototypes import PROTOTYPES, block, displaced, turned, with_vacancies

BY_LABEL = {one.label: one for one in PROTOTYPES}


def ball(label="fcc", radius=2.6, sigma=0.06, vacancies=0.2, seed=0):
    random = np.random.default_rng(seed)
    prototype = BY_LABEL[label]
    places = block(*prototype.scaled_cell(**prototype.drawn(random)), radius, random.random(3))
    return displaced(with_vacancies(places, vacancies, random), sigma, random)


def test_harmonics_are_those_of_scipy_and_obey_the_addition_theorem():
    random = np.random.default_rng(0)
    directions = random.normal(size=(40, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    found = harmonics(directions).T
    azimuth, polar = np.arctan2(directions[:, 1], directions[:, 0]), np.arccos(directions[:, 2])
    column = 0
    for degree in range(0, 11, 2):
        truth = [sph_harm_y(degree, 0, polar, azimuth).real]
        for m in range(1, degree + 1):
            complex_one = sph_harm_y(degree, m, polar, azimuth)
            truth += [np.sqrt(2) * complex_one.real, np.sqrt(2) * complex_one.imag]
        part = found[:, column : column + 2 * degree + 1]
        np.testing.assert_allclose(part, np.stack(truth, axis=1), atol=1e-12)
        expected = (2 * degree + 1) / (4 * np.pi) * eval_legendre(degree, directions[:20] @ directions[20:].T)
        np.testing.assert_allclose(part[:20] @ part[20:].T, expected, atol=1e-12)
        column += 2 * degree + 1


@given(
    label=st.sampled_from(sorted(BY_LABEL)),
    seed=st.integers(0, 50),
    scale=st.floats(0.1, 20.0),
    mirrored=st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_no_view_changes_the_descriptor(label, seed, scale, mirrored):
    places = ball(label, 2.2, seed=seed)
    random = np.random.default_rng(seed)
    moved = turned(places, random) * ([1, 1, -1] if mirrored else [1, 1, 1])
    moved = scale * moved[random.permutation(len(moved))] + random.normal(size=3) * 30
    np.testing.assert_allclose(whole_descriptor(moved, scale), whole_descriptor(places, 1.0), atol=1e-5)


def test_the_power_is_that_of_the_direct_sum_over_pairs_of_pairs():
    """Legendre's polynomials of the angles between pairs, without harmonics, and no pair with itself."""
    places = ball("sc", 1.6, seed=3)
    i, j = np.triu_indices(len(places), 1)
    apart = places[i] - places[j]
    reach = np.linalg.norm(apart, axis=1)
    near = reach < CUTOFF
    apart, reach = apart[near], reach[near]
    shell, degree = 1, 4
    centre = np.linspace(0.9, 3.5, 22)
    weight = 2 * np.exp(-0.5 * ((reach[:, None] - centre) / 0.075) ** 2)
    mean = weight.sum(axis=0).mean()
    cosine = np.clip((apart / reach[:, None]) @ (apart / reach[:, None]).T, -1, 1)
    table = np.outer(weight[:, shell], weight[:, shell]) * eval_legendre(degree, cosine)
    np.fill_diagonal(table, 0)
    power = (2 * degree + 1) / (4 * np.pi) * table.sum() / mean**2
    expected = power / (np.sqrt(abs(power)) + 0.03)
    found = whole_descriptor(places, 1.0)
    assert found.shape == (FEATURES,)
    assert found[22 * 2 + shell] == pytest.approx(expected, abs=1e-4)
    np.testing.assert_allclose(found[:22], weight.sum(axis=0) / mean, rtol=1e-4, atol=1e-5)


def test_sums_over_windows_are_those_of_the_atoms():
    places = ball("bcc", 3.5, vacancies=0.3)
    every = coefficients(places, 1.0)
    some = np.array([3, 17, 40])
    part = coefficients(places, 1.0, some)
    np.testing.assert_allclose(part.sums, every.sums[some], atol=1e-6)
    inside = np.zeros((2, len(places)), np.float32)
    inside[0], inside[1, :50] = 1, 1
    far = np.array([np.inf, 2.0])
    np.testing.assert_allclose(
        descriptors(every, csr_matrix(inside), far), descriptors(every, inside, far), rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(descriptors(every, inside, far)[0], whole_descriptor(places, 1.0), atol=2e-4)


@given(seed=st.integers(0, 30), scale=st.floats(0.2, 5.0))
@settings(max_examples=8, deadline=None)
def test_descriptors_of_windows_are_the_same_by_pairs_and_by_atoms(seed, scale):
    places = ball("bct139", 4.0, vacancies=0.3, seed=seed)
    random = np.random.default_rng(seed)
    windows = [np.sort(random.choice(len(places), count, replace=False)) for count in (1, 30, len(places) - 1)]
    inside = np.zeros((3, len(places)), np.float32)
    for row, atoms in enumerate(windows):
        inside[row, atoms] = 1
    reach = np.array([2.0, 3.0, 9.0])
    by_atoms = descriptors(coefficients(places, 1.0), inside, reach)
    by_pairs = window_descriptors(scale * places, scale, windows, reach)
    np.testing.assert_allclose(by_pairs, by_atoms, atol=2e-4)
    alone = window_descriptors(places, 1.0, windows[1:2], np.array([np.inf]))[0]
    np.testing.assert_allclose(alone, whole_descriptor(places[windows[1]], 1.0), atol=1e-6)


def test_vacancies_and_noise_shift_the_mean_power_of_a_crystal_little():
    """Without the own term a fifth of the atoms of a fluid of pairs would look like order."""
    random = np.random.default_rng(0)
    places = random.uniform(-4, 4, (700, 3))
    found = whole_descriptor(places, 1.0)
    roots = found[22:].reshape(5, 22)
    power = np.sign(roots) * roots**2
    assert abs(power.mean()) < 3 * power.std() / np.sqrt(power.size)


@pytest.mark.parametrize("label", ["sc", "fcc", "diamond"])
def test_the_nearest_distance_is_told_to_a_few_percent_at_high_noise_and_vacancies(label):
    random = np.random.default_rng(5)
    found = []
    for _ in range(4):
        places = block(*BY_LABEL[label].scaled_cell(), 9.0 if label != "diamond" else 10.5, random.random(3))
        found.append(nearest_distance(displaced(with_vacancies(places, 0.7, random), 0.12, random)))
    assert np.mean(found) == pytest.approx(1.0, abs=0.025)


@pytest.mark.parametrize(("sigma", "vacancies"), [(0.0, 0.0), (0.08, 0.0), (0.0, 0.7), (0.1, 0.4)])
def test_the_two_close_shells_of_a_bcc_crystal_are_one_with_and_without_defects(sigma, vacancies):
    random = np.random.default_rng(2)
    places = block(*BY_LABEL["bcc"].scaled_cell(), 6.0, random.random(3))
    found = nearest_distance(3.0 * displaced(with_vacancies(places, vacancies, random), sigma, random))
    assert found / 3.0 == pytest.approx(1.058, abs=0.025)


def test_bad_clouds_and_cancelling():
    with pytest.raises(ScanError, match="no two atoms apart"):
        nearest_distance(np.zeros((5, 3)))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        coefficients(ball(), 1.0, stop=stop)
    assert not whole_descriptor(np.array([[0, 0, 0], [9.0, 0, 0]]), 1.0).any()
