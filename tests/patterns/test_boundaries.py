"""Boundaries without labels: found where they are, none where there is none, never mixed, suspect where due."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.scan import gridded_scan, ragged_scan
from napari_scantwin.patterns import boundary
from napari_scantwin.patterns.learned import _apex, confusion
from napari_scantwin.samples import load_sample

from .series import CHANGE, ENERGY, MOMENTUM, STEP, TEMPERATURES, clean, series


@pytest.mark.parametrize("kind", ["gap", "swap"])
@pytest.mark.parametrize("counts", [50, 500])
def test_a_change_is_found_within_a_step(kind, counts):
    found = [boundary(series(kind, counts, seed), "temperature").results[0] for seed in range(2)]
    assert all(one.found for one in found)
    assert max(abs(one.at - CHANGE) for one in found) <= STEP
    assert all(one.high - one.low >= STEP * 0.99 for one in found)


@pytest.mark.slow
def test_of_forty_eight_known_changes_forty_six_are_within_a_step_and_all_are_claimed_from_fifty_counts_on():
    hits, claimed = 0, []
    for kind in ("gap", "swap"):
        for counts in (5, 50, 500):
            for seed in range(8):
                one = boundary(series(kind, counts, seed), "temperature", gain=1).results[0]
                hits += abs(one.candidate - CHANGE) <= STEP
                claimed += [one.found] if counts >= 50 else []
    assert hits >= 46
    assert all(claimed)


@pytest.mark.slow
@pytest.mark.parametrize("counts", [5, 50, 500, 2000])
def test_thermal_broadening_alone_is_claimed_in_five_of_a_hundred_at_most(counts):
    claims = [boundary(series("null", counts, seed), "temperature", gain=1).results[0].found for seed in range(100)]
    assert sum(claims) <= 5


@pytest.mark.parametrize("counts", [50, 2000])
def test_thermal_broadening_alone_is_no_boundary_and_the_reason_is_said(counts):
    found = boundary(series("null", counts), "temperature")
    assert not found.results[0].found
    assert "a smooth change fits as well" in found.sentences()[0]


def test_a_step_in_the_middle_of_a_curve_is_where_it_is_and_a_parabola_has_none():
    field = np.linspace(0, 9, 61)
    rng = np.random.default_rng(0)
    for values, expected in (
        (np.where(field > 4.5, 3.0, 1.0) + 0.1 * field, 4.5),
        (np.maximum(field - 6, 0), 6.0),
        (0.3 * field**2 - field, None),
    ):
        scan = gridded_scan(
            {"magnetic_field": (field, "T")}, values + rng.normal(0, 0.02, 61), name="moment", unit="emu"
        )
        one = boundary(scan, "magnetic_field").results[0]
        assert one.found == (expected is not None)
        assert expected is None or one.at == pytest.approx(expected, abs=0.16)


def test_the_superconductor_s_line_follows_its_own_transitions():
    found = boundary(load_sample("palladium_hydride"), "temperature", each="magnetic_field")
    field = found.line["magnetic_field"].values
    assert len(field) == 7
    np.testing.assert_allclose(found.line, 7.2 * np.sqrt(1 - field / 9000), atol=0.2)
    assert found.line.attrs["units"] == "K"
    assert (found.line["standard_error"] > 0).all()
    assert found.curve.dims == ("magnetic_field", "temperature")


def test_each_value_has_a_boundary_of_its_own():
    field = np.array([0.0, 1, 2])
    values = []
    for shift in (0, 10, 20):
        step = 1 / (1 + np.exp((TEMPERATURES - (70 - shift)) / 0.7))
        values.append(step[:, None] * np.hanning(20) + 1)
    values = np.random.default_rng(0).poisson(100 * np.array(values)).astype(float)
    axes = {"magnetic_field": (field, "T"), "temperature": (TEMPERATURES, "K"), "energy": (np.arange(20.0), "eV")}
    found = boundary(gridded_scan(axes, values, name="i", unit="count"), "temperature", each="magnetic_field")
    np.testing.assert_allclose(found.at, [70, 60, 50], atol=STEP)


def test_warming_and_cooling_are_never_mixed():
    temperature = np.linspace(10, 50, 81)
    up, down = ((1 / (1 + np.exp((temperature - tc) / 0.3))) for tc in (32.0, 28.0))
    noise = np.random.default_rng(0).normal(0, 0.01, 162)
    scan = ragged_scan(
        {
            "magnetic_field": (np.zeros(162), "T"),
            "temperature": (np.concatenate([temperature, temperature[::-1]]), "K"),
        },
        np.concatenate([up, down[::-1]]) + noise,
        name="moment",
        unit="emu",
    )
    with pytest.raises(ScanError, match="holds warming and cooling, which are never mixed"):
        boundary(scan, "temperature")
    found = boundary(scan, "temperature", each="direction")
    assert [one.value for one in found.results] == ["warming", "cooling"]
    np.testing.assert_allclose(found.at, [32, 28], atol=0.5)
    assert boundary(scan, "temperature", branch="cooling").at[0] == pytest.approx(28, abs=0.5)


def test_a_boundary_where_the_step_of_the_axis_changes_is_suspect():
    temperature = np.concatenate([np.arange(20, 60, 2.0), np.arange(60, 121, 5.0)])
    values = np.random.default_rng(0).poisson(200 * (1 + (temperature > 60)[:, None] * np.hanning(30))).astype(float)
    axes = {"temperature": (temperature, "K"), "energy": (np.arange(30.0), "eV")}
    scan = gridded_scan(axes, values, name="i", unit="count")
    found = boundary(scan, "temperature")
    assert any("the step of temperature changes from 2 to 5 K at 60 K" in one for one in found.sentences())
    slit = scan.assign_coords(entrance_slit=("temperature", np.where(temperature > 60, 0.2, 0.5)))
    assert any("entrance slit changes within a step" in one for one in boundary(slit, "temperature").sentences())
    even = scan.assign_coords(temperature=("temperature", np.linspace(20, 120, len(temperature)), {"units": "K"}))
    assert boundary(even, "temperature").results[0].warnings == ()


def test_unsorted_and_repeated_values_are_sorted_and_averaged_and_said():
    scan = series("swap", 50)
    order = np.random.default_rng(0).permutation(len(TEMPERATURES))
    twice = xr.concat([scan.isel(temperature=order), scan.isel(temperature=[3, 4])], "temperature")
    twice["temperature"].attrs["units"] = "K"
    found = boundary(twice, "temperature")
    assert found.at[0] == pytest.approx(CHANGE, abs=STEP)
    assert "2 repeated values of temperature averaged" in found.notes


def test_what_does_not_fit_is_refused_in_a_sentence():
    scan = series("null", 50)
    with pytest.raises(ScanError, match="temperature has 7 values, and a boundary along it needs 8"):
        boundary(scan.isel(temperature=slice(7)), "temperature")
    with pytest.raises(ScanError, match="lies along one of the axes temperature, energy, momentum"):
        boundary(scan, "field")
    with pytest.raises(ScanError, match="each is another of the axes"):
        boundary(scan, "temperature", each="temperature")
    with pytest.raises(ScanError, match="does not say in which direction"):
        boundary(scan, "temperature", each="direction")
    with pytest.raises(ScanError, match="the scan has 7 sweeps; name an axis"):
        boundary(load_sample("palladium_hydride"), "temperature")
    with pytest.raises(ScanError, match="simulate it on a grid first"):
        boundary(load_sample("palladium_hydride"), "magnetic_field")


def test_channels_with_holes_are_left_out_and_told():
    scan = series("swap", 50)
    values = scan.values.copy()
    values[5, 3, 2] = np.nan
    found = boundary(scan.copy(data=values), "temperature")
    assert found.at[0] == pytest.approx(CHANGE, abs=STEP)
    assert any("1 channels with values that are not numbers left out" in one for one in found.notes)


def observations(counts, kind="swap", repeats=20):
    rng = np.random.default_rng(0)
    maps = clean(kind).sum(axis=2)
    rows = rng.poisson(counts * maps[:, None] * np.ones((1, repeats, 1))).astype(float)
    return rows.reshape(-1, rows.shape[-1]), np.repeat(np.arange(len(TEMPERATURES)), repeats)


def test_confusion_finds_the_largest_change_where_single_observations_are_noisy():
    rows, classes = observations(0.6)
    found = confusion(TEMPERATURES, rows, classes, seeds=2)
    assert found.at == pytest.approx(CHANGE, abs=2 * STEP)
    assert found.curve.max() == pytest.approx(found.curve[np.argmin(abs(found.places - found.at))], abs=0.01)


def test_a_broad_maximum_is_located_by_its_top_not_by_its_highest_value():
    middles = np.linspace(0, 10, 41)
    for at in (4.0, 4.1, 6.3):
        assert _apex(0.9 - 0.01 * (middles - at) ** 2, middles) == pytest.approx(at, abs=1e-6)
        assert _apex(0.9 - 0.05 * np.abs(middles - at), middles) == pytest.approx(at, abs=0.13)
    # Scores of a broad maximum with the noise of a thousand observations: the highest is anywhere.
    broad = 0.9 - 0.002 * (middles - 4.1) ** 2
    noisy = broad + np.random.default_rng(0).normal(0, 0.005, (200, 41))
    highest = middles[noisy.argmax(axis=1)]
    located = np.array([_apex(one, middles) for one in noisy])
    assert np.std(located) < 0.6 * np.std(highest)
    assert np.mean(located) == pytest.approx(4.1, abs=0.1)
    # At the end of the axis, and where nothing is curved, it stays on it.
    assert _apex(middles / 20, middles) >= 8
    assert _apex(np.full(41, 0.7), middles) == 5


def test_confusion_on_a_plateau_is_no_evidence():
    """Every boundary is told apart without error: the middle of the plateau is no finding."""
    classes = np.repeat(np.arange(33), 20)
    drift = np.linspace(-3, 3, 33)[classes][:, None] * np.array([1.0, -0.5, 0.2])
    found = confusion(TEMPERATURES, drift + np.random.default_rng(0).normal(0, 1e-3, drift.shape), classes, seeds=1)
    assert found.curve.max() > 0.995
    assert np.isnan(found.at)
    assert "no evidence" in found.why_not


def test_confusion_of_what_does_not_change_is_guessing():
    rows = np.random.default_rng(0).normal(size=(20 * 33, 5))
    found = confusion(TEMPERATURES, rows, np.repeat(np.arange(33), 20), seeds=1)
    assert np.isnan(found.at)
    assert "guessing" in found.why_not


def test_learned_boundaries_of_a_scan_use_its_places_as_replicates_and_are_the_same_for_the_same_seed():
    rows, _ = observations(0.6)
    values = rows.reshape(33, 4, 5, -1)
    axes = {"temperature": (TEMPERATURES, "K"), "y": (np.arange(4.0), "um"), "x": (np.arange(5.0), "um")}
    scan = gridded_scan(axes | {"energy": (ENERGY, "eV")}, values, name="i", unit="count")
    one, other = (boundary(scan, "temperature", method="confusion", seeds=1) for _ in range(2))
    assert one.at[0] == pytest.approx(CHANGE, abs=2 * STEP)
    np.testing.assert_array_equal(one.curve, other.curve)
    slope = boundary(scan, "temperature", method="regression", seeds=1)
    assert slope.curve.sizes["temperature"] == 33
    assert len(MOMENTUM) == 16
