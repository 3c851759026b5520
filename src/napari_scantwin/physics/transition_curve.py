"""Where one resistance curve passes from its low state to its normal state.

The normal state is a straight line fitted robustly to the points above the transition, the low state (zero
resistance, or the instrument's offset) a constant ``base``. Everything is read from the share::

    r(x) = (R(x) - base) / (normal(x) - base),      0 in the low state, 1 in the normal state

90, 50, 10 %    where the isotonic regression of r passes the level (it cannot be fooled by overshoot or shoulders)
steepest        where the locally linear regression of r is steepest
onset           where the tangent at the steepest place meets r = 1
zero            where r leaves zero by more than 1 % or twice the error there, whichever is more
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

__all__ = ["CRITERIA", "TransitionCurve", "level_of", "robust_line"]

#: The named criteria; any share between 0 and 1 is one too.
CRITERIA = ("onset", "90 %", "50 %", "10 %", "zero", "steepest")
_LEVELS = {"90 %": 0.9, "50 %": 0.5, "10 %": 0.1}
#: Share of the points (and how many at least) taken as the end of a curve.
_END, _FEWEST = 0.15, 4
#: From this share of the normal state on, points belong to it.
_NORMAL = 0.95
#: Width of the locally linear regression: share of the transition's width, and steps between points at least.
_SHARE, _STEPS = 0.3, 2.5
_PLACES = 400
#: Residuals beyond this many scatters are no part of a normal state.
_FAR = 3.0
#: Least share of the normal state that is told from zero resistance.
_ZERO = 0.01
#: The steepest place is the middle of the stretch that is at least this steep.
_TOP = 0.8
#: A window whose points stand closer together than this share of its width tells no slope.
_SPREAD = 0.25


def level_of(criterion: str | float) -> float | None:
    """The share of the normal state a criterion stands for, None for those that are no share."""
    if isinstance(criterion, str):
        return _LEVELS.get(criterion)
    return float(criterion)


def end_values(values: np.ndarray) -> tuple[float, float]:
    """Medians of the first and of the last points of a curve."""
    count = min(max(_FEWEST, round(_END * len(values))), len(values))
    return float(np.median(values[:count])), float(np.median(values[-count:]))


def robust_line(x: np.ndarray, y: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of a straight line that outliers (an overshoot) do not move; the slope is zero where it
    is not twice its error or there are fewer than eight points."""
    constant = float(np.median(y))
    if len(x) < 8 or np.ptp(x) == 0:
        return constant, 0.0
    middle, scale = x.mean(), np.ptp(x)
    design = np.stack([np.ones(len(x)), (x - middle) / scale], axis=1)
    level, tilt = _lines(design, y, errors)
    covered = np.abs(y - design @ [level, tilt]) <= _FAR * _scatter(y - design @ [level, tilt])
    noise = max(_scatter(y - design @ [level, tilt]), float(np.median(errors)))
    if covered.sum() < 8 or abs(tilt) < 2 * noise / np.sqrt(np.sum(design[covered, 1] ** 2)):
        return float(np.median(y[covered])), 0.0
    level, tilt = np.linalg.lstsq(design[covered], y[covered], rcond=None)[0]
    return float(level - tilt * middle / scale), float(tilt / scale)


