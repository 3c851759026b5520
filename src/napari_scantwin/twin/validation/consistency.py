"""What in a scan does not fit the rest of it: single readings far off their neighbours, and whole sweeps that read
high, low or late.

A reading is far off where it misses the straight line through the two neighbours on either side, and the range of
their readings, by many times the scan's noise, and these four agree among themselves: a step or a peak of several
readings does not count. Nor does what a neighbouring sweep shows at the same place, if smaller.

A sweep is held against what the twin says of it without it. With p that prediction along the sweep and p' its slope,
the misses are fitted by::

    y - p = scale * p + offset - lag * p'

one at a time. A sweep that is wrong by one of these leaves a mark of its own: the number explains nearly all of what is
missed there, and the sweeps beside it, foretold from a neighbour that is wrong, miss by about half as much the other
way. A sweep that is only hard to foretell leaves its neighbours as they are. Where sweeps lag by turns, as when every
other one was measured in the other direction, the lag's sign goes back and forth along the whole scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_scantwin.twin.validation.noise import Noise, by_sweep

__all__ = ["KINDS", "Misfit", "spikes", "suspects"]

#: What may be wrong with a sweep.
KINDS = ("scale", "offset", "lag")

#: A reading is far off beyond so many deviations of the noise and this share of the range; its neighbours agree where
#: they miss the line through themselves by less than a quarter of that.
_DEVIATIONS, _SHARE, _AGREE = 8.0, 0.02, 0.25
#: A sweep beside that shows this share of it within so many steps of the fast axis makes it no spike.
_NEAR, _ALIKE = 2.0, 0.2
#: Readings of the shortest sweep that is looked at.
_SHORTEST = 7
#: A sweep is suspected where one number explains this share of what is missed and takes away this share of the range
#: (root mean square; less moves a map by some 0.3 %), and the inner sweeps on either side miss by a share between these
#: the other way.
_EXPLAINED, _LEAST, _BESIDE = 0.7, 0.01, (0.25, 0.95)
#: Sweeps lag by turns where, of those whose misses a lag explains by this share, so many in a row change sign.
_BY_TURNS, _IN_A_ROW = 0.4, 3
#: So many single sweeps are looked at closer.
_LOOKED_AT = 2
#: Fewer inner sweeps do not say what is usual.
_FEWEST = 4


def spikes(fast: np.ndarray, values: np.ndarray, sweep: np.ndarray, noise: Noise) -> np.ndarray:
    """Readings far off their neighbours.

    Parameters
    ----------
    fast
        Places on the fast axis [n].
    values
        Readings [n], in the value's unit.
    sweep
        The number of the sweep of each point [n], neighbours numbered one after the other.
    noise
        The scan's noise.

    Returns
    -------
    array
        True [n] where a reading is far off.
    """
    far, out = np.zeros(len(values), bool), np.zeros(len(values))
    # Readings that differ by nothing but the last digit have no noise to speak of.
    floor = _SHARE * float(np.ptp(values))
    for rows in by_sweep(fast, sweep):
        x, y = fast[rows], values[rows]
        if len(x) < _SHORTEST:
            continue
        middle = np.arange(2, len(x) - 2)
        around = middle + np.array([[-2], [-1], [1], [2]])
        readings = y[around]
        expected, own = _line(x[around] - x[middle], readings)
        limit = np.maximum(_DEVIATIONS * noise(expected), floor)
        missed = np.abs(y[middle] - expected)
        # Of unevenly spaced places a line says little; but a step's readings lie between those beside them.
        above, below = y[middle] - readings.max(axis=0), readings.min(axis=0) - y[middle]
        out[rows[middle]] = np.where(above > below, np.maximum(above, 0), -np.maximum(below, 0))
        far[rows[middle]] = (missed > limit) & (np.abs(out[rows[middle]]) > limit) & (own < _AGREE * missed)
    return far & ~_repeated(fast, sweep, far, out)


def _line(places: np.ndarray, readings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The straight line through four neighbours [4, n] at 0, and the most that one of them misses it by [n]."""
    mean, level = places.mean(axis=0), readings.mean(axis=0)
    width = ((places - mean) ** 2).sum(axis=0)
    slope = ((places - mean) * (readings - level)).sum(axis=0) / np.where(width > 0, width, 1)
    return level - slope * mean, np.abs(readings - level - slope * (places - mean)).max(axis=0)


