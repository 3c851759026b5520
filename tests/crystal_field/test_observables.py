"""Limits that are exact, and one quantity reached by two ways."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field import conventions, ions, observables, sites, stevens
from napari_scantwin.crystal_field.constants import MU_B

ER, D3D, D4H = ions.ion("Er3+"), sites.site("D3d"), sites.site("D4h")


def drawn(of, place, n, seed=0, size=20.0):
    values = np.random.default_rng(seed).normal(size=(n, len(place.parameters)))
    return size * values / conventions.walter_sizes(of, place)


@pytest.mark.parametrize("name", list(ions.IONS))
def test_without_crystal_field_curie_and_brillouin(name):
    of = ions.IONS[name]
    place = sites.site("D4h").for_J(of.J)
    nothing, T = np.zeros(len(place.parameters)), np.array([0.5, 2.0, 300.0])
    for axis in "abc":
        chi = observables.susceptibility(observables.states_of(of, place, nothing), axis, T)[0]
        np.testing.assert_allclose(chi * T, observables.curie_constant(of), rtol=1e-12)
    fields = np.array([0.01, 1.0, 14.0])
    found = observables.magnetization(of, place, nothing, (1, 2, 3), fields, T)[0]
    J, x = np.longdouble(of.J), (of.saturation_moment * MU_B * fields[:, None] / T).astype(np.longdouble)
    full = (2 * J + 1) / (2 * J)
    brillouin = full / np.tanh(full * x) - 1 / (2 * J) / np.tanh(x / (2 * J))
    np.testing.assert_allclose(found, (of.saturation_moment * brillouin).astype(float), rtol=1e-12, atol=1e-14)


@given(st.floats(0.05, 50), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_scaling_of_all_curves(scale, seed):
    values, T, H = drawn(ER, D4H, 1, seed), np.array([2.0, 20.0, 90.0]), np.array([0.5, 7.0])
    one, many = observables.states_of(ER, D4H, values), observables.states_of(ER, D4H, scale * values)
    np.testing.assert_allclose(
        observables.heat_capacity(many.energies, T * scale),
        observables.heat_capacity(one.energies, T),
        rtol=1e-8,
        atol=1e-12,
    )
    np.testing.assert_allclose(
        observables.susceptibility(many, "a", T * scale) * scale, observables.susceptibility(one, "a", T), rtol=1e-8
    )
    np.testing.assert_allclose(
        observables.magnetization(ER, D4H, scale * values, "c", H * scale, T * scale),
        observables.magnetization(ER, D4H, values, "c", H, T), rtol=1e-8, atol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("group", ["Oh", "D6h", "D3d", "C4h", "D2h", "C2h", "Ci"])
def test_van_vleck_is_the_slope_of_the_magnetization(group):
    place, T = sites.site(group), np.array([2.0, 30.0, 300.0])
    values = drawn(ER, place, 3, seed=4)
    states = observables.states_of(ER, place, values)
    for axis in ("a", "b", "c", (1, 1, 0)):
        slope = observables.magnetization(ER, place, values, axis, [1e-3], T)[:, 0] / 1e-3
        np.testing.assert_allclose(observables.susceptibility(states, axis, T), slope, rtol=3e-5)


def test_powder():
    place, T = sites.site("D2h"), np.array([5.0, 50.0])
    values = drawn(ER, place, 2, seed=1)
    states = observables.states_of(ER, place, values)
    mean = observables.powder_susceptibility(states, T)
    directions, weights = observables.powder_quadrature(place)
    assert weights.sum() == pytest.approx(1)
    by_directions = sum(w * observables.susceptibility(states, n, T) for n, w in zip(directions, weights, strict=True))
    np.testing.assert_allclose(by_directions, mean, rtol=1e-12)


@pytest.mark.parametrize("group", ["D4h", "D3d", "D6h", "Oh"])
def test_powder_magnetization_has_converged(group):
    place, values = sites.site(group), drawn(ER, sites.site(group), 2, seed=2)
    usual = observables.powder_magnetization(ER, place, values, [1.0, 9.0], [2.0])
    fine = observables.powder_magnetization(ER, place, values, [1.0, 9.0], [2.0], 16, 8)
    np.testing.assert_allclose(usual, fine, rtol=0.015)


def test_entropy_ends_at_the_logarithm_of_the_states():
    energies = observables.states_of(ER, D3D, drawn(ER, D3D, 1)).energies
    T = np.geomspace(1e-4, 1e6, 4000)
    entropy = observables.entropy(energies, T)[0]
    assert entropy[0] == pytest.approx(np.log(2), abs=1e-9)
    assert entropy[-1] == pytest.approx(np.log(16), abs=1e-6)
    heat = observables.heat_capacity(energies, T)[0]
    integral = np.concatenate([[0], np.cumsum((heat[1:] + heat[:-1]) / 2 * np.diff(np.log(T)))])
    np.testing.assert_allclose(entropy - entropy[0], integral, atol=2e-4)


def test_molecular_field_shifts_the_inverse():
    chi = np.array([0.2, 1.0, 5.0])
    np.testing.assert_allclose(1 / observables.with_molecular_field(chi, -0.3), 1 / chi + 0.3)


def test_g_tensor_of_a_pure_doublet():
    """|±1/2⟩ of J = 15/2: g∥ = g_J, g⊥ = g_J (J + 1/2)."""
    states = np.zeros((16, 2))
    states[7, 0] = states[8, 1] = 1
    values, axes = observables.g_tensor(ER, states)
    np.testing.assert_allclose(values, [1.2, 9.6, 9.6], rtol=1e-12)
    np.testing.assert_allclose(np.abs(axes[:, 0]), [0, 0, 1], atol=1e-12)


@pytest.mark.parametrize("group", ["D4h", "D3d", "D6h", "D2h", "Th", "C4h", "S6", "C2h"])
def test_equivalent_fields_have_the_same_levels_and_turned_susceptibilities(group):
    place, T = sites.site(group), np.array([3.0, 40.0])
    values = drawn(ER, place, 1, seed=3)
    states = observables.states_of(ER, place, values)
    for turn in place.equivalences:
        other = observables.states_of(ER, place, values @ turn.matrix.T)
        np.testing.assert_allclose(other.energies, states.energies, atol=1e-8)
        if place.uniaxial or turn.axes != (0, 1, 2):
            for i, axis in enumerate("abc"):
                np.testing.assert_allclose(
                    observables.susceptibility(other, "abc"[turn.axes[i]], T),
                    observables.susceptibility(states, axis, T), rtol=1e-7,
                )  # fmt: skip


def test_number_of_parameters_by_symmetry():
    """Walter's counts, where a turn about z removes one of C4h, C6h, S6 and C2h."""
    expected = {
        "Oh": 2,
        "Th": 3,
        "D6h": 4,
        "C6h": 4,
        "D4h": 5,
        "C4h": 6,
        "D3d": 6,
        "S6": 8,
        "D2h": 9,
        "C2h": 14,
        "Ci": 27,
    }
    assert {name: len(sites.site(name).parameters) for name in expected} == expected
    assert sites.site("D4h").parameters == ("B20", "B40", "B44", "B60", "B64")
    assert sites.site("D3d").parameters == ("B20", "B40", "B43", "B60", "B63", "B66")
    assert sites.site("D4h").for_J(2.5).parameters == ("B20", "B40", "B44")
    assert sites.site("Oh").all_parameters([1, 2]) == {"B40": 1, "B44": 5, "B60": 2, "B64": -42}


