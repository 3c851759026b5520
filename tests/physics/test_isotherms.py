"""Isotherms with planted plateaus, limits, hysteresis and heats; units and logarithms are asked about."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import brentq

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.physics.isotherms import ABSORPTION, DESORPTION, NOT_TOLD, isotherms
from napari_scantwin.physics.plateau import GAS_CONSTANT, find_plateau, hysteresis, plateau_pressures
from napari_scantwin.physics.van_t_hoff import fit_van_t_hoff
from napari_scantwin.readers import read

LOWER, UPPER = 0.03, 0.6
ENTHALPY, ENTROPY = -38.0, -92.0  # kJ and J/K per mol H2, about palladium's


def plateau_at(kelvin, hysteresis_energy=0.0):
    """ln of the plateau pressure in bar."""
    return (1000 * ENTHALPY / kelvin - ENTROPY) / GAS_CONSTANT + 1000 * hysteresis_energy / GAS_CONSTANT / kelvin


def height_of(composition, at, slope=0.0):
    """ln p: Sieverts' law to the plateau, a plateau of the given slope, a steep rise beyond it."""
    x = np.asarray(composition, float)
    middle = (LOWER + UPPER) / 2
    inside = at + slope * (np.clip(x, LOWER, UPPER) - middle)
    return inside + 2 * np.log(np.minimum(x, LOWER) / LOWER) + 25 * np.maximum(x - UPPER, 0)


