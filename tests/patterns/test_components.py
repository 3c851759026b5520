"""Components of stacks: their number by two tests, shares against the truth, what is said where it is not unique."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core.errors import ScanError
from napari_scantwin.patterns import decompose
from napari_scantwin.patterns.factors import amounts_given, refined

from .mixtures import mixture, share_error


def floor_of(scan, shares, spectra) -> float:
    """The error of the shares where the true spectra are given."""
    rows = scan.values.reshape(-1, scan.shape[-1])
    start = amounts_given(rows, spectra, np.sqrt(rows.mean(axis=0)))
    amounts, _ = refined(rows, spectra, start, spectra_too=False, steps=1000)
    return share_error((amounts / amounts.sum(axis=1, keepdims=True)).T, shares.reshape(3, -1))


def test_shares_come_within_one_and_a_half_of_what_the_true_spectra_would_give_and_five_times_below_plain_nmf():
    from sklearn.decomposition import NMF

    ours, floors, plain = [], [], []
    for seed in range(2):
        scan, shares, spectra = mixture(100, seed=seed)
        found = decompose(scan)
        ours.append(share_error(found.shares, shares))
        floors.append(floor_of(scan, shares, spectra))
        rows = scan.values.reshape(-1, scan.shape[-1])
        nmf = NMF(3, max_iter=200)
        amounts = nmf.fit_transform(rows) * nmf.components_.sum(axis=1)
        plain.append(share_error((amounts / amounts.sum(axis=1, keepdims=True)).T, shares.reshape(3, -1)))
    assert np.mean(ours) <= 1.5 * np.mean(floors)
    assert np.mean(plain) >= 5 * np.mean(ours)


@pytest.mark.parametrize("counts", [1000, 20, 5])
@pytest.mark.parametrize("pure", [True, False])
def test_three_components_by_both_tests_at_any_count_rate(counts, pure):
    scan, _, _ = mixture(counts, pure=pure, seed=1)
    evidence = decompose(scan, method="variance").evidence
    assert (evidence.above_noise, evidence.by_neighbours) == (3, 3)


def test_noise_alone_is_one_component():
    scan, _, _ = mixture(30, shape=(30, 20), channels=40)
    flat = scan.copy(data=np.random.default_rng(5).poisson(30.0, scan.shape).astype(float))
    assert decompose(flat, method="variance").evidence.proposed == 1


def test_the_measured_stack_has_four_components_by_both_tests(nano_xps):
    found = decompose(nano_xps)
    assert (found.evidence.above_noise, found.evidence.by_neighbours, found.count) == (4, 4, 4)
    assert float(found.misfit.mean()) == pytest.approx(1, abs=0.05)


def test_shares_and_spectra_are_scans_of_shares_and_unit_sums():
    scan, _, _ = mixture(50)
    found = decompose(scan)
    assert found.shares.dims == ("component", "y", "x")
    assert found.spectra.dims == ("component", "energy")
    assert float(found.shares.min()) >= 0
    np.testing.assert_allclose(found.shares.sum("component"), 1, atol=1e-9)
    np.testing.assert_allclose(found.spectra.sum("energy"), 1, atol=1e-6)
    assert list(found.shares.mean(("y", "x")).values) == sorted(found.shares.mean(("y", "x")).values)[::-1]


def test_swapping_the_places_axes_changes_nothing():
    scan, _, _ = mixture(100)
    one, other = decompose(scan, gain=1), decompose(scan.transpose("x", "y", "energy"), gain=1)
    np.testing.assert_allclose(one.spectra, other.spectra, atol=2e-4)


def test_seven_times_the_values_with_seven_times_the_gain_is_the_same():
    scan, _, _ = mixture(20)
    one, other = decompose(scan, gain=1), decompose(scan.copy(data=7 * scan.values), gain=7)
    assert one.count == other.count == 3
    np.testing.assert_allclose(one.shares, other.shares, atol=1e-6)


def test_shuffled_places_are_no_neighbours_and_the_second_test_says_so():
    scan, _, _ = mixture(100)
    rows = scan.values.reshape(-1, scan.shape[-1])
    shuffled = scan.copy(data=rows[np.random.default_rng(1).permutation(len(rows))].reshape(scan.shape))
    found = decompose(shuffled, gain=1)
    assert found.count == 3
    assert found.evidence.by_neighbours is None
    assert "no more alike than distant ones" in found.evidence.words


def test_the_same_seed_gives_the_same_bits():
    scan, _, _ = mixture(20, shape=(20, 20))
    for method in ("parts", "groups"):
        one, other = (decompose(scan, method=method, seed=3) for _ in range(2))
        np.testing.assert_array_equal(one.shares, other.shares)


@pytest.mark.parametrize(("method", "tolerance"), [("parts", 1e-2), ("variance", 1e-9), ("groups", 0)])
def test_the_recipe_gives_the_same_shares(method, tolerance):
    scan, _, _ = mixture(100, shape=(20, 20))
    values = scan.values.copy()
    values[2, 3, 1] = np.nan
    scan = scan.copy(data=values)
    found = decompose(scan, method=method)
    known: dict = {"np": np, "scan": scan, "found": found}
    exec(found.recipe(), known)
    shares = found.shares.values.reshape(found.count, -1).T[found.table.used.ravel()]
    scale = np.abs(shares).max()
    np.testing.assert_allclose(known["shares"], shares, atol=tolerance * scale)
    left = found.residual.values.reshape(400, -1)[found.table.used.ravel()]
    np.testing.assert_allclose(known["residual"], left, atol=max(tolerance, 1e-6) * np.nanmax(values))


def test_principal_components_are_those_of_the_weighted_values():
    scan, _, _ = mixture(50, shape=(20, 20))
    found = decompose(scan, method="variance")
    rows = scan.values.reshape(400, -1)
    of_places, of_channels = found.table.weights(rows)
    values = np.linalg.svd(rows / of_places[:, None] / of_channels, compute_uv=False)
    np.testing.assert_allclose(found.evidence.singular_values[:5], values[:5], rtol=1e-6)
    loadings = found.spectra.values
    assert (loadings[np.arange(3), np.abs(loadings / of_channels).argmax(axis=1)] > 0).all()


def test_groups_are_where_each_component_prevails():
    scan, shares, _ = mixture(100)
    found = decompose(scan, method="groups")
    clear = shares.max(axis=0) > 0.9
    hits = [[np.mean(group[clear & (shares.argmax(axis=0) == k)]) for k in range(3)] for group in found.shares.values]
    assert (np.max(hits, axis=0) > 0.95).all()
    dense = decompose(scan, method="groups", grouping="HDBSCAN")
    assert dense.count >= 3
    assert any("belong to none" in one for one in dense.notes)


def test_places_that_were_not_looked_at_have_no_shares_and_are_counted():
    scan, _, _ = mixture(50, shape=(20, 20))
    values = scan.values.copy()
    values[4, 5, 0] = np.nan
    found = decompose(scan.copy(data=values))
    assert np.isnan(found.shares.values[:, 4, 5]).all()
    assert np.isfinite(found.shares.values).sum() == 3 * 399
    assert any("1 place with" in one for one in found.notes)


def test_negative_intensities_are_refused_by_parts_and_taken_by_variance():
    scan, _, _ = mixture(50, shape=(20, 20))
    below = scan.copy(data=scan.values - 30)
    lowest = int(below.min())
    with pytest.raises(
        ScanError, match=rf"has negative intensities \(min {lowest}\).*use variance, or add the background"
    ):
        decompose(below, gain=1)
    assert decompose(below, gain=0, method="variance").count >= 3


def test_more_components_than_there_is_evidence_for_are_told():
    scan, _, _ = mixture(50, shape=(20, 20))
    assert any("evidence for 3" in one for one in decompose(scan, k=5).notes)
    with pytest.raises(ScanError, match="whole number from 1 to"):
        decompose(scan, k=0)


def test_without_pure_places_the_band_of_the_spectra_holds_the_truth():
    scan, _, spectra = mixture(1000, pure=False)
    found = decompose(scan)
    assert len(found.notes) >= 3
    low, high = (one.values for one in found.band())
    order = [int(np.argmax([np.dot(one, s) / np.linalg.norm(s) for s in spectra])) for one in found.spectra.values]
    pure, _, _ = mixture(1000)
    sharp = decompose(pure)
    assert found.uniqueness.giving.mean() > 1.5 * sharp.uniqueness.giving.mean()
    slack = 0.2 * spectra.max()
    inside = [(low[k] - slack <= spectra[order[k]]) & (spectra[order[k]] <= high[k] + slack) for k in range(3)]
    assert np.mean(inside) > 0.95


def test_a_component_that_is_nowhere_pure_is_named():
    from napari_scantwin.patterns.factors import feasible

    shares = np.random.default_rng(0).dirichlet((4, 4), 500)
    shares = 0.3 + 0.4 * shares
    shares /= shares.sum(axis=1, keepdims=True)
    spectra = np.array([[0.6, 0.3, 0.1], [0.1, 0.3, 0.6]])
    found = feasible(shares, spectra, np.full(500, 1e-3), np.full((2, 3), 1e-3))
    assert "no place is pure in component 1 (largest share 0.6" in found.sentences()[0]
    assert found.taking[0] == pytest.approx(0.33, abs=0.15)


def test_the_band_is_as_wide_as_amounts_allow():
    """Two spectra, two places: all that is possible can be written down."""
    from napari_scantwin.patterns.factors import feasible

    shares = np.repeat([[0.8, 0.2], [0.2, 0.8]], 100, axis=0)
    spectra = np.array([[0.9, 0.1], [0.1, 0.9]])
    found = feasible(shares, spectra, np.zeros(200), np.zeros((2, 2)))
    # t goes up to 0.2 / 0.8, and down to 0.1 / 0.9.
    assert found.taking[0] == pytest.approx(0.25 / 1.25)
    assert found.giving[0] == pytest.approx(1 / 9)
    np.testing.assert_allclose(found.high[0], [1.0, 0.26], atol=1e-9)
    np.testing.assert_allclose(found.low[0], [0.74, 0.0], atol=1e-9)


def test_chosen_places_have_a_spectrum_and_its_model():
    scan, shares, _ = mixture(100)
    found = decompose(scan)
    chosen = shares[1] > 0.9
    measured, error, model = found.spectrum_of(chosen)
    np.testing.assert_allclose(measured, scan.values[chosen].mean(axis=0))
    assert np.sqrt(np.mean(((measured - model) / error) ** 2)) < 1.6
    with pytest.raises(ScanError, match="none of these places"):
        found.spectrum_of(np.zeros(chosen.shape, bool))


def test_a_curve_is_refused():
    curve = xr.DataArray(
        np.arange(5.0), {"energy": ("energy", np.arange(5.0), {"units": "eV"})}, attrs={"units": "count"}
    )
    with pytest.raises(ScanError, match="a scan of two axes or more"):
        decompose(curve)


def test_four_axes_are_two_of_places_and_two_of_channels():
    scan, shares, _ = mixture(60, shape=(20, 16), channels=24)
    values = np.random.default_rng(2).poisson(scan.values[..., None] * np.array([1.0, 2, 1, 0.5]))
    axes = {name: (scan[name].values, scan[name].attrs["units"]) for name in scan.dims}
    from napari_scantwin.core.scan import gridded_scan

    four = gridded_scan(axes | {"angle": (np.arange(4.0), "deg")}, values.astype(float), name="i", unit="count")
    found = decompose(four, k=3)
    assert found.shares.dims == ("component", "y", "x")
    assert found.spectra.dims == ("component", "energy", "angle")
    assert share_error(found.shares, shares) < 0.06
