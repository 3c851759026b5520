"""A file that grows, read anew whenever it has: what a run in progress has measured so far."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from napari_scantwin.core import in_progress
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, NeedsColumns, NeedsScannedAxis, ScanError
from napari_scantwin.planning import Longer, longer
from napari_scantwin.readers import open_file
from napari_scantwin.recipes.recipe import Opening
from napari_scantwin.recipes.whole_lines import marks_of, whole_lines

__all__ = ["FoundAnew", "Watcher", "sweeps_in_words"]

#: What a file does not say has to be asked, which no waiting answers.
_QUESTIONS = (NeedsAxes, NeedsColumns, NeedsScannedAxis)


@dataclass(frozen=True)
class FoundAnew:
    """What a file that grew holds.

    Parameters
    ----------
    scan
        The scan in it as it was measured, a sweep in progress marked (:mod:`napari_scantwin.core.in_progress`).
    change
        How it goes on from what was read before; None where nothing was.
    written
        When the file was written last, in seconds since 1970.
    notes
        What was left out for now, a sentence each.
    """

    scan: xr.DataArray
    change: Longer | None
    written: float
    notes: tuple[str, ...] = ()

    @property
    def sweeps(self) -> str:
        """How many sweeps it holds, and which of them is in progress, in words."""
        return sweeps_in_words(self.scan)


def sweeps_in_words(scan: xr.DataArray) -> str:
    """How many sweeps a scan holds, and which of them is in progress, in words."""
    count = scans.sweep_count(scan)
    words = f"{count} sweep" if count == 1 else f"{count} sweeps"
    running = in_progress.in_words(scan)
    return f"{words}, {running} in progress" if running else words


class Watcher:
    """Looks at a file, several, or a folder, and reads them again once they have grown and rested.

    It asks for size and time of writing alone, which every disk and every share tells.

    Parameters
    ----------
    opening
        What is read, and how.
    known
        The scan that was read from it before, as measured; None where it is to be read at once.
    rest
        Seconds without a change after which a file is read.
    patience
        Seconds after which a file that never rests is read all the same.
    clock
        Gives the time in seconds.
    """

    def __init__(
        self,
        opening: Opening,
        known: xr.DataArray | None = None,
        *,
        rest: float = 1.0,
        patience: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.opening = opening
        self.scan = known
        self.trouble = ""
        self.written: float | None = None
        self._paths = [Path(path) for path in opening.paths]
        self._rest, self._patience, self._clock = rest, patience, clock
        self._read: tuple | None = None
        self._seen: tuple | None = None
        self._since = self._grown = self._again = clock()

    @property
    def name(self) -> str:
        """What is watched, in a word or two."""
        more = len(self._paths) - 1
        return self._paths[0].name + (f" and {more} more" if more else "")

    def look(self) -> FoundAnew | None:
        """Look once, and read where that is due; takes as long as reading the file.

        Returns
        -------
        FoundAnew or None
            None where there is nothing new, or it cannot be read for now; :attr:`trouble` then says why in a sentence.

        Raises
        ------
        ScanError
            Where a question has to be answered before it can be read (:class:`~napari_scantwin.core.errors.NeedsAxes`
            and its like).
        """
        marks, now = marks_of(self._paths), self._clock()
        if marks is None:
            missing = next((path for path in self._paths if not path.exists()), self._paths[0])
            self.trouble = f"{missing.name} is not in {missing.parent} any more; watching goes on until it is back"
            self._seen = self._read = None
            return None
        if marks == self._read:
            return None
        if self._seen is None or self._seen == self._read:
            self._grown = now
        if marks != self._seen:
            self._seen, self._since, self._again = marks, now, now
        rested = now - self._since
        at_once = self._read is None and not self.trouble
        due = at_once or rested >= self._rest or now - self._grown >= self._patience
        if not due or now < self._again:
            return None
        try:
            scan, cut = self._scan_now(rested >= self._patience)
        except _QUESTIONS as reason:
            if self.scan is None:
                raise
            return self._not_now(reason)
        except (ScanError, OSError) as reason:
            return self._not_now(reason)
        self._read, self.trouble = marks, ""
        self.written = max((when for _, _, when in marks), default=0) / 1e9
        known, self.scan = self.scan, scan
        change = None
        if known is not None:
            with contextlib.suppress(ScanError):  # other axes than before: it begins anew
                change = longer(known, scan)
            if change is not None and not _news(known, scan, change, bool(cut)):
                return None
        notes = (f"the last line of {cut} has no end yet and is left out",) if cut else ()
        return FoundAnew(scan, change, self.written, notes)

    def _scan_now(self, long_rested: bool) -> tuple[xr.DataArray, str]:
        """The scan in the file, and the name of a file whose last line was left out. What cannot be read without that
        line, as where it ends a file for good, is read with it once it has rested for long."""
        try:
            with whole_lines(self._paths) as (paths, cut):
                return self._scan_in(paths), cut
        except ScanError:
            if not long_rested:
                raise
        return self._scan_in(self._paths), ""

    def _scan_in(self, paths: list[Path]) -> xr.DataArray:
        scan = open_file(paths).measurement(**self.opening.answers).scan
        if scans.is_lazy(scan):
            raise ScanError(f"{self.name} is too large to be read again and again")
        return in_progress.marked(scan.load())

    def _not_now(self, reason: Exception) -> None:
        # A lock is let go of without the file being written: it is tried again, after another rest.
        self._again = self._clock() + max(self._rest, 1.0)
        self.trouble = f"{reason}; watching goes on"


def _news(known: xr.DataArray, scan: xr.DataArray, change: Longer, cut: bool) -> bool:
    """Whether a scan tells more or other than the one read before; a line that was read before it had an end is no
    loss."""
    if in_progress.number(known) != in_progress.number(scan):
        return True
    if cut and scan.size == known.size - 1 and not change.new:
        return False
    return bool(change.new or change.again or change.missing) or scan.size != known.size
