"""Igor Pro files: binary wave (``.ibw``) and packed experiment (``.pxt``, ``.pxp``) through igor2, text
(``.itx``). An axis is the wave's scaling, its unit the dimension's label."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path

import numpy as np

from napari_scantwin import units
from napari_scantwin.errors import ScanError
from napari_scantwin.readers.arpes import analyser_attrs, arpes_scan, settings_block, size_words
from napari_scantwin.readers.measurement import Measurement

__all__ = ["binary_measurements", "text_measurements"]

#: The kind of a packed experiment's record that is a wave.
_WAVE_RECORD = 3

#: One wave of an Igor text file: flags, name, numbers, and the commands behind it.
_WAVE = re.compile(
    r"^WAVES\s*(?P<flags>[^\n]*?)\s*'?(?P<name>[^'\s/=()]+)'?[ \t]*\n"
    r"BEGIN\n(?P<body>.*?)\nEND(?P<after>.*?)(?=^WAVES|\Z)",
    flags=re.MULTILINE | re.DOTALL,
)


def binary_measurements(path: Path) -> list[Measurement]:
    """The waves of an Igor binary file; of several, those of two or more dimensions come first."""
    try:
        from igor2 import binarywave, packed
    except ImportError as reason:
        raise ScanError(
            f"{path.name}: Igor binary files need the package igor2; install it with: pip install napari-scantwin[igor]"
        ) from reason
    content = path.read_bytes()
    if not (_sizes_fit(content) if path.suffix.lower() == ".ibw" else _records_fit(content)):
        raise ScanError(f"{path.name} is not a whole Igor file: its parts do not fit its length; copy it again")
    try:
        if path.suffix.lower() == ".ibw":
            waves = [binarywave.load(path)["wave"]]
        else:
            records, _ = packed.load(path)
            waves = [record.wave["wave"] for record in records if type(record).__name__ == "WaveRecord"]
    except Exception as reason:  # a damaged file makes igor2 raise many kinds
        raise ScanError(f"{path.name} is not a whole Igor file; it may be cut off: save or copy it again") from reason
    found = [
        wave
        for wave in waves
        if isinstance(wave["wData"], np.ndarray) and wave["wData"].dtype.kind in "fiu" and wave["wData"].size > 1
    ]
    if not found:
        raise ScanError(f"{path.name} holds no wave of numbers")
    found.sort(key=lambda wave: -wave["wData"].ndim)
    found = [wave for wave in found if wave["wData"].ndim == found[0]["wData"].ndim]
    return [_wave(path, wave) for wave in found]


def _sizes_fit(content: bytes) -> bool:
    """Whether the sizes in a wave's header fit the file, so that a damaged one asks for no absurd memory."""
    for order in "<>":
        version = struct.unpack_from(f"{order}h", content)[0] if len(content) >= 2 else 0
        if version == 5 and len(content) >= 64 + 84:
            sizes = struct.unpack_from(f"{order}l12l", content.ljust(64, b"\0"), 4)
            points, *shape = struct.unpack_from(f"{order}l", content, 76) + struct.unpack_from(
                f"{order}4l", content, 132
            )
        elif version in (1, 2, 3) and len(content) >= 16 + 110:
            sizes = struct.unpack_from(f"{order}2l" if version > 1 else f"{order}l", content, 2)
            start = {1: 8, 2: 16, 3: 20}[version]
            points, *shape = struct.unpack_from(f"{order}l", content, start + 42)
        else:
            continue
        filled = [size for size in shape if size]
        numbers = math.prod(filled) if filled else points
        return min((*sizes, points, *shape)) >= 0 and max(sum(sizes), points, numbers) <= len(content)
    return False


def _records_fit(content: bytes) -> bool:
    """Whether the records of a packed experiment, and the waves among them, fit the file."""
    for order in "<>":
        start, waves = 0, True
        while start + 8 <= len(content):
            kind, _, size = struct.unpack_from(f"{order}Hhl", content, start)
            body = content[start + 8 : start + 8 + max(size, 0)]
            if size < 0 or len(body) < size:
                break
            if kind & 0x7FFF == _WAVE_RECORD:
                waves &= _sizes_fit(body)
            start += 8 + size
        else:
            if start == len(content) and start > 0:
                return waves
    return False


def _wave(path: Path, wave: dict) -> Measurement:
    header, values = wave["wave_header"], wave["wData"]
    name = header["bname"].rstrip(b"\0").decode("latin-1") or path.stem
    # Version 5 keeps step and offset as sfA and sfB; older waves of one dimension as hsA and hsB.
    steps = np.atleast_1d(header.get("sfA", header.get("hsA", 1.0)))
    offsets = np.atleast_1d(header.get("sfB", header.get("hsB", 0.0)))
    labels = _labels(wave, values.ndim)
    axes = [
        (label, None, offsets[number] + steps[number] * np.arange(size))
        for number, (label, size) in enumerate(zip(labels, values.shape, strict=True))
    ]
    note = bytes(wave.get("note") or b"").decode("utf-8", errors="replace")
    data_units = wave.get("data_units") or header.get("dataUnits", b"")
    return _measurement(path, name, values, axes, note, _unit_of(data_units))


