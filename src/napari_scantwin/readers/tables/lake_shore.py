"""Lake Shore magnetometers: the 8600 series' tables, and the 7400 series' text (IDEAS VSM)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from napari_scantwin.core import units, vocabulary
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.layout import make_table
from napari_scantwin.readers.tables.segments import COUNTED, segments_scan
from napari_scantwin.readers.tables.several import picked
from napari_scantwin.readers.tables.table import Column, ColumnTable
from napari_scantwin.readers.tables.text import SUFFIXES, decode, table_of_lines, whole_lines

__all__ = ["FORMATS", "magnetometer_choice", "sample_facts"]

_TABLE = "##DATA TABLE"
_BLOCK = re.compile(r"\*+ *(?P<title>[^*]+?) *\*+")
#: What settings say of the sample: the attribute each becomes, and a unit of its dimension.
_FACTS = {
    "mass": ("sample_mass", "mg"),
    "sample mass": ("sample_mass", "mg"),
    "volume": ("sample_volume", "mm**3"),
    "sample volume": ("sample_volume", "mm**3"),
    "density": ("density", "g/cm**3"),
}
_NAMES = ("name", "sample", "sample id", "sample name", "title")
_MEASURED = ("moment", "magnetization", "susceptibility")
_AXES = ("magnetic_field", "temperature", "angle")


def sample_facts(settings: Iterable[tuple[str, str]]) -> dict:
    """What settings say of the sample, as a scan's attributes; a number whose unit is missing or of another kind is
    passed over.

    Parameters
    ----------
    settings
        Names and what is set, as in ``("Mass", "1.0 g")``.
    """
    attrs: dict = {}
    for key, said in settings:
        key = key.strip().lower()
        if key in _NAMES and said.strip():
            attrs.setdefault("title", said.strip().strip('"'))
        attr, usual = _FACTS.get(re.sub(r" ?\(.*\)", "", key), (None, ""))
        unit_of_key = re.search(r"\((.*)\)$", key)
        found = re.fullmatch(r"([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?) *(.*)", said.strip())
        if attr is None or found is None or attr in attrs:
            continue
        unit = found[2] or (unit_of_key[1] if unit_of_key else "")
        if unit and units.is_known(unit) and units.compatible(unit, usual) and float(found[1]) > 0:
            attrs |= {attr: float(found[1]), f"{attr}_units": units.standard(unit)}
    return attrs


def magnetometer_choice(table: ColumnTable) -> tuple[dict[str, Column], list[tuple[Column, Column | None]]]:
    """What the columns of a magnetometer's table mean, by their names and units.

    Parameters
    ----------
    table
        The table.

    Returns
    -------
    axes
        The columns of field, temperature and angle, by these names.
    measured
        The columns that were measured, each with its standard error, those of the moment first.
    """
    axes: dict[str, Column] = {}
    values: list[Column] = []
    errors: dict[str, Column] = {}
    for header, unit in table.units.items():
        plain = vocabulary.split_label(header)[0]
        name = vocabulary.standard_name(plain, unit)
        about = re.sub(
            r"[ _.]*(?:std\.? ?(?:err|dev)\.?|standard (?:error|deviation)|error|sigma)[ .]*", "", plain.lower()
        )
        if unit is None:
            continue
        if about != plain.lower():
            errors[about.strip()] = Column(header, "standard_error", unit)
        elif name in _AXES and name not in axes and np.isfinite(table.columns[header]).any():
            axes[name] = Column(header, name, unit)
        elif name in _MEASURED and np.isfinite(table.columns[header]).any():
            values.append(Column(header, name, unit))
    values.sort(key=lambda one: _MEASURED.index(one.name))

    def error(value: Column) -> Column | None:
        plain = vocabulary.split_label(value.source)[0].lower()
        fits = (
            errors.get(plain),
            errors.get(re.sub(r" \(\w+\)$", "", plain)),
            errors.get("") if len(values) == 1 else None,
        )
        return next((one for one in fits if one is not None and units.compatible(one.unit, value.unit)), None)

    return axes, [(one, error(one)) for one in values]


def _is_8600(file: DataFile) -> bool:
    head = file.head.replace(b"\0", b"")
    return _TABLE.encode() in head and b"#" in head[:200]


def _is_7400(file: DataFile) -> bool:
    head = file.head.replace(b"\0", b"")
    if b"***DATA***" in head:
        return True
    # The full file of an experiment: its settings come first, in blocks of this kind, and may be long.
    blocks = re.search(rb"^\*{3,} *\w[\w ]* *\*{3,}\s*$", head, re.MULTILINE)
    return blocks is not None and re.search(rb"^\*{3,} *Experiment Data *\*", file.content, re.MULTILINE) is not None


def tables_of_8600(file: DataFile) -> dict[str, ColumnTable]:
    """Every data table of a file, by the line above it."""
    text = decode(file.content, file.name)
    lines, cut = whole_lines(text.text)
    starts = [at for at, line in enumerate(lines) if line.strip('" ').upper().startswith(_TABLE)]
    settings = [line.strip('", ;\t') for line in lines[: starts[0]]] if starts else []
    attrs = {"instrument": "Lake Shore VSM"} | sample_facts(_pairs(settings))
    kind = next((one.strip("#, ;\t") for one in settings if re.match(r"#.*\bMEASUREMENT\b", one)), "")
    attrs |= {"measurement": kind.lower()} if kind else {}
    attrs = with_left_out(attrs, *text.left_out, cut)
    found: dict[str, ColumnTable] = {}
    for start, after in zip(starts, [*starts[1:], len(lines)], strict=False):
        end = next((at for at in range(start + 1, after) if lines[at].lstrip('" ').startswith("#")), after)
        while end > start + 1 and not lines[end - 1].strip(",;\t "):
            end -= 1
        if end <= start + 2:
            continue  # a table that was never filled
        title = lines[start].strip('", ;\t')[len(_TABLE) :].strip() or "table"
        table = table_of_lines(file.name, [""] * (start + 1) + lines[start + 1 : end])
        name = title if title not in found else f"{title} {sum(one.startswith(title) for one in found) + 1}"
        found[name] = ColumnTable(file.name, table.columns, table.units, table.lines, _joined(attrs, table.attrs))
    if not found:
        raise ScanError(f"{file.name} has no readings below {_TABLE}; it was saved before anything was measured")
    return found


def tables_of_7400(file: DataFile) -> dict[str, ColumnTable]:
    """The table of a file of the 7400 series."""
    text = decode(file.content, file.name)
    lines, cut = whole_lines(text.text)
    marked = next((at for at, line in enumerate(lines) if "***DATA***" in line), None)
    attrs = {"instrument": "Lake Shore VSM"} | sample_facts(_pairs(lines[:marked]))
    attrs = with_left_out(attrs, *text.left_out, cut)
    if marked is None:
        return {"data": _listed(file.name, lines, attrs)}
    table = table_of_lines(file.name, [""] * (marked + 1) + lines[marked + 1 :])
    return {"data": ColumnTable(file.name, table.columns, table.units, table.lines, _joined(attrs, table.attrs))}


def _joined(attrs: Mapping, others: Mapping) -> dict:
    """Attributes of a file and of a table in it, the notes of both."""
    notes = "; ".join(one["notes"] for one in (attrs, others) if one.get("notes"))
    return {**attrs, **others} | ({"notes": notes} if notes else {})


def _pairs(lines: Iterable[str]) -> list[tuple[str, str]]:
    parts = (line.strip('" ,;\t\r').partition(":") for line in lines)
    return [(key, said.strip()) for key, colon, said in parts if colon]


def _listed(name: str, lines: list[str], attrs: dict) -> ColumnTable:
    """The columns of the full file of an experiment, which stand one below the other: "Field Data" and its numbers,
    then "MomentX Data" and its."""
    blocks = [(at, found["title"]) for at, line in enumerate(lines) if (found := _BLOCK.fullmatch(line.strip()))]
    start = next(at for at, title in blocks if title == "Experiment Data")
    end = next((at for at, _ in blocks if at > start), len(lines))
    columns: dict[str, list[float]] = {}
    current: list[float] | None = None
    for line in lines[start + 1 : end]:
        try:
            if current is not None and line.strip():
                current.append(float(line))
        except ValueError:
            current = None
        if line.strip().endswith(" Data"):
            current = columns.setdefault(line.strip().removesuffix(" Data"), [])
    lengths = [len(one) for one in columns.values() if one]
    if not lengths:
        raise ScanError(f"{name} has no readings below 'Experiment Data'; it was saved before anything was measured")
    whole = {head: np.array(one) for head, one in columns.items() if len(one) == max(lengths)}
    short = [head for head in columns if head not in whole]
    table = make_table(
        name, whole, np.arange(max(lengths)) + 1, [f"columns of fewer readings: {', '.join(short)}"] * bool(short)
    )
    return ColumnTable(name, table.columns, table.units, table.lines, _joined(attrs, table.attrs))


def _measurements(tables: Mapping[str, ColumnTable]) -> list[Measurement]:
    """Every column that was measured, of every table."""
    found = []
    for title, table in tables.items():
        axes, measured = magnetometer_choice(table)
        if not axes:
            continue
        forc = "forc" in table.attrs.get("measurement", "") or "reversal" in table.attrs.get("measurement", "")
        for value, error in measured:
            scan = segments_scan(table, axes, value, error, segment=_segment(table), reversal_curves=forc)
            found.append(
                Measurement(f"{title} | {value.source}", f"{title}, {scan.size} points, from {value.source}", scan)
            )
    if len(found) == 1:
        return [Measurement("", found[0].title, found[0].scan)]
    return found


def _segment(table: ColumnTable) -> np.ndarray | None:
    """A number that changes with the iteration and the segment, where the file counts them."""
    counted = [one for head, one in table.columns.items() if head.strip().lower() in COUNTED]
    if not counted or not np.isfinite(counted).all():
        return None
    changes = np.any([np.diff(one) != 0 for one in counted], axis=0)
    return np.concatenate([[0], np.cumsum(changes)])


FORMATS = (
    Format(
        name="lake-shore-8600",
        title="Lake Shore 8600 VSM",
        suffixes=(".csv",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="several measurements: moment, magnetization against field, temperature or angle",
        reads="Of every `##DATA TABLE` the columns of moment, magnetization and susceptibility with their errors, "
        "against the field, the temperature and the angle that moved; those that were held become attributes. Each "
        "segment of each iteration is a sweep, split where the field turns round; of first-order reversal curves the "
        "field at which each begins is the slow axis, and single readings between them are left out, and said. Mass "
        "and volume come from the settings. Steps, time stamps and status columns are left out.",
        measurements=lambda file: _measurements(tables_of_8600(file)),
        table=lambda file, name: picked(file.name, tables_of_8600(file), name),
        recognises=_is_8600,
        asks=Asks.COLUMNS,
        layout_after="published readers",
    ),
    Format(
        name="lake-shore-7400",
        title="Lake Shore 7400 VSM (IDEAS)",
        suffixes=(".txt",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="moment against field, temperature or angle",
        reads="The columns below `***DATA***` by their names and units, as of the 8600; a sweep ends where the field "
        "turns round. Mass and volume come from the lines above. The full file of an experiment, with one column below "
        "the other, has no units: they are asked for.",
        measurements=lambda file: _measurements(tables_of_7400(file)),
        table=lambda file, name: picked(file.name, tables_of_7400(file), name),
        recognises=_is_7400,
        asks=Asks.COLUMNS,
        layout_after="published readers",
    ),
)
