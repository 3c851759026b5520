"""How uncertain a number derived from a map is, and what a further sweep would leave of it.

The twin's ignorance is drawn as smooth random changes of its map: nought at the measured sweeps, as large between as
the twin is uncertain, alike over half a gap along the slow axis and over the width of a feature along the fast one. The
number is worked out from every changed map; its scatter is its error. That a sweep is measured shrinks the changes
beside it by the law of :mod:`napari_scantwin.planning.ignorance`, the draws staying the same, so that what the
candidates leave can be compared with few draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from napari_scantwin.errors import Cancelled, ScanError
from napari_scantwin.planning.ignorance import known_values, nearest, own_variance, sharpened, shrunk

__all__ = ["QuantityError"]

_DRAWS, _WAVES = 16, 48
_ROWS_A_GAP, _FAST = 8, 161
#: Lengths over which a change goes along: of the slow axis in gaps, of the fast axis at least this share of it.
_SLOW_LENGTH, _LEAST_LENGTH = 0.7, 0.02


@dataclass(frozen=True)
class QuantityError:
    """A derived number of a twin: ``function(scan)`` of its simulated ``map`` is ``value``; ``changes`` [draws, rows,
    fast] are draws of the map's error, ``before`` [rows] the distance of each row to the nearest of the sweeps measured
    so far, and ``error`` the number's standard deviation."""

    function: Callable[[xr.DataArray], float]
    map: xr.DataArray
    changes: np.ndarray
    before: np.ndarray
    value: float
    error: float
    stop: object = None

    @classmethod
    def of(cls, twin, function: Callable[[xr.DataArray], float], stop=None) -> QuantityError:
        """The error of ``function`` of the maps of ``twin``; raises :class:`ScanError` for more than two axes, and
        where the function finds no number in the twin's own map."""
        if len(twin.axes) != 2:
            raise ScanError("a derived quantity is followed through scans of two axes; this one has another number")
        known = known_values(twin)
        ranks = np.linspace(0, len(known) - 1, _ROWS_A_GAP * (len(known) - 1) + 1)
        rows = np.interp(ranks, np.arange(len(known)), known)
        column = np.asarray(twin.scan[twin.axes[1]].values, float)
        fast = np.linspace(column.min(), column.max(), _FAST)
        simulated = twin.simulate({twin.axes[0]: rows, twin.axes[1]: fast})
        variance = own_variance(twin, rows, fast, known)
        along = variance.mean(axis=1)
        anew = sharpened(twin, rows, fast, known, along)
        deviation = np.sqrt(variance * (anew / np.where(along > 0, along, 1.0))[:, None])
        length = max(_feature(np.asarray(simulated.values, float)), _LEAST_LENGTH * _FAST)
        changes = deviation * _waves(ranks / _SLOW_LENGTH, np.arange(_FAST) / length)
        value = float(function(simulated))
        if not np.isfinite(value):
            raise ScanError("the derived quantity is not found in the twin's map, so its error cannot be reduced")
        empty = cls(function, simulated, changes, nearest(rows, known), value, 0.0, stop)
        return replace(empty, error=empty.measured(known))

    def measured(self, known: np.ndarray) -> float:
        """The number's standard deviation once the ``known`` values of the slow axis are measured."""
        share = np.sqrt(shrunk(self.before, nearest(self._rows, known)))
        found = []
        for change in self.changes:
            if self.stop is not None and self.stop.is_set():
                raise Cancelled
            found.append(float(self.function(self.map.copy(data=self.map.values + share[:, None] * change))))
        found = np.array(found)
        good = np.isfinite(found)
        if good.sum() < len(found) / 2:
            raise ScanError("the derived quantity is not found in most maps the twin thinks possible; measure evenly")
        return float(np.sqrt(np.mean((found[good] - self.value) ** 2)))

    def gains(self, known: np.ndarray, places: np.ndarray) -> np.ndarray:
        """How much of the number's squared error a sweep at each of ``places`` [n] is expected to take away [n]."""
        now = self.measured(known) ** 2
        return np.array([now - self.measured(np.append(known, place)) ** 2 for place in places])

    @property
    def _rows(self) -> np.ndarray:
        return np.asarray(self.map[self.map.dims[0]].values, float)


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
