"""A problem: what is said of curves, the lattice taken off, advice before a fit, and the way to a file and back."""

import json

import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.given import predicted
from napari_scantwin.crystal_field.ions import ion
from napari_scantwin.crystal_field.measured.advice import advice_on
from napari_scantwin.crystal_field.measured.data import MeasuredCurve, curves_in
from napari_scantwin.crystal_field.measured.formula import Formula
from napari_scantwin.crystal_field.measured.lattice import DebyeEinstein
from napari_scantwin.crystal_field.measured.problem import LatticeChoice, Problem, UsedCurve, with_levels
from napari_scantwin.crystal_field.measured.settings import KEYS, apply, energies_in, used_by_default
from napari_scantwin.crystal_field.sites import site

PR, CUBIC = ion("Pr3+"), site("Oh").for_J(4.0)
#: B40 and B60 in K, of a splitting of some 100 K.
FIELD = np.array([-0.01, 2e-5])
GAS = 8.314462618


def _curve(kind="heat_capacity", direction="c", low=2.0, high=300.0, scale=1.0, site_=CUBIC, values=FIELD, **more):
    x = np.linspace(0, 9, 30) if kind == "magnetization" else np.geomspace(low, high, 60)
    bare = IonCurve(kind, direction, x, np.ones_like(x), np.ones_like(x), temperature=2.0, label=kind, **more)
    value = scale * predicted(PR, site_, values, bare)
    error = 0.01 * np.abs(value) + 1e-6
    return IonCurve(kind, direction, x, value, error, temperature=2.0, label=f"{kind} {direction}", **more)


def _files(folder):
    """C of a sample and of its analogue side by side, χ and M beside."""
    t = np.geomspace(2, 150, 40)
    lattice = DebyeEinstein(150.0, 220.0, 0.6, atoms=5)(t)
    c = _curve(low=2, high=150)
    measured = GAS * (np.interp(t, c.x, c.value) + lattice)
    rows = [
        f"{a!r}\t{b!r}\t{a!r}\t{d!r}"
        for a, b, d in zip(t.tolist(), measured.tolist(), (GAS * lattice).tolist(), strict=True)
    ]
    (folder / "c.dat").write_text("\n".join(["\tPrNi4 0 T\t\tLaNi4 0 T", *rows]) + "\n")
    chi = _curve("susceptibility", "powder")
    rows = [f"{a!r}\t{b!r}" for a, b in zip(chi.x.tolist(), (0.55849379 * chi.value).tolist(), strict=True)]
    (folder / "chi_powder.dat").write_text("\n".join(["T (K)\tchi (emu/mol)", *rows]) + "\n")
    found = [curve for name in ("c.dat", "chi_powder.dat") for curve in curves_in(folder / name)]
    curves = apply(used_by_default(found), "c.dat: unit=J/mol/K")
    analogue = curves[1].measured
    return Problem(tuple(curves), "Pr3+", "Oh", LatticeChoice("analogue", analogue, factor=1.0))


def test_from_files_to_curves(tmp_path):
    prepared = _files(tmp_path).prepare()
    heat, chi = prepared.curves
    assert [one.label for one in prepared.curves] == ["PrNi4 0 T", "chi (emu/mol)"]
    np.testing.assert_allclose(heat.value, predicted(PR, CUBIC, FIELD, heat), atol=0.02)
    np.testing.assert_allclose(chi.value, predicted(PR, CUBIC, FIELD, chi), rtol=0.01)
    assert heat.lattice is not None
    assert any("K is taken" in note for note in prepared.notes)
    assert prepared.orderings == (None, None)


