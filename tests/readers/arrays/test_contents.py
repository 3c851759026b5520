"""Files of arrays in no known layout: what they hold, what is asked, and that a choice is kept for the next one."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.core.notes import notes
from napari_scantwin.readers import read
from napari_scantwin.readers.arrays import array_files
from napari_scantwin.readers.arrays.contents import chosen, proposal
from napari_scantwin.readers.tables.table import remember

VALUES = np.arange(24, dtype="f4").reshape(4, 1, 6)
AXES = ["scan/tilt=manipulator_angle", "16.5:-0.25=kinetic_energy[eV]"]


def unknown(path, shift=0.0):
    """A lab's own layout: a cube, one axis as an array, none for the energies."""
    with h5py.File(path, "w") as file:
        file["scan/counts"] = VALUES + shift
        file["scan/tilt"] = np.array([1.0, 2.0, 4.0, 7.0])
        file["scan/tilt"].attrs["units"] = "deg"
        file["other/also_four"] = np.zeros(4)
        file["scan/sample"] = "a crystal"


def test_a_files_arrays_are_listed_with_what_they_are_likely_to_be(tmp_path):
    unknown(tmp_path / "x.h5")
    contents = array_files.contents(tmp_path / "x.h5")
    assert {one.path: (one.shape, one.unit, one.role) for one in contents.arrays} == {
        "scan/counts": ((4, 1, 6), None, "scan"),
        "scan/tilt": ((4,), "deg", "axis"),
        "other/also_four": ((4,), None, "axis"),
        "scan/sample": ((), None, "note"),
    }
    proposed = proposal(contents)
    assert proposed.value.source == "scan/counts"
    assert [column.source for column in proposed.axes] == ["scan/tilt", ""]


def test_what_is_not_said_is_asked_for(tmp_path):
    unknown(tmp_path / "x.h5")
    with pytest.raises(NeedsAxes, match=r"holds the arrays scan/counts \(4 x 1 x 6\), but nothing") as asked:
        read(tmp_path / "x.h5")
    assert asked.value.contents.find("scan/tilt").unit == "deg"
    with pytest.raises(NeedsAxes, match="scan/counts needs a name and a unit"):
        read(tmp_path / "x.h5", axes=AXES, value="scan/counts=photoemission_intensity")
    with pytest.raises(NeedsAxes, match="say where each axis stands"):
        read(tmp_path / "x.h5", value="scan/counts=photoemission_intensity[count]")


def test_named_arrays_make_a_scan(tmp_path):
    unknown(tmp_path / "x.h5")
    scan = read(tmp_path / "x.h5", axes=AXES, value="scan/counts=photoemission_intensity[count]")
    assert scans.axes(scan) == ("manipulator_angle", "energy")
    np.testing.assert_array_equal(scan["manipulator_angle"].values, [1, 2, 4, 7])
    np.testing.assert_allclose(scan["energy"].values, 16.5 - 0.25 * np.arange(6)[::-1])
    np.testing.assert_array_equal(scan.values, VALUES[:, 0, ::-1])
    assert (scan.attrs["units"], scan.attrs["energy_notation"]) == ("count", "kinetic")


def test_binding_energies_are_turned_round(tmp_path):
    unknown(tmp_path / "x.h5")
    scan = read(tmp_path / "x.h5", axes=[AXES[0], "-0.5:0.5=binding_energy[eV]"], value="scan/counts=intensity[arb]")
    np.testing.assert_allclose(scan["energy"].values, [-2, -1.5, -1, -0.5, 0, 0.5])
    assert scan.attrs["energy_notation"] == "fermi"


