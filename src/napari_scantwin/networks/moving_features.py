"""A network whose features move: a sweep is a small network over the fast axis, its weights smooth functions of the
slow axes::

    y(x; s) = b(s) + sum_k a_k(s) tanh((x - c_k(s)) / w_k(s))

``c_k`` is where a feature lies, ``w_k`` how wide and ``a_k`` how high it is: a transition that moves, widens and grows
with the field is one feature, two that cross are two, a peak is a pair. ``a, c, log w, b`` come from one small network
of the slow axes (two tanh layers and a linear one), so that there may be any number of those, unevenly spaced. Where a
scan holds branches (warming and cooling), further inputs of that network say which: the branches share their features,
which lie elsewhere and are wider or higher on one than on the other. The loss is over the measured points themselves,
``r`` being a point's residual over its noise::

    L = sum_i r_i^2 / 2 + ridge / 2 (|W1|^2 + |W2|^2 + 100 |W3|^2)
        + roughness / 2 int |d^2 (a, c, log w, b) / ds^2|^2 ds

so that where a sweep has a hole nothing is claimed, and an ensemble's members differ there.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_scantwin.networks.backend import tensorflow
from napari_scantwin.networks.lockstep import minimised
from napari_scantwin.networks.waiting import interruptibly

__all__ = ["MovingFeatures", "Sweeps", "evaluate_moving", "evaluate_moving_on_grid", "fit_moving"]

#: Penalties of the loss, and the widest a feature may be.
_RIDGE, _LAST, _ROUGHNESS, _WIDEST = 1e-3, 100.0, 1.0, 2.0
#: The slow axes' places are told apart to this share of their range: set points that wander by less count as one.
_TOLD_APART = 1e-3
#: Places along a slow axis at which its second differences are taken.
_PLACES = 41
#: Samples of the fast axis from which the features' first places are found, and the share of plain length in them.
_SAMPLES, _EVEN = 400, 0.3
#: Places evaluated at once; of a grid, features of places, few enough for the processor's cache.
_CHUNK, _CHUNK_OF_GRID = 1 << 16, 1 << 17


@dataclass(frozen=True)
class MovingFeatures:
    """The network's size.

    Parameters
    ----------
    features
        How many features.
    hidden
        Nodes of the two layers over the slow axes.
    slow
        How many slow axes.
    """

    features: int
    hidden: int = 8
    slow: int = 1

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Those of a member's arrays: three matrices, each with its offsets."""
        outputs = 3 * self.features + 1
        sizes = ((self.slow, self.hidden), (self.hidden, self.hidden), (self.hidden, outputs))
        return tuple(shape for size in sizes for shape in (size, size[1:]))

    def parted(self, flat):
        """The arrays [members, ...] in ``flat`` [members, size], of NumPy or of TensorFlow."""
        result, first = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            part = flat[:, first : first + size]
            result.append(part.reshape(-1, *shape) if isinstance(flat, np.ndarray) else _reshaped(part, shape))
            first += size
        return result

    def starts(self, sweeps: Sweeps, seed: int) -> np.ndarray:
        """Starting weights [members, size]: features lie where the sweeps that a member sees change most, small and of
        random sign."""
        flats, known = [], {}
        for member, weights in enumerate(sweeps.weights):
            seen = weights > 0
            if seen.tobytes() not in known:
                known[seen.tobytes()] = _places(sweeps, seen, self.features)
            places, widths = known[seen.tobytes()]
            widths = np.clip(widths, 1.5 * sweeps.narrowest, _WIDEST / 1.5)
            random = np.random.default_rng([seed, member])
            first, second, last = (random.normal(size=shape) for shape in self.shapes[::2])
            offsets = np.concatenate([0.05 * random.normal(size=self.features), places, np.log(widths), [0.0]])
            parts = (
                first / np.sqrt(self.slow),
                random.uniform(-1, 1, self.hidden),
                second / np.sqrt(self.hidden),
                random.uniform(-0.5, 0.5, self.hidden),
                0.02 * last,
                offsets,
            )
            flats.append(np.concatenate([part.ravel() for part in parts]))
        return np.array(flats)


def _reshaped(part, shape):
    return tensorflow().reshape(part, (-1, *shape))


@dataclass(frozen=True)
class Sweeps:
    """What is learned from.

    Parameters
    ----------
    slow
        The slow axes [n, slow], each from -1 to 1, then the inputs that say which branch.
    fast
        The fast axis [n], from -1 to 1.
    targets
        Values [n] of mean 0 and deviation 1.
    weights
        What each member sees of each point [members, n]: one over the variance of its noise, 0 where it must not look.
    sweep
        The number of the sweep of each point [n].
    narrowest
        The least width of a feature, on the fast axis's scale: a step of it, since nothing tells more.
    switches
        How many of the last columns of ``slow`` say which branch.
    """

    slow: np.ndarray
    fast: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    sweep: np.ndarray
    narrowest: float
    switches: int = 0


