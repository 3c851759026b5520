"""How many components a stack has, by two tests that do not know of each other.

*Above the noise*: singular values of the weighted table against the largest that its noise alone would give. That
noise is drawn once with the variance the counts have at every place and channel, and correlated from channel to channel
as the residual is (a detector's resolution, a resampling); for white noise it comes to sqrt(n) + sqrt(p). J. L. Horn,
*Psychometrika* **30**, 179 (1965).

*Left between neighbours*: as long as a component is missing, the residuals of neighbouring places are alike; noise is
not. The correlation of neighbours' residuals has to fall below a hundredth, or below three of its standard errors.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.patterns.matrix import ObservationTable

__all__ = ["MARGIN", "Evidence", "WeightedTable", "count_components", "weighted_table"]

#: How far above the noise a component has to stand: noise varies in ways that its description leaves out, and one that
#: stands less than a tenth above it is seen with a spectrum that is mostly noise.
MARGIN = 1.1
#: The correlation of neighbours that is none, and how many of its standard errors are none either.
_NO_CORRELATION, _ERRORS = 0.01, 3.0
#: Components that are looked for at most, and lags over which the noise of channels is correlated.
_MOST, _LAGS = 20, 3
_CLIP = 4.0


@dataclass(frozen=True)
class Evidence:
    """What speaks for a number of components.

    Parameters
    ----------
    singular_values
        Of the weighted table, the largest first; more than are wanted, for a plot.
    noise_edge
        The largest that the noise alone gives, once 0, 1, 2, … components are taken out.
    neighbour_correlation
        The correlation of neighbours' residuals after 1, 2, 3, … components; NaN where no two places are neighbours.
    threshold
        Where that counts as none.
    above_noise
        The number by the first test.
    by_neighbours
        The number by the second; None where neighbours say nothing.
    proposed
        The number that is proposed.
    channel_correlation
        How the noise of channels 1, 2, 3 steps apart is correlated, along the fastest axis of channels.
    words
        The verdict in a sentence.
    """

    singular_values: np.ndarray
    noise_edge: np.ndarray
    neighbour_correlation: np.ndarray
    threshold: float
    above_noise: int
    by_neighbours: int | None
    proposed: int
    channel_correlation: tuple[float, ...]
    words: str


@dataclass(frozen=True)
class WeightedTable:
    """Rows over the noise of places and channels, and what they are a sum of.

    Parameters
    ----------
    rows
        Values [n, p].
    of_places, of_channels
        What they are divided by [n], [p].
    scores, values, loadings
        Left singular vectors times values [n, m], singular values [m], right singular vectors [m, p].
    """

    rows: np.ndarray
    of_places: np.ndarray
    of_channels: np.ndarray
    scores: np.ndarray
    values: np.ndarray
    loadings: np.ndarray

    @property
    def weighted(self) -> np.ndarray:
        """The rows over their noise [n, p]."""
        return self.rows / self.of_places[:, None] / self.of_channels

    def features(self, count: int) -> np.ndarray:
        """Every place's spectrum of unit sum in the space of the first components [n, count]; distances there are
        those between the spectra over the noise of the channels."""
        total = np.maximum(self.rows.sum(axis=1, dtype=float), np.finfo(float).tiny)
        return self.scores[:, :count] * (self.of_places / total)[:, None]

    @property
    def feature_noise(self) -> np.ndarray:
        """One standard deviation of the features of every place [n]."""
        return self.of_places / np.maximum(self.rows.sum(axis=1, dtype=float), np.finfo(float).tiny)

    def denoised(self, count: int) -> np.ndarray:
        """The rows as the sum of the first components, in their own unit [n, p]."""
        low = self.scores[:, :count] @ self.loadings[:count]
        return low * self.of_places[:, None] * self.of_channels


def weighted_table(table: ObservationTable, rows: np.ndarray, most: int = 60) -> WeightedTable:
    """Weight rows by their noise and decompose them into singular vectors.

    Parameters
    ----------
    table
        The table the rows are of, for its gain and offset.
    rows
        Values [n, p].
    most
        Singular vectors that are kept.

    Returns
    -------
    WeightedTable
        The rows, their weights, and singular vectors with each loading's largest part positive.
    """
    of_places, of_channels = table.weights(rows)
    weighted = rows / of_places[:, None].astype(rows.dtype) / of_channels.astype(rows.dtype)
    scores, values, loadings = _decomposed(weighted, most)
    return WeightedTable(rows, of_places, of_channels, scores, values, loadings)


def _decomposed(weighted: np.ndarray, most: int):
    """Singular vectors by the smaller Gram matrix; signs such that each loading's largest part is positive."""
    n, p = weighted.shape
    tall = n >= p
    gram = (weighted.T @ weighted if tall else weighted @ weighted.T).astype(float)
    squares, vectors = np.linalg.eigh(gram)
    squares, vectors = squares[::-1][:most], vectors[:, ::-1][:, :most]
    values = np.sqrt(np.maximum(squares, 0))
    good = values > values[0] * 1e-9 if len(values) else np.zeros(0, bool)
    values, vectors = values[good], vectors[:, good]
    loadings = vectors.T if tall else (vectors.T @ weighted) / values[:, None]
    signs = np.sign(loadings[np.arange(len(loadings)), np.abs(loadings).argmax(axis=1)])
    loadings = loadings * signs[:, None]
    return weighted @ loadings.T.astype(weighted.dtype), values, loadings


