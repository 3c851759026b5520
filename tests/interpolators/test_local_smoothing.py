"""Pictures smoothed as far as they are flat."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.interpolators.local_smoothing import locally_smoothed

X, Y = np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 50), indexing="ij")
#: A sharp ridge on the left, nothing on the right.
PICTURE = 12 * np.exp(-(((X + 0.5) / 0.06) ** 2)) + 0.5 * Y


def test_noise_goes_where_the_picture_is_flat_and_a_ridge_stays():
    random = np.random.default_rng(0)
    found, _ = locally_smoothed(PICTURE + random.normal(size=PICTURE.shape))
    wrong = (found - PICTURE) ** 2
    assert np.sqrt(wrong[X > 0].mean()) < 0.25
    assert np.sqrt(wrong[np.abs(X + 0.5) < 0.1].mean()) < 1.0


def test_draws_are_as_large_as_the_error():
    random = np.random.default_rng(1)
    found, drawn = locally_smoothed(PICTURE + random.normal(size=PICTURE.shape), 4, random)
    for part in (X > 0, np.abs(X + 0.5) < 0.15):
        stated = np.sqrt(np.mean(drawn[:, part] ** 2))
        assert 0.6 < stated / np.sqrt(np.mean((found - PICTURE)[part] ** 2)) < 1.6


def test_a_picture_far_above_its_noise_is_left_as_it_is():
    random = np.random.default_rng(2)
    rough = 1e4 * random.normal(size=(30, 40))
    np.testing.assert_allclose(locally_smoothed(rough)[0], rough, atol=5)


@pytest.mark.parametrize("shape", [(80,), (14, 15, 16)])
def test_pictures_have_any_number_of_axes(shape):
    found, drawn = locally_smoothed(np.random.default_rng(3).normal(size=shape), 2)
    assert np.std(found) < 0.5
    assert drawn.shape == (2, *shape)
