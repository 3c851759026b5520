"""The interpolators a physicist would use instead of a twin, behind one interface.

``RIVALS[name]().fit(scan, rows, settings).predict(points)`` gives values [n] at points [n, axes] (slow first).
All come from SciPy and scikit-learn. To keep the comparison fair each gets the scaling it needs:

* linear, cubic spline and monotone spline go sweep by sweep: every kept sweep is interpolated along its
  fast axis, then across the sweeps along the slow axis. Outside a sweep's fast range its end value is
  held, and outside the kept sweeps the outermost sweep is held: a cubic continued outwards would be
  worse than any of them deserves. With several slow axes only the linear one is defined (triangulation).
* the moving mesh interpolates along the slow axis too, but at constant accumulated change of each sweep's
  value instead of at constant fast-axis position; over the logarithm of a slow axis with very uneven steps,
  and with two axes only.
* the others see every axis on a unit range, a slow axis with very uneven steps as its square root (as
  one does with fields of 100 to 50 000 Oe), and the values standardised. Their settings are chosen on
  held-out sweeps, or by likelihood. :func:`score_rivals` chooses them once, on the whole scan: that the
  choice has seen the sweeps it is scored on is in the rivals' favour. The costly ones are given evenly
  picked points.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable
from contextlib import contextmanager

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline, PchipInterpolator, RBFInterpolator
from scipy.optimize import minimize
from scipy.spatial import Delaunay, QhullError, cKDTree
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from napari_scantwin import scan as scans
from napari_scantwin.errors import Cancelled, ScanError
from napari_scantwin.moving_mesh import MovingMesh, sweep_rows

__all__ = ["RIVALS", "score_rivals"]

_CHUNK = 4096


class _Sweepwise:
    """Interpolation along each sweep, then across the sweeps."""

    several_slow_axes = False

    def settings(self, scan: xr.DataArray) -> dict:
        """Nothing is chosen."""
        return {}

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Keep the sweeps of the points ``rows`` (bool [n] over ``scan.points``); returns self.

        Raises :class:`ScanError` where there is nothing to fit, or more slow axes than the method has."""
        table = scans.points(scan)
        rows = _usable(rows, table)
        coordinates, values, numbers = table.coordinates[rows], table.values[rows], table.sweep[rows]
        if coordinates.shape[1] > 2 and not self.several_slow_axes:
            raise ScanError("splines along the slow axis need a scan with one slow axis; this one has several")
        parts = _parts(numbers)
        slow = np.array([np.median(coordinates[part, :-1], axis=0) for part in parts])
        # Warming and cooling at one field are one position along the slow axis: average them.
        keys = np.stack([scans.set_points(column) for column in slow.T], axis=1) if slow.shape[1] else slow
        self.slow, same = np.unique(keys, axis=0, return_inverse=True)
        group = np.empty(len(values), np.int64)
        for part, number in zip(parts, same.ravel(), strict=True):
            group[part] = number
        self.curves = []
        for part in _parts(group):
            fast, value = _merged(coordinates[part, -1], values[part])
            self.curves.append((fast[0], fast[-1], self._curve(fast, value)))
        if slow.shape[1] > 1:
            self._triangulate(coordinates[:, -1])
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        points = np.asarray(points, float)
        if points.shape[1] > 2:
            return self._predict_triangulated(points)
        chunks = np.array_split(points, max(1, -(-len(points) // _CHUNK)))
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


class _Linear(_Sweepwise):
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


class _Cubic(_Sweepwise):
    spline = CubicSpline

    def _across(self, x, values, at):
        # Over steps of 900 to 10 000 Oe a cubic in the field itself swings wildly; in its root it does not.
        return super()._across(_root(x), values, _root(at)) if _uneven(x) else super()._across(x, values, at)


class _Monotone(_Sweepwise):
    spline = PchipInterpolator


class _MovingMesh:
    """Interpolation at constant accumulated change."""

    #: Share of the plain fast axis in the accumulated change, so that flat stretches keep a length.
    share = 0.1

    def settings(self, scan: xr.DataArray) -> dict:
        """The scale of the slow axis, told from all its set points."""
        return {"scale": "log" if _uneven(scans.points(scan).coordinates[:, 0]) else "plain"}

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Line up the sweeps of the points ``rows`` (bool [n] over ``scan.points``); returns self."""
        table = scans.points(scan)
        rows = _usable(rows, table)
        coordinates, values = table.coordinates[rows], table.values[rows]
        if coordinates.shape[1] != 2:
            raise ScanError("a moving mesh needs a scan with two axes")
        knots, group = np.unique(scans.set_points(coordinates[:, 0]), return_inverse=True)
        if len(values) < 4 * len(knots):
            raise ScanError("a moving mesh needs sweeps of several points")
        scale = (settings or self.settings(scan))["scale"]
        aligned = sweep_rows(coordinates[:, 1], values, group, len(knots), self.share)
        self.mesh = MovingMesh(knots, aligned, scale, scale)
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        return self.mesh.predict(np.asarray(points, float))


class _Smoother:
    """A regression over scaled coordinates; subclasses say how to fit and what may be chosen."""

    #: Most points fitted, settings to choose between, and most points used while choosing.
    most, choices, most_choosing = 3000, ({},), 600

    def settings(self, scan: xr.DataArray) -> dict:
        """The settings chosen on the whole scan, to be handed to :meth:`fit`."""
        with _calmly():
            return self._chosen(*self._scaled(scan, np.ones(len(scans.points(scan).values), bool)))

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Fit the points ``rows`` (bool [n] over ``scan.points``), with these settings or, without any, with
        settings chosen on these points; returns self."""
        x, y, numbers = self._scaled(scan, rows)
        with _calmly():
            settings = self._chosen(x, y, numbers) if settings is None else settings
            picked = _evenly(numbers, self.most)
            self.model = self._fitted(x[picked], y[picked], **settings)
        return self

    def _scaled(self, scan: xr.DataArray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scaled coordinates [n, axes], standardised values [n] and sweep numbers [n] of the points ``rows``."""
        table = scans.points(scan)
        rows = _usable(rows, table)
        raw, values, numbers = table.coordinates[rows], table.values[rows], table.sweep[rows]
        self.root = [_uneven(raw[:, k]) for k in range(raw.shape[1] - 1)] + [False]
        scaled = self._compressed(raw)
        self.low, self.span = scaled.min(axis=0), np.ptp(scaled, axis=0)
        self.span[self.span == 0] = 1.0
        self.mean, self.scale = values.mean(), values.std() or 1.0
        return (scaled - self.low) / self.span, (values - self.mean) / self.scale, numbers

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        x = (self._compressed(np.asarray(points, float)) - self.low) / self.span
        chunks = np.array_split(x, max(1, -(-len(x) // _CHUNK)))
        return np.concatenate([self._evaluated(chunk) for chunk in chunks]) * self.scale + self.mean

    def _evaluated(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x)

    def _compressed(self, raw: np.ndarray) -> np.ndarray:
        columns = raw.T
        return np.stack([_root(c) if root else c for c, root in zip(columns, self.root, strict=True)], axis=1)

    def _chosen(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> dict:
        """The settings with the least error on sweeps held out inside the given ones."""
        kept = np.unique(numbers)
        if len(self.choices) == 1 or len(kept) < 3:
            return self.choices[0]
        picked = _evenly(numbers, self.most_choosing)
        x, y, numbers = x[picked], y[picked], numbers[picked]
        # Sweeps in slow-axis order are dealt to the folds; the outermost stay in all fits.
        order = kept[np.argsort([x[numbers == k, 0].mean() for k in kept])][1:-1]
        errors = np.zeros(len(self.choices))
        for fold in range(min(3, len(order))):
            held = np.isin(numbers, order[fold::3])
            for k, settings in enumerate(self.choices):
                self.model = self._fitted(x[~held], y[~held], **settings)
                errors[k] += np.sum((self._evaluated(x[held]) - y[held]) ** 2)
        return self.choices[int(np.argmin(errors))]


class _Rbf(_Smoother):
    most = 1800
    choices = ({"smoothing": 1e-8}, {"smoothing": 1e-4}, {"smoothing": 1e-2})

    def _fitted(self, x, y, smoothing):
        # Two readings at one place make the system singular: average them.
        places, inverse = np.unique(np.round(x, 9), axis=0, return_inverse=True)
        y = np.bincount(inverse.ravel(), y) / np.bincount(inverse.ravel())
        # An axis held at one value adds a constant column, which a plane cannot have.
        degree = 1 if (np.ptp(places, axis=0) > 0).all() and len(places) > x.shape[1] + 1 else 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return RBFInterpolator(places, y, kernel="thin_plate_spline", smoothing=smoothing, degree=degree)

    def _evaluated(self, x):
        return self.model(x)


class _GaussianProcess(_Smoother):
    most = 1500
    learning = 300

    def _chosen(self, x, y, numbers):
        few = np.unique(np.linspace(0, len(x) - 1, self.learning).astype(int))
        scales = [0.3] * x.shape[1]
        kernel = ConstantKernel(1.0, (1e-2, 1e3)) * Matern(scales, (1e-2, 1e2), nu=1.5)
        kernel += WhiteKernel(1e-3, (1e-8, 1.0))
        return {"kernel": GaussianProcessRegressor(kernel, optimizer=_briefly).fit(x[few], y[few]).kernel_}

    def _fitted(self, x, y, kernel):
        return GaussianProcessRegressor(kernel, optimizer=None).fit(x, y)


def _briefly(objective, start, bounds):
    """Maximise the likelihood in 20 steps: the scales settle long before L-BFGS says so."""
    found = minimize(objective, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": 20})
    return found.x, found.fun


class _KernelRidge(_Smoother):
    most = 1500
    choices = tuple(
        {"alpha": alpha, "width": width, "stretch": stretch}
        for alpha in (1e-4, 1e-2)
        for width in (0.05, 0.15, 0.4)
        for stretch in (1.0, 3.0)
    )

    def _fitted(self, x, y, alpha, width, stretch):
        # A slow axis with few sweeps wants a kernel wider than the fast axis does.
        self.stretch = np.array([1 / stretch] * (x.shape[1] - 1) + [1.0])
        return KernelRidge(alpha=alpha, kernel="rbf", gamma=0.5 / width**2).fit(x * self.stretch, y)

    def _evaluated(self, x):
        return self.model.predict(x * self.stretch)


class _RandomForest(_Smoother):
    most = 6000

    def _fitted(self, x, y):
        # Threads cost more than they bring for forests this small.
        return RandomForestRegressor(n_estimators=60, random_state=0).fit(x, y)


class _Mlp(_Smoother):
    most, most_choosing = 1500, 400
    choices = ({"alpha": 1e-3}, {"alpha": 1e-1})

    def _fitted(self, x, y, alpha):
        model = MLPRegressor(
            hidden_layer_sizes=(32, 32), activation="tanh", solver="lbfgs", alpha=alpha, max_iter=150, random_state=0
        )
        return model.fit(2 * x - 1, y)

    def _evaluated(self, x):
        return self.model.predict(2 * x - 1)


#: Every rival by the name shown in tables.
RIVALS: dict[str, type] = {
    "linear": _Linear,
    "cubic spline": _Cubic,
    "monotone spline": _Monotone,
    "moving mesh": _MovingMesh,
    "RBF": _Rbf,
    "Gaussian process": _GaussianProcess,
    "kernel ridge": _KernelRidge,
    "random forest": _RandomForest,
    "MLP": _Mlp,
}


def score_rivals(
    scan: xr.DataArray,
    folds: np.ndarray,
    *,
    names: Iterable[str] | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> dict[str, np.ndarray]:
    """Held-out predictions of the rivals: name -> values [n] at the points of ``scan.points(scan)``.

    ``folds`` [m] names, for each sweep with unmasked points (in the order of their numbers), the fold that
    holds it out; a sweep at -1 is never held out and its points, like masked ones, are predicted as NaN.
    A rival that cannot fit this scan is left out. ``on_progress`` gets the fraction done.
    Raises :class:`Cancelled` at the next fit after ``stop`` is set.
    """
    table = scans.points(scan)
    numbers = np.unique(table.sweep[~table.masked])
    folds = np.asarray(folds, int)
    if folds.shape != numbers.shape:
        raise ScanError(f"{len(numbers)} sweeps need a fold each, but {folds.size} folds were given")
    place = np.clip(np.searchsorted(numbers, table.sweep), 0, max(len(numbers) - 1, 0))
    fold = np.where(table.masked, -1, folds[place])
    names = list(RIVALS if names is None else names)
    held_folds = [k for k in np.unique(folds) if k >= 0]
    predictions: dict[str, np.ndarray] = {}
    for done, name in enumerate(names):
        result = np.full(len(table.values), np.nan)
        try:
            settings = RIVALS[name]().settings(scan)
            for step, k in enumerate(held_folds):
                if stop is not None and stop.is_set():
                    raise Cancelled
                held = fold == k
                rows = ~table.masked & ~held
                if held.any() and rows.any():
                    result[held] = RIVALS[name]().fit(scan, rows, settings).predict(table.coordinates[held])
                if on_progress is not None:
                    on_progress((done + (step + 1) / len(held_folds)) / len(names))
        except (ScanError, np.linalg.LinAlgError):
            continue  # not applicable to this scan: no row in the table
        predictions[name] = result
    return predictions


@contextmanager
def _calmly():
    # One thread: for matrices this small, threads that wait for each other cost up to a hundred times more.
    with threadpool_limits(1), warnings.catch_warnings():
        # Iteration limits and bounds that are reached are expected here: time is part of the comparison.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _usable(rows: np.ndarray, table: scans.Points) -> np.ndarray:
    rows = np.asarray(rows, bool) & ~table.masked
    if not rows.any():
        raise ScanError("no point is left to fit; keep at least one sweep")
    return rows


def _merged(fast: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One sweep in rising order, readings closer than a tenth of the usual step averaged (splines through
    near-coincident noisy points swing wildly)."""
    order = np.argsort(fast, kind="stable")
    fast, values = fast[order], values[order]
    steps = np.diff(fast)
    usual = np.median(steps[steps > 0]) if (steps > 0).any() else 1.0
    group = np.concatenate([[0], np.cumsum(steps > 0.1 * usual)])
    counts = np.bincount(group)
    return np.bincount(group, fast) / counts, np.bincount(group, values) / counts


def _parts(numbers: np.ndarray) -> list[np.ndarray]:
    """Indices of the points of each number, ascending; one sort instead of a mask a sweep."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def _uneven(column: np.ndarray) -> bool:
    """Whether a slow axis has steps so uneven that its square root is the better coordinate."""
    steps = np.diff(np.unique(scans.set_points(column)))
    return len(steps) > 1 and steps.max() > 3.5 * steps.min()


def _root(column: np.ndarray) -> np.ndarray:
    return np.sign(column) * np.sqrt(np.abs(column))


def _evenly(numbers: np.ndarray, most: int) -> np.ndarray:
    """Indices of at most ``most`` points, picked evenly out of each sweep in turn."""
    order = np.argsort(numbers, kind="stable")
    if len(order) <= most:
        return order
    return order[np.unique(np.linspace(0, len(order) - 1, most).round().astype(int))]
