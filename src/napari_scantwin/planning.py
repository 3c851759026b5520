"""Twin to what to measure next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin import scan as scans
from napari_scantwin import units
from napari_scantwin.errors import ScanError

__all__ = ["Proposal", "next_sweeps"]

_SLOW, _FAST = 241, 80
#: How far a new sweep takes uncertainty away, in steps between measured sweeps.
_REACH = 0.5
#: The middle share of each gap that proposals are taken from.
_MIDDLE = 0.5


@dataclass(frozen=True)
class Proposal:
    """A sweep worth measuring: the slowest axis's ``value`` in ``unit``, and the twin's ``uncertainty`` there now,
    root mean square along the sweep, in ``value_unit``."""

    value: float
    unit: str
    uncertainty: float
    value_unit: str


def next_sweeps(twin, count: int = 3) -> list[Proposal]:
    """The ``count`` values of the slowest axis, within its measured range, where a sweep would tell most: where the
    twin is least certain along it, beyond the noise that stays at measured sweeps.

    They are chosen one after the other: a sweep that is proposed counts as measured, and takes the uncertainty away
    around it over half a step between measured sweeps, so that a batch spreads over the gaps.

    Raises :class:`ScanError` for a scan of one axis, which has no sweeps.
    """
    names = twin.axes
    if len(names) < 2:
        raise ScanError("a scan of one axis has no sweeps to propose")
    table = scans.points(twin.scan)
    known = np.unique(scans.set_points(table.coordinates[~table.masked, 0]))
    # Even in rank, so that a gap of 900 Oe is looked into as closely as one of 10 kOe.
    ranks = np.linspace(0, len(known) - 1, _SLOW)
    candidates = np.interp(ranks, np.arange(len(known)), known)
    random = np.random.default_rng(0)
    places = [candidates[:, None] * np.ones(_FAST)]
    for name in names[1:]:
        column = np.asarray(twin.scan[name].values, float)
        places.append(np.broadcast_to(random.uniform(column.min(), column.max(), _FAST), (_SLOW, _FAST)))
    points = np.stack([place.ravel() for place in places], axis=1)
    variance = (twin.predict(points)[1].reshape(_SLOW, _FAST) ** 2).mean(axis=1)
    # What is left at the measured sweeps themselves is noise, which no further sweep takes away.
    at_known = np.argmin(np.abs(ranks[:, None] - np.arange(len(known))), axis=0)
    gain = np.clip(variance - np.interp(ranks, np.arange(len(known)), variance[at_known]), 0, None)
    # Beside a measured sweep another tells little, whatever the experts make of the way there.
    gain[np.abs(ranks % 1 - 0.5) > _MIDDLE / 2] = 0
    unit = units.pretty(twin.scan[names[0]].attrs["units"])
    value_unit = units.pretty(twin.scan.attrs["units"])
    found = []
    for _ in range(count):
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break
        found.append(Proposal(_rounded(candidates, best), unit, float(np.sqrt(variance[best])), value_unit))
        gain = gain * np.clip(np.abs(ranks - ranks[best]) / _REACH, 0, 1) ** 2
    return found


def _rounded(candidates: np.ndarray, best: int) -> float:
    """The candidate as a person would set it: the roundest number no further away than the next candidate."""
    low, value, high = candidates[max(best - 2, 0)], candidates[best], candidates[min(best + 2, len(candidates) - 1)]
    for digits in range(1, 7):
        rounded = float(f"{value:.{digits}g}")
        if low <= rounded <= high:
            return rounded
    return float(value)
