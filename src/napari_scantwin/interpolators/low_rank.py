"""Slices of a cube as a few pictures whose heights change from slice to slice.

With y the readings over their noise, s the slow axes and x the fast ones::

    y(s, x) = sum_k a_k(s) m_k(x)    or    sum_k a_k(s) m_k(x) + sum_k b_k(s) n_k(x - d(s))

The pictures are principal components: as many as stand out of the noise, whose edge is known (V. A. Marchenko and
L. A. Pastur, *Math. USSR Sb.* **1**, 457, 1967), each smoothed as far as its own noise says
(:mod:`napari_scantwin.interpolators.local_smoothing`). Their heights are interpolated along one or two slow axes by
Gaussian processes (:mod:`napari_scantwin.interpolators.scores`). In the second form some of them move along a fast axis
by a course d(s) that is found from the slices (:mod:`napari_scantwin.interpolators.travel`). A slice's sum is
interpolated by itself (:mod:`napari_scantwin.interpolators.sums`). Beyond the outermost slices all is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.fitted_low_rank import FittedLowRank, Layer
from napari_scantwin.interpolators.grid import GridFunctions, MeasuredGrid, filled
from napari_scantwin.interpolators.local_smoothing import locally_smoothed
from napari_scantwin.interpolators.protocol import (
    LOW_RANK,
    SMALL,
    FittedFolds,
    Folds,
    Interpolator,
    TrainingPoints,
)
from napari_scantwin.interpolators.scores import SlowAxes, interpolated
from napari_scantwin.interpolators.sums import correction
from napari_scantwin.interpolators.travel import moved, travel

__all__ = ["LowRank"]

#: Most pictures of a layer, draws of the errors (each is a member, and so is its opposite), and rounds in which heights
#: and smoothed pictures are found from each other, and what was not measured from both.
_MOST, _DRAWS, _ROUNDS, _FILLINGS = 16, 2, 2, 4
#: A component stands out of the noise beyond so many times its edge.
_EDGE = 1.02
#: Pictures of each layer in the rounds in which those that move and those that stay are told apart.
_APART = (1, 2, 3, _MOST)
#: Fewest slices, and most places of the slow axes.
_FEWEST, _SLICES = 5, 3000
#: A second axis of at most so many values, or whose widest gap is so many times the narrowest, is a slow one.
_FEW, _UNEVEN = 16, 1.5
#: Readings of the whole scan that are decomposed.
_READINGS = 16_000_000
#: No reading's noise is less than this share of the typical one's, nor than this share of the values' spread.
_QUIET, _SILENT = 0.05, 1e-4


@dataclass(frozen=True)
class LowRank(Interpolator):
    """Principal components of slices, interpolated between them.

    Parameters
    ----------
    slow
        How many axes are slow ones, 1 or 2; slices are over the rest.
    moves
        The number of the fast axis along which some of the components move; None where all stay.
    """

    slow: int = 1
    moves: int | None = None

    fitted: ClassVar[type] = FittedLowRank
    family: ClassVar[str] = LOW_RANK
    cost: ClassVar[int] = 400

    def __str__(self) -> str:
        what = "principal components" if self.moves is None else "moving principal components"
        return what if self.slow == 1 else f"{what} over two slow axes"

    @classmethod
    def candidates(cls, points: TrainingPoints, training_budget) -> list[LowRank]:
        large = points.axes > 2 or len(points.targets) > SMALL
        if not points.sweeps or not large or points.axes < 2 or len(points.knots) < _FEWEST:
            return []
        grid = _grid(points)
        if grid is None or len(grid.axes[0]) > _SLICES:
            return []
        found = [cls()]
        if points.axes > 2 and _set_by_hand(grid.axes[1]) and len(grid.axes[0]) * len(grid.axes[1]) <= _SLICES:
            found.append(cls(2))
        rows, _ = _quiet(grid)
        for axis in range(1, points.axes):
            if travel(grid.axes[0], grid.axes[axis], rows, axis - 1) is not None:
                found.append(cls(1, axis))
        return found

    def fit(self, points: TrainingPoints, kept: np.ndarray, members=1, seed=0, stop=None) -> FittedLowRank:
        grid = _grid(points)
        assert grid is not None  # or it was no candidate
        return self._fit_grid(grid.kept(kept), seed, stop)

    def fit_folds(self, points: TrainingPoints, folds: Folds) -> FittedFolds:
        found = super().fit_folds(points, folds)
        if folds.stream is None or len(folds.stream) <= len(points.targets):
            return found
        # Judged at evenly spaced places of each slice, but made of all, or of as many as there is room for.
        grid = folds.stream.grid(_READINGS)
        whole = None if grid is None else self._fit_grid(grid, folds.seed, folds.stop)
        return FittedFolds(found.fits, found.steps, whole)

    def _fit_grid(self, grid: MeasuredGrid, seed: int, stop) -> FittedLowRank:
        random = np.random.default_rng(seed)
        slow, fast = grid.axes[: self.slow], grid.axes[self.slow :]
        fitting = _Fitting(slow, fast, random, stop)
        values = filled(grid.axes[0], grid.values, grid.seen)
        shape = (-1, *(len(axis) for axis in fast))
        values, seen = values.reshape(shape), grid.seen.reshape(shape)
        noise = _noise(grid).reshape(shape)
        if self.moves is not None:
            rows, _ = _quiet(grid)
            course = travel(slow[0], fast[self.moves - 1], rows, self.moves - 1)
            if course is not None:
                layers = fitting.apart(values, seen, noise, course, self.moves - 1)
                return FittedLowRank((*layers, fitting.rest(grid, layers)))
        found = fitting.decomposed(values, seen, noise.mean(axis=0), _MOST, _DRAWS)
        layers = [fitting.layer(found, fast)]
        return FittedLowRank((*layers, fitting.rest(grid, layers)))


def _set_by_hand(axis: np.ndarray) -> bool:
    """Whether an axis looks like a second slow one: few values, or unevenly spaced."""
    gaps = np.diff(axis)
    return len(axis) >= 4 and (len(axis) <= _FEW or bool(gaps.max() > _UNEVEN * gaps.min()))


def _grid(points: TrainingPoints) -> MeasuredGrid | None:
    return points.once("grid", lambda: MeasuredGrid.of(points))


def _noise(grid: MeasuredGrid) -> np.ndarray:
    """The noise's variance [slow, ..., fast], nowhere nothing."""
    typical = float(np.mean(grid.variance[grid.seen]))
    least = max(_QUIET**2 * typical, _SILENT**2 * float(np.var(grid.values[grid.seen])), 1e-30)
    return np.where(grid.seen, np.maximum(grid.variance, least), max(typical, least))


