"""The picture of a fitted band in docs/arpes.md: ``python docs/fit_pictures.py [folder]``.

Needs a display, real or virtual (``xvfb-run -s "-screen 0 1280x900x24" python docs/fit_pictures.py``).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_scantwin.processing import apply
from napari_scantwin.samples import load_sample
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import canvas_aspect, fit_view
from napari_scantwin.viewer.panel import Panel

FORM = {"peaks": "2", "first": "-0.2", "last": "0.02", "crossing_start": "-0.1", "crossing_stop": "-0.02"}


def main(folder: Path) -> None:
    """Convert one slice of the sample to momentum, fit its MDCs and take a picture."""
    viewer = napari.Viewer(title="napari-scantwin", show=True)
    viewer.window._qt_window.resize(1200, 800)
    panel = Panel(viewer)
    viewer.window.add_dock_widget(panel, name="Scan twin", area="right")

    def fit() -> None:
        cut = apply(load_sample("arpes"), "take_slice", axis="manipulator_angle", at=9)
        cut = apply(cut, "counting_errors")
        cut = apply(cut, "to_momentum", slit="across the rotation axis", kinetic_energy=16.7)
        panel.show_tab(panel.process)
        QApplication.processEvents()  # the canvas takes its place beside the panel
        layer = add_scan(viewer, cut, name="sample at 9 deg", aspect=canvas_aspect(viewer))
        panel.chooser.choose(layer)
        panel.show_tab(panel.process)
        fit_view(viewer)
        panel.process.choose("peaks")
        for name, text in FORM.items():
            panel.process.form.fields[name].setText(text)
        panel.process.job.ended.connect(lambda: QTimer.singleShot(1500, take))
        panel.process.apply()

    def take() -> None:
        fit_view(viewer)
        area = panel.tabs.currentWidget()
        area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
        for one in QApplication.allWidgets():  # napari's notices over the map
            if type(one).__name__ == "NapariQtNotification":
                one.hide()
        viewer.window.screenshot(str(folder / "fits.png"), flash=False, canvas_only=False)
        viewer.close()

    QTimer.singleShot(1500, fit)
    napari.run()


if __name__ == "__main__":
    import os

    os.environ["NAPARI_SCANTWIN_CONFIG"] = tempfile.mkdtemp()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
