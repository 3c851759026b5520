"""Process: a step or a fit chosen from a list, its form, and the steps done so far with undo, saving and replay."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin import processing
from napari_scantwin.analyses import Findings, analyse
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.source import Source
from napari_scantwin.viewer.canvas.overlay import attach, canvas_aspect
from napari_scantwin.viewer.canvas.shown_slice import ShownSlice
from napari_scantwin.viewer.kit.folders import ask_file, ask_path, file_name
from napari_scantwin.viewer.kit.form import ParameterForm
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.latest_job import LatestJob
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.kit.tips import enable
from napari_scantwin.viewer.process.done import DoneSoFar
from napari_scantwin.viewer.process.fit_plots import FitPlots
from napari_scantwin.viewer.process.marks import FitMarks
from napari_scantwin.viewer.process.preview import Preview
from napari_scantwin.viewer.process.replace import prepare, put_beside, put_in_place
from napari_scantwin.viewer.process.results import FitResults
from napari_scantwin.viewer.process.step_choice import StepChoice, fits
from napari_scantwin.viewer.process.steps_file import read_steps, write_steps
from napari_scantwin.viewer.process.subject import Subject
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["ProcessWidget"]


#: A window that is dragged has the fit done again after this rest (ms).
_REST = 150


class ProcessWidget(QWidget):
    """Applies steps to the chosen scan in the background, to a new layer or in place, and undoes them.

    ``plots`` are what fits see and find, for the dock.
    """

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.job = Job(self)
        self.job.done.connect(self._show)
        self.job.failed.connect(self._failed)
        self.job.ended.connect(self._free)
        self.job.progressed.connect(lambda share: self.progress.setValue(round(100 * share)))
        self.job.cancelled.connect(lambda: self.said.setText("Stopped; nothing was changed."))
        self.data_job = LatestJob(self)
        self.data_job.found.connect(self._show_data)
        self.data_job.failed.connect(lambda reason: None)  # the fit itself will say what is wrong
        self._refit = QTimer(self)
        self._refit.setSingleShot(True)
        self._refit.setInterval(_REST)
        self._refit.timeout.connect(self._fit_again)
        self._build()
        overlay = attach(viewer)
        self.marks = None if overlay is None else FitMarks(overlay)
        self.subject.changed.connect(self._offer)
        self._offer()

    def _build(self) -> None:
        self.subject = Subject(self._viewer, self._chooser)
        self.combo = StepChoice()
        self.combo.currentIndexChanged.connect(self._chosen)
        self.explanation = QLabel()
        self.explanation.setWordWrap(True)
        self.explanation.setStyleSheet("font-size: 8pt")
        self.form = ParameterForm()
        self.form.changed.connect(self._asked_otherwise)
        self.plots = FitPlots()
        self.plots.dragged.connect(self._window_dragged)
        self.previewing = QCheckBox("Preview")
        self.previewing.setToolTip("Show the result on the map as it would be, and follow what is put in")
        self.previewing.toggled.connect(self._preview)
        self.preview = Preview(self._viewer, self)
        self.preview.ended.connect(self._previewed)
        self.keep = QCheckBox("as a new scan")
        self.keep.setChecked(True)
        self.keep.setToolTip("Otherwise the result takes its place; Undo brings it back")
        self.apply_button = QPushButton("Apply")
        self.apply_button.clicked.connect(self._pressed)
        self.progress = QProgressBar()
        self.progress.setVisible(False)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.reason = Reason(lambda: self.form.named_fields)
        self.done = DoneSoFar()
        self.list, self.undo_button = self.done.list, self.done.undo_button
        self.save_button, self.replay_button = self.done.save_button, self.done.replay_button
        self.undo_button.clicked.connect(lambda: self.undo())
        self.save_button.clicked.connect(self._ask_save)
        self.replay_button.clicked.connect(self._ask_replay)
        layout = QVBoxLayout(self)
        layout.setSpacing(5)
        layout.addWidget(self.subject)
        layout.addWidget(self.combo)
        layout.addWidget(self.explanation)
        layout.addWidget(self.form)
        row = QHBoxLayout()
        row.addWidget(self.keep, 1)
        row.addWidget(self.previewing)
        row.addWidget(self.apply_button)
        layout.addLayout(row)
        layout.addWidget(self.progress)
        layout.addWidget(self.reason)
        layout.addWidget(self.said)
        self.results = FitResults(self._use, lambda: file_name(self.subject.layer.name, self.step.title))
        layout.addWidget(self.results)
        layout.addWidget(self.done, 1)

    # what can be done

    def shut(self) -> None:
        """Take fit and preview off the canvas."""
        self.preview.shut()
        self.data_job.forget()
        if self.marks is not None:
            self.marks.remove()

    def _offer(self, layer=None) -> None:
        """List the steps again: those that fit the scan, and greyed the others with the reason."""
        self.combo.offer(self.subject.scan)
        self._chosen()
        self._list()

    @property
    def step(self):
        """The step or fit that is chosen, or None."""
        return self.combo.step

    def choose(self, name: str) -> None:
        """Choose a step or a fit by its name."""
        self.combo.choose(name)

    def _chosen(self, index: int = -1) -> None:
        step, scan = self.step, self.subject.scan
        fitting = step is not None and scan is not None and step.why_not(scan) is None
        self.reason.clear()
        self._forget()
        self.form.show_parameters(step.parameters if fitting else (), scan)
        self.explanation.setText(" ".join(step.explanation.split("\n\n")[0].split()) if fitting else "")
        self.explanation.setToolTip(f"Source: {step.source}" if fitting and step.source else "")
        self._free()
        if scan is None:
            self.said.setText("Open a scan on a grid to process it.")
        elif not scans.is_gridded(scan):
            self.said.setText(
                "These sweeps lie on no grid, which most steps need: train a twin and simulate it, then its map can be "
                "processed here."
            )
        else:
            self.said.setText("")
        self._look_at_data()

    def _forget(self) -> None:
        """Show no result of another step or scan."""
        self.previewing.setChecked(False)
        self.preview.clear()
        self._refit.stop()
        self.data_job.forget()
        self.results.show_findings(None)
        self.plots.show_plots({})
        if self.marks is not None:
            self.marks.clear()

    def _free(self) -> None:
        """Let the buttons say what can be pressed."""
        scan = self.subject.scan
        idle = not self.job.running
        fitting = self.step is not None and scan is not None and self.step.why_not(scan) is None
        done = self._history()
        self.progress.setVisible(not idle)
        fit = self.combo.is_fit
        self.keep.setVisible(not fit)
        self.previewing.setVisible(not fit)
        why_not = "Open a scan first" if scan is None else "" if fitting else "No step is chosen that fits this scan"
        busy = "" if idle else "Something is being worked out; wait for it or press Stop"
        enable(self.previewing, why_not or busy)
        self.keep.setEnabled(not self.subject.is_map)
        self.apply_button.setText(("Fit" if fit else "Apply") if idle else "Stopping…" if self.job.stopping else "Stop")
        enable(self.apply_button, why_not if idle else "It is being stopped" if self.job.stopping else "")
        nothing = "" if done else "Nothing was done to this scan yet"
        here = (
            "" if ScanLayer(self.subject.layer).raw is not None else "These steps were done before it was opened here"
        )
        enable(self.undo_button, nothing or here or busy)
        enable(self.save_button, nothing)
        open_first = "" if scan is not None else "Open a scan first"
        on_a_grid = "" if scan is None or scans.is_gridded(scan) else "Steps of a file need a scan on a grid"
        enable(self.replay_button, open_first or on_a_grid or busy)

    @property
    def _apart(self) -> bool:
        """Whether the result becomes a scan of its own: always where a map of the scan is processed."""
        return self.keep.isChecked() or self.subject.is_map

    def _history(self) -> list:
        try:
            return processing.history(self.subject.scan) if self.subject.scan is not None else []
        except ScanError:
            return []

    def _list(self) -> None:
        self.done.show_steps(self._history())
        self._free()

    # seeing it before

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self.previewing.setChecked(False)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._look_at_data()

    def _asked_otherwise(self) -> None:
        if self.previewing.isChecked():
            self._preview(True, at_once=False)
        if self.combo.is_fit:
            self._look_at_data()

    def _preview(self, on: bool, *, at_once: bool = True) -> None:
        """Show the step's result as it would be, or the scan again."""
        if not on:
            self.preview.clear()
            return
        step, scan = self.step, self.subject.scan
        if step is None or scan is None or self.combo.is_fit:
            return
        try:
            given = self.form.given()
            step.checked(scan, given)
        except ScanError as reason:
            self.preview.clear()
            self.reason.say(reason)
            return
        self.reason.clear()
        self.said.setText("Working out the preview …")
        self.preview.ask(self.subject.layer, lambda: processing.apply(scan, step.name, **given), at_once=at_once)

    def _previewed(self, reason) -> None:
        self.said.setText("" if reason is not None else "A preview: nothing is changed until Apply.")
        if reason is not None:
            self.reason.say(reason)

    def _look_at_data(self) -> None:
        """Draw what a fit would be made to, with its window."""
        fit, scan = self.step, self.subject.scan
        if not self.isVisible() or not self.combo.is_fit or scan is None or fit.data is None or self.job.running:
            return
        if self.results.findings is not None or fit.why_not(scan) is not None:
            return
        try:
            decided = fit.checked(scan, self.form.given())
        except ScanError:  # said when the fit is asked for
            return
        self.data_job.ask(lambda: (fit, fit.data(Source(scan), **decided)))

    def _show_data(self, found) -> None:
        fit, plot = found
        if fit is self.step and self.results.findings is None:
            self.plots.show_plots({"Data": plot})

    def _window_dragged(self, given) -> None:
        """The window on the plot is what the two fields say; the fit follows."""
        self.form.fill(given)
        if self.results.findings is not None:
            self._refit.start()

    def _fit_again(self) -> None:
        if self.combo.is_fit and not self.job.running:
            self.apply()

    # doing it

    def _pressed(self) -> None:
        """The button applies, or stops what is under way."""
        if self.job.running:
            self.job.stop()
            self._free()
        else:
            self.apply()

    def apply(self) -> bool:
        """Begin the chosen step with what the form says; False, with a sentence, where that will not do."""
        step, scan = self.step, self.subject.scan
        self.previewing.setChecked(False)
        try:
            if scan is None:
                raise ScanError("open a scan first")
            given = self.form.given()
            decided = step.checked(scan, given)
        except ScanError as reason:
            return self._failed(reason)
        if self.combo.is_fit:
            return self._fit(step.name, given, decided.get("along"))
        title = f"{step.title.lower()} · {self.subject.layer.name}" if self._apart else None
        return self._begin(lambda: processing.apply(scan, step.name, **given), title, f"{step.title} …")

    def _fit(self, name: str, given: dict, along: str | None) -> bool:
        layer, scan = self.subject.layer, self.subject.scan

        def run(report, stop):
            return layer, along, analyse(name, scan, on_progress=report, stop_event=stop, **given)

        started = self.job.start(run)
        if started:
            self.reason.clear()
            self.progress.setValue(0)
            self.said.setText(f"{fits()[name].title} …")
        self._free()
        return started

    def _show_fit(self, layer, along: str | None, findings: Findings) -> None:
        self.said.setText("")
        if layer is not self.subject.layer or not self.combo.is_fit:
            return  # another scan or step was chosen meanwhile
        self.results.show_findings(findings)
        self.plots.show_plots(findings.plots)
        positions = findings.scans.get("position")
        if self.marks is not None and positions is not None and layer in self._viewer.layers:
            lines = [scan for title, scan in findings.scans.items() if title.startswith("line")]
            self.marks.show(layer, along, positions, lines)
        QTimer.singleShot(50, self._uncover)

    def _uncover(self) -> None:
        """Scroll down to what the fit found, below a long form."""
        area = self.parent()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parent()
        if area is not None and self.results.isVisible():
            area.ensureWidgetVisible(self.results, 0)
            area.horizontalScrollBar().setValue(0)

    def _use(self, name: str, given: dict) -> None:
        """Apply the step that a fit proposes, with what it found."""
        scan, step = self.subject.scan, processing.STEPS[name]
        title = f"{step.title.lower()} · {self.subject.layer.name}" if self._apart else None
        self._begin(lambda: processing.apply(scan, name, **given), title, f"{step.title} …")

    def undo(self) -> bool:
        """Take the last step back, in place."""
        layer, scan = self.subject.layer, self.subject.scan
        raw = ScanLayer(layer).raw
        if raw is None:
            return self._failed(ScanError("nothing was done to this scan here, so that there is nothing to undo"))
        return self._begin(lambda: processing.undone(scan, raw), None, "Undoing …")

    def save(self, path) -> bool:
        """Write the steps done so far as JSON, for :meth:`replay`."""
        path = Path(path)
        try:
            write_steps(path, self._history())
        except ScanError as reason:
            return self._failed(reason)
        self.said.setText(f"Wrote {path.name}")
        return True

    def replay(self, path) -> bool:
        """Do the steps of a saved file to the chosen scan."""
        path, scan = Path(path), self.subject.scan
        try:
            if scan is None:
                raise ScanError("open a scan first")
            steps = read_steps(path, scan)
        except ScanError as reason:
            return self._failed(reason)
        title = f"{path.stem} · {self.subject.layer.name}" if self._apart else None
        return self._begin(lambda: processing.replay(scan, steps), title, f"Replaying {len(steps)} steps …")

    def _begin(self, work, title: str | None, said: str) -> bool:
        layer, aspect = self.subject.layer, canvas_aspect(self._viewer)

        def run(report, stop):
            with processing.reporting(report, stop):
                return layer, title, prepare(aspect, layer, work(), title)

        started = self.job.start(run)
        if started:
            self.reason.clear()
            self.progress.setValue(0)
            self.said.setText(said)
        self._free()
        return started

    def _show(self, found) -> None:
        layer, title, prepared = found
        if isinstance(prepared, Findings):
            self._show_fit(layer, title, prepared)
            return
        if layer not in self._viewer.layers:
            self.said.setText("The scan was removed meanwhile; nothing is shown.")
            return
        if title is None:
            shown = put_in_place(self._viewer, layer, prepared)
        else:
            shown = put_beside(self._viewer, prepared, ShownSlice.of(self._viewer, layer))
        self._chooser.choose(shown)
        if shown is layer:  # the same layer with another scan: every tab looks again
            self._chooser.changed.emit(shown)
        done = self._history()
        self.said.setText(f"Done: {processing.describe(done[-1])}" if done else "As it was measured.")

    def _failed(self, reason) -> bool:
        if self.combo.is_fit:
            self.said.setText("")
            self.results.show_findings(None)
            self._look_at_data()
        else:
            self.said.setText("Nothing was changed.")
        return self.reason.say(reason)

    def _ask_save(self) -> None:
        path, _ = ask_path(self, "Save steps", file_name(self.subject.layer.name, "steps") + ".json", "Steps (*.json)")
        if path is not None:
            self.save(path)

    def _ask_replay(self) -> None:
        path = ask_file(self, "Replay steps", "Steps (*.json)")
        if path is not None:
            self.replay(path)
