"""Mixture density networks: a distribution of several numbers, with full covariances, given many others.

The last layer gives, for each of K Gaussians, a logit, a mean and the lower triangle of the inverse of its covariance's
Cholesky factor (diagonal as logarithms); the loss is the negative logarithm of the mixture's density (C. M. Bishop,
*Mixture Density Networks*, 1994). Trained networks are plain arrays, and NumPy alone evaluates them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp

from napari_scantwin.networks.backend import tensorflow
from napari_scantwin.networks.dense import DenseNetwork
from napari_scantwin.networks.trainer import TrainingData, train_members, warm_cosine

__all__ = ["MixtureDensity", "fit_mixture_density"]

_MOST_LOG = 8.0


@dataclass(frozen=True)
class _MixtureLoss:
    """Negative logarithm of the density of targets [n, d] under outputs [n, ·]."""

    components: int
    dimensions: int

    def __call__(self, targets, outputs):
        tf = tensorflow()
        k, d = self.components, self.dimensions
        logits = tf.nn.log_softmax(outputs[:, :k])
        means = tf.reshape(outputs[:, k : k + k * d], (-1, k, d))
        logs = _MOST_LOG * tf.tanh(tf.reshape(outputs[:, k + k * d : k + 2 * k * d], (-1, k, d)) / _MOST_LOG)
        below = tf.reshape(outputs[:, k + 2 * k * d :], (-1, k, d * (d - 1) // 2))
        off = targets[:, None, :] - means
        total = tf.zeros_like(logits)
        place = 0
        for row in range(d):
            whitened = tf.exp(logs[:, :, row]) * off[:, :, row]
            for column in range(row):
                whitened += below[:, :, place] * off[:, :, column]
                place += 1
            total += logs[:, :, row] - 0.5 * tf.square(whitened)
        return -tf.reduce_logsumexp(logits + total, axis=-1) + 0.5 * d * float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False)
class MixtureDensity:
    """A trained mixture density network.

    Parameters
    ----------
    weights
        Kernels [in, out] and offsets [out] of its layers, in turn.
    components, dimensions
        K Gaussians over d numbers.
    widening
        By how much every Gaussian's width is multiplied, chosen on points that were not learned from.
    """

    weights: tuple[np.ndarray, ...]
    components: int
    dimensions: int
    widening: float = 1.0

    def mixture(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Logarithms of the shares [n, K], means [n, K, d] and whitening matrices [n, K, d, d] given inputs [n, ·]."""
        signal = np.asarray(inputs, np.float64)
        for number in range(0, len(self.weights), 2):
            signal = signal @ self.weights[number] + self.weights[number + 1]
            if number < len(self.weights) - 2:
                signal = signal * expit(signal)
        k, d = self.components, self.dimensions
        logits = signal[:, :k] - logsumexp(signal[:, :k], axis=1, keepdims=True)
        means = signal[:, k : k + k * d].reshape(-1, k, d)
        logs = _MOST_LOG * np.tanh(signal[:, k + k * d : k + 2 * k * d].reshape(-1, k, d) / _MOST_LOG)
        below = signal[:, k + 2 * k * d :].reshape(-1, k, d * (d - 1) // 2)
        whiten = np.zeros((len(signal), k, d, d))
        whiten[:, :, np.arange(d), np.arange(d)] = np.exp(logs)
        whiten[:, :, *np.tril_indices(d, -1)] = below
        return logits, means, whiten / self.widening

    def log_density(self, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """The logarithm of the density [n] of targets [n, d] given inputs [n, ·]."""
        logits, means, whiten = self.mixture(inputs)
        white = np.einsum("nkij,nkj->nki", whiten, targets[:, None] - means)
        logs = np.log(np.einsum("nkii->nki", whiten)).sum(axis=2)
        constant = 0.5 * self.dimensions * np.log(2 * np.pi)
        return logsumexp(logits + logs - 0.5 * (white**2).sum(axis=2), axis=1) - constant

    def samples(self, inputs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draws [n, count, d] given inputs [n, ·]."""
        logits, means, whiten = self.mixture(inputs)
        found = np.empty((len(means), count, self.dimensions))
        for row in range(len(means)):
            chosen = rng.choice(self.components, size=count, p=np.exp(logits[row]))
            normal = rng.normal(size=(count, self.dimensions, 1))
            found[row] = means[row][chosen] + np.linalg.solve(whiten[row][chosen], normal)[:, :, 0]
        return found


def fit_mixture_density(
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    components: int = 8,
    layers: int = 3,
    nodes: int = 128,
    steps: int = 4000,
    batch: int = 256,
    rate: float = 2e-3,
    held_out: float = 0.1,
    seed: int = 0,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> MixtureDensity:
    """Train one network, and widen or narrow its Gaussians so that points it never saw are the likeliest.

    Parameters
    ----------
    inputs, targets
        Examples [n, ·] and [n, d], of order one.
    components
        Gaussians.
    layers, nodes
        Hidden layers, and nodes in each.
    steps, batch, rate
        Adam's steps, points in each, and the highest rate of a warm cosine.
    held_out
        The share of the examples, the last ones, that is kept for the width.
    seed
        Fixes weights and batches.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
    """
    from napari_scantwin.core.errors import Cancelled

    d = targets.shape[1]
    learned = len(inputs) - max(1, round(held_out * len(inputs)))
    outputs = components * (1 + 2 * d + d * (d - 1) // 2)
    layout = DenseNetwork(inputs.shape[1], layers, nodes, outputs)

    def told(training):
        if on_progress is not None:
            on_progress(training.done / training.total)

    trained = train_members(
        layout,
        TrainingData(inputs[None, :learned].astype(np.float32), targets[None, :learned].astype(np.float32)),
        members=1,
        steps=steps,
        loss=_MixtureLoss(components, d),
        rate=warm_cosine(rate),
        batch=min(batch, learned),
        seed=seed,
        stop=stop,
        on_steps=told,
    )
    if trained.stopped:
        raise Cancelled
    weights = tuple(np.asarray(part[0], np.float64).reshape(part.shape[1:]) for part in trained.weights)
    widths = np.exp(np.linspace(np.log(0.5), np.log(3.0), 26))
    fits = []
    for width in widths:
        if stop is not None and stop.is_set():
            raise Cancelled
        network = MixtureDensity(weights, components, d, width)
        fits.append(network.log_density(inputs[learned:], targets[learned:]).mean())
    return MixtureDensity(weights, components, d, float(widths[int(np.argmax(fits))]))
