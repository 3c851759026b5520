"""Quantum Design ``.dat`` files: MPMS, MPMS3, PPMS, VersaLab, DynaCool.

A file is a sequence of readings. Runs with one axis scanned and the others held are cut out of it, split where the
scanned one turns round, and offered as measurements: ``moment(T) warming 1`` is the first warming pass at every field.
Readings taken while two axes moved belong to none, and are counted.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.qd_file import about, parts
from napari_scantwin.readers.tables.qd_passes import Pass, near, passes
from napari_scantwin.readers.tables.qd_signals import FEWEST, Axis, Signal, axes, signals
from napari_scantwin.readers.tables.text import SUFFIXES, decode

__all__ = ["FORMATS", "is_quantum_design", "measurements"]

_LETTERS = {"temperature": "T", "magnetic_field": "H", "angle": "angle"}
_DIRECTIONS = {
    ("temperature", True): "warming",
    ("temperature", False): "cooling",
    ("magnetic_field", True): "field up",
    ("magnetic_field", False): "field down",
    ("angle", True): "angle up",
    ("angle", False): "angle down",
}


def is_quantum_design(file: DataFile) -> bool:
    """Whether a file begins as Quantum Design's instruments write it."""
    return b"[Header]" in file.head[:400] or b"[HEADER]" in file.head[:400]


def measurements(file: DataFile) -> list[Measurement]:
    """Every measurement in a file, the likeliest first.

    Raises
    ------
    ScanError
        Where the data section, the temperature or field column, or any filled column of a measurement is missing.
    """
    text = decode(file.content, file.name)
    header, columns, said = parts(file.name, text.text)
    scanned = axes(columns)
    for name, head in (("temperature", "Temperature (K)"), ("magnetic_field", "Magnetic Field (Oe)")):
        if name not in scanned:
            known = ", ".join(list(columns)[:6])
            raise ScanError(f"{file.name} has no column '{head}' with numbers in it; the file has {known}, …")
    measured = signals(columns)
    if not measured:
        raise ScanError(f"{file.name}: no moment or resistance column holds numbers; check what was measured")
    attrs = with_left_out(about(header), *text.left_out, *said)
    found = [one for signal in measured for one in _of_signal(signal, measured, scanned, columns, attrs)]
    if not found:
        raise ScanError(f"{file.name}: no run of {FEWEST} readings at one field or one temperature was found")
    return found


def _of_signal(signal: Signal, measured: list[Signal], scanned: dict[str, Axis], columns, attrs: dict):
    """The measurements of one column."""
    held = {name: scanned[name] for name in ("temperature", "magnetic_field")}
    if "angle" in scanned and _moved(scanned["angle"].values[np.isfinite(signal.values)]):
        held["angle"] = scanned["angle"]
    there = np.all([np.isfinite(axis.values) for axis in held.values()], axis=0)
    good = there & np.isfinite(signal.values)
    others = np.any([np.isfinite(one.values) for one in measured], axis=0)
    attrs = attrs | {"value_column": signal.header}
    if dropped := int((there & ~others).sum()):
        attrs["dropped_rows"] = dropped
        attrs = with_left_out(attrs, f"{dropped} reading{'s' if dropped > 1 else ''} without a value")
    # One sweep a frequency and amplitude: an instrument goes through them at every temperature.
    settings = [scanned[name] for name in ("frequency", "amplitude") if signal.alternating and name in scanned]
    rows = np.flatnonzero(good)
    found: list[tuple[Pass, dict[str, float]]] = []
    for key, mine in _by_setting([axis.values for axis in settings], rows):
        at = {axis.name: float(value) for axis, value in zip(settings, key, strict=False)}
        found += [(one, at) for one in passes(held, mine)]
    taken = sum(len(one.rows) for one, _ in found)
    if found and taken < len(rows):
        attrs = with_left_out(
            attrs, f"{len(rows) - taken} readings while two axes moved, or in runs of fewer than {FEWEST}"
        )
    return _grouped([(one, at) for one, at in sorted(found, key=lambda each: each[0].rows[0])], signal, scanned, attrs)


def _by_setting(settings: list[np.ndarray], rows: np.ndarray) -> list[tuple[tuple[float, ...], np.ndarray]]:
    """The rows taken at each combination of settings."""
    if not settings:
        return [((), rows)]
    keys = np.stack([np.round(one[rows], 6) for one in settings], axis=1)
    return [(tuple(key), rows[(keys == key).all(axis=1)]) for key in np.unique(keys, axis=0)]


def _moved(angle: np.ndarray) -> bool:
    """Whether a rotator was turned, rather than read at rest."""
    finite = angle[np.isfinite(angle)]
    return len(finite) > 0 and np.ptp(finite) > 10 * near("angle", 0.0)


