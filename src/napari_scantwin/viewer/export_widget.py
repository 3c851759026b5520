"""Export: everything that can leave, in one place."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_scantwin.viewer.kit.tips import enable
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["ExportWidget"]


class ExportWidget(QWidget):
    """Buttons for the map as a figure, the twin, the session, the script and a batch; data exports stand above them.

    ``figure_wanted``, ``twin_wanted``, ``session_wanted``, ``script_wanted`` and ``batch_wanted`` say what was pressed.
    """

    figure_wanted, twin_wanted, session_wanted, script_wanted = Signal(), Signal(), Signal(), Signal()
    batch_wanted = Signal()

    def __init__(self, chooser, data: QWidget, parent=None):
        super().__init__(parent)
        self._chooser = chooser
        layout = QVBoxLayout(self)
        layout.addWidget(data)
        self.buttons: dict[str, QPushButton] = {}
        for title, words, button, tip, signal in (
            (
                "A figure",
                "The map as it is on the canvas: white, in millimetres, as PDF, SVG or PNG. Every plot has its own ⋮.",
                "Map for paper…",
                "Zoom, colours, cuts and boundaries are those on screen",
                self.figure_wanted,
            ),
            (
                "The twin",
                "Opened again, it draws its map and answers at once, here, in Python and on the command line.",
                "Save twin…",
                "A .twin file with the scan, its score and its settings",
                self.twin_wanted,
            ),
            (
                "The session",
                "The scan, its twin, cuts, analysis and view in one file, opened again as they are.",
                "Save session…",
                "Open it again with the button ⋮ beside the scan",
                self.session_wanted,
            ),
            (
                "A script",
                "Python that does from the file on what is on screen.",
                "Copy as Python",
                "Paste it into a .py file or a notebook",
                self.script_wanted,
            ),
            (
                "More files",
                "Everything that was done here, done to other files, with a table of their results.",
                "Same steps over more files…",
                "Reading, steps, training, cuts and analysis; one that fails does not stop the others",
                self.batch_wanted,
            ),
        ):
            box = QGroupBox(title)
            inside = QVBoxLayout(box)
            label = QLabel(words)
            label.setWordWrap(True)
            inside.addWidget(label)
            pressed = self.buttons[title] = QPushButton(button)
            pressed.setToolTip(tip)
            pressed.clicked.connect(signal)
            inside.addWidget(pressed)
            layout.addWidget(box)
        layout.addStretch(1)
        chooser.changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *changed) -> None:
        """Grey what there is none of."""
        layer = self._chooser.layer
        for title, button in self.buttons.items():
            untrained = title == "The twin" and ScanLayer(layer).twin is None
            enable(button, "Open a scan first" if layer is None else "Train the scan first" if untrained else "")
