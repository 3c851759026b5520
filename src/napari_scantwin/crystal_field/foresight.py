"""What can be said of curves before and after a fit: what they cannot tell, what is doubtful, what would help."""

from __future__ import annotations

import numpy as np

from napari_scantwin.crystal_field.constants import MU_B
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.model import CurveModel
from napari_scantwin.crystal_field.solution import Solution

__all__ = ["before_fit", "hints_of", "warnings_of"]

_PULLED = 2.0
_LINEAR = 0.3


def before_fit(model: CurveModel, curves: list[IonCurve]) -> list[str]:
    """What these curves cannot tell, however well they are fitted; known before the fit."""
    said = []
    kinds = {(curve.kind, curve.field > 0) for curve in curves}
    zero_field = [curve for curve in curves if curve.kind == "heat_capacity" and not curve.field]
    moments = [curve for curve in curves if curve.kind in ("susceptibility", "magnetization")]
    if len(curves) == 1 and curves[0].kind != "levels":
        said.append(
            {
                "heat_capacity": "a heat capacity alone tells the levels but not which direction is the easy one",
                "susceptibility": "a susceptibility alone is fitted by several crystal fields in four of ten cases",
                "magnetization": "a magnetization alone is fitted by several crystal fields in four of ten cases",
            }[curves[0].kind]
        )
    elif moments and not zero_field and not any(kind == "levels" for kind, _ in kinds):
        said.append("without a heat capacity the levels are known from moments alone, which several crystal fields share")
    directions = {curve.direction for curve in moments}
    if moments and directions == {"powder"} and not model.site.cubic:
        said.append("moments of a powder hold the mean of the directions, not their difference")
    for turn in model.site.equivalences:
        if turn.in_plane and not any(
            curve.direction in "ab" and (curve.kind == "magnetization" or curve.field > 0) for curve in curves
        ):
            said.append(f"no curve sees {turn.words}: only a high field in the plane of x and y does")
    content = _content(curves, model.site.cubic)
    if model.k > content:
        said.append(
            f"{model.k} parameters of a {model.site.name} site are more than these curves can hold (about {content}); "
            "add a direction, a heat capacity or known levels"
        )
    return said


def _content(curves: list[IonCurve], cubic: bool) -> int:
    """About how many parameters curves determine: a smooth curve holds some three, further temperatures little more."""
    kinds = {(curve.kind, "" if cubic else curve.direction, curve.field > 0) for curve in curves if curve.kind != "levels"}
    heat = {one for one in kinds if one[0] == "heat_capacity" and not one[2]}
    others = len(kinds) - len(heat)
    return 4 * bool(heat) + 3 * others + sum(curve.x.size for curve in curves if curve.kind == "levels")


def warnings_of(model: CurveModel, curves: list[IonCurve], solutions: list[Solution]) -> list[str]:
    """What is wrong or doubtful of curves and their solutions."""
    said = [model.ion.warning] if model.ion.warning else []
    said += before_fit(model, curves)
    for curve in curves:
        if curve.kind == "heat_capacity" and curve.lattice is None and not curve.field:
            highest = float(curve.value[curve.x > 0.8 * curve.x.max()].mean())
            if highest > 0.3 * max(np.log(model.ion.size), 1) and curve.x.max() > 100:
                said.append(
                    f"{curve.label or 'the heat capacity'} is still {highest:.1f} k_B per ion at {curve.x.max():.0f} K; "
                    "if the lattice was not taken off, give its analogue"
                )
        if curve.kind == "susceptibility" and curve.field > 0:
            bent = model.ion.saturation_moment * MU_B * curve.field / curve.x.min()
            if bent > _LINEAR:
                said.append(
                    f"{curve.label or 'the susceptibility'} was measured in {curve.field:g} T, where M is not "
                    f"proportional to H at {curve.x.min():.3g} K; it is compared with M(H)/H there"
                )
        if curve.kind == "heat_capacity" and (curve.value < -3 * curve.error).any():
            said.append(f"{curve.label or 'the heat capacity'} falls below zero: too much lattice was taken off")
    if solutions:
        best = solutions[0]
        if best.chi2_per_point > 3:
            said.append(
                f"the best solution misses the curves by χ²/n = {best.chi2_per_point:.1f}; the errors are too small, or "
                "something else than a crystal field is in the curves"
            )
        for one in best.nuisances:
            if abs(one.pull) > _PULLED:
                said.append(f"{one.name} is pulled to {one.value:.3g} {one.unit}".rstrip() + f", {abs(one.pull):.1f} σ away")
    return said


def hints_of(model: CurveModel, curves: list[IonCurve], solutions: list[Solution]) -> list[str]:
    """What would help."""
    said = []
    if len(solutions) > 1:
        said.append(f"{len(solutions)} crystal fields fit these curves; ask which measurement would tell them apart")
    if solutions and not any(curve.kind == "levels" for curve in curves) and len(solutions) > 1:
        said.append("a few level energies from neutron or Raman scattering would choose among them")
    return said
