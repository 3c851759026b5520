"""The registry of analyses: functions from a measurement to findings that describe themselves.

An analysis is written as a function in a module of this folder and registered by a decorator that says what a form
needs; nothing else has to know of it::

    @analysis("peak_value", "Peak value", "Any scan", parameters=(Parameter("along", "Along", "axis"), ...))
    def peak_value(source, *, along, on_progress, stop_event, cache) -> Findings: ...

It is offered by the window, by ``scantwin analyse peak-value scan.nc`` and by
``napari_scantwin.analyse("peak_value", scan)``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import xarray as xr

from napari_scantwin.core import branches
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.findings import Findings, Plot
from napari_scantwin.operations.operation import Operation
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.source import Source

__all__ = ["ANALYSES", "FIT", "Analysis", "analyse", "analysis", "as_source"]

#: The group of the fits of curves, which the window offers among the processing steps.
FIT = "Fit"


@dataclass(frozen=True)
class Analysis(Operation):
    """An :class:`Operation` from a measurement to :class:`Findings`.

    Parameters
    ----------
    uses_twin
        Whether the twin's own answer stands beside that of the sweeps, so that a new twin makes it stale.
    place
        Where it stands in a list; those alike are listed by title.
    further
        What a form calls the settings it folds away.
    waits
        A sentence by (source, parameters) that says why a window starts it only when asked, or None.
    data
        A plot by (source, parameters by keyword) of what it would work on, to choose a window on it before it is run;
        None where there is none.
    """

    uses_twin: bool = True
    place: int = 50
    further: str = "Further settings"
    waits: Callable[[Source, dict[str, Any]], str | None] | None = field(default=None, repr=False)
    data: Callable[..., Plot] | None = field(default=None, repr=False)

    def __call__(
        self,
        given: Any,
        *,
        on_progress: Callable[[float], None] | None = None,
        stop_event: threading.Event | None = None,
        cache: MutableMapping | None = None,
        branch: str | None = None,
        **parameters: Any,
    ) -> Findings:
        """Run the analysis and return what it finds.

        Given a twin of a scan with branches it works on one of them, sweeps and twin alike, and says which.

        Parameters
        ----------
        given
            A :class:`Source`, a scan, a twin, or the path of either.
        on_progress
            Called with the fraction that is done.
        stop_event
            Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
        cache
            Keeps, from call to call on the same scan, what does not change with the parameters.
        branch
            The branch; by default the one the twin shows, and without a twin all that is in the scan. An analysis that
            has a parameter of this name (the branch of a calibration curve) takes it as that.
        parameters
            By name; numbers as text with their unit where they have another than the parameter's own.

        Returns
        -------
        Findings
            Figures with errors, curves, maps as scans, tables and notes.

        Raises
        ------
        ScanError
            Where the scan does not fit, it has no such branch, or a parameter is wrong.
        Cancelled
            Where ``stop_event`` was set.
        """
        if branch is not None and any(one.name == "branch" for one in self.parameters):
            parameters["branch"], branch = branch, None
        source = _one_branch(replace(as_source(given), name=""), branch)
        others = {one.name for one in self.parameters if one.kind == "scan"}
        for name in others & parameters.keys():
            if parameters[name] is not None:
                other = _one_branch(as_source(parameters[name]), None)
                parameters[name] = replace(other, name=other.name or other.scan.attrs.get("source") or name)
        decided = self.fitting(source.scan, parameters)
        found = self.run(
            source, on_progress=on_progress, stop_event=stop_event, cache={} if cache is None else cache, **decided
        )
        said = source.scan.attrs.get(branches.BRANCH)
        return _saying(found, str(said)) if said else found


def _one_branch(source: Source, branch: str | None) -> Source:
    """The source as its ``branch`` alone: by default the one its twin shows."""
    scan, twin = source.scan, source.twin
    if getattr(twin, "branches", ()):
        twin = twin.of(branch)
        scan, branch = (scan if branches.names(scan) else twin.whole), twin.branch
    if branch is None or scan.attrs.get(branches.BRANCH) == branch:
        return replace(source, twin=twin)
    return replace(source, scan=branches.of_branch(branches.marked(scan), branch), twin=twin)


def _saying(found: Findings, branch: str) -> Findings:
    """What was found, saying of which branch."""
    told = {branches.BRANCH: branch}
    return replace(
        found,
        notes=[f"Branch: {branch}.", *found.notes],
        scans={title: scan.assign_attrs(told) for title, scan in found.scans.items()},
        tables={
            title: replace(
                one,
                heads=[branches.BRANCH, *one.heads],
                rows=[[branch, *row] for row in one.rows],
                about={**one.about, **told},
            )
            for title, one in found.tables.items()
        },
        plots={
            title: replace(one, words=f"Branch: {branch}. {one.words}") if one.words else one
            for title, one in found.plots.items()
        },
        maps={
            view: [replace(one, scan=one.scan.assign_attrs(told)) for one in maps] for view, maps in found.maps.items()
        },
    )


#: Every analysis by name, in the order of a list.
ANALYSES: dict[str, Analysis] = {}


def analysis(name: str, title: str, group: str, *, parameters: Sequence[Parameter] = (), gridded: bool = False, **more):
    """Register the decorated function ``(source, *, on_progress, stop_event, cache, parameters) -> Findings`` as an
    analysis.

    Parameters
    ----------
    name
        Its name in :data:`ANALYSES` and for scripts, with underscores.
    title, group
        What menus call it, and where they list it.
    parameters
        What it asks for, in the order of a form.
    gridded
        Whether the scan has to lie on a grid.
    more
        Further keywords of :class:`Analysis`.

    Returns
    -------
    Callable
        The decorator; it returns the function as it is.
    """

    def register(run: Callable[..., Findings]):
        one = Analysis(name, title, group, run, tuple(parameters), gridded=gridded, **more)
        listed = sorted([*ANALYSES.values(), one], key=lambda entry: (entry.place, entry.title))
        ANALYSES.clear()
        ANALYSES.update({entry.name: entry for entry in listed})
        return run

    return register


def analyse(name: str, scan: Any, **parameters: Any) -> Findings:
    """Run an analysis on a scan.

    Parameters
    ----------
    name
        One of :data:`ANALYSES`, with hyphens or underscores.
    scan
        A scan, a twin (then its scan and itself), a :class:`Source`, or the path of a file.
    parameters
        Those of the analysis (``ANALYSES[name].parameters``), and ``branch``, ``on_progress``, ``stop_event`` and
        ``cache`` of :class:`Analysis`.

    Returns
    -------
    Findings
        Figures with errors, curves, maps as scans, tables and notes.

    Raises
    ------
    ScanError
        Where there is no such analysis, the scan does not fit, or a parameter is wrong.
    Cancelled
        Where ``stop_event`` was set.
    """
    known = name.replace("-", "_")
    if known not in ANALYSES:
        raise ScanError(f"there is no analysis {name!r}; there are {', '.join(ANALYSES)}")
    return ANALYSES[known](scan, **parameters)


def as_source(given: Any) -> Source:
    """A measurement as a :class:`Source`.

    Parameters
    ----------
    given
        A :class:`Source`, a scan, a twin, or the path of a scan or of a ``.twin`` file.

    Raises
    ------
    ScanError
        Where it is something else, or the file cannot be read.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, str | Path):
        return _opened(Path(given))
    if isinstance(given, xr.DataArray):
        return Source(given)
    if isinstance(getattr(given, "scan", None), xr.DataArray):
        return Source(given.scan, given)
    raise ScanError(f"an analysis needs a scan, a twin or the path of either, not a {type(given).__name__}")


def _opened(path: Path) -> Source:
    if path.suffix.lower() == ".twin":
        from napari_scantwin.twin import Twin

        return replace(as_source(Twin.load(path)), name=path.name)
    from napari_scantwin.readers import read

    return Source(read(path), name=path.name)
