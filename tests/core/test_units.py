"""Units: the usual spellings, and conversions that are pint's."""

from __future__ import annotations

import pytest

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
