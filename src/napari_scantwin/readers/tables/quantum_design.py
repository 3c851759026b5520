"""Quantum Design ``.dat`` files: MPMS, MPMS3, PPMS, VersaLab, DynaCool.

A file is a sequence of readings. Runs at one field (or one temperature) are cut out of it, split where the
other axis turns round, and offered as measurements: ``moment(T) warming 1`` is the first warming pass at
every field. Readings taken while both field and temperature moved belong to none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.cells import parse_number
from napari_scantwin.readers.tables.text import SUFFIXES, decode

__all__ = ["FORMATS", "is_quantum_design", "measurements"]

#: (value column, its standard error column, scan's name). Where both DC moments are filled, the one
#: fitted with the centre held fixed comes first: a free centre wanders when the moment is near zero.
_VALUES = (
    (r"Moment \(emu\)", r"M\. Std\. Err\. \(emu\)", "moment"),
    (r"DC Moment Fixed Ctr \(emu\)", r"DC Moment Err Fixed Ctr \(emu\)", "moment"),
    (r"DC Moment Free Ctr \(emu\)", r"DC Moment Err Free Ctr \(emu\)", "moment"),
    (r"Long Moment \(emu\)", r"Long Scan Std\.? ?Dev\.?", "moment"),
    (r"M-DC \(emu\)", r"M-Std\.Dev\. \(emu\)", "moment"),
    (r"Bridge (\d) Resistance \(ohms?\)", r"Bridge \1 Std\. ?Dev\. \(ohms?\)", "resistance"),
    (r"Resistance Ch(\d) \(ohms?\)", r"Std\. ?Dev\. Ch\1 \(ohms?\)", "resistance"),
    (r"Res\. ch(\d) \(ohms?\)", r"Std\. ?Dev\. ch\1 \(ohms?\)", "resistance"),
    (r"Bridge (\d) Resistivity \(ohm-c?m\)", r"Bridge \1 Std\. ?Dev\. \(ohm-c?m\)", "resistivity"),
    (r"Res\. ch(\d) \(ohm-c?m\)", r"Std\. ?Dev\. ch\1 \(ohm-c?m\)", "resistivity"),
    (r"Resistivity Ch(\d) \(ohm-c?m\)", r"Std\. ?Dev\. Ch\1 \(ohm-c?m\)", "resistivity"),
    (r"Samp HC \(.*\)", r"Samp HC Err \(.*\)", "heat_capacity"),
)
_TEMPERATURE = re.compile(r"^(sample |system )?temp(erature|\.)? \((k|kelvin)\)$", re.I)
_FIELD = re.compile(r"^(magnetic )?field \(oe(rsted)?\)$", re.I)
#: A nonzero code in these marks a bad reading, unless most readings carry one.
_STATUS = ("SQUID Status (code)", "Motor Status (code)")
#: Readings this close are one set point: Oe and share of the field, K and share of the temperature.
_FIELD_JITTER, _TEMPERATURE_JITTER = (2.0, 1e-3), (0.02, 2e-3)
_LEAST_POINTS = 4


@dataclass(frozen=True)
class _Pass:
    """Rows of one pass along the fast axis: kind "T" or "H", set point, direction, which pass it is there."""

    kind: str
    rows: np.ndarray
    slow: float
    rising: bool
    number: int = 1


def is_quantum_design(file: DataFile) -> bool:
    """Whether a file begins as Quantum Design's instruments write it."""
    return b"[Header]" in file.head[:400] or b"[HEADER]" in file.head[:400]


