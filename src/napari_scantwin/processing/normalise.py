"""Normalising: by the detector's profile, by area, by a mirror current or another read-back.

Every divisor is itself divided by its mean first, so that the intensity keeps its unit and its size. The divisor's own
error is neglected (it is a mean of many values).
"""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.axis_roles import axes_of, coordinates_of, fast_axis, slit_angle
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.steps import step
from napari_scantwin.processing.windows import window_parameters, within

__all__ = ["detector_profile", "normalise_by_area", "normalise_by_profile", "normalise_by_readback"]


def _slit_or_first(scan: xr.DataArray) -> str:
    return slit_angle(scan) or (axes_of(scan, "momentum") or scans.axes(scan))[0]


def _divided(scan: xr.DataArray, divisor: np.ndarray, what: str) -> xr.DataArray:
    """The scan divided by ``divisor`` (broadcast) over its mean; places where it is not positive become NaN."""
    divisor = np.where(np.isfinite(divisor) & (divisor > 0), divisor, np.nan)
    if not np.isfinite(divisor).any():
        raise ScanError(f"{what} is nowhere positive, so that nothing can be divided by it")
    divisor = divisor / np.nanmean(divisor)
    values, errors = values_of(scan), errors_of(scan)
    return rebuild(
        scan,
        (values / divisor).astype(values.dtype, copy=False),
        errors=None if errors is None else errors / np.abs(divisor),
    )


def _mean(values: np.ndarray, axes) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing but holes is a hole
        return np.nanmean(values, axis=axes, keepdims=True)


def detector_profile(reference: xr.DataArray, axis: str | None = None) -> list[float]:
    """The mean of a reference scan (amorphous gold, light of second order) over everything but one axis.

    Parameters
    ----------
    reference
        The reference measurement, with the same channels as the scans it is used for.
    axis
        The axis of the channels; by default the angle along the slit.

    Returns
    -------
    list of float
        One number a channel, for ``profile`` of :func:`normalise_by_profile`.
    """
    scans.check(reference)
    axis = axis or _slit_or_first(reference)
    others = tuple(i for i, name in enumerate(reference.dims) if name != axis)
    return [float(one) for one in _mean(values_of(reference), others).ravel()]


@step(
    "normalise_by_profile",
    "Normalise by detector profile",
    "Normalise",
    parameters=(
        Parameter(
            "axis", "Channels along", "axis", _slit_or_first, explanation="The axis the detector's gain varies along."
        ),
        Parameter(
            "along", "Averaged along", "axis", fast_axis, explanation="The axis that the window below is taken of."
        ),
        *window_parameters("along", "the profile is averaged over"),
        Parameter(
            "profile",
            "Profile of a reference",
            "numbers",
            optional=True,
            explanation="One number a channel, of a reference measurement; empty: this scan's own mean.",
        ),
    ),
    axes=2,
)
def normalise_by_profile(scan, *, axis, along, start, stop, profile):
    """Divide every channel by the detector's profile: I(θ, ...) / (p(θ) / mean p).

    p is the mean of the intensity over all other axes, within a window of one of them: energies above the Fermi level
    (light of second order) or far below it serve, where the sample's own intensity does not depend on the channel. Or
    p is the profile of a reference measurement.
    """
    number = scan.dims.index(axis)
    if profile is not None:
        if len(profile) != scan.sizes[axis]:
            raise ScanError(
                f"the profile has {len(profile)} numbers and the scan {scan.sizes[axis]} channels of {axis}"
            )
        shape = [1] * scan.ndim
        shape[number] = -1
        return _divided(scan, np.reshape(profile, shape), "the profile")
    if along == axis:
        raise ScanError(f"the profile along {axis} is averaged along another axis; choose one")
    inside = within(scan, along, start, stop)
    values = np.compress(inside, values_of(scan), axis=scan.dims.index(along))
    return _divided(scan, _mean(values, tuple(i for i in range(scan.ndim) if i != number)), "the detector's profile")


@step(
    "normalise_by_area",
    "Normalise by area",
    "Normalise",
    parameters=(
        Parameter(
            "axis", "Area along", "axis", fast_axis, explanation="Each curve along this axis gets the same area."
        ),
        *window_parameters("axis", "the area is taken over"),
    ),
)
def normalise_by_area(scan, *, axis, start, stop):
    """Give every curve along an axis the same area: I / (A / mean A), A the curve's mean over a window.

    Values that were not measured take no part; a curve whose mean is not positive becomes NaN.
    """
    inside = within(scan, axis, start, stop)
    number = scan.dims.index(axis)
    return _divided(scan, _mean(np.compress(inside, values_of(scan), axis=number), number), "the area")


@step(
    "normalise_by_readback",
    "Normalise by mirror current",
    "Normalise",
    parameters=(
        Parameter(
            "coordinate",
            "Read-back",
            "coordinate",
            lambda scan: next((name for name in coordinates_of(scan) if "current" in name.lower()), None),
            explanation="The read-back to divide by: mirror or ring current, exposure, number of sweeps.",
        ),
    ),
)
def normalise_by_readback(scan, *, coordinate):
    """Divide every slice by a read-back taken with it, over the read-back's mean: I / (c / mean c)."""
    shape = [1] * scan.ndim
    shape[scan.dims.index(scan[coordinate].dims[0])] = -1
    return _divided(scan, np.asarray(scan[coordinate].values, float).reshape(shape), f"the read-back {coordinate}")