def _labels(wave: dict, count: int) -> list[str]:
    """The dimensions' unit labels: long ones stand end to end behind the wave, short ones in its header."""
    sizes = np.atleast_1d(wave.get("bin_header", {}).get("dimEUnitsSize", np.zeros(4, int)))
    text = bytes(wave.get("dimension_units") or b"")
    short = np.atleast_1d(wave["wave_header"].get("dimUnits", np.full((4, 4), b"")))
    labels, start = [], 0
    for number in range(count):
        size = int(sizes[number]) if number < len(sizes) else 0
        label = text[start : start + size] if size else b"".join(np.atleast_1d(short[number]).tolist())
        start += size
        labels.append(label.replace(b"\0", b"").decode("latin-1").strip())
    return [_named(label, number, count) for number, label in enumerate(labels)]


def _named(label: str, number: int, count: int) -> str:
    """A label that names only a unit gets the name that unit has in photoemission."""
    if units.split_label(label)[1] is None and label and units.is_known(label):
        if units.registry().Unit(units.standard(label)).is_compatible_with("eV"):
            return f"energy ({label})"
        if units.registry().Unit(units.standard(label)).is_compatible_with("degree"):
            return f"{'angle' if number < 2 or count < 3 else 'manipulator angle'} ({label})"
        return f"axis {number + 1} ({label})"
    return label or f"axis {number + 1}"


def _unit_of(text: bytes | np.ndarray) -> str | None:
    """The unit in a data label such as ``Counts [a.u.]``."""
    raw = b"".join(np.atleast_1d(text).tolist()) if not isinstance(text, bytes) else text
    label = raw.replace(b"\0", b"").decode("latin-1").strip()
    return units.split_label(label)[1] or (label if label and units.is_known(label) else None)


def _measurement(path: Path, name: str, values, axes, note: str, unit: str | None) -> Measurement:
    about = settings_block(note)
    label = " ".join(label.lower() for label, *_ in axes)
    binding = "binding" in label or (
        "kinetic" not in label and about.get("Energy Scale", "").lower().startswith("bind")
    )
    scan = arpes_scan(path.name, values, axes, unit=unit, binding=binding, attrs=analyser_attrs(about))
    return Measurement(name, f"{name}: {size_words(scan)}", scan)


def text_measurements(path: Path, content: bytes) -> list[Measurement]:
    """The waves of an Igor text file, as Igor, SES and SPECS Prodigy write it."""
    text = content.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    if not text.startswith("IGOR"):
        raise ScanError(f"{path.name} is no Igor text file: its first word is not IGOR")
    found = []
    for match in _WAVE.finditer(text):
        found.append(_text_wave(path, text, match))
    if not found:
        raise ScanError(f"{path.name} holds no whole wave (WAVES, BEGIN, numbers, END); it may be cut off")
    return found


def _text_wave(path: Path, text: str, match: re.Match) -> Measurement:
    name = match["name"]
    shape = re.search(r"N=\(([\d,\s]+)\)", match["flags"])
    try:
        values = np.array(match["body"].split(), float)
        sizes = [int(part) for part in shape[1].split(",")] if shape else [values.size]
        values = values.reshape(sizes)
    except ValueError as reason:
        raise ScanError(f"{path.name}, wave {name}: its numbers do not fill its dimensions; copy it again") from reason
    scales = {
        letter: (mode, float(first), float(second), label)
        for mode, letter, first, second, label in re.findall(
            r'SetScale\s*/?([IP])?\s*([xyzt]),\s*([-+.\deE]+),\s*([-+.\deE]+),\s*"([^"]*)"', match["after"]
        )
    }
    axes = []
    for number, (letter, size) in enumerate(zip("xyzt", sizes, strict=False)):
        mode, first, second, label = scales.get(letter, ("P", 0.0, 1.0, ""))
        step = (second - first) / max(size - 1, 1) if mode == "I" else second
        if mode == "":  # without a flag the second number is where the axis would end, one step on
            step = (second - first) / size
        axes.append((_named(label, number, len(sizes)), None, first + step * np.arange(size)))
    note = "\n".join(re.findall(r"^X //\s*(.*)$", text, flags=re.MULTILINE)).replace(" = ", "=")
    unit = re.search(r'SetScale\s*d,[^"]*"([^"]*)"', match["after"])
    return _measurement(path, name, values, axes, note, unit and (_unit_of(unit[1].encode()) or None))
