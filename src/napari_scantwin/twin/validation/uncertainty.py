"""How far a twin may be off, learned from the sweeps it never saw.

The predictive variance is::

    std^2 = noise^2 + (max(factor, 0.75) spread)^2 + (factor * share * slope * distance^1.5)^2 + between^2

``noise`` is the measurement's, inferred from the scan (:mod:`napari_scantwin.twin.validation.noise`), and ``between``
is what the curve may be off by between the readings of a sweep, where they are too coarse for it
(:mod:`napari_scantwin.twin.validation.between_readings`). The rest is the twin's own model uncertainty: ``spread`` is
the disagreement of the interpolators and their members, and the part before the last what they may all get wrong
together between sweeps, the twin's change per step of the slow axis (``slope``) with the distance to the nearest
measured point in such steps (:mod:`napari_scantwin.twin.validation.distance`), which keeps growing outside the measured
range. A held-out sweep is one step from its neighbours, the middle of a gap half a step. ``factor`` depends on how
steep the twin is there, ``slope``: it is set for flat, middling and steep places apart, so that of the held-out points
of each 68 %, with the spread the interpolators had there before they saw them, lie within one standard deviation and 95
% within two.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from napari_scantwin.core.grids import Places, columns, mesh
from napari_scantwin.interpolators.aligned import rank
from napari_scantwin.twin.data import Data
from napari_scantwin.twin.validation.between_readings import missed_between
from napari_scantwin.twin.validation.distance import FAR, nearest
from napari_scantwin.twin.validation.noise import Noise

__all__ = ["Uncertainty", "calibrated", "distance", "outside"]

#: Standard deviations, and the share of held-out points within them at least. Real scans have longer tails than a
#: normal distribution: most of their error sits in the transition.
_COVERED = ((1.0, 0.6827), (1.96, 0.95))
#: How the error of what interpolators have in common grows with distance, and its share of the slope. Both were
#: chosen once for all scans, by the coverage of the truths in ``benchmarks/truths.py``.
_POWER, _SHARE = 1.5, 0.3
#: The least and the greatest factor, and how often the interval between them is halved.
_FACTORS, _HALVINGS = (0.05, 20.0), 16
#: The interpolators' disagreement counts at least by this much: near sweeps, where held-out points are not, it is all
#: that tells how far a curve drawn through a sweep's own points may be off, and in a gap wider than those that were
#: held out it is all there is.
_LEAST_SPREAD = 0.75
#: Shares of the inner points, by steepness, between which factors are set apart, and the fewest points for one.
_STEEPNESS, _FEWEST = (0.0, 0.5, 0.8, 1.0), 40
#: Where the twin is flat along the slow axis it may still be wrong: by this share of its typical change.
_FLAT_SHARE = 0.1
#: A bump between two readings, zero at both, is so many heights a spacing steep at its foot (a parabola's).
_FOOT = 4.0


@dataclass(frozen=True)
class Uncertainty:
    """Calibrated parts of the predictive variance (the module has the formula).

    Parameters
    ----------
    noise
        The measurement's noise against the value.
    factors
        What the model uncertainty is multiplied by [levels], set on held-out points.
    steepness
        The slope [levels] at which each factor holds, ascending, in the value's unit a step; between them factors are
        interpolated in its logarithm.
    grid
        Sampling places over the measured range, one array an axis, in its unit.
    slope
        The twin's change per step of the slow axis on ``grid``, in the value's unit.
    knots
        Set points of the slow axis [groups], ascending.
    nearest
        The distance to the nearest measured point on ``grid``, in steps.
    between
        What the curve may be off by between the readings of a sweep on ``grid``, in the value's unit.
    spacing
        Their distance from each other on ``grid``, in the fast axis's unit.
    least
        By how much the interpolators' disagreement counts at least.
    """

    noise: Noise
    factors: np.ndarray
    steepness: np.ndarray
    grid: tuple[np.ndarray, ...]
    slope: np.ndarray
    knots: np.ndarray
    nearest: np.ndarray
    between: np.ndarray
    spacing: np.ndarray
    least: float = _LEAST_SPREAD

    @property
    def factor(self) -> float:
        """The greatest of the factors."""
        return float(np.max(self.factors))

    def factor_at(self, slope: np.ndarray) -> np.ndarray:
        """The factor where the twin is so steep.

        Parameters
        ----------
        slope
            Its change per step of the slow axis [n], in the value's unit.

        Returns
        -------
        array
            Factors [n].
        """
        with np.errstate(divide="ignore"):
            return np.exp(np.interp(np.log(slope), np.log(self.steepness), np.log(self.factors)))

    def std(self, coordinates: Places, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Standard deviation of a new measurement, its noise included.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first; or the axes of a grid, for which everything has its
            shape.
        mean, spread
            The twin's mean [n] and its interpolators' disagreement [n] there, in the value's unit.

        Returns
        -------
        array
            Standard deviation [n] in the value's unit.
        """
        return np.hypot(self.noise(mean), self.model_uncertainty(coordinates, spread))

    def held_out_std(self, coordinates: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Standard deviation of readings of a sweep that was left out, whose neighbours are one step away.

        Parameters
        ----------
        coordinates
            The readings' places [n, axes], in the scan's units, slow axis first.
        mean, spread
            What was predicted [n] without them and the interpolators' disagreement [n] about it, in the value's unit.

        Returns
        -------
        array
            Standard deviation [n] in the value's unit, the readings' noise included.
        """
        slope = self.slope_at(coordinates)
        model = _model_uncertainty(self.factor_at(slope), spread, _SHARE * slope, self.least)
        return np.hypot(np.hypot(self.noise(mean), self.between_at(coordinates)), model)

    def model_uncertainty(self, coordinates: Places, spread: np.ndarray) -> np.ndarray:
        """Standard deviation of the twin itself: :meth:`std` without the measurement's noise.

        Parameters
        ----------
        coordinates
            Where, as for :meth:`std`.
        spread
            The interpolators' disagreement [n] there, in the value's unit.

        Returns
        -------
        array
            Standard deviation [n] in the value's unit.
        """
        slope = self.slope_at(coordinates)
        model = _model_uncertainty(self.factor_at(slope), spread, self._common(coordinates, slope), self.least)
        return np.hypot(model, self.between_at(coordinates))

    def of_slope(self, coordinates: np.ndarray, axis: int, spread: np.ndarray) -> np.ndarray:
        """Standard deviation of the twin's derivative along one axis.

        Beside the scatter of the interpolators' slopes it holds how fast what they may all get wrong changes along the
        axis.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.
        axis
            The number of the axis, 0 being the slowest.
        spread
            The scatter of the interpolators' slopes [n] there, in the value's unit over the axis's.

        Returns
        -------
        array
            Standard deviation [n] of the derivative.
        """
        # Where the values' uncertainty was raised by a factor above one, so is their slopes'.
        factor = np.maximum(self.factor_at(self.slope_at(coordinates)), 1.0)
        found = np.hypot(factor * spread, self.shared_slope(coordinates, axis))
        if axis < len(self.grid) - 1:
            return found
        return np.hypot(found, sampled(self.grid, _FOOT * self.between / self.spacing, coordinates))

    def shared_slope(self, coordinates: np.ndarray, axis: int) -> np.ndarray:
        """How fast what all interpolators may get wrong together changes along an axis.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.
        axis
            The number of the axis, 0 being the slowest.

        Returns
        -------
        array
            The change [n], with its sign, in the value's unit over the axis's.
        """
        step = np.zeros(len(self.grid))
        step[axis] = np.ptp(self.grid[axis]) / (len(self.grid[axis]) - 1)
        after, before = (
            self._common(places, self.slope_at(places)) for places in (coordinates + step, coordinates - step)
        )
        change = after - before
        return self.factor_at(self.slope_at(coordinates)) * change / (2 * step[axis])

    def _common(self, coordinates: Places, slope: np.ndarray) -> np.ndarray:
        """What all interpolators may get wrong together [n], before the factor, where the twin has this ``slope``."""
        # A sampled distance is rounded off at the sweeps themselves, where the exact one is zero.
        holes = self._holes(coordinates)
        far = distance(coordinates, self.knots, self.grid)
        far = np.where(holes > FAR, np.maximum(far, holes), far)
        return slope * (_SHARE * far**_POWER)

    def extrapolates(self, coordinates: Places) -> np.ndarray:
        """Whether each place (as for :meth:`std`) lies outside the measured range of some axis, or further from every
        measured point than the middle between two sweeps is [n]."""
        return outside(coordinates, self.grid) | (self._holes(coordinates) > FAR)

    def _holes(self, coordinates: Places) -> np.ndarray | float:
        """The sampled distance [n]; zero where the scan has no holes, which most have not."""
        return sampled(self.grid, self.nearest, coordinates) if self.nearest.max() > FAR else 0.0

    def slope_at(self, coordinates: Places) -> np.ndarray:
        """The twin's change per step of the slowest axis [n] (places as for :meth:`std`), interpolated from the sampled
        grid."""
        return sampled(self.grid, self.slope, coordinates)

    def between_at(self, coordinates: Places) -> np.ndarray:
        """What the curve may be off by between readings [n] (places as for :meth:`std`), in the value's unit."""
        return sampled(self.grid, self.between, coordinates)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as plain arrays, for saving."""
        axes = {f"grid{number}": axis for number, axis in enumerate(self.grid)}
        noise = {"noise_levels": self.noise.levels, "noise": self.noise.deviations}
        fields = {"slope": self.slope, "nearest": self.nearest, "between": self.between, "spacing": self.spacing}
        factors = {"factor": self.factors, "steepness": self.steepness, "least": np.array(self.least)}
        return {**factors, "knots": self.knots, **fields, **noise, **axes}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Uncertainty:
        """The inverse of :meth:`to_arrays`."""
        slope = arrays["slope"]
        grid = tuple(arrays[f"grid{number}"] for number in range(slope.ndim))
        noise = Noise(arrays["noise_levels"], arrays["noise"])
        factors, steepness = arrays["factor"], arrays["steepness"]
        fields = (arrays[name] for name in ("knots", "nearest", "between", "spacing"))
        return cls(noise, factors, steepness, grid, slope, *fields, float(arrays["least"]))


def calibrated(data: Data, mixture, held_out: np.ndarray, spread: np.ndarray) -> Uncertainty:
    """Calibrate the uncertainty of a trained mixture on held-out points.

    Parameters
    ----------
    data
        The points it was trained on.
    mixture
        The chosen interpolators, fitted to all points.
    held_out
        Predictions [n] by interpolators that had not seen the point, in the value's unit.
    spread
        Those interpolators' disagreement [n] about the held-out predictions, in the value's unit.

    Returns
    -------
    Uncertainty
        Set so that inner held-out points lie within one and two standard deviations as often as they should.
    """
    grid, knots = sample_axes(data.coordinates, data.groups.knots), data.groups.knots
    mean = mixture.on_grid(grid)[0] * data.spread
    slope = sampled_slope(grid, mean, knots)
    between, spacing = missed_between(data, grid, mean)
    inner = data.inner
    steep = sampled(grid, slope, data.coordinates[inner])
    noise = np.hypot(data.noise(held_out[inner]), sampled(grid, between, data.coordinates[inner]))
    columns = ((data.values - held_out)[inner], noise, spread[inner])
    factors, levels = [], []
    for mine in _by_steepness(steep):
        # A held-out sweep is one step away.
        factors.append(calibrated_factor(*(column[mine] for column in columns), _SHARE * steep[mine]))
        levels.append(np.median(steep[mine]))
    far = nearest(data, mesh(grid)).reshape(slope.shape)
    return Uncertainty(data.noise, np.array(factors), np.array(levels), grid, slope, knots, far, between, spacing)


def _by_steepness(steep: np.ndarray) -> list[np.ndarray]:
    """The numbers of flat, middling and steep points; all together where they are few or equally steep."""
    order = np.argsort(steep, kind="stable")
    ends = np.round(np.array(_STEEPNESS) * len(order)).astype(int)
    parts = [order[first:last] for first, last in itertools.pairwise(ends)]
    told_apart = np.diff([np.median(steep[part]) for part in parts] if min(map(len, parts)) else [0]) > 0
    return parts if min(map(len, parts)) >= _FEWEST and told_apart.all() else [order]


def sampled(grid, field: np.ndarray, coordinates: Places) -> np.ndarray:
    """Interpolate a field linearly from its samples on a grid; it is held constant outside.

    Parameters
    ----------
    grid
        Sampling places, one ascending array an axis.
    field
        The field's samples [slow, ..., fast].
    coordinates
        Where, [n, axes], or the axes of another grid.

    Returns
    -------
    array
        The field [n], or of the shape of the other grid.
    """
    index = [
        np.interp(np.ravel(column), axis, np.arange(len(axis)))
        for column, axis in zip(columns(coordinates), grid, strict=True)
    ]
    if isinstance(coordinates, np.ndarray):
        return map_coordinates(field, index, order=1, mode="nearest")
    for number, places in enumerate(index):  # axis by axis, the slowest first, which has the fewest samples
        before = np.minimum(places.astype(int), max(len(grid[number]) - 2, 0))
        after = np.minimum(before + 1, len(grid[number]) - 1)
        share = (places - before).reshape(-1, *[1] * (field.ndim - 1 - number))
        field = np.take(field, before, number) * (1 - share) + np.take(field, after, number) * share
    return field


def distance(coordinates: Places, knots: np.ndarray, grid) -> np.ndarray:
    """Distance to the nearest set point, in steps between set points.

    Parameters
    ----------
    coordinates
        Where, [n, axes], slow axis first, or the axes of another grid.
    knots
        Set points of the slow axis [groups], ascending.
    grid
        Sampling places whose ends are the measured range, one array an axis.

    Returns
    -------
    array
        Distance [n], or broadcasting to the shape of the other grid; it goes on growing outside the range of any axis,
        there in tenths of that axis's range.
    """
    far: np.ndarray | float = 0.0
    for position, (column, axis) in enumerate(zip(columns(coordinates), grid, strict=True)):
        if position == 0 and len(grid) > 1:
            place = rank(knots, column)
            far = np.abs(place - np.clip(np.round(place), 0, len(knots) - 1))
        elif (beyond := np.maximum(np.maximum(axis[0] - column, column - axis[-1]), 0)).any() or position == 0:
            far = far + 10 * beyond / (axis[-1] - axis[0])
    return np.asarray(far)


def outside(coordinates: Places, grid) -> np.ndarray:
    """Whether places lie outside the measured range of some axis, by more than rounding.

    Parameters
    ----------
    coordinates
        Where, [n, axes], slow axis first, or the axes of another grid.
    grid
        Ascending values whose ends are the measured range, one array an axis.

    Returns
    -------
    array
        True or false [n], or of the shape of the other grid.
    """
    result: np.ndarray | bool = False
    for column, axis in zip(columns(coordinates), grid, strict=True):
        margin = 1e-3 * (axis[-1] - axis[0])
        result = result | (column < axis[0] - margin) | (column > axis[-1] + margin)
    return np.asarray(result)


def sample_axes(coordinates: np.ndarray, knots: np.ndarray) -> tuple[np.ndarray, ...]:
    """Axes of a modest grid over the measured range.

    Parameters
    ----------
    coordinates
        The measured places [n, axes], slow axis first.
    knots
        Set points of the slow axis [groups], ascending.

    Returns
    -------
    tuple of arrays
        Four samples a step of the slow axis, the rest sharing some 40 000 points.
    """
    axes = []
    if coordinates.shape[1] > 1:
        steps = min(4 * (len(knots) - 1), 120)
        axes.append(np.interp(np.linspace(0, len(knots) - 1, steps + 1), np.arange(len(knots)), knots))
    rest = coordinates.shape[1] - len(axes)
    size = len(axes[0]) if axes else 1
    count = max(2, min(300, int((40_000 / size) ** (1 / max(rest, 1)))))
    for position in range(len(axes), coordinates.shape[1]):
        column = coordinates[:, position]
        axes.append(np.linspace(column.min(), column.max(), count))
    return tuple(axes)


def sampled_slope(grid, mean: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Absolute change of the twin per step between set points, with a floor.

    Parameters
    ----------
    grid
        Sampling places, one array an axis.
    mean
        The twin's mean on ``grid``, in the value's unit.
    knots
        Set points of the slow axis [groups], ascending.

    Returns
    -------
    array
        The change on ``grid``, in the value's unit; for one axis the mean's standard deviation throughout.
    """
    if len(grid) == 1:
        return np.full(mean.shape, np.std(mean))
    slope = np.abs(np.gradient(mean, rank(knots, grid[0]), axis=0))
    return slope + _FLAT_SHARE * np.sqrt(np.mean(slope**2))


def calibrated_factor(residual: np.ndarray, noise: np.ndarray, spread: np.ndarray, common: np.ndarray) -> float:
    """The least factor that puts 68 % of held-out residuals within one standard deviation and 95 % within 1.96.

    Parameters
    ----------
    residual
        Measured minus held-out prediction [n].
    noise
        The measurement's noise there [n].
    spread
        The interpolators' disagreement there [n], before the points were seen.
    common
        What all interpolators may get wrong together there [n], before the factor.

    Returns
    -------
    float
        Between 0.05 and 20.
    """

    def covers(factor: float) -> bool:
        deviation = np.hypot(noise, _model_uncertainty(factor, spread, common))
        return all(np.mean(np.abs(residual) <= width * deviation) >= share for width, share in _COVERED)

    low, high = _FACTORS
    if covers(low):
        return low
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if covers(middle) else (middle, high)
    return float(high)


def _model_uncertainty(factor, spread: np.ndarray, common: np.ndarray, least: float = _LEAST_SPREAD) -> np.ndarray:
    return np.hypot(np.maximum(factor, least) * spread, factor * common)
