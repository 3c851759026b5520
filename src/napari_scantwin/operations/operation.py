"""Operations that describe themselves to a form: a step from scan to scan, an analysis from scan to figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import axes_of
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter, in_running_text

__all__ = ["Operation", "reason_of"]


def reason_of(check: Callable[..., object], *arguments: Any) -> str | None:
    """The sentence with which ``check(*arguments)`` refuses; None where it does not."""
    try:
        check(*arguments)
    except ScanError as reason:
        return str(reason)
    return None


@dataclass(frozen=True)
class Operation:
    """What can be done to a scan, described for forms, command lines and scripts.

    Parameters
    ----------
    name
        For scripts and histories.
    title, group
        For menus.
    run
        The bare function; its documentation is the operation's :attr:`explanation`.
    parameters
        What it asks for, in the order of a form.
    needs
        The quantities ("energy", "angle", "momentum") the scan must have an axis of.
    axes, most_axes
        The fewest and the most axes.
    source
        Where the formula comes from.
    unit
        The unit the values must have.
    gridded
        Whether the scan has to lie on a grid.
    refuses
        Raises :class:`ScanError` where a scan does not fit; it looks at axes and units only.
    """

    name: str
    title: str
    group: str
    run: Callable[..., Any] = field(repr=False)
    parameters: tuple[Parameter, ...] = ()
    needs: tuple[str, ...] = ()
    axes: int = 1
    source: str = ""
    most_axes: int | None = None
    unit: str | None = None
    gridded: bool = True
    refuses: Callable[[xr.DataArray], object] | None = field(default=None, repr=False)

    @property
    def explanation(self) -> str:
        """What it does: the function's documentation."""
        return (self.run.__doc__ or "").strip()

    def why_not(self, scan: xr.DataArray) -> str | None:
        """Why this does not fit the scan, in a sentence; None where it does."""
        what = in_running_text(self.title)
        if self.gridded and not scans.is_gridded(scan):
            return (
                f"{what} needs a gridded scan, and every sweep of this one has its own values of "
                f"{scans.axes(scan)[-1]}; simulate it on a grid first"
            )
        for quantity in self.needs:
            if not axes_of(scan, quantity):
                has = ", ".join(scans.axis_label(scan, name) for name in scans.axes(scan))
                return f"{what} needs an axis of {quantity}; this scan's axes are {has}"
        if len(scans.axes(scan)) < self.axes:
            return f"{what} needs {self.axes} axes or more; this scan has {len(scans.axes(scan))}"
        if self.most_axes is not None and len(scans.axes(scan)) > self.most_axes:
            return (
                f"{what} needs a scan of {self.most_axes} axes; this one has {len(scans.axes(scan))}: "
                "take a slice of it"
            )
        if self.unit is not None and units.standard(scan.attrs["units"]) != self.unit:
            has = scan.attrs["units"] or "pure numbers"
            return f"{what} needs values of unit {self.unit}, and these are in {has}"
        for one in self.parameters:
            if one.kind in ("axis", "coordinate") and not one.optional and not one.choices_in(scan):
                there = "axis for it" if one.kind == "axis" else "further read-back along one of its axes"
                return f"{what} asks for {in_running_text(one.title)!r}, and this scan has no {there}"
        return None if self.refuses is None else reason_of(self.refuses, scan)

    def checked(self, scan: xr.DataArray, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter as the function takes it, defaults filled in.

        Parameters
        ----------
        scan
            The scan it is for.
        given
            Parameters by name; None, or one that is left out, stands for the default.

        Returns
        -------
        dict
            All parameters by name; None for one that has no meaning here.

        Raises
        ------
        ScanError
            Where there is no such parameter, or one will not do.
        """
        known = {one.name for one in self.parameters}
        for name in given:
            if name not in known:
                raise ScanError(
                    f"{in_running_text(self.title)} has no parameter {name!r}; it has {', '.join(sorted(known))}"
                )
        decided: dict[str, Any] = {}
        for one in self.parameters:
            if given.get(one.name) is None and not one.is_shown(scan, decided):
                decided[one.name] = None  # it has no meaning here
                continue
            decided[one.name] = one.checked(scan, given.get(one.name), decided)
        return decided

    def fitting(self, scan: xr.DataArray, given: Mapping[str, Any]) -> dict[str, Any]:
        """:meth:`checked` after :meth:`why_not`.

        Parameters
        ----------
        scan
            The scan it is for.
        given
            Parameters by name.

        Returns
        -------
        dict
            All parameters by name, as :meth:`checked` gives them.

        Raises
        ------
        ScanError
            Where the scan does not fit, or a parameter will not do.
        """
        scans.check(scan)
        reason = self.why_not(scan)
        if reason:
            raise ScanError(reason)
        return self.checked(scan, given)
