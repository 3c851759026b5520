"""The published numbers: levels to the printed digits, Stevens factors, moments, Schottky peaks."""

import math
from fractions import Fraction

import numpy as np
import pytest

from napari_scantwin.crystal_field import conventions, ions, observables, sites, stevens
from napari_scantwin.crystal_field.constants import C_JOULE_PER_MOL, CHI_EMU_PER_MOL, KELVIN_PER_MEV


def levels(name, group, parameters, J=None):
    of = ions.ion(name)
    place = sites.site(group).for_J(of.J)
    energies = observables.states_of(of, place, place.values_of(parameters)).energies[0]
    return observables.level_groups(energies, of.kramers)


def test_ce_cubic():
    found, counts = levels("Ce3+", "Oh", {"B40": 1.0})
    np.testing.assert_allclose(found, [0, 360], rtol=1e-13)
    assert counts.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("name", "group", "parameters", "expected", "printed"),
    [
        # Mantid's documentation and unit tests (meV), the second pair twice: levels alone do not fix five parameters.
        ("Ce3+", "C2v", {"B20": 0.37737, "B22": 3.9770}, [24.40061976, 42.49771237], 1e-8),
        ("Ce3+", "C2v", {"B20": 0.37737, "B22": 3.9770, "B40": -0.031787, "B42": -0.11611, "B44": -0.12544},
         [29.3261, 44.3412], 6e-5),
        ("Ce3+", "C2v", {"B20": 0.366336, "B22": 3.98132, "B40": -0.0304001, "B42": -0.119605, "B44": -0.130124},
         [29.3261, 44.3412], 6e-4),
        # CeIr3Ge7, arXiv:1806.04983 (K).
        ("Ce3+", "D3d", {"B20": 34.4, "B40": 0.82, "B43": 67.3}, [374, 1398], 0.6),
        # KErSe2, arXiv:2001.03175 (meV).
        ("Er3+", "D3d", {"B20": -2.773e-2, "B40": -3.987e-4, "B43": -1.416e-2, "B60": 3.152e-6, "B63": -7.616e-6,
                         "B66": 3.275e-5}, [0.902, 3.488, 5.133, 5.535], 6e-4),
    ],
)  # fmt: skip
def test_levels_of_others(name, group, parameters, expected, printed):
    found, _ = levels(name, group, parameters)
    np.testing.assert_allclose(found[1 : 1 + len(expected)], expected, atol=printed)


@pytest.mark.parametrize("x", [-0.9, -0.3, 0.0, 0.2, 0.5, 0.8])
def test_pr_cubic_closed_forms(x):
    """Lea, Leask and Wolf, J = 4: Γ1 28x - 80y, Γ3 4x + 64y, Γ4 14x + 4y, Γ5 -26x - 20y, y = 1 - |x|."""
    y = 1 - abs(x)
    expected = sorted([28 * x - 80 * y, *[4 * x + 64 * y] * 2, *[14 * x + 4 * y] * 3, *[-26 * x - 20 * y] * 3])
    of, place = ions.ion("Pr3+"), sites.site("Oh")
    values = conventions.from_lea_leask_wolf(4.0, 1.0, x)
    np.testing.assert_allclose(observables.states_of(of, place, values).energies[0], expected, atol=1e-11)


@pytest.mark.parametrize(
    ("J", "x", "expected"),
    [
        (3.5, 1.0, {-18: 2, 2: 4, 14: 2}),
        (3.5, 0.0, {-20: 2, -12: 2, 16: 4}),
        (4.5, 1.0, {-36.651: 4, 17.051: 4, 39.2: 2}),
        (6.0, 0.0, {-132: 3, -48: 2, 8: 3, 16: 1, 92: 3, 176: 1}),
        (7.5, 1.0, {-258.9049: 4, -141.4638: 4, -26: 2, 266.3687: 4, 294: 2}),
    ],
)
def test_lea_leask_wolf_tables(J, x, expected):
    of = ions.ion("free", J=J, g_J=1)
    values = conventions.from_lea_leask_wolf(J, 1.0, x)
    energies = observables.states_of(of, sites.site("Oh"), values).energies[0]
    np.testing.assert_allclose(energies, np.repeat(list(expected), list(expected.values())), atol=6e-4)


@pytest.mark.parametrize(
    ("degeneracies", "ratio", "height"),
    [
        ((2, 2), 0.416778, 3.65195),
        ((2, 4), 0.376696, 6.33398),
        ((1, 2), 0.376696, 6.33398),
        ((4, 2), 0.448872, 2.00194),
        ((1, 3), 0.351495, 8.50977),
        ((3, 1), 0.462979, 1.38287),
    ],
)
def test_schottky_peaks(degeneracies, ratio, height):
    energies = np.repeat([0.0, 1.0], degeneracies)[None]
    fine = np.linspace(ratio - 0.002, ratio + 0.002, 4001)
    curve = observables.heat_capacity(energies, fine)[0] * C_JOULE_PER_MOL
    assert fine[np.argmax(curve)] == pytest.approx(ratio, abs=1.5e-6)
    assert curve.max() == pytest.approx(height, abs=6e-6)


