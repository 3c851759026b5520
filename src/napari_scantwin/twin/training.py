"""Scan to twin: choose the features by held-out sweeps, train members and held-out folds in one pass,
calibrate the uncertainty, and score the rivals on the same folds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin import rivals, units
from napari_scantwin import scan as scans
from napari_scantwin.errors import Cancelled
from napari_scantwin.twin import uncertainty
from napari_scantwin.twin.backend import is_loaded, tensorflow
from napari_scantwin.twin.features import Candidate, FeatureMap, candidates, fit_features
from napari_scantwin.twin.folds import Groups, group_points
from napari_scantwin.twin.model import Twin
from napari_scantwin.twin.network import Shape, Stack, evaluate
from napari_scantwin.twin.score import score_predictions
from napari_scantwin.twin.settings import Effort, Progress, TwinSettings

__all__ = ["train"]

#: Steps between looks at the stop flag.
_STEPS_A_CHUNK = 20
#: Chunks between held-out errors, which cost an evaluation of every point.
_CHUNKS_A_REPORT = 5
#: Held-out errors while training are taken on at most this many points.
_WATCHED = 4000
_SHARE_TRIALS, _SHARE_TRAINING = 0.25, 0.9


@dataclass(frozen=True)
class _Data:
    """The points in training, scaled: ``targets`` [n] have mean 0 and spread 1."""

    coordinates: np.ndarray
    values: np.ndarray
    targets: np.ndarray
    importance: np.ndarray
    groups: Groups
    offset: float
    spread: float


@dataclass
class _Trained:
    candidate: Candidate
    parameters: list[np.ndarray]
    maps: list[FeatureMap]
    held_out: float
    history: list[tuple[int, float, float]]
    stopped: bool


class _Reporter:
    """Turns step counts into progress reports with the time that remains."""

    def __init__(self, on_progress):
        self._on_progress = on_progress
        self._began = time.monotonic()

    def __call__(self, stage, fraction, step=0, train_error=None, held_out_error=None):
        if self._on_progress is None:
            return
        gone = time.monotonic() - self._began
        remaining = gone * (1 - fraction) / fraction if fraction > 0.02 else None
        self._on_progress(Progress(stage, fraction, remaining, step, train_error, held_out_error))


def train(
    scan: xr.DataArray,
    settings: TwinSettings | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Twin:
    """Train the twin of a scan.

    Points that are masked take no part. ``on_progress`` is called from the calling thread with a
    :class:`Progress` several times a second. Setting ``stop`` ends the training within half a second:
    the best networks so far become the twin (``twin.stopped`` is true), or, before there are any,
    :class:`~napari_scantwin.errors.Cancelled` is raised.

    The score comes from sweeps held out of the networks' training. The same sweeps choose between a few
    descriptions of the axes and the step at which training was best, which makes the score slightly
    kind; the rivals' settings are fixed.

    Raises :class:`~napari_scantwin.errors.ScanError` where the scan cannot be learned from.
    """
    settings = settings or TwinSettings()
    stop = stop or threading.Event()
    scans.check_trainable(scan)
    report = _Reporter(on_progress)
    report("starting" if is_loaded() else "starting TensorFlow (once a session)", 0.0)
    tensorflow()
    report = _Reporter(on_progress)
    effort = settings.effort
    data = _prepare(scan, effort)
    began = time.monotonic()
    candidate = _choose(data, effort, settings, report, stop)
    left = None if settings.time_budget is None else max(0.5, settings.time_budget - (time.monotonic() - began))
    trained = _fit(data, [candidate], effort, effort.steps, effort.members, settings.seed, left, report, stop)[0]
    report("scoring the rivals", _SHARE_TRAINING)
    return _assemble(scan, settings, data, trained, report, stop)


def _prepare(scan: xr.DataArray, effort: Effort) -> _Data:
    table = scans.points(scan)
    used = ~table.masked
    table = scans.Points(
        table.coordinates[used],
        table.values[used],
        None if table.errors is None else table.errors[used],
        table.sweep[used],
        table.masked[used],
    )
    groups = group_points(scan, table, effort.folds)
    offset, spread = float(table.values.mean()), float(table.values.std())
    return _Data(
        table.coordinates,
        table.values,
        (table.values - offset) / spread,
        _importance(table.errors, spread),
        groups,
        offset,
        spread,
    )


def _importance(errors: np.ndarray | None, spread: float) -> np.ndarray | float:
    """Weight of each point, mean 1, from its error bar where there is one. Errors far below the twin's own
    accuracy (1 % of the spread) count alike, so that no handful of points outweighs the scan."""
    if errors is None or not np.isfinite(errors).all() or (errors < 0).any():
        return 1.0
    weight = 1 / (errors**2 + (0.01 * spread) ** 2)
    return weight / weight.mean()


def _choose(data: _Data, effort: Effort, settings: TwinSettings, report, stop) -> Candidate:
    """The description of the axes whose held-out error is least after a short training."""
    options = candidates(data.coordinates, data.groups.knots)
    if len(options) == 1:
        return options[0]
    budget = None if settings.time_budget is None else _SHARE_TRIALS * settings.time_budget
    results = _fit(data, options, effort, effort.trial_steps, 0, settings.seed, budget, report, stop)
    return min(results, key=lambda result: result.held_out).candidate


def _fit(
    data: _Data, options: list[Candidate], effort: Effort, steps, members, seed, budget, report, stop
) -> list[_Trained]:
    """Train, in one pass a candidate, ``members`` networks on everything and one on each fold's rest.

    With ``members`` zero this is a trial of the candidates, otherwise the training itself.
    """
    low, high = (0.0, _SHARE_TRIALS) if members == 0 else (_SHARE_TRIALS, _SHARE_TRAINING)
    stage = "comparing descriptions of the axes" if members == 0 else "training"
    results = []
    for number, candidate in enumerate(options):
        share = (high - low) / len(options)
        begin = low + number * share
        portion = None if budget is None else budget / len(options)
        results.append(
            _fit_one(data, candidate, effort, steps, members, seed, portion, (begin, share, stage), report, stop)
        )
    return results


def _fit_one(data, candidate, effort, steps, members, seed, budget, place, report, stop) -> _Trained:
    begin, share, stage = place
    groups = data.groups
    everything = np.ones(len(data.targets), bool)
    point_fold = groups.point_fold
    full = fit_features(candidate, data.coordinates, data.values, groups.group, groups.knots, everything)
    maps = [full] * members + [
        fit_features(candidate, data.coordinates, data.values, groups.group, groups.knots, point_fold != fold)
        for fold in range(groups.folds)
    ]
    whole = full(data.coordinates) if members else None
    features = np.stack([whole] * members + [each(data.coordinates) for each in maps[members:]])
    weights = np.ones((len(maps), len(data.targets)), np.float32) * np.asarray(data.importance, np.float32)
    for fold in range(groups.folds):
        weights[members + fold, point_fold == fold] = 0
    shape = Shape(features.shape[-1], effort.layers, effort.nodes)
    stack = Stack(shape, features, data.targets, weights, total=steps, rate=effort.rate, batch=effort.batch, seed=seed)

    watched = np.random.default_rng(seed).permutation(len(data.targets))[:_WATCHED]
    inner = ~groups.edge[groups.group[watched]]
    best, best_error, history = None, np.inf, []
    started = time.monotonic()
    stopped = False
    while stack.done < stack.total and not stopped:
        stack.advance(min(_STEPS_A_CHUNK, stack.total - stack.done))
        if stack.done == _STEPS_A_CHUNK:
            started = time.monotonic()  # compilation is behind us
        elif budget is not None:
            pace = (time.monotonic() - started) / (stack.done - _STEPS_A_CHUNK)
            stack.total = min(stack.total, max(stack.done, int(budget / max(pace, 1e-9))))
        stopped = stop.is_set()
        if stopped or stack.done >= stack.total or stack.done % (_STEPS_A_CHUNK * _CHUNKS_A_REPORT) == 0:
            if stopped and best is not None:
                break
            parameters = stack.parameters
            train_error, held_out = _errors(parameters, features[:, watched], data, watched, inner, members)
            history.append((stack.done, train_error, held_out))
            if held_out < best_error:
                best, best_error = parameters, held_out
            report(stage, begin + share * stack.done / stack.total, stack.done, train_error, held_out)
        else:
            report(stage, begin + share * stack.done / stack.total, stack.done)
    if best is None or (stopped and members == 0):
        raise Cancelled
    return _Trained(candidate, best, maps, best_error, history, stopped)


def _errors(parameters, features, data: _Data, watched, inner, members) -> tuple[float, float]:
    """Root mean square training and held-out error on the watched points, in the value's unit."""
    outputs = evaluate(parameters, features)
    difference = (outputs - data.targets[watched]) * data.spread
    fold = data.groups.point_fold[watched]
    held_out = difference[members + fold, np.arange(len(watched))]
    seen = difference[:members].mean(axis=0) if members else np.where(fold == 0, 0, difference[0])
    chosen = held_out[inner] if inner.any() else held_out
    return float(np.sqrt(np.mean(seen**2))), float(np.sqrt(np.mean(chosen**2)))


