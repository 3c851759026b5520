"""A step's parameter described well enough for a form: kind, unit, default, range, choices, and its checking."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pint
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import axes_of, coordinates_of
from napari_scantwin.core.errors import ScanError

__all__ = ["KINDS", "OTHER_AXIS", "Parameter"]

#: Stands for the axis of a cut that the parameter ``along`` does not name.
OTHER_AXIS = "other axis"

#: What a form shows for each: a spin box, a spin box of integers, a list, a list of the scan's axes, a list of the
#: scan's further coordinates, a line of numbers, a tick box.
KINDS = ("number", "integer", "choice", "axis", "coordinate", "numbers", "flag")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a step.

    ``name`` is the keyword argument, ``title`` what a form writes beside it, ``kind`` one of :data:`KINDS`.
    ``default`` is a value or a function of the scan (of the scan and the axis for a number with ``unit_of``); where it
    is None and ``optional`` the parameter may be left empty, where it is None and not ``optional`` it must be given.
    ``unit`` is the unit of a number; ``unit_of`` names the axis parameter whose unit it has instead (``"value"``: the
    unit of the scan's values; :data:`OTHER_AXIS`: that of the axis of a cut that ``along`` is not). ``minimum`` and
    ``maximum`` bound a number (``above`` excludes the minimum itself), ``choices`` lists a choice's texts,
    ``quantity`` limits an axis to "energy", "angle" or "momentum". ``explanation`` is a sentence for a tool tip.
    """

    name: str
    title: str
    kind: str = "number"
    default: Any = None
    unit: str | None = None
    unit_of: str | None = None
    minimum: float = -math.inf
    maximum: float = math.inf
    above: bool = False
    choices: tuple[str, ...] = ()
    quantity: str | None = None
    optional: bool = False
    explanation: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of parameter")

    def default_in(self, scan: xr.DataArray, given: Mapping[str, Any]) -> Any:
        """The default for this scan and the parameters decided before it; None where there is none."""
        if not callable(self.default):
            return self.default
        return self.default(scan, given[self.unit_of]) if self.unit_of else self.default(scan)

    def choices_in(self, scan: xr.DataArray) -> tuple[str, ...]:
        """What may be chosen for this scan: texts, axes or coordinates; empty for numbers."""
        if self.kind == "axis":
            return axes_of(scan, self.quantity)
        if self.kind == "coordinate":
            return coordinates_of(scan)
        return self.choices

    def unit_in(self, scan: xr.DataArray, given: Mapping[str, Any]) -> str:
        """The unit of a number, where ``given`` holds the parameters decided before it; "" for a pure number."""
        if self.unit_of == "value":
            return scan.attrs["units"]
        if self.unit_of is not None:
            axis = given.get(self.unit_of)
            if self.unit_of == OTHER_AXIS:
                axis = next((one for one in axes_of(scan) if one != given.get("along")), None)
            return scan[axis].attrs["units"] if axis else ""
        return units.standard(self.unit) if self.unit else ""

    def checked(self, scan: xr.DataArray, value: Any, given: Mapping[str, Any]) -> Any:
        """``value`` as the step's function takes it; :class:`ScanError` where it will not do.

        A number may come as text with a unit (``"20 meV"``); it is converted to the parameter's own.
        """
        if value is None:
            value = self.default_in(scan, given)
        if value is None:
            if self.optional:
                return None
            raise ScanError(f"{self.title.lower()} is missing; give {self.name}={self._example(scan, given)}")
        if self.kind == "flag":
            if isinstance(value, (bool, np.bool_)):
                return bool(value)
            raise ScanError(f"{self.title.lower()} is yes or no (True or False), not {value!r}")
        if self.kind in ("choice", "axis", "coordinate"):
            allowed = self.choices_in(scan)
            if value not in allowed:
                listed = ", ".join(allowed) or "none in this scan"
                raise ScanError(f"{self.title.lower()} is one of: {listed}; not {value!r}")
            return str(value)
        if self.kind == "numbers":
            if isinstance(value, str) or not isinstance(value, (Sequence, np.ndarray)) or len(value) == 0:
                raise ScanError(f"{self.title.lower()} is a list of numbers, not {value!r}")
            return [self._number(scan, one, given) for one in value]
        number = self._number(scan, value, given)
        if self.kind == "integer":
            if number != round(number):
                raise ScanError(f"{self.title.lower()} is a whole number, not {value!r}")
            return round(number)
        return number

    def _number(self, scan: xr.DataArray, value: Any, given: Mapping[str, Any]) -> float:
        unit = self.unit_in(scan, given)
        try:
            number = _with_unit(value, unit) if isinstance(value, str) else float(value)
        except (TypeError, ValueError, pint.errors.PintError) as reason:
            if isinstance(reason, ScanError):
                raise
            raise ScanError(
                f"{self.title.lower()} is a number such as {self._example(scan, given)}, not {value!r}"
            ) from None
        low = number <= self.minimum if self.above else number < self.minimum
        if not math.isfinite(number) or low or number > self.maximum:
            limits = [f"{'above' if self.above else 'at least'} {self.minimum:g}"] if self.minimum > -math.inf else []
            limits += [f"at most {self.maximum:g}"] if self.maximum < math.inf else []
            allowed = " and ".join(limits) or "a finite number"
            shown = units.pretty(unit) if unit else ""
            raise ScanError(f"{self.title.lower()} must be {allowed} {shown}".rstrip() + f", not {value}")
        return number

    def _example(self, scan: xr.DataArray, given: Mapping[str, Any]) -> str:
        allowed = self.choices_in(scan)
        if allowed:
            return repr(allowed[0])
        unit = self.unit_in(scan, given)
        number = 2 if self.kind == "integer" else max(self.minimum, 0.0) or 1.0
        return f"'{number:g} {units.pretty(unit)}'" if unit else f"{number:g}"


def _with_unit(text: str, unit: str) -> float:
    """``"20 meV"`` as a number of ``unit``; a number without a unit is already in it."""
    words = text.strip().split(maxsplit=1)
    number = float(words[0])
    return float(units.convert(number, words[1], unit or "dimensionless")) if len(words) > 1 else number
