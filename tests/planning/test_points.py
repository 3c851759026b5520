"""Single points to measure next."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import TimeModel, as_text, next_points, plan_points, write_plan
from napari_scantwin.planning.points import expected_error


class Noise:
    def __init__(self, level):
        self.level = level

    def noise(self, mean):
        return np.full(len(mean), self.level)


class Patchy:
    """A twin of four sweeps that is uncertain near 30 K between 1000 and 2000 Oe only."""

    axes = ("magnetic_field", "temperature")

    def __init__(self, noise=1e-6):
        field, temperature = np.repeat([0.0, 1000.0, 2000.0, 3000.0], 30), np.tile(np.linspace(5, 55, 30), 4)
        columns = {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")}
        self.scan = scans.ragged_scan(columns, np.tanh((temperature - 30) / 4), name="moment", unit="emu")
        self.uncertainty = Noise(noise)

    def predict(self, points):
        inside = np.clip(1 - np.abs(points[:, 0] - 1500) / 500, 0, None) ** 1.5
        own = 0.1 * inside * np.exp(-(((points[:, 1] - 30) / 5) ** 2))
        return np.tanh((points[:, 1] - 30) / 4), np.hypot(own, self.uncertainty.level)


def test_points_lie_where_the_map_is_uncertain():
    found = next_points(Patchy(), 3)
    assert found[0].place["magnetic_field"] == pytest.approx(1500, abs=200)
    assert found[0].place["temperature"] == pytest.approx(30, abs=4)
    assert (found[0].units, found[0].value_unit) == ({"magnetic_field": "Oe", "temperature": "K"}, "emu")
    assert found[0].uncertainty == pytest.approx(0.1, rel=0.3)
    # One point tells about its surroundings, not about the whole sweep.
    assert 0.1 < found[0].gain < 0.9
    assert found[1].gain < found[0].gain
    assert len({tuple(one.place.values()) for one in found}) == 3


def test_a_reading_that_is_mostly_noise_tells_little():
    clear, noisy = (next_points(Patchy(noise), 1)[0].gain for noise in (1e-6, 0.3))
    assert noisy < 0.2 * clear


def test_only_listed_points_are_proposed():
    listed = [[1500.0, 50.0], [1400.0, 28.0], [500.0, 30.0]]
    found = next_points(Patchy(), 2, among=listed)
    assert list(found[0].place.values()) == [1400, 28]


def test_points_lie_at_the_fields_that_can_be_set():
    found = next_points(Patchy(), 4, among=[500.0, 1250.5, 1800.0])
    assert {one.place["magnetic_field"] for one in found} <= {1250.5, 1800.0}  # as they stand there
    assert found[0].place["temperature"] == pytest.approx(30, abs=4)


def test_points_keep_to_a_range_of_the_slow_axis():
    found = next_points(Patchy(), 4, within=(0, 1400))
    assert max(one.place["magnetic_field"] for one in found) <= 1400


def test_the_list_ends_where_it_is_told_to():
    whole = plan_points(Patchy(), 40)
    assert whole.reason == "the 40 points asked for"
    assert len(whole.errors) == 41
    assert (np.diff(whole.errors) < 0).all()
    aim = float(whole.errors[7])
    plan = plan_points(Patchy(), target=aim)
    assert len(plan.proposals) == 7
    assert "target" in plan.reason
    assert plan_points(Patchy(), 1).errors[0] == pytest.approx(expected_error(Patchy()))
    # The share a point takes away is that of the squared error.
    taken = (whole.errors[0] ** 2 - whole.errors[1] ** 2) / whole.errors[0] ** 2
    assert whole.proposals[0].gain == pytest.approx(taken)
    model = TimeModel(point=0.5, points=1, settle=0, slow_rate=np.inf, fast_rate=np.inf, span=0)
    spent = plan_points(Patchy(), cost=model, budget=2.2)
    assert (len(spent.proposals), spent.minutes) == (4, pytest.approx(2.0))
    assert "budget" in spent.reason


def test_a_list_of_points_is_read_copied_and_saved(tmp_path):
    model = TimeModel(point=0.5, points=1, settle=0, slow_rate=np.inf, fast_rate=np.inf, span=0)
    twin = Patchy()
    plan = plan_points(twin, 2, cost=model)
    place = plan.proposals[0].place
    first = as_text(plan).splitlines()[0]
    assert first.startswith(f"1. {place['magnetic_field']:g} Oe, {place['temperature']:g} K: takes")
    assert as_text(plan).splitlines()[-1] == "In this order: 1 min in all"
    table = list(csv.DictReader(write_plan(tmp_path / "next.csv", plan, twin.scan).open()))
    assert float(table[0]["magnetic_field (Oe)"]) == place["magnetic_field"]
    assert float(table[1]["temperature (K)"]) == plan.proposals[1].place["temperature"]
    with pytest.raises(ScanError, match="lists sweeps"):
        write_plan(tmp_path / "next.seq", plan, twin.scan)


def test_minutes_count_the_way_from_the_place_before():
    model = TimeModel(point=0.5, points=1, settle=2, slow_rate=100, fast_rate=10, span=0)
    found = next_points(Patchy(), 20, cost=model, budget=30, at={"magnetic_field": 0.0, "temperature": 5.0})
    first = found[0].place
    expected = 0.5 + first["magnetic_field"] / 100 + 2 + (first["temperature"] - 5) / 10
    assert found[0].minutes == pytest.approx(expected, rel=0.02)
    assert sum(one.minutes for one in found) <= 30
    assert 1 < len(found) < 20


def test_a_scan_of_one_axis_has_points_to_propose():
    class Line:
        axes = ("temperature",)

        def __init__(self):
            temperature = np.array([0.0, 1, 2, 3, 7, 8, 9, 10])
            columns = {"temperature": (temperature, "K")}
            self.scan = scans.ragged_scan(columns, temperature**2, name="moment", unit="emu")
            self.uncertainty = Noise(1e-9)

        def predict(self, points):
            known = self.scan["temperature"].values
            return points[:, 0] ** 2, 0.1 * np.abs(points - known).min(axis=1) ** 1.5

    assert next_points(Line(), 1)[0].place["temperature"] == pytest.approx(5, abs=0.2)


def test_a_trained_twin_has_points_to_propose(hydride):
    found = next_points(hydride, 4)
    assert len(found) == 4
    assert all(0 < one.gain < 1 for one in found)
    fields = np.unique(hydride.scan["magnetic_field"].values)
    assert np.abs(fields - found[0].place["magnetic_field"]).min() > 50  # between the sweeps


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "ask for one or more"),
        ({"among": [[1.0], [2.0]]}, "rows of 2 finite numbers"),
        ({"among": [np.inf]}, "rows of 2 finite numbers"),
        ({"within": (5.0, 5.0)}, "range to measure within is empty"),
        ({"target": 0.0}, "cannot be reached"),
        ({"among": [[1.0, np.nan]]}, "rows of 2 finite numbers"),
        ({"at": {"temperature": 3.0}}, "names every axis"),
        ({"budget": 10.0}, "needs a time model"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ScanError, match=words):
        next_points(Patchy(), **options)