def test_there_and_back(tmp_path):
    """What a problem's file says makes the same curves, in another folder too."""
    problem = with_levels(_files(tmp_path), [8.2, 14.0])
    problem = Problem((*apply(problem.curves, "chi: from=5, to=250, error=2 %"),), "Pr3+", "Oh", problem.lattice)
    path = problem.save(tmp_path / "problem.json")
    again = Problem.load(path)
    assert again.to_dict() == problem.to_dict()
    # Files beside it are named without their folder, so that the folder can be moved.
    assert {one.get("file") for one in json.loads(path.read_text())["curves"]} == {"c.dat", "chi_powder.dat", None}
    moved = tmp_path.rename(tmp_path.parent / f"{tmp_path.name}_moved")
    again = Problem.load(moved / "problem.json")
    for one, other in zip(problem.prepare().curves, again.prepare().curves, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(one.error, other.error)
        assert (one.group, one.x_range) == (other.group, other.x_range)


@pytest.mark.parametrize(
    ("text", "words"),
    [("not json", "cannot be read"), ("{}", "no crystal-field problem"), ('{"crystal_field_problem": 1}', "misspells")],
)
def test_a_file_that_is_no_problem(tmp_path, text, words):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(ScanError, match=words):
        Problem.load(tmp_path / "p.json")


def test_what_is_said_of_curves():
    plain = MeasuredCurve("run 1", "f.dat", np.arange(1.0, 9), np.ones(8))
    other = MeasuredCurve("run 2", "f.dat", np.arange(1.0, 9), np.ones(8))
    used = used_by_default([plain, other])
    words = "run 1: kind=magnetization, direction=c, unit=µB/f.u., x-unit=kOe, temperature=2,5 K, ions=2, from=0,1"
    first, second = apply(used, words + ", to=5, error=3 %, group=my crystal, mass=12 mg, molar-mass=300 g/mol")
    said = first.measured
    assert (said.kind, said.direction, said.y_unit, said.x_unit) == ("magnetization", "c", "µ_B/fu", "kOe")
    assert (said.temperature, said.ions, first.low, first.high, first.relative_error) == (2.5, 2.0, 0.1, 5.0, 0.03)
    assert (first.group, said.sample.mass, said.sample.molar_mass) == ("my crystal", "12 mg", "300 g/mol")
    assert second is used[1]
    assert not any(one.use for one in apply(used, "*: use=no"))
    assert apply(used, "*: field=1000 Oe")[1].measured.field == pytest.approx(0.1)
    for key, example in KEYS.items():
        assert apply(used, f"*: {example}"), key


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ("unit=K", "not of which curve"),
        ("nothing: unit=K", "no curve has 'nothing'"),
        ("*: colour=red", "nothing that can be said"),
        ("*: kind=resistance", "a curve is one of"),
        ("*: direction=d", "a direction is one of"),
        ("*: unit=furlong", "not known"),
        ("*: use=perhaps", "yes or no"),
        ("*: ions=two", "a number"),
        ("*: formula=Qq3", "no formula"),
        ("*: field=cold", "no number with a unit"),
    ],
)
def test_slips_are_named(words, match):
    used = used_by_default([MeasuredCurve("run 1", "f.dat", np.arange(1.0, 9), np.ones(8))])
    with pytest.raises(ScanError, match=match):
        apply(used, words)


def test_energies_as_they_are_typed():
    assert energies_in("0.92, 3.5 meV") == ((0.92, 3.5), "meV")
    assert energies_in("7.4, 28 cm-1") == ((7.4, 28.0), "1/cm")
    assert energies_in("10 K") == ((10.0,), "K")
    assert energies_in(" ") == ((), "meV")
    for text in ("a few", "3 T", "1, two meV"):
        with pytest.raises(ScanError):
            energies_in(text)


def test_lattices_that_cannot_be():
    curve = MeasuredCurve("C", "f", np.geomspace(2, 90, 20), np.ones(20), None, "K", "J/mol/K", "heat_capacity")
    for choice, words in (
        (LatticeChoice("analogue"), "no analogue is chosen"),
        (LatticeChoice("model"), "number of atoms"),
        (LatticeChoice("guess"), "none, analogue or model"),
    ):
        with pytest.raises(ScanError, match=words):
            Problem((UsedCurve(curve),), "Pr3+", "Oh", choice).prepare()
    told = curve.told(formula=Formula.of("PrNi5"))
    assert Problem((UsedCurve(told),), "Pr3+", "Oh", LatticeChoice("model")).prepare().curves[0].lattice is not None
    with pytest.raises(ScanError, match="is empty; exchange"):
        Problem((UsedCurve(curve, low=50, high=2),), "Pr3+", "Oh").prepare()
    with pytest.raises(ScanError, match="no curve is used"):
        Problem((UsedCurve(curve, use=False),), "Pr3+", "Oh").prepare()


def _said(curves, where="Oh", which="Pr3+", orderings=()):
    return " ".join(advice_on(curves, ion(which), site(where), orderings).sentences)


def test_curves_without_fault_are_left_alone():
    curves = [_curve(), _curve("susceptibility", "c"), _curve("magnetization", "c")]
    assert _said(curves) == ""


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (_curve(), "heat capacity alone"),
        (_curve("susceptibility"), "susceptibility alone"),
        (_curve("magnetization"), "magnetization"),
    ],
)
def test_one_curve_alone(curve, words):
    assert words in _said([curve])


