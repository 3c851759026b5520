"""The network of pictures: it learns, is the same for the same seed, and its response maps are transposed
convolutions."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.networks.backend import tensorflow
from napari_scantwin.networks.classifiers import ClassifierNetwork, decaying_adam, logits, soft_cross_entropy
from napari_scantwin.networks.image_classifier import (
    ImageClassifier,
    adversarial,
    dream,
    probabilities,
    response_maps,
    train_images,
)
from napari_scantwin.networks.trainer import TrainingData, train_members

NETWORK = ImageClassifier(2, 3, (4, 3), size=16)


@pytest.fixture(scope="module")
def bars():
    """Pictures of an upright and of a lying bar."""
    random = np.random.default_rng(0)
    images, classes = random.uniform(0, 0.3, (64, 16, 16, 3)).astype(np.float32), np.arange(64) % 2
    for image, lying, place in zip(images, classes, random.integers(2, 14, 64), strict=True):
        (image if lying else image.transpose(1, 0, 2))[place] = 1
    return images, classes


@pytest.fixture(scope="module")
def weights(bars):
    return train_images(NETWORK, *bars, epochs=25, batch=16, seed=1)


def test_it_learns_and_is_the_same_for_the_same_seed(bars, weights):
    told = probabilities(NETWORK, weights, bars[0])
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-5)
    assert (told.argmax(axis=1) == bars[1]).mean() > 0.9
    few = [train_images(NETWORK, *bars, epochs=1, batch=16, seed=4) for _ in range(2)]
    for one, other in zip(*few, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_response_of_the_first_layer_is_the_transposed_convolution_of_its_strongest_maps(bars, weights):
    tf = tensorflow()
    image, kernel, bias = bars[0][0], weights[0], weights[1]
    signal = np.maximum(tf.nn.conv2d(image[None], kernel, 1, "SAME").numpy() + bias, 0)
    strongest = np.argsort(signal.mean(axis=(0, 1, 2)), kind="stable")[::-1][:2]
    found = response_maps(NETWORK, weights, image, top=2)
    assert [one.shape for one in found] == [(2, 16, 16, 3)] * 4
    for place, number in enumerate(strongest):
        alone = np.zeros_like(signal)
        alone[..., number] = signal[..., number]
        truth = tf.nn.conv2d_transpose(alone, kernel, (1, 16, 16, 3), 1, "SAME").numpy()[0]
        np.testing.assert_allclose(found[0][place], truth, atol=1e-4)


def test_an_adversarial_picture_is_near_and_told_less_well(bars, weights):
    images, classes = bars
    changed = adversarial(NETWORK, weights, images, classes, 0.1)
    assert np.abs(changed - images).max() <= 0.1 + 1e-6
    before = probabilities(NETWORK, weights, images)[np.arange(64), classes].mean()
    assert probabilities(NETWORK, weights, changed)[np.arange(64), classes].mean() < before


def test_a_dream_is_taken_for_its_class(weights):
    found = dream(NETWORK, weights, 1, steps=40)
    assert found.shape == (16, 16, 3)
    assert probabilities(NETWORK, weights, found[None])[0, 1] > 0.8


def test_logits_of_numpy_are_those_of_keras():
    network = ClassifierNetwork(5, 3, layers=2, nodes=7)
    x = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    shares = np.eye(3)[np.argmax(x[:, :3], axis=1)]
    data = TrainingData(x[None], shares[None])
    trained = train_members(
        network, data, members=2, steps=150, loss=soft_cross_entropy, optimiser=decaying_adam, rate=1e-2
    )
    found = logits(trained.weights, x)
    for member in range(2):
        theirs = trained.keras_model(member)(x, training=False).numpy()
        np.testing.assert_allclose(found[member], theirs, atol=1e-4)
    assert (found.mean(axis=0).argmax(axis=1) == shares.argmax(axis=1)).mean() > 0.9
