"""Weights of the stacking (non-negative stacking of interpolators), chosen by sweeps the interpolators never saw.

With D_ie the error of interpolator e at held-out point i, the squared error of the stacked prediction is ``w' D'D w``;
it is made least over weights that are not negative and add up to one. Such weights are few and bounded, which keeps the
choice from fitting the sweeps it is made on; how much it still does is shown by :func:`cross_fitted`.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

__all__ = ["HeldOut", "choose", "cross_fitted"]

#: Weights below this are dropped: they cost a fit and change nothing one could measure.
_LEAST = 0.02
#: Share of each interpolator's own squared error added to the diagonal, so that near-twins share their weight.
_RIDGE = 0.03


class HeldOut:
    """What interpolators said of sweeps they had not seen.

    These are predictions [n] with each group left out alone, and, for the group beside it, with both left out.

    Parameters
    ----------
    targets
        What was measured [n], scaled.
    group
        The number of the group of each point [n].
    inner
        Where the weights are chosen, bool [n].
    sample_weight
        How much each point counts in the choice [n].
    """

    def __init__(self, targets: np.ndarray, group: np.ndarray, inner: np.ndarray, sample_weight: np.ndarray):
        self.targets, self.group, self.inner, self._root = targets, group, inner, np.sqrt(sample_weight)
        self.alone: list[np.ndarray] = []
        self.paired: list[dict[tuple[int, int], np.ndarray]] = []
        self.own: list[np.ndarray] = []

    def add(self, alone: np.ndarray, paired: dict[tuple[int, int], np.ndarray], own: np.ndarray) -> None:
        """Add one more interpolator.

        Parameters
        ----------
        alone
            Its predictions [n], each group left out alone.
        paired
            ``paired[k, j]`` are its predictions of group j with k and j left out.
        own
            The variance of its members about ``alone`` [n].
        """
        self.alone.append(alone)
        self.paired.append(paired)
        self.own.append(own)

    def errors(self, without: int | None = None) -> np.ndarray:
        """Errors the weights are chosen by, each times the root of its point's sample weight.

        Parameters
        ----------
        without
            A group of which nothing is in them: not its points, and for its neighbours not even the interpolators that
            saw it. None by default.

        Returns
        -------
        array
            Errors [points, interpolators].
        """
        rows = self.inner if without is None else self.inner & (self.group != without)
        errors = np.stack(self.alone, axis=1) - self.targets[:, None]
        if without is not None:
            for column, pairs in enumerate(self.paired):
                for (left, number), predicted in pairs.items():
                    if left == without:
                        mine = self.group == number
                        errors[mine, column] = predicted - self.targets[mine]
        return self._root[rows, None] * errors[rows]

    def spread(self, weights: np.ndarray) -> np.ndarray:
        """The weighted standard deviation of all interpolators' members about the stacked prediction.

        Parameters
        ----------
        weights
            The interpolators' weights.

        Returns
        -------
        array
            [n], each where the interpolators had not seen the point.
        """
        used = weights > 0
        alone, own = np.stack(self.alone, axis=1)[:, used], np.stack(self.own, axis=1)[:, used]
        return np.sqrt(((alone - (alone @ weights[used])[:, None]) ** 2 + own) @ weights[used])


def choose(errors: np.ndarray) -> np.ndarray:
    """The weights of least squared error that are not negative and add up to one.

    Parameters
    ----------
    errors
        Errors [points, interpolators]; an interpolator with one that is not finite gets no weight.

    Returns
    -------
    array
        Weights [interpolators].
    """
    kept = np.isfinite(errors).all(axis=0)
    kept &= np.where(kept, np.sum(np.nan_to_num(errors) ** 2, axis=0), np.inf) < np.inf
    weights = _solved(errors, kept)
    return _solved(errors, weights >= min(_LEAST, weights.max()))


def _solved(errors: np.ndarray, kept: np.ndarray) -> np.ndarray:
    square = errors[:, kept].T @ errors[:, kept]
    scale = np.trace(square) / len(square)
    if scale == 0:
        return kept / kept.sum()
    square = square / scale
    square[np.diag_indices(len(square))] += _RIDGE * np.diag(square) + 1e-10
    # The sum is held at one by a row that outweighs everything else.
    heavy = 1e3 * np.sqrt(np.diag(square).max())
    system = np.vstack([np.linalg.cholesky(square).T, np.full(len(square), heavy)])
    found, _ = nnls(system, np.append(np.zeros(len(square)), heavy), maxiter=100 * len(square))
    weights = np.zeros(len(kept))
    weights[kept] = found / found.sum()
    return weights


def cross_fitted(held_out: HeldOut, weights: np.ndarray) -> np.ndarray:
    """The stacked prediction of every point, with weights that its group had no part in.

    Parameters
    ----------
    held_out
        The interpolators' held-out predictions.
    weights
        Weights for the outermost groups, on which nothing is chosen.

    Returns
    -------
    array
        Predictions [n]: each inner group with weights chosen on the other groups only, scaled as the targets are.
    """
    alone = np.stack(held_out.alone, axis=1)
    result = alone @ weights
    numbers = np.unique(held_out.group[held_out.inner])
    if len(numbers) < 2:
        return result
    for number in numbers:
        mine = held_out.group == number
        result[mine] = alone[mine] @ choose(held_out.errors(without=number))
    return result
