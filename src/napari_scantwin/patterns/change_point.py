"""A change point along an ordered axis: a joint fit to all channels, against a rich smooth null.

The values over their noise are reduced to the few principal components that stand above it. Their scores are fitted
together, once by the best polynomial of order 3 to 8 (nothing happens), once by a polynomial of order 1 to 4 with a
step, a kink or an onset (a square root, or one that saturates) at one place that all share. What speaks for a change is
the difference of the Bayesian information criterion (G. Schwarz, *Ann. Stat.* **6**, 461, 1978)::

    chi^2 + parameters * ln(values)

A change is claimed from a difference of 20 on. Errors are the noise and, added in squares, a floor: no measured series
follows a polynomial to better than a part of its range. The interval is where the profile of chi^2 is within 4 of its
least (two standard deviations), never less than a step of the axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["CLAIM", "FLOOR", "ChangePoint", "fit_change_point", "whitened_scores"]

#: The difference of the criterion from which a change is claimed.
CLAIM = 20.0
#: The floor of the errors as a share of the range.
FLOOR = 0.005
_SMOOTH, _BROKEN = range(3, 9), range(1, 5)
#: Places tried in a step of the axis (fewer along an axis of many values), places in all, and the part of the axis at
#: either end in which no change is looked for.
_FINE, _IN_ALL, _ENDS = 8, 320, 0.1
#: How far from its onset an order parameter saturates, in halves of the axis.
_SATURATES = 0.45
#: Half the width of a spread step, in readings.
_SPREAD = 1.5
#: How much better, in the criterion, a spread step has to be.
_SPREAD_PRICE = 10.0
#: Components that are fitted at most.
_MOST = 8


@dataclass(frozen=True)
class ChangePoint:
    """Where a series changes, if it does.

    Parameters
    ----------
    at
        The place of the change, were there one, on the axis.
    low, high
        Its interval.
    kind
        "step", "kink" or "onset": the form that fits best, which is not reliable.
    delta_bic
        What speaks for it; positive for a change.
    places, profile
        Where a change was tried [g], and the criterion of the smooth null less that of the best change there [g].
    """

    at: float
    low: float
    high: float
    kind: str
    delta_bic: float
    places: np.ndarray
    profile: np.ndarray

    @property
    def claimed(self) -> bool:
        """Whether there is a change."""
        return self.delta_bic > CLAIM


def whitened_scores(values: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the components above the noise, and their errors.

    Parameters
    ----------
    values
        Series [n, p], sorted along the axis.
    noise
        One standard deviation of the values [n, p], as far as a product of a row's and a channel's.

    Returns
    -------
    scores, errors : numpy.ndarray
        [n, m] both, one component at least.
    """
    n, p = values.shape
    of_channels = np.sqrt(np.mean(noise**2, axis=0))
    of_channels = np.maximum(of_channels, 1e-9 * max(float(of_channels.max()), np.finfo(float).tiny))
    white = values / of_channels
    row = np.sqrt(np.mean((noise / of_channels) ** 2, axis=1))
    white = white - white.mean(axis=0)
    left, size, _ = np.linalg.svd(white / row[:, None], full_matrices=False)
    edge = 1.02 * (np.sqrt(n) + np.sqrt(p)) if p > 1 else 0.0
    count = int(np.clip((size > edge).sum(), 1, min(_MOST, len(size))))
    scores = left[:, :count] * size[:count] * row[:, None]
    errors = np.repeat(row[:, None], count, axis=1)
    return scores, errors


