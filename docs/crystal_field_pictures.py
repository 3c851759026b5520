"""The pictures of docs/crystal-field.md: ``python docs/crystal_field_pictures.py PROBLEM.json [folder]``.

PROBLEM.json is a problem saved from the dock, whose curves are to be shown. Needs a display, real or virtual
(``xvfb-run -s "-screen 0 1280x900x24" python docs/crystal_field_pictures.py problem.json``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_scantwin.viewer.crystal_field.dock import CrystalFieldDock


def main(problem: Path, folder: Path) -> None:
    """Open the problem, take a picture of the tab Data, find parameters and take one of the tab Answer."""
    viewer = napari.Viewer(title="napari-scantwin", show=True)
    viewer.window._qt_window.resize(1200, 800)
    dock = CrystalFieldDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystal field", area="right")

    def take(name: str) -> None:
        for widget in QApplication.allWidgets():
            if type(widget).__name__ == "NapariQtNotification":
                widget.hide()
        viewer.window.screenshot(str(folder / f"{name}.png"), flash=False, canvas_only=False)

    def opened(*found) -> None:
        dock.state.prepared.disconnect(opened)
        dock.data.table.selectRow(0)
        QTimer.singleShot(800, lambda: (take("crystal-field-data"), dock.ion.toggle()))

    def answered() -> None:
        dock.state.choose(len(dock.state.answer.solutions) - 1)
        QTimer.singleShot(800, lambda: (take("crystal-field-answer"), viewer.close()))

    dock.state.prepared.connect(opened)
    dock.state.answered.connect(answered)
    dock.data.open([problem])
    napari.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images"))
