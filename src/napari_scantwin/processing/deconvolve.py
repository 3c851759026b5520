"""Deconvolution: taking a Gaussian resolution out of a scan by Richardson and Lucy's iteration or Wiener's filter."""

from __future__ import annotations

import numpy as np

from napari_scantwin.core.axis_roles import fast_axis
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.progress import tell
from napari_scantwin.processing.linear import apply_along, gaussian, per_fwhm
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.steps import step
from napari_scantwin.processing.windows import few_steps

__all__ = ["deconvolve_richardson_lucy", "deconvolve_wiener"]

_AXIS = Parameter("axis", "Along", "axis", fast_axis)
_FWHM = Parameter(
    "fwhm",
    "Resolution (FWHM)",
    unit_of="axis",
    minimum=0,
    above=True,
    default=few_steps,
    explanation="Full width at half maximum of the Gaussian resolution.",
)


@step(
    "deconvolve_richardson_lucy",
    "Deconvolve (Richardson-Lucy)",
    "Sharpen",
    parameters=(
        _AXIS,
        _FWHM,
        Parameter(
            "rounds", "Rounds", "integer", 20, minimum=1, maximum=10000, explanation="More: sharper and noisier."
        ),
    ),
    source="W. H. Richardson, J. Opt. Soc. Am. 62, 55 (1972); L. B. Lucy, Astron. J. 79, 745 (1974)",
)
def deconvolve_richardson_lucy(scan, *, axis, fwhm, rounds):
    """Take the Gaussian resolution out along one axis: the likeliest intensity u >= 0 for counting noise on d = Gu.

    Iterated from the scan's mean: u <- u * Gᵀ(w d / Gu) / Gᵀw, where G is the resolution (steps may be uneven) and w is
    0 at holes and 1 elsewhere. Negative intensities are taken as 0. Stopping early is what keeps noise down; no errors
    are carried through.
    """
    matrix = gaussian(np.asarray(scan[axis].values, float), fwhm * per_fwhm)

    def iterate(block: np.ndarray) -> np.ndarray:
        seen = np.isfinite(block)
        data = np.where(seen, np.maximum(block, 0), 0).astype(float)
        weight = matrix.T @ seen.astype(float)
        count = np.maximum(seen.sum(axis=0), 1)
        found = np.broadcast_to(np.maximum(data.sum(axis=0) / count, np.finfo(float).tiny), data.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            for _ in range(rounds):
                tell()
                ratio = np.where(seen, data / np.maximum(matrix @ found, np.finfo(float).tiny), 0)
                found = np.where(weight > 1e-12, found * (matrix.T @ ratio) / weight, 0)
        return np.where(seen, found, np.nan)

    values = values_of(scan)
    done = apply_along(values, scan.dims.index(axis), iterate)
    return rebuild(scan, done.astype(values.dtype, copy=False))


@step(
    "deconvolve_wiener",
    "Deconvolve (Wiener)",
    "Sharpen",
    parameters=(
        _AXIS,
        _FWHM,
        Parameter(
            "noise",
            "Noise to signal",
            default=0.1,
            minimum=0,
            above=True,
            explanation="Ratio of the noise's amplitude to the signal's, alike at all frequencies: small is sharper.",
        ),
    ),
    source="N. Wiener, Extrapolation, Interpolation, and Smoothing of Stationary Time Series (1949)",
)
def deconvolve_wiener(scan, *, axis, fwhm, noise):
    """Take the Gaussian resolution out along one axis by Wiener's filter, with one noise-to-signal amplitude ratio q.

    u = (GᵀG + q² 1)⁻¹ Gᵀ d about each curve's mean. On even steps far from the ends this is G* / (|G|² + q²) at every
    frequency; as a matrix it works for uneven steps and holes too (left out). It is linear, so that errors are carried
    through; it may ring below zero beside sharp peaks.
    """
    size = scan.sizes[axis]
    if size > 4000:
        raise ScanError(f"a Wiener filter along {size} values would need too much memory; bin the axis first")
    dense = gaussian(np.asarray(scan[axis].values, float), fwhm * per_fwhm).toarray()
    values, errors = values_of(scan), errors_of(scan)
    number = scan.dims.index(axis)
    front = np.moveaxis(values, number, 0)
    block = front.reshape(size, -1).astype(float)
    own = None if errors is None else np.moveaxis(errors, number, 0).reshape(size, -1)
    done = np.full(block.shape, np.nan)
    carried = None if own is None else np.full(block.shape, np.nan)
    # Curves with holes at the same places share one filter.
    patterns, which = np.unique(np.isfinite(block), axis=1, return_inverse=True)
    for kind, seen in enumerate(patterns.T):
        tell(kind / len(patterns.T))
        columns = np.flatnonzero(which.ravel() == kind)
        if seen.sum() < 2:
            continue
        kernel = dense[np.ix_(seen, seen)]
        kernel = kernel / kernel.sum(axis=1, keepdims=True)
        rows = kernel.shape[0]
        centring = np.eye(rows) - 1 / rows
        inverse = np.linalg.solve(kernel.T @ kernel + noise**2 * np.eye(rows), kernel.T) @ centring + 1 / rows
        place = np.ix_(seen, columns)
        done[place] = inverse @ block[place]
        if carried is not None:
            carried[place] = np.sqrt(inverse**2 @ own[place] ** 2)

    def back(array: np.ndarray) -> np.ndarray:
        return np.moveaxis(array.reshape(front.shape), 0, number)

    return rebuild(scan, back(done).astype(values.dtype, copy=False), errors=None if carried is None else back(carried))
