"""Windows of fits over the temperature: what they leave out, and what the plot says of them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.analyses import ANALYSES, analyse
from napari_scantwin.analyses.fit_window import window_over_temperature
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.critical_field import fit_critical_field
from napari_scantwin.samples import load_sample

SAMPLE = load_sample("palladium_hydride")


def boundary_of(found):
    return found.scans["boundary of sweeps"]


def test_a_window_leaves_out_what_lies_outside_it_and_nothing_else():
    whole = analyse("critical_field", SAMPLE)
    kelvin = np.sort(boundary_of(whole).values[np.isfinite(boundary_of(whole).values)])
    start = float(kelvin[1:3].mean())
    found = analyse("critical_field", SAMPLE, start=start)
    boundary = boundary_of(found)
    np.testing.assert_array_equal(boundary.values, boundary_of(whole).values)
    inside = boundary.isel(point=np.flatnonzero(boundary.values >= start))
    assert inside.sizes["point"] == len(kelvin) - 2
    assert dict(found.figures)["µ₀Hc2(0), sweeps"] == fit_critical_field(inside).critical_field
    assert dict(whole.figures)["µ₀Hc2(0), sweeps"] == fit_critical_field(boundary).critical_field
    assert any("fitted from" in note for note in found.notes)
    assert "fitted" not in " ".join(whole.notes)


def test_the_window_on_the_plot_is_that_of_the_parameters():
    plot = analyse("critical_field", SAMPLE, start="1 K", stop="9 K").plots["Phase boundary"]
    np.testing.assert_allclose(plot.window.ends, (1, 9))
    again = {name: float(text) for name, text in plot.window.given(plot.window.ends).items()}
    assert again == pytest.approx({"start": 1.0, "stop": 9.0})
    assert analyse("transitions", SAMPLE).plots["Phase boundary"].window is None


def test_an_axis_in_degrees_celsius_has_its_window_there():
    window = window_over_temperature(np.array([np.nan, 280.0, 300.0]), (None, 290.0), "degC")
    np.testing.assert_allclose(window.ends, (280 - 273.15, 290 - 273.15))
    given = {name: float(text) for name, text in window.given(window.ends).items()}
    assert given == pytest.approx({"start": 280.0, "stop": 290.0})
    assert window_over_temperature(np.array([np.nan, 280.0]), (None, None)) is None


def test_an_empty_window_is_refused_in_words():
    with pytest.raises(ScanError, match="the window from 4 to 2 K is empty; its lower end comes first"):
        fit_critical_field(boundary_of(analyse("critical_field", SAMPLE)), start=4.0, stop=2.0)


@pytest.mark.parametrize("name", ["critical_field", "isotherms", "fermi_edge", "peaks"])
def test_a_window_is_of_parameters_that_the_analysis_has(name):
    assert {"start", "stop"} <= {one.name for one in ANALYSES[name].parameters}


def test_isotherms_without_a_temperature_axis_ask_for_no_window():
    composition = np.linspace(0.02, 0.6, 40)
    scan = scans.ragged_scan(
        {"composition": (composition, "dimensionless")}, np.exp(composition), name="pressure", unit="bar"
    )
    asked = [one.name for one in ANALYSES["isotherms"].parameters if one.is_shown(scan, {})]
    assert not {"start", "stop"} & set(asked)
