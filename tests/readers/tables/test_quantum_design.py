"""Quantum Design files: the real ones, old and new headers, damage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import open_choices, read
from napari_scantwin.samples import sample_path


def sequence(rows, *, info="INFO,0.61,SAMPLE_MASS", columns=None, delimiter=","):
    """A file in the manner of an MPMS: header, then (T, H, value, ...) rows."""
    columns = columns or ["Comment", "Temperature (K)", "Magnetic Field (Oe)", "Moment (emu)", "M. Std. Err. (emu)"]
    lines = ["[Header]", "BYAPP,MPMS3,1.0", info, "[Data]", delimiter.join(columns)]
    return "\n".join(lines + [delimiter.join(["", *(f"{x:.8g}" for x in row)]) for row in rows]) + "\n"


def m_of_t(field, temperatures):
    return [(t, field + 0.02 * np.sin(9 * t), 1e-3 * field / t, 1e-6) for t in temperatures]


def opened(tmp_path, text, **arguments):
    path = tmp_path / "run.dat"
    path.write_text(text)
    return read(path, **arguments)


def test_jitter_is_one_sweep_and_ramps_belong_to_none(tmp_path):
    ramp = [(10 + 7 * i, 10000 - 2000 * i, 0.1, 1e-6) for i in range(4)]
    text = sequence(m_of_t(10000, np.linspace(10, 60, 30)) + ramp + m_of_t(1000, np.linspace(60, 10, 30)))
    scan = opened(tmp_path, text)
    assert [round(sweep.slow["magnetic_field"]) for sweep in scans.sweeps(scan)] == [10000, 1000]
    assert [sweep.size for sweep in scans.sweeps(scan)] == [30, 30]
    assert scan.attrs["sample_mass"] == 0.61
    assert scan.attrs["sample_mass_units"] == "mg"
    assert "standard_error" in scan.coords


def test_warming_and_cooling_at_one_field_are_offered_apart(tmp_path):
    temperatures = np.concatenate([np.linspace(5, 50, 20), np.linspace(49, 5, 20)])
    path = tmp_path / "loop.dat"
    path.write_text(sequence(m_of_t(100, temperatures)))
    keys = [one.key.split(" | ")[0] for one in open_choices(path)]
    assert set(keys) == {"moment(T) warming 1", "moment(T) cooling 1", "moment(T) all branches"}
    assert read(path, choice="moment(T) cooling 1").size == 20
    assert "moment(T) cooling 1" in read(path).attrs["choices"]
    with pytest.raises(ScanError, match="has no measurement 'x'"):
        read(path, choice="x")


@pytest.mark.parametrize(
    ("info", "mass"),
    [("INFO,0.61,SAMPLE_MASS", 0.61), ("INFO, SAMPLE_MASS, 0.61", 0.61), ("INFO,,SAMPLE_MASS", None)],
)
def test_old_and_new_headers_give_the_mass_or_none(info, mass, tmp_path):
    scan = opened(tmp_path, sequence(m_of_t(100, np.linspace(5, 50, 20)), info=info))
    assert scan.attrs.get("sample_mass") == mass


@pytest.mark.parametrize(
    ("column", "name", "unit"),
    [
        ("Long Moment (emu)", "moment", "emu"),
        ("Bridge 1 Resistance (Ohms)", "resistance", "Ω"),
        ("Res. ch1 (ohm-cm)", "resistivity", "cm*Ω"),
        ("DC Moment Free Ctr (emu)", "moment", "emu"),
    ],
)
def test_whichever_column_is_filled_is_the_value(column, name, unit, tmp_path):
    columns = ["Comment", "Temperature (K)", "Field (Oe)", column, "Other"]
    scan = opened(tmp_path, sequence(m_of_t(100, np.linspace(5, 50, 20)), columns=columns))
    assert (scan.name, scan.attrs["units"]) == (name, unit)


def test_a_reading_is_dropped_for_having_no_value_and_never_for_a_code(tmp_path):
    columns = ["Comment", "Temperature (K)", "Magnetic Field (Oe)", "Moment (emu)", "SQUID Status (code)"]
    rows = [(t, h, m, 3 if i in (4, 9) else 0) for i, (t, h, m, _) in enumerate(m_of_t(100, np.linspace(5, 50, 20)))]
    rows[7] = (*rows[7][:2], np.nan, 0)
    scan = opened(tmp_path, sequence(rows, columns=columns))
    assert scan.size == 19
    assert scan.attrs["dropped_rows"] == 1
    assert "1 reading without a value" in scan.attrs["notes"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Header]\nINFO,1,SAMPLE_MASS\n", "cut off"),
        ("[Header]\n[Data]\nTemperature (K),Magnetic Field (Oe),Moment (emu)\n", "no readings"),
        (sequence([]).replace("Temperature", "Temp x") + ",1,2,3,4\n", "no column 'Temperature"),
        (sequence(m_of_t(100, [5, 6, 7, 8, 9])).replace("Moment (emu)", "Nothing"), "no moment or resistance"),
    ],
)
def test_what_is_missing_is_said(text, words, tmp_path):
    with pytest.raises(ScanError, match=words):
        opened(tmp_path, text)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_a_scan_or_a_sentence(tmp_path, data):
    whole = bytearray(sample_path("ferromagnet").read_bytes()[:12_000])
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.dat"
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    try:
        scan = read(path)
    except ScanError as error:
        said = str(error)
        assert "damaged.dat" in said
        return
    assert scans.is_scan(scan)


def test_real_files_open_as_what_they_are(instrument):
    three = read([instrument / f"mpms3_fc_sweep_{one}.dat" for one in "abc"])
    assert [sweep.size for sweep in scans.sweeps(three)] == [193] * 3
    assert three.attrs["sample_mass"] == 10.1
    assert three.attrs["sha256"].count(";") == 2
    keys = {one.key.split(" | ")[0] for one in open_choices(instrument / "mpms3_zfc_fc.dat")}
    assert {"moment(T) warming 1", "moment(T) warming 2"} <= keys
    hysteresis = read(instrument / "mpms3_m_of_h_no_mass.dat")
    assert scans.axes(hysteresis) == ("temperature", "magnetic_field")
    assert "sample_mass" not in hysteresis.attrs
    mixed = open_choices(instrument / "mpms_sequence_mixed.dat")
    assert [round(s.slow["temperature"], 1) for s in scans.sweeps(mixed[0].scan)] == [2.0, 2.5, 3.0]
    assert sum(one.scan.size for one in mixed if "branches" not in one.key) == 1122
