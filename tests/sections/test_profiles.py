"""Profiles through cubes, their windows and stacks."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import sections
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.samples import load_sample

RNG = np.random.default_rng(3)
TEMPERATURE = np.array([2.0, 4.0, 10.0, 50.0])
ANGLE = np.linspace(10, -10, 11)  # falls
ENERGY = np.linspace(-0.5, 0.1, 7)
VALUES = RNG.normal(10, 1, (4, 11, 7))
ERRORS = RNG.uniform(0.5, 1.5, (4, 11, 7))


@pytest.fixture
def scan():
    axes = {"sample_temperature": (TEMPERATURE, "K"), "angle": (ANGLE, "deg"), "energy": (ENERGY, "eV")}
    return gridded_scan(axes, VALUES.copy(), name="photoemission_intensity", unit="count", errors=ERRORS)


@pytest.mark.parametrize(
    ("at", "width", "expected"),
    [
        (9.0, 0.0, [2]),  # the nearest
        (30.5, 0.0, [3]),
        (3.0, 2.0, [0, 1]),  # both ends belong
        (30.0, 10.0, [2]),  # none within: the nearest, the first of two
        (25.0, 100.0, [0, 1, 2, 3]),
    ],
)
def test_a_window_takes_in_the_samples_within_half_of_it(at, width, expected):
    np.testing.assert_array_equal(np.arange(4)[sections.window(TEMPERATURE, at, width)], expected)


def test_a_window_of_two_steps_holds_three_samples_whatever_rounding_does():
    column = np.linspace(-0.75, 0.15, 64)
    step = column[1] - column[0]
    for at in column[1:-1]:
        assert sections.window(column, at, 2 * step).stop - sections.window(column, at, 2 * step).start == 3


def test_a_window_on_an_axis_out_of_order_names_its_samples():
    column = np.array([0.0, 5.0, 1.0, 6.0])
    np.testing.assert_array_equal(sections.window(column, 0.5, 2.0), [0, 2])


def test_a_profile_is_the_mean_over_the_windows_with_its_error(scan):
    cube = sections.Cube.of(scan)
    found = sections.profile(cube, "energy", {"sample_temperature": 4.0, "angle": 2.0}, {"angle": 4.0})
    np.testing.assert_allclose(found.values, VALUES[1, 3:6].mean(axis=0))
    np.testing.assert_allclose(found.errors, np.sqrt((ERRORS[1, 3:6] ** 2).sum(axis=0)) / 3)
    np.testing.assert_array_equal(found.running, ENERGY)
    plain = sections.profile(cube, "sample_temperature", {"angle": -10.0, "energy": 0.1})
    np.testing.assert_array_equal(plain.values, VALUES[:, -1, -1])


def test_neighbours_on_a_simulated_map_err_together(scan):
    cube = sections.Cube.of(scan.assign_attrs(kind="simulated"))
    found = sections.profile(cube, "energy", {"sample_temperature": 4.0, "angle": 2.0}, {"angle": 4.0})
    np.testing.assert_allclose(found.errors, ERRORS[1, 3:6].mean(axis=0))


def test_what_was_not_measured_is_left_away(scan):
    scan.values[1, 3, :] = np.nan
    scan.values[1, 3:6, 0] = np.nan
    at = {"sample_temperature": 4.0, "angle": 2.0}
    found = sections.profile(sections.Cube.of(scan), "energy", at, {"angle": 4.0})
    np.testing.assert_allclose(found.values[1:], VALUES[1, 4:6, 1:].mean(axis=0))
    np.testing.assert_allclose(found.errors[1:], np.sqrt((ERRORS[1, 4:6, 1:] ** 2).sum(axis=0)) / 2)
    assert np.isnan(found.values[0])


def test_a_profile_of_a_lazily_opened_scan_is_the_same(scan):
    lazy = scan.drop_vars("standard_error").chunk({"energy": 3})
    at = {"sample_temperature": 10.0, "angle": 0.0}
    found = sections.profile(sections.Cube.of(lazy), "energy", at, {"sample_temperature": 20.0, "angle": 4.0})
    np.testing.assert_allclose(found.values, VALUES[0:3, 4:7].mean(axis=(0, 1)))


def test_a_stack_has_a_profile_for_every_place(scan):
    cube = sections.Cube.of(scan)
    edcs = sections.stack(cube, "energy", "angle", {"sample_temperature": 50.0})
    np.testing.assert_allclose(edcs.values, VALUES[3])
    mdcs = sections.stack(cube, "angle", "energy", {"sample_temperature": 50.0})
    np.testing.assert_allclose(mdcs.values, VALUES[3].T)
    few = sections.stack(cube, "energy", "angle", {"sample_temperature": 50.0}, count=4)
    np.testing.assert_allclose(few.places, [8, 2, -4, -9])  # threes, and the two that are left
    np.testing.assert_allclose(few.values[3], VALUES[3, 9:].mean(axis=0))
    with pytest.raises(ScanError, match="two different axes"):
        sections.stack(cube, "energy", "energy", {})


def test_a_stack_is_written_with_places_and_units(scan, tmp_path):
    edcs = sections.stack(sections.Cube.of(scan), "energy", "angle", {"sample_temperature": 50.0})
    lines = sections.write_stack(tmp_path / "edcs.csv", scan, edcs).read_text().splitlines()
    heads = lines[1].split(",")
    assert heads[:2] == ["energy (eV)", "photoemission_intensity (count) at 10.0 deg"]
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines[2:]])
    np.testing.assert_array_equal(table[:, 0], ENERGY)
    np.testing.assert_array_equal(table[:, 1:].T, edcs.values)


def test_profiles_have_the_names_of_the_field(scan):
    assert [sections.kind_of(scan, axis) for axis in scan.dims] == ["profile", "MDC", "EDC"]
    assert sections.kind_of(load_sample("arpes"), "analyser_angle") == "MDC"


def test_a_ragged_scan_is_refused_in_words():
    with pytest.raises(ScanError, match="gridded"):
        sections.Cube.of(load_sample("ferromagnet"))