def one_isotherm(kelvin, *, noise=0.01, slope=0.0, seed=0, size=60, down=False, energy=0.0):
    """Composition (with its noise) and pressure in bar, in the order they were measured."""
    random = np.random.default_rng(seed)
    x = np.concatenate([np.geomspace(0.004, LOWER, size // 6), np.linspace(0.04, 0.7, size - size // 6)])
    p = np.exp(height_of(x, plateau_at(kelvin, energy), slope) + noise * random.normal(size=size))
    order = slice(None, None, -1) if down else slice(None)
    return x[order], p[order]


def scan_of(parts, pressure_unit="bar", composition="dimensionless", kelvin_unit="K", **extra):
    """``parts``: (temperature, composition, pressure) in the order measured."""
    kelvin, x, p = (
        np.concatenate([np.broadcast_to(part[k], np.shape(part[1])) for part in parts]).astype(float) for k in range(3)
    )
    shift = -273.15 if kelvin_unit == "degC" else 0.0
    axes = {"temperature": (kelvin + shift, kelvin_unit), "pressure": (p, pressure_unit)}
    return scans.ragged_scan(axes, x, name="composition", unit=composition, **extra)


def series(seed=0, temperatures=(320, 340, 360, 380, 400), **options):
    """Absorption and desorption at several temperatures; desorption lies lower by 1.5 kJ/mol."""
    parts = []
    for number, kelvin in enumerate(temperatures):
        for down in (False, True):
            x, p = one_isotherm(kelvin, seed=100 * seed + 2 * number + down, down=down, energy=-1.5 * down, **options)
            parts.append((kelvin, x, p))
    return scan_of(parts)


def test_absorption_and_desorption_are_kept_apart():
    found = isotherms(series())
    assert [one.temperature.value for one in found] == [320, 320, 340, 340, 360, 360, 380, 380, 400, 400]
    assert [one.direction for one in found] == [ABSORPTION, DESORPTION] * 5
    assert all(len(one.pressure) == 60 and (np.diff(one.composition) >= 0).all() for one in found)
    only = isotherms(series(), direction="desorption")
    assert {one.direction for one in only} == {DESORPTION}


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_planted_plateaus_are_found_within_their_errors(slope):
    misses, limits, widths = [], [], []
    for seed in range(40):
        x, p = one_isotherm(350, seed=seed, slope=slope, noise=0.02)
        found = find_plateau(isotherms(scan_of([(350, x, p)]))[0])
        misses.append((np.log(found.pressure.value) - plateau_at(350)) * found.pressure.value / found.pressure.error)
        limits += [(found.lower.value - LOWER) / found.lower.error, (found.upper.value - UPPER) / found.upper.error]
        assert found.slope.value == pytest.approx(slope, abs=5 * found.slope.error)
        assert found.note == ""
        assert found.pressure.error / found.pressure.value < 0.02
        widths += [found.lower.error, found.upper.error]
    assert 0.5 < np.sqrt(np.mean(np.square(misses))) < 1.3
    assert np.mean(np.abs(limits) < 2) > 0.9
    assert np.median(widths) < 0.01


def test_the_limits_of_a_lattice_gas_are_its_binodal():
    """ln p = 2 [ln(x/(1-x)) - 4 (x - 1/2) / t] with Maxwell's construction, x and 1 - x the phases' compositions."""
    t, x = 0.7, np.linspace(0.005, 0.97, 120)
    binodal = brentq(lambda x: np.log(x / (1 - x)) - 4 / t * (x - 0.5), 1e-9, 0.45)
    height = 2 * (np.log(x / (1 - x)) - 4 / t * (x - 0.5))
    height = np.where((x > binodal) & (x < 1 - binodal), 0.0, height)
    height = height + 0.01 * np.random.default_rng(0).normal(size=120)
    found = find_plateau(isotherms(scan_of([(350, x, np.exp(height))]))[0])
    assert abs(found.lower.value - binodal) < 3 * found.lower.error < 0.06
    assert abs(found.upper.value - 1 + binodal) < 3 * found.upper.error < 0.06
    assert abs(found.pressure.value - 1) < 3 * found.pressure.error < 0.02


def test_a_flat_plateau_met_by_steps_of_pressure():
    """Set pressures jump over the plateau: it lies between two readings, and its error is that of not knowing where."""
    p = np.geomspace(1e-3, 5, 25)
    at = plateau_at(320)
    x = np.where(np.log(p) < at, LOWER * np.exp((np.log(p) - at) / 2), UPPER + (np.log(p) - at) / 25)
    found = find_plateau(isotherms(scan_of([(320, x, p)]))[0])
    step = np.log(p[1] / p[0])
    assert abs(np.log(found.pressure.value) - at) < 0.5 * step
    assert found.pressure.error / found.pressure.value == pytest.approx(step / 2 / np.sqrt(3), rel=0.3)


def test_the_heats_come_back_within_their_errors():
    enthalpy, entropy = [], []
    for seed in range(8):
        plateaus = plateau_pressures(series(seed, noise=0.02))
        fit = fit_van_t_hoff(plateaus, direction="absorption")
        enthalpy.append((fit.enthalpy.value - ENTHALPY) / fit.enthalpy.error)
        entropy.append((fit.entropy.value - ENTROPY) / fit.entropy.error)
        assert fit.enthalpy.error < 0.5
        assert fit.correlation > 0.9
        assert fit.points == 5
    assert 0.3 < np.sqrt(np.mean(np.square(enthalpy))) < 1.6
    assert 0.3 < np.sqrt(np.mean(np.square(entropy))) < 1.6
    down = fit_van_t_hoff(plateaus, direction="desorption")
    assert abs(down.enthalpy.value - (ENTHALPY - 1.5)) < 3 * down.enthalpy.error
    assert (str(down.enthalpy.unit), str(down.entropy.unit)) == ("kJ/mol", "J/K/mol")


def test_the_standard_pressure_moves_the_entropy_only():
    plateaus = plateau_pressures(series(), direction="absorption")
    bar = fit_van_t_hoff(plateaus)
    atm = fit_van_t_hoff(plateaus, standard_pressure="1 atm")
    assert atm.enthalpy.value == pytest.approx(bar.enthalpy.value, rel=1e-6)
    assert atm.entropy.value - bar.entropy.value == pytest.approx(GAS_CONSTANT * np.log(1.01325), rel=1e-3)
    kelvin = bar.curve["temperature"].values
    np.testing.assert_allclose(np.log(bar.curve.values), plateau_at(kelvin), atol=0.02)
    np.testing.assert_allclose(bar.curve.values, atm.curve.values, rtol=1e-6)
    assert (bar.curve["standard_error"].values < 0.02 * bar.curve.values).all()


def test_a_thermometers_scatter_widens_the_error():
    plateaus = plateau_pressures(series(), direction="absorption")
    plain = fit_van_t_hoff(plateaus)
    jittery = fit_van_t_hoff(plateaus.assign_coords(temperature_error=("point", np.full(5, 1.0))))
    assert jittery.enthalpy.error > 3 * plain.enthalpy.error


def test_hysteresis_is_the_free_energy_between_the_plateaus():
    found = hysteresis(plateau_pressures(series()))
    assert found.attrs["units"] == "kJ/mol"
    np.testing.assert_allclose(found["temperature"].values, [320, 340, 360, 380, 400])
    assert (np.abs(found.values - 1.5) < 4 * found["standard_error"].values).all()
    assert (found["standard_error"].values < 0.05).all()
    with pytest.raises(ScanError, match="no temperature has a plateau of absorption and one of desorption"):
        hysteresis(plateau_pressures(series(), direction="absorption"))


def test_units_celsius_and_pressure_over_composition_move_nothing():
    plain = plateau_pressures(scan_of([(350, *one_isotherm(350))]))
    x, p = one_isotherm(350)
    celsius = plateau_pressures(scan_of([(350, x, 0.1 * p)], pressure_unit="MPa", kelvin_unit="degC"))
    assert celsius["temperature"].values[0] == pytest.approx(350)
    assert celsius.attrs["units"] == "MPa"
    assert celsius.values[0] == pytest.approx(0.1 * plain.values[0])
    axes = {"temperature": (np.full(60, 350.0), "K"), "composition": (x, "wt%")}
    turned = scans.ragged_scan(axes, p, name="pressure", unit="bar")
    assert plateau_pressures(turned).values[0] == pytest.approx(plain.values[0])
    assert plateau_pressures(turned)["upper_limit"].attrs["units"] == "wt_percent"


def test_the_temperature_is_asked_for_where_no_column_has_it():
    x, p = one_isotherm(350)
    scan = scans.ragged_scan({"pressure": (p, "bar")}, x, name="composition", unit="dimensionless")
    with pytest.raises(ScanError, match="give it, temperature='298 K'"):
        isotherms(scan)
    (one,) = isotherms(scan, temperature="76.85 ± 0.5 degC")
    assert one.temperature.value == pytest.approx(350)
    assert one.temperature.error == pytest.approx(0.5)
    with pytest.raises(ScanError, match="leave temperature= away"):
        isotherms(scan_of([(350, x, p)]), temperature="350 K")
    with pytest.raises(ScanError, match="-10 K is not possible"):
        isotherms(scan, temperature="-10 K")


@pytest.mark.parametrize("name", ["log10_p", "log_pressure", "lg_p_h2", "log10_p_bar"])
def test_a_logarithm_is_recognised_by_its_name_and_asked_about(name):
    x, p = one_isotherm(350)
    axes = {"temperature": (np.full(60, 350.0), "K"), name: (np.log10(p), "dimensionless")}
    scan = scans.ragged_scan(axes, x, name="composition", unit="dimensionless")
    with pytest.raises(ScanError, match="looks like a logarithm of the pressure; say so with logarithm=10"):
        isotherms(scan)
    with pytest.raises(ScanError, match="say what it counts with pressure_unit='bar'"):
        isotherms(scan, logarithm=10)
    found = plateau_pressures(scan, logarithm=10, pressure_unit="bar")
    assert found.values[0] == pytest.approx(plateau_pressures(scan_of([(350, x, p)])).values[0])
    with pytest.raises(ScanError, match="no unit of pressure"):
        isotherms(scan, logarithm=10, pressure_unit="K")
    with pytest.raises(ScanError, match="to the base 10 or 'e', not 2"):
        isotherms(scan, logarithm=2, pressure_unit="bar")


def test_natural_logarithms_and_ones_that_no_name_gives_away():
    x, p = one_isotherm(300)
    axes = {"temperature": (np.full(60, 300.0), "K"), "ln_p": (np.log(p), "dimensionless")}
    scan = scans.ragged_scan(axes, x, name="composition", unit="dimensionless")
    assert isotherms(scan, logarithm="e", pressure_unit="bar")[0].pressure == pytest.approx(np.sort(p), rel=0.1)
    hidden = scan_of([(300, x, np.log10(p))])
    with pytest.raises(ScanError, match=r"are not positive, down to .* if the column is a logarithm say logarithm=10"):
        isotherms(hidden)
    with pytest.raises(ScanError, match="that is no logarithm of a pressure"):
        isotherms(scan_of([(300, x, 1e6 * p)]), logarithm=10)


def test_a_column_of_logarithms_in_a_file(tmp_path):
    """The header "log10(p) (bar)" is no number of bars."""
    x, p = one_isotherm(350)
    path = tmp_path / "pci.csv"
    rows = [f"350,{np.log10(one):.8g},{other:.8g}" for one, other in zip(p, x, strict=True)]
    path.write_text("\n".join(["T (K),log10(p) (bar),H/Pd", *rows]), encoding="utf-8")
    with pytest.raises(NeedsColumns):
        read(path)
    with pytest.raises(ScanError, match="holds a logarithm, not bar; open it as a plain number"):
        read(path, axes=["1=temperature", "2=pressure[bar]"], value="3")
    scan = read(path, axes=["1=temperature", "2=pressure[1]"], value="3")
    assert (scan.name, scan.attrs["units"]) == ("hydrogen_content", "")
    with pytest.raises(ScanError, match="looks like a logarithm"):
        isotherms(scan, pressure_unit="bar")  # the file's own header remembers it
    found = plateau_pressures(scan, logarithm=10, pressure_unit="bar")
    assert np.log(found.values[0]) == pytest.approx(plateau_at(350), abs=0.02)


@pytest.mark.parametrize("down", [False, True])
def test_a_file_that_says_everything_is_opened_without_questions(tmp_path, down):
    """Also a single isotherm, which makes a grid of one row: how it was measured is kept."""
    x, p = one_isotherm(350, noise=0.0, slope=0.2, down=down)
    path = tmp_path / "pci.csv"
    rows = [f"{one:.8g},76.85,{other:.8g}" for one, other in zip(p, x, strict=True)]
    path.write_text("\n".join(["p (bar),T (°C),H/Pd", *rows]), encoding="utf-8")
    found = plateau_pressures(read(path))
    assert np.log(found.values[0]) == pytest.approx(plateau_at(350), abs=0.02)
    assert found["direction"].values.tolist() == [DESORPTION if down else ABSORPTION]


def test_no_plateau_is_an_answer():
    """Sieverts' law alone, and an isotherm that only just turns."""
    x = np.geomspace(1e-4, 0.02, 40)
    ideal = scan_of([(700, x, 100 * x**2)])
    found = plateau_pressures(ideal)
    assert np.isnan(found.values).all()
    assert "no plateau within the measured range" in str(found["note"].values[0])
    assert str(find_plateau(isotherms(ideal)[0]).pressure) == "not found"
    with pytest.raises(ScanError, match="3 temperatures or more; there are 0"):
        fit_van_t_hoff(found)


def test_a_plateau_that_leaves_the_range_has_no_limit_there():
    x, p = one_isotherm(350)
    cut = x < 0.4
    found = find_plateau(isotherms(scan_of([(350, x[cut], p[cut])]))[0])
    assert np.log(found.pressure.value) == pytest.approx(plateau_at(350), abs=0.02)
    assert np.isnan(found.upper.value)
    assert "goes on beyond the measured range" in found.note


def test_a_gridded_or_shuffled_isotherm_tells_no_direction():
    x, p = one_isotherm(350)
    order = np.random.default_rng(3).permutation(60)
    shuffled = scan_of([(350, x[order], p[order])])
    assert [one.direction for one in isotherms(shuffled)] == [NOT_TOLD]
    assert [one.direction for one in isotherms(shuffled, direction="desorption")] == [DESORPTION]
    kelvin, pressure = np.array([340.0, 360.0]), np.geomspace(0.01, 20, 50)
    axes = {"temperature": (kelvin, "K"), "pressure": (pressure, "bar")}
    grid = np.stack([np.interp(np.log(pressure), height_of(x, plateau_at(t), 0.3), x) for t in kelvin])
    found = plateau_pressures(scans.gridded_scan(axes, grid, name="composition", unit="dimensionless"))
    assert found["direction"].values.tolist() == [0, 0]
    np.testing.assert_allclose(np.log(found.values), plateau_at(kelvin), atol=0.1)


def test_a_reading_in_vacuum_is_left_out_and_said():
    x, p = one_isotherm(350)
    scan = scan_of([(350, np.append(0.0, x), np.append(0.0, p))])
    (one,) = isotherms(scan)
    assert len(one.pressure) == 60
    assert one.note == "1 readings at zero pressure left out"


@settings(max_examples=80, deadline=None)
@given(arrays(float, (12, 2), elements=st.sampled_from([0.0, 0.1, 0.3, 0.30001, 0.5, 0.7, 1.0, 50.0])))
def test_whatever_is_measured_is_an_answer_or_a_sentence(numbers):
    """Equal readings, steps, no order: a plateau, none, or a :class:`ScanError`; never a warning or another error."""
    axes = {"temperature": (np.full(12, 300.0), "K"), "pressure": (numbers[:, 0], "bar")}
    scan = scans.ragged_scan(axes, numbers[:, 1], name="composition", unit="dimensionless")
    try:
        found = plateau_pressures(scan)
    except ScanError:
        return
    known = np.isfinite(found.values)
    assert (found.values[known] >= 0.1).all()
    assert (found.values[known] <= 50).all()
    assert [bool(note) for note in found["note"].values[~known]] == [True] * (~known).sum()


def test_masked_points_take_no_part():
    scan = series()
    masked = scan["temperature"].values < 330
    assert {one.temperature.value for one in isotherms(scans.with_masked(scan, masked))} == {340, 360, 380, 400}


def test_what_cannot_be_used_is_said():
    x, p = one_isotherm(350)
    with pytest.raises(ScanError, match="of 'absorption' or 'desorption', not 'up'"):
        isotherms(scan_of([(350, x, p)]), direction="up")
    with pytest.raises(ScanError, match="no isotherm has 5 points"):
        isotherms(scan_of([(350, x[:4], p[:4])]))
    with pytest.raises(ScanError, match="no isotherm of desorption has 5 points"):
        isotherms(scan_of([(350, x, p)]), direction="desorption")
    ohm = scans.ragged_scan({"temperature": (x, "K")}, p, name="resistance", unit="ohm")
    with pytest.raises(ScanError, match="needs one column of pressure, but the scan has none"):
        isotherms(ohm)
    with pytest.raises(ScanError, match="needs pressures, not values in Ω"):
        fit_van_t_hoff(ohm)
    plateaus = plateau_pressures(series())
    with pytest.raises(ScanError, match="of absorption and of desorption; fit one"):
        fit_van_t_hoff(plateaus)
    with pytest.raises(ScanError, match="must be a pressure above zero"):
        fit_van_t_hoff(plateaus, direction="absorption", standard_pressure="1 K")
    with pytest.raises(ScanError, match="needs plateaus at 3 temperatures or more; there are 2 of absorption"):
        fit_van_t_hoff(plateaus.isel(point=slice(0, 4)), direction="absorption")
