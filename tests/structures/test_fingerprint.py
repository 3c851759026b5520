"""The diffraction picture: peaks where they belong, the direct sum, colours that follow the axes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.structures.fingerprint import fingerprint, intensity, supercell
from napari_scantwin.structures.network import IMAGE_CLASSES, picture, pictures
from napari_scantwin.structures.prototypes import PROTOTYPES, turned

BY_LABEL = {one.label: one for one in PROTOTYPES}


@pytest.fixture(scope="module")
def cube():
    return supercell(*BY_LABEL["sc"].scaled_cell(), 216)


def test_the_separable_sum_is_the_direct_one():
    places = np.random.default_rng(0).uniform(-3, 3, (60, 3))
    s = (np.arange(64) - 32) * 0.08  # a pixel is 0.08 of an inverse nearest distance
    x, y = np.meshgrid(s, s)
    z = -0.5 * 0.05 * (x**2 + y**2)
    phase = x[..., None] * places[:, 0] + y[..., None] * places[:, 1] + z[..., None] * places[:, 2]
    direct = np.abs(np.exp(2j * np.pi * phase).sum(axis=-1)) ** 2
    np.testing.assert_allclose(intensity(places), direct, atol=2e-3 * direct.max())


def test_a_simple_cubic_crystal_has_its_peaks_at_one_and_the_root_of_two(cube):
    """100 at 1 / 0.08 = 12.5 pixels and 011, seen from the turned side, at 17.7."""
    image = fingerprint(cube)
    assert image.shape == (64, 64, 3)
    assert image.min() == 0
    assert image.max() == 1
    red = image[..., 0]
    along_x, along_y = red[32], red[:, 32]
    assert abs(int(np.argmax(along_x)) - 32) in (12, 13)
    assert abs(int(np.argmax(along_y)) - 32) in (17, 18)
    far = np.hypot(*np.meshgrid(np.arange(64) - 32, np.arange(64) - 32))
    assert not image[(far <= 10) | (far >= 30)].any()


def test_swapped_axes_swap_colours(cube):
    other = supercell(*BY_LABEL["bct139"].scaled_cell(ca=1.2))
    swapped = fingerprint(other[:, [1, 0, 2]])
    image = fingerprint(other)
    np.testing.assert_allclose(swapped[..., 1], image[..., 0].T, atol=1e-3)
    np.testing.assert_allclose(swapped[..., 0], image[..., 1].T, atol=1e-3)


def test_where_a_crystal_lies_and_how_large_it_is_does_not_matter_but_how_it_stands_does(cube):
    image = fingerprint(cube)
    np.testing.assert_allclose(fingerprint(3.7 * cube + 40, 3.7), image, atol=1e-3)
    moved = fingerprint(turned(cube, np.random.default_rng(1)))
    assert np.corrcoef(moved.ravel(), image.ravel())[0, 1] < 0.5


def test_a_supercell_has_the_nearest_distance_and_about_the_atoms_asked_for():
    for one in PROTOTYPES:
        places = supercell(*one.scaled_cell(**one.drawn(np.random.default_rng(0))))
        assert 120 <= len(places) <= 420
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
        assert apart[apart > 1e-6].min() == pytest.approx(1.0, abs=1e-6)


def test_pictures_have_every_class_alike_and_the_same_for_the_same_seed():
    images, classes = pictures(14, 5)
    assert list(np.bincount(classes)) == [2] * len(IMAGE_CLASSES)
    again, _ = pictures(14, 5)
    np.testing.assert_array_equal(images, again)
    random = np.random.default_rng([5, 0])
    random.integers(1)
    np.testing.assert_array_equal(images[0], picture(BY_LABEL["sc"], random))
