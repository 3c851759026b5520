"""Small files with the structure of what other programs write, each against an independent reading of its numbers."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import open_choices, read

#: They lie beside the checkout, where it was made; a clone elsewhere has the property tests of the same kinds.
FAULTS = Path(os.environ.get("SCANTWIN_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "faults"
pytestmark = pytest.mark.skipif(not FAULTS.is_dir(), reason="the collection of files is not beside this checkout")


def columns(name, delimiter=",", skip=0, comment=None):
    """The rows of a file, by nothing but Python's csv module."""
    lines = (FAULTS / name).read_bytes().rstrip(b"\0").decode("latin-1").splitlines()[skip:]
    return list(csv.reader(lines, delimiter=delimiter))


def quantum_design(name):
    """Columns of a Quantum Design file by header; rows without numbers are passed over."""
    lines = (FAULTS / name).read_bytes().decode("latin-1").splitlines()
    at = lines.index("[Data]") + 1
    heads, *rows = csv.reader(lines[at:])

    def number(row, place):
        try:
            return float(row[place])
        except (IndexError, ValueError):
            return np.nan

    return {head: np.array([number(row, place) for row in rows]) for place, head in enumerate(heads)}


def numbers(rows, decimal=".", thousands=","):
    return np.array([[float(cell.replace(thousands, "").replace(decimal, ".")) for cell in row] for row in rows])


def values_by_place(scan):
    """{(slow, fast): value} of a scan of two axes."""
    table = scans.points(scan)
    return {tuple(np.round(where, 6)): value for where, value in zip(table.coordinates, table.values, strict=True)}


@pytest.mark.parametrize(
    ("name", "unit", "how"),
    [
        ("JkgK.csv", "J/(kg K)", {}),
        ("muB.csv", "bohr_magneton", {}),
        ("table_capital_Ohm.csv", "ohm", {}),
        ("german_thousands.csv", "emu", {"delimiter": ";", "decimal": ",", "thousands": "."}),
        ("quoteddec.csv", "emu", {"decimal": ",", "thousands": "."}),
        ("cp1252.csv", "µohm", {}),
        ("nul_end.dat", "emu", {}),
        ("timestamps.csv", "emu", {"without": 0}),
    ],
)
def test_tables_hold_the_numbers_of_their_rows(name, unit, how):
    how = dict(how)
    delimiter, without = how.pop("delimiter", ","), how.pop("without", None)
    rows = [row for row in columns(name, delimiter)[1:] if row]
    if without is not None:
        rows = [row[:without] + row[without + 1 :] for row in rows]
    temperature, field, value = numbers(rows, **how).T
    scan = read(FAULTS / name)
    assert scan.attrs["units"] == units.standard(unit)
    assert scan.size == len(rows)
    found = values_by_place(scan)
    wanted = {(round(h, 6), round(t, 6)): v for t, h, v in zip(temperature, field, value, strict=True)}
    assert found == pytest.approx(wanted)


def test_a_function_in_a_header_is_asked_for():
    with pytest.raises(NeedsColumns, match=r"M\(H\)"):
        read(FAULTS / "funchead.csv")


def test_names_behind_a_comment_mark_are_used():
    scan = read(FAULTS / "hashhead.csv")
    assert (scan.attrs["units"], scans.axes(scan)) == ("emu", ("magnetic_field", "temperature"))
    with pytest.raises(NeedsColumns) as question:
        read(FAULTS / "qcodes_hash_header.dat")
    assert question.value.table.headers == ("Temperature", "Magnetic Field", "Resistance")


def test_a_preamble_is_passed_over_and_what_is_left_is_asked_for():
    with pytest.raises(NeedsColumns) as question:
        read(FAULTS / "preamble_40rows.csv")
    assert question.value.table.headers == ("Index", "Temperature (K)", "Reading")
    assert len(question.value.table.lines) == 40


def test_a_column_a_sweep_is_one_sweep_a_column():
    scan = read(
        FAULTS / "wide.csv", axes=["T (K)=temperature", "magnetic_field (Oe)=magnetic_field"], value="value=moment[emu]"
    )
    table = numbers(columns("wide.csv")[1:])
    np.testing.assert_array_equal(scan["magnetic_field"].values, [100, 1000, 5000])
    np.testing.assert_array_equal(scan.values, table[:, 1:].T)


@pytest.mark.parametrize(
    ("name", "unit"), [("hc_uJ.dat", "µJ/K"), ("hc_J_moleK.dat", "J/(mol K)"), ("hc_mJ_mole.dat", "mJ/(mol K)")]
)
def test_heat_capacity_is_that_of_the_sample_at_its_own_temperature(name, unit):
    scan = read(FAULTS / name)
    held = quantum_design(name)
    head = next(one for one in held if one.startswith("Samp HC ("))
    filled = np.isfinite(held["Sample Temp (Kelvin)"]) & np.isfinite(held[head])
    assert (scan.name, scan.attrs["units"]) == ("heat_capacity", units.standard(unit))
    assert scans.axes(scan)[-1] == "temperature"
    np.testing.assert_array_equal(np.sort(scan["temperature"].values), np.sort(held["Sample Temp (Kelvin)"][filled]))
    np.testing.assert_array_equal(np.sort(scan.values), np.sort(held[head][filled]))
    assert scan["standard_error"].shape == scan.shape
    assert (scan.attrs["sample_mass"], scan.attrs["molar_mass"], scan.attrs["atoms_per_formula_unit"]) == (
        7.5,
        250.1,
        4,
    )


