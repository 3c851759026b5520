"""A twin's fitted interpolators and their weights, evaluated as one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from napari_scantwin.core.grids import mesh
from napari_scantwin.interpolators.protocol import FittedInterpolator

__all__ = ["Mixture"]


@dataclass(frozen=True)
class Mixture:
    """Fitted interpolators and their weights, evaluated as one.

    Parameters
    ----------
    names
        The interpolators in words.
    interpolators
        Fitted to the whole scan.
    weights
        Their weights, which add up to one.
    """

    names: tuple[str, ...]
    interpolators: tuple[FittedInterpolator, ...]
    weights: np.ndarray

    def __call__(self, coordinates: np.ndarray, stop=None) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate the mixture.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        tuple of arrays
            Weighted mean [n] and disagreement [n], the weighted standard deviation of all members of all interpolators.
        """
        members, shares = self.members(coordinates, stop)
        mean = shares @ members
        return mean, np.sqrt(shares @ (members - mean) ** 2)

    def on_grid(self, axes: Sequence[np.ndarray], stop=None) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate the mixture on a grid: what calling it at the grid's points gives, to single precision.

        Parameters
        ----------
        axes
            Values of each axis in the scan's units, slow axis first.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        tuple of arrays
            Weighted mean and disagreement [slow, ..., fast].
        """
        return self._of_moments(one.moments_on_grid(axes, stop) for one in self.interpolators)

    def _outputs(self, coordinates: np.ndarray, stop) -> list[np.ndarray]:
        return [np.asarray(one.outputs(coordinates, stop), float) for one in self.interpolators]

    def _of_moments(self, moments: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and disagreement of interpolators of which each has this mean and this variance of its members."""
        means, variances = zip(*moments, strict=True)
        mean = sum(weight * one for weight, one in zip(self.weights, means, strict=True))
        variance = np.zeros_like(mean)
        for weight, one, own in zip(self.weights, means, variances, strict=True):
            variance += weight * (own + (one - mean) ** 2)
        return mean, np.sqrt(variance)

    def members(self, coordinates: np.ndarray, stop=None) -> tuple[np.ndarray, np.ndarray]:
        """Outputs of every member of every interpolator, and the members' shares.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        tuple of arrays
            Outputs [members, n] and shares [members].
        """
        return self._shared(self._outputs(coordinates, stop))

    def slopes(self, coordinates: np.ndarray, axis: int, span: float, order: int, stop=None):
        """First or second derivatives of every member along one axis, and the members' shares.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.
        axis
            The number of the axis, 0 being the slowest.
        span
            The axis's range, in its unit.
        order
            Which derivative, 1 or 2.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        tuple of arrays
            Derivatives [members, n] and shares [members].
        """
        slopes = [one.slopes(coordinates, axis, span, order, stop) for one in self.interpolators]
        return self._shared([np.asarray(slope, float) for slope in slopes])

    def _shared(self, outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        shares = [np.full(len(one), weight / len(one)) for one, weight in zip(outputs, self.weights, strict=True)]
        return np.concatenate(outputs), np.concatenate(shares)

    def over_rows(self, nodes: np.ndarray, fast: np.ndarray, stop=None) -> Callable:
        """Prepare the evaluation of a map of two axes with far more rows than ``nodes``.

        Networks and Gaussian processes, which cost most, change smoothly from row to row: they are evaluated on
        the rows at ``nodes`` only, and cubic splines along the slow axis do the rest.

        Parameters
        ----------
        nodes
            Values of the slow axis [k], ascending.
        fast
            Values of the fast axis.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        callable
            A function of slow values [rows] that gives what :meth:`on_grid` does for those rows.
        """
        splines = []
        for interpolator in self.interpolators:
            if interpolator.instant:
                splines.append(None)
            else:
                outputs = np.asarray(interpolator.outputs(mesh((nodes, fast)), stop), float)
                splines.append(CubicSpline(nodes, outputs.reshape(-1, len(nodes), len(fast)), axis=1))

        def moments(interpolator: FittedInterpolator, spline, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            if spline is None:
                return interpolator.moments_on_grid((rows, fast), stop)
            outputs = spline(rows)
            return outputs.mean(axis=0), outputs.var(axis=0)

        def evaluate(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return self._of_moments(map(moments, self.interpolators, splines, itertools.repeat(rows)))

        return evaluate

    @property
    def composition(self) -> dict[str, float]:
        """The share of each kind of interpolator by its name in words, the largest first."""
        shares: dict[str, float] = {}
        for name, interpolator, weight in zip(self.names, self.interpolators, self.weights, strict=True):
            # A spline is fitted as an aligned interpolation whose sweeps stay where they are.
            word = "spline" if name.startswith("spline") else interpolator.in_words
            shares[word] = shares.get(word, 0.0) + float(weight)
        return dict(sorted(shares.items(), key=lambda one: -one[1]))

    @property
    def in_words(self) -> str:
        """What the twin is made of, in a sentence."""
        return "Made of " + ", ".join(f"{100 * share:.0f} % {word}" for word, share in self.composition.items()) + "."

    def __str__(self) -> str:
        order = np.argsort(-self.weights)
        return "; ".join(f"{100 * self.weights[k]:.0f} % {self.names[k]}" for k in order)
