"""Adsorption Information Files (``.aif``): isotherms of sorption in a CIF's syntax, read by gemmi."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.several import picked
from napari_scantwin.readers.tables.table import ColumnTable
from napari_scantwin.readers.tables.text import decode

__all__ = ["AMOUNT", "FORMATS", "IsothermBlock", "isotherms_of"]

#: The value of a scan of sorption.
AMOUNT = "adsorbed_amount"
#: What a file says of the measurement, by the names of the older and of the newer dictionaries, and the attribute.
_ABOUT = (
    (("_adsorptive_name", "_exptl_adsorptive", "_exptl_adsorptive_name"), "adsorptive"),
    (("_adsnt_material_name", "_adsnt_material_id", "_sample_material_id"), "title"),
    (("_adsnt_sample_name", "_adsnt_sample_id", "_sample_id"), "sample"),
    (("_exptl_instrument",), "instrument"),
    (("_exptl_isotherm_type",), "isotherm_type"),
    (("_exptl_method",), "method"),
)
_SIZES = (
    (("_adsnt_sample_mass", "_exptl_sample_mass"), "_units_mass", "sample_mass", "g"),
    (("_adsnt_sample_density",), "_units_density", "density", "g/cm^3"),
    (("_adsnt_molar_mass",), "_units_molecular_weight", "molar_mass", "g/mol"),
)
_NUMBER = re.compile(
    r"(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\((?P<spread>\d+)\))? *(?P<unit>[^\d\s(].*)?"
)


@dataclass(frozen=True)
class IsothermBlock:
    """One isotherm of a file.

    Parameters
    ----------
    name
        The name of its data block.
    temperature, pressure, amount
        The readings [n], adsorption first.
    errors
        One standard deviation of each amount, where all say it [n].
    sweep
        0 for adsorption, 1 for desorption [n].
    units
        Of temperature, pressure and amount; None where the file says none that is known.
    attrs
        What the file says of it.
    """

    name: str
    temperature: np.ndarray
    pressure: np.ndarray
    amount: np.ndarray
    errors: np.ndarray | None
    sweep: np.ndarray
    units: tuple[str | None, str | None, str | None]
    attrs: dict


def isotherms_of(file: DataFile) -> list[IsothermBlock]:
    """Every isotherm in a file.

    Raises
    ------
    ScanError
        Where the file is damaged or holds none.
    """
    from gemmi import cif

    text = decode(file.content, file.name)
    try:
        document = cif.read_string(text.text)
    except Exception as reason:  # gemmi raises ValueError and RuntimeError
        where = str(reason).splitlines()[0].removeprefix("string:")
        raise ScanError(
            f"{file.name} does not follow the syntax of a CIF ({where}); copy it again or mend the line"
        ) from reason
    found = [one for block in document if (one := _isotherm(file.name, block, text.left_out)) is not None]
    if not found:
        raise ScanError(
            f"{file.name} holds no isotherm; one has a loop of _adsorp_pressure and _adsorp_amount, or of _desorp_…"
        )
    return found


def _said(block, *tags: str) -> str:
    """What a block says under the first of some tags that it has; empty where it says nothing."""
    from gemmi import cif

    for tag in tags:
        pair = block.find_pair(tag)
        if pair is not None and (text := cif.as_string(pair[1]).strip()):
            return text
    return ""


def _unit(text: str) -> str | None:
    return units.standard(text) if text and units.is_known(text) else None


def _loading(text: str) -> str | None:
    """The unit of an amount; hydrogen per metal atom, "H/M", is one too."""
    return units.split_label(f"amount ({text})")[1] if text else None


def _numbers(file: str, tag: str, cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and their standard deviations, as in ``1.234(5)``; NaN where there is none."""
    values, spreads = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    for at, cell in enumerate(cells):
        if cell in ("?", ".", "") or cell.strip("'\"").lower() in ("nan", "none"):
            continue
        found = _NUMBER.fullmatch(cell.strip("'\""))
        if found is None or found["unit"]:
            raise ScanError(f"{file}: {cell!r} under {tag} is not a number; mend or remove the row")
        values[at] = float(found["value"])
        if found["spread"]:
            decimals = len(found["value"].partition(".")[2].lower().partition("e")[0])
            power = float(f"1e{found['value'].lower().partition('e')[2] or 0}")
            spreads[at] = float(found["spread"]) * 10.0**-decimals * power
    return values, spreads


