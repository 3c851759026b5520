"""The crystal field as an analysis of one scan, with a second beside it."""

import numpy as np
import pytest

import napari_scantwin
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError

#: Ce3+ in a cube, from its two levels: a doublet 120 K below a quartet, 360 B40 apart.
GAP, GAS = 120.0, 8.314462618


def _heat(t):
    ratio = 2 * np.exp(-GAP / t)
    return GAS * (GAP / t) ** 2 * ratio / (1 + ratio) ** 2


def _scan(t, values, name, unit, **attrs):
    return scans.ragged_scan({"temperature": (t, "K")}, values, name=name, unit=unit, attrs=attrs)


def test_heat_capacity_with_its_lattice():
    """A lattice of T³ taken off by a second scan; the level comes out with its error and in a table."""
    t = np.geomspace(4, 250, 60)
    lattice = 1e-5 * np.geomspace(2, 260, 80) ** 3
    found = napari_scantwin.analyse(
        "crystal-field",
        _scan(t, _heat(t) + 1e-5 * t**3, "heat_capacity", "J/mol/K"),
        ion="Ce3+",
        site="Oh",
        lattice=_scan(np.geomspace(2, 260, 80), lattice, "heat_capacity", "J/mol/K"),
    )
    figures = dict(found.figures)
    level = figures["level 1"]
    assert abs(level.value - GAP) < 2 * level.error < 0.1 * GAP
    assert {"C(T)", "Levels"} <= set(found.plots)
    assert any("lattice of" in note for note in found.notes)
    assert found.tables["Solutions"].rows[0][0] == 1
    assert found.result.solutions[0].parameters["B40"] == pytest.approx(GAP / 360, rel=0.05)


def test_a_moment_needs_its_mass():
    t = np.geomspace(4, 250, 60)
    held = {"magnetic_field": 1000.0, "magnetic_field_units": "Oe"}
    scan = _scan(t, 1e-4 / t, "moment", "emu", **held)
    with pytest.raises(ScanError, match="the sample's mass"):
        napari_scantwin.analyse("crystal_field", scan, ion="Ce3+", site="Oh")
    found = napari_scantwin.analyse("crystal_field", scan, ion="Ce3+", site="Oh", mass="10 mg", molar_mass="1000 g/mol")
    # χT = 1e-4 emu K / 1000 Oe / 1e-5 mol = 0.01 emu K/mol, an eightieth of Ce3+'s: the mass cannot be right.
    assert any("mass and molar mass" in note for note in found.notes)


def test_a_scan_of_something_else_is_refused():
    with pytest.raises(ScanError, match="no heat capacity"):
        napari_scantwin.analyse("crystal_field", _scan(np.arange(1.0, 9), np.ones(8), "resistance", "ohm"))
