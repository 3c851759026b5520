"""Cuts: which points, where along, in what unit."""

from __future__ import annotations

import numpy as np

from napari_scantwin import cuts
from napari_scantwin import scan as scans


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
    cut = cuts.of_sweep(plane(), 1)
    measured = cuts.measured_within(plane(), cut)
    np.testing.assert_allclose(measured.running, np.linspace(0, 10, 11))
    np.testing.assert_allclose(measured.values, np.linspace(0, 10, 11) + 10)
    np.testing.assert_allclose(measured.errors, 0.5)
    assert (cut.running, cut.across) == ("temperature", "magnetic_field")


def test_a_slanted_line_takes_its_band_along_the_other_axis():
    start, end = {"magnetic_field": 0.0, "temperature": 0.0}, {"magnetic_field": 2000.0, "temperature": 10.0}
    cut = cuts.Cut.between(plane(), start, end, width=400)
    assert cut.running == "temperature"
    measured = cuts.measured_within(plane(), cut)
    assert sorted(measured.across.tolist()) == [100.0, 100.0, 1000.0, 1000.0, 1000.0][: len(measured.across)]
    assert (np.abs(measured.across - 200 * measured.running) <= 200).all()
    simulated = cuts.simulated_along(PlaneTwin(), cut, 50)
    np.testing.assert_allclose(simulated.values, simulated.running + 2 * simulated.running)


def test_a_cut_along_the_slow_axis_runs_in_its_unit():
    cut = cuts.along(plane(), "magnetic_field", {"temperature": 4.0})
    measured = cuts.measured_within(plane(), cut)
    np.testing.assert_allclose(measured.running, [100, 1000, 5000])
    np.testing.assert_allclose(measured.values, [5, 14, 54])


def test_a_wider_band_takes_in_more():
    cut = cuts.along(plane(), "temperature", {"magnetic_field": 550.0})
    assert cuts.measured_within(plane(), cut.with_width(10)).values.size == 0
    assert cuts.measured_within(plane(), cut.with_width(1000)).values.size == 22


def test_a_written_cut_holds_units_points_and_band(tmp_path):
    cut = cuts.of_sweep(plane(), 1)
    measured, simulated = cuts.measured_within(plane(), cut), cuts.simulated_along(PlaneTwin(), cut, 20)
    text = cuts.write_cut(tmp_path / "cut.csv", plane(), cut, measured, simulated).read_text()
    head = next(line for line in text.splitlines() if not line.startswith("#"))
    assert head.startswith("series,temperature (K),magnetic_field (Oe),moment (emu),standard_error (emu)")
    rows = [line.split(",") for line in text.splitlines() if line.startswith("twin")]
    assert len(rows) == 20
    np.testing.assert_allclose(float(rows[0][6]) - float(rows[0][5]), 2 * 1.96 * 0.25)