@pytest.mark.parametrize(
    ("name", "curie", "saturation"),
    [
        ("Ce3+", 0.80389, 2.1429), ("Pr3+", 1.60063, 3.2), ("Nd3+", 1.63701, 3.2727), ("Sm3+", 0.08932, 5 / 7),
        ("Tb3+", 11.81717, 9), ("Dy3+", 14.17226, 10), ("Ho3+", 14.06805, 10), ("Er3+", 11.47953, 9),
        ("Tm3+", 7.14866, 7), ("Yb3+", 2.57244, 4),
    ],
)  # fmt: skip
def test_moments(name, curie, saturation):
    of = ions.ion(name)
    assert observables.curie_constant(of) * CHI_EMU_PER_MOL == pytest.approx(curie, abs=6e-6)
    assert of.saturation_moment == pytest.approx(saturation, abs=6e-5)


# --- Stevens factors from the ground term's Slater determinant, in exact fractions


def _legendre(k):
    """P_k as coefficients by rising power."""
    return [Fraction(c).limit_denominator(10**6) for c in np.polynomial.legendre.leg2poly([0] * k + [1])]


def _one_electron(k, m):
    """⟨f m|P_k(cos θ)|f m⟩ by integrating polynomials."""
    m = abs(m)
    derived = _legendre(3)
    for _ in range(m):
        derived = [i * c for i, c in enumerate(derived)][1:]
    square = _times(_times(derived, derived), _power([Fraction(1), Fraction(0), Fraction(-1)], m))
    return _integral(_times(square, _legendre(k))) / _integral(square)


def _times(a, b):
    out = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] += x * y
    return out


def _power(a, n):
    out = [Fraction(1)]
    for _ in range(n):
        out = _times(out, a)
    return out


def _integral(a):
    return sum((2 * c / (i + 1) for i, c in enumerate(a) if i % 2 == 0), Fraction(0))


def _stevens_zero(k, J, m):
    """⟨m|O_k0|m⟩ by Hutchings' polynomials, exact."""
    X, z = J * (J + 1), m
    return {
        2: 3 * z**2 - X,
        4: 35 * z**4 - 30 * X * z**2 + 25 * z**2 - 6 * X + 3 * X**2,
        6: 231 * z**6 - 315 * X * z**4 + 735 * z**4 + 105 * X**2 * z**2 - 525 * X * z**2 + 294 * z**2
        - 5 * X**3 + 40 * X**2 - 60 * X,
    }[k]  # fmt: skip


def _square_coefficient(L, S, J, M, mL):
    """⟨L mL S M-mL|J M⟩² by Racah's formula, exact."""
    mS = M - mL
    f = lambda n: Fraction(math.factorial(round(n)))  # noqa: E731
    if abs(mS) > S or abs(mL) > L:
        return Fraction(0)
    front = (2 * J + 1) * f(J + L - S) * f(J - L + S) * f(L + S - J) / f(L + S + J + 1)
    front *= f(J + M) * f(J - M) * f(L - mL) * f(L + mL) * f(S - mS) * f(S + mS)
    total = Fraction(0)
    for k in range(60):
        parts = (k, L + S - J - k, L - mL - k, S + mS - k, J - S + mL + k, J - L - mS + k)
        if min(parts) >= 0:
            total += Fraction((-1) ** k) / math.prod(map(f, parts))
    return front * total**2


def _stevens_factor(electrons, k):
    up = [3 - i for i in range(min(electrons, 7))]
    filled = up + [3 - i for i in range(electrons - 7)]
    L, S = sum(filled), Fraction(2 * len(up) - electrons, 2)
    J = L + S if electrons > 7 else L - S
    if k > 2 * L or k > 2 * J:
        return Fraction(0)
    factor = {2: 2, 4: 8, 6: 16}[k]  # O_k0 of one electron is this much P_k
    of_L = factor * sum(_one_electron(k, m) for m in filled) / _stevens_zero(k, L, L)
    total = sum(
        _square_coefficient(L, S, J, J, mL) * of_L * _stevens_zero(k, Fraction(L), Fraction(mL))
        for mL in range(-L, L + 1)
    )
    return total / _stevens_zero(k, Fraction(J), Fraction(J))


@pytest.mark.parametrize("name", list(ions.IONS))
def test_stevens_factors_are_those_of_the_slater_determinant(name):
    of = ions.IONS[name]
    assert tuple(_stevens_factor(of.electrons, k) for k in (2, 4, 6)) == of.theta


