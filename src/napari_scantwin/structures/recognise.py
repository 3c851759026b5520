"""The recogniser: bootstrapped networks on invariant descriptors, with calibrated probabilities and three kinds of
doubt.

*Entropy* (over its greatest value, so that 1 is no idea at all) is the doubt that remains, whatever it comes from; the
*mutual information* between class and network, the part of it by which the networks disagree; and *unlike* says that a
window lies farther from all windows the recogniser learned from, for its noise and order, than ninety-nine in a hundred
windows of known classes that it did not learn from (:mod:`~napari_scantwin.structures.strange`); then no class is told,
whatever the probability.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import platformdirs

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.structures.prototypes import CLASSES, MERGED, PROTOTYPES, Prototype
from napari_scantwin.structures.strange import Strangeness
from napari_scantwin.structures.training import TrainingWindows, WindowRecipe, labels_of, training_windows

__all__ = ["UNLIKE", "ClassAnswer", "Recogniser", "Settings", "cache_folder", "fit", "recogniser", "title_of"]

#: What a window is called that is unlike anything known.
UNLIKE = "unlike anything known"
#: Part of the blocks kept from learning, by which probabilities are calibrated.
_HELD = 1 / 6
#: Changed where the descriptor or the training changes, so that nothing older is taken from the cache.
_VERSION = 5


@dataclass(frozen=True)
class Settings:
    """What a recogniser is made of.

    Parameters
    ----------
    recipe
        Its training windows.
    members
        How many networks.
    steps, nodes
        Steps of their training, and nodes in each of their two hidden layers.
    own
        Classes of one's own, beside the eight.
    """

    recipe: WindowRecipe = field(default_factory=WindowRecipe)
    members: int = 6
    steps: int = 1000
    nodes: int = 128
    own: tuple[Prototype, ...] = ()

    @property
    def prototypes(self) -> tuple[Prototype, ...]:
        """The crystals learned from."""
        return (*PROTOTYPES, *self.own)

    @property
    def key(self) -> str:
        """A hash of all that the recogniser rests on."""
        crystals = []
        for one in self.prototypes:
            middle = {name: sum(ranges[0]) / 2 for name, ranges in one.ranges.items()}
            lattice, places = one.scaled_cell(**middle)
            crystals.append([one.name, one.label, np.round(lattice, 9).tolist(), np.round(places, 9).tolist()])
            crystals.append({name: list(map(list, ranges)) for name, ranges in one.ranges.items()})
        told = [_VERSION, vars(self.recipe), self.members, self.steps, self.nodes, crystals]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class ClassAnswer:
    """What is told of some windows.

    Parameters
    ----------
    labels
        The classes, by key.
    probabilities
        Calibrated probabilities [windows, classes].
    entropy
        Over its greatest value, 0 to 1 [windows].
    mutual_information
        Between class and network, in nats [windows].
    strangeness
        Distance from what was learned, over the threshold of *unlike* [windows].
    """

    labels: tuple[str, ...]
    probabilities: np.ndarray
    entropy: np.ndarray
    mutual_information: np.ndarray
    strangeness: np.ndarray

    @property
    def unlike(self) -> np.ndarray:
        """Whether each window is unlike anything known [windows]."""
        return self.strangeness > 1.0

    @property
    def classes(self) -> np.ndarray:
        """The number of the likeliest class of each window [windows]; -1 where it is unlike anything known."""
        return np.where(self.unlike, -1, self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the likeliest class [windows]."""
        return self.probabilities.max(axis=1)

    def names(self) -> list[str]:
        """What each window is called."""
        return [UNLIKE if one < 0 else self.labels[one] for one in self.classes]

    def merged(self) -> ClassAnswer:
        """Hexagonal and rhombohedral as one class, as the paper has them; their networks' disagreement about stackings
        is no doubt then."""
        if "hex" not in self.labels or "rh" not in self.labels:
            return self
        hexagonal, rhombohedral = self.labels.index("hex"), self.labels.index("rh")
        table = self.probabilities.copy()
        table[:, hexagonal] += table[:, rhombohedral]
        table = np.delete(table, rhombohedral, axis=1)
        labels = [MERGED if one == "hex" else one for one in self.labels if one != "rh"]
        return ClassAnswer(tuple(labels), table, _entropy(table), self.mutual_information, self.strangeness)


