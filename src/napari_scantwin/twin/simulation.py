"""A twin evaluated on a grid: the map, or its derivative, with errors and provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr

from napari_scantwin import __version__
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.branches import BRANCH
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.grids import mesh
from napari_scantwin.twin.volume import blocks, lazy_arrays

__all__ = ["as_scan", "checked_grid", "filled", "inherited", "residuals"]

_POINTS_AT_ONCE = 1 << 17
#: Derivatives are five evaluations a point, in double precision: smaller portions, so that progress shows.
_SLOPES_AT_ONCE = 1 << 12
#: Rows between neighbouring sweeps at which costly interpolators are evaluated for a map with many more.
_ROWS_A_GAP = 12
#: The most values one simulated map may hold in memory (float32 values and errors: 1.6 GB).
_MOST_POINTS = 200_000_000


def checked_grid(twin, grid) -> dict[str, np.ndarray]:
    """The grid a twin is simulated on, checked and completed.

    Parameters
    ----------
    twin
        The twin to simulate.
    grid
        Axis name to values in the scan's units, or None; axes it leaves out have the values of ``twin.default_grid()``.

    Returns
    -------
    dict
        Axis name to values, for every axis of the twin, slow first.

    Raises
    ------
    ScanError
        Where the twin has no such axis, or values are not finite, not a list, or name one place twice.
    """
    grid = dict(twin.default_grid() if grid is None else grid)
    for name in grid:
        if name not in twin.axes:
            raise ScanError(f"the twin has no axis {name!r}; its axes are {', '.join(twin.axes)}")
    default = twin.default_grid()
    axes = {name: np.atleast_1d(np.asarray(grid.get(name, default[name]), float)) for name in twin.axes}
    for name, axis in axes.items():
        unit = units.pretty(twin.scan[name].attrs["units"])
        if axis.ndim != 1 or not len(axis) or not np.isfinite(axis).all():
            raise ScanError(f"the values for {name} must be finite numbers in {unit or 'its unit'}")
        if len(np.unique(axis)) != len(axis):
            raise ScanError(f"the values for {name} name one place twice")
    return axes


def filled(twin, axes, along, order, on_progress, stop) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evaluate a twin, or its derivative, at every place of a grid.

    Parameters
    ----------
    twin
        The twin to simulate.
    axes
        Axis name to values, as :func:`checked_grid` gives them.
    along, order
        The axis along which to differentiate and how often; the values themselves where ``along`` is None.
    on_progress
        Called with the fraction done, or None.
    stop
        A ``threading.Event`` that ends the work when it is set, or None.

    Returns
    -------
    tuple of arrays
        Values and standard deviations (float32) and extrapolation flags (bool), each [slow, ..., fast].

    Raises
    ------
    ScanError
        Where the map is too large for memory.
    Cancelled
        Where ``stop`` is set.
    """
    shape = tuple(len(axis) for axis in axes.values())
    total = math.prod(shape)
    if total > _MOST_POINTS:
        raise ScanError(
            f"a map of {total:.2g} points is too large for memory (at most {_MOST_POINTS:.0e}); export it as .zarr, "
            "which is written part by part, or simulate it lazily"
        )
    mean, std = np.empty(shape, np.float32), np.empty(shape, np.float32)
    flags = np.empty(shape, bool)
    by_rows = _by_rows(twin, axes, stop) if along is None else None
    parts = blocks(shape, _SLOPES_AT_ONCE if along is not None else max(_POINTS_AT_ONCE, shape[-1] if by_rows else 1))

    def fill(part: tuple[slice, ...]) -> int:
        if stop is not None and stop.is_set():
            raise Cancelled
        grid = tuple(axis[one] for axis, one in zip(axes.values(), part, strict=True))
        if along is not None:
            found = twin.derivative(mesh(grid), along, order=order, stop=stop)
            mean[part], std[part] = (one.reshape(mean[part].shape) for one in found)
        else:
            evaluated = twin.mixture.on_grid(grid, stop) if by_rows is None else by_rows(grid[0])
            mean[part], std[part] = twin.calibrated(grid, *evaluated)
        flags[part] = twin.uncertainty.extrapolates(grid)
        return mean[part].size

    # Two blocks at a time: while one waits for its networks the other does the rest.
    done = 0
    with ThreadPoolExecutor(2) as pool:
        for size in pool.map(fill, parts):
            done += size
            if on_progress is not None:
                on_progress(done / total)
    return mean, std, flags


