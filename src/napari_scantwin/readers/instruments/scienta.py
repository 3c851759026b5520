"""Scienta SES files: text (``.txt``, one or several regions) and DA30 ``.zip`` (``.ini`` and ``.bin``)."""

from __future__ import annotations

import configparser
import math
import re
import zipfile
from pathlib import Path

import numpy as np

from napari_scantwin.core.energies import KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import analyser_attrs, arpes_scan, settings_block, size_words
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.instruments.cassiopee import beamline_attrs
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.text import SUFFIXES, numbers

__all__ = ["FORMATS", "is_ses_text", "text_measurements", "zip_measurements"]

#: A DA30 array larger than this (bytes) is refused before it is unpacked.
_MOST_BYTES = 8 << 30
#: A row of numbers and nothing else.
_ROW = re.compile(r"[\s\d.eE+-]*")
#: Energies are printed to so small a part of them at least.
_PRINTED = 1e-5


def is_ses_text(file: DataFile) -> bool:
    """Whether a text file begins as SES writes it."""
    return file.head.lstrip()[:6] == b"[Info]" and b"Number of Regions" in file.head[:500]


def text_measurements(file: DataFile) -> list[Measurement]:
    """The regions of an SES text file, each a cut or a stack of cuts."""
    path = file.path
    text = file.content.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    parts = re.split(r"^\[(Region|Info|Data) ?(\d+)?(?::(\d+))?\][ \t]*$", text, flags=re.MULTILINE)
    regions: dict[str, dict[str, str]] = {}
    data: dict[str, list[str]] = {}
    for kind, number, _, body in zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True):
        if number is None:
            continue
        if kind == "Data":
            data.setdefault(number, []).append(body)
        else:
            settings, rows = _settings_and_rows(body)
            regions[number] = {**settings, **regions.get(number, {})} if kind == "Info" else settings
            if rows:
                data.setdefault(number, []).append(rows)
    if not regions or not data:
        raise ScanError(f"{path.name} names no region with data; it may be cut off: save or copy it again")
    notes = beamline_attrs(path)
    found = [_text_region(path, number, regions[number], data.get(number, [])) for number in sorted(regions, key=int)]
    for one in found:
        one.scan.attrs.update(
            {key: value for key, value in notes.items() if key.removesuffix("_units") not in one.scan.dims}
        )
    return found


def _settings_and_rows(body: str) -> tuple[dict[str, str], str]:
    """The settings of a block, and the rows of numbers that end it: at CASSIOPEE some files have no ``[Data 1]`` above
    theirs."""
    lines = body.rstrip().split("\n")
    first = len(lines)
    while first and "=" not in lines[first - 1] and _ROW.fullmatch(lines[first - 1]):
        first -= 1
    return settings_block("\n".join(lines[:first])), "\n".join(lines[first:])


def _text_region(path: Path, number: str, about: dict[str, str], blocks: list[str]) -> Measurement:
    axes: list[tuple] = []
    while f"Dimension {len(axes) + 1} name" in about:
        key = f"Dimension {len(axes) + 1}"
        scale = numbers(path.name, about.get(f"{key} scale", ""), f"{key} scale")
        if about.get(f"{key} size") != str(len(scale)):
            promised = about.get(f"{key} size", "as many as its size says")
            raise ScanError(f"{path.name}, region {number}: {key} has {len(scale)} values, not {promised}")
        axes.append((about[f"{key} name"], None, scale))
    if not axes:
        raise ScanError(f"{path.name}, region {number}: no 'Dimension 1 name'; it may be cut off: copy it again")
    shape = tuple(len(column) for *_, column in axes)
    # Each row begins with its energy; a third dimension comes as one block a step.
    columns = shape[1] if len(shape) > 1 else 1
    values = numbers(path.name, " ".join(blocks), f"data of region {number}")
    rows = shape[0] * (shape[2] if len(shape) > 2 else 1)
    if values.size != rows * (columns + 1):
        raise ScanError(
            f"{path.name}, region {number}: {values.size} numbers where {rows} rows of {columns + 1} belong; "
            "the file is cut off or altered: copy it again"
        )
    table = values.reshape(rows, columns + 1)
    _check_energies(path, number, table[:, 0].reshape(-1, shape[0]), axes[0][2])
    values = table[:, 1:]
    if len(shape) > 2:
        values = np.moveaxis(values.reshape(shape[2], shape[0], shape[1]), 0, 2)
    return _measurement(path, values.reshape(shape), axes, about, f"region {number}")


def _check_energies(path: Path, number: str, repeated: np.ndarray, scale: np.ndarray) -> None:
    """Refuse rows that do not begin with the energies of the axis, as where one is missing and another doubled."""
    step = np.abs(np.diff(scale)).min() if len(scale) > 1 else 0.0
    wrong = ~(np.abs(repeated - scale) <= step / 2 + _PRINTED * np.abs(scale))
    if wrong.any():
        block, row = np.argwhere(wrong)[0]
        raise ScanError(
            f"{path.name}, region {number}: row {block * len(scale) + row + 1} begins with {repeated[block, row]:.9g}, "
            f"where Dimension 1 scale has {scale[row]:.9g}; the file is altered: copy it again"
        )


