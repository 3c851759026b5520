"""Regressions over scaled coordinates, their settings chosen on held-out sweeps or by likelihood.

scikit-learn takes two seconds to import, so each function imports what it uses of it: the window opens without.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import numpy as np
import xarray as xr
from scipy.interpolate import RBFInterpolator
from threadpoolctl import threadpool_limits

from napari_scantwin.core import scan as scans
from napari_scantwin.interpolators.baselines.points import CHUNK, evenly, root_of, uneven, usable

__all__ = ["GaussianProcessBaseline", "KernelRidgeRegression", "Mlp", "RandomForest", "Rbf"]


class Smoother:
    """A regression over scaled coordinates; subclasses say how to fit and what may be chosen."""

    #: Most points fitted, settings to choose between, and most points used while choosing.
    most, choices, most_choosing = 3000, ({},), 600

    def settings(self, scan: xr.DataArray) -> dict:
        """The settings chosen on the whole scan, to be handed to :meth:`fit`."""
        with calmly():
            return self._chosen(*self._scaled(scan, np.ones(len(scans.points(scan).values), bool)))

    def fit(self, scan: xr.DataArray, rows: np.ndarray, settings: dict | None = None):
        """Fit some points.

        Parameters
        ----------
        scan
            The scan.
        rows
            Which of its points are kept, bool [n] over ``scan.points``.
        settings
            What :meth:`settings` chose; by default settings are chosen on the points kept.

        Returns
        -------
        Smoother
            Itself.

        Raises
        ------
        ScanError
            Where no point is left.
        """
        x, y, numbers = self._scaled(scan, rows)
        with calmly():
            settings = self._chosen(x, y, numbers) if settings is None else settings
            picked = evenly(numbers, self.most)
            self.model = self._fitted(x[picked], y[picked], **settings)
        return self

    def _scaled(self, scan: xr.DataArray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scaled coordinates [n, axes], standardised values [n] and sweep numbers [n] of the points ``rows``."""
        table = scans.points(scan)
        rows = usable(rows, table)
        raw, values, numbers = table.coordinates[rows], table.values[rows], table.sweep[rows]
        self.root = [uneven(raw[:, k]) for k in range(raw.shape[1] - 1)] + [False]
        scaled = self._compressed(raw)
        self.low, self.span = scaled.min(axis=0), np.ptp(scaled, axis=0)
        self.span[self.span == 0] = 1.0
        self.mean, self.scale = values.mean(), values.std() or 1.0
        return (scaled - self.low) / self.span, (values - self.mean) / self.scale, numbers

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Values [n] at ``points`` [n, axes], slow first."""
        x = (self._compressed(np.asarray(points, float)) - self.low) / self.span
        chunks = np.array_split(x, max(1, -(-len(x) // CHUNK)))
        return np.concatenate([self._evaluated(chunk) for chunk in chunks]) * self.scale + self.mean

    def _evaluated(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x)

    def _compressed(self, raw: np.ndarray) -> np.ndarray:
        columns = raw.T
        return np.stack([root_of(c) if root else c for c, root in zip(columns, self.root, strict=True)], axis=1)

    def _chosen(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> dict:
        """The settings with the least error on sweeps held out inside the given ones."""
        kept = np.unique(numbers)
        if len(self.choices) == 1 or len(kept) < 3:
            return self.choices[0]
        picked = evenly(numbers, self.most_choosing)
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


class Rbf(Smoother):
    """A thin-plate spline of radial basis functions, by SciPy."""

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


class GaussianProcessBaseline(Smoother):
    """A Gaussian process whose scales maximise the marginal likelihood."""

    most = 1500
    learning = 300

    def _chosen(self, x, y, numbers):
        from napari_scantwin.interpolators.posterior import learned

        return {"kernel": learned(x, y, most=self.learning)}

    def _fitted(self, x, y, kernel):
        from napari_scantwin.interpolators.posterior import conditioned

        return conditioned(kernel, x, y)


class KernelRidgeRegression(Smoother):
    """Kernel ridge regression with a Gaussian kernel, by scikit-learn."""

    most = 1500
    choices = tuple(
        {"alpha": alpha, "width": width, "stretch": stretch}
        for alpha in (1e-4, 1e-2)
        for width in (0.05, 0.15, 0.4)
        for stretch in (1.0, 3.0)
    )

    def _fitted(self, x, y, alpha, width, stretch):
        from sklearn.kernel_ridge import KernelRidge

        # A slow axis with few sweeps wants a kernel wider than the fast axis does.
        self.stretch = np.array([1 / stretch] * (x.shape[1] - 1) + [1.0])
        return KernelRidge(alpha=alpha, kernel="rbf", gamma=0.5 / width**2).fit(x * self.stretch, y)

    def _evaluated(self, x):
        return self.model.predict(x * self.stretch)


class RandomForest(Smoother):
    """A random forest of sixty trees, by scikit-learn."""

    most = 6000

    def _fitted(self, x, y):
        from sklearn.ensemble import RandomForestRegressor

        # Threads cost more than they bring for forests this small.
        return RandomForestRegressor(n_estimators=60, random_state=0).fit(x, y)


class Mlp(Smoother):
    """A small network of two tanh layers, by scikit-learn."""

    most, most_choosing = 1500, 400
    choices = ({"alpha": 1e-3}, {"alpha": 1e-1})

    def _fitted(self, x, y, alpha):
        from sklearn.neural_network import MLPRegressor

        model = MLPRegressor(
            hidden_layer_sizes=(32, 32), activation="tanh", solver="lbfgs", alpha=alpha, max_iter=150, random_state=0
        )
        return model.fit(2 * x - 1, y)

    def _evaluated(self, x):
        return self.model.predict(2 * x - 1)


@contextmanager
def calmly():
    """Run scikit-learn in one thread, without its warnings."""
    from sklearn.exceptions import ConvergenceWarning

    # One thread: for matrices this small, threads that wait for each other cost up to a hundred times more.
    with threadpool_limits(1), warnings.catch_warnings():
        # Iteration limits and bounds that are reached are expected here: time is part of the comparison.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
