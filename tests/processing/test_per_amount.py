"""Values per mole, mass or volume against the arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import apply, history


def measured(unit, name="heat_capacity", errors=True, **attrs):
    kelvin = np.linspace(2, 20, 12)
    return scans.ragged_scan(
        {"magnetic_field": (np.repeat([0.0, 1e4], 6), "Oe"), "temperature": (kelvin, "K")},
        kelvin**2,
        name=name,
        unit=unit,
        errors=0.1 * kelvin if errors else None,
        attrs=attrs,
    )


SAMPLE = {"sample_mass": 7.5, "sample_mass_units": "mg", "molar_mass": 250.1, "molar_mass_units": "g/mol"}


def test_a_heat_capacity_of_the_sample_is_one_per_mole_by_what_the_file_says():
    scan = measured("µJ/K", **SAMPLE)
    molar = apply(scan, "per_amount")
    assert molar.attrs["units"] == "J/K/mol"
    np.testing.assert_allclose(molar.values, scan.values * 1e-6 * 250.1 / 7.5e-3)
    np.testing.assert_allclose(molar["standard_error"].values, scan["standard_error"].values * 1e-6 * 250.1 / 7.5e-3)
    back = apply(molar, "per_amount", per="mass")
    np.testing.assert_allclose(back.values, scan.values * 1e-6 / 7.5e-3)
    assert [one["step"] for one in history(back)] == ["per_amount", "per_amount"]


def test_a_moment_becomes_a_magnetization():
    scan = measured("emu", "moment", sample_mass=2.0, sample_mass_units="mg")
    done = apply(scan, "per_amount", per="volume", density="8 g/cm3")
    assert (done.name, done.attrs["units"]) == ("magnetization", "emu/cm**3")
    np.testing.assert_allclose(done.values, scan.values / (2e-3 / 8))


def test_what_is_missing_or_does_not_grow_with_the_sample_is_said():
    with pytest.raises(ScanError, match="need the sample's mass, such as"):
        apply(measured("µJ/K"), "per_amount", per="mass")
    with pytest.raises(ScanError, match="need the sample's molar mass"):
        apply(measured("µJ/K", sample_mass=1.0, sample_mass_units="mg"), "per_amount", per="mole")
    with pytest.raises(ScanError, match="per mole already"):
        apply(measured("J/(mol K)"), "per_amount", per="mole")
    for unit in ("ohm", "", "K"):
        with pytest.raises(ScanError, match="do not grow with the sample"):
            apply(measured(unit, "signal"), "per_amount", per="mass")
