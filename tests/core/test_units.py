"""Units: the usual spellings, and conversions that are pint's."""

from __future__ import annotations

import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("T (K)", "T", "K"),
        ("H [Oe]", "H", "Oe"),
        ("Moment/emu", "Moment", "emu"),
        ("Res. ch1 (ohm-cm)", "Res. ch1", "cm*Ω"),
        ("Bridge 1 Resistance (Ohms)", "Bridge 1 Resistance", "Ω"),
        ("M (emu/g)", "M", "emu/g"),
        ("Intensity (arb. units)", "Intensity", "arb"),
        ("Temp (code)", "Temp (code)", None),
        ("DC/AC", "DC/AC", None),
        ("H/Pd", "H/Pd", ""),
        ("composition (H/M)", "composition", ""),
        ("H/V", "H/V", ""),
        ("H/T", "H", "T"),
        ("H/Pd (%)", "H/Pd", "%"),
        ("1000/T", "1000/T", None),
        ("log10(p) (bar)", "log10(p) (bar)", None),
        ("log(P/atm)", "log(P/atm)", None),
        ("lnp", "lnp", None),
        ("Long Moment (emu)", "Long Moment", "emu"),
        ("length (mm)", "length", "mm"),
    ],
)
def test_headers_are_split_into_name_and_unit(header, name, unit):
    assert units.split_label(header) == (name, unit)


def test_cgs_and_si_agree():
    assert units.convert(1, "emu/g", "A m^2/kg") == pytest.approx(1)
    assert units.convert(1e4, "Oe", "A/m") == pytest.approx(795774.7, rel=1e-6)
    assert units.convert(1e4, "gauss", "T") == pytest.approx(1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ScanError, match="cannot be converted"):
        units.convert(1, "K", "Oe")
    with pytest.raises(ScanError, match="is not known"):
        units.standard("nan")


def test_a_derivative_has_the_unit_of_a_quotient():
    assert units.ratio("emu", "K") == units.standard("emu/K")
    assert units.ratio("ohm", "T", 2) == units.standard("ohm/T^2")
    assert units.ratio("emu", "degC") == units.standard("emu/K")


def test_percent_by_weight_is_hundredths_of_the_mass():
    assert units.convert(7.6, "wt%", "g/g") == pytest.approx(0.076)
    assert units.convert(1, "wt.%", "mg/g") == pytest.approx(10)
    assert units.convert(2.5, "wt%", "%") == pytest.approx(2.5)
    assert units.standard("wt%") == units.standard("weight_percent")


#: Units as tables of this field have them, and what pint calls each.
_FACTORS = {
    "K": "kelvin",
    "mol": "mole",
    "kg": "kilogram",
    "g": "gram",
    "Oe": "79.57747154594767 * ampere / meter",
    "T": "tesla",
    "emu": "0.001 * ampere * meter ** 2",
    "J": "joule",
    "mJ": "millijoule",
    "V": "volt",
    "cm3": "centimeter ** 3",
    "m2": "meter ** 2",
    "s": "second",
    "Pa": "pascal",
    "Ω": "ohm",
    "µB": "9.2740100657e-24 * ampere * meter ** 2",
}
_STYLES = (
    lambda up, down: " ".join(up) + ("/" + "/".join(down) if down else ""),
    lambda up, down: "·".join(up) + ("/(" + " ".join(down) + ")" if down else ""),
    lambda up, down: " ".join(up) + ("/" + " ".join(down) if down else ""),
    lambda up, down: "-".join(up) + ("/" + "-".join(down) if down else ""),
    lambda up, down: ".".join(up) + ("/" + ".".join(down) if down else ""),
    lambda up, down: "*".join(up) + ("/(" + "*".join(down) + ")" if down else ""),
    lambda up, down: " ".join([*up, *(_inverse(one, "-1") for one in down)]),
    lambda up, down: " ".join([*up, *(_inverse(one, "^-1") for one in down)]),
    lambda up, down: "·".join([*up, *(_inverse(one, "⁻¹") for one in down)]),
    lambda up, down: "*".join([*up, *(_inverse(one, "**-1") for one in down)]),
    lambda up, down: " ".join(up) + (" per " + " ".join(down) if down else ""),
)


