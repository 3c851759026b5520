"""What does not fit the rest of a scan: spikes, wrong sweeps; and that a hard scan is not accused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.twin.data import prepare
from napari_scantwin.twin.validation.consistency import Misfit, spikes, suspects
from napari_scantwin.twin.validation.mending import misfits
from napari_scantwin.twin.validation.noise import measure

FIELDS = np.linspace(1, 9, 9)
KELVIN = np.linspace(5, 50, 46)


def moment(field, kelvin):
    return 4 / (1 + np.exp((kelvin - 15 - 2 * field) / 3)) + 0.02 * field


def columns(noise=0.01, seed=0):
    field, kelvin = (axis.ravel() for axis in np.meshgrid(FIELDS, KELVIN, indexing="ij"))
    values = moment(field, kelvin) + noise * np.random.default_rng(seed).normal(size=len(field))
    return field, kelvin, values, np.repeat(np.arange(9), 46)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), noise=st.sampled_from([0.0, 0.003, 0.02]))
def test_any_lone_spike_is_found_and_nothing_else(data, noise):
    _, kelvin, values, sweep = columns(noise)
    chosen = data.draw(st.lists(st.integers(0, 8), unique=True, max_size=5))
    places = {number: data.draw(st.integers(2, 43)) for number in chosen}
    # Spikes at one place of neighbouring sweeps are a peak of the sample's.
    apart = all(abs(places[one] - places[two]) > 3 for one in chosen for two in chosen if abs(one - two) == 1)
    true = np.zeros(len(values), bool)
    for number, place in places.items():
        true[46 * number + place] = True
    spoiled = values + np.where(true, data.draw(st.sampled_from([-1.2, 1.2])), 0)
    found = spikes(kelvin, spoiled, sweep, measure(kelvin, spoiled, sweep))
    if apart:
        np.testing.assert_array_equal(found, true)


@pytest.mark.parametrize("width", [0.05, 0.5, 1.0, 3.0])
def test_steps_and_peaks_are_no_spikes(width):
    field, kelvin, _, sweep = columns()
    step = np.tanh((kelvin - 15 - 2 * field) / width)
    peak = np.exp(-(((kelvin - 20.2) / width) ** 2)) * field  # stands still: sweep by sweep at one place
    for values in (step, peak, step + peak):
        assert not spikes(kelvin, values, sweep, measure(kelvin, values, sweep)).any()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), width=st.floats(0.05, 4), noise=st.sampled_from([0.0, 0.01]))
def test_unevenly_spaced_readings_of_a_step_are_no_spikes(seed, width, noise):
    random = np.random.default_rng(seed)
    kelvin = np.concatenate([np.sort(random.uniform(5, 50, 40)) for _ in FIELDS])
    values = np.tanh((kelvin - 15 - 2 * np.repeat(FIELDS, 40)) / width) + noise * random.normal(size=len(kelvin))
    sweep = np.repeat(np.arange(9), 40)
    assert not spikes(kelvin, values, sweep, measure(kelvin, values, sweep)).any()


def test_a_spike_has_no_part_in_the_twin_and_is_told(tmp_path):
    field, kelvin, values, _ = columns(0.005)
    values[[100, 300]] += 2.0
    axes = {"magnetic_field": (field, "Oe"), "temperature": (kelvin, "K")}
    scan = scans.ragged_scan(axes, values, name="moment", unit="emu")
    assert prepare(scan, 8).spikes.sum() == 2
    twin = train(scan, TwinSettings(members=2), score_baselines=False)
    places = np.stack([field, kelvin], axis=1)
    wrong = twin.predict(places)[0] - moment(field, kelvin)
    assert np.abs(wrong[[100, 300]]).max() < 0.1
    assert any("2 readings stand far off their neighbours" in note for note in twin.notes)
    assert twin.score.inside[0] < 0.1
    assert sorted(map(tuple, twin.spikes)) == [(field[100], kelvin[100]), (field[300], kelvin[300])]
    wrong = Misfit(("5 Oe",), "scale", 0.05, 0.002, (4,), (5.0,))
    kept = Twin.load(replace(twin, misfits=(wrong,)).save(tmp_path / "kept.twin"))
    assert kept.misfits == (wrong,)
    np.testing.assert_array_equal(kept.spikes, twin.spikes)


def foretold(values):
    """What the mean of the sweeps on either side says of each inner sweep, on the same temperatures."""
    rows = values.reshape(9, 46)
    said = rows.copy()
    said[1:-1] = (rows[:-2] + rows[2:]) / 2
    return said.ravel()


def plane(field, kelvin):
    """What the mean of two neighbours foretells exactly."""
    return 3 + 0.2 * field - 0.05 * kelvin * (1 + 0.1 * field) + 0.3 * np.sin(kelvin / 4)


def data_of(values, kept=slice(None)):
    field, kelvin, _, _ = columns()
    axes = {"magnetic_field": (field[kept], "Oe"), "temperature": (kelvin[kept], "K")}
    return prepare(scans.ragged_scan(axes, values[kept], name="moment", unit="emu"), 8)


@pytest.mark.parametrize("wrong", [2, 5])
@pytest.mark.parametrize(
    ("kind", "amount"), [("scale", 0.05), ("scale", -0.08), ("offset", 0.2), ("lag", 0.8), ("lag", -0.8)]
)
def test_one_wrong_sweep_is_named_with_its_number(kind, amount, wrong):
    field, kelvin, _, group = columns()
    scale, offset, lag = ((amount if kind == one else 0.0) for one in ("scale", "offset", "lag"))
    mine = group == wrong
    values = np.where(mine, (1 + scale) * plane(field, kelvin - lag) + offset, plane(field, kelvin))
    values = values + 0.002 * np.random.default_rng(3).normal(size=len(values))
    (found,) = misfits(data_of(values), foretold(values))
    assert found.numbers == (wrong,)
    assert found.places == (FIELDS[wrong],)
    assert found.kind == kind
    assert found.amount == pytest.approx(amount, rel=0.08)
    assert abs(found.amount - amount) < 4 * found.error + 0.02 * abs(amount)


def test_sweeps_that_lag_by_turns_are_told_as_such():
    field, kelvin, _, group = columns()
    values = plane(field, kelvin - np.where(group % 2, 0.6, 0.0))
    (found,) = misfits(data_of(values), foretold(values))
    assert found.kind == "lag"
    assert found.sweeps == ("2 Oe", "4 Oe", "6 Oe", "8 Oe")
    assert found.amount == pytest.approx(0.6, rel=0.05)


def test_the_outermost_sweep_lags_with_those_of_its_direction():
    field, kelvin, _, group = columns()
    values = plane(field, kelvin - np.where(group % 2, 0.0, 0.6))
    (found,) = misfits(data_of(values), foretold(values))
    assert found.sweeps == ("1 Oe", "3 Oe", "5 Oe", "7 Oe", "9 Oe")


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    noise=st.sampled_from([0.001, 0.01, 0.1]),
    wander=st.sampled_from([0.0, 0.02]),
    drift=st.sampled_from([0.0, 0.02]),
    crowded=st.booleans(),
    width=st.floats(0.5, 3),
)
def test_a_clean_scan_is_not_accused(seed, noise, wander, drift, crowded, width):
    """Set points wander, sweeps drift by a little, noise is small or large, and between the last sweeps it may be hard
    to foretell what happens."""
    random = np.random.default_rng(seed)
    field, kelvin, _, _ = columns()
    field = field + wander * random.normal(size=len(field))
    moved = kelvin - np.repeat(drift * random.normal(size=9), 46)
    at = field**2 / 9 if crowded else field
    values = 4 / (1 + np.exp((moved - 15 - 2 * at) / width)) + 0.02 * at + noise * random.normal(size=len(field))
    assert misfits(data_of(values), foretold(values)) == []


def test_sweeps_of_one_reading_are_passed_over():
    _, kelvin, values, group = columns()
    kept = (group != 4) | (kelvin == 20)
    parts = (column[kept] for column in (kelvin, values, foretold(values), group))
    assert suspects(*parts, np.arange(1, 8), [str(one) for one in FIELDS]) == []
    assert misfits(data_of(values, kept), foretold(values)[kept]) == []


def test_too_few_sweeps_accuse_nobody():
    _, kelvin, values, group = columns()
    assert suspects(kelvin, values, 2 * values, group, [1, 2, 3], [str(one) for one in FIELDS]) == []


def test_sentences_a_physicist_can_act_on():
    assert Misfit(("20 kOe",), "scale", 0.051).sentence("emu", "K") == (
        "The sweep at 20 kOe reads about 5.1 % high beside its neighbours: leave it out, fit its scale, or measure it "
        "again."
    )
    assert "reads about (5.10 ± 0.12) % high" in Misfit(("20 kOe",), "scale", 0.051, 0.0012).sentence("emu", "K")
    assert Misfit(("3 T",), "lag", -0.5, 0.02).correction("emu", "K") == (
        "places on the fast axis moved up by (0.500 ± 0.020) K"
    )
    assert "lies about 0.5 K too far down" in Misfit(("3 T",), "lag", -0.5).sentence("emu", "K")
    assert "Every other sweep (1 T, 3 T) lies about 0.5 K further up" in Misfit(("1 T", "3 T"), "lag", 0.5).sentence(
        "emu", "K"
    )