def _isotherm(file: str, block, left_out: Sequence[str]) -> IsothermBlock | None:
    """The isotherm of a data block, or None where it holds none."""
    parts, others = [], []
    for number, kind in enumerate(("_adsorp_", "_desorp_")):
        loop = block.find(kind, ["pressure", "amount"])
        if not len(loop):
            continue
        pressure = _numbers(file, f"{kind}pressure", list(loop.column(0)))[0]
        amount, errors = _numbers(file, f"{kind}amount", list(loop.column(1)))
        own = block.find_loop(f"{kind}temperature")
        temperature = _numbers(file, f"{kind}temperature", list(own))[0] if len(own) == len(loop) else None
        parts.append((pressure, amount, errors, temperature, np.full(len(loop), number)))
        for tag in block.find_loop(f"{kind}pressure").get_loop().tags:
            if tag.removeprefix(kind) not in ("pressure", "amount", "temperature", "index"):
                others.append(tag)
    if not parts:
        return None
    size = sum(len(part[0]) for part in parts)
    said = re.fullmatch(_NUMBER, _said(block, "_exptl_temperature"))
    kelvin = _unit((said["unit"] if said and said["unit"] else "") or _said(block, "_units_temperature"))
    everywhere = float(said["value"]) if said else np.nan
    temperature = np.concatenate([np.full(len(p[0]), everywhere) if p[3] is None else p[3] for p in parts])
    pressure, amount, errors, sweep = (np.concatenate([part[at] for part in parts]) for at in (0, 1, 2, 4))
    attrs: dict = {attr: text for tags, attr in _ABOUT if (text := _said(block, *tags))}
    for tags, tag, attr, usual in _SIZES:
        value = re.fullmatch(_NUMBER, _said(block, *tags))
        unit = _unit((value["unit"] if value and value["unit"] else "") or _said(block, tag))
        if value and unit and units.compatible(unit, usual) and float(value["value"]) > 0:
            attrs |= {attr: float(value["value"]), f"{attr}_units": unit}
    attrs = with_left_out(attrs, *left_out, f"the columns {', '.join(others)}" if others else "")
    good = np.isfinite(pressure) & np.isfinite(amount)
    if lost := size - int(good.sum()):
        attrs = with_left_out(attrs, f"{lost} row{'s' if lost > 1 else ''} without pressure or amount") | {
            "dropped_rows": lost
        }
    return IsothermBlock(
        block.name,
        temperature[good],
        pressure[good],
        amount[good],
        errors[good] if np.isfinite(errors[good]).all() and good.any() else None,
        sweep[good],
        (
            kelvin,
            _unit(_said(block, "_units_pressure")),
            _loading(_said(block, "_units_loading", "_units_sorbed_amount")),
        ),
        attrs,
    )


def _whole(one: IsothermBlock) -> bool:
    """Whether a file says everything of an isotherm: its temperature, and units that are those of such quantities."""
    kelvin, pressure, amount = one.units
    if kelvin is None or pressure is None or amount is None or not len(one.pressure):
        return False
    placed = bool(np.isfinite(one.temperature).all())
    return placed and units.compatible(kelvin, "K") and units.compatible(pressure, "Pa")


def _measurements(file: DataFile) -> list[Measurement]:
    """The isotherms of each sample, gas and unit together; none where people have to be asked."""
    found = isotherms_of(file)
    if not all(map(_whole, found)):
        return []
    groups: dict[tuple, list[IsothermBlock]] = {}
    for one in found:
        of = tuple(one.attrs.get(key) for key in ("adsorptive", "title", "sample"))
        groups.setdefault((*of, one.units), []).append(one)
    made = []
    for (gas, *_), parts in groups.items():
        title = (
            f"{', '.join(one.name for one in parts)}: {gas or 'gas'}, {sum(len(one.pressure) for one in parts)} points"
        )
        made.append(Measurement(parts[0].name if len(groups) > 1 else "", title, _scan(parts)))
    return made


def _scan(parts: list[IsothermBlock]):
    """The scan of isotherms of one sample and gas, adsorption and desorption a sweep each."""
    kelvin, pressure, amount = (str(unit) for unit in parts[0].units)
    sweep, count = [], 0
    for one in parts:
        numbers, inverse = np.unique(one.sweep, return_inverse=True)
        sweep.append(count + inverse)
        count += len(numbers)
    errors = None
    if all(one.errors is not None for one in parts):
        errors = np.concatenate([one.errors for one in parts if one.errors is not None])
    attrs = parts[0].attrs
    for one in parts[1:]:
        attrs = with_left_out(
            attrs, *(note.removeprefix("left out: ") for note in one.attrs.get("notes", "").split("; "))
        )
    return scans.ragged_scan(
        {
            "temperature": (np.concatenate([one.temperature for one in parts]), kelvin),
            "pressure": (np.concatenate([one.pressure for one in parts]), pressure),
        },
        np.concatenate([one.amount for one in parts]),
        name=AMOUNT,
        unit=amount,
        errors=errors,
        sweep=np.concatenate(sweep),
        attrs=attrs,
    )


def _tables(file: DataFile) -> dict[str, ColumnTable]:
    """A table of each isotherm, for people to say what the file leaves out."""
    tables = {}
    for one in isotherms_of(file):
        columns = {"temperature": one.temperature, "pressure": one.pressure, "amount": one.amount, "sweep": one.sweep}
        known = dict(zip(columns, (*one.units, None), strict=True))
        if not np.isfinite(one.temperature).all():
            del columns["temperature"], known["temperature"]
        floats = {head: np.asarray(column, float) for head, column in columns.items()}
        tables[one.name] = ColumnTable(file.name, floats, known, np.arange(1, len(one.sweep) + 1), one.attrs)
    return tables


FORMATS = (
    Format(
        name="adsorption",
        title="Adsorption Information File",
        suffixes=(".aif",),
        level=Level.INSTRUMENT,
        holds="isotherms of sorption",
        reads="The amount against temperature and pressure, adsorption and desorption a sweep each, in the units of "
        "`_units_pressure`, `_units_loading` and `_units_temperature`; what the file does not say is asked for. "
        "`cm3(STP)` is gas at 273.15 K and 101.325 kPa, 44.615 µmol. Standard deviations, `1.234(5)`, are errors. The "
        "isotherms of one sample and gas in a file make one scan. Sample mass, gas and instrument come from the file; "
        "saturation pressures and other columns are left out, and said.",
        measurements=_measurements,
        table=lambda file, block: picked(file.name, _tables(file), block),
        asks=Asks.COLUMNS,
        layout_after="AIF dictionary, gemmi",
    ),
)
