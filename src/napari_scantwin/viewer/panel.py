"""The one dock widget: open, sweeps, train, explore, analyse, export; its plots stand in a dock under the canvas."""

from __future__ import annotations

import contextlib

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QMessageBox,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin.viewer.analyse.tab import AnalyseWidget
from napari_scantwin.viewer.canvas.napari_private import ask_before_closing, canvas_of, own_docks, unwrapped, window_of
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.canvas.view_switch import ViewSwitch
from napari_scantwin.viewer.chooser import Chooser
from napari_scantwin.viewer.cube.cube_widget import CubeWidget
from napari_scantwin.viewer.cuts.cuts_widget import CutsWidget
from napari_scantwin.viewer.export_widget import ExportWidget
from napari_scantwin.viewer.help_window import PAGES, HelpWindow
from napari_scantwin.viewer.kit.page import Page
from napari_scantwin.viewer.kit.path_bar import PathBar
from napari_scantwin.viewer.kit.reasons import StandingReason
from napari_scantwin.viewer.kit.tips import wrap_tips
from napari_scantwin.viewer.kit.undo import Undo
from napari_scantwin.viewer.open.open_widget import OpenWidget
from napari_scantwin.viewer.plots_dock import PlotsDock
from napari_scantwin.viewer.process.tab import ProcessWidget
from napari_scantwin.viewer.result_card import LEARNED, ResultCard
from napari_scantwin.viewer.scan_menu import ScanMenu
from napari_scantwin.viewer.session import ScanLayer, made_from
from napari_scantwin.viewer.shortcuts import CanvasKeys
from napari_scantwin.viewer.twin.readiness import Readiness
from napari_scantwin.viewer.twin.simulate_widget import SimulateWidget
from napari_scantwin.viewer.twin.spike_marks import SpikeMarks
from napari_scantwin.viewer.twin.sweeps_widget import SweepsWidget
from napari_scantwin.viewer.twin.train_widget import TrainWidget
from napari_scantwin.viewer.watch.watch import Watch

__all__ = ["Panel"]

#: In a window narrower than this the map needs the room that the panel can spare, which is then this wide (pixels).
_SMALL, _SPARING = 1100, 360
#: The height of the dock of plots, in pixels, to begin with.
_PLOTS = 220
#: The way through the panel, and the tabs of every step.
_STEPS = {
    "Open": ("Open",),
    "Sweeps": ("Sweeps",),
    "Train": ("Train",),
    "Explore": ("Simulate", "Cuts", "Cube"),
    "Analyse": ("Analyse", "Process"),
    "Export": ("Export",),
}


