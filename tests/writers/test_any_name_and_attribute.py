"""Names of any characters and attributes of any kind, through every format that is written and read, and ``.twin``."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import napari_scantwin
from napari_scantwin.core import scan as scans
from napari_scantwin.core.notes import notes
from napari_scantwin.readers import read
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.writers import FORMATS, left_out, write

#: Names that some file, library or system makes something else of.
AWKWARD = (
    "a/b", "a,b", "/", "..", ".", "T (K)", "T, K (kelvin), mean", 'said "x"', "# no comment", " x ", "line\nbreak",
    "nul\0l", "Temperature", "temperature", "TEMPERATURE", "Größe µ₀H", "磁場", "e\u0301", "\u00e9", "con", "aux.txt",
    "zarr.json", "c", "scan", "values", "units", "shape", "x" * 300, "磁" * 200, "_private", "-", "", "\ud800 half",
    "[1]", '["a"]', "standard_error ", "back\\slash", "a:b*c?d<e>|", "=1+1", "name.", "attrs", "is",
)  # fmt: skip
ATTRIBUTES = {
    "valid_range": np.array([-1.0, 1.0], np.float32), "actual_range": np.array([0, 5]), "flag_values": [1, 2, 3],
    "comment": None, "nested": {"a": [1, {"b": (2.5, None)}], "is": "a key of its own"}, "measured": True,
    "time": datetime.datetime(2024, 2, 29, 12, 30, 1, 5), "stamp": np.datetime64("2024-02-29T12:30:01.000000001"),
    "impedance": 3 - 4j, "gain": np.float32(0.1), "counts": np.int64(2**62), "raw": b"\0\xff", "word": np.str_("x"),
    "Größe/µ": "non-ASCII, key; and value: Ω", "long": "x" * 300_000, "large": list(range(30_000)), "empty": "",
    "": "no key", "nan": float("nan"), "inf": -np.inf, "huge": 10**40, "half": "\ud800", "nul": "a\0b", "a\0b": 1,
    "_FillValue": -1.0, "missing_value": -1.0, "scale_factor": 2.0, "add_offset": 5.0, "coordinates": "a b",
    "dtype": "int8", "calendar": "noleap", "grid_mapping": "x", "NAME": "x", "CLASS": "y", "DIMENSION_LIST": "z",
    "REFERENCE_LIST": "z", "_Netcdf4Dimid": 7, "_NCProperties": "x", "_ARRAY_DIMENSIONS": "x", "name": "x", "dims": [1],
    "2d": np.arange(6.0).reshape(2, 3), "words": np.array(["µ", ""]), "none": np.zeros((0, 3)), "zero_d": np.array(2.5),
    "objects": np.array([1, "a", None], object), "versions_": 1, "scan": "x", "layout": "y", "true": "z",
}  # fmt: skip
#: Those of which a file holds the values and axes alone.
TIFF = (".tif",)

names = st.sampled_from(AWKWARD) | st.text(max_size=12)


def named(value: str, axes: list[str], further: str, ragged: bool, attrs: dict, size: int = 3):
    """A scan with names and attributes as they come."""
    columns = {name: np.linspace(number, number + 1, size) for number, name in enumerate(axes)}
    if ragged:
        table = {name: (np.repeat(column, size) if number else np.tile(column, size), "K")
                 for number, (name, column) in enumerate(columns.items())}  # fmt: skip
        scan = scans.ragged_scan(table, np.arange(size * size) / 3, name=value, unit="emu")
    else:
        shape = (size,) * len(axes)
        values = np.arange(np.prod(shape)).reshape(shape) / 3
        scan = scans.gridded_scan({n: (c, "K") for n, c in columns.items()}, values, name=value, unit="emu")
    keep = {key: scan.attrs[key] for key in ("units", "axes")}
    scan.attrs.update({**attrs, **keep})
    if further not in scan.coords and further not in scan.dims:
        coord = (scan.dims[:1], np.arange(scan.shape[0]), {**attrs, "units": "s"})
        scan = scan.assign_coords({further: coord})
    return scan


def assert_alike(one, other, path: str = "") -> None:
    """The same kind and value; NaN is itself, NumPy's numbers are Python's."""
    if isinstance(one, np.generic) and not isinstance(one, np.datetime64 | np.timedelta64):
        one = one.item()
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray), path
        assert one.shape == other.shape, path
        assert one.dtype.kind == other.dtype.kind, path
        np.testing.assert_array_equal(one, other, err_msg=path)
    elif isinstance(one, dict):
        assert list(one) == list(other), path
        for key in one:
            assert_alike(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list | tuple):
        assert type(one) is type(other), path
        assert len(one) == len(other), path
        for number, (this, that) in enumerate(zip(one, other, strict=True)):
            assert_alike(this, that, f"{path}/{number}")
    else:
        assert one == other or (one != one and other != other), (path, one, other)


def assert_kept(scan, again, whole: bool = True) -> None:
    assert str(again.name) == str(scan.name)
    assert scans.axes(again) == scans.axes(scan)
    np.testing.assert_allclose(again.values, scan.values, rtol=0 if whole else 1e-6)
    for name in scans.axes(scan):
        np.testing.assert_array_equal(again[name].values, scan[name].values)
        assert again[name].attrs["units"] == scan[name].attrs["units"]
    for key, value in scan.attrs.items():
        if whole or key not in ("units", "axes", "long_name"):
            assert_alike(value, again.attrs[key], key)
    if whole:
        assert set(map(str, again.coords)) == set(map(str, scan.coords))
        for name, coord in scan.coords.items():
            np.testing.assert_array_equal(again[name].values, coord.values)
            for key, value in coord.attrs.items():
                assert_alike(value, again[name].attrs[key], f"{name}/{key}")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(list(FORMATS)),
    value=names,
    axes=st.lists(names, min_size=2, max_size=2, unique=True),
    further=names,
    ragged=st.booleans(),
)
def test_any_names_come_back(tmp_path_factory, suffix, value, axes, further, ragged):
    ragged = ragged and suffix not in TIFF
    if {*axes, further} & {"masked", "standard_error", "extrapolated", "sweep", "point"}:
        return  # these mean something
    scan = named(value, axes, further, ragged, {"title": "x"})
    (path,) = write(scan, tmp_path_factory.mktemp("names") / f"scan{suffix}")
    assert_kept(scan, read(path), suffix not in TIFF)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_awkward_name_at_once(tmp_path, suffix):
    for start in range(0, len(AWKWARD) - 3, 4):
        value, *axes, further = AWKWARD[start : start + 4]
        scan = named(value, axes, further, False, {})
        (path,) = write(scan, tmp_path / f"scan{start}{suffix}")
        assert_kept(scan, read(path), suffix not in TIFF)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_awkward_attribute_comes_back_in_every_format(tmp_path, suffix):
    scan = named("moment", ["field", "temperature"], "time", False, ATTRIBUTES)
    (path,) = write(scan, tmp_path / f"scan{suffix}")
    again = read(path)
    assert_kept(scan, again, suffix not in TIFF)
    said = [note for note in notes(again.attrs) if "attribute" in note]
    assert said == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_cannot_be_kept_is_named_in_the_file(tmp_path, suffix):
    scan = named("moment", ["field", "temperature"], "time", False, {"driver": object(), "kept": [1]})
    scan = scan.assign_coords(settings=("field", np.array([{}, {}, {}], object)))
    (path,) = write(scan, tmp_path / f"scan{suffix}")
    again = read(path)
    assert again.attrs["kept"] == [1]
    said = notes(again.attrs)
    assert "left out: the attribute 'driver', which is a object and has no form in a file" in said
    assert any("the coordinate 'settings'" in note for note in said)
    assert left_out(scan, path) == said


def test_a_coordinate_of_dates_words_and_one_beside_the_axes_come_back(tmp_path):
    stamps = np.array(["2024-02-29T12:00:00.000000001", "NaT", "1969-01-01"], "M8[ns]")
    words = np.array(["a, b", 'c "d"\n e', ""])
    for suffix in FORMATS:
        if suffix in TIFF:
            continue
        scan = named("moment", ["field", "temperature"], "n", False, {})
        scan = scan.assign_coords(
            stamp=("field", stamps),
            word=("temperature", words),
            every=(scan.dims, np.array([words] * 3)),
            when=(scan.dims, np.array([stamps] * 3)),
            good=(scan.dims, np.eye(3) > 0),
            temperature_of_magnet=((), 4.25, {"units": "K"}),
        )
        (path,) = write(scan, tmp_path / f"scan{suffix}")
        again = read(path)
        for name in ("stamp", "word", "every", "when", "good", "temperature_of_magnet"):
            np.testing.assert_array_equal(again[name].values, scan[name].values, err_msg=f"{suffix} {name}")
            assert again[name].dims == scan[name].dims
        assert again["temperature_of_magnet"].attrs["units"] == "K"


@pytest.fixture(scope="module")
def trained() -> Twin:
    scan = named("a/b, c", ["field, applied/µ₀", "T (K)\0"], "..", True, ATTRIBUTES, size=8)
    return train(scan, TwinSettings(members=2, time_budget=1.0), score_baselines=False)


def test_a_twin_of_any_names_and_attributes_is_saved_and_says_what_it_said(trained, tmp_path):
    again = Twin.load(trained.save(tmp_path / "kept.twin"))
    assert_kept(trained.scan, again.scan)
    places = np.random.default_rng(0).uniform(0, 2, (20, 2))
    np.testing.assert_array_equal(again.predict(places)[0], trained.predict(places)[0])
    for suffix in FORMATS:
        (path,) = write(trained.simulate({name: np.arange(3.0) for name in trained.axes}), tmp_path / f"map{suffix}")
        assert scans.axes(read(path)) == trained.axes


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=names, axes=st.lists(names, min_size=2, max_size=2, unique=True), further=names, ragged=st.booleans())
def test_any_names_come_back_from_a_twin_file(trained, tmp_path, value, axes, further, ragged):
    if {*axes, further} & {"masked", "standard_error", "extrapolated", "sweep", "point"}:
        return
    scan = named(value, axes, further, ragged, {"title": "x"})
    saved = dataclasses.replace(trained, scan=scan).save(tmp_path / "kept.twin")
    assert_kept(scan, Twin.load(saved).scan)


def test_what_a_saved_twin_will_lack_is_said_with_the_training(tmp_path):
    scan = named("m", ["b", "t"], "s", False, {"driver": object()}, size=6)
    twin = train(scan, TwinSettings(members=2, time_budget=0.5), score_baselines=False)
    assert any("'driver'" in note for note in twin.notes)
    again = Twin.load(twin.save(tmp_path / "kept.twin"))
    assert again.notes == twin.notes
    assert any("'driver'" in note for note in notes(again.scan.attrs))


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_other_programs_find_names_and_ranges_where_they_look(tmp_path, suffix):
    import xarray as xr

    scan = named("moment/total", ["field", "temperature"], "time", False, {"valid_range": np.array([-1.0, 2.0])})
    (path,) = write(scan, tmp_path / f"scan{suffix}")
    with xr.open_dataset(path, engine={".nc": "h5netcdf", ".zarr": "zarr"}[suffix]) as dataset:
        np.testing.assert_array_equal(dataset["moment_total"].attrs["valid_range"], [-1, 2])
        assert dataset["moment_total"].dims == ("field", "temperature")


def test_the_netcdf_with_a_valid_range_is_trained_saved_and_exported(tmp_path):
    import os

    shared = Path(os.environ.get("SCANTWIN_SHARED", "")) / "faults" / "valid_range.nc"
    if not shared.is_file():
        pytest.skip("the file is not beside this checkout")
    scan = napari_scantwin.read(shared)
    ranges = {key: value for key, value in scan.attrs.items() if isinstance(value, np.ndarray)}
    assert ranges
    for suffix in FORMATS:
        (path,) = write(scan, tmp_path / f"scan{suffix}")
        for key, value in ranges.items():
            np.testing.assert_array_equal(read(path).attrs[key], value)
