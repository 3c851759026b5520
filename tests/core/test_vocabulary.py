"""Names and units held against each other."""

from __future__ import annotations

import pytest

from napari_scantwin.core import units, vocabulary


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("T (K)", "K"),
        ("t (s)", "s"),
        ("H (T)", "T"),
        ("H(T)", "T"),
        ("µ0H (T)", "T"),
        ("Temperature, K", "K"),
        ("Moment (m) [emu]", "emu"),
        ("dS (J/kg K)", units.standard("J/(kg K)")),
        ("Intensity (counts)", "count"),
        ("I (mA)", "mA"),
        # A name and a unit that do not go together, and functions.
        ("T (emu)", None),
        ("Moment (K)", None),
        ("Angle (%)", None),
        ("M(H)", None),
        ("M(T)", None),
        ("R(T)", None),
        ("C(T)", None),
        ("I(V)", None),
        ("x(m)", None),
        ("C/T", None),
        ("S/V", None),
        ("k", None),
    ],
)
def test_a_unit_is_taken_where_it_fits_its_name(header, unit):
    assert vocabulary.split_label(header)[1] == unit


@pytest.mark.parametrize(
    ("header", "unit", "name"),
    [
        ("T", "K", "temperature"),
        ("t", "s", "time"),
        ("M", "emu", "moment"),
        ("M", "A m^2", "moment"),
        ("M", "emu/g", "magnetization"),
        ("M", "µB/f.u.", "magnetization"),
        ("M", "µB", "moment"),
        ("Moment (m)", "emu", "moment"),
        ("Magnetic field (H)", "Oe", "magnetic_field"),
        ("Magnetic Field", "Oe", "magnetic_field"),
        ("magnetic_field", None, "magnetic_field"),
        ("t", None, "temperature"),
        ("R", "K", None),
        ("no such thing", "K", None),
    ],
)
def test_a_header_is_named_by_its_unit_too(header, unit, name):
    assert vocabulary.standard_name(header, unit) == name


def test_only_what_has_the_right_dimension_fits():
    assert vocabulary.fits("temperature", "°C")
    assert not vocabulary.fits("temperature", "Oe")
    assert vocabulary.fits("moment", "arb")
    assert not vocabulary.fits("angle", "count")
    assert vocabulary.fits("anything else", "Oe")
    assert vocabulary.measured_in("kOe") == "magnetic_field"
    assert vocabulary.measured_in("emu") is None
