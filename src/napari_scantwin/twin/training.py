"""Scan to twin: try the interpolators on held-out sweeps, weight them by non-negative stacking, fit the chosen ones to
everything, calibrate the uncertainty, and score the baselines on the same folds."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from napari_scantwin.core import scan as scans
from napari_scantwin.core import source_hash, units
from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators import baselines
from napari_scantwin.twin import storage
from napari_scantwin.twin.consistency import Misfit
from napari_scantwin.twin.data import Data, prepare
from napari_scantwin.twin.library import candidates, is_network
from napari_scantwin.twin.mending import misfits
from napari_scantwin.twin.mixture import Mixture
from napari_scantwin.twin.model import Twin
from napari_scantwin.twin.score import NETWORK, score_predictions
from napari_scantwin.twin.settings import Progress, Trial, TwinSettings
from napari_scantwin.twin.stacking import cross_fitted
from napari_scantwin.twin.stream import Stream, subsampled
from napari_scantwin.twin.trials import Trials
from napari_scantwin.twin.uncertainty import calibrated

__all__ = ["train"]

#: Where each part of a training ends: the library's interpolators before a search, all trials, fitting the chosen ones.
_SHARE_SEARCHED, _SHARE_TRIALS, _SHARE_FITTING = 0.3, 0.75, 0.9
#: With fewer sweeps inside the others than this, a held-out error says little.
_FEWEST_INNER = 3
#: So many sweeps are named in a note.
_MOST_NAMED = 5
#: Seconds between looks at the stop flag while the baselines are waited for.
_PATIENCE = 0.1


class _Reporter:
    """Turns fractions into progress reports with the time that remains."""

    def __init__(self, on_progress):
        self._on_progress = on_progress
        self.began = time.monotonic()

    def __call__(self, stage, fraction, step=0, train_error=None, held_out_error=None, trials=()):
        if self._on_progress is None:
            return
        gone = time.monotonic() - self.began
        remaining = gone * (1 - fraction) / fraction if fraction > 0.02 else None
        self._on_progress(Progress(stage, fraction, remaining, step, train_error, held_out_error, trials))


def train(
    scan: xr.DataArray | Twin,
    settings: TwinSettings | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    score_baselines: bool = True,
    score_rivals: bool | None = None,
) -> Twin:
    """Train the twin of a scan.

    Points that are masked take no part. Of a scan of more than some 100 000 points the networks see everything, while
    trials, score, baselines and uncertainty are worked out on evenly spaced points of every slice, so that memory and
    time stay bounded; ``twin.notes`` says so.

    Parameters
    ----------
    scan
        The scan, or a twin: then its scan is trained again, by default with its settings, and a search goes on from
        its trials.
    settings
        How it is trained; the defaults need no thought.
    on_progress
        Is called from the calling thread with a :class:`Progress` several times a second.
    stop
        Setting it ends the training within half a second: the twin of the best state so far is returned, its
        ``stopped`` true.
    score_baselines
        Whether the baselines are fitted to the same held-out sweeps beside the training, for the table and the verdict.
    score_rivals
        The former name of ``score_baselines``.

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
    known: tuple[Trial, ...] = ()
    if isinstance(scan, Twin):
        settings, known, scan = settings or scan.settings, scan.trials, scan.scan
    settings = settings or TwinSettings()
    stop = stop or threading.Event()
    report = _Reporter(on_progress)
    report("reading the scan", 0.0)
    score_baselines = score_baselines if score_rivals is None else score_rivals
    judged = subsampled(scans.check(scan))
    scans.check_trainable(judged)
    data = prepare(judged, settings.training_budget.folds)
    stream = Stream(scan, data, stop)
    interpolators = candidates(data, settings.training_budget, settings.method)
    # The baselines' thread and this one need it; imported by both at once it can be found half-made.
    importlib.import_module("sklearn.base")
    end_baselines = threading.Event()
    beside = ThreadPoolExecutor(1)
    # One thread a matrix product: these are small, and threads that wait for each other cost more than they bring.
    with threadpool_limits(1):
        try:
            scores = beside.submit(_baselines, judged, data, end_baselines) if score_baselines else None
            for interpolator in interpolators:
                interpolator.get_ready(lambda stage: report(stage, 0.0), stop)
            trials = _tried(data, stream, interpolators, settings, report, stop)
            found = _searched(trials, settings, known, report) if settings.searches else ()
            mixture, weights = _fitted(trials, report, stop)
            predictions = {} if scores is None or stop.is_set() else _awaited(scores, report, stop)
        finally:
            # A baseline in the middle of its fit ends by itself; nobody waits for it.
            end_baselines.set()
            beside.shutdown(wait=False, cancel_futures=True)
    # A twin carries its scan along: of one that is too large for memory or for a .twin file, what it was judged by.
    kept = judged if scans.is_lazy(scan) or storage.too_large(scan) else scan
    # Here, where nobody waits, rather than when the twin is saved.
    kept = kept.assign_attrs(source_hash.with_resolved(kept.attrs))
    return _assembled(kept, settings, trials, mixture, weights, predictions, found, stop.is_set())


