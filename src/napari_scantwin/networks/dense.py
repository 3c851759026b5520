"""Fully connected networks of swish layers: their Keras model for training, and their evaluation from plain arrays.

What is saved are the arrays alone, a kernel [members, in, out] and an offset [members, 1, out] a layer. A few points
are evaluated by NumPy, sooner than TensorFlow is loaded; many by TensorFlow, without building a Keras model.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from napari_scantwin.networks.backend import tensorflow
from napari_scantwin.networks.evaluation import in_chunks

__all__ = ["DenseNetwork", "evaluate", "evaluate_slopes", "plain", "swish"]


@dataclass(frozen=True)
class DenseNetwork:
    """A fully connected network of swish layers; called, it gives a new Keras model of it.

    Parameters
    ----------
    inputs
        Number of input features.
    layers, nodes
        Hidden layers, and nodes in each.
    outputs
        Number of outputs of the last layer, which is linear.
    """

    inputs: int
    layers: int = 4
    nodes: int = 64
    outputs: int = 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """Width of every layer from the inputs to the outputs."""
        return (self.inputs, *([self.nodes] * self.layers), self.outputs)

    def __call__(self):
        keras = tensorflow().keras
        hidden = [keras.layers.Dense(self.nodes, swish) for _ in range(self.layers)]
        return keras.Sequential([keras.Input((self.inputs,)), *hidden, keras.layers.Dense(self.outputs)])

    def initial(self, members: int, seed: int) -> list[np.ndarray]:
        """Starting weights: He-scaled normal ones, offsets spread so that the first layer's bends cover the data.

        Parameters
        ----------
        members
            How many networks.
        seed
            Fixes them.

        Returns
        -------
        list of arrays
            For each layer a kernel [members, in, out] and an offset [members, out], float32.
        """
        random = np.random.default_rng(seed)
        parameters = []
        for number, (inputs, outputs) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True)):
            last = number == len(self.sizes) - 2
            scale = np.sqrt((1.0 if last else 2.0) / inputs)
            parameters.append(random.normal(0, scale, (members, inputs, outputs)).astype(np.float32))
            offsets = random.uniform(-1, 1, (members, outputs)) if number == 0 else np.zeros((members, outputs))
            parameters.append(offsets.astype(np.float32))
        return parameters


def swish(signal):
    """The swish s / (1 + exp(-s)), by the tangent, which compiles to faster code than the exponential."""
    half = 0.5 * signal
    return half + half * tensorflow().tanh(half)


def plain(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Stacked weights as they are evaluated and saved: offsets [members, out] become [members, 1, out]."""
    return [part[:, None] if part.ndim == 2 else part for part in weights]


def _forward(tf, parameters, features):
    """Outputs [members, points] of the stacked networks for features [members, points, inputs]."""
    signal = features
    for layer in range(0, len(parameters), 2):
        signal = tf.matmul(signal, parameters[layer]) + parameters[layer + 1]
        if layer < len(parameters) - 2:
            signal = swish(signal)
    return signal[..., 0]


def _slopes(xp, parameters, features, order: int):
    """The ``order``-th derivative [members, points] of the networks along a line on which the features are
    ``f + f' t + f'' t^2 / 2``: ``features`` [members, points, (order + 1) inputs] are f, f' and, for the second, f''.

    Exact forward differentiation, order by order: with s the signal and a the activation, a(s)' = a'(s) s' and
    a(s)'' = a''(s) s'^2 + a'(s) s''. ``xp`` is NumPy or TensorFlow; ``tf.autodiff`` takes half as long again for the
    first, and its second was not compiled after 40 s.
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

    def outputs(parameters, features):
        return _slopes(tf, parameters, features, order) if order else _forward(tf, parameters, features)

    return tf.function(outputs, jit_compile=True, autograph=False)


#: So few points (a line cut under the mouse) are done by NumPy sooner than TensorFlow is called, or loaded.
_FEW = 2048


def _evaluate_few(parameters, features) -> np.ndarray:
    signal = features
    for layer in range(0, len(parameters), 2):
        signal = np.matmul(signal, parameters[layer].astype(float)) + parameters[layer + 1]
        if layer < len(parameters) - 2:
            signal *= expit(signal)
    return signal[..., 0]


def evaluate(parameters: list[np.ndarray], features: np.ndarray, *, stop=None, on_progress=None) -> np.ndarray:
    """Outputs of trained networks, computed in chunks of constant memory, several at a time.

    Parameters
    ----------
    parameters
        For each layer a kernel [members, in, out] and an offset [members, 1, out].
    features
        Inputs [members or 1, points, inputs].
    stop
        A ``threading.Event`` that ends the work when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    array
        Outputs [members, points].

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    if features.shape[1] <= _FEW:
        return _evaluate_few(parameters, features)
    return _many(0, parameters, features, stop=stop, on_progress=on_progress)


def evaluate_slopes(parameters: list[np.ndarray], taylor: np.ndarray, *, stop=None) -> np.ndarray:
    """First or second derivative of trained networks along a line through every point.

    Parameters
    ----------
    parameters
        For each layer a kernel [members, in, out] and an offset [members, 1, out].
    taylor
        The features and their first (and second) derivatives along the line [2 or 3, points, inputs]; their number
        decides the order.
    stop
        A ``threading.Event`` that ends the work when it is set.

    Returns
    -------
    array
        Derivatives [members, points].

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    order = len(taylor) - 1
    features = np.concatenate(list(taylor), axis=-1)[None]
    if features.shape[1] <= _FEW:
        return _slopes(np, parameters, features, order)
    return _many(order, parameters, features, stop=stop)


def _many(order: int, parameters, features, **options) -> np.ndarray:
    """Outputs or a derivative at many points, by TensorFlow."""
    weights = [tensorflow().constant(part) for part in parameters]
    forward = functools.partial(_compiled_forward(order), weights)
    return in_chunks(forward, features, len(parameters[0]), **options)
