"""Counting errors: of counts, of values that are counts times something, and of what is no counting at all."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import apply, describe, history
from napari_scantwin.processing.counting_errors import measured_gain
from napari_scantwin.samples import load_sample, truth_path
from napari_scantwin.twin.data import prepare


@pytest.fixture(scope="module")
def stack():
    """The sample stack of counts."""
    return load_sample("arpes")


def read_out(scan, gain, unit="arb"):
    """The counts as a detector shows them that reads ``gain`` for each."""
    return scan.copy(data=scan.values * gain).assign_attrs(units=unit)


def test_errors_of_counts_are_nearer_to_the_truths_than_roots_of_counts(stack):
    with xr.open_dataset(truth_path("arpes"), engine="h5netcdf") as opened:
        truth = next(iter(opened.data_vars.values())).load()
    names = scans.axes(stack)
    true = np.sqrt(np.maximum(truth.interp({name: stack[name].values for name in names}).values, 1))
    off = {}
    for smoothing in (0, 3):
        done = apply(stack, "counting_errors", smoothing=smoothing)
        off[smoothing] = np.sqrt(np.nanmean((done["standard_error"].values / true - 1) ** 2))
    assert off[3] < 0.6 * off[0]
    assert done["standard_error"].values.min() >= 1
    assert done.attrs["counting_gain"] == 1
    assert describe(history(done)[-1]) == "Counting errors: smoothed over 3"


def test_without_smoothing_the_error_is_the_root_of_the_count(stack):
    done = apply(stack, "counting_errors", smoothing=0)["standard_error"]
    np.testing.assert_allclose(done.values, np.sqrt(np.maximum(stack.values, 1)), rtol=1e-6)
    assert done.attrs["units"] == "count"


@pytest.mark.parametrize("gain", [0.02, 1.0, 37.0])
def test_the_gain_of_a_detector_is_measured(stack, gain):
    shown = read_out(stack, gain)
    assert measured_gain(shown) == pytest.approx(gain, rel=0.15)
    done = apply(shown, "counting_errors", gain=gain)["standard_error"].values
    np.testing.assert_allclose(done, gain * apply(stack, "counting_errors")["standard_error"].values, rtol=1e-5)


def test_counts_that_were_averaged_have_their_gain_measured(stack):
    done = apply(apply(stack, "bin", axis="analyser_angle", count=4), "counting_errors")
    assert done.attrs["counting_gain"] == pytest.approx(1 / 4, rel=0.25)


def test_holes_stay_without_an_error_and_spoil_no_neighbour(stack):
    holes = np.zeros(stack.shape, bool)
    holes[:, :5] = True
    flat = stack.copy(data=np.where(holes, np.nan, 100.0))
    found = apply(flat, "counting_errors")["standard_error"].values
    assert np.isnan(found[holes]).all()
    np.testing.assert_allclose(found[~holes], 10)


def test_a_twin_weighs_by_them(stack):
    data = prepare(apply(stack, "counting_errors"), 8)
    assert data.sample_weight[data.values > 80].mean() < 0.2 * data.sample_weight[data.values < 5].mean()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda shape: np.broadcast_to(np.linspace(1, 9, shape[-1]), shape), "do not scatter"),
        (
            lambda shape: np.linspace(1, 90, shape[-1]) + np.random.default_rng(0).normal(0, 0.2, shape),
            "does not grow with the values",
        ),
        (lambda shape: np.full(shape, np.nan), "do not scatter"),
    ],
)
def test_what_does_not_scatter_as_counts_do_asks_for_the_gain(stack, values, words):
    scan = read_out(stack.copy(data=np.array(values(stack.shape))), 1.0)
    with pytest.raises(ScanError, match=words):
        apply(scan, "counting_errors")
    apply(scan, "counting_errors", gain=2)
