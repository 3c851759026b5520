"""Twins the planning tests share."""

from __future__ import annotations

import pytest

from napari_scantwin.samples import load_sample
from napari_scantwin.twin import TwinSettings, train


@pytest.fixture(scope="session")
def magnet():
    """The ferromagnet sample's twin."""
    return train(load_sample("ferromagnet"), TwinSettings(members=2), score_baselines=False)


@pytest.fixture(scope="session")
def hydride():
    """The palladium-hydride sample's twin."""
    return train(load_sample("palladium_hydride"), TwinSettings(members=2), score_baselines=False)
