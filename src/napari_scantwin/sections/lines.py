"""Line cuts through a scan and its twin, in physical units.

A cut runs straight from one point of the axes to another. Its abscissa is the axis it mostly runs along
(measured in shares of each axis's range). The band takes in measured points whose distance from the line,
along the cut's *other* axis and in that axis's unit, is at most half the width; for a slanted line too, so
that the width always is a number with a unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.interpolate import RegularGridInterpolator

from napari_scantwin.core import scan as scans
from napari_scantwin.core import source_hash
from napari_scantwin.core.files import atomic_path
from napari_scantwin.core.set_points import at_set_points

__all__ = [
    "Cut",
    "CutValues",
    "MapCurve",
    "along",
    "default_width",
    "measured_within",
    "nearest_sweep",
    "of_sweep",
    "simulated_along",
    "write_cut",
]

_WITHIN = 1.96  # standard deviations of the 95 % band
_ACROSS = 7


@dataclass(frozen=True)
class Cut:
    """A straight line through a scan.

    Parameters
    ----------
    start, end
        Every axis's physical value where the line starts and ends, by name.
    running
        The abscissa's axis: the one it mostly runs along.
    across
        The axis the band is measured along; None for a scan of one axis.
    width
        The band's full width, in the unit of ``across``.
    name
        What it is called.
    averaged
        Asks for the mean over the band instead of what lies on the line.
    """

    start: dict[str, float]
    end: dict[str, float]
    running: str
    across: str | None
    width: float
    name: str = "cut"
    averaged: bool = False

    @classmethod
    def between(cls, scan: xr.DataArray, start: dict, end: dict, width: float | None = None, name: str = "cut") -> Cut:
        """The cut between two points of a scan's axes.

        Parameters
        ----------
        scan
            A gridded or ragged scan.
        start, end
            Every axis's value, by name, in the scan's units.
        width
            The band's full width; by default :func:`default_width` of the axis across.
        name
            What the cut is called.

        Returns
        -------
        Cut
            It runs along the axis of which it covers the largest share.
        """
        names = scans.axes(scan)
        ranges = {axis: float(np.ptp(scan[axis].values)) or 1.0 for axis in names}
        shares = {axis: abs(end[axis] - start[axis]) / ranges[axis] for axis in names}
        order = sorted(names, key=lambda axis: -shares[axis])
        across = None
        if len(order) > 1:
            # Of the axes it does not run along: the one it slants over, else the slowest.
            across = order[1] if shares[order[1]] > 0 else next(axis for axis in names if axis != order[0])
        if width is None:
            width = 0.0 if across is None else default_width(scan, across)
        return cls(dict(start), dict(end), order[0], across, width, name)

    def changed(self, **what) -> Cut:
        """The same cut with another ``width``, ``name`` or ``averaged``."""
        return replace(self, **what)

    def at(self, running: np.ndarray) -> dict[str, np.ndarray]:
        """Every axis's value [n] where the abscissa is ``running`` [n]."""
        low, high = self.start[self.running], self.end[self.running]
        share = (np.asarray(running, float) - low) / ((high - low) or 1.0)
        return {axis: self.start[axis] + share * (self.end[axis] - self.start[axis]) for axis in self.start}


@dataclass(frozen=True)
class CutValues:
    """Values along a cut.

    Parameters
    ----------
    running
        The abscissa [n].
    values
        The values there [n].
    errors
        One standard deviation [n], or None.
    across
        Where each measured point lies on the band's axis [n], or None.
    masked
        Whether it is kept from training [n], or None.
    """

    running: np.ndarray
    values: np.ndarray
    errors: np.ndarray | None
    across: np.ndarray | None = None
    masked: np.ndarray | None = None


