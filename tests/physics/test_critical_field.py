"""Critical-field fits against curves made from their own formulas, and WHH against its published limits."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.critical_field import MODELS, fit_critical_field, whh
from napari_scantwin.physics.transitions import phase_boundary
from napari_scantwin.samples import load_sample

CURVES = {
    "Ginzburg-Landau": lambda t: (1 - t**2) / (1 + t**2),
    "two-fluid": lambda t: 1 - t**2,
    "WHH": lambda t: np.interp(t, *whh()),
}


def boundary(model, seed=None, error=0.02, count=8, unit="T"):
    """Fields up to 0.9 of 10 T and where a superconductor of Tc = 8 K leaves its normal state there."""
    t = np.linspace(0, 1, 4001)
    field = np.linspace(0, 0.9, count)
    kelvin = 8 * np.interp(-field, -CURVES[model](t), t)
    if seed is not None:
        kelvin = kelvin + error * np.random.default_rng(seed).normal(size=count)
    scale = {"T": 10.0, "Oe": 1e5}[unit]
    return scans.ragged_scan(
        {"magnetic_field": (scale * field, unit)},
        kelvin,
        name="transition_temperature",
        unit="K",
        errors=np.full(count, error),
        sweep=np.arange(count),
    )


@pytest.mark.parametrize("model", MODELS)
def test_each_model_finds_its_own_curve(model):
    found = fit_critical_field(boundary(model), model)
    assert found.critical_field.value == pytest.approx(10, rel=2e-3)
    assert found.critical_temperature.value == pytest.approx(8, rel=1e-3)
    # xi = sqrt(Phi0 / 2 pi Hc2(0)): 5.737 nm at 10 T.
    assert found.coherence_length.value == pytest.approx(5.737, rel=2e-3)
    assert found.coherence_length.error / found.coherence_length.value == pytest.approx(
        0.5 * found.critical_field.error / found.critical_field.value
    )


@pytest.mark.parametrize("model", MODELS)
def test_errors_cover_the_truth(model):
    fits = [fit_critical_field(boundary(model, seed), model) for seed in range(25)]
    field = np.array([(one.critical_field.value - 10) / one.critical_field.error for one in fits])
    kelvin = np.array([(one.critical_temperature.value - 8) / one.critical_temperature.error for one in fits])
    assert 0.4 < np.sqrt(np.mean(field**2)) < 1.5
    assert 0.4 < np.sqrt(np.mean(kelvin**2)) < 1.5


def test_the_right_model_has_the_least_akaike():
    measured = boundary("two-fluid", seed=1)
    best = min(MODELS, key=lambda model: fit_critical_field(measured, model).akaike)
    assert best == "two-fluid"


def test_whh_limits():
    """Hc2(0) = 0.693 Tc |dHc2/dT| in the dirty limit; Pauli limiting lowers it, spin-orbit scattering restores it."""
    t, h = whh()
    slope = -(h[-1] - h[-2]) / (t[-1] - t[-2])
    assert 1 / slope == pytest.approx(0.693, abs=0.002)

    def zero_field(maki, spin_orbit):
        t, h = whh(maki, spin_orbit)
        return (t[-1] - t[-2]) / (h[-2] - h[-1])

    assert zero_field(1.0, 0.0) == pytest.approx(0.693 / np.sqrt(2), rel=0.02)  # K. Maki's relation
    assert zero_field(1.0, 0.0) < zero_field(1.0, 2.0) < zero_field(1.0, 50.0) < 0.6931
    fitted = fit_critical_field(boundary("WHH"), "WHH")
    assert fitted.critical_field.value == pytest.approx(0.693 * 8 * fitted.slope.value, rel=0.01)


def test_oersted_and_the_other_way_round():
    found = fit_critical_field(boundary("two-fluid", unit="Oe"), "two-fluid")
    assert found.critical_field.value == pytest.approx(10, rel=2e-3)
    assert found.curve.attrs["units"] == "Oe"
    assert found.curve.values[0] == pytest.approx(1e5, rel=2e-3)
    kelvin = np.linspace(1, 7, 7)
    turned = scans.ragged_scan(
        {"temperature": (kelvin, "K")},
        10 * (1 - (kelvin / 8) ** 2),
        name="transition_magnetic_field",
        unit="T",
        errors=np.full(7, 0.05),
        sweep=np.arange(7),
    )
    assert fit_critical_field(turned, "two-fluid").critical_temperature.value == pytest.approx(8, rel=1e-3)


def test_the_sample_has_the_critical_field_it_was_made_with():
    """9000 Oe (1 - (T / 7.2 K)^2), through its noisy sweeps."""
    found = fit_critical_field(phase_boundary(load_sample("palladium_hydride")), "two-fluid")
    assert abs(found.critical_field.value - 0.9) < 3 * found.critical_field.error
    assert abs(found.critical_temperature.value - 7.2) < 3 * found.critical_temperature.error
    assert found.critical_field.error < 0.03


def test_what_cannot_be_fitted_is_said():
    few = boundary("two-fluid").isel(point=slice(0, 2))
    with pytest.raises(ScanError, match="three fields or more; this boundary has 2"):
        fit_critical_field(few)
    with pytest.raises(ScanError, match="one of Ginzburg-Landau"):
        fit_critical_field(boundary("two-fluid"), "BCS")
    wrong = boundary("two-fluid")
    wrong.attrs["units"] = "ohm"
    with pytest.raises(ScanError, match="transition temperatures over field"):
        fit_critical_field(wrong)
    with pytest.raises(ScanError, match="does not fall as the field grows"):
        fit_critical_field(boundary("two-fluid").copy(data=np.linspace(4, 8, 8)))
    both = boundary("two-fluid").isel(point=[0, 0, 1, 2, 3])
    with pytest.raises(ScanError, match="direction='rising' or 'falling'"):
        fit_critical_field(both.assign_coords(direction=("point", [1, -1, 1, 1, 1])))
    with pytest.raises(ScanError, match="one slow axis"):
        fit_critical_field(load_sample("palladium_hydride"))


def test_transition_outside_the_range_takes_no_part():
    measured = boundary("two-fluid")
    values = measured.values.copy()
    values[-2:] = np.nan
    found = fit_critical_field(measured.copy(data=values), "two-fluid")
    assert found.points == 6
    assert found.critical_field.value == pytest.approx(10, rel=2e-3)
