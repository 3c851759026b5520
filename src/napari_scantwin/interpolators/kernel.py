"""A Gaussian process over the networks' features, kept as its centres and their coefficients.

The covariance is ``c (1 + r) exp(-r)`` (Matern, 3/2) with ``r = sqrt(3) |(x - x') / scales|``, plus noise;
scales, c and the noise maximise the marginal likelihood of evenly picked points.

What it does not know is told by draws from its posterior, functions that can be differentiated and integrated as the
mean can (Wilson et al., *Efficiently sampling functions from Gaussian process posteriors*, ICML 2020): a draw g from
the prior, as a sum of waves, plus the kernel's own correction at the centres, ``g(x) - k(x, X) K^-1 (g(X) + e)`` with e
drawn from the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize

from napari_scantwin.core.errors import Cancelled

__all__ = ["Kernel", "fit_kernel", "learn_scales"]

#: Points and steps of the search for scales, which settle early, and points of the final fit.
_LEARNING, _STEPS, _MOST = 400, 20, 1000
_CHUNK = 2048
#: Draws from the posterior, and waves in each: the waves' share of a draw's variance scatters by 1 / sqrt(waves).
_DRAWS, _WAVES = 4, 200
_BOUNDS = {"scale": (-3.0, 4.0), "amplitude": (-4.0, 5.0), "noise": (-14.0, 1.0)}


@dataclass(frozen=True)
class Kernel:
    """Weighted sums of covariances at ``centres`` [m, inputs], which are features over ``scales`` [inputs]: the first
    of ``coefficients`` [m, 1 + draws] give the mean, the others what draws from the posterior have to it, together
    with their waves, ``waves`` [inputs, w] of phases ``phases`` [w] and heights ``heights`` [w, draws]."""

    centres: np.ndarray
    coefficients: np.ndarray
    scales: np.ndarray
    waves: np.ndarray
    phases: np.ndarray
    heights: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Values [2 draws, n] at ``features`` [n, inputs]: the mean plus each draw and minus it, so that they average
        to the mean and scatter as the posterior does."""
        scaled = features / self.scales
        parts = np.array_split(scaled, max(1, -(-len(scaled) // _CHUNK)))
        sums = np.concatenate([_covariance(_distance(part, self.centres)) @ self.coefficients for part in parts])
        drawn = sums[:, 1:] + np.cos(scaled @ self.waves + self.phases) @ self.heights
        return np.concatenate([sums[:, 0] + drawn.T, sums[:, 0] - drawn.T])


def learn_scales(features: np.ndarray, targets: np.ndarray, weights: np.ndarray, stop) -> np.ndarray:
    """Logarithms of the scales [inputs], of c and of the noise variance, of most marginal likelihood. A point's noise
    variance is over its weight [n]; ``stop`` raises :class:`Cancelled` at the next step."""
    few = np.unique(np.linspace(0, len(targets) - 1, _LEARNING).astype(int))
    inputs = features.shape[1]
    start = np.array([*[0.0] * inputs, 0.0, np.log(1e-3)])
    bounds = [_BOUNDS["scale"]] * inputs + [_BOUNDS["amplitude"], _BOUNDS["noise"]]

    def look(_):
        if stop is not None and stop.is_set():
            raise Cancelled

    look(None)
    seen = (features[few], targets[few], weights[few])
    options = {"maxiter": _STEPS}
    return minimize(_likelihood, start, seen, "L-BFGS-B", jac=True, bounds=bounds, callback=look, options=options).x


def fit_kernel(features: np.ndarray, targets: np.ndarray, weights: np.ndarray, logs: np.ndarray, seed: int) -> Kernel:
    """Fit to ``features`` [n, inputs] and ``targets`` [n] with scales from :func:`learn_scales`."""
    more = np.unique(np.linspace(0, len(targets) - 1, _MOST).astype(int))
    scales, amplitude, noise = np.exp(logs[:-2]), np.exp(logs[-2]), np.exp(logs[-1])
    centres = features[more] / scales
    matrix = amplitude * _covariance(_distance(centres, centres))
    matrix[np.diag_indices(len(matrix))] += noise / weights[more] + 1e-9 * amplitude
    random = np.random.default_rng(seed)
    # The spectrum of a Matern covariance of 3/2 is Student's t of three degrees of freedom.
    waves = random.normal(size=(len(scales), _WAVES)) / np.sqrt(random.chisquare(3, _WAVES) / 3)
    phases = random.uniform(0, 2 * np.pi, _WAVES)
    heights = np.sqrt(2 * amplitude / _WAVES) * random.normal(size=(_WAVES, _DRAWS))
    noises = np.sqrt(noise / weights[more])[:, None] * random.normal(size=(len(more), _DRAWS))
    seen = np.column_stack([targets[more], -(np.cos(centres @ waves + phases) @ heights + noises)])
    # LAPACK answers column by column; row by row, as a saved twin holds them, the products round alike after loading.
    coefficients = np.ascontiguousarray(amplitude * cho_solve(cho_factor(matrix, lower=True), seen))
    return Kernel(centres, coefficients, scales, waves, phases, heights)


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    square = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.sqrt(3 * np.maximum(square, 0))


def _covariance(distance: np.ndarray) -> np.ndarray:
    return (1 + distance) * np.exp(-distance)


def _likelihood(logs, x, y, weights) -> tuple[float, np.ndarray]:
    """Minus the log marginal likelihood (constants left away) and its gradient by the logarithms."""
    scales, amplitude, noise = np.exp(logs[:-2]), np.exp(logs[-2]), np.exp(logs[-1])
    scaled = x / scales
    distance = _distance(scaled, scaled)
    signal = amplitude * _covariance(distance)
    matrix = signal.copy()
    matrix[np.diag_indices(len(y))] += noise / weights + 1e-9 * amplitude
    try:
        factor = cho_factor(matrix, lower=True)
    except LinAlgError:
        return 1e25, np.zeros(len(logs))
    alpha = cho_solve(factor, y)
    inner = np.outer(alpha, alpha) - cho_solve(factor, np.eye(len(y)))
    value = 0.5 * y @ alpha + np.log(np.diag(factor[0])).sum()
    # d k / d log(scale_j) = 3 c exp(-r) (difference_j / scale_j)^2
    damped = inner * (3 * amplitude * np.exp(-distance))
    gradient = [np.sum(damped * (column[:, None] - column) ** 2) for column in scaled.T]
    gradient += [np.sum(inner * signal), np.sum(np.diag(inner) * noise / weights)]
    return float(value), -0.5 * np.array(gradient)
