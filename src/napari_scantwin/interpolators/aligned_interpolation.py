"""Interpolation along the slow axis, between sweeps as they are (a spline) or aligned feature by feature."""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_scantwin.interpolators.aligned import SPLINES, CurveRegistration, Rows
from napari_scantwin.interpolators.features import scales_of
from napari_scantwin.interpolators.protocol import ALIGNED, SPLINE, FittedInterpolator, Interpolator, TrainingPoints

__all__ = ["ALIGNED_SHARE", "DRAWS", "AlignedInterpolation", "FittedAlignedInterpolation", "alignable"]

#: Share of the plain fast axis in the level that aligns sweeps, so that flat stretches keep a length.
ALIGNED_SHARE = 0.1
#: The fewest sweeps between which a cubic spline is tried.
_FEWEST_FOR_CUBIC = 6
#: Draws of the smoothed sweeps' errors that one interpolation carries.
DRAWS = 2

#: Readings of a curve, at least.
_A_CURVE = 4


@dataclass(frozen=True)
class FittedAlignedInterpolation(FittedInterpolator):
    """Sweeps by level, interpolated along the slow axis (or, their level being the fast axis, a spline)."""

    mesh: CurveRegistration

    kind: ClassVar[str] = "aligned"
    in_words: ClassVar[str] = "aligned interpolation"
    instant: ClassVar[bool] = True

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        """The interpolation plus each draw of its errors and minus it, so that they average to the interpolation."""
        values, *errors = self.mesh.with_errors(coordinates)
        return np.stack([values + error for error in errors] + [values - error for error in errors] or [values])

    def moments_on_grid(self, axes, stop=None) -> tuple[np.ndarray, np.ndarray]:
        return self.mesh.on_grid(*axes)

    def held_range(self, axis: int) -> tuple[float, float]:
        places = self.mesh.knots if axis == 0 else self.mesh.rows.positions
        return float(places.min()), float(places.max())

    def to_arrays(self) -> dict[str, np.ndarray]:
        mesh = self.mesh
        kinds = np.array([mesh.position_scale, mesh.value_scale, mesh.spline])
        rows = {"positions": mesh.rows.positions, "values": mesh.rows.values, "errors": mesh.rows.errors}
        return {"kinds": kinds, "knots": mesh.knots, **rows}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedAlignedInterpolation:
        rows = Rows(arrays["positions"], arrays["values"], arrays["errors"])
        return cls(CurveRegistration(arrays["knots"], rows, *(str(kind) for kind in arrays["kinds"])))


@dataclass(frozen=True)
class AlignedInterpolation(Interpolator):
    """Aligned interpolation, or a spline along the slow axis; two axes only.

    Parameters
    ----------
    position_scale, value_scale
        Kinds of :func:`~napari_scantwin.interpolators.aligned.slow_scale`.
    spline
        A key of ``SPLINES``.
    share
        The share of the plain fast axis in the level: small aligns the sweeps, 1 gives a spline along the slow axis.
    """

    position_scale: str
    value_scale: str
    spline: str
    share: float

    fitted: ClassVar[type] = FittedAlignedInterpolation
    instant: ClassVar[bool] = True

    @property
    def family(self) -> str:  # type: ignore[override]
        """Splines along the slow axis are another family than aligned ones."""
        return SPLINE if self.share == 1 else ALIGNED

    def __str__(self) -> str:
        if self.share == 1:
            return f"spline, {self.spline}, {self.value_scale}"
        return f"aligned interpolation, {self.spline}, {self.position_scale}/{self.value_scale}"

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget) -> list[AlignedInterpolation]:
        if points.axes != 2 or not points.sweeps:
            return []
        scales = scales_of(points)
        # Between few sweeps a cubic spline overshoots by more than what it finds.
        splines = [spline for spline in SPLINES if spline != "cubic" or len(points.knots) >= _FEWEST_FOR_CUBIC]
        found = [cls("plain", scale, spline, 1.0) for scale in scales for spline in splines]
        if alignable(points):
            found += [
                cls(position, value, spline, ALIGNED_SHARE)
                for position, value in itertools.product(scales, scales)
                for spline in splines
            ]
        return found

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedAlignedInterpolation:
        rows = points.rows(self.share)
        long = _curves_in(points)
        kept = kept & long if (kept & long).sum() > 1 else kept
        # Interpolations alike carry different draws, so that together they tell more of them.
        first = DRAWS * (zlib.crc32(str(self).encode()) % (len(rows.errors) // DRAWS))
        rows = Rows(rows.positions[kept], rows.values[kept], rows.errors[first : first + DRAWS, kept])
        mesh = CurveRegistration(points.knots[kept], rows, self.position_scale, self.value_scale, self.spline)
        return FittedAlignedInterpolation(mesh)


def alignable(points: TrainingPoints) -> bool:
    """Whether sweeps can be aligned: that needs one slow axis, and enough sweeps for positions to be interpolated
    between them."""
    return points.axes == 2 and points.sweeps and int(_curves_in(points).sum()) >= 3


def _curves_in(points: TrainingPoints) -> np.ndarray:
    """Which sweeps [groups] have readings enough to be a curve: a point measured by itself, beside sweeps, is none."""
    return np.bincount(points.group, minlength=len(points.knots)) >= _A_CURVE
