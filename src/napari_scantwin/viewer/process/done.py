"""What was done to a scan so far, with the buttons that take it back, save it and repeat it."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from napari_scantwin import processing

__all__ = ["DoneSoFar"]

#: Pixels of a line of the list, and how many lines are seen without scrolling.
_STEP, _SEEN = 22, 3


class DoneSoFar(QWidget):
    """A list of steps; ``undo_button``, ``save_button`` and ``replay_button`` below it."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setToolTip("What was done to this scan, first to last; it is kept in every file the scan is saved to")
        self.list.setWordWrap(True)
        self.undo_button = QPushButton("Undo")
        self.undo_button.setToolTip("Take the last step back")
        self.save_button = QPushButton("Save steps…")
        self.replay_button = QPushButton("Replay…")
        self.replay_button.setToolTip("Do the steps of a saved file to this scan")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        self.heading = QLabel("Done so far")
        layout.addWidget(self.heading)
        layout.addWidget(self.list)
        layout.addStretch(1)
        row = QHBoxLayout()
        for button in (self.undo_button, self.save_button, self.replay_button):
            row.addWidget(button)
        layout.addLayout(row)

    def show_steps(self, history: list) -> None:
        """List the steps of a scan's history."""
        self.list.clear()
        for number, entry in enumerate(history, start=1):
            self.list.addItem(f"{number}. {processing.describe(entry)}")
        for part in (self.heading, self.list):
            part.setVisible(bool(history))
        self.list.setFixedHeight(_STEP * min(len(history), _SEEN) + 6)
