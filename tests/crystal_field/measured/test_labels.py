"""What heads and formulas say."""

import pytest

from napari_scantwin.crystal_field.measured.formula import Formula, formula_in
from napari_scantwin.crystal_field.measured.labels import told_by


@pytest.mark.parametrize(
    ("text", "kind", "direction", "temperature", "field"),
    [
        ("Chi H//ab", "susceptibility", "a", None, None),
        ("1/Chi powder", "inverse_susceptibility", "powder", None, None),
        ("χ, H ∥ c, 0.1 T", "susceptibility", "c", None, 0.1),
        ("M(H) 1.8 K H || [001]", "magnetization", "c", 1.8, None),
        ("C_p (J/mol/K) 9 T along a", "heat_capacity", "a", None, 9.0),
        ("inverse susceptibility along b", "inverse_susceptibility", "b", None, None),
        ("sample3_out_of_plane", None, "c", None, None),
        ("heat capacity in-plane 50 kOe", "heat_capacity", "a", None, 5.0),
        ("C (J/mol/K)", None, None, None, None),  # no axis c and no temperature K
        ("KErSe2", None, None, None, None),
    ],
)
def test_heads(text, kind, direction, temperature, field):
    told = told_by(text)
    assert (told.kind, told.direction) == (kind, direction)
    assert told.temperature == pytest.approx(temperature)
    assert told.field == pytest.approx(field)


def test_the_first_text_that_says_a_thing_is_believed():
    told = told_by("2 K", "M(H), 5 K, H // c", "powder_chi")
    assert (told.temperature, told.direction, told.kind) == (2.0, "c", "magnetization")


def test_a_formula():
    """Molar masses of IUPAC's atomic weights, added up by hand."""
    found = formula_in("0 T KErSe2 pressed")
    assert found == Formula("KErSe2", {"K": 1.0, "Er": 1.0, "Se": 2.0})
    assert found.molar_mass == pytest.approx(39.0983 + 167.259 + 2 * 78.971, rel=1e-4)
    assert (found.rare_earth, found.is_analogue, found.atom_count) == ("Er", False, 4)
    assert formula_in("KLuSe2").is_analogue
    sulfate = Formula.of("Dy2(SO4)3")
    assert sulfate.atoms == {"Dy": 2.0, "S": 3.0, "O": 12.0}
    assert Formula.of("Xx2") is None
    assert formula_in("C (J/mol/K) at 300 K in Yoke") is None
