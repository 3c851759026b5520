"""Igor text files (``.itx``), as Igor, SES and SPECS Prodigy write them: ``WAVES``, ``BEGIN``, the numbers, ``END``,
then the commands that scale the waves. Numbers come layer by layer and in a layer row by row (Igor Pro manual,
"Igor Text File Format"); the one-dimensional waves of a block stand side by side."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.arpes_axes import settings_block
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.instruments.igor_waves import Wave, unit_of, wave_measurements
from napari_scantwin.readers.instruments.prodigy import KEYS
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.text import numbers

__all__ = ["FORMATS", "text_measurements"]

#: Where a block begins, and the flags and names above its numbers.
_BEGINNING = re.compile(r"^WAVES", flags=re.MULTILINE)
_HEAD = re.compile(
    r"WAVES(?P<flags>(?:[ \t]*/(?:N=\([^)\n]*\)|[^\s/]+))*)[ \t]*,?(?P<names>[^\n]*)\nBEGIN\n",
)
_NUMBER = r"[-+]?[\d.]+(?:[eE][-+]?\d+)?"
_NAMES = re.compile(r"'([^']+)'|([^\s,']+)")
_SET_SCALE = re.compile(
    rf"SetScale\s*(?:/([IP]))?\s*([xyztd]),?\s*({_NUMBER}),\s*({_NUMBER}),\s*\"([^\"]*)\",?([^;\n]*)"
)
_NOTE = re.compile(r"^X Note(?:/K)?\s*(?:'([^'\n]+)'|([^\s,']+)),\s*\"(.*)\"\s*$", re.MULTILINE)


def text_measurements(file: DataFile) -> list[Measurement]:
    """The waves of an Igor text file that are scans."""
    path = file.path
    text = file.content.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    if not text.startswith("IGOR"):
        raise ScanError(f"{path.name} is no Igor text file: its first word is not IGOR")
    waves: list[Wave] = []
    before = 0
    general: dict[str, str] = {}
    for block in _blocks(text):
        # Prodigy writes what holds for a wave above it, behind what holds for all of them.
        whole, _, own = text[before : block.start].partition("X //Acquisition Parameters")
        general = general or _comments(whole)
        waves += _block(path, block, {**general, **_comments(whole), **_comments(own)})
        before = block.end
    if not waves:
        raise ScanError(f"{path.name} holds no whole wave (WAVES, BEGIN, numbers, END); it may be cut off")
    found = wave_measurements(path, waves)
    if broken := _broken(text):
        for one in found:
            one.scan.attrs = with_left_out(one.scan.attrs, broken)
    return found


def _broken(text: str) -> str:
    """Which waves have no END, in words; empty where there are none."""
    heads = len(_BEGINNING.findall(text))
    whole = sum(1 for _ in _blocks(text))
    if whole == heads:
        return ""
    return (
        f"{heads - whole} of {heads} blocks of waves that are not whole (BEGIN, numbers, END); the file may be cut off"
    )


@dataclass(frozen=True)
class _Block:
    """One block: flags and names, its numbers, the commands behind it, and where it starts and its numbers end."""

    flags: str
    names: str
    body: str
    after: str
    start: int
    end: int


def _blocks(text: str) -> Iterator[_Block]:
    """The whole blocks of a file, each looked at once; one without END is none."""
    starts = [found.start() for found in _BEGINNING.finditer(text)]
    for start, stop in itertools.pairwise([*starts, len(text)]):
        head = _HEAD.match(text, start, stop)
        if head is None:
            continue
        # BEGIN's line end may be END's too, of a wave without numbers.
        end = text.find("\nEND", head.end() - 1, stop)
        if end >= head.end():
            after = text[end + len("\nEND") : stop]
            yield _Block(head["flags"], head["names"], text[head.end() : end], after, start, end)


def _comments(text: str) -> dict[str, str]:
    """The settings in comment lines, ``X //Pass Energy = 20`` or ``X //Created Date (UTC): …``."""
    pairs = re.findall(r"^X //\s*([^=:\n]+?)\s*[=:][ \t]*(.*?)[ \t]*$", text, flags=re.MULTILINE)
    return {KEYS.get(key, key): value for key, value in reversed(pairs)}