def measurements(file: DataFile) -> list[Measurement]:
    """Every measurement in a file, the likeliest first.

    Raises
    ------
    ScanError
        Where the data section, the temperature or field column, or any filled moment or resistance column is missing.
    """
    path = file.path
    header, columns, lines = _parse(path.name, decode(file.content, path.name).text)
    del lines
    temperature = _find(columns, _TEMPERATURE, f"{path.name} has no column 'Temperature (K)'")
    field = _find(columns, _FIELD, f"{path.name} has no column 'Magnetic Field (Oe)'")
    found: list[Measurement] = []
    candidates = _filled(columns)
    if not candidates:
        raise ScanError(f"{path.name}: no moment or resistance column holds numbers; check what was measured")
    for value_header, error_header, name in candidates:
        value = columns[value_header]
        good = np.isfinite(value) & np.isfinite(temperature) & np.isfinite(field) & ~_flagged(columns)
        attrs = _about(header) | {"value_column": value_header}
        if dropped := int((~good & _measured_at_all(columns)).sum()):
            attrs["dropped_rows"] = dropped
        error = columns.get(error_header) if error_header else None
        passes = _passes(temperature[good], field[good])
        unit = units.split_label(value_header)[1]
        data = (temperature[good], field[good], value[good], None if error is None else error[good])
        found += _group(passes, data, name, unit, value_header, attrs)
    if not found:
        raise ScanError(f"{path.name}: no run of {_LEAST_POINTS} readings at one field or one temperature was found")
    return found


