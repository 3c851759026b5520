"""What a user may choose about a training, and what a training says while it runs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from napari_scantwin.core.errors import ScanError, WrongParameter

__all__ = ["METHODS", "PRESETS", "Progress", "TrainingBudget", "Trial", "TwinSettings"]


@dataclass(frozen=True)
class TrainingBudget:
    """What a preset means.

    Parameters
    ----------
    members
        Networks of an ensemble.
    folds
        The most folds held out.
    layers, nodes
        Hidden layers of large networks, and nodes of a layer.
    steps, batch, rate
        Of large networks: Adam steps, points a step, and Adam's highest learning rate.
    small_nodes, small_steps
        Of small networks: nodes of each hidden layer, and second-order steps.
    features, feature_steps
        Of networks whose features move: how many features, and steps of L-BFGS.
    trials
        Trials of a search for further interpolators; 0 for no search.
    """

    members: int
    folds: int
    layers: int
    nodes: int
    steps: int
    batch: int
    rate: float
    small_nodes: tuple[int, ...]
    small_steps: int
    features: int
    feature_steps: int
    trials: int


PRESETS = {
    "fast": TrainingBudget(
        4,
        8,
        layers=5,
        nodes=40,
        steps=1200,
        batch=768,
        rate=1e-2,
        small_nodes=(16, 16, 16),
        small_steps=250,
        features=8,
        feature_steps=700,
        trials=0,
    ),
    "thorough": TrainingBudget(
        8,
        12,
        layers=5,
        nodes=64,
        steps=4000,
        batch=1024,
        rate=7e-3,
        small_nodes=(24, 24, 24),
        small_steps=800,
        features=12,
        feature_steps=2000,
        trials=24,
    ),
}


#: Which twin one wants, with what it is in words.
METHODS = {
    "best": "best of all",
    "network": "neural network",
    "published": "published search",
}

#: Settings that say where something is: never written to a file, never taken from one.
_PLACES = ("storage",)


@dataclass(frozen=True)
class TwinSettings:
    """Settings of a training; the defaults need no thought.

    Parameters
    ----------
    preset
        "fast" (seconds) or "thorough" (minutes: larger networks, and a search for further interpolators by Optuna).
    members
        The size of the ensemble, 2 to 64 (default: the preset's).
    time_budget
        Seconds to about which the training is shortened; unlimited by default.
    seed
        Fixes every random choice: the same seed on the same machine gives the same twin, unless a time budget decides
        where it ends.
    trials
        How many trials the search of this scan is brought to, those of earlier trainings counted (default: the
        preset's; 0 for none).
    method
        "best" (all interpolators, weighted by how they predict sweeps left out), "network" (the neural networks among
        them alone) or "published" (the search of Terashima et al., Digital Discovery 2 (2023) 439, alone; minutes).
    storage
        Where the trials are kept: the path of a journal, or the address of an Optuna storage that several machines may
        share (default: a journal of this scan in the user's configuration folder). It is not saved with a twin.

    Raises
    ------
    ScanError
        Where a setting is not possible.
    """

    preset: str = "fast"
    members: int | None = None
    time_budget: float | None = None
    seed: int = 0
    trials: int | None = None
    storage: str | None = None
    method: str = "best"

    def __post_init__(self):
        if self.preset not in PRESETS:
            raise ScanError(f"the preset {self.preset!r} is not one of {', '.join(PRESETS)}")
        if self.method not in METHODS:
            raise ScanError(f"the method {self.method!r} is not one of {', '.join(METHODS)}")
        if self.members is not None and not 2 <= self.members <= 64:
            raise WrongParameter(
                f"an ensemble of {self.members} networks is not possible; choose from 2 to 64", "members"
            )
        if self.trials is not None and not 0 <= self.trials <= 100_000:
            raise WrongParameter(f"a search of {self.trials} trials is not possible; choose 0 (none) or more", "trials")
        if self.time_budget is not None and not self.time_budget > 0:
            raise WrongParameter("the time budget must be a positive number of seconds", "time_budget")

    def to_dict(self) -> dict:
        """The settings by name, as files keep them: without ``storage``, a place that may hold a password and that no
        file is to choose."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in _PLACES}

    @staticmethod
    def from_dict(said: dict) -> TwinSettings:
        """The settings a file names; what it says of places is not looked at."""
        return TwinSettings(**{name: value for name, value in said.items() if name not in _PLACES})

    @property
    def searches(self) -> bool:
        """Whether a search for further interpolators belongs to the training."""
        return self.method == "best" and bool(self.training_budget.trials)

    @property
    def training_budget(self) -> TrainingBudget:
        """The preset with this ensemble's size and these trials."""
        chosen = {name: getattr(self, name) for name in ("members", "trials") if getattr(self, name) is not None}
        return dataclasses.replace(PRESETS[self.preset], **chosen)


@dataclass(frozen=True)
class Trial:
    """One trial of a search for further interpolators.

    Parameters
    ----------
    number
        Its number in the search.
    interpolator
        The interpolator in words.
    settings
        The interpolator's settings by name.
    error
        The held-out error of that interpolator alone, root mean square over inner sweeps, in the value's unit.
    seconds
        How long it took.
    """

    number: int
    interpolator: str
    settings: dict
    error: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    """One report of a running training.

    Parameters
    ----------
    stage
        What is being done, in words.
    fraction
        The share of the whole that is done, 0 to 1.
    remaining
        Seconds left, or None while that is not known.
    step
        Training steps taken.
    train_error, held_out_error
        Root mean squares in the value's unit, or None before the first.
    trials
        Those of a search so far.
    """

    stage: str
    fraction: float
    remaining: float | None = None
    step: int = 0
    train_error: float | None = None
    held_out_error: float | None = None
    trials: tuple[Trial, ...] = ()
