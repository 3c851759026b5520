"""Numbers one reads from a map, ready-made: each is called with a scan and gives a number in ``unit(scan)``, NaN where
the scan holds none. Any other function of a scan serves as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin import scan as scans
from napari_scantwin.errors import ScanError
from napari_scantwin.physics.magnetization import Sample
from napari_scantwin.physics.magnetocaloric import entropy_change
from napari_scantwin.physics.transitions import phase_boundary

__all__ = ["PeakEntropyChange", "PeakPosition", "TransitionTemperature"]


@dataclass(frozen=True)
class PeakEntropyChange:
    """The signed extremum of the isothermal entropy change up to ``field`` (in the scan's unit; default: the highest).

    ``sample`` and ``per`` are those of :func:`napari_scantwin.physics.magnetocaloric.entropy_ensemble`.
    """

    field: float | None = None
    sample: Sample | None = None
    per: str | None = None

    def __call__(self, scan: xr.DataArray) -> float:
        change = self._change(scan)
        field = float(change["magnetic_field"].max()) if self.field is None else self.field
        row = change.interp(magnetic_field=field)
        values = np.asarray(row.values, float)
        if not np.isfinite(values).all():
            return float("nan")
        sign = np.sign(values[np.argmax(np.abs(values))]) or 1.0
        return float(sign * _top(np.asarray(row["temperature"].values, float), sign * values)[1])

    def _change(self, scan: xr.DataArray) -> xr.DataArray:
        return entropy_change(scan, self.sample, per=self.per, count=2)

    def unit(self, scan: xr.DataArray) -> str:
        """The unit of the result."""
        return str(self._change(scan).attrs["units"])

    def __str__(self) -> str:
        return "peak entropy change"


@dataclass(frozen=True)
class TransitionTemperature:
    """The transition on the fast axis where the slowest axis is ``at`` (in its unit), by ``criterion`` (see
    :mod:`napari_scantwin.physics.transitions`), linear between the two rows about it; in kelvin for temperatures."""

    at: float
    criterion: str | float = "50 %"

    def __call__(self, scan: xr.DataArray) -> float:
        return float(np.interp(self.at, *self._boundary(scan)[:2]))

    def _boundary(self, scan: xr.DataArray) -> tuple[np.ndarray, np.ndarray, str]:
        if scans.is_gridded(scan) and scan.ndim == 2:
            slow = np.asarray(scan[scan.dims[0]].values, float)
            scan = scan.isel({scan.dims[0]: np.sort(np.argsort(np.abs(slow - self.at), kind="stable")[:2])})
            if not slow.min() <= self.at <= slow.max():
                raise ScanError(f"{self.at:g} lies outside the {scan.dims[0].replace('_', ' ')} of the map")
        found = phase_boundary(scan, self.criterion)
        slow = np.asarray(found[scans.axes(found)[0]].values, float)
        return slow, np.asarray(found.values, float), str(found.attrs["units"])

    def unit(self, scan: xr.DataArray) -> str:
        """The unit of the result."""
        return self._boundary(scan)[2]

    def __str__(self) -> str:
        return f"transition ({self.criterion}) at {self.at:g}"


@dataclass(frozen=True)
class PeakPosition:
    """Where a line cut along ``axis`` (default: the fast one) is highest, the other axis being ``at`` (in its unit);
    ``lowest`` asks for the dip. By the parabola through three points."""

    at: float
    axis: str | None = None
    lowest: bool = False

    def __call__(self, scan: xr.DataArray) -> float:
        axis, other = self._axes(scan)
        values = np.asarray(scan.interp({other: self.at}).values, float)
        if not np.isfinite(values).all():
            return float("nan")
        return _top(np.asarray(scan[axis].values, float), -values if self.lowest else values)[0]

    def _axes(self, scan: xr.DataArray) -> tuple[str, str]:
        names = scans.axes(scan)
        if len(names) != 2 or not scans.is_gridded(scan):
            raise ScanError("a line cut's peak is read from maps of two axes; simulate one first")
        axis = names[-1] if self.axis is None else self.axis
        if axis not in names:
            raise ScanError(f"the map has no axis {axis!r}; its axes are {', '.join(names)}")
        return axis, names[1 - names.index(axis)]

    def unit(self, scan: xr.DataArray) -> str:
        """The unit of the result."""
        return str(scan[self._axes(scan)[0]].attrs["units"])

    def __str__(self) -> str:
        return f"peak of the cut at {self.at:g}"


def _top(places: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Place and value of the highest of ``values``, by the parabola through the three points about it."""
    top = int(np.argmax(values))
    if not 0 < top < len(values) - 1:
        return float(places[top]), float(values[top])
    x, y = places[top - 1 : top + 2] - places[top], values[top - 1 : top + 2]
    curvature, slope, height = np.polyfit(x, y, 2)
    if curvature >= 0:
        return float(places[top]), float(values[top])
    shift = -slope / (2 * curvature)
    return float(places[top] + shift), float(height - slope**2 / (4 * curvature))
