"""The sweep that is still being measured."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import branches, in_progress
from napari_scantwin.core import scan as scans


def course(sizes, each=20, down=False):
    """Sweeps of M(T), of so many readings each, in the order of measuring."""
    fast = np.linspace(60, 10, each) if down else np.linspace(10, 60, each)
    places = np.concatenate([fast[:size] for size in sizes])
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    axes = {"magnetic_field": (1000.0 * (numbers + 1), "Oe"), "temperature": (places, "K")}
    return scans.ragged_scan(axes, places / (numbers + 1), name="moment", unit="emu", sweep=numbers)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 20), st.booleans())
def test_the_last_sweep_is_in_progress_while_it_is_short_of_the_others(whole, size, down):
    scan = course([20] * whole + [size], down=down)
    found = in_progress.last_sweep(scan)
    assert (found is not None) == (size < 18)  # two readings more or less are no difference
    marked = in_progress.marked(scan)
    if size >= 18:
        assert marked is scan
    elif size < 5:
        assert scans.sweep_count(marked) == whole
        assert in_progress.in_words(marked) == ""
    else:
        assert in_progress.number(marked) == whole
        assert in_progress.in_words(marked) == f"{1000 * (whole + 1)} Oe"


def test_a_short_sweep_before_the_last_is_at_its_end():
    assert in_progress.last_sweep(course([20, 8, 20])) is None


def test_parts_of_a_scan_keep_the_number():
    scan = in_progress.marked(course([20, 20, 20, 8]))
    branch = np.where(scans.sweep_numbers(scan) % 2, "warming", "cooling")
    part = branches.of_branch(scan.assign_coords(branch=(scans.POINT, branch)), "warming")
    assert in_progress.in_words(part) == "4000 Oe"
    other = branches.of_branch(scan.assign_coords(branch=(scans.POINT, branch)), "cooling")
    assert in_progress.in_words(other) == ""


def test_of_one_axis_or_on_a_grid_none_is_told():
    fast = np.linspace(2, 9, 20)
    one = scans.ragged_scan({"temperature": (fast, "K")}, fast**2, name="moment", unit="emu")
    assert in_progress.marked(one) is one
    axes = {"magnetic_field": (np.arange(3.0), "Oe"), "temperature": (fast, "K")}
    grid = scans.gridded_scan(axes, np.ones((3, 20)), name="moment", unit="emu")
    assert in_progress.marked(grid) is grid
    assert in_progress.in_words(grid) == ""


def test_the_attribute_is_a_number_that_files_keep():
    assert type(in_progress.marked(course([20, 20, 8])).attrs[in_progress.IN_PROGRESS]) is int
    assert in_progress.number(course([20, 20])) is None