def _parse(name: str, text: str) -> tuple[dict[str, str], dict[str, np.ndarray], np.ndarray]:
    """Header facts by key, columns by header, and the line of each row."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip().rstrip(",\t;").lower() == "[data]"), None)
    if start is None or start + 1 >= len(lines):
        raise ScanError(f"{name} has a [Header] but no [Data]; it is cut off: copy it again from the instrument")
    delimiter = "\t" if lines[start + 1].count("\t") > lines[start + 1].count(",") else ","
    header = {}
    for line in lines[:start]:
        cells = [cell.strip() for cell in line.split(delimiter) if cell.strip()]
        if len(cells) >= 2 and cells[0].upper() == "INFO":
            key = next((cell for cell in (cells[-1], cells[1]) if re.fullmatch(r"[A-Z][A-Z0-9_]{3,}", cell)), None)
            rest = [cell for cell in cells[1:] if cell != key]
            if key is not None:
                header[key] = ", ".join(rest)
            elif ":" in cells[1]:
                before, _, after = cells[1].partition(":")
                header[before.strip().upper().replace(" ", "_")] = after.strip()
        elif len(cells) >= 2 and cells[0].upper() in ("TITLE", "BYAPP"):
            header[cells[0].upper()] = cells[1]
    heads = [head.strip() for head in lines[start + 1].split(delimiter)]
    while heads and not heads[-1]:
        heads.pop()
    rows, numbers = [], []
    for number, line in enumerate(lines[start + 2 :], start + 3):
        cells = line.split(delimiter)
        values = [parse_number(cell) for cell in cells[: len(heads)]]
        if not any(value is not None and np.isfinite(value) for value in values):
            continue  # blank, or a comment row such as "MvsH, 5"
        # The last line of a file that was cut off is short; its missing cells are not there.
        values += [np.nan] * (len(heads) - len(values))
        rows.append([np.nan if value is None else value for value in values])
        numbers.append(number)
    if not rows:
        raise ScanError(f"{name} has no readings below [Data]; it was saved before anything was measured")
    data = np.array(rows)
    return header, {head: data[:, i] for i, head in enumerate(heads) if head}, np.array(numbers)


def _find(columns, pattern: re.Pattern, message: str) -> np.ndarray:
    for head, column in columns.items():
        if pattern.match(head) and np.isfinite(column).any():
            return column
    raise ScanError(f"{message} with numbers in it; the file has {', '.join(list(columns)[:6])}, …")


def _filled(columns) -> list[tuple[str, str | None, str]]:
    """(value header, error header or None, name) of the value columns that hold data."""
    found = []
    for pattern, error_pattern, name in _VALUES:
        for head, column in columns.items():
            match = re.fullmatch(pattern, head, re.I)
            if match and np.isfinite(column).sum() >= _LEAST_POINTS and units.split_label(head)[1] is not None:
                wanted = re.compile(_escaped(error_pattern, match[1]) if match.groups() else error_pattern, re.I)
                error = next((h for h, c in columns.items() if wanted.fullmatch(h) and np.isfinite(c).any()), None)
                found.append((head, error, name))
    return found


def _escaped(pattern: str, channel: str) -> str:
    return pattern.replace(r"\1", channel)


def _flagged(columns) -> np.ndarray:
    """Rows the instrument marked as bad."""
    size = len(next(iter(columns.values())))
    bad = np.zeros(size, bool)
    for head in _STATUS:
        code = np.nan_to_num(columns.get(head, np.zeros(size)))
        if 0 < (code != 0).sum() < size / 2:
            bad |= code != 0
    return bad


def _measured_at_all(columns) -> np.ndarray:
    return np.any([np.isfinite(column) for column in columns.values()], axis=0)


def _about(header: dict[str, str]) -> dict:
    attrs: dict = {"instrument": header.get("BYAPP", header.get("APPNAME", "Quantum Design"))}
    if header.get("TITLE") or header.get("SAMPLE_MATERIAL"):
        attrs["title"] = header.get("TITLE") or header["SAMPLE_MATERIAL"]
    for key, attr, unit in (
        ("SAMPLE_MASS", "sample_mass", "mg"),
        ("SAMPLE_VOLUME", "sample_volume", "mm**3"),
        ("SAMPLE_MOLECULAR_WEIGHT", "molar_mass", "g/mol"),
    ):
        number = re.match(r"\s*([-+0-9.eE]+)\s*(mg|g)?\s*$", header.get(key, ""))
        value = parse_number(number[1]) if number else None
        if number and value is not None and np.isfinite(value) and value > 0:
            attrs[attr] = value
            attrs[f"{attr}_units"] = number[2] or unit
    return attrs


def _runs(readings: np.ndarray, jitter: tuple[float, float]) -> list[np.ndarray]:
    """Consecutive rows whose reading stays at one set point."""
    runs, start = [], 0
    for row in range(1, len(readings) + 1):
        here = readings[start]
        if row == len(readings) or abs(readings[row] - here) > max(jitter[0], jitter[1] * abs(here)):
            runs.append(np.arange(start, row))
            start = row
    return runs


def _passes(temperature: np.ndarray, field: np.ndarray) -> list[_Pass]:
    """Every pass along temperature at one field, and along field at one temperature, in order."""
    passes, taken = [], np.zeros(len(field), bool)
    for kind, slow, fast, jitter, fast_jitter in (
        ("T", field, temperature, _FIELD_JITTER, _TEMPERATURE_JITTER),
        ("H", temperature, field, _TEMPERATURE_JITTER, _FIELD_JITTER),
    ):
        for run in _runs(slow, jitter):
            rows = run[~taken[run]]
            if len(rows) < _LEAST_POINTS:
                continue
            reach = np.ptp(fast[rows])
            if reach < 5 * max(fast_jitter[0], fast_jitter[1] * np.abs(fast[rows]).max()):
                continue
            for part, rising in _turns(fast[rows], 0.02 * reach):
                if len(part) >= _LEAST_POINTS:
                    here = rows[part]
                    passes.append(_Pass(kind, here, float(np.median(slow[here])), rising))
                    taken[here] = True
    passes.sort(key=lambda one: one.rows[0])
    return _numbered(passes)


def _numbered(passes: list[_Pass]) -> list[_Pass]:
    """Count the passes of one kind and direction at the same set point."""
    result: list[_Pass] = []
    for one in passes:
        jitter = _FIELD_JITTER if one.kind == "T" else _TEMPERATURE_JITTER
        before = [
            other for other in result
            if (other.kind, other.rising) == (one.kind, one.rising)
            and abs(other.slow - one.slow) <= 2 * max(jitter[0], jitter[1] * abs(one.slow))
        ]  # fmt: skip
        result.append(_Pass(one.kind, one.rows, one.slow, one.rising, len(before) + 1))
    return result


def _turns(fast: np.ndarray, threshold: float) -> list[tuple[np.ndarray, bool]]:
    """Split a run where the fast axis turns round by more than ``threshold``, or jumps back to its start."""
    parts, start, extreme, rising = [], 0, 0, None
    for row in range(1, len(fast)):
        step = fast[row] - fast[extreme]
        if rising is None:
            if abs(step) > threshold:
                rising, extreme = bool(step > 0), row
        elif (step > 0) == rising:
            extreme = row
        elif abs(step) > threshold:
            parts.append((np.arange(start, extreme + 1), rising))
            jumped = extreme + 1 == row and abs(step) > 25 * threshold
            # After a jump back (a second run from the start) the direction is not known yet.
            start, extreme, rising = extreme + 1, row, None if jumped else not rising
    parts.append((np.arange(start, len(fast)), True if rising is None else rising))
    return parts


def _group(passes, data, name, unit, value_header, attrs) -> list[Measurement]:
    """Measurements of one value column: each kind, direction and pass, and each kind's passes together."""
    words = {("T", True): "warming", ("T", False): "cooling", ("H", True): "field up", ("H", False): "field down"}
    groups: dict[str, list[_Pass]] = {}
    for one in passes:
        groups.setdefault(f"{name}({one.kind}) {words[one.kind, one.rising]} {one.number}", []).append(one)
    result = []
    for kind in ("T", "H"):
        mine = {key: group for key, group in groups.items() if f"({kind})" in key}
        if len(mine) > 1:
            everything = [one for group in mine.values() for one in group]
            combined = (f"{name}({kind}) all branches", sorted(everything, key=lambda one: one.rows[0]))
            places = np.sort([one.slow for one in everything])
            jitter = _FIELD_JITTER if kind == "T" else _TEMPERATURE_JITTER
            apart = bool((np.diff(places) > np.maximum(jitter[0], jitter[1] * np.abs(places[1:]))).all())
            # Where every set point was passed once, the direction only says how the sequence was written.
            ordered = [combined, *mine.items()] if apart else [*mine.items(), combined]
        else:
            ordered = list(mine.items())
        for key, group in ordered:
            scan = _scan(group, data, name, unit, attrs)
            counted = f"{len(group)} sweep{'s' if len(group) > 1 else ''}, {scan.size} points"
            result.append(Measurement(f"{key} | {value_header}", f"{key}, {counted}, from {value_header}", scan))
    first_all = [one for one in result if "all branches" in one.key]
    rest = [one for one in result if "all branches" not in one.key]
    if result and "all branches" in result[0].key:
        return [result[0], *sorted(rest, key=lambda one: -one.scan.size), *first_all[1:]]
    return [*sorted(rest, key=lambda one: -one.scan.size), *first_all]


