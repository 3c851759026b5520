"""Enthalpy and entropy of hydride formation from plateau pressures: the van 't Hoff fit.

For M + H2 -> MH2 (hydrogen taken up, per mol H2)::

    ln(p / p0) = dH / (R T) - dS / R

so dH and dS are negative for a hydride that forms with heat given off, for absorption and for desorption plateaus
alike; p0 is the standard pressure, 1 bar unless said otherwise (dS depends on it, dH does not).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.plateau import GAS_CONSTANT
from napari_scantwin.physics.temperature_window import window_in_words, within_temperatures

__all__ = ["VanTHoff", "fit_van_t_hoff", "standard_pressure_of"]

_DIRECTIONS = {"absorption": 1, "desorption": -1}
#: A pressure is never trusted to better than this share of itself (gauges are not).
_LEAST_ERROR = 1e-3
#: Temperatures a fit needs.
_FEWEST = 3
_PLACES = 100


@dataclass(frozen=True)
class VanTHoff:
    """A van 't Hoff fit.

    Parameters
    ----------
    enthalpy
        Enthalpy of formation, in kJ per mol H2.
    entropy
        Entropy of formation, in J/K per mol H2.
    correlation
        The correlation of their errors.
    standard_pressure
        p0.
    reduced_chi_square
        Chi-square per degree of freedom (NaN without freedom).
    points
        How many plateaus were fitted.
    curve
        The plateau pressure over temperature as a scan with its standard error.
    """

    enthalpy: Quantity
    entropy: Quantity
    correlation: float
    standard_pressure: Quantity
    reduced_chi_square: float
    points: int
    curve: xr.DataArray


def fit_van_t_hoff(
    plateaus: xr.DataArray,
    *,
    direction: str | None = None,
    standard_pressure: str | Quantity | tuple = "1 bar",
    start: float | None = None,
    stop: float | None = None,
) -> VanTHoff:
    """Fit the van 't Hoff line ln(p / p0) = dH / (R T) - dS / R to plateau pressures over temperature.

    Each plateau counts by its ``standard_error`` and, through the slope, its ``temperature_error``; where they scatter
    more than that the errors are scaled up. NaN takes no part.

    Parameters
    ----------
    plateaus
        What :func:`napari_scantwin.physics.plateau.plateau_pressures` gives, or any scan of a pressure over one
        temperature axis.
    direction
        "absorption" or "desorption"; picks one where the scan holds both.
    standard_pressure
        p0, such as ``"1 bar"``; the entropy depends on it, the enthalpy does not.
    start, stop
        The temperatures, in kelvin, between which plateaus are fitted; by default all are.

    Returns
    -------
    VanTHoff
        Enthalpy (kJ/mol) and entropy (J/mol/K) of formation per mol H2, with errors, and the fitted curve.

    Raises
    ------
    ScanError
        Where directions are mixed, fewer than three temperatures have a plateau, the scan is no pressure over
        temperature, the window is empty, or the standard pressure will not do.
    """
    import lmfit  # takes a second to import, and the window needs it only here

    kelvin, pressure, sigma, sigma_t = _columns(plateaus, direction, start, stop)
    given = standard_pressure_of(standard_pressure)
    unit = plateaus.attrs["units"]
    height = np.log(units.convert(pressure, unit, given.unit) / given.value)
    scale = 1000 / GAS_CONSTANT
    start = np.polyfit(1 / kelvin, height, 1)
    parameters = lmfit.Parameters()
    parameters.add("enthalpy", value=start[0] / scale)
    parameters.add("entropy", value=-start[1] * GAS_CONSTANT)

    def residual(p):
        slope = scale * p["enthalpy"].value
        weight = np.hypot(sigma, slope / kelvin**2 * sigma_t)
        return (height - (slope / kelvin - p["entropy"].value / GAS_CONSTANT)) / weight

    found = lmfit.minimize(residual, parameters, method="leastsq", scale_covar=False)
    if not found.success or found.covar is None:
        raise ScanError("the van 't Hoff line cannot be fitted to these plateaus; their temperatures lie too close")
    freedom = len(kelvin) - 2
    chi = float(np.sum(found.residual**2) / freedom)
    covariance = found.covar * max(chi, 1.0)
    errors = np.sqrt(np.diag(covariance))
    enthalpy, entropy = found.params["enthalpy"].value, found.params["entropy"].value
    return VanTHoff(
        Quantity(float(enthalpy), float(errors[0]), units.standard("kJ/mol")),
        Quantity(float(entropy), float(errors[1]), units.standard("J/mol/K")),
        float(covariance[0, 1] / errors.prod()),
        given,
        chi,
        len(kelvin),
        _curve(kelvin, enthalpy, entropy, covariance, given, unit),
    )


def standard_pressure_of(given: str | Quantity | tuple) -> Quantity:
    """The standard pressure p0 from what was given, such as ``"1 bar"``.

    Raises
    ------
    ScanError
        Where it is no pressure above zero.
    """
    found = Quantity.of(given, "the standard pressure", "1 bar")
    if not is_kind(found.unit, "pressure") or not found.value > 0:
        raise ScanError(f"the standard pressure must be a pressure above zero, such as '1 bar', not {found}")
    return found


def _columns(plateaus: xr.DataArray, direction: str | None, start: float | None, stop: float | None):
    """Temperatures (K), pressures (own unit), and the errors of ln p and of the temperature."""
    scans.check(plateaus)
    if direction is not None and direction not in _DIRECTIONS:
        raise ScanError(f"a plateau is of 'absorption' or 'desorption', not {direction!r}")
    names = scans.axes(plateaus)
    if len(names) != 1 or not is_kind(plateaus[names[0]].attrs["units"], "temperature"):
        raise ScanError(
            f"a van 't Hoff fit needs plateau pressures over the temperature alone; these run over {', '.join(names)}"
        )
    if not is_kind(plateaus.attrs["units"], "pressure"):
        raise ScanError(f"a van 't Hoff fit needs pressures, not values in {units.pretty(plateaus.attrs['units'])}")
    pressure = np.asarray(plateaus.values, float)
    good = np.isfinite(pressure)
    if "direction" in plateaus.coords:
        way = plateaus["direction"].values
        if direction is not None:
            good &= way == _DIRECTIONS[direction]
        elif len(set(way[good])) > 1:
            raise ScanError("the plateaus are of absorption and of desorption; fit one, direction='absorption'")
    kelvin = units.convert(np.asarray(plateaus[names[0]].values, float), plateaus[names[0]].attrs["units"], "K")
    good &= within_temperatures(kelvin, start, stop)
    kelvin = kelvin[good]
    if (pressure[good] <= 0).any() or (kelvin <= 0).any():
        raise ScanError("plateau pressures and temperatures must be above zero")
    places = len(np.unique(scans.set_points(kelvin))) if good.any() else 0
    if places < _FEWEST:
        raise ScanError(
            f"a van 't Hoff fit needs plateaus at {_FEWEST} temperatures or more; there are {places}"
            + (f" of {direction}" if direction else "")
            + window_in_words(start, stop)
        )
    sigma = np.full(pressure.shape, np.nan)
    if "standard_error" in plateaus.coords:
        sigma = plateaus["standard_error"].values / pressure
    sigma = sigma[good]
    usual = np.nanmedian(sigma) if np.isfinite(sigma).any() else _LEAST_ERROR
    sigma = np.hypot(np.where(np.isfinite(sigma), sigma, usual), _LEAST_ERROR)
    sigma_t = np.zeros(len(kelvin))
    if "temperature_error" in plateaus.coords:
        sigma_t = np.nan_to_num(plateaus["temperature_error"].values[good])
    return kelvin, pressure[good], sigma, sigma_t


def _curve(kelvin, enthalpy: float, entropy: float, covariance, given: Quantity, unit: str) -> xr.DataArray:
    at = np.linspace(kelvin.min(), kelvin.max(), _PLACES)
    jacobian = np.stack([1000 / (GAS_CONSTANT * at), np.full(at.shape, -1 / GAS_CONSTANT)], axis=1)
    pressure = given.value * np.exp(jacobian @ [enthalpy, entropy])
    errors = pressure * np.sqrt(np.einsum("ni,ij,nj->n", jacobian, covariance, jacobian))
    return scans.gridded_scan(
        {"temperature": (at, "K")},
        units.convert(pressure, given.unit, unit),
        name="plateau_pressure",
        unit=unit,
        errors=units.convert(errors, given.unit, unit),
        attrs={"kind": "fitted", "model": "van 't Hoff"},
    )