def _entropy(table: np.ndarray) -> np.ndarray:
    """Entropy over its greatest value [windows]."""
    safe = np.clip(table, 1e-12, 1)
    return np.maximum(-(safe * np.log(safe)).sum(axis=-1) / np.log(table.shape[-1]), 0.0)


def title_of(label: str) -> str:
    """What people call a class."""
    return CLASSES[label][0] if label in CLASSES else {MERGED: "hexagonal or rhombohedral"}.get(label, label)


@dataclass(frozen=True)
class Recogniser:
    """Trained networks and what calibrates them.

    Parameters
    ----------
    labels
        The classes, by key.
    weights
        The networks' weights, each [members, ...].
    middle, spread
        By which descriptors are scaled [132].
    temperature
        By which logits are divided.
    strange
        What tells how unlike all that was learned a window is.
    calibration
        The reliability of windows kept from learning: (mean confidence, part that was right, how many) in ten bins.
    """

    labels: tuple[str, ...]
    weights: list[np.ndarray] = field(repr=False)
    middle: np.ndarray = field(repr=False)
    spread: np.ndarray = field(repr=False)
    temperature: float = 1.0
    strange: Strangeness | None = field(default=None, repr=False)
    calibration: np.ndarray = field(default=None, repr=False)

    def tell(self, features: np.ndarray, *, merged: bool = True) -> ClassAnswer:
        """Tell the classes of windows.

        Parameters
        ----------
        features
            Descriptors [windows, 132].
        merged
            Whether hexagonal and rhombohedral are one class.

        Returns
        -------
        ClassAnswer
            Their probabilities and doubts.
        """
        from scipy.special import softmax

        from napari_scantwin.networks.classifiers import logits

        features = np.atleast_2d(features)
        scaled = (features - self.middle) / self.spread
        members = softmax(logits(self.weights, scaled).astype(float) / self.temperature, axis=-1)
        table = members.mean(axis=0)
        each = _entropy(members).mean(axis=0)
        information = np.maximum((_entropy(table) - each) * np.log(table.shape[1]), 0.0)
        answer = ClassAnswer(self.labels, table, _entropy(table), information, self.strange(features, scaled))
        return answer.merged() if merged else answer

    def save(self, path: Path) -> None:
        """Write it to a file of plain arrays, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {f"weight_{number}": part for number, part in enumerate(self.weights)}
        told = {"temperature": self.temperature, "labels": np.array(self.labels)}
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file, middle=self.middle, spread=self.spread, calibration=self.calibration,
                **told, **arrays, **{f"strange_{name}": part for name, part in vars(self.strange).items()},
            )  # fmt: skip

    @classmethod
    def load(cls, path: Path) -> Recogniser:
        """Read it from its file, executing nothing; raises :class:`ScanError` where the file is not whole."""
        try:
            with np.load(path, allow_pickle=False) as file:
                held = {name: file[name] for name in file.files}
            weights = [held[f"weight_{number}"] for number in range(sum(name.startswith("weight_") for name in held))]
            return cls(
                tuple(map(str, held["labels"])), weights, held["middle"], held["spread"], float(held["temperature"]),
                Strangeness(
                    held["strange_axes"], held["strange_known"], held["strange_expected"],
                    float(held["strange_threshold"]),
                ), held["calibration"],
            )  # fmt: skip
        except Exception as reason:
            raise ScanError(f"{Path(path).name} is no whole recogniser; remove it, and it is made again") from reason


def cache_folder() -> Path:
    """Where trained recognisers are kept: ``$NAPARI_SCANTWIN_CACHE``, else the user's own cache."""
    return (
        Path(os.environ.get("NAPARI_SCANTWIN_CACHE") or platformdirs.user_cache_dir("napari-scantwin")) / "structures"
    )


