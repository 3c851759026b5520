"""The one Gaussian process: scikit-learn's, with a weight for every point and draws from its posterior added.

The covariance is Matérn's of order 3/2 with a scale for every axis, plus noise whose variance is over a point's weight.
Scales and noise maximise the marginal likelihood of evenly picked points (:func:`learned`); they hold for any choice of
points a process is then conditioned on (:func:`conditioned`).

What it does not know is represented by draws from its posterior, functions that can be differentiated and integrated
as the mean can: a draw g from the prior, as a sum of waves, plus the process's own correction,
``g(x) - k(x, X) K^-1 (g(X) + e)`` with e drawn from the noise. To scikit-learn ``g(X) + e`` are further targets.

References
----------
C. E. Rasmussen and C. K. I. Williams, *Gaussian Processes for Machine Learning*, MIT Press 2006 (scales by likelihood).
A. Rahimi and B. Recht, *Random features for large-scale kernel machines*, NIPS 2007 (the prior as waves).
J. T. Wilson et al., *Efficiently sampling functions from Gaussian process posteriors*, ICML 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern, WhiteKernel

from napari_scantwin.core.errors import Cancelled

__all__ = ["Draws", "conditioned", "covariances", "learned"]

_ORDER = 1.5
#: Most steps of the search for scales: they settle long before L-BFGS says so.
_STEPS = 14
#: Scales are sought between these multiples of an axis's range, and from this one.
_SCALES, _SCALE = (0.015, 16.0), 0.3
#: Variance of the signal and of the noise, over that of the targets.
_SIGNAL, _NOISE = (2e-2, 150.0), (1e-6, 2.7)
#: Added to the diagonal, as a share of the signal's variance, so that the matrix can be inverted.
_JITTER = 1e-9


class _PointNoise(WhiteKernel):
    """White noise whose variance at each learned point is over that point's weight."""

    def __init__(self, noise_level=1.0, noise_level_bounds=(1e-5, 1e5), weights=None):
        super().__init__(noise_level, noise_level_bounds)
        self.weights = weights

    def __call__(self, X, Y=None, eval_gradient=False):
        if Y is not None or self.weights is None:
            return super().__call__(X, Y, eval_gradient)
        noise = np.diag(self.noise_level / self.weights)
        return (noise, noise[:, :, None]) if eval_gradient else noise


def learned(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None, *, most: int = 400, stop=None) -> Kernel:
    """The kernel of most marginal likelihood.

    Parameters
    ----------
    x
        Places [n, axes], each axis scaled to order one.
    y
        Targets [n], scaled to mean 0 and deviation 1.
    weights
        Weights [n]: a point's noise variance is over its weight. Equal by default.
    most
        The most points looked at, evenly picked.
    stop
        A ``threading.Event`` that ends the work at the next step.

    Returns
    -------
    sklearn.gaussian_process.kernels.Kernel
        ``constant * Matern + noise``.

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """

    def look(_) -> None:
        if stop is not None and stop.is_set():
            raise Cancelled

    def objective(logs: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = process.log_marginal_likelihood(logs, eval_gradient=True, clone_kernel=False)
        return -value, -gradient

    look(None)
    few = np.unique(np.linspace(0, len(x) - 1, most).astype(int))
    span = np.ptp(x, axis=0)
    span[span == 0] = 1.0
    bounds = np.outer(span, _SCALES)
    noise = _PointNoise(1e-3, _NOISE, None if weights is None else weights[few])
    kernel = ConstantKernel(1.0, _SIGNAL) * Matern(_SCALE * span, bounds, nu=_ORDER) + noise
    # Searched here: scikit-learn's own way cannot be stopped, and warns of every bound that is reached.
    process = GaussianProcessRegressor(kernel, alpha=_JITTER, optimizer=None).fit(x[few], y[few])
    options = {"maxiter": _STEPS}
    found = minimize(
        objective, kernel.theta, method="L-BFGS-B", jac=True, bounds=kernel.bounds, callback=look, options=options
    )
    kernel = process.kernel_.clone_with_theta(found.x)
    kernel.k2.weights = None  # they were those of the points looked at
    return kernel


def conditioned(kernel: Kernel, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None):
    """The Gaussian process that knows certain points.

    Parameters
    ----------
    kernel
        A kernel of :func:`learned`.
    x
        Places [n, axes], each axis scaled to order one.
    y
        Targets [n] or [n, targets].
    weights
        Weights [n]: a point's noise variance is over its weight. Equal by default.

    Returns
    -------
    sklearn.gaussian_process.GaussianProcessRegressor
        Fitted.
    """
    signal, noise = kernel.k1, kernel.k2.noise_level
    variance = np.broadcast_to(noise / (1.0 if weights is None else weights), len(x))
    alpha = variance + _JITTER * signal.k1.constant_value
    return GaussianProcessRegressor(signal, alpha=alpha, optimizer=None, copy_X_train=False).fit(x, y)


def covariances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Matérn covariances of unit variance between two sets of places.

    Parameters
    ----------
    one, other
        Places [n, axes] and [m, axes], both over the axes' scales.

    Returns
    -------
    array
        Covariances [n, m].
    """
    return Matern(nu=_ORDER)(one, other)


@dataclass(frozen=True)
class Draws:
    """Draws from the prior: ``g(x) = sum_w heights[w] cos(x . waves[w] + phases[w])``.

    Parameters
    ----------
    waves
        Wave vectors over the axes' scales [axes, w].
    phases
        Phases [w].
    heights
        Heights [w, draws].
    """

    waves: np.ndarray
    phases: np.ndarray
    heights: np.ndarray

    def __call__(self, scaled: np.ndarray) -> np.ndarray:
        """Their values [n, draws] at ``scaled`` [n, axes]."""
        return np.cos(scaled @ self.waves + self.phases) @ self.heights

    @classmethod
    def of(cls, kernel: Kernel, axes: int, waves: int, draws: int, random: np.random.Generator) -> Draws:
        """Draw from the prior of a kernel of :func:`learned`.

        Parameters
        ----------
        kernel
            The kernel.
        axes
            How many axes there are.
        waves
            Waves of each draw.
        draws
            How many draws.
        random
            The generator.
        """
        # The spectrum of a Matérn covariance of order 3/2 is Student's t of three degrees of freedom.
        vectors = random.normal(size=(axes, waves)) / np.sqrt(random.chisquare(2 * _ORDER, waves) / (2 * _ORDER))
        phases = random.uniform(0, 2 * np.pi, waves)
        heights = np.sqrt(2 * kernel.k1.k1.constant_value / waves) * random.normal(size=(waves, draws))
        return cls(vectors, phases, heights)
