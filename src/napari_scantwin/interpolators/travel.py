"""How far the features of a cube's slices move along a fast axis, from one slice to the next.

The movement is a course s(t), one number a slice. Along the axis, a slice is taken for a picture that stays plus one
that is shifted by s(t), either changing with the slow axis as a parabola does. In Fourier space a shift is a phase, so
that for each wave number k the slices are::

    y(t, k) = sum_j  p_j(t) a_j(k) + p_j(t) exp(-i k s(t)) b_j(k),      p_j = 1, t, t^2

and the course is the one that leaves least of them. It is a monotone spline over the slow axis through a few knots,
since a band moves smoothly and every slice's own best shift follows its noise.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.fft import rfft
from scipy.interpolate import PchipInterpolator, make_interp_spline
from scipy.ndimage import gaussian_filter
from scipy.optimize import minimize

__all__ = ["moved", "travel"]

#: Knots of the course, powers of the slow axis, and samples slices are smoothed by.
_KNOTS, _POWERS, _SMOOTH = 6, 2, 1.5
#: Courses that are tried first, shares of the axis's range times powers of the rank; no course travels further.
_STARTS, _BENDS, _FURTHEST = np.linspace(-0.5, 0.5, 21), (0.5, 1.0, 2.0), 0.7
#: Slices have moved where a course leaves less than this share of what as many powers of the slow axis leave of them
#: without one, and goes over a step of the axis at least.
_GAIN, _LEAST = 0.5, 1.0
#: Along axes that nothing moves along so many places at most are looked at, and along the other.
_PLACES, _ALONG = 24, 256
#: Widths that slices are smoothed by besides, one after the other, as shares of the axis's range: features that move by
#: many times their width are found from far away first.
_FROM_AFAR = (0.1, 0.03, 0.0)
#: Waves that smoothing leaves less than this share of are passed over.
_FADED = 1e-3
#: Share of the axis over which slices are faded out at its ends.
_TAPER = 0.05


def moved(axis: np.ndarray, rows: np.ndarray, places: np.ndarray, along: int) -> np.ndarray:
    """Slices [slices, ...] read at other places of one of their axes.

    Parameters
    ----------
    axis
        The axis's values.
    rows
        The slices.
    places
        Where each slice is read [slices, m]; held beyond the axis's ends.
    along
        The number of the axis in a slice.

    Returns
    -------
    array
        The slices [slices, ...] with m values along the axis.
    """
    degree = min(3, len(axis) - 1)
    return np.stack(
        [
            np.moveaxis(make_interp_spline(axis, row, degree, axis=along)(np.clip(at, axis[0], axis[-1])), along, along)
            for row, at in zip(rows, places, strict=True)
        ]
    )


def travel(slow: np.ndarray, axis: np.ndarray, rows: np.ndarray, along: int) -> PchipInterpolator | None:
    """The course of the slices' features along an axis.

    Parameters
    ----------
    slow
        The slices' places on the slow axis [slices], ascending.
    axis
        The axis's values.
    rows
        The slices [slices, ...], their noise of variance one.
    along
        The number of the axis in a slice.

    Returns
    -------
    scipy.interpolate.PchipInterpolator or None
        The shift, in the axis's unit, against the slow axis, zero at the first slice; None where nothing moves.
    """
    if len(slow) <= 2 * _POWERS:
        return None
    thin = tuple(
        slice(None, None, -(-size // (_ALONG if number == along else _PLACES)))
        for number, size in enumerate(rows.shape[1:])
    )
    smooth = gaussian_filter(rows, (0, *[_SMOOTH] * (rows.ndim - 1)), mode="nearest")[(slice(None), *thin)]
    axis, step, span = axis[thin[along]], float(np.median(np.diff(axis))), float(np.ptp(axis))
    # Whatever ends at the axis's ends would look like a feature that stays.
    lines = np.moveaxis(smooth, along + 1, -1)
    from scipy.signal.windows import tukey  # takes half a second to import, and the window starts without it

    lines = (lines - lines.mean(axis=(0, -1), keepdims=True)) * tukey(len(axis), _TAPER)
    # The waves [k, slices, ...] of an axis twice as long, so that nothing comes in again at the other end.
    waves = np.moveaxis(rfft(lines, 2 * len(axis), axis=-1), -1, 0).reshape(len(axis) + 1, len(slow), -1)
    numbers = np.pi * np.arange(len(axis) + 1) / (len(axis) * span / (len(axis) - 1))
    time = np.linspace(-1, 1, len(slow)) if np.ptp(slow) == 0 else 2 * (slow - slow[0]) / np.ptp(slow) - 1
    powers = legvander(time, 2 * _POWERS - 1)
    rank = np.linspace(0, 1, min(_KNOTS, len(slow)))
    knots = np.interp(rank, np.linspace(0, 1, len(slow)), slow)

    def unexplained(basis: np.ndarray, seen: np.ndarray) -> float:
        shapes = np.linalg.qr(basis)[0]
        return float(np.sum(np.abs(seen) ** 2) - np.sum(np.abs(np.conj(np.swapaxes(shapes, -1, -2)) @ seen) ** 2))

    def course(shifts) -> PchipInterpolator:
        return PchipInterpolator(knots, np.append(0.0, shifts))

    def left(shifts, seen: np.ndarray) -> float:
        by, few = course(shifts)(slow), powers[:, :_POWERS]
        if np.ptp(by) > _FURTHEST * span:
            return float(np.sum(np.abs(seen) ** 2)) * (1 + float(np.ptp(by)) / span)
        phases = np.exp(-1j * np.multiply.outer(numbers[: len(seen)], by))[..., None]
        stays = np.broadcast_to(few, (len(seen), *few.shape))
        return unexplained(np.concatenate([stays, phases * few], axis=-1), seen)

    still = unexplained(powers[None].astype(complex), waves)
    starts = [share * span * rank[1:] ** bend for share in _STARTS for bend in _BENDS]
    shifts = None
    for width in _FROM_AFAR:
        fading = np.exp(-0.5 * (numbers * width * span) ** 2)
        seen = (waves * fading[:, None, None])[fading > _FADED]
        if shifts is None:
            shifts = min(starts, key=lambda start: left(start, seen))
        corners = np.concatenate([shifts[None], shifts + max(width, 0.03) * span * np.tri(len(shifts)).T])
        options = {"maxfev": 300, "xatol": 0.05 * step, "fatol": 1e-4 * still, "initial_simplex": corners}
        shifts = minimize(left, shifts, args=(seen,), method="Nelder-Mead", options=options).x
    assert shifts is not None
    by = course(shifts)
    return by if np.ptp(by(slow)) >= _LEAST * step and left(shifts, waves) < _GAIN * still else None
