"""Many small networks trained as one.

Every member of an ensemble, and every held-out fold, is a fully connected network of the same shape.
Their weights are stacked as ``[member, in, out]`` and trained together by Adam inside one compiled loop;
``weights[member, point]`` says how much each member sees of each point, so a member with zero weight on
a sweep is that sweep's held-out model and costs no separate fit.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.backend import cores, has_gpu, tensorflow

__all__ = ["Shape", "Stack", "evaluate", "evaluate_slopes", "initial"]

_ADAM = (0.9, 0.99, 1e-7)


@dataclass(frozen=True)
class Shape:
    """Number of input features, hidden layers and nodes a layer."""

    inputs: int
    layers: int = 4
    nodes: int = 64

    @property
    def sizes(self) -> tuple[int, ...]:
        """Width of every layer from the inputs to the single output."""
        return (self.inputs, *([self.nodes] * self.layers), 1)


def initial(shape: Shape, members: int, seed: int) -> list[np.ndarray]:
    """Starting weights, float32: for each layer a matrix [members, in, out] and an offset [members, 1, out].

    He-scaled normal weights; offsets are spread so that the first layer's bends cover the data.
    """
    random = np.random.default_rng(seed)
    parameters = []
    for number, (inputs, outputs) in enumerate(zip(shape.sizes[:-1], shape.sizes[1:], strict=True)):
        last = number == len(shape.sizes) - 2
        scale = np.sqrt((1.0 if last else 2.0) / inputs)
        parameters.append(random.normal(0, scale, (members, inputs, outputs)).astype(np.float32))
        offsets = random.uniform(-1, 1, (members, 1, outputs)) if number == 0 else np.zeros((members, 1, outputs))
        parameters.append(offsets.astype(np.float32))
    return parameters


def _forward(tf, parameters, features):
    """Outputs [members, points] of the stacked networks for features [members, points, inputs]."""
    signal = features
    for layer in range(0, len(parameters), 2):
        signal = tf.matmul(signal, parameters[layer]) + parameters[layer + 1]
        if layer < len(parameters) - 2:
            # The swish s / (1 + exp(-s)), by the tangent, which compiles to faster code than the exponential.
            half = 0.5 * signal
            signal = half + half * tf.tanh(half)
    return signal[..., 0]


@functools.lru_cache(maxsize=16)
def _compiled_steps(points: int, batch: int):
    """A compiled function that takes Adam steps; cached, so that a second training starts at once."""
    tf = tensorflow()
    beta1, beta2, tiny = _ADAM

    def loss_of(parameters, features, targets, weights):
        residual = _forward(tf, parameters, features) - targets[None]
        squared = tf.reduce_sum(weights * residual**2, axis=1) / (tf.reduce_sum(weights, axis=1) + 1e-9)
        return tf.reduce_sum(squared)

    @tf.function(jit_compile=True, reduce_retracing=True)
    def steps(count, parameters, means, squares, start, total, rate, seed, features, targets, weights):
        def body(step, parameters, means, squares):
            now = start + step
            if batch < points:
                picked = tf.random.stateless_uniform((batch,), (seed, now), 0, points, tf.int32)
                x, y, w = (
                    tf.gather(features, picked, axis=1),
                    tf.gather(targets, picked),
                    tf.gather(weights, picked, axis=1),
                )
            else:
                x, y, w = features, targets, weights
            with tf.GradientTape() as tape:
                tape.watch(parameters)
                loss = loss_of(parameters, x, y, w)
            gradients = tape.gradient(loss, parameters)
            count_now = tf.cast(now + 1, tf.float32)
            # A short warm-up, then a cosine to zero: the last steps average the batches' noise away.
            along = count_now / tf.cast(total, tf.float32)
            speed = rate * tf.minimum(1.0, count_now / 50.0) * 0.5 * (1.0 + tf.cos(np.pi * tf.minimum(along, 1.0)))
            speed *= tf.sqrt(1.0 - beta2**count_now) / (1.0 - beta1**count_now)
            means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, gradients, strict=True)]
            squares = [beta2 * s + (1 - beta2) * g * g for s, g in zip(squares, gradients, strict=True)]
            parameters = [
                p - speed * m / (tf.sqrt(s) + tiny) for p, m, s in zip(parameters, means, squares, strict=True)
            ]
            return step + 1, parameters, means, squares

        _, parameters, means, squares = tf.while_loop(
            lambda step, *_: step < count, body, (tf.constant(0), list(parameters), list(means), list(squares))
        )
        return parameters, means, squares

    return steps


class Stack:
    """Stacked networks in training.

    ``total`` is the number of steps the whole training will take, ``rate`` Adam's highest step, ``batch`` the
    points a step sees. Call :meth:`see` with the points, then :meth:`advance` until done.
    """

    def __init__(self, shape: Shape, members: int, *, total: int, rate: float, batch: int, seed: int):
        tf = tensorflow()
        self.shape, self.total, self.done = shape, total, 0
        self._batch = batch
        self._rate, self._seed = tf.constant(rate, tf.float32), tf.constant(seed, tf.int32)
        self._parameters = [tf.constant(p) for p in initial(shape, members, seed)]
        self._means = [tf.zeros_like(p) for p in self._parameters]
        self._squares = [tf.zeros_like(p) for p in self._parameters]
        self._restarts = 0

    def see(self, features, targets, weights) -> None:
        """Learn from these points from now on: ``features`` [members or 1, points, inputs] and ``targets``
        [points] scaled to order one; ``weights`` [members, points] are zero where a member must not look."""
        tf = tensorflow()
        self._features = tf.constant(features, tf.float32)
        self._targets = tf.constant(targets, tf.float32)
        self._weights = tf.constant(weights, tf.float32)

    def advance(self, count: int) -> None:
        """Take ``count`` more steps."""
        tf = tensorflow()
        run = _compiled_steps(len(self._targets), min(self._batch, len(self._targets)))
        state = (self._parameters, self._means, self._squares)
        schedule = (tf.constant(self.done), tf.constant(self.total), self._rate, self._seed)
        self._parameters, self._means, self._squares = run(
            tf.constant(count), *state, *schedule, self._features, self._targets, self._weights
        )
        self.done += count

    def restart(self, diverged: np.ndarray) -> None:
        """Give the members that ``diverged`` (bool [members]) new starting weights and forget their moments."""
        tf = tensorflow()
        self._restarts += 1
        fresh = initial(self.shape, len(diverged), int(self._seed) + 7919 * self._restarts)

        def mended(tensors, others):
            where = diverged[:, None, None]
            return [tf.constant(np.where(where, b, np.asarray(a))) for a, b in zip(tensors, others, strict=True)]

        empty = [np.float32(0)] * len(fresh)
        self._parameters = mended(self._parameters, fresh)
        self._means, self._squares = mended(self._means, empty), mended(self._squares, empty)

    @property
    def parameters(self) -> list[np.ndarray]:
        """The weights now, as plain arrays."""
        return [np.asarray(p) for p in self._parameters]


def _slopes(xp, parameters, features, order: int):
    """The ``order``-th derivative [members, points] of the networks along a line on which the features are
    ``f + f' t + f'' t^2 / 2``: ``features`` [members, points, (order + 1) inputs] are f, f' and, for the second, f''.

    Exact forward differentiation, order by order: with s the signal and a the activation, a(s)' = a'(s) s' and
    a(s)'' = a''(s) s'^2 + a'(s) s''. ``xp`` is NumPy or TensorFlow.
    """
    inputs = parameters[0].shape[1]
    parts = [features[..., k * inputs : (k + 1) * inputs] for k in range(order + 1)]
    for layer in range(0, len(parameters), 2):
        parts = [xp.matmul(part, parameters[layer]) for part in parts]
        parts[0] = parts[0] + parameters[layer + 1]
        if layer < len(parameters) - 2:
            signal, sigmoid = parts[0], 0.5 + 0.5 * xp.tanh(0.5 * parts[0])
            first = sigmoid * (1 + signal * (1 - sigmoid))
            if order == 2:
                second = sigmoid * (1 - sigmoid) * (2 + signal * (1 - 2 * sigmoid))
                parts[2] = second * parts[1] ** 2 + first * parts[2]
            parts[0], parts[1] = signal * sigmoid, first * parts[1]
    return parts[order][..., 0]


@functools.lru_cache(maxsize=3)
def _compiled_forward(order: int = 0):
    """The networks' outputs or their derivative, compiled."""
    tf = tensorflow()
    if order:
        return tf.function(lambda parameters, features: _slopes(tf, parameters, features, order), jit_compile=True)
    return tf.function(lambda parameters, features: _forward(tf, parameters, features), jit_compile=True)


