"""Folders and series of files: one scan along what was scanned from file to file, said by the files or asked for."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, NeedsScannedAxis, ScanError
from napari_scantwin.readers import read, readable

ENERGY, ANGLE = [10.0, 10.1, 10.2], [-1.0, 0.0, 1.0, 2.0]


def ses(level: float, hv="70", energy=ENERGY, angle=ANGLE, motors="") -> str:
    """An SES text file of one cut, its values ``level`` + 10 x angle's number + energy's number."""
    rows = "\n".join(
        " ".join(map(str, [e, *(level + 10 * a + n for a in range(len(angle)))])) for n, e in enumerate(energy)
    )
    return (
        "[Info]\nNumber of Regions=0001\nVersion=1.3.1\n[Region 1]\nRegion Name=cut\n"
        f"Dimension 1 name=Kinetic Energy [eV]\nDimension 1 size={len(energy)}\n"
        f"Dimension 1 scale={' '.join(map(str, energy))}\nDimension 2 name=Y-Scale [deg]\n"
        f"Dimension 2 size={len(angle)}\nDimension 2 scale={' '.join(map(str, angle))}\n"
        f"[Info 1]\nRegion Name=cut\nPass Energy=20\nExcitation Energy={hv}\nDate=2026-01-0{int(level) % 7 + 1}\n"
        f"[User Interface Information 1]\n{motors}\n[Data 1]\n{rows}\n"
    )


def write(folder, **files) -> list:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return [folder / f"{name}.txt" for name in files]


def test_photon_energies_in_the_metadata_are_the_axis(tmp_path):
    hv = {"cut_10": 74.99, "cut_9": 70.01, "cut_11": 82.5}  # the numbers' order is not that of the letters
    write(tmp_path / "hv", **{name: ses(number, hv=value) for number, (name, value) in enumerate(hv.items())})
    scan = read(tmp_path / "hv")
    assert scans.axes(scan) == ("photon_energy", "angle", "energy")
    assert scan["photon_energy"].values.tolist() == [70.01, 74.99, 82.5]  # uneven, as measured
    assert scan.values[:, 1, 2].tolist() == [13, 12, 14]
    assert (scan["photon_energy"].attrs["units"], scan.attrs["source"]) == ("eV", "hv, 3 files")
    assert (scan.attrs["pass_energy"], "date" in scan.attrs, "photon_energy" in scan.attrs) == (20, False, False)
    assert scan.attrs["energy_notation"] == "kinetic"


def test_kinetic_energies_that_follow_the_photon_energy_are_noted(tmp_path):
    moved = [round(one + 5, 6) for one in ENERGY]
    paths = write(tmp_path, a=ses(0, hv="70"), b=ses(1, hv="75", energy=moved))
    scan = read(paths)
    np.testing.assert_allclose(scan["kinetic_energy_shift"].values, [0, 5])
    np.testing.assert_allclose(scan["energy"].values, ENERGY)
    paths = write(tmp_path, a=ses(0), b=ses(1, energy=moved))
    with pytest.raises(ScanError, match=r"b\.txt was not measured at the energies of a\.txt"):
        read(paths, along="20, 30=sample_temperature[K]")


@pytest.mark.parametrize(
    ("names", "axis", "values"),
    [
        (("cut_001_20K", "cut_002_5.4K", "cut_003_2K"), "sample_temperature", [2, 5.4, 20]),
        (("hv 60eV 1", "hv 62p5eV 1"), "photon_energy", [60, 62.5]),
        (("map_-5deg", "map_12deg"), "manipulator_angle", [-5, 12]),
    ],
)
def test_a_number_with_its_unit_in_the_names_is_the_axis(names, axis, values, tmp_path):
    scan = read(write(tmp_path, **{name: ses(number) for number, name in enumerate(names)}))
    assert scans.axes(scan)[0] == axis
    assert scan[axis].values.tolist() == values


def test_what_nothing_says_is_asked_for_and_can_be_said(tmp_path):
    motors = [f"P={angle}\nT=3" for angle in (4, 2, 3)]
    paths = write(tmp_path, **{f"cut_{n:03d}": ses(n, motors=text) for n, text in enumerate(motors)})
    with pytest.raises(NeedsScannedAxis, match=r"cut_000\.txt and 2 more do not say what was scanned") as asked:
        read(paths)
    assert [(one.source, one.values) for one in asked.value.proposals] == [("number", (0, 1, 2)), ("P", (4, 2, 3))]
    for along in ("P=manipulator_angle[deg]", "4, 2, 3=manipulator_angle[deg]"):
        scan = read(paths, along=along)
        assert scan["manipulator_angle"].values.tolist() == [2, 3, 4]
        assert scan.values[:, 0, 0].tolist() == [1, 2, 0]
    assert read(paths, along="number=time[s]")["time"].values.tolist() == [0, 1, 2]
    assert read(paths, along="10:30:10=sample_temperature[K]").sizes["sample_temperature"] == 3


def test_the_beamlines_notes_beside_the_cuts_say_the_angle(tmp_path):
    folder = tmp_path / "FS"
    write(folder, **{f"FS_{n}_ROI1_": ses(n) for n in (1, 2, 10)})
    for number, theta in ((1, -1.5), (2, 0.0), (10, 4.0)):
        notes = (
            f"x (mm) : {0.1 * number}\ntheta (deg) : {theta}\nhv (eV) : 70.00{number}\nPolarisation [0:LV, 1:LH] : 1\n"
        )
        (folder / f"FS_{number}_i.txt").write_text(notes)
    scan = read(folder)
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    assert scan["manipulator_angle"].values.tolist() == [-1.5, 0, 4]
    np.testing.assert_allclose(scan["x"].values, [0.1, 0.2, 1.0])  # followed along
    np.testing.assert_allclose(scan["photon_energy"].values, [70.001, 70.002, 70.0010])


def test_of_two_that_changed_one_has_to_be_named(tmp_path):
    paths = write(tmp_path, a_20K=ses(0, hv="60"), b_30K=ses(1, hv="70"))
    assert scans.axes(read(paths))[0] == "photon_energy"  # the files say more than their names
    names = [f"FS_{n}_ROI1_" for n in (1, 2)]
    paths = write(tmp_path, **{name: ses(n, hv=str(60 + n)) for n, name in enumerate(names)})
    for number in (1, 2):
        (tmp_path / f"FS_{number}_i.txt").write_text(f"theta (deg) : {number}\n")
    with pytest.raises(NeedsScannedAxis, match=r"differ in photon_energy \(60 to 61 eV\), theta \(1 to 2 deg\)"):
        read(paths)
    assert read(paths, along="manipulator_angle[deg]")["photon_energy"].dims == ("manipulator_angle",)


@pytest.mark.parametrize(
    ("second", "along", "words"),
    [
        (ses(1, angle=ANGLE[:3]), None, r"b\.txt is 3 angle x 3 energy, but a\.txt 4 angle x 3 energy"),
        (ses(1, angle=[one + 1 for one in ANGLE]), None, r"b\.txt has another angle axis than a\.txt"),
        (ses(1), "20, 30, 40=sample_temperature[K]", "3 values of sample_temperature are given for 2 files"),
        (ses(1), "20, 20=sample_temperature[K]", r"a\.txt and b\.txt are both at sample_temperature 20 K"),
        (ses(1), "Q=sample_temperature[K]", r"'?Q'? is not what differs"),
        (ses(1), "20, 30", "does not say what was scanned"),
        (ses(1), "1, 2=angle[deg]", "each file has the axis angle already"),
    ],
)
def test_what_is_wrong_is_said(second, along, words, tmp_path):
    with pytest.raises(ScanError, match=words):
        read(write(tmp_path, a=ses(0), b=second), along=along)


def test_sweeps_of_several_files_take_the_axis_they_lack(tmp_path):
    for field in (100, 500):
        (tmp_path / f"sweep_{field}.csv").write_text(
            "T (K),M (emu)\n" + "".join(f"{t},{t * field}\n" for t in (2, 3, 4))
        )
    paths = [tmp_path / f"sweep_{field}.csv" for field in (100, 500)]
    scan = read(paths, along="number=magnetic_field[Oe]")
    assert scans.axes(scan) == ("magnetic_field", "temperature")
    assert len(scans.sweeps(scan)) == 2
    assert scan["magnetic_field"].values.tolist() == [100] * 3 + [500] * 3
    assert scans.axes(read(paths)) == ("temperature",)


def test_a_folder_is_opened_where_it_holds_one_kind_of_scans(tmp_path):
    folder = tmp_path / "T"
    write(folder, **{f"cut_{t}K": ses(n) for n, t in enumerate((20, 30))})
    (folder / ".hidden_40K.txt").write_text("")
    assert readable(folder)
    assert read(folder).sizes["sample_temperature"] == 2
    assert read([folder], along="1, 2=time[s]").sizes["time"] == 2
    (folder / "cut.krx").write_bytes(b"")
    (folder / "cut.zip").write_bytes(b"")
    (folder / "cut_2.zip").write_bytes(b"")
    with pytest.raises(ScanError, match=r"the folder T holds \.krx, \.zip files; choose those of one kind"):
        read(folder)
    (tmp_path / "empty").mkdir()
    assert not readable(tmp_path / "empty")
    with pytest.raises(ScanError, match="the folder empty holds no file"):
        read(tmp_path / "empty")


def test_reading_tells_how_far_it_is_and_can_be_stopped(tmp_path):
    paths = write(tmp_path, **{f"cut_{t}K": ses(n) for n, t in enumerate((20, 30, 40))})
    told, stop = [], threading.Event()
    read(paths, on_progress=told.append, stop=stop)
    assert told == [0, 1 / 3, 2 / 3]
    stop.set()
    with pytest.raises(Cancelled):
        read(paths, stop=stop)


def test_real_cuts_become_a_temperature_series(instrument, tmp_path):
    for name in ("cut_20K.txt", "cut_35K.txt", "cut_50K.txt"):
        shutil.copy(instrument / "arpes_cassiopee_ses_cut.txt", tmp_path / name)
    scan = read(tmp_path)
    single = read(instrument / "arpes_cassiopee_ses_cut.txt")
    assert scan.shape == (3, *single.shape)
    assert scan["sample_temperature"].values.tolist() == [20, 35, 50]
    np.testing.assert_array_equal(scan.values[2], single.values)


@pytest.mark.parametrize("note", ["rough map, 3 cuts", "hv 70 eV\nT 20 K\nslit 0.2 mm\n", "a\tb\n1\t2\n3\t4\n5\t6\n"])
def test_notes_in_a_folder_of_cuts_are_passed_over_and_said(note, tmp_path):
    write(tmp_path / "map", **{f"cut_{angle}deg": ses(angle) for angle in (1, 2, 3)}, Anmerkung=note)
    scan = read(tmp_path / "map")
    assert scan["manipulator_angle"].values.tolist() == [1, 2, 3]
    assert scan.attrs["notes"] == "left out: Anmerkung.txt, which is no scan as the others are"
    (tmp_path / "map" / "cut_2deg.txt").write_text(ses(2)[:-30])  # but a cut that is damaged is no note
    with pytest.raises(ScanError, match=r"cut_2deg\.txt"):
        read(tmp_path / "map")


def test_a_note_beside_tables_is_passed_over_and_said(tmp_path):
    table = "T (K),H (Oe),M (emu)\n" + "".join(f"{t},100,{t / 10}\n" for t in range(5, 25))
    write(tmp_path / "sweeps", a=table, b=table.replace(",100,", ",200,"), readme="measured on a Friday")
    scan = read(tmp_path / "sweeps")
    assert scan.size == 40
    assert "left out: readme.txt" in scan.attrs["notes"]
