"""What is said of curves in words: ``"kerse2_mh: unit=µB/ion, x-unit=Oe"`` for all curves whose title holds the text
before the colon, ``"0.42K: use=no"``, ``"*: ions=2"`` for all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.core.typed import leading_number, typed_number
from napari_scantwin.crystal_field.curves import DIRECTIONS
from napari_scantwin.crystal_field.measured.data import MEASURED_KINDS, MeasuredCurve
from napari_scantwin.crystal_field.measured.formula import Formula
from napari_scantwin.crystal_field.measured.problem import UsedCurve
from napari_scantwin.physics.magnetization import field_in_tesla

__all__ = ["KEYS", "apply", "energies_in", "used_by_default"]

#: What can be said, with an example.
KEYS = {
    "use": "use=no",
    "kind": "kind=heat_capacity",
    "direction": "direction=c",
    "unit": "unit=emu/mol",
    "x-unit": "x-unit=Oe",
    "temperature": "temperature=2 K",
    "field": "field=0.1 T",
    "mass": "mass=12.3 mg",
    "molar-mass": "molar-mass=364.3 g/mol",
    "formula": "formula=KErSe2",
    "ions": "ions=2",
    "from": "from=4",
    "to": "to=60",
    "error": "error=2 %",
    "group": "group=crystal 2",
}
#: Below this temperature (K) a single ion in a field is a poor model of M(H).
_COLD = 1.8
_ENERGIES = ("meV", "K", "1/cm")
_YES, _NO = ("yes", "true", "1", "on"), ("no", "false", "0", "off")


def used_by_default(curves: Sequence[MeasuredCurve]) -> list[UsedCurve]:
    """Curves as they are used unless told otherwise.

    Not used, which their notes say, are: the heat capacity of a lattice's analogue; magnetizations below 1.8 K where
    there are warmer ones along the same direction, since neighbours there matter as much as the field; a powder's
    susceptibility or magnetization beside those of single directions, whose mean it is.

    Parameters
    ----------
    curves
        The curves, opened together.
    """
    warm = {
        one.direction
        for one in curves
        if one.kind == "magnetization" and one.temperature is not None and one.temperature >= _COLD
    }
    single = {one.kind for one in curves if one.direction == "c"} & {one.kind for one in curves if one.direction == "a"}
    found = []
    for one in curves:
        why = ""
        if one.is_lattice:
            why = "it is the lattice"
        elif one.kind == "magnetization" and one.temperature is not None and one.temperature < _COLD:
            if one.direction in warm:
                why = f"below {_COLD:g} K neighbours matter as much as the field"
        elif one.direction == "powder" and one.kind in single:
            why = "the single directions, whose mean it is, are there"
        said = (*one.notes, f"not used unless it is ticked: {why}") if why else one.notes
        found.append(UsedCurve(replace(one, notes=said), use=not why))
    return found


def apply(curves: Sequence[UsedCurve], words: str) -> list[UsedCurve]:
    """The curves with what words say of some of them.

    Parameters
    ----------
    curves
        The curves.
    words
        ``"WHERE: KEY=VALUE, KEY=VALUE"``; WHERE is a part of the titles that are meant, or ``*``.

    Returns
    -------
    list of UsedCurve
        The curves, in their order.

    Raises
    ------
    ScanError
        Where nothing has such a title, there is no such key, or its value makes no sense.
    """
    where, colon, rest = words.rpartition(":") if "=" in words.rpartition(":")[2] else ("", "", "")
    if not colon or not where.strip():
        raise ScanError(f"{words!r} says not of which curve; write WHERE: KEY=VALUE, such as 'kerse2_mh: unit=µB/ion'")
    where = where.strip()
    said = {}
    for part in re.split(r",\s*(?=[a-z-]+\s*=)", rest.strip()):
        key, equals, value = (one.strip() for one in part.partition("="))
        key = key.replace("_", "-")
        if not equals or key not in KEYS:
            raise ScanError(f"{part!r} is nothing that can be said of a curve; write one of {', '.join(KEYS.values())}")
        said[key] = value
    meant = [where == "*" or where in one.measured.title for one in curves]
    if not any(meant):
        titles = ", ".join(one.measured.title for one in curves)
        raise ScanError(f"no curve has {where!r} in its title; the curves are {titles}")
    return [_with(one, said) if mine else one for one, mine in zip(curves, meant, strict=True)]


def _with(one: UsedCurve, said: dict[str, str]) -> UsedCurve:
    curve, sample, how = one.measured, {}, {}
    for key, value in said.items():
        if key == "use":
            if value.lower() not in (*_YES, *_NO):
                raise ScanError(f"use is yes or no, not {value!r}")
            how["use"] = value.lower() in _YES
        elif key in ("from", "to"):
            how["low" if key == "from" else "high"] = _number(key, value)
        elif key == "error":
            how["relative_error"] = _number(key, value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        elif key == "group":
            how["group"] = value
        elif key in ("mass", "molar-mass"):
            sample[key.replace("-", "_")] = value
        else:
            curve = curve.told(**_told(key, value))
    if sample:
        known = {name: getattr(curve.sample, name) for name in ("mass", "molar_mass", "density")}
        curve = replace(curve, sample=Sample(**(known | sample)))
    return replace(one, measured=curve, **how)


def _told(key: str, value: str) -> dict:
    if key == "kind":
        kind = value.replace(" ", "_").lower()
        if kind not in MEASURED_KINDS:
            raise ScanError(f"a curve is one of {', '.join(MEASURED_KINDS)}, not {value!r}")
        return {"kind": kind}
    if key == "direction":
        if value not in DIRECTIONS:
            raise ScanError(f"a direction is one of {', '.join(DIRECTIONS)}, not {value!r}")
        return {"direction": value}
    if key in ("unit", "x-unit"):
        return {"y_unit" if key == "unit" else "x_unit": units.standard(value)}
    if key == "temperature":
        return {"temperature": _quantity(value, "K")}
    if key == "field":
        return {"field": _quantity(value, "T")}
    if key == "ions":
        return {"ions": _number(key, value)}
    formula = Formula.of(value)
    if formula is None:
        raise ScanError(f"{value!r} is no formula; write it such as KErSe2")
    return {"formula": formula}


def _number(key: str, text: str) -> float:
    try:
        return typed_number(text)
    except ValueError:
        raise ScanError(f"{key} is a number, not {text!r}") from None


def _quantity(text: str, unit: str) -> float:
    try:
        number, its = leading_number(text)
    except ValueError:
        raise ScanError(f"{text!r} is no number with a unit; write it as 2 {unit}") from None
    its = its or unit
    return float(field_in_tesla(number, its) if unit == "T" else units.convert(number, its, unit))


def energies_in(text: str) -> tuple[tuple[float, ...], str]:
    """Level energies in a text such as ``"0.92, 3.5 meV"``.

    Returns
    -------
    energies
        The numbers; none of an empty text.
    unit
        K, meV or 1/cm; meV where none is written.

    Raises
    ------
    ScanError
        Where the text is no list of numbers with a unit of energy behind the last.
    """
    parts = [one.strip() for one in text.replace(";", ",").split(",") if one.strip()]
    if not parts:
        return (), "meV"
    try:
        *numbers, last = parts
        number, unit = leading_number(last)
        found = (*(typed_number(one) for one in numbers), number)
    except ValueError:
        raise ScanError(f"{text.strip()!r} is no list of energies; write it as 0.92, 3.5 meV") from None
    unit = {"cm-1": "1/cm", "cm^-1": "1/cm", "": "meV"}.get(unit, unit)
    if unit not in _ENERGIES:
        raise ScanError(f"{unit!r} is no unit of a level's energy; use {', '.join(_ENERGIES)}")
    return found, unit
