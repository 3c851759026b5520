"""Transitions with a known boundary, overshoot, noise, offsets, loops, and sweeps that have none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.transition_curve import CRITERIA, robust_line
from napari_scantwin.physics.transitions import phase_boundary, sweep_transitions
from napari_scantwin.samples import load_sample
from napari_scantwin.twin import TwinSettings, train

WIDTH = 0.2


def resistance(kelvin, middle, width=WIDTH):
    return 0.5 * (1 + 0.01 * kelvin) * (1 + erf((kelvin - middle) / (np.sqrt(2) * width)))


def scan_of(middles, noise=0.0, size=90, offset=0.0, extra=None, seed=0, unit="K", shift=0.0):
    """Sweeps at 0, 1, 2, ... T with their transitions at ``middles``; ``extra(kelvin, number)`` is added."""
    random = np.random.default_rng(seed)
    rows = []
    for number, middle in enumerate(middles):
        kelvin = np.sort(random.uniform(2, 9, size))
        value = resistance(kelvin, middle) + offset + noise * random.normal(size=size)
        value = value + (0 if extra is None else extra(kelvin, number))
        rows.append((np.full(size, float(number)), kelvin + shift, value))
    field, kelvin, value = (np.concatenate(column) for column in zip(*rows, strict=True))
    return scans.ragged_scan(
        {"magnetic_field": (field, "T"), "temperature": (kelvin, unit)}, value, name="resistance", unit="ohm"
    )


#: Where the criteria stand on an error function, in its widths from the middle.
PLACES = {"50 %": 0.0, "90 %": 1.2816, "10 %": -1.2816, "steepest": 0.0, "onset": np.sqrt(np.pi / 2)}


def test_known_boundaries_are_recovered_within_their_stated_errors():
    misses = {criterion: [] for criterion in PLACES}
    middles = (7.0, 6.1, 5.3, 4.2)
    for seed in range(12):
        for one, middle in zip(sweep_transitions(scan_of(middles, noise=0.01, seed=seed)), middles, strict=True):
            for criterion, place in PLACES.items():
                at = one.at[criterion]
                misses[criterion].append((at.value - middle - place * WIDTH) / at.error)
    for criterion, found in misses.items():
        found = np.abs(found)
        assert np.mean(found < 1) > 0.6, criterion
        assert np.mean(found < 2) > 0.85, criterion


def test_errors_are_no_larger_than_they_need_be():
    found = sweep_transitions(scan_of((6.0,), noise=0.01))[0]
    assert found.at["50 %"].error < 0.05
    assert found.at["50 %"].unit == "K"


def test_an_overshoot_moves_nothing():
    def overshoot(kelvin, number):
        return 0.4 * np.exp(-0.5 * ((kelvin - 6.5) / 0.12) ** 2)

    plain = phase_boundary(scan_of((6.0, 6.0), noise=0.005))
    with_it = phase_boundary(scan_of((6.0, 6.0), noise=0.005, extra=overshoot))
    np.testing.assert_allclose(with_it.values, plain.values, atol=0.03)
    np.testing.assert_allclose(with_it.values, 6.0, atol=0.05)


def test_a_negative_offset_is_the_base_of_all_sweeps():
    """The middle is half of what rises, also in a sweep that never reaches the bottom."""
    boundary = phase_boundary(scan_of((6.0, 4.0, 2.1), offset=-0.1, noise=1e-3, size=300))
    np.testing.assert_allclose(boundary.values, [6.0, 4.0, 2.1], atol=0.05)


def test_none_within_the_range_is_an_answer():
    boundary = phase_boundary(scan_of((6.0, 0.5, 20.0), noise=0.01))
    assert boundary.values[0] == pytest.approx(6, abs=0.1)
    assert np.isnan(boundary.values[1:]).all()
    assert boundary["note"].values[0] == ""
    assert "does not fall to 50 %" in str(boundary["note"].values[1])
    assert "low state holds throughout" in str(boundary["note"].values[2])


def test_the_normal_state_is_fitted_not_assumed():
    """Half of a sloping normal state lies elsewhere than half of the highest reading."""
    kelvin = np.linspace(2, 9, 400)
    value = resistance(kelvin, 4.0) * (1 + 0.3 * kelvin)
    axes = {"magnetic_field": (np.array([0.0]), "T"), "temperature": (kelvin, "K")}
    scan = scans.gridded_scan(axes, value[None], name="resistance", unit="ohm")
    assert phase_boundary(scan).values[0] == pytest.approx(4.0, abs=0.05)


def test_the_line_does_not_follow_outliers():
    x = np.linspace(0, 10, 40)
    y = 2 + 0.3 * x + np.where((x > 1) & (x < 1.8), 5.0, 0.0)
    intercept, slope = robust_line(x, y, np.full(40, 0.01))
    assert (intercept, slope) == (pytest.approx(2, abs=0.1), pytest.approx(0.3, abs=0.02))


def test_warming_and_cooling_are_kept_apart():
    up = np.linspace(2, 9, 80)
    kelvin = np.concatenate([up, up[::-1]])
    value = np.concatenate([resistance(up, 6.0), resistance(up[::-1], 5.0)])
    field = np.zeros(160)
    scan = scans.ragged_scan(
        {"magnetic_field": (field, "T"), "temperature": (kelvin, "K")}, value, name="resistance", unit="ohm"
    )
    boundary = phase_boundary(scan)
    assert boundary["direction"].values.tolist() == [-1, 1]
    np.testing.assert_allclose(boundary.values, [5.0, 6.0], atol=0.05)
    assert phase_boundary(scan, direction="rising").size == 1


def test_celsius_and_a_share_of_ones_own():
    in_celsius = phase_boundary(scan_of((6.0,), shift=-273.15, unit="degC"), 0.25)
    in_kelvin = phase_boundary(scan_of((6.0,)), 0.25)
    np.testing.assert_allclose(in_celsius.values, in_kelvin.values, atol=1e-6)
    assert in_celsius.attrs["units"] == "K"
    assert in_celsius.attrs["criterion"] == "25 %"
    np.testing.assert_allclose(in_celsius["standard_error"].values, in_kelvin["standard_error"].values, rtol=0.2)


def test_a_field_sweep_has_a_transition_in_field():
    kelvin, field = np.array([1.0, 2.0, 3.0]), np.linspace(0, 10, 120)
    values = np.stack([0.5 * (1 + erf((field - 8 + 2 * t) / 0.5)) for t in kelvin])
    axes = {"temperature": (kelvin, "K"), "magnetic_field": (field, "T")}
    boundary = phase_boundary(scans.gridded_scan(axes, values, name="resistance", unit="ohm"))
    np.testing.assert_allclose(boundary.values, 8 - 2 * kelvin, atol=0.05)
    assert boundary.attrs["units"] == "T"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"criterion": "70 %"}, "a criterion is onset"),
        ({"criterion": 1.5}, "a share between 0 and 1"),
        ({"direction": "up"}, "'rising' or 'falling'"),
        ({"base": "zero"}, "base is 'shared'"),
    ],
)
def test_bad_choices_are_named(options, words):
    with pytest.raises(ScanError, match=words):
        phase_boundary(scan_of((6.0,)), **options)


def test_a_simulated_boundary_lies_on_the_truth():
    scan = load_sample("palladium_hydride")
    twin = train(scan, TwinSettings(members=2), score_baselines=False)
    field = np.linspace(0, 7000, 15)
    simulated = twin.simulate({"magnetic_field": field, "temperature": np.linspace(2, 9, 281)})
    boundary = phase_boundary(simulated)
    np.testing.assert_allclose(boundary.values, 7.2 * np.sqrt(1 - field / 9000), atol=0.06)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_simulated_boundary_passes_through_every_measured_sweeps_own(palladium_hydride, criterion, real_files):
    """Apart by no more than the two standard deviations together say: their root mean square is about one (in the
    stand-in, which is not smoothed by its instrument, less than three), none beyond three, as of normal errors. Where
    a sweep has none the map has none either."""
    scan, twin = palladium_hydride
    field = np.unique(scan["magnetic_field"].values)
    simulated = twin.simulate({"magnetic_field": field, "temperature": np.linspace(2, 9.9, 317)})
    own, of_twin = phase_boundary(scan, criterion), phase_boundary(simulated, criterion)
    assert np.array_equal(np.isnan(own.values), np.isnan(of_twin.values))
    error = np.hypot(own["standard_error"].values, of_twin["standard_error"].values)
    good = np.isfinite(own.values)
    assert good.sum() >= 4
    apart = np.abs(own.values - of_twin.values)[good] / error[good]
    assert (apart <= 3).all()
    assert np.sqrt(np.mean(apart**2)) <= (1.3 if real_files else 3)
    # Error bars that hold everything would prove nothing: the sweeps' own are narrow beside the boundary's span.
    assert np.median(own["standard_error"].values[good]) < 0.03 * np.ptp(own.values[good])


def test_a_slope_does_not_depend_on_how_far_the_sweep_goes_on():
    """The tangent's window comes from the transition, also where the sweep does not reach its lower end."""
    long, short = np.linspace(4, 30, 1041), np.linspace(4, 12, 321)
    found = []
    for kelvin in (long, short):
        value = 0.5 * (1 + erf((kelvin - 4.8) / 1.2))
        axes = {"magnetic_field": (np.array([0.0]), "T"), "temperature": (kelvin, "K")}
        scan = scans.gridded_scan(
            axes, value[None], name="resistance", unit="ohm", errors=np.full((1, len(kelvin)), 1e-3)
        )
        found.append(sweep_transitions(scan, ("onset", "steepest"))[0].at)
    for criterion in ("onset", "steepest"):
        assert found[0][criterion].value == pytest.approx(found[1][criterion].value, abs=0.01)


