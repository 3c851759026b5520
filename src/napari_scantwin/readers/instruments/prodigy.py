"""SPECS Prodigy text, ``.xy``: a commented header for the file, for every region, cycle and curve, and under each
curve its rows of energy and intensity.

``# Parameter: "Phi [deg]" = -10`` gives a cycle's place in the scan, ``# NonEnergyOrdinate: -14.9`` a curve's place
along the slit. Layout as the open readers of the community describe it: peaks (``SpecsDataLoader``), PyARPES
(``load_xy``) and pynxtools-xps. (Prodigy's ``.itx`` is Igor text; see :mod:`napari_scantwin.readers.instruments.igor`.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.energies import KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import analyser_attrs, arpes_scan, axis_name, size_words
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.text import SUFFIXES, numbers

__all__ = ["FORMATS", "KEYS", "is_prodigy_text", "measurements"]

#: Prodigy's names for settings and what :func:`analyser_attrs` calls them.
KEYS = {
    "Region": "Region Name",
    "Analyzer Lens": "Lens Mode",
    "Scan Mode": "Acquisition Mode",
    "Number of Scans": "Number of Sweeps",
    "Dwell Time": "Step Time",
    "DwellTime": "Step Time",
    "Analyzer": "Instrument",
    "Comment": "Comments",
    "User Comment": "Comments",
    "Acquisition Date": "Date",
    "Created Date (UTC)": "Date",
}


@dataclass
class _Curve:
    """The rows under one header: where they belong, and the energies and intensities."""

    cycle: int
    curve: int
    ordinate: float | None
    rows: np.ndarray


@dataclass
class _Region:
    """A region as it is collected: settings, curves, each cycle's parameters, each cycle's read-backs."""

    about: dict[str, str]
    curves: list[_Curve] = field(default_factory=list)
    parameters: dict[int, dict[str, float]] = field(default_factory=dict)
    external: dict[str, dict[int, float]] = field(default_factory=dict)


def is_prodigy_text(file: DataFile) -> bool:
    """Whether a text file begins as SPECS software writes it."""
    return re.search(rb"^# *Created by: *SpecsLab", file.head[:4096], re.MULTILINE) is not None


def measurements(file: DataFile) -> list[Measurement]:
    """The regions of a Prodigy ``.xy`` file, each a spectrum, a cut or a stack of cuts."""
    path = file.path
    regions = [region for region in _regions(path, file.content.decode("utf-8", errors="replace")) if region.curves]
    if not regions:
        raise ScanError(f"{path.name} holds no region with data; it may be cut off: export it again")
    names = [region.about.get("Region") or "region" for region in regions]
    keys = [name if names.count(name) == 1 else f"{name} {number}" for number, name in enumerate(names, 1)]
    return [_measurement(path, region, key) for region, key in zip(regions, keys, strict=True)]


def _regions(path: Path, text: str) -> list[_Region]:
    text = text.replace("\r\n", "\n")
    parts = re.split(r"((?:^#[^\n]*\n?)+)", text, flags=re.MULTILINE)
    file_about: dict[str, str] = {}
    regions: list[_Region] = []
    where: dict[str, Any] = {"Cycle": 0, "Curve": 0}
    for position, part in enumerate(parts):
        if position % 2:
            where |= {"ordinate": None, "external": None}
            for line in part.splitlines():
                _take(line, where, file_about, regions)
        elif part.strip():
            if not regions:
                regions.append(_Region(dict(file_about)))
            _take_rows(path, part, where, regions[-1])
    return regions


def _take(line: str, where: dict, file_about: dict[str, str], regions: list[_Region]) -> None:
    """One line of a header."""
    key, _, value = (part.strip() for part in line.lstrip("# ").partition(":"))
    if key == "Region":
        regions.append(_Region({**file_about, "Region": value}))
        where |= {"Cycle": 0, "Curve": 0}
    elif key == "External Channel Data Cycle":
        cycle, _, where["external"] = value.partition(", ")
        where["Cycle"] = int(cycle) if cycle.isdecimal() else 0
    elif key == "Cycle":
        found = {name: int(number) for name, number in re.findall(r"(Cycle|Curve): *(\d{1,9})\b", line)}
        where |= {"Curve": 0, **found}
    elif key == "NonEnergyOrdinate":
        where["ordinate"] = _float(value)
    elif key == "Parameter" and regions:
        if said := re.fullmatch(r'"(.+?)" *= *(\S+)', value):
            regions[-1].parameters.setdefault(where["Cycle"], {})[said[1].strip()] = _float(said[2])
    elif key and value:
        (regions[-1].about if regions else file_about).setdefault(key, value)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _take_rows(path: Path, text: str, where: dict, region: _Region) -> None:
    width = len(text.lstrip().split("\n", 1)[0].split())
    found = numbers(path.name, text, f"a curve of {region.about.get('Region', 'the data')}")
    if width < 2 or found.size % width:
        raise ScanError(f"{path.name}: a curve's rows are not as long as each other; it is cut off: export it again")
    rows = found.reshape(-1, width)
    if where["external"]:
        region.external.setdefault(where["external"], {})[where["Cycle"]] = float(rows[:, 1].mean())
    else:
        region.curves.append(_Curve(where["Cycle"], where["Curve"], where["ordinate"], rows))


def _measurement(path: Path, region: _Region, key: str) -> Measurement:
    about = region.about
    rate = "second" in about.get("Count Rate", "").lower() or "/s" in about.get("ColumnLabels", "")
    energies, ordinates, values = _stacked(path, region.curves, rate)
    cycles = list(dict.fromkeys(curve.cycle for curve in region.curves))[: len(values)]
    scanned, extra, attrs, order, shape = _scanned(path, region.parameters, cycles)
    values = values[order].reshape(*shape, *values.shape[1:])
    attrs |= analyser_attrs({KEYS.get(name, name): text for name, text in about.items()} | {"Region Name": key})
    for label, means in region.external.items():
        plain, unit = _split(label)
        column = np.array([means.get(cycle, np.nan) for cycle in cycles])[order]
        if len(cycles) == 1:
            attrs |= {axis_name(plain): float(column[0])} | ({f"{axis_name(plain)}_units": unit} if unit else {})
        else:
            extra.append((plain, unit, column))
    excited = "excitation" in about.get("ColumnLabels", "").lower()
    named = "Excitation Energy" if excited else about.get("Energy Axis") or "Kinetic Energy"
    axes = [*scanned, (named, "eV", energies)]
    if ordinates is not None:
        axes.insert(-1, _slit_axis(path, about, ordinates))
    else:
        values = values[..., 0, :]
    unit = "count/s" if rate else "count"
    taken = {axis_name(label) for label, *_ in axes}
    along = {}
    for label, column_unit, column in extra if len(shape) == 1 else []:
        name = axis_name(label)
        along[f"{name}_readback" if name in taken else name] = (0, column_unit, column)
    scan = arpes_scan(path.name, values, axes, unit=unit, documented=(KINETIC,), attrs=attrs, along=along)
    return Measurement(key, f"{key}: {size_words(scan)}", scan)


def _stacked(path: Path, curves: list[_Curve], rate: bool) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Energies [e], places along the slit [c] or None, and intensities [cycle, c, e]; curves that come several
    times in a cycle (scans kept apart) are added, or averaged where they are rates."""
    energies = curves[0].rows[:, 0]
    table: dict[int, dict[int, list[_Curve]]] = {}
    for curve in curves:
        same = len(curve.rows) == len(energies)
        if not same or not np.allclose(curve.rows[:, 0], energies, atol=0.01 * np.ptp(energies) / len(energies)):
            raise ScanError(
                f"{path.name}: the energies of cycle {curve.cycle}, curve {curve.curve} are not those of the first "
                "curve; the file is cut off, or its channels are kept apart: export it again"
            )
        table.setdefault(curve.cycle, {}).setdefault(curve.curve, []).append(curve)
    cycles = list(table.values())
    if len(cycles) > 1 and len(cycles[-1]) < len(cycles[0]):
        cycles.pop()  # a scan that was stopped ends in the middle of a cycle
    if any(list(cycle) != list(cycles[0]) for cycle in cycles):
        raise ScanError(f"{path.name}: its cycles have not the same curves; it may be altered: export it again")
    first = [found[0].ordinate for found in cycles[0].values()]
    if len(first) > 1 and None in first:
        raise ScanError(f"{path.name}: a curve does not say its NonEnergyOrdinate; it may be altered: export it again")
    combine = np.mean if rate else np.sum
    values = np.array(
        [[combine([one.rows[:, 1] for one in found], axis=0) for found in cycle.values()] for cycle in cycles]
    )
    return energies, None if len(first) == 1 else np.array(first), values


