"""Cubes as photoemission measures them, whose truth is known: counts over one or two slow axes, angle and energy.

``develop()`` holds those that choices may be made on; ``table()`` holds as many again, of the same kinds with other
physics and other numbers, that are only ever run. Every function states its formula; temperatures are in K, fields in
T, angles in degrees, energies in eV. A slice's flux may wander by a share of itself, as a beam does: nothing could
foretell that, and it is part of the floor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import scan as scans

__all__ = ["Cube", "develop", "large", "table"]

_BOLTZMANN = 8.617e-5  # eV/K
_TEMPERATURES = np.concatenate([np.linspace(12, 60, 13), np.linspace(65, 140, 16), np.linspace(155, 215, 5)])


@dataclass(frozen=True)
class Cube:
    """A cube of counts with its truth.

    Parameters
    ----------
    name
        What it is.
    axes
        Axis name to values and unit, slow first.
    truth
        Mean counts, in the shape of the axes.
    counts
        What was measured: drawn from Poisson's distribution about ``truth`` times the slice's flux.
    """

    name: str
    axes: dict[str, tuple[np.ndarray, str]]
    truth: np.ndarray
    counts: np.ndarray

    def kept(self, every: int) -> np.ndarray:
        """The numbers of the slices that are trained on: every second or fourth, and the last."""
        count = len(self.truth)
        return np.unique(np.append(np.arange(0, count, every), count - 1))

    def scan(self, rows: np.ndarray):
        """The scan of some slices."""
        (slow, (places, unit)), *rest = self.axes.items()
        axes = {slow: (places[rows], unit), **dict(rest)}
        return scans.gridded_scan(axes, self.counts[rows].astype(float), name="photoemission_intensity", unit="count")

    def places(self, rows: np.ndarray) -> np.ndarray:
        """The places [n, axes] of some slices."""
        axes = [values for values, _ in self.axes.values()]
        axes[0] = axes[0][rows]
        return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def _measured(name: str, axes: dict, function: Callable, mean: float, flux: float = 0.0, seed: int = 1) -> Cube:
    """Count ``function`` of all axes, scaled to ``mean`` counts."""
    random = np.random.default_rng(seed)
    truth = function(*np.meshgrid(*(values for values, _ in axes.values()), indexing="ij"))
    truth = truth * (mean / truth.mean())
    beam = 1 + flux * random.normal(size=(len(truth), *[1] * (truth.ndim - 1)))
    return Cube(name, axes, truth, random.poisson(truth * beam))


def _peak(energy, place, width):
    """A Lorentzian of height 1 and half width ``width``."""
    return 1 / (1 + ((energy - place) / width) ** 2)


def _edge(energy, kelvin):
    """The Fermi function, with a resolution of 8 meV added in quadrature to 4 k T."""
    width = np.hypot(4 * _BOLTZMANN * kelvin, 0.008) / 4
    return 1 / (1 + np.exp(np.clip(energy / width, -60, 60)))


def gap_closing(critical: float, gap: float, shift: float) -> Callable:
    """A parabola and its mirror image that repel by Delta(T) = Delta0 tanh(1.74 sqrt(Tc/T - 1)), sink by ``shift`` eV
    a kelvin and broaden by 12 meV + 0.35 k T, over a background that rises with binding energy; the coherent weight
    falls as 1 / (1 + (T/Tc)^2 / 3)."""

    def intensity(kelvin, angle, energy):
        open_by = gap * np.tanh(1.74 * np.sqrt(np.maximum(critical / kelvin - 1, 0)))
        band = -0.16 + 0.24 * (angle / 9) ** 2 - shift * (kelvin - 100)
        lower = -np.hypot(band, open_by)
        share = (1 - band / np.hypot(band, open_by + 1e-4)) / 2
        width = 0.012 + 0.35 * _BOLTZMANN * kelvin
        weight = 1 / (1 + (kelvin / critical) ** 2 / 3)
        peaks = weight * (share * _peak(energy, lower, width) + (1 - share) * _peak(energy, -lower, width))
        deep = 0.6 * _peak(energy, -0.33 - 0.05 * (angle / 9) ** 2 - shift * kelvin / 2, 2.5 * width)
        return (peaks + deep + 0.25 - 0.5 * np.minimum(energy, 0)) * _edge(energy, kelvin) + 0.03

    return intensity


def folding(critical: float, wave: float) -> Callable:
    """A linear band and its replica, shifted by ``wave`` degrees, whose weight grows as (1 - T/Tc) below Tc; where they
    cross they repel in proportion to its root. The band's width is 15 meV + 0.5 k T; its height varies with the angle
    as matrix elements do."""

    def intensity(kelvin, angle, energy):
        order = np.maximum(1 - kelvin / critical, 0)
        first, second = -0.1 - 0.035 * (angle + 3), -0.1 + 0.035 * (angle + 3 - wave)
        middle, half = (first + second) / 2, np.hypot((first - second) / 2, 0.05 * np.sqrt(order))
        share = (1 + (first - second) / 2 / (half + 1e-6)) / 2
        width = 0.015 + 0.5 * _BOLTZMANN * kelvin
        upper = (share + 0.5 * order * (1 - share)) * _peak(energy, middle + half, width)
        under = (1 - share + 0.5 * order * share) * _peak(energy, middle - half, width)
        seen = 1 + 0.4 * np.sin(angle / 4)
        return (seen * (upper + under) + 0.3) * _edge(energy, kelvin) + 0.04

    return intensity


def rigid_shift(travel: float, width: float) -> Callable:
    """Two bands that move together by ``travel`` eV over the slow axis (dosing, bias), along a bent course, one growing
    and one fading, beside a core level that stays at -0.45 eV; ``width`` is the bands' half width in eV."""

    def intensity(dose, angle, energy):
        course = travel * (1 - np.exp(-2 * dose)) / (1 - np.exp(-2))
        first = -0.10 - 0.10 * (angle / 9) ** 2 - course
        second = 0.02 + 0.06 * np.cos(angle / 4) - course
        bands = (1 - 0.5 * dose) * _peak(energy, first, width) + (0.3 + dose) * _peak(energy, second, 1.3 * width)
        return bands + 0.5 * _peak(energy, -0.45, 0.02) + 0.15

    return intensity


