"""What a window of a cloud looks like from no side in particular: the power spectrum of its pairs.

Every pair of atoms closer than 3.6 nearest distances adds ``g_n(r) Y_lm(direction)``: Gaussian shells ``g_n`` of width
0.075 at 22 distances from 0.9 to 3.5, real spherical harmonics of even degree l = 0, 2 ... 10 (a pair has no sense,
so odd ones vanish). Of the sums ``c_nlm`` the power over m is kept, which no rotation changes,

    p_nl = sum_m c_nlm^2 - sum_pairs w^2 g_n^2 (2 l + 1) / 4 pi,

less what every pair contributes with itself (w: how often it was counted), so that vacancies and noise, which leave
fewer or blurred pairs, do not shift it. With N the mean of the shells' contents c_n00 (as sums of g_n) the descriptor
is the 22 contents over N and the 110 roots q / (sqrt|q| + 0.03), q = p / N^2: square roots with their sign, blunted
below the level of noise. It holds what the diffraction picture of the same atoms holds, the correlation of pairs
(Patterson's function), without an orientation; and as sums over atoms it is worked out once an atom and summed over
any windows.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence

import numpy as np

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.structures.threads import one_thread

__all__ = [
    "CUTOFF",
    "FEATURES",
    "Coefficients",
    "coefficients",
    "descriptors",
    "harmonics",
    "nearest_distance",
    "whole_descriptor",
    "window_descriptors",
]

#: In nearest distances: how far pairs reach, the shells' places, their width.
CUTOFF = 3.6
_SHELLS = np.linspace(0.9, 3.5, 22)
_WIDTH = 0.075
_DEGREES = (0, 2, 4, 6, 8, 10)
#: Where each degree stands among the harmonics [66].
_AT = np.cumsum([0, *(2 * degree + 1 for degree in _DEGREES)])
_BLUNT = 0.03
#: Numbers of a descriptor.
FEATURES = len(_SHELLS) * len(_DEGREES)
#: So many pairs are worked on at once, and so many of much the same length: what they take stays in the cache.
_CHUNK, _SORTED = 30_000, 4_000
#: Of clouds up to so many atoms the pairs are looked at at once.
_ONE_WINDOW = 2_000

#: The distance of the nearest shell: histogram step, spread that is taken out, rounds, least height of a shell.
_STEP, _SPREAD, _ROUNDS, _LEAST = 0.01, 0.15, 20, 0.25
_RANGE = (0.3, 2.6)
#: Atoms whose pairs tell the nearest distance; of more a sample is taken.
_ENOUGH = 20_000


def nearest_distance(places: np.ndarray, seed: int = 0) -> float:
    """The nearest distance of a cloud: the first maximum of its pair distribution, sharpened.

    The histogram of all pair distances over r (in which a shell blurred by displacements is a Gaussian about its true
    distance, where the nearest neighbour of each atom would be too near) is sharpened by twenty rounds of Richardson
    and Lucy for a spread of 0.15; the first maximum of at least a quarter of the greatest counts. Shells closer than
    some 15 % are one to it: of a body-centred cubic crystal it gives 1.06 nearest distances, with noise and without.

    Parameters
    ----------
    places
        Places [n, 3].
    seed
        Chooses the sample of a cloud of more than 20 000 atoms.

    Returns
    -------
    float
        The distance, in the unit of the places.

    Raises
    ------
    ScanError
        Where fewer than two atoms are apart.
    """
    from scipy.spatial import cKDTree

    places = np.asarray(places, float)
    tree = cKDTree(places)
    some = np.arange(len(places))
    if len(places) > _ENOUGH:
        some = np.random.default_rng(seed).choice(len(places), _ENOUGH // 4, replace=False)
    apart = tree.query(places[some], 2)[0][:, 1] if len(places) > 1 else np.zeros(0)
    apart = apart[np.isfinite(apart) & (apart > 0)]
    if not len(apart):
        raise ScanError("the cloud has no two atoms apart, and so no nearest distance")
    rough = 0.9 * float(np.median(apart))
    # As many lie so close that those beyond would not be looked at: a cloud of clusters, whose median is as good.
    if len(some) < len(places):
        near = tree.query_ball_point(places[some], _RANGE[1] * rough, return_sorted=False)
        lengths = np.concatenate(
            [np.linalg.norm(places[found] - places[one], axis=1) for one, found in zip(some, near, strict=True)]
        )
    else:
        pairs = tree.query_pairs(_RANGE[1] * rough, output_type="ndarray")
        lengths = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
    return rough * _first_maximum(lengths / rough)


def _first_maximum(lengths: np.ndarray) -> float:
    edges = np.arange(_RANGE[0], _RANGE[1] + _STEP / 2, _STEP)
    middles = (edges[1:] + edges[:-1]) / 2
    measured = np.histogram(lengths, edges)[0] / middles
    if not measured.any():
        return 1 / 0.9
    blur = _blur(len(middles), _SPREAD / _STEP)
    sharp = np.full(len(middles), measured.mean())
    norm = blur.sum(axis=0)
    for _ in range(_ROUNDS):
        sharp = sharp * (blur.T @ (measured / np.maximum(blur @ sharp, 1e-9 * measured.max()))) / norm
    fine = _blur(len(middles), 3.0)
    sharp = (fine / fine.sum(axis=1, keepdims=True)) @ sharp
    inside = middles < _RANGE[1] - 2 * _SPREAD
    sharp, middles = sharp[inside], middles[inside]
    tops = np.flatnonzero((sharp[1:-1] >= sharp[:-2]) & (sharp[1:-1] > sharp[2:])) + 1
    tops = tops[sharp[tops] >= _LEAST * sharp.max()]
    if not len(tops):
        return float(middles[np.argmax(sharp)])
    about = slice(max(tops[0] - 4, 0), tops[0] + 5)
    return float((sharp[about] * middles[about]).sum() / sharp[about].sum())


@functools.cache
def _blur(size: int, spread: float) -> np.ndarray:
    place = np.arange(size)
    kernel = np.exp(-0.5 * ((place[:, None] - place[None]) / spread) ** 2)
    return kernel / kernel.sum(axis=0, keepdims=True)


def harmonics(directions: np.ndarray) -> np.ndarray:
    """Real spherical harmonics of even degree to 10, orthonormal on the sphere.

    Parameters
    ----------
    directions
        Unit vectors [n, 3].

    Returns
    -------
    array
        [66, n], in the type of the directions: degree by degree, and of each first m = 0, then the cosines and sines of
        m = 1, 2 ... l in turn.
    """
    x, y, z = np.ascontiguousarray(np.asarray(directions).T)
    kind = x.dtype.type
    top = _DEGREES[-1]
    cosine, sine = np.full(len(x), np.sqrt(2), kind), np.zeros(len(x), kind)
    result = np.empty((_AT[-1], len(x)), kind)
    head = np.sqrt(1 / (4 * np.pi))
    for m in range(top + 1):
        if m:
            head *= -np.sqrt((2 * m + 1) / (2 * m))
            cosine, sine = cosine * x - sine * y, sine * x + cosine * y
        # Associated Legendre functions over sin^m, normalised, by the usual recursion in the degree.
        before, legendre = None, np.full(len(x), head, kind)
        for degree in range(m, top + 1):
            if degree == m + 1:
                before, legendre = legendre, kind(np.sqrt(2 * m + 3)) * z * legendre
            elif degree > m:
                a = np.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
                b = np.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
                before, legendre = legendre, kind(a) * z * legendre - kind(a * b) * before
            if degree % 2:
                continue
            start = _AT[degree // 2]
            if m:
                np.multiply(legendre, cosine, out=result[start + 2 * m - 1])
                np.multiply(legendre, sine, out=result[start + 2 * m])
            else:
                result[start] = legendre
    return result


class Coefficients:
    """What every one of some atoms adds to the sums over a window.

    Parameters
    ----------
    sums
        c_nlm of the atom's pairs [atoms, 22 * 66], single precision.
    own
        The sums of g_n^2 over its pairs [atoms, 22].
    """

    def __init__(self, sums: np.ndarray, own: np.ndarray):
        self.sums, self.own = sums, own

    def __len__(self) -> int:
        return len(self.sums)


def coefficients(
    places: np.ndarray,
    scale: float,
    atoms: np.ndarray | None = None,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Coefficients:
    """The sums over the pairs of each atom with every other one.

    Parameters
    ----------
    places
        Places [n, 3].
    scale
        The nearest distance.
    atoms
        The numbers of the atoms whose sums are wanted; all by default. Their neighbours may be any.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
    on_progress
        Called with the fraction done.

    Returns
    -------
    Coefficients
        In the order of ``atoms``.
    """
    from scipy.spatial import cKDTree

    places = np.asarray(places, float) / scale
    atoms = np.arange(len(places)) if atoms is None else np.asarray(atoms)
    sums = np.zeros((len(atoms), len(_SHELLS) * _AT[-1]), np.float32)
    own = np.zeros((len(atoms), len(_SHELLS)), np.float32)
    tree = cKDTree(places)
    counts = np.maximum(tree.query_ball_point(places[atoms], CUTOFF, return_length=True) - 1, 0)
    ends = np.cumsum(counts)
    start = 0
    with one_thread():
        while start < len(atoms):
            if stop is not None and stop.is_set():
                raise Cancelled
            done = ends[start - 1] if start else 0
            stop_at = max(int(np.searchsorted(ends, done + _CHUNK)), start + 1)
            part = slice(start, min(stop_at, len(atoms)))
            _add(places, tree, atoms[part], sums[part], own[part])
            start = part.stop
            if on_progress is not None:
                on_progress(start / len(atoms))
    return Coefficients(sums, own)


def _add(places, tree, atoms, sums, own) -> None:
    """Fill the sums of some atoms."""
    near = tree.query_ball_point(places[atoms], CUTOFF, return_sorted=False)
    lengths = np.array([len(one) for one in near])
    other = np.concatenate([np.asarray(one, np.int64) for one in near])
    here = np.repeat(np.arange(len(atoms)), lengths)
    apart = places[other] - places[atoms][here]
    reach = np.sqrt((apart**2).sum(axis=1))
    keep = reach > 1e-9  # not the atom itself, nor one that lies on it
    apart, reach, here = apart[keep], reach[keep], here[keep]
    shells = _gaussians(reach, slice(None))
    angular = harmonics((apart / reach[:, None]).astype(np.float32))
    bounds = np.searchsorted(here, np.arange(len(atoms) + 1))
    for number in range(len(atoms)):
        pairs = slice(bounds[number], bounds[number + 1])
        if pairs.stop > pairs.start:
            part = shells[:, pairs]
            sums[number] = (part @ angular[:, pairs].T).ravel()
            own[number] = np.einsum("sp,sp->s", part, part)


def _gaussians(reach: np.ndarray, shells: slice) -> np.ndarray:
    """What pairs add to some of the shells [shells, pairs]."""
    away = (reach - _SHELLS[shells, None]).astype(np.float32)
    away *= away
    away *= np.float32(-0.5 / _WIDTH**2)
    return np.exp(away, out=away)


def _summed(apart: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sums over windows from their pairs, each pair once.

    Parameters
    ----------
    apart
        From one atom of each pair to the other [pairs, 3], in nearest distances.
    weights
        How many of the pair's atoms each window has [windows, pairs].

    Returns
    -------
    tuple of arrays
        The sums [windows, 22 * 66], and those of g_n^2 [windows, 22].
    """
    reach = np.sqrt(np.einsum("pd,pd->p", apart, apart))
    order = np.argsort(reach)
    order = order[np.searchsorted(reach, 1e-9, side="right", sorter=order) :]
    reach = reach[order]
    directions, weights = (apart[order] / reach[:, None]).astype(np.float32), weights[:, order].astype(np.float32)
    sums = np.zeros((len(weights), len(_SHELLS), _AT[-1]))
    own = np.zeros((len(weights), len(_SHELLS)))
    with one_thread():
        for start in range(0, len(order), _SORTED):
            part = slice(start, min(start + _SORTED, len(order)))
            # Pairs of much the same length add to the few shells about it; to the others nothing that is seen.
            ends = reach[part.start] - 5 * _WIDTH, reach[part.stop - 1] + 5 * _WIDTH
            some = slice(*np.searchsorted(_SHELLS, ends))
            shells = _gaussians(reach[part], some)
            angular = harmonics(directions[part]).T
            for number, weight in enumerate(weights[:, part]):
                sums[number, some] += (shells * weight) @ angular
                own[number, some] += (shells * shells) @ weight
    return sums.reshape(len(weights), -1), own


