"""Cropping, leaving out what the detector does not see, binning and smoothing."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, sparse

from napari_scantwin.core import scan as scans
from napari_scantwin.core.axis_roles import fast_axis
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.progress import tell
from napari_scantwin.processing.linear import applied, apply_along, cells, gaussian, per_fwhm
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.steps import step
from napari_scantwin.processing.windows import few_steps, window_parameters, within

__all__ = ["bin_axis", "crop", "leave_out_unseen", "smooth", "take_slice"]


@step(
    "crop",
    "Crop",
    "Select",
    parameters=(Parameter("axis", "Along", "axis", fast_axis), *window_parameters("axis", "that is kept")),
)
def crop(scan, *, axis, start, stop):
    """Keep a window of one axis, both ends included, and everything that lies in it."""
    return scan.isel({axis: np.flatnonzero(within(scan, axis, start, stop, 2))})


def _slowest(scan) -> str:
    return scans.axes(scan)[0]


def _middle(scan, axis: str) -> float:
    places = scan[axis].values
    return float(places[len(places) // 2])


@step(
    "take_slice",
    "Take a slice",
    "Select",
    parameters=(
        Parameter("axis", "Of", "axis", _slowest),
        Parameter("at", "At", unit_of="axis", default=_middle, explanation="The nearest measured value is taken."),
        Parameter(
            "width",
            "Width",
            default=0.0,
            unit_of="axis",
            minimum=0,
            explanation="0: the nearest value alone; else all values within half of it.",
        ),
        Parameter("how", "Join by", "choice", "mean", choices=("mean", "sum"), explanation="Sum keeps counts counts."),
    ),
    axes=2,
)
def take_slice(scan, *, axis, at, width, how):
    """Take one slice of a scan across an axis, or the mean or sum of a window of it; the other axes stay.

    Holes are left out of a mean; a sum that meets a hole is a hole. Where it was taken stands in the attributes.
    """
    places = np.asarray(scan[axis].values, float)
    nearest = int(np.argmin(np.abs(places - at)))
    slack = cells(places).max() / 2
    if not places.min() - slack <= at <= places.max() + slack:
        raise ScanError(
            f"the slice at {at:g} lies outside {axis}, which runs from {places.min():g} to {places.max():g}"
        )
    chosen = np.abs(places - at) <= width / 2
    chosen[nearest] = True
    scan = scan.isel({axis: np.flatnonzero(chosen)})  # nothing else of a large file is read
    row = sparse.csr_array(np.full((1, chosen.sum()), 1 / chosen.sum() if how == "mean" else 1.0))
    number = scan.dims.index(axis)
    values, errors = applied(row, values_of(scan), errors_of(scan), number, averaging=how == "mean", keep_holes=False)
    axes = {
        str(name): (np.asarray(scan[name].values, float), scan[name].attrs["units"])
        for name in scan.dims
        if name != axis
    }
    flags = {
        key: np.asarray(scan[key].values, bool).any(axis=number)
        for key in ("masked", "extrapolated")
        if key in scan.coords
    }
    about = {axis: float(places[chosen].mean()), f"{axis}_units": scan[axis].attrs["units"]}
    return rebuild(
        scan,
        values.squeeze(axis=number),
        errors=None if errors is None else errors.squeeze(axis=number),
        axes=axes,
        flags=flags,
        attrs=about,
    )


@step(
    "leave_out_unseen",
    "Leave out what the detector does not see",
    "Select",
    parameters=(
        Parameter(
            "up_to",
            "Values up to",
            default=0.0,
            unit_of="value",
            explanation="0: exact zeros only; higher takes away the rim of a detector too.",
        ),
    ),
    axes=2,
)
def leave_out_unseen(scan, *, up_to):
    """Make the zeros at the border of the scan, or values up to a limit, holes (NaN).

    Beyond the detector's edge files hold zeros. Those that hang together with the border of the last two axes become
    NaN, in every slice of the others; zeros inside (no count by chance) stay. A dark region that reaches the border
    cannot be distinguished from one that is not seen: look at the result.
    """
    values = values_of(scan).copy()
    errors = errors_of(scan)
    slices = values.reshape(-1, *values.shape[-2:])
    for number, one in enumerate(slices):
        tell(number / len(slices))
        regions, _ = ndimage.label(one <= up_to)
        border = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
        one[np.isin(regions, border[border > 0])] = np.nan
    if errors is not None:
        errors = np.where(np.isfinite(values), errors, np.nan)
    return rebuild(scan, values, errors=errors)


@step(
    "bin",
    "Bin",
    "Filter",
    parameters=(
        Parameter("axis", "Along", "axis", fast_axis),
        Parameter(
            "count", "Values a bin", "integer", 2, minimum=1, explanation="A last bin that is not full is left away."
        ),
        Parameter(
            "how", "Each bin is", "choice", "mean", choices=("mean", "sum"), explanation="Sum keeps counts counts."
        ),
    ),
)
def bin_axis(scan, *, axis, count, how):
    """Join every ``count`` neighbouring values of one axis into their mean or sum, and their places into the mean.

    Holes are left out of a mean (a bin of holes is a hole); a sum that meets a hole is a hole. A bin is masked where
    one of its values is.
    """
    size = scan.sizes[axis]
    bins = size // count
    if bins < 2:
        raise ScanError(f"bins of {count} values leave fewer than two of the {size} values of {axis}; take fewer a bin")
    used = bins * count
    rows = np.repeat(np.arange(bins), count)
    mean = sparse.csr_array((np.full(used, 1 / count), (rows, np.arange(used))), shape=(bins, size))
    number = scan.dims.index(axis)
    matrix = mean if how == "mean" else mean * count
    values, errors = applied(
        matrix, values_of(scan), errors_of(scan), number, averaging=how == "mean", keep_holes=False
    )
    axes = {str(name): (np.asarray(scan[name].values, float), scan[name].attrs["units"]) for name in scan.dims}
    axes[axis] = (mean @ axes[axis][0], axes[axis][1])
    flags = {
        key: apply_along(np.asarray(scan[key].values, float), number, lambda block: mean @ block) > 0
        for key in ("masked", "extrapolated")
        if key in scan.coords
    }
    read_backs = {
        str(name): (axis, mean @ np.asarray(coord.values, float), coord.attrs)
        for name, coord in scan.coords.items()
        if coord.dims == (axis,) and name != axis and coord.dtype.kind in "iuf"
    }
    return rebuild(scan, values, errors=errors, axes=axes, flags=flags, coordinates=read_backs)


@step(
    "smooth",
    "Smooth",
    "Filter",
    parameters=(
        Parameter("axis", "Along", "axis", fast_axis),
        Parameter(
            "fwhm",
            "Width (FWHM)",
            unit_of="axis",
            minimum=0,
            above=True,
            default=few_steps,
            explanation="Full width at half maximum of the Gaussian, 2.355 standard deviations.",
        ),
    ),
)
def smooth(scan, *, axis, fwhm):
    """Smooth along one axis by a Gaussian whose width is in the axis's unit; steps may be uneven.

    Each value becomes the weighted mean of its neighbours, holes left out; holes stay. Errors are those of single
    values of the result: neighbours are no longer independent. Widths far below the step change nothing.
    """
    weights = gaussian(np.asarray(scan[axis].values, float), fwhm * per_fwhm)
    values, errors = applied(weights, values_of(scan), errors_of(scan), scan.dims.index(axis), averaging=True)
    return rebuild(scan, values, errors=errors)
