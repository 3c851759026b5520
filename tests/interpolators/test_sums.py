"""Sums over slices, kept."""

from __future__ import annotations

import numpy as np

from napari_scantwin.interpolators.grid import MeasuredGrid
from napari_scantwin.interpolators.scores import SlowAxes
from napari_scantwin.interpolators.sums import correction, means

from .cubes import ANGLE, ENERGY, SLOW, cube


def flux(slow, angle, energy):
    """A slice whose sum goes straight, bent by nothing but noise."""
    return 1 + 0.1 * slow + 0 * angle * energy


def corrected(function, deviation=0.1):
    points = cube(function, deviation)
    grid = MeasuredGrid.of(points)
    axes, nodes = SlowAxes.of(grid.axes[:1])
    found = correction(grid, axes, nodes, lambda: np.full(len(nodes[0]), 0.25))
    return points, grid, nodes[0], found.values[0] + 0.25


def test_sums_lie_on_straight_lines_where_nothing_does_clearly_better():
    _, grid, nodes, found = corrected(flux)
    np.testing.assert_allclose(found, np.interp(nodes, SLOW, means(grid, 1)[0]), atol=1e-9)


def test_sums_that_are_bent_are_not_cut_short():
    def bent(slow, angle, energy):
        return np.sin(slow) + 0 * angle * energy

    points, grid, nodes, found = corrected(bent)
    exact = (np.sin(nodes) - points.offset) / points.spread
    straight = np.interp(nodes, SLOW, means(grid, 1)[0])
    assert np.sqrt(np.mean((found - exact) ** 2)) < 0.5 * np.sqrt(np.mean((straight - exact) ** 2))


def test_a_mean_is_as_sure_as_its_readings_are_many():
    grid = MeasuredGrid.of(cube())
    mean, variance = means(grid, 1)
    np.testing.assert_allclose(mean, grid.values.mean(axis=(1, 2)))
    np.testing.assert_allclose(variance, grid.variance[0, 0, 0] / (len(ANGLE) * len(ENERGY)))
