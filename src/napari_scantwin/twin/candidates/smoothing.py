"""Sweeps with their noise taken down, as far as each sweep itself says and no further where it bends.

A sweep is taken for a curve whose second derivative is independent from place to place, of variance ``v(x)``, plus
independent noise. Its best estimate is a smoothing spline, and its second divided differences are normal with a
covariance of five diagonals, of the curve and of the noise, so that their likelihood is exact and takes a time that
grows with the points only. How noisy and how bent the sweep is makes it greatest (restricted maximum likelihood):
unlike residuals that have to match a noise level, or cross-validation, that settles also where few points speak.

One ``v`` for all of a sweep either rounds a transition or leaves the noise beside it. So it is taken from a curve found
before, as the mean square of its second derivative near each place: first from curves of several stiffnesses, since
one that follows the noise bends everywhere, then from the best so far, for as long as that makes the measured values
likelier.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import minimize_scalar

from napari_scantwin.twin.validation.noise import by_sweep, robust_noise

__all__ = ["smoothed"]

#: A sweep of fewer places is left as it is.
_FEWEST = 8
#: Places closer than this share of their mean distance are one.
_SAME = 1e-3
#: Decades of the curve's variance over the noise's, places being one apart: those tried, and those of the curves from
#: which it is first inferred where the sweep bends.
_DECADES, _PILOTS = np.arange(-8.0, 9.0, 2.0), (-4.0, -2.0, 0.0)
#: How often that is repeated, the samples it is inferred from, the width it is averaged over as a share of the range,
#: and the least of it as a share of its mean.
_ROUNDS, _SAMPLES, _WIDTH, _LEAST = 4, 600, 0.03, 1e-4


def smoothed(
    fast: np.ndarray, values: np.ndarray, sweep: np.ndarray, sample_weight: np.ndarray, draws: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Values with each sweep's noise taken down, and how far off they may be.

    Parameters
    ----------
    fast
        Places on the fast axis [n].
    values
        Readings [n].
    sweep
        The number of the sweep of each point [n].
    sample_weight
        One over the noise's variance [n], but for a factor: points of more weight are followed closer.
    draws
        How many draws of the errors; none by default.

    Returns
    -------
    tuple of arrays
        The smoothed values [n], and draws from the distribution of the curves' errors [draws, n].
    """
    result, errors = np.array(values, float), np.zeros((draws, len(values)))
    random = np.random.default_rng(0)
    for rows in by_sweep(fast, sweep):
        x = fast[rows]
        near = _SAME * (x[-1] - x[0]) / max(len(x) - 1, 1)
        inverse = np.concatenate([[0], np.cumsum(np.diff(x) > near)])
        weights = np.bincount(inverse, sample_weight[rows])
        x, y = (np.bincount(inverse, sample_weight[rows] * column) / weights for column in (x, values[rows]))
        if len(x) >= _FEWEST and robust_noise(x, y) > 1e-9 * np.ptp(y):
            found = _Sweep(len(x) * (x - x[0]) / (x[-1] - x[0]), y, weights)
            bent, decade = found.likeliest()
            result[rows] = found.curve(bent, decade)[inverse]
            errors[:, rows] = found.errors(bent, decade, draws, random)[:, inverse]
    return result, errors