def _tried(data: Data, stream: Stream, interpolators: list, settings: TwinSettings, report: _Reporter, stop) -> Trials:
    share = _SHARE_SEARCHED if settings.searches else _SHARE_TRIALS

    def tell(fraction, *details):
        report("training", share * fraction, *details)

    trials = Trials(data, stream, settings.seed, settings.training_budget.members, stop)
    trials.run(interpolators, lambda: _left(settings, report), tell)
    return trials


def _left(settings: TwinSettings, report: _Reporter) -> float | None:
    """Seconds left of the time budget."""
    return None if settings.time_budget is None else settings.time_budget - (time.monotonic() - report.began)


def _searched(trials: Trials, settings: TwinSettings, known, report: _Reporter) -> tuple[Trial, ...]:
    """Let a search's best interpolators join ``trials``; every trial of the search."""
    from napari_scantwin.twin.search import search  # Optuna takes long to import, and few trainings need it

    def tell(fraction, found):
        report(
            "searching",
            _SHARE_SEARCHED + (_SHARE_TRIALS - _SHARE_SEARCHED) * fraction,
            trials.step,
            trials=found,
        )

    training_budget = settings.training_budget
    return search(
        trials, training_budget, training_budget.trials, settings.storage, known, lambda: _left(settings, report), tell
    )


def _fitted(trials: Trials, report: _Reporter, stop) -> tuple[Mixture, np.ndarray]:
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


def _baselines(scan, data: Data, stop) -> dict[str, np.ndarray]:
    """Held-out predictions [n] of every baseline on the twin's own folds."""
    if data.axes == 1:
        return {}
    table = scans.points(scan)
    used = ~table.masked
    _, first = np.unique(table.sweep[used], return_index=True)
    predictions = baselines.score_baselines(scan, data.groups.point_fold[first], stop=stop)
    return {name: prediction[used] for name, prediction in predictions.items()}


def _awaited(scores: Future, report: _Reporter, stop) -> dict[str, np.ndarray]:
    """The baselines' predictions, or none where the training is stopped before they are there."""
    fraction = _SHARE_FITTING
    while not stop.is_set():
        try:
            return scores.result(timeout=_PATIENCE)
        except TimeoutError:
            fraction += 0.05 * (1 - fraction)
            report("scoring the baselines", fraction)
    return {}


def _assembled(scan, settings, trials: Trials, mixture, weights, predictions, found, stopped: bool) -> Twin:
    data = trials.data
    held_out = cross_fitted(trials.held_out, weights) * data.spread + data.offset
    own = {"twin": held_out, **_networks_alone(trials)}
    score = score_predictions(
        {**own, **predictions}, data.values, data.groups, units.pretty(scan.attrs["units"]), data.spikes
    )
    wrong = misfits(data, held_out)
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
        uncertainty=calibrated(data, mixture, held_out, trials.held_out.spread(weights) * data.spread),
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
