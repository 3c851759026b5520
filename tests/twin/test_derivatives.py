"""Derivatives of a twin against the truth behind its scan."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.interpolators.difference import difference

from .conftest import truth

POINTS = np.stack([axis.ravel() for axis in np.meshgrid(np.linspace(1, 8, 9), np.linspace(12, 44, 40))], axis=1)


@pytest.mark.parametrize(("axis", "position", "step"), [("temperature", 1, 1e-3), ("magnetic_field", 0, 1e-3)])
def test_first_derivatives_are_near_the_truth_and_know_how_near(twin, axis, position, step):
    shift = np.zeros(2)
    shift[position] = step
    exact = (truth(*(POINTS + shift).T) - truth(*(POINTS - shift).T)) / (2 * step)
    found, deviation = twin.derivative(POINTS, axis)
    assert np.sqrt(np.mean((found - exact) ** 2)) < 0.1 * np.abs(exact).max()
    assert (np.abs(found - exact) < 3 * deviation + 0.02 * np.abs(exact).max()).mean() > 0.8


def test_the_derivative_is_the_twins_own(twin):
    first, _ = twin.derivative(POINTS, "temperature")
    second, _ = twin.derivative(POINTS, "temperature", order=2)
    step = np.array([0, 1e-3])
    difference = (twin.predict(POINTS + step)[0] - twin.predict(POINTS - step)[0]) / 2e-3
    np.testing.assert_allclose(first, difference, atol=2e-3 * np.abs(first).max())
    slopes = (
        twin.derivative(POINTS + step, "temperature")[0] - twin.derivative(POINTS - step, "temperature")[0]
    ) / 2e-3
    assert np.median(np.abs(second - slopes)) < 0.02 * np.abs(second).max()


def test_at_an_end_beyond_which_a_function_is_held_its_slope_is_the_one_inside():
    places = np.array([[2.0], [2.0001], [5.0], [7.0], [8.0]])
    found = difference(lambda at: 3 * np.clip(at[:, 0], 2, 7), places, 0, 5.0, 1, (2.0, 7.0))
    np.testing.assert_allclose(found, [3, 3, 3, 3, 0], atol=1e-6)


def test_a_wrong_axis_or_order_is_refused(twin):
    for wrong in ({"axis": "pressure"}, {"axis": "temperature", "order": 3}):
        with pytest.raises(ScanError, match="derivatives are"):
            twin.derivative(POINTS, **wrong)


@pytest.mark.parametrize("order", [1, 2])
def test_simulate_gives_the_derivative_on_a_grid_with_errors_and_units(twin, order):
    grid = {"magnetic_field": np.array([1.0, 3.0, 8.0]), "temperature": np.linspace(12, 44, 50)}
    scan = twin.simulate(grid, along="temperature", order=order)
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*grid.values(), indexing="ij")], axis=1)
    mean, deviation = twin.derivative(mesh, "temperature", order=order)
    np.testing.assert_allclose(scan.values.ravel(), mean, rtol=1e-5, atol=1e-6 * np.abs(mean).max())
    np.testing.assert_allclose(scan["standard_error"].values.ravel(), deviation, rtol=1e-5, atol=1e-9)
    assert scan.attrs["kind"] == "derivative"
    assert scan.attrs["units"] == units.standard({1: "emu/K", 2: "emu/K^2"}[order])
    # The second derivative of the truth, a logistic step s of width w, is s (1 - s) (1 - 2 s) / w^2.
    field, temperature = mesh.T
    step = 1 / (1 + np.exp((temperature - 20 - 2 * field) / 1.5))
    exact = (1 + 0.1 * field) * {1: -step * (1 - step) / 1.5, 2: step * (1 - step) * (1 - 2 * step) / 1.5**2}[order]
    # Sweeps of some 0.9 K a point hold the slope of a step 1.5 K wide well, its second derivative only roughly: what
    # the error bar says of either must be true.
    if order == 1:
        assert np.corrcoef(mean, exact)[0, 1] > 0.98
    assert (np.abs(mean - exact) < 2 * deviation + 0.02 * np.abs(exact).max()).mean() > 0.8


def test_simulate_refuses_a_derivative_along_no_axis(twin):
    with pytest.raises(ScanError, match="derivatives are"):
        twin.simulate(along="pressure")