@pytest.mark.parametrize(
    ("axes", "value", "words"),
    [
        (AXES[:1], "scan/counts=i[count]", "2 axes, not 1"),
        (["other/also_four=x[mm]", "scan/tilt=y"], "scan/counts=i[count]", "has 4 values, the axis y has 6 steps"),
        (
            AXES,
            "scan/nothing=i[count]",
            "there is no array 'scan/nothing'; those of more than one axis are scan/counts",
        ),
        (["0:1=x[mm]", "0:1=x[mm]"], "scan/counts=i[count]", "name one axis twice"),
        (["0:1=x[mm]", "0:0=y[mm]"], "scan/counts=i[count]", "step of 0"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(axes, value, words, tmp_path):
    unknown(tmp_path / "x.h5")
    with pytest.raises(ScanError, match=words):
        read(tmp_path / "x.h5", axes=axes, value=value)


def test_a_choice_serves_the_next_file_of_the_layout_unless_it_has_typed_numbers(tmp_path):
    for name in ("a.h5", "b.h5"):
        unknown(tmp_path / name)
        with h5py.File(tmp_path / name, "a") as file:
            file["scan/energy"] = np.linspace(0, 1, 6)
    contents = array_files.contents(tmp_path / "a.h5")
    value = "scan/counts=photoemission_intensity[count]"
    remember(chosen(contents, [AXES[0], "scan/energy=energy[eV]"], value), contents)
    assert scans.axes(read(tmp_path / "b.h5")) == ("manipulator_angle", "energy")
    remember(chosen(contents, AXES, value), contents)
    with pytest.raises(NeedsAxes):  # another file may start elsewhere
        read(tmp_path / "b.h5")
    with h5py.File(tmp_path / "b.h5", "a") as file:
        file["scan/more"] = np.zeros((2, 2))
    assert array_files.contents(tmp_path / "b.h5").headers != contents.headers


def test_an_axis_without_a_unit_can_be_given_one(tmp_path):
    with h5py.File(tmp_path / "x.nxs", "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"NX_class": "NXdata", "signal": "i", "axes": ["angle", "energy"]})
        group["i"], group["angle"], group["energy"] = np.ones((2, 3)), np.arange(2.0), np.arange(3.0)
    with pytest.raises(NeedsAxes, match="the axis 'angle' has no unit") as asked:
        read(tmp_path / "x.nxs")
    assert asked.value.contents is not None
    axes = ["entry/data/angle[deg]", "entry/data/energy[eV]"]
    assert scans.axes(read(tmp_path / "x.nxs", axes=axes, value="entry/data/i=intensity[arb]")) == ("angle", "energy")


@pytest.mark.parametrize("kind", ["npy", "tif", "zarr"])
def test_bare_arrays_are_asked_about_too(kind, tmp_path):
    path = tmp_path / f"x.{kind}"
    values = VALUES[:, 0]
    {
        "npy": lambda: np.save(path, values),
        "tif": lambda: tifffile.imwrite(path, values, compression="zlib"),
        "zarr": lambda: zarr.save_array(path, values),
    }[kind]()
    contents = array_files.contents(path)
    (array,) = contents.arrays
    scan = read(path, axes=["0:2=x[mm]", "5:1=y[mm]"], value=f"{array.path}=intensity[count]")
    np.testing.assert_array_equal(scan.values, values)
    np.testing.assert_array_equal(scan["x"].values, [0, 2, 4, 6])


def test_nothing_pickled_is_opened(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ScanError, match=r"x\.npy"):
        array_files.contents(tmp_path / "x.npy")
    zarr.save_array(tmp_path / "x.zarr", np.zeros((2, 2)), zarr_format=2)
    meta = tmp_path / "x.zarr" / ".zarray"
    meta.write_text(meta.read_text().replace('"filters": null', '"filters": [{"id": "pickle", "protocol": 5}]'))
    with pytest.raises(ScanError, match="pickled arrays, which are not opened"):
        array_files.contents(tmp_path / "x.zarr")


@pytest.mark.parametrize("lost", [0, 1, 5])
def test_chunks_that_are_not_stored_are_said(lost, tmp_path):
    path = tmp_path / "map.zarr"
    group = zarr.open_group(path, mode="w")
    values = group.create_array("signal", shape=(6, 20), chunks=(1, 10), dtype="f8", fill_value=np.nan)
    values[:] = np.arange(1.0, 121).reshape(6, 20)
    chunks = sorted(file for file in (path / "signal" / "c").rglob("*") if file.is_file())
    for file in chunks[:lost]:
        file.unlink()
    scan = read(path, axes=["0:1=x[mm]", "0:1=y[mm]"], value="signal=signal[arb]")
    said = f"{lost} of 12 chunks of signal are not stored: they read as nan"
    assert (said in notes(scan.attrs)) == bool(lost)
    assert np.isnan(scan.values).sum() == 10 * lost
