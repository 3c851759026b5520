"""The field exponent of the entropy change, and the order of the transition inferred from it.

    n(T, H) = d ln|dS| / d ln H = mu0 H (dM/dT)(T, H) / dS(T, H)

Far below a second-order transition n tends to 1, far above to 2, and at the transition it has a minimum (2/3 in
mean-field theory). A first-order transition shows as an overshoot n > 2 near it: J. Y. Law, V. Franco et al.,
Nat. Commun. 9, 2680 (2018). The exponent is only meant for a change that starts at zero field; where the integral
starts at a field that is not small against H the exponent is biased there, and the first fields are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity, weighted_std
from napari_scantwin.physics.ensemble import Ensemble, spread
from napari_scantwin.physics.maxwell import derivative_matrix

__all__ = ["Order", "exponent_ensemble", "field_exponent", "transition_order"]

#: The exponent is given where |dS| is at least this share of its largest at that field, and this many errors.
_LEAST_SHARE, _LEAST_ERRORS = 0.05, 3.0
#: How far, in errors, n must exceed 2 to indicate a first-order transition.
_SURE = 2.0


@dataclass(frozen=True)
class Order:
    """The order of the transition, as the exponent shows it.

    Parameters
    ----------
    first
        Whether it is of first order; None where the errors do not allow to say.
    largest
        The largest exponent, a number with its error.
    temperature
        Where it lies, in K.
    field, field_unit
        The field it lies at, in its unit.
    sentence
        The outcome in words.
    """

    first: bool | None
    largest: Quantity
    temperature: float
    field: float
    field_unit: str
    sentence: str


def field_exponent(change: Ensemble | xr.DataArray) -> xr.DataArray:
    """The local exponent n(T, H) = d ln|dS| / d ln H of an entropy change.

    Parameters
    ----------
    change
        An entropy change, as an ensemble of :func:`napari_scantwin.physics.magnetocaloric.entropy_ensemble` or as a
        scan; of a scan without samples, the errors of its points are taken to be independent.

    Returns
    -------
    xarray.DataArray
        n (a pure number) over the same axes with its ``standard_error``; NaN where the entropy change is too small to
        determine it.

    Raises
    ------
    ScanError
        Where there are fewer than three fields.

    References
    ----------
    J. Y. Law, V. Franco et al., Nat. Commun. 9, 2680 (2018).
    """
    return exponent_ensemble(change if isinstance(change, Ensemble) else Ensemble.of(change)).scan


def exponent_ensemble(ensemble: Ensemble) -> Ensemble:
    """The exponent n(T, H) = d ln|dS| / d ln H of an entropy change, with its samples.

    ln|dS| is differentiated over ln H by parabolas through three neighbouring fields, so at least three are needed.

    Parameters
    ----------
    ensemble
        An entropy change from :func:`napari_scantwin.physics.magnetocaloric.entropy_ensemble`.

    Returns
    -------
    Ensemble
        The exponent and its samples over the same axes, NaN where the entropy change is too small to determine it.

    Raises
    ------
    ScanError
        Where there are fewer than three fields.
    """
    scan = ensemble.scan
    fields = np.abs(np.asarray(scan["magnetic_field"].values, float))
    if len(fields) < 3:
        raise ScanError("the field exponent needs the entropy change at three fields or more")
    values = np.asarray(scan.values, float)
    errors = weighted_std(ensemble.samples, ensemble.weights, values)
    shown = np.abs(values) >= _LEAST_SHARE * np.abs(values).max(axis=1, keepdims=True)
    shown &= np.abs(values) >= _LEAST_ERRORS * errors
    # Through a change of sign the logarithm has no slope: all three fields of a parabola must agree.
    sign = np.sign(values)
    same = np.ones(values.shape, bool)
    same[1:-1] = (sign[1:-1] == sign[:-2]) & (sign[1:-1] == sign[2:])
    same[0] = (sign[0] == sign[1]) & (sign[0] == sign[2])
    same[-1] = (sign[-1] == sign[-2]) & (sign[-1] == sign[-3])
    order = np.argsort(fields)
    slope = np.zeros((len(fields), len(fields)))
    slope[np.ix_(order, order)] = derivative_matrix(np.log(fields[order])).toarray()

    def exponent(change: np.ndarray) -> np.ndarray:
        tiny = np.finfo(float).tiny
        return np.where(shown & same, slope @ np.log(np.maximum(np.abs(change), tiny)), np.nan)

    mean = exponent(values)
    samples = np.stack([exponent(sample) for sample in ensemble.samples])
    result = scans.gridded_scan(
        {name: (scan[name].values, scan[name].attrs["units"]) for name in ("magnetic_field", "temperature")},
        mean,
        name="field_exponent",
        unit="dimensionless",
        errors=weighted_std(np.where(np.isnan(samples), 0.0, samples), ensemble.weights, np.nan_to_num(mean)),
        long_names={"field_exponent": "field exponent of the entropy change"},
        attrs={key: value for key, value in scan.attrs.items() if key not in ("units", "long_name", "axes")},
    )
    return Ensemble(result, samples, ensemble.weights)


def transition_order(ensemble: Ensemble) -> Order:
    """The order of the transition by the quantitative criterion: first order where n exceeds 2 near the peak.

    It has to exceed 2 by more than two errors. Only fields in the upper half and temperatures where |dS| is at least a
    fifth of its largest are looked at, so that the noise of the tails decides nothing.

    Parameters
    ----------
    ensemble
        An entropy change from :func:`napari_scantwin.physics.magnetocaloric.entropy_ensemble`.

    Returns
    -------
    Order
        The outcome, the largest exponent and where it lies.

    Raises
    ------
    ScanError
        Where there are fewer than three fields, or the entropy change is too uncertain near its peak.

    References
    ----------
    J. Y. Law, V. Franco et al., Nat. Commun. 9, 2680 (2018).
    """
    found = exponent_ensemble(ensemble)
    n = np.asarray(found.scan.values, float)
    values = np.abs(np.asarray(ensemble.scan.values, float))
    fields = np.abs(np.asarray(ensemble.scan["magnetic_field"].values, float))
    near = np.isfinite(n) & (values >= 0.2 * values.max(axis=1, keepdims=True)) & (fields >= fields.max() / 2)[:, None]
    if not near.any():
        raise ScanError("the entropy change is too uncertain near its peak to tell the exponent")
    # The largest by its lower error bound: of thousands of places one always sticks out by its noise.
    errors = np.asarray(found.scan["standard_error"].values, float)
    place = np.unravel_index(np.argmax(np.where(near, n - _SURE * errors, -np.inf)), n.shape)
    largest = Quantity(float(n[place]), spread(found.samples[(slice(None), *place)], found.weights), "dimensionless")
    if largest.value - _SURE * largest.error > 2:
        first, words = True, "n exceeds 2 near the transition: it is of first order"
    elif np.nanmax(np.where(near, n + _SURE * errors, -np.inf)) <= 2 + 1e-9 or largest.error < 0.1:
        first, words = False, "n does not exceed 2 beyond its error: no sign of a first-order transition"
    else:
        first, words = None, "the errors of n are too large to tell the order"
    kelvin = float(found.scan["temperature"].values[place[1]])
    field = float(found.scan["magnetic_field"].values[place[0]])
    return Order(first, largest, kelvin, field, found.scan["magnetic_field"].attrs["units"], words)
