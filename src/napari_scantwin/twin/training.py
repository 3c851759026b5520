"""Scan to twin: try the interpolators on held-out sweeps, weight them by non-negative stacking, fit the chosen ones to
everything, calibrate the uncertainty, hand out the twin, and score the baselines on the same folds."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from napari_scantwin.core import branches, source_hash, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.networks.waiting import interruptibly
from napari_scantwin.twin import storage
from napari_scantwin.twin.candidates.library import candidates, is_network
from napari_scantwin.twin.candidates.shared_points import SharedPoints
from napari_scantwin.twin.data import Data, prepare
from napari_scantwin.twin.mixture import Mixture
from napari_scantwin.twin.model import Branched, Twin
from napari_scantwin.twin.reporting import Reporter
from napari_scantwin.twin.settings import Progress, Trial, TwinSettings
from napari_scantwin.twin.stream import Stream, subsampled
from napari_scantwin.twin.trials import Trials
from napari_scantwin.twin.validation.comparison import baselines_scored
from napari_scantwin.twin.validation.consistency import Misfit
from napari_scantwin.twin.validation.mending import misfits
from napari_scantwin.twin.validation.score import NETWORK, log_score, score_predictions
from napari_scantwin.twin.validation.stacking import cross_fitted
from napari_scantwin.twin.validation.uncertainty import calibrated

__all__ = ["get_ready", "train"]

#: Where each part of a training ends: the library's interpolators before a search, all trials, fitting the chosen ones.
_SHARE_SEARCHED, _SHARE_TRIALS, _SHARE_FITTING = 0.3, 0.85, 1.0
#: Roughly the twin's share of a training whose baselines are scored too.
_SHARE_TWIN = 0.6
#: With fewer sweeps inside the others than this, a held-out error says little.
_FEWEST_INNER = 3
#: Interpolators of this cost and more take most of a training's time.
_LONG = 100
#: So many sweeps are named in a note.
_MOST_NAMED = 5


def train(
    scan: xr.DataArray | Twin,
    settings: TwinSettings | None = None,
    *,
    begin: Twin | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    score_baselines: bool = True,
    score_rivals: bool | None = None,
    on_twin: Callable[[Twin], None] | None = None,
) -> Twin:
    """Train the twin of a scan.

    A scan that holds branches (:func:`napari_scantwin.core.branches.marked`) gets a surface for each; what networks
    learn of their features is shared. Points that are masked take no part. Of a scan of more than some 100 000 points
    the networks see everything, while trials, score, baselines and uncertainty are worked out on evenly spaced points
    of every slice, so that memory and time stay bounded; ``twin.notes`` says so.

    Parameters
    ----------
    scan
        The scan, or a twin: then its scan is trained again, by default with its settings, and a search goes on from
        its trials.
    settings
        How it is trained; the defaults need no thought.
    begin
        A twin of a shorter scan to go on from. Of the interpolators that take long, only those that it is made of are
        tried again; what each predicts, its weight and the score are worked out anew on the sweeps of ``scan``. No
        network starts from the weights of an earlier one, which had seen the sweeps that are now held out.
    on_progress
        Is called from the calling thread with a :class:`Progress` several times a second.
    stop
        Setting it ends the training within half a second: the twin of the best state so far is returned, its
        ``stopped`` true. Set while the baselines are scored it keeps the twin and the baselines scored so far.
    score_baselines
        Whether the baselines are fitted to the same held-out sweeps once the twin is there, for the table and the
        verdict; :func:`~napari_scantwin.twin.with_baselines` does it later.
    score_rivals
        The former name of ``score_baselines``.
    on_twin
        Is called from the calling thread with the twin as soon as it is there, before the baselines are scored.

    Returns
    -------
    Twin
        The twin, with its score and uncertainty.

    Raises
    ------
    ScanError
        Where the scan cannot be learned from.
    Cancelled
        Where ``stop`` was set before anything was learned.
    """
    score_baselines = score_baselines if score_rivals is None else score_rivals
    stop = stop or threading.Event()
    share = _SHARE_TWIN if score_baselines else 1.0
    report = Reporter(on_progress, 0.0, share)
    twin = _twin_of(scan, settings, begin, report, stop)
    if on_twin is not None:
        on_twin(twin)
    if not score_baselines or stop.is_set():
        return twin
    return baselines_scored(twin, Reporter(on_progress, share, 1.0, report.began), stop)


def _twin_of(scan: xr.DataArray | Twin, settings: TwinSettings | None, begin: Twin | None, report, stop) -> Twin:
    """The twin of a scan, with its own score."""
    known: dict[str, tuple[Trial, ...]] = {}
    if isinstance(scan, Twin):
        known = {one: scan.of(one).trials for one in (scan.branches or [scan.branch])}
        settings, scan = settings or scan.settings, scan.whole
    settings = settings or TwinSettings()
    report("reading the scan", 0.0)
    scan = branches.marked(scans.check(scan))
    if branches.names(scan):
        return _train_branches(scan, settings, known, begin, report, stop)
    judged = subsampled(scan)
    scans.check_trainable(judged)
    data = prepare(judged, settings.training_budget.folds)
    trials = known.get(str(scan.attrs.get(branches.BRANCH, "")), ())
    return _train_one(scan, judged, data, settings, trials, _names_in(begin), report, stop)


def _branches_of(scan: xr.DataArray, settings: TwinSettings) -> tuple[dict, dict[str, Data], list[str]]:
    """Of every branch that a surface can be learned of what it is judged by and its points, by name; and a sentence on
    each of the others."""
    judged, data, notes = {}, {}, []
    for name, part in branches.parted(scan).items():
        thin = subsampled(part)
        try:
            scans.check_trainable(thin)
        except ScanError as reason:
            notes.append((name, reason))
            continue
        judged[name], data[name] = thin, prepare(thin, settings.training_budget.folds)
    if not data:
        name, reason = notes[0]
        raise ScanError(f"the scan has the branches {'; '.join(branches.names(scan))}; of {name!r} {reason}")
    shared = SharedPoints(list(data.values())) if len(data) > 1 else None
    data = {name: replace(own, shared=shared, branch=number) for number, (name, own) in enumerate(data.items())}
    return judged, data, [f"The branch {name!r} has no surface: {reason}." for name, reason in notes]


def _names_in(begin: Twin | None) -> frozenset[str]:
    """What a twin to go on from is made of, all its branches together: these learn together."""
    if begin is None:
        return frozenset()
    return frozenset(name for one in begin.branches or (None,) for name in begin.of(one).mixture.names)


def _train_branches(scan, settings: TwinSettings, known, begin: Twin | None, report: Reporter, stop) -> Twin:
    """The twin of a scan with several branches."""
    judged, data, said = _branches_of(scan, settings)
    whole = _kept(scan, lambda: subsampled(scan))
    twins: list[Twin] = []
    for number, (name, own) in enumerate(data.items()):
        report.begin(name, number, len(data))
        part = branches.of_branch(scan, name)
        try:
            one = _train_one(part, judged[name], own, settings, known.get(name, ()), _names_in(begin), report, stop)
        except Cancelled:
            if not twins:
                raise
            said.append(f"The training was stopped before the branch {name!r} was learned: it has no surface.")
            continue
        twins.append(replace(one, scan=branches.of_branch(whole, name)))
    twins = [replace(one, notes=(*one.notes, *said)) for one in twins]
    return replace(twins[0], branched=Branched(whole, tuple(twins)))


def _train_one(scan, judged, data: Data, settings: TwinSettings, known, begin, report: Reporter, stop) -> Twin:
    """The twin of a scan of one branch: of ``judged``, the part it is judged by, the points are ``data``; ``begin``
    names what an earlier twin was made of."""
    stream = Stream(scan, data, stop)
    # Of a cube, how far its parts travel from slice to slice is looked for here, which takes seconds.
    every = interruptibly(lambda: candidates(data, settings.training_budget, settings.method), stop)
    interpolators = [one for one in every if not begin or one.cost < _LONG or str(one) in begin] or every
    # Threads of one training, and of a scoring that was stopped, need it; imported by two at once it can be found
    # half-made.
    importlib.import_module("sklearn.base")
    # One thread a matrix product: these are small, and threads that wait for each other cost more than they bring.
    with threadpool_limits(1):
        for interpolator in interpolators:
            interpolator.get_ready(lambda stage: report(stage, 0.0), stop)
        trials = _tried(data, stream, interpolators, settings, report, stop)
        if passed_over := [str(one) for one in every if one not in interpolators]:
            trials.notes.append(f"Trained on from an earlier twin, not trying again: {'; '.join(passed_over)}")
        found = _searched(trials, settings, known, report) if settings.searches else ()
        mixture, weights = _fitted(trials, report, stop)
    kept = _kept(scan, lambda: judged)
    return _assembled(kept, settings, trials, mixture, weights, found, stop.is_set())


def _kept(scan: xr.DataArray, judged: Callable[[], xr.DataArray]) -> xr.DataArray:
    """The scan that a twin carries along: of one that is too large for memory or for a .twin file, what it was judged
    by."""
    kept = judged() if scans.is_lazy(scan) or storage.too_large(scan) else scan
    # Here, where nobody waits, rather than when the twin is saved.
    return kept.assign_attrs(source_hash.with_resolved(kept.attrs))


def get_ready(scan: xr.DataArray, settings: TwinSettings | None = None, stop: threading.Event | None = None) -> None:
    """Load and compile beforehand what training a scan takes, so that :func:`train` begins at once.

    It takes seconds the first time in a process, and again for a scan of another shape.

    Parameters
    ----------
    scan
        The scan.
    settings
        With which it is going to be trained.
    stop
        Ends the work at its next step when it is set.

    Raises
    ------
    ScanError
        Where the scan cannot be learned from.
    Cancelled
        Where ``stop`` is set.
    """
    settings = settings or TwinSettings()
    importlib.import_module("sklearn.base")
    scan = branches.marked(scans.check(scan))
    if branches.names(scan):
        parts = [(branches.of_branch(scan, name), data) for name, data in _branches_of(scan, settings)[1].items()]
    else:
        judged = subsampled(scan)
        scans.check_trainable(judged)
        parts = [(scan, prepare(judged, settings.training_budget.folds))]
    for part, data in parts:
        trials = Trials(data, Stream(part, data, stop), settings.seed, settings.training_budget.members, stop)
        for interpolator in candidates(data, settings.training_budget, settings.method):
            interpolator.get_ready(lambda stage: None, stop)
            trials.compile_for(interpolator)


def _tried(data: Data, stream: Stream, interpolators: list, settings: TwinSettings, report: Reporter, stop) -> Trials:
    share = _SHARE_SEARCHED if settings.searches else _SHARE_TRIALS

    def tell(fraction, *details):
        report("training", share * fraction, *details)

    trials = Trials(data, stream, settings.seed, settings.training_budget.members, stop)
    trials.run(interpolators, lambda: report.left(settings), tell)
    return trials


def _searched(trials: Trials, settings: TwinSettings, known, report: Reporter) -> tuple[Trial, ...]:
    """Let a search's best interpolators join ``trials``; every trial of the search."""
    from napari_scantwin.twin.candidates.search import search  # Optuna takes long to import, and few trainings need it

    def tell(fraction, found):
        report(
            "searching",
            _SHARE_SEARCHED + (_SHARE_TRIALS - _SHARE_SEARCHED) * fraction,
            trials.step,
            trials=found,
        )

    training_budget = settings.training_budget
    return search(
        trials, training_budget, training_budget.trials, settings.storage, known, lambda: report.left(settings), tell
    )


