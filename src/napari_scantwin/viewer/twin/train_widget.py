"""Train: one button, the course of the training, the table of held-out errors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.contrast import TEXT
from napari_scantwin.operations.findings import Curve, Plot
from napari_scantwin.planning import Proposal, next_sweeps
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.twin.settings import METHODS
from napari_scantwin.twin.stream import subsampled
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_path, file_name
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.legible import Line, on_table
from napari_scantwin.viewer.kit.numbers import CountBox, NumberBox
from napari_scantwin.viewer.kit.plots import give_menu, new_plot
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.session import ScanLayer, scan_of
from napari_scantwin.viewer.twin.baseline_scoring import BaselineScoring
from napari_scantwin.viewer.twin.mend_bar import MendBar, said_of_mending
from napari_scantwin.viewer.twin.trials_window import TrialsWindow

__all__ = ["TrainWidget"]

_NONE_OPEN = "Open a scan to train its twin."
_READY = (
    "Ready: press Train. The twin is fitted to the sweeps, judged by sweeps it was not shown and beside the usual "
    "interpolators, and its map appears behind the measured points."
)
_MADE = "This map was made by a twin, not measured: a twin of it would learn nothing but what the first one made."
_TRAINING, _HELD_OUT, _BEST = "#56b4e9", "#e69f00", "#35b779"


class TrainWidget(QWidget):
    """Trains the chosen scan's twin in the background; ``trained(layer, twin)`` when it is ready, ``scored(layer)``
    when its table has the baselines too."""

    trained = Signal(object, object)
    scored = Signal(object)
    began = Signal()
    saved = Signal(str)

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.job, self.scoring = Job(self), BaselineScoring(viewer, self)
        self._layer = self._shown = None
        self._shown_trials = 0
        self._build()
        self.job.progressed.connect(self._progress)
        self.job.done.connect(self._done)
        self.job.failed.connect(self._failed)
        self.job.cancelled.connect(lambda: self.status.setText("Cancelled before anything was learned."))
        self.job.ended.connect(self._idle)
        self.scoring.job.progressed.connect(self._scoring_progress)
        self.scoring.job.ended.connect(self._show_scoring)
        self.scoring.scored.connect(self._scored)
        chooser.changed.connect(self._show_twin)
        self._show_twin(chooser.layer)

    def _build(self) -> None:
        self.preset = Combo()
        self.preset.addItem("fast (seconds)", "fast")
        self.preset.addItem("thorough (minutes, with a search)", "thorough")
        self.method = Combo()
        for method, words in METHODS.items():
            self.method.addItem(words, method)
        self.method.setToolTip(
            "Best of all: every interpolator, weighted by how it predicts sweeps that were left out.\n"
            "Neural network: the networks among them alone.\n"
            "Published search: the search of Terashima et al., Digital Discovery 2 (2023) 439; takes minutes."
        )
        self.members, self.trials = CountBox(high=64), CountBox(high=100_000)
        self.budget, self.seed, self.storage = NumberBox(high=86_400), CountBox(high=2**31 - 1), Line()
        self.seed.setToolTip("The same seed gives the same twin")
        self.trials.setToolTip(
            "How many further interpolators Optuna may try on this scan, those of earlier trainings counted"
        )
        self.storage.setToolTip(
            "Empty: a journal on this computer. Or a file, or an Optuna address that many machines share"
        )
        for box, words in ((self.members, "as preset"), (self.budget, "none"), (self.trials, "as preset")):
            box.setSpecialValueText(words)  # shown in place of 0
        for box in (self.method, self.members, self.budget, self.seed, self.trials):
            box.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        form = QWidget()
        rows = QFormLayout(form)
        rows.setFieldGrowthPolicy(QFormLayout.ExpandingFieldsGrow)
        rows.addRow("Method", self.method)
        rows.addRow("Ensemble size", self.members)
        rows.addRow("Time budget (s)", self.budget)
        rows.addRow("Random seed", self.seed)
        rows.addRow("Search: trials", self.trials)
        rows.addRow("Search: storage", self.storage)
        self.settings = Folding("Settings")
        self.settings.addWidget(form)

        self.button = QPushButton("Train")
        self.button.clicked.connect(self.toggle)
        self.save_button = QPushButton("Save twin…")
        self.save_button.setEnabled(False)
        self.save_button.clicked.connect(self.ask_save)
        self.trials_button = QPushButton("Trials…")
        self.trials_button.setToolTip("The trials of the search, as a table and a plot")
        self.trials_button.clicked.connect(lambda: self.trials_window.show())
        self.trials_button.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(True)
        self.bar.setFormat("")
        self.stop_scoring = QToolButton()
        self.stop_scoring.setText("Skip")
        self.stop_scoring.setToolTip("Leave the remaining baselines out; the twin and its map stay as they are")
        self.stop_scoring.clicked.connect(self.scoring.stop)
        self.stop_scoring.hide()
        self.status = QLabel(_NONE_OPEN)
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextSelectableByMouse)

        fields = {
            "members": ("Ensemble size", self.members),
            "time_budget": ("Time budget", self.budget),
            "trials": ("Search: trials", self.trials),
            "storage": ("Search: storage", self.storage),
        }
        self.reason = Reason(lambda: fields)
        self.mend = MendBar(self._viewer, self._chooser)
        self.mend.changed.connect(self.train)

        self.plot = new_plot(130)
        # A title names the curves: a legend would lie over them in so small a plot.
        self.plot.setLabel("bottom", "step")
        self.plot.themed.connect(self._color)
        give_menu(self.plot, self._described, name=lambda: "training")
        self._train_curve = self.plot.plot(pen=pg.mkPen(_TRAINING, width=2))
        self._held_curve = self.plot.plot(pen=pg.mkPen(_HELD_OUT, width=2))
        self._color()
        self.table = QTableWidget()
        self.table.setMinimumHeight(150)
        self.table.setEditTriggers(QTableWidget.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.NoSelection)

        self.in_percent = Combo()
        self.in_percent.addItems(["errors in the quantity's unit", "errors in % of its range"])
        self.in_percent.currentIndexChanged.connect(lambda index: self._show_twin(self._chooser.layer))

        top = QHBoxLayout()
        top.addWidget(self.preset, 1)
        top.addWidget(self.button, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.settings)
        progress = QHBoxLayout()
        progress.addWidget(self.bar, 1)
        progress.addWidget(self.stop_scoring)
        layout.addLayout(progress)
        layout.addWidget(self.reason)
        layout.addWidget(self.status)
        layout.addWidget(self.mend)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.in_percent)
        column.addWidget(self.table, 1)
        self.results = beside(self.plot, right)
        layout.addWidget(self.results, 1)
        below = QHBoxLayout()
        below.addWidget(self.save_button, 2)
        below.addWidget(self.trials_button, 1)
        layout.addLayout(below)
        layout.addStretch(1)

    def _color(self) -> None:
        """Name and draw the curves in colours that stand out from the ground."""
        training, held_out = self.plot.ink(_TRAINING, TEXT), self.plot.ink(_HELD_OUT, TEXT)
        self.plot.setTitle(
            f"<span style='color:{training}'>training points</span> · "
            f"<span style='color:{held_out}'>held-out sweeps</span>",
            size="8pt",
        )
        self._train_curve.setPen(pg.mkPen(training, width=2))
        self._held_curve.setPen(pg.mkPen(held_out, width=2))

    def _described(self) -> Plot | None:
        """The course of the training on screen; None where there is none."""
        curves = [
            Curve(*(np.asarray(column, float) for column in drawn.getData()), None, color, "line")
            for drawn, color in ((self._train_curve, _TRAINING), (self._held_curve, _HELD_OUT))
            if drawn.getData()[0] is not None and len(drawn.getData()[0])
        ]
        key = [("training points", _TRAINING), ("held-out sweeps", _HELD_OUT)]
        return Plot(curves, "step", self.plot.getAxis("left").labelText, key) if curves else None

    def chosen_settings(self) -> TwinSettings:
        """The settings as the form has them."""
        return TwinSettings(
            preset=self.preset.currentData(),
            members=self.members.value() or None,
            time_budget=self.budget.value() or None,
            seed=self.seed.value(),
            trials=self.trials.value() or None,
            storage=self.storage.text().strip() or None,
            method=self.method.currentData(),
        )

    def toggle(self) -> None:
        """Train, or, while training runs, stop it and keep the best so far."""
        if not self.job.running:
            self.train()
            return
        self.job.stop()
        self.button.setText("Stopping…")
        self.button.setEnabled(False)

    def train(self) -> bool:
        """Start training the chosen scan; False, with a sentence, where that cannot be."""
        if self.job.running:
            return self.reason.say("A training is running; wait for it or press Cancel first.")
        scan = self._chooser.scan
        if scan is None:
            return self.reason.say("No scan is chosen: open one first (a layer that holds no scan cannot be trained).")
        try:
            if not scans.is_lazy(scan):  # reading a large file is the training's work
                scans.check_trainable(subsampled(scan))
            settings = self.chosen_settings()
        except ScanError as reason:
            return self.reason.say(reason)
        self.reason.clear()
        self.scoring.stop()
        self.stop_scoring.hide()
        self.mend.hide()
        self._layer = self._chooser.layer
        self._course: list[tuple[float, float, float]] = []
        self.plot.setLabel("left", f"error ({units.pretty(scan.attrs['units'])})")
        self._train_curve.setData([], [])
        self._held_curve.setData([], [])
        self.button.setText("Cancel")
        self.plot.show()

        earlier = ScanLayer(self._layer).twin
        # A search goes on from the trials of a twin of this very scan.
        subject = earlier if earlier is not None and earlier.trials and earlier.whole.identical(scan) else scan

        def work(report, stop):
            twin = train(subject, settings, on_progress=report, stop=stop, score_baselines=False)
            return twin, next_sweeps(twin) if len(twin.axes) > 1 else []

        self.job.start(work)
        self.began.emit()
        return True

    @property
    def has_results(self) -> bool:
        """Whether the plot or the table has something to tell: of a training under way, or of the chosen scan's
        twin."""
        return self.job.running or ScanLayer(self._chooser.layer).twin is not None

    def _progress(self, news) -> None:
        self.bar.setValue(round(1000 * news.fraction))
        remaining = "" if news.remaining is None else f", about {news.remaining:.0f} s left"
        self.bar.setFormat(f"{100 * news.fraction:.0f} %{remaining}")
        self.status.setText(news.stage[0].upper() + news.stage[1:] + " …")
        if news.trials and len(news.trials) != self._shown_trials:
            self._show_trials(news.trials)
        if news.stage == "training" and news.held_out_error is not None:
            self._course.append((news.step, news.train_error, news.held_out_error))
            self._draw_course(*np.array(self._course).T)

    @cached_property
    def trials_window(self) -> TrialsWindow:
        """The window of the search's trials, made when there first are any."""
        return TrialsWindow(self)

    def _show_trials(self, trials) -> None:
        self._shown_trials = len(trials)
        self.trials_button.setVisible(bool(trials))
        self.trials_window.show_trials(trials, units.pretty(scan_of(self._layer).attrs["units"]))

    def _draw_course(self, steps, train_errors, held_out_errors) -> None:
        self._train_curve.setData(steps, train_errors)
        self._held_curve.setData(steps, held_out_errors)

    def _done(self, result: tuple[Twin, list[Proposal]]) -> None:
        twin, proposals = result
        if self._layer is None or self._layer not in self._viewer.layers:
            self.status.setText("The scan's layer was removed while its twin was trained; nothing was kept.")
            return
        ScanLayer(self._layer).set_twin(twin, proposals)
        if not twin.stopped:
            self.scoring.start(self._layer)
        self._show_twin(self._layer)
        self.trained.emit(self._layer, twin)

    def _scoring_progress(self, news) -> None:
        if self.job.running:
            return
        self.stop_scoring.show()
        self.bar.setValue(round(1000 * news.fraction))
        self.bar.setFormat(f"{news.stage} …")

    def _show_scoring(self) -> None:
        self.stop_scoring.hide()
        if not self.job.running:
            self._empty_bar()

    def _scored(self, layer) -> None:
        if layer is self._chooser.layer:
            self._show_twin(layer)
        self.scored.emit(layer)

    def _failed(self, reason) -> None:
        self.reason.say(reason)
        self.status.setText("The training did not succeed; an earlier twin is kept.")

    def _idle(self) -> None:
        self.button.setText("Train")
        self.button.setEnabled(True)
        self._empty_bar()

    def _empty_bar(self) -> None:
        self.bar.setValue(0)
        self.bar.setFormat("")

    def refresh(self) -> None:
        """Show the twin of the chosen scan anew, as when another of its branches was chosen."""
        self._show_twin(self._chooser.layer)

    def _show_twin(self, layer) -> None:
        twin = ScanLayer(layer).twin
        self.save_button.setEnabled(twin is not None)
        if layer is not self._shown:
            self._shown = layer
            self.reason.clear()
        if self.job.running:
            return
        self.mend.show_twin(twin)
        for widget in (self.plot, self.in_percent, self.table, self.save_button):
            widget.setVisible(twin is not None)
        if twin is None:
            self.table.setRowCount(0)
            self.table.setColumnCount(0)
            made = layer is not None and scan_of(layer).attrs.get("kind") == "simulated"
            self.status.setText(_NONE_OPEN if layer is None else _MADE if made else _READY)
            self._draw_course([], [], [])
            return
        stopped = " Training was stopped early." if twin.stopped else ""
        awaited = " The baselines are being scored beside it." if self.scoring.is_of(layer) else ""
        lines = []
        for one in [twin.of(branch) for branch in twin.branches] or [twin]:
            branch = f"{one.branch[:1].upper()}{one.branch[1:]}: " if twin.branches else ""
            lines.append(f"{branch}{one.score.verdict}{awaited} {one.mixture.in_words}")
        notes = "".join(f" {line}" for line in (*said_of_mending(twin.whole), *twin.remarks))
        shown = f"\nThe table is of the branch {twin.branch}." if twin.branches else ""
        proposed = _proposed(ScanLayer(layer).proposals, next(iter(twin.branches), ""))
        self.status.setText("\n".join(lines) + notes + stopped + shown + proposed)
        self.status.setToolTip(f"The twin is {twin.mixture}.")
        self.trials_button.setVisible(bool(twin.trials))
        if twin.trials or "trials_window" in vars(self):
            self.trials_window.show_trials(twin.trials, twin.score.unit)
        self.plot.setLabel("left", f"error ({twin.score.unit})")
        self._draw_course(twin.history["step"], twin.history["train_error"], twin.history["held_out_error"])
        self.in_percent.setItemText(0, f"errors in {twin.score.unit}")
        fill_score_table(self.table, twin.score, in_percent=self.in_percent.currentIndex() == 1)

    def ask_save(self) -> None:
        """Ask where to save the twin, and save it."""
        name = file_name(Path(str(self._chooser.layer.name)).stem) + ".twin"
        path, _ = ask_path(self, "Save twin", name, "Twin (*.twin)")
        if path is not None:
            self.save(path)

    def save(self, path) -> bool:
        """Save the chosen scan's twin; False, with a sentence, where that fails."""
        try:
            ScanLayer(self._chooser.layer).twin.save(path)
            ScanLayer(self._chooser.layer).tell_saved()
        except ScanError as reason:
            return self.reason.say(reason)
        self.saved.emit(str(path))
        return True