def test_wrong_amounts_are_seen():
    """Twice the ions, a gram taken for a mole, 1/χ taken for χ: χT is far from the free ion's."""
    heat = _curve()
    for scale in (2.0, 1 / 300):
        assert "χT of susceptibility c" in _said([heat, _curve("susceptibility", scale=scale)])
    right = _curve("susceptibility")
    inverse = IonCurve("susceptibility", "c", right.x, 1 / right.value, 0.01 / right.value, label="inverse")
    assert "whether it is 1/χ" in _said([heat, inverse])
    assert "more than the 3.2 µB" in _said([heat, _curve("magnetization", scale=5.0)])


def test_a_lattice_that_was_left_in():
    heat = _curve()
    rough = IonCurve(
        "heat_capacity", "powder", heat.x, heat.value + DebyeEinstein(200.0, atoms=4)(heat.x), heat.error, label="C"
    )
    assert "take the lattice off first" in _said([rough, _curve("susceptibility")])


def test_a_susceptibility_in_a_high_field():
    said = _said([_curve(), _curve("susceptibility", field=5.0)])
    assert "was measured in 5 T" in said
    assert "was measured in" not in _said([_curve(), _curve("susceptibility", field=0.02)])


def test_a_susceptibility_below_the_slope_of_the_magnetization():
    """χ measured in 5 T and given as one of small fields: M(H) at the same temperature begins more steeply."""
    free = np.array([1e-6, 0.0])
    high = _curve("susceptibility", values=free, field=5.0)
    small = IonCurve("susceptibility", "c", high.x, high.value, high.error, label="χ")
    moment = _curve("magnetization", values=free)
    said = _said([_curve(), small, moment])
    assert "below the slope with which" in said
    # M/H of the free ion at 2 K has fallen to χ where χ was measured.
    assert "in about 5 T" in said or "in about 4.9 T" in said or "in about 5.3 T" in said
    right = _curve("susceptibility", values=free)
    assert "below the slope" not in _said([_curve(), right, moment])


def test_axes_that_contradict_each_other():
    heat, c = _curve(), _curve("susceptibility", "c")
    a = _curve("susceptibility", "a", scale=1.3)
    assert "at a Oh site they are one" in _said([heat, a, c])
    tetragonal = site("D4h")
    values = tetragonal.for_J(4.0).values_of({"B20": 3.0})
    along = {
        one: _curve("susceptibility", one, site_=tetragonal.for_J(4.0), values=values) for one in ("a", "c", "powder")
    }
    assert "mean of the single directions" not in _said([heat, *along.values()], "D4h")
    mixed = [_renamed(along["a"], "c"), _renamed(along["c"], "a"), along["powder"]]
    assert "axes may be mixed up" in _said([heat, *mixed], "D4h")
    b = _renamed(along["c"], "b")
    assert "all directions in the plane are alike" in _said([heat, along["a"], b], "D4h")


def _renamed(curve, direction):
    return IonCurve(curve.kind, direction, curve.x, curve.value, curve.error, label=direction)


def test_more_parameters_than_the_curves_hold():
    assert "27 parameters" in _said([_curve(), _curve("susceptibility")], "Ci")


def test_temperatures_below_order():
    from napari_scantwin.crystal_field.measured.ordering import ordering_in

    heat = _curve()
    peak = 5 * np.exp(-np.abs(np.log(heat.x / 6)) / 0.05)
    ordered = IonCurve("heat_capacity", "powder", heat.x, heat.value + peak, heat.error, label="C")
    found = ordering_in(ordered)
    assert "order sets in there" in _said([ordered, _curve("susceptibility")], orderings=[found, None])
    above = IonCurve(
        "heat_capacity", "powder", heat.x, heat.value + peak, heat.error, label="C", x_range=(found.limit, 300.0)
    )
    assert "order sets in" not in _said([above, _curve("susceptibility")], orderings=[found, None])


def test_nothing_in_range_is_said():
    far = IonCurve("heat_capacity", "powder", np.arange(1.0, 9), np.ones(8), np.ones(8), x_range=(50.0, 60.0))
    with pytest.raises(ScanError, match="widen them"):
        advice_on([far], PR, CUBIC)
    with pytest.raises(ScanError, match="no curve is used"):
        advice_on([], PR, CUBIC)


def test_numbers_survive_json(tmp_path):
    """A curve without a file is written by its numbers."""
    curve = MeasuredCurve(
        "C", "", np.geomspace(2, 90, 20), np.linspace(0.1, 1, 20), None, "K", "J/mol/K", "heat_capacity"
    )
    told = json.loads(json.dumps(Problem((UsedCurve(curve),), "Pr3+", "Oh").to_dict()))
    np.testing.assert_array_equal(Problem.from_dict(told).curves[0].measured.y, curve.y)
