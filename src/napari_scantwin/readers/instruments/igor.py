"""Igor Pro's binary files through igor2: one wave (``.ibw``) or a packed experiment (``.pxt``, ``.pxp``) of many,
in folders."""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import settings_block
from napari_scantwin.readers.format import Asks, DataFile, Extra, Format, Level
from napari_scantwin.readers.instruments.igor_waves import Wave, unit_of, wave_measurements
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "binary_measurements"]

#: Kinds of a packed experiment's records, the highest there may be, and the mark of one that a later one replaces.
_WAVE_RECORD, _FOLDER_START, _FOLDER_END = 3, 9, 10
_LAST_KIND = 255
_REPLACED = 0x8000


def binary_measurements(file: DataFile) -> list[Measurement]:
    """The waves of an Igor binary file; of several, those of two or more dimensions come first."""
    from igor2 import binarywave

    path, content = file.path, file.content
    stored = [("", content)] if path.suffix.lower() == ".ibw" else _packed_waves(content)
    if stored is None or not all(_sizes_fit(body) for _, body in stored):
        raise ScanError(f"{path.name} is not a whole Igor file: its parts do not fit its length; copy it again")
    # igor2 is given the bytes, not the file: of these it cannot ask for more than there are.
    try:
        waves = [(folder, binarywave.load(io.BytesIO(body))["wave"]) for folder, body in stored]
        found = [_wave(path, folder, wave) for folder, wave in waves if _holds_numbers(wave)]
    except Exception as reason:  # a damaged file makes igor2 raise many kinds
        raise ScanError(f"{path.name} is not a whole Igor file; it may be cut off: save or copy it again") from reason
    if not found:
        raise ScanError(f"{path.name} holds no wave of numbers")
    return wave_measurements(path, found)


def _packed_waves(content: bytes) -> list[tuple[str, bytes]] | None:
    """The waves of a packed experiment with the folder each lies in; records that were saved again are left out. None
    where its records do not fill it.

    The records are gone through here, since igor2 takes the order of a record's bytes from a version number that
    Igor leaves at zero in many of them.
    """
    records = _records(content)
    if records is None:
        return None
    found, folders = [], []
    for kind, body in records:
        if kind == _FOLDER_START:
            folders.append(body.split(b"\0")[0].decode("latin-1"))
        elif kind == _FOLDER_END and folders:
            folders.pop()
        elif kind == _WAVE_RECORD:
            found.append(("".join(f"{name}/" for name in folders), body))
    return found


def _holds_numbers(wave: dict) -> bool:
    values = wave["wData"]
    return isinstance(values, np.ndarray) and values.dtype.kind in "fiu" and values.size > 1


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


def _records(content: bytes) -> list[tuple[int, bytes]] | None:
    """The records of a packed experiment, each its kind and its bytes, in the order of bytes of the computer that wrote
    it; None where they fill the file in neither."""
    for order in "<>":
        start, found = 0, []
        while start + 8 <= len(content):
            kind, _, size = struct.unpack_from(f"{order}Hhl", content, start)
            # Read in the wrong order, the kinds are multiples of 256.
            if kind & ~_REPLACED > _LAST_KIND or not 0 <= size <= len(content) - start - 8:
                break
            found.append((kind, content[start + 8 : start + 8 + size]))
            start += 8 + size
        if start == len(content) and found:
            return found
    return None


def _wave(path: Path, folder: str, wave: dict) -> Wave:
    header, values = wave["wave_header"], wave["wData"]
    name = folder + (_text(header["bname"]) or path.stem)
    # Version 5 keeps step and offset as sfA and sfB; older waves of one dimension as hsA and hsB.
    steps = np.atleast_1d(header.get("sfA", header.get("hsA", 1.0)))
    offsets = np.atleast_1d(header.get("sfB", header.get("hsB", 0.0)))
    axes = [
        (label, float(offset), float(step))
        for label, offset, step in zip(_labels(wave, values.ndim), offsets, steps, strict=False)
    ]
    settings = settings_block(bytes(wave.get("note") or b"").decode("utf-8", errors="replace"))
    data_unit = unit_of(_text(wave.get("data_units") or header.get("dataUnits", b"")))
    return Wave(name, values, axes, data_unit, settings)


def _text(raw: bytes | np.ndarray) -> str:
    joined = raw if isinstance(raw, bytes) else b"".join(np.atleast_1d(raw).tolist())
    return joined.split(b"\0")[0].decode("latin-1").strip() if isinstance(raw, bytes) else _text(joined)


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
    return labels


FORMATS = (
    Format(
        name="igor-binary",
        title="Igor binary",
        suffixes=(".ibw", ".pxt", ".pxp"),
        level=Level.PROGRAM,
        holds="every wave, in folders too",
        reads="Every wave of several dimensions (of one only where there is nothing else) against its scaling; a "
        "dimension's unit is its label, its name what that unit means in photoemission where the label names only the "
        "unit. A dimension without a label takes the one-dimensional wave of the same length whose data unit one scans "
        "in (K, eV, deg, mm, …), where there is just one: that is how unevenly spaced axes come. Energies are binding "
        "energies, turned round, where a label or the note's `Energy Scale` says so. Waves without units beside the "
        "data are left out, and records that were saved again in a packed experiment.",
        measurements=binary_measurements,
        asks=Asks.UNITS,
        extra=Extra("igor", "igor2", "Igor binary files"),
        layout_after="igor2, TN003, PTN003",
    ),
)
