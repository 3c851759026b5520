"""How long measuring takes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import TimeModel
from napari_scantwin.samples import load_sample


def test_minutes_are_points_ramps_and_settling():
    model = TimeModel(point=0.5, points=100, settle=2, slow_rate=1000, fast_rate=10, span=50, start=0)
    # 2 to settle, 50 of points (longer than the ramp's 5), 5 back; and 3000 of field at 1000 a minute.
    assert model.sweep == pytest.approx(57)
    assert model.minutes([3000.0, 1000.0]) == pytest.approx(2 * 57 + 3)
    assert model.minutes([]) == 0


def test_the_shortest_way_begins_at_the_nearer_end():
    model = TimeModel(0.5, 100, 2, slow_rate=1000, fast_rate=np.inf, span=50, start=9000)
    assert model.order([1000, 8000, 3000]) == [8000, 3000, 1000]
    assert model.minutes([1000, 8000, 3000]) == pytest.approx(8 + 3 * 52)


def test_a_ramp_slower_than_the_points_decides():
    model = TimeModel(0.1, 10, 0, slow_rate=np.inf, fast_rate=2, span=50, returns=False)
    assert model.sweep == pytest.approx(25)


def test_the_sample_scan_gives_points_span_and_usual_rates():
    model = TimeModel.of(load_sample("ferromagnet"), point="12 s", settle="90 s")
    assert (model.points, model.point, model.settle) == (101, pytest.approx(0.2), pytest.approx(1.5))
    assert model.span == pytest.approx(50, abs=0.5)
    assert (model.slow_rate, model.fast_rate) == (pytest.approx(6000), pytest.approx(3))
    faster = TimeModel.of(load_sample("ferromagnet"), fast_rate="0.1 K/s")
    assert faster.fast_rate == pytest.approx(6)


def test_degrees_celsius_change_as_kelvin_do():
    scan = load_sample("palladium_hydride")
    scan["temperature"].attrs["units"] = "degC"
    assert TimeModel.of(scan, fast_rate="2 K/min").fast_rate == pytest.approx(2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"point": "ten"}, "a number and a unit, such as 10 s"),
        ({"point": "10"}, "a number and a unit"),
        ({"settle": "1 K"}, "settling time"),
        ({"slow_rate": "3 K/min"}, "rate of magnetic_field"),
        ({"slow_rate": "0 Oe/s"}, "must be positive"),
        ({"point": "-1 s"}, "not negative"),
        ({"points": 0}, "at least one point"),
    ],
)
def test_a_time_or_rate_that_is_none_is_refused(options, words):
    with pytest.raises(ScanError, match=words):
        TimeModel.of(load_sample("ferromagnet"), **options)
