"""The numbers of a sample that an analysis asks for, only where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.magnetization import numbers_needed

__all__ = ["sample_given", "sample_parameters"]

_TITLES = {"mass": "Mass", "density": "Density", "molar_mass": "Molar mass"}
_EXAMPLES = {"mass": "0.61 mg", "density": "9.1 g/cm3", "molar_mass": "285 g/mol"}


def sample_parameters(
    per: Callable[[Mapping[str, Any]], str | None],
    second: str = "",
    shown: Callable[[Mapping[str, Any]], bool] = lambda given: True,
) -> tuple[Parameter, ...]:
    """Mass, density and molar mass, each asked for where a result needs it.

    Parameters
    ----------
    per
        What the result is counted by, inferred from the parameters decided before: None, "mass", "volume", "mole" or
        "sample".
    second
        The name of the parameter of kind "scan" whose sample it is; empty for the scan at hand.
    shown
        A further condition, by the parameters decided before.

    Returns
    -------
    tuple of Parameter
        One for each of the three numbers.
    """

    def scan_in(scan: xr.DataArray, given: Mapping[str, Any]) -> xr.DataArray | None:
        other = given.get(second) if second else scan
        return other.scan if isinstance(other, Source) else other

    def one(name: str) -> Parameter:
        def needed(scan: xr.DataArray, given: Mapping[str, Any]) -> bool:
            whose = scan_in(scan, given)
            if whose is None or not shown(given):
                return False
            try:
                return name in numbers_needed(whose.attrs["units"], per(given))
            except ScanError:  # no moment at all: the analysis itself says so
                return False

        def known(scan: xr.DataArray, given: Mapping[str, Any]) -> str | None:
            whose = scan_in(scan, given)
            found = None if whose is None else getattr(Sample.of(whose), name)
            return None if found is None else f"{found[0]!r} {units.pretty(found[1])}"

        title = f"Second {_TITLES[name].lower()}" if second else _TITLES[name]
        return Parameter(
            f"{second}_{name}" if second else name,
            title,
            "text",
            known,
            by_others=True,
            optional=True,
            example=f"such as {_EXAMPLES[name]}",
            explanation="A number and its unit, such as " + _EXAMPLES[name],
            shown=needed,
            belongs_to=second or "scan",
        )

    return tuple(one(name) for name in _TITLES)


def sample_given(scan: xr.DataArray, given: Mapping[str, Any], second: str = "") -> Sample:
    """The sample of a scan, from its file and from the parameters.

    Parameters
    ----------
    scan
        The scan.
    given
        The parameters of :func:`sample_parameters` by name, numbers as text with their units.
    second
        As in :func:`sample_parameters`.

    Returns
    -------
    Sample
        Mass, density and molar mass as far as they are known; what is given goes before what the file says.
    """
    prefix = f"{second}_" if second else ""
    told = {name: given.get(prefix + name) for name in _TITLES}
    return Sample.of(scan, **{name: text for name, text in told.items() if text})