def window_descriptors(places: np.ndarray, scale: float, windows: Sequence[np.ndarray], reach: np.ndarray):
    """The descriptors of some windows of a cloud, straight from its pairs: of few windows sooner than by
    :func:`coefficients`.

    Parameters
    ----------
    places
        Places [n, 3].
    scale
        The nearest distance.
    windows
        The numbers of the atoms that each window has.
    reach
        The windows' radii in nearest distances [windows]; infinite where the window stands by itself, as if there were
        nothing around it: then pairs that leave it do not count.

    Returns
    -------
    array
        [windows, 132], as of :func:`descriptors`.
    """
    from scipy.spatial import cKDTree

    places = np.asarray(places, float) / scale
    inside = np.zeros((len(windows), len(places)), np.int8)
    for number, atoms in enumerate(windows):
        inside[number, atoms] = 1
    # Only pairs that begin or end in one of the windows count.
    some = inside.any(axis=0)
    inner, outer = np.flatnonzero(some), np.flatnonzero(~some)
    tree = cKDTree(places[inner])
    pairs = inner[tree.query_pairs(CUTOFF, output_type="ndarray")]
    if len(outer):
        out = tree.sparse_distance_matrix(cKDTree(places[outer]), CUTOFF, output_type="ndarray")
        pairs = np.concatenate([pairs, np.stack([inner[out["i"]], outer[out["j"]]], axis=1)])
    weights = inside[:, pairs[:, 0]] + inside[:, pairs[:, 1]]
    weights[np.isinf(reach)[:, None] & (weights == 1)] = 0
    sums, own = _summed(places[pairs[:, 1]] - places[pairs[:, 0]], weights)
    return _finished(sums, own * (1 + _overlap(reach)))