@pytest.mark.parametrize("group", ["D4h", "D3d", "D6h", "C4h", "D2h"])
def test_allowed_operators_keep_their_generators(group):
    """Invariance under the group's turns, seen in the levels' degeneracy and in the matrix itself."""
    place = sites.site(group)
    fold = {"D4h": 4, "C4h": 4, "D3d": 3, "D6h": 6, "D2h": 2}[group]
    m = 7.5 - np.arange(16)
    turn = np.diag(np.exp(-2j * np.pi / fold * m))
    for matrix in place.operators(7.5):
        np.testing.assert_allclose(turn @ matrix @ turn.conj().T, matrix, atol=1e-8 * np.abs(matrix).max())


def test_conventions_come_back():
    given = dict(zip(D3D.parameters, [0.1, -0.02, 0.3, 1e-4, -2e-4, 3e-4], strict=True))
    assert conventions.from_wybourne(ER, conventions.wybourne(ER, given)) == pytest.approx(given, rel=1e-14)
    assert conventions.from_radial(ER, conventions.radial(ER, given)) == pytest.approx(given, rel=1e-14)
    # A20<r2> = B20/alpha, Wybourne's B20 is twice that.
    assert conventions.radial(ER, {"B20": 4 / 1575})["B20"] == pytest.approx(1.0)
    assert conventions.wybourne(ER, {"B20": 4 / 1575})["B20"] == pytest.approx(2.0)
    for W, x in [(1.5, 0.3), (-2.0, 0.3), (-2.0, -0.7), (0.4, -1.0 + 1e-9)]:
        back = conventions.lea_leask_wolf(4.0, *conventions.from_lea_leask_wolf(4.0, W, x))
        assert back == pytest.approx((W, x), rel=1e-12)
    values = drawn(ER, D3D, 4)
    np.testing.assert_allclose(conventions.from_walter(ER, D3D, *conventions.walter(ER, D3D, values)), values)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ions.ion("Gd3+"), "no orbital moment"),
        (lambda: ions.ion("Eu2+"), "no orbital moment"),
        (lambda: ions.ion("Eu3+"), "J = 0"),
        (lambda: ions.ion("Xx3+"), "no ion of the list"),
        (lambda: ions.ion("U4+", J=4), "both J and g_J"),
        (lambda: ions.ion("U4+", J=0.5, g_J=2), "no levels"),
        (lambda: sites.site("D5h"), "no site symmetry"),
        (lambda: D4H.values_of({"B43": 1.0}), "zero at a D4h site"),
        (lambda: sites.site("Oh").values_of({"B40": 1.0, "B44": 4.0}), "would be 5"),
        (lambda: stevens.rank_and_order("B55"), "no crystal-field parameter"),
        (lambda: conventions.from_lea_leask_wolf(4.0, 1.0, 1.5), "between -1 and 1"),
        (lambda: conventions.radial(ions.ion("Ce3+"), {"B60": 1.0}), "rank 6"),
        (lambda: observables.susceptibility_in_field(ER, D4H, np.zeros(5), "c", 0.0, [2.0]), "above 0 T"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(call, says):
    with pytest.raises(ScanError, match=says):
        call()


def test_names_are_read_as_they_are_written():
    assert ions.ion("er").name == ions.ion("Er 3+").name == ions.ion("Er(III)").name == "Er3+"
    assert "1500 K" in ions.ion("Sm3+").warning
    assert (sites.site("-3m").laue, sites.site("4mm").name, sites.site("c4V").name) == ("D3d", "C4v", "C4v")
    assert ions.ion("U4+", J=4, g_J=0.8).size == 9


def test_blocks_give_the_same_states():
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(3, 7, 7))
    apart = [np.array([0, 3, 5]), np.array([1, 6]), np.array([2, 4])]
    mask = np.zeros((7, 7), bool)
    for block in apart:
        mask[np.ix_(block, block)] = True
    matrices = np.where(mask, whole + np.swapaxes(whole, 1, 2), 0.0)
    energies, vectors = observables.diagonalised(matrices)
    np.testing.assert_allclose(energies, np.linalg.eigvalsh(matrices), atol=1e-12)
    np.testing.assert_allclose(matrices @ vectors, vectors * energies[:, None, :], atol=1e-12)
    np.testing.assert_allclose(np.swapaxes(vectors, 1, 2) @ vectors, np.broadcast_to(np.eye(7), (3, 7, 7)), atol=1e-12)
