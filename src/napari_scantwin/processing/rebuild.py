"""A scan with new values, axes or errors, everything else that still holds kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = ["errors_of", "rebuild", "values_of"]

#: A scan that is read in parts is worked on whole up to so many bytes.
_MOST_AT_ONCE = 2 << 30
_SHAPED = ("standard_error", "masked", "extrapolated")


def values_of(scan: xr.DataArray) -> np.ndarray:
    """The values as floating-point numbers: float32 stays, everything else becomes float64.

    Raises
    ------
    ScanError
        For a scan that is read in parts because it is too large to hold at once.
    """
    if scans.is_lazy(scan) and scan.nbytes > _MOST_AT_ONCE:
        raise ScanError(
            f"{scan.attrs.get('source', scan.name)} holds {scan.nbytes / 1e9:.1f} GB, more than a step works on at "
            "once; crop it first"
        )
    values = np.asarray(scan.values)
    return values if values.dtype == np.float32 else values.astype(float)


def errors_of(scan: xr.DataArray) -> np.ndarray | None:
    """One standard deviation of every value, or None where the scan carries none."""
    return np.asarray(scan["standard_error"].values, float) if "standard_error" in scan.coords else None


def rebuild(
    scan: xr.DataArray,
    values: np.ndarray,
    *,
    errors: np.ndarray | None = None,
    axes: Mapping[str, tuple[np.ndarray, str]] | None = None,
    flags: Mapping[str, np.ndarray] | None = None,
    coordinates: Mapping[str, tuple[str, np.ndarray, Mapping]] | None = None,
    unit: str | None = None,
    name: str | None = None,
    long_name: str | None = None,
    axis_names: Mapping[str, str] | None = None,
    attrs: Mapping | None = None,
) -> xr.DataArray:
    """The scan with new values, keeping all coordinates and attributes that still hold.

    Parameters
    ----------
    scan
        The scan.
    values
        The new values, one dimension for each axis of the result.
    errors
        One standard deviation of each, shaped like ``values``; by default the result has none.
    axes
        Every axis of the result as (values, unit), where they changed; by default those of ``scan``.
    flags
        ``masked`` and ``extrapolated``, shaped like ``values``; by default those of ``scan`` are kept where the axes
        are the same.
    coordinates
        Further read-backs as (axis, values, attributes); those along an axis that stayed are kept anyway.
    unit, name, long_name
        Of the values; by default those of ``scan``.
    axis_names
        Long names of axes.
    attrs
        Further attributes.

    Returns
    -------
    xarray.DataArray
        The new scan.
    """
    before = {name: (scan[name].values, scan[name].attrs["units"]) for name in scans.axes(scan)}
    after = dict(axes) if axes is not None else before
    same = {
        key
        for key, (column, axis_unit) in after.items()
        if key in before and before[key][1] == axis_unit and np.array_equal(before[key][0], column)
    }
    dims = tuple(after)
    coords: dict = {}
    for key, (column, axis_unit) in after.items():
        about = dict(scan[key].attrs) if key in before else {}
        if axis_names and key in axis_names:
            about["long_name"] = axis_names[key]
        coords[key] = (key, np.asarray(column, float), {**about, "units": units.standard(axis_unit)})
    value_unit = units.standard(unit) if unit is not None else scan.attrs["units"]
    if errors is not None:
        coords["standard_error"] = (dims, np.asarray(errors, float), {"units": value_unit})
    whole = same == set(after) == set(before) and dims == tuple(before)
    for key in ("masked", "extrapolated"):
        if flags and key in flags:
            coords[key] = (dims, np.asarray(flags[key], bool))
        elif whole and key in scan.coords:
            coords[key] = scan[key]
    for key, coord in scan.coords.items():
        if key not in coords and key not in _SHAPED and key not in before and set(coord.dims) <= same:
            coords[str(key)] = coord
    for key, (along, column, about) in (coordinates or {}).items():
        coords[key] = (along, column, dict(about))
    about = {**scan.attrs, **(attrs or {}), "units": value_unit, "axes": scans.listed_axes(dims)}
    if long_name is not None:
        about["long_name"] = long_name
    return xr.DataArray(values, dims=dims, coords=coords, name=name or scan.name, attrs=about)
