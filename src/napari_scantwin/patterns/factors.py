"""Parts of a stack: spectra and shares without negative values.

The start decides what such a factorisation finds. Successive projection takes the place whose spectrum stands out most,
projects it out, and goes on; every spectrum is then the mean of the places most alike (U. M. C. Araujo et al.,
*Chemometr. Intell. Lab. Syst.* **57**, 65, 2001; N. Gillis and S. A. Vavasis, *IEEE Trans. Pattern Anal.* **36**, 698,
2014). Shares and spectra are then refined by the multiplicative steps that make the counts most likely (the
Kullback-Leibler divergence; D. D. Lee and H. S. Seung, *Nature* **401**, 788, 1999).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import Cancelled

__all__ = ["Uniqueness", "amounts_given", "feasible", "refined", "start_spectra"]

#: Places that are averaged to a starting spectrum: at most, as a share of all over the components, and at least.
_ALIKE, _SHARE_ALIKE = 20, 0.1
_FEWEST = 3
#: Places darker than this share of the median are not asked for a spectrum: theirs is mostly noise.
_DARK = 0.2
#: Steps of the refinement, and the change of the spectra from one look to the next that ends it.
_STEPS, _LOOK, _DONE = 300, 20, 2e-5
#: A place is pure from this share on, and places that are asked for it.
_PURE, _PUREST = 0.9, 20


def start_spectra(features: np.ndarray, noise: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Spectra of unit sum of the places that stand out most.

    Parameters
    ----------
    features
        Every place's spectrum of unit sum in the space of the first ``count`` components [n, count], in which a
        distances are in units of the channels' noise.
    noise
        One standard deviation of a place's feature [n]. Places are averaged while they differ by no more than that.
    rows
        The places' denoised spectra [n, p].
    count
        How many.

    Returns
    -------
    numpy.ndarray
        Spectra [count, p], not negative.
    """
    total = rows.sum(axis=1)
    bright = np.flatnonzero(total > _DARK * np.median(total[total > 0]))
    unit, noise = features[bright], noise[bright]
    left, chosen = unit.copy(), []
    alike = int(np.clip(len(bright) * _SHARE_ALIKE / count, 1, _ALIKE))
    for _ in range(count):
        place = int(np.argmax(np.einsum("ij,ij->i", left, left)))
        distance = ((unit - unit[place]) ** 2).sum(axis=1)
        nearest = np.argpartition(distance, alike - 1)[:alike]
        # A small region is not averaged with its surroundings.
        same = distance[nearest] <= 2 * count * (noise[nearest] ** 2 + noise[place] ** 2)
        nearest = nearest[same] if same.sum() >= _FEWEST else nearest[np.argsort(distance[nearest])[:_FEWEST]]
        chosen.append(nearest)
        direction = left[nearest].mean(axis=0)
        norm = np.linalg.norm(direction)
        if norm > 0:
            direction /= norm
            left -= np.outer(left @ direction, direction)
    spectra = np.array([np.maximum(rows[bright[one]].sum(axis=0), 0) for one in chosen])
    spectra = np.maximum(spectra, 1e-9 * spectra.max())
    return spectra / spectra.sum(axis=1, keepdims=True)


def amounts_given(rows: np.ndarray, spectra: np.ndarray, of_channels: np.ndarray, steps: int = 300) -> np.ndarray:
    """How much of each spectrum every place holds, by least squares in the channels' noise without negative amounts.

    All places take their steps together, one spectrum after the other, on the k x k normal equations.

    Parameters
    ----------
    rows
        Values [n, p].
    spectra
        Spectra [k, p].
    of_channels
        The noise of the channels [p].
    steps
        Rounds at most.

    Returns
    -------
    numpy.ndarray
        Amounts [n, k].
    """
    weights = 1 / of_channels**2
    weighted = spectra * weights
    target = np.asarray(rows @ weighted.T.astype(rows.dtype), float)
    return solved(target, spectra @ weighted.T, steps)


def solved(target: np.ndarray, gram: np.ndarray, steps: int = 300) -> np.ndarray:
    """Least squares without negative amounts, from normal equations: ``target`` [n, k], ``gram`` [k, k]."""
    amounts = np.maximum(target @ np.linalg.pinv(gram), 0)
    scale = max(float(np.abs(amounts).max(initial=0)), np.finfo(float).tiny)
    for _ in range(steps):
        change = 0.0
        for k in range(len(gram)):
            step = (target[:, k] - amounts @ gram[:, k]) / max(gram[k, k], np.finfo(float).tiny)
            new = np.maximum(amounts[:, k] + step, 0)
            change = max(change, float(np.abs(new - amounts[:, k]).max(initial=0)))
            amounts[:, k] = new
        if change < 1e-7 * scale:
            break
    return amounts


