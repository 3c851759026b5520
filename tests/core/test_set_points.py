"""Set points are named by what the instrument was told, not by what it read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.set_points import set_point_name, set_point_texts, written_within
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path

numbers = st.floats(-1e9, 1e9).filter(lambda one: one == 0 or abs(one) > 1e-9)


def sweeps_at(readings, unit="Oe", each=20):
    column = np.repeat(np.asarray(readings, float), each) if np.ndim(readings) == 1 else np.ravel(readings)
    kelvin = np.tile(np.linspace(2, 60, len(column) // len(readings)), len(readings))
    axes = {"magnetic_field": (column, unit), "temperature": (kelvin, "K")}
    return scans.ragged_scan(axes, np.arange(len(column), dtype=float), name="moment", unit="emu")


@given(numbers, st.floats(1e-9, 1e3))
def test_no_text_is_further_off_than_allowed(value, within):
    assert abs(float(written_within(value, within)) - value) <= within * (1 + 1e-9) + 1e-9 * abs(value)


@given(numbers, st.integers(1, 6))
def test_a_round_number_is_found_again_from_a_reading_near_it(value, digits):
    rounded = float(f"{value:.{digits}g}")
    text = written_within(rounded * (1 + 1e-9), 1e-7 * abs(rounded))
    assert float(text) == pytest.approx(rounded, rel=2e-7)
    assert len(text.split("e")[0].lstrip("-").replace(".", "").strip("0")) <= digits


@settings(deadline=None)
@given(st.lists(st.integers(-70, 70), min_size=2, max_size=9, unique=True), st.integers(0, 1000))
def test_readings_are_named_by_their_set_points(thousands, seed):
    told = np.array(sorted(thousands)) * 1000.0
    read_back = told[:, None] + np.random.default_rng(seed).normal(0, 0.3, (len(told), 40))
    assert set_point_texts(sweeps_at(read_back), "magnetic_field") == [f"{one:.0f}" for one in told]


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12, unique=True))
def test_different_values_of_a_grid_keep_different_names(places):
    places = np.unique(np.round(places, 6))
    if len(places) < 2:
        return
    axes = {"angle": (places, "deg"), "energy": (np.arange(4.0), "eV")}
    scan = scans.gridded_scan(axes, np.zeros((len(places), 4)), name="intensity", unit="count")
    assert len(set(set_point_texts(scan, "angle"))) == len(places)


def test_the_instruments_own_file_is_named_in_round_fields():
    scan = read(sample_path("ferromagnet"))
    assert {f"{one:.6g}" for one in scan["magnetic_field"].values} >= {"999.998"}
    assert set_point_name(scan, "magnetic_field", 999.998) == "1000 Oe"
    assert set_point_texts(scan, "magnetic_field")[:3] == ["100", "1000", "5000"]


def test_close_set_points_are_told_apart():
    scan = sweeps_at([4.0, 4.02, 4.04], "T")
    assert set_point_texts(scan, "magnetic_field") == ["4", "4.02", "4.04"]


def test_a_place_between_set_points_keeps_its_digits():
    assert set_point_name(sweeps_at([0.0, 1000.0, 2000.0]), "magnetic_field", 1234.5) == "1234.5 Oe"
