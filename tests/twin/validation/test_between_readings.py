"""A curve through coarse readings says how far it may be off between them; through fine ones it claims nothing more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.twin.data import prepare
from napari_scantwin.twin.validation.between_readings import missed_between
from napari_scantwin.twin.validation.uncertainty import sample_axes

FIELDS = np.array([0.0, 1.0, 2.0, 3.0])
TRUTHS = {
    "a step": lambda field, kelvin: np.arctan((kelvin - 21 - 3 * field) / 1.3),
    "a peak": lambda field, kelvin: np.exp(-(((kelvin - 22 - 2 * field) / 2.2) ** 2)),
    "a square root": lambda field, kelvin: np.sqrt(np.maximum(0, 1 - kelvin / (33 + field))),
}


def measured(function, readings: int, noise: float = 2e-4):
    """Four sweeps of so many readings at their own places."""
    random = np.random.default_rng(readings)
    step = 45 / (readings - 1)
    kelvin = np.concatenate([np.linspace(5, 50, readings) + 0.1 * step * random.normal(size=readings) for _ in FIELDS])
    field = np.repeat(FIELDS, readings)
    values = function(field, kelvin) + noise * random.normal(size=len(field))
    axes = {"magnetic_field": (field, "T"), "temperature": (kelvin, "K")}
    return scans.ragged_scan(axes, values, name="moment", unit="emu")


def stated_and_true(function, readings: int):
    """What a cubic spline through every sweep is stated to be off by at the set points, and is [sweeps, places]."""
    data = prepare(measured(function, readings), 10)
    grid = sample_axes(data.coordinates, data.knots)
    curves = []
    for field in FIELDS:
        mine = data.coordinates[:, 0] == field
        order = np.argsort(data.coordinates[mine, 1])
        curves.append(CubicSpline(data.coordinates[mine, 1][order], data.values[mine][order])(grid[1]))
    rows = np.stack([np.interp(grid[0], FIELDS, column) for column in np.array(curves).T], axis=1)
    stated, _ = missed_between(data, grid, rows)
    at = np.searchsorted(grid[0], FIELDS)
    return stated[at], np.array(curves) - function(FIELDS[:, None], grid[1][None])


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("readings", [14, 18, 24])
def test_coarse_readings_leave_a_doubt_as_large_as_the_miss(name, readings):
    stated, wrong = stated_and_true(TRUTHS[name], readings)
    inner = (slice(None), slice(30, -30))
    worst = np.abs(wrong[inner]) > np.quantile(np.abs(wrong[inner]), 0.8)
    said, is_off = (np.sqrt(np.mean(part[inner][worst] ** 2)) for part in (stated, wrong))
    assert 0.3 < said / is_off < 4


@pytest.mark.parametrize("name", ["a step", "a peak"])
def test_fine_readings_leave_none(name):
    stated, _ = stated_and_true(TRUTHS[name], 160)
    assert np.sqrt(np.mean(stated**2)) < 2e-4  # the noise


def test_the_doubt_reaches_the_error_bar_and_the_slope():
    function = TRUTHS["a step"]
    twin = train(measured(function, 19), TwinSettings(members=2), score_baselines=False)
    places = np.stack(np.meshgrid(FIELDS, np.linspace(15, 35, 120), indexing="ij"), -1).reshape(-1, 2)
    mean, deviation = twin.predict(places)
    wrong = mean - function(*places.T)
    assert np.mean(np.abs(wrong) < 2 * deviation) > 0.85
    slope, doubt = twin.derivative(places, "temperature")
    off = slope - 1 / 1.3 / (1 + ((places[:, 1] - 21 - 3 * places[:, 0]) / 1.3) ** 2)
    assert np.mean(np.abs(off) < 2 * doubt) > 0.85
