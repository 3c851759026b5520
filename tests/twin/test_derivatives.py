"""Derivatives of a twin against the truth behind its scan."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.errors import ScanError

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


def test_a_wrong_axis_or_order_is_refused(twin):
    for wrong in ({"axis": "pressure"}, {"axis": "temperature", "order": 3}):
        with pytest.raises(ScanError, match="derivatives are"):
            twin.derivative(POINTS, **wrong)
