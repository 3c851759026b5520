"""ARPES formats: the same names, order, units and signs from each; damage said in a sentence."""

from __future__ import annotations

import builtins
import io
import re
import zipfile

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import open_choices, read
from napari_scantwin.readers.arpes_axes import axis_name


@pytest.mark.parametrize(
    ("file", "angles", "energies", "notation"),
    [
        ("arpes_bloch_da30_cut.zip", (-17.66636, 13.966782, 668), (68.23, 72.27, 809), "kinetic"),
        ("arpes_cassiopee_ses_cut.txt", (-14.58286, 15.08571, 650), (95.2, 96.5, 131), "kinetic"),
        ("arpes_hers_cut.pxt", (-16.405685, 15.393881, 661), (64.3, 69.805, 368), "kinetic"),
        ("arpes_merlin_cut.h5", (-18.290462, 19.133707, 800), (-1.261451, 0.377453, 1004), "fermi"),
    ],
)
def test_every_beamlines_cut_has_the_same_axes(file, angles, energies, notation, instrument, real_files):
    scan = read(instrument / file)
    assert scans.axes(scan) == ("angle", "energy")
    for name, (low, high, size), unit in (("angle", angles, "deg"), ("energy", energies, "eV")):
        assert scan.sizes[name] == size or not real_files  # the stand-ins are coarser
        np.testing.assert_allclose(scan[name].values[[0, -1]], [low, high], rtol=1e-5)
        assert scan[name].attrs["units"] == unit
    assert scan.attrs["energy_notation"] == notation
    assert scan.name == "photoemission_intensity"
    assert scan.attrs["source"] == file
    assert "lens_mode" in scan.attrs
    spectrum = scan.sum("angle").values.astype(float)
    tail, body = spectrum[-len(spectrum) // 12 :].mean(), np.median(spectrum)
    assert tail < 0.7 * body  # above the Fermi level there is less than below it


def test_a_merlin_cut_ends_at_the_fermi_level(instrument):
    scan = read(instrument / "arpes_merlin_cut.h5").sum("angle")
    occupied = scan.sel(energy=slice(-0.4, -0.1)).mean()
    assert float(scan.sel(energy=slice(0.1, 0.35)).mean()) < 0.2 * float(occupied)


def ses_text(regions=1, steps=None):
    energy, angle = [10.0, 10.1, 10.2], [-1.0, 0.0, 1.0, 2.0]
    out = [f"[Info]\nNumber of Regions={regions:04d}\nVersion=1.3.1\n"]
    for number in range(1, regions + 1):
        out.append(f"[Region {number}]\nRegion Name=part {number}\nDimension 1 name=Kinetic Energy [eV]\n")
        out.append(f"Dimension 1 size=3\nDimension 1 scale={' '.join(map(str, energy))}\n")
        out.append("Dimension 2 name=Y-Scale [deg]\nDimension 2 size=4\n")
        out.append(f"Dimension 2 scale={' '.join(map(str, angle))}\n")
        if steps:
            out.append(f"Dimension 3 name=Thetay [deg]\nDimension 3 size={len(steps)}\n")
            out.append(f"Dimension 3 scale={' '.join(map(str, steps))}\n")
        out.append(f"[Info {number}]\nRegion Name=part {number}\nEnergy Scale=Binding\nPass Energy=20\n")
        for step in range(1, len(steps or [0]) + 1):
            out.append(f"[Data {number}:{step}]\n" if steps else f"[Data {number}]\n")
            for row, value in enumerate(energy):
                cells = [1000 * number + 100 * step + 10 * row + column for column in range(4)]
                out.append(" ".join(f"{cell:.6E}" for cell in [value, *cells]) + "\n")
    return "\n".join(out)


def test_regions_of_an_ses_text_are_offered(tmp_path):
    path = tmp_path / "cut.txt"
    path.write_text(ses_text(2))
    assert [one.key for one in open_choices(path)] == ["part 1", "part 2"]
    scan = read(path, choice="part 2")
    assert scans.axes(scan) == ("angle", "energy")
    assert scan.values[3, 1] == 2113
    assert scan.attrs["energy_notation"] == "kinetic"  # the axis says so, whatever the screen showed
    assert scan.attrs["pass_energy"] == 20


def test_a_third_dimension_of_an_ses_text_comes_first(tmp_path):
    path = tmp_path / "map.txt"
    path.write_text(ses_text(1, steps=[5.0, 4.0]))
    scan = read(path)
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    assert scan["manipulator_angle"].values.tolist() == [4.0, 5.0]
    assert scan.values[:, 2, 1].tolist() == [1212, 1112]  # sorted with its axis


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize(("regions", "steps"), [(1, None), (2, None)])
def test_line_ends_and_a_missing_head_of_the_data_change_nothing(regions, steps, head, ends, tmp_path):
    text = ses_text(regions, steps)
    (tmp_path / "plain.txt").write_text(text)
    text = text if head else re.sub(r"\[Data \d+\]\n", "inputA=\n", text)
    (tmp_path / "other.txt").write_bytes(text.replace("\n", ends).encode())
    for one, other in zip(open_choices(tmp_path / "plain.txt"), open_choices(tmp_path / "other.txt"), strict=True):
        xr.testing.assert_equal(one.scan, other.scan)
        assert one.scan.attrs["pass_energy"] == other.scan.attrs["pass_energy"]


@pytest.mark.parametrize(("row", "wrong"), [(0, "1.1E+01"), (1, "1.000000E+01"), (2, "10.1")])
def test_rows_of_an_ses_text_begin_with_their_energies(row, wrong, tmp_path):
    head, rows = ses_text().split("[Data 1]\n")
    lines = rows.split("\n")
    lines = [line for line in lines if line]
    (tmp_path / "cut.txt").write_text(head + "[Data 1]\n" + "\n".join(lines))
    read(tmp_path / "cut.txt")
    lines[row] = " ".join([wrong, *lines[row].split()[1:]])
    (tmp_path / "cut.txt").write_text(head + "[Data 1]\n" + "\n".join(lines))
    with pytest.raises(ScanError, match=rf"row {row + 1} begins with"):
        read(tmp_path / "cut.txt")


ITX = """IGOR
X // Pass Energy = 20
X // Excitation Energy = 21.2
WAVES/S/N=(3,4) 'cut_1'
BEGIN
0 1 2 3
4 5 6 7
8 9 10 11
END
X SetScale/I x, 10, 12, "Kinetic Energy [eV]", 'cut_1'
X SetScale/P y, -1, 0.5, "deg", 'cut_1'
"""


def test_igor_text_takes_its_axes_from_the_scaling(tmp_path):
    path = tmp_path / "cut.itx"
    path.write_text(ITX)
    scan = read(path)
    assert scans.axes(scan) == ("angle", "energy")
    np.testing.assert_allclose(scan["energy"].values, [10, 11, 12])
    np.testing.assert_allclose(scan["angle"].values, [-1, -0.5, 0, 0.5])
    assert scan.values[3, 1] == 7
    assert (scan.attrs["photon_energy"], scan.attrs["pass_energy"]) == (21.2, 20)


def da30_zip(promise=None):
    values = np.arange(24, dtype="<f4").reshape(2, 3, 4)
    ini = (
        "[spectrum]\nwidth=4\nheight=3\ndepth=2\nbyteperpoint=4\nwidthoffset=10\nwidthdelta=0.1\nheightoffset=-1\n"
        "heightdelta=1\ndepthoffset=3\ndepthdelta=0.5\nwidthlabel=Energy [eV]\nheightlabel=Thetax [deg]\n"
        "depthlabel=Thetay [deg]\nname=map\n"
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("Spectrum_map.ini", ini.replace("depth=2", promise or "depth=2"))
        archive.writestr("Spectrum_map.bin", values.tobytes())
        archive.writestr("map.ini", "[SES]\nEnergy Scale=Kinetic\nPass Energy=10\n")
    return content.getvalue()


def test_a_da30_map_has_its_deflection_first(tmp_path):
    path = tmp_path / "map.zip"
    path.write_bytes(da30_zip())
    scan = read(path)
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_array_equal(scan.values, np.arange(24).reshape(2, 3, 4))
    np.testing.assert_allclose(scan["manipulator_angle"].values, [3, 3.5])
    path.write_bytes(da30_zip("depth=2000000000"))
    with pytest.raises(ScanError, match="it is altered"):
        read(path)
    path.write_bytes(da30_zip("depth=3"))
    with pytest.raises(ScanError, match=r"does not hold the 144 bytes"):
        read(path)


def nexus(path, **change):
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["tilt", "angles", "energies"]} | change)
        group["counts"] = np.arange(24, dtype="i4").reshape(2, 3, 4)
        for name, size, unit in (("tilt", 2, "deg"), ("angles", 3, "degrees"), ("energies", 4, "eV")):
            group[name] = np.linspace(0, 1, size)[::-1]
            group[name].attrs["units"] = unit


