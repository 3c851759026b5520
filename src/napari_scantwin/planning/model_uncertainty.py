"""What a twin does not know, place by place, and what a further sweep would leave of it.

The map's error is taken to be the twin's own uncertainty without the measurement's noise, which no further sweep takes
away. Between two sweeps it grows with the distance d to the nearest as d^1.5 (the law of
:mod:`napari_scantwin.twin.validation.uncertainty`), so that measuring at x leaves of the variance at s::

    remaining(s) = (min(d(s), |s - x|) / d(s))^3

A sweep in the middle of a gap leaves an eighth of the gap's variance, one beside a measured sweep nearly all of it.
Beyond the outermost sweeps, where the twin extrapolates, every place counts as far as the whole range is wide, and only
a sweep that encloses it takes anything away: the ends of the range come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError

__all__ = ["ModelUncertainty", "known_values", "nearest", "own_variance", "shrunk"]

_ROWS, _FAST = 241, 80
_POWER = 3.0
#: The noise is evaluated at so many of the sweeps.
_MANY = 120


def nearest(places: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Distance of places on the slow axis to the nearest measured value.

    Parameters
    ----------
    places
        Values of the slow axis [m].
    known
        The measured ones [k].

    Returns
    -------
    array
        Distance [m], in the axis's unit; beyond the outermost known value, the range of the places.
    """
    outside = (places < known.min()) | (places > known.max())
    return np.where(outside, np.ptp(places), np.abs(places[:, None] - known).min(axis=1))


def shrunk(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Share of the variance that is left once the nearest sweep is closer: ``(min(before, after) / before)^3``.

    Parameters
    ----------
    before
        The distance to the nearest sweep before [m].
    after
        That distance afterwards [..., m].

    Returns
    -------
    array
        Shares [..., m], 0 to 1.
    """
    return (np.minimum(before, after) / np.where(before > 0, before, 1.0)) ** _POWER


def known_values(twin) -> np.ndarray:
    """The values of the slowest axis that were measured [k], ascending.

    Raises
    ------
    ScanError
        For a scan of one axis, which has no sweeps.
    """
    if len(twin.axes) < 2:
        raise ScanError("a scan of one axis has no sweeps to propose")
    table = scans.points(twin.scan)
    return np.unique(scans.set_points(table.coordinates[~table.masked, 0]))


@dataclass(frozen=True)
class ModelUncertainty:
    """The variance of a twin's map by rows.

    Parameters
    ----------
    rows
        Values of the slow axis [m].
    variance
        The mean variance along each row [m], in the value's unit squared.
    share
        The share of the map each row stands for [m], adding up to one.
    known
        The measured values of the slow axis [k].
    """

    rows: np.ndarray
    variance: np.ndarray
    share: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, twin, rows: np.ndarray | None = None, within: tuple[float, float] | None = None) -> ModelUncertainty:
        """The model uncertainty of a twin, by rows.

        Parameters
        ----------
        twin
            The twin.
        rows
            Values of the slow axis that count alike. By default they lie over the range ``within``, every stretch of
            the slow axis counting by its length.
        within
            The range of the slow axis, in its unit (default: the measured one).

        Raises
        ------
        ScanError
            For a scan of one axis, and where the range is empty.
        """
        known = known_values(twin)
        if rows is None:
            # Even in rank, so that a gap of 900 Oe is looked into as closely as one of 10 kOe.
            low, high = (known[0], known[-1]) if within is None else (min(within), max(within))
            if not low < high:
                raise ScanError("the range to measure within is empty; give its lower and its upper end")
            ends = np.unique([low, *known[(known > low) & (known < high)], high])
            rows = np.interp(np.linspace(0, len(ends) - 1, _ROWS), np.arange(len(ends)), ends)
            share = np.gradient(rows)
        else:
            rows = np.unique(np.asarray(rows, float))
            share = np.ones(len(rows))
        random = np.random.default_rng(0)
        others = [np.asarray(twin.scan[name].values, float) for name in twin.axes[1:]]
        places = np.stack([random.uniform(column.min(), column.max(), _FAST) for column in others], axis=1)
        share = share / share.sum()
        variance = own_variance(twin, rows, places, known).mean(axis=1)
        return cls(rows, variance, share, known)

    @property
    def error(self) -> float:
        """The expected error of the whole map, root mean square, in the value's unit."""
        return float(np.sqrt(self.share @ self.variance))

    def gains(self, values: np.ndarray) -> np.ndarray:
        """How much of the map's squared error a sweep is expected to take away.

        Parameters
        ----------
        values
            The sweeps' values of the slow axis [n], each considered alone.

        Returns
        -------
        array
            In the value's unit squared [n].
        """
        before, taken = nearest(self.rows, self.known), self.share * self.variance
        left = [shrunk(before, nearest(self.rows, np.append(self.known, value))) for value in np.asarray(values)]
        return np.array([float(taken @ (1 - share)) for share in left])

    def measured(self, value: float) -> ModelUncertainty:
        """What is left once a sweep at ``value`` is measured."""
        known = np.unique([*self.known, value])
        left = shrunk(nearest(self.rows, self.known), nearest(self.rows, known))
        return ModelUncertainty(self.rows, self.variance * left, self.share, known)


def own_variance(
    twin, rows: np.ndarray, places: np.ndarray, known: np.ndarray, variance: np.ndarray | None = None
) -> np.ndarray:
    """The twin's own variance: without the noise, which is what is left at the measured values of the slow axis.

    Parameters
    ----------
    twin
        The twin.
    rows
        Values of the slow axis [rows].
    places
        Places on the other axes [n, other axes] (or [n]).
    known
        The measured values of the slow axis [k].
    variance
        The predicted variance [rows, n], noise included, where it is known already; it saves predicting it again.

    Returns
    -------
    array
        Variance [rows, n], in the value's unit squared.
    """
    places = places.reshape(len(places), -1)

    def predicted(slow: np.ndarray) -> np.ndarray:
        points = np.column_stack([np.repeat(slow, len(places)), np.tile(places, (len(slow), 1))])
        return (twin.predict(points)[1] ** 2).reshape(len(slow), len(places))

    known = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), _MANY)).round().astype(int))]
    noise = predicted(known)
    place = np.interp(rows, known, np.arange(len(known)))
    left = np.clip(place.astype(int), 0, len(known) - 2)
    part = (place - left)[:, None]
    whole = predicted(rows) if variance is None else variance
    return np.clip(whole - (1 - part) * noise[left] - part * noise[left + 1], 0, None)
