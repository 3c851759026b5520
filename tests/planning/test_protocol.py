"""Ask and tell, and when it is enough."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import Course, CourseStep, Planner, TimeModel, replayed
from napari_scantwin.twin import TwinSettings

FAST = TwinSettings(members=2)
NOISE = 0.003


def moment(field, temperature):
    """A step that moves quickly in small fields and hardly in large ones."""
    return 1 / (1 + np.exp((temperature - 10 - 20 * np.tanh(field / 2e4)) / 1.5))


def measure(*fields, size=24):
    """Sweeps at ``fields`` (Oe) as a scan; the same field gives the same readings."""
    temperature = np.tile(np.linspace(2, 45, size), len(fields))
    field = np.repeat(np.asarray(fields, float), size)
    noise = np.concatenate([np.random.default_rng(int(one)).normal(size=size) for one in fields])
    columns = {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")}
    return scans.ragged_scan(columns, moment(field, temperature) + NOISE * noise, name="moment", unit="emu")


@pytest.mark.slow
def test_a_dialogue_from_nothing_ends_when_new_sweeps_are_foretold():
    planner = Planner(within=(0, 100_000), target=0.06, settings=FAST)
    asked = []
    while not planner.done and len(asked) < 14:
        for proposal in planner.ask(1):
            asked.append(proposal.value)
            planner.tell(measure(proposal.value))
    assert asked[:3] == [0, 100_000, 50_000]
    assert planner.done
    assert "Converged" in planner.reason
    # Where the step moves there are more sweeps than where it rests.
    assert sum(value <= 50_000 for value in asked) > sum(value > 50_000 for value in asked)
    field, temperature = np.meshgrid(np.linspace(0, 1e5, 81), np.linspace(2, 45, 80), indexing="ij")
    places = np.stack([field.ravel(), temperature.ravel()], axis=1)
    wrong = planner.twin.predict(places)[0] - moment(*places.T)
    assert np.sqrt(np.mean(wrong**2)) < 0.06


def test_a_longer_file_is_recognised_and_its_new_sweeps_are_a_test():
    planner = Planner(settings=FAST, target=0.5, in_a_row=1)
    planner.tell(measure(0, 20_000, 50_000, 100_000))
    change = planner.tell(measure(0, 20_000, 35_000, 50_000, 100_000))
    assert change.known == (0, 20_000, 50_000, 100_000)
    assert change.new == (35_000,)
    first, second = planner.course.steps
    assert np.isnan(first.surprises).all()
    assert 0 <= second.surprises[0] < 0.5
    assert (first.sweeps, second.sweeps) == (4, 5)
    assert planner.course.converged
    again = planner.tell(measure(0, 20_000, 35_000, 50_000, 100_000))
    assert not again.new
    assert len(planner.course.steps) == 2  # nothing new, nothing trained


def test_a_budget_is_spent_sweep_by_sweep():
    model = TimeModel(point=1, points=20, settle=0, slow_rate=10_000, fast_rate=np.inf, span=43, start=100_000)
    planner = Planner(settings=FAST, cost=model, budget=55, target=1e-9)
    planner.tell(measure(0, 20_000, 50_000, 100_000))
    assert planner.spent == 0
    proposals = planner.ask(9)
    assert 1 <= len(proposals) <= 2
    planner.tell(measure(*(one.value for one in proposals)))
    assert 20 * len(proposals) < planner.spent <= 55
    while not planner.done:
        (one, *_) = planner.ask(1) or [None]
        if one is None:
            break
        planner.tell(measure(one.value))
    assert planner.spent <= 55


def test_a_list_of_sweeps_is_kept_to_and_comes_to_an_end():
    listed = [0.0, 10_000.0, 30_000.0, 60_000.0, 100_000.0]
    planner = Planner(among=listed, target=1e-9, settings=FAST)
    told = []
    while not planner.done:
        (one,) = planner.ask(1)
        told.append(one.value)
        planner.tell(measure(one.value))
    assert sorted(told) == listed
    assert "Every sweep" in planner.reason
    assert planner.ask(1) == []


def test_the_course_of_one_file_is_told_in_the_order_it_was_measured():
    course = replayed(measure(100_000, 0, 30_000, 60_000, 10_000), settings=FAST, target=0.5, in_a_row=1)
    assert [step.sweeps for step in course.steps] == [4, 5]
    assert course.steps[1].new == (10_000,)
    assert np.isfinite(course.steps[1].surprises[0])
    with pytest.raises(ScanError, match="takes 3 and one more"):
        replayed(measure(0, 10_000, 100_000), settings=FAST)


def test_what_does_not_fit_is_refused_and_nothing_is_lost():
    planner = Planner(settings=FAST)
    with pytest.raises(ScanError, match="within="):
        planner.ask(1)
    planner.tell(measure(0, 100_000))
    wrong = measure(50_000).assign_attrs(units="K")
    with pytest.raises(ScanError, match="began with"):
        planner.tell(wrong)
    assert list(planner.known) == [0, 100_000]
    with pytest.raises(ScanError, match="time model"):
        Planner(budget=60)
    with pytest.raises(ScanError, match="ask for one or more"):
        planner.ask(0)
    single = scans.gridded_scan({"temperature": (np.arange(9.0), "K")}, np.arange(9.0), name="moment", unit="emu")
    with pytest.raises(ScanError, match="no sweeps"):
        Planner().tell(single)


def step(*surprises):
    return CourseStep(5, tuple(range(len(surprises))), surprises, 0.1, 0.1)


def test_the_rule_wants_several_foretold_sweeps_in_a_row():
    course = Course("emu", 0.02, 2).with_step(step(float("nan")))
    assert "Not known yet" in course.verdict
    course = course.with_step(step(0.01))
    assert not course.converged
    course = course.with_step(step(0.03)).with_step(step(0.015))
    assert not course.converged
    assert "Not converged" in course.verdict
    course = course.with_step(step(0.004))
    assert course.converged
    assert "0.015, 0.004 emu" in course.verdict
    with pytest.raises(ScanError):
        Course("emu", 0.0)
    with pytest.raises(ScanError):
        Course("emu", 0.1, 0)
