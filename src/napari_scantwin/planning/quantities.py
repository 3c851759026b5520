"""Numbers one reads from a map, ready-made: each is called with a scan and gives a number in ``unit(scan)``, NaN where
the scan holds none. ``of_maps`` reads many maps over one grid together, to save time. Any other function of a scan
serves as well."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.physics.branches import axis_of_kind
from napari_scantwin.physics.ensemble import Ensemble
from napari_scantwin.physics.magnetocaloric import entropy_ensemble
from napari_scantwin.physics.maxwell import interpolation_matrix
from napari_scantwin.physics.transitions import phase_boundary

__all__ = ["PeakEntropyChange", "PeakPosition", "TransitionTemperature"]


@dataclass(frozen=True)
class PeakEntropyChange:
    """The signed extremum of the isothermal entropy change up to one field.

    Parameters
    ----------
    field
        The highest field, in the scan's unit (default: the highest measured).
    sample, per
        Those of :func:`napari_scantwin.physics.magnetocaloric.entropy_ensemble`.
    """

    field: float | None = None
    sample: Sample | None = None
    per: str | None = None

    def __call__(self, scan: xr.DataArray) -> float:
        change = self._ensemble(scan, count=2).scan
        kelvin, row = _last(change, np.asarray(change.values, float))
        return _extremum(kelvin, row)

    def of_maps(self, scan: xr.DataArray, maps: np.ndarray) -> np.ndarray:
        """The number in each of several maps over one grid, read together.

        Parameters
        ----------
        scan
            A gridded scan.
        maps
            Other values of it [count, slow, fast].

        Returns
        -------
        array
            The numbers [count].
        """
        field = axis_of_kind(scan, "magnetic field")
        top = np.abs(scan[field].values).max() if self.field is None else self.field
        found = replace(self, field=float(top))._ensemble(scan, maps=maps)
        kelvin, rows = _last(found.scan, found.samples)
        return np.array([_extremum(kelvin, row) for row in rows])

    def _ensemble(self, scan: xr.DataArray, **options) -> Ensemble:
        fields = None if self.field is None else np.array([self.field])
        return entropy_ensemble(scan, self.sample, per=self.per, fields=fields, **options)

    def unit(self, scan: xr.DataArray) -> str:
        """The unit of the result."""
        return str(self._ensemble(scan, count=2).scan.attrs["units"])

    def __str__(self) -> str:
        return "peak entropy change"


@dataclass(frozen=True)
class TransitionTemperature:
    """The transition on the fast axis at one value of the slowest, linear between the two rows about it.

    In kelvin for temperatures.

    Parameters
    ----------
    at
        The value of the slowest axis, in its unit.
    criterion
        What counts as the transition (see :mod:`napari_scantwin.physics.transitions`).
    """

    at: float
    criterion: str | float = "50 %"

    def __call__(self, scan: xr.DataArray) -> float:
        return float(np.interp(self.at, *self._boundary(scan)[:2]))

    def of_maps(self, scan: xr.DataArray, maps: np.ndarray) -> np.ndarray:
        """The number in each of several maps over one grid.

        It is read again only where one of the two rows about ``at`` differs.

        Parameters
        ----------
        scan
            A gridded scan.
        maps
            Other values of it [count, slow, fast].

        Returns
        -------
        array
            The numbers [count].

        Raises
        ------
        ScanError
            Where ``at`` lies outside the map.
        """
        rows = self._rows(scan)
        near, own = scan.isel({scan.dims[0]: rows}), np.asarray(scan.values, float)[rows]
        changed = (maps[:, rows] != own).any(axis=(1, 2))
        found = np.full(len(maps), self(scan))
        found[changed] = [self(near.copy(data=one)) for one in maps[changed][:, rows]]
        return found

    def _rows(self, scan: xr.DataArray) -> np.ndarray:
        slow = np.asarray(scan[scan.dims[0]].values, float)
        if not slow.min() <= self.at <= slow.max():
            raise ScanError(f"{self.at:g} lies outside the {str(scan.dims[0]).replace('_', ' ')} of the map")
        order = np.argsort(slow)
        right = int(np.clip(np.searchsorted(slow[order], self.at), 1, len(slow) - 1))
        return np.sort(order[right - 1 : right + 1])

    def _boundary(self, scan: xr.DataArray) -> tuple[np.ndarray, np.ndarray, str]:
        if scans.is_gridded(scan) and scan.ndim == 2:
            scan = scan.isel({scan.dims[0]: self._rows(scan)})
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
    """Where a line cut is highest, by the parabola through three points.

    Parameters
    ----------
    at
        The value of the other axis, in its unit.
    axis
        The axis along which the cut runs (default: the fast one).
    lowest
        Whether to find the dip instead.
    """

    at: float
    axis: str | None = None
    lowest: bool = False

    def __call__(self, scan: xr.DataArray) -> float:
        return float(self.of_maps(scan, np.asarray(scan.values, float)[None])[0])

    def of_maps(self, scan: xr.DataArray, maps: np.ndarray) -> np.ndarray:
        """The number in each of several maps over one grid, read together.

        Parameters
        ----------
        scan
            A gridded scan of two axes.
        maps
            Other values of it [count, slow, fast].

        Returns
        -------
        array
            The numbers [count]; NaN where ``at`` lies outside the map or the cut lacks values.

        Raises
        ------
        ScanError
            Where the scan is not gridded over two axes, or lacks the axis.
        """
        axis, other = self._axes(scan)
        places, across = (np.asarray(scan[name].values, float) for name in (axis, other))
        if not across.min() <= self.at <= across.max():
            return np.full(len(maps), np.nan)
        order = np.argsort(across)
        share = interpolation_matrix(across[order], np.array([self.at])).toarray()[0]
        used = np.flatnonzero(share)  # a missing value elsewhere is none of this cut
        cuts = np.take(np.moveaxis(maps, 1 + scan.dims.index(other), -1), order[used], axis=-1) @ share[used]
        cuts = -cuts if self.lowest else cuts
        return np.array([_top(places, cut)[0] if np.isfinite(cut).all() else np.nan for cut in cuts])

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


def _last(change: xr.DataArray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Temperatures, and of ``values`` [..., field, temperature] those at the highest field."""
    return np.asarray(change["temperature"].values, float), values[..., np.argmax(change["magnetic_field"].values), :]


def _extremum(kelvin: np.ndarray, values: np.ndarray) -> float:
    """The value of the largest size, with its sign."""
    if not np.isfinite(values).all():
        return float("nan")
    sign = np.sign(values[np.argmax(np.abs(values))]) or 1.0
    return float(sign * _top(kelvin, sign * values)[1])


def _top(places: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Place and value of the highest of ``values``, by the parabola through the three points about it."""
    top = int(np.argmax(values))
    if not 0 < top < len(values) - 1:
        return float(places[top]), float(values[top])
    (left, right), height = places[[top - 1, top + 1]] - places[top], float(values[top])
    before, after = (values[[top - 1, top + 1]] - height) / (left, right)
    curvature = (after - before) / (right - left)
    slope = before - curvature * left
    if curvature >= 0:
        return float(places[top]), float(values[top])
    shift = -slope / (2 * curvature)
    return float(places[top] + shift), float(height - slope**2 / (4 * curvature))