def test_nexus_data_is_found_by_its_signal_and_axes(tmp_path):
    nexus(tmp_path / "scan.nxs")
    scan = read(tmp_path / "scan.nxs")
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_array_equal(scan.values, np.arange(24).reshape(2, 3, 4)[::-1, ::-1, ::-1])
    with h5py.File(tmp_path / "scan.nxs", "a") as file:
        del file["entry/data"].attrs["axes"]
    with pytest.raises(ScanError, match=r"holds the arrays entry/data/counts \(2 x 3 x 4\), but nothing in a layout"):
        read(tmp_path / "scan.nxs")


def test_an_axis_without_a_unit_is_refused(tmp_path):
    path = tmp_path / "cut.itx"
    path.write_text(ITX.replace('"deg"', '""'))
    with pytest.raises(ScanError, match=r"cut\.itx: the axis 'axis 2' has no unit"):
        read(path)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "cut.ibw"
    path.write_bytes(b"\5\0")
    real = builtins.__import__

    def without(name, *arguments, **details):
        if name.startswith("igor2"):
            raise ImportError(name)
        return real(name, *arguments, **details)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ScanError, match=r"pip install napari-scantwin\[igor\]"):
        read(path)


def test_labels_of_beamlines_become_the_fields_names():
    for label, name in {
        "Kinetic Energy": "energy",
        "Photon Energy": "photon_energy",
        "Y-Scale": "angle",
        "Thetay": "manipulator_angle",
        "Sample Temperature": "sample_temperature",
        "sax": "x",
    }.items():
        assert axis_name(label) == name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["cut.txt", "two.txt", "cut.itx", "map.zip", "junk.pxt", "junk.ibw"]), data=st.data())
