"""A state at |k| = 0.5 1/Å at every binding energy comes out there, whatever file its binding energies stood in."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import apply
from napari_scantwin.readers import read

PHOTON, WORK, K = 30.0, 4.3, 0.5
BINDING = np.linspace(-0.2, 3, 33)
ANGLE = np.linspace(-20, 20, 161)
#: The angle of the state at each energy: hbar k = sqrt(2 m E_kin) sin(angle).
CENTRE = np.rad2deg(np.arcsin(K / (0.512316722 * np.sqrt(PHOTON - WORK - BINDING))))
BAND = np.exp(-(((ANGLE[:, None] - CENTRE) / 0.8) ** 2)) + np.exp(-(((ANGLE[:, None] + CENTRE) / 0.8) ** 2))


def csv(path, header="Binding energy (eV)"):
    rows = [f"{e:.3f},{a:.2f},{BAND[i, j]:.5f}" for i, a in enumerate(ANGLE) for j, e in enumerate(BINDING)]
    path.write_text("\n".join([f"{header},Angle (deg),Intensity (counts)", *rows]) + "\n")


def netcdf(path, name="binding_energy", **about):
    attrs = {"units": "eV", **about}
    array = xr.DataArray(
        BAND, {"angle": ("angle", ANGLE, {"units": "deg"}), name: (name, BINDING, attrs)}, name="counts",
        attrs={"units": "count"},
    )  # fmt: skip
    array.to_netcdf(path, engine="h5netcdf")


def side_file(path):
    np.save(path, BAND)
    axes = [
        {"name": n, "units": u, "values": v.tolist()} for n, u, v in (("angle", "deg", ANGLE), ("BE", "eV", BINDING))
    ]
    path.with_suffix(".json").write_text(json.dumps({"axes": axes, "value": {"name": "i", "units": "arb"}}))


def nexus(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        file["entry"].attrs["NX_class"], group.attrs["NX_class"] = "NXentry", "NXdata"
        group.attrs.update({"signal": "data", "axes": ["angle", "energy"]})
        group.parent["definition"] = "NXmpes"
        group["data"], group["angle"], group["energy"] = BAND, ANGLE, BINDING
        group["angle"].attrs["units"] = "deg"
        group["energy"].attrs.update({"units": "eV", "type": "binding"})


def igor(path, label="Binding Energy [eV]", note=""):
    rows = "\n".join(" ".join(f"{value:.5f}" for value in row) for row in BAND)
    path.write_text(
        f"IGOR\nWAVES/N=({len(ANGLE)},{len(BINDING)}) 'cut'\nBEGIN\n{rows}\nEND\n"
        f"X SetScale/I x, -20, 20, \"deg\", 'cut'\nX SetScale/I y, -0.2, 3, \"{label}\", 'cut'\n{note}"
    )


def ses(path):
    rows = "\n".join(
        " ".join([f"{e:.4f}", *(f"{v:.5f}" for v in column)]) for e, column in zip(BINDING, BAND.T, strict=True)
    )
    scale = {"Binding Energy [eV]": BINDING, "Y-Scale [deg]": ANGLE}
    about = "".join(
        f"Dimension {n} name={name}\nDimension {n} size={len(column)}\n"
        f"Dimension {n} scale={' '.join(f'{v:.4f}' for v in column)}\n"
        for n, (name, column) in enumerate(scale.items(), 1)
    )
    path.write_text(
        f"[Info]\nNumber of Regions=1\n\n[Region 1]\nRegion Name=x\n{about}\n[Info 1]\nLens Mode=A\n\n"
        f"[Data 1]\n{rows}\n"
    )


FILES = {
    "header.csv": csv,
    "short.csv": lambda path: csv(path, "BE (eV)"),
    "formula.csv": lambda path: csv(path, "E_F - E (eV)"),
    "dimension.nc": netcdf,
    "said.nc": lambda path: netcdf(path, "energy", long_name="Binding energy"),
    "eV.nc": lambda path: netcdf(path, "eV", long_name="binding energy"),
    "side.npy": side_file,
    "mpes.nxs": nexus,
    "label.itx": igor,
    "scale.itx": lambda path: igor(path, "eV", "X Note 'cut', \"Energy Scale=Binding\"\n"),
    "ses.txt": ses,
}


def check(scan):
    assert scan.attrs["energy_notation"] == "fermi"
    assert scan["energy"].attrs["long_name"] == "energy from the Fermi level"
    np.testing.assert_allclose(scan["energy"].values, -BINDING[::-1], atol=1e-6)
    done = apply(scan, "to_momentum", photon_energy=PHOTON, work_function=WORK, momentum_step=0.005)
    for energy in (0.2, 0.0, -1.5, -3.0):
        row = np.nan_to_num(done.sel(energy=energy, method="nearest").values)
        assert abs(done["kx"].values[row.argmax()]) == pytest.approx(K, abs=0.006)


@pytest.mark.parametrize("name", FILES)
def test_binding_energies_are_turned_round(name, tmp_path):
    FILES[name](tmp_path / name)
    scan = read(tmp_path / name)
    assert "turned round" in scan.attrs["notes"]
    check(scan)


def test_energies_that_nobody_names_are_asked_for(tmp_path):
    csv(tmp_path / "x.csv", "Energy (eV)")
    scan = read(tmp_path / "x.csv")
    assert "energy_notation" not in scan.attrs
    given = {"photon_energy": PHOTON, "work_function": WORK}
    with pytest.raises(ScanError, match="energies='binding'"):
        apply(scan, "to_momentum", **given)
    check(apply(scan, "energy_notation", energies="binding"))
    once = apply(scan, "to_momentum", energies="binding", momentum_step=0.005, **given)
    said = apply(apply(scan, "energy_notation", energies="binding"), "to_momentum", momentum_step=0.005, **given)
    np.testing.assert_array_equal(once.values, said.values)
    assert once.attrs["energy_notation"] == "fermi"
    named = read(
        tmp_path / "x.csv", axes=["Energy=binding_energy[eV]", "Angle=angle[deg]"], value="Intensity=counts[count]"
    )
    check(named.transpose("angle", "energy"))
