"""How long the window stands still while it works: ``python benchmarks/responsiveness.py [file ...]``.

A timer that should fire every 2 ms runs in the main thread while the real panel opens a scan, trains,
simulates a thousand by a thousand map, has a cut dragged by the mouse and exports. "ready" is the while in which
TensorFlow is loaded and compiles, before the click. The time between two beats is how long the window could not answer.
Goal: 99th percentile under 20 ms, nothing over 30 ms while getting ready and training, nothing over 100 ms else.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import napari
import numpy as np
from napari.qt import get_qapp
from qtpy.QtCore import QEvent, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_scantwin.core import scan as scans
from napari_scantwin.samples import SAMPLES, sample_path
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.panel import Panel
from napari_scantwin.viewer.session import frame_of, scan_of

_BEAT = 2  # ms


class Heartbeat:
    """Gaps between beats of a timer in the main thread, by phase."""

    def __init__(self):
        self.gaps: dict[str, list[float]] = {}
        self.phase = ""
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(_BEAT)

    def _beat(self) -> None:
        now = time.perf_counter()
        if self.phase:
            self.gaps.setdefault(self.phase, []).append(1e3 * (now - self._last))
        self._last = now

    def table(self) -> dict[str, dict[str, float]]:
        """Number of beats, 99th percentile and longest gap (ms) of each phase.

        The percentile is of time, not of beats: the share of the phase spent in gaps at least so long."""
        found = {}
        for phase, gaps in self.gaps.items():
            ordered = np.sort(gaps)[::-1]
            share = np.cumsum(ordered) / ordered.sum()
            beats = float(np.quantile(gaps, 0.99))
            found[phase] = {
                "seconds": float(np.sum(gaps)) / 1e3,
                "p99_ms": beats,
                "p99_of_time_ms": float(ordered[np.searchsorted(share, 0.01)]),
                "longest_ms": float(ordered[0]),
            }
        return found


class Drive:
    """One scan through the panel, each step begun by the end of the one before."""

    def __init__(self, path: Path, folder: Path, heart: Heartbeat, done):
        self.path, self.folder, self.heart, self.done = path, folder, heart, done
        self.viewer = napari.Viewer(show=True)
        self.viewer.window._qt_window.resize(1200, 800)
        self.panel = Panel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="Scan twin", area="right")
        self.panel.open.opened.connect(self._opened)
        self.panel.train.trained.connect(lambda layer, twin: setattr(heart, "phase", "simulate"))
        self.panel.simulate.simulated.connect(self._simulated)
        self.panel.simulate.export_job.done.connect(self._exported)
        self.big = False
        QTimer.singleShot(1500, self._open)

    def _open(self) -> None:
        self.heart.phase = "open"
        self.panel.open.open([self.path])

    def _opened(self, layer) -> None:
        self.layer = layer
        QTimer.singleShot(700, self._ready)

    def _ready(self) -> None:
        self.heart.phase = "ready"
        QTimer.singleShot(10_000, self._train)

    def _train(self) -> None:
        if not self.panel.readiness.ready:
            QTimer.singleShot(500, self._train)
            return
        self.heart.phase = "train"
        self.panel.train.train()

    def _simulated(self, layer) -> None:
        if not self.big:  # the default map came by itself; now the big one
            self.big = True
            scan = scan_of(self.layer)
            counts = [1000, 1000] if len(scans.axes(scan)) == 2 else [20] + [200] * (len(scans.axes(scan)) - 1)
            for (name, field), count in zip(self.panel.simulate.fields.items(), counts, strict=True):
                field.setText(f"{float(scan[name].min())!r}:{float(scan[name].max())!r}#{count}")
            QTimer.singleShot(500, self.panel.simulate.button.click)
        else:
            QTimer.singleShot(700, self._drag)

    def _drag(self) -> None:
        self.heart.phase = "drag"
        self.panel.tabs.setCurrentIndex(4)
        self.panel.cuts.add_line()
        self.canvas = self.panel.overlay.parent()
        frame, cut = frame_of(self.layer), self.panel.cuts.lines[0].cut
        world = frame.to_world([[cut.end[axis] for axis in frame.axes]])[0]
        vertical, horizontal = self.panel.overlay.displayed(frame)
        x, y = self.panel.overlay.pixel(world[vertical], world[horizontal])
        self.places = [(x - 60 * np.sin(t) ** 2, y - 120 * np.sin(t)) for t in np.linspace(0, 6 * np.pi, 300)]
        self._mouse(QEvent.MouseMove, Qt.NoButton, Qt.NoButton, self.places[0])
        self._mouse(QEvent.MouseButtonPress, Qt.LeftButton, Qt.LeftButton, self.places[0])
        self.mover = QTimer()
        self.mover.timeout.connect(self._step)
        self.mover.start(16)

    def _mouse(self, kind, button, held, place) -> None:
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, QPointF(*place), button, held, Qt.NoModifier))

    def _step(self) -> None:
        if self.places:
            self._mouse(QEvent.MouseMove, Qt.NoButton, Qt.LeftButton, self.places.pop(0))
            return
        self.mover.stop()
        end = self.panel.overlay.pixel(0, 0)
        self._mouse(QEvent.MouseButtonRelease, Qt.LeftButton, Qt.NoButton, end)
        self.heart.phase = "export"
        made = result_of(self.layer, "simulated", self.viewer)
        self.panel.simulate.export(self.folder / "volume.nc", made.name)

    def _exported(self, paths) -> None:
        self.heart.phase = ""
        QTimer.singleShot(100, self._close)

    def _close(self) -> None:
        self.viewer.close()
        QTimer.singleShot(100, self.done)


def main() -> int:
    """Drive every file named (default: the samples) and print the table, as JSON too."""
    application = get_qapp()
    application.setQuitOnLastWindowClosed(False)
    queue = [Path(name) for name in sys.argv[1:]] or [sample_path(key) for key in SAMPLES]
    results, current = {}, {}
    folder = Path(tempfile.mkdtemp())

    def following() -> None:
        if current:
            results[current["path"].name] = current["heart"].table()
        if not queue:
            application.exit(0)
            return
        heart, path = Heartbeat(), queue.pop(0)
        current.update(heart=heart, path=path, drive=Drive(path, folder, heart, following))

    QTimer.singleShot(0, following)
    QTimer.singleShot(600_000, lambda: application.exit(1))
    code = application.exec_()
    print(f"{'scan':28}{'phase':10}{'seconds':>9}{'p99 ms':>9}{'of time':>9}{'longest ms':>12}")
    for name, phases in results.items():
        for phase, row in phases.items():
            numbers = f"{row['seconds']:9.1f}{row['p99_ms']:9.1f}{row['p99_of_time_ms']:9.1f}{row['longest_ms']:12.1f}"
            print(f"{name:28}{phase:10}{numbers}")
    print(json.dumps(results))
    return code


if __name__ == "__main__":
    raise SystemExit(main())
