"""Windows to learn from: pieces of the prototypes with defects, made when they are first needed.

Every block is a crystal of one prototype (parameters drawn) in a random orientation, with vacancies and
displacements, or two crystals that meet at a plane, or a fluid; some end at a plane or two. Several windows of 60 to
400 atoms are cut from it exactly as :mod:`~napari_scantwin.structures.maps` cuts them from a cloud, two of them also as
if there were nothing around them, and some blocks are clusters of that size with nothing around them. A window's label
is the share of its atoms that belong to each class.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.structures.invariant import (
    CUTOFF,
    FEATURES,
    nearest_distance,
    whole_descriptor,
    window_descriptors,
)
from napari_scantwin.structures.prototypes import (
    PROTOTYPES,
    Prototype,
    block,
    displaced,
    fluid,
    turned,
    with_vacancies,
)
from napari_scantwin.structures.threads import one_thread

__all__ = ["DISORDERED", "TrainingWindows", "WindowRecipe", "labels_of", "piece", "training_windows"]

#: The class of what has no lattice.
DISORDERED = "disordered"
_ATOMS = (60, 400)
#: Parts of the blocks that are perfect, are clusters with nothing around, and hold two grains.
_PERFECT, _ALONE, _TWO_GRAINS = 0.1, 0.3, 0.12
#: The part that ends at a plane, or at two as a slab does: a window there lacks pairs in one direction, which is no
#: sign of a crystal that is stretched along it.
_CUT = 0.3
#: The nearest distance is told to so much (standard deviation of its logarithm) beside its own error.
_SCALE = 0.01


@dataclass(frozen=True)
class WindowRecipe:
    """What the windows are.

    Parameters
    ----------
    blocks
        How many blocks are made.
    windows
        Windows cut from each.
    vacancies, sigma
        The greatest share of vacancies, and displacement in nearest distances.
    seed
        Fixes all that is drawn.
    """

    blocks: int = 2000
    windows: int = 4
    vacancies: float = 0.8
    sigma: float = 0.15
    seed: int = 0


@dataclass(frozen=True)
class TrainingWindows:
    """Windows with their labels.

    Parameters
    ----------
    features
        Descriptors [n, 132].
    labels
        Shares of the classes [n, classes].
    block
        The block each was cut from [n]: windows of one block are no strangers to each other.
    """

    features: np.ndarray
    labels: np.ndarray
    block: np.ndarray


def labels_of(prototypes: Sequence[Prototype]) -> tuple[str, ...]:
    """The classes of some prototypes in their order, and disorder."""
    return (*dict.fromkeys(one.label for one in prototypes), DISORDERED)


def piece(
    prototype: Prototype,
    atoms: int,
    random: np.random.Generator,
    *,
    vacancies: float = 0.0,
    sigma: float | np.ndarray = 0.0,
    margin: float = 0.0,
    **parameters: float,
) -> np.ndarray:
    """A ball of a prototype in a random orientation, with defects.

    Parameters
    ----------
    prototype
        The crystal.
    atoms
        How many atoms are to be left within the ball, about.
    random
        Draws whatever is not given.
    vacancies, sigma
        The share of atoms that are missing, and the standard deviation of their displacements.
    margin
        How far the ball goes on beyond those atoms, in nearest distances.
    parameters
        The prototype's parameters; drawn by default.

    Returns
    -------
    array
        Places about the middle, in nearest distances [n, 3].
    """
    lattice, places = prototype.scaled_cell(**(parameters or prototype.drawn(random)))
    density = len(places) / abs(np.linalg.det(lattice))
    radius = (3 * atoms / max(1 - vacancies, 0.02) / (4 * np.pi * density)) ** (1 / 3) + margin
    found = turned(block(lattice, places, radius, random.random(3)), random)
    return displaced(with_vacancies(found, vacancies, random), sigma, random)


def training_windows(
    prototypes: Sequence[Prototype] = PROTOTYPES,
    recipe: WindowRecipe | None = None,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> TrainingWindows:
    """Make the windows.

    Parameters
    ----------
    prototypes
        The crystals; each class has the same weight, and within it each prototype.
    recipe
        What is made of them.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
    on_progress
        Called with the fraction done.

    Returns
    -------
    TrainingWindows
        The same for the same seed, on any number of cores.
    """

    recipe = recipe or WindowRecipe()
    labels = labels_of(prototypes)
    done = []

    def one(number: int):
        if stop is not None and stop.is_set():
            raise Cancelled
        found = _block(prototypes, labels, recipe, np.random.default_rng([recipe.seed, number]))
        done.append(number)
        if on_progress is not None:
            on_progress(len(done) / recipe.blocks)
        return found

    # The limit is the process's: set here, no block's end gives another block's sums more threads, and
    # other last digits.
    with one_thread(), ThreadPoolExecutor(2) as pool:
        found = list(pool.map(one, range(recipe.blocks)))

    features = np.concatenate([part for part, _ in found]).astype(np.float32)
    shares = np.concatenate([part for _, part in found]).astype(np.float32)
    numbers = np.repeat(np.arange(recipe.blocks), [len(part) for part, _ in found])
    good = features.any(axis=1)
    return TrainingWindows(features[good], shares[good], numbers[good])


def _block(prototypes, labels, recipe: WindowRecipe, random) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors and labels of the windows of one block."""
    kind = labels[int(random.integers(len(labels)))]
    perfect = random.random() < _PERFECT
    vacancies = 0.0 if perfect else random.uniform(0, recipe.vacancies)
    sigma: float | np.ndarray = 0.0 if perfect else random.uniform(0, recipe.sigma)
    if not perfect and random.random() < 0.5:
        sigma = sigma * random.uniform(0.5, 1.5, 3)
    most = int(np.exp(random.uniform(np.log(_ATOMS[0]), np.log(_ATOMS[1]))))
    alone = random.random() < _ALONE
    margin = 0.0 if alone else CUTOFF + 1.0
    if kind == DISORDERED:
        places = _fluid_ball(most, margin, vacancies, random)
        whose = np.full(len(places), labels.index(DISORDERED))
    else:
        first = _of(prototypes, kind, random)
        how = {"vacancies": vacancies, "sigma": sigma, "margin": margin}
        places = piece(first, most, random, **how)
        whose = np.full(len(places), labels.index(kind))
        if random.random() < _TWO_GRAINS:
            other = prototypes[int(random.integers(len(prototypes)))]
            places, whose = _joined(places, whose, piece(other, most, random, **how), labels.index(other.label), random)
    if random.random() < _CUT:
        inside = _cut(places, random)
        places, whose = places[inside], whose[inside]
    if len(places) < 20:
        return np.zeros((1, FEATURES)), np.eye(len(labels))[[whose[0] if len(whose) else 0]]
    scale = nearest_distance(places) * np.exp(random.normal(0, _SCALE))
    if alone:
        shares = np.bincount(whose, minlength=len(labels)) / len(whose)
        return whole_descriptor(places, scale)[None], shares[None]
    return _windows(places, whose, most, scale, len(labels), recipe.windows, random)


