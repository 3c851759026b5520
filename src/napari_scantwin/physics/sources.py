"""How a scan is read at chosen places: a twin anywhere, a simulated or derived map between its own points, a
measurement at its own points only.

Errors are one standard deviation of what is read. A twin's is that of the curve it stands for, not of a new
measurement of it::

    error^2 = ignorance^2 + (followed * noise)^2,   followed = max(1 - r, 1/4)

where ``ignorance`` and ``noise`` are those of :mod:`napari_scantwin.twin.validation.uncertainty` and r is the twin's
residual at its measured points in units of the noise (the value that 68 % stay below): a twin that averages noise away
misses its points by all of it, one that follows it by nothing. The quarter was chosen once, by twins of scans whose
truth is known. Such a twin averages over 1/followed^2 measured points, whose places err together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.interpolate import RegularGridInterpolator
from scipy.spatial import cKDTree

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.magnetization import field_in_tesla, in_field_unit
from napari_scantwin.twin.validation.noise import measure

__all__ = ["ComparedScan", "comparable", "converted", "matching_axes", "source_of"]

_LEAST_FOLLOWED, _COVERED = 0.25, 0.6827
#: Measured points that show how much of the noise a twin follows.
_JUDGES = 2000
#: Places along each axis of a map that are taken to err independently: a file does not say how it was smoothed.
_A_MAP = 8.0
#: Two places closer than this share of an axis's span are one.
_SAME = 1e-6
_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class ComparedScan:
    """One of two compared scans.

    Parameters
    ----------
    scan
        The scan itself.
    read
        ``read(coordinates [n, axes]) -> values, errors, outside`` [n], in the scan's own units, axes in its own order.
    ranges
        The lowest and highest place of each axis.
    points
        The table of a measurement, which can be read at these points only, else None.
    dense
        Whether it is a map.
    independent
        How many places err independently at most.
    note
        A sentence, or empty.
    """

    scan: xr.DataArray
    read: Callable
    ranges: dict[str, tuple[float, float]]
    points: scans.Points | None = None
    dense: bool = False
    independent: float = np.inf
    note: str = ""

    @property
    def axes(self) -> tuple[str, ...]:
        """Axis names, slow first."""
        return scans.axes(self.scan)

    def unit(self, axis: str) -> str:
        """The unit of one axis."""
        return self.scan[axis].attrs["units"]

    def range_in(self, axis: str, unit: str) -> tuple[float, float]:
        """The lowest and highest place of an axis in ``unit``."""
        low, high = np.sort(converted(self.ranges[axis], self.unit(axis), unit))
        return float(low), float(high)

    def covers(self) -> str:
        """The ranges in words."""
        return ", ".join(
            f"{name} {low:.6g} to {high:.6g} {units.pretty(self.unit(name))}".strip()
            for name, (low, high) in self.ranges.items()
        )

    def at(self, frame: ComparedScan, coordinates: np.ndarray, unit: str, stop=None, on_block: Callable | None = None):
        """Values and errors at places given in the axes and units of another scan.

        Parameters
        ----------
        frame
            The scan whose axes and units are used.
        coordinates
            Places [n, axes].
        unit
            The unit of the answer.
        stop
            A ``threading.Event``; setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
        on_block
            Is called with the number of places of each block that is done.

        Returns
        -------
        values, errors
            Both [n], in ``unit``.
        outside
            Whether each place lies outside the scan [n].
        """
        parts = []
        own = self.scan.attrs["units"]
        slope = abs(float(converted(1.0, own, unit)) - float(converted(0.0, own, unit)))
        if self is frame and self.points is not None:  # its own readings, both of a place measured twice
            inside = np.zeros(len(coordinates), bool)
            return converted(self.points.values, own, unit), slope * self.points.errors, inside
        for start in range(0, len(coordinates), _AT_ONCE):
            if stop is not None and stop.is_set():
                raise Cancelled
            block = coordinates[start : start + _AT_ONCE]
            columns = [
                converted(block[:, frame.axes.index(axis)], frame.unit(axis), self.unit(axis)) for axis in self.axes
            ]
            parts.append(self.read(np.stack(columns, axis=1)))
            if on_block is not None:
                on_block(len(block))
        values, errors, outside = (np.concatenate(column) for column in zip(*parts, strict=True))
        return converted(values, own, unit), slope * errors, outside


def source_of(thing, which: str) -> ComparedScan:
    """How a twin or a scan is read for a comparison.

    Parameters
    ----------
    thing
        A twin, a simulated or derived map, or a measured scan.
    which
        "first" or "second"; names it in messages.

    Returns
    -------
    ComparedScan
        The source.

    Raises
    ------
    ScanError
        Where it is neither a scan nor a twin, or cannot be read.
    """
    if not isinstance(thing, xr.DataArray):
        if not hasattr(thing, "predict"):
            raise ScanError(f"the {which} of the compared scans is neither a scan nor a twin")
        return _twin_source(thing)
    scans.check(thing)
    if thing.attrs.get("kind", "measured") != "measured" and scans.is_gridded(thing):
        return _map_source(thing, which)
    return _point_source(thing, which)


def comparable(one: str, other: str) -> bool:
    """Whether values in two units can be compared; a field H in Oe and mu0 H in T can."""
    return units.compatible(one, other) or all(is_kind(unit, "magnetic field") for unit in (one, other))


def converted(values, source: str, target: str):
    """Convert values by pint; between H and mu0 H by the vacuum permeability.

    Parameters
    ----------
    values
        A number or an array, in unit ``source``.
    source, target
        The unit the values are in, and the one they are converted to.

    Returns
    -------
    numpy.ndarray
        The values in unit ``target``.
    """
    if units.standard(source) == units.standard(target):
        return np.asarray(values, float)
    if units.compatible(source, target):
        return np.asarray(units.convert(np.asarray(values, float), source, target), float)
    return in_field_unit(field_in_tesla(np.asarray(values, float), source), target)


def matching_axes(first: ComparedScan, second: ComparedScan) -> None:
    """Check that two scans have the same axes and measure the same thing.

    Raises
    ------
    ScanError
        Where they do not.
    """
    if set(first.axes) != set(second.axes):
        raise ScanError(
            f"the first scan's axes are {', '.join(first.axes)} and the second's {', '.join(second.axes)}; only scans "
            "over the same axes can be compared, so rename them or choose others"
        )
    pairs = [(f"the axis {axis}", first.unit(axis), second.unit(axis)) for axis in first.axes]
    pairs.append(("the values", first.scan.attrs["units"], second.scan.attrs["units"]))
    for what, one, other in pairs:
        if not comparable(one, other):
            one, other = (units.pretty(unit) or "no unit" for unit in (one, other))
            raise ScanError(
                f"{what} are in {one} in the first scan and in {other} in the second, which measure different things; "
                "divide by what one of them lacks (as its mass) first"
            )


def _twin_source(twin) -> ComparedScan:
    table = scans.points(twin.scan)
    rows = np.flatnonzero(~table.masked)
    followed = _followed(twin, table, rows)

    def read(coordinates: np.ndarray):
        values, std = twin.predict(coordinates)
        noise = twin.uncertainty.noise(values)
        own = np.sqrt(np.maximum(std**2 - noise**2, 0) + (followed * noise) ** 2)
        return values, own, twin.extrapolates(coordinates)

    grid = twin.uncertainty.grid
    ranges = {name: (float(axis[0]), float(axis[-1])) for name, axis in zip(twin.axes, grid, strict=True)}
    return ComparedScan(twin.scan, read, ranges, independent=len(rows) * followed**2)


def _followed(twin, table: scans.Points, rows: np.ndarray) -> float:
    """The share of its measurement's noise that a twin takes for the truth, inferred from its training ``rows``."""
    rows = rows[:: max(1, len(rows) // _JUDGES)]
    values, _ = twin.predict(table.coordinates[rows])
    noise = twin.uncertainty.noise(values)
    if not (noise > 0).any():
        return _LEAST_FOLLOWED
    missed = np.abs(table.values[rows] - values)[noise > 0] / noise[noise > 0]
    return max(1 - float(np.quantile(missed, _COVERED)), _LEAST_FOLLOWED)


def _map_source(scan: xr.DataArray, which: str) -> ComparedScan:
    """A dense map, linear between its points; NaN outside."""
    names = scans.axes(scan)
    ordered = scan.sortby(list(names))
    grid = tuple(np.asarray(ordered[name].values, float) for name in names)
    if min(len(axis) for axis in grid) < 2:
        raise ScanError(f"the {which} scan has an axis with one value only; nothing can be compared between its points")
    flags = np.asarray(ordered["extrapolated"].values, bool) if "extrapolated" in ordered.coords else None
    has_errors = "standard_error" in ordered.coords
    errors = np.asarray(ordered["standard_error"].values, float) if has_errors else np.zeros(ordered.shape)
    reads = [
        RegularGridInterpolator(grid, np.asarray(field, float), bounds_error=False, fill_value=np.nan)
        for field in (ordered.values, errors, np.zeros(ordered.shape) if flags is None else flags)
    ]

    def read(coordinates: np.ndarray):
        # Places a conversion of units carried past the edge belong to it.
        margins = [_SAME * (axis[-1] - axis[0]) for axis in grid]
        held = coordinates.copy()
        for k, (axis, margin) in enumerate(zip(grid, margins, strict=True)):
            near = (coordinates[:, k] > axis[0] - margin) & (coordinates[:, k] < axis[-1] + margin)
            held[near, k] = np.clip(coordinates[near, k], axis[0], axis[-1])
        values, deviation, flagged = (one(held) for one in reads)
        return values, np.nan_to_num(deviation), ~np.isfinite(values) | (np.nan_to_num(flagged) > 0)

    note = "" if has_errors else f"the {which} scan carries no errors, so that only the other's count"
    ranges = {name: (float(axis[0]), float(axis[-1])) for name, axis in zip(names, grid, strict=True)}
    return ComparedScan(scan, read, ranges, dense=True, independent=_A_MAP ** len(names), note=note)


def _point_source(scan: xr.DataArray, which: str) -> ComparedScan:
    """A measurement: read at its own unmasked points, with the file's errors or those inferred from its scatter."""
    table = scans.points(scan)
    used = ~table.masked
    if not used.any():
        raise ScanError(f"no point of the {which} scan is selected; tick at least one sweep in its list")
    errors = table.errors
    if errors is None or not np.isfinite(errors[used]).all():
        told = measure(table.coordinates[used, -1], table.values[used], table.sweep[used])(table.values)
        errors = told if errors is None else np.where(np.isfinite(errors), errors, told)
    parts = (table.coordinates, table.values, errors, table.sweep, table.masked)
    kept = scans.Points(*(part[used] for part in parts))
    spans = np.where(np.ptp(kept.coordinates, axis=0) > 0, np.ptp(kept.coordinates, axis=0), 1.0)
    tree = cKDTree(kept.coordinates / spans)

    def read(coordinates: np.ndarray):
        if len(tree.query_pairs(_SAME, p=np.inf, output_type="ndarray")):
            raise ScanError(
                f"the {which} scan reads some places more than once (a sweep up and down?), so that its points cannot "
                "be told apart; train a twin of the other"
            )
        far, nearest = tree.query(coordinates / spans, p=np.inf)
        outside = far > _SAME
        return np.where(outside, np.nan, kept.values[nearest]), kept.errors[nearest], outside

    low, high = kept.coordinates.min(axis=0), kept.coordinates.max(axis=0)
    ranges = {name: (float(low[k]), float(high[k])) for k, name in enumerate(scans.axes(scan))}
    left = int(table.masked.sum())
    note = f"{left} masked points of the {which} scan take no part" if left else ""
    return ComparedScan(scan, read, ranges, kept, note=note)
