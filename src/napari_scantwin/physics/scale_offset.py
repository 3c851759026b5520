"""A scale and an offset between two sets of readings, both with errors.

    first = scale * second + offset

by least squares of (first - scale * second - offset)^2 / (error_1^2 + scale^2 error_2^2), lmfit's Levenberg-Marquardt.
With the scale in the denominator the error of the second set does not flatten the slope (D. York et al., Am. J. Phys.
72, 367 (2004)).

Neighbouring places of a twin err together, so that a finer grid tells no more. The error of the result is the larger of
two: the readings' errors carried through the weighted fit, where so many neighbours as are ``alike`` count as one; and
the jackknife over sweeps, each left out in turn (B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans,
SIAM 1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import ScanError

__all__ = ["ScaleOffset", "fit_scale_offset"]

#: No reading weighs more than one whose error is this share of the usual.
_LEAST = 1e-3


@dataclass(frozen=True)
class ScaleOffset:
    """The fitted ``scale`` (a number) and ``offset`` (in the readings' unit) with one standard deviation each; one
    that was not asked for is 1 or 0 with no error."""

    scale: float
    scale_error: float
    offset: float
    offset_error: float


def fit_scale_offset(
    first: np.ndarray,
    second: np.ndarray,
    first_errors: np.ndarray,
    second_errors: np.ndarray,
    block: np.ndarray,
    alike: tuple[float, float] = (1.0, 1.0),
    *,
    scale: bool,
    offset: bool,
) -> ScaleOffset:
    """Fit what is asked for to readings [n]; ``block`` [n] numbers the sweep (or stretch) each belongs to, and
    ``alike`` says how many neighbours of the first and of the second err together.

    Raises :class:`ScanError` where the readings cannot tell it.
    """
    asked = [name for name, wanted in (("scale", scale), ("offset", offset)) if wanted]
    size = float(np.sqrt(np.mean(second**2)))
    if len(first) < len(asked) + 1:
        raise ScanError(f"{len(first)} common points are too few to fit {' and '.join(asked)}")
    if scale and size == 0:
        raise ScanError("the second scan is zero throughout the common range, so that no scale can be fitted")
    if scale and offset and np.std(second) < 1e-9 * size:
        raise ScanError(
            "the second scan does not vary over the common range, so that scale and offset cannot be told apart; fit "
            "one of them"
        )
    unit = size or 1.0  # numbers near one, whatever the unit
    data = np.stack([first, second, first_errors, second_errors]) / unit
    usual = np.median(np.hypot(data[2], data[3]))
    known = usual > 0
    floor = _LEAST * usual if known else 1.0

    def fitted(kept: np.ndarray) -> np.ndarray:
        import lmfit  # takes a second to import, and the window needs it only here

        y, x, dy, dx = data[:, kept]
        guess = float(x @ y / (x @ x)) if scale and x.any() else 1.0
        parameters = lmfit.Parameters()
        parameters.add("scale", value=guess, vary=scale)
        parameters.add("offset", value=0.0 if scale else float(np.mean(y - x)), vary=offset)

        def residual(p):
            s = p["scale"].value
            return (y - s * x - p["offset"].value) / np.maximum(np.hypot(dy, s * dx), floor)

        found = lmfit.minimize(residual, parameters, method="leastsq")
        if not found.success:
            raise ScanError(f"{' and '.join(asked)} cannot be told from the common points")
        return np.array([found.params["scale"].value, found.params["offset"].value])

    best = fitted(np.ones(len(first), bool))
    formal = _carried(data, best, alike, floor, known, [scale, offset])
    best = best[[scale, offset]]
    numbers = np.unique(block)
    scatter = np.zeros(len(asked))
    if len(numbers) > 2:
        without = np.array([fitted(block != number)[[scale, offset]] for number in numbers])
        scatter = np.sqrt((len(numbers) - 1) * np.mean((without - without.mean(axis=0)) ** 2, axis=0))
    errors = dict(zip(asked, np.maximum(formal, scatter), strict=True))
    values = dict(zip(asked, best, strict=True))
    return ScaleOffset(
        float(values.get("scale", 1.0)),
        float(errors.get("scale", 0.0)),
        float(values.get("offset", 0.0)) * unit,
        float(errors.get("offset", 0.0)) * unit,
    )


def _carried(data, best, alike, floor: float, known: bool, asked: list[bool]) -> np.ndarray:
    """Errors of the asked parameters from those of the readings ``data`` [4, n]; where these are not known, from the
    scatter about the fit."""
    y, x, dy, dx = data
    scale, offset = best
    total = np.maximum(np.hypot(dy, scale * dx), floor)
    weighted = (np.stack([x, np.ones(len(x))])[asked] / total).T
    if known:
        real = (alike[0] * dy**2 + alike[1] * (scale * dx) ** 2) / total**2
    else:
        real = np.full(len(x), np.sum((y - scale * x - offset) ** 2) / (len(x) - sum(asked)))
    inverse = np.linalg.inv(weighted.T @ weighted)
    return np.sqrt(np.diag(inverse @ (weighted.T * real) @ weighted @ inverse))
