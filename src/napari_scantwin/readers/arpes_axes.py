"""What all ARPES formats share: the axes' names, units, order and signs.

Energy is the last (fast) axis, the angle along the slit (the position, where the lens images the sample) the one
before, whatever is scanned comes first; every axis rises. What energies are counted from is read from names
(:mod:`napari_scantwin.core.energies`); binding energies are turned round. An axis of one value becomes an attribute,
its unit another (``manipulator_angle`` and ``manipulator_angle_units``): files that differ in such a one can be joined
along it. Nominal axes are the axes. An intensity whose file names no unit is ``arb``. Settings that mean nothing to the
analysis are kept as JSON text in ``attrs["settings"]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import xarray as xr

from napari_scantwin.core import energies, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.core.notes import with_notes

__all__ = ["analyser_attrs", "arpes_scan", "axis_labels", "axis_name", "rising_scan", "settings_block", "size_words"]

#: Words in a label (lower case, first match wins) and the scan's name for the axis.
_NAMES = (
    (r"non.?energy", "angle"),
    (r"photon|^hv$|excitation", "photon_energy"),
    (r"energ|^e$", "energy"),
    (r"theta ?y|polar|tilt|manipul|deflect|z-scale|^phi$|azimuth|sapolar|satilt", "manipulator_angle"),
    (r"theta ?x|y-scale|angle|slit|theta|^alpha$", "angle"),
    (r"temp", "sample_temperature"),
    (r"delay|pump", "delay"),
    (r"time", "time"),
    (r"^(sample[_ ]?|sa)?x$", "x"),
    (r"^(sample[_ ]?|sa)?y$", "y"),
    (r"^(sample[_ ]?|sa)?z$", "z"),
)


def axis_name(label: str) -> str:
    """The scan's name for an axis that a beamline calls ``label`` (without its unit)."""
    plain = label.strip().lower()
    if "photon" not in plain and energies.notation(label) is not None:
        return "energy"
    for pattern, name in _NAMES:
        if re.search(pattern, plain):
            return name
    return _plain_name(plain)


def arpes_scan(
    file: str,
    values: np.ndarray,
    axes: Sequence[tuple[str, str | None, np.ndarray]],
    *,
    unit: str | None = None,
    said: Sequence[str | None] = (),
    documented: Collection[str] = (),
    attrs: Mapping | None = None,
    along: Mapping[str, tuple[int, str | None, np.ndarray]] | None = None,
    sources: Sequence[str] | None = None,
    value_source: str | None = None,
    measures: str = "photoemission_intensity",
) -> xr.DataArray:
    """The scan of an intensity array and its axes, by the conventions of all ARPES formats.

    Parameters
    ----------
    file
        The file's name, for errors.
    values
        The intensity, numpy or dask, one dimension an axis.
    axes
        (label, unit, coordinates) of each dimension; a unit of None may stand in the label. Axes of one value become
        attributes.
    unit
        The intensity's unit; "arb" by default, and where it is not known.
    said
        What the file says of its energies beside their label, such as the setting ``"Binding"``.
    documented
        As in :func:`napari_scantwin.core.energies.counted`: what the format's energies are where the file says nothing.
    attrs
        Further attributes.
    along
        Further coordinates by name, read-backs of motors, as (position among ``axes``, unit, values).
    sources
        What ``--axis`` calls each axis, for the question where one has no unit; by default :func:`axis_labels`.
    value_source
        What ``--value`` calls the values; None where they need not be named.
    measures
        The scan's name for the values. Where it is another, the file's own labels name the axes, and energies are
        whatever the file calls so.

    Returns
    -------
    xarray.DataArray
        The scan: energy last, the angle along the slit before it, every axis rising.

    Raises
    ------
    NeedsAxes
        Where an axis has no unit, or one that is not known.
    ScanError
        Where an axis does not fit the array, or there is only one value.
    """
    values = values if _read_in_parts(values) else np.asarray(values)
    if values.ndim != len(axes) or any(len(column) != size for (*_, column), size in zip(axes, values.shape)):  # noqa: B905
        raise ScanError(f"{file}: the axes do not fit the array of {' x '.join(map(str, values.shape))} values")
    if values.size == 0:
        raise ScanError(f"{file}: an axis has no values at all; the file is altered: copy it again")
    attrs = dict(attrs or {})
    electrons = measures == "photoemission_intensity"
    named: list[tuple[str, str, np.ndarray]] = []
    kept = []
    for position, (label, axis_unit, column) in enumerate(axes):
        plain, found = units.split_label(label)
        axis_unit = axis_unit or found
        name = axis_name(plain) if electrons else _plain_name(plain)
        if len(column) == 1:
            attrs.setdefault(name, float(column[0]))
            if axis_unit is not None and units.is_known(axis_unit):
                attrs.setdefault(f"{name}_units", units.standard(axis_unit))
            continue
        if axis_unit is None or not units.is_known(axis_unit):
            lack = "no unit" if axis_unit is None else f"the unit {axis_unit!r}, which is not known"
            raise NeedsAxes(
                f"{file}: the axis {label!r} has {lack}; name the axes with their units, for example "
                f"{_question(axes, sources, value_source, measures, unit)}",
                offered=(values, axes, dict(attrs)),
            )
        if electrons and name == "angle" and units.compatible(axis_unit, "mm"):
            name = "position"  # along the slit, where the lens images the sample
        while name in [one for one, *_ in named]:
            name += "_2"
        column = np.asarray(column, float)
        if electrons and name == "energy":
            told = energies.counted(column, plain, *said, documented=documented)
            attrs |= {} if told.notation is None else {"energy_notation": told.notation}
            attrs, column = with_notes(attrs, told.note), told.values
        named.append((name, axis_unit, column))
        kept.append(position)
    if not named:
        raise ScanError(f"{file} holds a single value, not a scan")
    return rising_scan(
        values.reshape([values.shape[position] for position in kept]),
        named,
        name=measures,
        unit=unit if unit is not None and units.is_known(unit) else "arb",
        attrs=attrs,
        along={key: (kept.index(one[0]), one[1], one[2]) for key, one in (along or {}).items() if one[0] in kept},
    )


