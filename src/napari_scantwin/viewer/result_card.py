"""The card that stays: what the chosen scan's twin is worth, and where to measure next."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel
from superqt import QElidingLabel

from napari_scantwin.viewer.session import ScanLayer

__all__ = ["ResultCard"]

_NOTHING, _NO_TWIN = "No scan is open.", "No twin yet: press Train for the map."
_UNSAVED = "● not saved"
#: Lines of the card, each cut with an ellipsis where there is no room: the tip has it whole.
_LINES = 3


class ResultCard(QFrame):
    """Verdict, composition and the next sweeps of the chosen scan's twin; ``words`` is all of it, as the tip has it."""

    def __init__(self, chooser, parent=None):
        super().__init__(parent)
        self._chooser = chooser
        self.setFrameShape(QFrame.StyledPanel)
        self.lines, self.unsaved = [QElidingLabel() for _ in range(_LINES)], QLabel()
        for label in (*self.lines, self.unsaved):
            label.setStyleSheet("font-size: 8pt")
        self.unsaved.setToolTip("The twin is kept in this window only; Export saves it, or the whole session")
        layout = QGridLayout(self)
        layout.setContentsMargins(6, 3, 6, 3)
        layout.setVerticalSpacing(1)
        for row, line in enumerate(self.lines):
            layout.addWidget(line, row, 0, 1, 2 if row else 1)
        layout.addWidget(self.unsaved, 0, 1, Qt.AlignRight)
        layout.setColumnStretch(0, 1)
        chooser.changed.connect(self.refresh)
        # Words that come a turn later, such as a score's.
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self.refresh)
        self.refresh()

    def later(self, *changed) -> None:
        """Look at the twin again once what goes on now is done."""
        self._late.start(0)

    @property
    def words(self) -> str:
        """What the card says, whole."""
        return self.toolTip()

    def refresh(self, *changed) -> None:
        """Say what the chosen scan's twin is worth."""
        layer = self._chooser.layer
        shown = ScanLayer(layer)
        twin = shown.twin
        if twin is None:
            said = (_NOTHING if layer is None else _NO_TWIN, "", "")
        else:
            said = (twin.verdict, twin.made_of, _next(shown.proposals))
        for line, words in zip(self.lines, said, strict=True):
            line.setText(" ".join(words.split("\n")))
        self.setToolTip("\n".join(filter(None, said)))
        self.unsaved.setText("" if twin is None or shown.saved else _UNSAVED)


def _next(proposals) -> str:
    if not proposals:
        return ""
    values = ", ".join(f"{one.value:g}" for one in proposals)
    return f"Next worth measuring: {values} {proposals[0].unit}".rstrip() + "."
