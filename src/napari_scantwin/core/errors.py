"""The errors a user meets: one sentence each, saying what is wrong and what would be right."""

from __future__ import annotations

__all__ = ["Cancelled", "NeedsAxes", "NeedsColumns", "NeedsScannedAxis", "NotWritten", "ScanError", "WrongParameter"]


class ScanError(ValueError):
    """Input that cannot be used. The message is one sentence a physicist can act on."""


class WrongParameter(ScanError):
    """A parameter that is missing or will not do.

    Parameters
    ----------
    message
        The sentence, for Python and the command line.
    parameter
        The parameter's name, so that a form can mark its field.
    in_form
        The sentence for somebody who has the form before them, where that is another one.
    """

    def __init__(self, message: str, parameter: str, in_form: str = ""):
        super().__init__(message)
        self.parameter = parameter
        self.in_form = in_form or message


class NeedsColumns(ScanError):
    """A table whose columns or units the file does not say; the caller must name them.

    Parameters
    ----------
    message
        The sentence.
    table
        The :class:`napari_scantwin.readers.tables.table.ColumnTable` that was read, so that a dialog can show it and a
        program can list its columns.
    """

    def __init__(self, message: str, table=None):
        super().__init__(message)
        self.table = table


class NeedsAxes(ScanError):
    """A file of arrays that does not say which is the scan, what its axes are, or in which units.

    The caller must name them.

    Parameters
    ----------
    message
        The sentence.
    contents
        The :class:`napari_scantwin.readers.arrays.contents.Contents` that a dialog can show, where it was listed.
    offered
        (values, [(label, unit or None, coordinates), …], attributes), where a reader got that far.
    """

    def __init__(self, message: str, contents=None, offered=None):
        super().__init__(message)
        self.contents = contents
        self.offered = offered


class NeedsScannedAxis(ScanError):
    """A series of files that does not say along what it was scanned; the caller must say it.

    Parameters
    ----------
    message
        The sentence.
    names
        The files' names.
    proposals
        What differs between them (:class:`napari_scantwin.readers.series.scanned_axis.ScannedAxis`), for a dialog to
        offer.
    """

    def __init__(self, message: str, names=(), proposals=()):
        super().__init__(message)
        self.names = tuple(names)
        self.proposals = tuple(proposals)


class NotWritten(ScanError):
    """A file could not be written; what stood under its name before still does."""


class Cancelled(Exception):
    """The user stopped a long piece of work; nothing half-done was left behind."""
