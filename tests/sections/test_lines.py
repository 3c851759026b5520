"""Cuts: which points, where along, in what unit."""

from __future__ import annotations

import numpy as np

from napari_scantwin import sections
from napari_scantwin.core import scan as scans


def plane():
    """z = T + H/100 on three sweeps."""
    field = np.repeat([100.0, 1000.0, 5000.0], 11)
    temperature = np.tile(np.linspace(0, 10, 11), 3)
    return scans.ragged_scan(
        {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")},
        temperature + field / 100,
        name="moment",
        unit="emu",
        errors=np.full(33, 0.5),
    )


class PlaneTwin:
    """Stands for a twin that knows the plane exactly."""

    axes = ("magnetic_field", "temperature")

    def predict(self, points):
        return points[:, 1] + points[:, 0] / 100, np.full(len(points), 0.25)


def test_a_whole_sweep_gives_all_its_points_and_no_others():
    cut = sections.of_sweep(plane(), 1)
    measured = sections.measured_within(plane(), cut)
    np.testing.assert_allclose(measured.running, np.linspace(0, 10, 11))
    np.testing.assert_allclose(measured.values, np.linspace(0, 10, 11) + 10)
    np.testing.assert_allclose(measured.errors, 0.5)
    assert (cut.running, cut.across) == ("temperature", "magnetic_field")


def test_a_slanted_line_takes_its_band_along_the_other_axis():
    start, end = {"magnetic_field": 0.0, "temperature": 0.0}, {"magnetic_field": 2000.0, "temperature": 10.0}
    cut = sections.Cut.between(plane(), start, end, width=400)
    assert cut.running == "temperature"
    measured = sections.measured_within(plane(), cut)
    assert sorted(measured.across.tolist()) == [100.0, 100.0, 1000.0, 1000.0, 1000.0][: len(measured.across)]
    assert (np.abs(measured.across - 200 * measured.running) <= 200).all()
    simulated = sections.simulated_along(PlaneTwin(), cut, 50)
    np.testing.assert_allclose(simulated.values, simulated.running + 2 * simulated.running)


def test_a_cut_along_the_slow_axis_runs_in_its_unit():
    cut = sections.along(plane(), "magnetic_field", {"temperature": 4.0})
    measured = sections.measured_within(plane(), cut)
    np.testing.assert_allclose(measured.running, [100, 1000, 5000])
    np.testing.assert_allclose(measured.values, [5, 14, 54])


def test_a_wider_band_takes_in_more():
    cut = sections.along(plane(), "temperature", {"magnetic_field": 550.0})
    assert sections.measured_within(plane(), cut.changed(width=10)).values.size == 0
    assert sections.measured_within(plane(), cut.changed(width=1000)).values.size == 22


def grid():
    """z = angle + 10 tilt + 100 tilt^2 on an even grid, without errors."""
    tilt, angle = np.linspace(-1, 1, 5), np.linspace(0, 4, 9)
    values = angle[None, :] + 10 * tilt[:, None] + 100 * tilt[:, None] ** 2
    axes = {"manipulator_angle": (tilt, "deg"), "angle": (angle, "deg")}
    return scans.gridded_scan(axes, values, name="intensity", unit="count")


def test_an_averaged_band_is_the_mean_across_it_measured_and_simulated():
    cut = sections.along(grid(), "angle", {"manipulator_angle": 0.0}).changed(width=1.0, averaged=True)
    measured = sections.measured_within(grid(), cut)
    np.testing.assert_allclose(measured.running, np.linspace(0, 4, 9))
    across = np.array([-5 + 25, 0, 5 + 25])  # the three tilts within the band
    np.testing.assert_allclose(measured.values, measured.running + across.mean())
    np.testing.assert_allclose(measured.errors, across.std(ddof=1) / np.sqrt(3))

    class Twin:
        axes = ("manipulator_angle", "angle")

        def predict(self, points):
            return points[:, 1] + 10 * points[:, 0] + 100 * points[:, 0] ** 2, np.full(len(points), 0.25)

    simulated = sections.simulated_along(Twin(), cut, 20)
    np.testing.assert_allclose(simulated.values, simulated.running + 100 / 12, rtol=1e-6)
    np.testing.assert_allclose(simulated.errors, 0.25)


def test_the_error_of_a_mean_is_that_of_its_points_errors_where_they_have_some():
    """Three readings of errors 3, 4 and 12 have a mean of error 13 / 3, whatever their scatter."""
    own = np.repeat([99.0, 3, 4, 12, 99], 9).reshape(5, 9)
    scan = grid().assign_coords(standard_error=(("manipulator_angle", "angle"), own, {"units": "count"}))
    cut = sections.along(scan, "angle", {"manipulator_angle": 0.0}).changed(width=1.0, averaged=True)
    np.testing.assert_allclose(sections.measured_within(scan, cut).errors, 13 / 3)
    single = sections.measured_within(scan, cut.changed(width=0.1))
    np.testing.assert_allclose(single.errors, 4)


def test_averaging_leaves_masked_points_away_and_single_points_without_an_error():
    scan = scans.with_masked(grid(), np.arange(45).reshape(5, 9) // 9 == 3)
    cut = sections.along(scan, "angle", {"manipulator_angle": 0.0}).changed(width=0.1, averaged=True)
    assert np.isnan(sections.measured_within(scan, cut).errors).all()
    assert sections.measured_within(scan, cut.changed(averaged=False)).masked.tolist() == [False] * 9
    wide = sections.measured_within(scan, cut.changed(width=1.0))
    np.testing.assert_allclose(wide.values, wide.running + (20 + 0) / 2)


def test_the_default_band_holds_the_sweep_a_line_lies_on():
    for scan, slow, fast in ((plane(), "magnetic_field", "temperature"), (grid(), "manipulator_angle", "angle")):
        value = sections.nearest_sweep(scan, slow, 0.3)
        assert sections.measured_within(scan, sections.along(scan, fast, {slow: value})).values.size >= 9
        middle = {fast: float(scan[fast].mean())}
        assert sections.measured_within(scan, sections.along(scan, slow, middle)).values.size >= 3


def test_a_written_cut_holds_units_points_and_band(tmp_path):
    cut = sections.of_sweep(plane(), 1)
    measured, simulated = sections.measured_within(plane(), cut), sections.simulated_along(PlaneTwin(), cut, 20)
    text = sections.write_cut(tmp_path / "cut.csv", plane(), cut, measured, simulated).read_text()
    head = next(line for line in text.splitlines() if not line.startswith("#"))
    assert head.startswith("series,temperature (K),magnetic_field (Oe),moment (emu),standard_error (emu)")
    rows = [line.split(",") for line in text.splitlines() if line.startswith("twin")]
    assert len(rows) == 20
    np.testing.assert_allclose(float(rows[0][6]) - float(rows[0][5]), 2 * 1.96 * 0.25)


def test_a_map_is_read_between_its_points_whatever_the_order_of_its_axes():
    axes = {"magnetic_field": (np.array([3.0, 1.0, 0.0]), "T"), "temperature": (np.array([10.0, 20.0]), "K")}
    values = np.array([[30.0, 60.0], [10.0, 20.0], [0.0, 0.0]])
    scan = scans.gridded_scan(axes, values, name="x", unit="J", errors=values / 10)
    curve = sections.MapCurve(scan)
    cut = sections.Cut.between(
        scan, {"magnetic_field": 2.0, "temperature": 10.0}, {"magnetic_field": 2.0, "temperature": 30.0}
    )
    along = sections.simulated_along(curve, cut, count=5)
    np.testing.assert_allclose(along.values, [20, 30, 40, np.nan, np.nan])
    np.testing.assert_allclose(along.errors, along.values / 10)
