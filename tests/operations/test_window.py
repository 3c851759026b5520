"""The window of a fit: what it gives its parameters never leaves out what lies in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.operations.window import Window

PLACES = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(PLACES, st.floats(1e-6, 1e6))
def test_an_end_is_rounded_outwards_and_by_little(low, width):
    high = low + width
    if high <= low:
        return
    told = {name: float(text) for name, text in Window(("start", "stop"), (0.0, 1.0)).given((low, high)).items()}
    step = 2e-3 * (high - low) + 1e-9 * max(abs(low), abs(high))  # the spacing of floats far from zero
    assert low - step <= told["start"] <= low
    assert high <= told["stop"] <= high + step


@given(st.floats(1.0, 1e3), st.floats(0.01, 1e3))
def test_of_an_axis_that_falls_the_ends_change_places(lowest, width):
    highest = lowest + width
    window = Window(("stop", "start"), (0.0, 1.0), lambda place: 1000 / place)
    told = {name: float(text) for name, text in window.given((1000 / highest, 1000 / lowest)).items()}
    assert told["start"] <= lowest * (1 + 1e-15)
    assert told["stop"] >= highest * (1 - 1e-15)
    assert told["start"] == pytest.approx(lowest, abs=2.1e-3 * width + 1e-12)
    assert told["stop"] == pytest.approx(highest, abs=2.1e-3 * width + 1e-12)


def test_round_numbers_stay_round():
    window = Window(("start", "stop"), (0.0, 1.0))
    assert window.given((-0.12, 0.1)) == {"start": "-0.12", "stop": "0.1"}
    assert window.given((2.0, 4.0)) == {"start": "2", "stop": "4"}
    assert window.given((20000.0, 5030000.0)) == {"start": "20000", "stop": "5030000"}