@pytest.mark.parametrize("name", list(ions.IONS))
def test_lande_factors(name):
    of = ions.IONS[name]
    n = of.electrons
    L, S = sum(3 - i % 7 for i in range(n)), Fraction(min(n, 7) - max(n - 7, 0), 2)
    J = Fraction(of.J)
    assert of.g_J == 1 + (J * (J + 1) + S * (S + 1) - L * (L + 1)) / (2 * J * (J + 1))
    assert (L + S if n > 7 else L - S) == J


# --- Hutchings' operators


@pytest.mark.parametrize("J", [2.5, 3.5, 4, 4.5, 6, 7.5, 8])
def test_operators_are_hutchings_polynomials(J):
    jx, jy, jz = stevens.angular_momentum(J)
    plus, X, one = jx + 1j * jy, J * (J + 1), np.eye(round(2 * J + 1))

    def power(n):
        return np.linalg.matrix_power(plus, n)

    def cosine(n):
        return (power(n) + power(n).conj().T) / 2

    def both(a, b):
        return (a @ b + b @ a) / 2

    z2, z4 = jz @ jz, np.linalg.matrix_power(jz, 4)
    expected = {
        (2, 0): 3 * z2 - X * one,
        (2, 2): cosine(2),
        (4, 0): 35 * z4 - 30 * X * z2 + 25 * z2 - 6 * X * one + 3 * X**2 * one,
        (4, 2): both(7 * z2 - X * one - 5 * one, cosine(2)),
        (4, 3): both(jz, cosine(3)),
        (4, 4): cosine(4),
        (6, 0): 231 * z4 @ z2 - 315 * X * z4 + 735 * z4 + 105 * X**2 * z2 - 525 * X * z2 + 294 * z2
        + (-5 * X**3 + 40 * X**2 - 60 * X) * one,
        (6, 2): both(33 * z4 - 18 * X * z2 - 123 * z2 + (X**2 + 10 * X + 102) * one, cosine(2)),
        (6, 3): both(11 * jz @ z2 - 3 * X * jz - 59 * jz, cosine(3)),
        (6, 4): both(11 * z2 - X * one - 38 * one, cosine(4)),
        (6, 6): cosine(6),
    }  # fmt: skip
    for (k, q), matrix in expected.items():
        if k <= 2 * J:
            found = stevens.operator(k, q, J)
            np.testing.assert_allclose(found, matrix, atol=1e-10 * max(np.abs(matrix).max(), 1), err_msg=f"O{k}{q}")


# --- conventions


def test_walter_against_lea_leask_wolf():
    """The factors between x0 x_i and W x, W (1 - |x|), as decoded from the original networks' data."""
    four = {2.5: 0.866025, 3.5: 0.246183, 4: 0.153627, 4.5: 0.102011, 6: 0.038057, 7.5: 0.017820, 8: 0.014312}
    six = {3.5: 0.174078, 4: 0.071510, 4.5: 0.068810, 6: 0.038554, 7.5: 0.020317, 8: 0.014234}
    for J, factor in four.items():
        of = ions.ion("free", J=J, g_J=1)
        place = sites.site("Oh").for_J(J)
        sizes = conventions.walter_sizes(of, place)
        assert conventions.LLW_FACTORS[J][0] / sizes[0] == pytest.approx(factor, abs=1e-6)
        if J in six:
            assert conventions.LLW_FACTORS[J][1] / sizes[1] == pytest.approx(six[J], abs=1e-6)


def test_high_temperature_rule_for_B20():
    """B20 = (10/3)(Θ_ab - Θ_c)/((2J-1)(2J+3)), checked with curves at 3000 K."""
    of, place = ions.ion("Er3+"), sites.site("D4h")
    states = observables.states_of(of, place, place.values_of({"B20": 0.3}))
    curie, T = observables.curie_constant(of), 3000.0
    theta = {axis: T - curie / observables.susceptibility(states, axis, [T])[0, 0] for axis in "ac"}
    J = of.J
    assert 10 / 3 * (theta["a"] - theta["c"]) / ((2 * J - 1) * (2 * J + 3)) == pytest.approx(0.3, rel=2e-3)


def test_kerse2_published_levels_all():
    mev = {"B20": -2.773e-2, "B40": -3.987e-4, "B43": -1.416e-2, "B60": 3.152e-6, "B63": -7.616e-6, "B66": 3.275e-5}
    found, counts = levels("Er3+", "D3d", {name: value * KELVIN_PER_MEV for name, value in mev.items()})
    np.testing.assert_allclose(
        found[1:] / KELVIN_PER_MEV, [0.9019, 3.4881, 5.1331, 5.5347, 23.33, 25.22, 25.42], atol=6e-3
    )
    assert counts.tolist() == [2] * 8