class Panel(QWidget):
    """The scan twin panel. Its parts are ``open``, ``sweeps``, ``train``, ``simulate``, ``cuts``,
    ``analyse``, ``cube`` and ``process``."""

    def __init__(self, napari_viewer):
        super().__init__()
        napari_viewer = unwrapped(napari_viewer)
        self._viewer = napari_viewer
        self.chooser = Chooser(napari_viewer)
        self.open = OpenWidget(napari_viewer)
        self.sweeps = SweepsWidget(napari_viewer, self.chooser)
        self.train = TrainWidget(napari_viewer, self.chooser)
        self.simulate = SimulateWidget(napari_viewer, self.chooser)
        self.cuts = CutsWidget(napari_viewer, self.chooser)
        self.analyse = AnalyseWidget(napari_viewer, self.chooser)
        self.cube = CubeWidget(napari_viewer, self.chooser)
        self.process = ProcessWidget(napari_viewer, self.chooser)
        self.menu = ScanMenu(self)
        self.export = ExportWidget(self.chooser, self.simulate.export_box)
        self.export.twin_wanted.connect(self.train.ask_save)
        self.export.session_wanted.connect(self.menu.ask_save)
        self.export.script_wanted.connect(self.menu.copy_python)
        self.export.batch_wanted.connect(self.menu.open_batch)
        self.plots = PlotsDock()
        self.tabs = QTabWidget()
        for widget, title in (
            (self.open, "Open"),
            (self.sweeps, "Sweeps"),
            (self.train, "Train"),
            (self.simulate, "Simulate"),
            (self.cuts, "Cuts"),
            (self.analyse, "Analyse"),
            (self.cube, "Cube"),
            (self.process, "Process"),
            (self.export, "Export"),
        ):
            self.tabs.addTab(Page(widget), title)
        layout = QVBoxLayout(self)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.chooser, 1)
        self.help_button = QToolButton()
        self.help_button.setText("?")
        self.help_button.setFixedSize(24, 24)
        self.help_button.setToolTip("The page about this tab (F1)")
        self.help_button.setShortcut("F1")
        self.help_button.clicked.connect(self.show_help)
        self.help: HelpWindow | None = None
        head.addWidget(self.help_button)
        head.addWidget(self.menu)
        layout.addLayout(head)
        self.watch = Watch(self)
        layout.addWidget(self.watch)
        #: What has no form of its own: the menu, watching, planes that cannot be read.
        self.reason = StandingReason()
        self.chooser.changed.connect(lambda layer: self.reason.clear())
        layout.addWidget(self.reason)
        self.path = PathBar(self.tabs, _STEPS, self._state)
        self.card = ResultCard(self.chooser)
        layout.addWidget(self.path)
        layout.addWidget(self.card)
        layout.addWidget(self.tabs, 1)
        self.overlay = attach(napari_viewer)
        self.switch = None
        if (canvas := canvas_of(napari_viewer)) is not None:
            self.switch = ViewSwitch(napari_viewer, canvas, lambda: self.chooser.layer)
            self.switch.beside.connect(self.simulate.beside_button.setChecked)
            self.simulate.beside_button.toggled.connect(self.switch.show_beside)
            self.chooser.changed.connect(lambda layer: self.switch.refresh())
        self.open.opened.connect(self._opened)
        self.chooser.changed.connect(self.open.describe)
        self.sweeps.changed.connect(self.cuts.redraw)
        self.sweeps.changed.connect(self.analyse.refresh)
        self.analyse.mapped.connect(self.cuts.redraw)
        self.card.learned_wanted.connect(self._ask_learned)
        self.analyse.shown.connect(self._tell_learned)
        self.train.trained.connect(self._trained)
        for choice in (self.simulate.branch, self.cuts.branch):
            choice.chosen.connect(self._branch_chosen)
        self.train.mend.masked.connect(self.sweeps.use)
        self.spike_marks = None if self.overlay is None else SpikeMarks(self.overlay, self.chooser)
        self.cube.line_wanted.connect(self._draw_line)
        self.cuts.planes.made.connect(self.chooser.choose)
        self.readiness = Readiness(self.train, self.chooser, self)
        self.undo = Undo(self)
        self.undo.listen(self, self.plots)
        self.cuts.undo = self.sweeps.undo = self.undo
        self._tips = QTimer(self)
        self._tips.setSingleShot(True)
        self._tips.timeout.connect(lambda: wrap_tips(self, self.plots))
        self.tabs.currentChanged.connect(lambda number: self._tips.start(0))
        self.analyse.stack.currentChanged.connect(lambda number: self._tips.start(0))
        self._tips.start(0)
        self.keys = None if canvas is None else CanvasKeys(napari_viewer, canvas, self.cuts, self.undo)
        self._exported: set = set()
        self._arranged = False
        self._follow_the_path()
        self._window = window_of(napari_viewer)
        self._plots_dock = None
        if self._window is not None:
            self._give_plots_room()
        if self._window is not None:
            self._window.installEventFilter(self)

    def _follow_the_path(self) -> None:
        """Tick steps and renew the card as things are done."""
        if self.overlay is not None:
            self.export.figure_wanted.connect(self.overlay.picture.ask_export)
        for signal in (
            self.chooser.changed,
            self.train.trained,
            self.train.scored,
            self.train.saved,
            self.menu.saved,
            self.simulate.simulated,
            self.simulate.export_job.ended,
            self.analyse.mapped,
            self.sweeps.changed,
            self.watch.renewed,
        ):
            signal.connect(lambda *told: self._renew())
        self.simulate.export_job.done.connect(lambda done: self._was_exported())
        self.train.saved.connect(lambda path: self._was_exported())
        self.menu.saved.connect(self._was_exported)

    def _renew(self) -> None:
        self.card.later()
        self.path.refresh()
        self.export.refresh()
        self._tips.start(0)

    def _was_exported(self) -> None:
        self._exported.add(id(self.chooser.layer))
        self.path.refresh()

    def _state(self) -> dict[str, tuple[bool, str]]:
        """Of every step whether it is done, and why it cannot be gone."""
        layer = self.chooser.layer
        shown, missing = ScanLayer(layer), "" if layer is not None else "Open a scan first"
        explored = bool(made_from(self._viewer, layer, "simulated")) or any(
            line.layer is layer for line in self.cuts.lines
        )
        found = any(one.result is not None for one in self.analyse.analyses.values())
        return {
            "Open": (layer is not None, ""),
            "Sweeps": (shown.twin is not None, missing),
            "Train": (shown.twin is not None, missing),
            "Explore": (layer is not None and explored, missing),
            "Analyse": (layer is not None and (found or shown.raw is not None), missing),
            "Export": (layer is not None and id(layer) in getattr(self, "_exported", ()), missing),
        }

    def _give_plots_room(self) -> None:
        """Put plots and tables in a dock under the canvas, and napari's own lists behind the panel: the map has the
        width."""
        for owner, page, title, filled in (
            (self.sweeps, self.sweeps.results, "Sweeps", lambda: True),
            (self.train, self.train.results, "Training", lambda: self.train.has_results),
            (self.cuts, self.cuts.results, "Cuts", lambda: self.cuts.shown),
            (self.analyse, self.analyse.give_results(), "Analysis", lambda: self.analyse.has_result),
            (self.cube, self.cube.results, "Profiles", lambda: self.cube.fits),
            (self.process, self.process.plots, "Fit", lambda: True),
        ):
            self.plots.add(owner, page, title, filled)
        self.plots.instead = (self.cuts, self.sweeps)
        self.simulate.plots = self.plots
        for signal in (
            self.chooser.changed,
            self.cuts.redrawn,
            self.train.began,
            self.train.job.ended,
            self.analyse.shown,
        ):
            signal.connect(lambda *told: self.plots.refresh())
        self._plots_dock = self._viewer.window.add_dock_widget(self.plots, name="Plots", area="bottom")
        self._window.resizeDocks([self._plots_dock], [_PLOTS], Qt.Vertical)
        self.tabs.currentChanged.connect(lambda number: self.plots.show_of(self.tabs.widget(number).widget()))
        self.plots.show_of(self.tabs.currentWidget().widget())

    def _ask_learned(self) -> None:
        """Show the analysis of what the chosen scan's twin has learned."""
        self.show_tab(self.analyse)
        with contextlib.suppress(KeyError):
            self.analyse.choose(LEARNED.title)

    def _tell_learned(self) -> None:
        """Say on the card what that analysis has found."""
        now = self.analyse.current
        if now is not None and now.analysis is LEARNED and now.result is not None and now.result.notes:
            self.card.tell_learned(now.twin, " ".join(now.result.notes[:2]))

    def _opened(self, layer) -> None:
        self.chooser.choose(layer)
        self.tabs.setCurrentIndex(2)

    def show_help(self) -> None:
        """Open the page about the tab that is in front."""
        if self.help is None:
            self.help = HelpWindow(self.window())
        self.help.show_page(PAGES[self.tabs.tabText(self.tabs.currentIndex())])
        self.help.show()
        self.help.raise_()

    def _draw_line(self) -> None:
        """Lay a line across the map, in the tab that keeps the lines."""
        if self.cuts.add_line():
            self.show_tab(self.cuts)

    def _trained(self, layer, twin) -> None:
        # One click from scan to map: the default grid is simulated at once.
        self.simulate.refresh(layer)
        if self.chooser.layer is layer:
            self.simulate.simulate(twin.default_grid())
        self.cuts.branch.refresh()
        self.cuts.redraw()
        self.sweeps.refresh(layer)  # which rings the spikes that the twin found
        self.analyse.refresh()

    def _branch_chosen(self, layer) -> None:
        """Another branch is to be shown: its map is simulated at once, as after a training."""
        self.train.refresh()
        self._trained(layer, ScanLayer(layer).twin)

    @property
    def viewer(self):
        """The viewer it is docked in."""
        return self._viewer

    def show_twin(self, layer) -> None:
        """Choose a layer that came with its twin, and draw the twin's map."""
        self.chooser.choose(layer)
        self.show_tab(self.simulate)
        self.simulate.simulate(ScanLayer(layer).twin.default_grid())

    def show_tab(self, widget) -> None:
        """Bring one of the parts to the front."""
        for number in range(self.tabs.count()):
            if self.tabs.widget(number).widget() is widget:
                self.tabs.setCurrentIndex(number)

    def minimumSizeHint(self) -> QSize:
        """As wide as the widest tab needs."""
        return QSize(max(330, self.layout().minimumSize().width()), 100)

    def sizeHint(self) -> QSize:
        """Narrow enough to leave the map most of a 1200 x 800 window."""
        return QSize(390, 640)

    @property
    def busy(self) -> bool:
        """Whether a training, simulation or export is under way."""
        return any(job.running for job in self._jobs)

    @property
    def _jobs(self):
        return (
            self.open.job,
            self.train.job,
            self.train.mend.job,
            self.simulate.job,
            self.simulate.export_job,
            self.cuts.planes.job,
            self.process.job,
            *self.analyse.jobs,
            *([] if self.menu.batch is None else [self.menu.batch.job]),
        )

    def may_close(self) -> bool:
        """Ask before work under way is thrown away; True where there is none or the user agrees."""
        if not self.busy:
            return True
        answer = QMessageBox.question(
            self,
            "Scan twin is working",
            "A training, simulation or export is under way. Stop it and close?",
            QMessageBox.Yes | QMessageBox.No,
            QMessageBox.No,
        )
        return answer == QMessageBox.Yes

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Close and watched is self._window and not self._shut_if_allowed():
            event.ignore()
            return True
        return False

    def shut(self) -> None:
        """Stop everything that runs and drop its results."""
        # Nobody is asked about the scoring of baselines: it is soon done again.
        for job in (*self._jobs, self.train.scoring.job):
            if job.running:
                job.abandon()
        self.menu.shut()
        self.readiness.shut()
        self.watch.shut()
        self.cuts.shut()
        self.cube.shut()
        if self.help is not None:
            self.help.close()
        self.simulate.shut()
        self.process.shut()
        if self.switch is not None:
            self.switch.shut()
        if self.keys is not None:
            self.keys.shut()
            self.keys = None
        self.put_lists(behind=False)
        if self._plots_dock is not None:
            self.plots.shut()
            with contextlib.suppress(Exception):  # the window is being closed, and its docks with it
                self._viewer.window.remove_dock_widget(self._plots_dock)
            self._plots_dock = None
        if self.spike_marks is not None:
            self.spike_marks.remove()
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None

    def event(self, event) -> bool:
        handled = super().event(event)
        dock = self.parent()
        docked = event.type() == QEvent.LayoutRequest and isinstance(dock, QDockWidget)
        if docked and dock.minimumWidth() > self.minimumSizeHint().width():
            # A dock never forgets the greatest width it was asked for, such as that before napari's style was applied.
            dock.setMinimumWidth(0)
            if self._window is not None and self._window.width() < _SMALL:
                self._window.resizeDocks([dock], [_SPARING], Qt.Horizontal)
        return handled

    def showEvent(self, event) -> None:
        super().showEvent(event)
        dock = self.parent()
        if isinstance(dock, QDockWidget):
            ask_before_closing(dock, self._shut_if_allowed)
            if not self._arranged and self._window is not None:
                self._arranged = True
                self.put_lists(behind=True)

    def put_lists(self, behind: bool) -> None:
        """Put napari's layer list and controls behind the panel, as tabs of its dock, or back on the left."""
        dock, window = self.parent(), self._window
        if window is None or not isinstance(dock, QDockWidget) or dock.isFloating():
            return
        for one in own_docks(self._viewer):
            if behind:
                window.tabifyDockWidget(dock, one)
            else:
                window.addDockWidget(Qt.LeftDockWidgetArea, one)
            one.show()
        if behind:
            dock.raise_()
        self.menu.lists.setChecked(not behind)

    def _shut_if_allowed(self) -> bool:
        if not self.may_close():
            return False
        self.shut()
        return True

    def closeEvent(self, event) -> None:
        if self._shut_if_allowed():
            event.accept()
        else:
            event.ignore()
