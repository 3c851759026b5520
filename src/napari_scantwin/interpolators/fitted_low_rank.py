"""Pictures of a cube's fast axes with heights over its slow ones, as they are evaluated and saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.grid import GridFunctions
from napari_scantwin.interpolators.protocol import FittedInterpolator

__all__ = ["FittedLowRank", "Layer"]

#: Points evaluated at once.
_CHUNK = 1 << 16
#: Where pictures move, points are gone through slice by slice if slices have so many on average.
_A_SLICE = 16


@dataclass(frozen=True)
class Layer:
    """Pictures and their heights.

    Parameters
    ----------
    count
        How many pictures.
    heights
        Functions of the slow axes: the pictures' heights, then draws of their errors, ``count`` after ``count``.
    pictures
        Functions of the fast axes, likewise.
    course
        How far the pictures are shifted along a fast axis, a function of the slow axis; None where they stay.
    along
        That axis's number among the fast ones.
    """

    count: int
    heights: GridFunctions
    pictures: GridFunctions
    course: GridFunctions | None = None
    along: int = 0

    def __call__(self, coordinates: np.ndarray) -> np.ndarray:
        """The mean and draws of its error [1 + draws, n] at places [n, axes]."""
        slow = len(self.heights.axes)
        if self.course is None:
            return self._products(coordinates[:, :slow], coordinates[:, slow:])
        places = np.array(coordinates[:, slow:], float)
        places[:, self.along] -= self.course(coordinates[:, :slow])[0]
        values, number = np.unique(coordinates[:, 0], return_inverse=True)
        if len(values) * _A_SLICE > len(coordinates):
            return self._products(coordinates[:, :slow], places)
        # Within a slice all pictures are shifted alike, and places on a grid stay on one.
        result = np.empty((len(self.heights.values) // self.count, len(coordinates)))
        order = np.argsort(number.ravel(), kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(number.ravel()[order])) + 1):
            result[:, rows] = self._products(coordinates[rows, :slow], places[rows])
        return result

    def means(self, slow: tuple[np.ndarray, ...], fast: tuple[np.ndarray, ...]) -> np.ndarray:
        """The mean over each slice [slow axes], at values ``slow`` of the slow axes, of places ``fast``."""
        count, inside = self.count, tuple(range(1, 1 + len(fast)))
        heights = self.heights.on_grid(slow)[:count]
        pictures = GridFunctions(self.pictures.axes, self.pictures.values[:count])
        if self.course is None:
            return np.tensordot(pictures.on_grid(fast).mean(axis=inside), heights, 1)
        shifts, axes = self.course.on_grid(slow)[0], list(fast)
        result = np.empty(shifts.shape)
        for place in np.ndindex(shifts.shape):
            axes[self.along] = fast[self.along] - shifts[place]
            result[place] = pictures.on_grid(axes).mean(axis=inside) @ heights[(slice(None), *place)]
        return result

    def _products(self, slow: np.ndarray, fast: np.ndarray) -> np.ndarray:
        (heights, row), (pictures, column) = _distinct(self.heights, slow), _distinct(self.pictures, fast)
        heights, pictures = (part.reshape(-1, self.count, part.shape[1]) for part in (heights, pictures))

        def product(one: int, other: int) -> np.ndarray:
            if heights.shape[2] * pictures.shape[2] <= 4 * len(slow):
                return (heights[one].T @ pictures[other])[row, column]
            return np.sum(heights[one][:, row] * pictures[other][:, column], axis=0)

        draws = range(1, len(heights))
        return np.stack([product(0, 0), *(product(0, draw) + product(draw, 0) for draw in draws)])


def _distinct(functions: GridFunctions, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The functions at the distinct ones of places [n, axes], and the number of each place's."""
    found = [np.unique(column, return_inverse=True) for column in places.T]
    shape = [len(values) for values, _ in found]
    number = np.ravel_multi_index([inverse.ravel() for _, inverse in found], shape)
    if np.prod([float(size) for size in shape]) <= 4 * len(places):
        return functions.on_grid([values for values, _ in found]).reshape(len(functions.values), -1), number
    return functions(places), np.arange(len(places))


@dataclass(frozen=True)
class FittedLowRank(FittedInterpolator):
    """A sum of layers."""

    layers: tuple[Layer, ...]

    kind: ClassVar[str] = "low rank"
    in_words: ClassVar[str] = "principal components"
    instant: ClassVar[bool] = True

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        """The mean plus each draw of its error and minus it, so that they average to the mean."""
        parts = []
        for start in range(0, max(len(coordinates), 1), _CHUNK):
            if stop is not None and stop.is_set():
                raise Cancelled
            parts.append(self._summed(coordinates[start : start + _CHUNK]))
        mean, *errors = np.concatenate(parts, axis=1)
        return np.stack([mean + sign * error for error in errors for sign in (1, -1)] if errors else [mean])

    def _summed(self, coordinates: np.ndarray) -> np.ndarray:
        found = [layer(coordinates) for layer in self.layers]
        result = np.zeros((max(map(len, found)), len(coordinates)))
        for one in found:  # the last, which keeps the sums, has no draws
            result[: len(one)] += one
        return result

    def held_range(self, axis: int) -> tuple[float, float] | None:
        layer = self.layers[-1]
        values = (*layer.heights.axes, *layer.pictures.axes)[axis]
        return float(values[0]), float(values[-1])

    def to_arrays(self) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {}
        for number, layer in enumerate(self.layers):
            parts = {"heights": layer.heights, "pictures": layer.pictures}
            if layer.course is not None:
                parts["course"] = layer.course
            arrays[f"{number}/shape"] = np.array([layer.count, layer.along])
            for name, part in parts.items():
                arrays[f"{number}/{name}"] = part.values
                arrays |= {f"{number}/{name}/{axis}": values for axis, values in enumerate(part.axes)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedLowRank:
        layers = []
        while f"{len(layers)}/shape" in arrays:
            folder = f"{len(layers)}/"
            parts = {
                name: GridFunctions(
                    tuple(arrays[f"{folder}{name}/{axis}"] for axis in range(arrays[folder + name].ndim - 1)),
                    arrays[folder + name],
                )
                for name in ("heights", "pictures", "course")
                if folder + name in arrays
            }
            count, along = (int(value) for value in arrays[folder + "shape"])
            layers.append(Layer(count, parts["heights"], parts["pictures"], parts.get("course"), along))
        return cls(tuple(layers))
