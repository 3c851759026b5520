"""Ask and tell, point by point."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import PointPlanner, TimeModel
from napari_scantwin.planning.joining import joined_points, longer_points
from napari_scantwin.twin import TwinSettings

FAST = TwinSettings(members=2)


def measured(places):
    """A step that moves with the field, at ``places`` [n, 2]."""
    field, temperature = np.asarray(places, float).T
    columns = {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")}
    values = np.tanh((temperature - 20 - field / 200) / 3)
    return scans.ragged_scan(columns, values, name="moment", unit="emu")


def missed(twin):
    """What the twin misses of the truth, root mean square."""
    places = mesh(np.linspace(0, 3000, 31), np.linspace(5, 55, 101))
    return np.sqrt(np.mean((twin.predict(places)[0] - measured(places).values) ** 2))


def mesh(fields, temperatures):
    return np.stack([one.ravel() for one in np.meshgrid(fields, temperatures, indexing="ij")], axis=1)


@pytest.fixture(scope="module")
def coarse():
    return measured(mesh([0.0, 1000, 2000, 3000], np.linspace(5, 55, 12)))


def test_points_are_joined_place_by_place(coarse):
    """A point between the readings of a known sweep leaves them as they are."""
    new = measured([[1000.0, 24.0], [1500.0, 30.0]])
    change = longer_points(coarse, new)
    assert (change.known, len(change.new), len(change.again)) == (0, 2, 0)
    assert str(change) == "Points: 0 known, 2 new."
    whole = joined_points(coarse, new)
    assert whole.size == coarse.size + 2
    again = whole.copy(data=np.where(np.arange(whole.size) == 3, 0.5, whole.values))
    change = longer_points(whole, again)
    assert (change.known, len(change.again)) == (whole.size - 1, 1)
    taken = joined_points(whole, again)
    assert taken.size == whole.size
    assert (taken.values == 0.5).sum() == 1


def test_masked_points_stay_masked(coarse):
    masked = scans.with_masked(coarse, np.arange(coarse.size) == 5)
    whole = joined_points(masked, joined_points(coarse, measured([[1500.0, 30.0]])))
    assert whole["masked"].values.sum() == 1
    assert scans.points(whole).coordinates[whole["masked"].values] == pytest.approx(
        scans.points(coarse).coordinates[5:6]
    )


def test_it_asks_is_told_and_comes_to_an_end(coarse):
    model = TimeModel(point=1, points=1, settle=0, slow_rate=1000, fast_rate=np.inf, span=0)
    planner = PointPlanner(target=1e-6, in_a_row=99, cost=model, budget=8, settings=FAST)
    with pytest.raises(ScanError, match="first coarse scan"):
        planner.ask(1)
    planner.tell(coarse)
    before = missed(planner.twin)
    rounds = 0
    while not planner.done:
        asked = planner.ask(3)
        assert asked
        planner.tell(measured([list(one.place.values()) for one in asked]))
        rounds += 1
        assert rounds < 9
    assert "budget is spent" in planner.reason
    assert planner.spent <= 8
    assert planner.scan.size > coarse.size
    assert len(planner.course.surprises) == planner.scan.size - coarse.size
    assert missed(planner.twin) < before / 2
    assert "points in a row" in planner.course.verdict
    assert planner.ask(1) == []


def test_it_is_enough_once_points_are_foretold(coarse):
    planner = PointPlanner(target=0.5, in_a_row=2, settings=FAST)
    planner.tell(coarse)
    assert not planner.done
    planner.tell(measured([list(one.place.values()) for one in planner.ask(2)]))
    assert planner.done
    assert "the last 2 new points" in planner.reason


def test_listed_points_are_kept_to(coarse):
    listed = mesh([500.0, 1500.0], [25.0])
    planner = PointPlanner(target=1e-9, among=listed, settings=FAST)
    planner.tell(coarse)
    told = []
    while not planner.done:
        (one,) = planner.ask(1)
        told.append(tuple(one.place.values()))
        planner.tell(measured([told[-1]]))
        assert len(told) < 3
    assert sorted(told) == sorted(map(tuple, listed))
    assert "Every point" in planner.reason


def test_a_derived_number_is_refused():
    with pytest.raises(ScanError, match="ask for sweeps"):
        PointPlanner(of=lambda scan: 1.0)