def test_damage_is_told_in_one_sentence(kind, data, tmp_path, damage, told):
    whole = {
        "cut.txt": ses_text().encode(),
        "two.txt": ses_text(2, steps=[5.0, 4.0]).encode(),
        "cut.itx": ITX.encode(),
        "map.zip": da30_zip(),
    }.get(kind, b"\5\0" * 200)
    (tmp_path / kind).write_bytes(damage(whole, data))
    told(tmp_path / kind)


def test_an_absurd_size_is_refused_before_any_memory_is_taken(tmp_path, told):
    for name, text in {
        "a.txt": ses_text().replace("Dimension 1 size=3", "Dimension 1 size=999999999999"),
        "b.itx": ITX.replace("N=(3,4)", "N=(999999,999999)"),
    }.items():
        (tmp_path / name).write_text(text)
        assert told(tmp_path / name)
    (tmp_path / "c.zip").write_bytes(da30_zip("depth=999999999"))
    assert "it is altered" in told(tmp_path / "c.zip")


def test_a_slit_that_images_the_sample_has_positions(tmp_path):
    (tmp_path / "cut.txt").write_text(ses_text().replace("Y-Scale [deg]", "Y-Scale [mm]"))
    assert scans.axes(read(tmp_path / "cut.txt")) == ("position", "energy")
