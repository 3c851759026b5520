"""Series of spectra along temperature whose change is known: a gap that opens, two phases that swap, nothing."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from napari_scantwin.core.scan import gridded_scan

TEMPERATURES = np.arange(20, 100.1, 2.5)
CHANGE, STEP = 60.0, 2.5
ENERGY, MOMENTUM = np.linspace(-0.12, 0.06, 48), np.linspace(-0.2, 0.2, 16)
_KB = 8.617333e-5


def _spectral(dispersion, gap, width=0.012):
    """BCS spectral function of a linear band: two branches with their weights."""
    energy = np.sqrt(dispersion**2 + gap**2)
    weight = 0.5 * (1 + np.divide(dispersion, energy, out=np.sign(dispersion), where=energy > 0))
    below, above = (width / np.pi / (width**2 + (ENERGY[:, None] + sign * energy) ** 2) for sign in (1, -1))
    return weight * above + (1 - weight) * below


def clean(kind: str) -> np.ndarray:
    """Noise-free maps [temperature, energy, momentum] of mean one: "gap", "swap" or "null"."""
    maps = []
    for temperature in TEMPERATURES:
        gap = 0.0
        if kind == "gap" and temperature < CHANGE:
            gap = 0.025 * np.tanh(1.74 * np.sqrt(CHANGE / temperature - 1))
        spectrum = _spectral(0.35 * MOMENTUM[None], gap)
        if kind == "swap":
            share = 1 / (1 + np.exp(temperature - CHANGE))
            spectrum = share * _spectral(0.35 * MOMENTUM[None] + 0.03, 0.0) + (1 - share) * spectrum
        fermi = 1 / (1 + np.exp(np.clip(ENERGY / (_KB * temperature), -60, 60)))
        maps.append((spectrum + 0.5) * fermi[:, None] + 0.15)
    found = gaussian_filter1d(np.array(maps), 2.0, axis=1)
    return found / found.mean()


def series(kind: str, counts: float, seed: int = 0):
    """A scan of Poisson counts, ``counts`` a pixel on average."""
    values = np.random.default_rng(seed).poisson(counts * clean(kind)).astype(float)
    axes = {"temperature": (TEMPERATURES, "K"), "energy": (ENERGY, "eV"), "momentum": (MOMENTUM, "1/angstrom")}
    return gridded_scan(axes, values, name="photoemission_intensity", unit="count")
