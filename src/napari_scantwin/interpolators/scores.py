"""A function of one or more slow axes through noisy values on a grid, averaged over what it may be like.

The values are a plane plus a Gaussian process with the covariance::

    a^2 prod_i k(|s_i - s'_i| / l_i) + (1 + v) [s = s']

on each slow axis's own scale, 1 being the values' noise, v what they scatter beside (a beam's flux), and k a Matérn
covariance of order 1/2 (of long range: straight lines), 3/2 or 5/2. With the few slices of a cube no single choice of
a, l, v, k and scale is certain, so predictions are averaged over all of them by their likelihood. On a grid the
covariance is a Kronecker product and its eigenvectors are those of each axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from napari_scantwin.interpolators.aligned import slow_scale
from napari_scantwin.interpolators.features import scales

__all__ = ["SlowAxes", "interpolated"]

#: Nodes from one slice to the next, and axes of fewer places that have no slope.
_NODES, _FLAT = 4, 4
_ORDERS = (0.5, 1.5, 2.5)
#: Length scales over the range of an axis (for one slow axis; every other for more), variances a^2 and v over that of
#: the values.
_LENGTHS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_HEIGHTS, _SCATTERS = tuple(10.0 ** np.arange(-2, 3)), (0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.5)
#: Choices with less than this share of the likeliest one's weight are left out, and at most so many are kept.
_SHARE, _MOST = 0.05, 12


@dataclass(frozen=True)
class SlowAxes:
    """Slow axes and where a function of them is wanted.

    Parameters
    ----------
    places
        Where values are known: for each scale that is tried, an array an axis, ascending, on that scale.
    nodes
        Where they are wanted, likewise.
    """

    places: Sequence[tuple[np.ndarray, ...]]
    nodes: Sequence[tuple[np.ndarray, ...]]

    @classmethod
    def of(cls, axes: tuple[np.ndarray, ...]) -> tuple[SlowAxes, tuple[np.ndarray, ...]]:
        """The scales worth trying for ``axes``, with nodes between their values; and the nodes, as they are."""
        nodes = tuple(_between(axis) for axis in axes)
        kinds = [scales(axis) for axis in axes]
        tried = []
        for number in range(max(map(len, kinds))):
            chosen = [each[min(number, len(each) - 1)] for each in kinds]
            tried.append(
                [
                    tuple(slow_scale(kind, axis, each) for kind, axis, each in zip(chosen, axes, one, strict=True))
                    for one in (axes, nodes)
                ]
            )
        return cls([known for known, _ in tried], [wanted for _, wanted in tried]), nodes


@dataclass(frozen=True)
class _Choice:
    """One covariance: eigenvectors [n, n] and values an axis, the matrices from places to nodes, and the nodes' own."""

    vectors: tuple[np.ndarray, ...]
    spectrum: np.ndarray
    across: tuple[np.ndarray, ...]
    own: tuple[np.ndarray, ...]
    plane: np.ndarray
    node_plane: np.ndarray

    def solved(self, values: np.ndarray, height: np.ndarray, scatter: np.ndarray):
        """For values [...] and several heights and scatters [settings]: coefficients of the process [settings, n],
        those of the plane [settings, planes], and minus twice the logarithm of the (restricted) likelihood."""
        strength = 1 / (np.multiply.outer(height, self.spectrum.ravel()) + 1 + scatter[:, None])
        waves, planes = _along(self.vectors, values, transpose=True).ravel(), self.plane
        normal = np.einsum("qs,as,bs->qab", strength, planes, planes, optimize=True)
        slopes = np.linalg.solve(normal, np.einsum("qs,as,s->qa", strength, planes, waves, optimize=True)[..., None])
        slopes = slopes[..., 0]
        rest = waves - slopes @ planes
        unlikely = np.sum(strength * rest**2 - np.log(strength), axis=1) + np.linalg.slogdet(normal)[1]
        return height[:, None] * strength * rest, slopes, unlikely

    def predicted(self, values: np.ndarray, height: float, scatter: float) -> np.ndarray:
        """The values at the nodes."""
        (coefficients,), (slopes,), _ = self.solved(values, np.array([height]), np.array([scatter]))
        curved = _along(self.across, _along(self.vectors, coefficients.reshape(values.shape)))
        return curved + np.tensordot(slopes, self.node_plane, 1)


def _along(matrices: Sequence[np.ndarray], values: np.ndarray, transpose: bool = False) -> np.ndarray:
    """One matrix applied along each axis."""
    for number, matrix in enumerate(matrices):
        values = np.moveaxis(np.tensordot(matrix.T if transpose else matrix, values, (1, number)), 0, number)
    return values


