"""Analyse: a choice of what to work out of the chosen scan, and the analysis itself below it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from napari_scantwin.analyses import ANALYSES, FIT, Analysis
from napari_scantwin.viewer.analyse.widget import AnalysisWidget
from napari_scantwin.viewer.canvas.map_layers import derived_layers, send_back
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.front_stack import FrontStack

__all__ = ["AnalyseWidget"]


def _offered() -> dict[str, Analysis]:
    """The analyses by title, in the order of the combo; fits of curves stand among the processing steps."""
    return {one.title: one for one in ANALYSES.values() if one.group != FIT}


class AnalyseWidget(QWidget):
    """Offers the analyses that fit the chosen scan, and says why the others do not.

    ``analyses`` maps their titles to their widgets; each is made when it is first chosen. ``mapped`` when one has new
    maps on the canvas.
    """

    mapped = Signal()
    shown = Signal()

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.analyses: dict[str, AnalysisWidget] = {}
        self.combo = Combo()
        self.combo.setToolTip("What to work out of the chosen scan")
        self.stack = FrontStack()
        #: Plots and tables of the analyses, where the panel has a place for them.
        self.results: QStackedWidget | None = None
        self.others = QLabel("")
        self.others.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.combo)
        layout.addWidget(self.stack, 1)
        self.unfit = Folding("Why others are not offered")
        self.unfit.addWidget(self.others)
        layout.addWidget(self.unfit)
        self.combo.currentIndexChanged.connect(self._choose)
        chooser.changed.connect(self._offer)
        self._offer()

    @property
    def current(self) -> AnalysisWidget | None:
        """The analysis on screen, or None."""
        return self.analyses.get(self.combo.currentText())

    @property
    def jobs(self) -> tuple:
        """Everything that may run in the background."""
        return tuple(job for one in self.analyses.values() for job in (one.job, one.export_job))

    def choose(self, title: str) -> AnalysisWidget:
        """Choose an analysis by its title and return its widget; KeyError where it does not fit the scan."""
        if self.combo.findText(title) < 0:
            raise KeyError(title)
        self.combo.setCurrentText(title)
        return self._made(title)

    @property
    def has_result(self) -> bool:
        """Whether the analysis in front has found something."""
        now = self.stack.currentWidget()
        return isinstance(now, AnalysisWidget) and now.result is not None

    def give_results(self) -> QStackedWidget:
        """Have plots and tables in one stack of their own, which is returned."""
        if self.results is None:
            self.results = QStackedWidget()
            for one in self.analyses.values():
                self.results.addWidget(one.results)
        return self.results

    def show_again(self, name: str, given: Mapping[str, object]) -> None:
        """Choose an analysis by its name with what was put in; nothing happens where it does not fit the scan."""
        with contextlib.suppress(KeyError):
            self.choose(ANALYSES[name].title).form.fill(given)

    def _offer(self, *changed) -> None:
        """List what fits the chosen scan."""
        scan = self._chooser.scan
        before = self.combo.currentText()
        reasons = {} if scan is None else {title: one.why_not(scan) for title, one in _offered().items()}
        fitting = [title for title, reason in reasons.items() if not reason]
        self.combo.blockSignals(True)
        self.combo.clear()
        self.combo.addItems(fitting)
        self.combo.setCurrentText(before)
        self.combo.blockSignals(False)
        self.combo.setVisible(bool(fitting))
        self.stack.setVisible(bool(fitting))
        if scan is None:
            self.others.setText("Open a scan to analyse it.")
        else:
            unfit = [f"{title} does not fit: {reason}." for title, reason in reasons.items() if reason]
            self.others.setText("\n".join(unfit))
        self.unfit.setVisible(bool(self.others.text()))
        (self.unfit.collapse if fitting else self.unfit.expand)(animate=False)
        self._choose()
        for one in self.analyses.values():
            one.chosen()
        self.refresh()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._choose()

    def _choose(self, *index) -> None:
        # Unseen, nothing is made: a scan of ten million points is opened without being looked through.
        if not self.isVisible() or not self.combo.currentText():
            return
        before, now = self.stack.currentWidget(), self._made(self.combo.currentText())
        self.stack.setCurrentWidget(now)
        if self.results is not None:
            self.results.setCurrentWidget(now.results)
        if before is not None and before is not now:  # the maps of one analysis at a time
            if any(one.visible for one in derived_layers(self._viewer, self._chooser.layer)):
                send_back(self._viewer, self._chooser.layer)
            now.put_on_map()

    def _made(self, title: str) -> AnalysisWidget:
        """The widget of an analysis, made when it is first wanted."""
        if title not in self.analyses:
            self.analyses[title] = AnalysisWidget(_offered()[title], self._viewer, self._chooser)
            self.analyses[title].mapped.connect(self.mapped)
            self.analyses[title].shown.connect(lambda told: self.shown.emit())
            self.stack.addWidget(self.analyses[title])
            if self.results is not None:
                self.results.addWidget(self.analyses[title].results)
        return self.analyses[title]

    def refresh(self, *changed) -> None:
        """Something the analyses rest on has changed: the scan, its masked points or its twin."""
        for one in self.analyses.values():
            one.refresh()