def axis_labels(axes: Sequence[tuple]) -> list[str]:
    """What ``--axis`` calls axes that have labels only: those without their units, each once.

    Parameters
    ----------
    axes
        As in :func:`arpes_scan`.
    """
    found: list[str] = []
    for label, *_ in axes:
        plain = units.split_label(label)[0].replace("/", " ").strip() or "axis"
        while plain in (*found, "intensity"):
            plain += "_2"
        found.append(plain)
    return found


def _question(axes, sources: Sequence[str] | None, value_source: str | None, measures: str, unit: str | None) -> str:
    """The arguments that would answer what a file leaves out; UNIT stands where it names none that is known."""
    words = []
    if value_source is not None:
        known = unit if unit is not None and units.is_known(unit) else "arb"
        words.append(f"--value '{value_source}={measures}[{known}]'")
    for source, (label, axis_unit, column) in zip(sources or axis_labels(axes), axes, strict=True):
        if len(column) > 1:
            plain, found = units.split_label(label)
            known = next((one for one in (axis_unit, found) if one is not None and units.is_known(one)), "UNIT")
            words.append(f"--axis '{source}={axis_name(plain)}[{known}]'")
    return " ".join(words)


def _plain_name(label: str) -> str:
    """The file's own word for an axis, as a scan can use it."""
    return re.sub(r"\W+", "_", label.strip().lower()).strip("_") or "axis"


def _read_in_parts(values) -> bool:
    """Whether an array stands in a file and is read only where it is looked at."""
    return hasattr(values, "dask")


