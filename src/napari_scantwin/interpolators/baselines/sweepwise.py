"""Interpolation along each sweep and then across the sweeps, straight or aligned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.spatial import Delaunay, QhullError, cKDTree

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.interpolators.aligned import CurveRegistration, sweep_rows
from napari_scantwin.interpolators.baselines.points import CHUNK, merged, parts, root_of, uneven, usable

__all__ = ["AlignedSweeps", "Cubic", "Linear", "Monotone"]


class Sweepwise:
    """Interpolation along each sweep, then across the sweeps."""

    several_slow_axes = False

    def settings(self, scan: xr.DataArray) -> dict:
        """Nothing is chosen."""
        return {}

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Keep some sweeps.

        Parameters
        ----------
        scan
            The scan.
        rows
            Which of its points are kept, bool [n] over ``scan.points``.
        settings
            Ignored: nothing is chosen.

        Returns
        -------
        Sweepwise
            Itself.

        Raises
        ------
        ScanError
            Where there is nothing to fit, or more slow axes than the method has.
        """
        table = scans.points(scan)
        rows = usable(rows, table)
        coordinates, values, numbers = table.coordinates[rows], table.values[rows], table.sweep[rows]
        if coordinates.shape[1] > 2 and not self.several_slow_axes:
            raise ScanError("splines along the slow axis need a scan with one slow axis; this one has several")
        own = parts(numbers)
        slow = np.array([np.median(coordinates[part, :-1], axis=0) for part in own])
        # Warming and cooling at one field are one position along the slow axis: average them.
        keys = np.stack([scans.set_points(column) for column in slow.T], axis=1) if slow.shape[1] else slow
        self.slow, same = np.unique(keys, axis=0, return_inverse=True)
        group = np.empty(len(values), np.int64)
        for part, number in zip(own, same.ravel(), strict=True):
            group[part] = number
        self.curves = []
        for part in parts(group):
            fast, value = merged(coordinates[part, -1], values[part])
            self.curves.append((fast[0], fast[-1], self._curve(fast, value)))
        if slow.shape[1] > 1:
            self._triangulate(coordinates[:, -1])
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        points = np.asarray(points, float)
        if points.shape[1] > 2:
            return self._predict_triangulated(points)
        chunks = np.array_split(points, max(1, -(-len(points) // CHUNK)))
        return np.concatenate([self._predict_chunk(chunk) for chunk in chunks])

    def _predict_chunk(self, points: np.ndarray) -> np.ndarray:
        at = np.stack([curve(np.clip(points[:, -1], low, high)) for low, high, curve in self.curves])  # [sweep, n]
        if len(at) == 1:
            return at[0]
        x = self.slow[:, 0]
        return self._across(x, at, np.clip(points[:, 0], x[0], x[-1]))

    def _curve(self, fast: np.ndarray, values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return self.spline(fast, values) if len(fast) > 2 else lambda at: np.interp(at, fast, values)

    def _across(self, x: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Column i of ``values`` [sweep, n] interpolated over ``x`` [sweep] at ``at[i]``."""
        spline = self.spline(x, values)
        interval = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
        coefficients = spline.c[:, interval, np.arange(len(at))]
        return sum(c * (at - x[interval]) ** (len(coefficients) - 1 - k) for k, c in enumerate(coefficients))


class Linear(Sweepwise):
    """Straight lines along each sweep and across the sweeps; with several slow axes across by triangulation."""

    several_slow_axes = True

    def _curve(self, fast, values):
        return lambda at: np.interp(at, fast, values)

    def _across(self, x, values, at):
        left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
        weight = (at - x[left]) / (x[left + 1] - x[left])
        column = np.arange(len(at))
        return (1 - weight) * values[left, column] + weight * values[left + 1, column]

    def _triangulate(self, fast: np.ndarray) -> None:
        """Triangulate the sweeps' slow positions and bring all sweeps to one fast grid."""
        self.low, self.span = self.slow.min(axis=0), np.ptp(self.slow, axis=0)
        self.span[self.span == 0] = 1.0
        try:
            self.mesh = Delaunay((self.slow - self.low) / self.span)
        except (QhullError, ValueError) as reason:
            raise ScanError(
                "the slow-axis positions lie on a line or plane; linear interpolation needs more"
            ) from reason
        self.tree = cKDTree(self.mesh.points)
        size = int(np.clip(2e7 / len(self.slow), 16, 1024))
        known = np.unique(fast)
        self.fast = known if len(known) <= size else np.quantile(known, np.linspace(0, 1, size))
        self.table = np.stack([curve(np.clip(self.fast, low, high)) for low, high, curve in self.curves])

    def _predict_triangulated(self, points: np.ndarray) -> np.ndarray:
        slow = (points[:, :-1] - self.low) / self.span
        simplex = self.mesh.find_simplex(slow)
        vertices = self.mesh.simplices[simplex]
        transform = self.mesh.transform[simplex]
        first = np.einsum("nij,nj->ni", transform[:, :-1], slow - transform[:, -1])
        weights = np.concatenate([first, 1 - first.sum(axis=1, keepdims=True)], axis=1)
        outside = (simplex < 0) | ~np.isfinite(weights).all(axis=1)
        weights[outside] = 0.0
        weights[outside, 0] = 1.0
        vertices[outside, 0] = self.tree.query(slow[outside])[1]
        position = np.interp(points[:, -1], self.fast, np.arange(len(self.fast)))
        left = np.clip(position.astype(int), 0, max(len(self.fast) - 2, 0))
        right = np.minimum(left + 1, len(self.fast) - 1)
        part = (position - left)[:, None]
        at = (1 - part) * self.table[vertices, left[:, None]] + part * self.table[vertices, right[:, None]]
        return (weights * at).sum(axis=1)


class Cubic(Sweepwise):
    """Cubic splines along each sweep and across them, over the root of a slow axis with very uneven steps."""

    spline = CubicSpline

    def _across(self, x, values, at):
        # Over steps of 900 to 10 000 Oe a cubic in the field itself swings wildly; in its root it does not.
        return super()._across(root_of(x), values, root_of(at)) if uneven(x) else super()._across(x, values, at)


class Monotone(Sweepwise):
    """Monotone cubic splines (PCHIP) along each sweep and across the sweeps."""

    spline = PchipInterpolator


class AlignedSweeps:
    """Aligned interpolation: across the sweeps at constant accumulated change; two axes only."""

    #: Share of the plain fast axis in the accumulated change, so that flat stretches keep a length.
    share = 0.1

    def settings(self, scan: xr.DataArray) -> dict:
        """The scale of the slow axis, inferred from all its set points."""
        return {"scale": "log" if uneven(scans.points(scan).coordinates[:, 0]) else "plain"}

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Line up some sweeps.

        Parameters
        ----------
        scan
            The scan.
        rows
            Which of its points are kept, bool [n] over ``scan.points``.
        settings
            The slow axis's scale; by default what :meth:`settings` chooses on the whole scan.

        Returns
        -------
        AlignedSweeps
            Itself.

        Raises
        ------
        ScanError
            Where nothing is left to fit, the scan has other than two axes, or its sweeps have too few points.
        """
        table = scans.points(scan)
        rows = usable(rows, table)
        coordinates, values = table.coordinates[rows], table.values[rows]
        if coordinates.shape[1] != 2:
            raise ScanError("an aligned interpolation needs a scan with two axes")
        knots, group = np.unique(scans.set_points(coordinates[:, 0]), return_inverse=True)
        if len(values) < 4 * len(knots):
            raise ScanError("an aligned interpolation needs sweeps of several points")
        scale = (settings or self.settings(scan))["scale"]
        aligned = sweep_rows(coordinates[:, 1], values, group, len(knots), self.share)
        self.mesh = CurveRegistration(knots, aligned, scale, scale)
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        return self.mesh.predict(np.asarray(points, float))
