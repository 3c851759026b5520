"""Files in the layouts of the MicroMag's programs, against the arrays they were written from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import open_choices, read

NEW = """MicroMag 2900/3900 Data File (Series 0016.002)
Direct moment vs. field; {kind}

INSTRUMENT
Configuration                   VSM
Temperature control             None
Hardware version                0004
Software version                11/20/2006
Units of measure                {system}
Temperature in                  Kelvin

SAMPLE
Mass                           +50.30000E-03
Volume                          N/A
Demagnetizing factor            N/A

SETTINGS
Field range                    +1.000000E+00
Averaging time                 +100.0000E-03
Temperature (command)           N/A
Sweep mode                      Continuous

MEASUREMENT
Temperature (measured)         +295.1500E+00
Measured on                     01/22/2015  17:35
Description                     "magnetite, fine"

SCRIPT
Number of segments              {count}
Number of data                  802

Segment   Averaging     Initial        Field         Final       Pause      Final
Number      Time         Field       Increment       Field                 Index
             (s)          ({field})          ({field})           ({field})         (s)
{segments}
"""
OLD = """MicroMag 2900/3900 Data File (Series 0015)
First-order reversal curves
Configuration   :  VSM
Hardware version:  0004
Software version:  09/27/2005 D
Units of measure:  {system}
Temperature in  :  Kelvin
01/22/2015  17:35
"wires, out of plane"

Averaging time = +2.000000E+00
Hb1            =  0.000000E+00
HCal           = +6.804196E+03
HSat           = +1.500000E+04
NCrv           = 152

Temperature    = {temperature}
Orientation    = -9.000001E+01
NData          = 30628