def _measurement(path: Path, values, axes, about: dict[str, str], fallback: str) -> Measurement:
    said = (about.get("Energy Scale"),)  # the axis's own label comes first, whatever the settings showed on screen
    scan = arpes_scan(path.name, values, axes, said=said, documented=(KINETIC,), attrs=analyser_attrs(about))
    name = about.get("Region Name") or fallback
    return Measurement(name, f"{name}: {size_words(scan)}", scan)


def zip_measurements(file: DataFile) -> list[Measurement]:
    """The spectra in a DA30 ``.zip``: ``Spectrum_NAME.ini`` has the axes, ``Spectrum_NAME.bin`` the values."""
    path = file.path
    try:
        with zipfile.ZipFile(path) as archive:
            # Settings are short; anything else under such a name would only fill the memory.
            entries = archive.infolist()
            names = {
                one.filename for one in entries if one.file_size < (1e6 if ".ini" in one.filename else _MOST_BYTES)
            }
            spectra = sorted(name for name in names if re.fullmatch(r"Spectrum_.*\.ini", name))
            if not spectra:
                raise ScanError(f"{path.name} is a zip file, but holds no Spectrum_….ini as a DA30 analyser writes it")
            return [_spectrum(path, archive, names, name) for name in spectra]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as reason:
        raise ScanError(f"{path.name} is not a whole zip file; it may be cut off: copy it again") from reason


def _spectrum(path: Path, archive: zipfile.ZipFile, names: set[str], ini: str) -> Measurement:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    binary = ini[:-4] + ".bin"
    try:
        parser.read_string(archive.read(ini).decode("utf-8", errors="replace"))
        about = parser["spectrum"]
        sizes = [int(about[key]) for key in ("depth", "height", "width")]
        width = about.getint("byteperpoint", fallback=4)
        wanted = math.prod(sizes) * width
        if width not in (4, 8) or min(sizes) < 1 or wanted > _MOST_BYTES:
            size = " x ".join(map(str, sizes))
            raise ScanError(f"{path.name}: {ini} asks for {size} values of {width} bytes; it is altered: copy it again")
        if binary not in names or archive.getinfo(binary).file_size != wanted:
            raise ScanError(
                f"{path.name}: {binary} does not hold the {wanted} bytes that {ini} promises; copy it again"
            )
        axes = [
            (
                about[f"{key}label"],
                None,
                float(about[f"{key}offset"]) + float(about[f"{key}delta"]) * np.arange(size),
            )
            for key, size in zip(("depth", "height", "width"), sizes, strict=True)
        ]
        name = about["name"]
    except ScanError:
        raise
    except (configparser.Error, KeyError, ValueError, TypeError) as reason:
        raise ScanError(f"{path.name}: {ini} does not give its spectrum's axes ({reason}); copy it again") from reason
    values = np.frombuffer(archive.read(binary), "<f4" if width == 4 else "<f8").reshape(sizes)
    region = f"{name}.ini"
    settings = settings_block(archive.read(region).decode("utf-8", errors="replace")) if region in names else {}
    first, last = about.getint("first_full", fallback=0), about.getint("last_full", fallback=sizes[2] - 1)
    found = _measurement(path, values, axes, {"Region Name": name, **settings}, name)
    if 0 <= first < last < sizes[2]:
        # In swept mode the ends of the energy axis were not seen by the whole detector.
        energies = axes[2][2]
        found.scan.attrs["fully_measured_energies"] = f"{energies[first]:.6g} to {energies[last]:.6g} eV"
    return found


FORMATS = (
    Format(
        name="scienta-ses",
        title="Scienta SES",
        suffixes=(".txt",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="all regions; cuts and stacks of cuts",
        reads="Every region's block of numbers against its `Dimension 1`, `2` and `3`; names and units are those of "
        "the dimensions. Energies are binding energies, turned round, where `Energy Scale` says so and the axis's own "
        "label does not say kinetic. Counts have no unit in the file and are `arb`. What CASSIOPEE notes beside a cut "
        "(`…_i.txt`, `theta (deg) : 12.5`) becomes attributes; notes without a known unit are left out. Rows without "
        "`[Data 1]` above them, as at CASSIOPEE, are found behind the settings; the energies that rows begin with have "
        "to be those of the axis.",
        measurements=text_measurements,
        recognises=is_ses_text,
        asks=Asks.UNITS,
        layout_after="real files",
    ),
    Format(
        name="scienta-da30",
        title="Scienta DA30",
        suffixes=(".zip",),
        level=Level.INSTRUMENT,
        holds="all spectra; cuts and deflector maps",
        reads="Every `Spectrum_NAME.bin` against the width, height and depth that `Spectrum_NAME.ini` names with their "
        "units; settings from `NAME.ini`. Energies as for SES. Of a swept spectrum all energies are kept and "
        "`fully_measured_energies` says which the whole detector saw.",
        measurements=zip_measurements,
        asks=Asks.UNITS,
        layout_after="real files",
    ),
)