def recogniser(
    settings: Settings | None = None,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> Recogniser:
    """The recogniser of some settings: from the cache, or made now and kept there.

    Parameters
    ----------
    settings
        What it is made of.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`; nothing is kept then.
    on_progress
        Called with the fraction done and what is being done.

    Returns
    -------
    Recogniser
        The same for the same settings on the same machine.
    """
    settings = settings or Settings()
    path = cache_folder() / f"{settings.key}.npz"
    if path.exists():
        try:
            return Recogniser.load(path)
        except ScanError:
            path.unlink(missing_ok=True)  # cut off: it is made again

    def tell(fraction: float, words: str) -> None:
        if on_progress is not None:
            on_progress(fraction, words)

    windows = training_windows(
        settings.prototypes, settings.recipe, stop=stop, on_progress=lambda done: tell(0.8 * done, "Making windows")
    )
    made = fit(windows, settings, stop=stop, on_progress=lambda done: tell(0.8 + 0.2 * done, "Training networks"))
    made.save(path)
    return made


def fit(
    windows: TrainingWindows,
    settings: Settings,
    *,
    labels: Sequence[str] | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Recogniser:
    """Train a recogniser on windows; arguments as of :func:`recogniser`, and the classes where they are others."""
    from napari_scantwin.networks.classifiers import ClassifierNetwork, decaying_adam, soft_cross_entropy
    from napari_scantwin.networks.trainer import TrainingData, train_members, warm_cosine

    labels = tuple(labels or labels_of(settings.prototypes))
    random = np.random.default_rng(settings.recipe.seed)
    features, block = windows.features, windows.block
    blocks = np.unique(block)
    kept = random.permutation(blocks)[: max(1, round(_HELD * len(blocks)))]
    held = np.isin(block, kept)
    learned = np.setdiff1d(blocks, kept)
    drawn = np.zeros((settings.members, len(features)))
    for member in range(settings.members):
        times = np.bincount(random.choice(learned, len(learned)), minlength=int(blocks.max()) + 1)
        drawn[member] = times[block]
    middle, spread = features[~held].mean(axis=0), features[~held].std(axis=0) + 1e-6
    scaled = (features - middle) / spread
    trained = train_members(
        ClassifierNetwork(features.shape[1], len(labels), nodes=settings.nodes),
        TrainingData(scaled[None], windows.labels[None], drawn),
        members=settings.members,
        steps=settings.steps,
        loss=soft_cross_entropy,
        optimiser=decaying_adam,
        rate=warm_cosine(2e-3),
        batch=256,
        seed=settings.recipe.seed,
        stop=stop,
        on_steps=None if on_progress is None else lambda training: on_progress(training.done / training.total),
    )
    if trained.stopped:
        raise Cancelled
    temperature, calibration = _calibrated(trained.weights, scaled[held], windows.labels[held])
    strange = Strangeness.learned(features, scaled, windows.labels, block, held)
    return Recogniser(
        labels,
        [part.astype(np.float32) for part in trained.weights],
        middle,
        spread,
        temperature,
        strange,
        calibration,
    )


def _calibrated(weights, scaled: np.ndarray, shares: np.ndarray) -> tuple[float, np.ndarray]:
    """The temperature of the least cross entropy of the networks' mean on windows kept from learning (Guo et al. 2017),
    and their reliability with it."""
    from scipy.optimize import minimize_scalar
    from scipy.special import softmax

    from napari_scantwin.networks.classifiers import logits

    pure = shares.max(axis=1) > 0.999
    raw, shares = logits(weights, scaled[pure]).astype(float), shares[pure]

    def mean(log_temperature: float) -> np.ndarray:
        return softmax(raw / np.exp(log_temperature), axis=-1).mean(axis=0)

    def loss(log_temperature: float) -> float:
        return float(-(shares * np.log(np.clip(mean(log_temperature), 1e-12, 1))).sum(axis=1).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded").x
    table = mean(found)
    return float(np.exp(found)), reliability(table, shares.argmax(axis=1))


def reliability(table: np.ndarray, truth: np.ndarray, bins: int = 10) -> np.ndarray:
    """Mean confidence, part that is right, and how many, in bins of the confidence [bins, 3]."""
    confidence, right = table.max(axis=1), table.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = np.zeros((bins, 3))
    for number in range(bins):
        inside = place == number
        if inside.any():
            rows[number] = confidence[inside].mean(), right[inside].mean(), inside.sum()
    return rows


def calibration_error(rows: np.ndarray) -> float:
    """The expected calibration error of :func:`reliability`: the bins' gaps between confidence and accuracy, weighted
    by how many fall into each."""
    count = rows[:, 2].sum()
    return float((np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]).sum() / count) if count else float("nan")