def _inverse(one, power):
    """``cm3`` with the power -1 is ``cm-3``."""
    raised = {"2": "²", "3": "³"} if power[-1] == "¹" else {"2": "2", "3": "3"}
    return one[:-1] + power[:-1] + raised[one[-1]] if one[-1] in raised else one + power


@settings(deadline=None)
@given(st.data())
def test_products_and_quotients_in_any_style_mean_one_thing_or_are_asked_for(data):
    names = data.draw(st.lists(st.sampled_from(sorted(_FACTORS)), min_size=1, max_size=4, unique=True))
    count = data.draw(st.integers(1, len(names)))
    up, down = names[:count], names[count:]
    text = data.draw(st.sampled_from(_STYLES))(up, down)
    meant = 1.0
    for one in up:
        meant = meant * pint.Quantity(_FACTORS[one])
    for one in down:
        meant = meant / pint.Quantity(_FACTORS[one])
    meant = meant.to_base_units()
    if units.is_known(text):
        spelled = units.standard(text)
        read = units.registry().Quantity(1.0, spelled).to_base_units()
        assert dict(read.dimensionality) == dict(meant.dimensionality), text
        assert read.magnitude == pytest.approx(meant.magnitude, rel=1e-9), text
        assert units.standard(spelled) == spelled
    else:
        assert down, text  # a plain product is always read


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("J/kg K", "J/(kg K)"),
        ("J/mole-K", "J/(mol K)"),
        ("J/kg·K", "J/(kg K)"),
        ("mJ/cm^3 K", "mJ/(cm^3 K)"),
        ("W/K-m", "W/(m K)"),
        ("emu/mol Oe", "emu/(mol Oe)"),
        ("µB", "bohr_magneton"),
        ("uB", "bohr_magneton"),
        ("muB/f.u.", "bohr_magneton/formula_unit"),
        ("µB/Er", "bohr_magneton/atom"),
        ("Am2/kg", "A m^2/kg"),
        ("µΩcm", "uOhm cm"),
        ("kOhm", "kΩ"),
        ("Oersted", "Oe"),
        ("nV/√Hz", "nV/Hz^0.5"),
        ("cts/s", "count/s"),
        ("deg C", "°C"),
        ("a. u.", "arb"),
        ("A.U.", "arb"),
        ("arb. units.", "arb"),
        ("at.%", "%"),
        ("emu.mol-1.Oe-1", "emu/mol/Oe"),
        ("1/A", "1/angstrom"),
    ],
)
def test_spellings_of_one_unit(text, meant):
    assert units.standard(text) == units.standard(meant)


@pytest.mark.parametrize(
    "text",
    ["k", "B", "H", "a", "u", "F/", "J/kg*K", "(J/kg) K", "emu (g)", "/K", "10^-3 emu", "1e-3", "°F", "\ufffdC", "¡C",
     "dT", "code", "au", "kk", "J/K-1", "K K)", "emu//g"],
)  # fmt: skip
def test_what_may_mean_two_things_or_nothing_is_asked_for(text):
    assert not units.is_known(text)


def test_a_power_in_a_run_of_symbols_is_that_of_the_last():
    assert units.convert(1, "Am2", "emu") == pytest.approx(1000)
    assert units.convert(1, "µΩcm", "Ω m") == pytest.approx(1e-8)


def test_every_unit_a_scan_stores_is_read_again():
    for text in ("kcps", "mTorr", "µB/f.u.", "wt%", "°C", "Δ°C", "1/Å", "px", "h", "min", "L", "mrad", "emu/cc"):
        assert units.standard(units.standard(text)) == units.standard(text)
