"""Figures of merit, the field exponent and Arrott plots against shapes whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.arrott import arrott, arrott_lines
from napari_scantwin.physics.ensemble import Ensemble
from napari_scantwin.physics.entropy_figures import figures, table
from napari_scantwin.physics.field_exponent import field_exponent, transition_order
from napari_scantwin.physics.magnetocaloric import entropy_ensemble


def change(function, fields=(1.0, 2.0, 3.0, 4.0), kelvin=None, error=None):
    fields, kelvin = np.array(fields), np.linspace(0, 40, 401) if kelvin is None else kelvin
    values = function(fields[:, None], kelvin[None, :])
    axes = {"magnetic_field": (fields, "T"), "temperature": (kelvin, "K")}
    errors = None if error is None else np.full(values.shape, error)
    return scans.gridded_scan(axes, values, name="entropy_change", unit="J/kg/K", errors=errors)


def triangle(field, kelvin):
    return -field * np.clip(10 - np.abs(kelvin - 20), 0, None)


def test_the_figures_of_a_triangle():
    found = figures(Ensemble.of(change(triangle)), lifts=(4.0, 100.0))[0]
    assert found.peak.value == pytest.approx(-10, rel=5e-3)
    assert found.peak_temperature.value == pytest.approx(20)
    assert found.width.value == pytest.approx(10, rel=5e-3)
    assert found.cooling_power.value == pytest.approx(100, rel=1e-2)
    assert found.capacity.value == pytest.approx(75, rel=5e-3)
    assert found.average[4.0].value == pytest.approx(9, abs=1e-2)
    assert np.isnan(found.average[100.0].value)
    assert found.note == ""
    assert str(found.cooling_power.unit) == "J/kg"
    heads, rows = table([found])
    assert len(heads) == len(rows[0])
    assert heads[0] == "magnetic_field (T)"


def test_an_inverse_effect_keeps_its_sign():
    found = figures(Ensemble.of(change(lambda h, t: -triangle(h, t))))[-1]
    assert found.peak.value > 39
    assert found.cooling_power.value > 0


def test_no_cooling_power_where_a_half_maximum_lies_outside():
    found = figures(Ensemble.of(change(triangle, kelvin=np.linspace(0, 22, 221))))[0]
    assert np.isnan([found.width.value, found.cooling_power.value, found.capacity.value]).all()
    assert "above the peak" in found.note
    assert found.peak.value == pytest.approx(-10, rel=5e-3)


def test_errors_of_the_figures_are_those_of_repeated_measurements():
    """The peak of a broad bump read from 300 noisy curves scatters as the stated error says."""

    def bump(h, t):
        return -h * np.exp(-(((t - 20) / 6) ** 2))

    kelvin = np.linspace(0, 40, 41)
    random = np.random.default_rng(5)
    clean = change(bump, kelvin=kelvin, error=0.02)
    noisy = clean.copy(data=clean.values + 0.02 * random.normal(size=clean.shape))
    stated = figures(Ensemble.of(noisy, count=300))[0]
    read = [
        figures(Ensemble.of(clean.copy(data=clean.values + 0.02 * random.normal(size=clean.shape)), count=2))[0]
        for _ in range(150)
    ]
    scatter = np.std([one.width.value for one in read])
    assert stated.width.error == pytest.approx(scatter, rel=0.5)
    assert abs(stated.width.value - 2 * 6 * np.sqrt(np.log(2))) < 4 * stated.width.error


def test_the_field_exponent_of_a_power_law():
    exponent = field_exponent(change(lambda h, t: -(h**1.5) * np.ones_like(t)))
    np.testing.assert_allclose(exponent.values, 1.5, rtol=1e-9)


def test_the_exponent_of_a_mean_field_magnet(mean_field, magnet_scan):
    ensemble = entropy_ensemble(magnet_scan, count=10)
    exponent = field_exponent(ensemble)
    at_curie = exponent.sel(temperature=293.0, method="nearest").sel(magnetic_field=1.0, method="nearest")
    assert float(at_curie) == pytest.approx(2 / 3, abs=0.01)
    above = exponent.sel(magnetic_field=0.5, method="nearest").values
    assert 1.6 < np.nanmax(above) <= 2.0
    assert np.nanargmax(above) > np.nanargmin(above)
    order = transition_order(ensemble)
    assert order.first is False
    assert order.largest.value < 2


def test_a_first_order_transition_overshoots():
    """A step of 5 J/kg/K that the field moves up: |dS| grows suddenly above the zero-field transition."""

    def moved(h, t):
        return -5 * (1 / (1 + np.exp((t - 20 - 3 * h) / 0.3)) - 1 / (1 + np.exp((t - 20) / 0.3))) - 0.02 * h**2

    found = transition_order(Ensemble.of(change(moved, fields=np.linspace(0.2, 4, 39), error=1e-3), count=50))
    assert found.first is True
    assert found.largest.value > 2 + 2 * found.largest.error


def test_arrott_lines_of_a_mean_field_magnet_cross_the_origin_at_its_curie_temperature(mean_field):
    kelvin, tesla = np.arange(285.0, 302.0, 2.0), np.linspace(0.05, 1, 30)
    values = mean_field.magnetization(kelvin[:, None], tesla[None, :])
    axes = {"temperature": (kelvin, "K"), "magnetic_field": (tesla, "T")}
    scan = scans.gridded_scan(axes, values, name="magnetization", unit="A*m**2/mol")
    plot = arrott(scan)
    assert scans.axes(plot) == ("temperature", "field_over_magnetization")
    np.testing.assert_allclose(plot.values, scans.points(plot).values)
    lines = arrott_lines(plot)
    assert lines.curie_temperature.value == pytest.approx(293, abs=0.5)
    assert lines.most_negative_slope > 0


def test_arrott_plots_of_temperature_sweeps_agree_with_those_of_isotherms(mean_field):
    kelvin, tesla = np.linspace(285, 301, 33), np.linspace(0.05, 1, 12)
    values = mean_field.magnetization(kelvin[None, :], tesla[:, None])
    axes = {"magnetic_field": (tesla, "T"), "temperature": (kelvin, "K")}
    scan = scans.gridded_scan(axes, values, name="magnetization", unit="A*m**2/mol")
    lines = arrott_lines(arrott(scan, temperatures=np.arange(286.0, 301.0, 2.0)))
    assert lines.curie_temperature.value == pytest.approx(293, abs=0.6)


def test_too_few_fields_and_temperatures_are_said():
    with pytest.raises(ScanError, match="three fields"):
        field_exponent(change(triangle, fields=(1.0, 2.0)))
    with pytest.raises(ScanError, match="five temperatures"):
        figures(Ensemble.of(change(triangle, kelvin=np.linspace(0, 4, 4))))
