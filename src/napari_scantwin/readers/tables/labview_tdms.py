"""LabVIEW ``.tdms`` files: groups of channels, read by npTDMS."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_left_out
from napari_scantwin.readers.format import Asks, DataFile, Extra, Format, Level
from napari_scantwin.readers.tables.labview_text import channel_unit
from napari_scantwin.readers.tables.several import picked, plain_measurements
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = ["FORMATS", "tdms_tables"]


def tdms_tables(file: DataFile) -> dict[str, ColumnTable]:
    """The table of every group of a file, by the group's name.

    Raises
    ------
    ScanError
        Where the file is damaged, or no group holds numbers.
    """
    from nptdms import TdmsFile

    try:
        # From memory, so that a file of the same name beside it, an index, is not read.
        content = TdmsFile.read(io.BytesIO(file.content))
        groups = {group.name: [_Channel(one) for one in group.channels()] for group in content.groups()}
    except Exception as reason:  # a damaged file raises many kinds
        raise ScanError(f"{file.name} is not a whole TDMS file; copy it again from where it was written") from reason
    attrs: dict = {"instrument": "LabVIEW"}
    for key in ("title", "description"):
        if str(content.properties.get(key, "")).strip():
            attrs.setdefault("title", str(content.properties[key]).strip())
    found = {name: _table(file.name, channels, attrs) for name, channels in groups.items()}
    tables = {name: table for name, table in found.items() if table is not None}
    if not tables:
        raise ScanError(f"{file.name} has no channel that holds numbers; it was saved before anything was measured")
    return tables


class _Channel:
    """A channel: its name, readings, what is said of it, and its x values where it is a waveform."""

    def __init__(self, channel):
        self.name = channel.name
        values = np.asarray(channel[:])
        self.numeric = values.dtype.kind in "iufb"
        self.values = values.astype(float) if self.numeric else values
        said = channel.properties
        self.unit = channel_unit(self.name, str(said.get("unit_string", "")))
        self.axis: tuple[str, str | None, np.ndarray] | None = None
        step = said.get("wf_increment")
        if step is not None and float(step) > 0:
            name = str(said.get("wf_xname", "") or ("Time" if "wf_start_time" in said else "x"))
            unit = str(said.get("wf_xunit_string", "") or ("s" if "wf_start_time" in said else ""))
            begin = float(said.get("wf_start_offset", 0.0))
            self.axis = (name, channel_unit(name, unit), begin + float(step) * np.arange(len(values)))


def _table(file: str, channels: list[_Channel], attrs: dict) -> ColumnTable | None:
    """The table of a group, or None where no channel holds numbers."""
    numbers = [one for one in channels if one.numeric and len(one.values)]
    if not numbers:
        return None
    length = Counter(len(one.values) for one in numbers).most_common(1)[0][0]
    taken = [one for one in numbers if len(one.values) == length]
    words = [one.name for one in channels if not one.numeric]
    others = [one.name for one in numbers if len(one.values) != length]
    attrs = with_left_out(
        attrs,
        f"channels of words and dates: {', '.join(words)}" if words else "",
        f"channels of another length: {', '.join(others)}" if others else "",
    )
    columns: dict[str, np.ndarray] = {}
    known: dict[str, str | None] = {}
    axes = [one.axis for one in taken if one.axis is not None]
    if len(axes) == len(taken) and all(one[:2] == axes[0][:2] and np.array_equal(one[2], axes[0][2]) for one in axes):
        name, unit, values = axes[0]
        columns[name], known[name] = values, unit
    elif axes:
        attrs = with_left_out(attrs, "the steps of waveforms, which differ from channel to channel")
    for one in taken:
        columns[one.name], known[one.name] = one.values, one.unit
    return ColumnTable(file, columns, known, np.arange(1, length + 1), attrs)


FORMATS = (
    Format(
        name="labview-tdms",
        title="LabVIEW TDMS",
        suffixes=(".tdms",),
        level=Level.PROGRAM,
        holds="groups of channels",
        reads="The channels of a group as columns, units from `unit_string` or the name; the steps of a waveform are "
        "an axis. Groups that say what their channels are can be chosen from; any other is opened as a table, chosen "
        "by its name, and its columns are asked for. Channels of words and dates, and those of another length than "
        "most, are left out and said.",
        measurements=lambda file: plain_measurements(tdms_tables(file)),
        table=lambda file, group: picked(file.name, tdms_tables(file), group),
        recognises=lambda file: file.head.startswith(b"TDSm"),
        asks=Asks.COLUMNS,
        extra=Extra("labview", "npTDMS", "LabVIEW TDMS files"),
        layout_after="npTDMS",
    ),
)