"""


def number(value):
    return "NaN" if np.isnan(value) else f"{value:+.6E}"


def rows(*columns):
    return "".join(",".join(map(number, row)) + "\n" for row in zip(*columns, strict=True))


def written(values):
    return np.array([float(f"{value:.6E}") for value in values])


def moment(field):
    return 1e-6 * np.tanh(3 * field)


def new_file(heads, blocks, kind="Hysteresis loop", system="Hybrid SI", field="T", ends=True):
    segments = "\n".join(
        f"{at},+100.0000E-03,+1.000000E+00,-5.000000E-03,-1.000000E+00,+1.000000E+00,{at}" for at in range(len(blocks))
    )
    head = NEW.format(kind=kind, system=system, field=field, count=len(blocks), segments=segments)
    names = "\n".join("".join(f"{cell:^14}" for cell in line).rstrip() for line in heads)
    end = "\nMicroMag 2900/3900 Data File ends" if ends else ""
    return f"{head}\n{names}\n\n" + "\n".join(rows(*block) for block in blocks) + end


FIELDS = [np.linspace(1, -1, 41), np.linspace(-1, 1, 41)]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize(("unit", "meant"), [("(Am²)", "A·m²"), ("(emu)", "emu")])
@pytest.mark.parametrize("ends", [True, False])
def test_a_loop_by_the_names_above_its_columns(tmp_path, encoding, unit, meant, ends):
    field = "T" if "A" in unit else "Oe"
    blocks = [(one, moment(one)) for one in FIELDS]
    path = tmp_path / "loop.txt"
    path.write_bytes(
        new_file([("Field", "Moment"), (f"({field})", unit)], blocks, field=field, ends=ends).encode(encoding)
    )
    scan = read(path)
    assert (scan.name, scans.axes(scan), scan["magnetic_field"].attrs["units"]) == (
        "moment",
        ("magnetic_field",),
        field,
    )
    assert scans.label(scan) == f"moment ({meant})"
    found = scans.sweeps(scan)
    assert [one.size for one in found] == [41, 41]
    np.testing.assert_array_equal(scan["magnetic_field"].values, written(np.concatenate(FIELDS)))
    np.testing.assert_array_equal(scan.values, written(moment(np.concatenate(FIELDS))))
    assert (scan.attrs["temperature"], scan.attrs["temperature_units"]) == (295.15, "K")
    assert "mass of the sample, given without a unit" in scan.attrs["notes"]
    assert scan.attrs["title"] == "magnetite, fine"


def test_errors_temperatures_and_adjusted_columns(tmp_path):
    heads = [
        ("", "", "", "Moment", "Adjusted", "Adjusted"),
        ("Field", "Moment", "Temperature", "Std. Dev.", "Field", "Moment"),
        ("(T)", "(Am2)", "(K)", "(Am2)", "(T)", "(Am2)"),
    ]
    blocks = []
    for kelvin in (10.0, 50.0, 100.0):
        field = np.linspace(0, 1, 20)
        blocks.append(
            (field, moment(field) / kelvin, np.full(20, kelvin), np.full(20, 1e-9), field - 0.01, moment(field))
        )
    path = tmp_path / "map.dat"
    path.write_text(new_file(heads, blocks))
    found = open_choices(path)
    assert [one.key for one in found] == ["Moment", "Adjusted Moment"]
    scan, adjusted = (one.scan for one in found)
    assert scans.axes(scan) == scans.axes(adjusted) == ("temperature", "magnetic_field")
    assert [one.slow["temperature"] for one in scans.sweeps(scan)] == [10, 50, 100]
    np.testing.assert_array_equal(scan.values, written(np.concatenate([block[1] for block in blocks])))
    np.testing.assert_array_equal(
        adjusted["magnetic_field"].values, written(np.concatenate([block[4] for block in blocks]))
    )
    assert (scan["standard_error"] == 1e-9).all()


@pytest.mark.parametrize(("system", "field", "unit"), [("cgs", "Oe", "emu"), ("Hybrid SI", "T", "A·m²")])
@pytest.mark.parametrize("temperature", ["N/A", "+7.700000E+01"])
def test_reversal_curves_of_older_files(tmp_path, system, field, unit, temperature):
    reversals = np.arange(0.5, -0.51, -0.1)
    curves = [np.arange(one, 0.801, 0.05) for one in reversals]
    body = "\n".join(rows([0.9], [moment(0.9)]) + "\n" + rows(one, moment(one)) for one in curves)
    path = tmp_path / "wires.frc"
    path.write_text(OLD.format(system=system, temperature=temperature) + body)
    scan = read(path)
    assert scans.axes(scan) == ("reversal_field", "magnetic_field")
    assert scan["magnetic_field"].attrs["units"] == scan["reversal_field"].attrs["units"] == field
    assert scans.label(scan) == f"moment ({unit})"
    np.testing.assert_array_equal([one.slow["reversal_field"] for one in scans.sweeps(scan)], written(reversals))
    np.testing.assert_array_equal(scan["magnetic_field"].values, written(np.concatenate(curves)))
    np.testing.assert_array_equal(scan.values, written(moment(np.concatenate(curves))))
    assert scan.attrs.get("temperature") == (77 if temperature != "N/A" else None)
    assert f"{len(reversals)} single readings" in scan.attrs["notes"]


@pytest.mark.parametrize("system", ["SI", "mks"])
def test_units_that_mean_two_things_are_asked_for(tmp_path, system):
    path = tmp_path / "wires.frc"
    body = "\n".join(rows(one, moment(one)) for one in FIELDS)
    path.write_text(OLD.format(system=system, temperature="N/A") + body)
    with pytest.raises(NeedsColumns):
        read(path)
    scan = read(path, axes=["Field=magnetic_field[T]"], value="Moment=moment[A m^2]")
    np.testing.assert_array_equal(scan.values, written(moment(np.concatenate(FIELDS))))
    assert len(scans.sweeps(scan)) == 2


def test_readings_that_are_no_number_are_counted_and_words_refused(tmp_path):
    values = moment(FIELDS[0])
    values[3] = np.nan
    text = new_file([("Field", "Moment"), ("(T)", "(Am2)")], [(FIELDS[0], values)])
    path = tmp_path / "loop.txt"
    path.write_text(text)
    scan = read(path)
    assert (scan.size, scan.attrs["dropped_rows"]) == (40, 1)
    path.write_text(text.replace("+9.500000E-01,", "offline,"))
    with pytest.raises(ScanError, match=r"loop\.txt, line \d+: 'offline.*' is no row of 2 numbers"):
        read(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_said_in_a_sentence(tmp_path, damage, told, data):
    path = tmp_path / "damaged.frc"
    text = new_file([("Field", "Moment"), ("(T)", "(Am2)")], [(one, moment(one)) for one in FIELDS])
    path.write_bytes(damage(text.encode(), data))
    told(path)
