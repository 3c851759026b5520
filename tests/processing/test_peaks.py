"""EDC and MDC fits: planted dispersions, velocities and widths within their errors; holes; bad input."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.processing import apply
from napari_scantwin.processing.dispersion import energy_width, fermi_crossing
from napari_scantwin.processing.fermi_function import fermi
from napari_scantwin.processing.linear import gaussian, per_fwhm
from napari_scantwin.processing.peak_model import CurveModel
from napari_scantwin.processing.peaks import fit_peaks
from napari_scantwin.samples import load_sample
from napari_scantwin.writers import write

from .test_fermi_edge import assert_honest

K = np.linspace(-0.3, 0.3, 101)
ENERGY = np.linspace(-0.16, 0, 13)
KF, VELOCITY = 0.12, 2.5
WIDTH = 0.03 + 0.4 * ENERGY**2


def lorentzian(x, place, width, area):
    return area / np.pi * (width / 2) / ((x - place) ** 2 + (width / 2) ** 2)


def mdc_cut(seed: int, counts: float = 4.0):
    """Two bands of one Fermi velocity, one to either side, on a slanted background."""
    band = KF + ENERGY / VELOCITY
    mean = lorentzian(K[:, None], band, WIDTH, counts) + lorentzian(K[:, None], -band - 0.02, WIDTH, 0.8 * counts)
    values = np.random.default_rng(seed).poisson(mean + 10 + 5 * K[:, None]).astype(float)
    axes = {"kx": (K, "1/angstrom"), "energy": (ENERGY, "eV")}
    return scans.gridded_scan(axes, values, name="photoemission_intensity", unit="count")


@pytest.fixture(scope="module")
def fits():
    """Fits of twelve draws of the same cut."""
    return [fit_peaks(mdc_cut(seed), "kx", peaks=2, begin=0) for seed in range(12)]


def test_positions_and_widths_are_found_within_their_errors(fits):
    truth = {"position": np.stack([-(KF + ENERGY / VELOCITY) - 0.02, KF + ENERGY / VELOCITY]), "width": WIDTH}
    for what, true in truth.items():
        pull = np.stack([(getattr(one, what).values - true) / getattr(one, what)["standard_error"] for one in fits])
        assert np.isnan(pull).sum() == 0
        assert abs(pull.mean()) < 4 / np.sqrt(pull.size) + 0.05  # a fitted width leans by a twentieth of its error
        assert abs(pull.std() - 1) < 4 / np.sqrt(2 * pull.size) + 0.05
    assert np.mean([one.reduced_chi_square.values for one in fits]) == pytest.approx(1, abs=0.03)


def test_fermi_momentum_and_velocity_are_found_within_their_errors(fits):
    crossings = [fermi_crossing(one, 2) for one in fits]
    assert_honest(
        np.array([[(c.momentum.value - KF) / c.momentum.error, (c.velocity.value - VELOCITY) / c.velocity.error]
                  for c in crossings])
    )  # fmt: skip
    one = crossings[0]
    assert one.points == len(ENERGY)
    assert (one.momentum.unit, one.velocity.unit) == ("1/Å", "Å*eV")
    # v = dE/dk over hbar: 1 eV angstrom is 1.519e5 m/s.
    assert one.speed.value == pytest.approx(one.velocity.value * 1.51927e5, rel=1e-4)
    assert float(one.line.interp(energy=0)) == pytest.approx(one.momentum.value)
    other = fermi_crossing(fits[0], 1)
    assert other.velocity.value == pytest.approx(-VELOCITY, abs=4 * other.velocity.error)
    narrow = fermi_crossing(fits[0], 2, start=-0.05)
    assert narrow.momentum.error > one.momentum.error / 2
    assert narrow.points == 4


def test_the_width_in_energy_is_velocity_times_width(fits):
    crossing = fermi_crossing(fits[0], 2)
    width = energy_width(fits[0], crossing, 2)
    assert width.attrs["units"] == "eV"
    pull = (width.values - VELOCITY * WIDTH) / width["standard_error"].values
    assert np.abs(pull).max() < 4


def test_results_are_scans_that_can_be_written(fits, tmp_path):
    for one in (fits[0].position, fits[0].width, fits[0].area, fits[0].reduced_chi_square, fits[0].model):
        scans.check(one)
        write(one, tmp_path / "result.nc")
    dispersion = fits[0].dispersion(2)
    assert scans.axes(dispersion) == ("energy",)
    assert dispersion.attrs["units"] == "1/Å"
    assert fits[0].area.attrs["units"] == "count/Å"
    cut = mdc_cut(0)
    assert fits[0].model.dims == cut.dims
    residual = (cut.values - fits[0].model.values) / np.sqrt(fits[0].model.values)
    assert residual.std() == pytest.approx(1, abs=0.1)


EDC_ENERGY, EDC_K = np.linspace(-0.5, 0.1, 151), np.linspace(-0.05, 0.12, 12)
EDC_VELOCITY, EDC_KF, RESOLUTION = 1.5, 0.15, 0.02


def edc_cut(seed: int, unit: str = "eV"):
    """A band below the Fermi level, cut by the Fermi function of 40 K and seen with a resolution."""
    fine = np.linspace(-0.7, 0.3, 2001)
    band = EDC_VELOCITY * (EDC_K - EDC_KF)
    ideal = lorentzian(fine[:, None], band, 0.05, 12.0) + 15
    mean = gaussian(fine, RESOLUTION * per_fwhm) @ (ideal * fermi(fine, 40)[:, None])
    mean = np.stack([np.interp(EDC_ENERGY, fine, one) for one in mean.T])
    per = {"eV": 1, "meV": 1000}[unit]
    return scans.gridded_scan(
        {"kx": (EDC_K, "1/angstrom"), "energy": (per * EDC_ENERGY, unit)},
        np.random.default_rng(seed).poisson(mean).astype(float),
        name="photoemission_intensity",
        unit="count",
    )


def test_edcs_under_a_fermi_function_give_the_band_and_its_crossing():
    given = {"temperature": 40, "resolution": RESOLUTION, "background": "constant"}
    found = [fit_peaks(edc_cut(seed), "energy", **given) for seed in range(8)]
    band = EDC_VELOCITY * (EDC_K - EDC_KF)
    pull = np.stack([(one.position.values[0] - band) / one.position["standard_error"].values[0] for one in found])
    assert np.isfinite(pull).mean() > 0.95
    assert abs(np.nanstd(pull) - 1) < 0.3
    assert abs(np.nanmean(pull)) < 0.4
    for one in found:
        crossing = fermi_crossing(one)
        assert crossing.momentum.value == pytest.approx(EDC_KF, abs=4 * crossing.momentum.error)
        assert crossing.velocity.value == pytest.approx(EDC_VELOCITY, abs=4 * crossing.velocity.error)
        assert crossing.momentum.error < 0.003
    milli = fit_peaks(edc_cut(0, "meV"), "energy", **{**given, "resolution": 1000 * RESOLUTION})
    np.testing.assert_allclose(milli.position.values, 1000 * found[0].position.values, rtol=1e-3)
    assert fermi_crossing(milli).velocity.value == pytest.approx(fermi_crossing(found[0]).velocity.value, rel=1e-3)


def test_a_curved_dispersion_is_solved_for_its_crossing(fits):
    curved = fermi_crossing(fits[0], 2, degree=2)
    assert curved.velocity.value == pytest.approx(VELOCITY, abs=4 * curved.velocity.error)
    assert curved.velocity.error > fermi_crossing(fits[0], 2).velocity.error
    edc = fit_peaks(edc_cut(1), "energy", temperature=40, resolution=RESOLUTION, background="constant")
    crossing = fermi_crossing(edc, degree=2)
    assert crossing.momentum.value == pytest.approx(EDC_KF, abs=4 * crossing.momentum.error)


def test_a_voigt_tells_resolution_and_lifetime_apart():
    x = np.linspace(-1, 1, 401)
    sharp = lorentzian(x, 0.1, 0.12, 2000.0)
    mean = gaussian(x, 0.15 * per_fwhm) @ sharp + 200
    values = np.random.default_rng(0).poisson(np.stack([mean] * 6, axis=1)).astype(float)
    cut = scans.gridded_scan(
        {"angle": (x, "deg"), "energy": (np.arange(6.0), "eV")}, values, name="intensity", unit="count"
    )
    known = fit_peaks(cut, "angle", shape="Voigt", gaussian=0.15)
    pull = (known.width.values - 0.12) / known.width["standard_error"].values
    assert np.abs(pull).max() < 4
    free = fit_peaks(cut, "angle", shape="Voigt")
    assert np.abs((free.width.values - 0.12) / free.width["standard_error"].values).max() < 4
    assert free.width["standard_error"].values.mean() > 2 * known.width["standard_error"].values.mean()
    # A Lorentzian alone takes the resolution for lifetime.
    assert fit_peaks(cut, "angle").width.values.min() > 0.16


def test_the_model_s_peaks_have_their_area_and_width():
    x = np.linspace(-50, 50, 20001)
    model = CurveModel(x, 2, background="none")
    curve = model(model.parameters([-1.0, 2.0], [0.5, 1.0], [3.0, 1.0]))
    assert np.trapezoid(curve, x) == pytest.approx(4, rel=0.02)  # Lorentzians' tails are long
    one = CurveModel(x, 1, background="none")
    alone = one(one.parameters([0.0], [0.8], [1.0]))
    assert np.ptp(x[alone > alone.max() / 2]) == pytest.approx(0.8, abs=0.02)


def test_holes_and_masked_values_take_no_part():
    cut = mdc_cut(3, 40.0)
    wild = cut.copy(data=cut.values.copy())
    wild.values[20, 4] = 1e5
    masked = np.zeros(cut.shape, bool)
    masked[20, 4] = True
    wild.values[60:64, 6] = np.nan
    wild.values[:, 9] = np.nan
    found = fit_peaks(scans.with_masked(wild, masked), "kx", peaks=2)
    plain = fit_peaks(cut, "kx", peaks=2)
    assert np.isnan(found.position.values[:, 9]).all()
    kept = np.arange(len(ENERGY)) != 9
    difference = (found.position.values - plain.position.values) / plain.position["standard_error"].values
    assert np.abs(difference[:, kept]).max() < 2


def test_beginning_window_and_positions_may_be_chosen():
    cut = mdc_cut(5)
    found = fit_peaks(cut, "kx", positions=[0.09], begin=-0.05, start=0.02, stop=0.2, first=-0.1)
    assert scans.axes(found.dispersion()) == ("energy",)
    assert found.position["energy"].values.min() >= -0.1
    assert np.isnan(found.model.values[K < 0.02]).all()
    band = KF + found.position["energy"].values / VELOCITY
    assert np.nanmax(np.abs((found.position.values[0] - band) / found.position["standard_error"].values[0])) < 5
    shares = []
    fit_peaks(cut, "kx", peaks=2, on_progress=shares.append)
    assert shares[-1] == 1
    assert shares == sorted(shares)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        fit_peaks(cut, "kx", peaks=2, stop_event=stop)


def test_a_peak_that_is_not_there_is_no_peak():
    flat = mdc_cut(1).copy(data=np.random.default_rng(2).poisson(10, (len(K), len(ENERGY))).astype(float))
    with pytest.raises(ScanError, match="0 of 1 peaks"):
        fit_peaks(flat, "kx", begin=-0.05)


@pytest.mark.parametrize(("tilt", "kf"), [(12.0, 0.2017), (9.0, 0.3001)])
def test_the_sample_s_band_crosses_where_its_formula_says(tilt, kf):
    """k_F of the tight-binding band: cos(k a) = (2 t cos(ky a) - shift) / (4 t' cos(ky a) - 2 t)."""
    scan = load_sample("arpes")
    cut = scan.sel(manipulator_angle=tilt).drop_vars("manipulator_angle").assign_attrs(axes="analyser_angle,energy")
    cut = apply(apply(cut, "counting_errors"), "to_momentum", slit="across the rotation axis", kinetic_energy=16.7)
    found = fit_peaks(cut, "ky", peaks=2, background="constant", first=-0.12, last=0.02)
    for peak, sign in ((1, -1), (2, 1)):
        crossing = fermi_crossing(found, peak, start=-0.1, stop=-0.02)
        assert crossing.momentum.value == pytest.approx(sign * kf, abs=3 * crossing.momentum.error)
        assert crossing.momentum.error < 0.006
        # The band is curved, and steeper at the Fermi level than over the window.
        assert 0.7 < sign * crossing.velocity.value < 1.39


def test_what_cannot_be_fitted_is_said():
    cut = mdc_cut(0)
    for given, words in [
        ({"along": "ky"}, "one of kx, energy"),
        ({"along": "kx", "peaks": 0}, "from 1 to 12"),
        ({"along": "kx", "peaks": 2, "positions": [0.1]}, "1 positions are given for 2"),
        ({"along": "kx", "shape": "Gaussian"}, "one of Lorentzian"),
        ({"along": "kx", "background": "Shirley"}, "one of constant"),
        ({"along": "kx", "temperature": 20}, "along the energy"),
        ({"along": "kx", "resolution": 0.1}, "belongs to a Fermi function"),
        ({"along": "kx", "start": 0.29}, "are needed"),
        ({"along": "kx", "first": 1}, "holds 0 values"),
    ]:
        with pytest.raises(ScanError, match=words):
            fit_peaks(cut, **given)
    with pytest.raises(ScanError, match="take one slice"):
        fit_peaks(load_sample("arpes"), "energy")
    with pytest.raises(ScanError, match="varies"):
        fit_peaks(cut.copy(data=np.ones(cut.shape)), "kx")
    found = fit_peaks(cut, "kx", peaks=2)
    with pytest.raises(ScanError, match="numbered from 1 to 2"):
        found.dispersion(3)
    with pytest.raises(ScanError, match="widen the window"):
        fermi_crossing(found, start=1)