def _windows(places, whose, most: int, scale: float, classes: int, count: int, random):
    """Windows of several sizes about places near the middle of a block."""
    from scipy.spatial import cKDTree

    most = min(most, len(places))
    tree = cKDTree(places)
    sizes = np.unique(np.exp(random.uniform(np.log(min(_ATOMS[0], most)), np.log(most + 1), count - 1)).astype(int))
    asked = [(np.zeros(3), most), *((random.normal(0, 0.4, 3), min(int(size), most)) for size in sizes)]
    chosen = [tree.query(centre, size) for centre, size in asked]
    reach = np.array([distances[-1] for distances, _ in chosen]) / scale
    windows = [numbers for _, numbers in chosen]
    # The largest and another one of them also as if there were nothing around: whole clouds are asked about too.
    alone = [0, int(random.integers(len(windows)))]
    windows, reach = [*windows, *(windows[one] for one in alone)], np.append(reach, np.full(len(alone), np.inf))
    shares = np.stack([np.bincount(whose[numbers], minlength=classes) / len(numbers) for numbers in windows])
    return window_descriptors(places, scale, windows, reach), shares


def _cut(places: np.ndarray, random) -> np.ndarray:
    """Which atoms lie on one side of a plane, or between two, in a random direction."""
    normal = random.normal(size=3)
    height = places @ (normal / np.linalg.norm(normal))
    low, high = random.uniform(1, 5, 2)
    return (height > -low) & (height < (high if random.random() < 0.5 else np.inf))


def _of(prototypes, kind: str, random) -> Prototype:
    those = [one for one in prototypes if one.label == kind]
    return those[int(random.integers(len(those)))]


def _fluid_ball(most: int, margin: float, vacancies: float, random) -> np.ndarray:
    density = random.uniform(0.4, 1.2)
    radius = (3 * most / max(1 - vacancies, 0.02) / (4 * np.pi * density)) ** (1 / 3) + margin
    steps = int(random.choice([0, 5, 40], p=[0.1, 0.2, 0.7]))
    places = fluid(int(density * (2 * radius) ** 3), density, random, steps)
    places = places[(places**2).sum(axis=1) <= radius**2]
    return with_vacancies(places, vacancies, random)


def _joined(places, whose, others, label: int, random):
    """Two crystals that meet at a plane near the middle, without atoms on each other."""
    from scipy.spatial import cKDTree

    normal = random.normal(size=3)
    normal /= np.linalg.norm(normal)
    at = random.uniform(-1.5, 1.5)
    ours, theirs = places[places @ normal < at], others[others @ normal >= at]
    if len(ours) and len(theirs):
        theirs = theirs[cKDTree(ours).query(theirs)[0] > 0.7]
        ours_labels = whose[places @ normal < at]
        return np.concatenate([ours, theirs]), np.concatenate([ours_labels, np.full(len(theirs), label)])
    return places, whose
