"""The baselines' rows of a twin's score, worked out once the twin itself is there."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.baselines import BASELINES, score_baselines
from napari_scantwin.networks.waiting import interruptibly
from napari_scantwin.twin.data import prepare
from napari_scantwin.twin.model import Twin
from napari_scantwin.twin.reporting import Reporter
from napari_scantwin.twin.settings import Progress
from napari_scantwin.twin.stream import subsampled
from napari_scantwin.twin.validation.score import score_predictions

__all__ = ["baselines_scored", "with_baselines"]

#: How the note begins that says which baselines a stop left out.
_LEFT_OUT = "Not scored, since scoring was stopped: "


def with_baselines(
    twin: Twin,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Twin:
    """Score the baselines on the folds by which a twin was judged.

    Parameters
    ----------
    twin
        The twin; baselines that have a row in its score already are not scored again.
    on_progress
        Called from the calling thread with a :class:`~napari_scantwin.twin.settings.Progress` before each baseline.
    stop
        Setting it ends the work within half a second and keeps the rows that are complete; a note names the others.

    Returns
    -------
    Twin
        The same twin with the baselines' rows in its score. A baseline that does not fit the scan has none.
    """
    return baselines_scored(twin, Reporter(on_progress), stop)


def baselines_scored(twin: Twin, report: Reporter, stop: threading.Event | None) -> Twin:
    """:func:`with_baselines` as a part of a larger piece of work, whose reports are one's own."""
    if twin.branched is None:
        return _scored(twin, report, stop)
    parts = []
    for number, one in enumerate(twin.branched.twins):
        report.begin(one.branch, number, len(twin.branched.twins))
        parts.append(_scored(one, report, stop))
    shown = next(one for one in parts if one.branch == twin.branch)
    return dataclasses.replace(shown, branched=dataclasses.replace(twin.branched, twins=tuple(parts)))


def _scored(twin: Twin, report: Reporter, stop: threading.Event | None) -> Twin:
    """A twin of one branch with the baselines' rows in its score."""
    judged = subsampled(twin.scan)
    data = prepare(judged, twin.settings.training_budget.folds)
    table = scans.points(judged)
    used = ~table.masked
    _, first = np.unique(table.sweep[used], return_index=True)
    folds = data.groups.point_fold[first]
    wanted = [name for name in BASELINES if name not in twin.score.methods] if data.axes > 1 else []
    predictions: dict[str, np.ndarray] = {}
    left_out: list[str] = []
    # One thread a matrix product: these are small, and threads that wait for each other cost more than they bring.
    with threadpool_limits(1):
        for number, name in enumerate(wanted):
            report(f"scoring baselines, {number + 1} of {len(wanted)}", number / len(wanted))
            try:
                found = interruptibly(lambda name=name: score_baselines(judged, folds, names=[name], stop=stop), stop)
            except Cancelled:
                left_out = wanted[number:]
                break
            predictions |= {name: prediction[used] for name, prediction in found.items()}
    score = twin.score
    if predictions:
        score = score.joined(score_predictions(predictions, data.values, data.groups, score.unit, data.spikes))
    notes = tuple(note for note in twin.notes if not note.startswith(_LEFT_OUT))
    if left_out:
        notes += (f"{_LEFT_OUT}{', '.join(left_out)}.",)
    return dataclasses.replace(twin, score=score, notes=notes)
