"""File to scan: each module reads a format and describes it in a record, one dispatcher serves all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import xarray as xr

from napari_scantwin.readers.claims import readable
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.opened import OpenedFile, OpenedSeries, is_series, open_file
from napari_scantwin.readers.registry import suffixes
from napari_scantwin.readers.tables.table import ColumnTable

__all__ = [
    "SUFFIXES",
    "OpenedFile",
    "OpenedSeries",
    "is_series",
    "open_choices",
    "open_file",
    "read",
    "read_table",
    "readable",
]

#: Every suffix that can be opened.
SUFFIXES = suffixes()


def read(
    path: str | Path | Sequence[str | Path],
    *,
    axes: Sequence[str] | None = None,
    value: str | None = None,
    error: str | None = None,
    choice: str | None = None,
    sheet: str | None = None,
    along: str | None = None,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> xr.DataArray:
    """The scan in a file, or in several files of one sweep (or a few) each, or of a folder of such files.

    Parameters
    ----------
    path
        The file, several files, or a folder.
    axes, value, error
        Columns of a table as ``"COLUMN=name[unit]"``, for example ``axes=["X2=magnetic_field[Oe]",
        "X1=temperature[K]"], value="Y=moment[emu]"``; COLUMN is a header or a 1-based number, and parts the file says
        itself may be left out. Of HDF5, netCDF, zarr, TIFF and ``.npy``, ``value`` and ``axes`` name arrays by their
        paths, as in :mod:`napari_scantwin.readers.arrays.contents`; so they do where an ARPES file leaves out an
        axis's unit.
    choice
        One of several measurements by its key (see :func:`open_choices`), or with ``axes`` and ``value`` one of several
        tables by its name; without it the likeliest is taken and all keys stand in ``attrs["choices"]``. A choice such
        as ``"erlab:i05"`` reads the file by that one of erlab's loaders.
    sheet
        A spreadsheet's sheet (default: the first).
    along
        Along what cuts and maps of several files are joined, where neither their metadata nor a number with its unit
        in their names says it: ``"20, 35, 50=sample_temperature[K]"``, or ``"P=manipulator_angle[deg]"`` for a setting
        (:mod:`napari_scantwin.readers.series.scanned_axis`).
    on_progress
        Is told the fraction of files that were read.
    stop
        Is looked at between two files.

    Returns
    -------
    xarray.DataArray
        The scan, gridded or ragged, with units of its axes and values, and ``source`` and ``sha256`` of its file.

    Raises
    ------
    NeedsColumns
        Where a table does not say what its columns are.
    NeedsAxes
        Where a file of arrays does not say what its axes are.
    NeedsScannedAxis
        Where several files do not say along what they were scanned.
    ScanError
        For anything else that is wrong with the file.
    Cancelled
        Where ``stop`` was set.
    """
    return open_file(path, sheet=sheet).scan(
        choice=choice, axes=axes, value=value, error=error, along=along, on_progress=on_progress, stop=stop
    )


def read_table(path: str | Path, sheet: str | None = None) -> ColumnTable:
    """The table in a text file or spreadsheet, before anyone says what its columns are.

    Parameters
    ----------
    path
        The file.
    sheet
        A spreadsheet's sheet (default: the first).

    Returns
    -------
    ColumnTable
        Its columns by their headers, and their units where the headers name them.

    Raises
    ------
    ScanError
        Where the file is of another kind, or no whole table.
    """
    return open_file(path, sheet=sheet).table


def open_choices(path: str | Path) -> list[Measurement]:
    """The measurements in an instrument's file, for the argument ``choice`` of :func:`read`.

    Parameters
    ----------
    path
        The file; of a folder its first file is looked at.

    Returns
    -------
    list of Measurement
        The likeliest first, each with the ``key`` to choose it by; empty where the file holds just one scan.

    Raises
    ------
    ScanError
        Where the file cannot be opened.
    NeedsAxes
        Where the file's arrays have to be named first.
    """
    return open_file(path).choices
