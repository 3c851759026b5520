"""netCDF and zarr as xarray, erlab, PyARPES and peaks write them: our names, degrees, and no guessed unit."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.readers import open_choices, read

ENERGY = np.linspace(-0.45, 0.12, 6)
VALUES = np.random.default_rng(1).poisson(30, (4, 5, 6)).astype(float)


def save(array, path):
    dataset = array.to_dataset(name=array.name) if isinstance(array, xr.DataArray) and array.name else array
    if path.suffix == ".zarr":
        (dataset.to_dataset(name="spectrum") if isinstance(dataset, xr.DataArray) else dataset).to_zarr(path)
    else:
        dataset.to_netcdf(path, engine="h5netcdf")
    return path


def erlab_map():
    """As erlab.io.exampledata.generate_data_angles makes it (erlab 3.28; kmnhan/erlabpy, "Conventions")."""
    coords = {"alpha": np.linspace(-15, 15, 4), "beta": np.linspace(2, -2, 5), "eV": ENERGY, "xi": 1.5, "delta": 0.0}
    return xr.DataArray(VALUES, {**coords, "hv": 50.0}, ("alpha", "beta", "eV"))


def pyarpes_map():
    """As PyARPES 3 saves its examples (chstan/arpes, arpes/example_data): angles in radians, all six of them kept."""
    coords = {"theta": np.deg2rad([-12.0, 0.0, 10.0, 28.0]), "phi": np.deg2rad(np.linspace(-16, 19, 5)), "eV": ENERGY}
    others = {
        "alpha": np.pi / 2,
        "beta": 0.0,
        "chi": -1.485,
        "psi": 0,
        "hv": 105.0,
        "z": ("theta", [1.0, 2.0, 3.0, 4.0]),
    }
    attrs = {"spectrum_type": "map", "location": "BL403", "lens_mode": "Angular30"}
    return xr.DataArray(VALUES, coords | others, ("theta", "phi", "eV"), attrs=attrs)


def peaks_map(kind="kinetic"):
    """As peaks saves it (phrgab/peaks, core/fileIO/data_saving.py): units beside each coordinate, metadata as JSON."""
    array = xr.DataArray(
        VALUES,
        {"polar": [4.0, 3.0, 2.0, 1.0], "theta_par": np.linspace(-10, 10, 5), "eV": ENERGY + 17},
        ("polar", "theta_par", "eV"),
        attrs={
            "units": "count / second",
            "metadata_models": "{}",
            "_analyser": json.dumps({"scan": {"eV_type": kind}}),
        },
    )
    for name, unit in {"polar": "degree", "theta_par": "degree", "eV": "electron_volt"}.items():
        array[name].attrs["units"] = unit
    return array


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".h5"])
def test_erlabs_axes_get_our_names(suffix, tmp_path):
    scan = read(save(erlab_map(), tmp_path / f"map{suffix}"))
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_array_equal(scan.values, VALUES.transpose(1, 0, 2)[::-1])
    np.testing.assert_allclose(scan["manipulator_angle"].values, np.linspace(-2, 2, 5))
    assert [scan[axis].attrs["units"] for axis in scans.axes(scan)] == ["deg", "deg", "eV"]
    assert scan.attrs["energy_notation"] == "fermi"
    assert (scan.attrs["photon_energy"], scan.attrs["photon_energy_units"], scan.attrs["xi"]) == (50, "eV", 1.5)
    assert (scan.name, scan.attrs["units"]) == ("photoemission_intensity", "arb")


def test_pyarpess_radians_become_degrees(tmp_path):
    scan = read(save(pyarpes_map(), tmp_path / "map.nc"))
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_allclose(scan["manipulator_angle"].values, [-12, 0, 10, 28])
    np.testing.assert_allclose(scan["angle"].values, np.linspace(-16, 19, 5))
    np.testing.assert_array_equal(scan.values, VALUES)
    np.testing.assert_array_equal(scan["z_readback"].values, [1, 2, 3, 4])
    assert scan.attrs["lens_mode"] == "Angular30"
    assert (scan.attrs["alpha"], scan.attrs["alpha_units"]) == (90, "deg")


def test_peaks_says_its_units_and_its_energies(tmp_path):
    scan = read(save(peaks_map(), tmp_path / "map.nc"))
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    assert (scan.attrs["energy_notation"], scan.attrs["units"]) == ("kinetic", "count/s")
    np.testing.assert_array_equal(scan.values, VALUES[::-1])
    assert read(save(peaks_map("binding"), tmp_path / "b.nc")).attrs["energy_notation"] == "fermi"


def test_momenta_and_photon_energies(tmp_path):
    coords = {"hv": [20.0, 25.0, 30.0, 35.0], "kx": np.linspace(-1, 1, 5), "eV": ENERGY, "xi": 0.0, "alpha": 0.0}
    array = xr.DataArray(VALUES, coords, ("hv", "kx", "eV"), attrs={"data_loader_name": "da30"})
    scan = read(save(array, tmp_path / "k.nc"))
    assert scans.axes(scan) == ("photon_energy", "kx", "energy")
    assert scan["kx"].attrs["units"] == "1/Å"


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_unit_nobody_says_is_asked_for(suffix, tmp_path):
    array = xr.DataArray(VALUES, {"tilt": np.arange(4.0), "phi": np.arange(5.0), "eV": ENERGY}, ("tilt", "phi", "eV"))
    path = save(array, tmp_path / f"x{suffix}")
    with pytest.raises(NeedsAxes, match="the axis 'tilt' has no unit") as asked:
        read(path)
    (value,) = [one for one in asked.value.contents.arrays if one.role == "scan"]
    axes = [f"{name}[deg]" for name in value.axes[:2]]
    scan = read(path, axes=[*axes, f"{value.axes[2]}=energy[eV]"], value=f"{value.path}=photoemission_intensity[count]")
    assert (
        scans.axes(scan) == ("manipulator_angle", "manipulator_angle_2", "energy") or scans.axes(scan)[-1] == "energy"
    )


def test_a_plain_array_with_units_is_a_scan_as_it_is(tmp_path):
    array = xr.DataArray(
        VALUES[0], {"field": np.arange(5.0), "temperature": ENERGY}, ("field", "temperature"), "moment"
    )
    with pytest.raises(NeedsAxes, match="the axis 'field' has no unit"):
        read(save(array, tmp_path / "x.nc"))
    array.attrs["units"], array["field"].attrs["units"], array["temperature"].attrs["units"] = "emu", "T", "K"
    scan = read(save(array, tmp_path / "y.nc"))
    assert scans.axes(scan) == ("field", "temperature")
    assert scan.name == "moment"


def test_several_variables_and_groups_are_offered(tmp_path):
    dataset = xr.Dataset({"spectrum": erlab_map(), "edge": erlab_map().sum("eV")})
    assert [one.key for one in open_choices(save(dataset, tmp_path / "x.nc"))] == ["spectrum", "edge"]
    assert scans.axes(read(tmp_path / "x.nc", choice="edge")) == ("manipulator_angle", "angle")
    xr.DataTree.from_dict({"/cut 1": dataset[["spectrum"]], "/cut 2": dataset[["spectrum"]]}).to_netcdf(
        tmp_path / "tree.nc", engine="h5netcdf"
    )
    assert [one.key for one in open_choices(tmp_path / "tree.nc")] == ["cut 1/spectrum", "cut 2/spectrum"]


def test_classic_netcdf_is_told_how_to_be_saved(tmp_path):
    erlab_map().to_netcdf(tmp_path / "x.nc", engine="scipy")
    with pytest.raises(ScanError, match=r"netCDF 3; save it as netCDF 4"):
        read(tmp_path / "x.nc")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of each program's file, written once: HDF5 notes the time, and hypothesis wants the same file again."""
    path = tmp_path_factory.mktemp("whole") / "x.nc"
    files = {make: save(make(), path).read_bytes() for make in (erlab_map, pyarpes_map, peaks_map)}
    return lambda make: files[make]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(make=st.sampled_from([erlab_map, pyarpes_map, peaks_map]), data=st.data())
def test_damage_is_told_in_one_sentence(make, data, whole, damage, told_apart, tmp_path):
    path = tmp_path / "x.nc"
    path.write_bytes(damage(whole(make), data))
    told_apart(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_zarr_is_told_in_one_sentence(data, damage, told, tmp_path_factory):
    path = save(erlab_map(), tmp_path_factory.mktemp("zarr") / "x.zarr")
    file = data.draw(st.sampled_from(sorted(file for file in path.rglob("*") if file.is_file())))
    file.write_bytes(damage(file.read_bytes(), data))
    told(path)
