"""What to measure next, whether the step is fine enough, whether the scan has converged: the computation, without
widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.planning import (
    Course,
    CourseStep,
    PeakEntropyChange,
    PeakPosition,
    Plan,
    PointPlan,
    StepCheck,
    TimeModel,
    TransitionTemperature,
    check_steps,
    longer,
    plan_points,
    plan_sweeps,
    replayed,
    surprise,
)
from napari_scantwin.planning.model_uncertainty import ModelUncertainty

__all__ = ["Asked", "AskedPoints", "Followed", "Next", "Steps", "ask", "course_of", "quantity_of", "step_check"]

#: The names of the quantities a plan can be made for.
MAP, PEAK, TRANSITION, POSITION = "the whole map", "peak entropy change", "transition", "peak of a cut"


@dataclass(frozen=True)
class Asked:
    """What a plan of whole sweeps is asked for.

    Parameters
    ----------
    quantity
        The name of the number whose error counts.
    at
        Where on the slow axis it is read.
    criterion
        That of a transition.
    sample
        The sample, for an entropy change.
    count
        How many sweeps.
    among
        The values of the slow axis they are chosen from.
    within
        The range of the slow axis they lie in.
    model
        The time model.
    budget
        The time they may take, in minutes.
    target
        The expected error at which the list ends.
    """

    quantity: str = MAP
    at: float | None = None
    criterion: str = "50 %"
    sample: Sample | None = None
    count: int | None = 3
    among: np.ndarray | None = None
    within: tuple[float, float] | None = None
    model: TimeModel | None = None
    budget: float | None = None
    target: float | None = None


@dataclass(frozen=True)
class AskedPoints:
    """What a plan of single points is asked for.

    Parameters
    ----------
    count
        How many points.
    among
        The values of the slow axis they are chosen from.
    within
        The range of the slow axis they lie in.
    model, budget, target
        As in :class:`Asked`.
    at
        Where every axis is now.
    """

    count: int | None = 5
    among: np.ndarray | None = None
    within: tuple[float, float] | None = None
    model: TimeModel | None = None
    budget: float | None = None
    target: float | None = None
    at: dict[str, float] | None = None


@dataclass(frozen=True)
class Next:
    """A plan, and what is needed to show it.

    Parameters
    ----------
    plan
        The plan of sweeps or points.
    of
        The name of the number whose error counts.
    unit
        The unit of its errors.
    scan
        The scan it was made with.
    model
        The time model it was made with.
    lines
        The twin along every proposed sweep, or at every proposed point, to be drawn over the map.
    """

    plan: Plan | PointPlan
    of: str
    unit: str
    scan: xr.DataArray
    model: TimeModel | None
    lines: xr.DataArray | None

    @property
    def points(self) -> bool:
        """Whether single points are proposed."""
        return isinstance(self.plan, PointPlan)


@dataclass(frozen=True)
class Steps:
    """A check of the step.

    Parameters
    ----------
    check
        The check.
    of
        The name of the number it is made for.
    unit
        The number's unit.
    """

    check: StepCheck
    of: str
    unit: str


@dataclass(frozen=True)
class Followed:
    """The course of the error with the number of sweeps.

    Parameters
    ----------
    course
        The course.
    change
        What of the scan was known from an earlier one; empty where a single file was replayed.
    """

    course: Course
    change: str


def quantity_of(asked: Asked) -> Callable | None:
    """The function that reads the number asked for from the map; None for the whole map.

    Raises
    ------
    ScanError
        Where it is not said at which value of the slow axis the number is read.
    """
    if asked.quantity == MAP:
        return None
    if asked.quantity == PEAK:
        return PeakEntropyChange(asked.at, asked.sample)
    if asked.at is None:
        raise ScanError(f"say at which value of the slow axis the {asked.quantity} is read")
    return TransitionTemperature(asked.at, asked.criterion) if asked.quantity == TRANSITION else PeakPosition(asked.at)


def _unit(twin, of) -> str:
    if of is None:
        return units.pretty(twin.scan.attrs["units"])
    return units.pretty(of.unit(twin.simulate(twin.default_grid((24, 60)))))


def ask(twin, asked: Asked | AskedPoints, stop=None) -> Next:
    """Which sweeps, or points, to measure next.

    Parameters
    ----------
    twin
        The twin.
    asked
        What is asked for.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    Next
        The plan and what is needed to show it.
    """
    if isinstance(asked, AskedPoints):
        return _ask_points(twin, asked, stop)
    of = quantity_of(asked)
    plan = plan_sweeps(
        twin,
        asked.count,
        among=asked.among,
        within=asked.within,
        cost=asked.model,
        budget=asked.budget,
        target=asked.target,
        of=of,
        stop=stop,
    )
    lines = _lines(twin, [one.value for one in plan.proposals]) if len(twin.axes) == 2 else None
    return Next(plan, asked.quantity, _unit(twin, of), twin.scan, asked.model, lines)


def _ask_points(twin, asked: AskedPoints, stop) -> Next:
    options = {"among": asked.among, "within": asked.within, "at": asked.at, "target": asked.target}
    plan = plan_points(twin, asked.count, cost=asked.model, budget=asked.budget, stop=stop, **options)
    places = np.array([[one.place[name] for name in twin.axes] for one in plan.proposals])
    dots = _simulated(twin, places, np.arange(len(places))) if len(places) else None
    return Next(plan, MAP, _unit(twin, None), twin.scan, asked.model, dots)


def _lines(twin, values: list[float]) -> xr.DataArray | None:
    """The twin along sweeps at ``values`` of the slow axis, as points."""
    if not values:
        return None
    column = np.asarray(twin.scan[twin.axes[1]].values, float)
    along = np.linspace(column.min(), column.max(), 80)
    places = np.stack([np.repeat(values, len(along)), np.tile(along, len(values))], axis=1)
    return _simulated(twin, places, np.repeat(np.arange(len(values)), len(along)))


def _simulated(twin, places: np.ndarray, sweep: np.ndarray) -> xr.DataArray:
    """The twin at ``places`` [n, axes] as points of a ragged scan."""
    mean, error = twin.predict(places)
    return scans.ragged_scan(
        {name: (places[:, k], twin.scan[name].attrs["units"]) for k, name in enumerate(twin.axes)},
        mean,
        name=str(twin.scan.name),
        unit=twin.scan.attrs["units"],
        errors=error,
        sweep=sweep,
        attrs={"kind": "derived"},
    )


def step_check(twin, asked: Asked, tolerance: float, axis: str | None, report=None, stop=None) -> Steps:
    """Whether an axis's step is fine enough for a number read from the map.

    Parameters
    ----------
    twin
        The twin.
    asked
        The number.
    tolerance
        How far it may be from its value at the finest step, in its unit.
    axis
        The axis whose step is refined.
    report
        Called with the fraction that is done.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    Steps
        The check.

    Raises
    ------
    ScanError
        Where the whole map is asked for rather than a number.
    """
    of = quantity_of(asked)
    if of is None:
        raise ScanError("choose a number that is read from the map; a step is fine enough for something")
    return Steps(check_steps(twin, of, tolerance, axis=axis, on_progress=report, stop=stop), str(of), _unit(twin, of))


def course_of(scan: xr.DataArray, twin, earlier, target: float | None, report=None, stop=None) -> Followed:
    """The course of the error with the number of sweeps.

    Parameters
    ----------
    scan
        The scan.
    twin
        Its twin, or None.
    earlier
        An earlier (scan, twin) from which this one goes on. Without it the file's own sweeps are replayed in the order
        they were measured, which trains a twin for each after the fourth.
    target
        The error to reach; by default a hundredth of the range of the values.
    report
        Called with the fraction that is done.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    Followed
        The course.

    Raises
    ------
    ScanError
        Where the earlier scan has no twin.
    """
    if earlier is None:
        return Followed(replayed(scan, target=target, on_progress=report, stop=stop), "")
    before, before_twin = earlier
    change = longer(before, scan)
    if before_twin is None:
        raise ScanError("train the earlier scan too: how well its twin predicted the new sweeps is the test")
    first = CourseStep(len(change.known) + len(change.missing), (), (), *_errors(before_twin))
    steps = [first]
    if change.new:
        told = tuple(surprise(before_twin, scan, value) for value in change.new)
        after = _errors(twin) if twin is not None else (float("nan"), float("nan"))
        steps.append(CourseStep(first.sweeps + len(change.new), change.new, told, *after))
    target = target or 0.01 * before_twin.score.value_range
    return Followed(Course(str(before.attrs["units"]), target, steps=tuple(steps)), str(change))


def _errors(twin) -> tuple[float, float]:
    return ModelUncertainty.of(twin).error, float(twin.score.inside[0])
