"""The lattice's heat capacity, and where order sets in."""

import numpy as np
import pytest
from scipy.integrate import quad

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.measured.data import MeasuredCurve
from napari_scantwin.crystal_field.measured.formula import Formula
from napari_scantwin.crystal_field.measured.lattice import (
    AnalogueLattice,
    DebyeEinstein,
    debye,
    einstein,
    fit_debye_einstein,
    lindemann_factor,
    subtracted,
)
from napari_scantwin.crystal_field.measured.ordering import ordering_in


def _levels(t, *levels):
    """The heat capacity of levels (energy in K, states) in k_B, from its definition."""
    energies = np.repeat([energy for energy, _ in levels], [states for _, states in levels])
    weights = np.exp(-energies[None] / t[:, None])
    weights /= weights.sum(axis=1, keepdims=True)
    return (weights @ energies**2 - (weights @ energies) ** 2) / t**2


def _curve(t, c, error=0.01, kind="heat_capacity", **more):
    return IonCurve(kind, "c", t, c, np.full(t.shape, error), label="sample", **more)


@pytest.mark.parametrize("u", [0.01, 0.3, 1.0, 5.0, 20.0, 200.0])
def test_debye_and_einstein(u):
    integral, _ = quad(lambda x: x**4 * np.exp(-x) / (1 - np.exp(-x)) ** 2, 0, u, epsabs=0, epsrel=1e-11, limit=200)
    assert debye(np.array([u]))[0] == pytest.approx(3 / u**3 * integral, rel=1e-9)
    assert einstein(np.array([u]))[0] == pytest.approx(u**2 * np.exp(-u) / (1 - np.exp(-u)) ** 2, rel=1e-9)


def test_limits():
    """Dulong and Petit's 3 k_B an atom, and Debye's 12/5 π⁴ (T/Θ)³."""
    lattice = DebyeEinstein(200.0, 150.0, 0.4, atoms=4)
    assert lattice(np.array([1e5]))[0] == pytest.approx(12.0, rel=1e-5)
    cold = DebyeEinstein(200.0, atoms=1)(np.array([2.0]))[0]
    assert cold == pytest.approx(12 / 5 * np.pi**4 * (2 / 200) ** 3, rel=1e-6)


def test_lindemann_factor():
    """A heavier ion lowers the Debye temperature; worked out by hand for KErSe2 against KLuSe2."""
    sample, analogue = Formula.of("KErSe2"), Formula.of("KLuSe2")
    heavy = [39.0983**1.5 + mass**1.5 + 2 * 78.971**1.5 for mass in (174.9668, 167.259)]
    assert lindemann_factor(sample, analogue) == pytest.approx((heavy[0] / heavy[1]) ** (1 / 3), rel=1e-4)
    assert lindemann_factor(sample, sample) == 1
    assert lindemann_factor(sample, None) == 1


@pytest.mark.parametrize("factor", [0.97, 1.0, 1.04])
def test_an_analogue_is_taken_off(factor):
    """A lattice of stretched temperatures under two levels: the remainder is the levels' own."""
    t_analogue, t = np.linspace(1.5, 210, 240), np.geomspace(2, 190, 60)
    lattice = DebyeEinstein(120.0, 200.0, 0.7, atoms=4)
    gas_constant = 8.314462618
    measured = MeasuredCurve(
        "KLuSe2", "f", t_analogue, lattice(t_analogue) * gas_constant, None, "K", "J/mol/K", "heat_capacity", field=0.0
    )
    truth = _levels(t, (0, 2), (40, 2), (70, 4))
    whole = truth + lattice(t / factor)
    made = subtracted(_curve(t, whole), AnalogueLattice.of(measured, factor=factor))
    np.testing.assert_allclose(made.curve.value, truth, atol=2e-3)
    np.testing.assert_allclose(made.curve.lattice, lattice(t / factor), atol=2e-3)
    # The lattice is known to 2 %, so that the remainder is hardly known where the lattice is all there is.
    assert made.curve.error[-1] > 0.2 > 0.02 > made.curve.error[0]
    assert len(made.notes) == 1