def _places(sweeps: Sweeps, seen: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the features begin, and how wide: even in the accumulated change of the sweeps that are seen, in part in
    plain length."""
    even = np.linspace(-1, 1, _SAMPLES)
    change = np.zeros(_SAMPLES - 1)
    for number in np.unique(sweeps.sweep[seen]):
        mine = np.flatnonzero(seen & (sweeps.sweep == number))
        mine = mine[np.argsort(sweeps.fast[mine])]
        change += np.abs(np.diff(np.interp(even, sweeps.fast[mine], sweeps.targets[mine])))
    density = change / max(change.sum(), 1e-12) + _EVEN / len(change)
    along = np.concatenate([[0], np.cumsum(density)])
    places = np.interp((np.arange(count) + 0.5) / count, along / along[-1], even)
    return places, 1.2 * (np.gradient(places) if count > 1 else np.ones(1))


def fit_moving(
    network: MovingFeatures,
    sweeps: Sweeps,
    *,
    steps: int,
    seed: int = 0,
    stop: threading.Event | None = None,
    on_step: Callable[[int], None] | None = None,
) -> list[np.ndarray]:
    """Fit members and held-out folds together, each to the points its weights let it see.

    Parameters
    ----------
    network
        Its size.
    sweeps
        What is learned from.
    steps
        The most steps of L-BFGS.
    seed
        Fixes the starting weights.
    stop
        Ends the fit when it is set.
    on_step
        Called with the steps done.

    Returns
    -------
    list of arrays
        The weights, each [members, ...] as ``network.shapes`` has them, and last the least and the greatest of the
        widths' logarithm [members, 2].

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    members = len(sweeps.weights)
    bounds = np.log([sweeps.narrowest, _WIDEST])
    rows, there = _rows(sweeps.slow)
    places = (sweeps.slow[rows] * there[..., None]).sum(axis=1) / there.sum(axis=1)[:, None]
    weights = sweeps.weights[:, rows] * there

    def begun():
        tf = tensorflow()
        lines = _lines(sweeps.slow, sweeps.switches)
        columns = (places, sweeps.fast[rows], sweeps.targets[rows], weights, lines, bounds)
        constants = [tf.constant(column, tf.float64) for column in columns]
        start = network.starts(sweeps, seed)
        # The function of these shapes itself: to look it up at every call takes as long as the call.
        compiled = _compiled(network).get_concrete_function(tf.constant(start, tf.float64), *constants)

        def function(flat):
            loss, slope = compiled(tf.constant(flat, tf.float64), *constants)
            return loss.numpy(), slope.numpy()

        function(start)
        return function, start

    function, start = interruptibly(begun, stop)
    flat, _ = minimised(function, start, steps, stop=stop, on_step=on_step)
    return [*network.parted(flat), np.tile(bounds, (members, 1))]


def _rows(slow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of one slow place each, as rows of equal length: their numbers [rows, length], and whether a place in a
    row is taken. Long ones make several rows, so that little is left empty."""
    rounded = np.round(slow / (2 * _TOLD_APART))
    _, inverse, counts = np.unique(rounded, axis=0, return_inverse=True, return_counts=True)
    order, length = np.argsort(inverse.ravel(), kind="stable"), max(8, int(np.median(counts)))
    pieces = [
        part[first : first + length]
        for part in np.split(order, np.cumsum(counts)[:-1])
        for first in range(0, len(part), length)
    ]
    rows, there = np.zeros((len(pieces), length), int), np.zeros((len(pieces), length), bool)
    for number, piece in enumerate(pieces):
        rows[number, : len(piece)], there[number, : len(piece)] = piece, True
    return rows, there


def _lines(slow: np.ndarray, switches: int) -> np.ndarray:
    """Places [lines, places, slow] along each slow axis of each branch, the other axes held at their middle, for the
    roughness."""
    along, axes = np.linspace(-1, 1, _PLACES), slow.shape[1] - switches
    branches = np.unique(slow[:, axes:], axis=0) if switches else np.zeros((1, 0))
    middle = np.median(slow[:, :axes], axis=0)
    lines = np.stack([np.tile(np.append(middle, branch), (axes, _PLACES, 1)) for branch in branches])
    for axis in range(axes):
        lines[:, axis, :, axis] = along
    return lines.reshape(-1, _PLACES, slow.shape[1])


@functools.lru_cache(maxsize=8)
def _compiled(network: MovingFeatures):
    """The loss of every member and its gradient, compiled; once for a size, and by TensorFlow once for a shape."""
    tf = tensorflow()
    count = network.features
    roughness = _ROUGHNESS / (2 / (_PLACES - 1)) ** 3

    def told(parts, slow):
        first, first_offsets, second, second_offsets, last, last_offsets = parts
        hidden = tf.tanh(tf.einsum("...d,mdh->m...h", slow, first) + _between(first_offsets, slow))
        hidden = tf.tanh(tf.einsum("m...g,mgh->m...h", hidden, second) + _between(second_offsets, slow))
        return tf.einsum("m...h,mho->m...o", hidden, last) + _between(last_offsets, slow)

    def _between(offsets, slow):
        return tf.reshape(offsets, (-1, *([1] * (len(slow.shape) - 1)), offsets.shape[-1]))

    @tf.function(jit_compile=True)
    def compiled(flat, places, fast, targets, weights, lines, bounds):
        with tf.GradientTape() as tape:
            tape.watch(flat)
            parts = network.parted(flat)
            # [members, rows, features, length]: the length innermost is several times faster than any other order.
            # Single precision is enough for the features, and twice as fast; sums over points are taken in double.
            said = tf.cast(told(parts, places)[..., None], tf.float32)
            fast, bounds = tf.cast(fast, tf.float32), tf.cast(bounds, tf.float32)
            heights, centres, widths, offset = tf.split(said, [count, count, count, 1], axis=2)
            inverse = tf.exp(-tf.clip_by_value(widths, bounds[0], bounds[1]))
            features = heights * tf.tanh((fast[:, None] - centres) * inverse)
            values = tf.cast(offset[:, :, 0] + tf.reduce_sum(features, axis=2), tf.float64)
            loss = tf.reduce_sum(weights * (values - targets) ** 2, axis=(1, 2)) / 2
            for number, share in ((0, 1.0), (2, 1.0), (4, _LAST)):
                loss += _RIDGE * share / 2 * tf.reduce_sum(parts[number] ** 2, axis=(1, 2))
            along = told(parts, lines)
            bend = along[:, :, 2:] - 2 * along[:, :, 1:-1] + along[:, :, :-2]
            loss += roughness / 2 * tf.reduce_sum(bend**2, axis=(1, 2, 3))
        return loss, tape.gradient(loss, flat)

    return compiled


def evaluate_moving(parameters: list[np.ndarray], slow: np.ndarray, fast: np.ndarray) -> np.ndarray:
    """Outputs of every member.

    Parameters
    ----------
    parameters
        What :func:`fit_moving` returned.
    slow
        The slow axes [n, slow], from -1 to 1.
    fast
        The fast axis [n], likewise.

    Returns
    -------
    array
        Outputs [members, n].
    """
    result = np.empty((len(parameters[0]), len(fast)))
    for first in range(0, len(fast), _CHUNK):
        part = slice(first, first + _CHUNK)
        rows, inverse = np.unique(slow[part], axis=0, return_inverse=True)
        inverse = inverse.ravel()
        for member, weights in enumerate(zip(*parameters, strict=True)):
            heights, centres, inverses, offset = _features_at(weights, rows)
            values = offset[inverse]
            for feature in range(heights.shape[1]):
                reached = (fast[part] - centres[inverse, feature]) * inverses[inverse, feature]
                values += heights[inverse, feature] * np.tanh(reached)
            result[member, part] = values
    return result


def evaluate_moving_on_grid(
    parameters: list[np.ndarray], slow: np.ndarray, fast: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the members' outputs on a grid: the features are worked out once a row.

    Parameters
    ----------
    parameters
        What :func:`fit_moving` returned.
    slow
        The slow axes of each row [rows, slow], from -1 to 1.
    fast
        The fast axis [n], likewise.

    Returns
    -------
    tuple of arrays
        Mean and variance [rows, n], in single precision.
    """
    members = [_features_at(weights, slow) for weights in zip(*parameters, strict=True)]
    features = members[0][0].shape[1]
    several = max(1, _CHUNK_OF_GRID // (features * len(fast)))
    mean, variance = (np.empty((len(slow), len(fast)), np.float32) for _ in range(2))
    for first in range(0, len(slow), several):
        rows = slice(first, first + several)
        count = len(slow[rows])
        reached = np.empty((count, features, len(fast)), np.float32)
        values = np.empty((len(members), count, len(fast)), np.float32)
        for member, (heights, centres, inverses, offset) in enumerate(members):
            # The distance in double precision, since a narrow feature makes much of it.
            np.subtract(fast, centres[rows, :, None], out=reached, casting="same_kind")
            reached *= inverses[rows, :, None].astype(np.float32)
            np.tanh(reached, out=reached)
            np.matmul(heights[rows, None].astype(np.float32), reached, out=values[member, :, None])
            values[member] += offset[rows, None].astype(np.float32)
        mean[rows] = values.mean(axis=0)
        values -= mean[rows]
        variance[rows] = np.einsum("mrn,mrn->rn", values, values) / len(members)
    return mean, variance


def _features_at(weights, slow: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One member's features at places of the slow axes [rows, slow]: heights, centres and inverse widths [rows,
    features], and the offset [rows]."""
    one, one_off, two, two_off, last, last_off, bounds = weights
    said = np.tanh(np.tanh(slow @ one + one_off) @ two + two_off) @ last + last_off
    heights, centres, widths, offset = np.split(said, [k * (said.shape[1] // 3) for k in (1, 2, 3)], axis=1)
    return heights, centres, np.exp(-np.clip(widths, *bounds)), offset[:, 0]
