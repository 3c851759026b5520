"""Latent axes: maps and spectra from an autoencoder, whose decoder goes on between the places."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.patterns import decompose

from .mixtures import mixture


@pytest.mark.parametrize("variational", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_latent_coordinates_are_maps_and_the_decoder_gives_their_spectra(variational):
    scan, shares, spectra = mixture(100, shape=(24, 20), channels=40)
    found = decompose(scan, method="latent", variational=variational)
    assert found.shares.dims == ("component", "y", "x")
    assert found.count == 2
    assert float(found.misfit.mean()) < 1.3
    # The places of the purest shares decode to the spectra of their components.
    flat = shares.reshape(3, -1)
    for k in range(3):
        place = int(np.argmax(flat[k]))
        decoded = found.decomposer.decode(found.amounts[place : place + 1, 1:])[0]
        assert decoded.sum() == pytest.approx(1)
        assert np.dot(decoded, spectra[k]) / np.linalg.norm(decoded) / np.linalg.norm(spectra[k]) > 0.98
    latent = found.shares.values.reshape(2, -1)
    np.testing.assert_allclose(latent.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(latent.std(axis=1), 1, atol=1e-6)


def test_the_same_seed_gives_the_same_latent_axes():
    scan, _, _ = mixture(50, shape=(12, 12), channels=20)
    one, other = (decompose(scan, k=2, gain=1, method="latent", seed=1) for _ in range(2))
    np.testing.assert_array_equal(one.shares, other.shares)
