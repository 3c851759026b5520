"""Weights of the stacking (non-negative stacking of interpolators), chosen by sweeps the interpolators never saw.

With D_ie the error of interpolator e at held-out point i, the squared error of the stacked prediction on sweep j is
``w' G_j w`` with ``G_j`` the mean of D'D over its points. What is made least, over weights that are not negative and
add up to one, is ``sum_j u_j w' G_j w / s_j``. The scale ``s_j`` is the root of what the better interpolators get wrong
there, so that a sweep all of them find hard does not decide alone; and the shares ``u_j`` are drawn many times from
Dirichlet's distribution (the Bayesian bootstrap, Yao et al., Bayesian Analysis 13 (2018) 917) and the weights averaged,
so that no single sweep does.

This is done twice: within each family of interpolators, and then among the families, each judged on a sweep by weights
the sweep had no part in, since the best of many is good on the sweeps it was chosen by for no other reason. With few
sweeps that choice says little, and with one inner sweep nothing; the weights of families are drawn towards what is
right most often: aligned interpolation and principal components before splines before networks, each over its error.
Interpolation gains most from the sweep that was left out, since it goes through it and its error falls with a power of
the gap; a network that has to learn from two sweeps what moves is hardly better with three. How much the choice still
fits the sweeps it is made on is shown by :func:`cross_fitted`.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from napari_scantwin.interpolators.protocol import ALIGNED, LOW_RANK, NETWORKS, SPLINE

__all__ = ["HeldOut", "cross_fitted"]

#: Weights below this are dropped: they cost a fit and change nothing one could measure.
_LEAST = 0.02
#: Share of each interpolator's own squared error added to the diagonal, so that near-twins share their weight.
_RIDGE = 0.03
#: Draws of the sweeps' shares, among families and within one, and the share of those that count as the better ones.
_DRAWS, _DRAWS_WITHIN, _BETTER = 24, 8, 0.25
#: Sweeps are kept from a choice in at most so many blocks.
_BLOCKS = 8
#: What is right most often with few sweeps, and how many inner sweeps beyond the first count as much as that does.
_TRUSTED, _FEW = {ALIGNED: 0.6, LOW_RANK: 0.6, SPLINE: 0.35, NETWORKS: 0.05}, 1.5
#: Errors, in spreads of the values, below which a sweep is no easier than another.
_FLOOR = 0.005


class HeldOut:
    """What interpolators said of sweeps they had not seen.

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
        self.targets, self.group, self.inner, self._weight = targets, group, inner, sample_weight
        self.alone: list[np.ndarray] = []
        self.own: list[np.ndarray] = []
        self.family: list[str] = []

    @property
    def blocks(self) -> list[np.ndarray]:
        """The inner groups in the blocks that are kept from a choice together; neighbours are never in one."""
        numbers = np.unique(self.group[self.inner])
        return [numbers[first::_BLOCKS] for first in range(min(_BLOCKS, len(numbers)))]

    def add(self, alone: np.ndarray, own: np.ndarray, family: str) -> None:
        """Add one more interpolator.

        Parameters
        ----------
        alone
            Its predictions [n], each group left out alone.
        own
            The variance of its members about ``alone`` [n].
        family
            The word for its kind.
        """
        self.alone.append(alone)
        self.own.append(own)
        self.family.append(family)

    def errors(self) -> np.ndarray:
        """Errors at inner points, each times the root of its sample weight [points, interpolators]."""
        wrong = np.stack(self.alone, axis=1)[self.inner] - self.targets[self.inner, None]
        return np.sqrt(self._weight[self.inner])[:, None] * wrong

    def weights(self, available: np.ndarray | None = None, without: np.ndarray | None = None) -> np.ndarray:
        """The weights of the stacking.

        Parameters
        ----------
        available
            Which interpolators may have weight [interpolators]; all by default. Those with an error that is not finite
            never have.
        without
            Groups that have no part in the choice; none by default.

        Returns
        -------
        array
            Weights [interpolators], not negative, adding up to one.
        """
        errors, group = self.errors(), self.group[self.inner]
        with np.errstate(over="ignore"):
            kept = np.isfinite(np.sum(np.nan_to_num(errors, nan=np.inf) ** 2, axis=0))
        if available is not None:
            kept &= available
        squares, blocks = [], []
        for block, numbers in enumerate(self.blocks):
            for number in numbers:
                if without is None or number not in without:
                    mine = errors[group == number][:, kept]
                    squares.append(mine.T @ mine / len(mine))
                    blocks.append(block)
        families = [family for family, used in zip(self.family, kept, strict=True) if used]
        found = np.zeros(len(kept))
        found[kept] = _in_two_steps(np.array(squares), np.array(blocks), np.array(families))
        strong = found >= min(_LEAST, found.max())
        return np.where(strong, found, 0) / found[strong].sum()

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


