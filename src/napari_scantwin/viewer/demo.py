"""The whole way once: open a sample, train, overlay the simulation, cut, export, take a picture.

``python -m napari_scantwin.viewer.demo FOLDER`` drives the real panel in a real window. With a display of
one's own the window stays open; in a virtual one (``SCANTWIN_DEMO_EXIT=1``, or no window manager to show
it) it exits.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.panel import Panel

__all__ = ["Demo", "main"]


class Demo:
    """Steps through the panel, each step begun by the signal that ends the one before."""

    def __init__(self, folder: Path, stay: bool):
        self.folder, self.stay = folder, stay
        folder.mkdir(parents=True, exist_ok=True)
        self.viewer = napari.Viewer(title="napari-scantwin", show=True)
        self.viewer.window.resize(1200, 800)
        self.panel = Panel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="Scan twin", area="right")
        self.done = False
        self.panel.open.opened.connect(lambda layer: self.panel.train.train())
        self.panel.train.trained.connect(lambda layer, twin: print(twin.score.verdict, flush=True))
        self.panel.simulate.simulated.connect(self._cut)
        self.panel.simulate.export_job.done.connect(self._picture)
        self.panel.train.job.failed.connect(lambda reason: QApplication.exit(1))
        self.panel.simulate.export_job.failed.connect(lambda reason: QApplication.exit(1))

    def start(self) -> None:
        """Begin with the ferromagnet."""
        self.panel.open.open([sample_path("ferromagnet")])

    def _cut(self, layer) -> None:
        panel = self.panel
        panel.tabs.setCurrentIndex(4)
        panel.cuts.add_sweep(4)
        panel.cuts.add_line(
            {"magnetic_field": 7500.0, "temperature": 10.5}, {"magnetic_field": 7500.0, "temperature": 59.5}
        )
        panel.cuts.export(self.folder / "cut.png")
        panel.cuts.export(self.folder / "cut.csv")
        panel.simulate.export(self.folder / "volume.nc", result_of(layer, "simulated", panel._viewer).name)

    def _picture(self, paths) -> None:
        # One turn of the event loop, so that the last layer and plot are on screen.
        QTimer.singleShot(500, self._finish)

    def _finish(self) -> None:
        self.viewer.window.screenshot(str(self.folder / "screenshot.png"), flash=False, canvas_only=False)
        self.done = True
        print(f"Wrote {', '.join(sorted(p.name for p in self.folder.iterdir()))} to {self.folder}", flush=True)
        if not self.stay:
            QApplication.exit(0)


def main() -> int:
    """Run the demo into the folder named on the command line; 0 when every step was done."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")
    demo = Demo(folder, stay=os.environ.get("SCANTWIN_DEMO_EXIT") != "1")
    QTimer.singleShot(0, demo.start)
    if not demo.stay:
        QTimer.singleShot(300_000, lambda: QApplication.exit(1))
    code = napari.run(force=True) or 0
    return 0 if demo.done else max(code, 1)


if __name__ == "__main__":
    raise SystemExit(main())
