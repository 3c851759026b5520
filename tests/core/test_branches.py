"""Branches are told by direction and order, against the noise; repeats that agree are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import branches
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError

FIELDS = (1e3, 5e3, 2e4)


def sweeps_of(runs, fields=FIELDS, noise=0.003, seed=0, size=60, unit="K"):
    """A scan of M(T) at every field: ``runs`` are (place of the step, whether the axis rises), one pass each."""
    random = np.random.default_rng(seed)
    columns = []
    for field in fields:
        for place, rising in runs:
            kelvin = np.linspace(10, 70, size) + 0.1 * random.normal(size=size)
            kelvin = np.sort(kelvin)[:: 1 if rising else -1]
            values = 1 / (1 + np.exp((kelvin - place - field / 2e3) / 1.5)) + noise * random.normal(size=size)
            columns.append((np.full(size, field), kelvin, values))
    slow, fast, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    axes = {"magnetic_field": (slow, "Oe"), "temperature": (fast, unit)}
    return scans.ragged_scan(axes, values, name="moment", unit="emu")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 1e-4, 3e-3, 3e-2]), st.integers(20, 120))
def test_repeats_that_agree_within_their_noise_are_no_branches(seed, noise, size):
    scan = sweeps_of([(30, True), (30, False), (30, True)], noise=noise, seed=seed, size=size)
    assert branches.marked(scan) is scan


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(4, 10), st.sampled_from([1e-4, 3e-3, 2e-2]))
def test_a_hysteresis_of_some_kelvins_is_two_branches(seed, width, noise):
    scan = branches.marked(sweeps_of([(30 + width, True), (30, False)], noise=noise, seed=seed))
    assert branches.names(scan) == ("warming", "cooling")
    parts = branches.parted(scan)
    for name, part in parts.items():
        assert part.size == pytest.approx(180, abs=3)  # a reading where it turns round may count to either side
        assert part.attrs["branch"] == name
        rising = [sweep.last > sweep.first for sweep in scans.sweeps(part)]
        assert rising == [name == "warming"] * 3


def test_a_loop_with_remanence_is_two_branches():
    fields = np.linspace(-5, 5, 81)
    both = [(fields, -1), (fields[::-1], 1)]
    fast = np.concatenate([one for _ in (2.0, 10.0) for one, _ in both])
    values = np.concatenate([np.tanh(one + sense * 0.5) for _ in (2.0, 10.0) for one, sense in both])
    slow = np.repeat([2.0, 10.0], 162)
    axes = {"temperature": (slow, "K"), "magnetic_field": (fast, "T")}
    scan = branches.marked(scans.ragged_scan(axes, values, name="moment", unit="emu"))
    assert branches.names(scan) == ("field up", "field down")


def test_a_second_run_with_other_values_is_a_branch_and_a_third_that_agrees_with_it_joins_it():
    scan = branches.marked(sweeps_of([(20, True), (40, True), (40, True)]))
    assert branches.names(scan) == ("first run", "second run")
    assert {name: part.size for name, part in branches.parted(scan).items()} == {"first run": 180, "second run": 360}


def test_warming_after_zero_field_cooling_cooling_and_warming_in_the_field():
    scan = branches.marked(sweeps_of([(20, True), (45, False), (33, True)]))
    assert branches.names(scan) == ("warming, first run", "cooling", "warming, second run")


def test_one_sweep_that_was_measured_again_is_no_branch():
    first, again = sweeps_of([(30, True)]), sweeps_of([(40, True)], fields=FIELDS[1:2], seed=1)
    axes = {
        name: (np.concatenate([first[name], again[name]]), first[name].attrs["units"]) for name in scans.axes(first)
    }
    scan = scans.ragged_scan(axes, np.concatenate([first, again]), name="moment", unit="emu")
    assert branches.marked(scan) is scan


def test_set_points_that_lie_apart_are_no_history():
    """At 100 and 103 Oe a paramagnet reads three per cent apart."""
    kelvin = np.linspace(5, 50, 60)
    passes = [(100.0, kelvin), (100.3, kelvin[::-1]), (200.0, kelvin), (200.6, kelvin[::-1])]
    slow = np.repeat([field for field, _ in passes], 60)
    fast = np.concatenate([one for _, one in passes])
    axes = {"magnetic_field": (slow, "Oe"), "temperature": (fast, "K")}
    scan = scans.ragged_scan(axes, slow / fast, name="moment", unit="emu")
    assert branches.marked(scan) is scan


def test_names_that_are_given_are_kept_and_one_name_says_that_there_are_none():
    scan = sweeps_of([(35, True), (30, False)])
    said = np.where(np.arange(scan.size) % 120 < 60, "zero-field-cooled", "field-cooled")
    named = scan.assign_coords(branch=("point", said))
    assert branches.marked(named) is named
    assert branches.names(named) == ("zero-field-cooled", "field-cooled")
    one = scan.assign_coords(branch=("point", np.full(scan.size, "")))
    assert branches.marked(one) is one
    assert branches.names(one) == ()


def test_a_grid_and_a_single_branch_are_left_as_they_are():
    axes = {"magnetic_field": (np.array([1.0, 2.0]), "T"), "temperature": (np.arange(9.0), "K")}
    grid = scans.gridded_scan(axes, np.zeros((2, 9)), name="moment", unit="emu")
    assert branches.marked(grid) is grid
    part = branches.of_branch(branches.marked(sweeps_of([(35, True), (30, False)])), "cooling")
    assert branches.marked(part) is part


def test_a_branch_that_is_not_there_is_refused_with_the_names_of_those_that_are():
    scan = branches.marked(sweeps_of([(35, True), (30, False)]))
    with pytest.raises(ScanError, match="no branch 'heating': its branches are warming; cooling"):
        branches.of_branch(scan, "heating")
    with pytest.raises(ScanError, match="it has no branches"):
        branches.of_branch(sweeps_of([(30, True)]), "warming")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sample_ZFC_100Oe.dat", "zero-field-cooled"),
        ("field-cooled 2.dat", "field-cooled"),
        ("FCC.dat", "field-cooled, cooling"),
        ("zfc_fc.dat", ""),
        ("office.dat", ""),
    ],
)
def test_what_a_file_is_called_may_say_its_branch(name, said):
    assert branches.said_in(name) == said
