"""FITS files of the ALS, written here card by card after those PyARPES is tested with (MAESTRO_13.fits, an XY scan of
spectra; MAESTRO_nARPES_focus_17.fits; 20160203_00003.fits, a swept cut), odd cards included."""

from __future__ import annotations

import builtins
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.readers import open_choices, read

fits = pytest.importorskip("astropy.io.fits", reason="FITS files need astropy; install the extra fits to test them")


def card(key, value, comment=""):
    shown = "FT"[value] if isinstance(value, bool) else f"'{value}'" if isinstance(value, str) else repr(value)
    shown = shown if isinstance(value, str) else shown.rjust(20)
    return f"{key:<8}= {shown}{' /' + comment if comment else ''}"[:80].ljust(80)


def block(cards):
    return "".join([*cards, "END".ljust(80)]).ljust(-(-(80 * len(cards) + 80) // 2880) * 2880).encode()


def loops(*devices, kind=0):
    """The description of a scan: (name, unit, first, last, steps) of each device, the fastest first."""
    out = [card("LWLVNM", "XY Scan"), card("SCANPAR", False), card("LWLVLPN", 1), card("SCNTYP0", kind)]
    out += [card("NMSBDV0", len(devices))]
    for number, (name, unit, first, last, count) in enumerate(devices):
        out += [card(f"NM_0_{number}", name), card(f"UN_0_{number}", unit)]
        out += [card(f"ST_0_{number}", first), card(f"EN_0_{number}", last), card(f"N_0_{number}", count)]
    return out


def als(scan, columns, rows, kinetic=False, swept=False):
    """A file: ``columns`` are (name, unit, values [rows, …], axes), the axes (TDESC, TRVAL, TDELT), fastest first."""
    s = "S" if swept else "F"
    head = [card("SIMPLE", True), card("BITPIX", 8), card("NAXIS", 0), card("EXTEND", True)]
    head += [
        "COMMENT LOGICAL MOTOR POSITIONS".ljust(80),
        card("LMOTOR3", 10.0062, "Theta"),
        card("BL_E", 69.9, "Energy"),
    ]
    head += [*scan, card("SS_PPEV", 1.0).replace("1.0", "Inf"), card(f"S{s}_HV", 70.5), card(f"S{s}RGN0", "W 4f")]
    head += [card(f"S{s}LNM0", "Angular30"), card(f"S{s}PE_0", 70), card(f"S{s}KE_0", kinetic)]
    width = sum(8 * values[0].size for _, _, values, _ in columns)
    table = [card("XTENSION", "BINTABLE"), card("BITPIX", 8), card("NAXIS", 2), card("NAXIS1", width)]
    table += [card("NAXIS2", rows), card("PCOUNT", 0), card("GCOUNT", 1), card("TFIELDS", len(columns))]
    for number, (name, unit, values, axes) in enumerate(columns, 1):
        table += [card(f"TTYPE{number}", name), card(f"TFORM{number}", f"{values[0].size}D")]
        table += [card(f"TUNIT{number}", unit)]
        if len(axes) == 1:
            (what, start, step), = axes  # fmt: skip
            table += [card(f"TDESC{number}", what), card(f"TRPIX{number}", 1)]
            table += [card(f"TRVAL{number}", start), card(f"TDELT{number}", step)]
        elif axes:
            sizes = values.shape[:0:-1]
            for key, listed in (("TDIM", sizes), ("TRPIX", [1] * len(axes))):
                table += [card(f"{key}{number}", f"({','.join(map(str, listed))})")]
            for key, listed in zip(("TDESC", "TRVAL", "TDELT"), zip(*axes, strict=True), strict=True):
                table += [card(f"{key}{number}", f"({','.join(map(str, listed))})")]
    data = b"".join(
        b"".join(np.asarray(values[row], ">f8").tobytes() for *_, values, _ in columns) for row in range(rows)
    )
    return block(head) + block(table) + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


def line(values):
    return np.asarray(values, float)


CUT = line(np.arange(12)).reshape(1, 4, 3)  # row, energy, pixel
AXES = [("deg", -1, 1), ("eV", -0.6, 0.2)]


def test_a_swept_cut(tmp_path):
    path = tmp_path / "cut.fits"
    time = ("time", "sec", line([5.0]), ())
    path.write_bytes(als(loops(("null", "", 0.0, 0.0, 1)), [time, ("Swept_Spectra0", "arb", CUT, AXES)], 1, swept=True))
    scan = read(path)
    assert scans.axes(scan) == ("angle", "energy")
    np.testing.assert_array_equal(scan.values, CUT[0].T)
    np.testing.assert_allclose(scan["energy"].values, [-0.6, -0.4, -0.2, 0], atol=1e-12)
    np.testing.assert_allclose(scan["angle"].values, [-1, 0, 1])
    assert scan.attrs["energy_notation"] == "fermi"
    assert (scan.attrs["photon_energy"], scan.attrs["pass_energy"], scan.attrs["region"]) == (70.5, 70, "W 4f")
    assert json.loads(scan.attrs["settings"])["Theta"] == "10.0062"


def test_detector_pixels_are_not_taken_for_degrees_and_kinetic_energies_are_told(tmp_path):
    path = tmp_path / "cut.fits"
    spectra = ("Fixed_Spectra3", "arb", CUT, [("pixels", 127, 1), ("eV", 32.0, 0.1)])
    path.write_bytes(als(loops(("null", "", 0.0, 0.0, 1)), [spectra], 1, kinetic=True))
    scan = read(path)
    assert scan["angle"].attrs["units"] == "pixel"
    assert scan.attrs["energy_notation"] == "kinetic"


def stack(count, device, swept=(), **how):
    name, unit, first, last = device
    real = line(swept if len(swept) else np.linspace(first, last, count) + 0.01)
    spectra = CUT + 100 * line(np.arange(count))[:, None, None]
    columns = [(name, unit, real, ()), ("Cryostat_D", "K", 20 + line(np.arange(count)), ())]
    columns += [("Fixed_Spectra0", "arb", spectra, AXES)]
    return als(loops((*device, how.pop("planned", count))), columns, count, **how)


def test_a_motor_is_the_axis_and_its_read_back_stands_beside_it(tmp_path):
    path = tmp_path / "map.fits"
    path.write_bytes(stack(3, ("Alpha", "deg", 4.0, 2.0)))
    scan = read(path)
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    assert scan["manipulator_angle"].values.tolist() == [2, 3, 4]
    np.testing.assert_allclose(scan["manipulator_angle_readback"].values, [2.01, 3.01, 4.01])
    assert scan["cryostat_d"].values.tolist() == [22, 21, 20]
    np.testing.assert_array_equal(scan.values[0], CUT[0].T + 200)


def test_a_scan_that_was_stopped_keeps_what_it_has(tmp_path):
    path = tmp_path / "map.fits"
    path.write_bytes(stack(3, ("mono_eV", "eV", 60.0, 64.0), planned=5))
    scan = read(path)
    assert scan["photon_energy"].values.tolist() == [60, 61, 62]
    assert scan.attrs["stopped"] == "after 3 of 5 steps"
    assert "photon_energy" not in scan.attrs


@pytest.mark.parametrize("serpentine", [False, True])
def test_two_motors_make_a_grid_whichever_way_they_went(serpentine, tmp_path):
    path = tmp_path / "xy.fits"
    x, y = np.tile([1.0, 2.0, 3.0], 2), np.repeat([5.0, 6.0], 3)
    if serpentine:
        x[3:] = x[3:][::-1]
    counts = 10 * y[:, None] + x[:, None] + line(np.arange(4)) / 10
    columns = [("X", "mm", x, ()), ("Y", "mm", y, ()), ("Fixed_Spectra254", "arb", counts, [("eV", -35.0, 0.01)])]
    path.write_bytes(als(loops(("X", "mm", 1.0, 3.0, 3), ("Y", "mm", 5.0, 6.0, 2)), columns, 6))
    scan = read(path)
    assert scans.axes(scan) == ("y", "x", "energy")
    np.testing.assert_allclose(scan.sel(x=2, y=6).values, 62 + np.arange(4) / 10)


def test_regions_and_uneven_tabulated_steps(tmp_path):
    path = tmp_path / "delay.fits"
    scan = loops(("Delay", "ps", -1.0, 0.0, 2), ("Delay", "ps", 1.0, 5.0, 3), kind=1)
    scan += [card("DS_NR", 2)]
    spectra = CUT + 100 * line(np.arange(5))[:, None, None]
    columns = [("Fixed_Spectra0", "arb", spectra, AXES), ("Fixed_Spectra1", "arb", -spectra, AXES)]
    path.write_bytes(als(scan, columns, 5))
    assert [one.key for one in open_choices(path)] == ["Fixed_Spectra0", "Fixed_Spectra1"]
    assert read(path)["delay"].values.tolist() == [-1, 0, 1, 3, 5]


def test_a_motor_without_a_unit_is_asked_for(tmp_path):
    path = tmp_path / "map.fits"
    path.write_bytes(stack(3, ("Scan Y", "", -50.0, 50.0)))
    with pytest.raises(NeedsAxes, match=r"map\.fits: the axis 'Y' has no unit") as asked:
        read(path)
    assert [one.path for one in asked.value.contents.arrays] == ["intensity", "Y", "energy", "angle"]
    told = ["Y=y[um]", "energy=energy[eV]", "angle=angle[deg]"]
    scan = read(path, axes=told, value="intensity=photoemission_intensity[count]")
    assert scans.axes(scan) == ("y", "angle", "energy")
    assert scan["y"].values.tolist() == [-50, 0, 50]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (stack(3, ("Alpha", "deg", 4.0, 2.0))[:-2880], "its table does not fit its length"),
        (als([], [("time", "s", line([1.0]), ())], 1), "no column of its table says what its axes are"),
        (als([], [("Fixed_Spectra0", "arb", CUT, [("eV", 1, 1), ("deg", 1, 1), ("s", 1, 1)])], 1), "do not fit its"),
        (stack(3, ("Alpha", "deg", 4.0, 2.0), planned=2).replace(b"Alpha", b"Gamma", 1), "3 steps where its header"),
        (b"SIMPLE", "not a whole FITS file"),
    ],
    ids=["cut", "no spectra", "axes", "steps", "no FITS"],
)
def test_what_is_wrong_is_said(content, words, tmp_path):
    path = tmp_path / "bad.fits"
    path.write_bytes(content)
    with pytest.raises(ScanError, match=rf"bad\.fits.*{words}"):
        read(path)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "cut.fits").write_bytes(b"")
    real = builtins.__import__

    def without(name, *arguments, **details):
        if name.startswith("astropy"):
            raise ImportError(name)
        return real(name, *arguments, **details)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ScanError, match=r"pip install napari-scantwin\[fits\]"):
        read(tmp_path / "cut.fits")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_told_in_one_sentence(data, tmp_path, damage, told):
    (tmp_path / "map.fits").write_bytes(damage(stack(3, ("Alpha", "deg", 4.0, 2.0)), data))
    told(tmp_path / "map.fits")
