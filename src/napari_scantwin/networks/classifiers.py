"""Fully connected networks that tell classes: their Keras model for training, and their evaluation from plain arrays.

Targets are shares of the classes, so that what is half of one and half of another may be learned from; NumPy
evaluates the networks, sooner than TensorFlow is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from napari_scantwin.networks.backend import tensorflow

__all__ = ["ClassifierNetwork", "decaying_adam", "logits", "soft_cross_entropy"]

_DECAY = 1e-2


@dataclass(frozen=True)
class ClassifierNetwork:
    """Swish layers and, between them, dropout; the outputs are logits. Called, it gives a new Keras model.

    Parameters
    ----------
    inputs
        Number of input features.
    outputs
        Number of classes.
    layers, nodes
        Hidden layers, and nodes in each.
    dropout
        Which part of the hidden signals is dropped while training.
    """

    inputs: int
    outputs: int
    layers: int = 2
    nodes: int = 128
    dropout: float = 0.2

    def __call__(self):
        keras = tensorflow().keras
        parts = [keras.Input((self.inputs,))]
        for _ in range(self.layers):
            parts += [keras.layers.Dense(self.nodes, "swish"), keras.layers.Dropout(self.dropout)]
        return keras.Sequential([*parts, keras.layers.Dense(self.outputs)])


def decaying_adam():
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""
    return tensorflow().keras.optimizers.AdamW(1e-3, weight_decay=_DECAY)


def soft_cross_entropy(targets, outputs):
    """The cross entropy of shares and logits of one member, [n, classes] both: [n]."""
    return tensorflow().nn.softmax_cross_entropy_with_logits(targets, outputs)


def logits(weights: list[np.ndarray], features: np.ndarray) -> np.ndarray:
    """Logits of every member.

    Parameters
    ----------
    weights
        For each layer a kernel [members, in, out] and an offset [members, out].
    features
        Inputs [n, inputs].

    Returns
    -------
    array
        [members, n, classes].
    """
    members = []
    for member in range(len(weights[0])):
        signal = np.asarray(features, np.float32)
        for layer in range(0, len(weights), 2):
            signal = signal @ weights[layer][member] + weights[layer + 1][member]
            if layer < len(weights) - 2:
                signal = signal * expit(signal)
        members.append(signal)
    return np.stack(members)