def rising_scan(
    values: np.ndarray,
    axes: Sequence[tuple[str, str, np.ndarray]],
    *,
    name: str,
    unit: str,
    attrs: Mapping | None = None,
    along: Mapping[str, tuple[int, str | None, np.ndarray]] | None = None,
) -> xr.DataArray:
    """The gridded scan of an array: energy last, the angle along the slit before it, every axis rising.

    Parameters
    ----------
    values
        The array, numpy or dask.
    axes
        (name, unit, coordinates) of each dimension.
    name
        The name of the values.
    unit
        The unit of the values.
    attrs
        Further attributes.
    along
        Further coordinates by name, as in :func:`arpes_scan`.

    Returns
    -------
    xarray.DataArray
        The scan.
    """
    names = [axis for axis, *_ in axes]
    order = sorted(range(len(names)), key=lambda i: {"energy": 2, "angle": 1, "position": 1}.get(names[i], 0))
    values = np.transpose(values, order)
    ordered: dict[str, tuple[np.ndarray, str]] = {}
    turned: dict[str, slice | np.ndarray] = {}
    for dimension, position in enumerate(order):
        axis, axis_unit, column = axes[position]
        steps = np.diff(column)
        if np.any(steps < 0):  # falling, or in the order a motor went there and back
            turned[axis] = slice(None, None, -1) if np.all(steps < 0) else np.argsort(column, kind="stable")
            values, column = values[(slice(None),) * dimension + (turned[axis],)], column[turned[axis]]
        ordered[axis] = (column, axis_unit)
    long_names = {}
    if "energy" in ordered:
        long_names["energy"] = energies.LONG_NAMES.get((attrs or {}).get("energy_notation", ""), "energy")
    scan = scans.gridded_scan(
        ordered,
        values if _read_in_parts(values) else np.ascontiguousarray(values),
        name=name,
        unit=unit,
        long_names=long_names,
        attrs={key: value for key, value in (attrs or {}).items() if key.removesuffix("_units") not in ordered},
    )
    further = {}
    for key, (position, unit_along, column) in (along or {}).items():
        if key in scan.coords:
            continue
        column = np.asarray(column)[turned.get(names[position], slice(None))]  # as its axis was turned
        about = {"units": units.standard(unit_along)} if unit_along is not None and units.is_known(unit_along) else {}
        further[key] = (names[position], column, about | {"long_name": key.replace("_", " ")})
    return scan.assign_coords(further)


def size_words(scan: xr.DataArray) -> str:
    """How many steps of what, for a list to choose from: ``"668 angle x 809 energy"``."""
    return " x ".join(f"{scan.sizes[dim]} {str(dim).replace('_', ' ')}" for dim in scan.dims)


def settings_block(text: str) -> dict[str, str]:
    """The ``key=value`` lines of a settings text, as analysers write them; of a key that occurs twice the first line
    counts."""
    found: dict[str, str] = {}
    for line in re.split(r"[\r\n]+", text):
        key, equals, value = line.partition("=")
        if equals and key.strip():
            found.setdefault(key.strip(), value.strip())
    return found


#: Analyser settings worth keeping, and the attribute they become.
_KEPT = {
    "Region Name": "region",
    "Lens Mode": "lens_mode",
    "Pass Energy": "pass_energy",
    "Excitation Energy": "photon_energy",
    "Number of Sweeps": "analyser_sweeps",
    "Acquisition Mode": "acquisition_mode",
    "Step Time": "step_time",
    "Instrument": "instrument",
    "Location": "location",
    "Sample": "sample",
    "Comments": "comments",
    "Date": "date",
    "Time": "time_of_day",
}


#: Of other settings, so many are kept, each up to so many characters long.
_MOST_SETTINGS, _LONGEST_SETTING = 500, 300


def analyser_attrs(found: Mapping[str, str]) -> dict:
    """Attributes of a scan from an analyser's settings.

    Parameters
    ----------
    found
        The settings as text, by the analyser's names.

    Returns
    -------
    dict
        Known settings under the scan's names, numbers where they are numbers (``photon_energy`` in eV); the others as
        JSON text under ``settings``.
    """
    attrs: dict[str, float | str] = {}
    for key, name in _KEPT.items():
        text = found.get(key, "")
        if text:
            try:
                attrs[name] = float(text)
            except ValueError:
                attrs[name] = text
    if attrs.get("photon_energy") == 0:  # never entered
        del attrs["photon_energy"]
    if isinstance(attrs.get("photon_energy"), float):
        attrs["photon_energy_units"] = "eV"
    others = {key: text for key, text in found.items() if key not in _KEPT and 0 < len(text) <= _LONGEST_SETTING}
    if others:
        attrs["settings"] = json.dumps(dict(list(others.items())[:_MOST_SETTINGS]), ensure_ascii=False)
    return attrs