def _scanned(path: Path, parameters: dict[int, dict[str, float]], cycles: list[int]):
    """What the cycles scan: the axes, further columns along them, attributes of parameters that stay, the order of
    the cycles on the axes, and the axes' shape. ``Step`` only numbers the cycles."""
    names = list(dict.fromkeys(name for cycle in cycles for name in parameters.get(cycle, {})))
    columns = {name: np.array([parameters.get(cycle, {}).get(name, np.nan) for cycle in cycles]) for name in names}
    for name, column in columns.items():
        if not np.isfinite(column).all():
            raise ScanError(f"{path.name}: the parameter {name!r} lacks a number in some cycle; export it again")
    attrs: dict = {}
    varying = {}
    for name, column in columns.items():
        if len(np.unique(column)) > 1:
            varying[name] = column
        elif name != "Step":
            plain, unit = _split(name)
            attrs |= {axis_name(plain): float(column[0])} | ({f"{axis_name(plain)}_units": unit} if unit else {})
    if len(varying) > 1:
        varying.pop("Step", None)
    if len(cycles) == 1:
        return [], [], attrs, np.arange(1), ()
    if not varying:
        varying = {"cycle": np.array(cycles, float)}
    levels = [np.unique(column) for column in varying.values()]
    shape = tuple(len(level) for level in levels)
    if len(shape) > 1 and np.prod(shape) == len(cycles):
        places = [np.searchsorted(level, column) for level, column in zip(levels, varying.values(), strict=True)]
        flat = np.ravel_multi_index(places, shape)
        if len(np.unique(flat)) == len(cycles):  # a full grid
            axes = [(*_axis(name), level) for name, level in zip(varying, levels, strict=True)]
            return axes, [], attrs, np.argsort(flat), shape
    (name, column), *others = varying.items()
    extra = [(*_split(other), further) for other, further in others]
    return [(*_axis(name), column)], extra, attrs, np.arange(len(cycles)), (len(cycles),)


