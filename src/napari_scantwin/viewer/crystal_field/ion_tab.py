"""The tab Ion: which ion at which site, what is known beforehand, and the button that finds the parameters."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field import conventions
from napari_scantwin.crystal_field.ions import IONS
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.measured.settings import energies_in
from napari_scantwin.crystal_field.report import ENERGY_UNITS
from napari_scantwin.crystal_field.sites import SITES
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.viewer.crystal_field.by_hand import ByHand
from napari_scantwin.viewer.crystal_field.messages import Messages
from napari_scantwin.viewer.crystal_field.state import CrystalFieldState
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.latest_job import LatestJob
from napari_scantwin.viewer.kit.numbers import NumberLine
from napari_scantwin.viewer.kit.reasons import Reason

__all__ = ["IonTab"]


class IonTab(QWidget):
    """Ion, site, known levels, the search, and sliders; ``by_hand(models or None)`` with what the sliders give at the
    curves."""

    by_hand = Signal(object)

    def __init__(self, state: CrystalFieldState, parent=None):
        super().__init__(parent)
        self.state = state
        self.ion, self.site, self.levels = Combo(), Combo(), NumberLine()
        for one in IONS.values():
            self.ion.addItem(f"{one.name}   J = {_fraction(one.J)}, g_J = {one.g_J}", one.name)
        for name in SITES:
            one = site_of(name)
            self.site.addItem(f"{name}   {one.words}", name)
        self.ion.activated.connect(lambda: self.state.put(ion=self.ion.currentData()))
        self.site.activated.connect(lambda: self.state.put(site=self.site.currentData()))
        self.levels.setPlaceholderText("0.92, 3.5 meV; may be empty")
        self.levels.setToolTip("Energies of excited levels, from neutron or Raman scattering, with their unit")
        self.levels.editingFinished.connect(self._put_levels)
        self.about = QLabel("")
        self.about.setWordWrap(True)
        self.about.setStyleSheet("font-size: 8pt")
        self.find_button = QPushButton("Find parameters")
        self.find_button.setMinimumHeight(30)
        self.find_button.clicked.connect(self.toggle)
        self.predict_button = QPushButton("Predict")
        self.predict_button.setToolTip(
            "What a network that has learned from simulated curves makes of these: a grey band, and starts for the "
            "search. "
            "It learns once, in minutes, and serves a series of samples measured alike"
        )
        self.predict_button.clicked.connect(self.toggle_network)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.hide()
        self.sliders = ByHand()
        self.hand = Folding("Compare by hand")
        self.hand.addWidget(self.sliders)
        self.hand.toggled.connect(self._toggled)
        self.messages = Messages()
        self.messages.limit_wanted.connect(state.limit)
        form = QFormLayout()
        form.setVerticalSpacing(4)
        form.addRow("Ion", self.ion)
        form.addRow("Site", self.site)
        form.addRow("Known levels", self.levels)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(5)
        layout.addLayout(form)
        layout.addWidget(self.about)
        row = QHBoxLayout()
        row.addWidget(self.find_button, 2)
        row.addWidget(self.predict_button, 1)
        layout.addLayout(row)
        layout.addWidget(self.progress)
        self.reason = Reason(lambda: {"levels": ("Known levels", self.levels)})
        layout.addWidget(self.reason)
        layout.addWidget(self.hand)
        layout.addWidget(self.messages, 1)
        self._live = LatestJob(self)
        self._live.found.connect(self._worked_out)
        self._live.failed.connect(lambda reason: self.reason.say(reason))
        self.sliders.moved.connect(self._moved)
        self.sliders.from_solution.clicked.connect(self._from_solution)
        state.changed.connect(self.refresh)
        state.prepared.connect(self._prepared)
        state.unprepared.connect(self.messages.show_refused)
        state.job.progressed.connect(lambda share: self.progress.setValue(round(1000 * share)))
        state.job.failed.connect(self._failed)
        state.job.cancelled.connect(lambda: self.messages.show_refused("Cancelled; the answer is as it was."))
        state.job.ended.connect(self._ended)
        state.network_job.progressed.connect(lambda share: self.progress.setValue(round(1000 * share)))
        state.network_job.failed.connect(self._failed)
        state.network_job.cancelled.connect(lambda: self.messages.show_refused("Cancelled; nothing was learned."))
        state.network_job.ended.connect(self._network_ended)
        self.refresh()

    def refresh(self) -> None:
        """Show ion, site and levels as they are now."""
        inputs = self.state.inputs
        for combo, value in ((self.ion, inputs.ion), (self.site, inputs.site)):
            combo.setCurrentIndex(max(combo.findData(value), 0))
        shown = f"{', '.join(f'{one:.6g}' for one in inputs.levels)} {inputs.levels_unit}" if inputs.levels else ""
        self.levels.show_held(shown, shown)
        ion = ion_of(inputs.ion)
        site = site_of(inputs.site).for_J(ion.J)
        count = len(site.parameters)
        self.about.setText(
            f"{count} parameter{'s' if count != 1 else ''}: {', '.join(site.parameters)}. {_sentence(site.axes)} "
            f"{ion.name}: {ion.size} states, effective moment {ion.effective_moment:.3g} µB, saturation "
            f"{ion.saturation_moment:.3g} µB."
        )
        self.sliders.show_parameters(site.parameters, conventions.walter_sizes(ion, site))
        if self.hand.isExpanded():
            self._moved()

    def _put_levels(self) -> None:
        if self.levels.held is not None:
            return
        try:
            energies, unit = energies_in(self.levels.text())
        except ScanError as reason:
            self.reason.say(reason, "levels")
            return
        self.reason.clear()
        self.state.put(levels=energies, levels_unit=unit)

    # the search

    def toggle(self) -> None:
        """Find parameters, or stop a search that runs."""
        if self.state.job.running:
            self.state.job.stop()
            self.find_button.setText("Stopping…")
        elif self._begun(self.state.find):
            self.find_button.setText("Cancel")
            self.progress.setValue(0)
            self.progress.show()

    def toggle_network(self) -> None:
        """Have the network predict, training it where it has to be, or stop that."""
        if self.state.network_job.running:
            self.state.network_job.stop()
            self.predict_button.setText("Stopping…")
        elif self._begun(self.state.predict):
            self.predict_button.setText("Cancel")
            self.progress.setValue(0)
            self.progress.show()

    def _begun(self, start: Callable[[], bool]) -> bool:
        self.reason.clear()
        return start()

    def _network_ended(self) -> None:
        self.predict_button.setText("Predict")
        self.progress.setVisible(self.state.job.running)

    def _ended(self) -> None:
        self.find_button.setText("Find parameters")
        self.progress.setVisible(self.state.network_job.running)

    def _failed(self, reason) -> None:
        self.reason.say(reason)

    # by hand

    def _prepared(self, prepared, advice) -> None:
        self.messages.show_prepared(prepared, advice)
        if self.hand.isExpanded():
            self._moved()

    def _toggled(self, on: bool) -> None:
        if on:
            if not self.sliders.values.any() and self.state.solution is not None:
                self._from_solution()
            QTimer.singleShot(0, self._moved)
        else:
            self._live.forget()
            self.by_hand.emit(None)

    def _from_solution(self) -> None:
        found = self.state.solution
        if found is not None and tuple(found.parameters) == self.sliders.names:
            self.sliders.set_values(found.values)

    def _moved(self, *values) -> None:
        """Work out what the sliders give, in a thread: the newest position only."""
        inputs, ready, given = self.state.inputs, self.state.ready, self.sliders.values
        names = self.sliders.names

        def work():
            from napari_scantwin.crystal_field.given import predicted, solution_of

            ion = ion_of(inputs.ion)
            site = site_of(inputs.site).for_J(ion.J)
            found = solution_of(ion, site, dict(zip(names, given, strict=True)))
            curves = [one.trimmed() for one in ready.curves] if ready is not None else []
            return found, [None if one is None else predicted(ion, site, given, one) for one in curves]

        self._live.ask(work)

    def _worked_out(self, made) -> None:
        found, values = made
        if not self.hand.isExpanded():
            return
        energies = [
            f"{one / ENERGY_UNITS['meV']:.3g} ({size})"
            for one, size in zip(found.levels, found.degeneracies, strict=True)
        ]
        self.sliders.levels.setText(f"Levels (meV; how many states): {', '.join(energies)}")
        self.by_hand.emit((found, values))

    def shut(self) -> None:
        """Drop what is under way."""
        self._live.forget()


def _fraction(J: float) -> str:
    return f"{round(2 * J)}/2" if round(2 * J) % 2 else f"{J:g}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}." if words else ""
