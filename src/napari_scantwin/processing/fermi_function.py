"""The Fermi-Dirac edge as an analyser sees it: times a linear density of states, convolved with a Gaussian."""

from __future__ import annotations

import numpy as np
from scipy import constants
from scipy.special import expit, ndtr

__all__ = ["BOLTZMANN", "broadened_edge", "fermi"]

#: Boltzmann's constant in eV/K.
BOLTZMANN = constants.k / constants.e

#: The derivative of the Fermi function is followed this far on either side, in kT: 2e-9 of it lies beyond.
_REACH = 20.0
#: A Gaussian narrower than this share of kT cannot be distinguished from none (it changes the edge by 7e-5).
_NARROW = 0.02
#: A temperature below this share of the Gaussian cannot be distinguished from zero.
_COLD = 1e-4


def fermi(energy: np.ndarray, temperature: float) -> np.ndarray:
    """The Fermi function 1 / (exp(E/kT) + 1); a step at 0 K.

    Parameters
    ----------
    energy
        Energies E (eV) from the Fermi level, of any shape.
    temperature
        In K.

    Returns
    -------
    numpy.ndarray
        Occupations from 0 to 1, shaped like ``energy``.
    """
    energy = np.asarray(energy, float)
    if temperature <= 0:
        return np.where(energy < 0, 1.0, np.where(energy > 0, 0.0, 0.5))
    return expit(-energy / (BOLTZMANN * temperature))


def broadened_edge(
    energy: np.ndarray, temperature: float, sigma: float, height: float = 1.0, slope: float = 0.0
) -> np.ndarray:
    """A Fermi edge as an analyser sees it: [(height + slope E) f(E)] convolved with a Gaussian.

    The Fermi function is the mean of steps at u with weights -f'(u); a step times a line convolved with a Gaussian is
    known in closed form, so that one sum over u is left, exponentially accurate once its spacing is below kT and
    ``sigma``.

    Parameters
    ----------
    energy
        Energies E (eV) from the Fermi level.
    temperature
        In K.
    sigma
        Standard deviation of the Gaussian (eV); 0: none.
    height, slope
        The density of states: its value at the Fermi level and its slope per eV.

    Returns
    -------
    numpy.ndarray
        The intensity at every energy, in the unit of ``height``.
    """
    energy = np.asarray(energy, float)
    thermal = BOLTZMANN * max(temperature, 0.0)
    if sigma <= _NARROW * thermal or sigma <= 0:
        return (height + slope * energy) * fermi(energy, temperature)
    if thermal <= _COLD * sigma:
        return _broadened_step(energy, np.zeros(1), sigma, height, slope)[..., 0]
    spacing = min(sigma, thermal)
    count = int(np.ceil(_REACH * thermal / spacing))
    places = spacing * np.arange(-count, count + 1)
    weights = 1 / np.cosh(places / (2 * thermal)) ** 2
    return _broadened_step(energy, places, sigma, height, slope) @ (weights / weights.sum())


def _broadened_step(energy, places, sigma: float, height: float, slope: float) -> np.ndarray:
    """(height + slope E) for E below each of ``places`` [m], convolved with the Gaussian, at ``energy`` [n]: [n, m]."""
    below = (places - energy[..., None]) / sigma
    peak = np.exp(-0.5 * below**2) / np.sqrt(2 * np.pi)
    return (height + slope * energy[..., None]) * ndtr(below) - slope * sigma * peak