#: So few points (a line cut under the mouse) are done by NumPy sooner than TensorFlow is called, or loaded.
_FEW = 2048


def _evaluate_few(parameters, features) -> np.ndarray:
    signal = features
    for layer in range(0, len(parameters), 2):
        signal = np.matmul(signal, parameters[layer].astype(float)) + parameters[layer + 1]
        if layer < len(parameters) - 2:
            signal *= expit(signal)
    return signal[..., 0]


#: Points evaluated at once: enough to keep the matrix product busy, few enough to stay in the processor's cache; a
#: GPU wants more.
_CHUNK, _CHUNK_GPU = 4096, 1 << 17


def evaluate(parameters: list[np.ndarray], features: np.ndarray, *, stop=None, on_progress=None) -> np.ndarray:
    """Outputs [members, points] of trained networks, computed in chunks of constant memory, several at a time.

    ``features`` is [members or 1, points, inputs]. ``stop`` (a ``threading.Event``) raises
    :class:`~napari_scantwin.core.errors.Cancelled`; ``on_progress`` receives the fraction done.
    """
    if features.shape[1] <= _FEW:
        return _evaluate_few(parameters, features)
    return _in_chunks(_compiled_forward(), parameters, features, stop, on_progress)


def evaluate_slopes(parameters: list[np.ndarray], taylor: np.ndarray, *, stop=None) -> np.ndarray:
    """First or second derivative [members, points] of trained networks along a line through every point; ``taylor``
    [2 or 3, points, inputs] are the features there and their derivatives along it."""
    order = len(taylor) - 1
    features = np.concatenate(list(taylor), axis=-1)[None]
    if features.shape[1] <= _FEW:
        return _slopes(np, parameters, features, order)
    return _in_chunks(_compiled_forward(order), parameters, features, stop)


def _in_chunks(forward, parameters, features, stop, on_progress=None) -> np.ndarray:
    points, members = features.shape[1], len(parameters[0])
    features = np.broadcast_to(features, (members, *features.shape[1:]))
    tf = tensorflow()
    weights = [tf.constant(p) for p in parameters]
    result = np.empty((members, points), np.float32)
    chunk = _CHUNK_GPU if has_gpu() else _CHUNK

    def evaluated(start: int) -> int:
        if stop is not None and stop.is_set():
            raise Cancelled
        part = np.asarray(features[:, start : start + chunk], np.float32)
        filled = part.shape[1]
        # One size of chunk, so that the compiler is asked for one program.
        part = part if filled == chunk else np.pad(part, ((0, 0), (0, chunk - filled), (0, 0)))
        result[:, start : start + filled] = forward(weights, tf.constant(part)).numpy()[:, :filled]
        return start + filled

    with ThreadPoolExecutor(cores()) as pool:
        for done in pool.map(evaluated, range(0, points, chunk)):
            if on_progress is not None:
                on_progress(done / points)
    return result
