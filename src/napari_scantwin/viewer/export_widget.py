"""Export: everything that can leave, in one place."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

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
        layout.setSpacing(4)
        layout.addWidget(data)
        self.buttons: dict[str, QPushButton] = {}
        rows = QGridLayout()
        rows.setHorizontalSpacing(8)
        rows.setVerticalSpacing(4)
        rows.setColumnStretch(1, 1)
        for number, (title, button, words, tip, signal) in enumerate(
            (
                (
                    "A figure",
                    "Map for paper…",
                    "As on the canvas, white, in millimetres, as PDF, SVG or PNG.",
                    "Zoom, colours, cuts and boundaries are those on screen; every plot has its own ⋮",
                    self.figure_wanted,
                ),
                (
                    "The twin",
                    "Save twin…",
                    "Opened again, it draws its map and answers at once.",
                    "A .twin file with the scan, its score and its settings; Python and the command line open it too",
                    self.twin_wanted,
                ),
                (
                    "The session",
                    "Save session…",
                    "Scan, twin, cuts, analysis and view, opened again as they are.",
                    "Open it again with the button ⋮ beside the scan",
                    self.session_wanted,
                ),
                (
                    "A script",
                    "Copy as Python",
                    "Does from the file on what is on screen.",
                    "Paste it into a .py file or a notebook",
                    self.script_wanted,
                ),
                (
                    "More files",
                    "More files…",
                    "The same steps over other files, with a table of their results.",
                    "Reading, steps, training, cuts and analysis; one that fails does not stop the others",
                    self.batch_wanted,
                ),
            )
        ):
            label = QLabel(words)
            label.setWordWrap(True)
            label.setStyleSheet("font-size: 8pt")
            pressed = self.buttons[title] = QPushButton(button)
            pressed.setToolTip(tip)
            pressed.clicked.connect(signal)
            rows.addWidget(pressed, number, 0)
            rows.addWidget(label, number, 1)
        layout.addLayout(rows)
        layout.addStretch(1)
        chooser.changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *changed) -> None:
        """Grey what there is none of."""
        layer = self._chooser.layer
        for title, button in self.buttons.items():
            untrained = title == "The twin" and ScanLayer(layer).twin is None
            enable(button, "Open a scan first" if layer is None else "Train the scan first" if untrained else "")
