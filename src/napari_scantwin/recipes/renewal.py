"""A twin that keeps up with a scan that grows: when it is trained again, and what it goes on from."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import xarray as xr

from napari_scantwin.core import branches, in_progress
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import Proposal, next_sweeps
from napari_scantwin.twin import Twin, TwinSettings, train

__all__ = ["Renewal"]

#: A sweep in progress has the twin trained again whenever so much of a usual sweep has joined.
_PART = 0.25
#: With so many times the sweeps it had when everything was tried last, everything is tried again.
_MORE = 1.5


class Renewal:
    """Trains a twin again as its scan grows.

    Most times it goes on from the twin before: only the interpolators that one is made of, and the quick ones, are
    tried again, each judged anew. With half as many sweeps more, or with another branch, everything is.

    Parameters
    ----------
    settings
        How it is trained.
    twin
        The twin to begin with; None where there is none yet.
    """

    def __init__(self, settings: TwinSettings, twin: Twin | None = None):
        self.settings = settings
        self.twin = twin
        self._tried_at = 0 if twin is None else scans.sweep_count(twin.whole)

    def due(self, scan: xr.DataArray) -> bool:
        """Whether a scan holds so much more or other than the twin's that it is worth training again.

        Parameters
        ----------
        scan
            The scan as it is now: masked, a sweep in progress marked.
        """
        try:
            scans.check_trainable(scan)
        except ScanError:
            return False
        if self.twin is None:
            return True
        before = self.twin.whole
        if scan.size <= before.size or _complete(scan) != _complete(before):
            return not scan.identical(before)
        usual = np.median([sweep.size for sweep in scans.sweeps(scan)])
        return scan.size - before.size >= _PART * usual

    def train(
        self,
        scan: xr.DataArray,
        *,
        afresh: bool = False,
        on_progress: Callable | None = None,
        stop: threading.Event | None = None,
    ) -> tuple[Twin, list[Proposal]]:
        """Train the twin of the scan as it is now.

        Parameters
        ----------
        scan
            The scan.
        afresh
            Whether everything is tried, as if there were no twin before.
        on_progress, stop
            As :func:`napari_scantwin.train` takes them. A training that was stopped leaves the twin as it was.

        Returns
        -------
        tuple
            The twin, whose baselines are not scored yet, and the sweeps worth measuring next.

        Raises
        ------
        ScanError
            Where the scan cannot be learned from.
        Cancelled
            Where ``stop`` was set before anything was learned.
        """
        count, before = scans.sweep_count(scan), self.twin
        afresh = afresh or before is None or count >= _MORE * self._tried_at or _others(scan, before)
        begin = None if afresh else before
        how = {"on_progress": on_progress, "stop": stop, "score_baselines": False}
        twin = train(scan, self.settings, begin=begin, **how)
        if before is not None and before.branch in twin.branches:
            twin = twin.of(before.branch)
        proposals = next_sweeps(twin) if len(twin.axes) > 1 else []
        if not twin.stopped:
            self.twin = twin
            self._tried_at = count if afresh else self._tried_at
        return twin, proposals


def _complete(scan: xr.DataArray) -> int:
    """How many sweeps are at their end."""
    return scans.sweep_count(scan) - (in_progress.number(scan) is not None)


def _others(scan: xr.DataArray, twin: Twin) -> bool:
    """Whether a scan has other branches than a twin's had."""
    return set(branches.names(scan)) != set(branches.names(twin.whole))
