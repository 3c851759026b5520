"""Courses of a transition along loading time, hydrogen content, pressure and current, with known slopes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.transition_course import transition_courses
from napari_scantwin.readers import read

AXES = {"loading_time": "h", "hydrogen_content": "dimensionless", "pressure": "bar", "current": "mA"}


def resistance(kelvin, middle, offset=0.0):
    return 0.5 * (1 + 0.02 * kelvin) * (1 + erf((kelvin - middle) / 0.4)) + offset


def scan_of(slow, middles, *, axis="pressure", unit="bar", seed=0, descending=False, celsius=False, offset=0.0):
    """Noisy sweeps of R(T) with their transitions at ``middles`` along the slow axis."""
    random = np.random.default_rng(seed)
    rows = []
    for place, middle in zip(slow, middles, strict=True):
        kelvin = np.sort(random.uniform(2, 12, 150))[:: -1 if descending else 1]
        rows.append((np.full(150, place), kelvin, resistance(kelvin, middle, offset) + 0.01 * random.normal(size=150)))
    place, kelvin, value = (np.concatenate(column) for column in zip(*rows, strict=True))
    shift, fast_unit = (-273.15, "degC") if celsius else (0.0, "K")
    axes = {axis: (place, unit), "temperature": (kelvin + shift, fast_unit)}
    return scans.ragged_scan(axes, value, name="resistance", unit="ohm")


@pytest.mark.parametrize(("axis", "unit"), AXES.items())
def test_the_slope_along_any_slow_axis(axis, unit):
    slow = np.array([0.0, 0.5, 1.5, 2.0, 4.0])
    (course,) = transition_courses(scan_of(slow, 9 - 1.2 * slow, axis=axis, unit=unit))
    assert (course.along, course.points, course.direction) == (axis, 5, 1)
    np.testing.assert_allclose(course.boundary[axis].values, slow)
    np.testing.assert_allclose(course.boundary.values, 9 - 1.2 * slow, atol=0.1)
    assert abs(course.slope.value + 1.2) < 3 * course.slope.error < 0.1
    assert course.slope.unit == ("K" if unit == "dimensionless" else f"K/{unit}")


def test_slope_errors_cover_the_truth():
    slow = np.linspace(0, 5, 6)
    misses = []
    for seed in range(20):
        slope = transition_courses(scan_of(slow, 9 - slow, seed=seed))[0].slope
        misses.append((slope.value + 1) / slope.error)
    assert 0.3 < np.sqrt(np.mean(np.square(misses))) < 1.5


@pytest.mark.parametrize("options", [{"descending": True}, {"celsius": True}, {"offset": -0.2}])
def test_how_the_file_was_written_moves_nothing(options):
    """Descending temperatures, degrees Celsius, a negative offset, and a slow axis that falls."""
    slow = np.array([3.0, 2.0, 1.0, 0.0])
    plain = transition_courses(scan_of(slow, 8 - slow))[0]
    other = transition_courses(scan_of(slow, 8 - slow, **options))[0]
    assert other.direction == (-1 if options.get("descending") else 1)
    np.testing.assert_allclose(other.boundary["pressure"].values, slow[::-1])
    np.testing.assert_allclose(other.boundary.values, plain.boundary.values, atol=0.02)
    assert other.boundary.attrs["units"] == "K"


def test_a_gridded_scan_with_descending_axes():
    time, kelvin = np.array([6.0, 3.0, 1.0]), np.linspace(12, 2, 300)
    axes = {"loading_time": (time, "h"), "temperature": (kelvin, "K")}
    scan = scans.gridded_scan(axes, np.stack([resistance(kelvin, 9 - t) for t in time]), name="resistance", unit="ohm")
    (course,) = transition_courses(scan)
    np.testing.assert_allclose(course.boundary["loading_time"].values, [1, 3, 6])
    np.testing.assert_allclose(course.boundary.values, [8, 6, 3], atol=0.03)


def test_a_table_of_cooling_sweeps_on_one_grid_is_cooling(tmp_path):
    """Reading sorts such a table into a grid; the direction it was measured in is kept."""
    kelvin = np.linspace(12, 2, 100)
    rows = [f"{p},{t:.4f},{resistance(t, 9 - p):.6f}" for p in (0.0, 1.0, 2.0) for t in kelvin]
    path = tmp_path / "cooling.csv"
    path.write_text("\n".join(["pressure (GPa),T (K),R (ohm)", *rows]), encoding="utf-8")
    (course,) = transition_courses(read(path))
    assert course.direction == -1
    np.testing.assert_allclose(course.boundary.values, [9, 8, 7], atol=0.05)


@pytest.mark.parametrize("sawtooth", [False, True])
def test_a_time_that_runs_on_during_the_sweeps(tmp_path, sawtooth):
    """A file of time, temperature and resistance: sweeps lie between the turns, and the transition is passed at the
    time that the line of the course says, not at the middle of its sweep."""
    up = np.linspace(2, 12, 80)
    kelvin = np.tile(up, 6) if sawtooth else np.tile(np.concatenate([up, up[::-1]]), 3)
    hours = 0.01 * np.arange(kelvin.size)
    kelvin = kelvin + 0.01 * np.random.default_rng(0).normal(size=kelvin.size)
    rows = zip(hours, kelvin, resistance(kelvin, 9 - hours), strict=True)
    path = tmp_path / "loading.csv"
    path.write_text("\n".join(["time (h),T (K),R (ohm)", *(f"{t:.4f},{k:.4f},{r:.6f}" for t, k, r in rows)]))
    scan = read(path)
    assert scans.axes(scan) == ("time", "temperature")
    courses = transition_courses(scan)
    assert [one.direction for one in courses] == ([1] if sawtooth else [-1, 1])
    for course in courses:
        assert course.points == (6 if sawtooth else 3)
        np.testing.assert_allclose(course.boundary.values, 9 - course.boundary["time"].values, atol=0.03)
        assert course.slope.value == pytest.approx(-1, abs=0.02)


def test_readings_here_and_there_are_no_sweeps():
    random = np.random.default_rng(1)
    axes = {"loading_time": (np.arange(60.0), "h"), "temperature": (random.uniform(2, 12, 60), "K")}
    with pytest.raises(ScanError, match="no sweep has 4 points or more"):
        transition_courses(scans.ragged_scan(axes, random.normal(size=60), name="resistance", unit="ohm"))


def test_a_sample_without_resistance_has_no_transition():
    (course,) = transition_courses(scan_of([0.0, 1.0], [5.0, 5.0]) * 0.0)
    assert np.isnan(course.boundary.values).all()
    assert "the low state holds" in str(course.boundary["note"].values[0])


def test_warming_and_cooling_are_courses_of_their_own():
    """Every sweep warms and cools; the transition on cooling is 0.5 K lower and moves half as fast."""
    up = np.linspace(2, 12, 120)
    kelvin = np.concatenate([up, up[::-1]])
    pressure = np.array([0.0, 1.0, 2.0, 3.0])
    values = [np.concatenate([resistance(up, 9 - p), resistance(up[::-1], 8.5 - 0.5 * p)]) for p in pressure]
    axes = {"pressure": (np.repeat(pressure, 240), "GPa"), "temperature": (np.tile(kelvin, 4), "K")}
    scan = scans.ragged_scan(axes, np.concatenate(values), name="resistance", unit="ohm")
    cooling, warming = transition_courses(scan)
    assert (cooling.direction, warming.direction) == (-1, 1)
    assert warming.slope.value == pytest.approx(-1, abs=0.03)
    assert cooling.slope.value == pytest.approx(-0.5, abs=0.03)
    assert [one.direction for one in transition_courses(scan, direction="rising")] == [1]


def test_each_value_of_the_other_slow_axis_has_its_course():
    field, content = np.array([0.0, 1.0]), np.array([0.6, 0.7, 0.8, 0.9])
    kelvin = np.linspace(1, 12, 300)
    middle = 4 + 10 * (content[None, :] - 0.6) - field[:, None]
    axes = {
        "magnetic_field": (field, "T"),
        "hydrogen_content": (content, "dimensionless"),
        "temperature": (kelvin, "K"),
    }
    scan = scans.gridded_scan(axes, resistance(kelvin, middle[..., None]), name="resistance", unit="ohm")
    courses = transition_courses(scan, along="hydrogen_content")
    assert [one.held for one in courses] == [{"magnetic_field": 0.0}, {"magnetic_field": 1.0}]
    for one, held in zip(courses, field, strict=True):
        np.testing.assert_allclose(one.boundary.values, 4 + 10 * (content - 0.6) - held, atol=0.03)
        assert one.slope.value == pytest.approx(10, abs=0.2)
    assert len(transition_courses(scan, along="magnetic_field")) == 4
    with pytest.raises(ScanError, match="say which one with along="):
        transition_courses(scan)
    with pytest.raises(ScanError, match="its slow axes are magnetic_field, hydrogen_content"):
        transition_courses(scan, along="temperature")


def test_repeated_sweeps_stay_apart():
    """Loaded, then unloaded: two sweeps at one hydrogen content are two points."""
    (course,) = transition_courses(
        scan_of([0.1, 0.2, 0.3], [4, 5, 6], axis="hydrogen_content", unit="dimensionless").assign_coords(
            sweep=("point", np.repeat([0, 1, 2], 150))
        )
    )
    assert course.points == 3
    back = scan_of([0.1, 0.2, 0.2], [4, 5, 5.6], axis="hydrogen_content", unit="dimensionless").assign_coords(
        sweep=("point", np.repeat([0, 1, 2], 150))
    )
    (course,) = transition_courses(back)
    np.testing.assert_allclose(course.boundary.values, [4, 5, 5.6], atol=0.05)
    assert course.boundary["sweep"].values.tolist() == [0, 1, 2]
    assert np.isnan(course.slope.value)  # three sweeps, but at two places


def test_none_within_the_range_and_too_few_for_a_slope():
    slow = np.array([0.0, 1.0, 2.0, 3.0])
    (course,) = transition_courses(scan_of(slow, [9.0, 5.0, -20.0, 30.0]))
    assert np.isnan(course.boundary.values[2:]).all()
    assert "does not fall" in str(course.boundary["note"].values[2])
    assert course.points == 2
    assert str(course.slope) == "not found"
    assert course.slope.unit == "K/bar"


def test_along_the_field_on_the_measured_scan_and_its_twin(palladium_hydride):
    """Field is a slow axis as any other; the twin's course runs between the sweeps too."""
    scan, twin = palladium_hydride
    (own,) = transition_courses(scan)
    simulated = twin.simulate({"magnetic_field": np.linspace(0, 6000, 13), "temperature": np.linspace(2, 9.9, 159)})
    (of_twin,) = transition_courses(simulated)
    assert (own.points, of_twin.points) == (5, 13)
    assert own.slope.value < 0
    assert abs(own.slope.value - of_twin.slope.value) < 3 * np.hypot(own.slope.error, of_twin.slope.error)


def test_one_axis_only_is_said():
    with pytest.raises(ScanError, match="needs a slow axis"):
        transition_courses(scan_of([0.0], [5.0]).drop_vars("pressure").assign_attrs(axes="temperature"))
