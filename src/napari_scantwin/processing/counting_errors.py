"""The errors of counted values: sqrt(gain x smoothed value), the gain being the value that one count reads.

The variance of counts N is their mean. A detector that reads g for every count has values v = g N of variance g v. The
mean is not known, only a value with its own noise; smoothed over its neighbours it is known better, so that a value is
not given a large error for having come out large.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.progress import tell
from napari_scantwin.processing.counting import counts
from napari_scantwin.processing.linear import per_fwhm
from napari_scantwin.processing.rebuild import rebuild, values_of
from napari_scantwin.processing.steps import step

__all__ = ["counting_errors", "measured_gain"]

#: Curves along the fast axis the gain is measured on, evenly picked.
_MOST = 1500
#: Scatter below this share of the values' span is rounding (of float32, at most).
_ROUNDING = 1e-6
#: Where the variance grows by less than this power of the value the noise is no counting noise (whose power is one).
_LEAST_POWER = 0.4


@step(
    "counting_errors",
    "Counting errors",
    "Select",
    parameters=(
        Parameter(
            "gain",
            "Value of one count",
            unit_of="value",
            minimum=0,
            above=True,
            optional=True,
            explanation="Empty: 1 for counts as they were counted, else measured from the scan's own scatter.",
        ),
        Parameter(
            "smoothing",
            "Smoothed over",
            default=3.0,
            minimum=0,
            explanation="Full width at half maximum in samples, along the two fastest axes; 0: each value by itself.",
        ),
    ),
)
def counting_errors(scan, *, gain, smoothing):
    """Give every value its counting error sqrt(gain x value), the value smoothed, and that of one count at least.

    Later steps carry the errors through, fits and twins weigh by them. The gain is 1 where the values are counts as
    they were counted; otherwise it is measured: the variance of values about the cubic through their neighbours, over
    their mean. Give errors before smoothing, which hides the scatter. The gain stands in the attributes.
    """
    if gain is None:
        gain = 1.0 if counts(scan) else measured_gain(scan)
    values = values_of(scan)
    errors = np.full(values.shape, np.nan, np.float32 if values.dtype == np.float32 else float)
    planes = values.reshape(-1, *values.shape[-2:]) if values.ndim > 1 else values.reshape(1, 1, -1)
    flat = errors.reshape(planes.shape)
    for number, plane in enumerate(planes):
        tell(number / len(planes))
        seen = np.isfinite(plane)
        mean = _smoothed(plane, seen, smoothing * per_fwhm)
        flat[number][seen] = np.sqrt(gain * np.maximum(mean[seen], gain))
    return rebuild(scan, values, errors=errors, attrs={"counting_gain": float(gain)})


def _smoothed(plane: np.ndarray, seen: np.ndarray, sigma: float) -> np.ndarray:
    """The plane smoothed, holes left out of every mean."""
    if sigma == 0:
        return plane
    sigmas = [sigma if size > 1 else 0.0 for size in plane.shape]
    if seen.all():
        return gaussian_filter(plane, sigmas, mode="nearest")
    total = gaussian_filter(np.where(seen, plane, 0.0), sigmas, mode="nearest")
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / gaussian_filter(seen.astype(float), sigmas, mode="nearest")


def measured_gain(scan) -> float:
    """The value one count reads, measured from the scan's own scatter: variance over mean, the median over the brighter
    readings.

    Parameters
    ----------
    scan
        A scan whose noise is counting noise, not smoothed before.

    Returns
    -------
    float
        The gain, in the unit of the scan's values.

    Raises
    ------
    ScanError
        Where the values do not scatter, or not more where they are larger.
    """
    from napari_scantwin.twin.validation.noise import measure  # loads the twin's libraries

    rows = np.asarray(scan.values, float).reshape(-1, scan.shape[-1])
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST)).round().astype(int))]
    seen = np.isfinite(rows)
    sweep, place = np.nonzero(seen)
    fast = np.asarray(scan[scans.axes(scan)[-1]].values, float)[place]
    noise = measure(fast, rows[seen], sweep)
    levels, variances = noise.levels, noise.deviations**2
    span = np.ptp(rows[seen]) if seen.any() else 0.0
    good = (levels > 0) & (noise.deviations > _ROUNDING * span)
    advice = "give the value of one count"
    if not good.any():
        raise ScanError(f"the values do not scatter from one to the next, so that no counting noise is seen; {advice}")
    levels, variances = levels[good], variances[good]
    if len(levels) > 2 and levels[-1] > 2 * levels[0]:
        power = np.polyfit(np.log(levels), np.log(variances), 1)[0]
        if power < _LEAST_POWER:
            raise ScanError(f"the scatter does not grow with the values as counting noise does; {advice}")
    brighter = levels >= np.median(levels)
    return float(np.median(variances[brighter] / levels[brighter]))