def _repeated(fast: np.ndarray, sweep: np.ndarray, far: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Which of the readings that are far off have their like in a sweep beside [n]; ``out`` is how far each reading
    [n] stands beyond its neighbours, with its sign."""
    result = np.zeros(len(far), bool)
    for number in np.flatnonzero(far):
        near = _NEAR * np.median(np.diff(np.sort(fast[sweep == sweep[number]])))
        beside = (np.abs(sweep - sweep[number]) == 1) & (np.abs(fast - fast[number]) <= near)
        result[number] = bool((out[beside] * np.sign(out[number]) > _ALIKE * abs(out[number])).any())
    return result


@dataclass(frozen=True)
class Misfit:
    """Sweeps that do not fit the others.

    Parameters
    ----------
    sweeps
        Their names with unit: one, or those of every other sweep.
    kind
        "scale", "offset" or "lag".
    amount
        By how much: a share (0.05 reads five per cent high), the value's unit, or the fast axis's unit (a positive lag
        shows everything so much further up the axis).
    error
        The amount's standard error; not a number where it was not fitted.
    numbers
        The sweeps' groups, by number.
    places
        The sweeps' set points, in the slow axis's unit.
    """

    sweeps: tuple[str, ...]
    kind: str
    amount: float
    error: float = np.nan
    numbers: tuple[int, ...] = ()
    places: tuple[float, ...] = ()

    @staticmethod
    def from_dict(said: dict) -> Misfit:
        """The inverse of :func:`dataclasses.asdict`, its lists being tuples again."""
        return Misfit(**{name: tuple(value) if isinstance(value, list) else value for name, value in said.items()})

    def sentence(self, unit: str, fast_unit: str) -> str:
        """What to tell a user.

        Parameters
        ----------
        unit, fast_unit
            Those of the value and of the fast axis, as they are shown.
        """
        up = self.amount > 0
        if len(self.sweeps) > 1:
            return (
                f"Every other sweep ({', '.join(self.sweeps)}) lies about {self._size(fast_unit)} further "
                f"{'up' if up else 'down'} than those beside it: if they were measured in different directions, train "
                "each direction for itself, or fit the lag."
            )
        words = {
            "scale": f"reads about {self._size('%')} {'high' if up else 'low'}",
            "offset": f"reads about {self._size(unit)} {'high' if up else 'low'}",
            "lag": f"lies about {self._size(fast_unit)} too far {'up' if up else 'down'}",
        }
        return (
            f"The sweep at {self.sweeps[0]} {words[self.kind]} beside its neighbours: leave it out, fit its "
            f"{self.kind}, or measure it again."
        )

    def correction(self, unit: str, fast_unit: str) -> str:
        """What is done to correct it, in words.

        Parameters
        ----------
        unit, fast_unit
            Those of the value and of the fast axis, as they are shown.
        """
        if self.kind == "scale":
            error = f" (± {self.error:.1g})" if np.isfinite(self.error) else ""
            return f"readings divided by {1 + self.amount:.4g}{error}"
        what, shown = ("readings", unit) if self.kind == "offset" else ("places on the fast axis", fast_unit)
        return f"{what} moved {'down' if self.amount > 0 else 'up'} by {self._size(shown)}"

    def _size(self, unit: str) -> str:
        """The size of the amount, with its error where there is one, and its unit."""
        factor = 100 if self.kind == "scale" else 1
        size, error = factor * abs(self.amount), factor * self.error
        if not (np.isfinite(error) and error > 0):
            return f"{size:.2g} {unit}".strip()
        # The error to two digits, the amount as far; but no more digits than anyone reads.
        digits = int(np.clip(1 - np.floor(np.log10(error)), 0, max(0, 3 - np.floor(np.log10(size)))))
        shown = f"{size:.{digits}f} ± {error:.{digits}f}" if 1e-3 < size < 1e5 else f"{size:.3g} ± {error:.1g}"
        return (f"({shown}) {unit}" if unit else shown).strip()


def suspects(
    fast: np.ndarray,
    values: np.ndarray,
    held_out: np.ndarray,
    group: np.ndarray,
    inner: Sequence[int],
    labels: Sequence[str],
) -> list[Misfit]:
    """Sweeps that may not fit the others, to be looked at closer (:mod:`napari_scantwin.twin.validation.mending`).

    Parameters
    ----------
    fast
        Places on the fast axis [n].
    values
        Readings [n].
    held_out
        What the twin says of each reading without its sweep [n].
    group
        The number of the sweep of each point [n].
    inner
        The numbers of the sweeps inside the others, ascending.
    labels
        The sweeps' names, by number.

    Returns
    -------
    list of Misfit
        Every other sweep where they may lag by turns, then single ones for which one number may say what is wrong, by
        how much of what is missed that takes away; empty where all fit.
    """
    if len(inner) < _FEWEST:
        return []
    amounts, explained, gained = _fitted(fast, values, held_out, group, inner)
    found = []
    lag_says_most = np.where(np.argmax(explained, axis=1) == 2, explained[:, 2], 0)
    if late := _by_turns(amounts[:, 2], lag_says_most):
        first = next(inner[row] for row in late if amounts[row, 2] > 0)
        # What goes by turns does so from the first sweep to the last, the outermost among them.
        numbers = tuple(range(first % 2, len(labels), 2))
        shown = tuple(labels[number] for number in numbers)
        found.append(Misfit(shown, "lag", float(np.median(np.abs(amounts[late, 2]))), numbers=numbers))
    telling = (explained > _EXPLAINED) & (gained > _LEAST * np.ptp(values))
    marks = np.zeros(telling.shape, int)
    for row, column in np.argwhere(telling):
        marks[row, column] = _marked(amounts[:, column], row)
    # Those with both marks first, then by how much of the misses is taken away; of one sweep one number.
    order = np.lexsort((-gained.ravel(), -marks.ravel()))
    rows, columns = np.unravel_index(order[marks.flat[order] > 0], marks.shape)
    _, first = np.unique(rows, return_index=True)
    for one in np.sort(first)[:_LOOKED_AT]:
        number, column = int(inner[rows[one]]), columns[one]
        found.append(Misfit((labels[number],), KINDS[column], float(amounts[rows[one], column]), numbers=(number,)))
    return found


def _marked(amounts: np.ndarray, row: int) -> int:
    """How many of the sweeps beside a row miss by about half as much the other way; 0 where one does not miss the other
    way, or is not an inner one. One that misses by more may be hard to foretell besides."""
    if not 0 < row < len(amounts) - 1:
        return 0
    low, high = _BESIDE
    shares = -amounts[[row - 1, row + 1]] / amounts[row]
    return int((shares < high).sum()) if (shares > low).all() else 0


def _by_turns(lags: np.ndarray, explained: np.ndarray) -> list[int]:
    """The rows of sweeps that may lag by turns; empty where they do not."""
    best: list[int] = []
    run: list[int] = []
    for row, lag in enumerate(lags):
        told = explained[row] > _BY_TURNS
        goes_on = bool(run) and told and lag * lags[run[-1]] < 0
        run = [*run, row] if goes_on else [row] if told else []
        best = max(best, run, key=len)
    sizes = np.abs(lags[best])
    return best if len(best) >= _IN_A_ROW and sizes.min() > 0.3 * np.median(sizes) else []


def _fitted(fast, values, held_out, group, inner) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scale, offset and lag of each inner sweep [sweeps, 3], what share of the misses each explains, and how much it
    takes away, root mean square in the value's unit; zeros for a sweep of few readings."""
    amounts, explained, gained = np.zeros((3, len(inner), 3))
    for row, number in enumerate(inner):
        mine = np.flatnonzero(group == number)
        if len(mine) < _SHORTEST:
            continue
        mine = mine[np.argsort(fast[mine], kind="stable")]
        x, expected = fast[mine], held_out[mine]
        wrong = values[mine] - expected
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.gradient(expected, x)
        slope = np.where(np.isfinite(slope), slope, 0.0)
        total = np.mean(wrong**2)
        for column, shape in enumerate((expected, np.ones(len(x)), -slope)):
            power = np.mean(shape**2)
            if power > 0 and total > 0:
                amounts[row, column] = np.mean(wrong * shape) / power
                taken = np.mean(wrong * shape) ** 2 / power
                explained[row, column], gained[row, column] = taken / total, np.sqrt(taken)
    return amounts, explained, gained
