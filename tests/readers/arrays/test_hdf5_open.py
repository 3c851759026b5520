"""No HDF5 file, whatever reads it, brings another file's bytes into a scan; what HDF5 raises becomes one sentence."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.readers import open_file, read
from napari_scantwin.readers.arrays.hdf5_open import is_hdf5, refusal, tree_of
from napari_scantwin.writers import write

VALUES = np.arange(12.0).reshape(3, 4)


def own(path):
    axes = {"magnetic_field": (np.arange(3.0), "Oe"), "temperature": (np.arange(4.0), "K")}
    write(scans.gridded_scan(axes, VALUES, name="moment", unit="emu"), path)
    return "values"


def netcdf(path):
    own(path.with_suffix(".h5"))
    write(read(path.with_suffix(".h5")), path)
    return "moment"


def nexus(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("entry")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["y", "x"]})
        group["counts"] = VALUES
        for name, size in (("y", 3), ("x", 4)):
            group[name] = np.arange(float(size))
            group[name].attrs["units"] = "mm"
    return "entry/counts"


def sis(path):
    with h5py.File(path, "w") as file:
        image = file.create_dataset("Electron Analyzer/Image Data", data=VALUES)
        for number, unit in enumerate(("eV", "deg")):
            image.attrs[f"Axis{number}.Scale"] = [1.0, 0.5]
            image.attrs[f"Axis{number}.Units"] = unit
    return "Electron Analyzer/Image Data"


def merlin(path):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("2Ddata/counts", data=VALUES)
        data.attrs.update({
            "AxisScaling": [[1.0, 0.0], [0.1, 5.0]], "AxisNames": "Angle,Kinetic Energy", "AxisUnits": "deg,eV"
        })  # fmt: skip
    return "2Ddata/counts"


def arrays(path):
    with h5py.File(path, "w") as file:
        file["a/counts"] = VALUES
    return "a/counts"


HOW = {arrays: {"value": "a/counts=counts[count]", "axes": ["0:1=y[mm]", "0:1=x[mm]"]}}
LAYOUTS = [(own, ".h5"), (netcdf, ".nc"), (nexus, ".nxs"), (sis, ".h5"), (merlin, ".h5"), (arrays, ".hdf5")]
WAYS = ["link", "link to the folder", "virtual", "virtual, some", "external storage"]


def lead_out(path, key, target, way):
    """Put the dataset at ``key`` of a file into another, attributes and all."""
    with h5py.File(path, "a") as file:
        attrs = {
            name: value for name, value in file[key].attrs.items() if name not in ("DIMENSION_LIST", "_Netcdf4Dimid")
        }
        del file[key]
        if way == "link":
            file[key] = h5py.ExternalLink(str(target), "/secret")
            return
        if way == "link to the folder":
            file["elsewhere"] = h5py.ExternalLink(str(target), "/")
            file[key] = VALUES
        elif way.startswith("virtual"):
            layout = h5py.VirtualLayout(VALUES.shape, float)
            layout[:2] = h5py.VirtualSource(str(target), "secret", VALUES.shape)[:2]
            if way == "virtual":
                layout[2:] = h5py.VirtualSource(str(target), "secret", VALUES.shape)[2:]
            file.create_virtual_dataset(key, layout)
        else:
            raw = target.with_suffix(".bin")
            raw.write_bytes(VALUES.tobytes())
            file.create_dataset(key, VALUES.shape, float, external=[(str(raw), 0, VALUES.nbytes)])
        file[key].attrs.update(attrs)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("layout", "suffix"), LAYOUTS)
def test_a_file_that_leads_to_another_is_refused(layout, suffix, way, tmp_path):
    (tmp_path / "secrets").mkdir()
    secret = tmp_path / "secrets" / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["secret"] = np.full(VALUES.shape, 7.0)
    path = tmp_path / f"scan{suffix}"
    key = layout(path)
    assert read(path, **HOW.get(layout, {})).size == VALUES.size
    lead_out(path, key, secret, way)
    with pytest.raises(ScanError, match=r"lies in another file \(.*secret\.(h5|bin)") as refused:
        read(path, **HOW.get(layout, {}))
    assert str(refused.value).startswith(path.name)
    with pytest.raises(ScanError, match="lies in another file"):
        open_file(path)


@pytest.mark.parametrize("target", ["secrets/secret.h5", "../secret.h5", "alias.h5", "onwards.h5", "s%b.h5"])
def test_a_master_file_reads_only_what_lies_beside_it(target, tmp_path):
    (tmp_path / "scans" / "secrets").mkdir(parents=True)
    folder = tmp_path / "scans"
    for name in ("secrets/secret.h5", "../secret.h5"):
        with h5py.File(folder / name, "w") as file:
            file["secret"] = VALUES
    (folder / "alias.h5").symlink_to(tmp_path / "secret.h5")
    with h5py.File(folder / "onwards.h5", "w") as file:
        file["secret"] = h5py.ExternalLink("../secret.h5", "/secret")
    key = nexus(folder / "scan.nxs")
    with h5py.File(folder / "scan.nxs", "a") as file:
        del file[key]
        file[key] = h5py.ExternalLink(target, "/secret")
    with pytest.raises(ScanError, match=r"scan\.nxs: entry/counts lies in"):
        read(folder / "scan.nxs")


def test_a_virtual_dataset_beside_a_master_file_is_read_and_said_and_has_to_be_there(tmp_path):
    with h5py.File(tmp_path / "frames.h5", "w") as file:
        file["secret"] = VALUES
    key = nexus(tmp_path / "scan.nxs")
    lead_out(tmp_path / "scan.nxs", key, "frames.h5", "virtual")
    scan = read(tmp_path / "scan.nxs")
    np.testing.assert_array_equal(scan.values, VALUES)
    assert "read together with frames.h5 beside it" in scan.attrs["notes"]
    (tmp_path / "frames.h5").unlink()
    with pytest.raises(ScanError, match="which is not beside it"):  # HDF5 would fill it with zeros
        read(tmp_path / "scan.nxs")


def test_a_link_that_is_not_needed_and_leads_nowhere_is_left_out_and_said(tmp_path):
    nexus(tmp_path / "scan.nxs")
    with h5py.File(tmp_path / "scan.nxs", "a") as file:
        file["entry/raw"] = h5py.ExternalLink("gone.h5", "/raw")
    scan = read(tmp_path / "scan.nxs")
    assert "left out: entry/raw, which lies in a file that is not there" in scan.attrs["notes"]


def test_links_within_a_file_are_followed(tmp_path):
    key = nexus(tmp_path / "scan.nxs")
    with h5py.File(tmp_path / "scan.nxs", "a") as file:
        file.move(key, "stored")
        file[key] = h5py.SoftLink("/stored")
    np.testing.assert_array_equal(read(tmp_path / "scan.nxs").values, VALUES)


def test_a_block_of_the_users_own_hides_nothing(tmp_path):
    with h5py.File(tmp_path / "scan.h5", "w", userblock_size=1024) as file:
        file["a"] = h5py.ExternalLink("/etc/hostname", "/a")
    assert is_hdf5(tmp_path / "scan.h5")
    with pytest.raises(ScanError, match="lies in another file"):
        open_file(tmp_path / "scan.h5")


@pytest.mark.parametrize("error", [OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, OverflowError])
@pytest.mark.parametrize(("layout", "suffix"), LAYOUTS)
def test_whatever_hdf5_raises_is_one_sentence(layout, suffix, error, tmp_path, monkeypatch):
    path = tmp_path / f"scan{suffix}"
    layout(path)
    opened = open_file(path)

    def broken(*args, **kwargs):
        raise error("ran off end of input buffer\nwhile decoding")

    monkeypatch.setattr(h5py.Dataset, "__getitem__", broken)
    monkeypatch.setattr(h5py.Dataset, "__array__", broken)
    for look in (lambda: read(path), lambda: opened.scan(**HOW.get(layout, {}))):
        with pytest.raises(ScanError) as told:
            look()
        assert "\n" not in str(told.value)
        assert path.name in str(told.value)


_WRITER = """
import sys, h5py, numpy as np
file = h5py.File(sys.argv[1], "w", libver="latest")
group = file.create_group("entry")
group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["y", "x"]})
group["counts"] = np.arange(12.0).reshape(3, 4)
for name, size in (("y", 3), ("x", 4)):
    group[name] = np.arange(float(size))
    group[name].attrs["units"] = "mm"
