"""How uncertain a number derived from a map is, and what a further sweep would leave of it.

What the twin does not know is drawn as smooth random changes of its map: zero at the measured sweeps, as large between
as the twin is uncertain, alike over half a gap along the slow axis and over the width of a feature along the fast one.
The number is worked out from maps changed in one gap at a time; its scatter is what that gap adds to its error. That a
sweep is measured shrinks the changes beside it by the law of :mod:`napari_scantwin.planning.model_uncertainty`, the
draws staying the same, so that what the candidates leave can be compared with few draws.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.planning.model_uncertainty import known_values, nearest, own_variance, shrunk

__all__ = ["QuantityError"]

#: Draws of the map, for numbers that are read from one map at a time and from many together.
_FEW, _MANY, _WAVES = 12, 96, 48
_ROWS_A_GAP, _FAST = 6, 121
#: Lengths over which a change goes along: of the slow axis in gaps, of the fast axis at least this share of it.
_SLOW_LENGTH, _LEAST_LENGTH = 0.7, 0.02
#: Values of maps that are worked out together: 64 MB of them.
_MOST = 2**23
#: The gaps looked into more closely, and candidates in each.
_GAPS, _A_GAP = 2, 5


@dataclass(frozen=True)
class QuantityError:
    """A derived number of a twin, and draws of the map's error.

    Parameters
    ----------
    function
        A function of a simulated scan that gives the number.
    map
        The twin's simulated map.
    changes
        Draws of the map's error [draws, rows, fast], with the sweeps ``known`` at first.
    known
        The measured values of the slow axis [k].
    value
        The number in ``map``.
    stop
        A ``threading.Event`` that ends the work when it is set.
    """

    function: Callable[[xr.DataArray], float]
    map: xr.DataArray
    changes: np.ndarray
    known: np.ndarray
    value: float
    stop: threading.Event | None = None
    _found: dict = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, twin, function: Callable[[xr.DataArray], float], within=None, stop=None) -> QuantityError:
        """The error of a number derived from the maps of a twin.

        Parameters
        ----------
        twin
            The twin of a scan of two axes.
        function
            A function of a simulated scan that gives the number. With a method ``of_maps`` many maps are read together.
        within
            The range of the slow axis, in its unit (default: the measured one).
        stop
            A ``threading.Event`` that ends the work when it is set.

        Raises
        ------
        ScanError
            For other than two axes, and where the function finds no number in the twin's map.
        """
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
        whole = np.asarray(simulated["standard_error"].values, float) ** 2
        variance = own_variance(twin, rows, fast, known, whole)
        length = max(_feature(np.asarray(simulated.values, float)), _LEAST_LENGTH * _FAST)
        draws = _MANY if hasattr(function, "of_maps") else _FEW
        changes = np.sqrt(variance) * _waves(draws, ranks / _SLOW_LENGTH, np.arange(_FAST) / length)
        value = float(function(simulated))
        if not np.isfinite(value):
            raise ScanError("the derived quantity is not found in the twin's map, so its error cannot be reduced")
        return cls(function, simulated, changes, known, value, stop)

    def error(self, known: np.ndarray) -> float:
        """The number's standard deviation once certain sweeps are measured.

        Parameters
        ----------
        known
            The measured values of the slow axis [k].

        Raises
        ------
        ScanError
            Where the number is not found in most maps that are possible.
        Cancelled
            Where ``stop`` is set.
        """
        return float(np.sqrt(self._within(_gaps(known)).sum()))

    def worth(self, known: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How much of the number's squared error further sweeps are expected to take away.

        Candidates come from the gaps that add most to it.

        Parameters
        ----------
        known
            The measured values of the slow axis [k].
        places
            Values of the slow axis that can be measured [m].

        Returns
        -------
        tuple of arrays
            The best of ``places`` [n], and what a sweep at each takes away [n], in the number's unit squared.

        Raises
        ------
        ScanError
            Where the number is not found in most maps that are possible.
        Cancelled
            Where ``stop`` is set.
        """
        gaps = _gaps(known)
        held = dict(zip(gaps, self._within(gaps), strict=True))
        beside: dict[float, tuple[float, float]] = {}
        looked = 0
        for low, high in sorted(gaps, key=lambda gap: held[gap], reverse=True):
            mine = places[(places > low) & (places < high)]
            if not len(mine) or looked == _GAPS:
                continue
            looked += 1
            # Without the ends, where a sweep stands already.
            picked = np.linspace(0, len(mine) - 1, _A_GAP + 2 if len(mine) > _A_GAP else len(mine)).round().astype(int)
            for place in mine[np.unique(picked[1:-1] if len(mine) > _A_GAP else picked)]:
                beside[float(place)] = (low, high)
        found = sorted(beside)
        halves = [half for place in found for half in ((beside[place][0], place), (place, beside[place][1]))]
        left = self._within(halves).reshape(-1, 2).sum(axis=1)
        return np.array(found), np.array([held[beside[place]] for place in found]) - left

    def _within(self, gaps: list[tuple[float, float]]) -> np.ndarray:
        """The number's variance by changes between the neighbouring sweeps of each of ``gaps`` [n] alone [n]."""
        rows = np.asarray(self.map[self.map.dims[0]].values, float)
        shares = {}
        for low, high in dict.fromkeys(gaps):
            if (low, high) in self._found:
                continue
            inside = (rows > low) & (rows < high)
            ends = np.array([end for end in (low, high) if np.isfinite(end)])
            share = np.sqrt(shrunk(nearest(rows, self.known), nearest(rows, ends))) * inside
            if (share > 0).any():
                shares[low, high] = share
            else:
                self._found[low, high] = 0.0
        asked = list(shares)
        at_once = max(1, _MOST // self.changes.size)
        for start in range(0, len(asked), at_once):
            some = asked[start : start + at_once]
            self._found.update(zip(some, self._scatter(np.stack([shares[gap] for gap in some])), strict=True))
        return np.array([self._found[gap] for gap in gaps])

    def _scatter(self, shares: np.ndarray) -> list[float]:
        """The number's mean squared change by the draws, each of ``shares`` [n, rows] of them [n]."""
        maps = self.map.values + shares[:, None, :, None] * self.changes
        found = self._read(maps.reshape(-1, *self.map.shape)).reshape(len(shares), -1)
        good = np.isfinite(found)
        if (good.sum(axis=1) < found.shape[1] / 2).any():
            raise ScanError("the derived quantity is not found in most maps the twin thinks possible; measure evenly")
        return [float(np.mean((one[told] - self.value) ** 2)) for one, told in zip(found, good, strict=True)]

    def _read(self, maps: np.ndarray) -> np.ndarray:
        """The number in each of ``maps`` [n, slow, fast] [n]: together where the function can."""
        together = getattr(self.function, "of_maps", None)
        if together is not None:
            self._check()
            return together(self.map, maps)
        found = []
        for one in maps:
            self._check()
            found.append(float(self.function(self.map.copy(data=one))))
        return np.array(found)

    def _check(self) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Cancelled


def _gaps(known: np.ndarray) -> list[tuple[float, float]]:
    """Neighbouring values of ``known``, and what lies beyond them on either side."""
    return list(itertools.pairwise([-np.inf, *(float(value) for value in np.sort(known)), np.inf]))


def _feature(values: np.ndarray) -> float:
    """The width of what changes along the fast axis, in its samples: the ratio of the first to the second derivative,
    root mean square."""
    slope = np.gradient(values, axis=1)
    return float(np.sqrt(np.mean(slope**2) / max(np.mean(np.gradient(slope, axis=1) ** 2), 1e-300)))


def _waves(draws: int, slow: np.ndarray, fast: np.ndarray) -> np.ndarray:
    """Smooth normal random fields [draws, slow, fast] of unit variance and unit length: sums of waves."""
    random = np.random.default_rng(0)
    frequency = random.normal(size=(2, draws, _WAVES))
    phase = random.uniform(0, 2 * np.pi, (draws, _WAVES))
    along = np.exp(1j * (frequency[0][..., None] * slow + phase[..., None]))
    across = np.exp(1j * frequency[1][..., None] * fast)
    return np.sqrt(2 / _WAVES) * np.einsum("dws,dwf->dsf", along, across).real
