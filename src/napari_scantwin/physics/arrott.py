"""Arrott plots: isotherms of M^(1/beta) against (H/M)^(1/gamma).

With mean-field exponents (beta = 1/2, gamma = 1) the isotherms of a second-order transition are straight at high
field and the one at the Curie temperature passes through the origin (A. Arrott, Phys. Rev. 108, 1394 (1957)). A
negative slope indicates a first-order transition (S. K. Banerjee, Phys. Lett. 12, 16 (1964)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.core.sample import Sample
from napari_scantwin.physics.branches import Branch, axis_in, axis_of_kind, branches, in_direction, refuse_mixed
from napari_scantwin.physics.magnetization import _BASES, field_in_tesla, per_basis

__all__ = ["ArrottLines", "arrott", "arrott_lines"]

_TWIN_FIELDS = 40


@dataclass(frozen=True)
class ArrottLines:
    """Straight lines through the upper half of every isotherm of an Arrott plot.

    Parameters
    ----------
    kelvin
        The isotherms' temperatures [t], in K.
    intercept, intercept_error
        The lines' intercepts [t] and their standard errors, in the plot's units.
    slope, slope_error
        The lines' slopes [t] and their standard errors.
    curie_temperature
        Where the intercept passes through zero, in K.
    most_negative_slope
        The most negative slope in units of its error; below -2 it indicates a first-order transition by Banerjee's
        criterion.
    """

    kelvin: np.ndarray
    intercept: np.ndarray
    intercept_error: np.ndarray
    slope: np.ndarray
    slope_error: np.ndarray
    curie_temperature: Quantity
    most_negative_slope: float


def arrott(
    scan: xr.DataArray,
    *,
    sample: Sample | None = None,
    per: str | None = None,
    beta: float = 0.5,
    gamma: float = 1.0,
    temperatures: np.ndarray | None = None,
    direction: str | None = None,
    twin=None,
) -> xr.DataArray:
    """Arrott-plot data: isotherms of M^(1/beta) against (mu0 H / M)^(1/gamma).

    Readings with M or H not positive have no place in the plot and are left out; where all fields are negative the
    signs of both are reversed.

    Parameters
    ----------
    scan
        Moments or magnetizations over temperature and magnetic field, in either order.
    sample
        The sample's numbers, added to what the file says.
    per
        What M is counted by, see :func:`napari_scantwin.physics.magnetization.per_basis`.
    beta, gamma
        The critical exponents; by default those of mean-field theory.
    temperatures
        The isotherms [t], in the scan's unit: by default the measured ones, or, of temperature sweeps, twenty over the
        shared range.
    direction
        Picks the "rising" or "falling" branches where sweeps go both ways.
    twin
        A twin of the scan; it gives isotherms of forty fields.

    Returns
    -------
    xarray.DataArray
        A ragged scan: slow axis ``temperature`` (K), fast axis ``field_over_magnetization``, values
        ``magnetization_power``, in powers of SI units (mu0 H in tesla).

    Raises
    ------
    ScanError
        Where the scan has other axes, a number of the sample is missing, or fewer than three readings have a positive
        field and magnetization.

    References
    ----------
    A. Arrott, Phys. Rev. 108, 1394 (1957).
    """
    temperature, field = axis_of_kind(scan, "temperature"), axis_of_kind(scan, "magnetic field")
    if len(scans.axes(scan)) != 2:
        raise ScanError("an Arrott plot needs a scan with two axes, temperature and magnetic field")
    factor, per = per_basis(scan.attrs["units"], Sample.of_both(scan, sample), per)
    if twin is not None:
        table = _from_twin(twin, temperature, field, temperatures)
    elif scans.axes(scan)[-1] == field:
        table = _isotherms(scan, temperature, temperatures, direction)
    else:
        table = _across(scan, temperature, field, temperatures, direction)
    kelvin, fields, moment, errors = (np.concatenate(column) for column in zip(*table, strict=True))
    kelvin = axis_in(scan, temperature, kelvin, "K")
    tesla, m, error = field_in_tesla(fields, scan[field].attrs["units"]), factor * moment, factor * errors
    if tesla.max() <= 0:  # of both signs only the positive fields count: a loop keeps its moment through zero
        tesla, m = -tesla, -m
    good = (tesla > 0) & (m > 0)
    if good.sum() < 3:
        raise ScanError("fewer than three readings have a positive field and magnetization; there is nothing to plot")
    kelvin, tesla, m, error = kelvin[good], tesla[good], m[good], error[good]
    # By field, not by H/M: along the isotherms of a first-order transition H/M goes back and forth.
    order = np.lexsort((tesla, kelvin))
    _, number = np.unique(kelvin[order], return_inverse=True)
    unit = _BASES[per]
    return scans.ragged_scan(
        {
            "temperature": (kelvin[order], "K"),
            "field_over_magnetization": ((tesla / m)[order] ** (1 / gamma), f"(T/({unit}))**{1 / gamma!r}"),
        },
        m[order] ** (1 / beta),
        name="magnetization_power",
        unit=f"({unit})**{1 / beta!r}",
        errors=(error * m ** (1 / beta - 1) / beta)[order],
        sweep=number,
        attrs={"kind": "derived", "beta": beta, "gamma": gamma, "counted_per": per},
    )


def _one_way(scan, slow: str, direction: str | None) -> list[Branch]:
    """The branches of one direction; those of a loop are never mixed."""
    found = in_direction(branches(scan), direction)
    places = scans.set_points(np.array([row.slow[slow] for row in found]))
    for place in np.unique(places):
        refuse_mixed([row for row, own in zip(found, places, strict=True) if own == place])
    return found


def _isotherms(scan, temperature, wanted, direction):
    found = _one_way(scan, temperature, direction)
    if wanted is not None:
        known = np.array([row.slow[temperature] for row in found])
        found = [found[int(np.argmin(np.abs(known - one)))] for one in wanted]
    return [(np.full(len(row.fast), row.slow[temperature]), row.fast, row.values, row.errors) for row in found]


def _across(scan, temperature, field, wanted, direction):
    """Isotherms read across temperature sweeps, linear between neighbouring temperatures."""
    found = _one_way(scan, field, direction)
    low, high = max(row.fast[0] for row in found), min(row.fast[-1] for row in found)
    if wanted is None:
        wanted = np.linspace(low, high, 20)
    wanted = np.asarray(wanted, float)
    if (wanted < low).any() or (wanted > high).any():
        raise ScanError(f"all sweeps share {low:.5g} to {high:.5g} {scan[temperature].attrs['units']} only")
    fields = np.array([row.slow[field] for row in found])
    values = np.stack([np.interp(wanted, row.fast, row.values) for row in found], axis=1)
    errors = np.stack([np.interp(wanted, row.fast, row.errors) for row in found], axis=1)
    return [
        (np.full(len(fields), one), fields, value, error)
        for one, value, error in zip(wanted, values, errors, strict=True)
    ]


def _from_twin(twin, temperature, field, wanted):
    own, fields = (np.asarray(twin.scan[name].values, float) for name in (temperature, field))
    wanted = np.linspace(own.min(), own.max(), 20) if wanted is None else np.asarray(wanted, float)
    fields = np.linspace(fields.min(), fields.max(), _TWIN_FIELDS)
    mesh = dict(zip((temperature, field), np.meshgrid(wanted, fields, indexing="ij"), strict=True))
    mean, std = twin.predict(np.stack([mesh[name].ravel() for name in twin.axes], axis=1))
    shape = (len(wanted), len(fields))
    return list(zip(mesh[temperature], mesh[field], mean.reshape(shape), std.reshape(shape), strict=True))


def arrott_lines(plot: xr.DataArray) -> ArrottLines:
    """Fit straight lines to the upper half (by field) of every isotherm of an Arrott plot, weighted by errors.

    Parameters
    ----------
    plot
        The ragged scan that :func:`arrott` gives.

    Returns
    -------
    ArrottLines
        Intercepts and slopes with errors, the Curie temperature, and the most negative slope.

    Raises
    ------
    ScanError
        Where no isotherm has three readings or more.

    References
    ----------
    S. K. Banerjee, Phys. Lett. 12, 16 (1964).
    """
    table = scans.points(plot)
    kelvin, found = [], []
    for number in np.unique(table.sweep):
        rows = np.flatnonzero(table.sweep == number)
        rows = rows[len(rows) // 2 :] if len(rows) >= 6 else rows[-3:]
        if len(rows) < 3:
            continue
        x, y = table.coordinates[rows, 1], table.values[rows]
        errors = np.ones(len(rows)) if table.errors is None else table.errors[rows]
        weight = 1 / np.maximum(errors, 1e-6 * np.abs(y).max())
        design = np.stack([np.ones(len(x)), x], axis=1) * weight[:, None]
        solved, residual, _, _ = np.linalg.lstsq(design, y * weight, rcond=None)
        covariance = np.linalg.pinv(design.T @ design)
        # Never less than the scatter about the line says: isotherms are not quite straight.
        scale = max(1.0, float(residual[0]) / max(len(x) - 2, 1) if len(residual) else 1.0)
        kelvin.append(table.coordinates[rows[0], 0])
        found.append((*solved, *np.sqrt(scale * np.diag(covariance))))
    if not found:
        raise ScanError("no isotherm has three readings or more; an Arrott line needs them")
    intercept, slope, intercept_error, slope_error = np.array(found).T
    kelvin = np.array(kelvin)
    return ArrottLines(
        kelvin,
        intercept,
        intercept_error,
        slope,
        slope_error,
        _curie(kelvin, intercept, intercept_error),
        float((slope / slope_error).min()),
    )


def _curie(kelvin: np.ndarray, intercept: np.ndarray, errors: np.ndarray) -> Quantity:
    """Where the intercept falls through zero, linear between the isotherms on either side; else NaN."""
    falling = np.flatnonzero((intercept[:-1] > 0) & (intercept[1:] <= 0))
    if not len(falling):
        return Quantity(float("nan"), float("nan"), "K")
    k = int(falling[-1])
    rise = (intercept[k + 1] - intercept[k]) / (kelvin[k + 1] - kelvin[k])
    return Quantity(float(kelvin[k] - intercept[k] / rise), float(np.hypot(*errors[k : k + 2]) / 2 / abs(rise)), "K")
