"""Clouds of atoms from the formats of simulations, crystallography and atom-probe tomography."""

from __future__ import annotations

import builtins

import ase
import ase.build
import ase.io
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin import writers
from napari_scantwin.core import scan as scans
from napari_scantwin.core.clouds import cell_of, cloud_scan, is_cloud, positions
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import open_choices, read, readable

CELL = 4.05


@pytest.fixture
def aluminium():
    """Thirty-two atoms in a periodic cell."""
    return ase.build.bulk("Al", "fcc", a=CELL, cubic=True) * (2, 2, 2)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("al.xyz", "xyz"),
        ("al.extxyz", "extxyz"),
        ("POSCAR", "vasp"),
        ("al.vasp", "vasp"),
        ("al.cif", "cif"),
    ],
)
def test_atoms_come_back_with_species_and_cell(tmp_path, aluminium, name, kind):
    path = tmp_path / name
    ase.io.write(path, aluminium, format=kind)
    cloud = read(path)
    assert readable(path)
    assert is_cloud(cloud)
    assert cloud["x"].attrs["units"] == "Å"
    order = np.lexsort(np.round(positions(cloud), 3).T)
    theirs = np.lexsort(np.round(aluminium.positions, 3).T)
    np.testing.assert_allclose(positions(cloud)[order], aluminium.positions[theirs], atol=1e-4)
    assert set(cloud["species"].values) == {"Al"}
    assert (cloud.values == 13).all()
    if kind != "xyz":  # which has no word for a cell
        cell, periodic = cell_of(cloud)
        assert periodic == (True, True, True)
        assert np.linalg.det(cell) == pytest.approx((2 * CELL) ** 3, rel=1e-4)


def test_what_else_a_file_says_of_every_atom_is_named(tmp_path, aluminium):
    aluminium.set_array("stress_xx", np.zeros(32))
    ase.io.write(tmp_path / "al.extxyz", aluminium)
    assert "of every atom stress_xx" in read(tmp_path / "al.extxyz").attrs["notes"]


def test_frames_of_a_run_are_offered_the_last_first(tmp_path, aluminium):
    other = aluminium.copy()
    other.positions += 0.5
    ase.io.write(tmp_path / "run.extxyz", [aluminium, other])
    assert [one.key for one in open_choices(tmp_path / "run.extxyz")] == ["frame 2", "frame 1"]
    first = read(tmp_path / "run.extxyz", choice="frame 1")
    np.testing.assert_allclose(positions(first), aluminium.positions, atol=1e-6)


def test_lammps_says_types_and_units_only_where_it_does(tmp_path, aluminium):
    rows = "\n".join(f"{k + 1} 2 {x:.6f} {y:.6f} {z:.6f}" for k, (x, y, z) in enumerate(aluminium.positions))
    bounds = f"0 {2 * CELL}\n" * 3
    head = (
        f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n32\nITEM: BOX BOUNDS pp pp pp\n{bounds}ITEM: ATOMS id type x y z\n"
    )
    (tmp_path / "al.dump").write_text(head + rows + "\n")
    (tmp_path / "metal.dump").write_text("ITEM: UNITS\nmetal\n" + head + rows + "\n")
    bare, metal = read(tmp_path / "al.dump"), read(tmp_path / "metal.dump")
    assert set(bare["species"].values) == {"type 2"}
    assert bare["x"].attrs["units"] == ""
    assert "does not name its unit of length" in bare.attrs["notes"]
    assert metal["x"].attrs["units"] == "Å"
    np.testing.assert_allclose(positions(bare), aluminium.positions, atol=1e-5)
    ase.io.write(tmp_path / "al.lmp", aluminium, format="lammps-data")
    data = read(tmp_path / "al.lmp")
    assert cell_of(data) is not None
    np.testing.assert_allclose(np.sort(positions(data), axis=0), np.sort(aluminium.positions, axis=0), atol=1e-5)


