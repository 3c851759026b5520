"""A number with its uncertainty and unit, and how a set of samples becomes one."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.typed import typed_number

__all__ = ["Quantity", "weighted_mean", "weighted_std"]

_NUMBER = r"[-+−]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+−]?\d+)?"
_TEXT = re.compile(rf"\s*(?P<value>{_NUMBER})\s*(?:(?:±|\+/-|\+-)\s*(?P<error>{_NUMBER})\s*)?(?P<unit>.*?)\s*$")


@dataclass(frozen=True)
class Quantity:
    """A number with one standard deviation and its unit.

    Parameters
    ----------
    value
        The number, in ``unit``.
    error
        One standard deviation, in ``unit``; NaN where it is not known.
    unit
        The unit, as :func:`napari_scantwin.core.units.standard` spells it.
    """

    value: float
    error: float
    unit: str

    @classmethod
    def of(cls, given: Quantity | str | tuple, what: str, example: str) -> Quantity:
        """A number as people write it.

        Parameters
        ----------
        given
            A text with its unit ("12.3 mohm", "12.3 ± 0.1 mohm"), a tuple (value, unit) or (value, error, unit), or a
            :class:`Quantity`, which is returned as it is.
        what, example
            What it is, and an example of it, for the sentence of the :class:`ScanError`.

        Returns
        -------
        Quantity
            The number; its error is NaN where none was given.

        Raises
        ------
        ScanError
            Where the number or its unit is missing, or the unit is not known.
        """
        if isinstance(given, Quantity):
            return given
        if isinstance(given, str):
            found = _TEXT.match(given)
            given = (found["value"], found["error"] or np.nan, found["unit"]) if found and found["unit"] else ()
        try:
            value, *error, unit = given
            return cls(_plain(value), _plain(error[0]) if error else float("nan"), units.standard(unit))
        except (TypeError, ValueError) as reason:
            if isinstance(reason, ScanError):
                raise
            raise ScanError(f"{what} needs a number and a unit, such as {example!r}") from reason

    def to(self, unit: str) -> Quantity:
        """The same quantity in another unit; a temperature's error is converted as a difference."""
        value = float(units.convert(self.value, self.unit, unit))
        slope = float(units.convert(self.value + 1.0, self.unit, unit)) - value
        return Quantity(value, abs(slope) * self.error, units.standard(unit))

    def __str__(self) -> str:
        unit = units.pretty(self.unit)
        if not np.isfinite(self.value):
            return "not found"
        if not (np.isfinite(self.error) and self.error > 0):
            text = f"{self.value:.5g}"
        else:
            # Two digits of the error, and the value to the same place.
            place = 1 - int(np.floor(np.log10(self.error)))
            digits = max(place, 0)
            text = f"{round(self.value, place):.{digits}f} ± {round(self.error, place):.{digits}f}"
        return f"{text} {unit}".strip()


def _plain(number: float | str) -> float:
    return typed_number(number) if isinstance(number, str) else float(number)


def weighted_mean(samples: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted mean of samples.

    Parameters
    ----------
    samples
        Samples [s, ...].
    weights
        Their weights [s], which add up to one.

    Returns
    -------
    numpy.ndarray
        The mean over the first axis [...].
    """
    return np.tensordot(weights, samples, axes=1)


def weighted_std(samples: np.ndarray, weights: np.ndarray, about: np.ndarray | None = None) -> np.ndarray:
    """The weighted standard deviation of samples.

    Parameters
    ----------
    samples
        Samples [s, ...].
    weights
        Their weights [s], which add up to one.
    about
        The values [...] the deviations are taken from; by default the samples' weighted mean.

    Returns
    -------
    numpy.ndarray
        The standard deviation over the first axis [...].
    """
    centre = weighted_mean(samples, weights) if about is None else about
    return np.sqrt(np.tensordot(weights, (samples - centre) ** 2, axes=1))
