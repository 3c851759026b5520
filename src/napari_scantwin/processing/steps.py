"""The registry of processing steps: pure functions from scan to scan that describe themselves and keep a history.

A step is written as a function and registered by a decorator that says what a form needs::

    @step("smooth", "Smooth", "Filter", parameters=(Parameter("axis", "Along", "axis"), ...))
    def smooth(scan, *, axis, fwhm): ...

and called by name with :func:`apply` or as the function, which is the same: parameters are checked and converted, the
scan given is left as it was, and the result's ``attrs["processing"]`` (a JSON list, which every file format keeps)
says what was done. :func:`replay` does it again on any scan; :func:`undone` does all but the last.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.operation import Operation
from napari_scantwin.operations.parameters import Parameter

__all__ = [
    "GROUPS",
    "HISTORY",
    "STEPS",
    "Step",
    "apply",
    "describe",
    "history",
    "replay",
    "step",
    "steps_for",
    "undone",
]

#: So many numbers of a list are shown; of more, how many there are.
_MOST_SHOWN = 4
#: The attribute that holds the history.
HISTORY = "processing"


class Step(Operation):
    """A pure function from scan to scan that checks its parameters and records itself in the result's history."""

    def __call__(self, scan: xr.DataArray, **given: Any) -> xr.DataArray:
        """The scan after this step.

        Parameters
        ----------
        scan
            The scan; it is left as it was.
        given
            The step's parameters by name; those left out take their defaults, and texts with a unit (``"20 meV"``) are
            converted to the parameter's own.

        Returns
        -------
        xarray.DataArray
            The new scan, with this step at the end of its history.

        Raises
        ------
        ScanError
            Where the step does not fit the scan, or a parameter is wrong.
        """
        decided = self.fitting(scan, given)
        done = self.run(scan, **decided)
        entry = {"step": self.name, "parameters": {key: value for key, value in decided.items() if value is not None}}
        used = {one.name: one.unit_in(scan, decided) for one in self.parameters if one.kind in ("number", "numbers")}
        entry["units"] = {name: unit for name, unit in used.items() if unit and decided[name] is not None}
        done = done.assign_attrs({HISTORY: json.dumps([*history(scan), entry])})
        return scans.check(done)


#: Every step by name.
STEPS: dict[str, Step] = {}
#: The groups of steps in the order they are usually taken.
GROUPS = ("Select", "Normalise", "Background", "Energy", "Momentum", "Filter", "Sharpen")


def step(
    name: str,
    title: str,
    group: str,
    *,
    parameters: Sequence[Parameter] = (),
    needs: Sequence[str] = (),
    axes: int = 1,
    source: str = "",
    unit: str | None = None,
    gridded: bool = True,
    refuses: Callable[[xr.DataArray], object] | None = None,
):
    """Register the decorated function ``(scan, *, parameters) -> scan`` as a step; it then checks and records.

    Parameters
    ----------
    name
        The step's name in :data:`STEPS` and in histories.
    title
        What a form and a menu call it.
    group
        One of :data:`GROUPS`.
    parameters
        Its parameters, in the order of a form.
    needs
        The quantities ("energy", "angle", "momentum") the scan must have an axis of.
    axes
        The fewest axes of a scan it works on.
    source
        Where the formula comes from.
    unit
        The unit the values must have.
    gridded
        Whether the scan has to lie on a grid.
    refuses
        Raises :class:`ScanError` where a scan does not fit.

    Returns
    -------
    Callable
        The decorator; calling the decorated function is calling the :class:`Step`.
    """

    def register(run: Callable[..., xr.DataArray]):
        STEPS[name] = Step(
            name,
            title,
            group,
            run,
            tuple(parameters),
            tuple(needs),
            axes,
            source,
            unit=unit,
            gridded=gridded,
            refuses=refuses,
        )

        @functools.wraps(run)
        def recorded(scan: xr.DataArray, **given: Any) -> xr.DataArray:
            return STEPS[name](scan, **given)

        return recorded

    return register


