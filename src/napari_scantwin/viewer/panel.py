"""The one dock widget: open, sweeps, train, simulate; cuts, analyses, cubes, processing."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QMessageBox, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from napari_scantwin.viewer.analyse.tab import AnalyseWidget
from napari_scantwin.viewer.canvas.napari_private import ask_before_closing, canvas_of, unwrapped, window_of
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.canvas.view_switch import ViewSwitch
from napari_scantwin.viewer.chooser import Chooser
from napari_scantwin.viewer.cube.cube_widget import CubeWidget
from napari_scantwin.viewer.cuts.cuts_widget import CutsWidget
from napari_scantwin.viewer.kit.tab_rows import TabRows
from napari_scantwin.viewer.open.open_widget import OpenWidget
from napari_scantwin.viewer.process.tab import ProcessWidget
from napari_scantwin.viewer.scan_menu import ScanMenu
from napari_scantwin.viewer.session import ScanLayer
from napari_scantwin.viewer.twin.readiness import Readiness
from napari_scantwin.viewer.twin.simulate_widget import SimulateWidget
from napari_scantwin.viewer.twin.spike_marks import SpikeMarks
from napari_scantwin.viewer.twin.sweeps_widget import SweepsWidget
from napari_scantwin.viewer.twin.train_widget import TrainWidget

__all__ = ["Panel"]

#: In a window narrower than this the map needs the room that the panel can spare, which is then this wide (pixels).
_SMALL, _SPARING = 1100, 360


class _Page(QScrollArea):
    """A tab's page, that scrolls up and down only: it never gets narrower than what it holds and its scroll bar."""

    def __init__(self, widget: QWidget):
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.NoFrame)
        self.setWidget(widget)

    def minimumSizeHint(self) -> QSize:
        width = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().minimumSizeHint().height())


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
        ):
            self.tabs.addTab(_Page(widget), title)
        layout = QVBoxLayout(self)
        self.menu = ScanMenu(self)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.chooser, 1)
        head.addWidget(self.menu)
        layout.addLayout(head)
        layout.addWidget(TabRows(self.tabs))
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
        self.train.trained.connect(self._trained)
        for choice in (self.simulate.branch, self.cuts.branch):
            choice.chosen.connect(self._branch_chosen)
        self.train.mend.masked.connect(self.sweeps.use)
        self.spike_marks = None if self.overlay is None else SpikeMarks(self.overlay, self.chooser)
        self.cube.line_wanted.connect(self._draw_line)
        self.cuts.planes.made.connect(self.chooser.choose)
        self.readiness = Readiness(self.train, self.chooser, self)
        self._window = window_of(napari_viewer)
        if self._window is not None:
            self._window.installEventFilter(self)

    def _opened(self, layer) -> None:
        self.chooser.choose(layer)
        self.tabs.setCurrentIndex(2)

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
        self.readiness.shut()
        self.cuts.shut()
        self.cube.shut()
        self.simulate.shut()
        self.process.shut()
        if self.switch is not None:
            self.switch.shut()
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
