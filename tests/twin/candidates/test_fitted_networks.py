"""Large networks of a cube with the sums over its slices kept."""

from __future__ import annotations

import numpy as np

from napari_scantwin.interpolators.features import FeatureMap
from napari_scantwin.interpolators.grid import GridFunctions
from napari_scantwin.twin.candidates.fitted_networks import FittedLargeNetworks

PLACES = np.random.default_rng(0).uniform(0, 1, (30, 3))


def networks() -> tuple[FittedLargeNetworks, FittedLargeNetworks]:
    """The same two networks without and with a correction of 3 s^2."""
    random = np.random.default_rng(1)
    features = FeatureMap.fit("plain", np.array([[0.0, 0, 0], [1, 1, 1]]), np.array([0.0, 0.5, 1.0]))
    parameters = [
        random.normal(size=shape).astype(np.float32) for shape in ((2, 3, 8), (2, 1, 8), (2, 8, 1), (2, 1, 1))
    ]
    slow = np.linspace(0, 1, 9)
    return (
        FittedLargeNetworks(features, parameters),
        FittedLargeNetworks(features, parameters, GridFunctions((slow,), 3 * slow[None] ** 2)),
    )


def test_the_correction_is_added_to_every_member_and_to_slopes_along_the_slow_axis_alone():
    plain, kept = networks()
    np.testing.assert_allclose(
        kept.outputs(PLACES) - plain.outputs(PLACES), np.tile(3 * PLACES[:, 0] ** 2, (2, 1)), atol=1e-5
    )
    slopes = [one.slopes(PLACES, 0, 1.0, 1) for one in (plain, kept)]
    np.testing.assert_allclose(slopes[1] - slopes[0], np.tile(6 * PLACES[:, 0], (2, 1)), atol=1e-4)
    np.testing.assert_array_equal(kept.slopes(PLACES, 1, 1.0, 1), plain.slopes(PLACES, 1, 1.0, 1))


def test_a_file_holds_the_correction():
    for one in networks():
        again = FittedLargeNetworks.from_arrays(one.to_arrays())
        np.testing.assert_array_equal(again.outputs(PLACES), one.outputs(PLACES))
