"""TIFF and .npy: axes from JSON beside them or in the TIFF's description, else asked for; damage in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.readers import read
from napari_scantwin.readers.arrays import array_files
from napari_scantwin.readers.arrays.contents import chosen
from napari_scantwin.readers.tables.table import remember
from napari_scantwin.samples import load_sample
from napari_scantwin.writers import write

VALUES = np.arange(24, dtype="u2").reshape(2, 3, 4)
ABOUT = {
    "axes": [
        {"name": "delay", "units": "fs", "values": [-10.0, 25.0]},
        {"name": "angle", "units": "deg", "start": 1, "step": -0.5},
        {"name": "kinetic_energy", "units": "eV", "start": 16, "step": 0.1},
    ],
    "value": {"name": "photoemission_intensity", "units": "count"},
}


def save(path, about=ABOUT, values=VALUES):
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        tifffile.imwrite(path, values, photometric="minisblack")
    if about is not None:
        path.with_suffix(".json").write_text(json.dumps(about))
    return path


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".tiff"])
def test_a_side_file_says_the_axes(suffix, tmp_path):
    scan = read(save(tmp_path / f"cube{suffix}"))
    assert scans.axes(scan) == ("delay", "angle", "energy")
    np.testing.assert_array_equal(scan.values, VALUES[:, ::-1])
    np.testing.assert_allclose(scan["angle"].values, [0, 0.5, 1])
    np.testing.assert_allclose(scan["energy"].values, [16, 16.1, 16.2, 16.3])
    assert (scan.attrs["units"], scan.attrs["energy_notation"]) == ("count", "kinetic")
    (tmp_path / "cube.json").rename(tmp_path / f"cube{suffix}.json")
    assert read(tmp_path / f"cube{suffix}").identical(scan)


def test_a_tiff_of_this_program_reads_back(tmp_path):
    scan = load_sample("arpes")
    write(scan, tmp_path / "x.tif")
    again = read(tmp_path / "x.tif")
    assert scans.axes(again) == scans.axes(scan)
    np.testing.assert_allclose(again.values, scan.values, rtol=1e-6)
    for axis in scans.axes(scan):
        np.testing.assert_array_equal(again[axis].values, scan[axis].values)
        assert again[axis].attrs["units"] == scan[axis].attrs["units"]
    four = scan.isel({scan.dims[0]: slice(0, 2)}).expand_dims(delay=[0.0, 1.0, 5.0])
    four["delay"].attrs["units"] = "fs"
    four.attrs["axes"] = ",".join(map(str, four.dims))
    write(four, tmp_path / "four.tif")
    assert read(tmp_path / "four.tif").shape == four.shape


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_without_one_the_axes_are_asked_for(suffix, tmp_path):
    path = save(tmp_path / f"cube{suffix}", about=None)
    with pytest.raises(NeedsAxes, match="but nothing in a layout") as asked:
        read(path)
    contents = asked.value.contents
    choice = ["-10:35=delay[fs]", "0:1=angle[deg]", "16:0.1=kinetic_energy[eV]"]
    remember(chosen(contents, choice, f"{contents.arrays[0].path}=intensity[count]"), contents)
    with pytest.raises(NeedsAxes):  # the numbers are this file's own
        read(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axes": ABOUT["axes"][:2]}, "has 2 axes, the array is 2 x 3 x 4"),
        ({"axes": [{**ABOUT["axes"][0], "values": [1.0]}, *ABOUT["axes"][1:]]}, "delay has 1 values for 2 steps"),
        ({"axes": [{**ABOUT["axes"][0], "units": "parsnip"}, *ABOUT["axes"][1:]]}, "'parsnip' is not known"),
        ({"axes": [{"name": "delay"}, *ABOUT["axes"][1:]]}, "lacks 'units'"),
        ({"axes": [{"name": "delay", "units": "fs"}, *ABOUT["axes"][1:]]}, "needs values, or a start and a step"),
        ({"axes": [ABOUT["axes"][1]] * 3}, "each its own"),
        ({"value": None}, "lacks"),
    ],
)
def test_a_side_file_that_does_not_fit_is_refused(change, words, tmp_path):
    with pytest.raises(ScanError, match=words):
        read(save(tmp_path / "x.npy", about=ABOUT | change))


def test_numpy_arrays_that_are_no_plain_numbers_are_refused(tmp_path):
    with pytest.raises(ScanError, match="complex64 values"):
        read(save(tmp_path / "x.npy", values=VALUES.astype("c8")))
    np.save(tmp_path / "y.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ScanError, match=r"y\.npy is not a whole npy file"):
        read(tmp_path / "y.npy")


def test_an_absurd_size_is_refused(tmp_path):
    path = save(tmp_path / "x.npy")
    path.write_bytes(path.read_bytes().replace(b"(2, 3, 4)", b"(2,3,9**9)".replace(b"9**9", b"999")))
    with pytest.raises(ScanError, match="not a whole npy file"):
        array_files.contents(path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["x.npy", "x.tif", "x.json"]), data=st.data())
def test_damage_is_told_in_one_sentence(kind, data, damage, told, tmp_path):
    for name in ("x.npy", "x.tif"):
        save(tmp_path / name)
    (tmp_path / kind).write_bytes(damage((tmp_path / kind).read_bytes(), data))
    told(tmp_path / (kind if kind != "x.json" else "x.npy"))
