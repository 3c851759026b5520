"""Scans as instruments measure them, whose dense truth is known.

Fields are set unevenly and wander by an oersted, temperatures are stepped and wander by millikelvins or drift between
sweeps, readings are missing where the instrument passed too fast (holes, some across the transition), noise grows with
the reading, counts are counts. ``develop()`` holds those that choices may be made on; ``table()`` holds as many again,
of the same kinds with other physics and other numbers, that are only ever run for the table. Every function states its
formula; fields are in Oe and temperatures in K, energies in eV and angles in degrees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import scan as scans

__all__ = ["Instrument", "Measured", "develop", "measure", "table"]

#: Bohr magneton over Boltzmann's constant, K/Oe.
_BOHR = 6.7171388e-5
#: Truths are compared at so many places of the fast axis, and of each step of the slow one.
_FAST, _SLOW = 301, 8


@dataclass(frozen=True)
class Instrument:
    """How a scan is measured.

    Parameters
    ----------
    slow
        Set points of the slow axis, in the order of measuring.
    fast
        The fast axis's ends.
    size
        Places of a sweep.
    wander, drift
        Standard deviation of the slow axis's set points from reading to reading, and of each sweep's lag along the
        fast axis.
    jitter
        Of the places of the fast axis, as a share of their step.
    noise
        The deviation of a reading, given its true value.
    holes
        Intervals of the fast axis in which a sweep has no reading, by the number of the sweep.
    counts
        Whether readings are counts, drawn from Poisson's distribution.
    seed
        Of every random number.
    """

    slow: tuple[float, ...]
    fast: tuple[float, float]
    size: int = 90
    wander: float = 0.0
    drift: float = 0.0
    jitter: float = 0.02
    noise: Callable = lambda values: 0 * values
    holes: dict[int, tuple[float, float]] | None = None
    counts: bool = False
    seed: int = 1


@dataclass(frozen=True)
class Measured:
    """A scan and the truth behind it.

    Parameters
    ----------
    name
        What it is.
    scan
        What was measured.
    points
        Places [m, axes] of the dense truth, inside the measured range, slow axis first.
    values
        The truth [m].
    noise
        The deviation [m] of a new reading there.
    hole
        Whether a place lies in a hole of both neighbouring sweeps or of one of them [m].
    steep
        Whether the truth changes there, from one set point to the next, by more than a tenth of its range [m].
    """

    name: str
    scan: object
    points: np.ndarray
    values: np.ndarray
    noise: np.ndarray
    hole: np.ndarray
    steep: np.ndarray


def measure(name: str, function: Callable, instrument: Instrument, axes=("Oe", "K", "emu")) -> Measured:
    """Measure ``function(slow, fast)``.

    Parameters
    ----------
    name
        What the scan is called.
    function
        The truth, of arrays of equal shape.
    instrument
        How it is measured.
    axes
        Units of the slow axis, the fast axis and the values.
    """
    random = np.random.default_rng(instrument.seed)
    low, high = instrument.fast
    even = np.linspace(low, high, instrument.size)
    step = even[1] - even[0]
    columns = []
    for number, slow in enumerate(instrument.slow):
        fast = np.clip(even + instrument.jitter * step * random.normal(size=len(even)), low, high)
        left, right = (instrument.holes or {}).get(number, (np.inf, np.inf))
        fast = fast[(fast < left) | (fast > right)]
        place = slow + instrument.wander * random.normal(size=len(fast))
        true = function(place, fast - instrument.drift * random.normal())
        if instrument.counts:
            values = random.poisson(np.maximum(true, 0)).astype(float)
        else:
            values = true + instrument.noise(true) * random.normal(size=len(fast))
        columns.append((place, fast, values, np.full(len(fast), slow)))
    place, fast, values, set_point = (np.concatenate(column) for column in zip(*columns, strict=True))
    names = _NAMES[axes[0]], _NAMES[axes[1]]
    scan = scans.ragged_scan(
        {names[0]: (place if instrument.wander else set_point, axes[0]), names[1]: (fast, axes[1])},
        values,
        name=_NAMES[axes[2]],
        unit=axes[2],
    )
    knots = np.sort(instrument.slow)
    rank = np.linspace(0, len(knots) - 1, _SLOW * (len(knots) - 1) + 1)
    dense = np.interp(rank, np.arange(len(knots)), knots)
    mesh = np.meshgrid(dense, np.linspace(low, high, _FAST), indexing="ij")
    truth = function(*mesh)
    change = _SLOW * np.abs(np.gradient(truth, axis=0))
    hole = np.zeros(truth.shape, bool)
    for number, (left, right) in (instrument.holes or {}).items():
        near = np.abs(rank - np.flatnonzero(knots == instrument.slow[number])[0]) < 1
        hole |= near[:, None] & ((mesh[1] > left - step) & (mesh[1] < right + step))
    noise = np.sqrt(np.maximum(truth, 0)) if instrument.counts else instrument.noise(truth)
    return Measured(
        name,
        scan,
        np.stack([axis.ravel() for axis in mesh], axis=1),
        truth.ravel(),
        np.broadcast_to(noise, truth.shape).ravel(),
        hole.ravel(),
        (change > 0.1 * np.ptp(truth)).ravel(),
    )


_NAMES = {
    "Oe": "magnetic_field",
    "K": "temperature",
    "deg": "angle",
    "eV": "energy",
    "emu": "moment",
    "ohm": "resistance",
    "count": "photoemission_intensity",
}


# --- Truths. Each takes (slow, fast).


def first_order_magnet(
    start: float, per_koe: float, width: float, saturation=8.0, domains=2000.0, bend=1.0
) -> Callable:
    """A moment lost in one jump: M = M0 (1 - (T/90 K)^2) (1 - exp(-H/H1)/1.5) f + C H / (T + 10 K) (1 - f),
    f = 1 / (1 + exp((T - T1(H)) / w (1 + H/100 kOe))), T1 = T0 + s (H/kOe)^bend."""

    def moment(field, kelvin):
        middle = start + per_koe * (np.maximum(field, 0) / 1000) ** bend
        ordered = 1 / (1 + np.exp(np.clip((kelvin - middle) / (width * (1 + field / 1e5)), -60, 60)))
        high = saturation * (1 - (kelvin / 90) ** 2) * (1 - np.exp(-field / domains) / 1.5)
        return high * ordered + 1.2e-3 * field / (kelvin + 10) * (1 - ordered)

    return moment


def mean_field_magnet(spin: float, curie: float, saturation: float) -> Callable:
    """M = M0 B_J(y), y = (2 J muB H + 3 J/(J + 1) k Tc B_J(y)) / k T: the largest root, by bisection."""

    def moment(field, kelvin):
        low, high = np.zeros(np.shape(field)), np.ones(np.shape(field))
        for _ in range(50):
            middle = (low + high) / 2
            y = (2 * spin * _BOHR * field + 3 * spin / (spin + 1) * curie * middle) / kelvin
            above = brillouin(spin, y) > middle
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return saturation * (low + high) / 2

    return moment


def brillouin(spin: float, y):
    """B_J(y)."""
    y = np.maximum(np.abs(y), 1e-6)
    wide, narrow = (2 * spin + 1) / (2 * spin), 1 / (2 * spin)
    return wide / np.tanh(wide * y) - narrow / np.tanh(narrow * y)


def antiferromagnet(neel: float, critical: float, rounding: float) -> Callable:
    """M = H chi: C / (T + 20 K) above TN(H) = TN (1 - (H/Hc)^2), below it falling to 0.6 of its peak as (T/TN)^2."""

    def moment(field, kelvin):
        ordering = neel * (1 - (field / critical) ** 2)
        below = 1 / (1 + np.exp(np.clip((kelvin - ordering) / rounding, -60, 60)))
        peak = 1 / (ordering + 20)
        cold = peak * (0.6 + 0.4 * np.minimum((kelvin / ordering) ** 2, 1.5))
        return 1e-3 * field * (below * cold + (1 - below) / (kelvin + 20))

    return moment


def superconductor(critical: float, upper: float, width: float, power: float) -> Callable:
    """R = R0 (1 + T/200 K) / (1 + exp(-(T - Tc(H)) / w)), Tc = Tc0 (1 - H/Hc2)^power, w growing twofold up to Hc2/2."""

    def resistance(field, kelvin):
        middle = critical * np.maximum(1 - field / upper, 1e-3) ** power
        return (
            0.012
            * (1 + kelvin / 200)
            / (1 + np.exp(np.clip(-(kelvin - middle) / (width * (1 + 2 * field / upper)), -60, 60)))
        )

    return resistance


def molecule_magnet(spin: float, weiss: float) -> Callable:
    """M = g muB N J B_J(2 J muB H / k (T + theta)) and a little diamagnetism, emu a millimole."""

    def moment(field, kelvin):
        return 5.585 * 2 * spin * brillouin(spin, 2 * spin * _BOHR * field / (kelvin + weiss)) - 2e-7 * field

    return moment


def bands(kind: str, counts: float) -> Callable:
    """Lorentzian bands below a Fermi edge (20 meV), angle against energy: one that moves as a parabola, two that
    cross, two that repel by a gap of 60 meV."""

    def intensity(angle, energy):
        first, second = -0.35 + 0.5 * (angle / 12) ** 2, -0.05 - 0.45 * (angle / 12) ** 2
        if kind == "one band":
            both = [(1.0, first)]
        elif kind == "crossing bands":
            both = [(1.0, first), (0.7, second)]
        else:
            middle, half = (first + second) / 2, np.hypot((first - second) / 2, 0.06)
            both = [(1.0, middle + half), (0.7, middle - half)]
        peaks = sum(height / (1 + ((energy - place) / 0.03) ** 2) for height, place in both)
        return counts * (peaks / (1 + np.exp(np.clip(energy / 0.02, -60, 60))) + 0.05)

    return intensity


def closing_gap(critical: float, counts: float) -> Callable:
    """A peak at the gap's edge, temperature against energy: -Delta(T) with Delta = 30 meV tanh(1.74 sqrt(Tc/T - 1)),
    broader as it closes, below a Fermi edge of 3.5 k T."""

    def intensity(kelvin, energy):
        gap = 0.03 * np.tanh(1.74 * np.sqrt(np.maximum(critical / kelvin - 1, 0)))
        width = 0.006 + 0.006 * kelvin / critical
        edge = 1 / (1 + np.exp(np.clip(energy / (8.617e-5 * kelvin), -60, 60)))
        return counts * (edge / (1 + ((energy + gap) / width) ** 2) + 0.08 - 0.4 * np.minimum(energy, 0))

    return intensity


def _relative(floor: float, share: float) -> Callable:
    return lambda values: floor + share * np.abs(values)


def develop() -> list[Measured]:
    """Those that choices may be made on."""
    fields = (5e4, 4e4, 3e4, 2e4, 1e4, 5000.0, 1000.0, 100.0)
    return [
        measure(
            "first order, holes",
            first_order_magnet(32.0, 0.28, 0.35),
            Instrument(
                fields, (10, 60), 75, noise=_relative(1e-3, 2e-3), holes={7: (31.5, 32.9), 4: (34.2, 35.6)}, seed=2
            ),
        ),
        measure(
            "second order, stepped",
            mean_field_magnet(3.5, 45.0, 20.0),
            Instrument(fields, (20, 80), 61, wander=1.0, jitter=0.004, noise=_relative(2e-3, 1e-3), seed=3),
        ),
        measure(
            "superconducting film",
            superconductor(9.0, 9e4, 0.12, 0.8),
            Instrument((0.0, 500.0, 2000.0, 6000.0, 1.2e4, 2.5e4, 4e4), (2, 12), 110, noise=_relative(4e-5, 4e-3)),
            ("Oe", "K", "ohm"),
        ),
        measure(
            "seven fields",
            molecule_magnet(6.0, 0.6),
            Instrument((100.0, 500.0, 1000.0, 4e4), (2, 100), 80, noise=_relative(1e-3, 2e-3), seed=4),
        ),
        measure(
            "crossing bands",
            bands("crossing bands", 300),
            Instrument(tuple(np.linspace(-12, 12, 17)), (-0.6, 0.1), 141, counts=True, jitter=0, seed=5),
            ("deg", "eV", "count"),
        ),
        measure(
            "closing gap",
            closing_gap(90.0, 400),
            Instrument((10.0, 30.0, 50.0, 65.0, 80.0, 90.0, 110.0), (-0.1, 0.04), 113, counts=True, jitter=0, seed=6),
            ("K", "eV", "count"),
        ),
    ]


def table() -> list[Measured]:
    """Those that are only ever run for the table."""
    return [
        measure(
            "first order, drifting",
            first_order_magnet(21.0, 0.35, 0.5, saturation=5.0, domains=900.0, bend=0.9),
            Instrument(
                (200.0, 2000.0, 4000.0, 8000.0, 1.5e4, 2.5e4, 3.5e4, 5e4, 7e4),
                (5, 70),
                96,
                wander=2.0,
                drift=0.03,
                noise=_relative(1e-3, 2e-3),
                holes={0: (20.4, 22.3), 5: (27.0, 28.9)},
                seed=12,
            ),
        ),
        measure(
            "antiferromagnet",
            antiferromagnet(38.0, 1.1e5, 0.6),
            Instrument(
                (1000.0, 1e4, 2e4, 3e4, 4e4, 5e4, 6e4, 7e4),
                (4, 90),
                87,
                wander=1.0,
                noise=_relative(1e-3, 1e-3),
                seed=13,
            ),
        ),
        measure(
            "superconductor, ragged",
            superconductor(4.2, 1.8e4, 0.05, 0.66),
            Instrument(
                (0.0, 300.0, 1000.0, 3000.0, 6000.0, 1e4, 1.4e4),
                (1.8, 5.5),
                84,
                jitter=0.3,
                noise=_relative(1.5e-4, 1e-2),
                seed=14,
            ),
            ("Oe", "K", "ohm"),
        ),
        measure(
            "five fields",
            molecule_magnet(10.0, 0.2),
            Instrument((250.0, 1000.0, 5000.0, 2e4, 7e4), (1.9, 60), 70, noise=_relative(2e-3, 2e-3), seed=15),
        ),
        measure(
            "gapped bands",
            bands("gapped bands", 200),
            Instrument(tuple(np.linspace(-12, 12, 15)), (-0.6, 0.1), 151, counts=True, jitter=0, seed=16),
            ("deg", "eV", "count"),
        ),
        measure(
            "one band",
            bands("one band", 150),
            Instrument(tuple(np.linspace(-12, 12, 11)), (-0.5, 0.1), 121, counts=True, jitter=0, seed=17),
            ("deg", "eV", "count"),
        ),
    ]
