"""The card that stays: what the chosen scan's twin is worth, where to measure next, and what it has learned."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel
from superqt import QElidingLabel

from napari_scantwin.analyses import ANALYSES
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["LEARNED", "ResultCard"]

#: The analysis of what a twin has learned.
LEARNED = ANALYSES["what_it_learned"]

_NOTHING, _NO_TWIN = "No scan is open.", "No twin yet: press Train for the map."
_UNSAVED = "● not saved"
_ASK = "What it has learned, and which sweeps carry it"
#: Lines of the card, each cut with an ellipsis where there is no room: the tip has it whole.
_LINES = 3


class _Link(QElidingLabel):
    """A line that leads somewhere: ``clicked`` when it is pressed."""

    clicked = Signal()

    def __init__(self):
        super().__init__()
        font = self.font()
        font.setUnderline(True)
        self.setFont(font)
        self.setCursor(Qt.PointingHandCursor)

    def mousePressEvent(self, event) -> None:
        if event.button() == Qt.LeftButton:
            self.clicked.emit()
        super().mousePressEvent(event)


class ResultCard(QFrame):
    """Verdict, composition and the next sweeps of the chosen scan's twin; ``words`` is all of it, as the tip has it.

    ``learned_wanted`` when the analysis of what the twin has learned is asked for, which no training waits for: the
    line says what it found once it has run.
    """

    learned_wanted = Signal()

    def __init__(self, chooser, parent=None):
        super().__init__(parent)
        self._chooser = chooser
        self.setFrameShape(QFrame.StyledPanel)
        self.lines, self.unsaved = [QElidingLabel() for _ in range(_LINES)], QLabel()
        self.learned = _Link()
        self.learned.setToolTip("Opens the analysis")
        self.learned.clicked.connect(self.learned_wanted)
        self._found: tuple = (None, "")
        for label in (*self.lines, self.unsaved, self.learned):
            label.setStyleSheet("font-size: 8pt")
        self.unsaved.setToolTip("The twin is kept in this window only; Export saves it, or the whole session")
        layout = QGridLayout(self)
        layout.setContentsMargins(6, 3, 6, 3)
        layout.setVerticalSpacing(1)
        for row, line in enumerate(self.lines):
            layout.addWidget(line, row, 0, 1, 2 if row else 1)
        layout.addWidget(self.unsaved, 0, 1, Qt.AlignRight)
        layout.addWidget(self.learned, _LINES, 0, 1, 2)
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

    def tell_learned(self, twin, words: str) -> None:
        """Say what an analysis found that a twin has learned, as long as that is the twin."""
        self._found = (twin, words)
        self.later()

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
        asked = twin is not None and LEARNED.why_not(shown.scan) is None
        self.learned.setVisible(asked)
        if asked:
            told = self._found[1] if self._found[0] is twin else ""
            self.learned.setText(" ".join(told.split("\n")) or _ASK)
        self.unsaved.setText("" if twin is None or shown.saved else _UNSAVED)


def _next(proposals) -> str:
    if not proposals:
        return ""
    values = ", ".join(f"{one.value:g}" for one in proposals)
    return f"Next worth measuring: {values} {proposals[0].unit}".rstrip() + "."
