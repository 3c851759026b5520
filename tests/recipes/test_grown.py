"""A scan whose file has grown keeps its processing and its masks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin import processing
from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.recipes.grown import grown, masked_as

from ..growing import growing_csv, growing_mpms3


def scan_of(coordinates, values, masked=None, sweep=None):
    slow, fast = np.asarray(coordinates, float).T
    axes = {"magnetic_field": (slow, "Oe"), "temperature": (fast, "K")}
    return scans.ragged_scan(axes, np.asarray(values, float), name="moment", unit="emu", masked=masked, sweep=sweep)


@settings(deadline=None)
@given(st.data())
def test_every_reading_keeps_its_mask_wherever_it_stands(data):
    """The truth is kept beside the scan, by the reading's own number."""
    sweeps, each = data.draw(st.integers(2, 5)), data.draw(st.integers(3, 8))
    known = data.draw(st.integers(2, sweeps * each - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    field = np.repeat(np.arange(1, sweeps + 1) * 1000.0, each)
    places = np.stack([field, np.tile(np.linspace(2, 40, each), sweeps)], axis=1)
    values, numbers = rng.normal(size=len(places)), np.repeat(np.arange(sweeps), each)
    masked = np.array(data.draw(st.lists(st.booleans(), min_size=known, max_size=known)))
    jitter = np.array([0.01, 0.0])  # a set point is a median, which moves
    before = scan_of(places[:known], values[:known], masked, numbers[:known])
    order = rng.permutation(len(places))
    after = scan_of((places + jitter)[order], values[order], None, numbers[order])
    found = masked_as(before, after)["masked"].values
    where = np.argsort(order)
    assert (found[where][:known] == masked).all()
    for place in range(known, len(places)):  # new readings only where the whole sweep was left out
        mine = numbers[:known] == numbers[place]
        assert found[where][place] == (mine.any() and masked[mine].all())


def test_of_warming_and_cooling_at_one_place_the_masked_one_stays_masked():
    places = [[1000, t] for t in (2, 3, 4, 5)] + [[1000, t] for t in (5, 4, 3, 2)] + [[2000, t] for t in (2, 3, 4, 5)]
    values, sweep = np.r_[1, 2, 3, 4, 14, 13, 12, 11, 5, 6, 7, 8], np.repeat([0, 1, 2], 4)
    before = scan_of(places[:8], values[:8], np.arange(8) == 5, sweep[:8])
    assert np.flatnonzero(masked_as(before, scan_of(places, values, None, sweep))["masked"].values).tolist() == [5]


def test_steps_are_done_again_and_sweeps_stay_left_out(tmp_path):
    file = growing_mpms3(tmp_path / "run.dat")
    for number in range(4):
        file.add(number)
    raw = read(file.path)
    shown = processing.apply(raw, "mend_sweeps", sweeps=[30000.0], offset="0.001 emu")
    shown = scans.with_masked(shown, scans.sweep_numbers(shown) == 1)
    steps = processing.history(shown)
    file.add(4)
    now = read(file.path)
    longer = grown(shown, steps, now)
    assert processing.history(longer) == steps
    moved = np.asarray(now.values) - np.asarray(longer.values)
    sweep = scans.sweep_numbers(now)
    assert moved[sweep == 2] == pytest.approx(0.001)
    assert moved[sweep != 2] == pytest.approx(0)
    assert np.array_equal(longer["masked"].values, sweep == 1)


def test_a_table_stays_in_sweeps_or_on_its_grid(tmp_path):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0), file.add(1), file.add(2, 0, 0.5)
    part = read(file.path)
    assert not scans.is_gridded(part)
    file.add(2, 0.5, 1)
    whole = read(file.path)
    assert scans.is_gridded(whole)
    assert not scans.is_gridded(grown(part, [], whole))
    file.add(3, 0, 0.4)
    longer = grown(whole, [], read(file.path))
    assert longer.shape == (4, 30)
    assert np.isfinite(longer.values).sum(axis=1).tolist() == [30, 30, 30, 12]
    assert np.array_equal(longer.values[:3], whole.values)
