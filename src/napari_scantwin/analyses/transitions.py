"""Transitions of every sweep and of the twin, the phase boundary, and the critical field it gives."""

from __future__ import annotations

from collections.abc import Callable

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.analyses.fit_window import temperature_window
from napari_scantwin.analyses.transition_sides import (
    TransitionSettings,
    TransitionsResult,
    calculate,
    gives_critical_field,
)
from napari_scantwin.analyses.transition_views import (
    as_layer_scan,
    color_of,
    drawn,
    head_of,
    rows_of,
    said,
    table_of,
    window_of,
)
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.set_points import at_set_points
from napari_scantwin.operations.findings import DerivedMap, Findings, Plot, Table
from napari_scantwin.operations.operation import reason_of
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.critical_field import MODELS
from napari_scantwin.physics.transition_curve import CRITERIA

__all__ = ["alike", "critical_field", "fits", "transitions"]

_SHARE = "share of the way"
_BASES = {"as the quantity asks": None, "one for all sweeps": "shared", "each sweep's own": "own"}
_BRANCHES = ("all", "rising", "falling")


def fits(scan) -> None:
    """Raise :class:`ScanError` where a scan has no phase boundary."""
    names = scans.axes(scan)
    if len(names) < 2:
        raise ScanError("a phase boundary needs a slow axis; this scan has one axis only")
    unit = scan[names[-1]].attrs["units"]
    if not any(is_kind(unit, kind) for kind in ("temperature", "magnetic field")):
        raise ScanError(f"its sweeps run along {names[-1].replace('_', ' ')}, not a temperature or a field")


def _fits_critical_field(scan) -> None:
    fits(scan)
    if not gives_critical_field(scan):
        raise ScanError("a critical field needs one axis of magnetic field and one of temperature")
    if not any(units.compatible(scan.attrs["units"], one) for one in ("ohm", "ohm*m", "dimensionless", "emu")):
        raise ScanError(f"it needs a resistance or a moment, and these values are {scans.label(scan)}")


def alike(fits: Callable[[object], object]) -> Callable[[object, object], bool]:
    """A check whether a second scan ``fits`` too and has the same kind of axes, so that both fit in one plot."""

    def check(scan, own) -> bool:
        return (
            reason_of(fits, scan) is None
            and scans.axes(scan) == scans.axes(own)
            and all(units.compatible(scan[name].attrs["units"], own[name].attrs["units"]) for name in scans.axes(own))
        )

    return check


_PARAMETERS = (
    Parameter(
        "criterion",
        "Criterion",
        "choice",
        "50 %",
        choices=(*CRITERIA, _SHARE),
        explanation="Where on its way a sweep counts as passed",
    ),
    Parameter(
        "share",
        "Share",
        "number",
        50,
        minimum=2,
        maximum=98,
        unit="percent",
        slider=True,
        shown=lambda scan, given: given.get("criterion") == _SHARE,
        explanation="Move it, and the boundary over the map follows",
    ),
    Parameter(
        "second",
        "Second scan",
        "scan",
        optional=True,
        further=True,
        fits=alike(fits),
        explanation="A second measurement, to be shown beside the first",
    ),
    Parameter(
        "base",
        "Low state",
        "choice",
        next(iter(_BASES)),
        choices=tuple(_BASES),
        further=True,
        explanation="The low state: zero resistance, or the instrument's offset",
    ),
    Parameter(
        "direction",
        "Branches",
        "choice",
        _BRANCHES[0],
        choices=_BRANCHES,
        further=True,
        explanation="Warming and cooling are read by themselves, never averaged",
    ),
)


@analysis(
    "transitions",
    "Transitions",
    "Phase boundaries",
    parameters=_PARAMETERS,
    refuses=fits,
    place=20,
    further="Second scan, settings",
)
def transitions(source, *, on_progress, stop_event, cache, **given) -> Findings:
    """Where every sweep, and the twin between them, passes from its low to its normal state, by several criteria."""
    return _found(source, None, stop=stop_event, cache=cache, **given)


@analysis(
    "critical_field",
    "Critical field",
    "Phase boundaries",
    parameters=(
        Parameter("model", "Model", "choice", next(iter(MODELS)), choices=tuple(MODELS), explanation="Of Hc2(T)"),
        *_PARAMETERS,
        *temperature_window("the model"),
    ),
    refuses=_fits_critical_field,
    place=25,
    further="Second scan, settings",
    source="N. R. Werthamer, E. Helfand and P. C. Hohenberg, Phys. Rev. 147, 295 (1966)",
)
def critical_field(source, *, model, start, stop, on_progress, stop_event, cache, **given) -> Findings:
    """The upper critical field at zero temperature, Tc, slope and coherence length, fitted to the phase boundary."""
    return _found(source, model, (start, stop), stop=stop_event, cache=cache, **given)


def _found(source, model, window=(None, None), *, criterion, share, second, base, direction, stop, cache) -> Findings:
    settings = TransitionSettings(
        share / 100 if criterion == _SHARE else criterion,
        _BASES[base],
        None if direction == _BRANCHES[0] else direction,
        model,
        window,
    )
    sources = [source, *([second] if second is not None else [])]
    result = calculate(sources, settings, cache, stop=stop)
    plot = drawn(result)
    words = said(result)
    return Findings(
        _figures(result),
        _scans(result),
        words.splitlines(),
        plots={"Phase boundary": Plot(*plot, words, window=window_of(result))},
        tables={"Table": Table(*table_of(result), rows_of(result))},
        maps={"": _boundary_maps(result)},
        result=result,
    )


def _figures(result: TransitionsResult) -> list:
    """The fitted critical field, or the transition of every sweep by the chosen criterion."""
    found = []
    for side in result.sides:
        fit = side.fits.get(result.settings.model or "")
        if fit is not None:
            found += [
                (f"µ₀Hc2(0), {side.name}", fit.critical_field),
                (f"Tc, {side.name}", fit.critical_temperature),
                (f"slope at Tc, {side.name}", fit.slope),
                (f"coherence length, {side.name}", fit.coherence_length),
            ]
        elif result.settings.model is None:
            for one in side.sweeps:
                place = at_set_points(result.scan, one.slow)
                found.append(
                    (f"{head_of(result.settings.criterion)}, {side.name} at {place}", one.at[result.settings.criterion])
                )
    return found


def _scans(result: TransitionsResult) -> dict:
    found = {}
    for side in result.sides:
        found[f"boundary of {side.name}"] = side.boundary
        fit = side.fits.get(result.settings.model or "")
        if fit is not None:
            found[f"{result.settings.model} curve of {side.name}"] = fit.curve
    return found


def _boundary_maps(result: TransitionsResult) -> list[DerivedMap]:
    """The boundaries of the chosen scan, to be drawn over its map, the sweeps' above the twin's."""
    maps = []
    for side in result.sides:
        if side.second:
            continue
        key, size = ("boundary of the twin", 1.3) if side.twin else ("boundary of the sweeps", 2.6)
        maps.append(
            DerivedMap(
                key,
                f"{head_of(result.settings.criterion)} transition ({side.name})",
                as_layer_scan(result.scan, side.boundary),
                points=True,
                color="white" if side.twin else color_of(side),
                size=size,
            )
        )
    return maps[::-1]
