"""Trying interpolators: what each predicts of sweeps it has not seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.interpolators.protocol import FittedInterpolator, Folds, Interpolator
from napari_scantwin.networks.backend import cores
from napari_scantwin.twin.data import Data
from napari_scantwin.twin.stream import Stream
from napari_scantwin.twin.validation.stacking import HeldOut

__all__ = ["Trials"]

#: The training error shown while training is taken on at most this many points.
_WATCHED = 1000


@dataclass
class Trials:
    """The interpolators tried so far, their held-out predictions, and the stacked prediction's errors as they joined.

    ``finished`` holds, by number, those that are fitted to the whole scan already. ``history`` rows are step,
    training error and held-out error in the value's unit; ``notes`` say what a user should know.

    Parameters
    ----------
    data
        The training points.
    stream
        Draws from the whole scan.
    seed
        Fixes every random choice.
    members
        The size of an ensemble.
    stop
        Ends the trials when it is set; None for never.
    """

    data: Data
    stream: Stream
    seed: int
    members: int
    stop: threading.Event | None

    def __post_init__(self):
        groups = self.data.groups
        self.tried: list[Interpolator] = []
        self.finished: dict[int, FittedInterpolator] = {}
        self.notes: list[str] = []
        self.history: list[tuple[float, float, float]] = []
        self.step = 0
        self.held_out = HeldOut(self.data.targets, groups.group, self.data.inner, self.data.sample_weight)
        self._alone = [groups.fold != fold for fold in range(groups.folds)]
        outside = np.flatnonzero(groups.point_fold != 0)
        self._watched = outside[:: max(1, len(outside) // _WATCHED)]
        self._seen: list[np.ndarray] = []

    def run(self, interpolators: list[Interpolator], deadline: Callable[[], float | None], report) -> None:
        """Try interpolators in turn.

        Parameters
        ----------
        interpolators
            Those to try.
        deadline
            Gives the seconds left, None for no limit; once none are left and something was learned, the trials end.
        report
            Called with (fraction, step, train_error, held_out_error) as they go on.

        Raises
        ------
        Cancelled
            Where ``stop`` is set before anything was learned.
        """
        total = sum(interpolator.cost for interpolator in interpolators)
        spent = 0
        for interpolator in interpolators:
            left = deadline()
            if left is not None and left <= 0 and self._learned:
                break
            share = (spent / total, interpolator.cost / total)
            try:
                self._try(interpolator, left, share, report)
            except Cancelled:
                if not self._learned:
                    raise
                break
            spent += interpolator.cost
            # The choice takes longer than a cheap interpolator does.
            if self._learned and interpolator.cost > 1:
                self._note(report, spent / total)
            if self.stop is not None and self.stop.is_set():
                if not self._learned:
                    raise Cancelled
                break
        if not self.history:
            self._note(report, spent / total)

    def attempt(self, interpolator, left: float | None, report: Callable[[float], None]) -> None:
        """Try one more interpolator.

        Parameters
        ----------
        interpolator
            The one to try.
        left
            Seconds it may take, where it can end early; None for no limit.
        report
            Called with the fraction done.
        """
        self._try(interpolator, left, (0.0, 1.0), lambda fraction, *_: report(fraction))

    def error(self, number: int) -> float:
        """Root mean square held-out error of one interpolator tried, in spreads of the values, on inner sweeps."""
        return float(np.sqrt(np.mean(self.held_out.errors()[:, number] ** 2)))

    def take(self, other: Trials, number: int) -> None:
        """Count an interpolator that was tried elsewhere as tried here.

        Parameters
        ----------
        other
            Trials of the same scan.
        number
            The interpolator's number there.
        """
        if number in other.finished:
            self.finished[len(self.tried)] = other.finished[number]
        self._seen.append(other._seen[number])
        self.tried.append(other.tried[number])
        held_out = other.held_out
        self.held_out.add(held_out.alone[number], held_out.own[number], held_out.family[number])

    def weights(self, available: np.ndarray | None = None) -> np.ndarray:
        """Weights of the interpolators tried.

        Parameters
        ----------
        available
            Which may have weight, bool [interpolators]; all by default.
        """
        return self.held_out.weights(available)

    def compile_for(self, interpolator: Interpolator) -> None:
        """Compile what trying an interpolator will run."""
        interpolator.compile_for(self.data, self._folds(None, lambda *_: None))

    def _folds(self, left: float | None, tell) -> Folds:
        return Folds(self._alone, self.members, self.seed, self.stop, cores(), self.stream, left, tell)

    @property
    def _learned(self) -> bool:
        return any(interpolator.learns for interpolator in self.tried)

    def _try(self, interpolator: Interpolator, left, share, report) -> None:
        data, point_fold = self.data, self.data.groups.point_fold

        def tell(done, total, train_error, held_out_error):
            if train_error is not None:
                self.history.append((self.step + done, train_error, held_out_error))
            report(share[0] + share[1] * done / total, self.step + done, train_error, held_out_error)

        found = interpolator.fit_folds(data, self._folds(left, tell))
        if found.whole is not None:
            self.finished[len(self.tried)] = found.whole
        self.notes += found.notes
        self.step += found.steps
        alone, own = np.empty(len(data.targets)), np.empty(len(data.targets))
        for fold, fit in enumerate(found.fits):
            outputs = fit.outputs(data.coordinates[point_fold == fold])
            alone[point_fold == fold], own[point_fold == fold] = outputs.mean(axis=0), outputs.var(axis=0)
        self._seen.append(found.fits[0].outputs(data.coordinates[self._watched]).mean(axis=0))
        self.tried.append(interpolator)
        self.held_out.add(alone, own, interpolator.family)

    def _note(self, report, fraction: float) -> None:
        """Report the errors of the stacked prediction so far."""
        weights = self.weights()
        used = weights > 0
        held_out = self.held_out.errors()[:, used] @ weights[used]
        seen = np.stack(self._seen, axis=1)[:, used] @ weights[used] - self.data.targets[self._watched]
        errors = [self.data.spread * float(np.sqrt(np.mean(part**2))) for part in (seen, held_out)]
        self.history.append((self.step, *errors))
        report(fraction, self.step, *errors)