def refined(
    rows: np.ndarray,
    spectra: np.ndarray,
    amounts: np.ndarray,
    *,
    steps: int = _STEPS,
    spectra_too: bool = True,
    stop: threading.Event | None = None,
    on_progress=None,
) -> tuple[np.ndarray, np.ndarray]:
    """Amounts and spectra that make counts most likely.

    Parameters
    ----------
    rows
        Counts, or values that are a multiple of them [n, p]; not negative.
    spectra, amounts
        The start [k, p], [n, k].
    steps
        Steps at most.
    spectra_too
        Whether the spectra are refined, or the amounts alone.
    stop
        Ends the work when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    amounts, spectra : numpy.ndarray
        [n, k] and [k, p], spectra of unit sum.
    """
    kind = rows.dtype
    tiny = float(np.finfo(kind).tiny) ** 0.5
    spectra = np.maximum(spectra / spectra.sum(axis=1, keepdims=True), 1e-12).astype(kind)
    # An amount of exactly zero would stay zero.
    amounts = np.maximum(amounts, 1e-4 * rows.sum(axis=1, dtype=float)[:, None] / len(spectra)).astype(kind)
    before = None
    ratio = np.empty_like(rows)
    for step in range(steps):
        if stop is not None and stop.is_set():
            raise Cancelled
        np.matmul(amounts, spectra, out=ratio)
        np.maximum(ratio, tiny, out=ratio)
        np.divide(rows, ratio, out=ratio)
        amounts *= ratio @ spectra.T
        if spectra_too:
            np.matmul(amounts, spectra, out=ratio)
            np.maximum(ratio, tiny, out=ratio)
            np.divide(rows, ratio, out=ratio)
            spectra *= amounts.T @ ratio / np.maximum(amounts.sum(axis=0), tiny)[:, None]
            sums = spectra.sum(axis=1)
            spectra /= np.maximum(sums, tiny)[:, None]
            amounts *= sums
        if step % _LOOK == _LOOK - 1:
            now = spectra if spectra_too else amounts
            if before is not None and np.abs(now - before).max() < _DONE * np.abs(now).max():
                break
            before = now.copy()
            if on_progress is not None:
                on_progress((step + 1) / steps)
    return amounts.astype(float), spectra.astype(float)


@dataclass(frozen=True)
class Uniqueness:
    """How far the spectra are fixed by the data.

    Parameters
    ----------
    largest_share
        The share of each component at the places where it is purest [k].
    low, high
        The least and the most that each spectrum of unit sum may be, channel by channel [k, p], when it takes up or
        gives off another until a share or an intensity is negative.
    giving, taking
        How much of another each may give off, and take up, as a share of itself [k].
    """

    largest_share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    giving: np.ndarray
    taking: np.ndarray

    def sentences(self) -> list[str]:
        """What is not unique, a sentence each."""
        said = []
        for number, (share, give, take) in enumerate(
            zip(self.largest_share, self.giving, self.taking, strict=True), start=1
        ):
            if share < _PURE:
                said.append(
                    f"no place is pure in component {number} (largest share {share:.2f}): its spectrum is one of many "
                    "that fit"
                )
            elif max(give, take) > 0.1:
                said.append(
                    f"component {number} is as pure as its purest places are: with up to {100 * max(give, take):.0f} % "
                    f"{'less' if give > take else 'more'} of another it fits as well"
                )
        return said


def feasible(shares: np.ndarray, spectra: np.ndarray, noise: np.ndarray, spectra_noise: np.ndarray) -> Uniqueness:
    """How far each spectrum may take up or give off another before a share or an intensity is negative.

    With spectrum k replaced by s_k + t s_j the amounts a_j become a_j - t a_k; t is limited by the places where j is
    least beside k, and from below by the channels where s_k is least beside s_j. Both are asked beyond two standard
    deviations of their noise. W. H. Lawton and E. A. Sylvestre, *Technometrics* **13**, 617 (1971).

    Parameters
    ----------
    shares
        Shares [n, k].
    spectra
        Spectra of unit sum [k, p].
    noise
        One standard deviation of the shares [n].
    spectra_noise
        One standard deviation of the spectra [k, p].

    Returns
    -------
    Uniqueness
        Largest shares, and the band of the spectra.
    """
    count = len(spectra)
    few = min(_PUREST, max(1, len(shares) // 100))
    largest = np.sort(shares, axis=0)[-few:].mean(axis=0)
    low, high = spectra.copy(), spectra.copy()
    giving, taking = np.zeros(count), np.zeros(count)
    for k in range(count):
        there = shares[:, k] > 0.1
        for j in range(count):
            if j == k:
                continue
            ratio = (shares[there, j] + 2 * noise[there]) / shares[there, k]
            take = float(np.quantile(ratio, 0.01)) if there.any() else 0.0
            take = max(0.0, take - float(np.quantile(4 * noise[there] / shares[there, k], 0.5)) if there.any() else 0.0)
            seen = spectra[j] > 3 * spectra_noise[j]
            give = float(((spectra[k] + 2 * spectra_noise[k])[seen] / spectra[j][seen]).min()) if seen.any() else 0.0
            give = min(max(give, 0.0), 0.95)
            for t in (take, -give):
                other = (spectra[k] + t * spectra[j]) / (1 + t)
                low[k], high[k] = np.minimum(low[k], other), np.maximum(high[k], other)
            giving[k], taking[k] = max(giving[k], give), max(taking[k], take / (1 + take))
    return Uniqueness(largest, np.maximum(low, 0), high, giving, taking)
