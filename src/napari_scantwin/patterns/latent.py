"""Latent axes of a stack: an autoencoder's coordinates of every place, and the spectrum of any coordinates."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from napari_scantwin.networks.autoencoder import Autoencoder, fit_autoencoder
from napari_scantwin.patterns.components import Decomposer
from napari_scantwin.patterns.counting import WeightedTable
from napari_scantwin.patterns.matrix import ObservationTable

__all__ = ["LatentDecomposer", "fit_latent"]

#: Principal components the autoencoder sees, beyond those there is evidence for.
_SPARE = 4


@dataclass
class LatentDecomposer(Decomposer):
    """An autoencoder of the spectra of unit sum.

    Parameters
    ----------
    network
        The autoencoder, on standardised features.
    loadings, of_channels
        Right singular vectors [m, p] and the noise of the channels [p].
    middle, spread
        Of the features [m].
    scale, centre
        Standard deviation and mean of the latent coordinates [d]; they are shown in these.
    """

    network: Autoencoder
    loadings: np.ndarray
    of_channels: np.ndarray
    middle: np.ndarray
    spread: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    @property
    def spectra(self) -> np.ndarray:
        """What a step of one along each latent axis, from the middle, changes in the spectrum of unit sum [d, p]."""
        count = len(self.scale)
        middle = self.decode(np.zeros((1, count)))
        return (self.decode(np.eye(count)) - self.decode(-np.eye(count))) / 2 + 0 * middle

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """Spectra of unit sum [n, p] of latent coordinates [n, d], in standard deviations from their mean."""
        features = self.network.decode(latent * self.scale + self.centre) * self.spread + self.middle
        spectra = (features @ self.loadings) * self.of_channels
        return spectra / spectra.sum(axis=1, keepdims=True)

    def amounts(self, rows: np.ndarray) -> np.ndarray:
        """Intensity and latent coordinates [n, 1 + d]."""
        total = np.maximum(rows.sum(axis=1, dtype=float), np.finfo(float).tiny)
        features = np.asarray((rows / self.of_channels) @ self.loadings.T, float) / total[:, None]
        latent = (self.network.encode((features - self.middle) / self.spread) - self.centre) / self.scale
        return np.column_stack([total, latent])

    def model(self, amounts: np.ndarray) -> np.ndarray:
        return amounts[:, :1] * self.decode(amounts[:, 1:])

    def shown(self, amounts: np.ndarray) -> np.ndarray:
        return amounts[:, 1:]


def fit_latent(
    table: ObservationTable,
    weighted: WeightedTable,
    count: int,
    variational: bool,
    seed: int,
    stop: threading.Event | None,
    on_progress,
) -> tuple[LatentDecomposer, np.ndarray]:
    """Train the autoencoder on a table's spectra of unit sum; one latent axis fewer than there are components.

    Spectra of k parts whose shares add up to one lie in k - 1 dimensions.

    Parameters
    ----------
    table, weighted
        The table and its weighted rows.
    count
        How many components there are.
    variational, seed, stop, on_progress
        As for :func:`~napari_scantwin.networks.autoencoder.fit_autoencoder`.

    Returns
    -------
    LatentDecomposer, numpy.ndarray
        The autoencoder, and the amounts of the rows.
    """
    latent = max(1, count - 1)
    held = min(count + _SPARE, len(weighted.loadings))
    features = weighted.features(held)
    middle = features.mean(axis=0)
    spread = np.full(held, float(np.sqrt(np.mean((features - middle) ** 2))))
    network = fit_autoencoder(
        (features - middle) / spread, latent, variational=variational, seed=seed, stop=stop, on_progress=on_progress
    )
    coordinates = network.encode((features - middle) / spread)
    centre, scale = coordinates.mean(axis=0), np.maximum(coordinates.std(axis=0), 1e-9)
    found = LatentDecomposer(network, weighted.loadings[:held], weighted.of_channels, middle, spread, centre, scale)
    return found, found.amounts(weighted.rows)
