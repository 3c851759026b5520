"""Scans converted to momentum by other programs and by this one: the cases, and how erlab is asked.

``python tests/processing/kspace_cases.py`` (with erlab installed) writes what erlab gives into ``erlab_kspace.json``,
so that the comparison can be made where erlab is not installed; ``pyarpes_kspace.json`` holds what PyARPES's
``convert_to_kspace`` gives for :func:`measured` ``("cut")`` at normal emission onto its momenta ``kp``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.processing import apply
from napari_scantwin.processing.geometry import ACROSS, ALONG, DEFLECTOR, ROTATION, Geometry

STORED = Path(__file__).with_name("erlab_kspace.json")
WORK_FUNCTION, PHOTON_ENERGY, INNER_POTENTIAL = 4.35, 95.0, 12.5
ALPHA, BETA = np.linspace(-13, 14, 28), np.linspace(-16, 11, 10)
ENERGY = np.linspace(-1.2, 0.1, 3)
#: erlab looks kz up linearly among the measured photon energies; these are close enough not to matter at 1e-6.
PHOTON_ENERGIES = np.linspace(60, 110, 601)
#: (alpha0, beta0, azimuth), and where the cuts were taken.
NORMAL, CUT_AT = (1.7, -2.3, 13.0), 4.0

#: Name: (slit, scanned by, kind, number of the configuration in erlab).
CASES = {
    "cut, along": (ALONG, ROTATION, "cut", 1),
    "cut, across": (ACROSS, ROTATION, "cut", 2),
    "map, along": (ALONG, ROTATION, "map", 1),
    "map, across": (ACROSS, ROTATION, "map", 2),
    "map, deflector, along": (ALONG, DEFLECTOR, "map", 3),
    "map, deflector, across": (ACROSS, DEFLECTOR, "map", 4),
    "photon energies, along": (ALONG, ROTATION, "kz", 1),
    "photon energies, across": (ACROSS, ROTATION, "kz", 2),
}


def measured(kind: str):
    """A rough intensity, so that every interpolation weight shows; over photon energies a bilinear one, 1 to 10."""
    axes = {"cut": {}, "map": {"manipulator_angle": (BETA, "deg")}, "kz": {"photon_energy": (PHOTON_ENERGIES, "eV")}}
    axes = {**axes[kind], "angle": (ALPHA, "deg"), "energy": (ENERGY, "eV")}
    shape = [len(column) for column, _ in axes.values()]
    values = np.random.default_rng(11).uniform(1, 10, shape)
    if kind == "kz":
        photon, alpha = (PHOTON_ENERGIES[:, None, None] - 60) / 50, (ALPHA[None, :, None] + 13) / 27
        values = 1 + 9 * (0.6 * photon + 0.3 * alpha + 0.1 * photon * alpha) + 0 * ENERGY
    return scans.gridded_scan(
        axes, values, name="photoemission_intensity", unit="arb", attrs={"energy_notation": "fermi"}
    )


def converted(name: str):
    """This program's conversion of a case."""
    slit, scanned_by, kind, _ = CASES[name]
    given = dict(zip(("slit_normal", "scan_normal", "azimuth"), NORMAL, strict=True))
    given |= {"slit": slit, "work_function": WORK_FUNCTION, "momentum_step": 0.13}
    if kind == "kz":
        given |= {"scanned_angle": CUT_AT, "inner_potential": INNER_POTENTIAL, "kz_step": 0.19}
        return apply(measured(kind), "to_kz", **given)
    if kind == "cut":
        given["scanned_angle"] = CUT_AT
    return apply(measured(kind), "to_momentum", scanned_by=scanned_by, photon_energy=PHOTON_ENERGY, **given)


def by_erlab(name: str):
    """erlab's conversion of the same case onto the same momenta."""
    import erlab  # noqa: F401  the accessor
    import xarray as xr

    slit, scanned_by, kind, configuration = CASES[name]
    scan, ours = measured(kind), converted(name)
    names = {"angle": "alpha", "energy": "eV", "manipulator_angle": "beta", "photon_energy": "hv"}
    data = xr.DataArray(
        scan.values,
        dims=[names[dim] for dim in scan.dims],
        coords={names[dim]: scan[dim].values for dim in scan.dims},
        attrs={"configuration": configuration},
    )
    alpha0, beta0, azimuth = NORMAL
    if kind != "kz":
        data = data.assign_coords(hv=PHOTON_ENERGY)
    if kind != "map":
        data = data.assign_coords(beta=CUT_AT)
    if scanned_by == DEFLECTOR:
        # The manipulator's angles of Ishida and Shin that bring normal emission to alpha0, beta0.
        frame = Geometry(slit, scanned_by, alpha0, beta0, 0.0)._deflector_frame()
        data = data.assign_coords(
            xi=np.rad2deg(np.arctan2(-frame[2, 0], frame[0, 0])), chi=np.rad2deg(np.arctan2(-frame[1, 2], frame[1, 1]))
        )
        data.kspace.offsets = {"delta": azimuth}
    else:
        data = data.assign_coords(xi=alpha0)
        data.kspace.offsets = {"delta": azimuth, "beta": beta0}
    data.kspace.work_function = WORK_FUNCTION
    data.kspace.inner_potential = INNER_POTENTIAL
    grids = {dim: ours[dim].values for dim in ours.dims if dim != "energy"}
    return data.kspace.convert(**grids).rename(eV="energy").transpose(*ours.dims)


if __name__ == "__main__":
    import erlab

    found = {
        name: [None if np.isnan(v) else round(float(v), 9) for v in by_erlab(name).values.ravel()] for name in CASES
    }
    STORED.write_text(json.dumps({"erlab": erlab.__version__, "values": found}))
