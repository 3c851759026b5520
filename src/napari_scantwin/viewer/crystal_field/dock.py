"""The dock Crystal field: tabs Data, Ion and Answer, and their plots in a dock under the canvas."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_scantwin.crystal_field.pictures import Modelled, modelled
from napari_scantwin.viewer.crystal_field.answer_tab import AnswerTab
from napari_scantwin.viewer.crystal_field.apart_view import ApartView
from napari_scantwin.viewer.crystal_field.data_tab import DataTab
from napari_scantwin.viewer.crystal_field.ion_tab import IonTab
from napari_scantwin.viewer.crystal_field.plots import CurvesView, LevelsView, StatesView
from napari_scantwin.viewer.crystal_field.state import CrystalFieldState
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.own_dock import OwnDock
from napari_scantwin.viewer.kit.page import Page
from napari_scantwin.viewer.kit.undo import Undo
from napari_scantwin.viewer.plots_dock import PlotsDock

__all__ = ["CrystalFieldDock"]

#: The height of the dock of plots, in pixels, to begin with: there is no map here that needs the room.
_PLOTS = 380
_GREY = "#9a9a9a"


class CrystalFieldDock(OwnDock):
    """Curves to an ion's levels. Its parts are ``data``, ``ion`` and ``answer``; what they share is ``state``."""

    def __init__(self, napari_viewer):
        super().__init__(napari_viewer)
        viewer = self._viewer
        self.undo = Undo(self)
        self.state = CrystalFieldState(self.undo, self)
        self.data = DataTab(viewer, self.state)
        self.ion = IonTab(self.state)
        self.answer = AnswerTab(viewer, self.state)
        self.tabs = QTabWidget()
        for widget, title in ((self.data, "Data"), (self.ion, "Ion"), (self.answer, "Answer")):
            self.tabs.addTab(Page(widget), title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self.reason)
        layout.addWidget(self.tabs)
        self.curves, self.levels = CurvesView(), LevelsView()
        self.states, self.apart = StatesView(), ApartView()
        self.side = QTabWidget()
        for widget, title in ((self.levels, "Levels"), (self.states, "States"), (self.apart, "Tell apart")):
            self.side.addTab(widget, title)
        self.plots = PlotsDock()
        self.plots.add(self, beside(self.curves, self.side), "Crystal field")
        self.plots.show_of(self)
        self._by_hand = None
        self.state.prepared.connect(lambda *found: self.draw())
        self.state.unprepared.connect(lambda reason: self.draw())
        self.state.answered.connect(self._answered)
        self.state.chosen.connect(self.draw)
        self.state.foretold.connect(self.draw)
        self.ion.by_hand.connect(self._moved_by_hand)
        self.answer.unit.currentIndexChanged.connect(self.draw)
        self.answer.apart.connect(self._show_apart)
        self.tabs.currentChanged.connect(self.draw)
        self.undo.listen(self, self.plots)
        self.put_plots(self.plots, "Crystal field plots", _PLOTS)
        if self._window is not None:  # the dock at the right keeps the window's whole height
            self._window.setCorner(Qt.BottomRightCorner, Qt.RightDockWidgetArea)
        self.draw()

    # the plots

    def show_tab(self, widget: QWidget) -> None:
        """Bring one of the parts to the front."""
        for number in range(self.tabs.count()):
            if self.tabs.widget(number).widget() is widget:
                self.tabs.setCurrentIndex(number)

    @property
    def _tab(self) -> QWidget:
        return self.tabs.currentWidget().widget()

    def _answered(self) -> None:
        self.show_tab(self.answer)
        self.apart.show_ranking([])
        self.draw()

    def _moved_by_hand(self, made) -> None:
        self._by_hand = made
        self.draw()

    def _show_apart(self, found) -> None:
        self.apart.show_ranking(found)
        self.side.setCurrentWidget(self.apart)

    def draw(self, *changed) -> None:
        """Draw the curves with what is looked at over them, and the levels beside."""
        unit = self.answer.unit.currentText()
        known = self._known()
        bands = () if self.state.draws is None else self.state.draws[0]
        if self._by_hand is not None and self._tab is self.ion:
            found, values = self._by_hand
            curves = [] if self.state.ready is None else list(self.state.ready.curves)
            self.curves.show_curves(curves, [Modelled(values)] if len(values) == len(curves) else [], bands)
            self.levels.show_levels([found], unit, known)
            self.states.show_solution(found, unit)
            return
        answer = self.state.answer
        if self._tab is self.answer and answer is not None and self.state.solved is not None:
            curves = list(self.state.solved[1].curves)
            models = [
                Modelled(modelled(one, curves), "dashed", _GREY)
                for number, one in enumerate(answer.solutions[:6])
                if number != self.state.selected
            ]
            if self.state.solution is not None:
                models.append(Modelled(modelled(self.state.solution, curves)))
            self.curves.show_curves(curves, models, bands)
        else:
            self.curves.show_curves([] if self.state.ready is None else list(self.state.ready.curves), bands=bands)
        solutions = () if answer is None else answer.solutions
        self.levels.show_levels(solutions, unit, known, self.state.selected)
        self.states.show_solution(self.state.solution, unit)

    def _known(self) -> list[float]:
        ready = self.state.ready
        curves = [] if ready is None else ready.curves
        return [float(energy) for one in curves if one.kind == "levels" for energy in one.value]

    # the window

    @property
    def busy(self) -> bool:
        """Whether a search or a simulation is under way."""
        return any(job.running for job in self._jobs)

    @property
    def _jobs(self):
        return (self.state.job, self.state.network_job, self.data.job, self.answer.job, self.answer.simulate.job)

    def sizeHint(self) -> QSize:
        return QSize(400, 640)

    def minimumSizeHint(self) -> QSize:
        return QSize(max(350, self.layout().minimumSize().width()), 200)

    def end(self) -> None:
        """Stop everything that runs and drop its results."""
        for job in self._jobs:
            if job.running:
                job.abandon()
        self.state.shut()
        self.ion.shut()
        self.plots.shut()
