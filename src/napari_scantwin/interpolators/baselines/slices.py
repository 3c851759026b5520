"""Slices of a cube, or sweeps of a map, that share one grid: smoothed or decomposed, then interpolated between.

* Gaussian smoothing: every slice is smoothed by itself and the space between two filled linearly.
* PCA: slices are written as their mean plus a few principal components (the singular vectors of all slices about
  the mean), and the components' scores interpolated along the slow axis, straight or by a cubic spline.

The smoothing's width, the number of components and the kind of interpolation are those with the least error on inner
slices left out of the ones given. Beyond the outermost slices these are held, as by the other baselines. Holes (places
that a slice did not see) are filled from the slices on either side before anything else is done.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline, RegularGridInterpolator
from scipy.ndimage import gaussian_filter

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.interpolators.baselines.points import usable
from napari_scantwin.interpolators.grid import filled

__all__ = ["GaussianSmoothing", "PrincipalComponents"]

#: Standard deviations tried, in samples of the slices' axes.
_WIDTHS = (0.0, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 4.0)
#: Most principal components tried, and folds in which inner slices are left out to choose their number.
_MOST, _FOLDS = 40, 3
#: Scans that fill less of the grid of all their axes' values than this have no common grid.
_FILLED = 0.4


class _Stack:
    """Slices on a common grid: ``slow`` [slices], ``axes`` of the slices, ``values`` [slices, ...] without holes, and
    ``seen``, whether each value was measured."""

    def __init__(self, scan: xr.DataArray, rows: np.ndarray):
        table = scans.points(scan)
        rows = usable(rows, table)
        columns = [column for column in table.coordinates.T]
        if len(columns) < 2:
            raise ScanError("slices need a scan with two axes or more")
        if not scans.is_gridded(scan):
            columns[0] = scans.set_points(columns[0])
        found = [np.unique(column, return_inverse=True) for column in columns]
        shape = tuple(len(values) for values, _ in found)
        if np.prod([float(size) for size in shape]) * _FILLED > len(rows):
            raise ScanError("the sweeps share no grid; slices need one")
        place = np.ravel_multi_index([number.ravel()[rows] for _, number in found], shape)
        count = np.bincount(place, minlength=int(np.prod(shape)))
        total = np.bincount(place, table.values[rows], minlength=len(count))
        with np.errstate(invalid="ignore"):
            values = (total / count).reshape(shape)
        kept = np.isfinite(values).any(axis=tuple(range(1, len(shape))))
        if kept.sum() < 2:
            raise ScanError("fewer than two slices are left")
        self.slow, self.axes = found[0][0][kept], tuple(values for values, _ in found[1:])
        self.seen = np.isfinite(values[kept])
        self.values = filled(self.slow, values[kept], self.seen)

    def at(self, points: np.ndarray) -> np.ndarray:
        """The points [n, axes], moved to the nearest place within the slices and between the outermost."""
        columns = zip(np.asarray(points, float).T, (self.slow, *self.axes), strict=True)
        return np.stack([np.clip(column, axis[0], axis[-1]) for column, axis in columns], axis=1)


class GaussianSmoothing:
    """Slices smoothed by a Gaussian, linear between them."""

    def settings(self, scan: xr.DataArray) -> dict:
        """The width with the least error, on every inner slice, of the line between its smoothed neighbours."""
        stack = _Stack(scan, np.ones(len(scans.points(scan).values), bool))
        slow, values = stack.slow, stack.values
        if len(slow) < 3:
            return {"width": _WIDTHS[0]}
        known = stack.seen[1:-1] & stack.seen[:-2] & stack.seen[2:]
        share = ((slow[1:-1] - slow[:-2]) / (slow[2:] - slow[:-2])).reshape(-1, *[1] * (values.ndim - 1))
        errors = []
        for width in _WIDTHS:
            smooth = _smoothed(values, width)
            between = (1 - share) * smooth[:-2] + share * smooth[2:]
            errors.append(np.sum((between - values[1:-1])[known] ** 2))
        return {"width": _WIDTHS[int(np.argmin(errors))]}

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Smooth the slices of some points.

        Parameters
        ----------
        scan
            The scan.
        rows
            Which of its points are kept, bool [n] over ``scan.points``.
        settings
            The smoothing's width; by default what :meth:`settings` chooses on the whole scan.

        Returns
        -------
        GaussianSmoothing
            Itself.

        Raises
        ------
        ScanError
            Where fewer than two slices are left, or the sweeps share no grid.
        """
        self.stack = _Stack(scan, rows)
        smooth = _smoothed(self.stack.values, (settings or self.settings(scan))["width"])
        self.between = RegularGridInterpolator((self.stack.slow, *self.stack.axes), smooth)
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        return self.between(self.stack.at(points))