def _block(path: Path, block: _Block, about: dict[str, str]) -> list[Wave]:
    names = [quoted or plain for quoted, plain in _NAMES.findall(block.names)]
    if not names or "T" in block.flags.split("/N")[0]:  # a wave of texts
        return []
    values = numbers(path.name, block.body, f"wave {names[0]}")
    shape = re.search(r"N=\(([\d,\s]+)\)", block.flags)
    try:
        sizes = [int(part) for part in shape[1].split(",")] if shape else [values.size // len(names)]
        if min(sizes) < 1 or len(sizes) > 4 or math.prod(sizes) * len(names) != values.size:
            raise ValueError("sizes")
    except ValueError as reason:
        raise ScanError(
            f"{path.name}, wave {names[0]}: its numbers do not fill its dimensions; copy it again"
        ) from reason
    if len(sizes) == 1:
        columns = list(values.reshape(-1, len(names)).T)
    else:
        values = values.reshape([*sizes[:1:-1], sizes[0], len(names), sizes[1]])
        columns = [_in_order(values[..., number, :]) for number in range(len(names))]
    commands = _Commands.of(block.after)
    return [_wave(name, column, commands, about) for name, column in zip(names, columns, strict=True)]


def _in_order(layers: np.ndarray) -> np.ndarray:
    """[chunks, layers, rows, columns] as [rows, columns, layers, chunks]."""
    return np.moveaxis(layers, range(layers.ndim - 2), range(layers.ndim - 1, 1, -1)) if layers.ndim > 2 else layers


@dataclass(frozen=True)
class _Commands:
    """What the commands behind a block say, by the wave's name: its scalings (mode, letter, first, second, label) and
    its note."""

    scales: dict[str, list[tuple[str, str, float, float, str]]]
    notes: dict[str, str]

    @classmethod
    def of(cls, text: str) -> _Commands:
        scales: dict[str, list[tuple[str, str, float, float, str]]] = {}
        for mode, letter, first, second, label, waves in _SET_SCALE.findall(text):
            for quoted, plain in _NAMES.findall(waves):
                scales.setdefault(quoted or plain, []).append((mode, letter, float(first), float(second), label))
        notes = {quoted or plain: note for quoted, plain, note in reversed(_NOTE.findall(text))}
        return cls(scales, notes)


def _wave(name: str, values: np.ndarray, commands: _Commands, about: dict[str, str]) -> Wave:
    scales = {}
    unit = None
    for mode, letter, first, second, label in commands.scales.get(name, ()):
        if letter == "d":
            unit = unit_of(label)
        else:
            scales[letter] = (mode, first, second, label)
    axes = []
    for letter, size in zip("xyzt", values.shape, strict=False):
        mode, first, second, label = scales.get(letter, ("P", 0.0, 1.0, ""))
        step = (second - first) / max(size - 1, 1) if mode == "I" else second
        if mode == "":  # without a flag the second number is where the axis would end, one step on
            step = (second - first) / size
        axes.append((label, first, step))
    note = commands.notes.get(name)
    noted = {} if note is None else settings_block(note.replace("\\r", "\n").replace("\\n", "\n"))
    return Wave(name, values, axes, unit, {**about, **noted})


FORMATS = (
    Format(
        name="igor-text",
        title="Igor text",
        suffixes=(".itx",),
        level=Level.PROGRAM,
        holds="every wave, as Igor, SES and Prodigy write them",
        reads="Every wave of numbers against its `SetScale`, as in Igor binary files; settings from the wave's note "
        "and from the comment lines above it (`X //Pass Energy = 20`). Waves of texts are left out.",
        measurements=text_measurements,
        asks=Asks.UNITS,
        layout_after="Igor manual, PyARPES",
    ),
)
