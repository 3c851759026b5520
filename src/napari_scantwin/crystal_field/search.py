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
from napari_scantwin.crystal_field.model import LeastSquares, Priors
from napari_scantwin.crystal_field.sites import Site
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.solution import Answer
from napari_scantwin.crystal_field.table import DirectionTable, direction_table, directions

__all__ = ["find", "refined_from"]

#: Starts from the table lie apart by this share of their size, per number of parameters.
_APART = {1: 0.04, 2: 0.04, 3: 0.06, 4: 0.08, 5: 0.1}
_APART_MANY = 0.15
#: A fit this bad, per reading, has not found its valley, and is begun again from around the best.
_BAD = 1.5
_RESTARTED, _COPIES, _SHARE, _ROUNDS = 6, 8, 0.12, 3
_RANDOM, _OF_RANDOM = 2000, 40
#: A valley whose χ² without the curves in fields exceeds the best in all by more is not followed.
_FOLLOWED = 25.0


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
        How many starts of the table are followed; by default 16, and 32 from six parameters on.
    seed
        Of the restarts.
    table
        The table of directions; by default that of J and the site, made once and kept on disk.
    extra_starts
        Further starts [n, k]: the site's parameters in K, from elsewhere.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled` within half a second.

    Returns
    -------
    Answer
        The distinct solutions by falling probability, with what is doubtful of them and what would help. What is wrong
        with the curves themselves is another question, which can be asked before.

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

    def told(low, high):
        return None if on_progress is None else lambda share: on_progress(low + (high - low) * share)

    whole = LeastSquares(ion, site, curves, priors)
    small = LeastSquares(ion, site, curves, priors, small_field_only=True)
    rng = np.random.default_rng(seed)
    starts = starts or (16 if whole.k <= 5 else 32)
    turns = [one.matrix for one in site.equivalences if one.axes == (0, 1, 2)]
    scanned = any(curve.kind != "levels" or curve.x.size >= whole.k for curve in small.curves)
    if scanned:
        table = table or direction_table(ion, site, on_progress=told(0.0, 0.5), stop=stop)
        candidates, _ = fit.scan(small, table, stop)
        chosen = fit.diverse(candidates, starts, _APART.get(whole.k, _APART_MANY), turns)
        sized = candidates[chosen]
    else:
        sized = _drawn(whole, rng, max(_OF_RANDOM, starts), stop)
    if extra_starts is not None and len(extra_starts):
        sized = np.concatenate([sized, np.atleast_2d(extra_starts) * whole.sizes])
    found = refined_from(whole, small if scanned else None, sized, turns, told(0.5, 0.9), stop)
    for _ in range(_ROUNDS):
        best = found[1].min()
        if best <= _BAD * max(whole.points, 1):
            break
        order = np.argsort(found[1])
        apart = fit.diverse(found[0][order][:, : whole.k], _RESTARTED, 0.01, turns)
        again = fit.perturbed(found[0][order][apart][:, : whole.k], _COPIES, _SHARE, rng)
        more = refined_from(whole, small if scanned else None, again, turns, None, stop)
        found = tuple(np.concatenate([one, two]) for one, two in zip(found, more, strict=True))
        if found[1].min() > 0.9 * best:
            break
    if on_progress is not None:
        on_progress(0.95)
    solutions, rejected = listed(whole, *found)
    if on_progress is not None:
        on_progress(1.0)
    said, would_help = warnings_of(whole, solutions), hints_of(whole, solutions)
    return Answer(tuple(solutions), said, would_help, whole.points, rejected)


def refined_from(
    whole: LeastSquares,
    small: LeastSquares | None,
    sized: np.ndarray,
    turns=(),
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Follow starts to their minima: first without curves in fields, then those that may win with everything.

    Parameters
    ----------
    whole, small
        The problem, and what of it takes no field; None where that holds nothing to go by.
    sized
        Starts [n, k], the parameters in K in Walter's normalisation.
    turns
        Matrices of turns that curves without a field do not see; both sides of each are followed.
    on_progress, stop
        As of :func:`find`.

    Returns
    -------
    unknowns, chi2, curvature
        Of the minima that were followed to their end.
    """
    cheap_share = 1.0 if small is None or len(small.curves) == len(whole.curves) else 0.5

    def told(low, high):
        return None if on_progress is None else lambda share: on_progress(low + (high - low) * share)

    if small is None:
        return fit.refine(whole, whole.start(sized), on_progress=on_progress, stop=stop)
    x, chi2, normal = fit.refine(small, small.start(sized), on_progress=told(0, cheap_share), stop=stop)
    if cheap_share == 1.0:
        return x, chi2, normal
    order = np.argsort(chi2)
    order = order[fit.diverse(x[order][:, : whole.k], len(order), 1e-3, turns)]
    everything: list[tuple] = []
    best, first = np.inf, 6
    for begin in range(0, len(order), first):
        if stop is not None and stop.is_set():
            raise Cancelled
        rows = order[begin : begin + first]
        rows = rows[chi2[rows] < best + _FOLLOWED * max(1.0, best / max(whole.points, 1))]
        if not len(rows):
            break
        both = np.concatenate([x[rows]] + [_turned(x[rows], matrix, whole.k) for matrix in turns])
        done = fit.refine(whole, whole.carried(small, both), on_progress=told(0.5, 1.0), stop=stop)
        everything.append(done)
        best = min(best, float(done[1].min()))
    return tuple(np.concatenate(parts) for parts in zip(*everything, strict=True))  # type: ignore[return-value]


def _turned(unknowns: np.ndarray, matrix: np.ndarray, k: int) -> np.ndarray:
    turned = unknowns.copy()
    turned[:, :k] = unknowns[:, :k] @ matrix.T
    return turned


def _drawn(model: LeastSquares, rng: np.random.Generator, count: int, stop) -> np.ndarray:
    """The best of parameters drawn at random, where no curve without a field narrows them down."""
    sized = directions(model.k, _RANDOM, int(rng.integers(1 << 31)))
    sized = sized * np.exp(rng.uniform(np.log(0.5), np.log(200.0), size=(len(sized), 1)))
    chi2 = np.empty(len(sized))
    for begin in range(0, len(sized), 100):
        if stop is not None and stop.is_set():
            raise Cancelled
        rows = slice(begin, begin + 100)
        residuals, _ = model.evaluate(model.start(sized[rows]), derivatives=False)
        chi2[rows] = np.minimum(residuals**2, 1e8).sum(axis=1)
    return sized[np.argsort(chi2)[:count]]
