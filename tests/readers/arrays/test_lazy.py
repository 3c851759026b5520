"""Scans too large for memory: opened, shown, cut and learned from without being read whole."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import dask.array
import h5py
import numpy as np
import pytest
import xarray as xr
import zarr

from napari_scantwin import sections
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing.rebuild import values_of
from napari_scantwin.readers import read
from napari_scantwin.readers.arrays import lazy
from napari_scantwin.twin.data import prepare
from napari_scantwin.twin.stream import Stream, subsampled
from napari_scantwin.writers import write

SHAPE = (7, 30, 40)


@pytest.fixture
def small_memory(monkeypatch):
    """Open everything in parts, whatever its size."""
    monkeypatch.setattr(lazy, "MOST_IN_MEMORY", 4000)  # a chunk of the file is 3200 bytes
    monkeypatch.setattr(lazy, "CHUNK", 8000)


def cube():
    """A map whose polar angle was scanned downwards, so that reading it turns it round."""
    axes = {"tilt": np.linspace(3, -3, SHAPE[0]), "angle": np.linspace(-10, 10, SHAPE[1]), "energy": np.arange(40) / 50}
    return axes, np.random.default_rng(0).poisson(20, SHAPE).astype("f4")


def nexus(path):
    axes, values = cube()
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": list(axes)})
        group.create_dataset("counts", data=values, chunks=(2, 10, 40), compression="gzip")
        for name, column in axes.items():
            group[name] = column
            group[name].attrs["units"] = "eV" if name == "energy" else "deg"
    return path


@pytest.fixture
def both(tmp_path, request):
    """A scan opened whole, and the same in parts."""
    path = nexus(tmp_path / "map.nxs")
    whole = read(path)
    request.getfixturevalue("small_memory")
    return whole, read(path)


def test_what_is_opened_in_parts_is_the_same_scan(both, tmp_path):
    whole, parts = both
    assert scans.is_lazy(parts)
    assert not scans.is_lazy(whole)
    xr.testing.assert_identical(parts.compute(), whole)
    # The chunks are whole multiples of the file's own.
    assert all(size % 10 == 0 for size in parts.chunks[1])
    for name in ("x.zarr", "x.nc"):
        write(whole, tmp_path / name)
        again = read(tmp_path / name)
        assert scans.is_lazy(again)
        np.testing.assert_array_equal(again.values, whole.values)
    write(parts, tmp_path / "y.zarr")
    np.testing.assert_array_equal(read(tmp_path / "y.zarr").values, whole.values)


def test_numpy_and_tiff_files_are_opened_in_parts_too(small_memory, tmp_path):
    import tifffile

    values = cube()[1]
    np.save(tmp_path / "x.npy", values)
    tifffile.imwrite(tmp_path / "x.tif", values, photometric="minisblack", compression="zlib")
    axes = ["0:1=tilt[deg]", "0:1=angle[deg]", "1:0.1=energy[eV]"]
    for name, key in (("x.npy", "x"), ("x.tif", "series 0")):
        scan = read(tmp_path / name, axes=axes, value=f"{key}=intensity[count]")
        assert scans.is_lazy(scan)
        np.testing.assert_array_equal(scan.values, values)


def test_sweeps_cuts_profiles_and_draws_are_those_of_the_whole(both):
    whole, parts = both
    assert scans.sweeps(parts) == scans.sweeps(whole)
    some, every = scans.points_of_sweeps(parts, [3, 17]), scans.points(whole)
    for mine, theirs in ((some.values, every.values), (some.coordinates, every.coordinates)):
        np.testing.assert_array_equal(mine, theirs[np.isin(every.sweep, [3, 17])])
    start, end = ({axis: float(whole[axis][place]) for axis in whole.dims} for place in (1, -2))
    for averaged in (False, True):
        cut = sections.Cut.between(whole, start, end, width=3.0).changed(averaged=averaged)
        mine, theirs = sections.measured_within(parts, cut), sections.measured_within(whole, cut, every)
        np.testing.assert_allclose(mine.running, theirs.running)
        np.testing.assert_allclose(mine.values, theirs.values)
    at = {axis: float(whole[axis][2]) for axis in whole.dims}
    for axis in whole.dims:
        mine, theirs = (sections.profile(sections.Cube.of(scan), axis, at, {"energy": 0.1}) for scan in (parts, whole))
        np.testing.assert_array_equal(mine.values, theirs.values)
    xr.testing.assert_identical(subsampled(parts, 2000), subsampled(whole, 2000))


def test_learning_draws_from_what_is_kept_of_the_file(both, monkeypatch):
    whole, parts = both
    data = prepare(subsampled(parts, 2000), 8)
    for resident, count in ((10_000, parts.size), (2000, 2000)):
        monkeypatch.setattr("napari_scantwin.twin.stream.RESIDENT", resident)
        stream = Stream(parts, data)
        assert len(stream) == pytest.approx(count, rel=0.01)
        places, targets, _, _ = stream.draw(np.random.default_rng(1), 500)
        index = [np.searchsorted(whole[name].values, column) for name, column in zip(whole.dims, places.T, strict=True)]
        np.testing.assert_allclose(targets * data.spread + data.offset, whole.values[tuple(index)], rtol=1e-5)


def test_a_scan_too_large_to_list_says_so(monkeypatch):
    axes = {name: (np.arange(size, dtype=float), "deg") for name, size in zip("abc", (300, 300, 300), strict=True)}
    scan = scans.gridded_scan(axes, dask.array.zeros((300, 300, 300)), name="i", unit="count")
    with pytest.raises(ScanError, match="27000000 values, too many to list one by one"):
        scans.points(scan)
    monkeypatch.setattr("napari_scantwin.writers._MOST_IN_MEMORY", 1000)
    with pytest.raises(ScanError, match=r"0\.2 GB is written in parts; export it as \.zarr"):
        write(scan, "x.nc")


def test_a_step_on_a_scan_too_large_for_it_says_so_and_works_on_a_part(both, monkeypatch):
    whole, parts = both
    monkeypatch.setattr("napari_scantwin.processing.rebuild._MOST_AT_ONCE", 10_000)
    with pytest.raises(ScanError, match="more than a step works on at once; crop it first"):
        values_of(parts)
    np.testing.assert_array_equal(values_of(parts.isel(energy=slice(0, 10))), whole.values[..., :10])
    assert values_of(whole).shape == whole.shape


def test_a_file_that_goes_away_is_told_in_one_sentence(both, tmp_path):
    (tmp_path / "map.nxs").unlink()
    with pytest.raises(
        ScanError, match=r"map\.nxs: /entry/data/counts cannot be read; the file may be cut off or gone"
    ):
        both[1].values  # noqa: B018


LOOK = """
    import resource, sys, numpy as np
    from napari_scantwin import sections
    from napari_scantwin.core import scan as scans
    from napari_scantwin.readers import read
    from napari_scantwin.viewer.canvas.frame import Frame
    from napari_scantwin.viewer.canvas.layers import layer_data
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scan = read(sys.argv[1])
    assert scans.is_lazy(scan), "it was read whole"
    data, attributes, kind = layer_data(scan, Frame.of(scan))
    plane = np.asarray(data[scan.shape[0] // 2])
    at = {axis: float(scan[axis][3]) for axis in scan.dims}
    assert np.isfinite(sections.profile(sections.Cube.of(scan), scan.dims[-1], at).values).all()
    cut = sections.along(scan, scan.dims[-1], {axis: at[axis] for axis in scan.dims[:-1]})
    assert sections.measured_within(scan, cut).values.size == scan.shape[-1]
    assert len(scans.sweeps(scan.isel({scan.dims[0]: slice(0, 2)}))) == 2 * scan.shape[1]
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def megabytes(path, script=LOOK) -> float:
    """Memory a fresh process needs beyond its imports to look into a file."""
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return float(told.stdout)


@pytest.mark.parametrize("kind", ["zarr", "nxs"])
def test_a_file_of_gigabytes_is_looked_into_with_little_memory(kind, tmp_path):
    shape = (400, 1500, 2000)  # 4.8 GB as float32; most chunks were never written and take no room
    sizes = dict(zip(("polar", "angle", "energy"), shape, strict=True))
    path = tmp_path / f"large.{kind}"
    some = np.random.default_rng(0).random((1, 1500, 2000), dtype="f4")
    if kind == "zarr":
        group = zarr.open_group(path, mode="w")
        values = group.create_array("scan", shape=shape, chunks=(1, 500, 2000), dtype="f4", dimension_names=list(sizes))
        make = lambda name, size: group.create_array(name, data=np.arange(size) / 10, dimension_names=[name])  # noqa: E731
        fill(values, some, make, sizes)
    else:
        with h5py.File(path, "w") as file:
            file.create_group("entry").attrs.update({"NX_class": "NXdata", "signal": "scan", "axes": list(sizes)})
            values = file.create_dataset("entry/scan", shape, "f4", chunks=(1, 500, 2000))
            fill(
                values, some, lambda name, size: file.create_dataset(f"entry/{name}", data=np.arange(size) / 10), sizes
            )
    assert megabytes(path) < 300


def fill(values, some, make, sizes):
    values[200:201] = some
    values.attrs["units"] = "count"
    for name, size in sizes.items():
        make(name, size).attrs["units"] = "eV" if name == "energy" else "deg"


TRAIN = """
    import resource, sys
    from napari_scantwin.core import scan as scans
    from napari_scantwin.readers import read
    from napari_scantwin.twin import TwinSettings, train
    scan = read(sys.argv[1])
    assert scans.is_lazy(scan)
    twin = train(scan, TwinSettings(members=2, time_budget=20), score_baselines=False)
    assert twin.scan.size <= 150_000
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.bench
def test_a_file_of_gigabytes_is_learned_from_within_two(tmp_path):
    shape = (60, 1500, 2000)  # 720 MB of counts as 32-bit floats
    path = tmp_path / "large.zarr"
    group = zarr.open_group(path, mode="w")
    values = group.create_array("scan", shape=shape, chunks=(1, 500, 2000), dtype="f4",
                                dimension_names=["polar", "angle", "energy"])  # fmt: skip
    values.attrs["units"] = "count"
    for name, size in zip(("polar", "angle", "energy"), values.shape, strict=True):
        axis = group.create_array(name, data=np.linspace(-1, 1, size), dimension_names=[name])
        axis.attrs["units"] = "eV" if name == "energy" else "deg"
    angle, energy = np.linspace(-1, 1, 1500)[:, None], np.linspace(-1, 1, 2000)
    random = np.random.default_rng(0)
    for number, polar in enumerate(np.linspace(-1, 1, 60)):
        band = 100 * np.exp(-(((energy - 0.5 * (angle**2 + polar**2)) / 0.1) ** 2))
        values[number] = random.poisson(band).astype("f4")
    assert megabytes(path, TRAIN) < 3000