def _quiet(grid: MeasuredGrid) -> tuple[np.ndarray, np.ndarray]:
    """Readings over their noise, and that noise's deviation in a slice, the same in all."""
    deviation = np.sqrt(_noise(grid).mean(axis=0))
    return filled(grid.axes[0], grid.values, grid.seen) / deviation, deviation


@dataclass(frozen=True)
class _Decomposed:
    """Slices as ``heights`` [pictures, slices], of noise of variance one, times ``pictures`` [pictures, ...]; draws
    of the pictures' ``errors`` [draws, pictures, ...]."""

    heights: np.ndarray
    pictures: np.ndarray
    errors: np.ndarray

    @property
    def fitted(self) -> np.ndarray:
        """What that says of the slices [slices, ...]."""
        return np.tensordot(self.heights.T, self.pictures, 1)


class _Fitting:
    """One fit: its ``slow`` and ``fast`` axes, its random numbers, and what ends it."""

    def __init__(self, slow: tuple[np.ndarray, ...], fast: tuple[np.ndarray, ...], random, stop):
        self.slow, self.fast, self._random, self._stop = slow, fast, random, stop
        self._axes, self.nodes = SlowAxes.of(slow)

    def decomposed(self, values, seen, variance, most: int, draws: int = 0) -> _Decomposed:
        """``values`` [slices, ...], their noise of ``variance`` [...], as at most so many pictures beside the mean."""
        deviation = np.sqrt(variance)
        rows, known = (values / deviation).reshape(len(values), -1), seen.reshape(len(values), -1)
        directions = _components(rows, known, most)
        sizes = np.ones(len(directions))
        for last in [*[False] * (_ROUNDS - 1), True]:
            if self._stop is not None and self._stop.is_set():
                raise Cancelled
            found = [
                locally_smoothed(one.reshape(deviation.shape), draws if last else 0, self._random)
                for one in directions @ rows
            ]
            if not last:
                # In an orthonormal basis of the pictures the heights have independent noise of variance one.
                basis = np.linalg.qr(np.stack([smooth.ravel() for smooth, _ in found], axis=1))[0]
                left, sizes, _ = np.linalg.svd(rows @ basis, full_matrices=False)
                directions, sizes = left.T, np.maximum(sizes, 1e-9)
        scale = deviation / sizes.reshape(-1, *[1] * deviation.ndim)
        smooth = np.stack([smooth for smooth, _ in found])
        # Smoothing shifts intensity about; it must not make or take any, or a slice's sum would drift.
        missing = (directions @ rows - smooth.reshape(len(smooth), -1)) @ deviation.ravel()
        smooth += np.multiply.outer(missing / np.sum(deviation**2), deviation)
        pictures = smooth * scale
        errors = np.stack([error for _, error in found], axis=1) * scale
        return _Decomposed(sizes[:, None] * directions, pictures, errors)

    def layer(self, found: _Decomposed, fast, course=None, along: int = 0) -> Layer:
        """The heights of what was decomposed, interpolated; ``fast`` are the pictures' axes."""
        count, draws = len(found.heights), len(found.errors)
        known = found.heights.reshape(count, *(len(axis) for axis in self.slow))
        heights, errors = interpolated(self._axes, known, draws, self._random)
        heights = np.concatenate([heights[None], errors]).reshape(-1, *heights.shape[1:])
        pictures = np.concatenate([found.pictures[None], found.errors]).reshape(-1, *found.pictures.shape[1:])
        return Layer(count, GridFunctions(self.nodes, heights), GridFunctions(tuple(fast), pictures), course, along)

    def rest(self, grid: MeasuredGrid, layers: list[Layer]) -> Layer:
        """A layer that makes the sums over slices what they are interpolated to by themselves."""

        def mean() -> np.ndarray:
            return np.sum([layer.means(self.nodes, self.fast) for layer in layers], axis=0)

        even = GridFunctions(self.fast, np.ones((1, *(len(axis) for axis in self.fast))))
        return Layer(1, correction(grid, self._axes, self.nodes, mean), even)

    def apart(self, values, seen, variance, course, along: int) -> list[Layer]:
        """Two layers: one of what moves along a fast axis by ``course``, and one of what stays."""
        axis, by = self.fast[along], course(self.slow[0])
        step = float(np.median(np.diff(axis)))
        low, high = axis[0] - by.max(), axis[-1] - by.min()
        frame = np.linspace(low, high, round((high - low) / step) + 1)
        there, back = frame + by[:, None], axis - by[:, None]
        axes = tuple(frame if number == along else own for number, own in enumerate(self.fast))
        reached = _spread((there >= axis[0] - step / 2) & (there <= axis[-1] + step / 2), along, values.ndim)
        known = reached & (moved(axis, seen.astype(float), there, along) > 0.5)
        noise = np.average(moved(axis, variance, there, along), axis=0, weights=known + 1e-6)
        shift = GridFunctions(self.nodes, course(self.nodes[0])[None])
        stays = np.zeros(values.shape)
        for most in _APART:
            draws = _DRAWS if most == _MOST else 0
            rows = filled(self.slow[0], moved(axis, values - stays, there, along), known)
            moving = self.decomposed(rows, known, noise, most, draws)
            went = moved(frame, moving.fitted, back, along)
            staying = self.decomposed(values - went, seen, variance.mean(axis=0), most, draws)
            stays = staying.fitted
        return [self.layer(moving, axes, shift, along), self.layer(staying, self.fast)]


