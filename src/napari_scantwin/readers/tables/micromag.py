"""Princeton MicroMag files (AGM 2900, VSM 3900): hysteresis loops, remanence curves, first-order reversal curves.

Below a header come rows of numbers parted by commas; a blank line parts two segments. Newer files (Series 0016) name
columns and units above the numbers, in columns of their own; older ones say only "Units of measure".
"""

from __future__ import annotations

import contextlib
import re

import numpy as np

from napari_scantwin.core import units, vocabulary
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.cells import parse_number
from napari_scantwin.readers.tables.segments import segments_scan
from napari_scantwin.readers.tables.table import Column, ColumnTable
from napari_scantwin.readers.tables.text import SUFFIXES, decode, whole_lines

__all__ = ["FORMATS"]

#: Units of field and moment where the columns do not say them. What the files call "SI" and "mks" is A/m in some and T
#: in others: that is asked for.
_SYSTEMS = {"cgs": ("Oe", "emu"), "hybrid si": ("T", "A m^2"), "simunaughth": ("T", "A m^2")}
_TEMPERATURES = {"kelvin": "K", "celsius": "degC"}
#: What is measured, by what a column's name ends in, and what else than the names of the vocabulary means it.
_MEASURED = ("moment", "magnetization", "remanence", "induced")
_NUMBERS = re.compile(r"[-+\d.,eEdDnNaAiIfF/ \t#*]+")
#: The header of the column that numbers the segments, as tables call it whose columns people are asked for.
_SEGMENT = "sweep"


def _is_micromag(file: DataFile) -> bool:
    return b"micromag" in file.head[:200].replace(b"\0", b"").lower()


def _row(line: str) -> list[float] | None:
    """The numbers of a line, or None where it is none of numbers."""
    if "," not in line or not _NUMBERS.fullmatch(line):
        return None
    with contextlib.suppress(ValueError):
        return [float(cell) for cell in line.split(",")]
    cells = [parse_number(cell) for cell in line.split(",")]
    while cells and cells[-1] is not None and np.isnan(cells[-1]) and line.rstrip().endswith(","):
        cells.pop()
        line = line.rstrip().removesuffix(",")
    return None if None in cells else [float(cell) for cell in cells if cell is not None]


def micromag_table(file: DataFile) -> ColumnTable:
    """The readings of a file, with the number of each one's segment.

    Raises
    ------
    ScanError
        Where there are none, or a line among them is none of numbers.
    """
    text = decode(file.content, file.name)
    footer = re.search(r"^\s*MicroMag.*ends\s*\Z", text.text, re.IGNORECASE | re.MULTILINE)
    lines, cut = whole_lines(text.text[: footer.start()] if footer else text.text)
    start = _first_reading(lines)
    if start is None:
        raise ScanError(f"{file.name} has no readings below its header; it was saved before anything was measured")
    rows: list[list[float]] = []
    numbers, segments = [], []
    segment, before = 0, start
    for number, line in enumerate(lines[start:], start):
        if not line.strip(", \t\x1a"):
            continue
        read = _row(line)
        width = len(rows[0]) if rows else 2
        if read is None or (rows and len(read) != width):
            raise ScanError(
                f"{file.name}, line {number + 1}: {line.strip()!r} is no row of {width} numbers; it is altered: copy "
                "it again"
            )
        segment += number > before + 1
        before = number
        rows.append(read)
        numbers.append(number + 1)
        segments.append(segment)
    header = lines[:start]
    values = np.array(rows, float)
    settings = _settings(header)
    heads = _heads(header, lines[start], values.shape[1]) or _usual_heads(settings, values.shape[1])
    columns = {head: values[:, at] for at, (head, _) in enumerate(heads)}
    columns[_SEGMENT] = np.array(segments, float)
    known = {head: unit for head, unit in heads} | {_SEGMENT: None}
    attrs = with_left_out(_about(settings), *text.left_out, cut)
    return ColumnTable(file.name, columns, known, np.array(numbers), attrs)


def _first_reading(lines: list[str]) -> int | None:
    """Where the readings begin: at the first row of numbers that does not stand below the head of the table of
    segments."""
    in_segments = False
    for at, line in enumerate(lines):
        if not line.strip():
            in_segments = False
        elif line.strip().lower().startswith("segment"):
            in_segments = True
        elif not in_segments and _row(line) is not None:
            return at
    return None


def _settings(header: list[str]) -> dict[str, str]:
    """What the header says, by small letters: "Name : said", "Name = said" or, in columns, "Name      said"; the kind
    of measurement as ``kind``."""
    settings = {"kind": next((line.strip().lower() for line in header[1:] if line.strip()), "")}
    for line in header[1:]:
        found = re.match(r"(?P<key>[A-Za-z][^:=]*?)(?:\s*[:=]\s+|\s{2,}|\t)(?P<said>\S.*)", line.strip())
        if found:
            settings.setdefault(found["key"].strip().lower(), found["said"].strip())
    return settings


