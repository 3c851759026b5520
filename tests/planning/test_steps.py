"""Is the step fine enough?"""

from __future__ import annotations

import threading

import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.planning import PeakEntropyChange, PeakPosition, TransitionTemperature, check_steps
from napari_scantwin.samples import truth_path


class Exact:
    """A twin that knows its formula: value(slow, fast) over 0 to 8 and 0 to 10."""

    axes = ("magnetic_field", "temperature")

    def __init__(self, function):
        self.function = function
        slow, fast = np.repeat([0.0, 4.0, 8.0], 11), np.tile(np.linspace(0, 10, 11), 3)
        columns = {"magnetic_field": (slow, "Oe"), "temperature": (fast, "K")}
        self.scan = scans.ragged_scan(columns, function(slow, fast), name="moment", unit="emu")

    def simulate(self, grid):
        slow, fast = grid["magnetic_field"], grid["temperature"]
        values = self.function(slow[:, None], fast[None, :])
        columns = {"magnetic_field": (slow, "Oe"), "temperature": (fast, "K")}
        return scans.gridded_scan(columns, values, name="moment", unit="emu", attrs={"kind": "simulated"})


def area(scan):
    """The trapezoid's integral over the field, of a row at one temperature: second order in the step."""
    return float(scan.isel(temperature=0).integrate("magnetic_field"))


def test_the_coarsest_step_is_that_of_the_rule_of_integration():
    # The trapezoid's error of the integral of h^2 over 0 to 8 is step^2 * 8 / 6.
    check = check_steps(Exact(lambda h, t: h**2 + 0 * t), area, tolerance=1.4, steps=[4, 2, 1, 0.5, 0.125, 0.0625])
    errors = check.values - 8**3 / 3
    np.testing.assert_allclose(errors, check.steps**2 * 8 / 6, rtol=1e-9)
    assert check.coarsest == 1.0
    assert check.measured == pytest.approx(8**3 / 3 + 16 * 8 / 6)  # measured at 0, 4, 8
    assert "Steps of 1 Oe" in check.verdict
    assert "measured ones are not" in check.verdict


def test_steps_that_never_agree_have_no_answer():
    check = check_steps(Exact(lambda h, t: h**2 + 0 * t), area, tolerance=1e-6, steps=[4, 2, 1])
    assert check.coarsest is None
    assert "Not even steps of 1 Oe" in check.verdict


def test_a_number_that_is_not_found_on_coarse_maps_needs_finer_ones():
    def peak(scan):
        if scan.sizes["magnetic_field"] < 9:
            raise ScanError("too few fields")
        return PeakPosition(5.0, "magnetic_field")(scan)

    check = check_steps(Exact(lambda h, t: np.exp(-((h - 3.1) ** 2)) + 0 * t), peak, tolerance=0.05)
    assert np.isnan(check.values[0])
    assert check.values[-1] == pytest.approx(3.1, abs=1e-3)
    assert check.coarsest <= 1.0


def test_the_fast_axis_is_checked_as_well():
    check = check_steps(
        Exact(lambda h, t: np.exp(-((t - 4.2) ** 2)) + 0 * h), PeakPosition(2.0), 0.02, axis="temperature"
    )
    assert check.unit == "K"
    assert check.values[-1] == pytest.approx(4.2, abs=1e-3)
    assert np.isnan(check.measured)


def test_the_ready_made_numbers_converge_on_the_samples(magnet, hydride):
    entropy = check_steps(magnet, PeakEntropyChange(), tolerance=0.4, steps=[12000, 6000, 2000, 1000])
    # The large steps across a moving first-order transition show a false spike.
    assert abs(entropy.values[0] - entropy.values[-1]) > 0.4
    with xr.open_dataset(truth_path("ferromagnet"), engine="h5netcdf") as opened:
        truth = PeakEntropyChange()(opened["moment"].load())
    assert entropy.values[-1] == pytest.approx(truth, rel=0.05)
    assert PeakEntropyChange().unit(magnet.simulate(_small(magnet))) == "J/K/kg"
    transition = check_steps(hydride, TransitionTemperature(3000.0), tolerance=0.02, steps=[3500, 1000, 250, 125])
    truth = 7.2 * np.sqrt(1 - 3000 / 9000)
    assert transition.values[-1] == pytest.approx(truth, abs=0.15)
    assert abs(transition.values[0] - transition.values[-1]) > 0.02  # the boundary is no straight line
    assert transition.coarsest in (1000, 500, 250)


def _small(twin):
    return {name: np.linspace(float(twin.scan[name].min()), float(twin.scan[name].max()), 12) for name in twin.axes}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tolerance": 0.0}, "positive number"),
        ({"tolerance": 1.0, "axis": "pressure"}, "no axis 'pressure'"),
        ({"tolerance": 1.0, "steps": [9.0, 1.0]}, "at most the range"),
        ({"tolerance": 1.0, "steps": [1.0]}, "two or more steps"),
        ({"tolerance": 1.0, "steps": [1.0, 1.0001]}, "as many parts|differ more"),
    ],
)
def test_what_cannot_be_checked_is_said(options, words):
    twin = Exact(lambda h, t: h + t)
    if options.get("steps") == [1.0, 1.0001]:
        options = {**options, "steps": [1.0, 1.0]}
    with pytest.raises(ScanError, match=words):
        check_steps(twin, area, **options)


def test_a_number_found_nowhere_and_a_place_outside_are_said():
    twin = Exact(lambda h, t: h + t)
    with pytest.raises(ScanError, match="cannot be read even from the finest"):
        check_steps(twin, lambda scan: float("nan"), 1.0)
    with pytest.raises(ScanError, match="lies outside the magnetic field"):
        check_steps(twin, TransitionTemperature(9.0), 1.0)
    with pytest.raises(ScanError, match="no axis 'energy'"):
        check_steps(twin, PeakPosition(1.0, "energy"), 1.0)


def test_a_check_can_be_stopped():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        check_steps(Exact(lambda h, t: h + t), area, 1.0, stop=stop)