@given(st.lists(st.tuples(*[st.floats(-1e3, 1e3, width=32)] * 4), min_size=1, max_size=30))
def test_pos_and_epos_are_big_endian_rows(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("probe")
    numbers = np.array(rows, ">f4")
    (folder / "a.pos").write_bytes(numbers.tobytes())
    (folder / "a.epos").write_bytes(np.hstack([numbers, np.ones((len(rows), 7))]).astype(">f4").tobytes())
    for name in ("a.pos", "a.epos"):
        cloud = read(folder / name)
        np.testing.assert_array_equal(positions(cloud), numbers[:, :3].astype(float))
        np.testing.assert_array_equal(cloud.values, numbers[:, 3].astype(float))
        assert (cloud["x"].attrs["units"], cloud.attrs["units"]) == ("nm", "Da")
    assert "time of flight" in cloud.attrs["notes"]


def test_an_apt_file_gives_places_and_mass_to_charge(tmp_path):
    branches = pytest.importorskip("ifes_apt_tc_data_modeling.apt.apt6_sections_branches")
    headers = pytest.importorskip("ifes_apt_tc_data_modeling.apt.apt6_headers")
    sections = pytest.importorskip("ifes_apt_tc_data_modeling.apt.apt6_sections")
    places, ratio = np.arange(9, dtype="<f4").reshape(3, 3), np.array([27, 13.5, 27], "<f4")
    head = np.zeros(1, headers.AptFileHeaderMetadata.get_numpy_struct())
    head["cSignature"], head["iHeaderSize"], head["iHeaderVersion"] = np.frombuffer(b"APT\0", np.uint8), 540, 2
    head["llIonCount"] = 3
    content = head.tobytes()
    for name, values in (("Position", places), ("Mass", ratio)):
        section = np.zeros(1, sections.AptFileSectionMetadata.get_numpy_struct())
        meta = branches.EXPECTED_SECTIONS[name].meta
        section["cSignature"], section["wcSectionType"] = meta["c_signature"], meta["wc_section_type"]
        for field, key in (
            ("iHeaderSize", "i_header_size"),
            ("iHeaderVersion", "i_header_version"),
            ("iSectionVersion", "i_section_version"),
            ("eRelationshipType", "e_relationship_type"),
            ("eRecordType", "e_record_type"),
            ("eRecordDataType", "e_record_data_type"),
            ("iDataTypeSize", "i_data_type_size"),
            ("iRecordSize", "i_record_size"),
        ):
            section[field] = meta[key]
        section["wcDataUnit"][0][:2] = np.frombuffer(
            ("nm" if name == "Position" else "Da").encode("utf-16-le"), np.uint16
        )
        section["llRecordCount"], section["llByteCount"] = 3, values.nbytes
        content += section.tobytes() + (bytes(24) if name == "Position" else b"") + values.tobytes()
    (tmp_path / "a.apt").write_bytes(content)
    cloud = read(tmp_path / "a.apt")
    np.testing.assert_array_equal(positions(cloud), places)
    np.testing.assert_array_equal(cloud.values, ratio)
    (tmp_path / "b.apt").write_bytes(b"nothing of the kind")
    with pytest.raises(ScanError, match=r"b\.apt cannot be read as an \.apt file"):
        read(tmp_path / "b.apt")


def test_a_table_of_places_is_a_cloud_and_one_of_values_is_not(tmp_path):
    (tmp_path / "a.csv").write_text("x (nm),y (nm),z (nm),species\n0,1,2,Fe\n3,4,5,Ni\n6,7,9,Fe\n")
    cloud = read(tmp_path / "a.csv")
    assert is_cloud(cloud)
    assert cloud["x"].attrs["units"] == "nm"
    assert list(cloud["species"].values) == ["Fe", "Ni", "Fe"]
    (tmp_path / "b.txt").write_text("x y z type\n0 1 2 1\n3 4 5 2\n6 7 9 1\n")
    bare = read(tmp_path / "b.txt")
    assert list(bare.values) == [1, 2, 1]
    assert "does not name its unit of length" in bare.attrs["notes"]
    (tmp_path / "c.csv").write_text("x (mm),y (mm),z (mm),B (T)\n0,1,2,0.1\n3,4,5,0.2\n6,7,9,0.3\n")
    with pytest.raises(NeedsColumns):
        read(tmp_path / "c.csv")


def test_places_that_are_no_numbers_are_left_out_and_counted():
    places = np.zeros((4, 3))
    places[1, 2] = np.nan
    cloud = cloud_scan(places, "nm", np.ones(4), name="atom_type", species=np.array(list("abcd")))
    assert cloud.size == 3
    assert list(cloud["species"].values) == ["a", "c", "d"]
    assert cloud.attrs["notes"] == "left out: 1 atom whose place or value is no finite number"


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv", ".h5"])
def test_a_cloud_is_exported_and_opened_as_it_was(tmp_path, aluminium, suffix):
    ase.io.write(tmp_path / "POSCAR", aluminium, format="vasp")
    cloud = read(tmp_path / "POSCAR")
    writers.write(cloud, tmp_path / f"out{suffix}")
    back = read(tmp_path / f"out{suffix}")
    xr.testing.assert_equal(cloud, back)
    np.testing.assert_array_equal(cell_of(back)[0], cell_of(cloud)[0])
    assert cell_of(back)[1] == cell_of(cloud)[1]


def test_a_part_of_a_cloud_is_a_cloud(tmp_path, aluminium):
    ase.io.write(tmp_path / "POSCAR", aluminium, format="vasp")
    cloud = read(tmp_path / "POSCAR")
    part = cloud.isel(point=cloud["z"].values < CELL)
    assert is_cloud(scans.check(part))
    assert part.sizes["point"] == 16
    assert scans.sweep_count(part) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xyz", b"3\n\nFe 0 0 0\nFe 1 1\n", "cannot be read as extxyz"),
        ("b.xyz", b"1\n\nQq 0 0 0\n", "no chemical element"),
        ("c.pos", b"12345", r"has 16 bytes an ion, and this one has 5"),
        ("d.pos", np.full(8, 1e20, ">f4").tobytes(), "beyond a millimetre"),
        ("e.cif", b"data_a\nloop_\n_atom_site_label\n", "cannot be read as cif|holds no atoms"),
        ("f.csv", b"x (nm),y (mm),z (nm)\n0,1,2\n3,4,5\n", "different units"),
    ],
)
def test_bad_files_are_told_in_one_sentence(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ScanError, match=words) as told:
        read(tmp_path / name)
    assert name in str(told.value)
    assert "\n" not in str(told.value)


def test_without_ase_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.xyz").write_text("1\n\nFe 0 0 0\n")
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name.split(".")[0] == "ase":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(
        ScanError, match=r"a\.xyz: files of atoms need the package ase; .*napari-scantwin\[structures\]"
    ):
        read(tmp_path / "a.xyz")
