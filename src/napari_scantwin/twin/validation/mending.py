"""By how much a sweep reads high, low or late: the correction with which the sweeps of a scan foretell each other best.

With a correction of some sweeps by an amount a (a scale, an offset, or a lag along the fast axis), every inner sweep j
is foretold from the others by interpolation along the slow axis, which takes milliseconds. With m_j the mean square of
what is missed there, the amount makes least::

    sum_j log(m_j(a) + (0.001 range)^2)

the profile likelihood of misses whose size differs from sweep to sweep: no sweep that is hard to foretell decides, and
the sweeps beside the one in question speak as much as itself. Of the interpolations the one counts by which the least
is smallest. The amount's standard error is that of the jackknife over the sweeps, and how far the best interpolations
differ from each other in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_scantwin.interpolators.aligned import CurveRegistration, Rows, sweep_rows
from napari_scantwin.interpolators.aligned_interpolation import AlignedInterpolation
from napari_scantwin.twin.data import Data
from napari_scantwin.twin.validation.consistency import Misfit, suspects

__all__ = ["Amount", "SweepCorrection", "corrected", "misfits"]

#: Misses below this share of the range are none.
_FLOOR = 1e-3
#: The amounts first tried, in first guesses; how many of the interpolations that do best without a correction are tried
#: there, and how many of these further.
_TRIED, _WAYS, _BEST = np.linspace(-0.5, 2.5, 7), 6, 3
#: So often the step between amounts becomes so many times smaller, and these are tried around the best.
_ROUNDS, _FINER, _AROUND = 3, 3.0, np.array([-2, -1, 1, 2])
#: A correction counts from a gain on: of one sweep, and for every inner sweep where half of all are corrected; and from
#: so many of its errors on.
_GAIN, _GAIN_A_SWEEP, _ERRORS = 1.5, 0.7, 3.0
#: A correction is looked for in so many sweeps on either side.
_REACH = 3


@dataclass(frozen=True)
class Amount:
    """By how much some sweeps are wrong.

    Parameters
    ----------
    value
        A share (0.05 reads five per cent high), the value's unit, or the fast axis's unit (a positive lag shows
        everything so much further up the axis).
    error
        Its standard error.
    gain
        How much less the sum over sweeps of the logarithm of the mean square miss is than without correction.
    """

    value: float
    error: float
    gain: float


class SweepCorrection:
    """The sweeps of a scan with two axes, foretold from each other.

    Parameters
    ----------
    data
        The scan's points.
    """

    def __init__(self, data: Data):
        self._data = data
        self._fast = data.coordinates[:, -1]
        self._quiet = data.quiet[0] * data.spread + data.offset
        self._floor = (_FLOOR * float(np.ptp(data.values[~data.spikes]))) ** 2
        self._ways = AlignedInterpolation.candidates(data, None)
        self._inner = np.flatnonzero(~data.groups.edge)
        self._uncorrected: np.ndarray | None = None

    def amount(self, numbers: Sequence[int], kind: str, guess: float) -> Amount:
        """Fit one amount to some sweeps.

        Parameters
        ----------
        numbers
            The sweeps, by the number of their group.
        kind
            One of :data:`~napari_scantwin.twin.validation.consistency.KINDS`.
        guess
            About how much, in the unit of :class:`Amount`.
        """
        wrong = np.isin(self._data.groups.group, numbers)
        near = self._near(numbers)
        ways, start = self._best_ways(_WAYS, near)
        amounts = guess * _TRIED
        losses = np.array([self._losses(wrong, kind, amount, ways, near) for amount in amounts])
        best = np.argsort(losses.sum(axis=2).min(axis=0))[:_BEST]
        ways, losses, start = [ways[way] for way in best], losses[:, best], start[best]
        step = abs(guess) * float(_TRIED[1] - _TRIED[0])
        for _ in range(_ROUNDS):
            step /= _FINER
            at, _way = np.unravel_index(np.argmin(losses.sum(axis=2)), losses.shape[:2])
            more = amounts[at] + step * _AROUND
            more = more[[bool(np.abs(amounts - one).min() > step / 4) for one in more]]
            found = [self._losses(wrong, kind, amount, ways, near) for amount in more]
            amounts = np.concatenate([amounts, more])
            losses = np.concatenate([losses, np.array(found).reshape(-1, *losses.shape[1:])])
        order = np.argsort(amounts)
        amounts, losses = amounts[order], losses[order]
        found = [_least(amounts, column) for column in losses.sum(axis=2).T]
        way = int(np.argmin([least for _, least in found]))
        (value, least), own = found[way], losses[:, way]
        count = own.shape[1]
        without = np.array([_least(amounts, own.sum(axis=1) - own[:, one])[0] for one in range(count)])
        variance = (count - 1) / count * np.sum((without - without.mean()) ** 2) + np.var([one for one, _ in found])
        return Amount(value, float(np.sqrt(variance)), float(start.sum(axis=1).min() - least))

    def _near(self, numbers: Sequence[int]) -> np.ndarray:
        """The inner sweeps that a correction of some can be seen in."""
        return self._inner[np.abs(self._inner[:, None] - np.asarray(numbers)).min(axis=1) <= _REACH]

    def _best_ways(self, count: int, near: np.ndarray) -> tuple[list[AlignedInterpolation], np.ndarray]:
        """The interpolations that foretell sweeps best as they are, and their losses [ways, sweeps]."""
        if self._uncorrected is None:
            nothing = np.zeros(len(self._fast), bool)
            self._uncorrected = self._losses(nothing, "offset", 0.0, self._ways, self._inner)
        losses = self._uncorrected[:, np.isin(self._inner, near)]
        best = np.argsort(losses.sum(axis=1))[:count]
        return [self._ways[way] for way in best], losses[best]

    def _losses(self, wrong: np.ndarray, kind: str, amount: float, ways, sweeps: np.ndarray) -> np.ndarray:
        """The logarithm of the mean square miss [ways, sweeps] with the points ``wrong`` [n] corrected."""
        data, knots = self._data, self._data.knots
        fast, quiet = corrected(kind, amount, wrong, self._fast, self._quiet)
        _, values = corrected(kind, amount, wrong, self._fast, data.values)
        group = data.groups.group
        rows = {share: sweep_rows(fast, quiet, group, len(knots), share) for share in {way.share for way in ways}}
        unit = np.where(wrong, 1 + amount, 1.0) if kind == "scale" else np.ones(len(values))
        result = np.empty((len(ways), len(sweeps)))
        for column, number in enumerate(sweeps):
            mine = (group == number) & ~data.spikes
            kept = np.arange(len(knots)) != number
            places = np.stack([np.full(mine.sum(), knots[number]), fast[mine]], axis=1)
            for row, way in enumerate(ways):
                own = rows[way.share]
                known = Rows(own.positions[kept], own.values[kept], own.errors[:, kept])
                mesh = CurveRegistration(knots[kept], known, way.position_scale, way.value_scale, way.spline)
                missed = (values[mine] - mesh.predict(places)) * unit[mine]
                result[row, column] = np.log(np.mean(missed**2) + self._floor)
        return result


def misfits(data: Data, held_out: np.ndarray) -> list[Misfit]:
    """Sweeps that do not fit the others.

    Suspected by what the twin misses, they are named where correcting them lets the sweeps foretell each other much
    better: a sweep that is only hard to foretell stays so.

    Parameters
    ----------
    data
        The scan's points.
    held_out
        What the twin says of each reading without its sweep [n].

    Returns
    -------
    list of Misfit
        Every other sweep where they lag by turns, or the one sweep that is wrong by a scale, an offset or a lag, its
        amount fitted; empty where all fit.
    """
    if data.axes != 2 or not data.sweeps:
        return []
    kept = ~data.spikes
    columns = (data.coordinates[:, -1], data.values, held_out, data.groups.group)
    inner = np.flatnonzero(~data.groups.edge)
    found = suspects(*(column[kept] for column in columns), inner, data.groups.labels)
    corrections = SweepCorrection(data) if found else None
    named: list[tuple[float, Misfit]] = []
    for one in found:
        if named and len(named[-1][1].numbers) == len(one.numbers):
            break  # the sweep that was suspected before this one is wrong, which leaves its marks on others
        amount = corrections.amount(one.numbers, one.kind, one.amount)
        least = _GAIN_A_SWEEP * len(inner) if len(one.numbers) > 1 else _GAIN
        if amount.gain > least and amount.value * one.amount > 0 and abs(amount.value) > _ERRORS * amount.error:
            places = tuple(float(data.knots[number]) for number in one.numbers)
            named.append((amount.gain, replace(one, amount=amount.value, error=amount.error, places=places)))
    # One late sweep makes those beside it seem early, as if all lagged by turns.
    return [max(named, key=lambda one: one[0])[1]] if named else []


def corrected(
    kind: str, amount: float, wrong: np.ndarray, fast: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places and readings as they would be had nothing been wrong.

    Parameters
    ----------
    kind
        One of :data:`~napari_scantwin.twin.validation.consistency.KINDS`: readings are divided by ``1 + amount``,
        or have ``amount`` taken off them, or places have.
    amount
        By how much.
    wrong
        Which points are concerned [n].
    fast, values
        Places on the fast axis and readings [n].
    """
    if kind == "scale":
        return fast, np.where(wrong, values / (1 + amount), values)
    if kind == "offset":
        return fast, np.where(wrong, values - amount, values)
    return np.where(wrong, fast - amount, fast), values


def _least(at: np.ndarray, losses: np.ndarray) -> tuple[float, float]:
    """Where the parabola through the least of ``losses`` [m] at ascending ``at`` [m] and its neighbours is least, and
    that least."""
    middle = int(np.clip(np.argmin(losses), 1, len(at) - 2))
    near = slice(middle - 1, middle + 2)
    if losses[near].argmin() != 1:  # at an end of what was tried
        number = int(np.argmin(losses))
        return float(at[number]), float(losses[number])
    bend, slope, level = np.polyfit(at[near] - at[middle], losses[near], 2)
    shift = -slope / (2 * bend) if bend > 0 else 0.0
    return float(at[middle] + shift), float(level + slope * shift / 2)
