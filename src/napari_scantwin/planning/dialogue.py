"""What planners of sweeps and of single points share: the dialogue of asking and telling, its budget and its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning.convergence import Course, CourseStep
from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.twin import Twin, TwinSettings, train

__all__ = ["Dialogue"]

#: Share of the values' range that is the error to reach where none is given.
_TARGET = 0.01

Proposed = TypeVar("Proposed")
Change = TypeVar("Change")


class Dialogue(ABC, Generic[Proposed, Change]):
    """A planner that is asked what to measure, told what was measured, and says when it is enough.

    ``Proposed`` is what is asked for, ``Change`` what a scan that is told adds to those before it; what is fresh of it
    are places in a tuple.

    Parameters
    ----------
    within
        The range of the slowest axis that can be measured, in its unit; without it and ``among``, the range of the
        first scan told.
    among
        What can be measured, listed.
    target
        The error to reach, in the value's unit (default: 1 % of the values' range).
    in_a_row
        How many new ones in a row are to be predicted to within the target
        (:mod:`napari_scantwin.planning.convergence`).
    cost
        The time model, where time counts.
    budget
        Minutes in all, for what is told after the first question; needs ``cost``.
    of
        A function of a simulated scan that gives a number, to ask for that number instead of the map.
    settings
        The settings of the twin, which is trained afresh whenever something is told.

    Raises
    ------
    ScanError
        Where a budget is given without a time model.
    """

    #: What is proposed, in the plural.
    _of: ClassVar[str]

    def __init__(
        self,
        *,
        within: tuple[float, float] | None = None,
        among: np.ndarray | None = None,
        target: float | None = None,
        in_a_row: int = 2,
        cost: TimeModel | None = None,
        budget: float | None = None,
        of: Callable[[xr.DataArray], float] | None = None,
        settings: TwinSettings | None = None,
    ):
        if budget is not None and cost is None:
            raise ScanError("a budget needs a time model that says how long a sweep takes")
        self.within = None if within is None else (float(min(within)), float(max(within)))
        self.among = None if among is None else np.unique(np.asarray(among, float))
        self.cost, self.budget, self.of = cost, budget, of
        self.settings = settings or TwinSettings()
        self.scan: xr.DataArray | None = None
        self.twin: Twin | None = None
        self.spent = 0.0
        self.course: Course | None = None
        self._target, self._patience = target, in_a_row
        self._last: float | None = None if cost is None else cost.start
        self._asked = False

    @property
    def done(self) -> bool:
        """Whether there is nothing more to ask for; ``reason`` says why."""
        return bool(self.reason)

    @property
    def reason(self) -> str:
        """Why it is enough, as a sentence; empty while it is not."""
        if self.course is not None and self.course.converged:
            return self.course.verdict
        if self.budget is not None and self.spent + self._one > self.budget:
            return f"The budget is spent: {self.spent:.0f} of {self.budget:.0f} minutes."
        left = None if self.scan is None else self._left()
        if left is not None and not len(left):
            return f"Every {self._of[:-1]} that can be measured has been."
        return ""

    def tell(self, scan: xr.DataArray, *, on_progress=None, stop=None) -> Change:
        """Take in what was measured; the twin is trained afresh as soon as there are sweeps enough.

        Parameters
        ----------
        scan
            A scan of the new sweeps only, or a longer file of all, whose known sweeps are recognised.
        on_progress, stop
            As :func:`napari_scantwin.train` takes them.

        Returns
        -------
        Longer or LongerPoints
            What was new.

        Raises
        ------
        ScanError
            Where the scan does not fit what was told before; nothing is lost then.
        """
        change, whole, fresh = self._taken(scan)
        surprises = self._surprises(change, whole, fresh)
        twin = self.twin
        if fresh and self._enough(whole):
            twin = train(whole, self.settings, on_progress=on_progress, stop=stop, score_baselines=False)
        if self.cost is not None and fresh and self._asked:
            self._count_time(fresh)
        self.scan, self.twin = whole, twin
        if twin is not None and fresh:
            self._note(whole, twin, fresh, surprises)
        return change

    def _note(self, scan: xr.DataArray, twin: Twin, fresh: tuple, surprises: tuple) -> None:
        """Add to the course."""
        if self.course is None:
            target = self._target or _TARGET * twin.score.value_range
            self.course = Course(str(scan.attrs["units"]), target, self._patience, of=self._of)
        step = CourseStep(len(self.known), fresh, surprises, self._expected(twin), float(twin.score.inside[0]))
        self.course = self.course.with_step(step)

    @property
    @abstractmethod
    def known(self) -> np.ndarray:
        """What was measured so far."""

    @property
    @abstractmethod
    def _one(self) -> float:
        """Minutes that one more takes at the least."""

    @abstractmethod
    def ask(self, count: int = 1, stop=None) -> list[Proposed]:
        """What to measure next, at most ``count``; setting ``stop`` (a ``threading.Event``) ends the work."""

    @abstractmethod
    def _taken(self, scan: xr.DataArray) -> tuple[Change, xr.DataArray, tuple]:
        """What changes with ``scan``, both together, and the places that are fresh."""

    @abstractmethod
    def _surprises(self, change: Change, whole: xr.DataArray, fresh: tuple) -> tuple[float, ...]:
        """How far what is fresh lies from what the twin said of it; NaN where there was none, or where it was measured
        again: it was seen before, which is no test."""

    @abstractmethod
    def _count_time(self, fresh: tuple) -> None:
        """Add the minutes that what is fresh took."""

    @abstractmethod
    def _expected(self, twin: Twin) -> float:
        """The expected error of the map."""

    @abstractmethod
    def _left(self) -> np.ndarray | None:
        """What of ``among`` is not measured yet; None where nothing is listed."""

    def _enough(self, scan: xr.DataArray) -> bool:
        """Whether a twin can be trained."""
        try:
            scans.check_trainable(scan)
        except ScanError:
            return False
        return True

    @property
    def _time(self) -> TimeModel:
        """The time model, where time counts."""
        if self.cost is None:
            raise ScanError("minutes are counted with a time model; give one as cost")
        return self.cost
