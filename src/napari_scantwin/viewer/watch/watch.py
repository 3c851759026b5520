"""Watch: the chosen scan's file is followed while a run writes it."""

from __future__ import annotations

import time

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from napari_scantwin import processing
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.recipes.grown import grown
from napari_scantwin.recipes.renewal import Renewal
from napari_scantwin.recipes.watcher import FoundAnew, Watcher, sweeps_in_words
from napari_scantwin.viewer.canvas.twin_layers import result_of, show_simulation
from napari_scantwin.viewer.kit.jobs import Job, in_a_sentence, keep
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of
from napari_scantwin.viewer.twin.simulate_widget import prepared_map
from napari_scantwin.viewer.watch.growing_layer import keep_colours, prepare_grown, put_grown, usual_colours

__all__ = ["Watch"]

#: Milliseconds from one look at the file to the next.
LOOK = 1000


class Watch(QWidget):
    """Follows the file of one scan, and says so in a line; hidden while none is watched.

    New sweeps join the layer where it stands. A scan that has a twin has it trained again in the background, its map
    and its proposals renewed. While the user trains, processes or exports, it waits. ``renewed`` when the scan or its
    twin is another.
    """

    renewed = Signal()

    def __init__(self, panel):
        super().__init__(panel)
        self._panel, self._viewer = panel, panel.viewer
        self.layer = None
        self._watcher: Watcher | None = None
        self._renewal: Renewal | None = None
        self._found: FoundAnew | None = None
        self._due = False
        self._problem = ""
        self.reading, self.training = Job(self), Job(self)
        self.reading.done.connect(self._read)
        self.reading.failed.connect(self._not_read)
        self.training.done.connect(self._trained)
        self.training.failed.connect(self._not_trained)
        self.training.ended.connect(self._say)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self._look)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.stop_button = QToolButton()
        self.stop_button.setText("Stop")
        self.stop_button.setToolTip("Watch the file no longer; what was read stays")
        self.stop_button.clicked.connect(self.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.status, 1)
        row.addWidget(self.stop_button)
        self.hide()

    def start(self) -> bool:
        """Watch the file of the chosen scan, in place of another's; False, with a sentence, where there is none."""
        layer = self._panel.chooser.layer
        held = ScanLayer(layer)
        if layer is None or held.opening is None:
            return self._panel.reason.say(
                "Open a scan first." if layer is None else "This scan was made here; no file of it can be watched."
            )
        if scans.is_lazy(held.scan):
            return self._panel.reason.say("This file is too large to be read again and again; it cannot be watched.")
        self._panel.reason.clear()
        self.stop()
        self.layer = layer
        self._watcher = Watcher(held.opening, held.scan if held.raw is None else held.raw)
        self._timer.start()
        self.show()
        self._say()
        self._look()
        return True

    def stop(self, *pressed) -> None:
        """Watch no longer."""
        self._end(wait=0.0)

    def _end(self, wait: float) -> None:
        self._timer.stop()
        for job in (self.reading, self.training):
            if job.running:
                job.abandon(wait)
        self.layer = self._watcher = self._renewal = self._found = None
        self._due, self._problem = False, ""
        self.hide()

    def shut(self) -> None:
        """Watch no longer, as the panel closes."""
        self._end(wait=5.0)

    # looking and reading

    def _look(self) -> None:
        """Do what is next: give way, read, or train."""
        if self.layer not in self._viewer.layers:
            self.stop()
            return
        if self._panel.busy:
            if self.training.running:  # what the user began comes first; it is trained again afterwards
                self.training.stop()
            self._say()
            return
        if self.reading.running or self.training.running:
            return
        if self._due and self._found is None:
            self._train()
            return
        layer, watcher, found = self.layer, self._watcher, self._found
        scan = scan_of(layer)
        steps = processing.history(scan)[ScanLayer(layer).steps_before :]

        def work(report, stop):
            news = watcher.look() if found is None else found
            if news is None:
                return None
            longer = grown(scan, steps, news.scan)
            if not frame_of(layer).fits(longer):
                raise ScanError(f"{watcher.name} holds other axes now; open it again")
            return news, scan, prepare_grown(layer, longer), usual_colours(self._viewer, layer)

        self.reading.start(work)

    def _read(self, result) -> None:
        if result is not None:
            self._found, scan, prepared, usual = result
            # What the user does meanwhile is not undone: it is read into what stands there then.
            if not self._panel.busy and self.layer in self._viewer.layers and scan_of(self.layer) is scan:
                keep_colours(self._viewer, self.layer, [prepared], usual)
                self._put(prepared)
        self._say()

    def _not_read(self, reason) -> None:
        self._found = None
        keep(reason)
        self._problem = f"{in_a_sentence(reason).rstrip('.')}; watching goes on"
        self._say()

    def _put(self, prepared: tuple) -> None:
        panel, found = self._panel, self._found
        self._found, self._problem = None, ""
        before, chosen = self.layer, panel.chooser.layer is self.layer
        self.layer = put_grown(self._viewer, before, prepared, found.scan)
        if self.layer is not before:
            panel.chooser.refresh()
            if chosen:
                panel.chooser.choose(self.layer)
        self._due = self._is_due()
        if chosen:
            panel.open.describe(self.layer)
            panel.sweeps.renew()
            panel.cuts.redraw()
            panel.analyse.refresh()
        self.renewed.emit()

    # training

    def _is_due(self) -> bool:
        twin = ScanLayer(self.layer).twin
        if twin is None:  # the first training is the user's
            return False
        renewal = self._renewal
        # The user may have trained it meanwhile; scoring its baselines leaves it what it was.
        if renewal is None or renewal.twin.mixture is not twin.mixture:
            self._renewal = Renewal(twin.settings, twin)
        return self._renewal.due(scan_of(self.layer))

    def _train(self) -> None:
        self._due = self._is_due()
        if not self._due:
            return
        layer, renewal, panel = self.layer, self._renewal, self._panel
        scan, chosen = scan_of(layer), panel.chooser.layer is layer
        shown = result_of(layer, "simulated", self._viewer) is not None
        typed = panel.simulate.own_values() if chosen else {}

        def work(report, stop):
            usual = usual_colours(self._viewer, layer)
            twin, proposals = renewal.train(scan, stop=stop)
            if stop.is_set():
                raise Cancelled
            grid = {**twin.default_grid(), **typed}
            prepared = prepared_map(layer, twin, grid, stop=stop) if shown else []
            return scan, twin, proposals, prepared, grid, usual

        self.training.start(work)
        self._say()

    def _trained(self, result) -> None:
        scan, twin, proposals, prepared, grid, usual = result
        layer, panel = self.layer, self._panel
        if self.training.stopping or layer not in self._viewer.layers or scan_of(layer) is not scan:
            return  # it is due still, with what stands there now
        self._due = False
        keep_colours(self._viewer, layer, prepared, usual)
        if panel.chooser.layer is layer:
            panel.simulate.renew(grid)
        ScanLayer(layer).set_twin(twin, proposals)
        if not panel.train.job.running:
            panel.train.scoring.start(layer)
        if prepared:
            show_simulation(self._viewer, layer, prepared, lambda: self._renewed(layer), keep_view=True)
        else:
            self._renewed(layer)

    def _renewed(self, layer) -> None:
        panel = self._panel
        if panel.chooser.layer is layer:
            panel.train.refresh()
            panel.sweeps.renew()
            panel.cuts.branch.refresh()
            panel.cuts.redraw()
            panel.analyse.refresh()
        self.renewed.emit()

    def _not_trained(self, reason) -> None:
        self._due = False
        keep(reason)
        self._problem = f"The twin is as it was: {in_a_sentence(reason).rstrip('.')}"

    # saying it

    def _say(self) -> None:
        watcher = self._watcher
        if watcher is None:
            return
        words = f"Watching {watcher.name}"
        if watcher.scan is not None:
            words += f": {sweeps_in_words(watcher.scan)}"
        if watcher.written is not None:
            words += f", last at {time.strftime('%H:%M', time.localtime(watcher.written))}"
        if self.training.running:
            words += "; the twin is being trained on"
        elif self._panel.busy and (self._due or self._found is not None):
            words += "; what is new waits until the work under way is done"
        self.status.setText(". ".join(filter(None, (words, self._trouble or self._problem))) + ".")

    @property
    def _trouble(self) -> str:
        """Why the file cannot be read for now, as a sentence without its full stop."""
        said = "" if self._watcher is None else self._watcher.trouble
        return f"{said[:1].upper()}{said[1:]}" if said and not said.startswith(self._watcher.name) else said
