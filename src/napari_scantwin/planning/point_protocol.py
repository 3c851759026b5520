"""Ask and tell for instruments that set every point by itself."""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning.dialogue import Dialogue
from napari_scantwin.planning.joining import LongerPoints, joined_points, longer_points
from napari_scantwin.planning.points import PointProposal, expected_error, plan_points, way
from napari_scantwin.twin import Twin

__all__ = ["PointPlanner"]


class PointPlanner(Dialogue[PointProposal, LongerPoints]):
    """Proposes single points, is told what was measured, and says when it is enough::

        planner = PointPlanner(target=0.02)
        planner.tell(coarse)  # a first scan, on any few places
        while not planner.done:
            for proposal in planner.ask(5):
                planner.tell(measure(proposal.place))  # a scan of one point, or of several

    What is told is joined point by point; a reading at a place measured before replaces the earlier one.

    Parameters
    ----------
    among
        The points that can be measured [m, axes], or values of the slowest axis [m] (see
        :func:`napari_scantwin.planning.points.plan_points`).
    in_a_row
        How many new points in a row are to be predicted to within the target.
    options
        The others of :class:`Planner`; a number (``of``) cannot be asked for.

    Raises
    ------
    ScanError
        Where a number is asked for, or a budget is given without a time model.
    """

    _of = "points"

    def __init__(self, *, among: np.ndarray | None = None, in_a_row: int = 5, **options):
        if options.get("of") is not None:
            raise ScanError("single points are proposed for the map; ask for sweeps to follow a derived number")
        super().__init__(in_a_row=in_a_row, **options)
        self.among = None if among is None else np.asarray(among, float)
        self._place: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """The places measured so far [n, axes]."""
        return np.empty((0, 0)) if self.scan is None else scans.points(self.scan).coordinates

    @property
    def _one(self) -> float:
        return self._time.point

    def ask(self, count: int = 1, stop=None) -> list[PointProposal]:
        """The points to measure next, in the order to measure them in.

        Parameters
        ----------
        count
            How many; there are fewer where the budget ends before, none when ``done``.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Raises
        ------
        ScanError
            Where ``count`` is below one, or before a first scan was told.
        """
        if count < 1:
            raise ScanError(f"{count} points cannot be proposed; ask for one or more")
        if self.done:
            return []
        if self.twin is None:
            raise ScanError("tell a first coarse scan: single points are proposed where its twin knows least")
        self._asked = True
        here = None if self.cost is None else self._place
        plan = plan_points(
            self.twin,
            count,
            among=self._left(),
            within=self.within,
            cost=self.cost,
            budget=None if self.budget is None else self.budget - self.spent,
            at=None if here is None else dict(zip(self.twin.axes, here, strict=True)),
            stop=stop,
        )
        return list(plan.proposals)

    def _taken(self, scan: xr.DataArray) -> tuple[LongerPoints, xr.DataArray, tuple[tuple[float, ...], ...]]:
        if self.scan is None:
            whole = scans.check(scan)
            places = scans.points(whole).coordinates
            change = LongerPoints(0, places[:0], places)
        else:
            change, whole = longer_points(self.scan, scan), joined_points(self.scan, scan)
        return change, whole, tuple(tuple(float(one) for one in place) for place in (*change.again, *change.new))

    def _surprises(self, change: LongerPoints, whole: xr.DataArray, fresh: tuple) -> tuple[float, ...]:
        if self.twin is None:
            return (float("nan"),) * len(fresh)
        table = scans.points(whole)
        value_at = {tuple(place): value for place, value in zip(table.coordinates, table.values, strict=True)}
        mean, _ = self.twin.predict(np.array(fresh).reshape(-1, len(self.twin.axes)))
        wrong = np.array([value_at[place] for place in fresh]) - mean
        own = np.sqrt(np.clip(wrong**2 - self.twin.uncertainty.noise(mean) ** 2, 0, None))
        return tuple(float("nan") if k < len(change.again) else float(one) for k, one in enumerate(own))

    def _count_time(self, fresh: tuple) -> None:
        for place in np.array(fresh):
            self.spent += float(way(self._time, place[None], self._place)[0])
            self._place = place

    def _expected(self, twin: Twin) -> float:
        return expected_error(twin, self.within)

    def _left(self) -> np.ndarray | None:
        """What of listed points is not measured yet; the slowest axis's values all stay."""
        if self.among is None or self.among.ndim != 2 or self.scan is None:
            return self.among
        known = self.known
        reach = 1e-4 * np.maximum(np.ptp(self.among, axis=0), np.finfo(float).tiny)
        met = (np.abs(self.among[:, None] - known) <= reach).all(axis=2).any(axis=1)
        return self.among[~met]
