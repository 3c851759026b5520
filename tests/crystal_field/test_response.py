"""Derivatives against differences, values against the plain formulas."""

import numpy as np
import pytest

from napari_scantwin.crystal_field import conventions, ions, observables, response, sites

ER = ions.ion("Er3+")
T = np.array([2.0, 15.0, 120.0])


def made(group, seed=0):
    place = sites.site(group)
    sizes = conventions.walter_sizes(ER, place)
    values = np.random.default_rng(seed).normal(size=(2, len(sizes))) * 8
    return place, sizes, place.operators(ER.J) / sizes[:, None, None], values


def differences(function, values, step=1e-4):
    out = []
    for k in range(values.shape[1]):
        up, down = values.copy(), values.copy()
        up[:, k] += step
        down[:, k] -= step
        out.append((function(up) - function(down)) / (2 * step))
    return np.stack(out, -1)


@pytest.mark.parametrize("group", ["Oh", "D6h", "D4h", "D3d", "D2h", "C4h", "C2h"])
def test_small_field(group):
    place, sizes, operators, values = made(group)
    found = response.small_field(ER, operators, values, "abc")
    states = observables.states_of(ER, place, values / sizes)
    value, slope = found.heat_capacity(T)
    np.testing.assert_allclose(value, observables.heat_capacity(states.energies, T), rtol=1e-9)
    expected = differences(lambda v: response.small_field(ER, operators, v).heat_capacity(T)[0], values)
    np.testing.assert_allclose(slope, expected, atol=1e-6)
    for axis in "abc":
        value, slope = found.susceptibility(axis, T)
        np.testing.assert_allclose(value, observables.susceptibility(states, axis, T), rtol=1e-9)
        plain = lambda v, axis=axis: observables.susceptibility(observables.states_of(ER, place, v / sizes), axis, T)  # noqa: E731
        np.testing.assert_allclose(slope, differences(plain, values), atol=2e-6)


@pytest.mark.parametrize("group", ["Oh", "D4h", "D3d", "C4h"])
@pytest.mark.parametrize("direction", ["a", "b", "c", (1, 2, 3)])
def test_in_field(group, direction):
    place, sizes, operators, values = made(group, 1)
    fields = np.array([0.0, 0.3, 9.0])
    found = response.in_field(ER, operators, values, direction, fields)
    value, slope, steep = found.moment(T)
    plain = lambda v: observables.magnetization(ER, place, v / sizes, direction, fields, T)  # noqa: E731
    np.testing.assert_allclose(value, plain(values), atol=1e-10)
    np.testing.assert_allclose(slope, differences(plain, values), atol=3e-6)
    up = observables.magnetization(ER, place, values / sizes, direction, fields + 1e-4, T)
    down = observables.magnetization(ER, place, values / sizes, direction, fields - 1e-4, T)
    np.testing.assert_allclose(steep, (up - down) / 2e-4, rtol=1e-4, atol=1e-6)
    value, slope = found.heat_capacity(T)

    def heat(v):
        states = observables.states_in_field(ER, place, v / sizes, direction, fields)
        return observables.heat_capacity(states.energies, T).reshape(len(v), len(fields), len(T))

    np.testing.assert_allclose(value, heat(values), atol=1e-9)
    np.testing.assert_allclose(slope, differences(heat, values), atol=3e-6)