def _spread(rows: np.ndarray, along: int, dimensions: int) -> np.ndarray:
    """``rows`` [slices, m] as an array that broadcasts over slices of which m is the axis ``along``."""
    shape = [1] * dimensions
    shape[0], shape[along + 1] = rows.shape
    return rows.reshape(shape)


def _components(rows: np.ndarray, known: np.ndarray, most: int) -> np.ndarray:
    """Orthonormal heights [components, slices] of the mean and of the components of ``rows`` [slices, n] that stand out
    of noise of variance one."""
    edge = _EDGE * (np.sqrt(rows.shape[0]) + np.sqrt(rows.shape[1]))
    for _ in range(1 if known.all() else _FILLINGS):
        about = rows - rows.mean(axis=0)
        # Of the smaller of the two products, whichever it is; the slices' means are taken out of neither.
        if rows.shape[0] <= rows.shape[1]:
            squares, heights = np.linalg.eigh(about @ about.T)
            squares, heights = squares[::-1], heights[:, ::-1]
        else:
            squares, maps = np.linalg.eigh(about.T @ about)
            squares, maps = squares[::-1], maps[:, ::-1]
            heights = about @ maps / np.sqrt(np.maximum(squares, 1e-12))
        count = int(np.clip(np.sum(squares > edge**2), 1, min(most, rows.shape[0] - 2)))
        basis = np.column_stack([np.ones(len(rows)), heights[:, :count]])
        basis = np.linalg.qr(basis)[0]
        if not known.all():
            # In place of what was not measured stands what the components say.
            rows[:] = np.where(known, rows, basis @ (basis.T @ rows))
    return basis.T
