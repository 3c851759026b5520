"""The parts of a Quantum Design file: what its header says, and its columns of readings."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.tables.cells import decimal_mark, parse_number, split_line
from napari_scantwin.readers.tables.fast import EXACT
from napari_scantwin.readers.tables.text import whole_lines

__all__ = ["about", "parts"]

#: What the header says of the sample: its keys, the attribute it becomes, and the unit where none is written.
_FACTS = (
    (("SAMPLE_MASS", "MASS", "WEIGHT"), "sample_mass", "mg"),
    (("MASSERR",), "sample_mass_error", "mg"),
    (("SAMPLE_VOLUME", "VOLUME"), "sample_volume", "mm**3"),
    (("SAMPLE_MOLECULAR_WEIGHT", "MOLWGHT", "MOLECULAR_WEIGHT", "FORMULA_WEIGHT"), "molar_mass", "g/mol"),
    (("ATOMS", "ATOMS_PER_FORMULA_UNIT"), "atoms_per_formula_unit", ""),
)
_DATA = re.compile(r"^[ \t]*\[data\][,;\t ]*\r?\n?", re.IGNORECASE | re.MULTILINE)
#: The end of a file shows whether its last line is whole.
_END = 1 << 14
_CUT = "the last line, which has no line end and may be cut"
#: So many rows from either end show the decimal mark.
_SAMPLE = 30
_KEY = re.compile(r"(?P<key>[A-Z][A-Z0-9_]{2,})\s*(?::.*)?")


def parts(name: str, text: str) -> tuple[dict[str, str], dict[str, np.ndarray], list[str]]:
    """What a file consists of.

    Parameters
    ----------
    name
        The file's name, for errors.
    text
        Its text.

    Returns
    -------
    header
        Its facts, by key.
    columns
        The readings [n] by column header; NaN where a cell is empty or a word.
    said
        Sentences on what was left out.

    Raises
    ------
    ScanError
        Where there are no readings.
    """
    found = _DATA.search(text)
    heads_end = -1 if found is None else text.find("\n", found.end() + 1)
    if found is None or (heads_end < 0 and not text[found.end() :].strip()):
        raise ScanError(f"{name} has a [Header] but no [Data]; it is cut off: copy it again from the instrument")
    heads_line = text[found.end() : heads_end if heads_end >= 0 else len(text)].strip("\r\n")
    body = text[heads_end + 1 :] if heads_end >= 0 else ""
    _, cut = whole_lines(body[-_END:])
    if cut:
        body, cut = body[: body.rfind("\n") + 1], _CUT
    delimiter = max("\t,;", key=heads_line.count)
    heads = split_line(heads_line, delimiter)
    while heads and not heads[-1]:
        heads.pop()
    # A spreadsheet saves the numbers again as its language writes them; between commas no other mark can stand.
    sample = [*body[:_END].splitlines()[:_SAMPLE], *body[-_END:].splitlines()[-_SAMPLE:]]
    decimal = "." if delimiter == "," else decimal_mark(name, [c for row in sample for c in split_line(row, delimiter)])
    columns = _columns(body, heads, delimiter, decimal) if body.strip() else {}
    filled = np.any([np.isfinite(column) for column in columns.values()], axis=0) if columns else np.array([])
    if not filled.any():
        raise ScanError(f"{name} has no readings below [Data]; it was saved before anything was measured")
    header = _header(text[: found.start()].splitlines(), delimiter)
    if decimal == ",":
        header = {key: re.sub(r"(?<=\d),(?=\d)", ".", said) for key, said in header.items()}
    return header, {head: column[filled] for head, column in columns.items()}, [cut] if cut else []


def _columns(body: str, heads: list[str], delimiter: str, decimal: str = ".") -> dict[str, np.ndarray]:
    """The numbers of each named column; a row of a comment alone has none."""
    cells: list[pd.Series]
    try:
        read = pd.read_csv(
            io.StringIO(body),
            header=None,
            names=range(len(heads)),
            usecols=range(len(heads)),
            sep=delimiter,
            decimal=decimal,
            index_col=False,
            low_memory=False,
            **EXACT,
        )
        cells = [read[at] for at in range(len(heads))]
    except (ValueError, pd.errors.ParserError):  # rows of more cells than the header, stray quotation marks
        table = [split_line(row, delimiter) for row in body.splitlines() if row.strip()]
        cells = [
            pd.Series([row[at] if at < len(row) else "" for row in table], dtype=object) for at in range(len(heads))
        ]
    return {head: _numbers(column, decimal) for head, column in zip(heads, cells, strict=True) if head}


def _numbers(column: pd.Series, decimal: str) -> np.ndarray:
    if column.dtype.kind in "iufb":
        return column.to_numpy(float)
    read = [parse_number(cell, decimal) if isinstance(cell, str) else cell for cell in column]
    return np.array([np.nan if number is None else number for number in read], float)


def _header(lines: list[str], delimiter: str) -> dict[str, str]:
    """Facts by key: ``INFO,value,KEY`` and ``INFO,value,KEY:what it is (unit)`` in new files, ``INFO,KEY,value`` and
    ``INFO,key: value`` in old ones."""
    header: dict[str, str] = {}
    for line in lines:
        cells = [cell for cell in split_line(line, delimiter) if cell]
        if len(cells) >= 2 and cells[0].upper() == "INFO":
            key = next((cell for cell in (cells[-1], cells[1]) if len(cells) > 2 and _KEY.fullmatch(cell)), None)
            if key is not None:
                unit = re.search(r"\(([^()]+)\)\s*$", key)
                rest = ", ".join(cell for cell in cells[1:] if cell != key)
                found = _KEY.fullmatch(key)
                header[found["key"] if found else key] = f"{rest} {unit[1]}" if unit and _bare(rest) else rest
            elif ":" in cells[1]:
                before, _, after = cells[1].partition(":")
                header[before.strip().upper().replace(" ", "_")] = after.strip()
            elif len(cells) == 2 and _KEY.fullmatch(cells[1]) is None:
                header.setdefault("INFO", cells[1])
        elif len(cells) >= 2 and cells[0].upper() in ("TITLE", "BYAPP"):
            header[cells[0].upper()] = cells[1]
    return header


def _bare(text: str) -> bool:
    return parse_number(text) is not None


def about(header: dict[str, str]) -> dict:
    """What a header says of instrument and sample, as a scan's attributes, each number with its unit beside it."""
    attrs: dict = {"instrument": header.get("BYAPP", header.get("APPNAME", "Quantum Design"))}
    if header.get("TITLE") or header.get("SAMPLE_MATERIAL"):
        attrs["title"] = header.get("TITLE") or header["SAMPLE_MATERIAL"]
    for keys, attr, usual in _FACTS:
        for key in keys:
            found = re.fullmatch(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*\(?([^()\d]*)\)?\s*", header.get(key, ""))
            value = parse_number(found[1]) if found else None
            if not found or value is None or not np.isfinite(value) or value <= 0 or attr in attrs:
                continue
            written = found[2].strip()
            if written and not (units.is_known(written) and units.compatible(written, usual or "1")):
                continue  # of another kind than the fact is
            attrs[attr] = value
            if usual:
                attrs[f"{attr}_units"] = units.standard(written or usual)
    return attrs