def _fitted(trials: Trials, report: Reporter, stop) -> tuple[Mixture, np.ndarray]:
    """The chosen interpolators fitted to the whole scan, and all interpolators' weights; a stop drops what takes
    time."""
    everything = np.ones(len(trials.data.groups.knots), bool)
    weights = trials.weights()
    done = dict(trials.finished)
    chosen = np.flatnonzero(weights)
    for count, number in enumerate(chosen):
        interpolator = trials.tried[number]
        if number not in done and (interpolator.instant or not stop.is_set()):
            try:
                wanted = None if interpolator.instant else stop
                done[number] = interpolator.fit(trials.data, everything, trials.members, trials.seed, wanted)
            except Cancelled:
                pass
        share = (count + 1) / len(chosen)
        report(
            "fitting the chosen interpolators", _SHARE_TRIALS + (_SHARE_FITTING - _SHARE_TRIALS) * share, trials.step
        )
    if any(number not in done for number in chosen):
        available = np.array(
            [number in done or interpolator.instant for number, interpolator in enumerate(trials.tried)]
        )
        weights = trials.weights(available)
        for number in np.flatnonzero(weights):
            if number not in done:
                done[number] = trials.tried[number].fit(trials.data, everything)
    chosen = np.flatnonzero(weights)
    names = tuple(str(trials.tried[number]) for number in chosen)
    return Mixture(names, tuple(done[number] for number in chosen), weights[chosen]), weights


