"""What the dock is about: curves and what was said of them, lattice, ion, site; and what was worked out of it, in
threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field.measured.advice import Advice
from napari_scantwin.crystal_field.measured.data import MeasuredCurve
from napari_scantwin.crystal_field.measured.problem import LatticeChoice, Prepared, Problem, UsedCurve, with_levels
from napari_scantwin.viewer.kit.jobs import Job, in_a_sentence, keep
from napari_scantwin.viewer.kit.latest_job import LatestJob
from napari_scantwin.viewer.kit.reasons import in_words

__all__ = ["CrystalFieldState", "Inputs"]

#: So long (ms) nothing may be typed before curves are worked out again.
_REST = 200


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that people put in.

    Parameters
    ----------
    curves
        The curves, with what was said of each.
    lattice
        "none", "model", or the title of the analogue's curve.
    factor
        Of the analogue's temperatures; None takes it from the masses.
    ion, site
        Names.
    levels, levels_unit
        Known energies of excited levels.
    """

    curves: tuple[UsedCurve, ...] = ()
    lattice: str = "none"
    factor: float | None = None
    ion: str = "Er3+"
    site: str = "Oh"
    levels: tuple[float, ...] = ()
    levels_unit: str = "meV"

    @property
    def analogue(self) -> MeasuredCurve | None:
        """The lattice's curve, or None."""
        return next((one.measured for one in self.curves if one.measured.title == self.lattice), None)

    def problem(self) -> Problem:
        """The problem that these state."""
        if self.lattice == "model":
            choice = LatticeChoice("model")
        elif self.analogue is not None:
            choice = LatticeChoice("analogue", self.analogue, self.factor)
        else:
            choice = LatticeChoice("none")
        problem = Problem(self.curves, self.ion, self.site, choice)
        return with_levels(problem, self.levels, self.levels_unit) if self.levels else problem


