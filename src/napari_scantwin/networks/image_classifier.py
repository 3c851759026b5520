"""A convolutional network that tells classes of small pictures, and what in a picture it answers to.

Six convolutions in three pairs with pooling between them, as Ziletti et al., Nat. Commun. 9, 2775 (2018) have them. The
attentive response maps are those of Zeiler and Fergus (2014): what a feature map answers to, carried back to the
picture through transposed convolutions, the switches of the pooling and rectified signals. That is the gradient of
the feature map where every rectifier passes only what is positive, on the way back as on the way there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.backend import tensorflow

__all__ = ["ImageClassifier", "adversarial", "dream", "probabilities", "response_maps", "train_images"]


@dataclass(frozen=True)
class ImageClassifier:
    """The network; called, it gives a new Keras model whose outputs are logits.

    Parameters
    ----------
    classes
        How many classes.
    kernel
        The width of every convolution's kernel.
    filters
        Of each pair of convolutions.
    size
        Width and height of the pictures.
    """

    classes: int = 7
    kernel: int = 7
    filters: tuple[int, ...] = (32, 16, 8)
    size: int = 64

    def __call__(self):
        keras = tensorflow().keras
        layers = keras.layers
        parts = [keras.Input((self.size, self.size, 3))]
        for number, filters in enumerate(self.filters):
            if number:
                parts.append(layers.MaxPooling2D())
            parts += [
                layers.Conv2D(filters, self.kernel, padding="same", activation=_relu(), kernel_initializer="orthogonal")
                for _ in range(2)
            ]
        parts += [layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, _relu()), layers.BatchNormalization()]
        return keras.Sequential([*parts, layers.Dense(self.classes)])


def _relu() -> Callable:
    return tensorflow().nn.relu


def train_images(
    network: ImageClassifier,
    images: np.ndarray,
    classes: np.ndarray,
    *,
    epochs: int = 5,
    batch: int = 32,
    seed: int = 0,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> list[np.ndarray]:
    """Train the network by Adam at a rate of 1e-3, as the paper does.

    Parameters
    ----------
    network
        The network.
    images, classes
        Pictures [n, size, size, 3] and the numbers of their classes [n].
    epochs, batch
        How often each picture is seen, and how many at once.
    seed
        Fixes weights and order.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
    on_progress
        Called with the fraction done.

    Returns
    -------
    list of arrays
        The weights, in Keras's order.
    """
    tf = tensorflow()
    tf.keras.utils.set_random_seed(seed)
    model = network()
    optimiser = tf.keras.optimizers.Adam(1e-3)
    optimiser.build(model.trainable_variables)

    @tf.function
    def step(pictures, truth):
        with tf.GradientTape() as tape:
            outputs = model(pictures, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(truth, outputs)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimiser.apply(gradients, model.trainable_variables)
        return loss

    random = np.random.default_rng(seed)
    batch = min(batch, len(images))
    rounds = len(images) // batch
    for epoch in range(epochs):
        order = random.permutation(len(images))
        for number in range(rounds):
            if stop is not None and stop.is_set():
                raise Cancelled
            rows = order[number * batch : (number + 1) * batch]
            step(tf.constant(images[rows], tf.float32), tf.constant(classes[rows], tf.int32))
            if on_progress is not None:
                on_progress((epoch * rounds + number + 1) / (epochs * rounds))
    return model.get_weights()


def _model(network: ImageClassifier, weights: list[np.ndarray]):
    model = network()
    model.set_weights(weights)
    return model


def probabilities(network: ImageClassifier, weights: list[np.ndarray], images: np.ndarray, chunk: int = 128):
    """Probabilities of the classes, an array [n, classes], of pictures [n, size, size, 3]."""
    tf = tensorflow()
    model = _model(network, weights)
    forward = tf.function(lambda pictures: tf.nn.softmax(model(pictures, training=False)), reduce_retracing=True)
    parts = [forward(tf.constant(images[k : k + chunk], tf.float32)).numpy() for k in range(0, len(images), chunk)]
    return np.concatenate(parts)


def response_maps(
    network: ImageClassifier, weights: list[np.ndarray], image: np.ndarray, top: int = 4
) -> list[np.ndarray]:
    """What the strongest feature maps of every convolution answer to in a picture.

    Parameters
    ----------
    network, weights
        The trained network.
    image
        The picture [size, size, 3].
    top
        How many feature maps a layer, those of the greatest mean signal.

    Returns
    -------
    list of arrays
        For each convolution [top, size, size, 3], in the order of the layers.
    """
    tf = tensorflow()
    model = _model(network, weights)

    @tf.custom_gradient
    def deconvolved(signal):
        return tf.nn.relu(signal), tf.nn.relu  # back as there: what is positive

    found = []
    picture = tf.constant(image[None], tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(picture)
        signal, signals = picture, []
        for layer in model.layers:
            kind = type(layer).__name__
            if kind == "Conv2D":
                signal = deconvolved(tf.nn.conv2d(signal, layer.kernel, 1, "SAME") + layer.bias)
                signals.append(signal)
            elif kind == "MaxPooling2D":
                signal = layer(signal)
            elif kind == "Dropout":
                break
        chosen = []
        for signal in signals:
            strengths = tf.reduce_mean(signal, (0, 1, 2)).numpy()
            best = np.argsort(strengths, kind="stable")[::-1][:top]
            chosen.append([0.5 * tf.reduce_sum(signal[..., int(number)] ** 2) for number in best])
    for maps in chosen:
        # The gradient of half the square of a feature map carries the map itself back.
        found.append(np.stack([tape.gradient(one, picture).numpy()[0] for one in maps]))
    return found


def adversarial(
    network: ImageClassifier, weights: list[np.ndarray], images: np.ndarray, classes: np.ndarray, size: float
) -> np.ndarray:
    """Pictures changed everywhere by ``size`` towards whatever is told less well (the fast gradient's sign,
    Goodfellow et al. 2015), within 0 to 1."""
    tf = tensorflow()
    model = _model(network, weights)
    pictures = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        outputs = model(pictures, training=False)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant(classes, tf.int32), outputs))
    return np.clip(images + size * np.sign(tape.gradient(loss, pictures).numpy()), 0, 1)


def dream(network: ImageClassifier, weights: list[np.ndarray], label: int, *, steps: int = 60, seed: int = 0):
    """A picture [size, size, 3] that the network takes for a class, found from noise by so many steps of Adam; it
    need be no picture of anything."""
    tf = tensorflow()
    model = _model(network, weights)
    start = np.random.default_rng(seed).uniform(0, 1, (1, network.size, network.size, 3))
    picture = tf.Variable(start.astype(np.float32))
    optimiser = tf.keras.optimizers.Adam(0.05)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            gain = tf.nn.log_softmax(model(tf.clip_by_value(picture, 0.0, 1.0), training=False))[0, label]
            loss = -gain
        optimiser.apply([tape.gradient(loss, picture)], [picture])
    return np.clip(picture.numpy()[0], 0, 1)
