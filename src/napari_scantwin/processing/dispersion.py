"""From a fitted dispersion: where it crosses the Fermi level, with what velocity, and how wide it is in energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import constants

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import is_quantity
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.processing.peaks import PeakFits

__all__ = ["Crossing", "energy_width", "fermi_crossing"]


@dataclass(frozen=True)
class Crossing:
    """Where a band crosses the Fermi level.

    Parameters
    ----------
    momentum
        k_F, or the angle, in the axis's unit.
    velocity
        dE/dk there, in eV per unit of ``momentum`` (eV Å for a momentum).
    reduced_chi_square
        That of the fitted polynomial.
    points
        How many fitted peaks the polynomial goes through.
    line
        The polynomial with its errors, as a scan.
    """

    momentum: Quantity
    velocity: Quantity
    reduced_chi_square: float
    points: int
    line: xr.DataArray

    @property
    def speed(self) -> Quantity:
        """The velocity in m/s.

        Raises
        ------
        ScanError
            Where the axis is not a momentum.
        """
        if not is_quantity(self.momentum.unit, "momentum"):
            raise ScanError("a velocity in m/s needs a momentum axis; convert the cut with 'to_momentum' first")
        per = constants.e * 1e-10 / constants.hbar  # eV Å over hbar
        here = self.velocity.to("eV*angstrom")
        return Quantity(here.value * per, here.error * per, "m/s")

    def __str__(self) -> str:
        return f"k_F = {self.momentum}, v_F = {self.velocity}"


def fermi_crossing(
    fits: PeakFits,
    peak: int = 1,
    *,
    start: float | None = None,
    stop: float | None = None,
    degree: int = 1,
    fermi_level: float = 0.0,
) -> Crossing:
    """Fit a polynomial to one peak's dispersion by its errors, and evaluate it at the Fermi level.

    MDCs give k(E): k_F = k(E_F) and v_F = 1 / (dk/dE); EDCs give E(k): k_F is where E = E_F and v_F = dE/dk there.
    Errors are scaled up where the points scatter more than theirs say.

    Parameters
    ----------
    fits
        The peaks of a cut whose axes are an energy and a momentum or angle.
    peak
        The peak's number, from 1.
    start, stop
        Bounds of the energies that are used, in the energy's unit; by default all.
    degree
        The degree of the polynomial.
    fermi_level
        E_F on the energy axis, in its unit.

    Returns
    -------
    Crossing
        k_F in the axis's unit and v_F in eV per that unit, with errors.

    Raises
    ------
    ScanError
        Where too few points are left, the line does not cross the Fermi level, or the axes are not an energy and a
        momentum or angle.
    """
    points = fits.dispersion(peak)
    across_unit, unit = points[fits.across].attrs["units"], points.attrs["units"]
    mdc = is_quantity(across_unit, "energy")
    if mdc == is_quantity(unit, "energy"):
        raise ScanError("a Fermi velocity needs one axis of energy and one of momentum or angle")
    places, values = np.asarray(points[fits.across].values, float), np.asarray(points.values, float)
    errors = np.asarray(points["standard_error"].values, float)
    energy = places if mdc else values
    low, high = (-np.inf if start is None else start), (np.inf if stop is None else stop)
    good = np.isfinite(values) & np.isfinite(errors) & (errors > 0) & (energy >= low) & (energy <= high)
    if good.sum() < degree + 2 or degree < 1:
        raise ScanError(
            f"{good.sum()} fitted points lie between {low:g} and {high:g} {across_unit if mdc else unit}, and a line "
            f"of degree {max(degree, 1)} needs {max(degree, 1) + 2}; widen the window"
        )
    # About the Fermi level for k(E), about the middle for E(k), which is solved for its zero.
    centre = fermi_level if mdc else float(places[good].mean())
    scale = float(np.abs(places[good] - centre).max()) or 1.0
    found, covariance, chi = _polynomial((places[good] - centre) / scale, values[good], errors[good], degree)
    if mdc:
        kf, slope = found[0], found[1] / scale
        if slope == 0:
            raise ScanError("the dispersion does not move with energy in this window")
        velocity = 1 / slope
        by = np.zeros((2, degree + 1))
        by[0, 0], by[1, 1] = 1, -(velocity**2) / scale
        k_unit, e_unit = unit, across_unit
    else:
        away = _crossing(found, fermi_level, (places[good] - centre) / scale)
        powers = away ** np.arange(degree + 1)
        rise = float(np.arange(1, degree + 1) * found[1:] @ powers[:-1])
        bend = float(sum(n * (n - 1) * found[n] * away ** (n - 2) for n in range(2, degree + 1)))
        kf, velocity = centre + scale * away, rise / scale
        by = np.zeros((2, degree + 1))
        by[0] = -powers * scale / rise
        by[1, 1:] = np.arange(1, degree + 1) * powers[:-1] / scale
        by[1] += bend / scale * (-powers / rise)
        k_unit, e_unit = across_unit, unit
    deviation = np.sqrt(np.einsum("ij,jk,ik->i", by, covariance, by))
    to_ev = float(units.convert(1.0, e_unit, "eV"))
    velocity_unit = units.standard(f"eV/({k_unit})")
    return Crossing(
        Quantity(float(kf), float(deviation[0]), units.standard(k_unit)),
        Quantity(float(velocity * to_ev), float(deviation[1] * to_ev), velocity_unit),
        chi,
        int(good.sum()),
        _line(points, fits.across, places, centre, scale, found, covariance, good, fermi_level if mdc else kf),
    )


def _polynomial(x, values, errors, degree: int):
    matrix = x[:, None] ** np.arange(degree + 1) / errors[:, None]
    found, *_ = np.linalg.lstsq(matrix, values / errors, rcond=None)
    chi = float(np.sum((matrix @ found - values / errors) ** 2) / (len(x) - degree - 1))
    return found, np.linalg.inv(matrix.T @ matrix) * max(chi, 1.0), chi


def _crossing(found: np.ndarray, level: float, x: np.ndarray) -> float:
    """The root of the polynomial nearest to the points, at most their own range away from them."""
    shifted = found.copy()
    shifted[0] -= level
    roots = np.polynomial.polynomial.polyroots(shifted)
    real = roots.real[np.abs(roots.imag) < 1e-9]
    span = np.ptp(x)
    real = real[(real > x.min() - span) & (real < x.max() + span)]
    if not len(real):
        raise ScanError("the fitted dispersion does not cross the Fermi level; take a window nearer to it")
    return float(real[np.argmin(np.minimum(np.abs(real - x.min()), np.abs(real - x.max())))])


def _line(points, across: str, places, centre, scale, found, covariance, good, end: float) -> xr.DataArray:
    at = np.linspace(min(places[good].min(), end), max(places[good].max(), end), 101)
    powers = ((at - centre) / scale)[:, None] ** np.arange(len(found))
    return scans.gridded_scan(
        {across: (at, points[across].attrs["units"])},
        powers @ found,
        name=str(points.name),
        unit=points.attrs["units"],
        errors=np.sqrt(np.einsum("ni,ij,nj->n", powers, covariance, powers)),
        attrs={"kind": "fitted"},
    )


def energy_width(fits: PeakFits, crossing: Crossing, peak: int = 1) -> xr.DataArray:
    """The width of an MDC in energy: |v_F| times its width in momentum.

    It is 2 |Im Sigma| where the band is straight and the resolution small. Errors of both are taken as independent.

    Parameters
    ----------
    fits
        The peaks of a cut's MDCs.
    crossing
        Where the band crosses the Fermi level, for its velocity.
    peak
        The peak's number, from 1.

    Returns
    -------
    xarray.DataArray
        The width (FWHM, eV) with errors, a scan over the energy.

    Raises
    ------
    ScanError
        Where the fits are of EDCs, whose width is one in energy already.
    """
    points = fits.width
    if not is_quantity(points[fits.across].attrs["units"], "energy"):
        raise ScanError("a width in energy is worked out of MDCs; the width of an EDC is one already")
    width = np.asarray(points.values, float)[peak - 1]
    error = np.asarray(points["standard_error"].values, float)[peak - 1]
    speed = abs(crossing.velocity.value)
    return scans.gridded_scan(
        {fits.across: (points[fits.across].values, points[fits.across].attrs["units"])},
        speed * width,
        name="energy_width",
        unit="eV",
        errors=np.hypot(speed * error, crossing.velocity.error * width),
        long_names={"energy_width": "width in energy (FWHM)"},
        attrs={"kind": "fitted"},
    )
