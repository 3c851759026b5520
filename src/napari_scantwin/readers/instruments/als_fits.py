"""FITS files as the beamlines 7.0.2 and 10.0.1 of the ALS write them, through astropy.

The primary header has the motors, the analyser's settings and what was scanned (``LWLVLPN`` loops of ``NMSBDV``
devices: ``NM_i_j`` from ``ST_i_j`` to ``EN_i_j`` in ``N_i_j`` steps, the first device fastest); a binary table has a
row for each step, with read-backs and one column of spectra for each region, whose ``TDESC``, ``TRVAL``, ``TRPIX`` and
``TDELT`` give its axes as FITS counts them. ``SFKE_n`` (``SSKE_n`` for swept regions) says whether energies are
kinetic. After PyARPES (``find_clean_coords``, and the MAESTRO files it is tested with) and erlab (``load_fits7``).
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.energies import FERMI, KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import analyser_attrs, arpes_scan, axis_name, size_words
from napari_scantwin.readers.format import Asks, DataFile, Extra, Format, Level
from napari_scantwin.readers.instruments.fits_scan import Grid, device_label, scanned_grid
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "measurements"]

#: Header keys of the analyser's settings, ``{}`` being F or S (fixed, swept) and then the region's number.
_ANALYSER = {
    "S{}RGN{}": "Region Name",
    "S{}LNM{}": "Lens Mode",
    "S{}PE_{}": "Pass Energy",
    "SSSW{1}": "Number of Sweeps",
}


def measurements(file: DataFile) -> list[Measurement]:
    """The regions of an ALS FITS file, each a spectrum or cut, or a stack of them along what was scanned."""
    from astropy.io import fits

    path = file.path
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # LabVIEW writes cards astropy mends
            with fits.open(path, memmap=False) as opened:
                tables = [hdu for hdu in opened if isinstance(hdu, fits.BinTableHDU) and _is_whole(path, hdu)]
                if not tables:
                    raise ScanError(f"{path.name} holds no table of spectra as the beamlines of the ALS write it")
                about = _cards(opened[0].header)
                columns = _cards(tables[0].header)
                data = {name: _native(tables[0].data[name]) for name in tables[0].columns.names}
    except ScanError:
        raise
    except Exception as reason:  # a damaged file makes astropy raise many kinds
        raise ScanError(f"{path.name} is not a whole FITS file; it may be cut off: copy it again") from reason
    return _regions(path, about, columns, data)


def _is_whole(path: Path, hdu) -> bool:
    """Whether the table's rows lie in the file, so that a damaged header asks for no absurd memory."""
    size = path.stat().st_size
    wanted = int(hdu.header["NAXIS1"]) * int(hdu.header["NAXIS2"]) + max(int(hdu.header.get("PCOUNT", 0)), 0)
    if not 0 < wanted <= size - hdu.fileinfo()["datLoc"]:
        raise ScanError(f"{path.name} is not a whole FITS file: its table does not fit its length; copy it again")
    return True


def _cards(header) -> dict[str, object]:
    """The header's values by keyword, logical motors by the name in their comment; what cannot be read is left out."""
    found: dict[str, object] = {}
    for card in header.cards:
        try:
            key, value = card.keyword, card.value
            key = card.comment if key.startswith("LMOTOR") and card.comment else key
        except Exception:  # such as Inf, which FITS does not know
            continue
        if key not in ("COMMENT", "HISTORY", ""):
            found.setdefault(key, value)
    return found


def _native(column) -> np.ndarray:
    values = np.asarray(column)
    if values.dtype.kind not in "iuf":
        return np.zeros(0)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _regions(path: Path, about: dict, columns: dict, data: dict[str, np.ndarray]) -> list[Measurement]:
    spectra, notes = [], {}
    for number, (name, values) in enumerate(data.items(), 1):
        if values.size and f"TRVAL{number}" in columns:
            spectra.append((number, name, values))
        elif values.ndim == 1 and values.size:
            notes[name] = (str(columns.get(f"TUNIT{number}", "")).strip(), values)
    if not spectra:
        raise ScanError(f"{path.name}: no column of its table says what its axes are (TRVAL, TDELT, TDESC)")
    grid = scanned_grid(path.name, about, notes, len(spectra[0][2]))
    counted = {"F": 0, "S": 0}
    found = []
    for number, name, values in spectra:
        mode = "S" if name.lower().startswith("swept") else "F"
        found.append(_region(path, about, columns, notes, grid, name, number, values, mode, counted[mode]))
        counted[mode] += 1
    return found


