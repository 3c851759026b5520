"""What a scan is."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError


def ragged(field, temperature=None):
    field = np.asarray(field, float)
    temperature = np.arange(len(field), dtype=float) if temperature is None else temperature
    return scans.ragged_scan(
        {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")},
        np.arange(len(field)),
        name="moment",
        unit="emu",
    )


def test_set_points_that_jitter_are_one_sweep_and_close_fields_are_not():
    scan = ragged([9999.97, 10000.03, 10000.0, 0.3, -0.2, 100.0, 120.0])
    assert scans.sweep_numbers(scan).tolist() == [0, 0, 0, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("readings", "sweeps"),
    [
        # About zero a ten-thousandth of the range decides: here 5 Oe.
        ([-1.5, 1.5, 50_000, 50_000], 1),
        ([0, 12, 50_000, 50_000], 2),
        # Far from zero a two-thousandth of the value: here 25 Oe.
        ([49_995, 50_005, 0, 0], 1),
        ([50_000, 50_060, 0, 0], 2),
    ],
)
def test_how_far_readings_of_one_set_point_may_lie_apart(readings, sweeps):
    """MPMS and PPMS magnets settle to a few parts in ten thousand; fields set apart by a per mille are two."""
    numbers = scans.sweep_numbers(ragged(readings))
    assert len(np.unique(numbers[:2])) == sweeps
    assert len(np.unique(numbers)) == sweeps + 1


def test_sweeps_are_numbered_as_they_come_and_tell_their_range():
    sweeps = scans.sweeps(ragged([500, 500, 100, 100], np.array([9.0, 2.0, 3.0, 4.0])))
    assert [sweep.slow["magnetic_field"] for sweep in sweeps] == [500, 100]
    assert (sweeps[0].first, sweeps[0].last) == (9.0, 2.0)


def test_points_leave_out_what_is_not_finite():
    scan = ragged([1, 1, 2, 2])
    scan.values[1] = np.nan
    assert scans.points(scan).values.tolist() == [0, 2, 3]


def test_masking_shows_in_the_sweeps():
    scan = scans.with_masked(ragged([1, 1, 2, 2]), [True, True, True, False])
    assert [(sweep.left_out, sweep.masked_points) for sweep in scans.sweeps(scan)] == [(True, 2), (False, 1)]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: s["temperature"].attrs.pop("units"), "'temperature' has no unit"),
        (lambda s: s.attrs.pop("units"), "have no unit"),
        (lambda s: s.attrs.update(units="blorp"), "'blorp' is not known"),
        (lambda s: s.attrs.update(axes="temperature,temperature"), "twice"),
        (lambda s: s.attrs.update(axes="pressure"), "no coordinate values"),
        (lambda s: s["temperature"].values.__setitem__(0, np.nan), "not finite"),
    ],
)
def test_what_is_no_scan_is_told_why(spoil, words):
    scan = ragged([1, 1, 2, 2])
    spoil(scan)
    with pytest.raises(ScanError, match=words):
        scans.check(scan)
    assert not scans.is_scan(scan)
    assert not scans.is_scan(xr.DataArray(1.0))
