"""The magnetocaloric entropy change of a scan of M(T, H), its twin and a second measurement."""

from __future__ import annotations

import numpy as np

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.analyses.entropy_sides import EntropyResult, EntropySettings, calculate, measured_fields
from napari_scantwin.analyses.entropy_views import VIEWS, figure_rows, maps_of, table_of
from napari_scantwin.analyses.sample_numbers import sample_given, sample_parameters
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.findings import Findings, Table
from napari_scantwin.operations.operation import reason_of
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.physics.branches import axis_of_kind
from napari_scantwin.physics.magnetization import numbers_needed

__all__ = ["entropy_change", "fits"]

_BY_ITSELF = "by itself"
_PER = (_BY_ITSELF, "mass", "volume", "mole", "sample")
_STARTS = ("lowest field", "zero field")
_BRANCHES = ("all", "rising", "falling")
#: Critical exponents of Arrott plots: mean field; S. N. Kaul, J. Magn. Magn. Mater. 53, 5 (1985).
_EXPONENTS = {
    "mean field": (0.5, 1.0),
    "3D Heisenberg": (0.365, 1.386),
    "3D Ising": (0.325, 1.241),
    "tricritical": (0.25, 1.0),
}


def fits(scan) -> None:
    """Raise :class:`ScanError` where a scan has no entropy change."""
    if len(scans.axes(scan)) != 2:
        raise ScanError("it needs a scan with two axes, temperature and magnetic field")
    axis_of_kind(scan, "temperature")
    axis_of_kind(scan, "magnetic field")
    numbers_needed(scan.attrs["units"])
    if len(scans.sweeps(scan)) < 2:
        raise ScanError(
            "the derivative over temperature and the integral over field need two sweeps or more; this scan "
            "has one: open its sweeps together as one scan"
        )


def _few_fields(scan) -> list[float]:
    """At most seven of the measured fields, the highest among them, so that their curves can be told apart."""
    values = measured_fields(scan)
    step = max(1, -(-len(values) // 7))
    return [float(f"{value:g}") for value in values[::-1][::step][::-1]]


def _per(given) -> str | None:
    return None if given.get("per", _BY_ITSELF) == _BY_ITSELF else given["per"]


_PARAMETERS = (
    Parameter(
        "per",
        "Result",
        "choice",
        _BY_ITSELF,
        choices=_PER,
        words={name: f"per {name}" for name in _PER[1:]},
        explanation="What the result is counted by; by itself: per mass where it is known, else as measured",
    ),
    Parameter(
        "start",
        "Integral from",
        "choice",
        _STARTS[0],
        choices=_STARTS,
        words={_STARTS[0]: "the lowest measured field", _STARTS[1]: "zero field, with M = 0 there"},
        explanation="Where the integral over the field starts",
    ),
    Parameter(
        "fields",
        "Final fields",
        "numbers",
        _few_fields,
        unit=lambda scan: scan[axis_of_kind(scan, "magnetic field")].attrs["units"],
        explanation="The fields the entropy change is shown and its figures are read at: a list or a range",
    ),
    *sample_parameters(_per),
    Parameter(
        "second",
        "Second scan",
        "scan",
        optional=True,
        further=True,
        fits=lambda scan, own: reason_of(fits, scan) is None,
        explanation="A second measurement, to be shown beside the first",
    ),
    *sample_parameters(_per, "second"),
    Parameter(
        "direction",
        "Branches",
        "choice",
        _BRANCHES[0],
        choices=_BRANCHES,
        further=True,
        explanation="Sweeps that go up and down are two branches, which are never mixed",
    ),
    Parameter(
        "points",
        "Derivative over",
        "choice",
        "3",
        choices=("3", "5", "7", "9"),
        words={count: f"{count} points" for count in "3579"},
        further=True,
        explanation="Width of the derivative of measured sweeps: more points, less noise, rounder peaks",
    ),
    Parameter(
        "exponents",
        "Arrott plot of",
        "choice",
        "mean field",
        choices=tuple(_EXPONENTS),
        words={name: f"{name} (β {beta:g}, γ {gamma:g})" for name, (beta, gamma) in _EXPONENTS.items()},
        further=True,
        explanation="Critical exponents of the Arrott plot",
    ),
)


@analysis(
    "entropy_change",
    "Entropy change",
    "Magnetism",
    parameters=_PARAMETERS,
    refuses=fits,
    place=10,
    further="Second scan, settings",
    source="V. K. Pecharsky and K. A. Gschneidner, J. Magn. Magn. Mater. 200, 44 (1999)",
)
def entropy_change(
    source, *, per, start, fields, second, direction, points, exponents, on_progress, stop_event, cache, **numbers
) -> Findings:
    """The isothermal entropy change by the Maxwell relation, of the sweeps, the twin and a second measurement.

    dS(T, H) = mu0 integral of dM/dT over H, with its figures of merit (peak, width, RCP, RC, TEC), the field exponent
    n(T, H) and the Arrott plot.
    """
    settings = EntropySettings(
        np.asarray(fields, float),
        _per({"per": per}),
        start == _STARTS[1],
        None if direction == _BRANCHES[0] else direction,
        int(points),
        *_EXPONENTS[exponents],
    )
    sources = [source, *([second] if second is not None else [])]
    samples = [sample_given(one.scan, numbers, which) for one, which in zip(sources, ("", "second"), strict=False)]
    result = calculate(sources, samples, settings, stop=stop_event)
    return Findings(
        _figures(result),
        {one.key: one.scan for view in VIEWS for one in maps_of(result, view)},
        [*result.refused, *(f"{side.name}: {note}." for side in result.sides for note in side.notes)],
        plots={view: draw(result) for view, draw in VIEWS.items()},
        tables={"Table of figures": Table(*table_of(result), figure_rows(result))},
        maps={view: maps_of(result, view) for view in VIEWS},
        result=result,
    )


def _figures(result: EntropyResult) -> list:
    """The peak of every side at the highest field."""
    unit = units.pretty(result.field_unit)
    found = []
    for side in result.sides:
        if side.figures:
            top = max(side.figures, key=lambda one: abs(one.field))
            found += [
                (f"Peak to {top.field:g} {unit}, {side.name}", top.peak),
                (f"at the temperature, {side.name}", top.peak_temperature),
            ]
    return found
