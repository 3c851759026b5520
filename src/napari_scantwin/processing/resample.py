"""A scan on other axes: linear interpolation at places that may differ from energy to energy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.progress import tell
from napari_scantwin.processing.interpolate import Corners, fraction
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of

__all__ = ["even_grid", "resample"]

#: Values of one axis that are refused: a step given in the wrong unit.
_MOST = 20_000
#: Values a result may hold: 8 GB in double precision.
_MOST_VALUES = 1_000_000_000


def even_grid(covered: np.ndarray, count: int, step_size: float | None = None) -> np.ndarray:
    """An even axis over a range.

    Parameters
    ----------
    covered
        Values whose range it covers; NaN are ignored.
    count
        How many values from end to end, where no step is given.
    step_size
        The step; the values are whole multiples of it.

    Returns
    -------
    numpy.ndarray
        The axis [n], rising.

    Raises
    ------
    ScanError
        Where there would be fewer than two values, or far too many.
    """
    low, high = float(np.nanmin(covered)), float(np.nanmax(covered))
    if step_size is None:
        if count < 2 or not high > low:
            raise ScanError("an axis of one value cannot be converted; take the slice there instead")
        return np.linspace(low, high, count)
    if (high - low) / step_size > _MOST:
        raise ScanError(
            f"a step of {step_size:g} over a range of {high - low:g} gives more than {_MOST} values; take a larger step"
        )
    grid = step_size * np.arange(np.ceil(low / step_size - 1e-9), np.floor(high / step_size + 1e-9) + 1)
    if len(grid) < 2:
        raise ScanError(f"a step of {step_size:g} leaves no axis over a range of {high - low:g}; take a smaller one")
    return grid


def resample(
    scan: xr.DataArray,
    sources: Mapping[str, np.ndarray],
    targets: Mapping[str, tuple[np.ndarray, str]],
    places: Callable[[int], tuple[np.ndarray, ...]],
    energy: str | None,
    *,
    long_names: Mapping[str, str] | None = None,
    attrs: Mapping | None = None,
) -> xr.DataArray:
    """The scan on other axes by linear interpolation, energy by energy.

    Values that are read outside or beside holes are NaN. Axes that are neither given up nor the energy stay in front.

    Parameters
    ----------
    scan
        A gridded scan.
    sources
        The axes given up, each with its values [n] in the unit in which ``places`` counts them.
    targets
        The axes that replace them, each as (grid, unit).
    places
        For the energy number i, one array for each source, shaped like the targets: where the scan is read.
    energy
        The name of the energy axis, or None: then ``places`` is called for 0 only.
    long_names
        Long names of the new axes.
    attrs
        Further attributes.

    Returns
    -------
    xarray.DataArray
        The scan, its energy last; errors are carried through as those of independent values.

    Raises
    ------
    ScanError
        Where an axis of the targets is there already, or the result would be too large.
    """
    names = scans.axes(scan)
    stay = [name for name in names if name not in sources and name != energy]
    order = [names.index(name) for name in (*stay, *((energy,) if energy else ()), *sources)]
    for name in targets:
        if name in stay:
            raise ScanError(f"the scan already has an axis {name!r}; this conversion was made before")
    batch = int(np.prod([scan.sizes[name] for name in stay], dtype=int))
    count = scan.sizes[energy] if energy else 1
    sizes = tuple(scan.sizes[name] for name in sources)
    grid = tuple(len(column) for column, _ in targets.values())
    if batch * count * int(np.prod(grid)) > _MOST_VALUES:
        raise ScanError(
            f"the result would hold {batch * count * int(np.prod(grid)):.2g} values; take a larger step, or crop or bin"
        )

    def arranged(array: np.ndarray) -> np.ndarray:
        return np.transpose(array, order).reshape(batch, count, *sizes)

    values, errors = values_of(scan), errors_of(scan)
    flags = {key: np.asarray(scan[key].values, bool) for key in ("masked", "extrapolated") if key in scan.coords}
    blocks = arranged(values)
    done = np.empty((batch, count, *grid), values.dtype)
    variance = None if errors is None else np.empty((batch, count, *grid))
    carried = {key: np.empty((batch, count, *grid), bool) for key in flags}
    for number in range(count):
        tell(number / count)
        read = tuple(fraction(column, at) for column, at in zip(sources.values(), places(number), strict=True))
        corners = Corners(read, sizes)
        done[:, number] = corners.values(blocks[:, number].astype(float))
        if variance is not None:
            variance[:, number] = corners.variances(arranged(errors)[:, number] ** 2)
        for key, flag in flags.items():
            carried[key][:, number] = np.nan_to_num(corners.values(arranged(flag)[:, number].astype(float))) > 0

    after = {name: (np.asarray(scan[name].values, float), scan[name].attrs["units"]) for name in stay}
    after.update(targets)
    if energy:
        after[energy] = (np.asarray(scan[energy].values, float), scan[energy].attrs["units"])

    def back(array: np.ndarray) -> np.ndarray:
        # Energy goes from before the targets to the end, where it is the fast axis.
        moved = np.moveaxis(array, 1, -1) if energy else array[:, 0]
        return moved.reshape([len(column) for column, _ in after.values()])

    return rebuild(
        scan,
        back(done),
        errors=None if variance is None else np.sqrt(back(variance)),
        axes=after,
        flags={key: back(array) for key, array in carried.items()},
        axis_names=long_names,
        attrs=attrs,
    )