def _axis(name: str) -> tuple[str, str | None]:
    plain, unit = _split(name)
    return plain, "1" if name in ("cycle", "Step", "Loop") else unit


def _split(label: str) -> tuple[str, str | None]:
    """Name and unit of ``Phi [deg]`` or ``Sample temperature [K] (Laser heater)``."""
    found = re.match(r"(.*?)\s*\[([^\]]*)\]", label)
    if found and units.is_known(found[2]):
        return found[1], units.standard(found[2])
    return label, None


def _slit_axis(path: Path, about: dict[str, str], ordinates: np.ndarray) -> tuple[str, str, np.ndarray]:
    """Along the slit: an angle in degrees or a position in millimetres, as the lens mode's name says."""
    lens = about.get("Analyzer Lens", "")
    if re.search(r"angle|angular|\b[lmhws]*a[dm]\b", lens, re.IGNORECASE):
        return "angle", "deg", ordinates
    if re.search(r"magnification|area|transmission|spatial", lens, re.IGNORECASE):
        return "position", "mm", ordinates
    raise ScanError(
        f"{path.name}: the lens mode {lens!r} does not say whether the second axis is an angle or a position; "
        "export the region as .itx, which names the unit"
    )


FORMATS = (
    Format(
        name="specs-prodigy",
        title="SPECS Prodigy",
        suffixes=(".xy",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="all regions; spectra, cuts, scans over one parameter or a grid of several; read-backs",
        reads="Energy and intensity of every curve; curves along the slit by their `NonEnergyOrdinate`, an angle or a "
        "position as the lens mode's name says (where it says neither, export `.itx`). Cycles lie along the parameters "
        "that change, each with the unit in its name; `Step` only numbers the cycles. Scans of one curve that were "
        "written apart are averaged as rates and added as counts. Energies are kinetic unless the energy axis says "
        "binding. Further channels stand beside the axis as coordinates; a cycle that was stopped is left out.",
        measurements=measurements,
        recognises=is_prodigy_text,
        asks=Asks.UNITS,
        layout_after="peaks, PyARPES, pynxtools-xps",
    ),
)
