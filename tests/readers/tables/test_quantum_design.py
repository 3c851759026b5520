"""Quantum Design files: the real ones, old and new headers, damage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
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


def kind(columns, rows, *, app="X", info=()):
    """A file of the option ``app`` with these columns and rows; None is an empty cell."""
    lines = ["[Header]", f"BYAPP,{app},1.0", *info, "[Data]", ",".join(["Comment", *columns])]
    lines += [",".join(["", *("" if x is None else str(x) for x in row)]) for row in rows]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("system_first", [True, False])
@pytest.mark.parametrize("unit", ["µJ/K", "uJ/K", "mJ/K", "J/mole-K", "mJ/mole-K", "J/g-K"])
def test_heat_capacity_is_at_the_sample_s_own_temperature(system_first, unit, tmp_path):
    heads = ["System Temp (Kelvin)", "Field (Oersted)", "Sample Temp (Kelvin)"]
    order = [0, 1, 2] if system_first else [2, 1, 0]
    heads = [heads[place] for place in order]
    heads += [f"Samp HC ({unit})", f"Samp HC Err ({unit})", f"Addenda HC ({unit})", f"Total HC ({unit})"]
    rows = [
        [(t - 0.2, h, t)[place] for place in order] + [t**2, 0.01 * t, 5.0, t**2 + 5]
        for h in (0.03, 50_000.4)
        for t in (2.0, 2.01, 2.02, 4.0, 4.01, 4.02, 8.0, 8.02)
    ]
    info = ["INFO,7.5,MASS:Sample Mass (mg)", "INFO,250.1,MOLWGHT:Formula Weight (g/mole)", "INFO,4,ATOMS:Atoms"]
    path = tmp_path / "hc.dat"
    path.write_bytes(kind(heads, rows, app="HeatCapacity", info=info).encode("cp1252"))
    scan = read(path)
    assert scan.name == "heat_capacity"
    assert [sweep.size for sweep in scans.sweeps(scan)] == [8, 8]
    np.testing.assert_array_equal(scan["temperature"].values, [row[order.index(2)] for row in rows])
    np.testing.assert_array_equal(scan.values, [row[3] for row in rows])
    np.testing.assert_array_equal(scan["standard_error"].values, [row[4] for row in rows])
    assert (scan.attrs["sample_mass"], scan.attrs["molar_mass"]) == (7.5, 250.1)


@pytest.mark.parametrize(
    ("heads", "names"),
    [
        (("Frequency (Hz)", "Amplitude (Oe)", "M' (emu)", "M'' (emu)", "Moment (emu)"), "ac_moment"),
        (("AC Frequency (Hz)", "AC Drive (Oe)", "AC X' (emu/Oe)", "AC X'' (emu/Oe)", "AC Moment (emu)"),
         "ac_susceptibility"),
    ],
)  # fmt: skip
def test_an_ac_measurement_has_two_parts_and_one_sweep_a_frequency_and_amplitude(heads, names, tmp_path):
    settings_of = [(f, a) for f in (10, 100, 997.3) for a in (1, 5)]
    rows = [
        (t, 0.1, f, a, -1e-6 * t - 1e-9 * f, 1e-9 * a * t, 1e-6 * t)
        for t in np.linspace(50, 5, 12)
        for f, a in settings_of
    ]
    path = tmp_path / "ac.dat"
    path.write_text(kind(["Temperature (K)", "Magnetic Field (Oe)", *heads], rows))
    found = open_choices(path)
    assert {one.scan.name for one in found} == {f"{names}_in_phase", f"{names}_out_of_phase"}
    for one in found:
        assert [sweep.size for sweep in scans.sweeps(one.scan)] == [12] * 6
        column = 4 if one.scan.name.endswith("in_phase") else 5
        for sweep in scans.sweeps(one.scan):
            wanted = [row[column] for row in rows if row[2:4] == (sweep.slow["frequency"], sweep.slow["amplitude"])]
            np.testing.assert_array_equal(one.scan.values[one.scan["sweep"].values == sweep.number], wanted)


@pytest.mark.parametrize(
    ("head", "name", "unit"),
    [
        ("Torque (N-m)", "torque", "N m"),
        ("Bridge 1 Resistance (Ohms)", "resistance", "ohm"),
        ("Resistance Ch2 (Ohms)", "resistance", "ohm"),
        ("Bridge 2 Resistivity (Ohm-m)", "resistivity", "ohm m"),
    ],
)
def test_a_rotator_s_angle_is_an_axis_where_it_was_turned(head, name, unit, tmp_path):
    random = np.random.default_rng(0)
    rows = [
        (
            t + random.normal(0, 1e-3),
            h + random.normal(0, 0.2),
            angle + random.normal(0, 0.01),
            np.cos(np.radians(angle)),
        )
        for t in (5, 10)
        for h in (1e4, 5e4)
        for angle in range(0, 361, 10)
    ]
    heads = ["Temperature (K)", "Magnetic Field (Oe)", "Sample Position (deg)", head]
    scan = opened(tmp_path, kind(heads, rows))
    assert (scan.name, scan.attrs["units"]) == (name, units.standard(unit))
    assert scans.axes(scan) == ("temperature", "magnetic_field", "angle")
    assert [sweep.size for sweep in scans.sweeps(scan)] == [37] * 4


def test_a_rotator_at_rest_is_no_axis(tmp_path):
    rows = [(t, 100, 90 + 0.01 * (t % 3), t) for t in range(5, 30)]
    heads = ["Temperature (K)", "Magnetic Field (Oe)", "Sample Position (deg)", "Bridge 1 Resistance (Ohms)"]
    assert scans.axes(opened(tmp_path, kind(heads, rows))) == ("magnetic_field", "temperature")


def test_channels_in_rows_of_their_own_have_their_own_errors(tmp_path):
    heads = ["Temperature (K)", "Field (Oe)", "Resistance Ch1 (Ohms)", "Resistance Std. Dev. Ch1 (Ohms)"]
    heads += ["Resistance Ch2 (Ohms)", "Resistance Std. Dev. Ch2 (Ohms)"]
    rows = []
    for t in range(5, 30):
        rows += [(t, 100, 1.0 * t, 0.1, None, None), (t, 100, None, None, 2.0 * t, 0.2)]
    path = tmp_path / "eto.dat"
    path.write_text(kind(heads, rows, app="ETO"))
    for one, factor in zip(open_choices(path), (1, 2), strict=True):
        np.testing.assert_array_equal(one.scan.values, factor * np.arange(5.0, 30))
        np.testing.assert_array_equal(one.scan["standard_error"].values, np.full(25, 0.1 * factor))
        assert "dropped_rows" not in one.scan.attrs


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    jitter=st.floats(0, 0.02),
    field_jitter=st.floats(0, 1.5),
    count=st.integers(15, 40),
    isotherms=st.integers(2, 7),
    both=st.booleans(),
    seed=st.integers(0, 999),
)
def test_isotherms_that_wander_lose_no_reading(tmp_path, jitter, field_jitter, count, isotherms, both, seed):
    random = np.random.default_rng(seed)
    up = np.linspace(0, 5e4, count)
    fields = np.concatenate([up, up[-2::-1]]) if both else up
    rows = [
        (t + random.normal(0, jitter), h + random.normal(0, field_jitter), h / t, 1e-6)
        for t in 2 + 2 * np.arange(isotherms)
        for h in fields
    ]
    path = tmp_path / "isotherms.dat"
    path.write_text(sequence(rows))
    largest = max(open_choices(path), key=lambda one: one.scan.size).scan
    assert largest.size == len(rows)
    assert len(scans.sweeps(largest)) == isotherms * (2 if both else 1)
