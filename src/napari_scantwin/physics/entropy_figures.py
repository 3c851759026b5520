"""Numbers read from an entropy change, field by field, each with its uncertainty.

peak            the extremum of the signed entropy change and its temperature (parabola through three points)
FWHM            the width of the stretch about the peak where |dS| is at least half the peak's
RCP             relative cooling power, |dS_peak| * FWHM
RC              refrigerant capacity, the integral of |dS| over that stretch
TEC(lift)       temperature-averaged entropy change, the largest mean of |dS| over a window of ``lift``
                (L. D. Griffith et al., J. Appl. Phys. 123, 034902 (2018))

FWHM, RCP and RC are given only where both half-maxima lie inside the window; otherwise they are NaN and ``note``
says on which side the window ends. The sources of RCP and RC: K. A. Gschneidner, V. K. Pecharsky, Annu. Rev.
Mater. Sci. 30, 387 (2000); M. E. Wood, W. H. Potter, Cryogenics 25, 667 (1985).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.ensemble import Ensemble

__all__ = ["Figures", "figures", "table"]


@dataclass(frozen=True)
class Figures:
    """Magnetocaloric figures for a change of field from the start of the integral to ``field``.

    Parameters
    ----------
    field, field_unit
        The field the integral goes to, in its unit.
    peak
        The extremum of the signed entropy change, in its unit.
    peak_temperature
        Where it lies, in K.
    width
        FWHM, in K.
    cooling_power
        RCP, the relative cooling power (unit of the entropy change times K).
    capacity
        RC, the refrigerant capacity (same unit).
    average
        Maps a lift in kelvin to the temperature-averaged entropy change over it (a magnitude).
    note
        Empty, or says why FWHM, RCP and RC are missing (NaN).
    """

    field: float
    field_unit: str
    peak: Quantity
    peak_temperature: Quantity
    width: Quantity
    cooling_power: Quantity
    capacity: Quantity
    average: dict[float, Quantity]
    note: str


def figures(ensemble: Ensemble, *, lifts: Sequence[float] = (3.0, 10.0)) -> list[Figures]:
    """The magnetocaloric figures of every field of an entropy change: peak, FWHM, RCP, RC and TEC.

    The module's text defines them. Each error is the spread of the figure over the samples of the ensemble.

    Parameters
    ----------
    ensemble
        An entropy change from :func:`napari_scantwin.physics.magnetocaloric.entropy_ensemble`.
    lifts
        The temperature spans, in kelvin, of the temperature-averaged entropy change.

    Returns
    -------
    list of Figures
        One for each field, in the order of the map.

    Raises
    ------
    ScanError
        Where the map holds fewer than five temperatures.

    References
    ----------
    K. A. Gschneidner, V. K. Pecharsky, Annu. Rev. Mater. Sci. 30, 387 (2000) (RCP).
    M. E. Wood, W. H. Potter, Cryogenics 25, 667 (1985) (RC).
    L. D. Griffith et al., J. Appl. Phys. 123, 034902 (2018) (TEC).
    """
    scan = ensemble.scan
    kelvin = np.asarray(scan["temperature"].values, float)
    if len(kelvin) < 5:
        raise ScanError("the entropy change holds fewer than five temperatures; figures need more")
    fields = np.asarray(scan["magnetic_field"].values, float)
    unit = scan.attrs["units"]
    heat = units.standard(f"({unit})*K")
    found = []
    for row, field in enumerate(fields):
        curve = np.asarray(scan.values, float)[row]
        read = _Reader(kelvin, np.sign(_peak(kelvin, curve)[1]) or 1.0)

        def number(function, of_unit, row=row):
            return ensemble.number(lambda sample, row=row: function(sample[row]), of_unit)

        found.append(
            Figures(
                float(field),
                scan["magnetic_field"].attrs["units"],
                number(read.peak, unit),
                number(read.place, "K"),
                number(read.width, "K"),
                number(read.power, heat),
                number(read.capacity, heat),
                {float(lift): number(lambda c, lift=lift, read=read: read.average(c, lift), unit) for lift in lifts},
                read.note(curve),
            )
        )
    return found


def table(found: Sequence[Figures]) -> tuple[list[str], list[list[float]]]:
    """The figures as a table.

    Parameters
    ----------
    found
        Figures from :func:`figures`.

    Returns
    -------
    heads
        The column heads with units.
    rows
        A row of numbers for each field (each value, then its error).
    """
    first = found[0]
    named = [
        ("peak", "peak"),
        ("peak temperature", "peak_temperature"),
        ("FWHM", "width"),
        ("RCP", "cooling_power"),
        ("RC", "capacity"),
    ]
    heads = [f"magnetic_field ({first.field_unit})"]
    for name, key in named:
        unit = getattr(first, key).unit
        heads += [f"{name} ({unit})", f"{name} error ({unit})"]
    for lift, one in first.average.items():
        heads += [f"TEC({lift:g} K) ({one.unit})", f"TEC({lift:g} K) error ({one.unit})"]
    rows = []
    for one in found:
        numbers = [getattr(one, key) for _, key in named] + list(one.average.values())
        rows.append([one.field, *(part for number in numbers for part in (number.value, number.error))])
    return heads, rows


def _peak(kelvin: np.ndarray, curve: np.ndarray) -> tuple[float, float]:
    """Place and signed value of the extremum of ``curve``, by the parabola through the three points about it."""
    top = int(np.argmax(np.abs(curve)))
    if 0 < top < len(curve) - 1:
        x, y = kelvin[top - 1 : top + 2] - kelvin[top], curve[top - 1 : top + 2]
        curvature, slope, _ = np.polyfit(x, y, 2)
        shift = -slope / (2 * curvature) if curvature * curve[top] < 0 else 0.0
        if x[0] <= shift <= x[2]:
            return float(kelvin[top] + shift), float(curve[top] - slope**2 / (4 * curvature))
    return float(kelvin[top]), float(curve[top])


class _Reader:
    """Reads figures from a curve over ``kelvin`` [n] whose peak has ``sign``, so that a noisy sample is read for the
    same peak as the curve it was drawn from."""

    def __init__(self, kelvin: np.ndarray, sign: float):
        self.kelvin, self.sign = kelvin, sign

    def _up(self, curve: np.ndarray) -> np.ndarray:
        return np.maximum(self.sign * curve, 0)

    def peak(self, curve: np.ndarray) -> float:
        return self.sign * _peak(self.kelvin, self._up(curve))[1]

    def place(self, curve: np.ndarray) -> float:
        return _peak(self.kelvin, self._up(curve))[0]

    def _halves(self, curve: np.ndarray) -> tuple[float, float]:
        """Temperatures of the half-maxima on either side of the peak, NaN where the window ends before."""
        up = self._up(curve)
        half, top = _peak(self.kelvin, up)[1] / 2, int(np.argmax(up))
        below = np.flatnonzero(up < half)
        left, right = below[below < top], below[below > top]
        low = self._crossing(up, left[-1], half) if len(left) else np.nan
        high = self._crossing(up, right[0] - 1, half) if len(right) else np.nan
        return low, high

    def _crossing(self, up: np.ndarray, start: int, level: float) -> float:
        share = (level - up[start]) / (up[start + 1] - up[start])
        return float(self.kelvin[start] + share * (self.kelvin[start + 1] - self.kelvin[start]))

    def width(self, curve: np.ndarray) -> float:
        low, high = self._halves(curve)
        return high - low

    def power(self, curve: np.ndarray) -> float:
        return abs(self.peak(curve)) * self.width(curve)

    def capacity(self, curve: np.ndarray) -> float:
        low, high = self._halves(curve)
        return np.nan if np.isnan(low + high) else self._integral(self._up(curve), low, high)

    def _integral(self, up: np.ndarray, low, high):
        running = np.concatenate([[0], np.cumsum(np.diff(self.kelvin) * (up[1:] + up[:-1]) / 2)])

        def to(end):
            left = np.clip(np.searchsorted(self.kelvin, end, side="right") - 1, 0, len(up) - 2)
            width = end - self.kelvin[left]
            at = np.interp(end, self.kelvin, up)
            return running[left] + width * (up[left] + at) / 2

        return to(high) - to(low)

    def average(self, curve: np.ndarray, lift: float) -> float:
        low = np.linspace(self.kelvin[0], self.kelvin[-1] - lift, 400)
        if low[-1] < low[0] or lift <= 0:
            return np.nan
        return float((self._integral(self._up(curve), low, low + lift) / lift).max())

    def note(self, curve: np.ndarray) -> str:
        low, high = self._halves(curve)
        sides = [side for side, end in (("below", low), ("above", high)) if np.isnan(end)]
        if not sides:
            return ""
        return f"the half-maximum {' and '.join(sides)} the peak lies outside the measured temperatures"
