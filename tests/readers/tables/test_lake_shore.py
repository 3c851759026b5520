"""Files in the layouts of Lake Shore's magnetometers, against the arrays they were written from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import open_choices, read, read_table

SETTINGS = """#RUN ON SOFTWARE VERSION:
1.7.0
#FIELD CONFIGURATIONS
Magnet: EM7
Gap: 16.2 mm
#SAMPLE SETTINGS
Name: NdFeB film
Mass: 12.5 mg
Volume: 0.25 mm³
Demagnetization factor: 0
#{kind} MEASUREMENT
Field range: 2 T, 1 step
#DATA: 1
"""
HEADS = "Step,Iteration,Segment,Field [Oe],Moment (m) [emu],Time Stamp [s],Field Status,Moment (m) Status,"


def moment(field, temperature=300.0):
    return np.round(1e-3 * np.tanh(field / 4000) * (1 - temperature / 1000), 9)


def table_8600(segments, heads=HEADS, title="Moment (m) [emu] vs Field [Oe]", iteration=1):
    """A data table of segments of fields, and what stands in it."""
    lines, step = [f"##DATA TABLE {title}", heads], 0
    for number, fields in enumerate(segments, 1):
        for field in fields:
            lines.append(f"{step},{iteration},{number},{field:.6g},{moment(field):.9e},{step * 0.5:g},ok,ok,")
            step += 1
    return "\n".join(lines) + "\n"


def file_8600(*tables, kind="HYSTERESIS"):
    return SETTINGS.format(kind=kind) + "".join(tables)


def sweeps_of(scan):
    return [scan[scan["sweep"].values == one.number] for one in scans.sweeps(scan)]


LOOP = [np.linspace(20000, -20000, 41), np.linspace(-20000, 20000, 41)]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("suffix", [".csv", ".txt", ".dat"])
def test_a_loop_is_two_sweeps_with_the_sample_s_mass(tmp_path, ending, padded, suffix):
    text = file_8600(table_8600(LOOP))
    if padded:  # as it comes from a spreadsheet
        text = "\n".join(line if line.count(",") > 5 else f"{line},,,,,,," for line in text.splitlines()) + "\n"
    path = tmp_path / f"loop{suffix}"
    path.write_bytes(text.replace("\n", ending).encode())
    scan = read(path)
    assert (scan.name, scan.attrs["units"], scans.axes(scan)) == ("moment", "emu", ("magnetic_field",))
    assert scan["magnetic_field"].attrs["units"] == "Oe"
    for part, fields in zip(sweeps_of(scan), LOOP, strict=True):
        np.testing.assert_allclose(part["magnetic_field"].values, fields, rtol=1e-5)
        np.testing.assert_array_equal(part.values, moment(part["magnetic_field"].values))
    assert (scan.attrs["sample_mass"], scan.attrs["sample_mass_units"]) == (12.5, "mg")
    assert (scan.attrs["sample_volume"], scan.attrs["sample_volume_units"]) == (0.25, "mm**3")
    assert scan.attrs["title"] == "NdFeB film"
    assert "Field Status, Moment (m) Status" in scan.attrs["notes"]


def test_reversal_curves_have_the_field_they_begin_at_and_leave_the_drift_out(tmp_path):
    reversals = np.arange(2000, -2001, -500.0)
    curves = [part for one in reversals for part in ([5000.0], np.arange(one, 3001, 250.0))]
    path = tmp_path / "forc.csv"
    path.write_text(file_8600(table_8600(curves), kind="FORC"))
    scan = read(path)
    assert scans.axes(scan) == ("reversal_field", "magnetic_field")
    found = sweeps_of(scan)
    assert [float(part["reversal_field"][0]) for part in found] == reversals.tolist()
    for part, begin in zip(found, reversals, strict=True):
        np.testing.assert_array_equal(part["magnetic_field"].values, np.arange(begin, 3001, 250.0))
    assert f"left out: {len(reversals)} single readings between the curves" in scan.attrs["notes"]


def test_each_table_and_each_column_is_a_choice(tmp_path):
    heads = (
        "Iteration,Segment,Field [T],Temperature [K],Magnetization (M) [emu/g],Moment (m) [emu],"
        "Moment (m) Std. Dev. [emu]"
    )
    rows, expected = [], []
    rng = np.random.default_rng(1)
    for number, kelvin in enumerate((100.0, 200.0, 300.0), 1):
        for field in np.linspace(0, 2, 15):
            measured = kelvin + rng.normal(0, 0.02), field * kelvin, field / kelvin
            rows.append(f"1,{number},{field:.4f},{measured[0]:.4f},{measured[1]:.4f},{measured[2]:.6f},1e-5")
            expected.append((kelvin, round(field, 4), round(field / kelvin, 6)))
    path = tmp_path / "two.csv"
    path.write_text(
        file_8600(table_8600(LOOP), "##DATA TABLE Moment vs Field at T\n" + "\n".join([heads, *rows]) + "\n")
    )
    found = open_choices(path)
    assert [one.scan.name for one in found] == ["moment", "moment", "magnetization"]
    scan = found[1].scan
    assert scans.axes(scan) == ("temperature", "magnetic_field")
    np.testing.assert_allclose(scan["temperature"].values, [row[0] for row in expected], atol=0.05)
    np.testing.assert_array_equal(scan["magnetic_field"].values, [row[1] for row in expected])
    np.testing.assert_array_equal(scan.values, [row[2] for row in expected])
    assert (scan["standard_error"] == 1e-5).all()
    assert len(scans.sweeps(scan)) == 3
    assert read(path).attrs["choices"].count(";") == 2
    assert read_table(path).headers[:3] == ("Step", "Iteration", "Segment")


def test_moment_against_temperature_at_a_held_field(tmp_path):
    kelvin = np.concatenate([np.arange(300, 400, 5.0), np.arange(400, 300, -5.0)])
    rows = "".join(f"1,1,{1000 + 0.3 * (-1) ** k:.2f},{t:.2f},{1e-3 / t:.9f},ok\n" for k, t in enumerate(kelvin))
    path = tmp_path / "mt.csv"
    path.write_text(
        file_8600("##DATA TABLE m vs T\nIteration,Segment,Field [Oe],Temperature [K],Moment (m) [emu],Status\n" + rows)
    )
    scan = read(path)
    assert scans.axes(scan) == ("temperature",)
    np.testing.assert_array_equal(scan["temperature"].values, kelvin)
    assert scan.attrs["magnetic_field"] == pytest.approx(1000, abs=0.31)
    assert len(scans.sweeps(scan)) == 2


@pytest.mark.parametrize(("decimal", "unit"), [(".", "G"), (",", "Oe")])
def test_text_of_the_7400_series(tmp_path, decimal, unit):
    fields = np.concatenate([np.linspace(10000, -10000, 81), np.linspace(-10000, 10000, 81)])
    rows = "".join(f"{field: .4E}\t{moment(field): .6E}\n".replace(".", decimal) for field in fields)
    path = tmp_path / "loop.txt"
    path.write_text(
        "Start Time: 3/27/2014 10:31:17 AM\nSample ID: FePt 3\nMass: 0.0031 g\nExperiment: Hysteresis loop\n"
        "Data File: C:\\data\\loop.dat\nOption: 2 axis\nTemperature control: none\nAveraging: 1 s\n\n***DATA***\n\n"
        f"Field({unit})\t Moment(emu)\n" + rows
    )
    scan = read(path)
    assert (scan.name, scans.axes(scan), scan["magnetic_field"].attrs["units"]) == ("moment", ("magnetic_field",), unit)
    np.testing.assert_allclose(scan["magnetic_field"].values, fields, rtol=1e-4)
    np.testing.assert_allclose(scan.values, moment(fields), rtol=1e-6)
    assert [one.size for one in scans.sweeps(scan)] == [81, 81]
    assert (scan.attrs["title"], scan.attrs["sample_mass"]) == ("FePt 3", 0.0031)


def test_columns_below_each_other_have_no_units_and_are_asked_for(tmp_path):
    fields = np.linspace(10000, -10000, 21)
    columns = {"Field": fields, "MomentX": moment(fields), "Time": np.arange(21.0)}
    blocks = "".join(f"{head} Data\n" + "".join(f"{one:.9g}\n" for one in column) for head, column in columns.items())
    path = tmp_path / "loop.dat"
    path.write_text(
        f"***** Settings *****\nGap: 16\n***** Experiment Data *****\nPoints 21\n{blocks}\n***** Results *****\n1\n"
    )
    with pytest.raises(NeedsColumns):
        read(path)
    scan = read(path, axes=["Field=magnetic_field[Oe]"], value="MomentX=moment[emu]")
    np.testing.assert_array_equal(scan["magnetic_field"].values, fields)
    np.testing.assert_allclose(scan.values, moment(fields), rtol=1e-8)


def test_a_file_saved_before_it_was_measured_says_so(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text(file_8600(f"##DATA TABLE Moment\n{HEADS}\n"))
    with pytest.raises(ScanError, match=r"^empty\.csv has no readings below ##DATA TABLE"):
        read(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_said_in_a_sentence(tmp_path, damage, told, data):
    path = tmp_path / "damaged.csv"
    path.write_bytes(damage(file_8600(table_8600(LOOP)).encode(), data))
    told(path)
