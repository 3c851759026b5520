"""Upper critical field from a phase boundary: Ginzburg-Landau, two-fluid and Werthamer-Helfand-Hohenberg fits.

With t = T/Tc and h(t) = Hc2(T)/Hc2(0):

"Ginzburg-Landau"   h = (1 - t^2) / (1 + t^2)
"two-fluid"         h = 1 - t^2
"WHH"               ln(1/t) = psi(1/2 + hbar/2t) - psi(1/2),  hbar = (4/pi^2) Hc2 / (-dHc2/dt at t = 1):
                    the dirty limit without Pauli limiting; Hc2(0) = 0.693 Tc |dHc2/dT| at Tc; with ``maki`` and
                    ``spin_orbit`` the full equation (N. R. Werthamer, E. Helfand, P. C. Hohenberg, Phys. Rev. 147,
                    295 (1966), equation 28)

The coherence length follows from mu0 Hc2(0) = Phi0 / (2 pi xi^2).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import brentq
from scipy.special import digamma

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.magnetization import field_in_tesla, in_field_unit
from napari_scantwin.physics.temperature_window import window_in_words, within_temperatures

__all__ = ["MODELS", "CriticalField", "fit_critical_field", "whh"]

MODELS = ("Ginzburg-Landau", "two-fluid", "WHH")
_FLUX_QUANTUM = 2.067833848e-15  # Wb
#: Places of the reduced WHH curve, and of the fitted curve.
_PLACES = 120
#: A boundary temperature is never trusted to better than this share of itself (thermometers are not).
_LEAST_ERROR = 1e-4
#: Step of differences, as a share of Tc.
_STEP = 1e-4


@dataclass(frozen=True)
class CriticalField:
    """A fit of one model of the upper critical field.

    Parameters
    ----------
    model
        "Ginzburg-Landau", "two-fluid" or "WHH".
    critical_field
        Hc2(0) as mu0 H, in tesla.
    critical_temperature
        Tc, in kelvin.
    slope
        -mu0 dHc2/dT at Tc, in T/K.
    coherence_length
        xi, in nm, from mu0 Hc2(0) = Phi0 / (2 pi xi^2).
    reduced_chi_square
        Chi-square per degree of freedom.
    akaike
        Akaike's criterion; the lower of two models is the likelier.
    points
        How many points were fitted.
    curve
        The fit as a scan Hc2(T) with its standard error, in the boundary's field unit.
    """

    model: str
    critical_field: Quantity
    critical_temperature: Quantity
    slope: Quantity
    coherence_length: Quantity
    reduced_chi_square: float
    akaike: float
    points: int
    curve: xr.DataArray


def fit_critical_field(
    boundary: xr.DataArray,
    model: str = "Ginzburg-Landau",
    *,
    maki: float = 0.0,
    spin_orbit: float = 0.0,
    start: float | None = None,
    stop: float | None = None,
) -> CriticalField:
    """Fit a model of the upper critical field to a phase boundary.

    Points that are NaN take no part; each counts by the error of its transition. Where chi-square says that these
    errors are too small, the errors of the result are scaled up.

    Parameters
    ----------
    boundary
        A boundary from :func:`napari_scantwin.physics.transitions.phase_boundary`: it maps field to transition
        temperature, or temperature to transition field.
    model
        "Ginzburg-Landau", "two-fluid" or "WHH"; the module's text has their formulas.
    maki, spin_orbit
        The Maki parameter and the spin-orbit scattering, both fixed (WHH only).
    start, stop
        The temperatures, in kelvin, between which points of the boundary are fitted; by default all are.

    Returns
    -------
    CriticalField
        Hc2(0) in T, Tc in K, the slope at Tc, the coherence length in nm, and the fitted curve.

    Raises
    ------
    ScanError
        Where the boundary is not one of temperature and field, has transitions at fewer than three fields, mixes
        warming and cooling, does not fall as the field grows, or the window is empty.

    References
    ----------
    N. R. Werthamer, E. Helfand, P. C. Hohenberg, Phys. Rev. 147, 295 (1966), equation 28 (WHH).
    """
    import lmfit  # takes a second to import, and the window needs it only here

    if model not in MODELS:
        raise ScanError(f"the model is one of {', '.join(MODELS)}, not {model!r}")
    kelvin, tesla, sigma, in_temperature, unit = _columns(boundary, start, stop)
    shape = _shape(model, maki, spin_orbit)
    parameters = lmfit.Parameters()
    parameters.add("tc", value=1.02 * kelvin.max(), min=0)
    parameters.add("hc", value=1.2 * tesla.max(), min=0)

    def residual(p):
        tc, hc = p["tc"].value, p["hc"].value
        # Errors in temperature weigh a field by the slope of the curve there.
        if in_temperature:
            step = _STEP * tc
            slope = (hc * shape((kelvin + step) / tc) - hc * shape((kelvin - step) / tc)) / (2 * step)
            weight = np.abs(slope) * sigma
            weight = np.hypot(weight, _LEAST_ERROR * hc)  # where the curve is flat the field is what is known
        else:
            weight = sigma
        return (tesla - hc * shape(kelvin / tc)) / weight

    found = lmfit.minimize(residual, parameters, scale_covar=False, method="leastsq")
    if not found.success or found.covar is None:
        raise ScanError(f"the {model} curve cannot be fitted to this boundary; its points lie too close together")
    freedom = len(kelvin) - 2
    chi = float(np.sum(found.residual**2) / freedom)
    covariance = found.covar * max(chi, 1.0)
    tc, hc = found.params["tc"].value, found.params["hc"].value
    tc_error, hc_error = np.sqrt(np.diag(covariance))
    slope = hc / tc * float(shape(np.array([1 - _STEP]))[0]) / _STEP
    jacobian = np.array([-slope / tc, slope / hc])
    length = np.sqrt(_FLUX_QUANTUM / (2 * np.pi * hc)) * 1e9
    return CriticalField(
        model,
        Quantity(float(hc), float(hc_error), "T"),
        Quantity(float(tc), float(tc_error), "K"),
        Quantity(float(slope), float(np.sqrt(jacobian @ covariance @ jacobian)), "T/K"),
        Quantity(float(length), float(0.5 * length * hc_error / hc), "nm"),
        chi,
        float(np.sum(found.residual**2) + 2 * 2),
        len(kelvin),
        _curve(shape, tc, hc, covariance, unit, model),
    )


def _columns(boundary: xr.DataArray, start: float | None, stop: float | None):
    """Temperatures (K), fields (T), the errors of what was fitted along, whether that is temperature, field unit."""
    scans.check(boundary)
    names = scans.axes(boundary)
    if len(names) != 1:
        raise ScanError("a critical field is fitted to a boundary with one slow axis")
    slow, slow_unit, unit = names[0], boundary[names[0]].attrs["units"], boundary.attrs["units"]
    values, places = np.asarray(boundary.values, float), np.asarray(boundary[slow].values, float)
    errors = np.full(values.shape, np.nan)
    if "standard_error" in boundary.coords:
        errors = np.asarray(boundary["standard_error"].values, float)
    good = np.isfinite(values)
    if is_kind(slow_unit, "magnetic field") and is_kind(unit, "temperature"):
        kelvin = units.convert(values, unit, "K")
        tesla, in_temperature, field_unit = np.abs(field_in_tesla(places, slow_unit)), True, slow_unit
        sigma = errors * abs(float(units.convert(1.0, unit, "K")) - float(units.convert(0.0, unit, "K")))
        least = _LEAST_ERROR * kelvin
    elif is_kind(unit, "magnetic field") and is_kind(slow_unit, "temperature"):
        kelvin = units.convert(places, slow_unit, "K")
        tesla, in_temperature, field_unit = np.abs(field_in_tesla(values, unit)), False, unit
        sigma = np.abs(field_in_tesla(errors, unit))
        least = np.full(values.shape, _LEAST_ERROR * np.nanmax(tesla))
    else:
        raise ScanError("a critical field needs a boundary of transition temperatures over field, or the other way")
    good &= within_temperatures(kelvin, start, stop)
    if good.sum() < 3:
        raise ScanError(
            f"a critical field needs a transition at three fields or more; this boundary has {good.sum()}"
            + window_in_words(start, stop)
        )
    if "direction" in boundary.coords:
        keys = list(zip(places[good], boundary["direction"].values[good], strict=True))
        if len(set(keys)) > len(np.unique(places[good])):
            raise ScanError(
                "the boundary holds rising and falling branches at one place; take it with direction='rising' or "
                "'falling', so that they are not mixed"
            )
    if np.ptp(tesla[good]) == 0 or np.ptp(kelvin[good]) == 0 or np.polyfit(tesla[good], kelvin[good], 1)[0] >= 0:
        raise ScanError("the transition does not fall as the field grows; this is no boundary of a critical field")
    usual = np.nanmedian(sigma[good]) if np.isfinite(sigma[good]).any() else 1.0
    sigma = np.maximum(np.where(np.isfinite(sigma), sigma, usual), least)
    return kelvin[good], tesla[good], sigma[good], in_temperature, field_unit


def _shape(model: str, maki: float, spin_orbit: float):
    """The reduced curve h(t), continued beyond t = 1 with its slope there so that a fit may pass it."""
    if model == "two-fluid":
        return lambda t: 1 - np.asarray(t, float) ** 2
    if model == "Ginzburg-Landau":
        return lambda t: (1 - np.asarray(t, float) ** 2) / (1 + np.asarray(t, float) ** 2)
    t, h = whh(maki, spin_orbit)
    slope = (h[-1] - h[-2]) / (t[-1] - t[-2])
    return lambda at: np.where(np.asarray(at) <= 1, np.interp(at, t, h), slope * (np.asarray(at) - 1))


@functools.cache
def whh(maki: float = 0.0, spin_orbit: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The reduced Werthamer-Helfand-Hohenberg curve.

    Parameters
    ----------
    maki, spin_orbit
        The Maki parameter and the spin-orbit scattering; with both zero it is the dirty limit without Pauli limiting.

    Returns
    -------
    t
        Reduced temperatures T/Tc [n] from 0 to 1.
    h
        h(t) = Hc2(T)/Hc2(0) [n].

    Raises
    ------
    ScanError
        Where the equation has no root for these parameters.

    References
    ----------
    N. R. Werthamer, E. Helfand, P. C. Hohenberg, Phys. Rev. 147, 295 (1966), equation 28.
    """
    t = np.concatenate([np.linspace(0.005, 0.98, _PLACES), 1 - np.geomspace(0.02, 1e-5, 30)[1:], [1.0]])
    bar = np.array([0.0 if at == 1 else _whh_field(at, maki, spin_orbit) for at in t])
    # Quadratic at low temperature: from the two lowest places to t = 0.
    zero = bar[0] + (bar[0] - bar[1]) * t[0] ** 2 / (t[1] ** 2 - t[0] ** 2)
    curve = np.concatenate([[0.0], t]), np.concatenate([[1.0], bar / zero])
    for column in curve:
        column.flags.writeable = False  # kept for the next call
    return curve


