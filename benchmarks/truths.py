"""Scans whose dense truth is known, and the measured ones where they stand beside the checkout.

``synthetic()`` makes small scans of the shapes that decide between methods: a transition of second and
of first order, two transitions that cross, a peak that moves further per step of the slow axis than it is
wide, a step that does not move, noise alone, a plane. Every one comes from the formula in its function
and a fixed seed. ``at_hand()`` adds the samples and the measured scans.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.samples import SAMPLES, load_sample, truth_path

__all__ = ["Case", "at_hand", "samples", "synthetic"]

FIELDS = np.array([100, 1000, 5000, 10_000, 20_000, 30_000, 40_000, 50_000.0])  # Oe, uneven as people measure


@dataclass(frozen=True)
class Case:
    """A scan to fill. ``points`` [m, axes] and ``values`` [m] are the dense truth inside the measured range,
    ``slopes`` [m] its derivative along the fast axis, ``noise`` [m] the deviation of a measurement there; None
    where nobody knows them."""

    name: str
    scan: xr.DataArray
    points: np.ndarray | None = None
    values: np.ndarray | None = None
    slopes: np.ndarray | None = None
    noise: np.ndarray | None = None


def _case(
    name: str, function: Callable, slow: np.ndarray, fast: tuple[float, float], noise: float, *, size=90, seed=1
) -> Case:
    """Measure ``function(slow, fast)`` sweep by sweep at jittering fast positions, with normal noise."""
    random = np.random.default_rng(seed)
    low, high = fast
    step = (high - low) / (size - 1)
    positions = [np.linspace(low, high, size) + random.uniform(-0.3, 0.3, size) * step for _ in slow]
    fast_column, slow_column = np.concatenate(positions), np.repeat(slow, size)
    values = function(slow_column, fast_column) + noise * random.normal(size=len(slow_column))
    scan = scans.ragged_scan(
        {"magnetic_field": (slow_column, "Oe"), "temperature": (fast_column, "K")}, values, name="moment", unit="emu"
    )
    # Even in the rank of the set points, so that each gap between sweeps counts alike.
    dense_slow = np.interp(np.linspace(0, len(slow) - 1, 8 * (len(slow) - 1) + 1), np.arange(len(slow)), slow)
    s, f = (axis.ravel() for axis in np.meshgrid(dense_slow, np.linspace(low, high, 301), indexing="ij"))
    h = 1e-5 * (high - low)
    slopes = (function(s, f + h) - function(s, f - h)) / (2 * h)
    return Case(name, scan, np.stack([s, f], axis=1), function(s, f), slopes, np.full(len(s), float(noise)))


def second_order(field, temperature):
    """Mean-field ferromagnet of spin 1/2, Curie temperature 30 K: m = tanh((30 m + 1.5e-4 H) / T)."""
    low, high = np.zeros(np.shape(field)), np.ones(np.shape(field))
    for _ in range(60):  # the largest root, by bisection: beyond it the right side is below the left
        middle = (low + high) / 2
        above = np.tanh((30 * middle + 1.5e-4 * field) / temperature) > middle
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


def first_order(field, temperature):
    """A moment that is lost over 1.2 K at a temperature that rises with field, 12 K + 11 K (H / 50 kOe)^0.8;
    in small fields domains hide part of it, and above the transition a Curie-Weiss tail is left."""
    middle = 12 + 11 * (field / 5e4) ** 0.8
    ordered = 1 / (1 + np.exp((temperature - middle) / 0.6))
    domains = 1 - 0.7 * np.exp(-field / 2500)
    return domains * ordered * (1 - 0.004 * temperature) + 1.2e-4 * field / (temperature + 5) * (1 - ordered)


def crossing(field, temperature):
    """Two steps of 1.5 K that cross: one moves up by 20 K over the fields, the other down."""
    x = field / 5e4
    first = np.tanh((temperature - 15 - 20 * x) / 1.5)
    return first - 0.7 * np.tanh((temperature - 38 + 20 * x) / 1.5)


def moving_peak(field, temperature):
    """A peak of 1.5 K that moves by 30 K: between two sweeps further than it is wide."""
    return np.exp(-(((temperature - 10 - 30 * (field / 5e4)) / 1.5) ** 2))


def step(field, temperature):
    """A sharp step (0.15 K) that stays at 25.3 K and grows with the field."""
    return (1 + field / 5e4) * np.tanh((temperature - 25.3) / 0.15)


def plane(field, temperature):
    """A plane."""
    return 1 + 2e-5 * field - 0.03 * temperature


def nothing(field, temperature):
    """Nothing at all (the measurement adds its noise)."""
    return np.zeros(np.shape(field))


def synthetic() -> list[Case]:
    """Every synthetic scan."""
    even = np.linspace(0, 5e4, 9)
    return [
        _case("second order", second_order, FIELDS, (10, 60), 0.003),
        _case("first order", first_order, FIELDS, (2, 40), 0.003),
        _case("crossing", crossing, even, (5, 50), 0.01),
        _case("moving peak", moving_peak, even, (2, 48), 0.01),
        _case("step", step, even, (5, 50), 0.01),
        _case("plane", plane, FIELDS, (5, 50), 0.01),
        _case("noise", nothing, even, (5, 50), 1.0),
    ]


#: Deviation of a measurement that reads ``v``, as sample_data/make_samples.py states it.
_SAMPLE_NOISE = {
    "ferromagnet": lambda v: 3e-5 + 6e-4 * np.abs(v),
    "palladium_hydride": lambda v: np.full(len(v), 2.5e-4),
    "arpes": lambda v: np.sqrt(np.abs(v)),
}


def samples() -> list[Case]:
    """The samples with their truth, subsampled to a size that is quick to evaluate."""
    cases = []
    for key in SAMPLES:
        with xr.open_dataset(truth_path(key), engine="h5netcdf") as opened:
            truth = next(iter(opened.data_vars.values())).load()
        slope = truth.differentiate(truth.dims[-1])
        axes = [truth[dim].values for dim in truth.dims]
        points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        kept = slice(None, None, max(1, len(points) // 40_000) | 1)
        columns = (points[kept], truth.values.ravel()[kept].astype(float), slope.values.ravel()[kept].astype(float))
        cases.append(Case(f"sample {key}", load_sample(key), *columns, _SAMPLE_NOISE[key](columns[1])))
    return cases


def measured() -> list[Case]:
    """The published measurements, where they stand beside the checkout; none otherwise."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("SCANTWIN_SHARED", beside)) / "data" / "measured"
    columns = {
        "ErCo2": ("erco2_magnetization.csv", ["2=magnetic_field[Oe]", "1=temperature[K]"], "3=moment[emu]"),
        "PdH": ("pdh_resistance.csv", ["2=magnetic_field[Oe]", "1=temperature[K]"], "3=resistance[ohm]"),
        "ARPES map": (
            "arpes_map.csv",
            ["2=manipulator_angle[deg]", "1=analyser_angle[deg]"],
            "3=photoemission_intensity[count]",
        ),
    }
    return [
        Case(name, read(folder / file, axes=axes, value=value))
        for name, (file, axes, value) in columns.items()
        if (folder / file).is_file()
    ]


def at_hand() -> list[Case]:
    """Measured scans, samples and synthetic ones."""
    return measured() + samples() + synthetic()
