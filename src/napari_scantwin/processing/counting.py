"""How well each value of a curve is known, for fits: from the scan's errors, from counting, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing.rebuild import values_of
from napari_scantwin.processing.steps import history

if TYPE_CHECKING:
    import lmfit

__all__ = ["counts", "fit_weighted"]

#: Steps that leave counts counts.
_KEEP_COUNTS = {"crop", "leave_out_unseen", "counting_errors"}


def counts(scan: xr.DataArray) -> bool:
    """Whether the values are counts as they were counted, so that their variance is their mean: whole numbers of unit
    count, measured and not a twin's, after no steps but those that leave counts counts."""
    if (
        not _whole(values_of(scan))
        or units.standard(scan.attrs["units"]) != "count"
        or scan.attrs.get("kind", "measured") != "measured"
    ):
        return False
    return all(
        entry["step"] in _KEEP_COUNTS
        or (entry["step"] in ("bin", "take_slice") and entry["parameters"].get("how") == "sum")
        or (entry["step"] == "take_slice" and entry["parameters"].get("width") == 0)
        for entry in history(scan)
    )


def _whole(values: np.ndarray) -> bool:
    seen = values[np.isfinite(values)]
    return bool((seen >= 0).all() and (seen == np.round(seen)).all())


def fit_weighted(
    model: Callable[[lmfit.Parameters], np.ndarray],
    values: np.ndarray,
    errors: np.ndarray | None,
    parameters: lmfit.Parameters,
    counted: bool = False,
) -> tuple[lmfit.minimizer.MinimizerResult, np.ndarray, float]:
    """Fit values by weighted least squares.

    Known errors weigh the values, and the covariance is only ever scaled up, where chi-square says that the errors are
    too small. Counts are weighted by the variance that the fitted model gives (fitted twice: weighting by the counts
    themselves would pull the fit down). Where nothing is known all values weigh alike, the scatter gives the
    covariance, and chi-square says nothing (NaN).

    Parameters
    ----------
    model
        From parameters to the modelled values [n].
    values
        What is fitted [n].
    errors
        One standard deviation of each value [n], or None.
    parameters
        lmfit's parameters, at their start.
    counted
        Whether the values are counts; used only where there are no ``errors``.

    Returns
    -------
    tuple
        lmfit's result, the covariance of its free parameters [k, k], and the reduced chi-square.

    Raises
    ------
    ScanError
        Where there are too few values for the free parameters.
    """
    import lmfit  # takes a second, and menus need the steps only

    free = sum(one.vary for one in parameters.values())
    if len(values) <= free:
        raise ScanError(f"{len(values)} values are too few for {free} parameters; take a wider window or fewer peaks")
    known = errors is not None or counted
    sigma = np.ones(len(values))
    if errors is not None:
        usual = np.median(errors[errors > 0]) if (errors > 0).any() else 1.0
        sigma = np.maximum(errors, 1e-3 * usual)  # an error of zero would be infinite weight
    elif counted:
        sigma = np.sqrt(np.maximum(values, 1.0))
    found = None
    for _ in range(2 if counted and errors is None else 1):
        found = lmfit.minimize(
            lambda p, weight=sigma: (model(p) - values) / weight,
            parameters if found is None else found.params,
            scale_covar=False,
            max_nfev=400 * (free + 1),
        )
        if counted and errors is None:
            sigma = np.sqrt(np.maximum(model(found.params), 0.5))
    residual = (model(found.params) - values) / sigma
    chi = float(np.sum(residual**2) / (len(values) - free))
    covariance = getattr(found, "covar", None)
    if covariance is None or not np.isfinite(covariance).all():
        covariance = _covariance(model, found.params, sigma)
    return found, covariance * (max(chi, 1.0) if known else chi), chi if known else float("nan")


def _covariance(model, parameters: lmfit.Parameters, sigma: np.ndarray) -> np.ndarray:
    """The covariance where lmfit gives none (a parameter at its bound); of what changes nothing it is infinite."""
    names = [name for name, one in parameters.items() if one.vary]
    columns = []
    for name in names:
        one = parameters[name]
        at = one.value
        reach = 1e-5 * max(abs(at), 1e-3)
        low, high = max(at - reach, one.min), min(at + reach, one.max)
        one.value = high
        above = model(parameters)
        one.value = low
        columns.append((above - model(parameters)) / (high - low) / sigma)
        one.value = at
    jacobian = np.stack(columns, axis=1)
    size = np.linalg.norm(jacobian, axis=0)
    told = size > 1e-12 * size.max()
    covariance = np.full((len(names),) * 2, 0.0)
    scaled = jacobian[:, told] / size[told]
    covariance[np.ix_(told, told)] = np.linalg.pinv(scaled.T @ scaled) / np.outer(size[told], size[told])
    covariance[~told, ~told] = np.inf
    return covariance
