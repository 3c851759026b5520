"""A solution: one crystal field that the curves allow, with everything that follows from it; an answer: all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Answer", "Nuisance", "Solution"]


@dataclass(frozen=True)
class Nuisance:
    """A number that a fit needs and nobody asked for: a scale factor, a molecular field, a background.

    Parameters
    ----------
    name
        What it is, in words, with the direction or group it belongs to.
    unit
        Its unit; "" for a factor.
    value, error
        The fitted value and one standard deviation.
    prior, prior_error
        What was expected of it, and how firmly.
    """

    name: str
    unit: str
    value: float
    error: float
    prior: float
    prior_error: float

    @property
    def pull(self) -> float:
        """How many of its expected standard deviations it lies away from what was expected."""
        return (self.value - self.prior) / self.prior_error


@dataclass(frozen=True, eq=False)
class Solution:
    """One crystal field that the curves allow.

    Parameters
    ----------
    ion, site
        The names, such as "Er3+" and "D3d".
    parameters
        Stevens parameters B_kq in K by name ("B20", "B4-3" …), in the order of the site.
    errors
        One standard deviation of each, in K, scaled by χ²/n where that is above 1.
    correlations
        Their correlations [k, k], in the same order.
    chi2, points
        The sum of squared residuals over errors, priors included, and the number of readings.
    probability
        The share of all solutions' probability (Laplace's approximation).
    energies
        All energies [2J+1] above the ground state, in K.
    states
        The states as columns [2J+1, 2J+1] over ⟨m|, m = J … -J.
    levels, degeneracies
        The distinct levels [l] in K, the ground level 0 first, and how many states each has.
    g_factors
        Of a ground doublet: the principal values [3] of its g tensor, along the columns of ``g_axes`` [3, 3]; None for
        other ground levels.
    nuisances
        Scale factors, molecular fields and backgrounds.
    equivalent
        What else fits exactly as well by symmetry and is listed once, in words.
    curves
        The model's value at each used reading of each curve, scaled and with backgrounds: what lies over the points.
    """

    ion: str
    site: str
    parameters: dict[str, float]
    errors: dict[str, float]
    correlations: np.ndarray
    chi2: float
    points: int
    probability: float
    energies: np.ndarray
    states: np.ndarray
    levels: np.ndarray
    degeneracies: np.ndarray
    g_factors: np.ndarray | None = None
    g_axes: np.ndarray | None = None
    nuisances: tuple[Nuisance, ...] = ()
    equivalent: tuple[str, ...] = ()
    curves: tuple[np.ndarray, ...] = field(default=(), repr=False)

    @property
    def chi2_per_point(self) -> float:
        """χ²/n, near 1 for a model that fits within the errors."""
        return self.chi2 / max(self.points, 1)

    @property
    def values(self) -> np.ndarray:
        """The parameters [k] in K, in the order of the site."""
        return np.array(list(self.parameters.values()))


@dataclass(frozen=True, eq=False)
class Answer:
    """All solutions, best first, and what is to be known of them.

    Parameters
    ----------
    solutions
        The distinct solutions by falling probability.
    warnings
        What is wrong or doubtful, a sentence each.
    hints
        What would help, a sentence each.
    points
        How many readings were used.
    rejected
        How many other minima were found that fit too badly to be listed.
    before
        What was to be known of the curves before they were fitted, a sentence each.
    """

    solutions: tuple[Solution, ...]
    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    points: int = 0
    rejected: int = 0
    before: tuple[str, ...] = ()
