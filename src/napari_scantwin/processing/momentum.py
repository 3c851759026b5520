"""From emission angles to momenta parallel to the surface, for cuts and maps, and back.

hbar k = sqrt(2 m E_kin) times the direction of :mod:`napari_scantwin.processing.geometry`. The intensity is
interpolated linearly at the angles that belong to every momentum and energy (no Jacobian: an intensity per momentum is
not formed); what the detector did not see is NaN.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.axis_roles import energy_axis, scanned_angle, slit_angle
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.emission import (
    EMISSION,
    Emission,
    counted_as,
    degrees,
    energy_parameters,
    geometry_parameters,
    kinetic_energies,
    recorded,
)
from napari_scantwin.processing.geometry import Geometry, wave_number
from napari_scantwin.processing.resample import even_grid, resample
from napari_scantwin.processing.steps import step

__all__ = ["LONG_NAMES", "STEP", "to_angle", "to_momentum"]

#: What the momentum axes are called beside a plot.
LONG_NAMES = {"kx": "momentum kx", "ky": "momentum ky", "kz": "momentum kz"}

STEP = Parameter(
    "momentum_step",
    "Step in momentum",
    unit="1/angstrom",
    minimum=0,
    above=True,
    optional=True,
    explanation="Empty: as many values as the angle has over its range of momenta.",
)


@step(
    "to_momentum",
    "Angle to momentum",
    "Momentum",
    parameters=(
        *geometry_parameters(),
        *energy_parameters(),
        Parameter(
            "kinetic_energy",
            "Kinetic energy",
            unit="eV",
            optional=True,
            minimum=0,
            above=True,
            explanation="At the Fermi level, or of a map at one energy; instead of photon energy and work function.",
        ),
        STEP,
    ),
    needs=("angle",),
    source="Y. Ishida and S. Shin, Rev. Sci. Instrum. 89, 043903 (2018)",
)
def to_momentum(
    scan,
    *,
    slit,
    scanned_by,
    slit_normal,
    scan_normal,
    scanned_angle,
    azimuth,
    energies,
    photon_energy,
    work_function,
    kinetic_energy,
    momentum_step,
):
    """Turn a cut (angle, energy) or a map (scanned angle, angle, energy) into momenta parallel to the surface.

    A cut becomes (kx, energy), a map (ky, kx, energy), for a slit along the rotation's axis; kx and ky change places
    for one across it. A cut's axis is the momentum along the slit; off the normal the other one is not zero, and
    changes along the cut. A scan without an energy axis is a map at one energy. Other axes stay.
    """
    _refuse_photon_energy(scan)
    geometry = Geometry(slit, scanned_by, slit_normal, scan_normal, azimuth)
    alpha_axis, beta_axis, energy = slit_angle(scan), _beta_axis(scan), energy_axis(scan)
    scan, energies = counted_as(scan, energies)
    kinetic = kinetic_energies(scan, energies, photon_energy, work_function, kinetic_energy)
    alpha = degrees(scan, alpha_axis)
    beta = degrees(scan, beta_axis) if beta_axis else np.array([_beta_of_cut(geometry, scanned_angle)])
    names = [beta_axis or "", alpha_axis]
    waves = wave_number(kinetic)
    about = Emission(
        geometry,
        {"energies": energies, "photon_energy": photon_energy, "work_function": work_function,
         "kinetic_energy": kinetic_energy},
        alpha.tolist(), beta.tolist(), names,
    )  # fmt: skip
    own, other = geometry.slit_momentum, geometry.other_momentum
    extremes = waves[[0, -1]][np.argsort(waves[[0, -1]])]
    if beta_axis is None:
        shares = geometry.share(alpha, beta[0])
        slit_k = even_grid(np.multiply.outer(extremes, shares), len(alpha), momentum_step)

        def places(number: int):
            return (geometry.alpha_of_share(slit_k / waves[number], alpha, beta[0]),)

        sources, targets = {alpha_axis: alpha}, {own: slit_k}
    else:
        direction = geometry.direction(alpha[None, :], beta[:, None])
        if not (direction[2] > 0).all():
            raise ScanError("some angles lie 90 degrees or more from the sample's normal; check the normal emission")
        mine, others = (direction[0], direction[1]) if own == "kx" else (direction[1], direction[0])
        slit_k = even_grid(np.multiply.outer(extremes, mine), len(alpha), momentum_step)
        other_k = even_grid(np.multiply.outer(extremes, others), len(beta), momentum_step)
        mesh = np.meshgrid(other_k, slit_k, indexing="ij")
        kx, ky = mesh[::-1] if own == "kx" else mesh

        def places(number: int):
            x, y = kx / waves[number], ky / waves[number]
            with np.errstate(invalid="ignore"):
                z = np.sqrt(1 - x**2 - y**2)  # NaN where no electron of this energy leaves
            a, b = geometry.angles(np.stack([x, y, z]))
            return b, a

        sources, targets = {beta_axis: beta, alpha_axis: alpha}, {other: other_k, own: slit_k}
    return resample(
        scan,
        sources,
        {name: (grid, "1/angstrom") for name, grid in targets.items()},
        places,
        energy,
        long_names=LONG_NAMES,
        attrs={EMISSION: about.text()},
    )


@step(
    "to_angle",
    "Momentum to angle",
    "Momentum",
    parameters=(
        Parameter(
            "angle_step",
            "Step in angle",
            unit="deg",
            minimum=0,
            above=True,
            optional=True,
            explanation="Empty: the angles that were measured.",
        ),
    ),
    needs=("momentum",),
    source="Y. Ishida and S. Shin, Rev. Sci. Instrum. 89, 043903 (2018)",
)
def to_angle(scan, *, angle_step):
    """Turn a scan that ``to_momentum`` made back into angles, with its geometry and energies, which its attributes
    hold."""
    about = recorded(scan)
    if about.photon_energies is not None:
        raise ScanError("this scan came from photon energies; turn it back with 'to_photon_energy'")
    geometry, energy = about.geometry, energy_axis(scan)
    own, other = geometry.slit_momentum, geometry.other_momentum
    waves = wave_number(kinetic_energies(scan, **about.energies))
    alpha = _angles(about.alpha, angle_step)
    beta_axis, alpha_axis = about.names
    if beta_axis:
        _require(scan, own, other)
        beta = _angles(about.beta, angle_step)
        direction = geometry.direction(alpha[None, :], beta[:, None])
        mine, others = (direction[0], direction[1]) if own == "kx" else (direction[1], direction[0])
        sources = {other: scan[other].values, own: scan[own].values}
        targets = {beta_axis: (beta, "deg"), alpha_axis: (alpha, "deg")}

        def places(number: int):
            return others * waves[number], mine * waves[number]
    else:
        _require(scan, own)
        shares = geometry.share(alpha, about.beta[0])
        sources, targets = {own: scan[own].values}, {alpha_axis: (alpha, "deg")}

        def places(number: int):
            return (shares * waves[number],)

    done = resample(scan, sources, targets, places, energy)
    del done.attrs[EMISSION]
    return done


def _angles(measured: list[float], angle_step: float | None) -> np.ndarray:
    return np.asarray(measured, float) if angle_step is None else even_grid(np.asarray(measured), 2, angle_step)


def _require(scan: xr.DataArray, *names: str) -> None:
    for name in names:
        if name not in scans.axes(scan):
            raise ScanError(f"the axis {name} that this scan had when it came from angles is gone; turn back before")


def _beta_axis(scan: xr.DataArray) -> str | None:
    return scanned_angle(scan)


def _beta_of_cut(geometry: Geometry, angle: float | None) -> float:
    return geometry.beta0 if angle is None else angle


def _refuse_photon_energy(scan: xr.DataArray) -> None:
    if "photon_energy" in scans.axes(scan):
        raise ScanError("this scan's photon energy varies; turn it into kz with 'to_kz'")
