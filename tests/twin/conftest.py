"""A small scan with a transition that moves with the field, and its twin, trained once."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import TwinSettings, train

FIELDS = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 9.0])


def truth(field, temperature):
    """A step whose position and height move smoothly with the field, value 0 to about 2."""
    return (1 + 0.1 * field) / (1 + np.exp((temperature - 20 - 2 * field) / 1.5))


def moving_step(noise: float = 0.0) -> scans.xr.DataArray:
    """The truth at six uneven fields and jittering temperatures."""
    random = np.random.default_rng(1)
    temperature = np.concatenate([np.sort(random.uniform(5, 50, 40)) for _ in FIELDS])
    field = np.repeat(FIELDS, 40)
    values = truth(field, temperature) + noise * random.normal(size=len(field))
    return scans.ragged_scan(
        {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}, values, name="moment", unit="emu"
    )


@pytest.fixture(scope="session")
def scan():
    return moving_step()


@pytest.fixture(scope="session")
def twin(scan):
    return train(scan, TwinSettings(members=2))


def hysteretic(late: float = 4.0, cooled=(0, 2, 3, 5)) -> scans.xr.DataArray:
    """The truth on warming, and ``late`` kelvins lower on cooling at some of the fields."""
    random = np.random.default_rng(2)
    columns = []
    for number, field in enumerate(FIELDS):
        for rising in (True, False) if number in cooled else (True,):
            temperature = np.sort(random.uniform(5, 50, 40))[:: 1 if rising else -1]
            values = truth(field, temperature + (0 if rising else late)) + 0.003 * random.normal(size=40)
            columns.append((np.full(40, field), temperature, values))
    field, temperature, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}
    return scans.ragged_scan(axes, values, name="moment", unit="emu")


@pytest.fixture(scope="session")
def branched():
    return train(hysteretic(), TwinSettings(members=2))