def _whh_field(t: float, maki: float, spin_orbit: float) -> float:
    """hbar(t) as the lowest root of the WHH equation."""
    half = spin_orbit / 2

    def wrong(bar: float) -> float:
        gamma = np.sqrt(complex((maki * bar) ** 2 - half**2))
        if abs(gamma) < 1e-9:
            gamma = 1e-9 + 0j
        ratio = 1j * spin_orbit / (4 * gamma)
        both = (0.5 + ratio) * digamma(0.5 + (bar + half + 1j * gamma) / (2 * t))
        both += (0.5 - ratio) * digamma(0.5 + (bar + half - 1j * gamma) / (2 * t))
        return float((both - digamma(0.5)).real) + float(np.log(t))

    upper = 1e-6
    while wrong(upper) < 0:
        upper *= 1.5
        if upper > 10:
            raise ScanError("the WHH equation has no root for this Maki parameter and spin-orbit scattering")
    return brentq(wrong, 0.0, upper) if wrong(0.0) < 0 else 0.0


def _curve(shape, tc: float, hc: float, covariance: np.ndarray, unit: str, model: str) -> xr.DataArray:
    kelvin = np.linspace(0, tc, _PLACES)
    values = hc * shape(kelvin / tc)
    by_tc = hc * (shape(kelvin / (tc * (1 + _STEP))) - shape(kelvin / (tc * (1 - _STEP)))) / (2 * _STEP * tc)
    jacobian = np.stack([by_tc, shape(kelvin / tc)], axis=1)
    errors = np.sqrt(np.einsum("ni,ij,nj->n", jacobian, covariance, jacobian))
    return scans.gridded_scan(
        {"temperature": (kelvin, "K")},
        in_field_unit(values, unit),
        name="critical_field",
        unit=unit,
        errors=in_field_unit(errors, unit),
        long_names={"critical_field": "upper critical field"},
        attrs={"kind": "fitted", "model": model},
    )
