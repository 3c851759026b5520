"""Where along an axis the behaviour changes, without labels."""

from __future__ import annotations

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.analyses.pattern_views import boundary_map, boundary_paths, boundary_plot, boundary_table
from napari_scantwin.core import branches
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.findings import DerivedMap, Findings
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.patterns.boundaries import DIRECTION, METHODS
from napari_scantwin.patterns.boundaries import boundary as find_boundary

__all__ = ["boundary", "every", "likely_axis"]

_NONE, _PROPOSED = "none", "as proposed"
_ORDERED = ("temperature", "magnetic_field", "pressure", "time", "delay", "photon_energy", "composition")


def _fits(scan) -> None:
    if not scans.axes(scan):
        raise ScanError("a boundary needs an axis")


def likely_axis(scan) -> str:
    """The axis a boundary most likely lies along: a temperature or a field before an angle or an energy."""
    names = scans.axes(scan)
    if not scans.is_gridded(scan):
        return names[-1]
    return next((name for name in _ORDERED if name in names), names[0])


def every(scan, given) -> list[str]:
    """For what each a boundary may be looked for: as proposed, nothing, another axis, a direction."""
    others = [name for name in scans.axes(scan) if name != given.get("along")]
    return [_PROPOSED, _NONE, *others, *([] if scans.is_gridded(scan) else [DIRECTION])]


def _likely_each(scan, given) -> str:
    others = [name for name in scans.axes(scan) if name != given.get("along")]
    single = scans.is_gridded(scan) and len(scans.axes(scan)) > 2
    return others[0] if others and not single and _is_other(scan, others[0]) else _NONE


def _is_other(scan, name) -> bool:
    """Whether a second axis is another parameter rather than the channels of a spectrum."""
    return not scans.is_gridded(scan) or name in _ORDERED


@analysis(
    "boundary",
    "Boundary",
    "Patterns",
    parameters=(
        Parameter("along", "Along", "axis", likely_axis, explanation="The ordered axis"),
        Parameter(
            "each",
            "For each",
            "choice",
            _PROPOSED,
            choices=every,
            explanation="A boundary for every value of this axis by itself; all others are fitted jointly",
        ),
        Parameter(
            "method",
            "Method",
            "choice",
            METHODS[0],
            choices=METHODS,
            explanation="Change point by default; learning by confusion and regression as published",
        ),
        Parameter(
            "gain",
            "One count is",
            "number",
            optional=True,
            minimum=0,
            unit_of="value",
            further=True,
            explanation="What one count adds to a value; the scan's errors or measured by default",
        ),
        Parameter(
            "seeds", "Networks", "integer", 5, minimum=1, maximum=50, further=True, explanation="Of the learned methods"
        ),
    ),
    refuses=_fits,
    place=61,
    uses_twin=False,
)
def boundary(source, *, along, each, method, gain, seeds, on_progress, stop_event, cache) -> Findings:
    """Where along an axis the behaviour changes, or that a smooth change fits as well.

    Every boundary has its interval; one where the acquisition itself changed is said to be suspect.
    """
    scan = source.scan
    each = _likely_each(scan, {"along": along}) if each == _PROPOSED else each
    branch = None
    if not scans.is_gridded(scan) and each != DIRECTION and branches.BRANCH not in scan.attrs:
        marked = branches.marked(scan)
        if names := branches.names(marked):
            scan, branch = marked, names[0]
    found = find_boundary(
        scan,
        along,
        None if each == _NONE else each,
        method,
        gain=gain,
        branch=branch,
        seeds=seeds,
        stop=stop_event,
        on_progress=on_progress,
    )
    notes = [*found.sentences(), *found.notes]
    if branch is not None:
        notes.insert(0, f"of the branch {branch}; the others are not mixed in")
    curve = found.curve
    derived = {"what speaks for it": curve}
    if found.each is not None and found.each != DIRECTION:
        derived = {"line of the boundary": found.line} | derived
    maps: dict = {}
    if (points := boundary_map(found)) is not None:
        of_line = DerivedMap("boundary line", "boundary", points, color="#ffffff", paths=boundary_paths(found))
        marks = DerivedMap("boundary", "boundary", points, points=True, color="#ffffff", size=2.0)
        maps = {"": [of_line, marks] if len(scans.axes(scan)) == 2 else [of_line]}
    figures = []
    for one in found.results:
        label = "boundary" if one.value is None else f"boundary at {one.value}"
        figures.append((label, Quantity(one.at, (one.high - one.low) / 4, found.unit)))
    plots = {"Boundary": boundary_plot(found)}
    if len(found.results) > 1:
        strongest = max(range(len(found.results)), key=lambda k: float(found.results[k].curve.max()))
        plots["What speaks for it"] = boundary_plot(found, strongest)
    return Findings(
        figures,
        derived,
        [f"{one[0].upper()}{one[1:]}." for one in notes],
        plots=plots,
        tables={"Boundary": boundary_table(found)},
        maps=maps,
        result=found,
    )
