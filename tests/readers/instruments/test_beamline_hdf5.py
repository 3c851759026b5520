"""HDF5 and NeXus as beamlines write it: one scan, whatever the layout; what the file does not say is not made up."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import open_choices, read

ANGLES = np.linspace(-14, 14, 7)
ENERGIES = np.linspace(16.0, 16.8, 9)
POLAR = np.array([-2.0, -1.0, 0.0, 1.0])


def cube(*axes):
    """A cube whose values say where they were measured."""
    mesh = np.meshgrid(*axes, indexing="ij")
    return sum(10.0 ** (-2 * k) * part for k, part in enumerate(mesh)).astype("f4")


# Diamond I05, after erlab's i05 loader (kmnhan/erlabpy) and that of peaks (phrgab/peaks): NXarpes with the NXdata
# /entry1/analyser, each axis marked by ``axis`` and ``primary``, motors under /entry1/instrument/manipulator.
def i05(path, scanned=("sapolar", POLAR, "degree"), energies=ENERGIES):
    name, steps, unit = scanned
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry1")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXarpes"
        entry["scan_command"] = f"scan {name} {steps[0]} {steps[-1]} 1 analyser"
        instrument = entry.create_group("instrument")
        instrument["monochromator/energy"] = np.array([21.2]) if name != "energy" else steps
        instrument["monochromator/energy"].attrs["units"] = "eV"
        instrument["analyser/pass_energy"] = 10
        instrument["analyser/lens_mode"] = "Angular30"
        instrument["manipulator/sapolar"] = steps + 0.013 if name == "sapolar" else np.array([4.0])
        instrument["manipulator/sapolar"].attrs["units"] = "degree"
        entry["sample/temperature"] = np.array([11.5])
        entry["sample/temperature"].attrs["units"] = "K"
        group = entry.create_group("analyser")
        group.attrs["NX_class"] = "NXdata"
        group["data"] = cube(steps, ANGLES, ENERGIES)
        group["data"].attrs.update({"signal": 1, "interpretation": "image"})
        for label, column, where, of in (
            (name, steps, "1", unit), ("angles", ANGLES, "2", "degree"),
            ("energies", energies, "3" if energies.ndim == 1 else "1,3", "eV"),
        ):  # fmt: skip
            group[label] = column
            group[label].attrs.update({"axis": where, "primary": 1, "units": of})


def test_an_i05_map_has_nominal_axes_and_its_read_backs_beside(tmp_path):
    i05(tmp_path / "a map.nxs")
    scan = read(tmp_path / "a map.nxs")
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_array_equal(scan.values, cube(POLAR, ANGLES, ENERGIES))
    np.testing.assert_array_equal(scan["manipulator_angle"].values, POLAR)
    np.testing.assert_allclose(scan["sapolar_readback"].values, POLAR + 0.013)
    assert scan["sapolar_readback"].dims == ("manipulator_angle",)
    assert scan.attrs["energy_notation"] == "kinetic"
    assert (scan.attrs["photon_energy"], scan.attrs["sample_temperature"], scan.attrs["pass_energy"]) == (
        21.2,
        11.5,
        10,
    )
    assert scan.attrs["lens_mode"] == "Angular30"
    assert scan.attrs["scan_command"].startswith("scan sapolar")


def test_an_i05_cut_of_one_step_is_two_dimensional(tmp_path):
    i05(tmp_path / "cut.nxs", scanned=("sapolar", POLAR[:1], "degree"))
    scan = read(tmp_path / "cut.nxs")
    assert scans.axes(scan) == ("angle", "energy")
    with h5py.File(tmp_path / "cut.nxs", "a") as file:  # a static readout names no axis for its one step
        del file["entry1/analyser/sapolar"]
    np.testing.assert_array_equal(read(tmp_path / "cut.nxs").values, scan.values)


def test_an_i05_photon_energy_scan_keeps_how_far_its_energies_moved(tmp_path):
    photons = np.array([24.0, 22.0, 20.0])
    i05(tmp_path / "hv.nxs", ("energy", photons, "eV"), ENERGIES + (photons - photons[0])[:, None])
    scan = read(tmp_path / "hv.nxs")
    assert scans.axes(scan) == ("photon_energy", "angle", "energy")
    np.testing.assert_array_equal(scan["photon_energy"].values, photons[::-1])
    np.testing.assert_allclose(scan["energy"].values, ENERGIES)
    # Kinetic energy is the axis plus the shift; both are turned round together where the scan fell.
    np.testing.assert_allclose(scan["kinetic_energy_shift"].values, [-4.0, -2.0, 0.0])
    with h5py.File(tmp_path / "hv.nxs", "a") as file:
        file["entry1/analyser/energies"][1, 3:] += 0.3
    with pytest.raises(ScanError, match="differ from cut to cut by more than a shift"):
        read(tmp_path / "hv.nxs")


# NXmpes, after its definition (FAIRmat NeXus proposal: NXmpes, NXdata_mpes): /entry/data with signal, axes,
# AXIS_indices and energy@type; the instrument under entry/instrument.
def nxmpes(path, kind="binding", **change):
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry["definition"] = "NXmpes_arpes"
        entry["instrument/electronanalyser/energydispersion/pass_energy"] = 30.0
        entry["instrument/beam_probe/incident_energy"] = 21.7
        raw = entry.create_group("raw")
        raw.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": [".", "."]})
        raw["counts"] = np.ones((40, 40))
        group = entry.create_group("data")
        group.attrs.update({
            "NX_class": "NXdata", "signal": "data", "axes": ["kx", "ky", "energy"],
            "energy_indices": 2, "kx_indices": 0, "ky_indices": 1,
        } | change)  # fmt: skip
        kx, ky, energy = np.linspace(-1, 1, 4), np.linspace(-0.5, 0.5, 3), np.linspace(1.0, -0.25, 6)
        group["data"] = cube(kx, ky, energy)
        for name, column, unit in (("kx", kx, "1/angstrom"), ("ky", ky, "1/angstrom"), ("energy", energy, "eV")):
            group[name] = column
            group[name].attrs["units"] = unit
        group["energy"].attrs["type"] = kind


def test_nxmpes_tells_binding_from_kinetic_energies(tmp_path):
    nxmpes(tmp_path / "x.h5")
    scan = read(tmp_path / "x.h5")
    assert scans.axes(scan) == ("kx", "ky", "energy")
    np.testing.assert_allclose(scan["energy"].values, np.linspace(-1.0, 0.25, 6))
    assert scan.attrs["energy_notation"] == "fermi"
    assert scan["kx"].attrs["units"] == "1/Å"
    assert (scan.attrs["photon_energy"], scan.attrs["pass_energy"]) == (21.7, 30)
    nxmpes(tmp_path / "x.h5", kind="kinetic")
    assert read(tmp_path / "x.h5").attrs["energy_notation"] == "kinetic"


def test_bin_edges_become_their_middles(tmp_path):
    nxmpes(tmp_path / "x.nxs")
    with h5py.File(tmp_path / "x.nxs", "a") as file:
        del file["entry/data/kx"]
        file["entry/data/kx"] = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
        file["entry/data/kx"].attrs["units"] = "1/angstrom"
    np.testing.assert_array_equal(read(tmp_path / "x.nxs")["kx"].values, [0.5, 1.5, 2.5, 3.5])


def test_a_master_file_is_read_with_the_file_beside_it_and_says_so(tmp_path):
    nxmpes(tmp_path / "other.nxs")
    nxmpes(tmp_path / "x.nxs")
    for name in ("kx", "data"):
        with h5py.File(tmp_path / "x.nxs", "a") as file:
            del file[f"entry/data/{name}"]
            file[f"entry/data/{name}"] = h5py.ExternalLink("other.nxs", f"/entry/data/{name}")
    scan = read(tmp_path / "x.nxs")
    np.testing.assert_array_equal(scan.values, read(tmp_path / "other.nxs").values)
    assert "read together with other.nxs beside it" in scan.attrs["notes"]
    (tmp_path / "other.nxs").unlink()
    with pytest.raises(ScanError):
        read(tmp_path / "x.nxs")


@pytest.mark.parametrize("groups", [1, 40])
def test_a_nexus_file_is_gone_through_once(groups, tmp_path, monkeypatch):
    nxmpes(tmp_path / "x.nxs")
    with h5py.File(tmp_path / "x.nxs", "a") as file:
        for number in range(groups):
            file.copy("entry/data", file["entry"], name=f"data{number}")
            file[f"entry/instrument/motor{number}/value"] = 1.0
        objects = []
        file.visit(objects.append)
    looked_up = []
    for name in ("__getitem__", "get", "__contains__"):
        before = getattr(h5py.Group, name)

        def counted(self, key, *args, _before=before, **kwargs):
            looked_up.append(key)
            return _before(self, key, *args, **kwargs)

        monkeypatch.setattr(h5py.Group, name, counted)
    assert len(open_choices(tmp_path / "x.nxs")) == groups + 1
    # Each object once, and of each NXdata group itself, its signal and its axes again.
    assert len(looked_up) <= len(objects) + 20 * (groups + 1)


def nxdata(path, axes, values, definition=None, **groups):
    """An entry with the default group ``data`` and others, each (axes, values); axes by name: (values, unit)."""
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        if definition is not None:
            entry["definition"] = definition
        for name, (columns, (signal, counts, unit)) in {"data": (axes, values), **groups}.items():
            group = entry.create_group(name)
            group.attrs.update({"NX_class": "NXdata", "signal": signal, "axes": list(columns)})
            for key, (column, of) in ({signal: (counts, unit)} | columns).items():
                group[key] = column
                if of is not None:
                    group[key].attrs["units"] = of


KINETIC = {"kinetic_energy": (np.arange(5.0), "eV")}
LEVELS = ("counts", np.arange(5.0), "counts")


@pytest.mark.parametrize(
    ("definition", "axes", "name"),
    [
        ("NXmpes", {"energy": (np.arange(5.0), "eV")}, "photoemission_intensity"),
        ("NXxps", {"energy": (np.arange(5.0), "eV")}, "photoemission_intensity"),
        (None, KINETIC, "photoemission_intensity"),
        ("NXstm", {"bias": (np.arange(5.0), "V")}, "counts"),
        ("NXxas", {"energy": (np.arange(5.0), "eV")}, "counts"),
        ("NXmonopd", {"polar_angle": (np.arange(5.0), "degree")}, "counts"),
        (None, {"energy": (np.arange(5.0), "eV")}, "counts"),
    ],
)
def test_values_are_photoemission_only_where_the_file_says_so(definition, axes, name, tmp_path):
    nxdata(tmp_path / "x.nxs", axes, LEVELS, definition)
    scan = read(tmp_path / "x.nxs")
    assert scan.name == name
    assert ("energy_notation" in scan.attrs) == (name == "photoemission_intensity")
    assert name == "photoemission_intensity" or scans.axes(scan) == tuple(axes)


def test_a_secondary_group_does_not_keep_the_default_from_opening(tmp_path):
    secondary = {"temp": (np.arange(3.0), None), **KINETIC}
    nxdata(tmp_path / "x.nxs", KINETIC, LEVELS, raw=(secondary, ("raw", np.ones((3, 5)), None)))
    scan = read(tmp_path / "x.nxs")
    assert scan.values.tolist() == LEVELS[1].tolist()
    assert "entry/raw is not offered: the axis 'temp' has no unit" in scan.attrs["notes"]
    named = ["entry/raw/temp=sample_temperature[K]", "entry/raw/kinetic_energy=kinetic_energy[eV]"]
    asked = [f"--axis '{named[0].replace('[K]', '[UNIT]')}'", "--axis 'entry/raw/kinetic_energy=energy[eV]'"]
    assert all(one in scan.attrs["notes"] for one in asked)
    assert read(tmp_path / "x.nxs", axes=named, value="entry/raw/raw=intensity[arb]").shape == (3, 5)
    nxdata(tmp_path / "y.nxs", secondary, ("raw", np.ones((3, 5)), None), other=(KINETIC, LEVELS))
    with pytest.raises(ScanError, match="the axis 'temp' has no unit"):
        read(tmp_path / "y.nxs")


# SIS, after arpys (kuadrat/arpys, Dataloader_SIS) and piva (pudeIko/piva, DataloaderSIS).
def sis(path, scanned=True, **change):
    tilt = np.array([3.0, 2.0, 1.0])
    energies = -0.6 + 0.1 * np.arange(8)
    axes = (energies, ANGLES, tilt) if scanned else (energies, ANGLES)
    with h5py.File(path, "w") as file:
        file.attrs["Comments"] = "a good crystal"
        file["Electron Analyzer/Image Data"] = cube(*axes)
        image = file["Electron Analyzer/Image Data"]
        for number, (label, unit) in enumerate((("Energy", "eV"), ("Angle", "deg"), ("Tilt", "deg"))[: len(axes)]):
            image.attrs[f"Axis{number}.Scale"] = [axes[number][0], axes[number][1] - axes[number][0]]
            image.attrs[f"Axis{number}.Description"] = np.bytes_(label)
            image.attrs[f"Axis{number}.Units"] = np.bytes_(unit)
        image.attrs.update(
            {"Excitation Energy (eV)": 40.0, "Work Function (eV)": 4.3, "Lens Mode": "Angular30"} | change
        )
        for name, values in {"Tilt": tilt + 0.002 if scanned else tilt[:1], "Theta": [5.0], "X": [1.1]}.items():
            file[f"Other Instruments/{name}"] = np.asarray(values)
    return axes


def test_a_sis_map_and_a_sis_cut(tmp_path):
    energies, angles, tilt = sis(tmp_path / "run_0004.h5")
    scan = read(tmp_path / "run_0004.h5")
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_allclose(scan.values, np.moveaxis(cube(energies, angles, tilt), [2, 1, 0], [0, 1, 2])[::-1])
    np.testing.assert_allclose(scan["manipulator_angle"].values, tilt[::-1])
    np.testing.assert_allclose(scan["tilt_readback"].values, tilt[::-1] + 0.002)
    np.testing.assert_allclose(scan["energy"].values, energies, atol=1e-12)
    assert scan.attrs["energy_notation"] == "fermi"
    assert (scan.attrs["photon_energy"], scan.attrs["work_function"], scan.attrs["theta"]) == (40, 4.3, 5)
    assert scan.attrs["comments"] == "a good crystal"
    sis(tmp_path / "cut.h5", scanned=False, **{"Energy Scale": "Kinetic"})
    cut = read(tmp_path / "cut.h5")
    assert scans.axes(cut) == ("angle", "energy")
    assert (cut.attrs["tilt"], cut.attrs["energy_notation"]) == (3, "kinetic")
    sis(tmp_path / "bad.h5", **{"Axis2.Scale": [1.0]})
    with pytest.raises(ScanError, match="no start and step for its axis 2 "):
        read(tmp_path / "bad.h5")


@pytest.mark.parametrize(("measured", "with_motor"), [(1, True), (2, True), (2, False), (3, True)])
def test_a_stopped_sis_map_holds_the_cuts_that_were_measured(measured, with_motor, tmp_path):
    path = tmp_path / "run.h5"
    energies, angles, tilt = sis(path)
    with h5py.File(path, "a") as file:
        file["Electron Analyzer/Image Data"][..., measured:] = 0
        file["Other Instruments/Tilt"][measured:] = 0
        if not with_motor:
            del file["Other Instruments/Tilt"]
    scan = read(path)
    counted = np.moveaxis(cube(energies, angles, tilt[:measured]), [2, 1, 0], [0, 1, 2])[::-1]
    np.testing.assert_allclose(scan.values.reshape(measured, 7, 8), counted)
    said = f"left out: {3 - measured} of 3 steps of Tilt, which were never measured: the scan was stopped"
    assert scan.attrs.get("notes", "") == ("" if measured == 3 else said)
    with h5py.File(path, "a") as file:
        file["Electron Analyzer/Image Data"][...] = 0
        if with_motor:
            file["Other Instruments/Tilt"][...] = 0
    with pytest.raises(ScanError, match="stopped before anything was measured"):
        read(path)


# ADRESS, after arpys (Dataloader_ADRESS) and piva (DataloaderADRESS): a wave as Igor saves it in HDF5.
def adress(
    path, note="hv = 640\nPol = C+\nMode = MAM\nEb = -2:0.1:0\nTilt = 0:0.5:1\nX = -1.5\nTemp = 14", scan="degree"
):
    energies, tilt = -2 + 0.1 * np.arange(5), 0.5 * np.arange(3)
    axes = (ANGLES, energies, tilt) if scan is not None else (ANGLES, energies)
    units = ["", "degree", "eV", *([scan] if scan is not None else [])]
    with h5py.File(path, "w") as file:
        file["Matrix"] = cube(*axes)
        file["Matrix"].attrs["IGORWaveScaling"] = [[0.0, 0.0], *([a[1] - a[0], a[0]] for a in axes)]
        file["Matrix"].attrs["IGORWaveUnits"] = np.array([units], dtype="S10")
        file["Matrix"].attrs["IGORWaveNote"] = np.bytes_(note)
    return axes


def test_an_adress_map_and_its_note(tmp_path):
    angles, energies, tilt = adress(tmp_path / "m.h5")
    scan = read(tmp_path / "m.h5")
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_allclose(scan.values, np.moveaxis(cube(angles, energies, tilt), 2, 0))
    np.testing.assert_allclose(scan["energy"].values, energies)
    assert scan.attrs["energy_notation"] == "fermi"
    assert (scan.attrs["photon_energy"], scan.attrs["x"], scan.attrs["lens_mode"]) == (640, -1.5, "MAM")
    assert "manipulator_angle" not in scan.attrs
    adress(tmp_path / "hv.h5", note="hv = 600:10:620\nTilt = 1", scan="")
    assert scans.axes(read(tmp_path / "hv.h5")) == ("photon_energy", "angle", "energy")
    adress(tmp_path / "cut.h5", note="hv = 600\nEk = 590:0.1:600", scan=None)
    cut = read(tmp_path / "cut.h5")
    assert (scans.axes(cut), cut.attrs["energy_notation"]) == (("angle", "energy"), "kinetic")


def test_the_files_default_comes_first(tmp_path):
    nxmpes(tmp_path / "x.nxs")
    with h5py.File(tmp_path / "x.nxs", "a") as file:
        raw = file["entry/raw"]
        raw.attrs["axes"] = ["a", "b"]
        for name in "ab":
            raw[name] = np.arange(40.0)
            raw[name].attrs["units"] = "pixel"
    assert [one.key for one in open_choices(tmp_path / "x.nxs")] == ["entry/data", "entry/raw"]
    assert scans.axes(read(tmp_path / "x.nxs", choice="entry/raw")) == ("a", "b")


def test_an_absurd_size_is_refused_before_it_is_asked_for(tmp_path):
    path = tmp_path / "x.nxs"
    nxmpes(path)
    with h5py.File(path, "a") as file:
        group = file["entry/data"]
        del group["data"], group["energy"]
        group.create_dataset("data", (4, 3, 10**9), "f4", chunks=(4, 3, 1000))
        group["energy"] = np.linspace(0, 1, 6)
        group.attrs["axes"] = ["kx", "ky", "."]
    with pytest.raises(ScanError, match="nothing in a layout"):
        read(path)
    with h5py.File(path, "a") as file:
        del file["entry/data/data"]
        file["entry/data"].create_dataset("data", (10**6, 10**6), "f4", chunks=(1000, 1000))
        for name in "ab":
            file["entry/data"].create_dataset(name, (10**6,), "f4", chunks=(1000,)).attrs["units"] = "deg"
        file["entry/data"].attrs["axes"] = ["a", "b"]
    with pytest.raises(ScanError, match="more than the file has room for"):
        read(path)
    with h5py.File(path, "a") as file:
        del file["entry/data/a"]
        file["entry/data"].create_dataset("a", (10**12,), "f4", chunks=(1000,))
    with pytest.raises(ScanError, match="too many for an axis"):
        read(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of each layout's file, written once: HDF5 notes the time, and hypothesis wants the same file again."""
    path = tmp_path_factory.mktemp("whole") / "x.nxs"
    files = {make: (make(path), path.read_bytes())[1] for make in (i05, nxmpes, sis, adress)}
    return lambda make: files[make]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(make=st.sampled_from([i05, nxmpes, sis, adress]), data=st.data())
def test_damage_is_told_in_one_sentence(make, data, whole, damage, told_apart, tmp_path):
    path = tmp_path / "x.nxs"
    path.write_bytes(damage(whole(make), data))
    told_apart(path)