class MapCurve:
    """A gridded scan read between its points, linearly, as :func:`simulated_along` reads a twin; NaN outside."""

    def __init__(self, scan: xr.DataArray):
        self.axes = scans.axes(scan)
        for axis in self.axes:
            scan = scan.sortby(axis)
        places = tuple(np.asarray(scan[axis].values, float) for axis in self.axes)
        errors = scan["standard_error"].values if "standard_error" in scan.coords else np.full(scan.shape, np.nan)
        stacked = np.stack([np.asarray(scan.values, float), np.asarray(errors, float)], axis=-1)
        self._read = RegularGridInterpolator(places, stacked, bounds_error=False, fill_value=np.nan)

    def predict(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and errors [n] at coordinates [n, axes]."""
        found = self._read(coordinates)
        return found[:, 0], found[:, 1]


def default_width(scan: xr.DataArray, axis: str) -> float:
    """The width of a band by default: the smallest step of a slow axis, the median step of the fast one.

    A line that lies on a sweep, or anywhere in an even grid, has that sweep in its band and no other.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        The axis the band is measured along.

    Returns
    -------
    float
        The full width, in the axis's unit.
    """
    column = np.asarray(scan[axis].values, float).ravel()
    if scans.is_gridded(scan) or axis != scans.axes(scan)[-1]:
        steps = np.diff(np.unique(scans.set_points(column)))
        return float(steps.min()) if steps.size else 0.0
    return _spacing(column, scans.sweep_numbers(scan))


def _spacing(column: np.ndarray, sweep: np.ndarray) -> float:
    """The median distance of neighbours along one axis, within sweeps."""
    order = np.lexsort((column, sweep))
    gaps = np.diff(column[order])[np.diff(sweep[order]) == 0]
    gaps = gaps[gaps > 0]
    return float(np.median(gaps)) if gaps.size else 0.0


def nearest_sweep(scan: xr.DataArray, axis: str, value: float) -> float:
    """The slow axis's set point nearest to ``value``, so that a line there has measured points on it."""
    settled = np.unique(scans.set_points(np.asarray(scan[axis].values, float).ravel()))
    return float(settled[np.argmin(np.abs(settled - value))])


def of_sweep(scan: xr.DataArray, number: int) -> Cut:
    """The cut along one whole sweep."""
    sweep = next(one for one in scans.sweeps(scan) if one.number == number)
    fast = scans.axes(scan)[-1]
    low, high = sorted((sweep.first, sweep.last))
    name = at_set_points(scan, sweep.slow)
    return Cut.between(scan, {**sweep.slow, fast: low}, {**sweep.slow, fast: high}, name=name or fast)


def along(scan: xr.DataArray, axis: str, at: dict[str, float]) -> Cut:
    """The cut along one whole axis.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        The axis it runs along.
    at
        The values of the other axes, by name.

    Returns
    -------
    Cut
        The line from the axis's lowest value to its highest.
    """
    column = scan[axis].values
    name = at_set_points(scan, at)
    start, end = {**at, axis: float(column.min())}, {**at, axis: float(column.max())}
    return Cut.between(scan, start, end, name=f"along {axis.replace('_', ' ')} at {name}")


def measured_within(scan: xr.DataArray, cut: Cut, table: scans.Points | None = None) -> CutValues:
    """The measured points within a cut's band, ordered along it.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    cut
        The cut. Where it asks for that, the points are averaged over the band: masked points are left out, and the
        errors are the standard errors of the means.
    table
        The scan's points, which saves working them out; without it only the part of a grid that the band touches is
        looked at.

    Returns
    -------
    CutValues
        Values [n] with their errors, their places on the abscissa and across the band, and masks.
    """
    if table is None:
        table = scans.points(_around(scan, cut) if scans.is_gridded(scan) else scan)
    names = scans.axes(scan)
    column = {axis: table.coordinates[:, position] for position, axis in enumerate(names)}
    low, high = sorted((cut.start[cut.running], cut.end[cut.running]))
    inside = (column[cut.running] >= low) & (column[cut.running] <= high)
    if cut.averaged:
        inside &= ~table.masked
    line = cut.at(column[cut.running])
    for axis in names:
        if axis == cut.running:
            continue
        width = cut.width if axis == cut.across else default_width(scan, axis)
        slack = _slack(scan, axis)
        inside &= np.abs(column[axis] - line[axis]) <= width / 2 + slack
    rows = np.flatnonzero(inside)
    rows = rows[np.argsort(column[cut.running][rows], kind="stable")]
    errors = None if table.errors is None else table.errors[rows]
    across = None if cut.across is None else column[cut.across][rows]
    found = CutValues(column[cut.running][rows], table.values[rows], errors, across, table.masked[rows])
    if not cut.averaged or not rows.size:
        return found
    return _means(found, _spacing(found.running, table.sweep[rows]))


def _slack(scan: xr.DataArray, axis: str) -> float:
    """What the last digits of an axis may differ by."""
    return 1e-9 * (float(np.abs(scan[axis].values).max()) + 1e-300)


def _around(scan: xr.DataArray, cut: Cut) -> xr.DataArray:
    """The box of a gridded scan that a cut and its band lie in."""
    within = {}
    for axis in scans.axes(scan):
        low, high = sorted((cut.start[axis], cut.end[axis]))
        if axis != cut.running:
            width = cut.width if axis == cut.across else default_width(scan, axis)
            low, high = low - width / 2 - _slack(scan, axis), high + width / 2 + _slack(scan, axis)
        column = np.asarray(scan[axis].values, float)
        within[axis] = np.flatnonzero((column >= low) & (column <= high))
    return scan.isel(within)


def _means(found: CutValues, spacing: float) -> CutValues:
    """Means of the points whose places on the abscissa are closer than half their spacing within a sweep.

    The error of a mean is that of its points' own errors; without them, of their scatter.
    """
    starts = np.flatnonzero(np.diff(found.running, prepend=-np.inf) > spacing / 2)
    count = np.diff(starts, append=len(found.running))

    def mean(values):
        return np.add.reduceat(values, starts) / count

    values = mean(found.values)
    if found.errors is not None:
        errors = np.sqrt(np.add.reduceat(found.errors**2, starts)) / count
    else:
        scatter = mean((found.values - np.repeat(values, count)) ** 2)
        # One point has no scatter, and so no error that could be known.
        errors = np.where(count > 1, np.sqrt(scatter / np.maximum(count - 1, 1)), np.nan)
    across = None if found.across is None else mean(found.across)
    return CutValues(mean(found.running), values, errors, across, np.zeros(len(starts), bool))


def simulated_along(twin, cut: Cut, count: int = 250) -> CutValues:
    """The twin along a cut.

    An averaged cut gives the mean over its band (Gauss-Legendre, seven places across). Neighbours in a band err
    together, so that their mean's error is the mean of their errors.

    Parameters
    ----------
    twin
        A twin, or a :class:`MapCurve`.
    cut
        The cut.
    count
        At how many places it is read.

    Returns
    -------
    CutValues
        Values [count] and their standard errors; multiply ``errors`` by 1.96 for the 95 % band.
    """
    running = np.linspace(cut.start[cut.running], cut.end[cut.running], count)
    places = cut.at(running)
    line = np.stack([places[axis] for axis in twin.axes], axis=1)
    across = None if cut.across is None else places[cut.across]
    if not (cut.averaged and cut.across is not None and cut.width > 0):
        mean, std = twin.predict(line)
        return CutValues(running, mean, std, across)
    nodes, weights = np.polynomial.legendre.leggauss(_ACROSS)
    band = np.repeat(line[None], _ACROSS, axis=0)
    band[:, :, twin.axes.index(cut.across)] += nodes[:, None] * cut.width / 2
    mean, std = twin.predict(band.reshape(-1, line.shape[1]))
    shares = weights[:, None] / 2
    mean, std = ((shares * part.reshape(_ACROSS, count)).sum(axis=0) for part in (mean, std))
    return CutValues(running, mean, std, across)


def write_cut(
    path: str | Path,
    scan: xr.DataArray,
    cut: Cut,
    measured: CutValues,
    simulated: CutValues | None,
    *,
    branch: str = "",
) -> Path:
    """Write a cut as CSV with units: measured points, then the twin's curve with its 95 % band.

    Parameters
    ----------
    path
        The file.
    scan
        The scan it was taken through; its source is written in the head of the file.
    cut
        The cut.
    measured
        What :func:`measured_within` gives.
    simulated
        What :func:`simulated_along` gives, or None.
    branch
        Which branch of the scan both are of; it has a column of its own. None where empty.

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
    unit = scan.attrs["units"]
    heads = ["series", *(["branch"] if branch else []), f"{cut.running} ({scan[cut.running].attrs['units']})"]
    heads += [] if cut.across is None else [f"{cut.across} ({scan[cut.across].attrs['units']})"]
    heads += [f"{scan.name} ({unit})", f"standard_error ({unit})", f"lower_95 ({unit})", f"upper_95 ({unit})"]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# cut: {cut.name}\n")
        if cut.across is not None:
            kind = "averaged over" if cut.averaged else "points within"
            file.write(f"# band: {kind} {cut.width!r} {scan[cut.across].attrs['units']} along {cut.across}\n")
        for key in ("source", "sha256"):
            if key in scan.attrs:
                file.write(f"# {key}: {source_hash.resolved(str(scan.attrs[key]))}\n")
        file.write(",".join(heads) + "\n")
        for series, values in (("measured", measured), ("twin", simulated)):
            if values is not None:
                file.writelines(_rows([series, *([f'"{branch}"'] if branch else [])], values))
    return path


def _rows(named: list[str], values: CutValues):
    for number, (place, value) in enumerate(zip(values.running, values.values, strict=True)):
        cells = [*named, repr(float(place))]
        cells += [] if values.across is None else [repr(float(values.across[number]))]
        cells.append(repr(float(value)))
        if values.errors is None or np.isnan(values.errors[number]):
            cells += ["", "", ""]
        else:
            error = float(values.errors[number])
            cells += [repr(error), repr(float(value) - _WITHIN * error), repr(float(value) + _WITHIN * error)]
        yield ",".join(cells) + "\n"
