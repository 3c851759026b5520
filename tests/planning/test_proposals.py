"""What to measure next."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import planning
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import TimeModel
from napari_scantwin.samples import load_sample
from napari_scantwin.twin import TwinSettings, train


class GapTwin:
    """A twin as uncertain as the distance to the next sweep, and twice so above 5000 Oe."""

    axes = ("magnetic_field", "temperature")

    def __init__(self):
        field = np.repeat([0.0, 1000.0, 3000.0, 4000.0, 6000.0], 5)
        temperature = np.tile(np.linspace(2, 10, 5), 5)
        columns = {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")}
        self.scan = scans.ragged_scan(columns, field + temperature, name="moment", unit="emu")

    def predict(self, points):
        away = np.abs(points[:, :1] - np.unique(self.scan["magnetic_field"].values)).min(axis=1)
        return points[:, 0], away * np.where(points[:, 0] > 5000, 2.0, 1.0)


def test_proposals_lie_in_the_gaps_where_the_twin_is_least_certain():
    found = planning.next_sweeps(GapTwin(), 3)
    assert 5000 <= found[0].value <= 5500
    assert found[1].value == pytest.approx(2000, abs=100)
    assert 0 < found[2].value < 6000
    assert len({round(one.value, -2) for one in found}) == 3
    assert (found[0].unit, found[0].value_unit) == ("Oe", "emu")
    assert found[0].value == float(f"{found[0].value:.2g}")  # a number one would set


def test_a_sweep_in_the_middle_leaves_an_eighth_of_an_even_gap():
    class Even(GapTwin):
        def __init__(self):
            super().__init__()
            self.scan = self.scan.isel(point=np.isin(self.scan["magnetic_field"].values, [0.0, 6000.0]))

        def predict(self, points):
            away = np.minimum(points[:, 0], 6000 - points[:, 0])
            return points[:, 0], away**1.5  # the twin's own law

    plan = planning.plan_sweeps(Even(), 1)
    assert plan.proposals[0].value == pytest.approx(3000, abs=60)
    assert plan.proposals[0].gain == pytest.approx(7 / 8, abs=0.01)
    assert plan.errors[1] / plan.errors[0] == pytest.approx(np.sqrt(1 / 8), abs=0.01)


def test_the_listed_values_are_the_only_ones_proposed_and_count_alike():
    listed = [2100.0, 2200.0, 2300.0, 2400.0, 5200.0]
    found = planning.next_sweeps(GapTwin(), 5, among=listed)
    assert {one.value for one in found} <= set(listed)
    # Above 5000 Oe one place is least certain by far, but four places between 1000 and 3000 Oe together more.
    assert planning.next_sweeps(GapTwin(), 1, among=[2100.0, 5200.0])[0].value == 5200.0
    assert sum(one.gain for one in found) == pytest.approx(1.0)


def test_a_range_beyond_the_measured_one_can_be_asked_for():
    plan = planning.plan_sweeps(GapTwin(), 1, within=(0, 9000))
    assert 7000 < plan.proposals[0].value <= 9000
    assert plan.candidates[-1] == 9000
    with pytest.raises(ScanError, match="range to measure within is empty"):
        planning.plan_sweeps(GapTwin(), 1, within=(2000, 2000))


def test_a_budget_and_an_error_to_reach_end_the_list():
    model = TimeModel(point=1, points=10, settle=0, slow_rate=1e9, fast_rate=np.inf, span=8)
    plan = planning.plan_sweeps(GapTwin(), cost=model, budget=35)
    assert len(plan.proposals) == 3
    assert plan.minutes == pytest.approx(30, abs=0.01)
    assert "budget" in plan.reason
    assert list(plan.order) == sorted(one.value for one in plan.proposals)
    aim = planning.plan_sweeps(GapTwin(), target=0.5 * plan.errors[0])
    assert aim.errors[-1] <= 0.5 * plan.errors[0] < aim.errors[-2]
    assert "target" in aim.reason


def test_slow_ramps_keep_the_proposals_near():
    far = planning.next_sweeps(GapTwin(), 1)[0]
    slow = TimeModel(point=1, points=10, settle=0, slow_rate=10.0, fast_rate=np.inf, span=8, start=1000.0)
    near = planning.next_sweeps(GapTwin(), 1, cost=slow)[0]
    assert far.value > 5000
    assert near.value < 2500
    assert near.minutes == pytest.approx(slow.minutes([near.value]))


def test_a_gap_left_in_the_sample_is_proposed():
    scan = load_sample("palladium_hydride")
    field = scan["magnetic_field"].values
    without = scans.with_masked(scan, np.isin(field, [3500.0]))
    twin = train(without, TwinSettings(members=2), score_baselines=False)
    first = planning.next_sweeps(twin, 1)[0]
    known = np.delete(np.unique(field), 4)
    assert np.abs(known - first.value).min() > 0.2 * np.diff(known).min()
    values = [one.value for one in planning.next_sweeps(twin, 3)]
    assert any(2000 < value < 5000 for value in values)  # the gap that was made is among the first


def test_the_expected_error_falls_with_every_proposal(magnet):
    plan = planning.plan_sweeps(magnet, 5)
    assert (np.diff(plan.errors) < 0).all()
    assert plan.gains.max() == pytest.approx(plan.proposals[0].gain, rel=0.1)
    assert len({one.value for one in plan.proposals}) == 5


def test_one_axis_has_no_sweeps():
    scan = scans.gridded_scan({"temperature": (np.arange(9.0), "K")}, np.arange(9.0), name="moment", unit="emu")

    class Single:
        axes = ("temperature",)

    Single.scan = scan
    with pytest.raises(ScanError, match="no sweeps"):
        planning.next_sweeps(Single())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "ask for one or more"),
        ({"budget": 30.0}, "needs a time model"),
        ({"target": -1.0}, "positive number"),
        ({"among": [float("nan")]}, "finite numbers"),
        ({"among": [100.0], "within": (200, 300)}, "within the range"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_sentence(options, words):
    with pytest.raises(ScanError, match=words):
        planning.plan_sweeps(GapTwin(), **options)


def test_a_derived_number_asks_for_the_sweeps_it_depends_on(hydride):
    """The transition at 6000 Oe is told by sweeps about 6000 Oe, whatever the map needs elsewhere."""

    def middle(scan):
        row = scan.interp(magnetic_field=6000.0)
        rising = np.maximum.accumulate(row.values)
        return float(np.interp(0.5 * rising[-1], rising, row["temperature"].values))

    plan = planning.plan_sweeps(hydride, 2, of=middle)
    assert 5000 < plan.proposals[0].value < 7000
    assert plan.proposals[0].gain > 0.3
    assert plan.errors[-1] < 0.3 * plan.errors[0] < 0.3  # K


def test_a_number_that_is_not_found_in_the_map_is_said(hydride):
    with pytest.raises(ScanError, match="not found in the twin's map"):
        planning.plan_sweeps(hydride, 1, of=lambda scan: float("nan"))