def fit_change_point(places: np.ndarray, scores: np.ndarray, errors: np.ndarray, floor: float = FLOOR) -> ChangePoint:
    """Fit a change point to scores.

    Parameters
    ----------
    places
        The axis [n], ascending, eight values or more.
    scores, errors
        Scores and one standard deviation of them [n, m].
    floor
        The floor of the errors, as a share of the range of the largest score.

    Returns
    -------
    ChangePoint
        The best change, and how much better it is than none.
    """
    n, m = scores.shape
    reach = np.ptp(scores, axis=0)
    weights = 1 / np.sqrt(errors**2 + (floor * reach.max()) ** 2)
    x = 2 * (places - places[0]) / np.ptp(places) - 1
    price = np.log(n * m)
    most = max(2, n // 2)
    chi_smooth = {
        order: _chi(_polynomial(x, order), scores, weights)
        for order in _SMOOTH
        if order < most or order == min(_SMOOTH)
    }
    tried = _tried(x)
    chi_broken: dict[tuple[int, str], np.ndarray] = {}
    for order in _BROKEN:
        if order + 2 > most:
            continue
        smooth = _polynomial(x, order)
        for kind, feature in _FEATURES.items():
            chi_broken[order, kind] = _chi_with(smooth, [feature(x, place) for place in tried], scores, weights)
    # Where even the best model is further off than its errors, these are too small by so much.
    left = [chi / max(m * (n - order - 1), 1) for order, chi in chi_smooth.items()]
    left += [chi.min() / max(m * (n - order - 2) - 1, 1) for (order, _), chi in chi_broken.items()]
    scale = max(1.0, min(left))
    null = min(chi / scale + price * m * (order + 1) for order, chi in chi_smooth.items())
    criteria = {key: chi / scale + price * (m * (key[0] + 2) + 1) for key, chi in chi_broken.items()}
    # Spread steps lie where a smooth onset changes most, not where it begins: they have to be better by far.
    criteria = {key: one + (_SPREAD_PRICE if "," in key[1] else 0) for key, one in criteria.items()}
    best = min(criteria, key=lambda key: criteria[key].min())
    profile = np.min(list(criteria.values()), axis=0)
    number = int(np.argmin(criteria[best]))
    inside = np.flatnonzero(chi_broken[best] / scale <= chi_broken[best].min() / scale + 4)
    on_axis = (tried + 1) / 2 * np.ptp(places) + places[0]
    at = float(on_axis[number])
    step = float(np.max(np.diff(places)[max(0, np.searchsorted(places, at) - 2) : np.searchsorted(places, at) + 1]))
    low = min(float(on_axis[inside[0]]), at - step / 2)
    high = max(float(on_axis[inside[-1]]), at + step / 2)
    return ChangePoint(at, low, high, best[1], float(null - profile[number]), on_axis, null - profile)


def _tried(x: np.ndarray) -> np.ndarray:
    """Places between the readings, the same number in each gap, without the ends."""
    parts = int(np.clip(_IN_ALL // len(x), 2, _FINE))
    fine = np.interp(np.arange(0, len(x) - 1 + 1e-9, 1 / parts), np.arange(len(x)), x)
    low, high = -1 + 2 * _ENDS, 1 - 2 * _ENDS
    few = x[[2, -3]]
    return fine[(fine >= min(low, 0)) & (fine <= max(high, 0)) & (fine > few[0]) & (fine < few[1])]


def _polynomial(x: np.ndarray, order: int) -> np.ndarray:
    return np.polynomial.legendre.legvander(x, order)


_FEATURES = {
    # A ramp as wide as the readings are apart: the reading a step falls on lies between its two sides.
    "step": lambda x, place: np.clip((x - place) / _gap(x, place) + 0.5, 0, 1),
    # A step that is spread over some readings: without it the upper edge of one would be taken for an onset.
    "step, spread": lambda x, place: np.tanh((x - place) / (_SPREAD * np.median(np.diff(x)))),
    "step, wide": lambda x, place: np.tanh((x - place) / (2 * _SPREAD * np.median(np.diff(x)))),
    "kink": lambda x, place: np.maximum(x - place, 0),
    "onset": lambda x, place: np.sqrt(np.maximum(place - x, 0)),
    "onset above": lambda x, place: np.sqrt(np.maximum(x - place, 0)),
    # What follows the square of an order parameter begins in proportion to the distance and saturates. Without these a
    # square root is fitted to it, whose place is drawn into the ordered side.
    "onset that saturates": lambda x, place: np.tanh(np.maximum(place - x, 0) / _SATURATES),
    "onset above that saturates": lambda x, place: np.tanh(np.maximum(x - place, 0) / _SATURATES),
}


def _gap(x: np.ndarray, place: float) -> float:
    """How far the readings about a place are apart."""
    number = int(np.clip(np.searchsorted(x, place), 1, len(x) - 1))
    return float(x[number] - x[number - 1])


def _chi(basis: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """chi^2 of the best fit of all scores by a basis [n, b]."""
    total = 0.0
    for k in range(scores.shape[1]):
        held, _ = np.linalg.qr(basis * weights[:, k : k + 1])
        target = scores[:, k] * weights[:, k]
        total += float(np.sum((target - held @ (held.T @ target)) ** 2))
    return total


def _chi_with(smooth, features, scores, weights) -> np.ndarray:
    """chi^2 of the best fit by a smooth basis and one of the features, for each of them."""
    total = np.zeros(len(features))
    columns = np.array(features).T
    for k in range(scores.shape[1]):
        held, _ = np.linalg.qr(smooth * weights[:, k : k + 1])
        target = scores[:, k] * weights[:, k]
        target = target - held @ (held.T @ target)
        left = columns * weights[:, k : k + 1]
        left = left - held @ (held.T @ left)
        size = np.maximum(
            np.sum(left**2, axis=0), 1e-12 * np.sum((columns * weights[:, k : k + 1]) ** 2, axis=0) + 1e-300
        )
        total += float(target @ target) - (target @ left) ** 2 / size
    return total