def _assemble(scan, settings, data: _Data, trained: _Trained, report, stop) -> Twin:
    members = settings.effort.members
    groups = data.groups
    own = [p[:members] for p in trained.parameters]
    features = trained.maps[0]
    outputs = evaluate(own, np.repeat(features(data.coordinates)[None], members, axis=0))
    mean = outputs.mean(axis=0) * data.spread + data.offset
    held_out = np.empty(len(data.values))
    for fold in range(groups.folds):
        mine = groups.point_fold == fold
        parameters = [p[members + fold : members + fold + 1] for p in trained.parameters]
        seen = trained.maps[members + fold](data.coordinates[mine])[None]
        held_out[mine] = evaluate(parameters, seen)[0] * data.spread + data.offset

    # Half of the scatter about the twin sits in few points at steep places; the median tells the noise.
    noise = float(1.4826 * np.median(np.abs(data.values - mean)))
    grid = uncertainty.sample_axes(data.coordinates, groups.knots)
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*grid, indexing="ij")], axis=1)
    sampled = evaluate(own, np.repeat(features(mesh)[None], members, axis=0)).mean(axis=0) * data.spread
    slope = uncertainty.sampled_slope(grid, sampled.reshape([len(axis) for axis in grid]), groups.knots)
    inner = ~groups.edge[groups.group]
    inner = inner if inner.any() else np.ones(len(inner), bool)
    change = uncertainty.slope_at(grid, slope, data.coordinates[inner])  # a held-out sweep is one step away
    factor = uncertainty.calibrated_factor((data.values - held_out)[inner], noise, change)

    predictions = {"twin": held_out}
    if not trained.stopped:
        try:
            predictions |= _rivals(scan, groups, report, stop)
        except Cancelled:
            trained.stopped = True
    steps, train_errors, held_out_errors = (np.array(column, float) for column in zip(*trained.history, strict=True))
    return Twin(
        scan=scan,
        settings=settings,
        score=score_predictions(predictions, data.values, groups, units.pretty(scan.attrs["units"])),
        history={"step": steps, "train_error": train_errors, "held_out_error": held_out_errors},
        stopped=trained.stopped,
        features=features,
        parameters=own,
        offset=data.offset,
        spread=data.spread,
        uncertainty=uncertainty.Uncertainty(noise, factor, grid, slope, groups.knots),
    )


def _rivals(scan, groups: Groups, report, stop) -> dict[str, np.ndarray]:
    """Held-out predictions [n] of every rival on the twin's own folds."""
    table = scans.points(scan)
    used = ~table.masked
    numbers, first = np.unique(table.sweep[used], return_index=True)
    del numbers

    def tell(fraction):
        report("scoring the rivals", _SHARE_TRAINING + (1 - _SHARE_TRAINING) * fraction)

    folds = groups.point_fold[first]
    if len(scans.axes(scan)) == 1:
        return {}
    predictions = rivals.score_rivals(scan, folds, stop=stop, on_progress=tell)
    return {name: prediction[used] for name, prediction in predictions.items()}
