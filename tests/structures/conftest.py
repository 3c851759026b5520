"""A small recogniser, made once for all tests of this folder, and clouds to ask it about."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.structures.prototypes import PROTOTYPES
from napari_scantwin.structures.recognise import Settings, fit
from napari_scantwin.structures.training import WindowRecipe, piece, training_windows

SMALL = Settings(recipe=WindowRecipe(blocks=180, windows=4, seed=3), members=4, steps=500)


@pytest.fixture(scope="session")
def small_settings():
    """What it is made of."""
    return SMALL


@pytest.fixture(scope="session")
def windows():
    """Its training windows."""
    return training_windows(recipe=SMALL.recipe)


@pytest.fixture(scope="session")
def small(windows):
    """The recogniser."""
    return fit(windows, SMALL)


@pytest.fixture(scope="session")
def crystal():
    """``crystal(label, atoms, vacancies, sigma, seed)``: a cloud in a random orientation, in ångström."""

    def make(label, atoms=200, vacancies=0.0, sigma=0.0, seed=0, scale=2.6, **parameters):
        random = np.random.default_rng(seed)
        prototype = next(one for one in PROTOTYPES if one.label == label)
        places = scale * piece(prototype, atoms, random, vacancies=vacancies, sigma=sigma, **parameters)
        return cloud_scan(places, "angstrom", np.ones(len(places)), name="atom_type")

    return make