class _Sweep:
    """Values ``y`` [n] at ascending places ``x`` [n], their noise's variance one over ``weights`` [n] but for a
    factor. Matrices of five diagonals are their upper three [3, n - 2], the outermost first."""

    def __init__(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray):
        self.x, self.y, self.variances, self.steps = x, y, 1 / weights, np.diff(x)
        # The second divided differences: how much the left, the middle and the right of three count.
        self.left, self.right = 1 / self.steps[:-1], 1 / self.steps[1:]
        self.middle = -(self.left + self.right)
        self.differences = self.left * y[:-2] + self.middle * y[1:-1] + self.right * y[2:]
        before, at, after = self.variances[:-2], self.variances[1:-1], self.variances[2:]
        self.noise = np.zeros((3, len(at)))
        self.noise[2] = self.left**2 * before + self.middle**2 * at + self.right**2 * after
        self.noise[1, 1:] = (self.middle * at)[:-1] * self.left[1:] + (self.middle * at)[1:] * self.right[:-1]
        self.noise[0, 2:] = (self.right * after)[:-2] * self.left[2:]

    def likeliest(self) -> tuple[np.ndarray, float]:
        """The curve's part of the differences' covariance but for the noise's variance and ten to the power of a
        decade, and that decade."""
        bent = even = self._bent(np.ones(len(self.steps)))
        decade, best = self._decade(even)
        pilots = [self.curve(even, pilot) for pilot in (*_PILOTS, decade)]
        for _ in range(_ROUNDS):
            tried = [self._bent(self._bending(pilot)) for pilot in pilots]
            found = [self._decade(one) for one in tried]
            number = min(range(len(found)), key=lambda one: found[one][1])
            if found[number][1] >= best:
                break
            bent, (decade, best) = tried[number], found[number]
            pilots = [self.curve(bent, decade)]
        return bent, decade

    def curve(self, bent: np.ndarray, decade: float) -> np.ndarray:
        """The best estimate [n]."""
        solution, _ = self._solved(bent, decade)
        return self.y - self.variances * self._undone(solution)

    def errors(self, bent: np.ndarray, decade: float, draws: int, random) -> np.ndarray:
        """Draws [draws, n] from the distribution of the estimate's error, given the values."""
        solution, factor = self._solved(bent, decade)
        noise = np.sqrt(self.differences @ solution / len(solution))
        drawn = noise * np.sqrt(self.variances) * random.normal(size=(draws, len(self.y)))
        root = np.sqrt(10**decade) * cholesky_banded(bent[1:])
        normal = noise * random.normal(size=(draws, len(solution)))
        curved = root[1] * normal
        curved[:, 1:] += root[0, 1:] * normal[:, :-1]
        # What the estimate would make of a curve and a noise that were drawn, against the noise itself.
        differences = self.left * drawn[:, :-2] + self.middle * drawn[:, 1:-1] + self.right * drawn[:, 2:] + curved
        again = cho_solve_banded((factor, False), differences.T).T
        return drawn - self.variances * self._undone(again)

    def _bending(self, curve: np.ndarray) -> np.ndarray:
        """The mean square second derivative of ``curve`` [n] near each step [n - 1], but for a factor."""
        even = np.linspace(self.x[0], self.x[-1], _SAMPLES)
        square = CubicSpline(self.x, curve, bc_type="natural")(even, 2) ** 2
        square = np.interp(
            (self.x[1:] + self.x[:-1]) / 2, even, gaussian_filter1d(square, _WIDTH * _SAMPLES, mode="nearest")
        )
        mean = square.mean()
        return square / mean + _LEAST if mean > 0 else np.ones(len(square))

    def _bent(self, bending: np.ndarray) -> np.ndarray:
        """The curve's part of the differences' covariance, its second derivative's variances being ``bending``
        [n - 1]."""
        each = bending * self.steps
        covariance = np.zeros_like(self.noise)
        covariance[2] = (each[:-1] + each[1:]) / 3
        covariance[1, 1:] = each[1:-1] / 6
        return covariance

    def _decade(self, bent: np.ndarray) -> tuple[float, float]:
        """The likeliest decade, and minus twice the logarithm of the likelihood."""

        def unlikely(decade):
            solution, factor = self._solved(bent, decade)
            # The noise's own variance is taken where this is least.
            return len(solution) * np.log(self.differences @ solution) + 2 * np.log(factor[2]).sum()

        first = int(np.argmin([unlikely(decade) for decade in _DECADES]))
        bounds = _DECADES[[max(first - 1, 0), min(first + 1, len(_DECADES) - 1)]]
        found = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 0.05})
        return float(found.x), float(found.fun)

    def _solved(self, bent: np.ndarray, decade: float) -> tuple[np.ndarray, np.ndarray]:
        """The differences over their covariance, and that covariance's Cholesky factor."""
        factor = cholesky_banded(self.noise + 10**decade * bent)
        return cho_solve_banded((factor, False), self.differences), factor

    def _undone(self, solution: np.ndarray) -> np.ndarray:
        """The transposed second differences [..., n] of ``solution`` [..., n - 2]."""
        result = np.zeros((*solution.shape[:-1], len(self.y)))
        result[..., :-2] += self.left * solution
        result[..., 1:-1] += self.middle * solution
        result[..., 2:] += self.right * solution
        return result