def _assembled(scan, settings, trials: Trials, mixture, weights, found, stopped: bool) -> Twin:
    data = trials.data
    held_out = cross_fitted(trials.held_out, weights) * data.spread + data.offset
    own = {"twin": held_out, **_networks_alone(trials)}
    score = score_predictions(own, data.values, data.groups, units.pretty(scan.attrs["units"]), data.spikes)
    spread = trials.held_out.spread(weights) * data.spread
    uncertainty = calibrated(data, mixture, held_out, spread)
    inner = data.inner
    places, values, mean = data.coordinates[inner], data.values[inner], held_out[inner]
    stated = uncertainty.held_out_std(places, mean, spread[inner])
    score = replace(score, log_score=log_score(values, mean, stated, score.value_range))
    wrong = [] if stopped else misfits(data, held_out)  # who stops does not wait for it
    steps, train_errors, held_out_errors = (np.array(column, float) for column in zip(*trials.history, strict=True))
    return Twin(
        scan=scan,
        settings=settings,
        score=score,
        history={"step": steps, "train_error": train_errors, "held_out_error": held_out_errors},
        stopped=stopped,
        mixture=mixture,
        offset=data.offset,
        spread=data.spread,
        uncertainty=uncertainty,
        notes=tuple([*_notes(scan, trials), *_wrong_in_words(scan, data, wrong)]),
        trials=found,
        misfits=tuple(wrong),
        spikes=data.coordinates[data.spikes],
    )


