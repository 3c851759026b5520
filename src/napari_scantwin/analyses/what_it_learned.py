"""What the scan's twin has learned: sweeps that carry it, its fragility, what regularisation earns."""

from __future__ import annotations

import numpy as np

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.findings import COLORS, Curve, DerivedMap, Findings, Plot, Table
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.patterns.understand import fragility, influence, regularisation

__all__ = ["what_it_learned"]

_CARRY, _FRAGILE, _REGULAR = "Which sweeps carry it", "How inputs' errors change it", "What regularisation earns"
_ERRORS = (("slow_error", "Slow axis's error"), ("fast_error", "Fast axis's error"))


def _fits(scan) -> None:
    if len(scans.axes(scan)) != 2:
        raise ScanError("it is asked of a map of sweeps: a scan of two axes")


def _error_of(number: int):
    """The step a reading is usually known to: a thousandth of the axis."""

    def default(scan) -> float:
        values = np.asarray(scan[scans.axes(scan)[number]].values, float)
        return float(f"{1e-3 * np.ptp(values):.1g}")

    return default


def _unit_of(number: int):
    return lambda scan: scan[scans.axes(scan)[number]].attrs["units"]


@analysis(
    "what_it_learned",
    "What the twin has learned",
    "Patterns",
    parameters=(
        Parameter("question", "Question", "choice", _CARRY, choices=(_CARRY, _FRAGILE, _REGULAR)),
        *(
            Parameter(
                name,
                title,
                "number",
                _error_of(number),
                minimum=0,
                unit=_unit_of(number),
                shown=lambda scan, given: given.get("question") == _FRAGILE,
                explanation="What one reading of it may be wrong by",
            )
            for number, (name, title) in enumerate(
                (("slow_error", "Slow axis's error"), ("fast_error", "Fast axis's error"))
            )
        ),
    ),
    refuses=_fits,
    place=62,
    waits=lambda source, given: "Sweep by sweep the twin is fitted again, which takes a while; press Calculate.",
)
def what_it_learned(source, *, question, slow_error, fast_error, on_progress, stop_event, cache) -> Findings:
    """Which sweeps carry each place of the twin's map, what errors of its inputs do, what regularisation earns."""
    twin = source.twin
    if twin is None:
        raise ScanError("what was learned is asked of a twin; train it first")
    if question == _CARRY:
        return _carried(influence(twin, stop=stop_event, on_progress=on_progress), twin)
    if question == _FRAGILE:
        errors = dict(zip(twin.axes, (slow_error, fast_error), strict=True))
        return _fragile(fragility(twin, errors, stop=stop_event), twin)
    return _regular(regularisation(twin, stop=stop_event, on_progress=on_progress), twin)


def _carried(found, twin) -> Findings:
    unit = units.pretty(twin.scan.attrs["units"])
    knots = found.change["left_out"].values
    overall = found.overall
    strongest = int(np.argmax(overall))
    notes = [
        f"Without the sweep at {found.labels[strongest]} the map changes most, by {overall[strongest]:.3g} {unit}."
    ]
    if found.left_out:
        notes.append(f"Not fitted again, their weights shared out: {'; '.join(found.left_out)}.")
    slow = scans.axis_label(twin.scan, twin.axes[0])
    plot = Plot([Curve(knots, overall, None, COLORS[0], "points"), Curve(knots, overall, None, COLORS[0], "line")],
                f"{slow} left out", f"change of the map ({unit})", words=" ".join(notes))  # fmt: skip
    return Findings(
        [("largest change by a sweep's loss", Quantity(float(overall[strongest]), np.nan, twin.scan.attrs["units"]))],
        {"influence": found.most, "carried by": found.carrier, "change without each sweep": found.change},
        notes,
        plots={"Sweeps": plot},
        tables={
            "Sweeps": Table(
                ["sweep", f"change of the map ({unit})"],
                [[label, float(one)] for label, one in zip(found.labels, overall, strict=True)],
            )
        },
        maps={
            "": [
                DerivedMap("influence", "change without its sweep", found.most),
                DerivedMap("carried by", "carried by the sweep at", found.carrier, visible=False),
            ]
        },
        result=found,
    )


def _fragile(found, twin) -> Findings:
    beside = found.beside.values
    share = float(np.mean(beside > 1))
    words = (
        f"At {100 * share:.0f} % of the places errors of the inputs may change the value by more than its error bar; "
        f"the worst direction is up to {float(found.ratio.max()):.2f} times a random one."
    )
    worst = np.sort(beside.ravel())
    rank = np.linspace(0, 100, len(worst))
    plot = Plot(
        [
            Curve(rank, worst, None, COLORS[0], "line"),
            Curve(np.array([0.0, 100]), np.ones(2), None, COLORS[5], "dashed"),
        ],
        "places (%)",
        "worst change over the error bar",
        [("places in order", COLORS[0]), ("as large as the error bar", COLORS[5])],
        words,
    )
    return Findings(
        [("places changed by more than their error bar (%)", 100 * share), ("largest ratio", float(found.ratio.max()))],
        {"worst change": found.worst, "usual change": found.usual, "fragility": found.ratio}
        | {f"sensitivity to {axis.replace('_', ' ')}": one for axis, one in found.sensitivity.items()},
        [words],
        plots={"Places": plot},
        maps={
            "": [
                DerivedMap("worst change", "worst change within the inputs' errors", found.worst),
                DerivedMap("fragility", "worst over usual change", found.ratio, visible=False),
            ]
        },
        result=found,
    )


def _regular(found, twin) -> Findings:
    unit = units.pretty(twin.scan.attrs["units"])
    best = min(found, key=lambda one: one.held_out)
    notes = [f"On sweeps left out, the probing networks do best with {best.words}: {best.held_out:.3g} {unit}."]
    number = np.arange(1, len(found) + 1, dtype=float)
    curves = [
        Curve(number, np.array([getattr(one, what) for one in found]), None, color, style)
        for what, color in (("held_out", COLORS[0]), ("seen", COLORS[1]))
        for style in ("points", "line")
    ]
    plot = Plot(curves, "choice (row of the table)", f"error ({unit})",
                [("sweeps left out", COLORS[0]), ("sweeps learned from", COLORS[1])], notes[0])  # fmt: skip
    rows = [[k, one.words, one.held_out, one.seen, one.seconds] for k, one in enumerate(found, start=1)]
    heads = ["row", "choice", f"error left out ({unit})", f"error learned ({unit})", "processor seconds"]
    figures = [("least error on sweeps left out", Quantity(best.held_out, np.nan, twin.scan.attrs["units"]))]
    return Findings(figures, {}, notes, plots={"Choices": plot}, tables={"Choices": Table(heads, rows)}, result=found)
