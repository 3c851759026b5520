"""How uncertain a number derived from a map is, and what a further sweep would leave of it.

The twin's ignorance is drawn as smooth random changes of its map: nought at the measured sweeps, as large between as
the twin is uncertain, alike over half a gap along the slow axis and over the width of a feature along the fast one. The
number is worked out from maps changed in one gap at a time; its scatter is what that gap adds to its error. That a
sweep is measured shrinks the changes beside it by the law of :mod:`napari_scantwin.planning.ignorance`, the draws
staying the same, so that what the candidates leave can be compared with few draws.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from napari_scantwin.errors import Cancelled, ScanError
from napari_scantwin.planning.ignorance import known_values, nearest, own_variance, sharpened, shrunk

__all__ = ["QuantityError"]

_DRAWS, _WAVES = 12, 48
_ROWS_A_GAP, _FAST = 6, 121
#: Lengths over which a change goes along: of the slow axis in gaps, of the fast axis at least this share of it.
_SLOW_LENGTH, _LEAST_LENGTH = 0.7, 0.02
#: The gaps looked into more closely, and candidates in each.
_GAPS, _A_GAP = 2, 5


@dataclass(frozen=True)
class QuantityError:
    """A derived number of a twin: ``function(scan)`` of its simulated ``map`` is ``value``, ``changes`` [draws, rows,
    fast] are draws of the map's error with the sweeps ``known`` at first."""

    function: Callable[[xr.DataArray], float]
    map: xr.DataArray
    changes: np.ndarray
    known: np.ndarray
    value: float
    stop: object = None
    _found: dict = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, twin, function: Callable[[xr.DataArray], float], within=None, stop=None) -> QuantityError:
        """The error of ``function`` of the maps of ``twin`` over the range ``within`` (default: the measured one).

        Raises :class:`ScanError` for other than two axes, and where the function finds no number in the twin's map."""
        if len(twin.axes) != 2:
            raise ScanError("a derived quantity is followed through scans of two axes; this one has another number")
        known = known_values(twin)
        low, high = (known[0], known[-1]) if within is None else (min(within), max(within))
        ends = np.unique([low, *known[(known > low) & (known < high)], high])
        ranks = np.linspace(0, len(ends) - 1, _ROWS_A_GAP * (len(ends) - 1) + 1)
        rows = np.interp(ranks, np.arange(len(ends)), ends)
        column = np.asarray(twin.scan[twin.axes[1]].values, float)
        fast = np.linspace(column.min(), column.max(), _FAST)
        simulated = twin.simulate({twin.axes[0]: rows, twin.axes[1]: fast})
        variance = own_variance(twin, rows, fast, known)
        along = variance.mean(axis=1)
        anew = sharpened(twin, rows, np.gradient(rows), fast, known, along)
        deviation = np.sqrt(variance * (anew / np.where(along > 0, along, 1.0))[:, None])
        length = max(_feature(np.asarray(simulated.values, float)), _LEAST_LENGTH * _FAST)
        changes = deviation * _waves(ranks / _SLOW_LENGTH, np.arange(_FAST) / length)
        value = float(function(simulated))
        if not np.isfinite(value):
            raise ScanError("the derived quantity is not found in the twin's map, so its error cannot be reduced")
        return cls(function, simulated, changes, known, value, stop)

    def error(self, known: np.ndarray) -> float:
        """The number's standard deviation once the ``known`` values of the slow axis are measured."""
        return float(np.sqrt(sum(self._within(*gap) for gap in _gaps(known))))

    def worth(self, known: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best of ``places`` [m] of the slow axis [n], and how much of the number's squared error a sweep at each
        is expected to take away [n]: candidates from the gaps that add most to it."""
        gaps = sorted(_gaps(known), key=lambda gap: -self._within(*gap))
        found: list[tuple[float, float]] = []
        looked = 0
        for low, high in gaps:
            mine = places[(places > low) & (places < high)]
            if not len(mine) or looked == _GAPS:
                continue
            looked += 1
            # Without the ends, where a sweep stands already.
            picked = np.linspace(0, len(mine) - 1, _A_GAP + 2 if len(mine) > _A_GAP else len(mine)).round().astype(int)
            for place in mine[np.unique(picked[1:-1] if len(mine) > _A_GAP else picked)]:
                left = self._within(low, float(place)) + self._within(float(place), high)
                found.append((float(place), self._within(low, high) - left))
        found.sort()
        return np.array([place for place, _ in found]), np.array([gain for _, gain in found])

    def _within(self, low: float, high: float) -> float:
        """The number's variance by changes between the neighbouring sweeps ``low`` and ``high`` alone."""
        if (low, high) not in self._found:
            rows = np.asarray(self.map[self.map.dims[0]].values, float)
            inside = (rows > low) & (rows < high)
            ends = np.array([end for end in (low, high) if np.isfinite(end)])
            share = np.sqrt(shrunk(nearest(rows, self.known), nearest(rows, ends))) * inside
            self._found[low, high] = self._scatter(share) if (share > 0).any() else 0.0
        return self._found[low, high]

    def _scatter(self, share: np.ndarray) -> float:
        """The number's mean squared change by the draws, ``share`` [rows] of each."""
        found = []
        for change in self.changes:
            if self.stop is not None and self.stop.is_set():
                raise Cancelled
            found.append(float(self.function(self.map.copy(data=self.map.values + share[:, None] * change))))
        found = np.array(found)
        good = np.isfinite(found)
        if good.sum() < len(found) / 2:
            raise ScanError("the derived quantity is not found in most maps the twin thinks possible; measure evenly")
        return float(np.mean((found[good] - self.value) ** 2))


def _gaps(known: np.ndarray) -> list[tuple[float, float]]:
    """Neighbouring values of ``known``, and what lies beyond them on either side."""
    return list(itertools.pairwise([-np.inf, *(float(value) for value in np.sort(known)), np.inf]))


def _feature(values: np.ndarray) -> float:
    """The width of what changes along the fast axis, in its samples: the ratio of the first to the second derivative,
    root mean square."""
    slope = np.gradient(values, axis=1)
    return float(np.sqrt(np.mean(slope**2) / max(np.mean(np.gradient(slope, axis=1) ** 2), 1e-300)))


def _waves(slow: np.ndarray, fast: np.ndarray) -> np.ndarray:
    """Smooth normal random fields [draws, slow, fast] of unit variance and unit length: sums of waves."""
    random = np.random.default_rng(0)
    frequency = random.normal(size=(2, _DRAWS, _WAVES))
    phase = random.uniform(0, 2 * np.pi, (_DRAWS, _WAVES))
    along = np.exp(1j * (frequency[0][..., None] * slow + phase[..., None]))
    across = np.exp(1j * frequency[1][..., None] * fast)
    return np.sqrt(2 / _WAVES) * np.einsum("dws,dwf->dsf", along, across).real
