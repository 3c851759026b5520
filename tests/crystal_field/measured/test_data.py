"""From files and scans to curves, and from curves to values per ion."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.crystal_field.measured.data import MeasuredCurve, curves_in, curves_of_scan, level_energies
from napari_scantwin.crystal_field.measured.formula import Formula
from napari_scantwin.crystal_field.measured.per_ion import UNITS, ion_curve, ion_values, needs
from napari_scantwin.crystal_field.measured.settings import used_by_default

KERSE2 = Path(__file__).resolve().parents[4] / "shared" / "data" / "crystal_field"
needs_kerse2 = pytest.mark.skipif(not KERSE2.is_dir(), reason="the measured files are not at hand")

#: One mole of ions in CODATA 2018's constants: what a curve of value 1 per ion reads in each unit, of a sample of 10 mg
#: and 500 g/mol.
_R, _MOMENT, _CHI = 8.314462618, 5584.9379, 0.55849379
_MOLES = 0.010 / 500
_ONE = {
    ("heat_capacity", "J/mol/K"): _R,
    ("heat_capacity", "mJ/mol/K"): 1e3 * _R,
    ("heat_capacity", "J/g/K"): _R / 500,
    ("heat_capacity", "µJ/K"): 1e6 * _R * _MOLES,
    ("susceptibility", "emu/mol/Oe"): _CHI,
    ("susceptibility", "emu/mol"): _CHI,
    ("susceptibility", "cm^3/mol"): _CHI,
    ("susceptibility", "emu/g/Oe"): _CHI / 500,
    ("susceptibility", "emu/Oe"): _CHI * _MOLES,
    ("susceptibility", "m^3/mol"): 4e-6 * np.pi * _CHI,
    ("susceptibility", "µB/T/ion"): 1.0,
    ("inverse_susceptibility", "mol Oe/emu"): 1 / _CHI,
    ("inverse_susceptibility", "T/µB"): 1.0,
    ("inverse_susceptibility", "g Oe/emu"): 500 / _CHI,
    ("magnetization", "µB/ion"): 1.0,
    ("magnetization", "µB/f.u."): 1.0,
    ("magnetization", "emu/mol"): _MOMENT,
    ("magnetization", "emu/g"): _MOMENT / 500,
    ("magnetization", "emu"): _MOMENT * _MOLES,
    ("magnetization", "A m^2/mol"): 1e-3 * _MOMENT,
    # 1 µB/T in 0.1 T is a moment of 0.1 µB.
    ("moment", "emu"): 0.1 * _MOMENT * _MOLES,
    ("moment", "emu/mol"): 0.1 * _MOMENT,
    ("moment", "µB/ion"): 0.1,
    ("levels", "meV"): 1 / 11.604518,
    ("levels", "1/cm"): 1 / 1.4387769,
}


def _curve(kind: str, unit: str, values=1.0, **more) -> MeasuredCurve:
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    known = {"direction": "c", "temperature": 2.0, "field": 0.1, "sample": Sample("10 mg", None, "500 g/mol")}
    x_unit = "T" if kind == "magnetization" else "K"
    return MeasuredCurve("x", "f", x, np.full(5, values), None, x_unit, unit, kind, **(known | more))


@pytest.mark.parametrize(("kind", "unit"), list(_ONE))
def test_units_per_ion(kind, unit):
    _, y, _ = ion_values(_curve(kind, unit, _ONE[kind, unit]))
    np.testing.assert_allclose(y, 1.0, rtol=1e-6)


@pytest.mark.parametrize("kind", list(UNITS))
def test_every_unit_that_is_offered_is_understood(kind):
    for unit in UNITS[kind]:
        assert np.isfinite(ion_values(_curve(kind, unit))[1]).all()


@settings(max_examples=10, deadline=None)
@given(ions=st.integers(1, 6), value=st.floats(0.01, 100))
def test_two_ions_a_formula_unit(ions, value):
    """Values per mole of formula units are shared by its ions; those per ion stay."""
    for kind, unit in (("heat_capacity", "J/mol/K"), ("susceptibility", "emu/mol"), ("magnetization", "µB/f.u.")):
        one, many = (ion_values(_curve(kind, unit, value, ions=n))[1] for n in (1, ions))
        np.testing.assert_allclose(many * ions, one, rtol=1e-12)
    per_ion = ion_values(_curve("magnetization", "µB/ion", value, ions=ions))[1]
    np.testing.assert_allclose(per_ion, value, rtol=1e-6)
    inverse = ion_values(_curve("inverse_susceptibility", "mol/emu", value, ions=ions))[1]
    np.testing.assert_allclose(inverse, 1 / value / _CHI / ions, rtol=1e-6)


@pytest.mark.parametrize(("unit", "one"), [("Oe", 1e-4), ("kOe", 0.1), ("T", 1.0), ("A/m", 1.25663706e-6), ("G", 1e-4)])
def test_fields(unit, one):
    curve = _curve("magnetization", "µB/ion").told(x_unit=unit)
    np.testing.assert_allclose(ion_values(curve)[0], one * curve.x, rtol=1e-6)


def test_negative_fields_are_turned_round():
    curve = MeasuredCurve(
        "m", "f", np.array([-2.0, -1, 0, 1, 2]), np.array([-3.0, -2, 0, 2, 3]), None, "T", "µB/ion", "magnetization",
        "c", 2.0,
    )  # fmt: skip
    made = ion_curve(curve)
    np.testing.assert_array_equal(made.x, [0, 1, 1, 2, 2])
    np.testing.assert_allclose(made.value, [0, 2, 2, 3, 3])


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (_curve("heat_capacity", "mJ/K", sample=Sample()), "mass .such as .* and molar mass"),
        (_curve("magnetization", "emu/g", sample=Sample()), "molar mass"),
        (_curve("susceptibility", "emu"), "choose M.T., and say the field"),
        (_curve("moment", "emu", field=None), "the field it was measured in"),
        (_curve("heat_capacity", "emu"), "no unit of a heat capacity; use"),
        (_curve("susceptibility", "J/mol/K"), "no unit of a susceptibility; use"),
        (_curve("susceptibility", "1"), "no unit of a susceptibility; use"),
        (_curve("magnetization", "µB/ion", temperature=None), "does not say its temperature"),
        (_curve("susceptibility", "emu/mol", direction=None), "the direction of the field"),
        (_curve("inverse_susceptibility", "mol/emu", 0.0), "values of zero"),
        (_curve("levels", "T"), "no unit of a level's energy"),
        (_curve("heat_capacity", "J/mol/K", ions=0.0), "a number above zero"),
        (_curve("heat_capacity", None), "does not say its unit"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(curve, words):
    with pytest.raises(ScanError, match=words) as raised:
        ion_curve(curve)
    assert str(raised.value).count(". ") == 0


def test_the_molar_mass_comes_from_the_formula_where_none_was_typed():
    formula = Formula.of("KErSe2")
    curve = _curve("magnetization", "emu/g", _MOMENT / formula.molar_mass, sample=Sample(), formula=formula)
    assert needs(curve) == ("molar_mass",)
    np.testing.assert_allclose(ion_values(curve)[1], 1.0, rtol=1e-6)


def test_many_readings_become_few_without_losing_their_mean():
    rng = np.random.default_rng(1)
    t = np.sort(rng.uniform(2, 300, 2000))
    truth = 5 / t
    curve = MeasuredCurve(
        "chi", "f", t, truth * (1 + 0.02 * rng.normal(size=t.size)), None, "K", "µB/T/ion", "susceptibility", "c"
    )
    made = ion_curve(curve, relative_error=0.0)
    assert len(made.x) <= 60
    assert np.all(np.diff(made.x) > 0)
    # A mean of twenty readings scatters far less than one; bins are narrow beside the curve's own bend.
    assert np.abs(made.value * made.x / 5 - 1).max() < 0.03
    pulls = (made.value - 5 / made.x) / made.error
    assert np.sqrt((pulls**2).mean()) < 2


def test_level_energies():
    levels = ion_curve(level_energies([3.5, 0.9], "meV"))
    np.testing.assert_allclose(levels.value, np.array([0.9, 3.5]) * 11.604518, rtol=1e-6)
    np.testing.assert_allclose(levels.error, 0.02 * levels.value)
    np.testing.assert_array_equal(levels.x, [1, 2])
    with pytest.raises(ScanError, match="above zero"):
        level_energies([0.0, 2.0], "meV")


def test_a_scan_of_many_sweeps():
    """A map M(T, H): a curve for each field; masked readings are left out, and said."""
    t, h = np.linspace(2, 50, 25), np.array([1000.0, 5000.0])
    scan = scans.gridded_scan(
        {"magnetic_field": (h, "Oe"), "temperature": (t, "K")},
        np.ones((2, 25)),
        name="moment",
        unit="emu",
        masked=np.arange(50).reshape(2, 25) % 25 == 3,
    )
    found = curves_of_scan(scan.assign_attrs(sample_mass=10.0, sample_mass_units="mg", direction="c"), "map.nc")
    assert [one.kind for one in found] == ["moment", "moment"]
    assert [one.field for one in found] == pytest.approx([0.1, 0.5])
    assert all(len(one.y) == 24 and one.direction == "c" for one in found)
    assert "2 masked readings left out" in found[0].notes
    assert found[0].sample.mass == (10.0, "mg")


def test_a_scan_of_something_else_holds_no_curve():
    scan = scans.ragged_scan({"temperature": (np.arange(1.0, 9), "K")}, np.ones(8), name="resistance", unit="ohm")
    assert curves_of_scan(scan) == []


def test_a_plain_table_with_the_unit_most_people_write(tmp_path):
    path = tmp_path / "chi_powder.dat"
    path.write_text("T (K)\tchi (emu/mol)\n" + "\n".join(f"{t}\t{1 / t}" for t in range(2, 40)) + "\n")
    (curve,) = curves_in(path)
    assert (curve.kind, curve.y_unit, curve.direction) == ("susceptibility", "emu/mol", "powder")
    assert curve.missing == ()


@needs_kerse2
def test_measured_files():
    """The heads and numbers of the published files, read off them by eye."""
    erbium, lutetium = curves_in(KERSE2 / "kerse2_HC.dat")
    assert (erbium.kind, erbium.field, len(erbium.y), erbium.is_lattice) == ("heat_capacity", 0.0, 172, False)
    assert (lutetium.formula.text, len(lutetium.y), lutetium.is_lattice) == ("KLuSe2", 50, True)
    assert erbium.missing == ("its unit",)  # it stands nowhere in the file
    assert erbium.y[0] == 1273.72658744456
    chi = curves_in(KERSE2 / "kerse2_MT.dat")
    assert [(one.direction, len(one.y)) for one in chi] == [("powder", 560), ("a", 1239), ("c", 508)]
    assert chi[0].missing == ()
    moment = curves_in(KERSE2 / "kerse2_mh.dat")
    assert len(moment) == 20
    temperatures = [0.42, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 10, 50, 2]
    assert [one.temperature for one in moment if one.direction == "a"] == temperatures
    assert sorted(one.temperature for one in moment if one.direction == "c") == sorted(temperatures)
    last = moment[-1]
    assert (last.x[0], last.y[0]) == (0.130128871388318, -3.79643677730127e-4)
    said = ion_curve(last.told(x_unit="Oe", y_unit="µB/ion"))
    assert said.x[-1] == pytest.approx(1e-4 * last.x.max(), rel=0.05)
    assert len(said.x) <= 40


@needs_kerse2
def test_what_is_used_unless_told_otherwise():
    """The lattice, the cold magnetizations and the powder beside single directions are not, and say why."""
    found = [curve for name in ("HC", "MT", "mh") for curve in curves_in(KERSE2 / f"kerse2_{name}.dat")]
    used = used_by_default(found)
    assert [one.measured.label for one in used if one.use][:3] == ["0 T KErSe2", "Chi H//ab", "Chi H//c"]
    assert sorted(one.measured.temperature for one in used if one.use and one.measured.temperature) == [
        2,
        2,
        10,
        10,
        50,
        50,
    ]
    for one in used:
        assert one.use or "not used unless it is ticked" in one.measured.notes[-1]
    alone = used_by_default([one for one in found if one.temperature == 0.42 or one.direction == "powder"])
    assert all(one.use for one in alone)