def _region(path, about, columns, notes, grid: Grid, name: str, number: int, values, mode: str, region: int):
    axes = _spectrum_axes(path, name, values.shape[1:], {key: columns.get(f"{key}{number}") for key in _AXIS_KEYS})
    settings = {key: str(value) for key, value in about.items()}
    for pattern, kept in _ANALYSER.items():
        settings[kept] = settings.pop(pattern.format(mode, region), "")
    settings["Excitation Energy"] = settings.get(f"S{mode}_HV") or settings.get("BL_E", "")
    settings |= {"Acquisition Mode": "Swept" if mode == "S" else "Fixed", "Date": settings.pop("START_T", "")}
    attrs = analyser_attrs(settings)
    along = {}
    for label, (unit, column) in notes.items():
        key = axis_name(device_label(label))
        if len(column) == 1 and label != "null":
            attrs |= {key: float(column[0])} | ({f"{key}_units": units.standard(unit)} if _known(unit) else {})
        elif len(grid.axes) == 1 and label != "null":
            key += "_readback" if key in {axis_name(axis) for axis, *_ in grid.axes} else ""
            along[key] = (0, unit if _known(unit) else None, grid.placed(column))
    kinetic = about.get(f"S{mode}KE_{region}") is True
    scan = arpes_scan(
        path.name,
        grid.placed(values),
        [*grid.axes, *axes],
        unit=str(columns.get(f"TUNIT{number}", "")) or None,
        documented=(KINETIC,) if kinetic else (KINETIC, FERMI),
        attrs=attrs,
        along=along,
    )
    if grid.note:
        scan.attrs["stopped"] = grid.note
    return Measurement(name, f"{attrs.get('region', name)}: {size_words(scan)}", scan)


def _known(unit: str) -> bool:
    return bool(unit) and units.is_known(unit)


_AXIS_KEYS = ("TDESC", "TRVAL", "TRPIX", "TDELT")


def _spectrum_axes(path: Path, name: str, shape: tuple[int, ...], cards: dict) -> list[tuple]:
    """A spectrum's axes as (label, unit, coordinates). FITS lists the fastest axis first, numpy last."""
    words = {key: re.sub(r"[()\s']", "", str(value)).split(",")[::-1] for key, value in cards.items()}
    if cards["TRPIX"] is None:
        words["TRPIX"] = ["1"] * len(shape)
    try:
        numbers = {key: [float(word) for word in words[key]] for key in _AXIS_KEYS[1:]}
    except ValueError:
        numbers = {key: list[float]() for key in _AXIS_KEYS[1:]}
    if not shape or {len(words["TDESC"]), *map(len, numbers.values())} != {len(shape)}:
        raise ScanError(
            f"{path.name}: the axes of {name} (TDESC, TRVAL, TDELT) do not fit its {' x '.join(map(str, shape))} "
            "values; the file is altered: copy it again"
        )
    axes = []
    for number, (what, size) in enumerate(zip(words["TDESC"], shape, strict=True)):
        start, first, step = (numbers[key][number] for key in _AXIS_KEYS[1:])
        label, unit = (_LABELS.get(units.standard(what), what), what) if _known(what) else (what, None)
        axes.append((label, unit, start + (np.arange(1, size + 1) - first) * step))
    return axes


#: What an axis of a spectrum is, by its unit. Detector pixels along the slit are not yet degrees.
_LABELS = {"eV": "energy", "meV": "energy", "deg": "angle", "pixel": "angle", "mm": "position", "s": "time"}


FORMATS = (
    Format(
        name="als-fits",
        title="ALS beamlines 7.0.2, 10.0.1",
        suffixes=(".fits",),
        level=Level.INSTRUMENT,
        holds="all regions; spectra, cuts, scans of one or two motors (serpentine and stopped ones too), uneven steps; "
        "read-backs",
        reads="Every region's column of spectra against `TRVAL`, `TRPIX` and `TDELT`, with the unit in its axes' "
        "names; the rows of the table lie on the nominal steps of the motors that were scanned, read-backs beside them "
        "as coordinates. An angle is in `pixel` where the file says nothing of degrees. Energies are kinetic where the "
        "file says so; else kinetic or from the Fermi level, whichever their values allow. Header cards that cannot be "
        "read are left out.",
        measurements=measurements,
        asks=Asks.UNITS,
        extra=Extra("fits", "astropy", "FITS files"),
        layout_after="PyARPES and its sample files, erlab",
    ),
)
