"""The dock Patterns: what a stack is made of, and where along an axis its behaviour changes."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QDockWidget, QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from napari_scantwin.analyses import ANALYSES
from napari_scantwin.viewer.analyse.widget import AnalysisWidget
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.chooser import Chooser
from napari_scantwin.viewer.kit.own_dock import OwnDock
from napari_scantwin.viewer.patterns.components_tab import ComponentsTab
from napari_scantwin.viewer.plots_dock import PlotsDock

__all__ = ["Patterns"]

_PLOTS = 300


class Patterns(OwnDock):
    """The dock widget; its parts are ``chooser``, ``components`` and ``boundary``, its plots ``plots`` in a dock under
    the canvas."""

    def __init__(self, napari_viewer):
        super().__init__(napari_viewer)
        viewer = self._viewer
        self.chooser = Chooser(viewer)
        self.components = ComponentsTab(viewer, self.chooser)
        self.boundary = AnalysisWidget(ANALYSES["boundary"], viewer, self.chooser)
        self.chooser.changed.connect(self._another)
        self.tabs = QTabWidget()
        for widget, title in ((self.components, "Components"), (self.boundary, "Boundary")):
            page = QScrollArea()
            page.setWidgetResizable(True)
            page.setFrameShape(QFrame.NoFrame)
            page.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
            page.setWidget(widget)
            self.tabs.addTab(page, title)
        layout = QVBoxLayout(self)
        layout.addWidget(self.chooser)
        layout.addWidget(self.reason)
        layout.addWidget(self.tabs, 1)
        self.overlay = attach(viewer)
        if self.overlay is not None and self.overlay.fitted is None:  # napari's own view knows of no rulers
            self.overlay.fit_soon()
        self.plots = PlotsDock()
        self.plots.add(self.components, self.components.results, "Components")
        self.plots.add(self.boundary, self.boundary.results, "Boundary")
        self.tabs.currentChanged.connect(lambda number: self.plots.show_of(self.tabs.widget(number).widget()))
        self.plots.show_of(self.components)
        if self.put_plots(self.plots, "Patterns: plots", _PLOTS) is not None:
            self._stand_with_other_plots()

    def _stand_with_other_plots(self) -> None:
        """Lie over the panel's dock of plots, where there is one, rather than take the map's room as well."""
        others = [
            dock
            for dock in self._window.findChildren(QDockWidget)
            if dock is not self._plots_dock and isinstance(dock.widget(), QWidget) and dock.windowTitle() == "Plots"
        ]
        if others:
            self._window.tabifyDockWidget(others[0], self._plots_dock)
            self._plots_dock.raise_()

    def _another(self, *layer) -> None:
        self.boundary.chosen()
        self.boundary.refresh()

    @property
    def busy(self) -> bool:
        """Whether anything is being worked out."""
        return any(job.running for job in self._jobs)

    @property
    def _jobs(self):
        return *self.components.jobs, self.boundary.job, self.boundary.export_job

    def end(self) -> None:
        """Stop everything that runs and drop its results."""
        for job in self._jobs:
            if job.running:
                job.abandon()
        self.components.canvas.shut()
        self.plots.shut()

    def sizeHint(self) -> QSize:
        return QSize(390, 640)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 100)
