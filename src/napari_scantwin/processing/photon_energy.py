"""From photon energies to the momentum along the sample's normal, in the free-electron final state, and back.

kz² = 2m/hbar² (E_kin + V0) - kx² - ky², E_kin = photon energy - work function + energy; V0 is the inner potential.
The photon's own momentum is neglected.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import energy_axis, scanned_angle, slit_angle
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.emission import (
    EMISSION,
    FERMI,
    Emission,
    counted_as,
    degrees,
    energy_parameters,
    geometry_parameters,
    recorded,
)
from napari_scantwin.processing.geometry import FREE_ELECTRON, Geometry, wave_number
from napari_scantwin.processing.momentum import LONG_NAMES, STEP
from napari_scantwin.processing.resample import even_grid, resample
from napari_scantwin.processing.steps import step

__all__ = ["PHOTON_ENERGY", "to_kz", "to_photon_energy"]

PHOTON_ENERGY = "photon_energy"


def _eV(scan: xr.DataArray, axis: str) -> np.ndarray:
    return np.asarray(units.convert(scan[axis].values, scan[axis].attrs["units"], "eV"), float)


@step(
    "to_kz",
    "Photon energy to kz",
    "Momentum",
    parameters=(
        *(one for one in geometry_parameters() if one.name != "scanned_by"),
        *(one for one in energy_parameters() if one.name in ("energies", "work_function")),
        Parameter(
            "inner_potential",
            "Inner potential",
            unit="eV",
            minimum=0,
            explanation="V0, counted from the vacuum level; chosen so that kz has the crystal's period.",
        ),
        STEP,
        Parameter(
            "kz_step",
            "Step in kz",
            unit="1/angstrom",
            minimum=0,
            above=True,
            optional=True,
            explanation="Empty: as many values as there are photon energies over their range of kz.",
        ),
    ),
    needs=("photon energy", "angle"),
    axes=2,
    source="S. Hüfner, Photoelectron Spectroscopy (Springer, 2003); Ishida and Shin (2018)",
)
def to_kz(
    scan,
    *,
    slit,
    slit_normal,
    scan_normal,
    scanned_angle,
    azimuth,
    energies,
    work_function,
    inner_potential,
    momentum_step,
    kz_step,
):
    """Turn a scan of photon energies (photon energy, angle, energy) into (kz, momentum along the slit, energy).

    The energies must be counted from the Fermi level. Without an energy axis the scan is of electrons at it.
    """
    scan, energies = counted_as(scan, energies)
    _suits(scan, energies)
    if work_function is None:
        raise ScanError("the electrons' kinetic energy is not known; give the analyser's work_function")
    geometry = Geometry(slit, alpha0=slit_normal, beta0=scan_normal, azimuth=azimuth)
    beta = geometry.beta0 if scanned_angle is None else scanned_angle
    alpha_axis, energy = slit_angle(scan), energy_axis(scan)
    alpha, photon = degrees(scan, alpha_axis), _eV(scan, PHOTON_ENERGY)
    own_energy = _eV(scan, energy) if energy else np.zeros(1)
    kinetic = photon[:, None] - work_function + own_energy[[int(own_energy.argmin()), int(own_energy.argmax())]]
    if not (kinetic > 0).all():
        raise ScanError("some photon energies are below the work function; check it, or crop the scan")
    waves = wave_number(kinetic)[..., None]
    x, y, z = geometry.direction(alpha, beta)
    mine = x if geometry.slit_momentum == "kx" else y
    slit_k = even_grid(waves * mine, len(alpha), momentum_step)
    kz = even_grid(np.sqrt((waves * z) ** 2 + inner_potential / FREE_ELECTRON), len(photon), kz_step)
    with np.errstate(invalid="ignore"):
        outside = np.sqrt(kz**2 - inner_potential / FREE_ELECTRON)[:, None]  # the normal momentum in vacuum
        at = geometry.alpha_of_share(slit_k[None, :] / outside, alpha, beta, of_normal=True)
        # With the angle known, the direction gives the whole momentum and so the kinetic energy.
        needed = FREE_ELECTRON * (outside / geometry.direction(at, beta)[2]) ** 2

    def places(number: int):
        return needed + work_function - own_energy[number], at

    about = Emission(
        geometry,
        {"energies": energies, "photon_energy": None, "work_function": work_function, "kinetic_energy": None},
        alpha.tolist(),
        [float(beta)],
        ["", alpha_axis],
        inner_potential,
        photon.tolist(),
    )
    return resample(
        scan,
        {PHOTON_ENERGY: photon, alpha_axis: alpha},
        {"kz": (kz, "1/angstrom"), geometry.slit_momentum: (slit_k, "1/angstrom")},
        places,
        energy,
        long_names=LONG_NAMES,
        attrs={EMISSION: about.text()},
    )


@step(
    "to_photon_energy",
    "kz to photon energy",
    "Momentum",
    needs=("momentum",),
    axes=2,
    source="the same",
)
def to_photon_energy(scan):
    """Turn a scan that ``to_kz`` made back into the measured photon energies and angles."""
    about = recorded(scan)
    if about.photon_energies is None:
        raise ScanError("this scan did not come from photon energies; turn it back with 'to_angle'")
    geometry, energy = about.geometry, energy_axis(scan)
    own = geometry.slit_momentum
    if not {"kz", own} <= set(scans.axes(scan)):
        raise ScanError(f"the axes kz and {own} that this scan had are gone; turn it back before")
    photon, alpha = np.asarray(about.photon_energies), np.asarray(about.alpha)
    own_energy = _eV(scan, energy) if energy else np.zeros(1)
    x, y, z = geometry.direction(alpha, about.beta[0])
    mine = x if own == "kx" else y

    def places(number: int):
        waves = wave_number(photon - about.energies["work_function"] + own_energy[number])[:, None]
        return np.sqrt((waves * z) ** 2 + about.inner_potential / FREE_ELECTRON), waves * mine

    done = resample(
        scan,
        {"kz": scan["kz"].values, own: scan[own].values},
        {PHOTON_ENERGY: (photon, "eV"), about.names[1]: (alpha, "deg")},
        places,
        energy,
        long_names={PHOTON_ENERGY: "photon energy"},
    )
    del done.attrs[EMISSION]
    return done


def _suits(scan: xr.DataArray, energies: str | None) -> None:
    if scanned_angle(scan) is not None:
        raise ScanError("kz is worked out for cuts at one scanned angle; take one slice of the scanned angle")
    if energy_axis(scan) is not None and energies != FERMI:
        raise ScanError(
            "the energies are kinetic, which differ from photon energy to photon energy; refer them to the Fermi level "
            "first ('correct_fermi_edge')"
        )
