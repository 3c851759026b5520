"""Lists of sweeps: text, CSV and MultiVu sequences."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

from napari_scantwin import planning
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NotWritten, ScanError
from napari_scantwin.planning import Plan, Proposal, TimeModel
from napari_scantwin.samples import load_sample

#: What a MultiVu sequence may hold here: nothing else was seen to be read by the instrument.
GRAMMAR = re.compile(
    r"REM .*|TMP TEMP \d+\.\d+ \d+\.\d+ [01]|FLD FIELD -?\d+\.\d+ \d+\.\d+ [012] [01]|WAI WAITFOR \d+ [01] [01] 0 0 0"
)


def plan_of(values, minutes=float("nan"), unit="Oe"):
    found = tuple(Proposal(value, unit, 0.01, "emu", 0.5 / number, 30.0) for number, value in enumerate(values, 1))
    order = tuple(sorted(values))
    return Plan("magnetic_field", found, np.ones(len(values) + 1), np.array([]), np.array([]), order, minutes, "")


@pytest.fixture(scope="module")
def scan():
    return load_sample("ferromagnet")


def test_the_text_names_every_sweep_its_worth_and_the_order():
    text = planning.as_text(plan_of([20000.0, 3000.0], minutes=61.0))
    assert "1. 20000 Oe: takes 50 % of the squared error away, 30 min" in text
    assert "In the order 3000, 20000 Oe: 61 min in all" in text
    assert "min" not in planning.as_text(plan_of([1.0])).splitlines()[-1].split(",")[0]


def test_the_csv_reads_back_with_units_in_its_heads():
    rows = list(csv.DictReader(planning.as_csv(plan_of([20000.0, 3000.0])).splitlines()))
    assert [float(row["magnetic_field (Oe)"]) for row in rows] == [3000, 20000]
    assert [row["rank"] for row in rows] == ["2", "1"]
    assert float(rows[0]["uncertainty (emu)"]) == 0.01


def test_a_sequence_sets_field_and_temperature_and_waits_for_both(scan):
    model = TimeModel.of(scan, slow_rate="50 Oe/s", fast_rate="2 K/min", settle="3 min")
    text = planning.as_sequence(plan_of([20000.0, 3000.0]), scan, model)
    assert text.isascii()
    lines = text.split("\r\n")
    assert lines.pop() == ""
    assert all(GRAMMAR.fullmatch(line) for line in lines)
    commands = [line for line in lines if not line.startswith("REM")]
    assert commands[0] == "FLD FIELD 3000.0000 50.0000 0 0"
    start = float(commands[1].split()[2])
    assert commands[1].split()[3] == "2.0000"
    assert start == pytest.approx(60, abs=0.2)  # as measured: falling from 60 K
    assert commands[2] == "WAI WAITFOR 180 1 1 0 0 0"
    assert float(commands[3].split()[2]) == pytest.approx(10, abs=0.2)
    assert commands[5].startswith("FLD FIELD 20000.0000")
    assert float(commands[6].split()[2]) == start  # returned
    assert any(re.search(r"Measure here: 101 points, temperature 60.* to 10.* K", line) for line in lines)


def test_sweeps_up_and_down_in_turn_do_not_return(scan):
    model = TimeModel.of(scan, returns=False)
    commands = [c for c in planning.as_sequence(plan_of([1.0, 2.0]), scan, model).split("\r\n") if c.startswith("TMP")]
    ends = [float(command.split()[2]) for command in commands]
    assert ends[1] == ends[2] < ends[0] == ends[3]


def test_tesla_and_celsius_become_oersted_and_kelvin():
    field, temperature = np.repeat([0.0, 1.0, 2.0], 20), np.tile(np.linspace(-20, 30, 20), 3)
    columns = {"magnetic_field": (field, "T"), "temperature": (temperature, "degC")}
    scan = scans.ragged_scan(columns, field + temperature, name="moment", unit="emu")
    text = planning.as_sequence(plan_of([1.5], unit="T"), scan, TimeModel.of(scan, fast_rate="3 K/min"))
    assert "FLD FIELD 15000.0000 100.0000 0 0" in text
    assert "TMP TEMP 253.1500 3.0000 0" in text
    assert text.isascii()
    assert "temperature -20 to 30 deg C" in text


def test_field_sweeps_at_fixed_temperatures_set_the_temperature_first():
    temperature, field = np.repeat([5.0, 10.0, 20.0], 20), np.tile(np.linspace(0, 9000, 20), 3)
    columns = {"temperature": (temperature, "K"), "magnetic_field": (field, "Oe")}
    scan = scans.ragged_scan(columns, field + temperature, name="moment", unit="emu")
    commands = planning.as_sequence(plan_of([7.0], unit="K"), scan).split("\r\n")
    assert commands[2] == "TMP TEMP 7.0000 3.0000 0"
    assert commands[3] == "FLD FIELD 0.0000 100.0000 0 0"


def test_a_list_is_written_whole_in_the_format_its_suffix_names(scan, tmp_path):
    plan = plan_of([20000.0])
    for suffix in (".txt", ".csv", ".seq"):
        path = planning.write_plan(tmp_path / f"list{suffix}", plan, scan)
        assert "20000" in path.read_text()
    with pytest.raises(ScanError, match="suffix names no list"):
        planning.write_plan(tmp_path / "list.docx", plan, scan)
    with pytest.raises(NotWritten, match="does not exist"):
        planning.write_plan(tmp_path / "none" / "list.csv", plan, scan)
    with pytest.raises(ScanError, match="no list to write"):
        planning.write_plan(tmp_path / "list.csv", plan_of([]), scan)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "list.seq", "list.txt"]


def test_a_sequence_of_angles_is_refused():
    angle, energy = np.repeat([0.0, 1.0, 2.0], 20), np.tile(np.linspace(0, 1, 20), 3)
    columns = {"manipulator_angle": (angle, "deg"), "energy": (energy, "eV")}
    scan = scans.ragged_scan(columns, angle + energy, name="intensity", unit="count")
    with pytest.raises(ScanError, match=r"not manipulator angle; save the list of sweeps as \.csv"):
        planning.as_sequence(plan_of([1.5]), scan)
