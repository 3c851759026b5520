"""The errors a user meets: one sentence each, saying what is wrong and what would be right."""

from __future__ import annotations

__all__ = ["Cancelled", "NeedsAxes", "NeedsColumns", "NeedsScannedAxis", "NotWritten", "ScanError"]


class ScanError(ValueError):
    """Input the product cannot use. The message is one sentence a physicist can act on."""


class NeedsColumns(ScanError):
    """A table whose columns or units the file does not say; the caller must name them.

    ``table`` is the :class:`napari_scantwin.readers.tables.table.ColumnTable` that was read, so that a dialog can
    show it and a program can list its columns.
    """

    def __init__(self, message: str, table=None):
        super().__init__(message)
        self.table = table


class NeedsAxes(ScanError):
    """A file of arrays that does not say which is the scan, what its axes are, or in which units; the caller must
    name them.

    ``contents`` is the :class:`napari_scantwin.readers.arrays.contents.Contents` that a dialog can show, where it was
    listed; ``offered`` is (values, [(label, unit or None, coordinates), …], attributes) where a reader got that far.
    """

    def __init__(self, message: str, contents=None, offered=None):
        super().__init__(message)
        self.contents = contents
        self.offered = offered


class NeedsScannedAxis(ScanError):
    """A series of files that does not say along what it was scanned; the caller must say it.

    ``names`` are the files' names, ``proposals`` what differs between them
    (:class:`napari_scantwin.readers.series.scanned_axis.ScannedAxis`), for a dialog to offer.
    """

    def __init__(self, message: str, names=(), proposals=()):
        super().__init__(message)
        self.names = tuple(names)
        self.proposals = tuple(proposals)


class NotWritten(ScanError):
    """A file could not be written; what stood under its name before still does."""


class Cancelled(Exception):
    """The user stopped a long piece of work; nothing half-done was left behind."""