def _overlap(reach: np.ndarray) -> np.ndarray:
    """Of the pairs at each shell that begin in a ball, the part that ends in it too: 1 - 3 x / 4 + x^3 / 16 with
    x = r / R [windows, 22]."""
    x = np.minimum(_SHELLS[None] / np.maximum(np.asarray(reach, float)[:, None], 1e-9), 2.0)
    return 1 - 0.75 * x + x**3 / 16


def descriptors(found: Coefficients, windows, reach: np.ndarray) -> np.ndarray:
    """The descriptors of windows.

    Parameters
    ----------
    found
        What the atoms add.
    windows
        Which atoms each window has: a sparse matrix [windows, atoms] of ones, or a dense one.
    reach
        The windows' radii in nearest distances [windows]; infinite where no pair leaves the window.

    Returns
    -------
    array
        [windows, 132]: the 22 contents, then the roots of each degree in turn; zeros where a window has no pair.
    """
    sums = np.asarray(windows @ found.sums, np.float64)
    own = np.asarray(windows @ found.own, np.float64)
    return _finished(sums, own * (1 + _overlap(reach)))


def whole_descriptor(
    places: np.ndarray,
    scale: float,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """The descriptor of a whole cloud as one window [132]; arguments as of :func:`coefficients`."""
    if len(places) <= _ONE_WINDOW:
        return window_descriptors(places, scale, [np.arange(len(places))], np.array([np.inf]))[0]
    step = 4000
    sums, own = np.zeros((1, len(_SHELLS) * _AT[-1])), np.zeros((1, len(_SHELLS)))
    for start in range(0, len(places), step):
        part = coefficients(places, scale, np.arange(start, min(start + step, len(places))), stop=stop)
        sums += part.sums.sum(axis=0, dtype=np.float64)
        own += part.own.sum(axis=0, dtype=np.float64)
        if on_progress is not None:
            on_progress(min(start + step, len(places)) / len(places))
    return _finished(sums, 2 * own)[0]


def _finished(sums: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Descriptors from sums [windows, 22 * 66] and own terms [windows, 22]."""
    table = sums.reshape(len(sums), len(_SHELLS), _AT[-1])
    contents = table[:, :, 0] * np.sqrt(4 * np.pi)
    mean = contents.mean(axis=1)[:, None]
    mean = np.where(mean > 1e-12, mean, np.inf)
    parts = [contents / mean]
    for number, degree in enumerate(_DEGREES[1:], start=1):
        power = (table[:, :, _AT[number] : _AT[number + 1]] ** 2).sum(axis=2)
        power = (power - own * (2 * degree + 1) / (4 * np.pi)) / mean**2
        parts.append(power / (np.sqrt(np.abs(power)) + _BLUNT))
    return np.concatenate(parts, axis=1)
