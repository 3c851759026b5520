"""Filters, normalising, backgrounds and sharpening against closed forms; holes stay holes, errors are carried."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.processing import apply
from napari_scantwin.processing.background import shirley
from napari_scantwin.processing.linear import per_fwhm
from napari_scantwin.processing.normalise import detector_profile

from .conftest import make_cut


def test_smoothing_is_the_gaussian_mean_inside_and_width_is_physical():
    values = np.random.default_rng(0).normal(size=(5, 200))
    scan = make_cut(values, unit="arb")
    step = np.diff(scan["energy"].values)[0]
    done = apply(scan, "smooth", axis="energy", fwhm=4 * step)
    expected = gaussian_filter1d(values, 4 * per_fwhm, axis=1, truncate=6)
    np.testing.assert_allclose(done.values[:, 20:-20], expected[:, 20:-20], atol=2e-5)


def test_smoothing_on_uneven_steps_broadens_a_gaussian_in_squares():
    energy = np.sinh(np.linspace(-2, 2, 400)) / np.sinh(2)
    scan = make_cut(np.exp(-0.5 * (energy / 0.1) ** 2)[None].repeat(2, 0), energy=energy, unit="arb")
    done = apply(scan, "smooth", axis="energy", fwhm=0.1 / per_fwhm)
    wide = np.exp(-0.5 * (energy / np.sqrt(0.02)) ** 2) / np.sqrt(2)
    np.testing.assert_allclose(done.values[0], wide, atol=5e-4)


def test_errors_are_those_of_repeated_measurements():
    random = np.random.default_rng(1)
    scan = make_cut(np.zeros((400, 40)), errors=np.full((400, 40), 2.0), unit="arb")
    noisy = scan.copy(data=random.normal(0, 2.0, scan.shape))
    for name, given in [
        ("smooth", {"axis": "energy", "fwhm": 0.1}),
        ("bin", {"axis": "energy", "count": 4}),
        ("bin", {"axis": "energy", "count": 4, "how": "sum"}),
        ("second_derivative", {"axis": "energy"}),
        ("deconvolve_wiener", {"axis": "energy", "fwhm": 0.1}),
        ("symmetrise", {"axis": "energy", "centre": -0.31}),
    ]:
        done = apply(noisy, name, **given)
        stated = done["standard_error"].values[0]
        found = done.values.std(axis=0)
        # 400 draws know a standard deviation to 3.5 %; five of these for some forty places.
        np.testing.assert_allclose(found / stated, 1, atol=0.18, err_msg=name)


def test_bins_keep_counts_places_flags_and_read_backs(cut):
    whole = apply(cut, "bin", axis="angle", count=3, how="sum")
    np.testing.assert_allclose(whole.values[0], cut.values[:3].sum(axis=0))
    np.testing.assert_allclose(whole["angle"].values[0], cut["angle"].values[:3].mean())
    np.testing.assert_allclose(whole["mirror_current"].values[1], cut["mirror_current"].values[3:6].mean())
    assert whole["masked"].values[0, 3]
    assert whole["masked"].values.sum() == 1
    assert np.isnan(whole.values).sum() == 2  # a sum that meets a hole is a hole
    assert not np.isnan(apply(cut, "bin", axis="angle", count=3).values).any()
    np.testing.assert_allclose(whole["standard_error"].values[0], 10 * np.sqrt(3))


def test_the_profile_of_the_detector_is_taken_out():
    random = np.random.default_rng(2)
    truth = 1000 * (1 + np.linspace(0, 1, 60))[None].repeat(20, 0)
    gain = 1 + 0.3 * np.sin(np.arange(20))
    scan = make_cut(truth * gain[:, None] * random.normal(1, 0.001, truth.shape))
    done = apply(scan, "normalise_by_profile", axis="angle", along="energy", start=-1, stop=-0.5)
    np.testing.assert_allclose(done.values / truth, gain.mean(), rtol=0.005)
    reference = make_cut(gain[:, None] * np.ones((1, 60)))
    again = apply(scan, "normalise_by_profile", profile=detector_profile(reference))
    np.testing.assert_allclose(again.values, done.values, rtol=2e-3)


def test_area_and_read_back(cut):
    area = apply(cut, "normalise_by_area", axis="energy", start=-0.5)
    window = area.values[:, cut["energy"].values >= -0.5]
    np.testing.assert_allclose(np.nanmean(window, axis=1), np.nanmean(window, axis=1)[0])
    current = cut["mirror_current"].values
    done = apply(cut, "normalise_by_readback")
    np.testing.assert_allclose(done.values, cut.values / current[:, None] * current.mean())
    np.testing.assert_allclose(done["standard_error"].values / 10, (current.mean() / current)[:, None].repeat(30, 1))


def test_constant_background():
    scan = make_cut(np.arange(60.0).reshape(2, 30) + 7)
    each = apply(scan, "subtract_constant", axis="energy", start=0.1, each=True)
    inside = scan["energy"].values >= 0.1
    np.testing.assert_allclose(each.values[:, inside].mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(apply(scan, "subtract_constant", value="7 count").values, scan.values - 7)
    with pytest.raises(ScanError, match="no measured value"):
        apply(make_cut(np.full((2, 30), np.nan)), "subtract_constant")


def test_shirley_gives_back_the_peak_it_was_built_from():
    energy = np.linspace(-3, 3, 601)
    peak = np.exp(-0.5 * (energy / 0.2) ** 2)
    loss = np.cumsum(peak[::-1])[::-1] * np.diff(energy)[0]
    curve = peak + 0.8 * loss + 0.1
    np.testing.assert_allclose(curve - shirley(energy, curve[:, None])[:, 0], peak, atol=5e-3)
    holed = np.stack([curve, curve])
    holed[1, :50] = np.nan
    done = apply(make_cut(holed, energy=energy), "subtract_shirley").values
    np.testing.assert_allclose(done[1, 50:], peak[50:], atol=5e-3)
    assert np.isnan(done[1, :50]).all()
    # A falling axis gives the same.
    turned = apply(make_cut(holed[:, ::-1], energy=energy[::-1]), "subtract_shirley").values
    np.testing.assert_allclose(turned[:, ::-1], done)


def test_symmetrising_about_the_fermi_level_takes_the_fermi_function_out():
    energy = np.linspace(-0.5, 0.2, 351)
    spectrum = 1 / (1 + (energy / 0.1) ** 2)
    curve = spectrum / (np.exp(energy / 0.01) + 1)
    done = apply(make_cut(np.stack([curve, curve]), energy=energy), "symmetrise", axis="energy", centre=0)
    places = done["energy"].values
    assert places[0] == pytest.approx(-0.5)
    assert places[-1] == pytest.approx(0.5)
    seen = np.abs(places) < 0.2
    np.testing.assert_allclose(done.values[0, seen], 0.5 / (1 + (places[seen] / 0.1) ** 2), atol=1e-6)
    both = apply(
        make_cut(np.stack([curve, curve]), energy=energy), "symmetrise", axis="energy", one_sided="leave it out"
    )
    np.testing.assert_array_equal(np.isnan(both.values[0]), np.abs(places) > 0.2 + 1e-9)


def parabola_cut(energy):
    angle = np.linspace(-2, 3, 41) ** 3 / 9
    return make_cut(3 * energy[None] ** 2 + 2 * angle[:, None] ** 2 + angle[:, None] * energy[None], angle, energy)


def test_derivatives_of_a_parabola_are_exact_on_uneven_steps():
    energy = np.cumsum(0.01 * (1 + np.random.default_rng(4).random(50)))
    scan = parabola_cut(energy)
    np.testing.assert_allclose(apply(scan, "second_derivative", axis="energy", peaks_up=False).values, 6, rtol=1e-8)
    done = apply(scan, "second_derivative", axis="angle")
    np.testing.assert_allclose(done.values, -4, rtol=1e-8)
    assert done.attrs["units"] == "count/deg**2"


def test_curvature_is_the_published_formula_and_does_not_depend_on_scale():
    energy = np.linspace(-1, 1, 81)
    curve = np.exp(-(energy**2) / 0.1)
    scan = make_cut(np.stack([curve] * 5), energy=energy)
    slope, bend = -20 * energy * curve, (400 * energy**2 - 20) * curve
    largest = np.abs(slope).max()
    expected = bend / largest / (0.5 + (slope / largest) ** 2) ** 1.5
    done = apply(scan, "curvature", axis="energy", a0=0.5, peaks_up=False)
    np.testing.assert_allclose(done.values[2], expected, atol=0.02 * np.abs(expected).max())
    louder = apply(scan.copy(data=1000 * scan.values + 5), "curvature", axis="energy", a0=0.5, peaks_up=False)
    np.testing.assert_allclose(louder.values, done.values, rtol=1e-6, atol=1e-9)


def test_curvature_of_a_map_is_that_of_one_axis_where_nothing_varies_along_the_other():
    energy = np.linspace(-1, 1, 81)
    angle = np.linspace(-1, 1, 61)
    round_one = np.exp(-(energy[None] ** 2 + angle[:, None] ** 2) / 0.1)
    scan = make_cut(round_one, angle, energy)
    flat = apply(scan, "curvature_2d", axis="energy", other="angle", a0=0.3, weight=0)
    one = apply(scan, "curvature", axis="energy", a0=0.3)
    ratio = flat.values[np.abs(one.values) > 1] / one.values[np.abs(one.values) > 1]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    # A round peak looks the same along both axes.
    even = make_cut(round_one[10:-10, 20:-20][:41, :41], angle[10:51], energy[20:61])
    done = apply(even, "curvature_2d", axis="energy", other="angle", a0=0.3)
    assert np.unravel_index(np.argmax(done.values), done.shape) == (20, 20)
    with pytest.raises(ScanError, match="two different axes"):
        apply(even, "curvature_2d", axis="energy", other="energy")
    with pytest.raises(ScanError, match="constant"):
        apply(make_cut(np.ones((5, 30))), "curvature")


def test_minimum_gradient_is_largest_on_the_ridge():
    energy, angle = np.linspace(-1, 1, 101), np.linspace(-10, 10, 61)
    band = 0.005 * angle[:, None] ** 2 - 0.4
    scan = make_cut(1 / (1 + ((energy[None] - band) / 0.15) ** 2), angle, energy)
    done = apply(scan, "minimum_gradient", axis="energy", other="angle")
    ridge = energy[np.argmax(done.values, axis=1)]
    np.testing.assert_allclose(ridge[5:-5], band[5:-5, 0], atol=0.025)


@pytest.mark.parametrize("name", ["deconvolve_richardson_lucy", "deconvolve_wiener"])
def test_deconvolution_takes_the_resolution_out(name):
    energy = np.linspace(-1, 1, 201)
    resolution, own = 0.12, 0.08
    narrow = np.exp(-0.5 * (energy / own) ** 2)
    width = np.hypot(own, resolution * per_fwhm)
    broad = own / width * np.exp(-0.5 * (energy / width) ** 2)
    scan = make_cut(np.stack([broad] * 3) + 0.01, energy=energy, unit="arb")
    given = {"rounds": 300} if "lucy" in name else {"noise": 0.01}
    done = apply(scan, name, axis="energy", fwhm=resolution, **given)
    np.testing.assert_allclose(done.values[1], narrow + 0.01, atol=0.02)
    holed = scan.copy(data=np.where(np.arange(201)[None] < 40 * np.arange(3)[:, None], np.nan, scan.values))
    again = apply(holed, name, axis="energy", fwhm=resolution, **given)
    np.testing.assert_array_equal(np.isnan(again.values), np.isnan(holed.values))
    np.testing.assert_allclose(again.values[2, 95:], narrow[95:] + 0.01, atol=0.02)


def test_the_edge_of_the_real_map_is_left_out(measured_map):
    done = apply(measured_map, "leave_out_unseen")
    holes = np.isnan(done.values)
    assert (measured_map.values[holes] == 0).all()
    assert 0 < holes.sum() <= (measured_map.values == 0).sum()
    np.testing.assert_array_equal(done.values[~holes], measured_map.values[~holes])


def test_a_map_without_a_number_has_nothing_to_sharpen():
    axes = {"angle": (np.arange(4.0), "deg"), "energy": (np.arange(5.0), "eV")}
    empty = gridded_scan(axes, np.full((4, 5), np.nan), name="photoemission_intensity", unit="count")
    with pytest.raises(ScanError, match="holds no number"):
        apply(empty, "curvature_2d", axis="energy", other="angle")
