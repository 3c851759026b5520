"""What to measure next, whether the step is fine enough, whether the scan has converged: the work, without widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.magnetization import Sample
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
    """What is asked for: the ``quantity`` by name with the place ``at`` it is read and the ``criterion`` of a
    transition, the ``count`` of sweeps, ``among`` or ``within`` which they may lie, the time ``model``, the ``budget``
    in minutes and the error ``target``."""

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
    """What is asked for of single points: as in :class:`Asked`, ``among`` being values of the slow axis, with the place
    ``at`` which the axes are now."""

    count: int | None = 5
    among: np.ndarray | None = None
    within: tuple[float, float] | None = None
    model: TimeModel | None = None
    budget: float | None = None
    target: float | None = None
    at: dict[str, float] | None = None


@dataclass(frozen=True)
class Next:
    """A ``plan`` of sweeps or points with the unit of its errors, the scan and time model it was made with, and
    ``lines``: the twin along every proposed sweep, or at every proposed point, to be drawn over the map."""

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
    """A ``check`` of the step, of the number named ``of`` in ``unit``."""

    check: StepCheck
    of: str
    unit: str


@dataclass(frozen=True)
class Followed:
    """The ``course`` of the error; ``change`` says what of the scan was known from an earlier one (empty where a single
    file was replayed)."""

    course: Course
    change: str


def quantity_of(asked: Asked) -> Callable | None:
    """The number read from the map, None for the whole map."""
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
    """Which sweeps, or points, to measure next."""
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
    """Whether the step is fine enough for a number read from the map."""
    of = quantity_of(asked)
    if of is None:
        raise ScanError("choose a number that is read from the map; a step is fine enough for something")
    return Steps(check_steps(twin, of, tolerance, axis=axis, on_progress=report, stop=stop), str(of), _unit(twin, of))


def course_of(scan: xr.DataArray, twin, earlier, target: float | None, report=None, stop=None) -> Followed:
    """The course of the error: from an ``earlier`` (scan, twin) to this one, or, without it, of this file's own sweeps
    in the order they were measured, which trains a twin for each after the fourth."""
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
