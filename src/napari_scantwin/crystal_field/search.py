"""Find parameters: starts from a table, least squares without a field, then with all curves; what fits is listed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.crystal_field import fit
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.listing import hints_of, listed, warnings_of
from napari_scantwin.crystal_field.measured.advice import Advice, advice_on
from napari_scantwin.crystal_field.model import LeastSquares, Priors
from napari_scantwin.crystal_field.sites import Site
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.solution import Answer
from napari_scantwin.crystal_field.table import DirectionTable, direction_table, directions

__all__ = ["find"]

#: Starts from the table lie apart by this share of their size, per number of parameters.
_APART = {1: 0.04, 2: 0.04, 3: 0.06, 4: 0.08, 5: 0.1}
_APART_MANY = 0.15
_OTHER_VALLEYS = 0.4
#: Minima within this Δχ² fit; where there are several, so many more rounds of starts look for others.
_FITTING, _ROUNDS = 9.0, 4
#: A fit this bad, per reading, has not found its valley, and is begun again from around the best.
_BAD = 1.5
_RESTARTED, _COPIES, _SHARE, _WIDE_SHARE = 6, 8, 0.12, 0.25
#: Up to so many parameters the table is dense enough for 16 starts.
_FEW = 5
#: Further starts of the table, round by round; a fit below this χ²/n has one round only.
_FURTHER, _NOT_HOPELESS = (48, 96, 192), 5.0
_RANDOM, _OF_RANDOM = 2000, 40
#: Of those, so many are worked out between two looks at whether to stop.
_FEW_AT_ONCE = 20
#: A valley whose χ² without the curves in fields exceeds the best in all by more is not followed.
_FOLLOWED = 12.0
#: Minima of the curves without a field closer than this share of their size are followed once.
_ALIKE = 0.02
#: A turn that changes χ² by less is not seen, and by more is decided before anything is followed.
_NOT_SEEN, _DECIDED = 0.5, 50.0
#: So many minima are followed with all curves at once.
_TOGETHER = 6


def find(
    curves: Sequence[IonCurve],
    ion: str | Ion,
    site: str | Site,
    *,
    priors: Priors | None = None,
    starts: int | None = None,
    seed: int = 0,
    table: DirectionTable | None = None,
    extra_starts: np.ndarray | None = None,
    advice: Advice | None = None,
    on_advice: Callable[[str], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> Answer:
    """All crystal fields that the curves allow.

    Parameters
    ----------
    curves
        What was measured; readings outside a curve's ``x_range`` are not used.
    ion, site
        Such as "Er3+" and "D3d".
    priors
        What is expected of scale factors, molecular field and backgrounds; by default :class:`Priors`.
    starts
        How many starts of the table are followed; by default 24 of up to three parameters, 16 of
        up to five, and 64 of more.
    seed
        Of the restarts.
    table
        The table of directions; by default that of J and the site, made once and kept on disk.
    extra_starts
        Further starts [n, k]: the site's parameters in K, from elsewhere.
    advice
        What is known of the curves, as :meth:`Problem.advice` has it of files; by default what :func:`advice_on` says.
    on_advice
        Is called with each sentence of that before anything is fitted, such as ``print``.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled` within half a second.

    Returns
    -------
    Answer
        The distinct solutions by falling probability, with what is doubtful of them and what would help, and what was
        to be known of the curves before.

    Raises
    ------
    ScanError
        Where there is nothing to fit, or the ion has no levels to split.
    """
    ion, priors = ion_of(ion), priors or Priors()
    site = site_of(site).for_J(ion.J)
    curves = [one for one in (curve.trimmed() for curve in curves) if one is not None]
    if not curves:
        raise ScanError("no curve has a reading within its range; add curves or widen the ranges")

    advice = advice or advice_on(curves, ion, site)
    for sentence in advice.sentences if on_advice is not None else ():
        on_advice(sentence)

    def told(low, high):
        return None if on_progress is None else lambda share: on_progress(low + (high - low) * share)

    whole = LeastSquares(ion, site, curves, priors)
    small = LeastSquares(ion, site, curves, priors, small_field_only=True)
    rng = np.random.default_rng(seed)
    starts = starts or (24 if whole.k <= 3 else 16 if whole.k <= _FEW else 64)
    scanned = any(curve.kind != "levels" or curve.x.size >= whole.k for curve in small.curves)
    search = _Search(whole, small if scanned else None, rng, stop)
    if scanned:
        table = table or direction_table(ion, site, on_progress=told(0.0, 0.5), stop=stop)
        search.candidates, _ = fit.scan(small, table, stop)
        # Half of them the best, half from other valleys, whose minima may fit as well.
        sized = np.concatenate(
            [
                search.more_of_table(starts - starts // 2, _APART.get(whole.k, _APART_MANY)),
                search.more_of_table(starts // 2, _OTHER_VALLEYS),
            ]
        )
    else:
        sized = _drawn(whole, rng, max(_OF_RANDOM, starts), stop)
    if extra_starts is not None and len(extra_starts):
        sized = np.concatenate([sized, np.atleast_2d(extra_starts) * whole.sizes])
    search.follow(sized, told(0.5, 0.9))
    search.again_while_bad()
    if whole.k > _FEW:
        search.beside_the_best()
    search.while_more_fit(starts)
    search.other_sides()
    if on_progress is not None:
        on_progress(0.95)
    solutions, rejected = listed(whole, *search.minima)
    if on_progress is not None:
        on_progress(1.0)
    said, would_help = warnings_of(whole, solutions), hints_of(whole, solutions)
    return Answer(tuple(solutions), said, would_help, whole.points, rejected, advice.sentences)


class _Search:
    """The minima found so far, of the curves without a field and of all."""

    def __init__(self, whole: LeastSquares, small: LeastSquares | None, rng: np.random.Generator, stop):
        self.whole, self.small, self.rng, self.stop = whole, small, rng, stop
        self.turns = [
            turn.matrix * whole.sizes[:, None] / whole.sizes for turn in whole.site.equivalences if turn.in_plane
        ]
        self.candidates = np.empty((0, whole.k))
        self.minima: tuple = ()
        self._taken = np.empty((0, whole.k))

    def more_of_table(self, count: int, apart: float) -> np.ndarray:
        """The next best starts [n, k] of the table, apart from each other and from those taken."""
        free = np.ones(len(self.candidates), bool)
        for one in self._taken:
            free &= fit.distance(one, self.candidates, self.turns) > apart
        left = self.candidates[free]
        chosen = left[fit.diverse(left, count, apart, self.turns)]
        self._taken = np.concatenate([self._taken, chosen])
        return chosen

    def follow(self, sized: np.ndarray, on_progress=None) -> None:
        """Follow starts [n, k] to their minima: without curves in fields, then those that may win with everything.

        A turn of the axes that curves without a field do not see is tried both ways.
        """
        whole, small = self.whole, self.small

        def told(low, high):
            return None if on_progress is None else lambda share: on_progress(low + (high - low) * share)

        if small is None:
            self._add(fit.refine(whole, whole.start(sized), on_progress=on_progress, stop=self.stop))
            return
        alike = len(small.curves) == len(whole.curves)
        found = fit.refine(small, small.start(sized), on_progress=told(0, 1.0 if alike else 0.5), stop=self.stop)
        if alike:
            self._add(found)
            return
        x, chi2, _ = found
        order = np.argsort(chi2)
        order = order[fit.diverse(x[order][:, : whole.k], len(order), _ALIKE, self.turns)]
        for begin in range(0, len(order), _TOGETHER):
            rows = order[begin : begin + _TOGETHER]
            best = self.minima[1].min() if self.minima else np.inf
            rows = rows[chi2[rows] < best + _FOLLOWED * max(1.0, best / max(whole.points, 1))]
            if not len(rows):
                break
            start = self._both_ways(whole.carried(small, x[rows]))
            self._add(fit.refine(whole, start, give_up=True, on_progress=told(0.5, 1.0), stop=self.stop))

    def _both_ways(self, start: np.ndarray) -> np.ndarray:
        """Starts and what the turns make of them, without those that the curves in fields rule out or do not see."""
        kept, chi2 = [start], self._chi2(start)
        for matrix in self.turns:
            turned = start.copy()
            turned[:, : self.whole.k] = start[:, : self.whole.k] @ matrix.T
            other = self._chi2(turned)
            better = other < chi2 - _DECIDED
            kept[0] = np.where(better[:, None], turned, kept[0])
            seen = np.abs(other - chi2)
            kept.append(turned[(seen > _NOT_SEEN) & (seen <= _DECIDED)])
            chi2 = np.where(better, other, chi2)
        return np.concatenate(kept)

    def _chi2(self, unknowns: np.ndarray) -> np.ndarray:
        residuals, _ = self.whole.evaluate(unknowns, derivatives=False)
        return np.einsum("nr,nr->n", residuals, residuals)

    def _add(self, found: tuple) -> None:
        self.minima = (
            tuple(np.concatenate(pair) for pair in zip(self.minima, found, strict=True)) if self.minima else found
        )

    def beside_the_best(self) -> None:
        """Look for further minima around those found, where parameters are too many for the table to be dense."""
        order = np.argsort(self.minima[1])
        best = self.minima[0][order][:, : self.whole.k]
        near = best[fit.diverse(best, _RESTARTED, 0.05, self.turns)]
        self.follow(fit.perturbed(near, _COPIES, _WIDE_SHARE, self.rng))

    def while_more_fit(self, count: int) -> None:
        """Where several minima fit, go on from further directions as long as new ones turn up."""
        known = self._fitting()
        for _ in range(_ROUNDS):
            if known < 2 or self._bad > _BAD or not len(self.candidates):
                return
            self.follow(self.more_of_table(count, _APART_MANY))
            before, known = known, self._fitting()
            if known == before:
                return

    def other_sides(self) -> None:
        """Follow what turns make of the minima that fit, where a curve sees the turn: it may see it so little that both
        sides fit."""
        if not self.whole.sees_plane:
            return
        best = self.minima[0][self._fitting_ones(())]
        for matrix in self.turns:
            turned = best.copy()
            turned[:, : self.whole.k] = best[:, : self.whole.k] @ matrix.T
            near = self._chi2(turned) < self.minima[1].min() + _DECIDED * max(1.0, self._bad)
            if near.any():
                self._add(fit.refine(self.whole, turned[near], stop=self.stop))

    def _fitting(self) -> int:
        """How many distinct minima fit about as well as the best."""
        return len(self._fitting_ones(self.turns))

    def _fitting_ones(self, turns) -> np.ndarray:
        """The numbers of the distinct minima that fit about as well as the best, best first."""
        x, chi2 = self.minima[0], self.minima[1]
        close = np.flatnonzero(chi2 < chi2.min() + _FITTING * max(1.0, self._bad))
        order = close[np.argsort(chi2[close])]
        return order[fit.diverse(x[order][:, : self.whole.k], len(order), 0.05, turns)]

    @property
    def _bad(self) -> float:
        """How bad the best fit is, per reading."""
        return float(self.minima[1].min()) / max(self.whole.points, 1)

    def again_while_bad(self) -> None:
        """Where the best fit misses the curves, begin again: around the best, then from further directions."""
        for count in _FURTHER:
            if self._bad <= _BAD:
                return
            order = np.argsort(self.minima[1])
            best = self.minima[0][order][:, : self.whole.k]
            near = best[fit.diverse(best, _RESTARTED, 0.01, self.turns)]
            self.follow(fit.perturbed(near, _COPIES, _SHARE, self.rng))
            if self._bad <= _BAD or not len(self.candidates):
                continue
            if self._bad < _NOT_HOPELESS and count > _FURTHER[0]:
                return  # errors that are too small look like this too
            self.follow(self.more_of_table(count, _APART_MANY))


def _drawn(model: LeastSquares, rng: np.random.Generator, count: int, stop) -> np.ndarray:
    """The best of parameters drawn at random, where no curve without a field narrows them down."""
    sized = directions(model.k, _RANDOM, int(rng.integers(1 << 31)))
    sized = sized * np.exp(rng.uniform(np.log(0.5), np.log(200.0), size=(len(sized), 1)))
    chi2 = np.empty(len(sized))
    for begin in range(0, len(sized), _FEW_AT_ONCE):
        if stop is not None and stop.is_set():
            raise Cancelled
        rows = slice(begin, begin + _FEW_AT_ONCE)
        residuals, _ = model.evaluate(model.start(sized[rows]), derivatives=False)
        chi2[rows] = np.minimum(residuals**2, 1e8).sum(axis=1)
    return sized[np.argsort(chi2)[:count]]
