"""Planes of a cube under lines at any angle."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.scan import axes, gridded_scan
from napari_scantwin.samples import load_sample
from napari_scantwin.sections.planes import plane_along, simulated_on

X = np.array([-3.0, -1.0, 0.0, 2.0, 5.0])  # uneven
Y = np.linspace(4, -4, 9)  # falls
E = np.linspace(-0.5, 0.1, 7)


def made(function, **more):
    values = function(X[:, None, None], Y[None, :, None], E[None, None, :])
    names = {"x": (X, "mm"), "y": (Y, "mm"), "energy": (E, "eV")}
    return gridded_scan(names, values, name="photoemission_intensity", unit="count", **more)


def test_a_bilinear_field_is_met_exactly_on_any_line():
    def field(x, y, e):
        return 2 + x - 3 * y + 0.5 * x * y + e * (1 + y)

    plane = plane_along(made(field), {"x": -2.5, "y": 3.3}, {"x": 4.1, "y": -1.7}, count=40)
    assert axes(plane) == ("distance", "energy")
    assert plane["distance"].attrs["units"] == "mm"
    np.testing.assert_allclose(plane["distance"].values[-1], np.hypot(6.6, 5.0))
    at_x, at_y = np.linspace(-2.5, 4.1, 40), np.linspace(3.3, -1.7, 40)
    np.testing.assert_allclose(plane["x"].values, at_x)
    np.testing.assert_allclose(plane.values, field(at_x[:, None], at_y[:, None], E[None]), atol=1e-12)
    assert "x -2.5 mm, y 3.3 mm to x 4.1 mm, y -1.7 mm" in plane.attrs["line"]


def test_a_line_on_samples_returns_them():
    values = np.random.default_rng(0).normal(size=(5, 9, 7))
    scan = made(lambda x, y, e: values)
    plane = plane_along(scan, {"x": 2.0, "y": 4.0}, {"x": 2.0, "y": -4.0})
    np.testing.assert_allclose(plane.values, values[3])
    np.testing.assert_allclose(plane["distance"].values, np.arange(9))


def test_a_band_averages_and_its_errors_shrink():
    rng = np.random.default_rng(1)
    values, errors = rng.normal(size=(5, 9, 7)), rng.uniform(1, 2, (5, 9, 7))
    scan = made(lambda x, y, e: values, errors=errors)
    plane = plane_along(scan, {"x": -3.0, "y": 0.0}, {"x": 5.0, "y": 0.0}, width=2.0, across="y", count=9)
    rows = [0, 1, 3]  # places -3, -1, 2 of x, where samples lie
    expected = values[:, 3:6].mean(axis=1)[[0, 1, 3]]
    places = [int(np.flatnonzero(np.isclose(plane["x"].values, X[row]))[0]) for row in rows]
    np.testing.assert_allclose(plane.values[places], expected)
    error = np.sqrt((errors[:, 3:6] ** 2).sum(axis=1))[[0, 1, 3]] / 3
    np.testing.assert_allclose(plane["standard_error"].values[places], error)


def test_outside_and_where_nothing_was_measured_it_is_nan():
    scan = made(lambda x, y, e: x + y + e)
    scan.values[0] = np.nan
    plane = plane_along(scan, {"x": -5.0, "y": 0.0}, {"x": 5.0, "y": 0.0}, count=11)
    finite = np.isfinite(plane.values).all(axis=1)
    np.testing.assert_array_equal(finite, plane["x"].values >= -2)
    # Between a sample that was measured and one that was not, the measured one stands.
    expected = np.maximum(plane["x"].values[finite], -1.0)[:, None] + E
    np.testing.assert_allclose(plane.values[finite], expected, atol=1e-12)


def test_axes_of_different_kinds_have_no_distance():
    sample = load_sample("arpes")
    plane = plane_along(
        sample, {"manipulator_angle": 0.0, "energy": -0.6}, {"manipulator_angle": 3.0, "energy": 0.0}, count=21
    )
    assert axes(plane) == ("energy", "analyser_angle")
    assert plane["energy"].attrs == sample["energy"].attrs
    np.testing.assert_allclose(plane["manipulator_angle"].values, np.linspace(0, 3, 21))


def test_different_units_of_one_kind_are_converted():
    scan = made(lambda x, y, e: x + y + e)
    scan = scan.assign_coords(y=("y", Y * 1000, {"units": "µm", "long_name": "y"}))
    plane = plane_along(scan, {"x": 0.0, "y": 0.0}, {"x": 3.0, "y": 4000.0})
    np.testing.assert_allclose(plane["distance"].values[-1], 5.0)


def test_the_sample_s_band_is_where_both_its_planes_show_it():
    sample = load_sample("arpes")
    line = {"manipulator_angle": -12.0, "analyser_angle": -12.0}, {"manipulator_angle": 12.0, "analyser_angle": 12.0}
    plane = plane_along(sample, *line)
    assert plane.attrs["sha256"] == sample.attrs["sha256"]
    middle = int(np.argmin(np.abs(plane["distance"].values - np.hypot(12, 12))))
    straight = sample.sel(manipulator_angle=0.0).interp(analyser_angle=float(plane["analyser_angle"][middle]))
    exact = sample.interp(
        manipulator_angle=float(plane["manipulator_angle"][middle]),
        analyser_angle=float(plane["analyser_angle"][middle]),
    )
    np.testing.assert_allclose(plane.values[middle], exact.values, rtol=1e-5, atol=1e-5)
    assert np.abs(plane.values[middle] - straight.values).max() < 15


def test_a_twin_is_asked_at_the_places_of_the_plane():
    class Twin:
        axes = ("x", "y", "energy")

        def predict(self, places):
            return places @ [1.0, 10.0, 100.0], np.full(len(places), 0.5)

    plane = plane_along(made(lambda x, y, e: 0 * (x + y + e)), {"x": -2.0, "y": 3.0}, {"x": 4.0, "y": -1.0}, count=7)
    found = simulated_on(plane, Twin())
    expected = plane["x"].values[:, None] + 10 * plane["y"].values[:, None] + 100 * E
    np.testing.assert_allclose(found.values, expected)
    assert (found["standard_error"].values == 0.5).all()
    assert found.attrs["kind"] == "simulated"
    assert found.dims == plane.dims


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ({"x": 0.0, "y": 0.0}, {"x": 0.0, "y": 0.0}, "begins where it ends"),
        ({"x": 0.0}, {"x": 1.0}, "two of its axes"),
        ({"x": 0.0, "y": 0.0}, {"x": 1.0, "energy": 0.0}, "same two"),
    ],
)
def test_lines_that_are_none_are_refused_in_words(start, end, sentence):
    with pytest.raises(ScanError, match=sentence):
        plane_along(made(lambda x, y, e: x + y + e), start, end)


def test_scans_without_a_plane_are_refused_in_words():
    with pytest.raises(ScanError, match="gridded"):
        plane_along(load_sample("ferromagnet"), {}, {})
    flat = made(lambda x, y, e: x + y + e).isel(energy=0, drop=True)
    with pytest.raises(ScanError, match="no plane"):
        plane_along(flat, {"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 0.0})
    with pytest.raises(ScanError, match="own axes"):
        plane_along(
            made(lambda x, y, e: x + y + e), {"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 0.0}, width=1, across="energy"
        )
