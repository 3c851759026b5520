"""The least-squares problem: derivatives against differences, curves against the plain formulas."""

import dataclasses

import numpy as np
import pytest

from napari_scantwin.crystal_field import IonCurve, conventions, ions, observables, sites
from napari_scantwin.crystal_field.model import LeastSquares, Priors, thinned

ER = ions.ion("Er3+")
T = np.geomspace(2, 300, 12)
H = np.linspace(-1, 9, 30)


def curve(kind, direction, x, **others):
    return IonCurve(kind, direction, x, np.ones_like(x), np.full_like(x, 0.01), **others)


def every_kind():
    return [
        curve("heat_capacity", "powder", T, lattice=0.1 * T),
        curve("heat_capacity", "c", T, field=5.0),
        curve("susceptibility", "a", T, group="s"),
        curve("susceptibility", "c", T, field=0.5),
        curve("susceptibility", "powder", T),
        curve("magnetization", "a", H, temperature=3.0, group="s"),
        curve("magnetization", "c", H, temperature=10.0),
        curve("levels", "powder", np.arange(1.0, 4.0)),
    ]


@pytest.mark.parametrize("group", ["D3d", "D4h", "D2h"])
def test_derivatives(group):
    place = sites.site(group)
    model = LeastSquares(ER, place, every_kind(), Priors(electronic=5.0))
    rng = np.random.default_rng(1)
    unknowns = model.start(rng.normal(size=(2, model.k)) * 10)
    for i, one in enumerate(model.unknowns):
        unknowns[:, model.k + i] += 0.3 * one.deviation * rng.normal()
    _, slopes = model.evaluate(unknowns)
    for column in range(model.width):
        step = 1e-4 if column < model.k else 1e-4 * model.unknowns[column - model.k].deviation
        up, down = unknowns.copy(), unknowns.copy()
        up[:, column] += step
        down[:, column] -= step
        expected = (model.evaluate(up)[0] - model.evaluate(down)[0]) / (2 * step)
        scale = np.abs(expected).max()
        # Between nodes of M(H) the derivative is interpolated too.
        np.testing.assert_allclose(slopes[:, :, column], expected, atol=0.05 * scale + 1e-6)


def test_curves_are_those_of_the_plain_formulas():
    place, priors = sites.site("D3d"), Priors()
    model = LeastSquares(ER, place, every_kind(), priors)
    values = np.random.default_rng(2).normal(size=(1, model.k)) * 10
    unknowns = model.start(values)
    strength = {"a": -0.06, "c": 0.05}
    for i, one in enumerate(model.unknowns):
        if one.key[0] == "field":
            unknowns[:, model.k + i] = strength[one.key[1]]
    made = dict(zip(range(99), (value[0] for value, _ in model.curve_values(unknowns)), strict=False))
    parameters = values / model.sizes
    states = observables.states_of(ER, place, parameters)
    np.testing.assert_allclose(made[0], observables.heat_capacity(states.energies, T)[0], rtol=1e-8)
    chi = {axis: observables.susceptibility(states, axis, T)[0] for axis in "abc"}
    np.testing.assert_allclose(made[2], observables.with_molecular_field(chi["a"], strength["a"]), rtol=1e-8)
    mean = sum(observables.with_molecular_field(chi[axis], strength["c" if axis == "c" else "a"]) for axis in "abc") / 3
    powder = next(i for i, one in enumerate(model.curves) if one.kind == "susceptibility" and one.direction == "powder")
    np.testing.assert_allclose(made[powder], mean, rtol=1e-8)
    for i, one in enumerate(model.curves):
        if one.kind != "magnetization":
            continue
        moment = made[i]
        effective = one.x + strength[one.direction] * moment
        expected = [
            observables.magnetization(ER, place, parameters, one.direction, [field], [one.temperature])[0, 0, 0]
            for field in effective
        ]
        np.testing.assert_allclose(moment, expected, atol=2e-3 * ER.saturation_moment)


def test_a_background_and_a_curves_own_factor_act_on_susceptibility_and_magnetization_alike():
    place = sites.site("D4h")
    curves = [
        curve("susceptibility", "c", T, group="s"),
        curve("magnetization", "c", H, temperature=10.0, group="s"),
        curve("magnetization", "a", H, temperature=10.0),
    ]
    model = LeastSquares(ER, place, curves, Priors(molecular_field=0))
    # Only curves that share a scale have one of their own beside it.
    assert [one.key for one in model.unknowns if one.key[0] == "own scale"] == [("own scale", "0"), ("own scale", "1")]
    sized = np.array([[8.0, -3.0, 2.0, 1.0, -2.0]])
    plain = [value[0] for value, _ in model.curve_values(model.start(sized))]
    unknowns = model.start(sized)
    given = {("scale", "moment s"): 0.9, ("own scale", "0"): 1.02, ("own scale", "1"): 0.97, ("background", ""): 0.01}
    for i, one in enumerate(model.unknowns):
        unknowns[:, model.k + i] = given.get(one.key, one.expected)
    made = [value[0] for value, _ in model.curve_values(unknowns)]
    np.testing.assert_allclose(made[0], 0.9 * 1.02 * (plain[0] + 0.01))
    np.testing.assert_allclose(made[1], 0.9 * 0.97 * (plain[1] + 0.01 * H))
    np.testing.assert_allclose(made[2], plain[2] + 0.01 * H)


