"""From minima to solutions: those that are one are joined, equivalent ones folded, each with errors and probability."""

from __future__ import annotations

import numpy as np

from napari_scantwin.crystal_field import fit
from napari_scantwin.crystal_field.model import LeastSquares
from napari_scantwin.crystal_field.observables import g_tensor, level_groups, states_of
from napari_scantwin.crystal_field.solution import Nuisance, Solution

__all__ = ["hints_of", "listed", "warnings_of"]

#: Minima closer than this share of their size are one.
_ONE = 0.05
_CLOSE, _LEAST_SHARE = 9.0, 0.01
_MOST = 24
#: A turn that changes χ² by less is not seen by the curves.
_UNSEEN = 1e-3
#: A nuisance further from what was expected, in standard deviations, is told; so is a fit this bad per reading.
_PULLED, _BAD = 2.0, 3.0


def listed(model: LeastSquares, unknowns, chi2, curvature) -> tuple[list[Solution], int]:
    """The distinct solutions, best first, and how many minima fit too badly.

    Those within Δχ² = 9 of the best (times χ²/n of the best where that is above 1) are listed, and those with at least
    1 % of the probability, which is exp(-Δχ²/2) times the volume √det of each minimum (Laplace's approximation).
    """
    order = np.argsort(chi2, kind="stable")
    unknowns, chi2, curvature = unknowns[order], chi2[order], curvature[order]
    best = chi2[0]
    stretch = max(1.0, best / max(model.points, 1))
    unseen = _unseen_turns(model, unknowns[0], best, stretch)
    chosen = fit.diverse(unknowns[:, : model.k], len(unknowns), _ONE, [turn.matrix for turn in unseen])
    volumes = np.array([-0.5 * _log_determinant(curvature[i] / stretch) for i in chosen])
    weights = -0.5 * (chi2[chosen] - best) / stretch + volumes
    shares = np.exp(weights - weights.max())
    shares /= shares.sum()
    kept = ((chi2[chosen] - best) / stretch < _CLOSE) | (shares >= _LEAST_SHARE)
    kept &= (chi2[chosen] - best) / stretch < 4 * _CLOSE
    rejected = int(np.sum(~kept))
    chosen, shares = chosen[kept], shares[kept]
    shares = shares / shares.sum()
    falling = np.argsort(-shares, kind="stable")[:_MOST]
    words = tuple(turn.words for turn in unseen)
    return [
        _solution(model, unknowns[chosen[i]], chi2[chosen[i]], curvature[chosen[i]], float(shares[i]), words)
        for i in falling
    ], rejected


def _unseen_turns(model: LeastSquares, unknowns, chi2, stretch):
    found = []
    for turn in model.site.equivalences:
        if turn.in_plane and not model.sees_plane:
            found.append(_Sized(turn.words, turn.matrix * model.sizes[:, None] / model.sizes))
            continue
        turned = unknowns[None].copy()
        turned[0, : model.k] = turn.matrix @ (unknowns[: model.k] / model.sizes) * model.sizes
        residuals, _ = model.evaluate(turned)
        if abs(float(residuals[0] @ residuals[0]) - chi2) < _UNSEEN * stretch:
            found.append(_Sized(turn.words, turn.matrix * model.sizes[:, None] / model.sizes))
    return found


class _Sized:
    """A turn of the parameters in Walter's normalisation."""

    def __init__(self, words, matrix):
        self.words, self.matrix = words, matrix


def _log_determinant(curvature: np.ndarray) -> float:
    values = np.linalg.eigvalsh(curvature)
    return float(np.log(np.maximum(values, 1e-12 * values.max())).sum())


def _solution(model: LeastSquares, unknowns, chi2, curvature, probability, words) -> Solution:
    ion, site, k = model.ion, model.site, model.k
    values = unknowns[:k] / model.sizes
    states = states_of(ion, site, values)
    levels, counts = level_groups(states.energies[0], ion.kramers)
    stretch = max(1.0, chi2 / max(model.points, 1))
    covariance = np.linalg.pinv(curvature, rcond=1e-14, hermitian=True) * stretch
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    safe = np.where(deviation > 0, deviation, 1.0)
    correlations = covariance / safe[:, None] / safe
    factors = axes = None
    if counts[0] == 2:
        factors, axes = g_tensor(ion, states.vectors[0][:, :2])
    nuisances = tuple(
        Nuisance(one.name, one.unit, float(unknowns[k + i]), float(deviation[k + i]), one.expected, one.deviation)
        for i, one in enumerate(model.unknowns)
    )
    return Solution(
        ion.name,
        site.name,
        dict(zip(site.parameters, map(float, values), strict=True)),
        dict(zip(site.parameters, map(float, deviation[:k] / model.sizes), strict=True)),
        correlations[:k, :k],
        float(chi2),
        model.points,
        probability,
        states.above_ground[0],
        states.vectors[0],
        levels,
        counts,
        factors,
        axes,
        nuisances,
        words,
        model.fitted(unknowns),
    )


def warnings_of(model: LeastSquares, solutions: list[Solution]) -> tuple[str, ...]:
    """What is doubtful of the most probable solution."""
    said = [model.ion.warning] if model.ion.warning else []
    if solutions:
        best = solutions[0]
        if best.chi2_per_point > _BAD:
            said.append(
                f"the best solution misses the curves by χ²/n = {best.chi2_per_point:.1f}; the errors are too "
                "small, or something else than a crystal field is in the curves"
            )
        for one in best.nuisances:
            if abs(one.pull) > _PULLED:
                value = f"{one.value:.3g} {one.unit}".rstrip()
                said.append(f"{one.name} is pulled to {value}, {abs(one.pull):.1f} σ from what was expected")
    return tuple(said)


def hints_of(model: LeastSquares, solutions: list[Solution]) -> tuple[str, ...]:
    """What would help."""
    said = []
    if len(solutions) > 1:
        said.append(f"{len(solutions)} crystal fields fit these curves; ask which measurement would tell them apart")
        if not any(curve.kind == "levels" for curve in model.curves):
            said.append("a few level energies from neutron or Raman scattering would choose among them")
    if solutions:
        said += [f"these curves do not see {words}; the other sets are not listed" for words in solutions[0].equivalent]
    return tuple(said)
