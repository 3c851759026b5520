"""Smoothing that is strong where a picture is flat and weak where it bends, by Stein's unbiased estimate of the error.

A picture with noise of variance one is smoothed by Gaussians of several widths along each axis. The mean square error
of a smoothed picture is estimated without knowing the truth (C. M. Stein, *Annals of Statistics* **9**, 1135, 1981)::

    (smoothed - measured)^2 + 2 f - 1,    f the share of its own reading in each smoothed value

averaged over a neighbourhood. Every place takes the mean of all smoothed pictures, each weighted by how likely its
estimate makes it there (G. Leung and A. R. Barron, *IEEE Trans. Inf. Theory* **52**, 3396, 2006).
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter

__all__ = ["locally_smoothed"]

#: Widths tried along each axis, in samples, for pictures of one or two axes and of more.
_WIDTHS, _FEWER = (0.0, 0.5, 0.8, 1.2, 1.8, 2.7, 4.0), (0.0, 0.8, 1.6, 3.2)
#: Width of the neighbourhood, in samples, and how many times its noise a difference of estimates must be to count.
_NEAR, _TEMPERATURE = 2.0, 4.0
#: Errors are at least this share of the noise.
_LEAST = 1e-3


def locally_smoothed(
    measured: np.ndarray, draws: int = 0, random: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Smooth a picture as far as it is flat.

    Parameters
    ----------
    measured
        The picture [...], its noise independent, of variance one.
    draws
        How many draws of the errors that are left; none by default.
    random
        The generator of the draws.

    Returns
    -------
    tuple of arrays
        The smoothed picture [...], and draws of its error [draws, ...].
    """
    random = random or np.random.default_rng(0)
    noises = random.normal(size=(draws, *measured.shape))
    axes = tuple(range(1, measured.ndim + 1))
    waves = dctn(np.concatenate([measured[None], noises]), norm="ortho", axes=axes)
    widths = _WIDTHS if measured.ndim < 3 else _FEWER
    parts = [np.exp(-0.5 * np.multiply.outer(np.square(widths), _frequency(size) ** 2)) for size in measured.shape]
    total, risk, weight, least = np.zeros(waves.shape), np.zeros(measured.shape), np.zeros(measured.shape), None
    places = (np.sqrt(4 * np.pi) * _NEAR) ** measured.ndim
    for choice in itertools.product(range(len(widths)), repeat=measured.ndim):
        gain = np.ones(())
        for part, number in zip(parts, choice, strict=True):
            gain = np.multiply.outer(gain, part[number])
        smooth = idctn(waves * gain, norm="ortho", axes=axes)
        mine = gaussian_filter((smooth[0] - measured) ** 2, _NEAR, mode="nearest") + 2 * gain.mean() - 1
        lower = mine if least is None else np.minimum(mine, least)
        if least is not None:  # so that no weight is too small or too large for a number
            fade = np.exp((lower - least) * places / _TEMPERATURE)
            total, risk, weight = total * fade, risk * fade, weight * fade
        share = np.exp((lower - mine) * places / _TEMPERATURE)
        total, risk, weight, least = total + share * smooth, risk + share * mine, weight + share, lower
    smooth, risk = total / weight, risk / weight
    # What smoothing leaves of the noise is less than the estimate by what it takes from the picture.
    scatter = np.maximum(gaussian_filter(np.mean(smooth[1:] ** 2, axis=0), _NEAR), _LEAST) if draws else 1.0
    return smooth[0], smooth[1:] * np.sqrt(np.maximum(risk, _LEAST) / scatter)


def _frequency(size: int) -> np.ndarray:
    """Angular frequencies of a cosine transform, a sample."""
    return np.pi * np.arange(size) / size