def field_and_temperature(critical: float, upper: float) -> Callable:
    """The gap of :func:`gap_closing` with Tc(H) = Tc (1 - (H/Hc2)^1.5), and a Zeeman splitting of 4 meV a tesla."""

    def intensity(kelvin, field, angle, energy):
        half = 0.002 * field
        both = [
            gap_closing(critical * (1 - (field / upper) ** 1.5), 0.03, 1e-4)(kelvin, angle, energy + sign * half)
            for sign in (-1, 1)
        ]
        return both[0] + both[1]

    return intensity


def _axes(slow: dict, angles: int, energies: int, low=-0.5, high=0.08) -> dict:
    fast = {"angle": (np.linspace(-9, 9, angles), "deg"), "energy": (np.linspace(low, high, energies), "eV")}
    return {**slow, **fast}


def develop() -> list[Cube]:
    """Those that choices may be made on."""
    kelvin = {"temperature": (_TEMPERATURES, "K")}
    dose = {"dose": (np.linspace(0, 1, 34), "1")}
    both = {
        "temperature": (np.array([8, 12, 17, 23, 30, 38, 47, 57, 68, 80, 100, 130.0]), "K"),
        "magnetic_field": (np.array([0, 0.5, 1.5, 3, 5, 8.0]), "T"),
    }
    return [
        _measured("gap closing", _axes(kelvin, 52, 68), gap_closing(105.0, 0.045, 1.5e-4), 390, 0.003, 1),
        _measured("folding", _axes(kelvin, 52, 68), folding(130.0, 7.0), 390, 0.0, 2),
        _measured("bands shift", _axes(dose, 52, 68, -0.6, 0.1), rigid_shift(0.22, 0.025), 390, 0.0, 3),
        _measured("two slow axes", _axes(both, 26, 40), field_and_temperature(70.0, 12.0), 250, 0.0, 4),
    ]


def table() -> list[Cube]:
    """Those that are only ever run for the table."""
    kelvin = {"temperature": (np.linspace(20, 185, 34), "K")}
    dose = {"dose": (np.linspace(0, 1, 30) ** 1.5, "1")}
    both = {
        "temperature": (np.array([5, 7, 10, 14, 20, 28, 40, 55, 75.0]), "K"),
        "magnetic_field": (np.array([0, 0.2, 0.6, 1.4, 3, 5, 9.0]), "T"),
    }
    return [
        _measured("gap closing, again", _axes(kelvin, 52, 68), gap_closing(80.0, 0.06, 2.5e-4), 390, 0.003, 11),
        _measured("folding, again", _axes(kelvin, 48, 72), folding(160.0, 5.0), 390, 0.003, 12),
        _measured("bands shift, again", _axes(dose, 44, 80, -0.6, 0.1), rigid_shift(0.15, 0.018), 300, 0.003, 13),
        _measured("two slow axes, again", _axes(both, 30, 42), field_and_temperature(45.0, 14.0), 250, 0.0, 14),
    ]


def large() -> Cube:
    """A larger stack: 96 temperatures, 256 angles, 256 energies, evenly spaced."""
    kelvin = {"temperature": (np.linspace(10, 200, 96), "K")}
    return _measured("large", _axes(kelvin, 256, 256), gap_closing(105.0, 0.045, 1.5e-4), 100, 0.0, 21)
