"""The two published ways to learn a boundary without labels: confusion, and the regression of the parameter.

Confusion locates the largest change, not an onset, and says nothing where every boundary is told apart without error:
its score is then flat, and the middle of a plateau is no finding. Regression asks where the predicted parameter rises
most; it tends to the ends of a smooth change (F. Schäfer and N. Lörch, *Phys. Rev. E* **99**, 062107, 2019).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from napari_scantwin.networks.boundary_network import fit_boundaries, sides
from napari_scantwin.networks.small_network import evaluate_small, fit_small

__all__ = ["LearnedBoundary", "confusion", "regression"]

#: Scores this near the best are as good, and the part of the axis over which they make a plateau.
_AS_GOOD, _PLATEAU = 0.005, 0.25
#: A balanced score below this is that of guessing.
_GUESSED = 0.6
#: The top of a score, as a share of its range below the best, and the fewest boundaries of it to either side.
_TOP, _BESIDE = 0.2, 2
_FOLDS = 2
_MOST_CHANNELS = 1000


@dataclass(frozen=True)
class LearnedBoundary:
    """What a learned method says.

    Parameters
    ----------
    at, spread
        Mean and standard deviation over the seeds; NaN where there is no evidence.
    places
        Between the values of the axis [k - 1] (confusion), at them [k] (regression).
    curve, errors
        The score of every boundary, or the slope of the prediction, mean and standard deviation over the seeds.
    why_not
        Why there is no evidence, in a sentence; empty where there is.
    """

    at: float
    spread: float
    places: np.ndarray
    curve: np.ndarray
    errors: np.ndarray
    why_not: str = ""


def _standardised(rows: np.ndarray) -> np.ndarray:
    """Channels of mean zero and, all together, of order one; the leading components of very many."""
    centred = rows - rows.mean(axis=0)
    spread = centred.std(axis=0)
    scaled = centred / np.where(spread > 0, spread, 1)
    if scaled.shape[1] > _MOST_CHANNELS:
        left, size, _ = np.linalg.svd(scaled, full_matrices=False)
        scaled = (left * size)[:, :64]
        scaled /= scaled.std()
    return scaled


def _halves(classes: np.ndarray, seed: int) -> np.ndarray:
    """A fold for each observation, those of a value shared out evenly."""
    random = np.random.default_rng(seed)
    fold = np.zeros(len(classes), int)
    for one in np.unique(classes):
        mine = np.flatnonzero(classes == one)
        fold[random.permutation(mine)] = np.arange(len(mine)) % _FOLDS
    return fold


def confusion(
    places: np.ndarray,
    rows: np.ndarray,
    classes: np.ndarray,
    *,
    seeds: int = 5,
    stop: threading.Event | None = None,
    on_progress=None,
) -> LearnedBoundary:
    """Learn by confusion, all boundaries in one network.

    Parameters
    ----------
    places
        Values of the axis [k], ascending.
    rows
        Observations [n, p], several of each value.
    classes
        Which value each belongs to [n].
    seeds
        How many networks, each on halves of its own.
    stop
        Ends the work when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    LearnedBoundary
        The balanced accuracy on observations left out, and where it is best: the apex of the parabola through its top.
    """
    features = _standardised(rows)
    count, scores = len(places), []
    middles = (places[1:] + places[:-1]) / 2
    above = classes[:, None] > np.arange(count - 1)
    for seed in range(seeds):
        fold = _halves(classes, seed)
        right = np.zeros(above.shape)
        for k in range(_FOLDS):
            learned = fit_boundaries(features[fold != k], classes[fold != k], count, seed=seed, stop=stop)
            right[fold == k] = (sides(learned, features[fold == k]) > 0.5) == above[fold == k]
        scores.append([0.5 * (right[above[:, b], b].mean() + right[~above[:, b], b].mean()) for b in range(count - 1)])
        if on_progress is not None:
            on_progress((seed + 1) / seeds)
    found = np.array(scores)
    mean, errors = found.mean(axis=0), found.std(axis=0)
    low, high = _as_good(mean)
    reach = (middles[high] - middles[low]) / np.ptp(places)
    if mean.max() < _GUESSED:
        return LearnedBoundary(np.nan, np.nan, middles, mean, errors, "no boundary is told better than by guessing")
    if reach > _PLATEAU:
        words = (
            f"the score is within {_AS_GOOD:g} of its best from {middles[low]:.4g} to {middles[high]:.4g}: every "
            "boundary there is as good, which is no evidence for one"
        )
        return LearnedBoundary(np.nan, np.nan, middles, mean, errors, words)
    each = [_apex(one, middles) for one in found]
    return LearnedBoundary(_apex(mean, middles), float(np.std(each)), middles, mean, errors)


def _as_good(score: np.ndarray) -> tuple[int, int]:
    """First and last boundary of all that are as good as the best."""
    good = np.flatnonzero(score >= score.max() - _AS_GOOD)
    return int(good[0]), int(good[-1])


def _apex(score: np.ndarray, middles: np.ndarray) -> float:
    """The apex of the parabola through the top of the score.

    The best of many boundaries that are nearly as good is a matter of noise: held-out scores of a broad maximum scatter
    by more than they differ, and the highest may lie anywhere on it.
    """
    # What belongs to the top is told by means of three neighbours, so that a single low score does not end it.
    smooth = np.convolve(np.pad(score, 1, "edge"), np.ones(3) / 3, "valid")
    best = low = high = int(np.argmax(smooth))
    least = smooth[best] - _TOP * np.ptp(smooth)
    while low > 0 and smooth[low - 1] >= least:
        low -= 1
    while high < len(score) - 1 and smooth[high + 1] >= least:
        high += 1
    low, high = max(0, min(low, best - _BESIDE)), min(len(score) - 1, max(high, best + _BESIDE))
    x, y = middles[low : high + 1] - middles[best], score[low : high + 1]
    curved, slope, _ = np.polyfit(x, y, 2) if len(x) > 2 else (0.0, 0.0, 0.0)
    flat = -curved * np.ptp(x) ** 2 <= 1e-9
    apex = (x[0] + x[-1]) / 2 if flat else -slope / (2 * curved)
    return float(middles[best] + np.clip(apex, x[0], x[-1]))


def regression(
    places: np.ndarray,
    rows: np.ndarray,
    classes: np.ndarray,
    *,
    seeds: int = 5,
    stop: threading.Event | None = None,
    on_progress=None,
) -> LearnedBoundary:
    """Learn to predict the parameter, and find where its prediction rises most.

    Parameters
    ----------
    places, rows, classes, seeds, stop, on_progress
        As for :func:`confusion`.

    Returns
    -------
    LearnedBoundary
        The slope of the mean prediction, on observations left out, at every value.
    """
    features = _standardised(rows)
    scale = 2 / np.ptp(places)
    target = (places[classes] - places[0]) * scale - 1
    slopes = []
    for seed in range(seeds):
        fold = _halves(classes, seed)
        told = np.zeros(len(classes))
        for k in range(_FOLDS):
            mine = fold != k
            fitted = fit_small(
                features[mine],
                target[mine],
                np.ones(int(mine.sum())),
                nodes=(24,),
                decay=10.0,
                steps=60,
                seed=seed,
                stop=stop,
            )
            told[fold == k] = evaluate_small([part[None] for part in fitted], features[fold == k])[0]
        mean = np.array([told[classes == one].mean() for one in range(len(places))]) / scale
        slopes.append(np.gradient(mean, places))
        if on_progress is not None:
            on_progress((seed + 1) / seeds)
    found = np.array(slopes)
    inner = slice(1, -1)  # the ends are pulled inwards by what lies beyond them
    each = places[inner][found[:, inner].argmax(axis=1)]
    mean = found.mean(axis=0)
    at = float(places[inner][mean[inner].argmax()])
    return LearnedBoundary(at, float(np.std(each)), places, mean, found.std(axis=0))
