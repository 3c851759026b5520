"""Stacks whose components are known: smooth maps of three spectra, two of them one core level shifted, counted."""

from __future__ import annotations

import itertools

import numpy as np

from napari_scantwin.core.scan import gridded_scan


def peak(energy, centre, width):
    return np.exp(-((energy - centre) ** 2) / (2 * width**2))


def mixture(counts, *, pure=True, seed=0, shape=(51, 41), channels=95, gain=1.0):
    """A stack of Poisson counts, its shares [3, y, x] and its spectra of unit sum [3, channels].

    Parameters
    ----------
    counts
        Mean counts of a channel.
    pure
        Whether every component is nearly alone somewhere, or holds no more than about 0.8 of any place.
    seed
        Fixes maps and counts.
    shape, channels
        The size of the stack.
    gain
        What one count adds to a value.
    """
    random = np.random.default_rng(seed)
    energy = np.linspace(-4, 4, channels)
    spectra = np.array(
        [
            peak(energy, -0.5, 0.5) + 0.15,
            peak(energy, 0.5, 0.5) + 0.15,
            peak(energy, 2, 0.4) + 0.4 * peak(energy, -2.2, 0.6) + 0.1,
        ]
    )
    spectra /= spectra.sum(axis=1, keepdims=True)
    fields = np.array([_smooth(random, shape) for _ in range(3)])
    shares = np.exp((3.0 if pure else 1.0) * fields)
    shares /= shares.sum(axis=0)
    shares = shares if pure else 0.08 + 0.76 * shares
    values = random.poisson(counts * channels * np.einsum("kyx,ke->yxe", shares, spectra)) * float(gain)
    axes = {"y": (np.linspace(0, 20, shape[0]), "um"), "x": (np.linspace(0, 16, shape[1]), "um")}
    axes["energy"] = (energy, "eV")
    return gridded_scan(axes, values, name="photoemission_intensity", unit="count"), shares, spectra


def _smooth(random, shape):
    down, across = (np.fft.fftfreq(one) * one for one in shape)
    field = np.fft.ifft2(
        np.fft.fft2(random.normal(size=shape)) * np.exp(-(down[:, None] ** 2 + across[None] ** 2) / 8)
    ).real
    return (field - field.mean()) / field.std()


def share_error(found, truth) -> float:
    """The root mean square error of shares [k, y, x], components in the order that fits best."""
    found, truth = (np.asarray(one).reshape(len(one), -1) for one in (found, truth))
    orders = itertools.permutations(range(len(truth)))
    return min(float(np.sqrt(np.nanmean((found[list(order)] - truth) ** 2))) for order in orders)
