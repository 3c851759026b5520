"""How far features move along a fast axis."""

from __future__ import annotations

import numpy as np

from napari_scantwin.interpolators.travel import moved, travel

from .cubes import ANGLE, ENERGY, SLOW, cube, moving, staying


def rows(function):
    points = cube(function)
    return (points.targets / np.sqrt(points.variance)).reshape(len(SLOW), len(ANGLE), len(ENERGY))


def test_a_band_that_moves_beside_one_that_stays_is_followed():
    course = travel(SLOW, ENERGY, rows(moving), 1)
    np.testing.assert_allclose(course(SLOW), 0.5 * (SLOW / 8) ** 0.8, atol=0.06)


def test_bands_that_stay_have_no_course():
    assert travel(SLOW, ENERGY, rows(staying), 1) is None
    assert travel(SLOW, ANGLE, rows(staying), 0) is None


def test_few_slices_have_no_course():
    assert travel(SLOW[:6], ENERGY, rows(moving)[:6], 1) is None


def test_slices_are_read_at_other_places():
    axis = np.linspace(0, 4, 9)
    slices = np.stack([axis**2, axis**3])[:, None]
    places = np.array([[0.3, 1.7, 9.0], [-1.0, 2.2, 3.9]])
    found = moved(axis, slices, places, 1)
    held = np.clip(places, 0, 4)
    np.testing.assert_allclose(found[:, 0], np.stack([held[0] ** 2, held[1] ** 3]), atol=1e-9)
