"""A parameter described well enough for a form and a command line: kind, unit, default, range, choices, checking."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pint
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import axes_of, coordinates_of
from napari_scantwin.core.axis_values import parse_values, parts_of_list
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.core.typed import leading_number

__all__ = ["KINDS", "OTHER_AXIS", "Parameter", "in_running_text"]

#: Stands for the axis of a cut that the parameter ``along`` does not name.
OTHER_AXIS = "other axis"

#: What a form shows for each: a field, a field for a whole number, a list, a list of the scan's axes, a list of the
#: scan's further coordinates, a line of numbers (a list, or a range), a tick box, a line of text, a file to be chosen,
#: a list of the other scans that are open.
KINDS = ("number", "integer", "choice", "axis", "coordinate", "numbers", "flag", "text", "file", "scan")


#: A number with a unit behind it.
_HAS_UNIT = re.compile(r"[-+−]?[\d.,]+(?:[eE][-+]?\d+)?\s*[^\W\d_][^:#]*$")
_FLAGS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


def in_running_text(title: str) -> str:
    """A title within a sentence: its first word small, unless that is an abbreviation or a symbol."""
    first = title.split(" ")[0]
    return title[:1].lower() + title[1:] if first[1:].isalpha() and first[1:].islower() else title


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation.

    Parameters
    ----------
    name
        The keyword argument, and the option on the command line.
    title
        What a form writes beside it.
    kind
        One of :data:`KINDS`.
    default
        A value, or a function of the scan (of the scan and the axis, for a number with ``unit_of``; of the scan and
        the parameters decided before, where ``by_others``). Where it is None and ``optional`` the parameter may be
        left empty; where it is None and not ``optional`` it must be given.
    unit, unit_of
        The unit of a number (or a function of the scan that gives it), or the axis parameter whose unit it has instead
        (``"value"``: the unit of the scan's values; :data:`OTHER_AXIS`: that of the axis of a cut that ``along`` is
        not).
    minimum, maximum, above
        Bounds of a number; ``above`` excludes the minimum itself.
    choices
        A choice's texts, or a function of (scan, parameters decided before) that lists them.
    words
        What a form calls a choice, where not by itself.
    quantity
        Limits an axis to "energy", "angle" or "momentum".
    optional
        Whether it may be left empty.
    explanation
        A sentence for a tool tip and the command's help.
    example
        What an empty line of text shows in grey.
    by_others
        Whether ``default`` depends on the parameters decided before this one.
    shown
        Whether a form asks for it, by (scan, parameters decided before); always, where None.
    further
        Whether a form folds it away among further settings.
    slider
        Whether a form shows a number between two bounds as a slider.
    ends
        The name of the parameter before it that begins the range which this one ends: a form puts both in one row.
    belongs_to
        The scan whose sample it describes, so that a window keeps it with that scan: ``"scan"`` for the chosen one,
        or the name of a parameter of kind "scan".
    fits
        Of kind "scan": whether a scan (first) may be chosen beside the one at hand (second); any may, where None.
    """

    name: str
    title: str
    kind: str = "number"
    default: Any = None
    unit: str | Callable[[xr.DataArray], str] | None = None
    unit_of: str | None = None
    minimum: float = -math.inf
    maximum: float = math.inf
    above: bool = False
    choices: tuple[str, ...] | Callable[[xr.DataArray, Mapping[str, Any]], Sequence[str]] = ()
    quantity: str | None = None
    optional: bool = False
    explanation: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    by_others: bool = False
    shown: Callable[[xr.DataArray, Mapping[str, Any]], bool] | None = None
    further: bool = False
    slider: bool = False
    ends: str = ""
    belongs_to: str = ""
    fits: Callable[[xr.DataArray, xr.DataArray], bool] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of parameter")

    def default_in(self, scan: xr.DataArray, given: Mapping[str, Any]) -> Any:
        """The default for this scan and the parameters decided before it; None where there is none."""
        if not callable(self.default):
            return self.default
        if self.by_others:
            return self.default(scan, given)
        if self.unit_of is not None and self.unit_of in given:  # an axis parameter
            return self.default(scan, given[self.unit_of])
        return self.default(scan)

    def choices_in(self, scan: xr.DataArray, given: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """What may be chosen for this scan: texts, axes or coordinates; empty for numbers."""
        if self.kind == "axis":
            return axes_of(scan, self.quantity)
        if self.kind == "coordinate":
            return coordinates_of(scan)
        return tuple(self.choices(scan, given or {})) if callable(self.choices) else self.choices

    def is_shown(self, scan: xr.DataArray, given: Mapping[str, Any]) -> bool:
        """Whether it has a meaning for this scan and the parameters decided before it."""
        return self.shown is None or bool(self.shown(scan, given))

    def unit_in(self, scan: xr.DataArray, given: Mapping[str, Any]) -> str:
        """The unit of a number, where ``given`` holds the parameters decided before it; "" for a pure number."""
        if self.unit_of == "value":
            return scan.attrs["units"]
        if self.unit_of is not None:
            axis = given.get(self.unit_of)
            if self.unit_of == OTHER_AXIS:
                axis = next((one for one in axes_of(scan) if one != given.get("along")), None)
            return scan[axis].attrs["units"] if axis else ""
        unit = self.unit(scan) if callable(self.unit) else self.unit
        return units.standard(unit) if unit else ""

    def checked(self, scan: xr.DataArray, value: Any, given: Mapping[str, Any]) -> Any:
        """A value as the operation's function takes it.

        Parameters
        ----------
        scan
            The scan it is for.
        value
            The value, or None for the default. A number may come as text with a unit (``"20 meV"``); it is converted to
            the parameter's own.
        given
            The parameters decided before it, by name.

        Returns
        -------
        object
            The value; None where the parameter is optional and left empty.

        Raises
        ------
        WrongParameter
            Where it will not do.
        """
        try:
            return self._checked(scan, value, given)
        except WrongParameter:
            raise
        except ScanError as reason:
            raise WrongParameter(str(reason), self.name) from None

    def _checked(self, scan: xr.DataArray, value: Any, given: Mapping[str, Any]) -> Any:
        if value is None:
            value = self.default_in(scan, given)
        if value is None:
            if self.optional:
                return None
            missing = f"{in_running_text(self.title)} is missing"
            raise WrongParameter(
                f"{missing}; give {self.name}={self._example(scan, given)}", self.name, f"{missing}; {self._asked()}"
            )
        if self.kind in ("text", "file"):
            return str(value).strip() or None
        if self.kind == "scan":
            return value
        if self.kind == "flag":
            if isinstance(value, str) and value.lower() in _FLAGS:
                return _FLAGS[value.lower()]
            if isinstance(value, (bool, np.bool_)):
                return bool(value)
            raise ScanError(f"{in_running_text(self.title)} is yes or no (True or False), not {value!r}")
        if self.kind in ("choice", "axis", "coordinate"):
            allowed = self.choices_in(scan, given)
            if value not in allowed:
                listed = ", ".join(allowed) or "none in this scan"
                raise ScanError(f"{in_running_text(self.title)} is one of: {listed}; not {value!r}")
            return str(value)
        if self.kind == "numbers":
            if isinstance(value, str):
                value = _listed(value, in_running_text(self.title))
            if isinstance(value, str) or not isinstance(value, (Sequence, np.ndarray)) or len(value) == 0:
                raise ScanError(f"{in_running_text(self.title)} is a list of numbers, not {value!r}")
            return [self._number(scan, one, given) for one in value]
        number = self._number(scan, value, given)
        if self.kind == "integer":
            if number != round(number):
                raise ScanError(f"{in_running_text(self.title)} is a whole number, not {value!r}")
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
                f"{in_running_text(self.title)} is a number such as {self._example(scan, given)}, not {value!r}"
            ) from None
        low = number <= self.minimum if self.above else number < self.minimum
        if not math.isfinite(number) or low or number > self.maximum:
            limits = [f"{'above' if self.above else 'at least'} {self.minimum:g}"] if self.minimum > -math.inf else []
            limits += [f"at most {self.maximum:g}"] if self.maximum < math.inf else []
            allowed = " and ".join(limits) or "a finite number"
            shown = units.pretty(unit) if unit else ""
            raise ScanError(f"{in_running_text(self.title)} must be {allowed} {shown}".rstrip() + f", not {value}")
        return number

    def _asked(self) -> str:
        """What to do in a form that has nothing for it."""
        if self.kind == "scan":
            return "open a second scan and choose it"
        if self.kind == "file":
            return "choose a file"
        return "choose one" if self.kind in ("choice", "axis", "coordinate") else "type it"

    def _example(self, scan: xr.DataArray, given: Mapping[str, Any]) -> str:
        allowed = self.choices_in(scan, given)
        if allowed:
            return repr(allowed[0])
        if self.kind in ("text", "file", "scan"):
            return repr(self.example) if self.example else f"a {self.kind}"
        unit = self.unit_in(scan, given)
        number = 2 if self.kind == "integer" else max(self.minimum, 0.0) or 1.0
        return f"'{number:g} {units.pretty(unit)}'" if unit else f"{number:g}"


def _listed(text: str, what: str) -> Sequence[str | float]:
    """The numbers of a list or a range; those of a list may have units of their own."""
    parts = parts_of_list(text)
    if parts and all(_HAS_UNIT.match(part) for part in parts):
        return parts
    return list(parse_values(text, what))


def _with_unit(text: str, unit: str) -> float:
    """``"20 meV"`` as a number of ``unit``; a number without a unit is already in it."""
    number, own = leading_number(text)
    return float(units.convert(number, own, unit or "dimensionless")) if own else number