def _smoothed(values: np.ndarray, width: float) -> np.ndarray:
    return gaussian_filter(values, (0.0, *[width] * (values.ndim - 1)), mode="nearest") if width else values


class PrincipalComponents:
    """Slices cut down to a few principal components, whose scores are interpolated along the slow axis."""

    def settings(self, scan: xr.DataArray) -> dict:
        """The number of components and the interpolation of least error on inner slices left out."""
        stack = _Stack(scan, np.ones(len(scans.points(scan).values), bool))
        best = (np.inf, {"components": 1, "spline": False})
        for spline in (False, True):
            for count, error in enumerate(_left_out(stack, spline), 1):
                if error < best[0]:
                    best = (error, {"components": count, "spline": spline})
        return best[1]

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Decompose the slices of some points.

        Parameters
        ----------
        scan
            The scan.
        rows
            Which of its points are kept, bool [n] over ``scan.points``.
        settings
            The number of components and the interpolation; by default what :meth:`settings` chooses on the whole scan.

        Returns
        -------
        PrincipalComponents
            Itself.

        Raises
        ------
        ScanError
            Where fewer than two slices are left, or the sweeps share no grid.
        """
        chosen = settings or self.settings(scan)
        self.stack = stack = _Stack(scan, rows)
        mean, scores, maps = _decomposed(stack.values.reshape(len(stack.slow), -1), chosen["components"])
        self.scores = _along(stack.slow, scores, chosen["spline"])
        fields = np.concatenate([mean[None], maps]).T.reshape(*stack.values.shape[1:], -1)
        self.fields = RegularGridInterpolator(stack.axes, fields)
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        points = self.stack.at(points)
        slow, number = np.unique(points[:, 0], return_inverse=True)  # whole slices are asked for most often
        scores, fields = self.scores(slow)[number.ravel()], self.fields(points[:, 1:])
        return fields[:, 0] + np.sum(scores * fields[:, 1:], axis=1)


def _decomposed(flat: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The slices ``flat`` [slices, n] as mean [n] + scores [slices, components] @ maps [components, n]."""
    mean = flat.mean(axis=0)
    left, sizes, maps = np.linalg.svd(flat - mean, full_matrices=False)
    return mean, (left * sizes)[:, :most], maps[:most]


def _along(slow: np.ndarray, scores: np.ndarray, spline: bool):
    """A function of the slow axis: the scores [n, components]."""
    if spline and len(slow) > 3:
        return CubicSpline(slow, scores)
    return RegularGridInterpolator((slow,), scores)


def _left_out(stack: _Stack, spline: bool) -> Iterator[float]:
    """The squared error on inner slices left out, with one component, with two, and so on."""
    slow, flat = stack.slow, stack.values.reshape(len(stack.slow), -1)
    seen = stack.seen.reshape(flat.shape)
    inner = np.arange(1, len(slow) - 1)
    folds = [inner[number::_FOLDS] for number in range(min(_FOLDS, len(inner)))]
    errors: list[np.ndarray] = []
    for held in folds:
        kept = np.setdiff1d(np.arange(len(slow)), held)
        mean, scores, maps = _decomposed(flat[kept], _MOST)
        at = np.asarray(_along(slow[kept], scores, spline)(slow[held]))
        wrong = np.where(seen[held], mean - flat[held], 0.0)
        course = []
        for score, one in zip(at.T, maps, strict=True):
            wrong = wrong + np.where(seen[held], np.multiply.outer(score, one), 0.0)
            course.append(np.sum(wrong**2))
        errors.append(np.array(course))
    if errors:
        fewest = min(len(course) for course in errors)
        yield from np.sum([course[:fewest] for course in errors], axis=0)
