"""Fractions of a piece of work turned into reports with the time that remains."""

from __future__ import annotations

import time
from collections.abc import Callable

from napari_scantwin.twin.settings import Progress, TwinSettings

__all__ = ["Reporter"]


class Reporter:
    """Reports of one piece of work, whose fractions are stretched over a part of the whole.

    Parameters
    ----------
    on_progress
        Called with a :class:`~napari_scantwin.twin.settings.Progress`; None for no reports.
    first, last
        The part of the whole that this work is.
    began
        When the whole began (``time.monotonic()``); now by default.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None,
        first: float = 0.0,
        last: float = 1.0,
        began: float | None = None,
    ):
        self._on_progress, self._first, self._share = on_progress, first, last - first
        self.began = time.monotonic() if began is None else began
        self._branch, self._done, self._parts = "", 0, 1

    def begin(self, branch: str, number: int, count: int) -> None:
        """Go on with one of ``count`` branches, each of which has its part of this work."""
        self._branch, self._done, self._parts = f"{branch}: ", number, count

    def left(self, settings: TwinSettings) -> float | None:
        """Seconds left of the time budget, of which each branch has its part; None where there is none."""
        if settings.time_budget is None:
            return None
        return settings.time_budget * (self._done + 1) / self._parts - (time.monotonic() - self.began)

    def __call__(self, stage, fraction, step=0, train_error=None, held_out_error=None, trials=()) -> None:
        """Report what is being done and the share of this work that is done."""
        if self._on_progress is None:
            return
        stage, fraction = f"{self._branch}{stage}", (self._done + fraction) / self._parts
        fraction = self._first + self._share * fraction
        gone = time.monotonic() - self.began
        remaining = gone * (1 - fraction) / fraction if fraction > 0.02 else None
        self._on_progress(Progress(stage, fraction, remaining, step, train_error, held_out_error, trials))
