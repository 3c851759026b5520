"""A thorough search: further interpolators for one scan, proposed by Optuna from how those before did on held-out
sweeps.

Every trial describes an interpolator, fits it without each held-out fold and is judged by its error on them; the best
few join the stacking. Trials are written to a journal as they end, so that a search that was interrupted goes on where
it stopped, and one that ended can be taken further by asking for more trials. A storage of Optuna's (``sqlite:///...``,
``mysql://...``) does the same for many machines at once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_scantwin.core.config import config_folder
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.interpolators.aligned import SPLINES
from napari_scantwin.interpolators.aligned_interpolation import AlignedInterpolation, alignable
from napari_scantwin.interpolators.features import scales_of
from napari_scantwin.interpolators.protocol import SMALL
from napari_scantwin.twin.candidates.large_networks import LargeNetworks
from napari_scantwin.twin.candidates.moving_network import MovingNetwork
from napari_scantwin.twin.candidates.small_networks import SmallNetworks
from napari_scantwin.twin.data import Data
from napari_scantwin.twin.settings import TrainingBudget, Trial
from napari_scantwin.twin.trials import Trials

__all__ = ["search", "study_name"]

#: How many of a search's interpolators join the stacking.
_JOINING = 6
#: Trials drawn at random before those found guide the next.
_AT_RANDOM = 8


def search(
    trials: Trials,
    training_budget: TrainingBudget,
    count: int,
    storage: str | None,
    known: tuple[Trial, ...],
    deadline: Callable[[], float | None],
    tell: Callable[[float, tuple[Trial, ...]], None],
) -> tuple[Trial, ...]:
    """Bring the search of a scan to so many trials in all and let its best interpolators join the stacking.

    It ends early, with the best so far, when the time is spent or ``trials.stop`` is set.

    Parameters
    ----------
    trials
        The trials of the scan so far, which the best found join.
    training_budget
        What networks may cost.
    count
        How many trials the search is brought to, those of earlier searches counted.
    storage
        The path of a journal, or an Optuna storage's address (default: a journal of this scan in the user's
        configuration folder).
    known
        The trials of an earlier twin of this scan; the best are tried first where the storage lacks them.
    deadline
        Gives the seconds left, None for no limit.
    tell
        Called with (fraction, trials) as the search goes on.

    Returns
    -------
    tuple
        Every trial of the search.

    Raises
    ------
    ScanError
        Where the storage cannot be used.
    """
    data = trials.data
    study = _study(data, storage, trials.seed, known)
    scratch = Trials(data, trials.stream, trials.seed, trials.members, trials.stop)
    fitted: dict[int, int] = {}
    listed = _listed(study, data)
    tell(min(len(listed) / count, 1.0), listed)

    def attempt(number: int, interpolator) -> bool:
        """Fit an interpolator on every fold; false where the search is to end."""
        left = deadline()
        if (left is not None and left <= 0) or (trials.stop is not None and trials.stop.is_set()):
            return False
        done = len(_complete(study))
        try:
            scratch.attempt(interpolator, left, lambda share: tell(min((done + share) / count, 1.0), listed))
        except Cancelled:
            return False
        fitted[number] = len(scratch.tried) - 1
        return True

    while len(_complete(study)) < count:
        # A sampler of its own for each trial: a search that is resumed goes on as it would have.
        study.sampler = _sampler(trials.seed + len(_complete(study)))
        asked = study.ask()
        interpolator = _described(asked, data, training_budget)
        if not attempt(asked.number, interpolator):
            study.tell(asked, state=_states().FAIL)
            break
        asked.set_user_attr("expert", str(interpolator))
        error = scratch.error(fitted[asked.number])
        study.tell(asked, error if np.isfinite(error) else 1e300)
        listed = _listed(study, data)
        tell(len(listed) / count, listed)
    ranked = sorted(_complete(study), key=lambda trial: (trial.value, trial.number))
    for trial in ranked[:_JOINING]:
        if trial.number in fitted or attempt(trial.number, _described(_fixed(trial), data, training_budget)):
            trials.take(scratch, fitted[trial.number])
    return listed


def study_name(data: Data, seed: int) -> str:
    """The name a scan's search goes by: a digest of its points, and the seed.

    Parameters
    ----------
    data
        The training points.
    seed
        The seed of the training.
    """
    digest = hashlib.sha256()
    for column in (data.coordinates, data.values, data.sample_weight):
        digest.update(np.ascontiguousarray(column).tobytes())
    return f"scantwin-{digest.hexdigest()[:20]}-{seed}"


def _study(data: Data, storage: str | None, seed: int, known: tuple[Trial, ...]):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    name = study_name(data, seed)
    try:
        study = optuna.create_study(
            storage=_storage(storage, name), study_name=name, direction="minimize", load_if_exists=True
        )
        have = [trial.params for trial in _complete(study)]
        for trial in sorted(known, key=lambda trial: trial.error)[:_JOINING]:
            if trial.settings not in have:
                study.enqueue_trial(trial.settings, skip_if_exists=True)
    except Exception as reason:  # every storage raises its own
        raise ScanError(f"the storage of the search, {storage or 'a journal'}, cannot be used: {reason}") from reason
    return study


def _storage(storage: str | None, name: str):
    import optuna

    if storage is not None and "://" in storage:
        return storage
    path = Path(storage) if storage else config_folder() / "searches" / f"{name}.journal"
    path.parent.mkdir(parents=True, exist_ok=True)
    # The other kind of lock needs symbolic links, which Windows grants to few.
    lock = optuna.storages.journal.JournalFileOpenLock(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path), lock_obj=lock))


def _states():
    from optuna.trial import TrialState

    return TrialState


def _sampler(seed: int):
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=_AT_RANDOM, multivariate=True, group=True)


def _complete(study) -> list:
    return study.get_trials(deepcopy=False, states=(_states().COMPLETE,))


def _fixed(trial):
    from optuna.trial import FixedTrial

    return FixedTrial(trial.params)


def _listed(study, data: Data) -> tuple[Trial, ...]:
    return tuple(
        Trial(
            trial.number,
            trial.user_attrs.get("expert", ""),
            dict(trial.params),
            float(trial.value) * data.spread,
            0.0 if trial.duration is None else trial.duration.total_seconds(),
        )
        for trial in _complete(study)
    )


def _described(trial, data: Data, training_budget: TrainingBudget):
    """The interpolator that a trial's parameters describe."""
    slow = scales_of(data)
    small = len(data.values) <= SMALL
    # A Gaussian process has nothing to search for: it learns its scales by itself, and is in the library.
    kind = trial.suggest_categorical("kind", ["networks", "mesh"] if alignable(data) else ["networks"])
    if kind == "mesh":
        return AlignedInterpolation(
            trial.suggest_categorical("position scale", slow),
            trial.suggest_categorical("value scale", slow),
            trial.suggest_categorical("spline", list(SPLINES)),
            trial.suggest_float("plain share", 0.01, 1.0, log=True),
        )
    scale = trial.suggest_categorical("slow scale", slow)
    if small and data.sweeps and data.axes > 1:
        features = trial.suggest_int("features", 4, 24, log=True)
        return MovingNetwork(scale, features, training_budget.feature_steps)
    layers = trial.suggest_int("layers", 2, 4 if small else 7)
    nodes = trial.suggest_int("nodes", 8, 48, log=True) if small else trial.suggest_int("nodes", 24, 96, step=8)
    if small:
        decay = trial.suggest_float("decay", 1e-3, 1.0, log=True)
        return SmallNetworks(scale, (nodes,) * layers, decay, training_budget.small_steps)
    rate = trial.suggest_float("rate", 2e-3, 2e-2, log=True)
    return LargeNetworks(scale, dataclasses.replace(training_budget, layers=layers, nodes=nodes, rate=rate))
