"""Where order sets in, below which a single ion's levels say nothing: peaks of the heat capacity that no level scheme
makes, kinks of the susceptibility, and a heat capacity that rises again towards the lowest temperatures.

A Schottky anomaly is broad: for two levels of any degeneracies its full width at half height is more than its
temperature. A peak of a heat capacity is taken for a transition where it stands twice as high as the readings a tenth
of
its temperature away on either side, a kink of a susceptibility where its logarithmic slope changes by more than one
half, and by as much within an eighth of the temperature as within a quarter of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.crystal_field.curves import IonCurve

__all__ = ["Ordering", "ordering_in"]

#: How far away, as a part of the temperature, a peak's neighbours are; how high it stands over them.
_AWAY, _TWICE = 0.12, 2.0
#: The change of d ln χ / d ln T that is a kink, and how many of its errors it has to be.
_KINK, _SURE = 0.5, 4.0
#: How far to either side slopes are taken, in ln T, and the part of the change that is found within half of it.
_REACH, _SHARP = 0.25, 0.75
#: The lower limit lies this much above the transition: short-range order and critical fluctuations.
_ABOVE = 1.3
_FEWEST = 7
#: How far a heat capacity rises again towards low temperatures, times its least value; and the part of a reading that
#: may be left of its tail, which falls as 1/T².
_AGAIN, _TAIL = 1.15, 0.1


@dataclass(frozen=True)
class Ordering:
    """Where a curve shows that order sets in.

    Parameters
    ----------
    temperature
        In K.
    limit
        The lowest temperature proposed for use, in K.
    words
        The warning.
    """

    temperature: float
    limit: float
    words: str


def ordering_in(curve: IonCurve) -> Ordering | None:
    """The highest temperature at which a curve shows order, or None.

    Parameters
    ----------
    curve
        A heat capacity or a susceptibility; of other kinds there is none. It should hold every reading, not bins.
    """
    if curve.kind == "heat_capacity":
        found, what = _peak(curve), "peaks"
    elif curve.kind == "susceptibility":
        found, what = _kink(curve), "has a kink"
    else:
        return None
    name = curve.label or curve.kind.replace("_", " ")
    if found is None and curve.kind == "heat_capacity" and (least := _upturn(curve)) is not None:
        limit = float(f"{_above_tail(curve, least):.2g}")
        return Ordering(
            least,
            limit,
            f"{name} rises again below {least:.3g} K, as neighbours that begin to order or nuclear moments make it, "
            f"and a "
            f"level only if it lies below {2 * least:.2g} K: use only above {limit:g} K",
        )
    if found is None:
        return None
    limit = float(f"{_ABOVE * found:.2g}")
    return Ordering(
        found,
        limit,
        f"{name} {what} at {found:.3g} K, more sharply than levels do: order sets in there; use only above {limit:g} K",
    )


def _peak(curve: IonCurve) -> float | None:
    t, c = curve.x, curve.value
    if len(t) < _FEWEST:
        return None
    for at in np.argsort(-t):
        left, right = t[at] * (1 - _AWAY), t[at] * (1 + _AWAY)
        if left < t[0] or right > t[-1] or c[at] <= 0:
            continue
        sides = np.interp([left, right], t, c)
        near = (t >= left) & (t <= right)
        highest = c[at] >= c[near].max()
        if highest and near.sum() >= 3 and c[at] > _TWICE * max(sides.max(), 0) + _SURE * curve.error[at]:
            return float(t[at])
    return None


def _upturn(curve: IonCurve) -> float | None:
    """Where a heat capacity is least before it rises towards its coldest reading; None where it falls to there."""
    t, c = curve.x, curve.value
    if len(t) < _FEWEST:
        return None
    # Down to the least value from the coldest reading on: a Schottky anomaly further up has its own, later.
    rising = np.flatnonzero(np.diff(c) > 2 * curve.error[1:])
    until = int(rising[0]) + 1 if len(rising) else len(c)
    at = int(np.argmin(c[:until]))
    if at < 3 or t[at] > np.sqrt(t[0] * t[-1]):
        return None
    return float(t[at]) if c[:3].mean() > _AGAIN * max(c[at], 0) + 2 * curve.error[at] else None


def _above_tail(curve: IonCurve, least: float) -> float:
    """Where at most a tenth of a reading is left of a tail that falls as 1/T² and makes up all of the least one."""
    above = curve.x > least
    t, c = curve.x[above], curve.value[above]
    tail = float(curve.value[curve.x == least].mean()) * (least / t) ** 2
    small = np.flatnonzero(tail <= _TAIL * c)
    return float(t[small[0]]) if len(small) else least / np.sqrt(_TAIL)


def _kink(curve: IonCurve) -> float | None:
    """Where the slope of ln χ over ln T falls abruptly: by as much within half of the window as within all of it, while
    what only bends, as Van Vleck's and Curie's laws do, changes by half of it."""
    good = curve.value > 0
    t, inverse, counts = np.unique(curve.x[good], return_inverse=True, return_counts=True)
    y = np.log(np.bincount(inverse, curve.value[good]) / counts)
    x = np.log(t)
    found = []
    for at in range(len(t)):
        wide = _change(x, y, at, _REACH)
        if wide is None or wide[0] <= _KINK:
            continue
        narrow = _change(x, y, at, _REACH / 2)
        if (
            narrow is not None
            and narrow[0] > _SHARP * wide[0]
            and all(change > _SURE * error for change, error in (wide, narrow))
        ):
            found.append((wide[0], t[at]))
    return float(max(found)[1]) if found else None


def _change(x: np.ndarray, y: np.ndarray, at: int, reach: float) -> tuple[float, float] | None:
    """How much steeper a curve is above a reading than below, and the error of that; None where either side holds fewer
    than four readings or does not reach as far."""
    if x[0] > x[at] - reach or x[-1] < x[at] + reach:
        return None
    slopes, errors = [], []
    for side in ((x <= x[at]) & (x >= x[at] - reach), (x >= x[at]) & (x <= x[at] + reach)):
        if side.sum() < 4:
            return None
        along, up = x[side] - x[side].mean(), y[side] - y[side].mean()
        spread = along @ along
        slope = along @ up / spread
        rest = up - slope * along
        slopes.append(slope)
        errors.append(np.sqrt(rest @ rest / (len(rest) - 2) / spread))
    return float(slopes[0] - slopes[1]), float(np.hypot(*errors))
