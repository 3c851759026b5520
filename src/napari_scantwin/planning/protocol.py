"""Ask and tell: what to measure next, as a dialogue that any program can hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning.convergence import Course, surprise
from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.dialogue import Dialogue
from napari_scantwin.planning.joining import Longer, joined, longer
from napari_scantwin.planning.model_uncertainty import ModelUncertainty
from napari_scantwin.planning.proposals import Proposal, plan_sweeps
from napari_scantwin.twin import Twin

__all__ = ["Planner", "replayed"]

#: With fewer sweeps the twin has nothing to choose its interpolators by: they are spread evenly.
_FEWEST = 4


class Planner(Dialogue[Proposal, Longer]):
    """Proposes sweeps, is told what was measured, and says when it is enough::

        planner = Planner(within=(0, 50000), target=0.02)
        while not planner.done:
            for proposal in planner.ask(1):
                planner.tell(measure(proposal.value))

    :class:`napari_scantwin.planning.point_protocol.PointPlanner` holds the same dialogue about single points.

    Parameters
    ----------
    within
        The range of the slowest axis that can be measured, in its unit; without it and ``among``, the range of the
        first scan told.
    among
        The values of the slowest axis that can be measured [m], in its unit.
    target
        The error to reach, in the value's unit (default: 1 % of the values' range).
    in_a_row
        How many new sweeps in a row are to be predicted to within the target
        (:mod:`napari_scantwin.planning.convergence`).
    cost
        The time model, where time counts.
    budget
        Minutes in all, for what is told after the first question; needs ``cost``.
    of
        A function of a simulated scan that gives a number, to ask for that number instead of the map.
    settings
        The settings of the twin, which is trained afresh whenever something is told.
    """

    _of = "sweeps"

    @property
    def known(self) -> np.ndarray:
        """The values of the slowest axis measured so far, ascending."""
        if self.scan is None:
            return np.array([])
        return np.unique(scans.set_points(scans.points(self.scan).coordinates[:, 0]))

    @property
    def _one(self) -> float:
        return self._time.sweep

    def ask(self, count: int = 1, stop=None) -> list[Proposal]:
        """The sweeps to measure next, best first.

        While fewer than four sweeps are known they are spread evenly: the ends, then the middle of the widest gap.

        Parameters
        ----------
        count
            How many; there are fewer where the budget ends before, none when ``done``.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Raises
        ------
        ScanError
            Where ``count`` is below one, or nothing says yet what can be measured.
        """
        if count < 1:
            raise ScanError(f"{count} sweeps cannot be proposed; ask for one or more")
        self._asked = True
        if self.done:
            return []
        if self.twin is None or len(self.known) < _FEWEST:
            return self._spread(count)
        plan = plan_sweeps(
            self.twin,
            count,
            among=self._left(),
            within=self._range(),
            cost=None if self.cost is None else self._moved(),
            budget=None if self.budget is None else self.budget - self.spent,
            of=self.of,
            stop=stop,
        )
        return list(plan.proposals)

    def _taken(self, scan: xr.DataArray) -> tuple[Longer, xr.DataArray, tuple[float, ...]]:
        if self.scan is None:
            whole = scans.check(scan)
            if len(scans.axes(whole)) < 2:
                raise ScanError("a scan of one axis has no sweeps to propose")
            settled = np.unique(scans.set_points(scans.points(whole).coordinates[:, 0]))
            change = Longer((), (), tuple(float(value) for value in settled), ())
        else:
            change, whole = longer(self.scan, scan), joined(self.scan, scan)
        return change, whole, (*change.again, *change.new)

    def _surprises(self, change: Longer, whole: xr.DataArray, fresh: tuple[float, ...]) -> tuple[float, ...]:
        if self.twin is None:
            return (float("nan"),) * len(fresh)
        return tuple(surprise(self.twin, whole, value) if value in change.new else float("nan") for value in fresh)

    def _count_time(self, fresh: tuple[float, ...]) -> None:
        ordered = self._moved().order(fresh)
        self.spent += self._moved().minutes(fresh)
        self._last = ordered[-1]

    def _enough(self, scan: xr.DataArray) -> bool:
        return super()._enough(scan) and len(np.unique(scans.set_points(scans.points(scan).coordinates[:, 0]))) >= 3

    def _expected(self, twin: Twin) -> float:
        return ModelUncertainty.of(twin, self.among, None if self.among is not None else self._range()).error

    def _left(self) -> np.ndarray | None:
        if self.among is None:
            return None
        reach = 1e-4 * (np.ptp(self.among) or 1.0)
        far = np.array([np.abs(self.known - value).min(initial=np.inf) for value in self.among])
        return self.among[far > reach]

    def _range(self) -> tuple[float, float] | None:
        """The range to propose in: what was asked for, and what was measured beyond it."""
        if self.within is None or self.among is not None:
            return None
        return min(self.within[0], self.known[0]), max(self.within[1], self.known[-1])

    def _moved(self) -> TimeModel:
        """The time model from where the slow axis stands now."""
        return replace(self._time, start=self._last)

    def _spread(self, count: int) -> list[Proposal]:
        places = self.among
        if places is None:
            measured = (self.known[0], self.known[-1]) if len(self.known) else (0.0, 0.0)
            low, high = self.within or measured
            if not low < high:
                raise ScanError("say what can be measured, within=(low, high), or tell two sweeps first")
            places = np.linspace(low, high, 97)
        unit = value_unit = ""
        if self.scan is not None:
            unit = units.pretty(self.scan[scans.axes(self.scan)[0]].attrs["units"])
            value_unit = units.pretty(self.scan.attrs["units"])
        known: list[float] = list(self.known)
        found: list[Proposal] = []
        while len(found) < count:
            far = [min((abs(place - one) for one in known), default=np.inf) for place in places]
            best = int(np.argmax(far))
            if far[best] <= 0:
                break
            # The ends are measured first, whatever else is known, so that nothing is extrapolated.
            ends = [end for end in (0, len(places) - 1) if far[end] > 0.1 * (places[-1] - places[0])]
            best = ends[0] if ends else best
            known.append(float(places[best]))
            found.append(Proposal(float(places[best]), unit, float("nan"), value_unit))
        return found


def replayed(scan: xr.DataArray, first: int = _FEWEST, *, on_progress=None, stop=None, **options) -> Course:
    """The course a scan took, inferred from its one file.

    Its sweeps are told in the order they were measured, the first few together, then one more at a time; a twin is
    trained for each.

    Parameters
    ----------
    scan
        The scan.
    first
        How many sweeps are told together at first, 3 or more.
    on_progress
        Called with the fraction done.
    stop
        Given to each training.
    options
        Those of :class:`Planner`.

    Returns
    -------
    Course
        The course of the error.

    Raises
    ------
    ScanError
        Where the scan has too few sweeps, or no twin can be trained on it.
    """
    table = scans.points(scan)
    settled = scans.set_points(table.coordinates[:, 0])
    values, position = np.unique(settled, return_index=True)
    values = values[np.argsort(position)]
    if len(values) <= first or first < 3:
        raise ScanError(f"a course of {len(values)} sweeps from the first {first} on is none; it takes 3 and one more")
    planner = Planner(**options)
    for count in range(first, len(values) + 1):
        planner.tell(_only(scan, table, np.isin(settled, values[:count])), stop=stop)
        if on_progress is not None:
            on_progress((count - first + 1) / (len(values) - first + 1))
    if planner.course is None:
        raise ScanError("no twin can be trained on this scan, so its errors have no course")
    return planner.course


def _only(scan: xr.DataArray, table: scans.Points, rows: np.ndarray) -> xr.DataArray:
    """The points ``rows`` (bool, of ``table``) of a scan as a ragged one."""
    names = scans.axes(scan)
    return scans.ragged_scan(
        {name: (table.coordinates[rows, place], scan[name].attrs["units"]) for place, name in enumerate(names)},
        table.values[rows],
        name=str(scan.name),
        unit=scan.attrs["units"],
        errors=None if table.errors is None else table.errors[rows],
        sweep=table.sweep[rows],
        masked=table.masked[rows],
        attrs=scan.attrs,
    )