def _lines(design: np.ndarray, y: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Level and tilt by repeated fits in which what lies far off counts ever less."""
    found = np.array([np.median(y), 0.0])
    least = 1e-9 * max(np.ptp(y), 1e-12 * np.abs(y).max(), 1e-280)
    for _ in range(20):
        residual = y - design @ found
        width = _FAR * max(_scatter(residual), float(np.median(errors)), least)
        weight = 1 / (1 + (residual / width) ** 2)
        found = np.linalg.lstsq(design * weight[:, None], y * weight, rcond=None)[0]
    return found


def _scatter(residual: np.ndarray) -> float:
    """A standard deviation that outliers do not raise."""
    return float(1.4826 * np.median(np.abs(residual))) + 1e-300


@dataclass(frozen=True)
class TransitionCurve:
    """One curve and its normal line: ``x`` [n] ascending, ``values`` and ``errors`` [n], the low state ``base``, the
    normal state ``intercept + slope * x``."""

    x: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    base: float
    intercept: float
    slope: float

    @classmethod
    def fitted(cls, x: np.ndarray, values: np.ndarray, errors: np.ndarray, base: float) -> TransitionCurve:
        """The curve with its normal state fitted to the points above the transition."""
        top = end_values(values)[1] - base
        rising = isotonic_regression((values - base) / (top or 1.0), increasing=True).x
        above = np.flatnonzero(rising >= _NORMAL)
        start = above[0] if len(above) else len(x) - _FEWEST
        start = min(start, len(x) - _FEWEST)
        return cls(x, values, errors, base, *robust_line(x[start:], values[start:], errors[start:]))

    def normal(self, x):
        """The normal state at ``x``."""
        return self.intercept + self.slope * x

    @property
    def noise(self) -> float:
        """The readings' typical error as a share of the normal state."""
        return float(np.median(self.errors) / max(abs(np.median(self.normal(self.x)) - self.base), 1e-300))

    @property
    def noises(self) -> np.ndarray:
        """Each reading's error as a share of the normal state, [n]."""
        return self.errors / np.maximum(np.abs(self.normal(self.x) - self.base), 1e-300)

    def share(self, values: np.ndarray | None = None) -> np.ndarray:
        """r of the curve, or of other readings ``values`` [n] at the same places."""
        values = self.values if values is None else values
        return (values - self.base) / (self.normal(self.x) - self.base)

    def read(self, criterion: str | float, share: np.ndarray, window: float = 1.0) -> float:
        """Where ``share`` [n] meets the criterion, NaN where it does not within the curve; ``window`` widens (above
        1) or narrows the locally linear regression that slopes are read from."""
        level = level_of(criterion)
        if criterion == "zero":
            # By each place's own error: where a map knows little, a small value is no resistance yet.
            return self.crossing(share - np.maximum(_ZERO, 2 * self.noises), 0.0)[0]
        if level is not None:
            return self.crossing(share, level)[0]
        place, height, slope = self._steepest(share, window)
        # A curve that does not pass the middle has no tangent at the transition.
        if np.isnan(self.crossing(share, 0.5)[0]):
            return float("nan")
        at = place if criterion == "steepest" else place + (1 - height) / slope
        return float(at) if self.x[0] <= at <= self.x[-1] else float("nan")

    def crossing(self, share: np.ndarray, level: float) -> tuple[float, float]:
        """Where the isotonic regression of ``share`` passes ``level``, and the gap between the points about it."""
        # Two points at each end decide: one alone may be noise.
        if share[:2].mean() >= level or share[-2:].mean() < level:
            return float("nan"), float("nan")
        rising = isotonic_regression(np.minimum(share, 1 + 2 * self.noise), increasing=True).x
        below = np.flatnonzero(rising < level)
        if not len(below) or below[-1] == len(rising) - 1:
            return float("nan"), float("nan")
        k = int(below[-1])
        gap = self.x[k + 1] - self.x[k]
        part = (level - rising[k]) / (rising[k + 1] - rising[k])
        return float(self.x[k] + part * gap), float(gap)

    def _steepest(self, share: np.ndarray, window: float) -> tuple[float, float, float]:
        """Place, height and slope of the locally linear regression where it is steepest."""
        places, heights, slopes, told = self._local(window * self.width)
        rise = slopes @ share
        level = heights @ share
        steep = np.where(told & (level > 0.05) & (level < 0.95), rise, 0.0)
        top = int(np.argmax(steep))
        less = np.flatnonzero(steep < _TOP * steep[top])
        left = less[less < top].max(initial=-1) + 1
        right = less[less > top].min(initial=len(steep))
        weights = steep[left:right] / max(steep[left:right].sum(), 1e-300)
        return float(weights @ places[left:right]), float(weights @ level[left:right]), float(max(rise[top], 1e-300))

    @functools.cached_property
    def _levels(self) -> tuple[np.ndarray, np.ndarray]:
        """The levels 10, 20 ... 90 % that the curve passes, and where."""
        share, levels = self.share(), np.arange(1, 10) / 10
        places = np.array([self.crossing(share, level)[0] for level in levels])
        passed = np.isfinite(places)
        return levels[passed], places[passed]

    @functools.cached_property
    def width(self) -> float:
        """Half the width of the window in which the regression looks for the steepest place.

        It is told from the levels that are passed, not from how far the sweep goes on beside them.
        """
        levels, places = self._levels
        width = 0.2 * np.ptp(self.x)
        if len(levels) > 1:
            width = (places[-1] - places[0]) * 0.8 / (levels[-1] - levels[0])
        return max(_SHARE * width, _STEPS * float(np.median(np.diff(self.x))))

    @functools.cached_property
    def _regressions(self) -> dict:
        return {}

    def _local(self, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """:meth:`_regression` of one width, worked out once for all draws."""
        if width not in self._regressions:
            self._regressions[width] = self._regression(width)
        return self._regressions[width]

    def _regression(self, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Places, the linear maps [places, n] from readings to the locally linear regression there and to its slope,
        and whether the points of the window [places] tell a slope."""
        passed = self._levels[1]
        start, end = (passed[0], passed[-1]) if len(passed) else (self.x[0], self.x[-1])
        places = np.linspace(max(start - 2 * width, self.x[0]), min(end + 2 * width, self.x[-1]), _PLACES)
        away = self.x - places[:, None]
        # At least four points in every window, however far apart they stand.
        nearest = np.partition(np.abs(away), 3, axis=1)[:, 3] if len(self.x) > 3 else width
        kernel = np.clip(1 - (np.abs(away) / np.maximum(width, 1.01 * nearest)[:, None]) ** 3, 0, None) ** 3
        zeroth, first, second = (np.sum(kernel * away**power, axis=1)[:, None] for power in range(3))
        spread = np.sqrt(np.maximum(second / zeroth - (first / zeroth) ** 2, 0))[:, 0]
        determinant = np.maximum(zeroth * second - first**2, 1e-300)
        return (
            places,
            kernel * (second - first * away) / determinant,
            kernel * (zeroth * away - first) / determinant,
            spread > _SPREAD * width,
        )
