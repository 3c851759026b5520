"""Along which axis a series of files was scanned: from what their metadata say, else from numbers with a unit in
their names, else from whoever opens them (:class:`~napari_scantwin.core.errors.NeedsScannedAxis`)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.errors import NeedsScannedAxis, ScanError
from napari_scantwin.readers.arpes_axes import axis_name

__all__ = ["ScannedAxis", "noted", "proposals", "scanned_axis"]

#: Attributes that turn the sample or the field of view are one axis by name.
_ROTATIONS = ("polar", "tilt", "azimuth", "theta", "phi", "beta", "deflector_x", "deflector_y", "deflection", "alpha")
#: Positions follow what is scanned (the sample moves as it cools), so anything else that changes goes before them.
_POSITIONS = ("x", "y", "z")
#: How much a read-back moves by itself, by unit; what changes less was not scanned.
_JITTER = {"K": 0.5, "eV": 0.02, "deg": 0.02, "mm": 0.01, "µm": 1.0, "ps": 1e-3, "fs": 1.0}
#: Units in a file's name that say what is meant.
_BY_UNIT = {"K": "sample_temperature", "mK": "sample_temperature", "eV": "photon_energy", "deg": "manipulator_angle"}
_BY_UNIT |= {"ps": "delay", "fs": "delay"}
_NUMBER = re.compile(r"((?:(?<![A-Za-z0-9])-)?\d+(?:[.p]\d+)?)([A-Za-zµ]*)")
_SPEC = re.compile(r"^(?:(?P<source>.*?)=)?(?P<name>[^\[\]=]+)\[(?P<unit>[^\[\]]*)\]$")


@dataclass(frozen=True)
class ScannedAxis:
    """The axis along which a series of files was scanned.

    Parameters
    ----------
    name
        The axis's name.
    unit
        Its unit; empty where nothing says it.
    values
        One for each file.
    source
        What says so: a setting, or the number in the files' names.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    source: str = ""


def scanned_axis(parts: Sequence[xr.DataArray], names: Sequence[str], along: str | None = None) -> ScannedAxis:
    """The axis along which a series of files was scanned.

    Parameters
    ----------
    parts
        The scans.
    names
        Their files' names.
    along
        What it is, as ``"SOURCE=name[unit]"``, SOURCE being values (``2, 2.7, 5.4`` or ``2:10:2``), a setting that
        differs, ``number`` for the one in the files' names, or left out for what the name and the unit say. By default
        it is inferred from the metadata, else from numbers with a unit in the names.

    Returns
    -------
    ScannedAxis
        Name, unit and a value for each file.

    Raises
    ------
    NeedsScannedAxis
        Where it has to be given.
    ScanError
        Where what is given does not fit.
    """
    if along is not None:
        return _said(parts, names, along)
    found = [axis for axis in noted(parts) if np.ptp(axis.values) > _JITTER.get(axis.unit, 0)]
    first = [axis for axis in found if axis.name not in _POSITIONS]
    for candidates in (first or found, [axis for axis in _numbered(names) if axis.unit]):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = ", ".join(f"{axis.source} ({_span(axis)})" for axis in candidates)
            raise NeedsScannedAxis(
                f"{names[0]} and {len(names) - 1} more differ in {listed}; say which was scanned, for example "
                f"--along '{candidates[0].source}={candidates[0].name}[{candidates[0].unit}]'",
                names,
                proposals(parts, names),
            )
    raise NeedsScannedAxis(
        f"{names[0]} and {len(names) - 1} more do not say what was scanned from file to file; give a value for each, "
        "for example --along '20, 35, 50=sample_temperature[K]'",
        names,
        proposals(parts, names),
    )


def _span(axis: ScannedAxis) -> str:
    return f"{min(axis.values):.6g} to {max(axis.values):.6g} {axis.unit}".strip()


def noted(parts: Sequence[xr.DataArray]) -> list[ScannedAxis]:
    """The quantities with a unit that the files note and that differ between them."""
    found = []
    for key, value in parts[0].attrs.items():
        unit = parts[0].attrs.get(f"{key}_units")
        if unit is None or not _is_number(value):
            continue
        alike = all(_is_number(part.attrs.get(key)) and part.attrs.get(f"{key}_units") == unit for part in parts)
        values = tuple(float(part.attrs[key]) for part in parts) if alike else ()
        if alike and len(set(values)) > 1:
            found.append(ScannedAxis("manipulator_angle" if key in _ROTATIONS else str(key), unit, values, str(key)))
    return found


def _is_number(value) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and bool(np.isfinite(value))


def proposals(parts: Sequence[xr.DataArray], names: Sequence[str]) -> list[ScannedAxis]:
    """Everything that differs from file to file and could be what was scanned, the likeliest first."""
    return [*noted(parts), *_numbered(names), *_settings(parts)]


def _settings(parts: Sequence[xr.DataArray]) -> list[ScannedAxis]:
    """Settings without a unit that are numbers and differ."""
    kept = [_kept(part) for part in parts]
    found = []
    for key in kept[0]:
        try:
            values = tuple(float(one[key]) for one in kept)
        except (KeyError, TypeError, ValueError):
            continue
        if len(set(values)) > 1 and np.isfinite(values).all():
            found.append(ScannedAxis(axis_name(key), "", values, key))
    return found


def _kept(part: xr.DataArray) -> dict:
    try:
        found = json.loads(part.attrs.get("settings", "{}"))
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _numbered(names: Sequence[str]) -> list[ScannedAxis]:
    """The numbers that differ in names which are otherwise alike, ``cut_12.5K.txt``, with their units."""
    stems = [name.rsplit(".", 1)[0] for name in names]
    if len({_NUMBER.sub(r"#\2", stem) for stem in stems}) > 1:
        return []
    found: list[ScannedAxis] = []
    for column in zip(*(_NUMBER.findall(stem) for stem in stems), strict=True):
        values = tuple(float(number.replace("p", ".")) for number, _ in column)
        unit = column[0][1] if column[0][1] in _BY_UNIT else ""
        if len(set(values)) > 1:
            found.append(ScannedAxis(_BY_UNIT.get(unit, ""), unit, values, f"number {len(found) + 1}"))
    return [replace(found[0], source="number")] if len(found) == 1 else found


def _said(parts: Sequence[xr.DataArray], names: Sequence[str], along: str) -> ScannedAxis:
    found = _SPEC.match(along.strip())
    if found is None:
        raise ScanError(f"{along!r} does not say what was scanned; write it as '20, 35, 50=sample_temperature[K]'")
    name, source = found["name"].strip().replace(" ", "_"), (found["source"] or "").strip()
    unit = units.standard(found["unit"])
    if source:
        match = [axis for axis in proposals(parts, names) if source in (axis.source, axis.name)]
    else:
        match = [axis for axis in noted(parts) if axis.name == name]
        match = match or [axis for axis in _numbered(names) if axis.unit == found["unit"].strip()]
    if match:
        given = np.array(match[0].values)
        return ScannedAxis(name, unit, tuple(units.convert(given, match[0].unit, unit) if match[0].unit else given))
    if not re.match(r"^[\s\d.,;:#eE+-]+$", source):
        offered = ", ".join(dict.fromkeys(axis.source for axis in proposals(parts, names))) or "nothing"
        raise ScanError(f"{source or name!r} is not what differs between {names[0]} and the others; {offered} does")
    values = parse_values(source, name)
    if len(values) != len(parts):
        raise ScanError(f"{len(values)} values of {name} are given for {len(parts)} files; give one for each")
    return ScannedAxis(name, unit, tuple(map(float, values)))