def _by_rows(twin, axes: dict[str, np.ndarray], stop) -> Callable | None:
    """A quicker way to a map of two axes with many rows (see :meth:`Mixture.over_rows`), or None."""
    slow, *rest = axes.values()
    if len(rest) != 1 or len(slow) * len(rest[0]) < _POINTS_AT_ONCE:
        return None
    low, high = float(slow.min()), float(slow.max())
    knots = twin.uncertainty.knots
    ends = np.unique([low, *knots[(knots > low) & (knots < high)], high])
    nodes = np.interp(np.linspace(0, len(ends) - 1, _ROWS_A_GAP * (len(ends) - 1) + 1), np.arange(len(ends)), ends)
    return twin.mixture.over_rows(nodes, rest[0], stop) if len(nodes) < len(slow) / 2 else None


def residuals(twin, stop=None):
    """Measured minus simulated at every measured point of the twin's scan.

    The work goes part by part, so that a cube takes no table of points.

    Parameters
    ----------
    twin
        The twin, with the scan it was trained on.
    stop
        A ``threading.Event`` that ends the work when it is set.

    Returns
    -------
    array
        Shaped like the twin's scan, in the value's unit, NaN where nothing was measured; a dask array where the scan is
        read in parts.

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    scan = twin.scan
    if scans.is_lazy(scan) and scans.is_gridded(scan):
        axes = {name: np.asarray(scan[name].values, float) for name in twin.axes}
        return scan.data - lazy_arrays(twin, axes, chunks=scan.data.chunks)[0]
    values = np.asarray(scan.values, float if scan.dtype.kind in "iub" else scan.dtype)
    flat = np.full(values.size, np.nan, values.dtype)
    columns = [np.asarray(scan[name].values, float) for name in twin.axes]
    for start in range(0, values.size, _POINTS_AT_ONCE):
        if stop is not None and stop.is_set():
            raise Cancelled
        rows = start + np.flatnonzero(np.isfinite(values.ravel()[start : start + _POINTS_AT_ONCE]))
        places = np.unravel_index(rows, scan.shape) if scans.is_gridded(scan) else (rows,) * len(columns)
        points = np.stack([column[place] for column, place in zip(columns, places, strict=True)], axis=1)
        if len(rows):
            mean = twin.mixture(points, stop)[0] * twin.spread + twin.offset
            flat[rows] = values.ravel()[rows] - mean
    return flat.reshape(values.shape)


def as_scan(twin, axes, mean, std, flags, along, order) -> xr.DataArray:
    """Make a gridded scan of what was evaluated on a grid.

    Parameters
    ----------
    twin
        The twin simulated, whose scan's name, units and provenance are kept.
    axes
        Axis name to values, slow first.
    mean, std, flags
        Values, standard deviations and extrapolation flags, each [slow, ..., fast].
    along, order
        The axis and order of a derivative; ``along`` is None for the values themselves.

    Returns
    -------
    xarray.DataArray
        The simulated scan, its attribute ``kind`` being "simulated" or "derivative".
    """
    name, unit, long_name = str(twin.scan.name), twin.scan.attrs["units"], twin.scan.attrs.get("long_name", "")
    if along is not None:
        name, unit, long_name = _named_derivative(twin, along, order)
    return scans.gridded_scan(
        {axis: (values, twin.scan[axis].attrs["units"]) for axis, values in axes.items()},
        mean,
        name=name,
        unit=unit,
        errors=std,
        extrapolated=flags,
        long_names={
            name: long_name or name.replace("_", " "),
            **{axis: twin.scan[axis].attrs.get("long_name", axis) for axis in axes},
        },
        attrs={**inherited(twin), "kind": "simulated" if along is None else "derivative"},
    )


def _named_derivative(twin, along: str, order: int) -> tuple[str, str, str]:
    """Name, unit and long name of a derivative: ``d_moment_d_temperature``, emu/K, "d moment / d temperature"."""
    unit = units.ratio(twin.scan.attrs["units"], twin.scan[along].attrs["units"], order)
    long_name = twin.scan.attrs.get("long_name", str(twin.scan.name))
    long_along = twin.scan[along].attrs.get("long_name", along)
    if order == 1:
        return f"d_{twin.scan.name}_d_{along}", unit, f"d {long_name} / d {long_along}"
    return f"d2_{twin.scan.name}_d_{along}2", unit, f"d\u00b2 {long_name} / d {long_along}\u00b2"


def inherited(twin) -> dict:
    """Attributes of a simulated scan: those kept from the measured one, and the twin's settings, score and version."""
    kept = ("source", "sha256", "sample_mass", "sample_mass_units", "instrument", "title", "long_name", BRANCH)
    # What angles and energies need to be turned into momenta and back.
    kept += ("emission", "photon_energy", "photon_energy_units", "work_function", "energy_notation")
    return {
        **{key: twin.scan.attrs[key] for key in kept if key in twin.scan.attrs},
        "twin_settings": json.dumps(twin.settings.to_dict()),
        "twin_score": json.dumps(twin.score.to_dict()),
        "seed": twin.settings.seed,
        "versions": json.dumps({"napari-scantwin": __version__}),
    }