def test_a_wrong_mass_is_said():
    """A lattice of too large a mass leaves values below zero: how many, where and how much."""
    t = np.geomspace(2, 190, 60)
    lattice = DebyeEinstein(150.0, atoms=4)
    made = subtracted(_curve(t, lattice(t)), lambda_like := _Scaled(lattice, 1.2))
    assert lambda_like.words in made.notes[0]
    assert "fall below zero" in made.notes[1]
    assert "16.7 % too large" in made.notes[1] or "20.0 % too large" in made.notes[1]
    assert (made.curve.value < 0).any()  # they stay


class _Scaled:
    words = "a lattice"

    def __init__(self, lattice, scale):
        self._lattice, self._scale = lattice, scale

    def __call__(self, t):
        return self._scale * self._lattice(t)


def test_an_analogue_measured_too_short():
    t = np.geomspace(2, 190, 60)
    lattice = AnalogueLattice(np.linspace(1, 100, 90), np.linspace(1, 100, 90) ** 2 * 1e-4, label="Lu")
    made = subtracted(_curve(t, np.ones_like(t)), lattice)
    assert made.curve.x.max() <= 100
    assert f"{int((t > 100).sum())} readings" in made.notes[1]
    with pytest.raises(ScanError, match="measure it over the same temperatures"):
        subtracted(_curve(t + 200, np.ones_like(t)), lattice)


def test_a_model_is_found_again():
    t = np.linspace(5, 300, 80)
    truth = DebyeEinstein(180.0, 320.0, 0.5, atoms=4)
    found = fit_debye_einstein(_curve(t, truth(t)), atoms=4, above=5.0)
    assert found.debye_temperature == pytest.approx(180, rel=0.01)
    assert found.einstein_temperature == pytest.approx(320, rel=0.01)
    assert found.share == pytest.approx(0.5, abs=0.01)
    with pytest.raises(ScanError, match="at least six"):
        fit_debye_einstein(_curve(t, truth(t)), atoms=4, above=290.0)


@pytest.mark.parametrize(
    "levels", [((0, 2), (20, 2)), ((0, 1), (20, 9)), ((0, 2), (10, 2), (40, 4)), ((0, 1), (15, 1), (16, 14))]
)
def test_levels_are_no_order(levels):
    """No scheme of levels is taken for a transition, however many states lie above."""
    t = np.geomspace(1.0, 100, 150)
    assert ordering_in(_curve(t, _levels(t, *levels))) is None


def test_a_transition_is_seen():
    t = np.geomspace(1.0, 100, 150)
    peak = 4 * np.exp(-np.abs(np.log(t / 4.2)) / 0.04)
    found = ordering_in(_curve(t, _levels(t, (0, 2), (30, 2)) + peak))
    assert found.temperature == pytest.approx(4.2, rel=0.04)
    assert found.limit == pytest.approx(1.3 * 4.2, rel=0.06)
    assert "use only above" in found.words


def test_a_kink_of_the_susceptibility():
    t = np.geomspace(2, 300, 200)
    paramagnet = 5 / (t + 6)
    assert ordering_in(_curve(t, paramagnet, kind="susceptibility")) is None
    ordered = np.where(t < 11, 5 / 17 * (t / 11) ** 0.8, paramagnet)
    found = ordering_in(_curve(t, ordered, kind="susceptibility"))
    assert found.temperature == pytest.approx(11, rel=0.06)
    # Van Vleck's plateau of a singlet below 20 K bends, and is no kink.
    plateau = 0.25 * np.tanh(20 / t)
    assert ordering_in(_curve(t, plateau, kind="susceptibility")) is None


def test_noise_is_no_kink():
    t = np.geomspace(2, 300, 200)
    for seed in range(10):
        noise = 1 + 0.02 * np.random.default_rng(seed).normal(size=t.size)
        assert ordering_in(_curve(t, 5 / (t + 6) * noise, kind="susceptibility")) is None


def test_a_heat_capacity_that_rises_again():
    """The tail 1/T² of moments that begin to order below the coldest reading, under the levels' own heat capacity."""
    t = np.geomspace(0.5, 60, 80)
    levels = _levels(t, (0, 2), (12, 2), (40, 2))
    found = ordering_in(_curve(t, levels + 0.03 / t**2, error=0.003))
    tail, own = 0.03 / found.limit**2, _levels(np.array([found.limit]), (0, 2), (12, 2), (40, 2))[0]
    assert found.temperature < found.limit < 3
    assert 0.02 * own < tail < 0.12 * own  # a tenth of the tail is left at the proposed limit
    assert "rises again" in found.words
    assert ordering_in(_curve(t, levels, error=0.003)) is None