class CrystalFieldState(QObject):
    """The dock's inputs and results.

    ``changed`` when anything was put in; ``prepared(Prepared, Advice)`` or ``unprepared(sentence)`` some time later;
    ``answered`` when solutions were found or dropped, ``chosen`` when another solution is looked at, ``foretold`` when
    the network's draws are there, or dropped because the curves changed.
    """

    changed = Signal()
    prepared = Signal(object, object)
    unprepared = Signal(str)
    answered = Signal()
    chosen = Signal()
    foretold = Signal()

    def __init__(self, undo, parent=None):
        super().__init__(parent)
        self.inputs = Inputs()
        self.undo = undo
        self.ready: Prepared | None = None
        self.advice = Advice()
        self.answer = None
        self.solved: tuple[Problem, Prepared] | None = None
        self.selected = 0
        self.job = Job(self)
        self.job.done.connect(self._found)
        self.network_job = Job(self)
        self.network_job.done.connect(self._foretold)
        self.draws: tuple | None = None
        self._preparing = LatestJob(self)
        self._preparing.found.connect(self._was_prepared)
        self._preparing.failed.connect(self._was_not)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(self.prepare)

    # what is put in

    def put(self, **changes) -> None:
        """Change inputs; can be taken back."""
        before, after = self.inputs, replace(self.inputs, **changes)

        def take(one: Inputs) -> None:
            self.inputs = one
            self.draws = None  # they were those of other curves
            self.changed.emit()
            self.foretold.emit()
            self._timer.start()

        self.undo.did(lambda: take(before), lambda: take(after))
        take(after)

    def add(self, curves: Sequence[UsedCurve]) -> None:
        """Add curves; an La, Lu or Y compound among them becomes the lattice, and a rare earth in a formula the ion."""
        from napari_scantwin.crystal_field.ions import IONS

        known = {one.measured.title for one in self.inputs.curves}
        new = [one for one in curves if one.measured.title not in known]
        changes: dict = {"curves": (*self.inputs.curves, *new)}
        analogue = next((one.measured for one in new if one.measured.is_lattice), None)
        if analogue is not None and self.inputs.lattice == "none":
            changes["lattice"] = analogue.title
        formulas = [one.measured.formula for one in new if one.measured.formula is not None]
        element = next((one.rare_earth for one in formulas if one.rare_earth), None)
        if element and f"{element}3+" in IONS and not self.inputs.curves:
            changes["ion"] = f"{element}3+"
        self.put(**changes)

    def remove(self, places: Sequence[int]) -> None:
        """Remove curves by their places."""
        self.put(curves=tuple(one for place, one in enumerate(self.inputs.curves) if place not in places))

    def say(self, places: Sequence[int], change) -> None:
        """Replace some curves by ``change(curve)``."""
        curves = [change(one) if place in places else one for place, one in enumerate(self.inputs.curves)]
        self.put(curves=tuple(curves))

    def limit(self, place: int, temperature: float) -> None:
        """Use one of the prepared curves only above a temperature, as a warning proposes."""
        if self.ready is not None:
            wanted = self.ready.used[place]
            rows = [row for row, one in enumerate(self.inputs.curves) if one is wanted]
            self.say(rows, lambda one: replace(one, low=temperature))

    # what is worked out

    def prepare(self) -> None:
        """Work the curves out per ion, in a thread."""
        inputs = self.inputs
        if not any(one.use for one in inputs.curves) and not inputs.levels:
            self._preparing.forget()
            self.ready = None
            self.unprepared.emit("Open curves: C(T), χ(T), M(H) from files, or scans that are open.")
            return

        def work():
            problem = inputs.problem()
            made = problem.prepare()
            return inputs, made, problem.advice(made)

        self._preparing.ask(work)

    def _was_prepared(self, found) -> None:
        inputs, made, advice = found
        if inputs is not self.inputs:
            return
        self.ready, self.advice = made, advice
        self.prepared.emit(made, advice)

    def _was_not(self, reason) -> None:
        self.ready = None
        if not isinstance(reason, ScanError):  # which says what is missing so far, and is no slip
            keep(reason)
        self.unprepared.emit(in_words(in_a_sentence(reason), {}))

    def find(self) -> bool:
        """Find parameters, in a thread; False, with :class:`ScanError` said by who asks, where that cannot be."""
        inputs, draws = self.inputs, self.draws

        def work(report, stop):
            from napari_scantwin.crystal_field import find

            problem = inputs.problem()
            made = problem.prepare()
            starts = None if draws is None else draws[1]
            answer = find(
                made.curves, problem.ion, problem.site, extra_starts=starts, advice=problem.advice(made),
                on_progress=report, stop=stop,
            )  # fmt: skip
            return problem, made, answer

        return self.job.start(work)

    def predict(self) -> bool:
        """Ask the network for its draws, training it where there is none for such curves yet, in a thread."""
        inputs = self.inputs

        def work(report, stop):
            from napari_scantwin.crystal_field import posterior

            problem = inputs.problem()
            made = problem.prepare()
            network = posterior.train_posterior(made.curves, problem.ion, problem.site, on_progress=report, stop=stop)
            edges = zip(network.grids, network.band(made.curves), strict=True)
            bands = [(grid, np.asarray(low), np.asarray(high)) for grid, (low, high) in edges]
            return inputs, (bands, network.samples(made.curves))

        return self.network_job.start(work)

    def _foretold(self, found) -> None:
        inputs, draws = found
        if inputs is self.inputs:
            self.draws = draws
            self.foretold.emit()

    def _found(self, found) -> None:
        problem, made, answer = found
        self.solved, self.answer, self.selected = (problem, made), answer, 0
        self.answered.emit()

    def choose(self, number: int) -> None:
        """Look at another solution."""
        if self.answer is not None and 0 <= number < len(self.answer.solutions) and number != self.selected:
            self.selected = number
            self.chosen.emit()

    @property
    def solution(self):
        """The solution that is looked at, or None."""
        if self.answer is None or not self.answer.solutions:
            return None
        return self.answer.solutions[self.selected]

    def shut(self) -> None:
        """Stop all work."""
        self._timer.stop()
        self._preparing.forget()
        for job in (self.job, self.network_job):
            if job.running:
                job.abandon()