file.flush()
if sys.argv[2] == "swmr":
    file.swmr_mode = True
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["swmr", "alone"])
def test_a_file_that_another_program_writes_is_read_or_said(how, tmp_path):
    path = tmp_path / "scan.nxs"
    command = [sys.executable, "-c", _WRITER, path, how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        try:
            if how == "swmr":
                np.testing.assert_array_equal(read(path).values, VALUES)
            else:
                with pytest.raises(ScanError, match=r"^scan\.nxs is being written by another program"):
                    read(path)
        finally:
            other.stdin.close()
    np.testing.assert_array_equal(read(path).values, VALUES)  # and nothing of it was remembered


def test_a_netcdf_file_that_another_program_writes_is_read(tmp_path):
    path = tmp_path / "scan.nc"
    code = (
        "import sys, h5netcdf\nfile = h5netcdf.File(sys.argv[1], 'w', libver='latest')\nfile.dimensions = {'x': 3}\n"
        "v = file.create_variable('moment', ('x',), float); v[:] = [1, 2, 3]; v.attrs['units'] = 'emu'\n"
        "x = file.create_variable('x', ('x',), float); x[:] = [1, 2, 3]; x.attrs['units'] = 'K'\n"
        "file.flush(); file._h5file.swmr_mode = True\nprint('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        try:
            assert read(path).values.tolist() == [1, 2, 3]
        finally:
            other.stdin.close()


def test_sentences_name_what_to_do(tmp_path):
    path = tmp_path / "scan.h5"
    said = {
        "unable to lock file": "being written by another program",
        "file is already open for write": "h5clear -s scan.h5",
        "ran off end": "is not a whole HDF5 file",
    }
    for raised, sentence in said.items():
        assert sentence in str(refusal(path, OSError(raised)))
    with pytest.raises(ScanError, match="there is no such file"):
        tree_of(path)
    xr.DataArray(VALUES).to_netcdf(tmp_path / "bare.nc", engine="h5netcdf")
    with pytest.raises(NeedsAxes):
        read(tmp_path / "bare.nc")