def _in_two_steps(squares: np.ndarray, blocks: np.ndarray, families: np.ndarray) -> np.ndarray:
    """The weights [interpolators]; ``squares`` [sweeps, interpolators, interpolators], the block of each sweep and the
    family of each interpolator."""
    names = np.unique(families)
    within = np.zeros((squares.shape[1], len(names)))
    honest = np.zeros((len(squares), squares.shape[1], len(names)))
    for column, name in enumerate(names):
        mine = np.flatnonzero(families == name)
        own = squares[:, mine][:, :, mine]
        within[mine, column] = _averaged(own, _DRAWS)
        for block in np.unique(blocks):
            others = blocks != block
            chosen = _averaged(own[others], _DRAWS_WITHIN) if others.any() else within[mine, column]
            honest[np.ix_(~others, mine, [column])] = chosen[None, :, None]
    judged = np.einsum("scf,scd,sdg->sfg", honest, squares, honest)
    shares = _averaged(judged, _DRAWS)
    errors = np.sqrt(np.diagonal(judged, axis1=1, axis2=2).mean(axis=0))
    trusted = np.array([_TRUSTED.get(name, 0.0) for name in names]) / (errors + _FLOOR)
    if trusted.any():
        few = 1 / (1 + (max(len(squares) - 1, 0) / _FEW) ** 2)
        shares = (1 - few) * shares + few * trusted / trusted.sum()
    return within @ shares


def _averaged(squares: np.ndarray, draws: int) -> np.ndarray:
    """The weights averaged over draws of the sweeps' shares; ``squares`` [sweeps, interpolators, interpolators]."""
    if squares.shape[1] == 1:
        return np.ones(1)
    own = np.sort(np.diagonal(squares, axis1=1, axis2=2), axis=1)
    better = own[:, : max(1, round(_BETTER * own.shape[1]))].mean(axis=1)
    scaled = squares / np.sqrt(better + _FLOOR**2)[:, None, None]
    shares = np.random.default_rng(0).dirichlet(np.ones(len(squares)), draws if len(squares) > 1 else 1)
    return np.mean([_solved(np.tensordot(share, scaled, 1)) for share in shares], axis=0)


def _solved(square: np.ndarray) -> np.ndarray:
    """The weights that are not negative and add up to one where ``w' square w`` is least."""
    scale = np.trace(square) / len(square)
    if scale == 0:
        return np.full(len(square), 1 / len(square))
    square = square / scale
    square[np.diag_indices(len(square))] += _RIDGE * np.diag(square) + 1e-10
    # The sum is held at one by a row that outweighs everything else.
    heavy = 1e3 * np.sqrt(np.diag(square).max())
    system = np.vstack([np.linalg.cholesky(square).T, np.full(len(square), heavy)])
    found, _ = nnls(system, np.append(np.zeros(len(square)), heavy), maxiter=100 * len(square))
    return found / found.sum()


def cross_fitted(held_out: HeldOut, weights: np.ndarray, available: np.ndarray | None = None) -> np.ndarray:
    """The stacked prediction of every point, with weights that its group had no part in.

    Parameters
    ----------
    held_out
        The interpolators' held-out predictions.
    weights
        Weights for the outermost groups, on which nothing is chosen.
    available
        Which interpolators may have weight [interpolators]; all by default.

    Returns
    -------
    array
        Predictions [n]: each inner group with weights chosen on groups of other blocks only, scaled as the targets are.
    """
    alone = np.stack(held_out.alone, axis=1)

    def stacked(mine, chosen: np.ndarray) -> np.ndarray:
        return alone[mine][:, chosen > 0] @ chosen[chosen > 0]

    result = stacked(np.ones(len(alone), bool), weights)
    blocks = held_out.blocks
    if len(blocks) < 2:
        return result
    for block in blocks:
        mine = np.isin(held_out.group, block)
        result[mine] = stacked(mine, held_out.weights(available, without=block))
    return result
