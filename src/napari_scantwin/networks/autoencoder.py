"""Autoencoders, plain and variational: spectra to a few latent coordinates and back, in TensorFlow.

The variational one draws its latent coordinates about their means and is held to a normal distribution of unit width
(D. P. Kingma and M. Welling, arXiv:1312.6114), so that walking along a latent axis stays among spectra it knows.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from napari_scantwin.networks.backend import tensorflow
from napari_scantwin.networks.trainer import TrainingData, train_members, warm_cosine

__all__ = ["Autoencoder", "fit_autoencoder"]

_RATE, _BATCH = 5e-3, 256
#: How much the distance from a unit normal counts beside a mean squared error of all inputs.
_BETA = 1e-2


@dataclass(frozen=True)
class _Network:
    """One member's Keras model: encoder, latent, decoder; linear plus a bent part on either side."""

    inputs: int
    latent: int
    nodes: int
    variational: bool

    def __call__(self):
        keras = tensorflow().keras
        layers = keras.layers
        given = keras.Input((self.inputs,))
        hidden = layers.Dense(self.nodes, "tanh")(given)
        mean = layers.Add()([layers.Dense(self.latent)(hidden), layers.Dense(self.latent, use_bias=False)(given)])
        parts = [mean]
        drawn = mean
        if self.variational:
            spread = layers.Dense(self.latent)(hidden)
            noise = layers.GaussianNoise(1.0)(layers.Rescaling(0.0)(mean), training=True)
            drawn = layers.Add()([mean, layers.Multiply()([layers.Activation("exponential")(spread), noise])])
            parts.append(spread)
        bent = layers.Dense(self.nodes, "tanh")(drawn)
        out = layers.Add()([layers.Dense(self.inputs)(bent), layers.Dense(self.inputs, use_bias=False)(drawn)])
        return keras.Model(given, layers.Concatenate()([out, *parts]))


@dataclass(frozen=True)
class _Loss:
    inputs: int
    latent: int
    variational: bool

    def __call__(self, targets, outputs):
        tf = tensorflow()
        loss = tf.reduce_mean((targets - outputs[..., : self.inputs]) ** 2, axis=-1)
        if self.variational:
            mean = outputs[..., self.inputs : self.inputs + self.latent]
            spread = outputs[..., self.inputs + self.latent :]
            apart = 0.5 * tf.reduce_sum(tf.exp(2 * spread) + mean**2 - 1 - 2 * spread, axis=-1)
            loss += _BETA / self.inputs * apart
        return loss


@dataclass
class Autoencoder:
    """A trained autoencoder as plain arrays.

    Parameters
    ----------
    encoder
        Kernel [p, h], offset [h], kernel [h, d], offset [d], straight kernel [p, d].
    decoder
        Kernel [d, h], offset [h], kernel [h, p], offset [p], straight kernel [d, p].
    """

    encoder: list[np.ndarray]
    decoder: list[np.ndarray]

    def encode(self, features: np.ndarray) -> np.ndarray:
        """Latent coordinates [n, d] of features [n, p]."""
        return self._through(self.encoder, features)

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """Features [n, p] of latent coordinates [n, d]."""
        return self._through(self.decoder, latent)

    @staticmethod
    def _through(parts, signal):
        first, offset, second, last, straight = parts
        return np.tanh(signal @ first + offset) @ second + last + signal @ straight


def fit_autoencoder(
    features: np.ndarray,
    latent: int,
    *,
    variational: bool = False,
    nodes: int = 32,
    steps: int = 1500,
    seed: int = 0,
    stop: threading.Event | None = None,
    on_progress=None,
) -> Autoencoder:
    """Train an autoencoder.

    Parameters
    ----------
    features
        What is coded [n, p], of order one.
    latent
        How many latent coordinates.
    variational
        Whether it is a variational one.
    nodes
        Width of the hidden layers.
    steps
        Steps of the training.
    seed
        Fixes starting weights and batches.
    stop
        Ends the training when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    Autoencoder
        The trained one.

    Raises
    ------
    Cancelled
        Where ``stop`` was set before the first step.
    """
    inputs = features.shape[1]
    data = np.asarray(features, np.float32)[None]
    trained = train_members(
        _Network(inputs, latent, nodes, variational),
        TrainingData(data, data),
        members=1,
        steps=steps,
        loss=_Loss(inputs, latent, variational),
        rate=warm_cosine(_RATE),
        batch=min(_BATCH, len(features)),
        seed=seed,
        stop=stop,
        on_steps=None if on_progress is None else lambda now: on_progress(now.done / max(now.total, 1)),
    )
    model = trained.keras_model(0)
    dense = [layer for layer in model.layers if isinstance(layer, tensorflow().keras.layers.Dense)]
    return Autoencoder(*_sorted(dense, inputs, latent, nodes))


def _sorted(dense, inputs: int, latent: int, nodes: int):
    """The layers' arrays by what they do: the shapes tell, and of two alike the order."""
    hidden = [one for one in dense if tuple(one.kernel.shape) == (inputs, nodes) and one.use_bias]
    mean = [one for one in dense if tuple(one.kernel.shape) == (nodes, latent) and one.use_bias]
    into = [one for one in dense if tuple(one.kernel.shape) == (inputs, latent) and not one.use_bias]
    bent = [one for one in dense if tuple(one.kernel.shape) == (latent, nodes) and one.use_bias]
    out = [one for one in dense if tuple(one.kernel.shape) == (nodes, inputs) and one.use_bias]
    back = [one for one in dense if tuple(one.kernel.shape) == (latent, inputs) and not one.use_bias]

    def arrays(first, second, straight):
        parts = [first.kernel, first.bias, second.kernel, second.bias, straight.kernel]
        return [np.asarray(one, float) for one in parts]

    return arrays(hidden[0], mean[0], into[0]), arrays(bent[0], out[0], back[0])