def apply(scan: xr.DataArray, name: str, **given: Any) -> xr.DataArray:
    """The scan after the step ``name``.

    Parameters
    ----------
    scan
        The scan; it is left as it was.
    name
        One of :data:`STEPS`.
    given
        The step's parameters by name (``STEPS[name].parameters``); those left out take their defaults, and texts with
        units (``"20 meV"``) are converted.

    Returns
    -------
    xarray.DataArray
        The new scan, whose history (:func:`history`) ends with this step.

    Raises
    ------
    ScanError
        Where there is no such step, it does not fit the scan, or a parameter is wrong.
    """
    if name not in STEPS:
        raise ScanError(f"there is no step {name!r}; there are {', '.join(STEPS)}")
    return STEPS[name](scan, **given)


def steps_for(scan: xr.DataArray) -> list[Step]:
    """The steps that fit a scan, group by group in the order of :data:`GROUPS`."""
    return [one for group in GROUPS for one in STEPS.values() if one.group == group and one.why_not(scan) is None]


def history(scan: xr.DataArray) -> list[dict[str, Any]]:
    """What was done to a scan, from the first step to the last.

    Returns
    -------
    list of dict
        ``{"step", "parameters", "units"}`` of each step; empty for a raw scan.

    Raises
    ------
    ScanError
        Where the scan's attribute is not a history of steps.
    """
    text = scan.attrs.get(HISTORY)
    if not text:
        return []
    try:
        found = json.loads(text)
        if not isinstance(found, list):
            raise TypeError
        for entry in found:
            if not isinstance(entry["step"], str) or not isinstance(entry["parameters"], dict):
                raise TypeError
            if not isinstance(entry.setdefault("units", {}), dict):
                raise TypeError
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        raise ScanError(
            f"the scan's attribute {HISTORY!r} is not a history of steps; remove it to process the scan as it is"
        ) from None
    return found


def replay(scan: xr.DataArray, steps: Sequence[Mapping[str, Any]]) -> xr.DataArray:
    """The scan after every step of a history.

    Parameters
    ----------
    scan
        Any scan the steps fit; it is left as it was.
    steps
        A history, as :func:`history` returns it. Where a scan's units differ from those of the history, the parameters
        are converted.

    Returns
    -------
    xarray.DataArray
        The new scan, with the steps at the end of its history.

    Raises
    ------
    ScanError
        Where a step is not known or does not fit the scan.
    """
    for entry in steps:
        name, given = entry["step"], dict(entry["parameters"])
        for key, unit in entry.get("units", {}).items():
            if key in given:
                value = given[key]
                given[key] = [f"{one!r} {unit}" for one in value] if isinstance(value, list) else f"{value!r} {unit}"
        scan = apply(scan, name, **given)
    return scan


def undone(scan: xr.DataArray, raw: xr.DataArray) -> xr.DataArray:
    """The scan without its last step, computed again from the raw scan.

    Parameters
    ----------
    scan
        The processed scan.
    raw
        The scan it was made from; it may have a history of its own, with which that of ``scan`` begins.

    Returns
    -------
    xarray.DataArray
        ``raw`` after all further steps but the last.

    Raises
    ------
    ScanError
        Where nothing was done to the scan, or it was not made from ``raw``.
    """
    done = history(scan)
    if not done:
        raise ScanError("nothing was done to this scan, so that there is nothing to undo")
    before = history(raw)
    if done[: len(before)] != before or len(before) == len(done):
        raise ScanError("this scan did not begin as the one given; undo it from the scan it was made of")
    return replay(raw, done[len(before) : -1])


def describe(entry: Mapping[str, Any]) -> str:
    """One step of a history as a person reads it: ``"Smooth: along energy, width (FWHM) 0.02 eV"``."""
    known = STEPS.get(entry["step"])
    titles = {one.name: one.title[0].lower() + one.title[1:] for one in known.parameters} if known else {}
    parts = []
    for key, value in entry["parameters"].items():
        unit = units.pretty(entry.get("units", {})[key]) if key in entry.get("units", {}) else ""
        if isinstance(value, list):
            listed = ", ".join(f"{one:.6g}" for one in value)
            shown = listed if len(value) <= _MOST_SHOWN else f"{len(value)} numbers"
        else:
            shown = f"{value:.6g}" if isinstance(value, float) else {True: "yes", False: "no"}.get(value, str(value))
        parts.append(f"{titles.get(key, key)} {shown} {unit}".rstrip())
    title = known.title if known else entry["step"]
    return f"{title}: {', '.join(parts)}" if parts else title
