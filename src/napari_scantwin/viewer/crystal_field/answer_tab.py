"""The tab Answer: the solutions, the parameters of the one that is looked at, what was pulled, what would help;
exports."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.crystal_field import export
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.report import (
    CONVENTIONS,
    ENERGY_UNITS,
    compact,
    conventions_for,
    in_energy_unit,
    levels_of,
    parameters_in,
    plain_states,
    pulled,
    state_text,
)
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.operations.findings import COLORS
from napari_scantwin.viewer.crystal_field.messages import Messages
from napari_scantwin.viewer.crystal_field.simulate_box import SimulateBox
from napari_scantwin.viewer.crystal_field.state import CrystalFieldState
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_path, file_name
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.kit.tables import NumberTable, fill

__all__ = ["AnswerTab"]

_NOTHING = "No parameters were found yet: open curves in Data, choose ion and site in Ion, and press Find parameters."


class AnswerTab(QWidget):
    """Solutions out; ``apart(ranking)`` when it was worked out which measurement would tell them apart."""

    apart = Signal(object)

    def __init__(self, viewer, state: CrystalFieldState, parent=None):
        super().__init__(parent)
        self.state = state
        self.solutions = NumberTable(84)
        self.solutions.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.solutions.setSelectionMode(QAbstractItemView.SingleSelection)
        self.solutions.itemSelectionChanged.connect(self._chosen)
        self.convention, self.unit = Combo(), Combo()
        self.convention.setToolTip("The convention in which parameters are written")
        self.unit.addItems(list(ENERGY_UNITS))
        self.unit.setCurrentText("meV")
        self.convention.currentIndexChanged.connect(self._show_parameters)
        self.unit.currentIndexChanged.connect(self.refresh)
        self.parameters, self.levels = NumberTable(90), NumberTable(80)
        self.levels.setWordWrap(False)
        self.messages = Messages()
        self.apart_button = QPushButton("What would tell them apart?")
        self.apart_button.setToolTip("Which measurement would separate these solutions best")
        self.apart_button.clicked.connect(self._ask_apart)
        self.export_button = QPushButton("Export…")
        self.export_button.setMenu(self._export_menu())
        self.simulate = SimulateBox(viewer, state)
        self.more = Folding("Simulate the solution as a scan")
        self.more.addWidget(self.simulate)
        self.job = Job(self)
        self.job.done.connect(self._found_apart)
        self.job.failed.connect(lambda reason: self.reason.say(reason))
        self.job.ended.connect(lambda: self.apart_button.setText("What would tell them apart?"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self.solutions, 2)
        head = QHBoxLayout()
        head.addWidget(self.convention, 1)
        head.addWidget(self.unit)
        layout.addLayout(head)
        layout.addWidget(self.parameters, 3)
        layout.addWidget(self.levels, 2)
        row = QHBoxLayout()
        row.addWidget(self.apart_button, 1)
        row.addWidget(self.export_button)
        layout.addLayout(row)
        self.reason = Reason()
        layout.addWidget(self.reason)
        layout.addWidget(self.more)
        layout.addWidget(self.messages, 2)
        state.answered.connect(self.refresh)
        state.chosen.connect(self._show_chosen)
        self.refresh()

    # what is shown

    def refresh(self, *changed) -> None:
        """Show the answer as it is."""
        answer = self.state.answer
        found = () if answer is None else answer.solutions
        for part in (self.convention, self.apart_button, self.export_button, self.more):
            part.setEnabled(bool(found))
        self.apart_button.setEnabled(len(found) > 1)
        unit = self.unit.currentText()
        rows = [
            [
                str(number),
                f"{100 * one.probability:.3g} %",
                f"{one.chi2_per_point:.3g}",
                ", ".join(f"{float(in_energy_unit(energy, unit)):.3g}" for energy in one.levels[1:5])
                + (" …" if len(one.levels) > 5 else ""),
            ]
            for number, one in enumerate(found, 1)
        ]
        self.solutions.blockSignals(True)
        colors = [COLORS[number % (len(COLORS) - 1)] for number in range(len(found))]
        fill(self.solutions, ["", "probable", "χ²/n", f"levels ({unit})"], rows, colors)
        if found:
            self.solutions.selectRow(self.state.selected)
        self.solutions.blockSignals(False)
        self._list_conventions()
        self._show_chosen()

    def _chosen(self) -> None:
        rows = self.solutions.selectionModel().selectedRows()
        if rows:
            self.state.choose(rows[0].row())

    def _list_conventions(self) -> None:
        one = self.state.solution
        if one is None:
            self.convention.clear()
            return
        known = conventions_for(ion_of(one.ion), site_of(one.site))
        if [self.convention.itemData(k) for k in range(self.convention.count())] != list(known):
            before = self.convention.currentData()
            self.convention.blockSignals(True)
            self.convention.clear()
            for name in known:
                self.convention.addItem(CONVENTIONS[name], name)
            self.convention.setCurrentIndex(max(self.convention.findData(before), 0))
            self.convention.blockSignals(False)

    def _show_chosen(self) -> None:
        rows = [index.row() for index in self.solutions.selectionModel().selectedRows()]
        if self.state.solution is not None and rows != [self.state.selected]:
            self.solutions.blockSignals(True)
            self.solutions.selectRow(self.state.selected)
            self.solutions.blockSignals(False)
        self._show_parameters()
        self._show_levels()
        self._show_messages()

    def _show_parameters(self, *index) -> None:
        one = self.state.solution
        if one is None or self.convention.currentData() is None:
            self.parameters.setRowCount(0)
            return
        unit = self.unit.currentText()
        given = [(name, value) for name, value in parameters_in(one, self.convention.currentData(), unit)]
        given += [(each.name, Quantity(each.value, each.error, each.unit)) for each in one.nuisances]
        rows = [[f"{name} ({value.unit})" if value.unit else name, compact(value)] for name, value in given]
        fill(self.parameters, ["parameter", "value"], rows)

    def _show_levels(self) -> None:
        one, unit = self.state.solution, self.unit.currentText()
        if one is None:
            self.levels.setRowCount(0)
            return
        states = plain_states(one)
        rows = []
        for level in levels_of(one):
            factor = float(in_energy_unit(1.0, unit))
            energy = compact(Quantity(level.energy * factor, level.error * factor, ""))
            rows.append([energy, str(level.degeneracy), state_text(states[:, level.states[0]], 0.3)])
        fill(self.levels, [f"level ({unit})", "states", "one of them"], rows)
        for row, level in enumerate(levels_of(one)):
            self.levels.item(row, 2).setToolTip(state_text(states[:, level.states[0]]))
            self.levels.item(row, 2).setTextAlignment(Qt.AlignVCenter | Qt.AlignLeft)

    def _show_messages(self) -> None:
        answer, one = self.state.answer, self.state.solution
        if answer is None:
            self.messages.show_sentences([_NOTHING])
            return
        # What was pulled is said of the solution that is looked at, not of the best alone.
        names = [] if one is None else [each.name for each in one.nuisances]
        said = [f"⚠ {each}" for each in answer.warnings if not any(each.startswith(f"{name} is ") for name in names)]
        if one is not None:
            said += [f"⚠ {sentence}" for sentence in pulled(one.nuisances)]
            if one.g_factors is not None:
                said.append("g factors of the ground doublet: " + ", ".join(f"{g:.3g}" for g in one.g_factors))
            said += [f"Fits exactly as well: {words}" for words in one.equivalent]
        said += [f"➤ {sentence}" for sentence in answer.hints]
        if answer.rejected:
            said.append(f"{answer.rejected} further minima fit too badly to be listed.")
        self.messages.show_sentences(said or ["Nothing is doubtful."])

    # which measurement

    def _ask_apart(self) -> None:
        answer = self.state.answer
        if answer is None:
            return

        def work(report, stop):
            from napari_scantwin.crystal_field.distinction import which_measurement

            return which_measurement(answer.solutions, on_progress=report, stop=stop)

        if self.job.start(work):
            self.apart_button.setText("Working …")

    def _found_apart(self, found) -> None:
        self.apart.emit(found)

    # export

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        for ending, words in export.EXPORTS.items():
            menu.addAction(words, lambda ending=ending: self._ask_export(ending))
        menu.addSeparator()
        menu.addAction("Problem, to be opened again", self._ask_save)
        return menu

    def _ask_export(self, ending: str) -> None:
        problem, prepared = self.state.solved
        one = self.state.solution
        name = file_name(one.ion, one.site, "" if ending.startswith(".") else ending)
        name = f"{file_name(one.ion, one.site)}{ending}" if ending.startswith(".") else name
        path, _ = ask_path(self, "Export", name, f"{export.EXPORTS[ending]} (*{'.' + ending.rsplit('.', 1)[1]})")
        if path is None:
            return
        try:
            export.write(
                path,
                self.state.answer,
                problem=problem,
                curves=prepared.curves,
                number=self.state.selected,
                what=ending,
            )
        except ScanError as reason:
            self.reason.say(reason)
        else:
            self.reason.clear()

    def _ask_save(self) -> None:
        path, _ = ask_path(self, "Save problem", "crystal_field.json", "Problem (*.json)")
        if path is not None:
            try:
                self.state.inputs.problem().save(path)
            except ScanError as reason:
                self.reason.say(reason)
            else:
                self.reason.clear()
