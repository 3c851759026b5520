"""Models whose derived quantities are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.twin import TwinSettings, train

GAS = 8.314462618  # J/mol/K
MOMENT = 0.67171388  # Bohr magneton over Boltzmann's constant, K/T


class MeanField:
    """A mean-field ferromagnet of spin ``j`` (g = 2) with Curie temperature ``curie``, per mole of spins.

    Magnetization M = N g muB j B_j(y), y = (g muB j B / k + 3 j/(j+1) Tc s) / T, and the entropy is that of the
    levels m = -j ... j in the same field, S = R (ln Z - <E>/kT): no Brillouin-function algebra is shared with the
    product.
    """

    def __init__(self, curie: float = 293.0, j: float = 3.5):
        self.curie, self.j = curie, j
        self.levels = np.arange(-j, j + 1) / j

    def _level(self, y):
        return self.levels * np.asarray(y, float)[..., None]

    def order(self, temperature, tesla):
        """Reduced magnetization s by bisection: the largest root of s = B(y(s))."""
        temperature, tesla = np.broadcast_arrays(np.asarray(temperature, float), np.asarray(tesla, float))
        low, high = np.zeros(temperature.shape), np.ones(temperature.shape)
        for _ in range(60):
            middle = (low + high) / 2
            weights = self._level(self.y(temperature, tesla, middle))
            value = (np.exp(weights - logsumexp(weights, axis=-1, keepdims=True)) * self.levels).sum(axis=-1)
            low, high = np.where(value > middle, middle, low), np.where(value > middle, high, middle)
        return (low + high) / 2

    def y(self, temperature, tesla, order):
        return (2 * self.j * MOMENT * tesla + 3 * self.j / (self.j + 1) * self.curie * order) / temperature

    def magnetization(self, temperature, tesla):
        """A m^2 per mole."""
        return 2 * self.j * MOMENT * GAS * self.order(temperature, tesla)

    def entropy(self, temperature, tesla):
        """J/mol/K."""
        order = self.order(temperature, tesla)
        y = self.y(np.asarray(temperature, float), tesla, order)
        return GAS * (logsumexp(self._level(y), axis=-1) - y * order)


@pytest.fixture(scope="session")
def mean_field():
    return MeanField()


@pytest.fixture(scope="session")
def magnet_scan(mean_field):
    """Dense M(H, T) about the Curie temperature, gridded, in A m^2/mol and tesla."""
    tesla, kelvin = np.linspace(0, 1, 121) ** 3 * 5, np.linspace(270, 330, 601)
    values = mean_field.magnetization(kelvin[None, :], tesla[:, None])
    axes = {"magnetic_field": (tesla, "T"), "temperature": (kelvin, "K")}
    return scans.gridded_scan(axes, values, name="magnetization", unit="A*m**2/mol")


@pytest.fixture(scope="session")
def palladium_hydride(measured):
    """The published R(T, H) of hydrogen-loaded palladium and a small twin of it, trained once."""
    scan = read(
        measured / "pdh_resistance.csv",
        axes=["2=magnetic_field[Oe]", "1=temperature[K]"],
        value="3=resistance[ohm]",
    )
    return scan, train(scan, TwinSettings(members=2), score_baselines=False)
