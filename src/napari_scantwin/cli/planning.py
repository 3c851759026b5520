"""What to measure next, from a saved twin."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from napari_scantwin.cli.common import Branch, Json, TwinFile, app, check_folder, checked, in_words, say


@app.command(name="next")
def next_command(
    file: TwinFile,
    count: Annotated[
        int | None, typer.Option(help="How many (default: 3 sweeps or 5 points, or what the budget allows).")
    ] = None,
    points: Annotated[bool, typer.Option("--points", help="Propose single points instead of whole sweeps.")] = False,
    budget: Annotated[float | None, typer.Option(help="Minutes that all of them may take.")] = None,
    target: Annotated[float | None, typer.Option(help="Stop at this expected error of the map, in its unit.")] = None,
    among: Annotated[
        str | None, typer.Option(help="The values that can be measured: 100,500,900 or 0:9000:500.")
    ] = None,
    within: Annotated[str | None, typer.Option(help="Propose in this range, such as 0:9000.")] = None,
    point: Annotated[str | None, typer.Option(help='Time of a point (default "10 s").')] = None,
    settle: Annotated[
        str | None, typer.Option(help='Wait after each change of the slow axis (default "1 min").')
    ] = None,
    slow_rate: Annotated[str | None, typer.Option(help='How fast the slow axis moves, such as "100 Oe/s".')] = None,
    fast_rate: Annotated[str | None, typer.Option(help='How fast the fast axis moves, such as "3 K/min".')] = None,
    start: Annotated[
        str | None, typer.Option(help="Where the slow axis stands now; for points every axis, slow first: 0,300.")
    ] = None,
    sequence: Annotated[Path | None, typer.Option(help="Write the list: .seq (MultiVu), .csv or .txt.")] = None,
    branch: Branch = None,
    as_json: Json = False,
) -> None:
    """Say which sweeps, or single points, to measure next, and what they are worth.

    A budget or any of the times makes each count by what it tells per minute.
    """
    with in_words():
        from napari_scantwin.planning import TimeModel, as_text, plan_points, plan_sweeps, write_plan
        from napari_scantwin.planning.model_uncertainty import known_values
        from napari_scantwin.planning.sequences import SUFFIXES
        from napari_scantwin.twin import Twin

        if sequence is not None:
            if sequence.suffix.lower() not in SUFFIXES:
                raise typer.BadParameter(f"{sequence.name}: the suffix names no list; use one of {', '.join(SUFFIXES)}")
            check_folder(sequence)
        options = {"among": None if among is None else checked(_values, among)}
        options |= {"within": None if within is None else checked(as_range, within)}
        twin = Twin.load(file).of(branch)
        if not points:
            known_values(twin)  # a scan without sweeps is no wrong usage
        times = {"point": point, "settle": settle, "slow_rate": slow_rate, "fast_rate": fast_rate}
        times = {name: value for name, value in times.items() if value is not None}
        place = None if start is None else checked(_place, start, twin.axes if points else twin.axes[:1])
        if place is not None and not points:
            times["start"] = next(iter(place.values()))
        elif place is not None:
            options["at"] = place
        timed = times or budget is not None or place is not None
        options["cost"] = checked(lambda: TimeModel.of(twin.scan, **times)) if timed else None
        proposed = plan_points if points else plan_sweeps
        plan = checked(lambda: proposed(twin, count, budget=budget, target=target, **options))
        if plan.proposals:
            words = as_text(plan) + _words(plan, twin)
        else:
            words = f"No {'point' if points else 'sweep'} is proposed: {plan.reason}."
        if sequence is not None:
            words += f"\nWrote {write_plan(sequence, plan, twin.scan, options['cost'])}"
        say(as_json, _about_points(plan) if points else _about(plan), words)


def _place(text: str, axes: tuple[str, ...]) -> dict[str, float]:
    """One number for each of ``axes``."""
    from napari_scantwin.core.errors import ScanError

    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != len(axes):
        raise ScanError(
            f"--start: {text!r} should be a number for {', '.join(axes)}, such as {','.join('0' * len(axes))}"
        )
    return dict(zip(axes, numbers, strict=True))


def _values(text: str):
    from napari_scantwin.core.axis_values import parse_values

    return parse_values(text, "--among")


def as_range(text: str) -> tuple[float, float]:
    """``low:high`` as two numbers."""
    from napari_scantwin.core.errors import ScanError

    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise ScanError(f"--within: {text!r} is no range; write it as 0:9000") from None
    return low, high


def _words(plan, twin) -> str:
    from napari_scantwin.core import units

    unit = units.pretty(twin.scan.attrs["units"])
    return f"Expected error of the map: {plan.errors[0]:.3g} {unit} now, {plan.errors[-1]:.3g} {unit} with them."


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _worth(one) -> dict:
    """What a proposed sweep or point is worth."""
    return {
        "uncertainty": _number(one.uncertainty),
        "value_unit": one.value_unit,
        "gain": _number(one.gain),
        "minutes": _number(one.minutes),
    }


def _about(plan) -> dict:
    return {
        "axis": plan.axis,
        "sweeps": [{"value": one.value, "unit": one.unit} | _worth(one) for one in plan.proposals],
        "order": list(plan.order),
        "minutes": _number(plan.minutes),
        "errors": [_number(error) for error in plan.errors],
        "reason": plan.reason,
    }


def _about_points(plan) -> dict:
    return {
        "axes": list(plan.axes),
        "points": [{"place": one.place, "units": one.units} | _worth(one) for one in plan.proposals],
        "minutes": _number(plan.minutes),
        "errors": [_number(error) for error in plan.errors],
        "reason": plan.reason,
    }