def _heads(header: list[str], first: str, width: int) -> list[tuple[str, str | None]] | None:
    """Names and units of the columns, from the lines above the readings; None where they are not named."""
    block: list[str] = []
    for line in reversed(header):
        if line.strip():
            block.insert(0, line)
        elif block:
            break
    given = re.findall(r"\(([^()]*)\)", block[-1]) if block else []
    if len(given) != width or len(block) < 2:
        return None
    commas = [found.start() for found in re.finditer(",", first)]
    edges = list(zip([0, *commas], [*commas, None], strict=True))
    names = ["" for _ in range(width)]
    for line in block[:-1]:
        words = [one for one in re.split(r"\s{2,}|\t+|,", line.strip()) if one]
        if len(words) != width:
            words = [line[left:right].strip(", ") for left, right in edges]
        names = [f"{name} {word}".strip() for name, word in zip(names, words, strict=True)]
    names = [re.sub(r" ?\(.*\)$", "", name) or f"column {at}" for at, name in enumerate(names, 1)]
    names = [name if names.count(name) == 1 else f"{name} {at}" for at, name in enumerate(names, 1)]
    return [
        (n, units.standard(u) if u.strip() and units.is_known(u) else None) for n, u in zip(names, given, strict=True)
    ]


def _usual_heads(settings: dict[str, str], width: int) -> list[tuple[str, str | None]]:
    """The columns of files that do not name them: the scanned one and the moment, by the kind of measurement."""
    field, moment = _SYSTEMS.get(settings.get("units of measure", "").lower(), (None, None))
    kind = settings["kind"]
    if "temperature" in kind and "field" not in kind:
        scanned = ("Temperature", _TEMPERATURES.get(settings.get("temperature in", "").lower()))
    elif "time" in kind and "field" not in kind:
        scanned = ("Time", None)
    else:
        scanned = ("Field", field)
    named = [scanned, ("Remanence" if "remanence" in kind else "Moment", moment)]
    return (named + [(f"column {at}", None) for at in range(3, width + 1)])[:width]


def _about(settings: dict[str, str]) -> dict:
    attrs: dict = {
        "instrument": f"MicroMag {settings.get('configuration', '')}".strip(),
        "measurement": settings["kind"],
    }
    if title := settings.get("description", "").strip('" '):
        attrs["title"] = title
    unit = _TEMPERATURES.get(settings.get("temperature in", "").lower())
    for key in ("temperature (measured)", "temperature"):
        value = parse_number(settings.get(key, ""))
        if unit and value is not None and np.isfinite(value) and units.convert(value, unit, "K") > 0:
            attrs |= {"temperature": value, "temperature_units": units.standard(unit)}
            break
    sized = [key for key in ("mass", "volume") if np.isfinite(parse_number(settings.get(key, "")) or np.nan)]
    return with_left_out(attrs, f"{' and '.join(sized)} of the sample, given without a unit" if sized else "")


def _measurements(file: DataFile) -> list[Measurement]:
    """Every column that was measured."""
    table = micromag_table(file)
    axes: dict[str, Column] = {}
    adjusted: dict[str, Column] = {}
    values: list[Column] = []
    errors: dict[str, Column] = {}
    for header, unit in table.units.items():
        plain = header.lower()
        name = vocabulary.standard_name(plain.removeprefix("adjusted "), unit)
        if header == _SEGMENT or unit is None:
            continue
        if re.search(r"std|error|deviation", plain):
            of = re.sub(r"\W*(std\.?|standard|error|err\.?|dev(?:iation)?\.?)", "", plain).strip()
            errors[of] = Column(header, "standard_error", unit)
        elif name in ("magnetic_field", "temperature"):
            (adjusted if plain.startswith("adjusted") else axes)[name] = Column(header, name, unit)
        elif plain.endswith(_MEASURED) and units.compatible(unit, "emu"):
            values.append(Column(header, "moment" if plain in ("moment", "induced") else _named(plain), unit))
        elif name in _MEASURED:
            values.append(Column(header, name, unit))
    found = []
    for value in values:
        mine = axes | (adjusted if value.source.lower().startswith("adjusted") else {})
        error = next((errors[one] for one in (value.source.lower(), "") if one in errors), None)
        curves = "reversal" in table.attrs["measurement"]
        segment = table.columns[_SEGMENT]
        if mine and (error is None or units.compatible(error.unit, value.unit)):
            scan = segments_scan(table, mine, value, error, segment=segment, reversal_curves=curves)
            found.append(Measurement(value.source, f"{value.source}, {scan.size} points", scan))
    return [Measurement("", one.title, one.scan) for one in found] if len(found) == 1 else found


def _named(plain: str) -> str:
    return re.sub(r"\W+", "_", plain)


FORMATS = (
    Format(
        name="micromag",
        title="Princeton MicroMag AGM 2900, VSM 3900",
        suffixes=(".frc", ".forc", ".hys", ".irm", ".dcd"),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="hysteresis loops, remanence curves, first-order reversal curves",
        reads="The columns by the names and units above them, in older files field and moment in the `Units of "
        "measure` (cgs: Oe, emu; Hybrid SI: T, A m²; what is called SI or mks means A/m or T and is asked for). Blank "
        "lines part the sweeps, and so does a field that turns round; of first-order reversal curves the field at "
        "which each begins is the slow axis, and single readings between them are left out, and said. Adjusted columns "
        "are measurements of their own. The temperature comes from the header; mass and volume have no unit there and "
        "are left out.",
        measurements=_measurements,
        table=lambda file, sheet: micromag_table(file),
        recognises=_is_micromag,
        asks=Asks.COLUMNS,
        layout_after="published readers",
    ),
)
