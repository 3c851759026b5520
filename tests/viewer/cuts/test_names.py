"""No two cuts are called alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.viewer.cuts.names import free_name

WORDS = st.sampled_from(["line 1", "line 2", "5 K", "5 K (2)", "along energy at 0 deg", "line one", "line 1 (3)", ""])


@given(st.lists(WORDS, max_size=12))
def test_names_given_in_turn_differ_and_a_free_one_stays(wanted):
    names: list[str] = []
    for name in wanted:
        found = free_name(name, names)
        assert found not in names
        assert found == name or name in names
        names.append(found)


def test_lines_are_counted_on_and_numbers_that_mean_something_stay():
    assert free_name("line 1", ["line 1", "line 2"]) == "line 3"
    assert free_name("5 K", ["5 K"]) == "5 K (2)"
    assert free_name("5 K (2)", ["5 K", "5 K (2)"]) == "5 K (3)"
