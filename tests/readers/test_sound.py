"""After reading, whatever the format: axes rise, and what repeats or cannot be is said."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import notes
from napari_scantwin.readers import open_file, read
from napari_scantwin.readers.sound import sound
from napari_scantwin.twin import TwinSettings, train


def truth(field, temperature):
    return np.sin(field) + 10 * temperature


def array(fields, temperatures) -> xr.DataArray:
    """A plain array of another program's, in the order it was measured."""
    fields, temperatures = np.asarray(fields, float), np.asarray(temperatures, float)
    coords = {
        "magnetic_field": ("magnetic_field", fields, {"units": "T"}),
        "temperature": ("temperature", temperatures, {"units": "K"}),
        "time": ("magnetic_field", fields * 60, {"units": "s"}),
    }
    values = truth(fields[:, None], temperatures)
    return xr.DataArray(values, coords, ("magnetic_field", "temperature"), "moment", {"units": "emu"})


def assert_true(scan) -> None:
    for name in scans.axes(scan):
        assert (np.diff(scan[name].values) >= 0).all()
    np.testing.assert_allclose(scan.values, truth(*np.meshgrid(scan.magnetic_field, scan.temperature, indexing="ij")))


orders = st.lists(st.integers(-50, 50), min_size=2, max_size=6)


@settings(max_examples=60, deadline=None)
@given(fields=orders, temperatures=orders)
def test_any_order_of_the_axes_is_sorted_with_its_values_and_said(fields, temperatures):
    measured = scans.check(array(fields, temperatures))
    scan = sound(measured)
    assert_true(scan)
    np.testing.assert_array_equal(scan["time"].values, scan["magnetic_field"].values * 60)
    said = "; ".join(notes(scan.attrs))
    for name, column in (("magnetic field", fields), ("temperature", temperatures)):
        assert (f"{name} was scanned" in said) == (sorted(column) != column)
        assert (f"{name} has the same value more than once" in said) == (len(set(column)) < len(column))
    falls = all(one > other for one, other in itertools.pairwise(temperatures))
    assert scan.attrs.get("fast_axis_ran") == ("falling" if falls else None)
    assert sound(scan).attrs == scan.attrs  # nothing is said twice


def _written(suffix: str, measured: xr.DataArray, folder):
    path = folder / f"scan{suffix}"
    if suffix == ".nc":
        measured.to_netcdf(path, engine="h5netcdf")
    elif suffix == ".zarr":
        measured.to_zarr(path, consolidated=False)
    elif suffix == ".csv":
        rows = [f"{f},{t},{float(measured.values[i, j])!r}" for i, f in enumerate(measured.magnetic_field.values)
                for j, t in enumerate(measured.temperature.values)]  # fmt: skip
        path.write_text("\n".join(["magnetic_field (T),temperature (K),moment (emu)", *rows]) + "\n")
    else:
        np.save(path, measured.values)
        axes = [{"name": name, "units": measured[name].attrs["units"], "values": measured[name].values.tolist()}
                for name in measured.dims]  # fmt: skip
        path.with_suffix(".json").write_text(json.dumps({"axes": axes, "value": {"name": "moment", "units": "emu"}}))
    return path


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv", ".npy"])
def test_every_reader_gives_rising_axes(suffix, tmp_path):
    scan = read(_written(suffix, array([3, 2, 1], [50, 20, 10, 5]), tmp_path))
    assert_true(scan)
    assert scan.shape == (3, 4)


def test_a_repeated_set_point_is_said_and_learned_from(tmp_path):
    fields = [0, 1, 1, 2, 3, 4]
    scan = read(_written(".nc", array(fields, np.linspace(5, 50, 12)), tmp_path))
    assert notes(scan.attrs) == ["magnetic field has the same value more than once: 1 T"]
    twin = train(scan, TwinSettings(members=2, time_budget=1.0), score_baselines=False)
    assert np.isfinite(twin.simulate({"magnetic_field": [1.0, 1.5]}).values).all()


def test_error_bars_below_zero_are_left_out_and_counted(tmp_path):
    measured = array([1, 2], [5, 10, 20])
    errors = np.array([[0.1, -1, 0.1], [-1, 0.1, 0.0]])
    measured = measured.assign_coords(standard_error=(measured.dims, errors, {"units": "emu"}))
    scan = read(_written(".nc", measured, tmp_path))
    np.testing.assert_array_equal(scan["standard_error"].values, np.where(errors < 0, np.nan, errors))
    assert notes(scan.attrs) == ["left out: 2 error bars below zero, so that all points count alike"]


@pytest.mark.parametrize("path", ["", [], [""], ["", "a.csv"]])
def test_an_empty_path_is_said(path, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("T (K),M (emu)\n1,2\n2,3\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScanError, match=r"no file was given|empty name"):
        open_file(path)


def test_a_lazy_axis_is_turned_without_reading():
    import dask.array

    def read_all(block):
        raise AssertionError("the scan was read")

    measured = array(np.arange(40)[::-1], np.arange(30)[::-1])
    lazy = measured.copy(data=dask.array.from_array(measured.values, chunks=10).map_blocks(read_all, dtype=float,
                         meta=np.zeros((0, 0))))  # fmt: skip
    scan = sound(lazy)
    assert scans.is_lazy(scan)
    assert float(scan["temperature"][0]) == 0
