"""Fermi edges: the closed form against brute force, planted values within their errors, channels, correction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import constants

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import apply, history, replay
from napari_scantwin.processing.edge_correction import fit_edges
from napari_scantwin.processing.fermi_edge import fit_edge
from napari_scantwin.processing.fermi_function import broadened_edge, fermi
from napari_scantwin.processing.linear import per_fwhm
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample

LEVEL, RESOLUTION = (16.9, 1e-3, -2e-4), 0.025


def gold(seed: int, channels: int = 60, counts: float = 60, temperature: float = 30, level=LEVEL):
    """Counts of a metal whose Fermi level follows a parabola along the slit."""
    angle, energy = np.linspace(-14, 14, channels), np.linspace(16.6, 17.05, 113)
    levels = np.polynomial.polynomial.polyval(angle, level)
    curves = [broadened_edge(energy - one, temperature, RESOLUTION * per_fwhm, 1, -0.5) for one in levels]
    values = np.random.default_rng(seed).poisson(counts * np.array(curves) + 2).astype(float)
    axes = {"angle": (angle, "deg"), "energy": (energy, "eV")}
    return scans.gridded_scan(axes, values, name="photoemission_intensity", unit="count", attrs={"kind": "measured"})


@pytest.mark.parametrize(("temperature", "sigma"), [(20, 0.01), (300, 0.005), (10, 0.05), (2, 0.01), (300, 0.0007)])
def test_the_broadened_edge_is_the_convolution(temperature, sigma):
    energy = np.linspace(-0.3, 0.2, 26)
    found = broadened_edge(energy, temperature, sigma, 1.3, -0.7)
    for place, value in zip(energy, found, strict=True):
        x = np.linspace(place - 8 * sigma, place + 8 * sigma, 20001)
        weight = np.exp(-0.5 * ((x - place) / sigma) ** 2)
        assert value == pytest.approx(((1.3 - 0.7 * x) * fermi(x, temperature) * weight).sum() / weight.sum(), abs=1e-5)


def test_limits_of_the_edge():
    energy = np.linspace(-0.1, 0.1, 201)
    np.testing.assert_allclose(broadened_edge(energy, 100, 0), fermi(energy, 100))
    cold = broadened_edge(energy, 0, 0.01)
    assert cold[100] == pytest.approx(0.5)
    np.testing.assert_allclose(cold, broadened_edge(energy, 0.1, 0.01), atol=1e-5)


def pulls(fits, truth):
    """How many of its errors each fitted quantity lies from the truth [fits, quantities]."""
    return np.array([[(one.value - true) / one.error for one, true in zip(fit, truth, strict=True)] for fit in fits])


def assert_honest(found: np.ndarray) -> None:
    """Deviations over errors have a standard deviation of one and a mean of zero, by their own statistics."""
    count = len(found)
    assert (np.abs(found.mean(axis=0)) < 4 / np.sqrt(count)).all()
    assert (np.abs(found.std(axis=0) - 1) < 4 / np.sqrt(2 * count)).all()


def test_level_and_resolution_are_found_within_their_errors():
    fits = [fit_edge(gold(seed, 20, level=(16.9,)), temperature=30) for seed in range(40)]
    found = pulls([(fit.fermi_level, fit.resolution) for fit in fits], (16.9, RESOLUTION))
    assert_honest(found)
    assert np.mean([fit.reduced_chi_square for fit in fits]) == pytest.approx(1, abs=0.1)
    assert fits[0].fermi_level.error < 0.001
    assert np.isnan(fits[0].temperature.error)  # it was given


def test_temperature_is_found_within_its_error():
    scans_ = [gold(seed, 20, level=(16.9,), temperature=120) for seed in range(30)]
    fits = [fit_edge(scan, resolution=RESOLUTION) for scan in scans_]
    assert_honest(pulls([(fit.fermi_level, fit.temperature) for fit in fits], (16.9, 120)))
    both = [fit_edge(gold(seed, 20, 3000, level=(16.9,), temperature=120)) for seed in range(12)]
    assert_honest(pulls([(fit.resolution, fit.temperature) for fit in both], (RESOLUTION, 120)))


#: The constant by its own name, and an edge by its definition: nothing of it comes from what is tested.
KELVIN = constants.Boltzmann / constants.elementary_charge


def convolved_edge(energy, temperature: float, fwhm: float, level: float) -> np.ndarray:
    """(1000 - 300 E) f(E) + 20, convolved with a Gaussian by brute force on a fine grid (E from the level, in eV)."""
    sigma = fwhm / (2 * np.sqrt(2 * np.log(2)))
    step = min(sigma, KELVIN * temperature) / 40
    fine = np.arange(energy[0] - level - 8 * sigma, energy[-1] - level + 8 * sigma, step)
    edge = (1000 - 300 * fine) / (np.exp(np.minimum(fine / (KELVIN * temperature), 700)) + 1) + 20
    width = int(np.ceil(7 * sigma / step))
    kernel = np.exp(-0.5 * (step * np.arange(-width, width + 1) / sigma) ** 2)
    return np.interp(energy - level, fine, np.convolve(edge, kernel / kernel.sum(), mode="same"))


@pytest.mark.parametrize(("temperature", "fwhm"), [(300.0, 0.01), (40.0, 0.012)])
def test_a_temperature_is_in_kelvin_by_the_constant_of_nature(temperature, fwhm):
    energy = np.linspace(-12, 8, 241) * KELVIN * temperature + 4.3
    values = convolved_edge(energy, temperature, fwhm, 4.3)
    scan = scans.gridded_scan(
        {"energy": (energy, "eV")}, values, name="photoemission_intensity", unit="arb", errors=np.full(241, 0.1)
    )
    edge = fit_edge(scan, resolution=fwhm)
    assert edge.temperature.value == pytest.approx(temperature, rel=2e-3)
    assert edge.fermi_level.value == pytest.approx(4.3, abs=1e-4)
    told = fit_edge(scan, temperature=temperature)
    assert told.resolution.value == pytest.approx(fwhm, rel=0.01)


def test_error_bars_that_are_given_weigh_the_values_and_carry_over():
    """Every second value is fifty times worse than its neighbours, and says so."""
    energy = np.linspace(4.1, 4.42, 121)
    exact, pulls_ = convolved_edge(energy, 60.0, 0.02, 4.3), []
    errors = np.where(np.arange(121) % 2, 4.0, 200.0)
    for seed in range(12):
        values = exact + errors * np.random.default_rng(seed).normal(size=121)
        scan = scans.gridded_scan(
            {"energy": (energy, "eV")}, values, name="photoemission_intensity", unit="arb", errors=errors
        )
        edge = fit_edge(scan, temperature=60)
        assert edge.reduced_chi_square == pytest.approx(1, abs=0.6)
        # By the good half alone; all values alike would give an error of some 2 meV.
        assert edge.fermi_level.error < 3e-4
        np.testing.assert_array_equal(edge.curve["standard_error"].values, errors)
        pulls_.append((edge.fermi_level.value - 4.3) / edge.fermi_level.error)
    assert_honest(np.array(pulls_)[:, None])


def test_known_errors_and_other_units_give_the_same():
    raw = gold(1, 20, level=(16.9,))
    stated = apply(raw, "counting_errors")
    one, other = fit_edge(raw, temperature=30), fit_edge(stated, temperature=30)
    assert other.fermi_level.value == pytest.approx(one.fermi_level.value, abs=one.fermi_level.error / 2)
    milli = raw.assign_coords(energy=("energy", 1e3 * raw["energy"].values, {"units": "meV"}))
    assert fit_edge(milli, temperature=30, start=16.7).fermi_level.value == pytest.approx(
        fit_edge(raw, temperature=30, start=16.7).fermi_level.value, abs=1e-6
    )


@pytest.fixture(scope="module")
def channels():
    return gold(3), fit_edges(gold(3), temperature=30, channels=3)


def test_the_level_of_every_channel_is_found_within_its_error(channels):
    _, found = channels
    assert found.fermi_level.dims == ("angle",)
    assert found.fermi_level.size == 20
    truth = np.polynomial.polynomial.polyval(found.fermi_level["angle"].values, LEVEL)
    pull = (found.fermi_level.values - truth) / found.fermi_level["standard_error"].values
    assert_honest(pull[:, None])
    # A group of three channels is a little wider than one, and its mean level a little off: far below the errors.
    for value, error, true in zip(found.coefficients, found.errors, LEVEL, strict=True):
        assert abs(value - true) < 4 * error


def test_the_correction_straightens_another_scan_and_is_replayed(channels):
    _, found = channels
    other = gold(7, counts=500)
    straight = found.corrected(other)
    assert straight.attrs["energy_notation"] == "fermi"
    assert scans.axes(straight) == ("angle", "energy")
    edge = fit_edge(straight, temperature=30, start=-0.2, stop=0.12)
    assert edge.fermi_level.value == pytest.approx(0, abs=4e-4)
    # The curved edge summed as it is would look wider than the resolution, in a window as wide.
    assert edge.resolution.value == pytest.approx(RESOLUTION, abs=0.002)
    level = fit_edge(other, temperature=30).fermi_level.value
    curved = fit_edge(other, temperature=30, start=level - 0.2, stop=level + 0.12)
    assert curved.resolution.value > RESOLUTION + 0.004
    np.testing.assert_array_equal(replay(other, history(straight)).values, straight.values)
    assert np.isnan(straight.values).any()  # energies that a channel did not see


def test_a_single_level_shifts_the_axis_and_levels_go_one_by_one():
    scan = gold(2, 10)
    with pytest.raises(ScanError, match="energies='kinetic'"):
        apply(scan, "correct_fermi_edge", coefficients=[16.9])
    scan = apply(scan, "energy_notation", energies="kinetic")
    shifted = apply(scan, "correct_fermi_edge", coefficients=[16.9])
    np.testing.assert_array_equal(shifted.values, scan.values)
    np.testing.assert_allclose(shifted["energy"].values, scan["energy"].values - 16.9)
    levels = np.linspace(16.8, 16.9, 10)
    straight = apply(scan, "correct_fermi_edge", axis="angle", levels=levels.tolist())
    at = straight["energy"].values
    expected = np.interp(at + levels[4], scan["energy"].values, scan.values[4])
    seen = np.isfinite(straight.values[4])
    np.testing.assert_allclose(straight.values[4, seen], expected[seen], atol=1e-9)
    for given, words in [
        ({}, "give the Fermi level once"),
        ({"coefficients": [1.0], "levels": [1.0]}, "give the Fermi level once"),
        ({"axis": "angle", "levels": [1.0, 2.0]}, "2 levels and 10 channels"),
        ({"axis": "energy", "coefficients": [1.0, 2.0]}, "changes along"),
    ]:
        with pytest.raises(ScanError, match=words):
            apply(scan, "correct_fermi_edge", **given)


def test_a_real_cut_has_its_edge_at_its_fermi_level(instrument):
    scan = read(instrument / "arpes_merlin_cut.h5")  # energies counted from the Fermi level by the beamline
    edge = fit_edge(scan, temperature=20, start=-0.3, stop=0.25)
    assert abs(edge.fermi_level.value) < 0.02
    assert 0.005 < edge.resolution.value < 0.06


def _dark_but_one(scan):
    """Counts in a single channel: the whole has an edge, the channels have one among them."""
    values = np.random.default_rng(5).poisson(2, scan.shape).astype(float)
    values[7] = 20 * scan.values[7]
    return scan.copy(data=values)


def test_where_there_is_no_edge_it_is_said():
    scan = gold(1, 20)
    flat = scan.copy(data=np.random.default_rng(0).poisson(50, scan.shape).astype(float))
    for given, words in [
        ({"start": 16.95, "stop": 17.05, "temperature": 30}, "edge"),
        ({"start": 17.04, "temperature": 30}, "8 are needed"),
        ({"start": 17, "stop": 16, "temperature": 30}, "lower end"),
        ({"temperature": -3}, "at least zero"),
        ({"temperature": 30, "background": "shirley"}, "one of linear"),
    ]:
        with pytest.raises(ScanError, match=words):
            fit_edge(scan, **given)
    with pytest.raises(ScanError, match="edge"):
        fit_edge(flat, temperature=30)
    with pytest.raises(ScanError, match="axis of energy"):
        fit_edge(scan.isel(energy=3, drop=True).assign_attrs(axes="angle"))
    with pytest.raises(ScanError, match=r"found in [0-3] channels"):
        fit_edges(_dark_but_one(scan), temperature=30, channels=2)


def test_bands_below_the_edge_are_left_out_of_a_window_nobody_gave():
    scan = load_sample("arpes")
    edge = fit_edge(scan, temperature=30)
    assert edge.fermi_level.value == pytest.approx(0, abs=3 * edge.fermi_level.error)
    assert edge.resolution.value == pytest.approx(0.018 * 2.3548, abs=3 * edge.resolution.error)
    assert edge.reduced_chi_square < 2
    assert edge.curve["energy"].values.min() > -0.2
    whole = fit_edge(scan, temperature=30, start=-1.0)
    assert whole.reduced_chi_square > 50  # what the model does not describe


def test_a_reference_without_bands_is_fitted_over_all_its_energies():
    scan = gold(1, 20, level=(16.9,))
    assert fit_edge(scan, temperature=30).curve.sizes["energy"] == scan.sizes["energy"]