def interpolated(
    axes: SlowAxes, values: np.ndarray, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate values on a grid, with their noise of variance one taken out as far as is likely.

    Parameters
    ----------
    axes
        The slow axes.
    values
        Values [functions, ...] on the grid of the places; each of the functions for itself.
    draws
        How many draws of the error.
    random
        The generator of the draws.

    Returns
    -------
    tuple of arrays
        Functions [functions, ...] on the grid of the nodes, and draws of their errors [draws, functions, ...].
    """
    choices = _choices(axes)
    means, errors = [], []
    for one in values:
        variance = max(float(np.var(one)), 1e-9)
        height, scatter = variance * np.array(list(itertools.product(_HEIGHTS, _SCATTERS))).T
        unlikely = np.concatenate([choice.solved(one, height, scatter)[2] for choice in choices])
        settings = [(choice, *rest) for choice in choices for rest in zip(height, scatter, strict=True)]
        weight = np.exp(-(unlikely - unlikely.min()) / 2)
        order = np.argsort(-weight)[:_MOST]
        order = order[weight[order] > _SHARE]
        shares = weight[order] / weight[order].sum()
        found = [settings[number][0].predicted(one, *settings[number][1:]) for number in order]
        mean = np.tensordot(shares, found, 1)
        drawn = random.choice(len(order), size=draws, p=shares)
        means.append(mean)
        errors.append([found[row] - mean + _error(*settings[order[row]], axes, random) for row in drawn])
    return np.array(means), np.swapaxes(np.array(errors), 0, 1) if draws else np.zeros((0, *np.shape(means)))


def _between(axis: np.ndarray) -> np.ndarray:
    """The axis's values and some between them."""
    places = np.arange(_NODES * (len(axis) - 1) + 1) / _NODES
    return np.interp(places, np.arange(len(axis)), axis)


def _error(choice: _Choice, height: float, scatter: float, axes: SlowAxes, random) -> np.ndarray:
    """A draw of a prediction's error: a process drawn at the nodes less what is predicted of it from the places, which
    are among the nodes (Matheron's rule)."""
    roots = [_root(own) for own in choice.own]
    drawn = np.sqrt(height) * _along(roots, random.normal(size=[len(root) for root in roots]))
    places, nodes = axes.places[0], axes.nodes[0]
    known = [np.searchsorted(node, place) for node, place in zip(nodes, places, strict=True)]
    at_places = drawn[np.ix_(*known)]
    noise = np.sqrt(1 + scatter) * random.normal(size=at_places.shape)
    return drawn - choice.predicted(at_places + noise, height, scatter)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0))


def _choices(axes: SlowAxes) -> list[_Choice]:
    result = []
    for places, nodes in zip(axes.places, axes.nodes, strict=True):
        low, spans = [place[0] for place in places], [np.ptp(place) or 1.0 for place in places]
        places = [(place - start) / span for place, start, span in zip(places, low, spans, strict=True)]
        nodes = [(node - start) / span for node, start, span in zip(nodes, low, spans, strict=True)]
        lengths = _LENGTHS if len(places) == 1 else _LENGTHS[::2]
        sloped = [len(place) >= _FLAT for place in places]
        plane, node_plane = _plane(places, sloped), _plane(nodes, sloped)
        for order in _ORDERS:
            parts = [
                [_one_axis(order, length, place, node) for length in lengths]
                for place, node in zip(places, nodes, strict=True)
            ]
            for chosen in itertools.product(*parts):
                vectors, spectra, across, own = zip(*chosen, strict=True)
                waves = np.stack([_along(vectors, one, transpose=True).ravel() for one in plane])
                spectrum = reduce(np.multiply.outer, spectra)
                result.append(_Choice(vectors, spectrum, across, own, waves, node_plane))
    return result


def _plane(places: Sequence[np.ndarray], sloped: Sequence[bool]) -> np.ndarray:
    """A constant and the slope along each axis that is ``sloped`` [1 + axes, ...] on the grid."""
    mesh = np.meshgrid(*places, indexing="ij")
    return np.stack([np.ones_like(mesh[0]), *(axis - 0.5 for axis, keep in zip(mesh, sloped, strict=True) if keep)])


def _one_axis(order: float, length: float, places: np.ndarray, nodes: np.ndarray):
    values, vectors = np.linalg.eigh(_matern(order, length, places, places))
    own = _matern(order, length, nodes, nodes)
    return vectors, np.maximum(values, 0), _matern(order, length, nodes, places), own


def _matern(order: float, length: float, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    far = np.sqrt(2 * order) * np.abs(one[:, None] - other) / length
    factor = {0.5: 1.0, 1.5: 1 + far, 2.5: 1 + far + far**2 / 3}[order]
    return factor * np.exp(-far)
