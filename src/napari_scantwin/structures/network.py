"""The paper's network: diffraction pictures of perfect crystals in their standard orientation, told by a
convolutional one.

After Ziletti et al., Nat. Commun. 9, 2775 (2018): seven classes, hexagonal and rhombohedral being one; learned from
perfect crystals only. It is here as the reference and to show what a picture's network looks at. It needs the
orientation: a turned cluster it tells wrong (:mod:`~napari_scantwin.structures.fingerprint`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.core.files import atomic_path
from napari_scantwin.networks.image_classifier import ImageClassifier, probabilities, response_maps, train_images
from napari_scantwin.structures.fingerprint import fingerprint, supercell
from napari_scantwin.structures.invariant import nearest_distance
from napari_scantwin.structures.prototypes import CLASSES, MERGED, PROTOTYPES, Prototype, displaced, with_vacancies
from napari_scantwin.structures.recognise import cache_folder

__all__ = ["IMAGE_CLASSES", "ImageNetwork", "ImageSettings", "image_network", "picture", "pictures"]

#: The paper's classes.
IMAGE_CLASSES = tuple(MERGED if one == "hex" else one for one in CLASSES if one != "rh")
_VERSION = 2


@dataclass(frozen=True)
class ImageSettings:
    """What the network is made of.

    Parameters
    ----------
    kernel
        Width of the convolutions: 7 as in the paper; 3 takes a fifth of the time.
    images
        Perfect crystals learned from.
    epochs
        How often each is seen.
    seed
        Fixes crystals, weights and order.
    told
        Whether the nearest distance is told from the places, as :func:`~.invariant.nearest_distance` tells it of any
        cloud, or is the true one. It tells 6 % more of a body-centred cubic crystal, and a network that learned by the
        one reads pictures by the other wrong.
    """

    kernel: int = 3
    images: int = 720
    epochs: int = 7
    seed: int = 0
    told: bool = False

    @property
    def scale(self) -> Callable[[np.ndarray], float] | None:
        """What tells the nearest distance, as :func:`picture` takes it."""
        return nearest_distance if self.told else None

    @property
    def key(self) -> str:
        """A hash of these settings."""
        return hashlib.sha256(json.dumps([_VERSION, vars(self)], sort_keys=True).encode()).hexdigest()[:24]


def picture(
    prototype: Prototype,
    random: np.random.Generator,
    *,
    vacancies: float = 0.0,
    sigma: float = 0.0,
    scale: Callable[[np.ndarray], float] | None = None,
    **parameters: float,
) -> np.ndarray:
    """The diffraction picture [64, 64, 3] of a crystal of about 250 atoms in its standard orientation.

    Parameters
    ----------
    prototype
        The crystal.
    random
        Draws its parameters where none are given, and its defects.
    vacancies, sigma
        Share of atoms that are missing; standard deviation of displacements in nearest distances.
    scale
        What tells the nearest distance from the places [n, 3]; by default it is the true one, 1.
    parameters
        The prototype's parameters.
    """
    places = supercell(*prototype.scaled_cell(**(parameters or prototype.drawn(random))))
    places = displaced(with_vacancies(places, vacancies, random), sigma, random)
    return fingerprint(places, 1.0 if scale is None else scale(places))


def pictures(
    count: int,
    seed: int,
    *,
    vacancies: float = 0.0,
    sigma: float = 0.0,
    scale: Callable[[np.ndarray], float] | None = None,
    prototypes: Sequence[Prototype] = PROTOTYPES,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of crystals [count, 64, 64, 3] and the numbers of their classes [count], each class as often as another.

    Parameters
    ----------
    count, seed
        How many, and what fixes them.
    vacancies, sigma, scale
        Their defects, and what tells their nearest distance, as in :func:`picture`.
    prototypes
        The crystals.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
    on_progress
        Called with the fraction done.
    """
    images, classes = np.empty((count, 64, 64, 3), np.float32), np.empty(count, np.int32)
    for number in range(count):
        if stop is not None and stop.is_set():
            raise Cancelled
        random = np.random.default_rng([seed, number])
        label = IMAGE_CLASSES[number % len(IMAGE_CLASSES)]
        alike = [one for one in prototypes if (MERGED if one.label in ("hex", "rh") else one.label) == label]
        one = alike[int(random.integers(len(alike)))]
        images[number] = picture(one, random, vacancies=vacancies, sigma=sigma, scale=scale)
        classes[number] = number % len(IMAGE_CLASSES)
        if on_progress is not None:
            on_progress((number + 1) / count)
    return images, classes


@dataclass(frozen=True)
class ImageNetwork:
    """The trained network.

    Parameters
    ----------
    network
        Its layers.
    weights
        Their weights.
    """

    network: ImageClassifier
    weights: list[np.ndarray] = field(repr=False)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Probabilities of the classes [n, 7] of pictures [n, 64, 64, 3]."""
        return probabilities(self.network, self.weights, images)

    def response_maps(self, image: np.ndarray, top: int = 4) -> list[np.ndarray]:
        """What the strongest feature maps of each of the six convolutions answer to in a picture: [top, 64, 64, 3]
        each."""
        return response_maps(self.network, self.weights, image, top)


def image_network(
    settings: ImageSettings | None = None,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> ImageNetwork:
    """The network of some settings: from the cache, or made now and kept there; arguments as of
    :func:`~napari_scantwin.structures.recognise.recogniser`."""
    settings = settings or ImageSettings()
    path = cache_folder() / f"pictures-{settings.key}.npz"
    network = ImageClassifier(len(IMAGE_CLASSES), settings.kernel)
    if path.exists():
        try:
            with np.load(path, allow_pickle=False) as file:
                return ImageNetwork(network, [file[f"weight_{number}"] for number in range(len(file.files))])
        except Exception:  # cut off: it is made again
            path.unlink(missing_ok=True)

    def tell(words: str, begun: float, part: float):
        return None if on_progress is None else lambda done: on_progress(begun + part * done, words)

    images, classes = pictures(
        settings.images,
        settings.seed,
        scale=settings.scale,
        stop=stop,
        on_progress=tell("Drawing pictures", 0, 0.2),
    )
    weights = train_images(
        network,
        images,
        classes,
        epochs=settings.epochs,
        seed=settings.seed,
        stop=stop,
        on_progress=tell("Training the network", 0.2, 0.8),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **{f"weight_{number}": part for number, part in enumerate(weights)})
    return ImageNetwork(network, weights)
