"""Scans whose processing is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read


def make_cut(values, angle=None, energy=None, **more):
    """A cut of (angle, energy) values; axes are even by default."""
    angle = np.linspace(-10, 10, values.shape[0]) if angle is None else angle
    energy = np.linspace(-1, 0.2, values.shape[1]) if energy is None else energy
    return scans.gridded_scan(
        {"angle": (angle, "deg"), "energy": (energy, "eV")},
        values,
        name="photoemission_intensity",
        unit=more.pop("unit", "count"),
        attrs={"energy_notation": "fermi"} | more.pop("attrs", {}),
        **more,
    )


@pytest.fixture
def cut():
    """Counts with errors, a hole of two values, a masked value and a mirror current."""
    random = np.random.default_rng(3)
    values = random.poisson(100, (12, 30)).astype(float)
    values[4, 6:8] = np.nan
    masked = np.zeros(values.shape, bool)
    masked[2, 3] = True
    scan = make_cut(values, errors=np.full(values.shape, 10.0), masked=masked)
    current = ("angle", np.linspace(0.9, 1.1, 12), {"units": "nA"})
    return scan.assign_coords(mirror_current=current)


@pytest.fixture(scope="session")
def measured_map(measured):
    """The published constant-energy map, 31 x 967, exactly zero outside the detector's edge."""
    return read(
        measured / "arpes_map.csv",
        axes=["X2_demo4=manipulator_angle[deg]", "X1_demo4=angle[deg]"],
        value="Y_demo4=photoemission_intensity[count]",
    )
