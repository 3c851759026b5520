"""Looking into a cube: profiles through a place, averaged over windows of the other axes, and stacks of them.

Only views of the array are taken and means over slices of it, so that a profile of a cube of 5·10^7 values follows
the mouse. A window is given by its full width in the axis's unit; it takes in every sample within half of it, and the
nearest one where it holds none.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import source_hash
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path

__all__ = [
    "Cube",
    "Profile",
    "Stack",
    "kind_of",
    "mean_within",
    "profile",
    "reading",
    "stack",
    "unread",
    "window",
    "write_stack",
]


@dataclass(frozen=True)
class Profile:
    """Values along one axis.

    Parameters
    ----------
    axis
        Its name.
    running
        Its values [n], in its unit.
    values
        The means over the windows [n].
    errors
        One standard deviation of them [n], or None where the scan has none.
    """

    axis: str
    running: np.ndarray
    values: np.ndarray
    errors: np.ndarray | None


@dataclass(frozen=True)
class Stack:
    """Profiles beside each other.

    Parameters
    ----------
    axis
        The axis they run along.
    across
        The axis from curve to curve.
    running
        The values of ``axis`` [n].
    places
        The value of ``across`` of each curve [m].
    values
        The profiles [m, n].
    """

    axis: str
    across: str
    running: np.ndarray
    places: np.ndarray
    values: np.ndarray


def window(column: np.ndarray, at: float, width: float = 0.0) -> slice | np.ndarray:
    """Which samples of an axis lie in a window; the nearest one where none does.

    Parameters
    ----------
    column
        The axis's values [n].
    at
        The middle of the window.
    width
        Its full width, in the axis's unit.

    Returns
    -------
    slice or numpy.ndarray
        A slice where the axis rises or falls throughout, else the numbers of the samples.
    """
    nearest = int(np.argmin(np.abs(column - at)))
    if width <= 0:
        return slice(nearest, nearest + 1)
    # A hair more than half, so that a width of two steps takes in three samples whatever their last digit is.
    within = np.flatnonzero(np.abs(column - at) <= width / 2 + 1e-9 * (abs(width) + abs(at)))
    if not within.size:
        return slice(nearest, nearest + 1)
    if within[-1] - within[0] + 1 == within.size:
        return slice(int(within[0]), int(within[-1]) + 1)
    return within


@dataclass(frozen=True)
class Cube:
    """A gridded scan's parts, taken out once: finding them by name a hundred times a second costs more than the means.

    Parameters
    ----------
    scan
        The scan itself.
    columns
        Every axis's values, in the order of the dimensions.
    values
        The array (numpy, or dask where the file is opened lazily).
    errors
        The standard errors in its shape, or None.
    """

    scan: xr.DataArray
    columns: dict[str, np.ndarray]
    values: Any
    errors: Any

    @classmethod
    def of(cls, scan: xr.DataArray) -> Cube:
        """The parts of a scan.

        Raises
        ------
        ScanError
            Where it is ragged.
        """
        if not scans.is_gridded(scan):
            raise ScanError("profiles are taken through gridded scans; simulate this one on a grid first")
        columns = {axis: np.asarray(scan[axis].values, float) for axis in scans.axes(scan)}
        has_errors = "standard_error" in scan.coords and scan["standard_error"].dims == scan.dims
        errors = scan["standard_error"].variable.data if has_errors else None
        return cls(scan, columns, scan.variable.data, errors)


def profile(cube: Cube, axis: str, at: Mapping[str, float], widths: Mapping[str, float] | None = None) -> Profile:
    """The profile along an axis through a place, averaged over windows of the other axes.

    Values that are not finite, as outside what a detector sees, are left out; where nothing is left the value is NaN.
    The error of a mean of n values of errors e is ``sqrt(sum(e**2)) / n``; neighbours on a simulated map err together,
    so that there it is the mean of their errors.

    Parameters
    ----------
    cube
        The scan, as :meth:`Cube.of` gives it.
    axis
        The axis the profile runs along.
    at
        The place: a value of every other axis.
    widths
        Full widths of the windows, axis to width in its unit; 0 where not named.

    Returns
    -------
    Profile
        The means [n] and their errors.
    """
    view, others = _view(cube, cube.values, (axis,), at, widths)
    errors = None
    if cube.errors is not None:
        own = _view(cube, cube.errors, (axis,), at, widths)[0].astype(np.float64)
        own[~np.isfinite(view)] = np.nan
        if cube.scan.attrs.get("kind") == "simulated":
            errors = _mean(own, others)
        else:
            count = np.maximum(np.isfinite(own).sum(axis=others), 1)
            errors = np.sqrt(_mean(np.square(own), others) / count)
    return Profile(axis, cube.columns[axis], _mean(view, others), errors)


def reading(cube: Cube, axis: str, at: Mapping[str, float], widths: Mapping[str, float] | None = None) -> int:
    """How many bytes of its file a profile would read: those of the chunks it goes through.

    Parameters
    ----------
    cube, axis, at, widths
        Those of :func:`profile`.

    Returns
    -------
    int
        The bytes; 0 for a scan in memory.
    """
    if not scans.is_lazy(cube.scan):
        return 0
    touched = cube.values.dtype.itemsize
    for (name, column), sizes in zip(cube.columns.items(), cube.values.chunks, strict=True):
        part = slice(None) if name == axis else window(column, at[name], (widths or {}).get(name, 0.0))
        chunk = np.repeat(np.arange(len(sizes)), sizes)[part]
        touched *= int(np.asarray(sizes)[np.unique(chunk)].sum())
    return touched


def unread(cube: Cube, axis: str) -> Profile:
    """A profile that was not looked at: no value anywhere."""
    return Profile(axis, cube.columns[axis], np.full(len(cube.columns[axis]), np.nan), None)


def mean_within(cube: Cube, kept: tuple[str, ...], at: Mapping[str, float], widths: Mapping[str, float] | None = None):
    """Means over the windows of every axis but some.

    Parameters
    ----------
    cube
        The scan, as :meth:`Cube.of` gives it.
    kept
        The axes that stay, in the order of the dimensions.
    at
        A value of every other axis.
    widths
        Full widths of the windows, axis to width in its unit; 0 where not named.

    Returns
    -------
    numpy.ndarray
        The means, one dimension for each axis kept.
    """
    return _mean(*_view(cube, cube.values, kept, at, widths))


def _view(cube: Cube, array, kept, at, widths) -> tuple[np.ndarray, tuple[int, ...]]:
    """The part of an array within the windows, and the dimensions to average over."""
    others = []
    for position, (name, column) in enumerate(cube.columns.items()):
        if name not in kept:
            # One axis at a time: two lists of numbers in one go would pair their entries.
            part = window(column, at[name], (widths or {}).get(name, 0.0))
            array = array[(slice(None),) * position + (part,)]
            others.append(position)
    return np.asarray(array), tuple(others)


def _mean(view: np.ndarray, others: tuple[int, ...]) -> np.ndarray:
    found = view.mean(axis=others, dtype=np.float64)
    if view.size > found.size and not np.isfinite(found).all():
        with warnings.catch_warnings():  # NaN is the answer where nothing was measured
            warnings.simplefilter("ignore", RuntimeWarning)
            found = np.nanmean(np.where(np.isfinite(view), view, np.nan), axis=others, dtype=np.float64)
    return found


def kind_of(scan: xr.DataArray, axis: str) -> str:
    """What a profile along ``axis`` is called.

    It is an EDC along an energy, an MDC along an angle, a momentum or a line, otherwise a profile.
    """
    if "photoemission" not in f"{scan.name} {scan.attrs.get('long_name', '')}".replace("_", " "):
        return "profile"
    if axis in ("energy", "kinetic_energy", "binding_energy"):
        return "EDC"
    if "angle" in axis or axis in ("distance", "kx", "ky", "kz", "kp", "momentum") or axis.startswith("momentum"):
        return "MDC"
    return "profile"


def stack(
    cube: Cube,
    axis: str,
    across: str,
    at: Mapping[str, float],
    widths: Mapping[str, float] | None = None,
    count: int | None = None,
) -> Stack:
    """Profiles for places along another axis, averaged over windows of the remaining ones.

    Parameters
    ----------
    cube
        The scan, as :meth:`Cube.of` gives it.
    axis
        The axis the profiles run along.
    across
        The axis from curve to curve.
    at
        A value of every remaining axis.
    widths
        Full widths of the windows, axis to width in its unit; 0 where not named.
    count
        How many curves at most: neighbours are averaged together in equal groups (the last may be smaller), each at the
        mean of its places. By default there is one for every value.

    Returns
    -------
    Stack
        The profiles [m, n].

    Raises
    ------
    ScanError
        Where both axes are the same.
    """
    if axis == across:
        raise ScanError("choose two different axes: one along the curves, one from curve to curve")
    values = mean_within(cube, (axis, across), at, widths)
    order = [name for name in cube.columns if name in (axis, across)]
    values = values if order == [across, axis] else values.T
    places = cube.columns[across]
    if count is not None and count < len(places):
        starts = np.arange(0, len(places), -(-len(places) // max(count, 1)))
        sizes = np.diff(starts, append=len(places))
        values = np.add.reduceat(values, starts, axis=0) / sizes[:, None]
        places = np.add.reduceat(places, starts) / sizes
    return Stack(axis, across, cube.columns[axis], places, values)


def write_stack(path: str | Path, scan: xr.DataArray, stacked: Stack) -> Path:
    """Write profiles as CSV: one column along the axis, then one for every profile, headed by its place and unit.

    Parameters
    ----------
    path
        The file.
    scan
        The scan they were taken from; its source is written in the head of the file.
    stacked
        What :func:`stack` gives.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotWritten
        Where the disk fails; what stood under the name before still does.
    """
    path = Path(path)
    units = {name: scan[name].attrs["units"] for name in (stacked.axis, stacked.across)}
    heads = [f"{stacked.axis} ({units[stacked.axis]})"]
    value = f"{scan.name} ({scan.attrs['units']})"
    heads += [f"{value} at {float(place)!r} {units[stacked.across]}" for place in stacked.places]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# profiles along {stacked.axis}, one for every value of {stacked.across}; no offset is added\n")
        for key in ("source", "sha256"):
            if key in scan.attrs:
                file.write(f"# {key}: {source_hash.resolved(str(scan.attrs[key]))}\n")
        file.write(",".join(heads) + "\n")
        for place, row in zip(stacked.running, stacked.values.T, strict=True):
            file.write(",".join(repr(float(number)) for number in (place, *row)) + "\n")
    return path