def _proposed(proposals: Sequence[Proposal], branch: str) -> str:
    """Where to measure next, in words; of several branches those that tell most of the first."""
    if not proposals:
        return ""
    values = ", ".join(f"{one.value:g}" for one in proposals)
    of = f" ({branch})" if branch else ""
    return f"\nWorth measuring next{of}, most error first: {values} {proposals[0].unit}."


def fill_score_table(table: QTableWidget, score, in_percent: bool = False) -> None:
    """Rows of methods, the best green; columns inner sweeps, all sweeps, then every sweep, in the score's
    unit or in per cent of the values' range."""
    unit, factor = ("% of range", 100 / score.value_range) if in_percent else (score.unit, 1.0)
    edges = [f"{name}\n(edge)" if edge else name for name, edge in zip(score.sweeps, score.edge, strict=True)]
    table.setColumnCount(2 + len(edges))
    table.setRowCount(len(score.methods))
    table.setHorizontalHeaderLabels([f"inner sweeps\n{unit}", f"all sweeps\n{unit}", *edges])
    table.setVerticalHeaderLabels(score.methods)
    for row, method in enumerate(score.methods):
        numbers = factor * np.array([score.inside[row], score.overall[row], *score.errors[row]])
        for column, number in enumerate(numbers):
            item = QTableWidgetItem(f"{number:.3g}" if np.isfinite(number) else "–")
            item.setTextAlignment(Qt.AlignRight | Qt.AlignVCenter)
            if method == score.best:
                item.setForeground(QColor(on_table(_BEST)))
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            table.setItem(row, column, item)
    table.resizeColumnsToContents()
    table.setToolTip(
        "Root-mean-square error of predicting whole sweeps that were left out of training. Edge sweeps can only be "
        "extrapolated and are not counted among the inner sweeps. The best method is green."
    )