@pytest.mark.parametrize(
    ("name", "heads", "frequency"),
    [
        ("ppms_acms.dat", ("M' (emu)", "M'' (emu)"), "Frequency (Hz)"),
        ("mpms3_ac.dat", ("AC X' (emu/Oe)", "AC X'' (emu/Oe)"), "AC Frequency (Hz)"),
    ],
)
def test_both_parts_of_an_ac_measurement_one_sweep_a_frequency(name, heads, frequency):
    held = quantum_design(name)
    found = {one.scan.attrs["value_column"]: one.scan for one in open_choices(FAULTS / name)}
    assert set(found) == set(heads)
    for head in heads:
        scan = found[head]
        assert len(scans.sweeps(scan)) == len(np.unique(held[frequency][np.isfinite(held[frequency])]))
        for sweep in scans.sweeps(scan):
            mine = held[frequency] == sweep.slow["frequency"]
            np.testing.assert_array_equal(scan.values[scan["sweep"].values == sweep.number], held[head][mine])


def test_resistance_against_an_angle():
    scan = read(FAULTS / "ppms_rotator.dat")
    held = quantum_design("ppms_rotator.dat")
    assert scans.axes(scan)[-1] == "angle"
    assert len(scans.sweeps(scan)) == 3
    np.testing.assert_array_equal(scan["angle"].values, held["Sample Position (deg)"])
    np.testing.assert_array_equal(scan.values, held["Bridge 1 Resistance (Ohms)"])


def test_channels_in_alternate_rows_each_with_their_errors():
    held = quantum_design("ppms_eto_style.dat")
    found = open_choices(FAULTS / "ppms_eto_style.dat")
    for number in (1, 2):
        scan = next(one.scan for one in found if one.scan.attrs["value_column"] == f"Resistance Ch{number} (Ohms)")
        value = held[f"Resistance Ch{number} (Ohms)"]
        np.testing.assert_array_equal(scan.values, value[np.isfinite(value)])
        error = held[f"Resistance Std. Dev. Ch{number} (Ohms)"]
        np.testing.assert_array_equal(scan["standard_error"].values, error[np.isfinite(value)])


@pytest.mark.parametrize("name", ["qd_quoted_comment.dat", "mpms3_status68_loop.dat"])
def test_no_good_reading_is_dropped(name):
    held = quantum_design(name)
    largest = max(open_choices(FAULTS / name), key=lambda one: one.scan.size).scan
    assert largest.size == np.isfinite(held["Moment (emu)"]).sum()
    np.testing.assert_array_equal(np.sort(largest.values), np.sort(held["Moment (emu)"]))


def test_a_row_cut_inside_a_number_is_left_out_and_said():
    scan = read(FAULTS / "mpms3_cut_mid_number.dat")
    held = quantum_design("mpms3_cut_mid_number.dat")
    assert "no line end" in scan.attrs["notes"]
    assert set(scan.values.tolist()) <= set(held["Moment (emu)"][:-1].tolist())


@pytest.mark.parametrize("suffix", [".csv", ".dat"])
@pytest.mark.parametrize("sigma", [0.001, 0.003, 0.01, 0.02])
def test_isotherms_that_wander_are_six_sweeps(sigma, suffix, tmp_path):
    path = tmp_path / f"isotherms{suffix}"
    subprocess.run([sys.executable, FAULTS / "make_isotherms.py", str(sigma), path], check=True)
    scan = read(path)
    assert [sweep.size for sweep in scans.sweeps(scan)] == [26] * 6


@pytest.mark.parametrize(
    ("one", "other"), [("igor_big_endian.pxt", "igor_little_endian.pxt"), ("ses_cr.txt", "ses_lf.txt")]
)
def test_the_same_cut_from_another_computer(one, other):
    xr.testing.assert_equal(read(FAULTS / one), read(FAULTS / other))


def test_notes_in_a_folder_of_cuts_are_passed_over_and_said():
    scan = read(FAULTS / "folder_with_note")
    assert scan["manipulator_angle"].values.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(scan.values[0], read(FAULTS / "ses_lf.txt").values)
    assert "note.txt" in scan.attrs["notes"]


def test_cuts_of_a_stopped_map_that_were_never_measured_are_left_out():
    with h5py.File(FAULTS / "sis_stopped_map.h5") as file:
        image = file["Electron Analyzer/Image Data"][...]
    scan = read(FAULTS / "sis_stopped_map.h5")
    np.testing.assert_array_equal(scan.values, image[..., :2].T)
    assert scan["manipulator_angle"].values.tolist() == [-15, -14.5]
    assert "6 of 8 steps of Tilt, which were never measured" in scan.attrs["notes"]


def test_nexus_files_of_other_groups_and_other_sciences():
    scan = read(FAULTS / "nexus_secondary_scan_axis.nxs")
    assert (scan.name, sorted(scan.values)) == ("photoemission_intensity", [0, 1, 2, 3, 4])
    assert [one.key for one in open_choices(FAULTS / "nexus_secondary_scan_axis.nxs")] == ["entry/data", "entry/raw"]
    scan = read(FAULTS / "nexus_stm_current.nxs")
    assert (scan.name, scan.attrs["units"], scans.axes(scan)) == ("current", "A", ("y", "x"))
    with h5py.File(FAULTS / "nexus_stm_current.nxs") as file:
        np.testing.assert_array_equal(scan.values, file["entry/current/current"][...])


def test_files_that_reach_outside_are_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, FAULTS / "outside_links.py"], capture_output=True, check=True, text=True, cwd=tmp_path
    )
    told = done.stdout.splitlines()
    assert len(told) == 3
    assert all("ScanError" in line and "lies in another file" in line for line in told)


@pytest.mark.parametrize("name", ["sheet__bit_17093.xlsx", "own__bit_12807.h5", "lol.xlsx"])
def test_damage_is_one_sentence(name):
    with pytest.raises(ScanError) as error:
        read(FAULTS / name)
    assert name in str(error.value)
    assert "\n" not in str(error.value)
