"""What to measure next, whether the step is fine enough, whether the scan has converged."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import xarray as xr

from napari_scantwin.analyses import entropy_change, transitions
from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.analyses.planning_views import drawn, said, table_of
from napari_scantwin.analyses.planning_work import (
    MAP,
    PEAK,
    POSITION,
    TRANSITION,
    Asked,
    AskedPoints,
    Next,
    ask,
    course_of,
    step_check,
)
from napari_scantwin.analyses.sample_numbers import sample_given, sample_parameters
from napari_scantwin.analyses.transition_sides import used_set_points
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_values import parse_values, parts_of_list
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.typed import leading_number, typed_number
from napari_scantwin.operations.findings import DerivedMap, Findings, Plot, Table
from napari_scantwin.operations.operation import reason_of
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.transition_curve import CRITERIA
from napari_scantwin.planning import TimeModel, as_text, write_plan

__all__ = ["COURSE", "NEXT", "STEP", "what_next"]

NEXT, STEP, COURSE = "What next?", "Is the step fine enough?", "Has it converged?"
#: What is measured at once, and what instruments that set every point by themselves measure.
_SWEEPS, _POINTS = "whole sweeps", "single points"


def _fits(scan: xr.DataArray) -> None:
    if len(scans.axes(scan)) < 2:
        raise ScanError("a scan of one axis has no sweeps to propose")


def _quantities(scan: xr.DataArray, given: Mapping[str, Any]) -> list[str]:
    """What a plan can be made for: the map, and the numbers that can be read from it."""
    if len(scans.axes(scan)) != 2:
        return [MAP]
    offered = [MAP]
    offered += [PEAK] if reason_of(entropy_change.fits, scan) is None else []
    offered += [TRANSITION] if reason_of(transitions.fits, scan) is None else []
    return [*offered, POSITION]


def _slow_unit(scan: xr.DataArray) -> str:
    return scan[scans.axes(scan)[0]].attrs["units"]


def _middle(scan: xr.DataArray) -> float | None:
    known = used_set_points(scan)
    return float(f"{known[len(known) // 2]:.5g}") if len(known) else None


def _points_asked(given: Mapping[str, Any]) -> bool:
    return given.get("question") == NEXT and given.get("propose") == _POINTS


def _number_asked(given: Mapping[str, Any]) -> bool:
    """Whether the question is about a number read from the map, or may be."""
    return given.get("question") in (NEXT, STEP) and not _points_asked(given)


def _when(*questions: str):
    return lambda scan, given: given.get("question") in questions


_PARAMETERS = (
    Parameter("question", "Question", "choice", NEXT, choices=(NEXT, STEP, COURSE)),
    Parameter(
        "propose",
        "Propose",
        "choice",
        _SWEEPS,
        choices=(_SWEEPS, _POINTS),
        shown=_when(NEXT),
        explanation="What your instrument measures at once",
    ),
    Parameter(
        "quantity",
        "For",
        "choice",
        MAP,
        choices=_quantities,
        shown=lambda scan, given: _number_asked(given),
        explanation="The number whose error counts",
    ),
    Parameter(
        "at",
        "at",
        "number",
        _middle,
        unit=_slow_unit,
        optional=True,
        shown=lambda scan, given: _number_asked(given) and given.get("quantity", MAP) != MAP,
        explanation="The value of the slow axis, or the final field, the number is read at",
    ),
    Parameter(
        "criterion",
        "by",
        "choice",
        "50 %",
        choices=tuple(CRITERIA),
        shown=lambda scan, given: _number_asked(given) and given.get("quantity") == TRANSITION,
        explanation="Of the transition",
    ),
    *sample_parameters(lambda given: None, shown=lambda given: _number_asked(given) and given.get("quantity") == PEAK),
    Parameter("count", "How many", "integer", 3, minimum=1, maximum=50, shown=_when(NEXT)),
    Parameter(
        "among",
        "Among",
        "text",
        optional=True,
        example="anywhere; or 250, 3000 or 0:9000",
        shown=_when(NEXT),
        explanation="The values that can be measured (a list), or a range first:last to propose in",
    ),
    Parameter(
        "budget",
        "Budget",
        "text",
        optional=True,
        example="none; or 4 h",
        shown=_when(NEXT),
        explanation="Time that the whole list may take",
    ),
    Parameter(
        "target",
        "Error to reach",
        "number",
        optional=True,
        shown=_when(NEXT, COURSE),
        minimum=0,
        explanation="The list ends once the expected error is down to this",
    ),
    Parameter(
        "tolerance",
        "Tolerance",
        "number",
        optional=True,
        minimum=0,
        shown=_when(STEP),
        explanation="How far the number may be from its value at the finest step",
    ),
    Parameter(
        "axis",
        "Step of",
        "axis",
        lambda scan: scans.axes(scan)[0],
        shown=_when(STEP),
        explanation="The axis whose step is refined",
    ),
    Parameter(
        "second",
        "Earlier scan",
        "scan",
        optional=True,
        fits=lambda scan, own: scans.axes(scan) == scans.axes(own),
        shown=_when(COURSE),
    ),
    Parameter(
        "timed",
        "Rank by what a minute tells",
        "flag",
        False,
        further=True,
        shown=_when(NEXT),
        explanation="Count the time each sweep or point takes, by the times below",
    ),
    Parameter("point", "A point takes", "text", "10 s", further=True, shown=_when(NEXT), explanation="With its unit"),
    Parameter(
        "settle",
        "Settling takes",
        "text",
        "1 min",
        further=True,
        shown=_when(NEXT),
        explanation="Time after each change of the slow axis",
    ),
    Parameter(
        "slow_rate",
        "Slow axis moves",
        "text",
        optional=True,
        further=True,
        example="as usual; or 100 Oe/s",
        shown=_when(NEXT),
    ),
    Parameter(
        "fast_rate",
        "Fast axis moves",
        "text",
        optional=True,
        further=True,
        example="as usual; or 3 K/min",
        shown=_when(NEXT),
    ),
    Parameter(
        "start",
        "Axes are at",
        "text",
        optional=True,
        further=True,
        example="0; of points 0, 300",
        shown=_when(NEXT),
        explanation=(
            "The slow axis's value now, of points every axis's, slow first; empty: the way to the first does not count"
        ),
    ),
    Parameter(
        "returns",
        "Fast axis goes back before each sweep",
        "flag",
        True,
        further=True,
        shown=lambda scan, given: given.get("question") == NEXT and not _points_asked(given),
    ),
)


def _waits(source: Source, given: Mapping[str, Any]) -> str | None:
    """Why it is started by the button only."""
    if given.get("question") == COURSE and given.get("second") is None:
        return (
            "Choose the earlier scan this one goes on from; or press Calculate to replay its own sweeps, which trains "
            "a twin for each after the fourth and takes minutes"
        )
    return None


@analysis(
    "what_next",
    "What to measure next",
    "Planning",
    parameters=_PARAMETERS,
    refuses=_fits,
    place=30,
    further="Time model",
    waits=_waits,
)
def what_next(source, *, on_progress, stop_event, cache, **given) -> Findings:
    """Which sweep or point to measure next, whether the step is fine enough for a number, whether it has converged."""
    twin, question = source.twin, given["question"]
    if question == COURSE:
        earlier = given["second"]
        before = None if earlier is None else (earlier.scan, earlier.twin)
        return _found(course_of(source.scan, twin, before, given["target"], on_progress, stop_event))
    if twin is None:
        raise ScanError("Train the scan first; its twin tells what it does not know")
    asked = _asked(source.scan, given)
    if question == STEP:
        if given["tolerance"] is None:
            raise ScanError("Say how far the number may be from its value at the finest step")
        return _found(step_check(twin, asked, given["tolerance"], given["axis"], on_progress, stop_event))
    return _found(ask(twin, asked, stop_event))


def _found(result) -> Findings:
    words = said(result)
    plots = {"Plan": Plot(*drawn(result), words)}
    tables = {"Table": Table(*table_of(result))}
    if not isinstance(result, Next):
        return Findings((), {}, [words], plots=plots, tables=tables, result=result)
    kinds = ("text", "CSV") if result.points else ("text", "CSV", "MultiVu sequence")

    def write(path, *, stop=None):
        return write_plan(path, result.plan, result.scan, result.model)

    lines = [] if result.lines is None else [_as_map(result)]
    return Findings(
        [("Expected error now", result.plan.errors[0]), ("Expected error after these", result.plan.errors[-1])],
        {"proposed": result.lines} if lines else {},
        [words],
        plots=plots,
        tables=tables,
        maps={"": lines},
        text=as_text(result.plan) if result.plan.proposals else "Nothing is proposed.",
        writers={f"List of {'points' if result.points else 'sweeps'}, {kind}": write for kind in kinds},
        result=result,
    )


def _as_map(result: Next) -> DerivedMap:
    key, size, border = ("proposed points", 3.0, 0.15) if result.points else ("proposed sweeps", 0.9, 0.0)
    return DerivedMap(key, "proposed, twin", result.lines, points=True, color="#f0c0dc", size=size, border=border)


def _asked(scan: xr.DataArray, given: Mapping[str, Any]) -> Asked | AskedPoints:
    """What is asked of a scan; raises :class:`ScanError` in words."""
    budget = _minutes(given["budget"])
    among, within = _places(given["among"])
    options = {
        "count": given["count"],
        "among": among,
        "within": within,
        "budget": budget,
        "target": given["target"],
    }
    timed = bool(given["timed"]) or budget is not None
    if _points_asked(given):
        at = _start(given["start"], scans.axes(scan)) if timed else None
        return AskedPoints(**options, model=_model(scan, given) if timed else None, at=at)
    start = _number(given["start"], "where the slow axis is now")
    model = _model(scan, given, start=start, returns=bool(given["returns"])) if timed else None
    quantity = given["quantity"] or MAP
    return Asked(
        quantity=quantity,
        at=None if quantity == MAP else given["at"],
        criterion=given["criterion"] or "50 %",
        sample=sample_given(scan, given) if quantity == PEAK else None,
        model=model,
        **options,
    )


def _model(scan: xr.DataArray, given: Mapping[str, Any], **options) -> TimeModel:
    times = {key: given[key] for key in ("point", "settle", "slow_rate", "fast_rate") if given[key]}
    return TimeModel.of(scan, **times, **options)


def _start(text: str | None, axes: tuple[str, ...]) -> dict[str, float] | None:
    """Where every axis is now, None where nothing is written."""
    if not text:
        return None
    numbers = [_number(part, "where an axis is now") for part in parts_of_list(text)]
    if len(numbers) != len(axes) or None in numbers:
        raise ScanError(f"where the axes are now is a number for each of {', '.join(axes)}, not {text!r}")
    return dict(zip(axes, numbers, strict=True))


def _number(text: str | None, what: str) -> float | None:
    """The number written, None where nothing is; :class:`ScanError` naming ``what`` where it is none."""
    if not text or not text.strip():
        return None
    with contextlib.suppress(ValueError):
        return typed_number(text)
    raise ScanError(f"{what} must be a number, not {text!r}")


def _minutes(text: str | None) -> float | None:
    if not text:
        return None
    try:
        found, unit = leading_number(text)
    except ValueError:
        raise ScanError(f"the budget must be a number, not {text!r}") from None
    if not unit:
        raise ScanError("the budget is a number and a unit, such as 4 h or 240 min")
    return float(units.convert(found, unit, "min"))


def _places(text: str | None):
    """(values, None) of a list, (None, range) of first:last, (None, None) where nothing is written."""
    if not text:
        return None, None
    if text.count(":") == 1 and "#" not in text:
        low, high = (_number(part, "the range to propose in") for part in text.split(":"))
        if low is None or high is None:
            raise ScanError(f"the range to propose in is written first:last, not {text!r}")
        return None, (low, high)
    return parse_values(text, "the values to choose among"), None