def _wrong_in_words(scan: xr.DataArray, data: Data, wrong: list[Misfit]) -> list[str]:
    """What does not fit the rest of the scan, a sentence each."""
    notes = []
    if data.spikes.any():
        count, places = int(data.spikes.sum()), data.groups.group[data.spikes]
        where = ", ".join(data.groups.labels[number] for number in np.unique(places)[:_MOST_NAMED])
        more = ", …" if len(np.unique(places)) > _MOST_NAMED else ""
        stands = "reading stands far off its" if count == 1 else "readings stand far off their"
        sweeps = "sweep" if len(np.unique(places)) == 1 else "sweeps"
        notes.append(f"{count} {stands} neighbours and had no weight (in the {sweeps} at {where}{more}).")
    fast = units.pretty(scan[scans.axes(scan)[-1]].attrs["units"])
    return notes + [one.sentence(units.pretty(scan.attrs["units"]), fast) for one in wrong]


def _networks_alone(trials: Trials) -> dict[str, np.ndarray]:
    """Held-out predictions [n] of the neural networks alone, under the name of their row; empty where none was
    tried."""
    networks = np.array([is_network(interpolator) for interpolator in trials.tried])
    if not networks.any():
        return {}
    alone = cross_fitted(trials.held_out, trials.weights(networks), networks)
    return {NETWORK: alone * trials.data.spread + trials.data.offset}


def _notes(scan: xr.DataArray, trials: Trials) -> list[str]:
    """What a user should know of this training, a sentence each."""
    data, notes = trials.data, [f"{note}." for note in trials.notes]
    inner = int((~data.groups.edge).sum())
    if inner < _FEWEST_INNER:
        kind = "sweeps" if data.groups.sweeps else "parts of the scan"
        notes.append(f"Only {inner} {kind} lie inside the others: the held-out error itself is uncertain.")
    if len(data.values) < len(trials.stream):
        notes.append(
            f"The networks learned from all {len(trials.stream)} points; everything was judged at "
            f"{len(data.values)} of them, evenly spaced in every slice."
        )
    if left_out := storage.left_out(scan):
        notes.append(f"A saved twin keeps of this scan all but {', '.join(left_out)}.")
    return notes