def _grouped(found: list[tuple[Pass, dict]], signal: Signal, scanned: dict[str, Axis], attrs: dict):
    """Measurements of one column: each axis, direction and pass, and each axis's passes together."""
    groups: dict[str, list[tuple[Pass, dict]]] = {}
    for one, at in found:
        key = f"{signal.name}({_LETTERS[one.fast]}) {_DIRECTIONS[one.fast, one.rising]} {one.number}"
        groups.setdefault(key, []).append((one, at))
    result = []
    for letter in ("angle", "T", "H"):
        mine = {key: group for key, group in groups.items() if f"({letter})" in key}
        ordered = list(mine.items())
        if len(mine) > 1:
            everything = sorted((one for group in mine.values() for one in group), key=lambda each: each[0].rows[0])
            combined = (f"{signal.name}({letter}) all branches", everything)
            # Where every set point was passed once, the direction only says how the sequence was written.
            ordered = [combined, *ordered] if _once_each(everything) else [*ordered, combined]
        for key, group in ordered:
            scan = _scan(group, signal, scanned, attrs)
            counted = f"{len(group)} sweep{'s' if len(group) > 1 else ''}, {scan.size} points"
            result.append(Measurement(f"{key} | {signal.header}", f"{key}, {counted}, from {signal.header}", scan))
    first_all = [one for one in result if "all branches" in one.key]
    rest = [one for one in result if "all branches" not in one.key]
    if result and "all branches" in result[0].key:
        return [result[0], *sorted(rest, key=lambda one: -one.scan.size), *first_all[1:]]
    return [*sorted(rest, key=lambda one: -one.scan.size), *first_all]


def _once_each(found: list[tuple[Pass, dict]]) -> bool:
    """Whether no two passes are at the same set points."""
    return not any(
        at == other_at
        and all(abs(one.slow[name] - other.slow[name]) <= near(name, one.slow[name]) for name in one.slow)
        for number, (one, at) in enumerate(found)
        for other, other_at in found[:number]
    )


def _scan(group: list[tuple[Pass, dict]], signal: Signal, scanned: dict[str, Axis], attrs: dict) -> xr.DataArray:
    rows = np.concatenate([one.rows for one, _ in group])
    lengths = [len(one.rows) for one, _ in group]
    fast = group[0][0].fast
    # The set point stands for a sweep's slow axis; readings about it are jitter, not steps.
    slow = {
        name: np.repeat([(at | one.slow)[name] for one, at in group], lengths)
        for name in (group[0][1] | group[0][0].slow)
    }
    kept = _scanned(slow, fast)
    # Slowest first: what is set by hand, then the frequency, then the axis of the map.
    order = ("amplitude", "angle", "frequency", "temperature", "magnetic_field")
    columns = {name: (slow[name], scanned[name].unit) for name in order if name in kept}
    columns[fast] = (scanned[fast].values[rows], scanned[fast].unit)
    for name, column in slow.items():
        if name not in kept:
            attrs = attrs | {name: float(np.median(column)), f"{name}_units": scanned[name].unit}
    errors = None if signal.errors is None or not np.isfinite(signal.errors[rows]).all() else signal.errors[rows]
    return scans.ragged_scan(
        columns,
        signal.values[rows],
        name=signal.name,
        unit=signal.unit,
        errors=errors,
        sweep=np.repeat(np.arange(len(group)), lengths),
        attrs=attrs,
    )


def _scanned(slow: dict[str, np.ndarray], fast: str) -> list[str]:
    """The axes that were held and make axes of the scan: those set to several places, or else the other one of
    temperature and field."""
    several = [name for name in slow if np.ptp(slow[name]) > 2 * near(name, float(np.max(np.abs(slow[name]))))]
    return several or ["temperature" if fast == "magnetic_field" else "magnetic_field"]


FORMATS = (
    Format(
        name="quantum-design",
        title="Quantum Design MPMS, MPMS3, PPMS, VersaLab, DynaCool",
        suffixes=(".dat",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="several measurements: moments, AC susceptibility, heat capacity, resistance, torque, dilatometry",
        reads="Columns by their names: DC moment (of both fits the one with the centre held fixed first), AC moment or "
        "susceptibility in phase and out of phase (one sweep a frequency and amplitude), sample heat capacity, "
        "resistance, resistivity, thermal transport, torque, dilatometry, each with its standard error, channel by "
        "channel; against the sample's temperature, the field and, where a rotator moved, the angle. Each run with the "
        "other axes held is a sweep, split where the scanned axis turns round. Mass, molar mass and atoms come from "
        "the file's header. A reading is dropped only where it has no value (counted in `dropped_rows`), never for a "
        f"status code; readings while two axes moved, or in runs of fewer than {FEWEST}, are left out and counted in "
        "`notes`.",
        measurements=measurements,
        recognises=is_quantum_design,
        asks=Asks.COLUMNS,
        layout_after="real files",
    ),
)
