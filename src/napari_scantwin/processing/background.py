"""Backgrounds: a constant, and Shirley's."""

from __future__ import annotations

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import fast_axis
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.linear import apply_along
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.steps import step
from napari_scantwin.processing.windows import window_parameters, within

__all__ = ["shirley", "subtract_constant", "subtract_shirley"]

_ROUNDS = 100
_CONVERGED = 1e-6


@step(
    "subtract_constant",
    "Subtract a constant background",
    "Background",
    parameters=(
        Parameter("axis", "Window along", "axis", fast_axis, explanation="Usually energies above the Fermi level."),
        *window_parameters("axis", "the background is the mean of"),
        Parameter(
            "each",
            "Of each curve",
            "flag",
            False,
            explanation="Yes: each curve's own mean; no: one number for the whole scan.",
        ),
        Parameter(
            "value", "Or this value", unit_of="value", optional=True, explanation="Subtracted instead of a mean."
        ),
    ),
)
def subtract_constant(scan, *, axis, start, stop, each, value):
    """Subtract the mean of a window, of each curve or of the whole scan, or a number: I - B.

    The mean's own error is added in squares to the scan's.
    """
    values, errors = values_of(scan), errors_of(scan)
    number = scan.dims.index(axis)
    if value is not None:
        return rebuild(scan, (values - value).astype(values.dtype, copy=False), errors=errors)
    inside = within(scan, axis, start, stop)
    axes = number if each else tuple(range(scan.ndim))
    part = np.compress(inside, values, axis=number)
    seen = np.isfinite(part)
    count = seen.sum(axis=axes, keepdims=True)
    if not count.any():
        raise ScanError("the background's window holds no measured value; choose another window")
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.where(seen, part, 0).astype(float).sum(axis=axes, keepdims=True) / count
        if errors is not None:
            own = np.where(seen, np.compress(inside, errors, axis=number) ** 2, 0)
            errors = np.sqrt(errors**2 + own.sum(axis=axes, keepdims=True) / count**2)
    return rebuild(scan, (values - level).astype(values.dtype, copy=False), errors=errors)


@step(
    "subtract_shirley",
    "Subtract a Shirley background",
    "Background",
    parameters=(
        Parameter(
            "points",
            "Values at either end",
            "integer",
            3,
            minimum=1,
            maximum=1000,
            explanation="How many values at either end are averaged to give the levels before and after the peak.",
        ),
    ),
    needs=("energy",),
    source="D. A. Shirley, Phys. Rev. B 5, 4709 (1972)",
)
def subtract_shirley(scan, *, points):
    """Subtract Shirley's background of inelastically scattered electrons from every curve along the energy.

    B(E) = I_high + (I_low - I_high) * ∫_E^E_high (I - B) / ∫_E_low^E_high (I - B), solved by iteration; I_low and
    I_high are the means of the first and last measured values. The background is taken as exact: errors stay.
    """
    axis = fast_axis(scan)
    values = values_of(scan)
    energy = np.asarray(units.convert(scan[axis].values, scan[axis].attrs["units"], "eV"), float)
    fewest = 2 * points + 1
    if len(energy) < fewest:
        raise ScanError(f"a Shirley background of {points} values at either end needs {fewest} energies or more")
    rising = np.argsort(energy, kind="stable")

    def per_curve(block: np.ndarray) -> np.ndarray:
        below = np.full(block.shape, np.nan)
        whole = np.isfinite(block).all(axis=0)
        if whole.any():
            below[np.ix_(rising, whole)] = shirley(energy[rising], block[np.ix_(rising, whole)], points)
        for column in np.flatnonzero(~whole):
            seen = rising[np.isfinite(block[rising, column])]
            if len(seen) >= fewest:
                below[seen, column] = shirley(energy[seen], block[seen, column][:, None], points)[:, 0]
        return below

    below = apply_along(values.astype(float), scan.dims.index(axis), per_curve)
    return rebuild(scan, (values - below).astype(values.dtype, copy=False), errors=errors_of(scan))


def shirley(energy: np.ndarray, curves: np.ndarray, points: int = 3) -> np.ndarray:
    """Shirley's background of inelastically scattered electrons under some curves.

    B(E) = I_high + (I_low - I_high) * ∫_E^E_high (I - B) / ∫_E_low^E_high (I - B), iterated until no curve changes by
    more than a millionth of its height. A curve of mere noise, whose area above its background is zero, may never
    settle and is left after a hundred iterations.

    Parameters
    ----------
    energy
        Rising energies [n].
    curves
        The intensities [n, m], one curve a column, without holes.
    points
        How many values at either end are averaged for I_low and I_high.

    Returns
    -------
    numpy.ndarray
        The background [n, m], in the unit of the curves.

    References
    ----------
    D. A. Shirley, Phys. Rev. B 5, 4709 (1972).
    """
    below = np.broadcast_to(curves[-points:].mean(axis=0), curves.shape).astype(float)
    steps = np.diff(energy)[:, None]
    left = np.arange(curves.shape[1])
    for _ in range(_ROUNDS):
        mine = curves[:, left]
        low, high = mine[:points].mean(axis=0), mine[-points:].mean(axis=0)
        signal = mine - below[:, left]
        pieces = 0.5 * (signal[1:] + signal[:-1]) * steps
        above = np.concatenate([np.cumsum(pieces[::-1], axis=0)[::-1], np.zeros((1, len(left)))])
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(above[0] != 0, above / above[0], 0)
        found = high + (low - high) * np.clip(share, 0, 1)
        changed = np.abs(found - below[:, left]).max(axis=0) > _CONVERGED * np.ptp(mine, axis=0)
        below[:, left] = found
        left = left[changed]
        if not len(left):
            break
    return below
