"""How a plan, a check of the step and a course are shown; no widget is touched here."""

from __future__ import annotations

import numpy as np

from napari_scantwin.analyses.planning_work import Followed, Next, Steps
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.operations.findings import COLORS, Curve
from napari_scantwin.planning import PointPlan, as_text

__all__ = ["drawn", "said", "table_of"]

_CURVE, _MARKS, _LIMIT = COLORS[1], COLORS[0], COLORS[2]


def drawn(result) -> tuple:
    """The arguments of :meth:`CurvePlot.show`."""
    if isinstance(result, Next):
        return _remaining(result) if result.points else _gain(result)
    return _steps(result) if isinstance(result, Steps) else _course(result)


def _gain(result: Next) -> tuple:
    """What a sweep is expected to tell against the slow axis, with the proposals on it."""
    plan = result.plan
    order = np.argsort(plan.candidates)
    x, y = plan.candidates[order], 100 * plan.gains[order]
    at = np.array([one.value for one in plan.proposals])
    curves = [Curve(x, y, None, _CURVE, "line")]
    if len(at):
        curves.append(Curve(at, np.interp(at, x, y), None, _MARKS, "points"))
    per = " per min" if result.model is not None else ""
    key = [("one further sweep", _CURVE), ("proposed", _MARKS)]
    return curves, scans.axis_label(result.scan, plan.axis), f"squared error taken away (%{per})", key


def _spent(plan: PointPlan) -> np.ndarray:
    """Minutes until every point is measured, or the number of points without a time model [n + 1]."""
    if np.isnan(plan.minutes):
        return np.arange(len(plan.errors), dtype=float)
    return np.cumsum([0.0, *(one.minutes for one in plan.proposals)])


def _remaining(result: Next) -> tuple:
    """The expected error of the map after every point."""
    plan, spent = result.plan, _spent(result.plan)
    curves = [
        Curve(spent, plan.errors, None, _CURVE, "line"),
        Curve(spent[1:], plan.errors[1:], None, _MARKS, "points"),
    ]
    bottom = "points measured" if np.isnan(plan.minutes) else "time (min)"
    return curves, bottom, f"expected error ({result.unit})", [("of the map", _CURVE), ("after each point", _MARKS)]


def _steps(result: Steps) -> tuple:
    """The number against the step, and the tolerance about its value at the finest."""
    check = result.check
    last = check.values[-1]
    around = np.full(len(check.steps), last)
    curves = [
        Curve(check.steps, around, np.full(len(check.steps), check.tolerance / 1.96), _LIMIT, "dashed"),
        Curve(check.steps, check.values, None, _CURVE, "line"),
        Curve(check.steps, check.values, None, _MARKS, "points"),
    ]
    key = [("simulated with this step", _MARKS), ("within the tolerance", _LIMIT)]
    bottom = f"step in {check.axis.replace('_', ' ')} ({check.unit})"
    return curves, bottom, f"{result.of} ({result.unit})", key


def _course(result: Followed) -> tuple:
    """How well new sweeps were predicted, the expected error of the map, and the target, by the number of sweeps."""
    course = result.course
    unit = units.pretty(course.unit)
    count = np.array([step.sweeps for step in course.steps], float)
    expected = np.array([step.expected for step in course.steps])
    held = np.array([step.held_out for step in course.steps])
    predicted = [(step.sweeps, one) for step in course.steps for one in step.surprises]
    curves = [
        Curve(count, np.full(len(count), course.target), None, _LIMIT, "dashed"),
        Curve(count, expected, None, _CURVE, "line"),
        Curve(count, held, None, COLORS[4], "triangles"),
    ]
    if predicted:
        x, y = np.array(predicted, float).T
        curves.append(Curve(x, y, None, _MARKS, "points"))
    key = [
        ("new sweeps predicted to", _MARKS),
        ("expected error of the map", _CURVE),
        ("held-out error", COLORS[4]),
        ("target", _LIMIT),
    ]
    return curves, "sweeps", f"error ({unit})", key


def said(result) -> str:
    """The words below the plot."""
    if isinstance(result, Next):
        plan = result.plan
        course = f"Expected error {plan.errors[0]:.3g} {result.unit}"
        if len(plan.errors) > 1:
            course += f", {plan.errors[-1]:.3g} {result.unit} with these {'points' if result.points else 'sweeps'}"
        return f"{course} ({result.of}). The list ends with {plan.reason}."
    if isinstance(result, Steps):
        return f"{result.of}: {result.check.values[-1]:.5g} {result.unit} at the finest step. {result.check.verdict}"
    return f"{result.change} {result.course.verdict}".strip()


def table_of(result) -> tuple[list[str], list[list], dict[str, str]]:
    """The numbers as they are written."""
    if isinstance(result, Steps):
        check = result.check
        rows = [[float(a), float(b)] for a, b in zip(check.steps, check.values, strict=True)]
        about = {"verdict": check.verdict, "tolerance": f"{check.tolerance:g} {result.unit}"}
        return [f"step ({check.unit})", f"{result.of} ({result.unit})"], rows, about
    if isinstance(result, Followed):
        unit = units.pretty(result.course.unit)
        heads = ["sweeps", "new", f"predicted to ({unit})", f"expected error ({unit})", f"held-out error ({unit})"]
        rows = []
        for step in result.course.steps:
            pairs = zip(step.new, step.surprises, strict=True) if step.new else [(float("nan"), float("nan"))]
            rows += [[step.sweeps, float(a), float(b), step.expected, step.held_out] for a, b in pairs]
        return heads, rows, {"verdict": result.course.verdict, "target": f"{result.course.target:g} {unit}"}
    if result.points:
        return _points_table(result)
    plan, unit = result.plan, units.pretty(result.scan[result.plan.axis].attrs["units"])
    per = " per min" if result.model is not None else ""
    heads = [f"{plan.axis} ({unit})", f"squared error taken away (share{per})"]
    rows = [[float(a), float(b)] for a, b in zip(plan.candidates, plan.gains, strict=True)]
    return heads, rows, {"proposed": as_text(plan)}


def _points_table(result: Next) -> tuple[list[str], list[list], dict[str, str]]:
    plan = result.plan
    heads = [f"{name} ({units.pretty(result.scan[name].attrs['units'])})" for name in plan.axes]
    heads += ["squared error taken away (share)", "time (min)", f"expected error after it ({result.unit})"]
    rows = [
        [*(one.place[name] for name in plan.axes), one.gain, one.minutes, float(error)]
        for one, error in zip(plan.proposals, plan.errors[1:], strict=True)
    ]
    return heads, rows, {"expected error now": f"{plan.errors[0]:.6g} {result.unit}", "proposed": as_text(plan)}
