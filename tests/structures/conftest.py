"""A small recogniser, made once for all tests of this folder, and clouds to ask it about."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import napari_scantwin
from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.core.files import atomic_path
from napari_scantwin.structures.prototypes import PROTOTYPES
from napari_scantwin.structures.recognise import Recogniser, Settings, fit
from napari_scantwin.structures.training import TrainingWindows, WindowRecipe, piece, training_windows

SMALL = Settings(recipe=WindowRecipe(blocks=180, windows=4, seed=3), members=4, steps=500)


@pytest.fixture(scope="session")
def small_settings():
    """What it is made of."""
    return SMALL


@pytest.fixture(scope="session")
def kept(request):
    """Where the small recogniser is kept from one run of the tests to the next, as long as no line of what makes it is
    another: the folder, or None where pytest keeps nothing."""
    cache = getattr(request.config, "cache", None)
    if cache is None:
        return None
    package = Path(napari_scantwin.__file__).parent
    lines = [path.read_bytes() for room in ("structures", "networks") for path in sorted((package / room).glob("*.py"))]
    told = hashlib.sha256(b"".join([SMALL.key.encode(), np.__version__.encode(), *lines])).hexdigest()[:16]
    return cache.mkdir(f"small-recogniser-{told}")


@pytest.fixture(scope="session")
def windows(kept):
    """Its training windows."""
    path = None if kept is None else kept / "windows.npz"
    if path is not None and path.exists():
        with np.load(path) as file:
            return TrainingWindows(file["features"], file["labels"], file["block"])
    made = training_windows(recipe=SMALL.recipe)
    if path is not None:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, features=made.features, labels=made.labels, block=made.block)
    return made


@pytest.fixture(scope="session")
def small(kept, request):
    """The recogniser."""
    path = None if kept is None else kept / "recogniser.npz"
    if path is not None and path.exists():
        return Recogniser.load(path)
    made = fit(request.getfixturevalue("windows"), SMALL)
    if path is not None:
        made.save(path)
    return made


@pytest.fixture(scope="session")
def crystal():
    """``crystal(label, atoms, vacancies, sigma, seed)``: a cloud in a random orientation, in ångström."""

    def make(label, atoms=200, vacancies=0.0, sigma=0.0, seed=0, scale=2.6, **parameters):
        random = np.random.default_rng(seed)
        prototype = next(one for one in PROTOTYPES if one.label == label)
        places = scale * piece(prototype, atoms, random, vacancies=vacancies, sigma=sigma, **parameters)
        return cloud_scan(places, "angstrom", np.ones(len(places)), name="atom_type")

    return make
