"""Grids of readings, and functions on a grid."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.interpolators.grid import GridFunctions, MeasuredGrid, filled

from .cubes import ANGLE, ENERGY, SLOW, cube, mesh


def test_points_in_any_order_lie_on_their_grid():
    points = cube()
    order = np.random.default_rng(1).permutation(len(points.targets))
    for name in ("coordinates", "targets", "variance", "group"):
        setattr(points, name, getattr(points, name)[order])
    grid = MeasuredGrid.of(points)
    np.testing.assert_array_equal(grid.axes[0], SLOW)
    assert grid.seen.all()
    np.testing.assert_array_equal(grid.values.ravel()[order], points.targets)


def test_readings_at_one_place_are_averaged_and_missing_ones_are_not_seen():
    points = cube(axes=(SLOW[:4], ANGLE[:3], ENERGY[:5]))
    rows = np.append(np.arange(1, 60), 7)
    for name in ("coordinates", "targets", "variance", "group"):
        setattr(points, name, getattr(points, name)[rows])
    points.targets[-1] += 1.0
    grid = MeasuredGrid.of(points)
    assert not grid.seen.ravel()[0]
    assert grid.seen.sum() == 59
    assert grid.values.ravel()[7] == pytest.approx(points.targets[6] + 0.5)
    assert grid.variance.ravel()[7] == pytest.approx(points.variance[0] / 2)


def test_scattered_points_lie_on_no_grid():
    points = cube()
    points.coordinates = points.coordinates + np.random.default_rng(0).normal(size=points.coordinates.shape)
    assert MeasuredGrid.of(points) is None


AXES = (np.array([0.0, 1.0, 2.5, 3.0, 4.5]), np.array([-1.0, 0.0]), np.linspace(2, 3, 7))


def test_a_function_of_the_third_degree_is_met_everywhere_on_grids_and_at_single_places():
    def cubic(x, y, z):
        return np.stack([x**3 - 2 * x * z**2 + y, x * z**3 * (1 + y)])

    functions = GridFunctions(AXES, cubic(*np.meshgrid(*AXES, indexing="ij")))
    scattered = np.random.default_rng(0).uniform([0, -1, 2], [4.5, 0, 3], (50, 3))
    np.testing.assert_allclose(functions(scattered), cubic(*scattered.T), atol=1e-9)
    on_grid = mesh(np.linspace(0, 4.5, 6), np.array([-0.3]), np.linspace(2, 3, 9))
    np.testing.assert_allclose(functions(on_grid), cubic(*on_grid.T), atol=1e-9)


def test_functions_are_held_beyond_the_ends():
    functions = GridFunctions((np.arange(5.0),), np.arange(5.0)[None] ** 2)
    np.testing.assert_allclose(functions(np.array([[-3.0], [9.0]])), [[0, 16]], atol=1e-9)


def test_holes_are_filled_along_the_slow_axis():
    values = np.arange(12.0).reshape(4, 3)
    seen = np.ones((4, 3), bool)
    seen[1, 0] = seen[3, 1] = False
    result = filled(np.array([0.0, 1.0, 3.0, 4.0]), np.where(seen, values, np.nan), seen)
    assert result[1, 0] == pytest.approx(2.0)
    assert result[3, 1] == pytest.approx(7.0)
    np.testing.assert_array_equal(result[seen], values[seen])