def test_several_steps_widen_the_onset_error_bar():
    """Where the tangent depends on how finely one looks, the error says so."""

    def step(kelvin, number):
        return 0.5 * (resistance(kelvin, 4.5, 0.1) - resistance(kelvin, 6.0)) if number == 1 else 0.0

    single, double = sweep_transitions(scan_of((6.0, 6.0), noise=0.003, size=300, extra=step), ("onset",))
    assert double.at["onset"].error > 2 * single.at["onset"].error


def test_zero_is_told_by_each_places_own_error():
    """A map that knows little below the transition puts zero resistance at the transition, not at its own ripple."""
    kelvin = np.linspace(2, 9, 281)
    ripple = np.where(kelvin < 4, 0.06 * np.sin(3 * kelvin) ** 2, 0.0)
    value = resistance(kelvin, 6.0) + ripple
    error = np.where(kelvin < 4, 0.1, 0.005)
    axes = {"magnetic_field": (np.array([0.0]), "T"), "temperature": (kelvin, "K")}
    scan = scans.gridded_scan(
        axes, value[None], name="resistance", unit="ohm", errors=error[None], attrs={"kind": "simulated"}
    )
    at = sweep_transitions(scan, ("zero",))[0].at["zero"]
    assert 5.3 < at.value < 5.8
