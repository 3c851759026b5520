"""Training on a part of a scan: what is chosen, what stays masked, what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.training_mask import slices, slow_axes, train_on, use, used, values_of
from napari_scantwin.samples import load_sample
from napari_scantwin.twin.stream import subsampled


@pytest.fixture
def cube():
    """Nine tilts (uneven), five angles, six energies."""
    tilt = np.array([0, 1, 2, 3, 5, 8, 12, 20, 30.0])
    axes = {"tilt": (tilt, "deg"), "angle": (np.arange(5.0), "deg"), "energy": (np.arange(6.0), "eV")}
    return scans.gridded_scan(axes, np.arange(270.0).reshape(9, 5, 6), name="counts", unit="count")


def kept(scan, axis="tilt"):
    return list(values_of(scan, axis)[used(scan, axis)])


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"every": 2}, [0, 2, 5, 12, 30]),
        ({"every": 4}, [0, 5, 30]),
        ({"within": (12, 1)}, [1, 2, 3, 5, 8, 12]),
        ({"within": (1, 12), "every": 3}, [1, 5]),
        ({"among": [30, 2.2, 7.9]}, [2, 8, 30]),
        ({}, [0, 1, 2, 3, 5, 8, 12, 20, 30]),
    ],
)
def test_values_of_the_slow_axis_are_chosen(cube, asked, left):
    part = train_on(cube, **asked)
    assert kept(part) == left
    assert scans.points(part).masked.sum() == (9 - len(left)) * 30
    np.testing.assert_array_equal(part.values, cube.values)
    assert kept(train_on(cube.isel(tilt=slice(None, None, -1)), **asked))[::-1] == left


def test_another_choice_takes_the_first_ones_place_and_bad_points_stay_masked(cube):
    bad = np.zeros(cube.shape, bool)
    bad[4, 2, 3] = True
    part = train_on(scans.with_masked(cube, bad), every=2)
    assert kept(train_on(part, every=4)) == [0, 5, 30]
    again = train_on(part)
    np.testing.assert_array_equal(again["masked"].values, bad)


def test_two_axes_are_chosen_from_one_after_the_other(cube):
    part = train_on(train_on(cube, every=2), axis="angle", within=(1, 3))
    assert (kept(part), kept(part, "angle")) == ([0, 2, 5, 12, 30], [1, 2, 3])
    other = train_on(part, every=4)
    assert (kept(other), kept(other, "angle")) == ([0, 5, 30], [1, 2, 3])
    assert kept(train_on(other), "angle") == [1, 2, 3]


def test_sweeps_at_one_set_point_are_chosen_together():
    scan = load_sample("ferromagnet")
    part = train_on(scan, every=2)
    fields = values_of(scan, "magnetic_field")
    assert kept(part, "magnetic_field") == list(fields[::2])
    assert [sweep.left_out for sweep in scans.sweeps(part)].count(False) == len(fields[::2])
    np.testing.assert_array_equal(train_on(part)["masked"].values, False)


def test_slices_are_told_as_sweeps_are(cube):
    part = use(cube, "angle", np.array([True, False, True, True, True]))
    found = slices(part, "angle")
    assert [one.left_out for one in found] == [False, True, False, False, False]
    assert (found[2].slow, found[2].size, found[2].first, found[2].last) == ({"angle": 2.0}, 54, 0.0, 5.0)
    assert slow_axes(part) == ("tilt", "angle")


def test_thinning_spends_its_points_on_what_is_learned_from(cube):
    part = train_on(train_on(cube, every=4), axis="angle", within=(1, 3))
    thin = subsampled(part, 60)
    assert dict(thin.sizes) == {"tilt": 3, "angle": 3, "energy": 6}
    np.testing.assert_array_equal(thin.values, cube.sel({name: thin[name] for name in thin.dims}).values)
    assert not thin["masked"].any()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"every": 9}, "leaves 1 of the 9 values of tilt"),
        ({"every": 0}, "whole number"),
        ({"within": (40, 50)}, "leaves 0 of the 9 values of tilt"),
        ({"among": [1, 45]}, "45 is no value of tilt; the nearest is 30"),
        ({"axis": "energy"}, "no slow axis"),
        ({"axis": "pressure"}, "choose from tilt, angle"),
    ],
)
def test_what_cannot_be_chosen_is_said_in_words(cube, asked, words):
    with pytest.raises(ScanError, match=words):
        train_on(cube, **asked)


def test_a_single_sweep_has_nothing_to_choose():
    axes = {"temperature": (np.arange(9.0), "K")}
    with pytest.raises(ScanError, match="one axis"):
        train_on(scans.ragged_scan(axes, np.arange(9.0), name="m", unit="emu"), every=2)