def _scan(group: list[_Pass], data, name, unit, attrs) -> xr.DataArray:
    temperature, field, value, error = data
    rows = np.concatenate([one.rows for one in group])
    sweep = np.concatenate([np.full(len(one.rows), number) for number, one in enumerate(group)])
    # The set point stands for a sweep's slow axis; readings about it are jitter, not steps.
    slow = np.concatenate([np.full(len(one.rows), one.slow) for one in group])
    if group[0].kind == "T":
        axes = {"magnetic_field": (slow, "Oe"), "temperature": (temperature[rows], "K")}
    else:
        axes = {"temperature": (slow, "K"), "magnetic_field": (field[rows], "Oe")}
    errors = None if error is None or not np.isfinite(error[rows]).all() else error[rows]
    return scans.ragged_scan(axes, value[rows], name=name, unit=unit, errors=errors, sweep=sweep, attrs=attrs)


FORMATS = (
    Format(
        name="quantum-design",
        title="Quantum Design MPMS, MPMS3, PPMS, VersaLab, DynaCool",
        suffixes=(".dat",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="several measurements: moments, resistances and heat capacity against temperature and field",
        reads="Every filled column of moment (emu), resistance, resistivity or heat capacity, with its standard error "
        "where there is one, against `Temperature (K)` and `Magnetic Field (Oe)`; each run at one field or one "
        "temperature becomes a sweep, split where the other turns round. Of both DC moments the one fitted with the "
        "centre held fixed comes first. Readings without a finite value or with a bad status are counted in "
        "`dropped_rows`; those taken while both field and temperature moved, or in runs of fewer than "
        f"{_LEAST_POINTS}, are left out.",
        measurements=measurements,
        recognises=is_quantum_design,
        asks=Asks.COLUMNS,
        layout_after="real files",
    ),
)