def neighbour_pairs(used: np.ndarray, chosen: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Rows of neighbouring places, one of each pair in either array.

    Parameters
    ----------
    used
        Which places are used, in their shape.
    chosen
        Which of the used places the rows are of; all by default.
    """
    number = np.full(used.shape, -1)
    if chosen is None:
        number[used] = np.arange(int(used.sum()))
    else:
        number.ravel()[np.flatnonzero(used.ravel())[chosen]] = np.arange(len(chosen))
    first, second = [], []
    for axis in range(used.ndim):
        moved = np.moveaxis(number, axis, 0)
        one, other = moved[:-1].ravel(), moved[1:].ravel()
        both = (one >= 0) & (other >= 0)
        first.append(one[both])
        second.append(other[both])
    return np.concatenate(first), np.concatenate(second)


def count_components(
    table: ObservationTable,
    weighted: WeightedTable,
    pairs: tuple[np.ndarray, np.ndarray],
    *,
    seed: int = 0,
    stop: threading.Event | None = None,
) -> Evidence:
    """The number of components by both tests.

    Parameters
    ----------
    table
        The table.
    weighted
        Its rows, weighted and decomposed.
    pairs
        Rows of neighbouring places (:func:`neighbour_pairs`).
    seed
        Fixes the noise that is drawn.
    stop
        Ends the work when it is set.

    Returns
    -------
    Evidence
        Both tests and what they come to.
    """
    n, p = weighted.rows.shape
    most = min(_MOST, len(weighted.values) - 1, n - 1, p - 1)
    shape = table.kept.shape
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((n, p), np.float32)
    whole = weighted.weighted.astype(np.float32)
    count = len(pairs[0]) * p
    threshold = max(_NO_CORRELATION, _ERRORS / np.sqrt(max(count, 1)))
    edges, correlations = [], []
    above: int | None = None
    below: int | None = None
    lags: tuple[float, ...] = ()
    for k in range(most + 1):
        if stop is not None and stop.is_set():
            raise Cancelled
        low = (weighted.scores[:, :k] @ weighted.loadings[:k]).astype(np.float32)
        noise = _noise_of(table, weighted, low)
        residual = (whole - low) / noise
        if k:
            correlations.append(_alike(residual, pairs))
            if below is None and correlations[-1] < threshold:
                below = k
        if above is None:
            edge, lags_here = _edge(residual, noise, drawn, table.kept, shape, k)
            edges.append(edge)
            if weighted.values[k] <= MARGIN * edge:
                above, lags = k, lags_here
        if above is not None and (below is not None or not count) and k >= min(3 * max(above, below or 1), most):
            break
    above = most if above is None else above
    # With one component out the neighbours are as different as strangers, while there is more than noise: they are no
    # neighbours (shuffled places, a list).
    silent = not count or (correlations and correlations[0] < threshold and above > 1)
    by_neighbours = None if silent else below if below is not None else most
    proposed = max(1, above)
    return Evidence(
        weighted.values[: most + 1],
        np.array(edges),
        np.array(correlations),
        threshold,
        above,
        by_neighbours,
        proposed,
        lags,
        _in_words(above, by_neighbours, bool(count)),
    )


def _in_words(above: int, by_neighbours: int | None, neighbours: bool) -> str:
    what = "component" if above == 1 else "components"
    if not neighbours:
        return f"{above} {what} above the noise; no two places are neighbours, so the second test says nothing"
    if by_neighbours is None:
        return (
            f"{above} {what} above the noise; neighbouring places are no more alike than distant ones, so the second "
            "test says nothing (are the places in order?)"
        )
    if above == by_neighbours:
        return f"{above} {what} by both tests"
    return (
        f"the tests differ: {above} above the noise, {by_neighbours} until the residuals of neighbours are no longer "
        "alike"
    )


def _noise_of(table: ObservationTable, weighted: WeightedTable, low: np.ndarray) -> np.ndarray:
    """One standard deviation of the weighted rows, from what is left of them in ``low`` [n, p]."""
    scale = weighted.of_places[:, None].astype(np.float32) * weighted.of_channels.astype(np.float32)
    if not low.any():
        return np.ones_like(low)
    values = low * scale
    variance = table.gain * np.maximum(values, 0.01 * float(np.mean(values))) + table.offset
    return np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny)) / scale


def _alike(residual: np.ndarray, pairs) -> float:
    """The correlation of the residuals of neighbours."""
    if not len(pairs[0]):
        return float("nan")
    total = 0.0
    step = max(1, 4_000_000 // residual.shape[1])
    for start in range(0, len(pairs[0]), step):
        one, other = (part[start : start + step] for part in pairs)
        total += float(np.einsum("ij,ij->", residual[one], residual[other], dtype=float))
    mean_square = float(np.mean(residual.astype(float) ** 2))
    return total / (len(pairs[0]) * residual.shape[1]) / max(mean_square, np.finfo(float).tiny)


def _edge(residual, noise, drawn, kept, shape, taken: int) -> tuple[float, tuple[float, ...]]:
    """The largest singular value of noise like that of the residual, and how its channels are correlated."""
    from scipy.sparse.linalg import svds

    n, p = residual.shape
    freedom = n * p / max((n - taken) * (p - taken), 1)
    width = _CLIP * float(np.sqrt(np.mean(residual[:: max(1, n // 2000)] ** 2)))
    clipped = np.clip(residual, -width, width)
    of_channels = np.sqrt(np.mean(clipped**2, axis=0) * freedom)
    grid = np.zeros((n, kept.size), np.float32)
    grid[:, kept.ravel()] = clipped / np.maximum(of_channels, 1e-12)
    noise_grid = np.zeros((n, kept.size), np.float32)
    noise_grid[:, kept.ravel()] = drawn
    grid, noise_grid = grid.reshape(n, *shape), noise_grid.reshape(n, *shape)
    told: tuple[float, ...] = ()
    for axis in range(1, grid.ndim):
        told = _lags(grid, axis)
        noise_grid = _correlated(noise_grid, told, axis)
    colored = noise_grid.reshape(n, kept.size)[:, kept.ravel()] * (noise * of_channels.astype(np.float32))
    start = np.ones(min(n, p), np.float32)
    top = svds(colored, k=1, tol=1e-3, v0=start, return_singular_vectors=False)
    return float(top[0]), told


def _lags(grid: np.ndarray, axis: int) -> tuple[float, ...]:
    """Correlations along an axis over 1, 2, … steps, as far as they are more than their errors."""
    found = []
    square = float(np.mean(grid**2))
    for lag in range(1, min(_LAGS, grid.shape[axis] - 1) + 1):
        moved = np.moveaxis(grid, axis, 0)
        value = float(np.mean(moved[lag:] * moved[:-lag])) / max(square, 1e-30)
        if abs(value) < _ERRORS / np.sqrt(grid.size):
            break
        found.append(value)
    return tuple(found)


def _correlated(drawn: np.ndarray, lags: tuple[float, ...], axis: int) -> np.ndarray:
    """White noise given the correlations ``lags`` along an axis, its variance kept."""
    if not lags:
        return drawn
    from scipy.ndimage import convolve1d

    size = 64
    correlation = np.zeros(size)
    correlation[0] = 1
    for lag, value in enumerate(lags, start=1):
        correlation[lag] = correlation[-lag] = value
    kernel = np.real(np.fft.ifft(np.sqrt(np.maximum(np.real(np.fft.fft(correlation)), 0))))
    kernel = np.fft.fftshift(kernel)[size // 2 - 8 : size // 2 + 9]
    return convolve1d(drawn, (kernel / np.sqrt(np.sum(kernel**2))).astype(np.float32), axis=axis, mode="wrap")
