"""Adsorption Information Files as several programs write them, against the isotherms they were written from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin import analyse
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import open_choices, read

RISING = np.geomspace(0.01, 100, 24)
FALLING = RISING[::-1]


def amount(pressure, plateau, width=0.05):
    """A hydride's composition: a dilute phase, a plateau, a dense one."""
    return np.round(
        0.05 * pressure / plateau / (1 + pressure / plateau) + 6 / (1 + (plateau / pressure) ** (1 / width)), 6
    )


def loop(kind, pressure, values, others=()):
    heads = [f"{kind}pressure", *(f"{kind}{name}" for name, _ in others), f"{kind}amount"]
    columns = [pressure, *(np.full(len(pressure), at) for _, at in others), values]
    rows = "\n".join(" ".join(f"{one:.8g}" for one in row) for row in zip(*columns, strict=True))
    return "loop_\n" + "\n".join(heads) + "\n" + rows + "\n\n"


def aif(kelvin=298.15, plateau=1.0, name="a", loading="wt%", pressure="bar", others=(), desorption=True, **said):
    said = {
        "_exptl_adsorptive": "H2", "_exptl_temperature": f"{kelvin:g}", "_adsnt_sample_mass": "0.5231",
        "_adsnt_material_id": "LaNi5", "_exptl_instrument": "'Sieverts 2'", "_units_temperature": "K",
        "_units_pressure": pressure, "_units_mass": "g", "_units_loading": f"'{loading}'", **said,
    }  # fmt: skip
    head = "".join(f"{tag} {value}\n" for tag, value in said.items() if value is not None)
    text = f"data_{name}\n{head}\n" + loop("_adsorp_", RISING, amount(RISING, plateau), others)
    return text + (loop("_desorp_", FALLING, amount(FALLING, 0.6 * plateau), others) if desorption else "")


def opened(tmp_path, text, **how):
    path = tmp_path / "isotherm.aif"
    path.write_text(text, encoding="utf-8")
    return read(path, **how)


@pytest.mark.parametrize(
    ("loading", "unit"),
    [("wt%", "wt%"), ("mmol/g", "mmol/g"), ("mol/kg", "mol/kg"), ("cm3(STP)/g", "cm3(STP)/g"),
     ("cm3/g STP", "cm3(STP)/g"), ("cm³ g⁻¹ (STP)", "cm3(STP)/g"), ("mg/g", "mg/g")],
)  # fmt: skip
@pytest.mark.parametrize("pressure", ["bar", "kPa", "Torr", "mmHg", "Pa"])
def test_adsorption_and_desorption_are_sweeps_in_the_file_s_units(tmp_path, loading, unit, pressure):
    scan = opened(tmp_path, aif(loading=loading, pressure=pressure, others=[("p0", 101.325)]))
    assert (scan.name, scans.axes(scan)) == ("adsorbed_amount", ("temperature", "pressure"))
    assert scan.attrs["units"] == units.standard(unit)
    assert scan["pressure"].attrs["units"] == units.standard(pressure)
    first, second = (scan[scan["sweep"].values == number] for number in (0, 1))
    np.testing.assert_allclose(first["pressure"].values, RISING, rtol=1e-7)
    np.testing.assert_allclose(second["pressure"].values, FALLING, rtol=1e-7)
    np.testing.assert_array_equal(first.values, amount(RISING, 1.0))
    np.testing.assert_array_equal(second.values, amount(FALLING, 0.6))
    assert (scan["temperature"] == 298.15).all()
    assert (scan.attrs["sample_mass"], scan.attrs["sample_mass_units"]) == (0.5231, "g")
    assert (scan.attrs["adsorptive"], scan.attrs["title"]) == ("H2", "LaNi5")
    assert "_adsorp_p0" in scan.attrs["notes"]


def test_gas_at_standard_conditions_is_the_textbook_s_number_of_moles():
    # 22 413.969 54 cm³ are a mole of ideal gas at 273.15 K and 101.325 kPa (CODATA 2018)
    assert units.convert(22413.96954, "cm3(STP)/g", "mol/g") == pytest.approx(1, rel=1e-9)
    assert not units.compatible("cm3/g", "mol/g")  # a volume nobody gave a temperature for stays one
    assert units.standard(units.pretty("cm3(STP)/g")) == units.standard("cm3(STP)/g")


def test_names_of_the_newer_dictionary_and_of_the_oldest_files(tmp_path):
    new = aif().replace("_units_loading", "_units_sorbed_amount").replace("_exptl_adsorptive", "_adsorptive_name")
    new = new.replace("_adsnt_material_id", "_adsnt_material_name")
    scan = opened(tmp_path, new)
    assert (scan.attrs["units"], scan.attrs["adsorptive"], scan.attrs["title"]) == ("wt_percent", "H2", "LaNi5")
    old = aif(_units_temperature=None, _exptl_temperature="298.150K").replace(
        "_adsnt_sample_mass", "_exptl_sample_mass"
    )
    scan = opened(tmp_path, old)
    assert (scan["temperature"] == 298.15).all()
    assert scan.attrs["sample_mass"] == 0.5231


