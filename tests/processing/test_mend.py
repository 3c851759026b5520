"""Sweeps that read high, low or late are corrected by exactly what is stated, and that is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core import training_mask
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import apply, history, mendings, replay, undone

FIELDS, KELVIN = np.array([100.0, 1000.0, 5000.0, 20000.0]), np.linspace(5, 50, 31)


def moment(field, kelvin):
    return 1e-3 * field / (1 + np.exp((kelvin - 20 - field / 2000) / 3)) + 1


def ragged(spoil=lambda field, kelvin, values: (kelvin, values), wander=0.0):
    field, kelvin = (axis.ravel() for axis in np.meshgrid(FIELDS, KELVIN, indexing="ij"))
    kelvin, values = spoil(field, kelvin, moment(field, kelvin))
    field = field + wander * np.random.default_rng(0).normal(size=len(field))
    axes = {"magnetic_field": (field, "Oe"), "temperature": (kelvin, "K")}
    return scans.ragged_scan(axes, values, name="moment", unit="emu", errors=0.01 * values)


@settings(max_examples=30, deadline=None)
@given(
    wrong=st.sampled_from(list(FIELDS)),
    scale=st.floats(-0.5, 0.5),
    offset=st.floats(-2, 2),
    lag=st.floats(-3, 3),
    wander=st.sampled_from([0.0, 0.3]),
)
def test_what_was_done_to_a_sweep_is_taken_off_it(wrong, scale, offset, lag, wander):
    def spoil(field, kelvin, values):
        mine = field == wrong
        return kelvin + np.where(mine, lag, 0), np.where(mine, values * (1 + scale) + offset, values)

    if not (scale or offset or lag):
        return
    true, spoiled = ragged(wander=wander), ragged(spoil, wander)
    done = apply(spoiled, "mend_sweeps", sweeps=[wrong], scale=scale, offset=offset, lag=lag)
    np.testing.assert_allclose(done.values, true.values, rtol=1e-9)
    np.testing.assert_allclose(done["temperature"].values, true["temperature"].values, atol=1e-9)
    np.testing.assert_array_equal(done["magnetic_field"].values, spoiled["magnetic_field"].values)
    assert done.attrs["units"] == "emu"
    again = replay(spoiled, history(done))
    np.testing.assert_array_equal(again.values, done.values)
    back = undone(done, spoiled)
    np.testing.assert_array_equal(back.values, spoiled.values)


def test_errors_go_with_the_scale():
    scan = ragged()
    done = apply(scan, "mend_sweeps", sweeps=[1000.0], scale=1.0)
    mine = scan["magnetic_field"].values == 1000
    np.testing.assert_allclose(done["standard_error"].values[mine], scan["standard_error"].values[mine] / 2)
    np.testing.assert_array_equal(done["standard_error"].values[~mine], scan["standard_error"].values[~mine])


def test_a_lag_on_a_grid_leaves_empty_what_no_reading_reaches():
    values = moment(*np.meshgrid(FIELDS, KELVIN, indexing="ij"))
    late = np.array(values)
    late[1] = moment(FIELDS[1], KELVIN - 2.0)
    late[1, 10] = np.nan
    axes = {"magnetic_field": (FIELDS, "Oe"), "temperature": (KELVIN, "K")}
    scan = scans.gridded_scan(axes, late, name="moment", unit="emu")
    done = apply(scan, "mend_sweeps", sweeps=[1000.0], lag="2 K").values
    np.testing.assert_array_equal(done[[0, 2, 3]], values[[0, 2, 3]])
    known = np.isfinite(done[1])
    assert not known[KELVIN > 48].any()
    assert not known[9]  # where the empty reading was, two kelvins lower
    assert known.sum() >= len(KELVIN) - 4
    np.testing.assert_allclose(done[1][known], values[1][known], atol=5e-3 * np.ptp(values[1]))


def test_a_history_in_words():
    scan = apply(ragged(), "mend_sweeps", sweeps=[1000.0], scale=0.05, scale_error=0.002)
    scan = apply(scan, "mend_sweeps", sweeps=["100 Oe", "5 kOe"], lag="500 mK")
    assert mendings(scan) == [
        "Mended the sweep at 1000 Oe: readings divided by 1.05 (± 0.002).",
        "Mended the sweeps at 100 Oe, 5000 Oe: places on the fast axis moved down by 0.5 K.",
    ]


def test_what_cannot_be_mended_is_said():
    with pytest.raises(ScanError, match="nothing is to be mended"):
        apply(ragged(), "mend_sweeps", sweeps=[1000.0])
    with pytest.raises(ScanError, match="is no value of magnetic field"):
        apply(ragged(), "mend_sweeps", sweeps=[12000.0], scale=0.1)
    cube = scans.gridded_scan(
        {"temperature": ([1.0, 2, 3], "K"), "angle": ([1.0, 2, 3], "deg"), "energy": ([1.0, 2, 3], "eV")},
        np.ones((3, 3, 3)),
        name="photoemission_intensity",
        unit="count",
    )
    with pytest.raises(ScanError, match="two axes"):
        apply(cube, "mend_sweeps", sweeps=[1.0], scale=0.1)


def test_masks_by_sweep_and_by_place():
    scan = ragged()
    left = training_mask.leave_out(scan, "magnetic_field", [5000.0])
    np.testing.assert_array_equal(left["masked"].values, scan["magnetic_field"].values == 5000)
    masked = training_mask.mask_points(left, np.array([[100.0, KELVIN[3]]]))
    assert masked["masked"].values.sum() == len(KELVIN) + 1
    assert masked["masked"].values[3]