def test_measured_levels_are_taken_in_order():
    place = sites.site("D3d")
    published = {
        "B20": -2.773e-2,
        "B40": -3.987e-4,
        "B43": -1.416e-2,
        "B60": 3.152e-6,
        "B63": -7.616e-6,
        "B66": 3.275e-5,
    }
    values = place.values_of(published)[None] * 11.604518
    energies = observables.states_of(ER, place, values).above_ground[0][2:10:2]
    shuffled = energies[[2, 0, 3, 1]]
    levels = IonCurve("levels", "powder", np.arange(1.0, 5.0), shuffled + 0.1, np.full(4, 0.5))
    model = LeastSquares(ER, place, [levels], Priors())
    residuals, _ = model.evaluate(values * model.sizes)
    np.testing.assert_allclose(residuals[0], -0.2, atol=1e-6)


def test_a_susceptibility_in_a_field_is_split_where_it_bends():
    model = LeastSquares(ER, sites.site("D4h"), [curve("susceptibility", "c", T, field=0.1)], Priors())
    beyond, limit = model.curves
    assert (beyond.field, limit.field) == (0.1, 0.0)
    assert beyond.x.max() < limit.x.min()
    assert beyond.x.size + limit.x.size == T.size
    only = LeastSquares(
        ER, sites.site("D4h"), [curve("susceptibility", "c", T, field=0.1)], Priors(), small_field_only=True
    )
    assert [one.field for one in only.curves] == [0.0]


@pytest.mark.parametrize("sized", [(8.0, -3.0, 2.0, 1.0, -2.0), (-30.0, 2.0, 0.0, 1.0, 0.5), (0.01, 0, 0, 0, 0)])
def test_errors_of_a_susceptibility_taken_for_one_of_small_fields_hold_the_bend(sized):
    place = sites.site("D4h")
    values = np.array(sized) / conventions.walter_sizes(ER, place)
    cold = np.geomspace(2, 300, 40)
    for axis in "ac":
        in_field = observables.susceptibility_in_field(ER, place, values, axis, 1.0, cold)[0]
        one = IonCurve("susceptibility", axis, cold, in_field, 1e-3 * in_field, field=1.0)
        (used,) = LeastSquares(ER, place, [one], Priors(), small_field_only=True).curves
        limit = observables.susceptibility(observables.states_of(ER, place, values), axis, used.x)[0]
        assert used.field == 0
        assert 2 < used.x.min() < 8
        assert (np.abs(limit - used.value) <= used.error).all()


def test_what_was_fitted_lies_over_the_curves_as_given():
    place = sites.site("D4h")
    field = curve("susceptibility", "c", T[::-1], field=0.3)
    long = curve("heat_capacity", "powder", np.geomspace(2, 300, 2000))
    levels = IonCurve("levels", "powder", [1.0, 2.0], [30.0, 90.0], [1.0, 1.0])
    model = LeastSquares(ER, place, [field, long, levels], Priors(0, 0, 0, 0, 0, 0, 0))
    sized = np.array([8.0, -3.0, 2.0, 1.0, -2.0])
    made = model.fitted(sized)
    values = sized / model.sizes
    states = observables.states_of(ER, place, values)
    by_hand = observables.susceptibility_in_field(ER, place, values, "c", 0.3, field.x)[0]
    np.testing.assert_allclose(made[0], by_hand, rtol=2e-3)
    np.testing.assert_allclose(made[1], observables.heat_capacity(states.energies, long.x)[0], atol=2e-3)
    assert all(np.abs(states.above_ground[0] - one).min() < 1e-8 for one in made[2])


def test_thinning_averages_and_keeps_the_weight():
    x = np.linspace(1, 100, 3000)
    dense = IonCurve("heat_capacity", "powder", x, 2 * x, np.full(3000, 0.1), lattice=3 * x, group="g")
    few = thinned(dense, 50)
    assert 30 <= few.x.size <= 50
    np.testing.assert_allclose(few.value, 2 * few.x)
    np.testing.assert_allclose(few.lattice, 3 * few.x)
    assert np.sum(1 / few.error**2) == pytest.approx(np.sum(1 / dense.error**2))
    assert few.group == "g"
    assert thinned(few, 50) is few
    sized = conventions.walter_sizes(ER, sites.site("D4h"))
    assert LeastSquares(ER, sites.site("D4h"), [dataclasses.replace(dense)], Priors()).sizes == pytest.approx(sized)
