"""A longer file beside the one before."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import joined, longer
from napari_scantwin.samples import load_sample


@pytest.fixture(scope="module")
def whole():
    return load_sample("palladium_hydride")


def some(scan, fields):
    return scan.isel(point=np.isin(scan["magnetic_field"].values, fields))


def test_known_sweeps_of_a_longer_file_are_recognised(whole):
    before = some(whole, [0, 1000, 5000, 7000])
    change = longer(before, whole)
    assert change.known == (0, 1000, 5000, 7000)
    assert change.new == (500, 2000, 3500)
    assert not change.again
    assert not change.missing
    assert "4 known, 3 new (500, 2000, 3500)" in str(change)
    assert joined(before, whole).identical(whole)


def test_a_file_of_the_new_sweeps_only_is_joined_to_what_there_was(whole):
    before, after = some(whole, [0, 1000, 5000]), some(whole, [2000, 7000])
    both = joined(before, after)
    assert [sweep.slow["magnetic_field"] for sweep in scans.sweeps(both)] == [0, 1000, 5000, 2000, 7000]
    assert both.size == before.size + after.size
    np.testing.assert_array_equal(both.values, np.concatenate([before.values, after.values]))


def test_a_sweep_measured_again_counts_as_it_was_measured_last(whole):
    before = some(whole, [0, 1000, 5000])
    after = some(whole, [5000, 7000]) * 1.01
    after.attrs = whole.attrs
    change = longer(before, after)
    assert change.again == (5000,)
    assert change.missing == (0, 1000)
    both = joined(before, after)
    at = both["magnetic_field"].values == 5000
    np.testing.assert_array_equal(both.values[at], after.values[after["magnetic_field"].values == 5000])


def test_order_rounding_and_units_do_not_hide_a_known_sweep(whole):
    before = some(whole, [0, 1000, 5000])
    shuffled = whole.isel(point=np.random.default_rng(0).permutation(whole.size))
    milli = shuffled.copy(data=np.round(1e3 * shuffled.values, 9))
    milli.attrs["units"] = "mΩ"
    kilo = milli.assign_coords(magnetic_field=milli["magnetic_field"] / 1e3)
    kilo["magnetic_field"].attrs = {**milli["magnetic_field"].attrs, "units": "kOe"}
    change = longer(before, kilo)
    assert change.known == (0, 1000, 5000)
    both = joined(before, kilo)
    assert both.attrs["units"] == whole.attrs["units"]
    assert both["magnetic_field"].max() == 7000


def test_what_was_masked_stays_masked(whole):
    before = some(whole, [0, 1000, 5000])
    bad = (before["magnetic_field"].values == 1000) & (before["temperature"].values > 8)
    both = joined(scans.with_masked(before, bad), whole)
    assert both["masked"].values.sum() == bad.sum() > 0
    assert (both["magnetic_field"].values[both["masked"].values] == 1000).all()
    assert (both["temperature"].values[both["masked"].values] > 8).all()


def test_another_quantity_or_other_axes_are_refused(whole):
    other = whole.copy()
    other.attrs = {**whole.attrs, "units": "emu"}
    with pytest.raises(ScanError, match="it began with"):
        joined(whole, other)
    flat = whole.assign_attrs(axes="temperature,magnetic_field")
    with pytest.raises(ScanError, match="open it with the same columns"):
        longer(whole, flat)