@pytest.mark.parametrize("lacks", ["_units_loading", "_units_pressure", "_units_temperature", "_exptl_temperature"])
def test_what_the_file_does_not_say_is_asked_for(tmp_path, lacks):
    with pytest.raises(NeedsColumns) as question:
        opened(tmp_path, aif(**{lacks: None}))
    assert set(question.value.table.headers) - {"temperature"} == {"pressure", "amount", "sweep"}
    kelvin = [] if lacks == "_exptl_temperature" else ["temperature=temperature[K]"]
    scan = opened(tmp_path, aif(**{lacks: None}), axes=[*kelvin, "pressure=pressure[bar]"], value="amount=content[wt%]")
    np.testing.assert_allclose(scan["pressure"].values, np.concatenate([RISING, FALLING]), rtol=1e-7)
    assert len(scans.sweeps(scan)) == 2


def test_a_unit_that_is_no_pressure_is_asked_for(tmp_path):
    for wrong in ("relative", "K", "molecules"):
        with pytest.raises(NeedsColumns):
            opened(tmp_path, aif(pressure=wrong))


def test_isotherms_of_one_gas_are_one_scan_and_others_choices(tmp_path):
    blocks = [aif(kelvin, plateau, f"T{kelvin:g}") for kelvin, plateau in ((298.15, 1.0), (323.15, 3.0), (348.15, 8.0))]
    scan = opened(tmp_path, "\n".join(blocks))
    assert [one.slow["temperature"] for one in scans.sweeps(scan)] == [298.15, 298.15, 323.15, 323.15, 348.15, 348.15]
    other = aif(name="nitrogen", _exptl_adsorptive="N2")
    path = tmp_path / "both.aif"
    path.write_text("\n".join([*blocks, other]))
    assert [one.key for one in open_choices(path)] == ["T298.15", "nitrogen"]
    assert read(path, choice="nitrogen").attrs["adsorptive"] == "N2"


def hydride(plateau, contents):
    """The pressure over a hydride: it rises as the square before the plateau, and steeply behind it."""
    level = plateau * np.exp(0.02 * (contents - 3))
    return np.where(contents < 1, level * contents**2, level * np.exp(np.maximum(0, 5 * (contents - 5))))


def test_a_file_a_temperature_makes_one_scan_whose_van_t_hoff_heat_is_the_one_put_in(tmp_path):
    """Plateaus at p0 exp(dH/RT - dS/R): the analysis finds the enthalpy they were made with."""
    enthalpy, entropy, gas = -30.8e3, -108.0, 8.314462618
    contents = np.linspace(0.2, 6, 60)
    for kelvin in (298.15, 323.15, 348.15, 373.15):
        pressure = hydride(np.exp(enthalpy / gas / kelvin - entropy / gas), contents)
        head = aif(kelvin).partition("loop_")[0]
        (tmp_path / f"run_{kelvin:g}.aif").write_text(
            head + loop("_adsorp_", pressure, contents) + loop("_desorp_", 0.6 * pressure[::-1], contents[::-1])
        )
    scan = read(sorted(tmp_path.glob("run_*.aif")))
    assert scans.axes(scan) == ("temperature", "pressure")
    assert len(scans.sweeps(scan)) == 8
    found = analyse("isotherms", scan)
    heats = [value.to("J/mol").value for name, value in found.figures if name.startswith("ΔH")]
    assert heats == pytest.approx([enthalpy, enthalpy], rel=0.01)
    for kelvin in (298.15, 348.15):
        mine = [one for one in found.result.sides[0].plateaus if one.isotherm.temperature.value == kelvin]
        plateau = {one.isotherm.direction: one.pressure.value for one in mine}
        assert plateau[-1] / plateau[1] == pytest.approx(0.6, rel=0.01)


def test_standard_deviations_and_readings_that_are_missing(tmp_path):
    text = (
        "data_x\n_exptl_temperature 298\n_units_temperature K\n_units_pressure bar\n_units_loading wt%\nloop_\n"
        + "_adsorp_pressure\n_adsorp_amount\n0.1 0.10(2)\n0.2 ?\n0.3 1.30(4)\n0.4 1.4E1(1)\n0.5 2(1)\n0.6 2.125(15)\n"
    )
    scan = opened(tmp_path, text)
    np.testing.assert_allclose(scan.values, [0.1, 1.3, 14, 2, 2.125])
    np.testing.assert_allclose(scan["standard_error"].values, [0.02, 0.04, 1, 1, 0.015])
    assert scan.attrs["dropped_rows"] == 1
    assert "1 row without pressure or amount" in scan.attrs["notes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data_x\n_exptl_temperature 298\n", "holds no isotherm"),
        ("data_x\nloop_\n_adsorp_pressure\n_adsorp_amount\n1 2 3\n", "does not follow the syntax of a CIF"),
        ("not a CIF\n", "does not follow the syntax of a CIF"),
        (aif().replace("0.01 ", "low ", 1), "'low' under _adsorp_pressure is not a number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(tmp_path, text, said):
    with pytest.raises(ScanError, match=said) as error:
        opened(tmp_path, text)
    assert "isotherm.aif" in str(error.value)
    assert "\n" not in str(error.value)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_said_in_a_sentence(tmp_path, damage, told, data):
    path = tmp_path / "damaged.aif"
    path.write_bytes(damage(aif().encode(), data))
    told(path)
